"""How comparisons stood by the end of each day, by intervals that hold on all days at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from footfall.experiments import always_valid
from footfall.experiments.fixed import ALPHA, compare
from footfall.experiments.readouts import Adjustment, number, too_few_units
from footfall.experiments.reasons import because
from footfall.experiments.sums import Experiment, Role, Running, Series

_ADJUSTMENTS: Sequence[Adjustment] = get_args(Adjustment)
Row = dict[str, Any]


def days(one: Experiment, roles: Sequence[Role], series: Series) -> list[Row]:
    """Read each day on which units began to count, by the sequence that holds at any time.

    Returns
    -------
    list
        Rows of kind daily; see `scoring.SCHEMA`.
    """
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
            planned = one.planned_units_of(arm) or always_valid.USUAL_UNITS
            for adjustment in _ADJUSTMENTS:
                for row in _days_of(pair[0], pair[1], adjustment, planned):
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


def _days_of(
    control: Running, treated: Running, adjustment: Adjustment, planned: float
) -> list[Row]:
    each = slice(None)
    first, second = control.moments(each), treated.moments(each)
    found = compare(first, second, with_covariate=adjustment == "cuped")
    rho = always_valid.tuned_rho(planned)
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
            row["reason"] = too_few_units()
        elif row["lower"] is None:
            row["reason"] = because("experiment.constant_outcome")
        rows.append(row)
    return rows
