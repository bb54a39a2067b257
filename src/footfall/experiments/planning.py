"""How many units an experiment takes, and how many days until they have come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from footfall.core.arrays import FloatArray
from footfall.experiments.fixed import ALPHA
from footfall.experiments.moments import Moments, linearised

#: Days at the end of the traffic that was seen, from whose pace later days are reckoned.
_PACE_DAYS = 14


@dataclass(frozen=True)
class Plan:
    """What it takes to find a lift.

    Attributes
    ----------
    mean
        Of the metric, or its ratio.
    deviation
        Standard deviation of a unit; of a ratio that of its linearised value.
    difference
        What the lift is in the unit of the metric.
    units, units_cuped
        Units of all arms without and with a covariate.
    days, days_cuped
        Days until so many have come; None where nobody comes any more.
    is_reckoned, is_reckoned_cuped
        Whether the traffic that was seen was too short for that, so that its pace was extended.
    variance_kept
        What the covariate leaves of the variance.
    """

    mean: float
    deviation: float
    difference: float
    units: int
    units_cuped: int
    days: int | None
    days_cuped: int | None
    is_reckoned: bool
    is_reckoned_cuped: bool
    variance_kept: float


def units_needed(
    variance: float,
    difference: float,
    *,
    share: float = 0.5,
    control_share: float | None = None,
    alpha: float = ALPHA,
    power: float = 0.8,
    variance_kept: float = 1.0,
) -> int:
    """Return the units of all arms that find a difference of one to the control.

    Parameters
    ----------
    variance
        Of the outcome of a unit.
    difference
        Smallest difference of means that is worth finding.
    share
        Part of the units in the treated arm.
    control_share
        Part of the units in the control; None for all the others.
    power
        Chance to find it.
    variance_kept
        What a covariate leaves of the variance.

    Raises
    ------
    ValueError
        A value is out of range: the difference is 0, a share is not between 0 and 1.
    """
    other = 1 - share if control_share is None else control_share
    if (
        not difference
        or not variance > 0
        or not (0 < share < 1 and 0 < other <= 1 - share + 1e-9)
        or not 0 < variance_kept <= 1
        or not (0 < alpha < 1 and alpha < power < 1)
    ):
        raise ValueError(
            "planning takes a variance above 0, a difference that is not 0, shares between 0 and "
            "1, a variance kept of at most 1, and a power above alpha: "
            f"{variance=}, {difference=}, {share=}, {control_share=}, {variance_kept=}, "
            f"{alpha=}, {power=}"
        )
    deviates = float(-special.ndtri(alpha / 2) + special.ndtri(power))
    spread = variance * variance_kept * (1 / share + 1 / other)
    return math.ceil(spread * (deviates / difference) ** 2)


def days_needed(units: float, running_units: FloatArray) -> tuple[int | None, bool]:
    """Return the days until so many units have come.

    Parameters
    ----------
    units
        How many are needed.
    running_units
        Different units that had come by the end of each day of the traffic that was seen,
        ``[days]``. Who comes often comes early, so it rises ever more slowly.

    Returns
    -------
    tuple
        The days, or None where nobody comes any more; and whether they go beyond the traffic that
        was seen, at the pace of its last days.
    """
    if running_units[-1] >= units:
        return int(np.argmax(running_units >= units)) + 1, False
    last = min(_PACE_DAYS, len(running_units) - 1)
    pace = (running_units[-1] - running_units[-1 - last]) / max(last, 1)
    if not pace > 0:
        return None, True
    return len(running_units) + math.ceil((units - running_units[-1]) / pace), True


def plan(
    units: Moments,
    running_units: FloatArray,
    lift: float,
    *,
    share: float = 0.5,
    control_share: float | None = None,
    alpha: float = ALPHA,
    power: float = 0.8,
) -> Plan:
    """Return what it takes to find a lift.

    Parameters
    ----------
    units
        Moments of units that nobody experimented with, covariate included.
    running_units
        See `days_needed`.
    lift
        Smallest change that is worth finding, as a part of the mean.
    share, control_share, alpha, power
        See `units_needed`.

    Raises
    ------
    ValueError
        The mean is not above 0 or the metric does not vary, so that a lift says nothing; or a
        value is out of range.
    """
    one = linearised(units)
    mean, variance = float(one.mean), float(one.variance)
    if not mean > 0 or not variance > 0:
        raise ValueError(
            f"a lift is a part of a mean above 0 of a metric that varies; the mean is {mean:.4g}, "
            f"the variance {variance:.4g}"
        )
    kept = 1.0
    if one.covariate_variance is not None and one.covariance is not None:
        spread = float(one.covariate_variance) * variance
        kept = 1.0 - float(one.covariance) ** 2 / spread if spread > 0 else 1.0
    kept = min(max(kept, 1e-6), 1.0)
    counts = [
        units_needed(
            variance, lift * mean, share=share, control_share=control_share, alpha=alpha,
            power=power, variance_kept=part,
        )
        for part in (1.0, kept)
    ]  # fmt: skip
    (days, reckoned), (days_cuped, reckoned_cuped) = (
        days_needed(count, running_units) for count in counts
    )
    return Plan(
        mean, math.sqrt(variance), lift * mean, counts[0], counts[1], days, days_cuped,
        reckoned, reckoned_cuped, kept,
    )  # fmt: skip
