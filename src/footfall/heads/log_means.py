"""From the scale that effects add up on to the one that people read: logarithmic mean weights.

Effects that add up to the difference of two log amounts, multiplied by the logarithmic mean of the
amounts, add up to the difference of the amounts: log-mean Divisia decomposition (Ang 2004,
"Decomposition analysis for policymaking in energy: which is the preferred method?"). For a chance
and its log-odds, and for any other pair of scales, the secant does the same.
"""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.learners.linear import sigmoid

#: Differences on the additive scale below this are taken as their limit.
_SMALLEST_STEP = 1e-7


def secant(
    value: FloatArray,
    base_value: FloatArray | float,
    link: FloatArray,
    base_link: FloatArray | float,
    limit: FloatArray,
) -> FloatArray:
    """Return (value - base value) / (link - base link), [rows].

    Parameters
    ----------
    value, base_value
        On the scale that people read.
    link, base_link
        The same on the scale that effects add up on.
    limit
        The slope where both are the same, [rows].
    """
    step = link - base_link
    is_small = np.abs(step) < _SMALLEST_STEP
    found: FloatArray = np.where(
        is_small, limit, (value - base_value) / np.where(is_small, 1.0, step)
    )
    return found


def chance_slope(link: FloatArray, base_link: FloatArray | float) -> FloatArray:
    """Return what one unit of log-odds is worth as a chance, between base and score, [rows]."""
    chance = sigmoid(link)
    return secant(chance, sigmoid(np.asarray(base_link)), link, base_link, chance * (1.0 - chance))


def log_chance(link: FloatArray | float) -> FloatArray:
    """Return the log of the chance of these log-odds."""
    return -np.logaddexp(0.0, -np.asarray(link, dtype=np.float64))


def log_chance_slope(link: FloatArray, base_link: FloatArray | float) -> FloatArray:
    """Return what one unit of log-odds is worth as a log of the chance, [rows]."""
    limit = 1.0 - sigmoid(link)
    return secant(log_chance(link), log_chance(base_link), link, base_link, limit)


def log_mean(value: FloatArray, base: FloatArray | float) -> FloatArray:
    """Return the logarithmic mean of two positive amounts, [rows]: (a - b) / (ln a - ln b)."""
    return secant(value, base, np.log(value), np.log(base), value)
