"""The units of a built shop as an experiment would meet them: who comes, and what they do then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import FloatArray
from footfall.core.quoting import sql_text
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.moments import Moments, from_sums

#: Days on which units enter, where the shop has so many.
ENTRY_DAYS = 56
LEAST_ENTRY_DAYS = 7
#: Days before its first visit that the covariate of a unit counts.
HISTORY_DAYS = 90


@dataclass(frozen=True)
class _Metric:
    """How a metric is made up; see `int_experiment_metrics`."""

    kind: str
    measure: str
    denominator: str | None
    #: Name, event type and measure of what the user declared of it.
    declared: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Traffic:
    """Units that nobody experimented with, as an experiment would have counted them.

    Attributes
    ----------
    moments
        Of the metric, with the covariate.
    running_units
        Different visitors by the end of each entry day, ``[days]``.
    history_days
        Days of history before the first entry day, 90 at the most.
    """

    moments: Moments
    running_units: FloatArray
    history_days: int


def read_traffic(warehouse: Path, metric: str, outcome_days: int, winsor: float) -> Traffic:
    """Read the latest units whose window is over.

    Units enter with their first session within 56 days, or as many as there are; their acts count
    for `outcome_days` from then on, and the 90 days before are the covariate.

    Parameters
    ----------
    warehouse
        The DuckDB file that a build wrote.
    metric
        One of `int_experiment_metrics`.
    outcome_days
        How long a unit's acts count.
    winsor
        Quantile that totals and ratios are capped at; 1 caps nothing.

    Raises
    ------
    ExperimentProblem
        There is no such file, shop or metric, or its history is too short.
    """
    if not warehouse.is_file():
        raise ExperimentProblem(f"There is no warehouse at {warehouse}: run make build first")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        # Days of the shop are columns; to add days to a moment takes no clock of this machine.
        connection.execute("set TimeZone = 'UTC'")
        made_of = _metric(connection, warehouse, metric)
        ((first, end),) = connection.execute(
            "select min(started_on), (select max(complete_until) from"
            " intermediate.int_cutoffs where is_as_of) from intermediate.int_sessions"
        ).fetchall()
        days = 0 if first is None or end is None else (end - first).days - outcome_days
        if days < LEAST_ENTRY_DAYS:
            raise ExperimentProblem(
                f"The shop has {max(days + outcome_days, 0)} days of visits; with windows of "
                f"{outcome_days} days a plan takes {outcome_days + LEAST_ENTRY_DAYS}: choose a "
                "shorter HORIZON"
            )
        entry_days = min(days, ENTRY_DAYS)
        connection.execute(
            "create temp table entries as select visitor_no as unit_no,"
            " min(session_started_at) as entered_at, min(started_on) as entered_on"
            " from intermediate.int_sessions"
            f" where started_on >= date '{end}' - {outcome_days + entry_days}"
            f" and started_on < date '{end}' - {outcome_days} group by visitor_no"
        )
        _write_acts(connection, outcome_days, made_of.declared)
        query = _sums(made_of, outcome_days, winsor)
        (row,) = connection.sql(query).to_arrow_table().to_pylist()
        entered = connection.execute(
            f"select entered_on - (date '{end}' - {outcome_days + entry_days})::date as place,"
            " count(*) as units from entries group by 1"
        ).fetchall()
    counts = np.zeros(entry_days)
    for place, count in entered:
        counts[place] = count
    if not row["units"]:
        raise ExperimentProblem("Nobody visited the shop in the days that a plan looks at")
    sums = {name: value for name, value in row.items() if value is not None}
    return Traffic(from_sums(**sums), np.cumsum(counts), min(days - entry_days, HISTORY_DAYS))


def _metric(connection: duckdb.DuckDBPyConnection, warehouse: Path, name: str) -> _Metric:
    """Return how a metric is made up."""
    try:
        rows = connection.execute(
            "select metric, metric_kind, measure, denominator_measure"
            " from intermediate.int_experiment_metrics order by metric"
        ).fetchall()
        declared = connection.execute(
            "select metric, event_type, measure from seeds.experiment_metrics order by metric"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise ExperimentProblem(f"{warehouse} is no whole shop: run make build first") from error
    found = next((row for row in rows if row[0] == name), None)
    if found is None:
        names = ", ".join(row[0] for row in rows)
        raise ExperimentProblem(f"METRIC is '{name}', which is no metric: there are {names}")
    _, kind, measure, denominator = found
    return _Metric(kind, measure, denominator, [row for row in declared if row[0] in found[2:]])


def _write_acts(
    connection: duckdb.DuckDBPyConnection,
    outcome_days: int,
    declared: list[tuple[str, str, str]],
) -> None:
    """Write what units did before and after they entered, as `int_experiment_acts` counts it."""
    within = (
        "{at} >= entries.entered_at - interval " + f"{HISTORY_DAYS} days"
        " and {at} < entries.entered_at + interval " + f"{outcome_days} days"
    )
    parts = [
        f"""
        select unit_no, 'orders' as measure, 1.0 as amount, min(booked_at) as acted_at,
            entered_at
        from entries inner join intermediate.int_order_lines as lines
            on entries.unit_no = lines.visitor_no and {within.format(at="lines.booked_at")}
        where event_type = 'purchase' group by unit_no, entered_at, order_key
        union all
        select unit_no, 'net_amount', amount, booked_at, entered_at
        from entries inner join intermediate.int_order_lines as lines
            on entries.unit_no = lines.visitor_no and {within.format(at="lines.booked_at")}
        where booked_at < entered_at or ordered_at >= entered_at
        union all
        select unit_no, 'refunds', -amount, booked_at, entered_at
        from entries inner join intermediate.int_order_lines as lines
            on entries.unit_no = lines.visitor_no and {within.format(at="lines.booked_at")}
        where event_type = 'refund' and (booked_at < entered_at or ordered_at >= entered_at)
        union all
        select unit_no, 'sessions', 1.0, session_started_at, entered_at
        from entries inner join intermediate.int_sessions as sessions
            on entries.unit_no = sessions.visitor_no
            and {within.format(at="sessions.session_started_at")}
        where session_started_at <> entered_at
        """
    ]
    for name, event_type, how in declared:
        amount = f"coalesce(events.{how}, 0.0)" if how in ("amount", "quantity") else "1.0"
        parts.append(
            f"select unit_no, {sql_text(name)}, {amount}, event_at, entered_at"
            " from entries inner join intermediate.int_stitched_events as events"
            f" on entries.unit_no = events.visitor_no and {within.format(at='events.event_at')}"
            f" where events.event_type = {sql_text(event_type)}"
        )
    connection.execute("create temp table acts as " + " union all ".join(parts))


def _sums(metric: _Metric, outcome_days: int, winsor: float) -> str:
    """Return the query of the sums over all units, those that did nothing included."""
    kind = metric.kind
    numerator = f"measure = {sql_text(metric.measure)}"
    below = f"measure = {sql_text(metric.denominator or '')}"
    outcome = {
        "share": "(coalesce(after_amount, 0) > 0)::double",
        "days": f"coalesce(days_until, {outcome_days})::double",
    }.get(kind, "coalesce(after_amount, 0)")
    covariate = "coalesce(before_amount, 0)"
    if kind == "share":
        covariate = "(coalesce(before_amount, 0) > 0)::double"
    is_capped = kind in ("total", "ratio") and winsor < 1

    def capped(column: str) -> str:
        limit = f"(select nullif(quantile_cont({column}, {winsor!r}), 0) from measured)"
        return f"least({column}, {limit})" if is_capped else column

    of_ratio = (
        "sum(d) as d, sum(d * d) as dd, sum(y * d) as yd, sum(x * d) as xd"
        if kind == "ratio"
        else "null as d, null as dd, null as yd, null as xd"
    )
    return f"""
        with totals as (
            select unit_no,
                sum(amount) filter (where {numerator} and acted_at >= entered_at) as after_amount,
                sum(amount) filter (where {numerator} and acted_at < entered_at) as before_amount,
                sum(amount) filter (where {below} and acted_at >= entered_at) as below_amount,
                epoch(min(acted_at) filter (where {numerator} and acted_at >= entered_at)
                    - any_value(entered_at)) / 86400 as days_until
            from acts group by unit_no
        ),
        measured as (
            select {outcome} as y, {covariate} as x, coalesce(below_amount, 0) as d
            from entries left join totals using (unit_no)
        ),
        limited as (
            select {capped("y")} as y, {capped("x")} as x, {capped("d")} as d from measured
        )
        select count(*) as units, sum(y) as y, sum(y * y) as yy, sum(x) as x, sum(x * x) as xx,
            sum(x * y) as xy, {of_ratio}
        from limited
    """
