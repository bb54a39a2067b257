"""Parquet files of sentences in which people marked what is spoken of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from footfall.core.quoting import quoted
from footfall.experiments.files.source import opened
from footfall.reviews.files.labels import ReviewsProblem
from footfall.reviews.learned_aspects import LabelledSentence

#: Words for polarities, and the numbers that they are.
_WORDS = {"positive": 1, "negative": -1, "neutral": 0, "conflict": 2}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class MarkedSpan:
    """A span of a sentence.

    Attributes
    ----------
    start, end
        Its first character, and the one after its last.
    polarity
        1 for praise, -1 for blame, 0 for neither, 2 for both.
    """

    start: int
    end: int
    polarity: int


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence with its spans.

    Attributes
    ----------
    text
        As it was written.
    spans
        From left to right.
    """

    text: str
    spans: tuple[MarkedSpan, ...]


def read_sentences(path: Path) -> list[LabelledSentence]:
    """Read sentences of reviews of products, with the aspects that people named.

    Parameters
    ----------
    path
        Of a Parquet file with the columns `product`, `sentence` and `aspects`, a list of structs
        of `aspect` and `polarity`, below 0 for blame.

    Raises
    ------
    ExperimentProblem
        The file or a column cannot be used, or it is about fewer than three products.
    """
    rows = _read(path, "FILE", ("product", "sentence", "aspects"), ("aspect", "polarity"))
    found = []
    for number, (product, text, aspects) in enumerate(rows, 1):
        pairs = [_values(one, ("aspect", "polarity"), path, number) for one in aspects or ()]
        named = tuple(
            (str(aspect), _polarity(sign, path, number)) for aspect, sign in pairs if aspect
        )
        found.append(LabelledSentence(str(product), text or "", named))
    products = {one.product for one in found if one.aspects}
    if len(products) < 3:
        raise ReviewsProblem(
            f"{path} has aspects of {len(products)} products; three are needed to learn from others"
        )
    return found


def read_marked(path: Path, variable: str) -> list[MarkedSentence]:
    """Read sentences with marked spans.

    Parameters
    ----------
    path
        Of a Parquet file with the columns `sentence` and `spans`, a list of structs of `start`,
        `end` and `polarity`, or of lists of these three.
    variable
        That names the file, for messages.

    Raises
    ------
    ExperimentProblem
        The file or a column cannot be used, or a span lies outside its sentence.
    """
    rows = _read(path, variable, ("sentence", "spans"), ("start", "end", "polarity"))
    found = []
    for number, (sentence, spans) in enumerate(rows, 1):
        text = sentence or ""
        marked = []
        for one in spans or ():
            start, end, polarity = _values(one, ("start", "end", "polarity"), path, number)
            if not _lies_in(start, end, text):
                raise ReviewsProblem(
                    f"{variable}: the span from {start} to {end} in row {number} of {path} does "
                    f"not lie in its sentence of {len(text)} characters"
                )
            marked.append(MarkedSpan(start, end, _polarity(polarity, path, number)))
        marked.sort(key=lambda one: (one.start, one.end))
        found.append(MarkedSentence(text, tuple(marked)))
    if not any(one.spans for one in found):
        raise ReviewsProblem(f"{variable}: {path} marks no span")
    return found


def _read(path: Path, variable: str, columns: Sequence[str], fields: Sequence[str]) -> list[Row]:
    """Return rows of some columns, of which the last is a list of structs."""
    with duckdb.connect() as connection:
        source = opened(connection, path)
        for name in columns:
            if name not in source.columns:
                raise ReviewsProblem(
                    f"{variable}: {path} has no column '{name}'; it needs {', '.join(columns)}"
                )
        kind = source.types[columns[-1]]
        inside = set(re.findall(r"[A-Za-z_]+", kind))
        is_of_structs = kind.startswith("STRUCT") and inside.issuperset(fields)
        if not (kind.endswith("[][]") or (kind.endswith("[]") and is_of_structs)):
            raise ReviewsProblem(
                f"{variable}: column '{columns[-1]}' of {path} is {kind}; it has to be a list of "
                f"structs of {', '.join(fields)}"
            )
        chosen = ", ".join(quoted(name) for name in columns)
        rows: list[Row] = connection.execute(f"select {chosen} from {source.relation}").fetchall()
        return rows


def _values(one: Any, fields: Sequence[str], path: Path, row: int) -> list[Any]:
    """Return the fields of a struct, or of a list in that order; whole numbers as such."""
    values = [one[name] for name in fields] if isinstance(one, dict) else list(one)
    if len(values) != len(fields):
        raise ReviewsProblem(f"{path} holds {one} in row {row}: {', '.join(fields)} are needed")
    return [int(x) if isinstance(x, str) and x.isdecimal() else x for x in values]


def _lies_in(start: object, end: object, text: str) -> bool:
    return isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)


def _polarity(value: object, path: Path, row: int) -> int:
    """Return a polarity as its sign, or as the number of its word."""
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    try:
        number = float(str(value))
    except ValueError:
        raise ReviewsProblem(
            f"{path} holds the polarity '{value}' in row {row}: give numbers below and above 0, or "
            f"{', '.join(_WORDS)}"
        ) from None
    return int(number > 0) - int(number < 0)
