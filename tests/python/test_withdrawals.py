"""Events that were accepted leave every table, on request or by age, as if they had never come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import Warehouse, key_sql, problems
from footfall.privacy import tombstones
from footfall.privacy.tombstones import Erased
from footfall.privacy.traces import clear_traces
from test_incremental import ROW_EQUATION, WITH_RISK, differences, keep

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
# Their raw ids: of customers, of devices that are theirs, and of devices that nobody owns.
IDS_OF_THE_GONE = """
    select distinct 'customer', raw_id from pool.customers
    where customer_no in (select visitor_no from pool.gone)
    union
    select distinct 'device', raw_id from pool.devices
    left join intermediate.int_identity_links using (anonymous_no)
    where coalesce(customer_no, anonymous_no) in (select visitor_no from pool.gone)
    union
    select 'order', order_id from pool.gone_orders
"""
# The logins of others that devices were joined by, and acts from the middle of sessions.
# Orders that are theirs alone, or nobody's: rows that have no other id leave with them.
GONE_ORDERS = """
    create table pool.gone_orders as
    select events.order_id from raw_storefront.events as events
    inner join pool.ids on events.event_id = pool.ids.raw_id
    inner join intermediate.int_stitched_events as stitched on pool.ids.event_id = stitched.event_id
    where events.order_id is not null group by events.order_id
    having count(
        case when stitched.visitor_no not in (select visitor_no from pool.gone) then 1 end
    ) = 0
"""
UNNAMED = "customer_id is null and device_id is null and session_hint is null"
LINES_THAT_FOLLOW = """
    insert into raw_storefront.events by name
    select * replace (
        event_id || '-refund' as event_id, null as customer_id, null as device_id,
        null as session_hint, 'refund' as event_type
    ) from raw_storefront.events
    where event_type = 'purchase' and order_id in (select order_id from pool.gone_orders)
"""
# Refunds that name an order alone, of orders of others: some of these are withdrawn or expire.
REFUNDS_OF_OTHERS = """
    insert into raw_storefront.events by name
    select * replace (
        event_id || '-back' as event_id, null as customer_id, null as device_id,
        null as session_hint, 'refund' as event_type, event_at + interval 2 day as event_at,
        received_at + interval 2 day as received_at
    ) from raw_storefront.events
    where event_type = 'purchase' and md5(event_id) < '4'
        and order_id not in (select order_id from pool.gone_orders)
        and event_at < (select max(event_at) - interval 9 day from raw_storefront.events)
"""
# The same of lines that were taken in before.
NOBODY = "{customer} = null, {device} = null, session_hint = null"
LINES_OF_BEFORE = (
    "create table pool.unnamed as select raw_id, event_id from pool.ids where raw_id in ("
    "select event_id from raw_storefront.events where event_type = 'purchase'"
    " and md5(event_id) < '8' and order_id in (select order_id from pool.gone_orders))",
    f"update raw_storefront.events set {NOBODY.format(customer='customer_id', device='device_id')}"
    " where event_id in (select raw_id from pool.unnamed)",
    "update intermediate.int_accepted_events set"
    f" {NOBODY.format(customer='customer_no', device='anonymous_no')}"
    " where event_id in (select event_id from pool.unnamed)",
)
WITHDRAWN = """
    insert into seeds.withdrawn_events
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
    union
    -- Whole orders: refunds that name them alone are nobody's again.
    select source, event_id, 'superseded' from intermediate.int_stitched_events
    where visitor_no not in (select visitor_no from pool.gone)
        and md5(order_id) < '0a' and event_type = 'purchase'
"""
# What they have tried to pay, on devices too that were theirs.
GONE_ATTEMPTS = """
    create table pool.gone_attempts as
    select event_id as attempt_id from intermediate.int_stitched_events
    where visitor_no in (select visitor_no from pool.gone)
