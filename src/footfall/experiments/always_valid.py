"""An interval that holds at every moment, whenever and however often somebody looks.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021 and
2024, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of
Statistics 52). It rests on a central limit theorem, so it begins only when both arms hold enough.
"""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments.fixed import ALPHA, Comparison, t_statistic
from footfall.experiments.moments import Moments

#: Units of both arms that the sequence is narrowest at, where no size was designed.
USUAL_UNITS = 5_000
LEAST_UNITS = 100
LEAST_NONZERO = 25


def tuned_rho(units: float = USUAL_UNITS, alpha: float = ALPHA) -> float:
    """Return the rho whose sequence is about as narrow as can be at a number of units.

    Parameters
    ----------
    units
        Units of both arms at which the experiment is designed to end.
    """
    log = -2 * np.log(alpha)
    return float(np.sqrt((log + np.log(log + 1)) / units))


def is_open(control: Moments, treated: Moments) -> FloatArray:
    """Return 1 where both arms hold 100 units and 25 outcomes that are not 0, else 0.

    Before that the normal approximation is poor, and a sequence that is wrong once is wrong for
    good.
    """
    enough = np.asarray(True)
    for arm in (control, treated):
        enough = (
            enough & (arm.units >= LEAST_UNITS) & (arm.nonzero_at_least >= LEAST_NONZERO - 1e-9)
        )
    return np.asarray(enough, dtype=np.float64)


def half_width(units: FloatArray, rho: float, alpha: float = ALPHA) -> FloatArray:
    """Return half the width of the interval, in standard errors of the difference.

    Parameters
    ----------
    units
        Units of both arms so far.
    """
    information = np.asarray(units) * rho**2
    grown = information + 1
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(2 * grown / information * np.log(np.sqrt(grown) / alpha)))


def p_value(found: Comparison, rho: float) -> FloatArray:
    """Return the p that holds at every moment; the smallest so far is valid as well."""
    grown = found.units * rho**2 + 1
    log_evidence = rho**2 * t_statistic(found) ** 2 * found.units / (2 * grown) - np.log(grown) / 2
    return np.asarray(np.exp(-np.maximum(log_evidence, 0)))
