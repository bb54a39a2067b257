"""The checks of an experiment, from counts of its units: whether its read-outs can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments.fixed import between_groups, compare
from footfall.experiments.health import (
    FAILS_BELOW,
    Check,
    alike,
    balance,
    sample_ratio,
    sequential_sample_ratio,
    switchers,
)
from footfall.experiments.moments import Moments
from footfall.experiments.reasons import Reason, because, p_text
from footfall.experiments.sums import Experiment, Role, Running, Series

#: More exposures than this part outside of what was designed fail an experiment.
MOST_STRAY_EXPOSURES = 0.01
_WEEK = 7


def checks_of(
    one: Experiment,
    roles: Sequence[Role],
    series: Series,
    counts: Sequence[dict[str, Any]],
    fault: dict[str, Any],
) -> list[Check]:
    """Check an experiment.

    Parameters
    ----------
    roles
        Its metrics: balance and novelty are those of the primary one, else of net_amount.
    series
        Running totals of all experiments.
    counts
        Its rows of `int_experiment_counts`: units by arm and day of the first exposure.
    fault
        Its row of `int_experiment_faults`: exposures that do not fit the design.
    """
    own = sorted(counts, key=lambda row: row["exposed_on"])
    by_arm = {
        name: _by_arm(one, own, name)
        for name in ("unit_count", "switcher_count", "bot_count", "early_order_count")
    }
    single = by_arm["unit_count"] - by_arm["switcher_count"]
    metric = next((role.metric for role in roles if role.role == "primary"), "net_amount")
    arms = {arm: series.get((one.name, "left_out", "now", metric, arm)) for arm in one.arms}
    return [
        sample_ratio([int(count) for count in single], one.shares),
        sequential_sample_ratio(_running_units(one, own), one.shares),
        switchers(
            int(by_arm["unit_count"].sum()),
            int(by_arm["switcher_count"].sum()),
            [int(count) for count in by_arm["switcher_count"]],
            [int(count) for count in by_arm["unit_count"]],
        ),
        _balance(one, arms),
        alike(
            "bots",
            by_arm["bot_count"],
            by_arm["unit_count"],
            lambda p: because("experiment.bots_differ", p=p),
        ),
        alike(
            "orders_before_exposure",
            by_arm["early_order_count"],
            by_arm["unit_count"],
            lambda p: because("experiment.early_orders_differ", p=p),
        ),
        _stray(
            "exposures_after_end",
            fault,
            "late_count",
            lambda count, total: because("experiment.late_exposures", count=count, total=total),
        ),
        _stray(
            "exposures_of_unknown_arms",
            fault,
            "unknown_arm_count",
            lambda count, total: because("experiment.unknown_arms", count=count, total=total),
        ),
        Check(
            "exposures_without_unit",
            "passed",
            statistic=float(fault.get("without_unit_count") or 0),
        ),
        _novelty(one, arms),
    ]


def _by_arm(one: Experiment, rows: Sequence[dict[str, Any]], column: str) -> FloatArray:
    return np.array(
        [float(sum(row[column] for row in rows if row["arm"] == arm)) for arm in one.arms]
    )


def _running_units(one: Experiment, rows: Sequence[dict[str, Any]]) -> FloatArray:
    days = sorted({row["exposed_on"] for row in rows})
    changes = np.zeros((len(days), len(one.arms)))
    for row in rows:
        place = days.index(row["exposed_on"]), list(one.arms).index(row["arm"])
        changes[place] += row["unit_count"] - row["switcher_count"]
    return np.cumsum(changes, axis=0)


def _balance(one: Experiment, arms: dict[str, Running | None]) -> Check:
    """Compare each arm with the control before the start; of several the least p counts."""
    control = arms.get(one.control or "")
    treated = [running for arm, running in arms.items() if arm != one.control and running]
    if control is None or not treated:
        return Check("balance_before", "not testable", reason=because("experiment.no_control_yet"))
    found = [balance(control.moments(), running.moments()) for running in treated]
    tested = [check for check in found if check.p_value is not None]
    if not tested:
        return found[0]
    least = min(tested, key=lambda check: float(check.p_value or 0.0))
    p = min(1.0, float(least.p_value or 0.0) * len(tested))
    failed = p < FAILS_BELOW
    reason = because("experiment.unbalanced", p=p_text(p)) if failed else None
    return Check("balance_before", "failed" if failed else "passed", p, reason=reason)


def _stray(
    name: str, fault: dict[str, Any], column: str, why: Callable[[int, int], Reason]
) -> Check:
    total = float(fault.get("exposure_count") or 0)
    count = float(fault.get(column) or 0)
    failed = count > MOST_STRAY_EXPOSURES * total
    reason = why(int(count), int(total)) if failed else None
    return Check(name, "failed" if failed else "passed", statistic=count, reason=reason)


def _novelty(one: Experiment, arms: dict[str, Running | None]) -> Check:
    """Test whether the effect is the same in all weeks of first exposure (Cochran's Q).

    It never fails an experiment: a novelty that wears off is a finding about the effect.
    """
    control = arms.get(one.control or "")
    treated = [run for arm, run in arms.items() if arm != one.control and run]
    if not one.has_window or control is None or not treated:
        return Check("novelty", "not testable", reason=because("experiment.no_window"))
    found = [tested for run in treated if (tested := _between_weeks(control, run)) is not None]
    if not found:
        return Check("novelty", "not testable", reason=because("experiment.too_few_weeks"))
    p, statistic = min(found)
    p = min(1.0, p * len(found))
    reason = because("experiment.weeks_differ", p=p_text(p)) if p < FAILS_BELOW else None
    return Check("novelty", "passed", p, statistic, reason)


def _between_weeks(control: Running, treated: Running) -> tuple[float, float] | None:
    """Return p and Cochran's Q of an arm's effects by week; None below two weeks."""
    effects, weights = [], []
    for places in _weeks(control):
        found = compare(_between(control, places), _between(treated, places))
        if float(found.standard_error) > 0:
            effects.append(float(found.difference))
            weights.append(float(found.standard_error) ** -2)
    return between_groups(np.array(effects), np.array(weights))


def _weeks(running: Running) -> list[tuple[int, int]]:
    """Return the first and last place of the days of each week, the first day's week first."""
    first = running.days[0]
    weeks = [(day - first).days // _WEEK for day in running.days]
    return [
        (weeks.index(week), len(weeks) - 1 - weeks[::-1].index(week)) for week in sorted(set(weeks))
    ]


def _between(running: Running, places: tuple[int, int]) -> Moments:
    first, last = places
    totals = {
        name: values[last : last + 1] - (values[first - 1 : first] if first else 0.0)
        for name, values in running.totals.items()
    }
    return Running(running.days[:1], totals, running.is_ratio).moments()
