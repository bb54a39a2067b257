"""Whether an experiment can be trusted: units per arm, switchers, balance before the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from footfall.core.arrays import Array, FloatArray
from footfall.experiments.fixed import compare, p_value
from footfall.experiments.moments import Moments
from footfall.experiments.reasons import Reason, because, p_text

Verdict = Literal["passed", "failed", "not testable"]

#: A check after the end fails below this p.
FAILS_BELOW = 1e-3
#: A check that is looked at each day fails from this Bayes factor on: by Ville's inequality a
#: sound experiment ever gets there with a chance of at most 1 %.
SEQUENTIAL_ALARM = 100.0
#: More units than this part in two arms fail an experiment.
MOST_SWITCHERS = 0.01
#: Weight of the prior of shares, in units. It is most sensitive about deviations of 3 points.
PRIOR_UNITS = 1_000.0
# Of a factor that a number can still hold.
_LARGEST_LOG = 690.0


@dataclass(frozen=True)
class Check:
    """A check of an experiment.

    Attributes
    ----------
    name
        Which check.
    verdict
        What came of it.
    p_value, statistic
        Of a test, where it is one and could be made.
    reason
        Why it failed or could not be made; None where it passed.
    """

    name: str
    verdict: Verdict
    p_value: float | None = None
    statistic: float | None = None
    reason: Reason | None = None


def sample_ratio(units: Sequence[int], shares: Sequence[float] | None) -> Check:
    """Test the units of all arms against the shares that were designed (Pearson's chi-square).

    Parameters
    ----------
    units
        Units of each arm.
    shares
        Designed share of each arm, adding up to 1; None where unknown, which cannot be tested.
    """
    if shares is None:
        return Check("sample_ratio", "not testable", reason=because("experiment.shares_unknown"))
    if sum(units) == 0 or len(units) < 2:
        return Check("sample_ratio", "not testable", reason=because("experiment.one_arm"))
    expected = np.asarray(_checked(shares)) * sum(units)
    statistic = float(np.sum((np.asarray(units) - expected) ** 2 / expected))
    p = float(special.chdtrc(len(units) - 1, statistic))
    failed = p < FAILS_BELOW
    reason = because("experiment.shares_differ", p=p_text(p)) if failed else None
    return Check("sample_ratio", "failed" if failed else "passed", p, statistic, reason)


def sample_ratio_log_bayes_factor(
    units: ArrayLike, shares: Sequence[float], prior_units: float = PRIOR_UNITS
) -> FloatArray:
    """Return the logarithm of the evidence against the designed shares.

    Multinomial counts with a Dirichlet prior about the designed shares against those shares
    (Lindon and Malek 2020, "Anytime-valid inference for multinomial count data"). It may be
    looked at after every unit: one over its largest value so far is a p.

    Parameters
    ----------
    units
        Running units, ``[..., arms]``.
    shares
        Designed shares, ``[arms]``.
    prior_units
        Weight of the prior.

    Returns
    -------
    FloatArray
        ``[...]``
    """
    counts = np.asarray(units, dtype=np.float64)
    design = np.asarray(_checked(shares))
    prior = design * prior_units
    total = counts.sum(axis=-1)
    marginal = special.gammaln(prior_units) - special.gammaln(prior_units + total)
    marginal = marginal + np.sum(special.gammaln(prior + counts) - special.gammaln(prior), axis=-1)
    return np.asarray(marginal - np.sum(counts * np.log(design), axis=-1))


def sample_ratio_bayes_factor(units: Sequence[int], shares: Sequence[float]) -> float:
    """Return the evidence against the designed shares as a factor, 1e300 at most."""
    log = float(sample_ratio_log_bayes_factor(list(units), shares))
    return float(np.exp(min(log, _LARGEST_LOG)))


def sequential_sample_ratio(running_units: ArrayLike, shares: Sequence[float] | None) -> Check:
    """Test the shares while units still come in, as often as one likes.

    Parameters
    ----------
    running_units
        Units of each arm by the end of each day, ``[days, arms]``.
    shares
        Designed shares; None where unknown.
    """
    name = "sample_ratio_so_far"
    if shares is None:
        return Check(name, "not testable", reason=because("experiment.shares_unknown"))
    counts = np.asarray(running_units, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[1] < 2 or not counts.sum():
        return Check(name, "not testable", reason=because("experiment.one_arm"))
    highest = float(np.max(sample_ratio_log_bayes_factor(counts, shares), initial=0.0))
    factor = float(np.exp(min(highest, _LARGEST_LOG)))
    failed = factor >= SEQUENTIAL_ALARM
    reason = because("experiment.shares_drift", factor=f"{factor:.3g}") if failed else None
    return Check(name, "failed" if failed else "passed", min(1.0, 1 / factor), factor, reason)


def balance(control: Moments, treated: Moments) -> Check:
    """Test whether the arms were alike before the start: the covariate of an adjustment."""
    if control.covariate_mean is None or treated.covariate_mean is None:
        return Check("balance_before", "not testable", reason=because("experiment.no_covariate"))
    before = [
        Moments(arm.units, _given(arm.covariate_mean), _given(arm.covariate_variance))
        for arm in (control, treated)
    ]
    p = float(p_value(compare(*before)))
    if np.isnan(p):
        return Check(
            "balance_before", "not testable", reason=because("experiment.constant_covariate")
        )
    failed = p < FAILS_BELOW
    reason = because("experiment.unbalanced", p=p_text(p)) if failed else None
    return Check("balance_before", "failed" if failed else "passed", p, reason=reason)


def alike(name: str, having: ArrayLike, units: ArrayLike, why: Callable[[str], Reason]) -> Check:
    """Test whether arms have different parts of some units (chi-square).

    Parameters
    ----------
    name
        Of the check.
    having, units
        Units of each arm that are such, and all of them, ``[arms]``.
    why
        Makes the reason of a failure from its p.
    """
    count, every = (np.asarray(values, dtype=np.float64) for values in (having, units))
    count, every = count[every > 0], every[every > 0]
    if len(every) < 2:
        return Check(name, "not testable", reason=because("experiment.too_few_arms"))
    rate = float(count.sum() / every.sum())
    if not 0 < rate < 1:
        return Check(name, "passed", statistic=rate)
    statistic = float(np.sum((count - rate * every) ** 2 / (every * rate * (1 - rate))))
    p = float(special.chdtrc(len(every) - 1, statistic))
    failed = p < FAILS_BELOW
    reason = why(p_text(p)) if failed else None
    return Check(name, "failed" if failed else "passed", p, rate, reason)


def switchers(
    units: int, switching: int, by_first_arm: Sequence[int], arm_units: Sequence[int]
) -> Check:
    """Judge units that were seen in two arms.

    They fail where they are more than 1 % of all units, or where the arms lose different parts
    of theirs (chi-square of kept and switching units by first arm, p < .001).

    Parameters
    ----------
    units
        All units, switching ones included.
    switching
        Units in two arms.
    by_first_arm
        Switching units by the arm that they were in first.
    arm_units
        Units by the arm that they were in first, switching ones included.
    """
    if not units:
        return Check("switchers", "not testable", reason=because("experiment.no_units"))
    part = switching / units
    p: float | None = None
    if switching and len(arm_units) > 1:
        left = np.asarray(by_first_arm, dtype=np.float64)
        all_of = np.asarray(arm_units, dtype=np.float64)
        present = all_of > 0
        left, all_of = left[present], all_of[present]
        rate = left.sum() / all_of.sum()
        if len(all_of) > 1 and 0 < rate < 1:
            statistic = np.sum((left - rate * all_of) ** 2 / (all_of * rate * (1 - rate)))
            p = float(special.chdtrc(len(all_of) - 1, statistic))
    if part > MOST_SWITCHERS:
        many = because("experiment.many_switchers", percent=f"{100 * part:.1f}")
        return Check("switchers", "failed", p, part, many)
    if p is not None and p < FAILS_BELOW:
        lost = because("experiment.lost_parts", p=p_text(p))
        return Check("switchers", "failed", p, part, lost)
    return Check("switchers", "passed", p, part)


def all_pass(checks: Sequence[Check]) -> bool:
    """Return whether no check failed and at least the sample ratio could be tested."""
    ratios = [one for one in checks if one.name.startswith("sample_ratio")]
    tested = any(one.verdict == "passed" for one in ratios)
    return tested and not any(one.verdict == "failed" for one in checks)


def _given(value: Array | None) -> FloatArray:
    if value is None:
        raise ValueError("the covariate has a mean and no variance")
    return value


def _checked(shares: Sequence[float]) -> list[float]:
    if any(not share > 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares are above 0 and add up to 1, which {list(shares)} do not")
    return list(shares)
