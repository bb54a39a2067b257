"""Every read-out, check and day of the experiments of a warehouse, as rows of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, get_args

import pyarrow as pa

from footfall.experiments import always_valid
from footfall.experiments.checking import checks_of
from footfall.experiments.daily import days
from footfall.experiments.health import all_pass
from footfall.experiments.judging import add_chances_to_be_best, judge
from footfall.experiments.readouts import (
    Adjustment,
    Method,
    Readout,
    number,
    read_always_valid,
    read_fixed,
    read_planned_looks,
)
from footfall.experiments.reasons import Reason, because, stored
from footfall.experiments.segments import segments
from footfall.experiments.sums import (
    Experiment,
    Role,
    Running,
    Series,
    by_experiment,
    experiments_of,
    roles_of,
    series_of,
)

_TEXTS = (
    *("kind", "experiment", "metric", "role", "arm", "control_arm", "switchers"),
    *("method", "adjustment", "check_name", "verdict", "correction"),
    *("reason_key", "reason_values", "segment_kind", "segment"),
)
_COUNTS = ("control_units", "units", "capped_count")
_NUMBERS = (
    *("control_mean", "mean", "difference", "standard_error", "lower", "upper", "p"),
    *("p_adjusted", "lift", "lift_lower", "lift_upper", "chance_to_beat_control"),
    *(
        "chance_to_be_best",
        "expected_loss",
        "detectable_effect",
        "variance_kept",
        "theta",
        "raw_difference",
    ),
    *("history_share", "margin", "statistic", "p_between"),
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
    segment_sums: pa.Table | None = None,
) -> pa.Table:
    """Read all experiments.

    Parameters
    ----------
    experiments, arms, looks, roles, sums, counts, faults
        The tables `int_experiments`, `int_experiment_arms`, `int_experiment_looks`,
        `int_experiment_roles`, `int_experiment_sums`, `int_experiment_counts` and
        `int_experiment_faults`.
    segment_sums
        The table `int_experiment_segment_sums`; None to read no segments.

    Returns
    -------
    pa.Table
        The columns of `SCHEMA`; `kind` is readout, check, daily or segment. What a kind of row does
        not have is null.
    """
    series, roles_by_name = series_of(sums), roles_of(roles)
    counts_by_name, faults_by_name = by_experiment(counts), by_experiment(faults)
    segments_by_name = {} if segment_sums is None else by_experiment(segment_sums)
    rows: list[Row] = []
    for one in experiments_of(experiments, arms, looks):
        own = roles_by_name.get(one.name, [])
        checks = checks_of(
            one,
            own,
            series,
            counts_by_name.get(one.name, []),
            next(iter(faults_by_name.get(one.name, [])), {}),
        )
        rows += [
            {
                "kind": "check",
                "experiment": one.name,
                "check_name": check.name,
                "verdict": check.verdict,
                "p": check.p_value,
                "statistic": check.statistic,
                "reason": check.reason,
            }
            for check in checks
        ]
        rows += _readouts(one, own, series, is_healthy=all_pass(checks))
        rows += days(one, own, series)
        rows += segments(one, own, segments_by_name.get(one.name, []))
    worded = [{**row, **stored(row.get("reason"))} for row in rows]
    return pa.Table.from_pylist(worded, schema=SCHEMA)


def _readouts(
    one: Experiment, roles: Sequence[Role], series: Series, *, is_healthy: bool
) -> list[Row]:
    rows: list[Row] = []
    for switchers in ("left_out", "in_first_arm"):
        # The second way of counting is there to be compared with the first: once is enough.
        methods = _METHODS if switchers == "left_out" else ("fixed",)
        for method in methods:
            for adjustment in _ADJUSTMENTS:
                states = [one]
                if method == "planned_looks" and len(one.arms) > 2:
                    # The look at which an arm wins is the last one for the other arms too.
                    states = [
                        replace(one, looks=one.looks[:count], has_looks_left=True)
                        for count in range(1, len(one.looks))
                    ] + states
                for state in states:
                    found = [
                        row
                        for arm in one.arms
                        if one.control is not None and arm != one.control
                        for row in _arm(state, roles, arm, series, switchers, method, adjustment)
                    ]
                    judge(found, is_healthy=is_healthy)
                    if any(row.get("verdict") == "wins" for row in found):
                        break
                add_chances_to_be_best(found)
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

    The planned look that stands for the primary metric stands for the others too: a guardrail
    that moves later changes no verdict.
    """
    rows: list[Row] = []
    look: int | None = None
    for role in sorted(roles, key=lambda each: each.role != "primary"):
        row = _readout(one, role, arm, series, switchers, method, adjustment, look)
        if row is None:
            continue
        rows.append(row)
        if role.role == "primary":
            look = row.get("look")
    return rows


def _readout(
    one: Experiment,
    role: Role,
    arm: str,
    series: Series,
    switchers: str,
    method: Method,
    adjustment: Adjustment,
    look: int | None,
) -> Row | None:
    """Read one arm on one metric; None where there is nothing to read at all.

    Parameters
    ----------
    look
        The planned look to read; None for the one that stands.
    """
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
        "is_over": one.is_over if method != "planned_looks" else not one.has_looks_left,
    }
    control, treated = pair
    if method != "fixed" and not one.has_window:
        return {**row, "reason": because("experiment.fixed_only")}
    if control is None or treated is None:
        return {**row, "reason": because("experiment.no_unit_yet")}
    read = _read(one, role, method, adjustment, control, treated, arm, look)
    if isinstance(read, Reason):
        return {**row, "reason": read}
    found, place, read_on = read
    row.update(asdict(found))
    row["read_on"] = read_on
    row["pair"] = control.moments(place), treated.moments(place)
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
    arm: str,
    look: int | None,
) -> tuple[Readout, int, date] | Reason:
    """Return a read-out, the place of its totals and the day that it is of, or why none is."""
    last = len(control.days) - 1
    if method == "planned_looks":
        if not one.looks:
            return because("experiment.no_look_taken")
        taken = [
            (place, day, share)
            for day, share in one.looks
            if (place := control.place_of(day)) is not None
        ]
        found = read_planned_looks(
            [share for _, _, share in taken],
            [control.moments(place) for place, _, _ in taken],
            [treated.moments(place) for place, _, _ in taken],
            at=look,
            adjustment=adjustment,
            higher_is_better=role.higher_is_better,
        )
        if found is None:
            return because("experiment.no_unit_at_look")
        standing = taken[found.look or 0]
        return found, standing[0], standing[1]
    if method == "fixed":
        found = read_fixed(
            control.moments(),
            treated.moments(),
            adjustment=adjustment,
            higher_is_better=role.higher_is_better,
        )
    else:
        found = read_always_valid(
            control.moments(),
            treated.moments(),
            adjustment=adjustment,
            planned_units=one.planned_units_of(arm) or always_valid.USUAL_UNITS,
            higher_is_better=role.higher_is_better,
        )
    return found, last, control.days[last]
