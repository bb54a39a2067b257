"""What a board file may say. Whatever else it says is refused, with the file and the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
)

from footfall.pages.theme.words import Words

Format = Literal[
    "count", "amount", "share", "decimal", "tenths", "signed", "days", "day", "month",
    "month_name", "time", "text", "words", "idea", "key", "yes_no", "chance",
]  # fmt: skip
Tone = Literal["accent", "good", "warn", "faint"]
# What looks like the key of a message: names with dots between them.
KEY = re.compile(r"[a-z]\w*(\.\w+)+")
NOTHING = "empty.nothing_yet"


class BoardError(Exception):
    """A board cannot be drawn; the message names the file and the key, and says what to do."""


def _in_words(text: str, info: ValidationInfo) -> str:
    """Replace the key of a message by the message; any other text stays as it is."""
    words: Words = info.context["words"] if info.context else Words({}, Path())
    if not KEY.fullmatch(text):
        return text
    if text not in words:
        raise ValueError(f"there is no message {text!r} in {words.path}: add a row, or correct it")
    return words.text(text)


def _all_in_words(part: Any, info: ValidationInfo) -> Any:
    """Do the same with all texts of a nested part that begin as keys of boards do."""
    if isinstance(part, dict):
        return {name: _all_in_words(inner, info) for name, inner in part.items()}
    if isinstance(part, list):
        return [_all_in_words(inner, info) for inner in part]
    return _in_words(part, info) if isinstance(part, str) and part.startswith("board.") else part


Text = Annotated[str, AfterValidator(_in_words)]
Drawing = Annotated[dict[str, Any], AfterValidator(_all_in_words)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class _Tile(_Part):
    """What all tiles have.

    Attributes
    ----------
    title
        The heading.
    query
        The name of the query that it shows.
    anchor
        The id on the page; made of the query's name where it is not given.
    width
        Columns of twelve that it takes on a wide screen.
    note
        One sentence on how to read it.
    empty
        The sentence in its place when the query gives no row.
    scores
        Scores that it shows, such as churn. Where a gate holds one of them back, the reason is the
        sentence in its place.
    link
        Another board, `board` or `board#anchor`, that shows more.
    link_text
        The words of the link.
    """

    title: Text
    query: str
    anchor: str = ""
    width: int = Field(default=12, ge=2, le=12)
    note: Text = ""
    empty: Text = NOTHING
    scores: Sequence[str] = ()
    link: str = ""
    link_text: Text = "board.details"

    @property
    def name(self) -> str:
        """Anchor of the tile on its page: its own, or made of its query's name."""
        return self.anchor or self.query.replace("_", "-")


class FigureTile(_Tile):
    """One number, what it was before, and how it moved.

    `before` and `caption` name columns, the caption one of words or of keys. `spark` draws a column
    as a small line: the figure is then the last row of the query, and the only one without.
    """

    kind: Literal["figure"]
    value: str
    format: Format = "count"
    before: str = ""
    better: Literal["up", "down", "neither"] = "up"
    caption: str = ""
    spark: str = ""
    width: int = Field(default=3, ge=2, le=12)


class BarsTile(_Tile):
    """Bars, vertical or horizontal, of one series or several, with intervals where there are some.

    `series` gives series of `by` their order and their tones; others follow in other colours.
    """

    kind: Literal["bars"]
    across: str
    value: str
    by: str = ""
    stacked: bool = False
    orientation: Literal["vertical", "horizontal"] = "vertical"
    lower: str = ""
    upper: str = ""
    format: Format = "count"
    across_format: Format = "text"
    axis: Text = ""
    tone: Tone = "accent"
    series: dict[str, Tone] = Field(default_factory=dict)
    labels: bool = True
    height: int = Field(default=320, ge=120, le=1200)


class LinesTile(_Tile):
    """Lines over time, one for each value of `by`."""

    kind: Literal["lines"]
    across: str
    value: str
    by: str = ""
    format: Format = "count"
    across_format: Format = "text"
    axis: Text = ""
    height: int = Field(default=320, ge=120, le=1200)


