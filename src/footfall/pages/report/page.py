"""Writes the page: template, style, script and figures in one file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from footfall.pages.report.heading import Heading
from footfall.pages.report.parts import Section
from footfall.pages.theme import wording
from footfall.pages.theme.assets import asset
from footfall.pages.theme.figures import figure_json
from footfall.pages.theme.words import Words


def render_page(
    heading: Heading, sections: Sequence[Section], words: Words, written_at: datetime
) -> str:
    """Return the page as text. All that comes from the warehouse is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        count=wording.count, amount=wording.amount, share=wording.share,
        day=lambda value: wording.day(value, words), words=words.name,
        text=lambda text: words.text(text) if text in words else text,
    )  # fmt: skip
    template = environment.from_string(asset("page.html", __package__))
    return template.render(
        heading=heading,
        say=words.say,
        short_months=wording.short_months(words),
        sections=sections,
        written_at=written_at,
        style=Markup(asset("colours.css") + asset("page.css")),
        script=Markup(asset("page.js")),
        library=Markup(get_plotlyjs()),
        figure_json=figure_json,
    )