"""
RISK = {"int_payment_attempts", "int_risk_links", "int_risk_rings", "int_risk_features"}
KEY = key_sql("event", "event_id", "'storefront'")
NUMBER = (
    "cast('0x' || left(sha256(getvariable('footfall_hmac_outer') || unhex(sha256("
    "getvariable('footfall_hmac_inner') || encode('storefront:{kind}:' || {kind}_id)))), 15)"
    " as bigint)"
)
# What the raw rows leave behind although the events are gone: keys of their ids, that they came
# more than once, and why they were left out.
TRACES = {"int_identity_keys", "int_rejected_rows", "int_repeated_events"}
# Logs of what has left.
LOGS = {"int_withdrawn_events", "int_touched_visitors"}


def rows_of_the_gone(shop: Warehouse) -> dict[str, int]:
    """Rows of each stored table that speak of who is gone, by number or by key."""
    columns = shop.query(
        "select columns.table_schema, columns.table_name, columns.column_name"
        " from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        " where table_schema in ('intermediate', 'marts') and table_type = 'BASE TABLE'"
        " and column_name in ('visitor_no', 'customer_no', 'anonymous_no', 'visitor_key',"
        " 'customer_key', 'device_no')"
    )
    assert len(columns) > 20
    found = {}
    for schema, table, column in columns:
        who = "visitor_no" if column.endswith("_no") else "identity_key"
        found[table] = found.get(table, 0) + shop.value(
            f"select count(*) from {schema}.{table} where {column} in"
            f" (select {who} from pool.gone_keys)"
        )
    for table in ("int_payment_attempts", "int_risk_features"):
        found[table] = found.get(table, 0) + shop.value(
            f"select count(*) from intermediate.{table} semi join pool.gone_attempts"
            " using (attempt_id)"
        )
    return found


def build(shop: Warehouse, *options: str) -> None:
    """Build without making the seed again, whose rows the test has written into the table."""
    shop.built(WITH_RISK, "--exclude-resource-type", "seed", *options)


def erase(shop: Warehouse, key_file: Path) -> None:
    """Write tombstones of all ids of who is gone, as of a moment after all events."""
    until = datetime(2100, 1, 1, tzinfo=UTC)
    tombstones.bury(
        key_file,
        1,
        [
            Erased("storefront", kind, raw_id, None, until if kind == "device" else None)
            for kind, raw_id in shop.query(IDS_OF_THE_GONE)
        ],
        datetime(2026, 7, 1, tzinfo=UTC),
    )


def first_kept_month(shop: Warehouse) -> tuple[datetime, int]:
    """Return a month of which four lie before in the shop, and how many whole ones come after."""
    kept_from = shop.value(
        "select date_trunc('month', min(event_at)) + interval 4 month"
        " from intermediate.int_accepted_events"
    )
    today = datetime.now(UTC)
    return kept_from, 12 * (today.year - kept_from.year) + today.month - kept_from.month


@pytest.mark.long
def test_withdrawn_and_expired_events_and_erased_people_leave_every_table(
    small_shop_with_sql: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = small_shop_with_sql
    key_file = tmp_path / "shop.key"
    monkeypatch.setenv("FOOTFALL_KEY_FILE", str(key_file))
    shop.built(WITH_RISK)
    shop.execute(
        "create schema pool",
        "create table pool.ids as select distinct event_id as raw_id,"
        f" {KEY} as event_id from raw_storefront.events",
        *(
            f"create table pool.{kind}s as select distinct {kind}_id as raw_id,"
            f" {NUMBER.format(kind=kind)} as {number} from raw_storefront.events"
            f" where {kind}_id is not null"
            for kind, number in (("customer", "customer_no"), ("device", "anonymous_no"))
        ),
        *(
            statement
            for entity in ("events", "customers", "reviews")
            for statement in (
                f"create table pool.{entity}_kept as select * from raw_storefront.{entity}",
                f"drop view if exists raw_storefront.{entity}",
                f"create table raw_storefront.{entity} as select * from pool.{entity}_kept",
            )
        ),
        GONE,
        "create table pool.gone_keys as select visitor_no, identity_key from pool.gone"
        " inner join intermediate.int_identity_keys on visitor_no = identity_no",
        GONE_ORDERS,
        GONE_ATTEMPTS,
        f"create table pool.gone_devices as select raw_id from ({IDS_OF_THE_GONE})"
        " as ids (kind, raw_id) where kind = 'device'",
        LINES_THAT_FOLLOW,
        REFUNDS_OF_OTHERS,
        *LINES_OF_BEFORE,
        WITHDRAWN,
    )
    erase(shop, key_file)
    asked = (
        "from pool.ids where raw_id in (select event_id from seeds.withdrawn_events)"
        " or event_id in (select event_id from seeds.withdrawn_events)"
    )
    withdrawn = shop.value(f"select count(*) {asked}")
    erased = shop.value(
        "select count(*) from intermediate.int_accepted_events inner join"
        " intermediate.int_stitched_events using (source, event_id)"
        " where visitor_no in (select visitor_no from pool.gone) or event_id in"
        " (select event_id from pool.unnamed)"
    )
    kept_from, months = first_kept_month(shop)
    shop.variables["keep_months"] = months
    is_old = f"case when event_at < received_at then event_at else received_at end < '{kept_from}'"
    expired = shop.value(
        f"select count(*) from intermediate.int_stitched_events where {is_old}"
        f" and visitor_no not in (select visitor_no from pool.gone)"
        f" and event_id not in (select event_id {asked})"
    )
    assert min(withdrawn, erased, expired) > 200
    assert shop.value("select count(*) from pool.unnamed") > 10
    left = withdrawn + erased + expired
    before = rows_of_the_gone(shop)
    assert sum(1 for rows in before.values() if rows) > 12
    assert all(before[table] for table in RISK)
    build(shop)
    keep(shop, "steps")

    # Refunds that name an order alone went with who bought it, or back to nobody.
    assert shop.query(
        "select count(visitor_no) > 50, count(*) - count(visitor_no) > 3"
        " from intermediate.int_stitched_events semi join (select source, event_id"
        " from intermediate.int_accepted_events where event_type = 'refund'"
        " and customer_no is null and anonymous_no is null) using (source, event_id)"
    ) == [(True, True)]
    assert shop.query(
        "select count(*), count(distinct event_id) from intermediate.int_withdrawn_events"
    ) == [(left, left)]
    assert {name for name, rows in rows_of_the_gone(shop).items() if rows} == LOGS
    order_key = key_sql("order", "order_id", "'storefront'")
    assert shop.query(
        "select count(*) from intermediate.int_accepted_events"
        f" where order_id in (select {order_key} from pool.gone_orders)"
    ) == [(0,)]
    assert shop.query(
        f"select {ROW_EQUATION}, superseded_count > 100, erased_count >= {erased},"
        f" expired_count >= {expired} from intermediate.int_row_accounting"
    ) == [(True, True, True, True)]
    assert shop.query(
        "select count(distinct event_id) filter (reason like 'withdrawn: %'), count(event_id)"
        " filter (reason = 'erased'), count(raw_row) filter (outcome in ('erased', 'expired')),"
        f" count(*) filter (outcome = 'expired' and not {is_old})"
        " from intermediate.int_rejected_rows"
    ) == [(withdrawn, 0, 0, 0)]
    # The logs that incremental tables find their place by are cleared when all have found it.
    with shop.opened() as connection:
        gone = connection.sql("select visitor_no from pool.gone").fetchall()
        devices = connection.sql(
            "select anonymous_no from pool.devices semi join pool.gone_devices using (raw_id)"
        ).fetchall()
        clear_traces(connection, {number for (number,) in gone + devices})
    assert {name for name, rows in rows_of_the_gone(shop).items() if rows} == set()
    # Nothing is left to do, and nothing is withdrawn twice.
    build(shop)
    assert shop.value("select count(*) from intermediate.int_withdrawn_events") == left
    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") == 0
    keep(shop, "steps")

    build(shop, "--full-refresh")
    keep(shop, "full")
    assert differences(shop) == {}

    # The same shop, if it had never seen them; without their tombstones they would come in again.
    tombstones.list_place(key_file).unlink()
    refused = shop.build(["int_arrival_days"])
    assert "holds 0 of the" in problems(refused)
    shop.execute("delete from intermediate.warehouse_settings where name = 'tombstones'")
    shop.execute(
        f"delete from raw_storefront.events where {is_old}"
        f" or event_id in (select raw_id {asked})"
        " or customer_id in (select raw_id from pool.customers semi join pool.gone"
        " on customer_no = visitor_no)"
        " or (customer_id is null and device_id in (select raw_id from pool.gone_devices))"
        f" or ({UNNAMED} and order_id in (select order_id from pool.gone_orders))",
        *(
            f"delete from raw_storefront.{entity} where customer_id in (select raw_id from"
            " pool.customers semi join pool.gone on customer_no = visitor_no)"
            for entity in ("customers", "reviews")
        ),
        "delete from seeds.withdrawn_events",
    )
    shop.variables["keep_months"] = None
    build(shop, "--full-refresh")
    keep(shop, "full")
    assert differences(shop).keys() <= TRACES
