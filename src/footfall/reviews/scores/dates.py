"""Until when the score of today learns, and which texts judge what was learned before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.reviews.scores.rows import NEGATIVE_TO, POSITIVE_FROM, written_before

#: Labels that a back-test should have; the cut-off that it begins at goes back as far as needed.
WANTED_TESTED = 300
_MOST_MONTHS_BACK = 6


@dataclass(frozen=True)
class Dates:
    """The days that learning and judging turn on.

    Attributes
    ----------
    as_of
        The day after the newest event.
    learned_until
        Texts of earlier days are learned from: the newest month's beginning, so that a model stands
        for a month, or the as-of date of a shop without one.
    tested_from
        What was written from here to ``learned_until`` judges a model of what was written before;
        None where there is no earlier cut-off.
    """

    as_of: date
    learned_until: date
    tested_from: date | None


def dates_of(cutoffs: pa.Table, texts: pa.Table) -> Dates | None:
    """Return the days for the cut-offs of a shop; None while nothing has happened.

    Parameters
    ----------
    cutoffs
        Rows of `int_cutoffs`: `cutoff_date` and `is_as_of`.
    texts
        Rows of `int_texts` with words.
    """
    days = cutoffs["cutoff_date"].to_pylist()
    flags = cutoffs["is_as_of"].to_pylist()
    newest = [day for day, is_as_of in zip(days, flags, strict=True) if is_as_of]
    if not newest:
        return None
    months = sorted({day for day, flag in zip(days, flags, strict=True) if not flag})
    if not months:
        return Dates(newest[0], newest[0], None)
    return Dates(newest[0], months[-1], _tested_from(months, texts))


def _tested_from(months: list[date], texts: pa.Table) -> date | None:
    """Return the newest cut-off that enough labels follow, or the oldest of those looked at."""
    earlier = months[-1 - _MOST_MONTHS_BACK : -1]
    for day in reversed(earlier):
        if label_count(written_before(texts, months[-1], day)) >= WANTED_TESTED:
            return day
    return earlier[0] if earlier else None


def label_count(texts: pa.Table) -> int:
    """Return how many texts have stars that are a label."""
    stars = pc.fill_null(pc.cast(texts["rating"], pa.float64()), float("nan")).to_numpy()
    return int(np.sum((stars >= POSITIVE_FROM) | (stars <= NEGATIVE_TO)))
