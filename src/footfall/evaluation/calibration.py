"""Whether predictions keep their word, by tenth; whether they have moved since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.evaluation.bootstrap import cluster_codes
from footfall.evaluation.score_metrics import equal_mass_groups


def stability_index(before: FloatArray, now: FloatArray) -> float | None:
    """Return the population stability index over the tenths of ``before``; None without rows.

    The sum of (share now - share before) * log(share now / share before), each share with half a
    row added, so that an empty tenth counts and is not infinite. Below 0.1 little has moved,
    above 0.25 much has (Siddiqi 2006, "Credit risk scorecards").

    Parameters
    ----------
    before, now
        Values of then and of today, NaN where unknown; ``[rows]`` each.
    """
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    if len(before) == 0 or len(now) == 0:
        return None
    edges = np.unique(np.quantile(before, np.arange(1, 10) / 10.0))
    shares = []
    for values in (before, now):
        counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


@dataclass(frozen=True)
class Tenth:
    """A tenth of the rows by prediction: means of prediction and outcome, 95 % interval.

    Attributes
    ----------
    number
        From 1 for the lowest predictions.
    count
        Customers with a row in it.
    predicted, observed
        Means of prediction and outcome.
    lower, upper
        Ends of the interval of the observed mean.
    """

    number: int
    count: int
    predicted: float
    observed: float
    lower: float
    upper: float


def calibration_tenths(
    actual: FloatArray,
    predicted: FloatArray,
    *,
    is_probability: bool,
    clusters: Array | None = None,
) -> list[Tenth]:
    """Compare prediction and outcome by tenth of the prediction, lowest first.

    Rows of one prediction are never split, so there may be fewer than ten groups. The interval is
    Wilson's (1927) for shares and the mean plus and minus 1.96 standard errors, not below zero,
    for amounts. Where a customer has several rows, a tenth counts as so many rows as would be as
    certain if each were a customer of its own (the design effect, Kish 1965).

    Parameters
    ----------
    actual, predicted
        What happened and what was predicted; ``[rows]`` each.
    is_probability
        Whether the outcome is 0 or 1.
    clusters
        Whose each row is; ``[rows]``. None where every row is a customer of its own.
    """
    if len(actual) == 0:
        return []
    order, starts = equal_mass_groups(predicted, 10)
    found = []
    for number, rows in enumerate(np.split(order, starts[1:]), start=1):
        mean = float(actual[rows].mean())
        owners = None if clusters is None else clusters[rows]
        customers, count = _customers_and_rows(actual[rows], owners)
        if is_probability:
            spread = 1.96**2 / count
            centre = (mean + spread / 2.0) / (1.0 + spread)
            half = 1.96 * np.sqrt(mean * (1.0 - mean) / count + spread / (4.0 * count))
            half /= 1.0 + spread
        else:
            centre, half = mean, 1.96 * float(actual[rows].std()) / np.sqrt(count)
        lower, upper = max(centre - half, 0.0), float(centre + half)
        found.append(Tenth(number, customers, float(predicted[rows].mean()), mean, lower, upper))
    return found


def _customers_and_rows(actual: FloatArray, clusters: Array | None) -> tuple[int, float]:
    """Return how many customers there are, and how many independent rows theirs are worth.

    At most the number of rows: that customers differ less from each other than chance would have
    them is chance.
    """
    count = len(actual)
    if clusters is None:
        return count, float(count)
    codes, customers = cluster_codes(clusters)
    apart = actual - actual.mean()
    alone = float((apart**2).sum())
    together = float((np.bincount(codes, apart, minlength=customers) ** 2).sum())
    if together <= alone or alone == 0.0:
        return customers, float(count)
    return customers, count * alone / together
