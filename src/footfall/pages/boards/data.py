"""The rows behind a tile, asked for by the keys of its file, so that errors can name them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from footfall.pages.boards.definitions import KEY, Board, BoardError, Format
from footfall.pages.boards.published import Rows
from footfall.pages.boards.wording import Wording
from footfall.pages.theme.words import SLOT, WordsError


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
        return [
            self.text(field, value, form, row)
            for row, value in enumerate(self.values(field, column))
        ]

    def text(self, field: str, value: Any, form: Format, row: int | None = None) -> str:
        """Return a value in words; the key of a message as the message, filled from its row.

        Raises
        ------
        BoardError
            It does not go with the format, or the message asks for a column that is not there.
        """
        if row is not None and form in ("text", "words") and self._is_message(value):
            return self._message(field, value, row)
        try:
            return self.say(value, form)
        except ValueError as problem:
            raise self.problem(field, str(problem)) from problem

    def said(self, field: str, column: str, values: str) -> list[str]:
        """Return the messages whose keys and values two columns of a mart store.

        Raises
        ------
        BoardError
            There is no such column, message or value.
        """
        stored = self.values("values", values)
        try:
            return [
                self.say.words.sentences(keys, told) if keys else ""
                for keys, told in zip(self.values(field, column), stored, strict=True)
            ]
        except (WordsError, json.JSONDecodeError) as problem:
            raise self.problem(field, str(problem)) from problem

    def _is_message(self, value: Any) -> bool:
        return isinstance(value, str) and bool(KEY.fullmatch(value)) and value in self.say.words

    def _message(self, field: str, key: str, row: int) -> str:
        """Fill the slots of a message, such as {customer_count:count}, from columns of a row."""

        def slot(found: re.Match[str]) -> str:
            form = TypeAdapter(Format).validate_python(found[2] or "text")
            return self.text(field, self.values(field, found[1])[row], form, row)

        return SLOT.sub(slot, self.say.words.text(key))
