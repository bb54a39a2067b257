"""What a column says of reviews: a rating, or whether they are positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.source import NOTHING

_POSITIVE = frozenset({"1", "1.0", "true", "positive"})
_NEGATIVE = frozenset({"0", "0.0", "false", "negative"})
_LOWEST, _HIGHEST = 1.0, 5.0


class ReviewsProblem(ExperimentProblem):
    """A file or an option cannot be used; the message names it and says what is allowed."""


@dataclass(frozen=True)
class Labels:
    """What is known of each review.

    Attributes
    ----------
    values
        1 for positive, 0 for negative, NaN for neither; ``[rows]``.
    reading
        How the column was read, as a sentence.
    """

    values: FloatArray
    reading: str


def read_labels(column: str, values: Sequence[str | None]) -> Labels:
    """Read the column of labels.

    Two values of 0 and 1, false and true, or negative and positive say whether a review is
    positive. Numbers with values above 1 are ratings of one to five stars: 4 and 5 are positive,
    1 and 2 negative, 3 is left out.

    Parameters
    ----------
    column
        Its name, for messages.
    values
        Of the rows, as text; ``[rows]``.

    Raises
    ------
    ReviewsProblem
        It is neither, a rating is outside 1 to 5 or between two stars, or all rows are of one
        class.
    """
    words = ["" if value is None else value.strip().lower() for value in values]
    known = {word for word in words if word not in NOTHING}
    empty = sum(word in NOTHING for word in words)
    if not known:
        raise ReviewsProblem(f"LABEL: column '{column}' is empty")
    if known <= _POSITIVE | _NEGATIVE:
        found = np.array([_binary(word) for word in words])
        reading = "positive or negative"
    else:
        found = _ratings(column, words)
        left = int((found == 3).sum())
        found = np.where(found == 3, np.nan, np.where(np.isnan(found), found, found > 3))
        reading = f"ratings: 4 and 5 are positive, 1 and 2 negative, {left:,} of 3 are left out"
    both = np.unique(found[np.isfinite(found)])
    if len(both) < 2:
        which = "no review" if not len(both) else "only positive" if both[0] else "only negative"
        raise ReviewsProblem(
            f"LABEL: column '{column}' holds {which} reviews (read as {reading}); "
            "positive and negative ones are needed"
        )
    without = f"; {empty:,} rows without a label are left out" if empty else ""
    return Labels(found, f"column '{column}' is read as {reading}{without}")


def _binary(word: str) -> float:
    return np.nan if word in NOTHING else float(word in _POSITIVE)


def _ratings(column: str, words: Sequence[str]) -> FloatArray:
    found = np.full(len(words), np.nan)
    for row, word in enumerate(words):
        if word in NOTHING:
            continue
        try:
            found[row] = float(word)
        except ValueError:
            raise ReviewsProblem(
                f"LABEL: column '{column}' holds '{word}' in row {row + 1}: give 0 and 1, true and "
                "false, positive and negative, or ratings from 1 to 5"
            ) from None
        if not _LOWEST <= found[row] <= _HIGHEST or found[row] % 1:
            raise ReviewsProblem(
                f"LABEL: column '{column}' holds {word} in row {row + 1}: a rating is a whole "
                "number of stars from 1 to 5"
            )
    return found
