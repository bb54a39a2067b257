"""Turns a tile and its rows into what the page shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import plotly.graph_objects as go

from footfall.core import spreadsheets
from footfall.pages.boards import charts, networks
from footfall.pages.boards.data import Data
from footfall.pages.boards.definitions import (
    BarsTile,
    Column,
    FigureTile,
    FlowTile,
    Format,
    HeatTile,
    LinesTile,
    ListTile,
    NetworkTile,
    PlotlyTile,
    TableTile,
    Tile,
)
from footfall.pages.boards.published import Rows


@dataclass(frozen=True)
class Number:
    """A figure: value and words, how it moved, and the points of its line in a box of 100 x 30."""

    value: float | None
    text: str
    change: str = ""
    arrow: str = ""
    mood: str = ""
    caption: str = ""
    line: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell: the value as the mart has it, its words, and the length of its bar in per cent."""

    value: Any
    text: str
    bar: float | None = None


@dataclass(frozen=True)
class Table:
    """Rows of cells under labels; numbers are on the right."""

    labels: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Item:
    """A sentence of a list, with what it brings."""

    heading: str
    text: str
    detail: str
    value: float | None
    value_text: str
    tag: str


@dataclass(frozen=True)
class Shown:
    """A tile as the page shows it; `empty` is the sentence in its place when it has no rows."""

    tile: Tile
    marts: Sequence[str]
    empty: str = ""
    number: Number | None = None
    figure: go.Figure | None = None
    table: Table | None = None
    items: Sequence[Item] = ()
    download: str = ""


ChartTile = BarsTile | LinesTile | HeatTile | FlowTile | NetworkTile | PlotlyTile

NUMBERS: frozenset[Format] = frozenset(
    {"count", "amount", "share", "decimal", "tenths", "signed", "days"}
)


def show(tile: Tile, data: Data, marts: Sequence[str]) -> Shown:
    """Return what to show for a tile; its sentence where the query gave nothing.

    Raises
    ------
    BoardError
        The tile asks for a column that is not there, or for a format that doesn't go.
    """
    if not data.rows.rows:
        return Shown(tile, marts, empty=tile.empty)
    match tile:
        case FigureTile():
            number = _number(tile, data)
            return Shown(
                tile, marts, number=number, empty=tile.empty if number.value is None else ""
            )
        case TableTile():
            table = _table(tile.columns, data)
            return Shown(
                tile, marts, table=table, download=_csv(data.rows) if tile.download else ""
            )
        case ListTile():
            return Shown(tile, marts, items=_items(tile, data))
        case _:
            return Shown(
                tile, marts, figure=_figure(tile, data), table=_table(_columns(tile, data), data)
            )


def _figure(tile: ChartTile, data: Data) -> go.Figure:
    match tile:
        case BarsTile():
            return charts.bars(tile, data)
        case LinesTile():
            return charts.lines(tile, data)
        case HeatTile():
            return charts.heat(tile, data)
        case FlowTile():
            return charts.flow(tile, data)
        case NetworkTile():
            return networks.network(tile, data)
        case PlotlyTile():
            return charts.own(tile, data)


def _number(tile: FigureTile, data: Data) -> Number:
    if len(data.rows.rows) != 1 and not tile.spark:
        raise data.problem(
            "query", f"a figure is one row, and {tile.query!r} gave {len(data.rows.rows)}"
        )
    value = data.numbers("value", tile.value)[-1]
    before = data.numbers("before", tile.before)[-1] if tile.before else None
    caption = _caption(tile, data) if tile.caption else ""
    change, arrow, mood = "", "", ""
    if value is not None and before is not None and (before or tile.format == "share"):
        change = data.say.change(value, before, tile.format)
        rises = (value > before) - (value < before)
        arrow = {1: "▲", -1: "▼", 0: "■"}[rises]
        good = {"up": 1, "down": -1, "neither": 0}[tile.better]
        mood = {1: "good", -1: "bad", 0: "even"}[rises * good]
    return Number(
        value,
        data.text("format", value, tile.format),
        change,
        arrow,
        mood,
        caption,
        _line(data.numbers("spark", tile.spark)) if tile.spark else "",
    )


