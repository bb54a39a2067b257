"""Bounds of the largest difference between groups, by simultaneous intervals of all pairs."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.fairness.metrics import TWO_SIDED

_DRAWS = 10_000
_MOST_CELLS = 4_000_000
_LEVEL = 0.95


def gap_interval(levels: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    """Return the 95 % interval of the largest difference between two groups.

    All pairs get intervals that hold together (max-t; Hothorn, Bretz and Westfall 2008). The
    largest difference is at least the largest lower end and at most the largest upper end, or 0.

    Parameters
    ----------
    levels
        Of the groups, ``[groups]``.
    covariance
        Of these, ``[groups, groups]``.
    """
    ones, others = np.triu_indices(len(levels), 1)
    differences = np.abs(levels[ones] - levels[others])
    variances = np.diag(covariance)
    spread = variances[ones] + variances[others] - 2 * covariance[ones, others]
    errors = np.sqrt(np.maximum(spread, 0.0))
    reach = critical_value(covariance) * errors
    return max(float((differences - reach).max()), 0.0), float((differences + reach).max())


def critical_value(covariance: FloatArray) -> float:
    """Return how many standard errors the differences of all pairs stay within, 95 times of 100.

    That of two groups is 1.96; for more, normal levels are drawn, always the same ones.
    """
    groups = len(covariance)
    if groups == 2:
        return TWO_SIDED
    ones, others = np.triu_indices(groups, 1)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = max(min(_DRAWS, _MOST_CELLS // len(ones)), 1_000)
    rng = np.random.default_rng(groups)
    drawn = rng.standard_normal((draws, groups)) @ root.T
    variances = np.diag(covariance)
    spread = variances[ones] + variances[others] - 2 * covariance[ones, others]
    errors = np.sqrt(np.where(spread > 0, spread, np.inf))
    largest = (np.abs(drawn[:, ones] - drawn[:, others]) / errors).max(axis=1)
    return float(np.quantile(largest, _LEVEL))
