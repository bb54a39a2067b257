"""A file of sums over time: the columns of the ASOS Digital Experiments Dataset.

A row is an experiment, an arm, a metric and a moment, with counts, means and variances of the
control (`_c`) and the arm (`_t`) so far (Liu, Cardoso, Couturier and McCoy 2021, "Datasets for
online controlled experiments").
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.core.quoting import quoted
from footfall.experiments import always_valid, fixed
from footfall.experiments.boundaries import bounds
from footfall.experiments.files.names import listed
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.results import Figures, figures_of, health_of
from footfall.experiments.files.source import as_number, check_kind, is_no_number, opened
from footfall.experiments.fixed import compare
from footfall.experiments.moments import Moments
from footfall.experiments.planned_looks import information_of
from footfall.pages.theme.words import Words

KEYS = ("experiment_id", "variant_id", "metric_id")
NUMBERS = (
    "time_since_start", "count_c", "count_t", "mean_c", "mean_t", "variance_c", "variance_t",
)  # fmt: skip
#: Looks that a series is read at by `planned_looks`, evenly spaced in time.
LOOKS = 20


@dataclass(frozen=True)
class Series:
    """An arm of an experiment on a metric over time; arrays are ``[checkpoints]``.

    Attributes
    ----------
    experiment, arm, metric
        Which one.
    times
        Since the start.
    control, treated
        Moments so far.
    """

    experiment: str
    arm: str
    metric: str
    times: FloatArray
    control: Moments
    treated: Moments

    def at(self, place: int) -> tuple[Moments, Moments]:
        """Return both arms at a checkpoint."""
        control, treated = (
            Moments(one.units[place], one.mean[place], one.variance[place])
            for one in (self.control, self.treated)
        )
        return control, treated


def read_checkpoints(path: Path) -> list[Series]:
    """Read all series of a file, each in the order of time.

    Raises
    ------
    ExperimentProblem
        A column is missing or holds values that are not numbers, a row has no key or no time, or a
        checkpoint is there twice.
    """
    with duckdb.connect() as connection:
        source = opened(connection, path)
        if missing := [name for name in (*KEYS, *NUMBERS) if name not in source.types]:
            raise ExperimentProblem(
                f"SUMS: {path} has no column {listed(missing)}; its columns are "
                f"{listed(source.columns)}"
            )
        for name in NUMBERS:
            kind = source.types[name]
            check_kind(name, kind, "SUMS")
            wrong = is_no_number(name, kind)
            (found,) = connection.execute(
                f"select count(*) filter (where {wrong}),"
                f" any_value(cast({quoted(name)} as varchar)) filter (where {wrong})"
                f" from {source.relation}"
            ).fetchall()
            if found[0]:
                raise ExperimentProblem(
                    f"SUMS: column '{name}' holds values that are not numbers in {found[0]:,} "
                    f"rows, for instance '{found[1]}'"
                )
        keys = ", ".join(f"nullif(cast({name} as varchar), '') as {name}" for name in KEYS)
        numbers = ", ".join(f"{as_number(name, source.types[name])} as {name}" for name in NUMBERS)
        rows = connection.execute(
            f"select {keys}, {numbers} from {source.relation}"
            f" order by {', '.join(KEYS)}, time_since_start"
        ).fetchnumpy()
    for name in (*KEYS, "time_since_start"):
        unknown = np.ma.getmaskarray(rows[name]) | (np.asarray(rows[name], dtype=object) == None)  # noqa: E711
        if unknown.any():
            raise ExperimentProblem(
                f"SUMS: {int(unknown.sum()):,} rows have no {name}, which a checkpoint needs"
            )
    names = np.stack([np.asarray(rows[name], dtype=object) for name in KEYS], axis=1)
    values: dict[str, FloatArray] = {
        name: np.ma.filled(np.ma.asarray(rows[name], float), np.nan) for name in NUMBERS
    }
    starts = [0, *(1 + np.flatnonzero((names[1:] != names[:-1]).any(axis=1))), len(names)]
    return [
        _series(names[start], {name: one[start:end] for name, one in values.items()})
        for start, end in pairwise(starts)
    ]


def _series(names: Array, values: dict[str, FloatArray]) -> Series:
    times = values["time_since_start"]
    if (np.diff(times) <= 0).any():
        again = times[1:][np.diff(times) <= 0][0]
        key = ", ".join(f"{of} '{name}'" for of, name in zip(KEYS, names, strict=True))
        raise ExperimentProblem(f"SUMS: {key} has two rows with time_since_start {again:g}")
    control, treated = (
        Moments(values[f"count_{of}"], values[f"mean_{of}"], values[f"variance_{of}"])
        for of in "ct"
    )
    return Series(str(names[0]), str(names[1]), str(names[2]), times, control, treated)


def results_of(series: list[Series], words: Words) -> Figures:
    """Return health and figures at the last checkpoint, by experiment, metric and arm.

    Each arm also has what a reader who peeked would have seen: `peeked_p`, the smallest p of
    Welch's test at any checkpoint; whether `always_valid` ever found a difference; and whether
    20 planned looks did. `words` say why figures are undefined.
    """
    found: dict[str, Figures] = {}
    for one in series:
        experiment = found.setdefault(one.experiment, {"health": {}, "metrics": {}})
        figures = figures_of(*one.at(-1), words, with_covariate=False)
        experiment["metrics"].setdefault(one.metric, {})[one.arm] = figures | _over_time(one)
    for name, experiment in found.items():
        arms: dict[str, int] = {}
        for one in series:
            if one.experiment == name:
                # Metrics may have other units; the largest count is that of all units.
                for arm, moments in (("control", one.control), (one.arm, one.treated)):
                    count = np.nan_to_num(moments.units).max()
                    arms[arm] = max(arms.get(arm, 0), int(count))
        experiment["health"] = health_of(arms, None)
    return {"experiments": found}


def _over_time(one: Series) -> Figures:
    """Return what peeking, the sequence and planned looks say of a series."""
    with np.errstate(invalid="ignore"):
        everything = compare(one.control, one.treated)
        p = fixed.p_value(everything)
        rho = always_valid.tuned_rho(always_valid.USUAL_UNITS)
        width = always_valid.half_width(everything.units, rho) * everything.standard_error
        open_ = always_valid.is_open(one.control, one.treated) > 0
        ever = open_ & (np.abs(everything.difference) > width)
    # The checkpoint that comes first at or after each planned moment.
    planned = np.arange(1, LOOKS + 1) / LOOKS * one.times[-1]
    places = np.unique(np.searchsorted(one.times, planned - 1e-9))
    looked = compare(
        *(
            Moments(arm.units[places], arm.mean[places], arm.variance[places])
            for arm in (one.control, one.treated)
        )
    )
    limits = bounds(one.times[places] / one.times[-1], information_of(looked), fixed.ALPHA)
    with np.errstate(invalid="ignore"):
        decided = np.abs(fixed.z_value(looked)) >= limits
    return {
        "checkpoints": len(one.times),
        "peeked_p": float(np.nanmin(p)) if np.isfinite(p).any() else None,
        "always_valid_decided": bool(ever.any()),
        "planned_looks_decided": bool(decided.any()),
    }
