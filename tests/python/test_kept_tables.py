"""A table is left alone while code, settings and inputs are what it was made from."""

from __future__ import annotations

from pathlib import Path

from dbt.cli.main import dbtRunnerResult

from conftest import CHOSEN, SQL_PART, Warehouse, mark, problems

# What reads a source has to look whether something came; if nothing did, what follows is kept.
READ_SOURCES = {"int_arrival_days", "int_items", "int_customers", "int_reviews"}


def made(outcome: dbtRunnerResult) -> set[str]:
    """The stored models that a build made or brought up to date."""
    assert outcome.success, problems(outcome)
    return {
        row.node.name
        for row in outcome.result
        if row.node.resource_type == "model"
        and row.node.config.materialized != "view"
        and row.message != "KEPT"
    }


def stored(shop: Warehouse) -> set[str]:
    """All stored models of a build."""
    manifest = shop.manifest()
    mark(manifest, SQL_PART)
    found = {
        node.name
        for node in manifest.nodes.values()
        if CHOSEN in node.tags
        and node.resource_type == "model"
        and node.config.materialized in ("incremental", "table")
    }
    assert len(found) > 20
    return found


def test_only_what_a_change_can_reach_is_made_again(small_shop_with_sql: Warehouse) -> None:
    shop = small_shop_with_sql
    assert made(shop.build()) == READ_SOURCES

    # A category that is renamed reaches what reads items, and nothing that is made of events.
    shop.execute(
        "create or replace table raw_storefront.other_items as from raw_storefront.items",
        "update raw_storefront.other_items set category = category || ' (old)'"
        " where item_id = (select min(item_id) from raw_storefront.other_items)",
        "drop view if exists raw_storefront.items",
        "alter table raw_storefront.other_items rename to items",
    )
    reached = made(shop.build(["+int_item_events", *SQL_PART]))
    assert not reached & {"int_accepted_events", "int_sessions", "customer_rfm"}

    # Any var counts as a change of all that is made with vars.
    shop.variables["cutoff_months"] = 5
    assert made(shop.build()) == stored(shop)
    assert made(shop.build()) == READ_SOURCES


def test_new_events_reach_every_table_that_is_made_of_them(
    small_shop_with_sql: Warehouse,
) -> None:
    shop = small_shop_with_sql
    shop.execute(
        "create schema pool",
        "create table pool.events as select * from raw_storefront.events",
        "drop view raw_storefront.events",
        "create table raw_storefront.events as select * from pool.events"
        " where received_at < timestamptz '2026-06-20 00:00:00+00'",
    )
    assert made(shop.build(SQL_PART, "--full-refresh")) == stored(shop)
    assert made(shop.build()) == READ_SOURCES

    shop.execute(
        "insert into raw_storefront.events from pool.events"
        " where received_at >= timestamptz '2026-06-20 00:00:00+00'"
    )
    assert made(shop.build()) == stored(shop)
    assert made(shop.build()) == READ_SOURCES


def test_a_table_that_lost_rows_or_was_made_by_somebody_else_is_made_again(
    small_shop_with_sql: Warehouse,
) -> None:
    shop = small_shop_with_sql
    rfm = "select * from marts.customer_rfm order by all"
    before = shop.query(rfm)

    shop.execute("delete from marts.customer_rfm where recency_score = 5")
    assert made(shop.build()) == READ_SOURCES | {"customer_rfm"}
    assert shop.query(rfm) == before

    shop.execute(
        "create or replace table marts.customer_rfm as"
        " select * replace (rfm_score || '!' as rfm_score) from marts.customer_rfm"
    )
    assert made(shop.build()) == READ_SOURCES | {"customer_rfm"}
    assert shop.query(rfm) == before

    assert made(shop.build(["customer_rfm"], "--full-refresh")) == {"customer_rfm"}

    # Built without its inputs nobody knows what it was made from: it is made, then and later.
    assert made(shop.build(["customer_rfm"])) == {"customer_rfm"}
    assert made(shop.build()) == READ_SOURCES | {"customer_rfm"}
    assert made(shop.build()) == READ_SOURCES


def test_rows_that_come_into_a_relation_are_read(tmp_path: Path) -> None:
    shop = Warehouse(
        tmp_path, {"footfall_source": "custom", "custom_events_relation": "pool.events"}
    )
    event = "('c{0}', timestamptz '2026-03-01 10:00:00+00', 'view')"
    columns = "(customer_id varchar, event_at timestamptz, event_type varchar)"
    shop.execute(
        "create schema pool",
        f"create table pool.events {columns}",
        f"insert into pool.events values {event.format(1)}, {event.format(2)}",
    )
    accepted = "select count(*) from intermediate.int_accepted_events"
    shop.built(["+int_row_accounting"])
    assert shop.value(accepted) == 2

    shop.execute(f"insert into pool.events values {event.format(3)}")
    shop.built(["+int_row_accounting"])
    assert shop.value(accepted) == 3
