"""What there is to learn from at a moment: texts with stars, each wording once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import FloatArray, IntArray
from footfall.reviews.scores.rows import NEGATIVE_TO, POSITIVE_FROM, columns_of, hashes_of

#: Labels that are learned from, the newest, so that a large shop learns in minutes.
MOST_LEARNED = 20_000
#: Texts without a label that are read as well where labels are few, the newest.
MOST_UNLABELLED = 2_000


@dataclass(frozen=True)
class Lesson:
    """Wordings of one language with what customers rated where they wrote them.

    Attributes
    ----------
    columns
        Normalised titles and bodies with a label; ``[2][labelled]``.
    hashes
        Of these; ``[labelled]``.
    labels
        1 where most of those who wrote it gave four or five stars; ``[labelled]``.
    stars
        Mean stars; ``[labelled]``.
    others
        Wordings without a label; ``[2][others]``.
    other_stars
        Mean stars of these, NaN where there are none; ``[others]``.
    """

    columns: list[list[str]]
    hashes: IntArray
    labels: FloatArray
    stars: FloatArray
    others: list[list[str]]
    other_stars: FloatArray


def lesson_of(texts: pa.Table) -> Lesson:
    """Return what texts of one language teach.

    Texts that are equal once normalised are one, as whoever copies a sentence says nothing new. One
    that as many praised with as blamed has no label.

    Parameters
    ----------
    texts
        Rows of `int_texts`, oldest first.
    """
    rated = _newest(texts.filter(pc.is_valid(texts["rating"])), 2 * MOST_LEARNED)
    unrated = _newest(texts.filter(pc.is_null(texts["rating"])), MOST_UNLABELLED)
    read = pa.concat_tables([rated, unrated])
    columns = columns_of(read)
    hashes = hashes_of(columns)
    stars = _numbers(read["rating"])
    _, first, code = np.unique(hashes, return_index=True, return_inverse=True)
    votes = np.where(stars >= POSITIVE_FROM, 1, np.where(stars <= NEGATIVE_TO, -1, 0))
    balance = np.bincount(code, votes, len(first))
    is_known = np.isfinite(stars)
    count = np.bincount(code, is_known, len(first))
    total = np.bincount(code, np.where(is_known, stars, 0.0), len(first))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    labelled = np.flatnonzero(balance != 0)
    # By the place of their first use, the newest last.
    labelled = labelled[np.argsort(first[labelled], kind="stable")][-MOST_LEARNED:]
    others = np.flatnonzero(balance == 0)
    others = others[np.argsort(first[others], kind="stable")][-MOST_UNLABELLED:]
    return Lesson(
        _at(columns, first[labelled]),
        hashes[first[labelled]],
        (balance[labelled] > 0).astype(np.float64),
        mean[labelled],
        _at(columns, first[others]),
        mean[others],
    )


def _newest(texts: pa.Table, most: int) -> pa.Table:
    return texts.slice(max(0, texts.num_rows - most))


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    found: FloatArray = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy()
    return found


def _at(columns: list[list[str]], places: IntArray) -> list[list[str]]:
    return [[column[place] for place in places.tolist()] for column in columns]
