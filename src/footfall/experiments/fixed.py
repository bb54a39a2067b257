"""Two arms compared once, at an end that was set before: Welch's t-test, lift, CUPED."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from footfall.core.arrays import FloatArray
from footfall.experiments.moments import Moments, adjusted, linearised

#: Chance of a false alarm that all methods keep, unless they are given another.
ALPHA = 0.05


@dataclass(frozen=True)
class Comparison:
    """Estimates of treated minus control; every field is a float64 array of one shape.

    Undefined figures are NaN here; `footfall.experiments.readouts` turns them into None with a
    reason.

    Attributes
    ----------
    control_mean, treated_mean
        Means, or ratios; adjusted ones where a covariate was taken off.
    difference, standard_error, degrees_of_freedom
        Of treated minus control; degrees of freedom after Welch and Satterthwaite.
    lift, lift_standard_error
        The difference as a part of the control's unadjusted mean, by the delta method.
    units
        Units of both arms.
    variance_kept
        Variance of the difference as a part of what it was without the covariate; 1 without one.
    theta
        Slope that was taken off; NaN without a covariate.
    """

    control_mean: FloatArray
    treated_mean: FloatArray
    difference: FloatArray
    standard_error: FloatArray
    degrees_of_freedom: FloatArray
    lift: FloatArray
    lift_standard_error: FloatArray
    units: FloatArray
    variance_kept: FloatArray
    theta: FloatArray


def compare(control: Moments, treated: Moments, *, with_covariate: bool = False) -> Comparison:
    """Compare an arm with the control.

    The difference is Welch's (1947, "The generalization of Student's problem when several
    different population variances are involved"). The lift's variance is that of the delta
    method, with the control's unadjusted mean below the line. Ratios are linearised.

    Parameters
    ----------
    control, treated
        Moments of both arms, of one shape.
    with_covariate
        Take off what the covariate foretold (`moments.adjusted`).
    """
    plain_control, plain_treated = linearised(control), linearised(treated)
    first, second = plain_control, plain_treated
    theta = np.full(np.shape(plain_control.mean), np.nan)
    if with_covariate:
        first, second, theta = adjusted(control, treated)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_control = first.variance / first.units
        of_treated = second.variance / second.units
        variance = of_control + of_treated
        before = (
            plain_control.variance / plain_control.units
            + plain_treated.variance / plain_treated.units
        )
        below = of_control**2 / (first.units - 1) + of_treated**2 / (second.units - 1)
        base = np.where(plain_control.mean == 0, np.nan, plain_control.mean)
        lift_variance = of_treated / base**2 + of_control * plain_treated.mean**2 / base**4
        difference = second.mean - first.mean
        return Comparison(
            np.asarray(first.mean),
            np.asarray(second.mean),
            np.asarray(difference),
            np.sqrt(variance),
            np.asarray(variance**2 / below),
            np.asarray(difference / base),
            np.sqrt(lift_variance),
            np.asarray(first.units + second.units),
            np.asarray(np.where(before > 0, variance / before, np.nan)),
            np.asarray(theta),
        )


def t_statistic(found: Comparison) -> FloatArray:
    """Return the difference in standard errors; NaN where there is no variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            np.where(found.standard_error > 0, found.difference / found.standard_error, np.nan)
        )


def p_value(found: Comparison) -> FloatArray:
    """Return the two-sided p of Welch's test that the arms do not differ."""
    return np.asarray(2 * special.stdtr(found.degrees_of_freedom, -np.abs(t_statistic(found))))


def z_value(found: Comparison) -> FloatArray:
    """Return the normal deviate with the same p as Welch's t: what sequential bounds are for."""
    t = t_statistic(found)
    tail = special.stdtr(found.degrees_of_freedom, -np.abs(t))
    return np.asarray(np.sign(t) * -special.ndtri(np.maximum(tail, 1e-300)))


def half_width(found: Comparison, alpha: float = ALPHA) -> FloatArray:
    """Return half the width of the interval in standard errors: a quantile of Student's t."""
    return np.asarray(special.stdtrit(found.degrees_of_freedom, 1 - alpha / 2))


