"""CSV that a spreadsheet shows and does not execute.

A spreadsheet takes a cell for a formula by its first sign, in quotes or not, and a formula can send
the cells next to it elsewhere (CSV injection, OWASP). Names of channels and items come from
whoever visits the shop. Every CSV file for people is written here.
"""

import csv
from collections.abc import Iterable
from typing import Any, TextIO

# The signs that OWASP names, and their wide forms, which spreadsheets read alike.
_BEGINS_A_FORMULA = (
    "=", "+", "-", "@", "\t", "\r", "\n",
    "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}",
)  # fmt: skip


def harmless(value: Any) -> Any:
    """Put an apostrophe before a text that would be taken for a formula; all else stays as it is.

    Numbers stay numbers, below zero too.
    """
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value


class Writer:
    """Writes rows as `csv.writer` does, with harmless texts."""

    def __init__(self, file: TextIO) -> None:
        # Lines end as RFC 4180 has it. With another end the module leaves a lone carriage return
        # without quotes, and what follows it would be a row of its own.
        self._rows = csv.writer(file, lineterminator="\r\n")

    def writerow(self, row: Iterable[Any]) -> None:
        """Write one row."""
        self._rows.writerow([harmless(value) for value in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write rows one after the other."""
        for row in rows:
            self.writerow(row)
