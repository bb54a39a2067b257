"""Looks at dates that were set before the start, with bounds that keep the false alarms.

Between two looks the read-out of the last one stands, and once a look has decided, nothing that
comes later changes the verdict. The bounds of a look depend on the plan and on the data up to
that look, never on when it is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from footfall.core.arrays import FloatArray
from footfall.experiments.boundaries import bounds
from footfall.experiments.fixed import ALPHA, Comparison, z_value

# No p is reported finer than this.
_SMALLEST_P = 1e-15
_GRID = 10
_STAGES = 4


@dataclass(frozen=True)
class PlannedLooks:
    """What each look found; float64 ``[looks]`` but for the last three.

    Attributes
    ----------
    bounds
        Of |z|; infinite where a look spends nothing.
    z
        Of the difference, as a normal deviate; NaN where undefined.
    half_widths
        Half the width of the interval in standard errors.
    decided_at
        Index of the first look beyond its bound; None while none is.
    standing
        Index of the look whose read-out stands: the one that decided, else the last one that
        could be read, or the one that was asked for; None where that could not be read.
    p_value
        The smallest alpha under which the standing look decides; None without one.
    """

    bounds: FloatArray
    z: FloatArray
    half_widths: FloatArray
    decided_at: int | None
    standing: int | None
    p_value: float | None


def read_looks(
    fractions: Sequence[float], found: Comparison, *, at: int | None = None, alpha: float = ALPHA
) -> PlannedLooks:
    """Read the looks that have been taken so far.

    Parameters
    ----------
    fractions
        Part of the planned time that had passed at each look, rising; the last planned one is 1
        and spends what is left, however much data came.
    found
        Estimates at each look, ``[looks]``.
    at
        The look whose read-out is to stand, where another metric decides that; None for the first
        look beyond its bound, else the last one.
    """
    times = np.asarray(fractions, dtype=np.float64)
    information = information_of(found)
    z = z_value(found)
    limits = bounds(times, information, alpha)
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero(np.abs(z) >= limits)
    readable = np.flatnonzero(np.isfinite(z) & np.isfinite(limits))
    decided = int(beyond[0]) if len(beyond) else None
    standing = decided if decided is not None else (int(readable[-1]) if len(readable) else None)
    if at is not None:
        standing = at if at in readable else None
    p = None
    if standing is not None:
        until = slice(standing + 1)
        p = _p_value(times[until], information[until], abs(float(z[standing])))
    return PlannedLooks(
        limits,
        z,
        half_widths(found, limits),
        decided,
        standing,
        p,
    )


def information_of(found: Comparison) -> FloatArray:
    """Return one over the variance of the difference; NaN where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(found.standard_error > 0, found.standard_error**-2.0, np.nan))


def half_widths(found: Comparison, limits: FloatArray) -> FloatArray:
    """Return bounds of z as quantiles of Student's t: half the widths in standard errors."""
    with np.errstate(invalid="ignore"):
        t = -special.stdtrit(found.degrees_of_freedom, special.ndtr(-limits))
    return np.asarray(np.where(np.isfinite(limits), t, np.inf))


def _p_value(times: FloatArray, information: FloatArray, size: float) -> float:
    """Return the alpha whose bound at the last of these looks is `size`.

    The bound falls with alpha: a bracket is halved many times over by grids of alphas whose
    bounds are computed at once, evenly spaced in log-odds, and the last one is interpolated.
    """
    low, high = special.logit(_SMALLEST_P), special.logit(1 - 1e-9)
    for stage in range(_STAGES):
        grid = np.linspace(low, high, _GRID)
        limits = bounds(times, information, special.expit(grid))[:, -1]
        place = int(np.searchsorted(-limits, -size))
        if place == 0:
            return float(special.expit(grid[0])) if stage else _SMALLEST_P
        if place == _GRID:
            return 1.0
        low, high = grid[place - 1], grid[place]
    return float(special.expit(np.interp(-size, -limits, grid)))
