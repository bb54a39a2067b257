"""Every read-out, check and day of the experiments of a warehouse, as rows of one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from footfall.experiments import always_valid
from footfall.experiments.checking import checks_of
from footfall.experiments.corrections import benjamini_hochberg, holm
from footfall.experiments.fixed import ALPHA, compare
from footfall.experiments.health import all_pass
from footfall.experiments.readouts import (
    Adjustment,
    Method,
    Readout,
    number,
    read_always_valid,
    read_fixed,
    read_planned_looks,
)
from footfall.experiments.sums import (
    Experiment,
    Role,
    Running,
    Series,
    experiments_of,
    roles_of,
    series_of,
)
from footfall.experiments.verdicts import Contender, Guardrail, guardrail_holds, winner

_TEXTS = (
    *("kind", "experiment", "metric", "role", "arm", "control_arm", "switchers"),
    *("method", "adjustment", "check_name", "verdict", "reason", "correction"),
)
_COUNTS = ("control_units", "units", "capped_count")
_NUMBERS = (
    *("control_mean", "mean", "difference", "standard_error", "lower", "upper", "p"),
    *("p_adjusted", "lift", "lift_lower", "lift_upper", "chance_to_beat_control"),
    *("expected_loss", "detectable_effect", "variance_kept", "theta", "raw_difference"),
    *("history_share", "margin", "statistic"),
)
_FLAGS = ("is_decided", "is_provisional", "is_guardrail_held")
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _TEXTS),
        *(pa.field(name, pa.int64()) for name in _COUNTS),
        *(pa.field(name, pa.float64()) for name in _NUMBERS),
        *(pa.field(name, pa.bool_()) for name in _FLAGS),
        pa.field("read_on", pa.date32()),
    ]
)
_METHODS: Sequence[Method] = get_args(Method)
_ADJUSTMENTS: Sequence[Adjustment] = get_args(Adjustment)
Row = dict[str, Any]


def score(
    experiments: pa.Table,
    arms: pa.Table,
    looks: pa.Table,
    roles: pa.Table,
    sums: pa.Table,
    counts: pa.Table,
    faults: pa.Table,
) -> pa.Table:
    """Read all experiments.

    Parameters
    ----------
    experiments, arms, looks, roles, sums, counts, faults
        The tables `int_experiments`, `int_experiment_arms`, `int_experiment_looks`,
        `int_experiment_roles`, `int_experiment_sums`, `int_experiment_counts` and
        `int_experiment_faults`.

    Returns
    -------
    pa.Table
        The columns of `SCHEMA`; `kind` is readout, check or daily. What a kind of row does not
        have is null.
    """
    series, roles_by_name = series_of(sums), roles_of(roles)
    rows: list[Row] = []
    for one in experiments_of(experiments, arms, looks):
        own = roles_by_name.get(one.name, [])
        checks = checks_of(one, own, series, counts, faults)
        rows += [
            {
                "kind": "check",
                "experiment": one.name,
                "check_name": check.name,
                "verdict": check.verdict,
                "p": check.p_value,
                "statistic": check.statistic,
                "reason": check.reason or None,
            }
            for check in checks
        ]
        rows += _readouts(one, own, series, is_healthy=all_pass(checks))
        rows += _days(one, own, series)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _readouts(
    one: Experiment, roles: Sequence[Role], series: Series, *, is_healthy: bool
) -> list[Row]:
    rows: list[Row] = []
    for switchers in ("left_out", "in_first_arm"):
        # The second way of counting is there to be compared with the first: once is enough.
        methods = _METHODS if switchers == "left_out" else ("fixed",)
        for method in methods:
            for adjustment in _ADJUSTMENTS:
                found = [
                    row
                    for arm in one.arms
                    if one.control is not None and arm != one.control
                    for row in _arm(one, roles, arm, series, switchers, method, adjustment)
                ]
                _judge(found, is_healthy=is_healthy)
                rows += found
    return rows


def _arm(
    one: Experiment,
    roles: Sequence[Role],
    arm: str,
    series: Series,
    switchers: str,
    method: Method,
    adjustment: Adjustment,
) -> list[Row]:
    """Read one arm on all metrics.

    The look at which the primary metric decides is the last one for the others too: a guardrail
    that moves later changes no verdict.
    """
    rows: list[Row] = []
    for role in sorted(roles, key=lambda each: each.role != "primary"):
        row = _readout(one, role, arm, series, switchers, method, adjustment)
        if row is None:
            continue
        rows.append(row)
        if method == "planned_looks" and role.role == "primary" and row["is_decided"]:
            looks = [look for look in one.looks if look[0] <= row["read_on"]]
            one = replace(one, looks=looks)
    return rows


def _readout(
    one: Experiment,
    role: Role,
    arm: str,
    series: Series,
    switchers: str,
    method: Method,
    adjustment: Adjustment,
) -> Row | None:
    """Read one arm on one metric; None where there is nothing to read at all."""
    known_at = "first_look" if method == "planned_looks" else "now"
    pair = [
        series.get((one.name, switchers, known_at, role.metric, each))
        for each in (one.control or "", arm)
    ]
    if switchers != "left_out" and None in pair:
        return None
    row: Row = {
        "kind": "readout",
        "experiment": one.name,
        "metric": role.metric,
        "role": role.role,
        "margin": role.margin,
        "higher_is_better": role.higher_is_better,
        "arm": arm,
        "control_arm": one.control,
        "switchers": switchers,
        "method": method,
        "adjustment": adjustment,
        "is_decided": False,
        "is_provisional": method == "fixed" and not one.is_over,
    }
    control, treated = pair
    if method != "fixed" and not one.has_window:
        return {**row, "reason": "outcome_days is empty: only fixed reads it, after the end"}
    if control is None or treated is None:
        return {**row, "reason": "no unit of an arm counts yet"}
    read = _read(one, role, method, adjustment, control, treated)
    if isinstance(read, str):
        return {**row, "reason": read}
    found, place = read
    row.update(asdict(found))
    row["read_on"] = control.days[place]
    units = treated.totals["unit_count"][place]
    raw = treated.totals["raw_outcome_sum"], control.totals["raw_outcome_sum"]
    if not control.is_ratio and units and found.control_units:
        row["raw_difference"] = number(
            float(raw[0][place] / units - raw[1][place] / found.control_units)
        )
    row["capped_count"] = int(
        treated.totals["capped_count"][place] + control.totals["capped_count"][place]
    )
    row["history_share"] = number(
        (treated.totals["history_count"][place] + control.totals["history_count"][place])
        / max(found.units + found.control_units, 1)
    )
    return row


def _read(
    one: Experiment,
    role: Role,
    method: Method,
    adjustment: Adjustment,
    control: Running,
    treated: Running,
) -> tuple[Readout, int] | str:
    """Return a read-out and the place of its day, or why there is none."""
    last = len(control.days) - 1
    if method == "planned_looks":
        if not one.looks:
            return "no planned look was taken"
        taken = [
            (place, share)
            for day, share in one.looks
            if (place := control.place_of(day)) is not None
        ]
        found = read_planned_looks(
            [share for _, share in taken],
            [control.moments(place) for place, _ in taken],
            [treated.moments(place) for place, _ in taken],
            adjustment=adjustment,
            higher_is_better=role.higher_is_better,
        )
        if found is None:
            return "no unit counted at a planned look"
        standing = next(
            (place for place, _ in taken if treated.totals["unit_count"][place] == found.units
             and control.totals["unit_count"][place] == found.control_units),
            taken[-1][0],
        )  # fmt: skip
        return found, standing
    reader = read_fixed if method == "fixed" else read_always_valid
    return (
        reader(
            control.moments(),
            treated.moments(),
            adjustment=adjustment,
            higher_is_better=role.higher_is_better,
        ),
        last,
    )


def _judge(rows: Sequence[Row], *, is_healthy: bool) -> None:
    """Correct p for how many questions were asked, and say which arm wins."""
    primary = [row for row in rows if row["role"] == "primary"]
    others = [row for row in rows if row["role"] != "primary"]
    for group, correct, name in (
        (primary, holm, "holm"),
        (others, benjamini_hochberg, "benjamini_hochberg"),
    ):
        for row, p in zip(group, correct([row.get("p") for row in group]), strict=True):
            row["p_adjusted"], row["correction"] = p, name
    guards: dict[str, list[Guardrail]] = {row["arm"]: [] for row in rows}
    for row in others:
        if row["role"] == "guardrail" and row["margin"] is not None:
            guard = Guardrail(
                row["metric"],
                row.get("lift_lower"),
                row.get("lift_upper"),
                row["margin"],
                row["higher_is_better"],
            )
            guards[row["arm"]].append(guard)
            is_known = guard.lower is not None and guard.upper is not None
            row["is_guardrail_held"] = guardrail_holds(guard) if is_known else None
    if not primary:
        return
    outcome = winner(
        [
            Contender(row["arm"], row.get("difference"), row.get("p"), guards[row["arm"]])
            for row in primary
        ],
        health_passed=is_healthy,
        higher_is_better=primary[0]["higher_is_better"],
    )
    why: str | None
    for row in primary:
        if row["is_provisional"]:
            row["verdict"], why = "open", "provisional: the experiment is not over"
        elif row.get("p") is None:
            row["verdict"], why = "none", row.get("reason")
        elif row["arm"] == outcome.arm:
            row["verdict"], why = "wins", None
        else:
            row["verdict"], why = "does not win", outcome.reasons[row["arm"]]
        row["reason"] = row.get("reason") or why


def _days(one: Experiment, roles: Sequence[Role], series: Series) -> list[Row]:
    """Read each day on which units began to count, by the sequence that holds at any time."""
    if not one.has_window or one.control is None:
        return []
    rows: list[Row] = []
    for role in roles:
        for arm in one.arms:
            pair = [
                series.get((one.name, "left_out", "now", role.metric, each))
                for each in (one.control, arm)
            ]
            if arm == one.control or pair[0] is None or pair[1] is None:
                continue
            for adjustment in _ADJUSTMENTS:
                for row in _days_of(pair[0], pair[1], adjustment):
                    rows.append(
                        {
                            **row,
                            "kind": "daily",
                            "experiment": one.name,
                            "metric": role.metric,
                            "role": role.role,
                            "arm": arm,
                            "control_arm": one.control,
                            "method": "always_valid",
                            "adjustment": adjustment,
                        }
                    )
    return rows


def _days_of(control: Running, treated: Running, adjustment: Adjustment) -> list[Row]:
    each = slice(None)
    first, second = control.moments(each), treated.moments(each)
    found = compare(first, second, with_covariate=adjustment == "cuped")
    rho = always_valid.tuned_rho()
    is_open = always_valid.is_open(first, second) > 0
    width = np.where(
        is_open & (found.standard_error > 0),
        always_valid.half_width(found.units, rho, ALPHA) * found.standard_error,
        np.nan,
    )
    p = np.where(np.isfinite(width), always_valid.p_value(found, rho), np.nan)
    columns: Mapping[str, Any] = {
        "control_units": first.units,
        "units": second.units,
        "control_mean": found.control_mean,
        "mean": found.treated_mean,
        "difference": found.difference,
        "lower": found.difference - width,
        "upper": found.difference + width,
        "p": p,
        "lift": found.lift,
    }
    rows = []
    for place, day in enumerate(control.days):
        row: Row = {name: number(values[place]) for name, values in columns.items()}
        row["control_units"], row["units"] = int(first.units[place]), int(second.units[place])
        row["read_on"] = day
        if not is_open[place]:
            row["reason"] = (
                f"fewer than {always_valid.LEAST_UNITS} units or {always_valid.LEAST_NONZERO} "
                "outcomes other than 0 in an arm"
            )
        elif row["lower"] is None:
            row["reason"] = "the outcome does not vary"
        rows.append(row)
    return rows
