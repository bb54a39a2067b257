"""Any order of arrival ends in the same tables as a full build."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import SQL_PART, Warehouse

BATCHES = 3
# With what is made of payments, rings included, which a model in Python grows.
WITH_RISK = (*SQL_PART, "+int_risk_features")
# Differs between a full and an incremental build by design.
OPERATIONAL = {"loaded_at", "batch_at", "noted_at", "touched_from", "written_at"}


# Logs of what happened when, and what is still to be read.
LOGS = (
    "int_arrival_days",
    "int_arrival_ledger",
    "int_order_decisions",
    "int_pending_rejections",
    "int_touched_visitors",
    "int_withdrawn_events",
)
ROW_EQUATION = (
    "raw_count = accepted_count + duplicate_count + superseded_count + rejected_count"
    " + erased_count + expired_count"
)
# Deliveries that come in the batch after another delivery of the same event, and go before it: what
# `replace` says of each. Those of one moment are distinguished by a digest, one way or the other.
DISPLACING = {
    "the same again": "received_at - interval 1 minute as received_at",
    "another time": "received_at - interval 1 minute as received_at,"
    " event_at - to_seconds(cast(hash(event_id, 1) % 3456000 as integer)) as event_at",
    "another customer": "received_at - interval 1 minute as received_at,"
    " case when hash(event_id, 2) % 3 > 0 then 'late-' || (hash(event_id, 3) % 50) end"
    " as customer_id, coalesce(device_id, 'late-device') as device_id",
    "another device": "received_at - interval 1 minute as received_at,"
    " 'late-' || (hash(event_id, 4) % 20) as device_id",
    "another type": "received_at - interval 1 minute as received_at, 'view' as event_type",
    "the same moment": "'late-' || (hash(event_id, 5) % 50) as customer_id",
}
# Messages about orders that are there already: what `replace` says of their lines. Each line comes
# in a batch of its own, so a message may come in pieces.
SENT_AGAIN = {
    "a page that is loaded again": "event_at + interval 3 minute as event_at,"
    " received_at + interval 3 minute as received_at",
    "the server, before the browser": "event_at - interval 1 minute as event_at,"
    " received_at - interval 1 minute as received_at, null as device_id,"
    " coalesce(customer_id, 'late-buyer') as customer_id",
    "an update": "event_at + interval 1 day as event_at,"
    " received_at + interval 1 day as received_at,"
    " 'order_update' as event_type, amount / 2 as amount",
    "a stranger's order of that number": "event_at + interval 40 day as event_at,"
    " received_at + interval 40 day as received_at, 'stranger-' || (hash(order_id) % 30) as"
    " customer_id, null as device_id",
}


def stored_models(shop: Warehouse, at_least: int = 20) -> list[tuple[str, str]]:
    standing = {name for (name,) in shop.query("select table_name from duckdb_tables()")}
    models = [
        (node.schema, node.name)
        for node in shop.manifest().nodes.values()
        if node.resource_type == "model"
        and node.config.materialized in ("incremental", "table")
        and node.name in standing
        and node.name not in LOGS
    ]
    assert len(models) >= at_least
    return models


def keep(shop: Warehouse, label: str, at_least: int = 20) -> None:
    models = stored_models(shop, at_least)
    with shop.opened() as connection:
        connection.execute("create schema if not exists kept")
        for schema, name in models:
            described = connection.sql(f"describe {schema}.{name}").fetchall()
            wanted = ", ".join(column for column, *_ in described if column not in OPERATIONAL)
            connection.execute(
                f"create or replace table kept.{label}_{name} as"
                f" select {wanted} from {schema}.{name}"
            )


def differences(shop: Warehouse, at_least: int = 20) -> dict[str, tuple[int, int]]:
    """Rows of either build without an equal in the other: {model: (missing, extra)}.

    Sums of floats depend on the order of addition, so floats are equal when they differ by less
    than a billionth of their size. Rounding both sides would not do: sums on a tie part ways.
    """
    found = {}
    models = stored_models(shop, at_least)
    with shop.opened() as connection:

        def count(rows: str) -> int:
            ((number,),) = connection.sql(f"select count(*) from {rows}").fetchall()
            return int(number)

        for _, name in models:
            full, steps = f"kept.full_{name}", f"kept.steps_{name}"
            conditions = [
                f"abs(one.{column} - two.{column}) <= 1e-9 * greatest(1, abs(one.{column}))"
                f" or (one.{column} is null and two.{column} is null)"
                if kind == "DOUBLE"
                else f"one.{column} is not distinct from two.{column}"
                for column, kind, *_ in connection.sql(f"describe {full}").fetchall()
            ]
            equal = " and ".join(f"({condition})" for condition in conditions)
            missing = count(f"{full} as one anti join {steps} as two on {equal}")
            extra = count(f"{steps} as two anti join {full} as one on {equal}")
            if missing or extra or count(full) != count(steps):
                found[name] = (missing, extra)
    return found


@pytest.fixture
def arriving_shop(small_shop_with_sql: Warehouse) -> Warehouse:
    """A built shop whose raw events have been put aside, so that they can arrive in pieces."""
    small_shop_with_sql.execute(
        "create schema pool",
        "create table pool.events as select * from raw_storefront.events",
        "drop view if exists raw_storefront.events",
    )
    return small_shop_with_sql


def arrive(shop: Warehouse, batch: int) -> None:
    shop.execute(
        "create or replace table raw_storefront.events as"
        f" select * exclude (batch) from pool.batches where batch <= {batch}"
    )


def add_displacing_deliveries(shop: Warehouse) -> None:
    """Let one event in twenty come once more, a batch later, as if it had been received before."""
    kinds = len(DISPLACING)
    shop.execute(
        *(
            "insert into pool.batches"
            f" select * exclude (batch) replace ({replaced}), batch + 1 from pool.batches"
            f" where hash(event_id, 7) % {20 * kinds} = {number}"
            " and batch < (select max(batch) from pool.batches)"
            for number, replaced in enumerate(DISPLACING.values())
        )
    )


def send_orders_again(shop: Warehouse) -> None:
    """Let one order in five be sent once more, under other event ids."""
    kinds = len(SENT_AGAIN)
    shop.execute(
        "create or replace table pool.orders as select * from pool.batches"
        " where order_id is not null and event_type in ('purchase', 'refund')",
        *(
            "insert into pool.batches by name"
            f" select * exclude (batch) replace ({replaced}, event_id || '-{number}' as event_id),"
            f" hash(event_id, {number}) % {BATCHES} as batch from pool.orders"
            f" where hash(order_id, 13) % {5 * kinds} = {number}"
            # An update names what was bought.
            f" and (event_type = 'purchase' or {number} <> 2)"
            for number, replaced in enumerate(SENT_AGAIN.values())
        ),
    )


def name_orders_alone(shop: Warehouse) -> None:
    """Let most refunds, half of the updates and some purchases name nothing but their order."""
    shop.execute(
        "update pool.batches set customer_id = null, device_id = null, session_hint = null"
        " where order_id is not null and hash(event_id, 15) % 100 <"
        " case event_type when 'refund' then 80 when 'order_update' then 50 when 'purchase' then 2"
        " else 0 end",
        # Some know the day alone, which lies before what was bought on it.
        "update pool.batches set event_at = date_trunc('day', event_at)"
        " where event_type = 'refund' and hash(event_id, 18) % 4 = 0",
        # Numbers that begin again: of two customers, so that one differs from the other.
        "update pool.batches set order_id = 'till-' || (hash(order_id, 16) % 90)"
        " where order_id is not null and hash(order_id, 17) % 4 = 0",
    )


@pytest.mark.long
def test_any_order_of_arrival_gives_the_tables_of_a_full_build(arriving_shop: Warehouse) -> None:
    """Day comes after day, then files come late and out of order."""
    shop = arriving_shop
    # Pings up to 50 minutes after acts: they prolong sessions, join two, or belong to none.
    shop.execute(
        "insert into pool.events select * replace ('ping-' || event_id as event_id,"
        " 'ping' as event_type, event_at + to_seconds(cast(hash(event_id) % 3000 as integer)) as"
        " event_at, received_at + interval 1 hour as received_at, null as order_id)"
        " from pool.events where hash(event_id, 8) % 10 = 0",
        # First what came until the end of May, then two days, over the turn of a month, so that
        # windows open and close. Last all days after that, with a third of what came before.
        "create or replace table pool.batches as select *, case"
        " when received_at >= timestamptz '2026-06-02 00:00:00+00' then 2"
        " when received_at >= timestamptz '2026-05-31 00:00:00+00' then 1"
        " when hash(event_id, received_at, 11) % 3 = 0 then 2 else 0 end as batch from pool.events",
        # A collector was late with some: they are received after all others.
        "update pool.batches set batch = 2,"
        " received_at = timestamptz '2026-07-02 00:00:00+00'"
        " + to_seconds(cast(hash(event_id) % 80000 as integer))"
        " where hash(event_id, 9) % 10 = 0",
    )
    # A device that two customers log in on, so that a late login takes a history away again.
    shop.execute(
        "update pool.batches set device_id = 'shared-' || (hash(device_id) % 20)"
        " where hash(device_id) % 4 = 0"
    )
    send_orders_again(shop)
    name_orders_alone(shop)
    add_displacing_deliveries(shop)
    arrive(shop, 0)
    shop.built(WITH_RISK, "--full-refresh")
    for batch in range(1, 1 + shop.value("select max(batch) from pool.batches")):
        arrive(shop, batch)
        shop.built(WITH_RISK)
    keep(shop, "steps")
    assert shop.value("select count(*) from intermediate.int_withdrawn_events") > 500
    assert shop.value("select count(seen_until_at) from intermediate.int_session_events") > 500
    # Both kinds of message were decided about, and some lines count again after they did not.
    decided = dict(
        shop.query("select reason, count(*) from intermediate.int_order_decisions group by all")
    )
    assert decided["repeated"] > 100
    assert decided["superseded"] > 20
    assert decided[None] > 0
    # Of strangers under one number, long after each other.
    assert shop.value(
        "select count(*) from intermediate.int_order_decisions where is_of_another_customer"
    )
    # What names an order alone went from one to another, or from somebody to nobody.
    moved = (
        "select event_id from intermediate.int_order_decisions where reason is null"
        " group by event_id having count(*) > 1 and count(customer_no) > 0"
    )
    assert shop.value(f"select count(*) from ({moved})") > 3
    assert shop.value(f"select bool_and({ROW_EQUATION}) from intermediate.int_row_accounting")
    # Attempts with labels, and rings: what rows of risk are compared, and were written later.
    assert shop.query(
        "select count(*) > 500, count(is_fraud) > 5, count(distinct written_at) > 2"
        " from intermediate.int_payment_attempts"
    ) == [(True, True, True)]
    assert (
        shop.value("select count(*) from intermediate.int_risk_links where customer_count > 1") > 20
    )
    assert shop.value("select count(distinct ring_no) from intermediate.int_risk_rings") > 3
    # What stands of rings is not gone on with: a mark on it would stay.
    shop.execute("update intermediate.int_risk_rings set member_count = 1000")
    shop.built(WITH_RISK, "--full-refresh")
    keep(shop, "full")

    assert differences(shop) == {}


def test_a_run_with_nothing_new_changes_nothing_and_reads_no_day_again(
    small_shop_with_sql: Warehouse,
) -> None:
    shop = small_shop_with_sql
    keep(shop, "full")
    shop.built()
    keep(shop, "steps")

    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") == 0
    assert differences(shop) == {}


@pytest.mark.long
@pytest.mark.rare
def test_late_rows_reach_back_over_months(own_shop: Warehouse) -> None:
    """A session that is cut at the turn of a month, and an order in a session that began earlier.

    Both months of the session are told anew. Thirty days, as long as the windows of drop-offs and
    funnels, are between the visits of cleo, and a little more between the first and her order.
    """
    shop = own_shop
    shop.variables["session_cut_at_campaign_change"] = True
    lines = [
        "customer_id,event_at,event_type,channel",
        "anna,2024-01-31 23:50:00,view,mail",
        "anna,2024-02-01 00:10:00,view,mail",
        "bert,2024-02-03 10:00:00,view,mail",
        "cleo,2024-04-10 10:00:00,view,mail",
        "cleo,2024-05-10 10:00:00,add_to_cart,mail",
        "bert,2024-08-03 10:00:00,view,mail",
    ]
    late = ["anna,2024-02-01 00:05:00,view,search", "cleo,2024-05-10 10:20:00,purchase,mail"]
    outcome = (
        "select outcome from marts.journey_dropoffs"
        " where period_month = date '2024-04-01' and slice_name = 'all'"
    )
    of_anna = "select count(*) from marts.sessions where started_at < date '2024-02-02'"
    events = Path(shop.variables["custom_events_path"])
    events.write_text("\n".join(lines) + "\n")
    shop.built()
    assert shop.value(of_anna) == 1
    assert shop.query(outcome) == [("came_back",)]
    events.write_text("\n".join([*lines, *late]) + "\n")
    shop.built()
    keep(shop, "steps")
    assert shop.value(of_anna) == 3
    assert shop.query(outcome) == [("bought_later",)]
    shop.built(SQL_PART, "--full-refresh")
    keep(shop, "full")

    assert differences(shop) == {}


@pytest.mark.long
@pytest.mark.rare
def test_runs_that_broke_off_are_made_good_by_the_next(arriving_shop: Warehouse) -> None:
    shop = arriving_shop
    shop.execute(
        "create or replace table pool.batches as"
        " select *, hash(event_id, received_at, 5) % 3 as batch from pool.events"
    )
    send_orders_again(shop)
    add_displacing_deliveries(shop)
    arrive(shop, 0)
    shop.built(SQL_PART, "--full-refresh")
    # What is to leave is known, and nothing has left.
    arrive(shop, 1)
    shop.built(["+int_withdrawn_events"])
    # The events were taken in: nothing downstream includes them.
    arrive(shop, 2)
    shop.built(["+int_accepted_events"])
    shop.built()
    keep(shop, "steps")
    assert shop.value(f"select bool_and({ROW_EQUATION}) from intermediate.int_row_accounting")
    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") > 0
    shop.built()
    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") == 0
    shop.built(SQL_PART, "--full-refresh")
    keep(shop, "full")

    assert differences(shop) == {}


@pytest.mark.rare
@pytest.mark.long
def test_labels_of_payments_change_no_table_but_those_of_risk(arriving_shop: Warehouse) -> None:
    """Without a single chargeback all that customers did, and all marts, are what they were."""
    shop = arriving_shop
    labels = "event_type in ('chargeback', 'chargeback_reversed')"
    assert shop.value(f"select count(*) from pool.events where {labels}") > 5
    keep(shop, "full")
    shop.execute(
        "create or replace table raw_storefront.events as"
        f" select * from pool.events where not coalesce({labels}, false)"
    )
    shop.built(SQL_PART, "--full-refresh")
    keep(shop, "steps")

    assert set(differences(shop)) == {"int_accepted_events"}
