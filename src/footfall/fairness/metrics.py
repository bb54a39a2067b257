"""What a score does to each group: one figure for each metric, with its interval.

A metric is the mean of a value over those that it is about: the true positive rate is the mean of
`selected` over those with the outcome. The area under the curve (AUC) is the one that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.fairness.rows import Rows

#: A figure of fewer people than this says more about them than about the score: it is not shown.
FEWEST = 30
#: Half the width of a 95 % interval, in standard errors.
TWO_SIDED = 1.959963984540054
AUC = "auc"
CALIBRATION = "calibration"


@dataclass(frozen=True)
class Mean:
    """A metric that is a mean.

    Attributes
    ----------
    value
        What is averaged, ``[rows]``.
    among
        Those that it is averaged over, ``[rows]``.
    is_rate
        Whether values are 0 or 1.
    """

    value: Callable[[Rows], FloatArray]
    among: Callable[[Rows], BoolArray]
    is_rate: bool = True


def _all(rows: Rows) -> BoolArray:
    return np.ones(len(rows), dtype=bool)


def _error(rows: Rows) -> FloatArray:
    return np.zeros(len(rows)) if rows.error is None else rows.error


MEANS: Mapping[str, Mean] = {
    "base_rate": Mean(lambda rows: rows.label, _all),
    "selection_rate": Mean(lambda rows: rows.selected.astype(np.float64), _all),
    "true_positive_rate": Mean(
        lambda rows: rows.selected.astype(np.float64), lambda rows: rows.label > 0
    ),
    "false_positive_rate": Mean(
        lambda rows: rows.selected.astype(np.float64), lambda rows: rows.label <= 0
    ),
    "precision": Mean(lambda rows: rows.label, lambda rows: rows.selected),
    CALIBRATION: Mean(_error, _all, is_rate=False),
}
#: Names of all metrics, in the order of reports.
METRICS = (*MEANS, AUC)


@dataclass(frozen=True)
class Figure:
    """A metric of a group.

    Attributes
    ----------
    value, lower, upper
        With the ends of its 95 % interval; NaN where it is suppressed.
    denominator
        Of how many people it is; for the AUC the smaller of the two classes.
    """

    value: float
    lower: float
    upper: float
    denominator: int

    @property
    def is_suppressed(self) -> bool:
        """Whether there are too few people for a figure."""
        return self.denominator < FEWEST


def applies(metric: str, rows: Rows) -> bool:
    """Return whether a metric can be asked of rows: calibration needs a prediction in a unit."""
    return metric != CALIBRATION or rows.error is not None


def figure_of(metric: str, rows: Rows, members: BoolArray) -> Figure:
    """Return a metric of the members of a group.

    Rates have Wilson's interval (1927), means a normal one, and the AUC that of DeLong, DeLong and
    Clarke-Pearson (1988) on the logit scale.
    """
    if metric == AUC:
        return _auc_figure(rows, members)
    mean = MEANS[metric]
    values = mean.value(rows)[members & mean.among(rows)]
    count = len(values)
    if count < FEWEST:
        return Figure(np.nan, np.nan, np.nan, count)
    value = float(values.sum() / count)
    if mean.is_rate:
        return Figure(value, *wilson(value, count), count)
    half = TWO_SIDED * float(values.std(ddof=1)) / count**0.5
    return Figure(value, value - half, value + half, count)


def wilson(rate: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate of ``count`` people."""
    square = TWO_SIDED**2
    centre = (rate + square / (2 * count)) / (1 + square / count)
    half = (
        TWO_SIDED
        * (rate * (1 - rate) / count + square / (4 * count**2)) ** 0.5
        / (1 + square / count)
    )
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _auc_figure(rows: Rows, members: BoolArray) -> Figure:
    is_positive = rows.label > 0
    fewest = int(min((members & is_positive).sum(), (members & ~is_positive).sum()))
    if fewest < FEWEST:
        return Figure(np.nan, np.nan, np.nan, fewest)
    one_band = np.zeros(len(rows), dtype=np.int64)
    value, variance = ranked(rows.score[members], is_positive[members], one_band[members])
    inside = min(max(value, 1e-9), 1 - 1e-9)
    middle, half = np.log(inside / (1 - inside)), TWO_SIDED * variance**0.5
    half = half / (inside * (1 - inside))
    ends = 1 / (1 + np.exp(-np.array([middle - half, middle + half])))
    return Figure(value, float(ends[0]), float(ends[1]), fewest)


def ranked(score: FloatArray, is_positive: BoolArray, band: IntArray) -> tuple[float, float]:
    """Return the AUC of pairs within bands, and its variance by DeLong's components.

    Parameters
    ----------
    score
        Of a group; ``[rows]``.
    is_positive
        Whether the outcome happened; ``[rows]``.
    band
        Pairs of different bands do not count; ``[rows]``.

    Returns
    -------
    NaN both where no band has both classes.
    """
    won, pairs, spread = 0.0, 0.0, 0.0
    for one in np.unique(band):
        inside = band == one
        positive, negative = score[inside & is_positive], score[inside & ~is_positive]
        if not len(positive) or not len(negative):
            continue
        above = _wins(positive, negative)
        below = len(positive) - _wins(negative, positive)
        won += float(above.sum())
        pairs += len(positive) * len(negative)
        spread += _spread(above) + _spread(below)
    if not pairs:
        return np.nan, np.nan
    return won / pairs, spread / pairs**2


def _wins(ones: FloatArray, others: FloatArray) -> FloatArray:
    """Return how many of the others each one is above, ties counted one half."""
    ordered = np.sort(others)
    lower = np.searchsorted(ordered, ones, side="left")
    upper = np.searchsorted(ordered, ones, side="right")
    return np.asarray((lower + upper) / 2.0)


def _spread(wins: FloatArray) -> float:
    """Return the variance of a sum of wins; half a win at least, where all are alike."""
    if len(wins) < 2:
        return float(wins.sum()) ** 2
    return float(len(wins) * max(wins.var(ddof=1), 0.25 / len(wins)))