class HeatTile(_Tile):
    """A grid of numbers, the darker the more."""

    kind: Literal["heat"]
    across: str
    down: str
    value: str
    format: Format = "count"
    across_format: Format = "text"
    down_format: Format = "text"
    across_order: str = ""
    across_axis: Text = ""
    down_axis: Text = ""
    height: int = Field(default=400, ge=120, le=1200)


class FlowTile(_Tile):
    """Bands from one place to the next, as wide as their number.

    `tone` names a column with good, warn or nothing in it. Two-sided are moves between groups: a
    group is on the left as it was and on the right as it is.
    """

    kind: Literal["flow"]
    source: str
    target: str
    value: str
    tone: str = ""
    unit: Text = ""
    two_sided: bool = False
    height: int = Field(default=440, ge=120, le=1200)


class Column(_Part):
    """A column of a table.

    Where a mart stores keys of messages, `values` names the column with the values of their slots.
    """

    name: str
    values: str = ""
    label: Text
    format: Format = "text"
    bar: bool = False


class TableTile(_Tile):
    """Rows to read and to take along as CSV."""

    kind: Literal["table"]
    columns: Sequence[Column] = Field(min_length=1)
    download: str = ""


class ListTile(_Tile):
    """Sentences in order of weight: what to do, why, and what it brings.

    Where a mart stores keys of messages, `values` names the column with the values of their slots.
    """

    kind: Literal["list"]
    heading: str
    values: str = ""
    text: str = ""
    detail: str = ""
    value: str = ""
    value_label: Text = ""
    tag_label: Text = ""
    format: Format = "amount"
    tag: str = ""


class NetworkTile(_Tile):
    """Who shares what: groups of members, each with lines to what it shares.

    A row is a member (`source`) and what it shares (`target`, of a `target_kind`) in a group. A
    member with a value in the column `tone` stands out, and `tone_label` says in the legend why.
    """

    kind: Literal["network"]
    group: str
    source: str
    target: str
    target_kind: str
    member_label: Text
    tone: str = ""
    tone_label: Text = ""
    height: int = Field(default=440, ge=120, le=1200)


class PlotlyTile(_Tile):
    """A chart of your own: Plotly's traces and layout, with columns in the place of values."""

    kind: Literal["plotly"]
    traces: Sequence[Drawing] = Field(min_length=1)
    layout: Drawing = Field(default_factory=dict)
    by: str = ""
    height: int = Field(default=360, ge=120, le=1200)


Tile = (
    FigureTile
    | BarsTile
    | LinesTile
    | HeatTile
    | FlowTile
    | NetworkTile
    | TableTile
    | ListTile
    | PlotlyTile
)


class Row(_Part):
    """Tiles side by side, under a heading where they share one."""

    title: Text = ""
    note: Text = ""
    tiles: Sequence[Annotated[Tile, Field(discriminator="kind")]] = Field(min_length=1)


class Board(_Part):
    """One page.

    Attributes
    ----------
    title
        Its heading, and its name in the links between boards.
    place
        Its place among the boards.
    reading
        One sentence on how to read it.
    as_of
        SQL that gives the date that its figures are as of.
    queries
        SQL by name. Marts are called `marts.<name>`.
    rows
        What is shown, from top to bottom.
    """

    title: Text
    place: int
    reading: Text
    as_of: str
    queries: dict[str, str] = Field(min_length=1)
    rows: Sequence[Row] = Field(min_length=1)
    path: Path = Field(exclude=True)

    @property
    def name(self) -> str:
        """Name of the file, without its ending."""
        return self.path.stem

    @property
    def tiles(self) -> tuple[tuple[str, Tile], ...]:
        """Tiles with the keys that lead to them in the file."""
        return tuple(
            (f"rows[{row}].tiles[{place}]", tile)
            for row, part in enumerate(self.rows)
            for place, tile in enumerate(part.tiles)
        )

    def problem(self, key: str, what: str) -> BoardError:
        """Return an error that names the board's file and a key in it."""
        return BoardError(f"{self.path}: {key}: {what}")
