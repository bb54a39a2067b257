"""Writes a board as one HTML file that loads nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from footfall.pages.boards.definitions import Board
from footfall.pages.boards.published import PublishedRun
from footfall.pages.boards.tiles import Shown
from footfall.pages.boards.wording import Wording
from footfall.pages.theme import wording
from footfall.pages.theme.assets import asset
from footfall.pages.theme.figures import figure_json


def render_page(
    board: Board,
    boards: Sequence[Board],
    shown: Mapping[str, Shown],
    *,
    as_of: date | None,
    run: PublishedRun,
    marts: Sequence[str],
    say: Wording,
) -> str:
    """Return the page as text. All that comes from the warehouse or from the board is escaped.

    Parameters
    ----------
    board
        The board, which is among `boards`; they are linked with each other.
    shown
        Its tiles by their keys.
    as_of
        The date that its figures are as of; None while there is no data.
    run
        The publication that they come from.
    marts
        The marts that they come from.
    say
        The words for values.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(asset("board.html", __package__))
    return template.render(
        board=board,
        boards=boards,
        rows=[
            (row, [shown[f"rows[{number}].tiles[{place}]"] for place in range(len(row.tiles))])
            for number, row in enumerate(board.rows)
        ],
        as_of=say(as_of, "day") if as_of else "",
        run=run,
        published_at=say(run.published_at, "time"),
        marts=marts,
        currency=say.currency,
        say=say.words.say,
        short_months=wording.short_months(say.words),
        address=address,
        figure_json=figure_json,
        style=Markup(asset("colours.css") + asset("board.css", __package__)),
        script=Markup(asset("page.js")),
        library=Markup(get_plotlyjs()) if any(one.figure for one in shown.values()) else "",
    )


def address(link: str) -> str:
    """`board#anchor` as the address of a file next to this one."""
    name, mark, anchor = link.partition("#")
    return f"{name}.html{mark}{anchor}"
