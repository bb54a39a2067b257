"""The rows behind a tile, asked for by the keys of its file, so that errors can name them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from footfall.pages.boards.definitions import Board, BoardError, Format
from footfall.pages.boards.published import Rows
from footfall.pages.boards.wording import Wording


@dataclass(frozen=True)
class Data:
    """What a tile draws from: `rows` of the query `query`, at the place `key` of the board."""

    board: Board
    key: str
    query: str
    rows: Rows
    say: Wording

    def problem(self, field: str, what: str) -> BoardError:
        """Return an error that names the board's file and a key of the tile."""
        return self.board.problem(f"{self.key}.{field}", what)

    def values(self, field: str, column: str) -> list[Any]:
        """Return the column that a key of the tile names.

        Raises
        ------
        BoardError
            The query has no such column.
        """
        try:
            values = self.rows.values(column)
        except KeyError as missing:
            raise self.problem(
                field,
                f"the query {self.query!r} has no column {column!r}; it has "
                + ", ".join(self.rows.columns),
            ) from missing
        return [float(value) if isinstance(value, Decimal) else value for value in values]

    def numbers(self, field: str, column: str) -> list[float | None]:
        """Return such a column, which has to hold numbers."""
        values = self.values(field, column)
        for value in values:
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float)
            ):
                raise self.problem(field, f"the column {column!r} holds {value!r}, and no number")
        return values

    def worded(self, field: str, column: str, form: Format) -> list[str]:
        """Return the same in words."""
        return [self.text(field, value, form) for value in self.values(field, column)]

    def text(self, field: str, value: Any, form: Format) -> str:
        """Return a value in words.

        Raises
        ------
        BoardError
            It does not go with the format.
        """
        try:
            return self.say(value, form)
        except ValueError as problem:
            raise self.problem(field, str(problem)) from problem
