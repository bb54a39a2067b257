"""Read-outs as rows: numbers or None with a reason, never NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments import always_valid, fixed
from footfall.experiments.fixed import ALPHA, Comparison, compare
from footfall.experiments.moments import Moments
from footfall.experiments.planned_looks import read_looks
from footfall.experiments.reasons import Reason, because

Method = Literal["fixed", "planned_looks", "always_valid"]
Adjustment = Literal["none", "cuped"]


@dataclass(frozen=True)
class Readout:
    """An arm compared with the control on one metric, by one method; see docs/experiments.md.

    Attributes
    ----------
    method, adjustment
        How it was computed.
    control_units, units
        Units of the control and of the arm.
    control_mean, mean
        Means or ratios; adjusted ones under CUPED.
    difference, standard_error, lower, upper, p
        Arm minus control.
    lift, lift_lower, lift_upper
        The difference as a part of the control's unadjusted mean.
    chance_to_beat_control, expected_loss
        Under a flat prior; see `fixed`.
    detectable_effect
        Smallest difference that this many units find with a chance of .8.
    variance_kept, theta
        Of the adjustment; None without one.
    is_decided
        Whether the method tells the arms apart: under `planned_looks` once and for all.
    reason
        Why figures are None; None where all are defined.
    look
        Under `planned_looks` the index of the look that stands.
    """

    method: Method
    adjustment: Adjustment
    control_units: int
    units: int
    control_mean: float | None
    mean: float | None
    difference: float | None
    standard_error: float | None
    lower: float | None
    upper: float | None
    p: float | None
    lift: float | None
    lift_lower: float | None
    lift_upper: float | None
    chance_to_beat_control: float | None
    expected_loss: float | None
    detectable_effect: float | None
    variance_kept: float | None
    theta: float | None
    is_decided: bool
    reason: Reason | None
    look: int | None = None


def read_fixed(
    control: Moments,
    treated: Moments,
    *,
    adjustment: Adjustment = "none",
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Readout:
    """Read an experiment once, after its end."""
    found = compare(control, treated, with_covariate=adjustment == "cuped")
    return _row(
        "fixed", adjustment, control, treated, found,
        width=float(fixed.half_width(found, alpha)),
        p=float(fixed.p_value(found)),
        higher_is_better=higher_is_better,
        alpha=alpha,
        closed=None,
    )  # fmt: skip


def read_always_valid(
    control: Moments,
    treated: Moments,
    *,
    adjustment: Adjustment = "none",
    planned_units: float = always_valid.USUAL_UNITS,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Readout:
    """Read an experiment at any moment.

    Parameters
    ----------
    planned_units
        Units of both arms that it was designed for; the interval is narrowest there.
    """
    found = compare(control, treated, with_covariate=adjustment == "cuped")
    rho = always_valid.tuned_rho(planned_units, alpha)
    closed = None
    if not always_valid.is_open(control, treated):
        closed = too_few_units()
    return _row(
        "always_valid", adjustment, control, treated, found,
        width=float(always_valid.half_width(found.units, rho, alpha)),
        p=float(always_valid.p_value(found, rho)),
        higher_is_better=higher_is_better,
        alpha=alpha,
        closed=closed,
    )  # fmt: skip


def read_planned_looks(
    fractions: Sequence[float],
    controls: Sequence[Moments],
    arms: Sequence[Moments],
    *,
    at: int | None = None,
    adjustment: Adjustment = "none",
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Readout | None:
    """Read the planned looks so far; returns the read-out that stands, None before the first.

    Parameters
    ----------
    fractions
        Part of the planned time at each look that was taken.
    controls, arms
        Both arms at each of them.
    at
        The look to read, where another metric decides that; see `planned_looks.read_looks`.
    """
    if not fractions:
        return None
    each = [
        compare(control, arm, with_covariate=adjustment == "cuped")
        for control, arm in zip(controls, arms, strict=True)
    ]
    together = Comparison(
        **{
            name: np.array([float(getattr(one, name)) for one in each])
            for name in Comparison.__dataclass_fields__
        }
    )
    looks = read_looks(fractions, together, at=at, alpha=alpha)
    last = len(each) - 1 if at is None else at
    standing = last if looks.standing is None else looks.standing
    found = _row(
        "planned_looks", adjustment, controls[standing], arms[standing], each[standing],
        width=float(looks.half_widths[standing]),
        p=math.nan if looks.p_value is None else looks.p_value,
        higher_is_better=higher_is_better,
        alpha=alpha,
        closed=None if looks.standing is not None else because("experiment.no_look_read"),
    )  # fmt: skip
    return replace(found, look=standing)


def _row(
    method: Method,
    adjustment: Adjustment,
    control: Moments,
    treated: Moments,
    found: Comparison,
    *,
    width: float,
    p: float,
    higher_is_better: bool,
    alpha: float,
    closed: Reason | None,
) -> Readout:
    reason = _reason(control, treated, found)
    shown = closed is None and bool(found.standard_error > 0) and math.isfinite(width)
    error = float(found.standard_error) if shown else math.nan
    lift_error = float(found.lift_standard_error) if shown else math.nan
    difference, lift = float(found.difference), float(found.lift)
    p = p if shown else math.nan
    return Readout(
        method,
        adjustment,
        int(control.units),
        int(treated.units),
        number(found.control_mean),
        number(found.treated_mean),
        number(difference),
        number(found.standard_error),
        number(difference - width * error),
        number(difference + width * error),
        number(p),
        number(lift),
        number(lift - width * lift_error),
        number(lift + width * lift_error),
        number(fixed.chance_to_beat(found, higher_is_better=higher_is_better)),
        number(fixed.expected_loss(found, higher_is_better=higher_is_better)),
        number(fixed.detectable_effect(found, alpha=alpha)),
        number(found.variance_kept) if adjustment == "cuped" else None,
        number(found.theta) if adjustment == "cuped" else None,
        bool(shown and not math.isnan(p) and abs(difference) > width * error),
        closed or reason,
    )


def _reason(control: Moments, treated: Moments, found: Comparison) -> Reason | None:
    """Say why figures are undefined."""
    if min(float(control.units), float(treated.units)) < 2:
        return because("experiment.single_units")
    for arm in (control, treated):
        if arm.denominator_mean is not None and not float(arm.denominator_mean):
            return because("experiment.zero_denominator")
    if not found.standard_error > 0:
        return because("experiment.constant_outcome")
    if math.isnan(float(found.lift)):
        return because("experiment.no_lift")
    return None


def too_few_units() -> Reason:
    """Return why no sequence that is always valid has begun."""
    return because(
        "experiment.few_units",
        units=always_valid.LEAST_UNITS,
        outcomes=always_valid.LEAST_NONZERO,
    )


def number(value: FloatArray | float) -> float | None:
    """Return a number that JSON and SQL hold, or None for NaN and infinity."""
    found = float(value)
    return found if math.isfinite(found) else None
