"""A file with a row a review: texts, a label, and what belongs together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.core.quoting import quoted
from footfall.experiments.files.names import column_named, columns_of
from footfall.experiments.files.source import opened
from footfall.reviews.files.labels import ReviewsProblem, read_labels
from footfall.reviews.texts import normalised


@dataclass(frozen=True)
class LabelledReviews:
    """Reviews whose texts differ, each with one label.

    Attributes
    ----------
    columns
        Normalised texts; ``[columns][reviews]``.
    labels
        1 for positive, 0 for negative; ``[reviews]``.
    groups
        What must not be split between learning and testing, as numbers from 0; ``[reviews]``.
        None where no column was named.
    rows
        Of the file.
    empty
        Rows with a label and without a text, which are left out.
    duplicates
        Rows whose text another row has as well, which count once.
    conflicts
        Rows whose text has both labels, which are left out.
    reading
        How the label was read, as a sentence.
    """

    columns: list[list[str]]
    labels: FloatArray
    groups: IntArray | None
    rows: int
    empty: int
    duplicates: int
    conflicts: int
    reading: str

    def __len__(self) -> int:
        """Return how many reviews there are."""
        return len(self.labels)


def read_reviews(path: Path, texts: str, label: str, group: str = "") -> LabelledReviews:
    """Read reviews with their labels.

    Parameters
    ----------
    path
        Of a CSV or Parquet file.
    texts
        Columns of the text, with commas between; names may hold blanks and commas.
    label
        Column that :func:`read_labels` reads.
    group
        Column of what must not be split, such as the product; nothing is kept together without.

    Raises
    ------
    ExperimentProblem
        The file, a column or a label cannot be used.
    """
    with duckdb.connect() as connection:
        source = opened(connection, path)
        place = str(source.path)
        names = columns_of(texts, source.columns, "TEXT", place)
        label = column_named(label, source.columns, "LABEL", place)
        asked = [
            *names,
            label,
            *([column_named(group, source.columns, "GROUP", place)] if group else []),
        ]
        chosen = ", ".join(
            f"cast({quoted(name)} as varchar) as c{number}" for number, name in enumerate(asked)
        )
        try:
            rows = connection.execute(f"select {chosen} from {source.relation}").fetchall()
        except duckdb.Error as error:
            raise ReviewsProblem(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise ReviewsProblem(f"TEXT names '{repeated}' twice")
    if label in names:
        raise ReviewsProblem(f"column '{label}' is both TEXT and LABEL")
    values = read_labels(label, [row[len(names)] for row in rows])
    groups = [row[-1] for row in rows] if group else None
    return _distinct([row[: len(names)] for row in rows], values.values, groups, values.reading)


def _distinct(
    rows: list[tuple[str | None, ...]],
    labels: FloatArray,
    groups: list[str | None] | None,
    reading: str,
) -> LabelledReviews:
    """Keep each text once, and none that has both labels."""
    firsts: dict[tuple[str, ...], int] = {}
    copies: dict[tuple[str, ...], list[int]] = {}
    empty = 0
    for row in np.flatnonzero(np.isfinite(labels)):
        texts = tuple(normalised(text) for text in rows[row])
        if not any(texts):
            empty += 1
            continue
        firsts.setdefault(texts, int(row))
        copies.setdefault(texts, []).append(int(row))
    agreed = [texts for texts, where in copies.items() if len({labels[row] for row in where}) == 1]
    kept = [firsts[texts] for texts in agreed]
    if len(set(labels[kept])) < 2:
        raise ReviewsProblem("LABEL: after texts that occur twice, reviews of one class are left")
    codes = None
    if groups is not None:
        codes = np.unique([groups[row] or "" for row in kept], return_inverse=True)[1].astype(
            np.int64
        )
    return LabelledReviews(
        columns=[list(column) for column in zip(*agreed, strict=True)],
        labels=labels[kept],
        groups=codes,
        rows=len(rows),
        empty=empty,
        duplicates=sum(len(copies[texts]) - 1 for texts in agreed),
        conflicts=sum(len(where) for texts, where in copies.items())
        - sum(len(copies[texts]) for texts in agreed),
        reading=reading,
    )
