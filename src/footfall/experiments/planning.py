"""How many units an experiment takes."""

from __future__ import annotations

import math

from scipy import special

from footfall.experiments.fixed import ALPHA


def units_needed(
    variance: float,
    difference: float,
    *,
    share: float = 0.5,
    alpha: float = ALPHA,
    power: float = 0.8,
    variance_kept: float = 1.0,
) -> int:
    """Return the units of two arms together that find a difference with a chance of `power`.

    Parameters
    ----------
    variance
        Of the outcome of a unit.
    difference
        Smallest difference of means that is worth finding.
    share
        Part of the units in the treated arm.
    variance_kept
        What a covariate leaves of the variance.

    Raises
    ------
    ValueError
        A value is out of range: the difference is 0, a share is not between 0 and 1.
    """
    if not difference or not variance > 0 or not 0 < share < 1 or not 0 < variance_kept <= 1:
        raise ValueError(
            "planning takes a variance above 0, a difference that is not 0, a share between 0 and "
            f"1 and a variance kept of at most 1: {variance=}, {difference=}, {share=}, "
            f"{variance_kept=}"
        )
    deviates = float(-special.ndtri(alpha / 2) + special.ndtri(power))
    spread = variance * variance_kept * (1 / share + 1 / (1 - share))
    return math.ceil(spread * (deviates / difference) ** 2)
