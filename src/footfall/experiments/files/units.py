"""A file with a row a unit, or several: units by arm, and the moments of each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.quoting import quoted
from footfall.experiments.files.aggregates import aggregates, moments_of
from footfall.experiments.files.names import (
    Metric,
    by_folded,
    check_roles,
    column_named,
    covariates_of,
    listed,
    metrics_of,
    one_of,
    quantile_of,
    shares_of,
)
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.source import Source, as_number, check_kind, is_no_number, opened
from footfall.experiments.moments import Moments

#: More values than this are no arms.
MOST_ARMS = 100


@dataclass(frozen=True)
class Request:
    """What was asked, as it was written; empty where it was not given.

    Attributes
    ----------
    arm, control, metrics, covariate, shares, unit
        Columns and values; see docs/experiments.md.
    winsor
        Quantile to cap at; 1 caps nothing.
    """

    arm: str
    control: str
    metrics: str
    covariate: str = ""
    shares: str = ""
    unit: str = ""
    winsor: str = "1"


@dataclass(frozen=True)
class Units:
    """What a file holds.

    Attributes
    ----------
    control
        The arm that others are compared with.
    arms
        Units by arm, switching ones left out.
    shares
        Designed share by arm; None where none were given.
    switchers
        Units in two arms, which are left out.
    null_units
        Units left out for an arm, an id or a metric that is not known.
    metrics
        As they were asked for.
    moments
        Moments by metric and arm.
    covariates
        Column of the covariate by metric, where there is one.
    notes
        What a reader should know about how the file was read.
    """

    control: str
    arms: Mapping[str, int]
    shares: Mapping[str, float] | None
    switchers: int
    null_units: int
    metrics: Sequence[Metric]
    moments: Mapping[str, Mapping[str, Moments]]
    covariates: Mapping[str, str]
    notes: Sequence[str]


def read_units(path: Path, asked: Request) -> Units:
    """Read an experiment.

    Raises
    ------
    ExperimentProblem
        The file or what was asked of it is wrong; the message names the column or the value.
    """
    winsor = quantile_of(asked.winsor)
    with duckdb.connect() as connection:
        source = opened(connection, path)
        columns = source.columns
        arm = column_named(asked.arm, columns, "ARM", str(path))
        unit = column_named(asked.unit, columns, "UNIT", str(path)) if asked.unit else None
        metrics = metrics_of(asked.metrics, columns, str(path))
        covariates = covariates_of(asked.covariate, metrics, columns, str(path))
        check_roles(arm, unit, metrics, covariates)
        shares = shares_of(asked.shares, arm) if asked.shares.strip() else None
        reading = _Reading(connection, source, arm, unit, metrics, covariates)
        try:
            reading.load()
            arms = reading.arms()
            control = one_of(asked.control, list(arms), "CONTROL", arm)
            return Units(
                control,
                arms,
                None if shares is None else by_folded(shares, list(arms), arm),
                reading.switchers(),
                reading.null_units(),
                metrics,
                reading.moments(winsor),
                covariates,
                reading.notes,
            )
        except duckdb.Error as error:
            raise ExperimentProblem(
                f"{path} cannot be read: {str(error).splitlines()[0]}"
            ) from error


class _Reading:
    """The tables that a file becomes on the way to moments.

    `units` has a row a unit: arm (null where unknown), last_arm and is_switcher, and v0, v1, … for
    the columns that metrics and covariates read.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        arm: str,
        unit: str | None,
        metrics: Sequence[Metric],
        covariates: Mapping[str, str],
    ) -> None:
        self.connection = connection
        self.source = source
        self.arm, self.unit = arm, unit
        self.metrics, self.covariates = metrics, covariates
        outcomes = [one.column for one in metrics]
        outcomes += [one.denominator for one in metrics if one.denominator is not None]
        self.outcomes = list(dict.fromkeys(outcomes))
        self.before = list(dict.fromkeys(covariates.values()))
        self.values = {
            name: f"v{place}"
            for place, name in enumerate(dict.fromkeys([*self.outcomes, *self.before]))
        }
        self.notes: list[str] = []

    def load(self) -> None:
        """Read the file once, check what should be numbers, and make a row a unit."""
        for name in self.values:
            check_kind(name, self.source.types[name], self._variable(name))
        kept = [self.arm, *([self.unit] if self.unit else []), *self.values]
        chosen = ", ".join(quoted(name) for name in dict.fromkeys(kept))
        self.connection.execute(
            f"create temp table raw as select {chosen} from {self.source.relation}"
        )
        self._check_numbers()
        numbers = ", ".join(
            f"{as_number(name, self.source.types[name])} as {short}"
            for name, short in self.values.items()
        )
        arm = f"nullif(cast({quoted(self.arm)} as varchar), '') as arm"
        if self.unit is None:
            self.connection.execute(
                f"create temp table units as select {arm}, null::varchar as last_arm,"
                f" false as is_switcher, {numbers} from raw"
            )
            return
        unit = f"nullif(cast({quoted(self.unit)} as varchar), '') as unit"
        self.connection.execute(
            f"create temp table unit_rows as select {unit}, {arm}, {numbers} from raw"
        )
        self.connection.execute("drop table raw")
        self._sum_over_rows()

    def _check_numbers(self) -> None:
        checks = ", ".join(
            f"count(*) filter (where {wrong}), any_value(cast({quoted(name)} as varchar))"
            f" filter (where {wrong}), count({as_number(name, self.source.types[name])})"
            for name in self.values
            for wrong in [is_no_number(name, self.source.types[name])]
        )
        (found,) = self.connection.execute(f"select count(*), {checks} from raw").fetchall()
        for place, name in enumerate(self.values):
            count, example, known = found[1 + 3 * place : 4 + 3 * place]
            if count:
                raise ExperimentProblem(
                    f"{self._variable(name)}: column '{name}' holds values that are not numbers in "
                    f"{count:,} of {found[0]:,} rows, for instance '{example}'"
                )
            if not known:
                raise ExperimentProblem(f"{self._variable(name)}: column '{name}' is empty")

    def _sum_over_rows(self) -> None:
        """Make a row a unit: outcomes are summed, and so are covariates that vary within units."""
        varying = set()
        if self.before:
            tests = ", ".join(
                f"coalesce(bool_or(low_{self.values[name]} < high_{self.values[name]}), false)"
                for name in self.before
            )
            ends = ", ".join(
                f"min({self.values[name]}) as low_{self.values[name]},"
                f" max({self.values[name]}) as high_{self.values[name]}"
                for name in self.before
            )
            (found,) = self.connection.execute(
                f"select {tests} from (select {ends} from unit_rows group by unit)"
            ).fetchall()
            varying = {name for name, varies in zip(self.before, found, strict=True) if varies}
        for name in self.before:
            how = (
                "summed over the rows of a unit" if name in varying else "the same in all its rows"
            )
            self.notes.append(f"covariate '{name}' is {how}")
        made = ", ".join(
            f"{'sum' if name in self.outcomes or name in varying else 'max'}({short}) as {short}"
            for name, short in self.values.items()
        )
        # A unit without any known value has bought nothing; rows of no arm belong to none.
        outcomes = ", ".join(
            f"coalesce({short}, 0e0) as {short}" if name in self.outcomes else short
            for name, short in self.values.items()
        )
        (lost,) = self.connection.execute(
            "select count(*) filter (where arm is null), count(*) filter (where unit is null),"
            " count(*) filter (where unit is not null and arm is not null) from unit_rows"
        ).fetchall()
        if not lost[2]:
            raise ExperimentProblem(
                f"UNIT: no row has both a unit in '{self.unit}' and an arm in '{self.arm}'"
            )
        for count, what in zip(lost[:2], ("arm", "unit"), strict=True):
            if count:
                self.notes.append(f"{count:,} rows without {what} are left out")
        self.connection.execute(
            f"""
            create temp table units as
            select arm, last_arm, is_switcher, {outcomes}
            from (
                select
                    min(arm) as arm,
                    max(arm) as last_arm,
                    coalesce(min(arm) <> max(arm), false) as is_switcher,
                    {made}
                from unit_rows
                where unit is not null and arm is not null
                group by unit
            )
            union all
            -- A unit of which no arm is known counts as one that is not known.
            select null, null, false, {", ".join(["null"] * len(self.values))}
            from unit_rows
            where unit is not null
            group by unit
            having count(arm) = 0
            union all
            select null, null, false, {", ".join(["null"] * len(self.values))}
            from unit_rows
            where unit is null
            """
        )
        self.connection.execute("drop table unit_rows")

    def arms(self) -> dict[str, int]:
        """Count the units of each arm.

        Raises
        ------
        ExperimentProblem
            There are fewer than two arms, or too many.
        """
        rows = self.connection.execute(
            f"""
            select arm, max(unit_count) from (
                select arm, count(*) filter (where not is_switcher) as unit_count
                from units group by arm
                union all
                -- The last arm of units in two arms may be that of no other unit.
                select last_arm, 0 from units where is_switcher group by last_arm
            )
            where arm is not null
            group by arm order by arm limit {MOST_ARMS + 1}
            """
        ).fetchall()
        arms: dict[str, int] = {arm: int(count) for arm, count in rows}
        if len(arms) > MOST_ARMS:
            raise ExperimentProblem(
                f"ARM: column '{self.arm}' has more than {MOST_ARMS} values, for instance "
                f"{listed(list(arms), 3)}: it does not name arms"
            )
        if len(arms) < 2:
            raise ExperimentProblem(
                f"ARM: column '{self.arm}' has "
                + (f"one arm only, {listed(list(arms))}" if arms else "no value")
            )
        if empty := [arm for arm, count in arms.items() if not count]:
            raise ExperimentProblem(
                f"ARM: the arm '{empty[0]}' of column '{self.arm}' has no unit that was in it alone"
            )
        return arms

    def switchers(self) -> int:
        """Count the units in two arms."""
        (row,) = self.connection.execute("select count(*) from units where is_switcher").fetchall()
        return int(row[0])

    def null_units(self) -> int:
        """Count units without an arm or without a value of some metric."""
        unknown = " or ".join(f"{self.values[name]} is null" for name in self.outcomes)
        (row,) = self.connection.execute(
            f"select count(*) from units where not is_switcher and (arm is null or {unknown})"
        ).fetchall()
        for name in self.before:
            (new,) = self.connection.execute(
                f"select count(*), count({self.values[name]}) from units"
                " where arm is not null and not is_switcher"
            ).fetchall()
            if new[1] < new[0]:
                self.notes.append(
                    f"covariate '{name}' is unknown for {new[0] - new[1]:,} of {new[0]:,} units,"
                    " which count as 0"
                )
        return int(row[0])

    def moments(self, winsor: float) -> dict[str, dict[str, Moments]]:
        """Return moments by metric and arm, of values that are capped where that was asked."""
        values = self._capped(winsor)
        selected: list[str] = []
        for metric in self.metrics:
            selected += aggregates(metric, values, self.covariates.get(metric.name))
        rows = self.connection.execute(
            f"select arm, {', '.join(selected)} from units"
            " where arm is not null and not is_switcher group by arm order by arm"
        ).fetchall()
        found: dict[str, dict[str, Moments]] = {one.name: {} for one in self.metrics}
        for row in rows:
            left = [np.asarray(np.nan if value is None else value, float) for value in row[1:]]
            for metric in self.metrics:
                covariate = self.covariates.get(metric.name)
                count = len(aggregates(metric, values, covariate))
                found[metric.name][row[0]] = moments_of(
                    metric, left[:count], has_covariate=covariate is not None
                )
                left = left[count:]
        return found

    def _capped(self, winsor: float) -> dict[str, str]:
        """Return SQL of each value, capped at one quantile of all units, zeros included."""
        if winsor == 1:
            return self.values
        asked = ", ".join(
            f"quantile_cont({self._unit_value(name)}, {winsor!r}::double),"
            f" bool_and({self._unit_value(name)} in (0, 1)),"
            f" count(*) filter (where {short} > (select quantile_cont({self._unit_value(name)},"
            f" {winsor!r}::double) from units where arm is not null and not is_switcher)),"
            f" max({short})"
            for name, short in self.values.items()
        )
        (row,) = self.connection.execute(
            f"select {asked} from units where arm is not null and not is_switcher"
        ).fetchall()
        found = {}
        for place, (name, short) in enumerate(self.values.items()):
            limit, is_flag, count, highest = row[4 * place : 4 * place + 4]
            found[name] = short
            if is_flag or limit is None or not count:
                continue
            if limit <= 0 < highest:
                raise ExperimentProblem(
                    f"WINSOR={winsor:g} would cap column '{name}' at {limit:g}, which leaves "
                    "nothing of it: most units are 0, so choose a quantile nearer to 1"
                )
            found[name] = f"least({short}, {float(limit)!r}::double)"
            self.notes.append(f"'{name}' is capped at {limit:g}: {count:,} units")
        return found

    def _unit_value(self, name: str) -> str:
        short = self.values[name]
        return short if name in self.outcomes else f"coalesce({short}, 0e0)"

    def _variable(self, name: str) -> str:
        return "METRICS" if name in self.outcomes else "COVARIATE"
