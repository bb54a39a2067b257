"""Events that were accepted leave every table, as if they had never come."""

from __future__ import annotations

import pytest

from conftest import SQL_PART, Warehouse, key_sql
from test_incremental import ROW_EQUATION, differences, keep

# Who leaves altogether: customers with all that their devices did, and devices that nobody owns.
GONE = """
    create table pool.gone as
    with visitors as (
        select visitor_no, max(customer_no) as customer_no, max(event_at) as last_at
        from intermediate.int_stitched_events group by visitor_no
    ),
    picked as (
        select visitor_no from visitors where visitor_no % 12 = 5
        -- With the newest event of the shop its end moves back.
        union select arg_max(visitor_no, last_at) from visitors
    )
    select distinct visitor_no from picked
"""
# All of theirs, the logins of others that devices were joined by, and acts from the middle of
# sessions.
WITHDRAWN = """
    insert into seeds.withdrawn_events
    select distinct source, event_id, 'erased' from intermediate.int_stitched_events
    where visitor_no in (select visitor_no from pool.gone)
    union
    -- By the id that the source gave them; the others by the keys that tables show.
    select source, raw_id, 'restated' from intermediate.int_stitched_events
    inner join pool.ids using (event_id)
    inner join intermediate.int_identity_links using (anonymous_no)
    where int_stitched_events.customer_no = int_identity_links.customer_no
        and event_at = linked_at and anonymous_no % 5 = 1
        and visitor_no not in (select visitor_no from pool.gone)
    union
    select source, event_id, 'superseded' from intermediate.int_stitched_events
    where visitor_no not in (select visitor_no from pool.gone)
        and md5(event_id) < '02' and event_type <> 'login'
"""
KEY = key_sql("event", "event_id", "'storefront'")
# What the raw rows leave behind although the events are gone: keys of their ids, that they came
# more than once, and why they were left out.
TRACES = {"int_identity_keys", "int_rejected_rows", "int_repeated_events"}
# Logs of what has left.
LOGS = {"int_withdrawn_events", "int_touched_visitors"}
# What lists of customers and reviews say of them, which is not an event.
LISTS = {"int_customers", "int_reviews"}


def rows_of_the_gone(shop: Warehouse) -> dict[str, int]:
    """Rows of each stored table that speak of who is gone, by number or by key."""
    columns = shop.query(
        "select columns.table_schema, columns.table_name, columns.column_name"
        " from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        " where table_schema in ('intermediate', 'marts') and table_type = 'BASE TABLE'"
        " and column_name in ('visitor_no', 'customer_no', 'anonymous_no', 'visitor_key',"
        " 'customer_key')"
    )
    assert len(columns) > 20
    found = {}
    for schema, table, column in columns:
        who = "visitor_no" if column.endswith("_no") else "identity_key"
        found[table] = found.get(table, 0) + shop.value(
            f"select count(*) from {schema}.{table} where {column} in"
            f" (select {who} from pool.gone_keys)"
        )
    return found


def build(shop: Warehouse, *options: str) -> None:
    """Build without making the seed again, whose rows the test has written into the table."""
    shop.built(SQL_PART, "--exclude-resource-type", "seed", *options)


@pytest.mark.long
def test_withdrawn_events_leave_every_table(small_shop_with_sql: Warehouse) -> None:
    shop = small_shop_with_sql
    shop.execute(
        "create schema pool",
        "create table pool.ids as select distinct event_id as raw_id,"
        f" {KEY} as event_id from raw_storefront.events",
        "create table pool.events as select * from raw_storefront.events",
        "drop view if exists raw_storefront.events",
        "create table raw_storefront.events as select * from pool.events",
        GONE,
        "create table pool.gone_keys as select visitor_no, identity_key from pool.gone"
        " inner join intermediate.int_identity_keys on visitor_no = identity_no",
        WITHDRAWN,
    )
    count = shop.value(
        "select count(*) from pool.ids"
        " where raw_id in (select event_id from seeds.withdrawn_events)"
        " or event_id in (select event_id from seeds.withdrawn_events)"
    )
    assert count > 500
    before = rows_of_the_gone(shop)
    assert sum(1 for rows in before.values() if rows) > 12
    build(shop)
    keep(shop, "steps")

    assert shop.query(
        "select count(*), count(distinct event_id) from intermediate.int_withdrawn_events"
    ) == [(count, count)]
    assert {name for name, rows in rows_of_the_gone(shop).items() if rows} == LOGS | LISTS
    assert shop.query(
        f"select {ROW_EQUATION}, superseded_count > 100, erased_count > 100"
        " from intermediate.int_row_accounting"
    ) == [(True, True, True)]
    assert (
        shop.value(
            "select count(distinct event_id) from intermediate.int_rejected_rows"
            " where reason in ('withdrawn: erased', 'withdrawn: restated', 'withdrawn: superseded')"
        )
        == count
    )
    # Nothing is left to do, and nothing is withdrawn twice.
    build(shop)
    assert shop.value("select count(*) from intermediate.int_withdrawn_events") == count
    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") == 0

    build(shop, "--full-refresh")
    keep(shop, "full")
    assert differences(shop) == {}

    shop.execute(
        "delete from raw_storefront.events"
        " where event_id in (select raw_id from pool.ids where raw_id in"
        " (select event_id from seeds.withdrawn_events)"
        " or event_id in (select event_id from seeds.withdrawn_events))",
        "delete from seeds.withdrawn_events",
    )
    build(shop, "--full-refresh")
    keep(shop, "full")
    assert differences(shop).keys() <= TRACES
