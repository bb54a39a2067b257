"""Whether predictions keep their word, by tenth; whether they have moved since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.evaluation.score_metrics import equal_mass_groups


def stability_index(before: FloatArray, now: FloatArray) -> float | None:
    """Return the population stability index over the tenths of ``before``; None without rows.

    The sum of (share now - share before) * log(share now / share before), each share with half a
    row added, so that an empty tenth is told of and not infinite. Below 0.1 little has moved,
    above 0.25 much has (Siddiqi 2006, "Credit risk scorecards").
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
    """A tenth of the customers by prediction: means of prediction and outcome, 95 % interval."""

    number: int
    count: int
    predicted: float
    observed: float
    lower: float
    upper: float


def calibration_tenths(
    actual: FloatArray, predicted: FloatArray, *, is_probability: bool
) -> list[Tenth]:
    """Compare prediction and outcome by tenth of the prediction, lowest first.

    Customers of one prediction are never split, so there may be fewer than ten groups. The
    interval is Wilson's (1927) for shares and the mean plus and minus 1.96 standard errors, not
    below zero, for amounts.
    """
    if len(actual) == 0:
        return []
    order, starts = equal_mass_groups(predicted, 10)
    found = []
    for number, rows in enumerate(np.split(order, starts[1:]), start=1):
        count, mean = len(rows), float(actual[rows].mean())
        if is_probability:
            spread = 1.96**2 / count
            centre = (mean + spread / 2.0) / (1.0 + spread)
            half = 1.96 * np.sqrt(mean * (1.0 - mean) / count + spread / (4.0 * count))
            half /= 1.0 + spread
        else:
            centre, half = mean, 1.96 * float(actual[rows].std()) / np.sqrt(count)
        lower, upper = max(centre - half, 0.0), centre + half
        found.append(Tenth(number, count, float(predicted[rows].mean()), mean, lower, upper))
    return found
