"""Means, variances and covariances of an arm: all that any comparison reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from footfall.core.arrays import FloatArray

#: A sum of squares about the mean that is a smaller part of the sum of squares is rounding.
ROUNDING_OF_SUMS = 1e-13


@dataclass(frozen=True)
class Moments:
    """An arm, or many at once: every field is a float64 array of one shape, ``[]`` for one arm.

    Attributes
    ----------
    units
        How many units were randomised into the arm.
    mean, variance
        Of the outcome y; the variance is that of a sample (divided by units - 1).
    covariate_mean, covariate_variance, covariance
        Of the covariate x, known before the experiment, and of y with x; None without one.
    denominator_mean, denominator_variance, denominator_covariance, denominator_with_covariate
        Of the denominator d of a ratio y / d, of y with d, and of d with x; None for a mean.
    nonzero
        Units whose outcome is not 0; None where unknown.
    """

    units: FloatArray
    mean: FloatArray
    variance: FloatArray
    covariate_mean: FloatArray | None = None
    covariate_variance: FloatArray | None = None
    covariance: FloatArray | None = None
    denominator_mean: FloatArray | None = None
    denominator_variance: FloatArray | None = None
    denominator_covariance: FloatArray | None = None
    denominator_with_covariate: FloatArray | None = None
    nonzero: FloatArray | None = None

    @property
    def nonzero_at_least(self) -> FloatArray:
        """Units whose outcome is not 0, or a lower bound where they were not counted.

        By Cauchy and Schwarz it is at least (sum of y)^2 / (sum of y^2), and for outcomes of 0
        and 1 it is just that.
        """
        if self.nonzero is not None:
            return self.nonzero
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = self.variance * (self.units - 1) + self.units * self.mean**2
            bound = (self.units * self.mean) ** 2 / squares
        return np.asarray(np.where(squares > 0, bound, 0.0))


def from_sums(
    units: ArrayLike,
    y: ArrayLike,
    yy: ArrayLike,
    *,
    x: ArrayLike | None = None,
    xx: ArrayLike | None = None,
    xy: ArrayLike | None = None,
    d: ArrayLike | None = None,
    dd: ArrayLike | None = None,
    yd: ArrayLike | None = None,
    xd: ArrayLike | None = None,
    nonzero: ArrayLike | None = None,
) -> Moments:
    """Return the moments of sums: of units, y, y^2, x, x^2, xy, d, d^2, yd and xd.

    Parameters
    ----------
    units, y, yy
        Number of units, sum of outcomes, sum of their squares; arrays of one shape.
    x, xx, xy
        Sums of the covariate; all of them or none.
    d, dd, yd, xd
        Sums of the denominator of a ratio; `xd` where there is a covariate as well.
    nonzero
        Units whose outcome is not 0.

    Returns
    -------
    Moments
        NaN where fewer than two units leave a variance undefined.

    Raises
    ------
    ValueError
        Some of the sums of a covariate or of a denominator are missing.
    """
    _complete("covariate", {"x": x, "xx": xx, "xy": xy})
    _complete("denominator", {"d": d, "dd": dd, "yd": yd})
    if x is not None and d is not None and xd is None:
        raise ValueError("a ratio with a covariate needs the sum xd as well")
    n, sum_y, sum_yy = (np.asarray(one, dtype=np.float64) for one in (units, y, yy))
    with np.errstate(divide="ignore", invalid="ignore"):

        def spread(total: FloatArray, other: FloatArray, products: FloatArray) -> FloatArray:
            return np.asarray(np.where(n > 1, (products - total * other / n) / (n - 1), np.nan))

        def variance(total: FloatArray, squares: FloatArray) -> FloatArray:
            found = spread(total, total, squares)
            floor = ROUNDING_OF_SUMS * squares / np.maximum(n - 1, 1)
            return np.asarray(np.where(found <= floor, np.where(np.isnan(found), np.nan, 0), found))

        fields: dict[str, FloatArray] = {}
        if x is not None and xx is not None and xy is not None:
            sum_x, sum_xx, sum_xy = (np.asarray(one, dtype=np.float64) for one in (x, xx, xy))
            fields["covariate_mean"] = sum_x / n
            fields["covariate_variance"] = variance(sum_x, sum_xx)
            fields["covariance"] = spread(sum_y, sum_x, sum_xy)
        if d is not None and dd is not None and yd is not None:
            sum_d, sum_dd, sum_yd = (np.asarray(one, dtype=np.float64) for one in (d, dd, yd))
            fields["denominator_mean"] = sum_d / n
            fields["denominator_variance"] = variance(sum_d, sum_dd)
            fields["denominator_covariance"] = spread(sum_y, sum_d, sum_yd)
            if x is not None and xd is not None:
                fields["denominator_with_covariate"] = spread(
                    np.asarray(x, dtype=np.float64), sum_d, np.asarray(xd, dtype=np.float64)
                )
        if nonzero is not None:
            fields["nonzero"] = np.asarray(nonzero, dtype=np.float64)
        return Moments(n, sum_y / n, variance(sum_y, sum_yy), **fields)


def merged(first: Moments, second: Moments) -> Moments:
    """Return the moments of the units of two arms together, what lies between the arms included."""
    n = first.units + second.units
    share = first.units * second.units / n

    def mean(one: FloatArray, other: FloatArray) -> FloatArray:
        return (first.units * one + second.units * other) / n

    def spread(
        one: FloatArray, other: FloatArray, gap: FloatArray, second_gap: FloatArray
    ) -> FloatArray:
        within = (first.units - 1) * one + (second.units - 1) * other
        return (within + share * gap * second_gap) / (n - 1)

    gap = second.mean - first.mean
    fields: dict[str, FloatArray] = {}
    gap_x = gap_d = None
    if first.covariate_mean is not None and second.covariate_mean is not None:
        gap_x = second.covariate_mean - first.covariate_mean
        fields["covariate_mean"] = mean(first.covariate_mean, second.covariate_mean)
        fields["covariate_variance"] = spread(
            _known(first.covariate_variance), _known(second.covariate_variance), gap_x, gap_x
        )
        fields["covariance"] = spread(
            _known(first.covariance), _known(second.covariance), gap, gap_x
        )
    if first.denominator_mean is not None and second.denominator_mean is not None:
        gap_d = second.denominator_mean - first.denominator_mean
        fields["denominator_mean"] = mean(first.denominator_mean, second.denominator_mean)
        fields["denominator_variance"] = spread(
            _known(first.denominator_variance), _known(second.denominator_variance), gap_d, gap_d
        )
        fields["denominator_covariance"] = spread(
            _known(first.denominator_covariance), _known(second.denominator_covariance), gap, gap_d
        )
    if gap_x is not None and gap_d is not None:
        fields["denominator_with_covariate"] = spread(
            _known(first.denominator_with_covariate),
            _known(second.denominator_with_covariate),
            gap_x,
            gap_d,
        )
    return Moments(
        n,
        mean(first.mean, second.mean),
        spread(first.variance, second.variance, gap, gap),
        **fields,
    )


def linearised(arm: Moments) -> Moments:
    """Return a ratio as a mean: that of (y - R d) / mean(d), moved to R = mean(y) / mean(d).

    Its variance is that of the delta method (Deng, Knoblich and Lu 2018, "Applying the delta
    method in metric analytics"). A mean is returned as it is. NaN where the denominator is 0.
    """
    if arm.denominator_mean is None:
        return arm
    with np.errstate(divide="ignore", invalid="ignore"):
        base = np.where(arm.denominator_mean == 0, np.nan, arm.denominator_mean)
        ratio = arm.mean / base
        variance = (
            arm.variance
            - 2 * ratio * _known(arm.denominator_covariance)
            + ratio**2 * _known(arm.denominator_variance)
        ) / base**2
        # What a ratio that is the same for every unit leaves is rounding.
        floor = ROUNDING_OF_SUMS * arm.variance / base**2
        covariance = None
        if arm.covariance is not None:
            covariance = (arm.covariance - ratio * _known(arm.denominator_with_covariate)) / base
    return Moments(
        arm.units,
        np.asarray(ratio),
        np.asarray(np.where(variance <= floor, 0.0, variance)),
        arm.covariate_mean,
        arm.covariate_variance,
        covariance,
        nonzero=arm.nonzero_at_least,
    )


class Adjusted(NamedTuple):
    """Two arms with what the covariate foretold taken off.

    Attributes
    ----------
    control, treated
        The adjusted arms; means are those that units of the pooled covariate mean would have had.
    theta
        Slope of the outcome on the covariate, over the units of both arms together.
    """

    control: Moments
    treated: Moments
    theta: FloatArray


def adjusted(control: Moments, treated: Moments) -> Adjusted:
    """Take off what the covariate foretold (CUPED).

    Deng, Xu, Kohavi and Walker 2013, "Improving the sensitivity of online controlled experiments
    by utilizing pre-experiment data". Theta comes from the two compared arms together, so no
    third arm moves their comparison. A ratio is linearised first. A covariate without variance
    changes nothing: theta is 0.

    Raises
    ------
    ValueError
        An arm has no covariate.
    """
    if control.covariate_mean is None or treated.covariate_mean is None:
        raise ValueError("an adjustment needs the sums of a covariate of both arms")
    together = merged(control, treated)
    pooled = linearised(together)
    spread = _known(pooled.covariate_variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = np.asarray(np.where(spread > 0, _known(pooled.covariance) / spread, 0.0))
    centre = _known(pooled.covariate_mean)
    return Adjusted(
        _taken_off(linearised(control), theta, centre),
        _taken_off(linearised(treated), theta, centre),
        theta,
    )


def _taken_off(arm: Moments, theta: FloatArray, centre: FloatArray) -> Moments:
    variance = (
        arm.variance
        + theta**2 * _known(arm.covariate_variance)
        - 2 * theta * _known(arm.covariance)
    )
    floor = ROUNDING_OF_SUMS * arm.variance
    return Moments(
        arm.units,
        arm.mean - theta * (_known(arm.covariate_mean) - centre),
        np.asarray(np.where(variance <= floor, 0.0, variance)),
        nonzero=arm.nonzero_at_least,
    )


def _complete(what: str, sums: dict[str, ArrayLike | None]) -> None:
    missing = [name for name, value in sums.items() if value is None]
    if missing and len(missing) < len(sums):
        raise ValueError(f"the sum {', '.join(missing)} of the {what} is missing")


def _known(value: FloatArray | None) -> FloatArray:
    if value is None:
        raise ValueError("both arms need the same sums: of a covariate, of a denominator, or none")
    return value
