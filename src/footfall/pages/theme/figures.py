"""Figures as a page holds them: JSON that Plotly draws, in which every text is a text.

Plotly renders a few tags of HTML wherever it writes a text, links among them, and names of
channels, items and countries come from whoever visits the shop. So every text of a figure is
escaped here, where it enters a page; Plotly turns the entities back into signs when it draws.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from markupsafe import Markup

from footfall.core.extras import needs

with needs("boards"):
    import plotly.graph_objects as go

# What our own labels are marked up with: signs that no language has, and tags in the page.
_BOLD, _PLAIN, BREAK = "\ue000", "\ue001", "\ue002"
_TAGS = str.maketrans({_BOLD: "<b>", _PLAIN: "</b>", BREAK: "<br>"})
# The end of a template of Plotly that leaves the second box of a hover label out.
_EXTRA = "<extra></extra>"
_TEMPLATES = ("hovertemplate", "texttemplate")


def bold(text: str) -> str:
    """Mark a text of a label as bold."""
    return f"{_BOLD}{text}{_PLAIN}"


def figure_json(figure: go.Figure | None) -> Markup:
    """Return a figure for a script element, an empty object where there is none.

    Texts are escaped for Plotly, and `<` for the page, so that no text can close the element.
    """
    drawn = _escaped(json.loads(figure.to_json())) if figure is not None else {}
    return Markup(json.dumps(drawn, sort_keys=True).replace("<", "\\u003c"))


def _escaped(part: Any, key: str = "") -> Any:
    if isinstance(part, dict):
        return {name: _escaped(inner, name) for name, inner in part.items()}
    if isinstance(part, list):
        return [_escaped(inner, key) for inner in part]
    if not isinstance(part, str):
        return part
    if key in _TEMPLATES:
        return _EXTRA.join(_text(words) for words in part.split(_EXTRA))
    return _text(part)


def _text(words: str) -> str:
    return escape(words, quote=False).translate(_TAGS)
