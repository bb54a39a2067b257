"""Effects within segments of units, and whether they differ between them. For ideas alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from footfall.evaluation.corrections import benjamini_hochberg
from footfall.experiments import fixed
from footfall.experiments.fixed import between_groups, compare
from footfall.experiments.moments import Moments
from footfall.experiments.readouts import Adjustment, number
from footfall.experiments.reasons import because
from footfall.experiments.sums import Experiment, Role, moments_of_rows

_ADJUSTMENTS: Sequence[Adjustment] = get_args(Adjustment)
#: Units of both arms below which a segment is not compared: the t-test of so few is a guess.
LEAST_UNITS = 30
Row = dict[str, Any]


def segments(one: Experiment, roles: Sequence[Role], sums: Sequence[Row]) -> list[Row]:
    """Compare each arm with the control within each segment.

    P is corrected by Benjamini and Hochberg over all segments, metrics and arms of one adjustment.
    Whether an effect differs between the segments of a kind is Cochran's test, corrected likewise
    over all kinds, metrics and arms.

    Parameters
    ----------
    sums
        Rows of `int_experiment_segment_sums` of this experiment.

    Returns
    -------
    list
        Rows of kind segment; see `scoring.SCHEMA`.
    """
    if one.control is None:
        return []
    cells: dict[tuple[str, str], dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in sums:
        cells[row["segment_kind"], row["metric"]][row["segment"], row["arm"]] = row
    found: list[Row] = []
    for adjustment in _ADJUSTMENTS:
        groups = [
            _of_kind(one, role, kind, arm, adjustment, cells[kind, role.metric])
            for kind in sorted({kind for kind, _ in cells})
            for role in roles
            for arm in one.arms
            if arm != one.control and (kind, role.metric) in cells
        ]
        rows = [row for group in groups for row in group]
        for row, p in zip(rows, benjamini_hochberg([row["p"] for row in rows]), strict=True):
            row["p_adjusted"] = p
        between = benjamini_hochberg([_between(group) for group in groups])
        for group, p in zip(groups, between, strict=True):
            for row in group:
                row["p_between"] = p
        found += rows
    return found


def _of_kind(
    one: Experiment,
    role: Role,
    kind: str,
    arm: str,
    adjustment: Adjustment,
    cells: Mapping[tuple[str, str], Row],
) -> list[Row]:
    """Compare one arm with the control in the segments of a kind, on one metric."""
    names = sorted({name for name, _ in cells})
    counts = {
        name: [
            int(cells.get((name, each), {}).get("unit_count", 0))
            for each in (one.control or "", arm)
        ]
        for name in names
    }
    rows: list[Row] = [
        {
            "kind": "segment",
            "experiment": one.name,
            "segment_kind": kind,
            "segment": name,
            "metric": role.metric,
            "role": role.role,
            "arm": arm,
            "control_arm": one.control,
            "method": "fixed",
            "adjustment": adjustment,
            "correction": "benjamini_hochberg",
            "is_provisional": not one.is_over,
            "control_units": counts[name][0],
            "units": counts[name][1],
            "p": None,
            "reason": because("experiment.small_segment", units=LEAST_UNITS),
        }
        for name in names
    ]
    compared = [row for row in rows if min(row["control_units"], row["units"]) >= LEAST_UNITS]
    if compared:
        arms = [
            moments_of_rows([cells[row["segment"], each] for row in compared])
            for each in (one.control or "", arm)
        ]
        _add_figures(compared, arms[0], arms[1], adjustment)
    return rows


def _add_figures(
    rows: Sequence[Row], control: Moments, treated: Moments, adjustment: Adjustment
) -> None:
    """Add what a comparison says, an element of the moments for each row."""
    found = compare(control, treated, with_covariate=adjustment == "cuped")
    width = np.where(found.standard_error > 0, fixed.half_width(found), np.nan)
    p = np.where(np.isfinite(width), fixed.p_value(found), np.nan)
    for place, row in enumerate(rows):
        error = float(found.standard_error[place])
        difference = float(found.difference[place])
        row.update(
            control_mean=number(found.control_mean[place]),
            mean=number(found.treated_mean[place]),
            difference=number(difference),
            standard_error=number(error),
            lower=number(difference - width[place] * error),
            upper=number(difference + width[place] * error),
            lift=number(found.lift[place]),
            p=number(p[place]),
        )
        row["reason"] = None
        if row["difference"] is None:
            row["reason"] = because("experiment.zero_denominator")
        elif row["p"] is None:
            row["reason"] = because("experiment.constant_outcome")
        elif row["lift"] is None:
            row["reason"] = because("experiment.no_lift")


def _between(rows: Sequence[Row]) -> float | None:
    """Return p of the test that the effect is the same in all segments."""
    known = [row for row in rows if row["p"] is not None]
    effects = np.array([row["difference"] for row in known], dtype=np.float64)
    errors = np.array([row["standard_error"] for row in known], dtype=np.float64)
    tested = between_groups(effects, errors**-2.0)
    return None if tested is None else tested[0]
