"""What a page is made of: sections of charts, each with its table, its reading and its mart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go

from footfall.pages.report.warehouse import Marts


@dataclass(frozen=True)
class Table:
    """The figures behind a chart, worded."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Suggestion:
    """What to do, in words, with what speaks for it."""

    title: str
    evidence: str
    advice: str
    confidence: str
    value: str
    behind: str


@dataclass(frozen=True)
class Chart:
    """A picture or a list, or the sentence in its place when there is nothing to draw."""

    anchor: str
    title: str
    marts: Sequence[str]
    reading: str = ""
    figure: go.Figure | None = None
    height: int = 420
    table: Table | None = None
    suggestions: Sequence[Suggestion] = ()
    empty: str = ""


@dataclass(frozen=True)
class Section:
    """Charts that answer one question."""

    anchor: str
    title: str
    charts: Sequence[Chart] = field(default_factory=tuple)


def not_built(marts: Marts, anchor: str, title: str, names: Sequence[str]) -> Chart | None:
    """Return the sentence for a chart whose marts the warehouse lacks; None when all are there."""
    say = marts.words.say
    missing = marts.missing(*names)
    if not missing:
        return None
    return Chart(
        anchor=anchor,
        title=title,
        marts=names,
        empty=(say("report.parts.the_warehouse_does_not_hold", marts=" and ".join(missing))),
    )