def chance_to_beat(found: Comparison, *, higher_is_better: bool = True) -> FloatArray:
    """Return the chance that the arm is better than the control, under a flat prior."""
    sign = 1 if higher_is_better else -1
    return np.asarray(special.ndtr(sign * t_statistic(found)))


def expected_loss(found: Comparison, *, higher_is_better: bool = True) -> FloatArray:
    """Return what is lost on average, in units of the metric, if the arm is taken and is worse.

    E[max(0, -effect)] of an effect that is normal about the difference (Stucchio 2015, "Bayesian
    A/B testing at VWO").
    """
    sign = 1 if higher_is_better else -1
    z = sign * t_statistic(found)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(found.standard_error * (density - z * special.ndtr(-z)))


def detectable_effect(found: Comparison, *, alpha: float = ALPHA, power: float = 0.8) -> FloatArray:
    """Return the smallest difference that such a comparison finds with a chance of `power`."""
    df = found.degrees_of_freedom
    return np.asarray(
        (special.stdtrit(df, 1 - alpha / 2) + special.stdtrit(df, power)) * found.standard_error
    )


def between_groups(effects: FloatArray, weights: FloatArray) -> tuple[float, float] | None:
    """Test whether independent groups have the same effect (Cochran 1954).

    Parameters
    ----------
    effects, weights
        Of each group: its effect and one over the variance of that, ``[groups]``.

    Returns
    -------
    tuple or None
        p and Q; None with fewer than two groups.
    """
    if len(effects) < 2:
        return None
    mean = np.sum(weights * effects) / weights.sum()
    statistic = float(np.sum(weights * (effects - mean) ** 2))
    return float(special.chdtrc(len(effects) - 1, statistic)), statistic


def chances_of_arms(
    control: Moments,
    arms: Sequence[Moments],
    *,
    with_covariate: bool = False,
    higher_is_better: bool = True,
) -> FloatArray:
    """Return the chance of each arm to be the best of all, control included.

    Arms are placed by their differences to the control, so that adjusted ones, each adjusted
    together with the control, can be compared.

    Parameters
    ----------
    control
        One arm.
    arms
        The others.

    Returns
    -------
    FloatArray
        ``[arms]``; NaN where an arm does not vary.
    """
    places, errors, of_control = [0.0], [0.0], []
    for arm in arms:
        first, second = linearised(control), linearised(arm)
        if with_covariate:
            first, second, _ = adjusted(control, arm)
        places.append(float(second.mean - first.mean))
        errors.append(float(np.sqrt(second.variance / second.units)))
        of_control.append(float(first.variance / first.units))
    errors[0] = float(np.sqrt(np.mean(of_control)))
    found = chances_to_be_best(
        np.array(places), np.array(errors), higher_is_better=higher_is_better
    )
    return np.asarray(found[1:])


def chances_to_be_best(
    means: FloatArray, standard_errors: FloatArray, *, higher_is_better: bool = True
) -> FloatArray:
    """Return for each arm, control included, the chance that it is the best of all.

    Arms are independent and normal about their means under a flat prior. The integral over the
    best value is taken by Gauss and Legendre in pieces between all means, so that narrow arms
    next to wide ones are not missed.

    Parameters
    ----------
    means, standard_errors
        One of each arm, ``[arms]``.

    Returns
    -------
    FloatArray
        ``[arms]``, adding up to 1; NaN for all where an arm has no standard error above 0.
    """
    if not (np.isfinite(means).all() and (standard_errors > 0).all()):
        return np.full(len(means), np.nan)
    centres = means if higher_is_better else -means
    edges = np.unique(
        (centres[:, None] + standard_errors[:, None] * np.linspace(-9, 9, 19)[None, :]).ravel()
    )
    nodes, weights = np.polynomial.legendre.leggauss(12)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    points = (middle[:, None] + half[:, None] * nodes[None, :]).ravel()
    weight = (half[:, None] * weights[None, :]).ravel()
    z = (points[None, :] - centres[:, None]) / standard_errors[:, None]
    below = special.ndtr(z)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / standard_errors[:, None]
    found = np.array(
        [
            np.sum(weight * density[arm] * np.delete(below, arm, axis=0).prod(axis=0))
            for arm in range(len(means))
        ]
    )
    return np.asarray(found / found.sum())
