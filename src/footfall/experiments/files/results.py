"""Figures of an experiment as the commands print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from footfall.experiments import health
from footfall.experiments.files.units import Units
from footfall.experiments.moments import Moments
from footfall.experiments.readouts import read_always_valid, read_fixed
from footfall.experiments.reasons import Reason, because
from footfall.pages.theme.words import Words

Figures = dict[str, Any]


def figures_of(control: Moments, arm: Moments, words: Words, *, with_covariate: bool) -> Figures:
    """Return the figures of an arm on a metric.

    Fixed Welch at 95 %, its lift, CUPED where there is a covariate, and the interval that is
    always valid. Figures that are undefined are None, and `reason` says why.
    """
    plain = read_fixed(control, arm)
    sequence = read_always_valid(control, arm)
    found: Figures = {
        "n": int(arm.units),
        "mean": plain.mean,
        "difference": plain.difference,
        "lower": plain.lower,
        "upper": plain.upper,
        "p": plain.p,
        "lift": plain.lift,
        "lift_lower": plain.lift_lower,
        "lift_upper": plain.lift_upper,
    }
    reasons = [_said(one.reason, words) for one in (plain, sequence) if one.reason is not None]
    if with_covariate:
        adjusted = read_fixed(control, arm, adjustment="cuped")
        found |= {
            "difference_cuped": adjusted.difference,
            "lower_cuped": adjusted.lower,
            "upper_cuped": adjusted.upper,
            "p_cuped": adjusted.p,
            "variance_kept": adjusted.variance_kept,
            "theta": adjusted.theta,
        }
    found |= {"always_valid_lower": sequence.lower, "always_valid_upper": sequence.upper}
    if None in found.values():
        found["reason"] = "; ".join(dict.fromkeys(reasons))
    return found


def health_of(
    arms: Mapping[str, int],
    shares: Mapping[str, float] | None,
    *,
    switchers: int = 0,
    null_units: int = 0,
) -> Figures:
    """Return the health of an experiment; shares that are unknown are taken as equal, and so said.

    Against shares that are only assumed a difference says that they were not equal, and no more.
    """
    units = list(arms.values())
    design = [1 / len(arms)] * len(arms) if shares is None else [shares[arm] for arm in arms]
    ratio = health.sample_ratio(units, design)
    return {
        "srm_p": ratio.p_value,
        "srm_bayes_factor": health.sample_ratio_bayes_factor(units, design),
        "srm_failed": ratio.verdict == "failed",
        "switchers": switchers,
        "null_units": null_units,
        "shares_are_assumed": shares is None,
    }


def results_of(units: Units, words: Words) -> Figures:
    """Return health and figures by metric and arm, the control left out; `words` say reasons."""
    return {
        "health": health_of(
            units.arms,
            units.shares,
            switchers=units.switchers,
            null_units=units.null_units,
        ),
        "metrics": {
            metric.name: {
                arm: figures_of(
                    units.moments[metric.name][units.control],
                    units.moments[metric.name][arm],
                    words,
                    with_covariate=metric.name in units.covariates,
                )
                for arm in units.arms
                if arm != units.control
            }
            for metric in units.metrics
        },
    }


def imbalances(units: Units, words: Words) -> Sequence[str]:
    """Return a sentence for each way in which arms are not alike but for what they were shown.

    A covariate that differed before the start, or a metric that is unknown more often in one arm.
    """
    found = {}
    for metric in units.metrics:
        unknown = [
            count - int(units.moments[metric.name][arm].units) for arm, count in units.arms.items()
        ]
        missing = health.alike(
            "unknown_metric", unknown, list(units.arms.values()), partial(_unknown, metric.name)
        )
        if missing.verdict == "failed" and missing.reason is not None:
            found[metric.name, ""] = _said(missing.reason, words)
        if metric.name not in units.covariates:
            continue
        by_arm = units.moments[metric.name]
        for arm in units.arms:
            check = health.balance(by_arm[units.control], by_arm[arm])
            if check.verdict == "failed" and check.reason is not None:
                column = units.covariates[metric.name]
                found[column, arm] = (
                    f"covariate '{column}', arm '{arm}': {_said(check.reason, words)}"
                )
    return list(found.values())


def _unknown(metric: str, p: str) -> Reason:
    return because("experiment.unknown_values_differ", metric=metric, p=p)


def _said(reason: Reason, words: Words) -> str:
    return words.filled(reason.key, reason.values)
