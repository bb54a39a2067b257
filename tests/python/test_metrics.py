"""Metrics say what plain SQL on the marts says, whatever they are grouped by."""

from __future__ import annotations

import logging
import math
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
from metricflow.validation.data_warehouse_model_validator import DataWarehouseModelValidator
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
    SemanticManifestValidator,
)

from conftest import PROJECT, Warehouse
from footfall.adapter import metrics

pytestmark = pytest.mark.long

Row = dict[str, Any]

OF_THE_CUSTOMER = {
    "customer__segment": "profiles.segment",
    "customer__lifecycle_state": "profiles.lifecycle_state",
    "customer__tier": "profiles.tier",
    "customer__country": "profiles.country",
}
OF_THE_SESSION = {
    "session__channel": "sessions.channel",
    "session__device": "sessions.device",
    "session__country": "sessions.country",
}


def of_time(column: str, grains: Sequence[str] = ("day", "week", "month")) -> Mapping[str, str]:
    """The grains of time, by what SQL says of a column."""
    return {
        f"metric_time__{grain}": f"cast(date_trunc('{grain}', {column}) as date)"
        for grain in grains
    }


def share(part: str, whole: str) -> str:
    return f"{part} * 1.0 / nullif({whole}, 0)"


class Facts:
    """Rows to count, what metrics are in plain SQL on them, and what they can be grouped by."""

    def __init__(self, rows: str, told_by: Mapping[str, str], metrics: Mapping[str, str]) -> None:
        self.rows = rows
        self.told_by = told_by
        self.metrics = metrics


HAS_CART = "count(*) filter (where sessions.has_reached_cart)"
HAS_CHECKOUT = "count(*) filter (where sessions.has_reached_checkout)"
LEFT_CART = "count(*) filter (where sessions.has_reached_cart and not sessions.is_converted)"
LEFT_CHECKOUT = (
    "count(*) filter (where sessions.has_reached_checkout and not sessions.is_converted)"
)
CONVERTED = "count(*) filter (where sessions.is_converted)"
BOUNCED = "count(*) filter (where sessions.event_count = 1)"
FRICTION = "count(*) filter (where sessions.friction_count > 0)"
MINUTES = "sum(sessions.engaged_seconds) / 60"
VISITS = Facts(
    "(select * from marts.sessions where not is_bot) as sessions"
    " left join marts.customer_profile as profiles using (customer_key)",
    {
        **of_time("sessions.started_at"),
        **OF_THE_SESSION,
        **OF_THE_CUSTOMER,
        "session__visitor_type": "if(sessions.visit_number > 1, 'returning', 'new')",
    },
    {
        "sessions": "count(*)",
        "visitors": "count(distinct sessions.visitor_key)",
        "active_customers": "count(distinct sessions.customer_key)",
        "converted_sessions": CONVERTED,
        "conversion_rate": share(CONVERTED, "count(*)"),
        "bounced_sessions": BOUNCED,
        "bounce_rate": share(BOUNCED, "count(*)"),
        "cart_sessions": HAS_CART,
        "abandoned_carts": LEFT_CART,
        "cart_abandonment_rate": share(LEFT_CART, HAS_CART),
        "checkout_sessions": HAS_CHECKOUT,
        "abandoned_checkouts": LEFT_CHECKOUT,
        "checkout_abandonment_rate": share(LEFT_CHECKOUT, HAS_CHECKOUT),
        "friction_sessions": FRICTION,
        "friction_rate": share(FRICTION, "count(*)"),
        "engaged_minutes": MINUTES,
        "engaged_minutes_per_session": share(MINUTES, "count(*)"),
    },
)

PAID = "coalesce(sum(lines.amount) filter (where lines.line_type = 'purchase'), 0)"
GIVEN_BACK = "coalesce(-sum(lines.amount) filter (where lines.line_type = 'refund'), 0)"
SAVED = "sum(lines.discount_amount)"
UNITS = "coalesce(sum(lines.quantity) filter (where lines.line_type = 'purchase'), 0)"
ORDERS = "count(distinct lines.order_key) filter (where lines.line_type = 'purchase')"
BUYERS = "count(distinct lines.customer_key) filter (where lines.line_type = 'purchase')"
REVENUE = Facts(
    "marts.order_lines as lines"
    " left join marts.sessions as sessions on lines.session_id = sessions.session_id"
    " left join marts.customer_profile as profiles on lines.customer_key = profiles.customer_key",
    {
        **of_time("lines.booked_at"),
        **OF_THE_SESSION,
        **OF_THE_CUSTOMER,
        "order_line__category": "lines.category",
    },
    {
        "net_revenue": "sum(lines.amount)",
        "gross_revenue": PAID,
        "refunded_amount": GIVEN_BACK,
        "refund_rate": share(GIVEN_BACK, PAID),
        "discounts": SAVED,
        "discount_rate": share(
            "sum(lines.discount_amount)", f"{PAID} + sum(lines.discount_amount)"
        ),
        "orders": ORDERS,
        "average_order_value": share(PAID, ORDERS),
        "units_sold": UNITS,
        "units_per_order": share(UNITS, ORDERS),
        "buyers": BUYERS,
        "net_revenue_per_buyer": share("sum(lines.amount)", BUYERS),
    },
)

