"""The sums of the warehouse as moments of arms, by experiment, metric and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.experiments.moments import Moments, from_sums

#: Which sum of `int_experiment_sums` is which argument of `from_sums`.
_ARGUMENTS = {
    "units": "unit_count",
    "y": "outcome_sum",
    "yy": "outcome_square_sum",
    "x": "covariate_sum",
    "xx": "covariate_square_sum",
    "xy": "outcome_covariate_sum",
    "nonzero": "nonzero_count",
}
_OF_RATIOS = {
    "d": "denominator_sum",
    "dd": "denominator_square_sum",
    "yd": "outcome_denominator_sum",
    "xd": "covariate_denominator_sum",
}
_OTHERS = ("history_count", "capped_count", "raw_outcome_sum")


@dataclass(frozen=True)
class Experiment:
    """An experiment as it was designed.

    Attributes
    ----------
    name
        As exposures have it.
    arms
        Its arms, sorted.
    shares
        Designed share of each of them; None where unknown.
    control
        The arm that the others are compared with; None where there is none.
    has_window
        Whether outcomes count for so many days from each unit's first exposure on.
    is_over
        Whether all windows are over; without windows, whether the last day is.
    looks
        Day and share of time of each planned look that was taken, in order.
    has_looks_left
        Whether a planned look is still to come.
    planned_units
        Units of all arms that it was planned for; None where nobody said.
    """

    name: str
    arms: Sequence[str]
    shares: Sequence[float] | None
    control: str | None
    has_window: bool
    is_over: bool
    looks: Sequence[tuple[date, float]]
    has_looks_left: bool = False
    planned_units: int | None = None

    def planned_units_of(self, arm: str) -> float | None:
        """Return the planned units of an arm and the control; None where nobody said."""
        if self.planned_units is None:
            return None
        if self.shares is None:
            return self.planned_units * 2 / len(self.arms)
        shares = dict(zip(self.arms, self.shares, strict=True))
        return self.planned_units * (shares[arm] + shares[self.control or arm])


@dataclass(frozen=True)
class Role:
    """What a metric is to an experiment.

    Attributes
    ----------
    metric
        Its name.
    role
        primary, guardrail or other.
    margin
        Of a guardrail: how much worse it may get, as a share of the control's mean.
    higher_is_better
        Its direction.
    """

    metric: str
    role: str
    margin: float | None
    higher_is_better: bool


@dataclass(frozen=True)
class Running:
    """Running totals of one arm and metric; float64 ``[days]`` by the name of the sum.

    Attributes
    ----------
    days
        Days on which any arm of the experiment changed.
    totals
        By the names of the columns of `int_experiment_sums`.
    is_ratio
        Whether it has denominators.
    """

    days: Sequence[date]
    totals: Mapping[str, FloatArray]
    is_ratio: bool

    def moments(self, until: int | slice = -1) -> Moments:
        """Return the moments by the end of a day, or of several days at once."""
        names = {**_ARGUMENTS, **(_OF_RATIOS if self.is_ratio else {})}
        return from_sums(**{name: self.totals[column][until] for name, column in names.items()})

    def place_of(self, day: date) -> int | None:
        """Return the place of the last day that is not after another; None before the first."""
        before = sum(each <= day for each in self.days)
        return before - 1 if before else None

    def last(self, column: str) -> float:
        """Return the total of a column by the last day."""
        return float(self.totals[column][-1])


def moments_of_rows(rows: Sequence[Mapping[str, Any]]) -> Moments:
    """Return the moments of one arm and metric in several groups of units.

    Parameters
    ----------
    rows
        Of `int_experiment_segment_sums`, one a group.
    """
    is_ratio = rows[0]["metric_kind"] == "ratio"
    names = {**_ARGUMENTS, **(_OF_RATIOS if is_ratio else {})}
    return from_sums(
        **{
            name: np.array([row[column] or 0.0 for row in rows], dtype=np.float64)
            for name, column in names.items()
        }
    )


#: Running totals by experiment, way of counting switchers, state of caps, metric and arm.
Series = Mapping[tuple[str, str, str, str, str], Running]


def experiments_of(experiments: pa.Table, arms: pa.Table, looks: pa.Table) -> list[Experiment]:
    """Return the experiments of `int_experiments` with their arms and the looks that were taken."""
    arms_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for arm in arms.to_pylist():
        arms_of[arm["experiment"]].append(arm)
    looks_of: dict[str, dict[date, float]] = defaultdict(dict)
    left: set[str] = set()
    for look in looks.to_pylist():
        if look["is_taken"]:
            looks_of[look["experiment"]][look["look_on"]] = look["time_share"]
        else:
            left.add(look["experiment"])
    found = []
    for row in sorted(experiments.to_pylist(), key=lambda each: str(each["experiment"])):
        name = row["experiment"]
        own = sorted(arms_of[name], key=lambda arm: str(arm["arm"]))
        shares = [arm["designed_share"] for arm in own]
        last = row["last_closed_on"]
        found.append(
            Experiment(
                name=name,
                arms=[arm["arm"] for arm in own],
                shares=None if not shares or None in shares else shares,
                control=next((arm["arm"] for arm in own if arm["is_control"]), None),
                has_window=row["outcome_days"] is not None,
                is_over=last is not None and last < row["complete_until"],
                looks=sorted(looks_of[name].items()),
                has_looks_left=name in left,
                planned_units=row["planned_units"],
            )
        )
    return found


def by_experiment(table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table by their experiment."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        found[row["experiment"]].append(row)
    return found


def roles_of(roles: pa.Table) -> dict[str, list[Role]]:
    """Return the metrics of each experiment, sorted by name."""
    found: dict[str, list[Role]] = defaultdict(list)
    for row in sorted(roles.to_pylist(), key=lambda each: str(each["metric"])):
        found[row["experiment"]].append(
            Role(row["metric"], row["role"], row["margin"], row["direction"] == "increase")
        )
    return found


def series_of(sums: pa.Table) -> Series:
    """Return running totals of `int_experiment_sums`; arms of an experiment share their days."""
    days: dict[str, set[date]] = defaultdict(set)
    rows: dict[tuple[str, str, str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in sums.to_pylist():
        days[row["experiment"]].add(row["summed_on"])
        key = (
            row["experiment"], row["switchers"], row["known_at"], row["metric"], row["arm"]
        )  # fmt: skip
        rows[key].append(row)
    axes = {name: sorted(own) for name, own in days.items()}
    return {key: _running(own, axes[key[0]]) for key, own in rows.items()}


def _running(rows: Iterable[Mapping[str, Any]], days: Sequence[date]) -> Running:
    own = list(rows)
    place = {day: index for index, day in enumerate(days)}
    at = [place[row["summed_on"]] for row in own]
    totals: dict[str, FloatArray] = {}
    for column in (*_ARGUMENTS.values(), *_OF_RATIOS.values(), *_OTHERS):
        changes = np.zeros(len(days))
        changes[at] = [row[column] or 0.0 for row in own]
        totals[column] = np.cumsum(changes)
    return Running(days, totals, own[0]["metric_kind"] == "ratio")