def _caption(tile: FigureTile, data: Data) -> str:
    value = data.values("caption", tile.caption)[-1]
    return data.text("caption", value, "text", len(data.rows.rows) - 1) if value else ""


def _line(told: Sequence[float | None]) -> str:
    """Return points of a small line, for SVG; nothing where there are fewer than two."""
    values = [value for value in told if value is not None]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    return " ".join(
        f"{100 * place / (len(values) - 1):.1f},{28 - 26 * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )


def _table(columns: Sequence[Column], data: Data) -> Table:
    lines: list[list[Cell]] = []
    for place, column in enumerate(columns):
        key = f"columns[{place}].name"
        values: list[Any] = data.values(key, column.name)
        if column.values:
            values = data.said(key, column.name, column.values)
        most = (
            max((abs(value) for value in data.numbers(key, column.name) if value), default=0)
            if (column.bar)
            else 0
        )
        lines.append(
            [
                Cell(
                    value,
                    data.text(f"columns[{place}].format", value, column.format, row),
                    100 * abs(value or 0) / most if most else None,
                )
                for row, value in enumerate(values)
            ]
        )
    labels = [(column.label, column.format in NUMBERS) for column in columns]
    return Table(labels, list(zip(*lines, strict=True)))


def _columns(tile: ChartTile, data: Data) -> list[Column]:
    """Return the columns behind a chart, as its table shows them."""

    def column(name: str, form: Format) -> Column:
        return Column(name=name, label=data.say.words.name(name), format=form)

    match tile:
        case BarsTile() | LinesTile():
            chosen = [column(tile.across, tile.across_format)]
            if tile.by:
                chosen.append(column(tile.by, "words"))
            chosen.append(column(tile.value, tile.format))
            if isinstance(tile, BarsTile) and tile.lower:
                chosen += [column(tile.lower, tile.format), column(tile.upper, tile.format)]
            return chosen
        case HeatTile():
            return [
                column(tile.down, tile.down_format),
                column(tile.across, tile.across_format),
                column(tile.value, tile.format),
            ]
        case FlowTile():
            return [
                column(tile.source, "words"),
                column(tile.target, "words"),
                column(tile.value, "count"),
            ]
        case NetworkTile():
            return [
                column(tile.group, "text"),
                column(tile.source, "key"),
                column(tile.target, "words"),
            ]
        case PlotlyTile():
            return [column(name, _guessed(data.rows.values(name))) for name in data.rows.columns]


def _guessed(values: Sequence[Any]) -> Format:
    """Return the format of a column that a chart of your own leaves open."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "yes_no"
    if known and all(isinstance(value, int) for value in known):
        return "count"
    if known and all(isinstance(value, int | float) for value in known):
        return "decimal"
    return "text"


def _items(tile: ListTile, data: Data) -> list[Item]:
    count = len(data.rows.rows)
    nothing: list[Any] = [None] * count

    def texts(field: str, column: str) -> list[str]:
        if not column:
            return [""] * count
        if tile.values:
            return data.said(field, column, tile.values)
        return data.worded(field, column, "text")

    values = data.numbers("value", tile.value) if tile.value else nothing
    tags = data.worded("tag", tile.tag, "words") if tile.tag else [""] * count
    return [
        Item(
            heading, text, detail, value,
            data.text("format", value, tile.format) if value is not None else "", tag,
        )
        for heading, text, detail, value, tag in zip(
            texts("heading", tile.heading), texts("text", tile.text),
            texts("detail", tile.detail), values, tags, strict=True,
        )
    ]  # fmt: skip


def _csv(rows: Rows) -> str:
    """All columns of the query as a file that the page itself holds."""
    file = io.StringIO()
    writer = spreadsheets.Writer(file)
    writer.writerow(rows.columns)
    writer.writerows(rows.rows)
    return "data:text/csv;charset=utf-8," + quote(file.getvalue())