CUSTOMERS = Facts(
    "marts.customer_profile as profiles",
    OF_THE_CUSTOMER,
    {
        "customers": "count(*)",
        "customers_with_orders": "count(*) filter (where profiles.order_day_count > 0)",
        "repeat_customers": "count(*) filter (where profiles.order_day_count > 1)",
        "repeat_rate": share(
            "count(*) filter (where profiles.order_day_count > 1)",
            "count(*) filter (where profiles.order_day_count > 0)",
        ),
        "predicted_churn_rate": "avg(profiles.churn_probability)",
        "high_risk_customers": "count(*) filter (where profiles.risk_band = 'high')",
        "expected_spend": "sum(profiles.predicted_amount)",
    },
)
RISKS = Facts(
    "marts.customer_profile as profiles left join marts.churn_risk as risk"
    " on profiles.customer_key = risk.customer_key"
    " and risk.horizon_days = (select max(horizon_days) from marts.churn_risk)",
    OF_THE_CUSTOMER,
    {
        "value_at_risk": "sum(risk.value_at_risk) filter (where not risk.has_payments_to_review)",
    },
)
NEWCOMERS = Facts(
    "marts.customer_profile as profiles where profiles.first_seen_at is not null",
    # The publication shows no days of it.
    {**of_time("profiles.first_seen_at", ("month", "quarter")), **OF_THE_CUSTOMER},
    {"new_customers": "count(*)"},
)

AT_STAKE = (
    "count(*) filter (where states.previous_lifecycle_state"
    " not in ('acquisition', 'activation', 'lapsed'))"
)
LOST = (
    "count(*) filter (where states.lifecycle_state = 'lapsed'"
    " and states.previous_lifecycle_state not in ('acquisition', 'activation', 'lapsed'))"
)
CHURN = Facts(
    "marts.customer_lifecycle as states"
    " left join marts.customer_profile as profiles using (customer_key)",
    {
        **of_time("states.snapshot_date"),
        **OF_THE_CUSTOMER,
        "lifecycle_snapshot__previous_state": "states.previous_lifecycle_state",
    },
    {
        "customers_at_stake": AT_STAKE,
        "lost_customers": LOST,
        "churn_rate": share(LOST, AT_STAKE),
    },
)
STATES = Facts(
    "marts.customer_lifecycle as states"
    " left join marts.customer_profile as profiles using (customer_key)"
    " where states.is_as_of",
    {
        "lifecycle_snapshot__state": "states.lifecycle_state",
        "customer__segment": "profiles.segment",
    },
    {"customers_by_state": "count(*)"},
)
HITS = "sum(metric_value * customer_count) filter (where model = 'attention_scorer')"
TRIALS = "sum(customer_count) filter (where model = 'attention_scorer')"
BEST = "max(metric_value) filter (where is_baseline)"
BACKTESTS = Facts(
    "marts.model_evaluation where score = 'recommendations'"
    " and metric = 'hr_10' and population = 'all items'",
    of_time("cutoff_date"),
    {
        "recommendation_hits": HITS,
        "recommendation_trials": TRIALS,
        "recommendation_hit_rate": share(HITS, TRIALS),
        "baseline_hit_rate": BEST,
        "recommendation_lift": share(f"({share(HITS, TRIALS)})", BEST),
    },
)
TESTED = "count(*) filter (where verdict in ('wins', 'does not win'))"
WON = "count(*) filter (where verdict = 'wins')"
EXPERIMENTS = Facts(
    "marts.experiment_readouts where metric_role = 'primary' and method = 'fixed'"
    " and adjustment = 'none' and switchers = 'left_out'",
    {"readout__experiment": "experiment", "readout__primary_metric": "metric"},
    {
        "tested_arms": TESTED,
        "winning_arms": WON,
        "win_rate": share(WON, TESTED),
        "units_in_tests": "sum(unit_count)",
    },
)
WAS_FRAUD, IS_CLOSED = (
    f"count(*) filter (where is_closed{is_so})" for is_so in (" and status = 'fraud'", "")
)
ALERTS = Facts(
    "marts.risk_alerts",
    {"alert__decision": "decision"},
    {
        "alerts": "count(*)",
        "closed_alerts": IS_CLOSED,
        "fraud_alerts": WAS_FRAUD,
        "alert_precision": share(WAS_FRAUD, IS_CLOSED),
        "amount_at_stake": "sum(amount_at_stake)",
    },
)
ALL_FACTS = [
    *(VISITS, REVENUE, CUSTOMERS, RISKS, NEWCOMERS, CHURN, STATES, BACKTESTS, EXPERIMENTS),
    ALERTS,
]
# Those that take two kinds of rows, or two times, have tests of their own.
OF_THEIR_OWN = {
    "active_customers_28d",
    "net_revenue_growth",
    "net_revenue_month_to_date",
    "revenue_per_session",
}
CASES = [(facts, told_by) for facts in ALL_FACTS for told_by in ("", *facts.told_by)]


