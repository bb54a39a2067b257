"""The arms of a warehouse's experiments that uplift can be learned of, and why others cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import BoolArray, FloatArray
from footfall.experiments.reasons import Reason, because

#: Fewer customers of an arm are not split four times.
LEAST_UNITS = 200
#: As few outcomes other than the most frequent one tell nobody apart.
LEAST_OUTCOMES = 25
#: As many units of an arm and its control are learned from and measured, drawn at random.
MOST_UNITS = 60_000
# Sums of amounts depend on the order of their rows in the last digits, which no model may see.
_DECIMALS = 6
_FEATURE = "f_"


@dataclass(frozen=True)
class Units:
    """Customers of an arm and of its control.

    Attributes
    ----------
    names
        Of the features, sorted.
    features
        NaN where unknown, ``[units, features]``.
    outcome
        Of the primary metric, larger where better, ``[units]``.
    treated
        Whether the unit was shown the arm, ``[units]``.
    """

    names: Sequence[str]
    features: FloatArray
    outcome: FloatArray
    treated: BoolArray


@dataclass(frozen=True)
class Case:
    """An arm of an experiment, compared with its control on the primary metric.

    Attributes
    ----------
    sign
        -1 where a lower metric is better, else 1.
    control_units, units
        Customers that could be learned from.
    left_out
        Units of the read-out that were not: visitors, and customers who could not be named when
        they were shown the arm. None where there is no read-out.
    reason
        Why nothing can be learned; None where it can.
    learned_from
        The customers; None where nothing can be learned.
    """

    experiment: str
    arm: str
    control: str | None
    metric: str | None
    sign: int
    control_units: int
    units: int
    left_out: int | None
    reason: Reason | None
    learned_from: Units | None


def feature_names(columns: Sequence[str]) -> list[str]:
    """Return which columns are features: no other can enter a model."""
    return sorted(name for name in columns if name.startswith(_FEATURE))


def matrix(table: pa.Table, names: Sequence[str]) -> FloatArray:
    """Return features of a table, NaN where unknown, ``[rows, features]``."""
    columns = [pc.fill_null(table[name].cast(pa.float64()), np.nan).to_numpy() for name in names]
    return np.round(np.column_stack(columns), _DECIMALS)


def cases_of(
    experiments: pa.Table, arms: pa.Table, roles: pa.Table, scored: pa.Table, units: pa.Table
) -> list[Case]:
    """Return every arm but the controls, in the order of experiment and arm.

    Parameters
    ----------
    experiments, arms, roles, scored, units
        The tables `int_experiments`, `int_experiment_arms`, `int_experiment_roles`,
        `scored_experiments` and `int_uplift_units`.
    """
    primary = {row["experiment"]: row for row in roles.to_pylist() if row["role"] == "primary"}
    by_experiment: dict[str, list[dict[str, Any]]] = {}
    for row in arms.to_pylist():
        by_experiment.setdefault(row["experiment"], []).append(row)
    failed = _failed_checks(scored)
    counted = _counted_units(scored)
    found = []
    for one in sorted(experiments.to_pylist(), key=lambda row: str(row["experiment"])):
        name = one["experiment"]
        role = primary.get(name)
        own = units.filter(pc.equal(units["experiment"], name)).sort_by("customer_no")
        shown = sorted(by_experiment.get(name, []), key=lambda row: str(row["arm"]))
        control = next((row["arm"] for row in shown if row["is_control"]), None)
        for arm in (row["arm"] for row in shown if row["arm"] != control):
            pair = own.filter(pc.is_in(own["arm"], pa.array([arm, control], pa.string())))
            treated = pc.equal(pair["arm"], arm).to_numpy(zero_copy_only=False).astype(bool)
            sign = -1 if role is not None and role["direction"] == "decrease" else 1
            outcome = sign * np.round(pair["outcome"].to_numpy().astype(np.float64), _DECIMALS)
            reason = _reason(one, role, control, failed.get(name, []), pair, treated, outcome)
            all_units = counted.get((name, arm))
            found.append(
                Case(
                    experiment=name,
                    arm=arm,
                    control=control,
                    metric=None if role is None else role["metric"],
                    sign=sign,
                    control_units=int((~treated).sum()),
                    units=int(treated.sum()),
                    left_out=None if all_units is None else all_units - len(treated),
                    reason=reason,
                    learned_from=None if reason else _units(pair, outcome, treated),
                )
            )
    return found


def _reason(
    one: Mapping[str, Any],
    role: Mapping[str, Any] | None,
    control: str | None,
    failed: Sequence[str],
    pair: pa.Table,
    treated: BoolArray,
    outcome: FloatArray,
) -> Reason | None:
    """Return why nothing can be learned of an arm."""
    if role is None:
        return because("uplift.no_primary_metric")
    if control is None:
        return because("uplift.no_control")
    if one["last_closed_on"] is None or one["last_closed_on"] >= one["complete_until"]:
        return because("uplift.windows_open")
    if failed:
        return because("uplift.unhealthy", checks=", ".join(failed))
    if "ratio" in pair["metric_kind"].to_pylist()[:1]:
        return because("uplift.ratio", metric=role["metric"])
    least = min(int(treated.sum()), int((~treated).sum()))
    if least < LEAST_UNITS:
        return because("uplift.few_units", count=least, least=LEAST_UNITS)
    values, counts = np.unique(outcome, return_counts=True)
    others = outcome != values[counts.argmax()]
    informative = min(int((others & treated).sum()), int((others & ~treated).sum()))
    if informative < LEAST_OUTCOMES:
        return because("uplift.few_outcomes", count=informative, least=LEAST_OUTCOMES)
    return None


def _units(pair: pa.Table, outcome: FloatArray, treated: BoolArray) -> Units:
    names = feature_names(pair.column_names)
    kept = np.arange(len(treated))
    if len(kept) > MOST_UNITS:
        kept = np.sort(np.random.default_rng(0).choice(kept, MOST_UNITS, replace=False))
    return Units(names, matrix(pair.take(kept), names), outcome[kept], treated[kept])


def _failed_checks(scored: pa.Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in scored.select(["kind", "experiment", "check_name", "verdict"]).to_pylist():
        if row["kind"] == "check" and row["verdict"] == "failed":
            found.setdefault(row["experiment"], []).append(row["check_name"])
    return {name: sorted(checks) for name, checks in found.items()}


def _counted_units(scored: pa.Table) -> dict[tuple[str, str], int]:
    """Return how many units the read-out of the primary metric compares, by experiment and arm."""
    columns = ["kind", "experiment", "arm", "role", "method", "adjustment", "switchers"]
    return {
        (row["experiment"], row["arm"]): row["units"] + row["control_units"]
        for row in scored.select([*columns, "units", "control_units"]).to_pylist()
        if (row["kind"], row["role"], row["method"], row["adjustment"], row["switchers"])
        == ("readout", "primary", "fixed", "none", "left_out")
        and row["units"] is not None
    }