@pytest.fixture(scope="module")
def shop(whole_storefront: Warehouse) -> Warehouse:
    """A shop that was built and published."""
    return whole_storefront


@pytest.fixture(scope="module")
def environment(shop: Warehouse) -> Iterator[None]:
    """What says where the marts are, and nothing of it afterwards: other tests build elsewhere."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTFALL_DB", str(shop.path))
        patch.setenv("FOOTFALL_PUBLISHED", str(shop.published))
        patch.setenv("DBT_TARGET", "published")
        patch.setenv("DBT_TARGET_PATH", str(shop.folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(shop.folder / "logs"))
        patch.chdir(PROJECT)
        yield
    DuckDBConnectionManager.close_all_connections()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def asked(environment: None) -> CLIConfiguration:
    return metrics.configuration(PROJECT)


def plain(value: Any) -> Any:
    """A value as either side gives it: numbers as floats, days as dates."""
    if isinstance(value, datetime):
        return value.date()
    return float(value) if isinstance(value, (int, float, Decimal)) else value


def answered(asked: CLIConfiguration, names: Sequence[str], told_by: Sequence[str]) -> list[Row]:
    """What MetricFlow says."""
    table = asked.mf.query(
        MetricFlowQueryRequest.create(metric_names=list(names), group_by_names=list(told_by))
    ).result_df
    return [dict(zip(table.column_names, map(plain, row), strict=True)) for row in table.rows]


def selected(shop: Warehouse, sql: str) -> list[Row]:
    """What plain SQL says of the marts, as the build left them; what is published is a copy."""
    with duckdb.connect(str(shop.path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(sql)
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, map(plain, row), strict=True)) for row in found.fetchall()]


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    # Where nothing is counted, MetricFlow may say that there is nothing, or zero.
    return one == other or {one, other} == {None, 0.0}


def assert_same(answers: list[Row], expected: list[Row], told_by: Sequence[str]) -> None:
    def by_key(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
        keyed = {tuple(row[name] for name in told_by): row for row in rows}
        assert len(keyed) == len(rows)
        return keyed

    ours, theirs = by_key(answers), by_key(expected)
    assert ours.keys() == theirs.keys()
    for key, row in theirs.items():
        differing = {
            name: (ours[key][name], value)
            for name, value in row.items()
            if not equal(ours[key][name], value)
        }
        assert differing == {}, key


@pytest.mark.parametrize(
    ("facts", "told_by"),
    CASES,
    ids=[f"{next(iter(facts.metrics))}-{told_by or 'all'}" for facts, told_by in CASES],
)
def test_metrics_are_what_sql_says(
    asked: CLIConfiguration, shop: Warehouse, facts: Facts, told_by: str
) -> None:
    names = [told_by] if told_by else []
    columns = [f"{facts.told_by[told_by]} as {told_by}"] if told_by else []
    columns += [f"{expression} as {name}" for name, expression in facts.metrics.items()]
    grouping = " group by 1" if told_by else ""
    expected = selected(shop, f"select {', '.join(columns)} from {facts.rows}{grouping}")
    answers = answered(asked, list(facts.metrics), names)
    assert expected
    assert_same(answers, expected, names)


def test_value_at_risk_leaves_out_known_frauds() -> None:
    path = PROJECT / "models" / "marts" / "metrics" / "_semantic_models.yml"
    (expression,) = [
        measure["expr"]
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["semantic_models"]
        for measure in model["measures"]
        if measure["name"] == "at_risk_amount"
    ]
    with duckdb.connect() as connection:
        rows = "(10.0, 'rescue'), (5.0, 'review_payments'), (2.0, null), (null, 'wait')"
        assert connection.execute(
            f"select sum({expression})"
            f" from (values {rows}) as shop(value_at_risk, next_best_action)"
        ).fetchall() == [(12.0,)]


def test_two_dimensions_at_once(asked: CLIConfiguration, shop: Warehouse) -> None:
    told_by = ["metric_time__month", "session__channel", "customer__segment"]
    expected = selected(
        shop,
        "select cast(date_trunc('month', booked_at) as date) as metric_time__month,"
        " channel as session__channel, segment as customer__segment,"
        " sum(lines.amount) as net_revenue"
        " from marts.order_lines as lines left join marts.sessions using (session_id)"
        " left join marts.customer_profile as profiles"
        " on lines.customer_key = profiles.customer_key group by all",
    )
    assert len(expected) > 50
    assert_same(answered(asked, ["net_revenue"], told_by), expected, told_by)


def test_net_revenue_is_what_the_events_say(asked: CLIConfiguration, shop: Warehouse) -> None:
    expected = dict(
        shop.query(
            "select cast(date_trunc('day', event_at) as date), sum(amount)"
            " from intermediate.int_events where event_type in ('purchase', 'refund') group by 1"
        )
    )
    refunded = shop.value(
        "select sum(amount) from intermediate.int_events where event_type = 'refund'"
    )
    assert refunded < 0
    rows = answered(asked, ["net_revenue"], ["metric_time__day"])
    assert {row["metric_time__day"]: row["net_revenue"] for row in rows} == pytest.approx(expected)


@pytest.mark.parametrize("told_by", [*OF_THE_SESSION, *OF_THE_CUSTOMER])
def test_revenue_per_session(asked: CLIConfiguration, shop: Warehouse, told_by: str) -> None:
    column = VISITS.told_by[told_by]
    expected = selected(
        shop,
        f"select {column} as {told_by}, sum(sessions.amount) / count(*) as revenue_per_session"
        f" from {VISITS.rows} group by 1",
    )
    assert_same(answered(asked, ["revenue_per_session"], [told_by]), expected, [told_by])


def test_month_to_date(asked: CLIConfiguration, shop: Warehouse) -> None:
    rows = answered(asked, ["net_revenue_month_to_date"], ["metric_time__day"])
    expected = selected(
        shop,
        "select date_day as metric_time__day, sum(amount) as net_revenue_month_to_date"
        " from marts.calendar_days inner join marts.order_lines"
        " on cast(booked_at as date) between month_start and date_day group by 1",
    )
    assert len(expected) > 300
    assert_same(rows, expected, ["metric_time__day"])


def test_active_customers_of_28_days(asked: CLIConfiguration, shop: Warehouse) -> None:
    rows = answered(asked, ["active_customers_28d"], ["metric_time__day"])
    expected = selected(
        shop,
        "select date_day as metric_time__day, count(distinct customer_key) as active_customers_28d"
        " from marts.calendar_days inner join marts.sessions on not is_bot"
        " and cast(started_at as date) between date_day - 27 and date_day group by 1",
    )
    assert len(expected) > 300
    assert_same(rows, expected, ["metric_time__day"])


def test_growth_is_beside_the_month_before(asked: CLIConfiguration, shop: Warehouse) -> None:
    rows = answered(asked, ["net_revenue_growth"], ["metric_time__month"])
    months = selected(
        shop,
        "select cast(date_trunc('month', booked_at) as date) as month, sum(amount) as amount"
        " from marts.order_lines group by 1 order by 1",
    )
    growth = {row["metric_time__month"]: row["net_revenue_growth"] for row in rows}
    assert len(months) > 6
    for before, after in pairwise(months):
        assert growth[after["month"]] == pytest.approx(after["amount"] / before["amount"] - 1)


def test_a_snapshot_is_counted_once_however_time_is_told(
    asked: CLIConfiguration, shop: Warehouse
) -> None:
    rows = answered(asked, ["customers_by_state"], ["metric_time__month"])
    expected = selected(
        shop,
        "select cast(date_trunc('month', snapshot_date) as date) as metric_time__month,"
        " count(*) as customers_by_state from marts.customer_lifecycle where snapshot_date in"
        " (select max(snapshot_date) from marts.customer_lifecycle"
        " group by date_trunc('month', snapshot_date)) group by 1",
    )
    assert len(expected) > 3
    assert_same(rows, expected, ["metric_time__month"])


def test_every_metric_is_compared_with_sql(asked: CLIConfiguration) -> None:
    compared = [name for facts in ALL_FACTS for name in facts.metrics]
    there = {metric.name for metric in asked.semantic_manifest.metrics}
    assert {*compared, *OF_THEIR_OWN} == there
    source = Path(__file__).read_text()
    for name in OF_THEIR_OWN:
        assert len(re.findall(rf'answered\(asked, \["{name}"\]', source)) == 1


def test_every_metric_dimension_and_question_is_described(asked: CLIConfiguration) -> None:
    manifest = asked.semantic_manifest
    parts = [*manifest.metrics, *manifest.saved_queries, *manifest.semantic_models]
    parts += [part for model in manifest.semantic_models for part in model.dimensions]
    assert len(parts) > 80
    for part in parts:
        assert (part.description or "").strip(), part.name
        assert (part.label or "").strip(), part.name
    for model in manifest.semantic_models:
        for part in [*model.measures, *model.entities]:
            assert (part.description or "").strip(), part.name
    labels = [metric.label for metric in manifest.metrics]
    assert len(labels) == len(set(labels))


def test_the_page_on_metrics_tells_of_each_as_its_definition_does(asked: CLIConfiguration) -> None:
    page = (PROJECT / "docs" / "metrics.md").read_text()
    for metric in asked.semantic_manifest.metrics:
        said = " ".join((metric.description or "").split())
        assert f"| `{metric.name}` | {metric.label} | {said} |" in page


def test_a_file_of_answers_holds_no_formulas(asked: CLIConfiguration, tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    mf = metrics.command_line()
    mf.main(
        ["query", "--metrics", "sessions", "--group-by", "session__channel", "--csv", str(file)],
        obj=asked,
        standalone_mode=False,
    )
    answers = answered(asked, ["sessions"], ["session__channel"])
    assert len(file.read_text().splitlines()) == len(answers) + 1
    writer = sys.modules["dbt_metricflow.cli.main"].csv_module.writer
    with file.open("w") as written:
        writer(written).writerow(["=1+1", -2])
    assert file.read_text() == "'=1+1,-2\n"


def test_the_definitions_are_valid_on_the_marts(asked: CLIConfiguration) -> None:
    found = SemanticManifestValidator().validate_semantic_manifest(asked.semantic_manifest)
    # It warns of what dbt itself adds to cumulative metrics; nothing else may be wrong.
    assert [issue.as_readable_str() for issue in found.errors + found.future_errors] == []
    assert {issue.context.metric.metric_name for issue in found.warnings} == {
        "active_customers_28d",
        "net_revenue_month_to_date",
    }
    warehouse = DataWarehouseModelValidator(sql_client=asked.sql_client)
    for check in (
        warehouse.validate_semantic_models,
        warehouse.validate_dimensions,
        warehouse.validate_entities,
        warehouse.validate_simple_metrics,
        warehouse.validate_metrics,
    ):
        found = check(asked.semantic_manifest, None)
        assert [issue.as_readable_str() for issue in found.all_issues] == []


def test_all_questions_are_answered_without_a_network(
    asked: CLIConfiguration, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> None:
        calls.append(arguments)
        raise OSError("there is no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    metrics.answer(asked)
    said = capsys.readouterr().out
    for query in asked.semantic_manifest.saved_queries:
        assert query.description in said
    assert said.count("----\n") == len(asked.semantic_manifest.saved_queries)
    assert calls == []


def test_mf_takes_a_question_of_ones_own(
    environment: None, shop: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        metrics.main(["query", "--metrics", "sessions", "--group-by", "session__device"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for row in selected(
        shop, "select device, count(*) as n from marts.sessions where not is_bot group by 1"
    ):
        assert re.search(rf"{row['device']} +{row['n']:.0f}\n", said)


def test_readers_keep_the_marts_as_they_are(asked: CLIConfiguration) -> None:
    with pytest.raises(Exception, match="read-only"):
        asked.sql_client.execute("create table marts.mine as select 1 as one")


def test_what_to_do_where_nothing_is_published(
    environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_PUBLISHED", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match=r"nowhere/shop\.duckdb.*make build"):
        metrics.main([])
    assert not os.path.exists(tmp_path / "nowhere")
