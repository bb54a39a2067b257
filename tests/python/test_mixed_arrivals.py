"""Exports of several tools that arrive in any order end in the tables of a full build."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALL_SCORER, Warehouse
from test_incremental import differences, keep
from test_own_files import mapping_of

pytestmark = [pytest.mark.long, pytest.mark.rare]

PART = (
    "+int_row_accounting",
    "+int_order_lines",
    "+int_touched_visitors",
    "+int_sessions",
    "+int_customer_days",
    "+int_refund_ledger",
)
BATCHES = 3
START = dt.datetime(2024, 6, 3, 9, tzinfo=dt.UTC)
SCHEMAS = "iglu:com.snowplowanalytics.snowplow.ecommerce"
#: Days after an order, hours more, and what comes of it: each kind of message that may follow.
STORIES: list[list[tuple[float, str, float | None]]] = [
    [(0, "order", 30), (0, "order", 30), (2, "refund", None)],
    [(0, "order", 30), (1, "order", 30), (3, "cancel", None), (4, "refund", 40)],
    [(0, "order", 30), (1, "refund", 10), (2, "refund", None), (3, "cancel", None)],
    [(0, "order", 40), (1, "update", 20), (2, "cancel", None)],
    [(0, "order", 30), (1, "refund", 40), (40, "order", 60), (41, "refund", 65)],
    [(0, "order", 40), (2, "cancel", None), (4, "update", 32)],
]


def moment(days: float) -> dt.datetime:
    return START + dt.timedelta(days=days)


def segment(number: int, days: float, kind: str, value: float | None, story: int) -> dict[str, Any]:
    """A message about one of the orders, by a browser or by a server that knows the customer."""
    names = {"order": "Completed", "refund": "Refunded", "cancel": "Cancelled", "update": "Updated"}
    properties: dict[str, Any] = {"order_id": f"S-{story % 7}"}
    if kind != "refund" or value is not None:
        properties["total" if kind == "refund" else "revenue"] = value
    if kind != "cancel" and (kind != "refund" or value is None):
        pieces = 1 if kind == "refund" else 2
        properties["products"] = [{"product_id": "CUP", "price": 20.0, "quantity": pieces}]
    at = moment(days + story / 24)
    # Of every third story the browser knows the device alone, and the server the customer alone.
    who = {"anonymousId": f"device-{story}"}
    if story % 3 == 0:
        who = who if kind == "order" else {"userId": f"user-{story}"}
    elif (number + story) % 3:
        who["userId"] = f"user-{story}"
    return {
        "type": "track",
        "event": f"Order {names[kind]}",
        "messageId": f"m{story}-{number}",
        **who,
        "timestamp": at.isoformat(),
        "receivedAt": (at + dt.timedelta(hours=number * story % 5)).isoformat(),
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def snowplow(
    number: int, days: float, kind: str, value: float | None, story: int
) -> list[dict[str, Any]]:
    """Orders of the e-commerce schemas; of every other story those of the first calls."""
    at = str(moment(days + story / 24).replace(tzinfo=None))
    event: dict[str, Any] = {
        "event_id": f"e{story}-{number}",
        "derived_tstamp": at,
        "collector_tstamp": at,
        "domain_userid": f"cookie-{story}",
    }
    if kind == "order" and story % 2:
        total = {"event": "transaction", "event_name": "transaction", "tr_orderid": f"P-{story}"}
        item = {
            "event": "transaction_item",
            "event_name": "transaction_item",
            "event_id": event["event_id"] + "-item",
            "ti_orderid": f"P-{story}",
            "ti_sku": "CUP",
            "ti_price": str(value),
            "ti_quantity": "1",
        }
        return [{**event, **total, "tr_total": str((value or 0) + 5)}, {**event, **item}]
    kinds = {"order": "transaction", "refund": "refund"}
    if kind not in kinds:
        return []
    order: dict[str, Any] = {"transaction_id": f"P-{story}", "currency": "EUR"}
    if value is not None:
        order["revenue" if kind == "order" else "refund_amount"] = value
    product = {"id": "CUP", "price": 20.0, "quantity": 2 if kind == "order" else 1}
    if kind == "order":
        order["discount_amount"] = 40 - (value or 0)
    contexts = [
        {"schema": f"{SCHEMAS}/{kinds[kind]}/jsonschema/1-0-0", "data": order},
        {"schema": f"{SCHEMAS}/product/jsonschema/1-0-0", "data": product},
    ]
    action = {
        "schema": f"{SCHEMAS}/snowplow_ecommerce_action/jsonschema/1-0-0",
        "data": {"type": kinds[kind]},
    }
    named = {"event": "unstruct", "event_name": "snowplow_ecommerce_action"}
    described = {"unstruct_event": {"data": action}, "contexts": {"data": contexts}}
    return [{**event, **named, **{name: json.dumps(one) for name, one in described.items()}}]


def ga4(number: int, days: float, kind: str, value: float | None, story: int) -> dict[str, Any]:
    at = moment(days + story / 24)
    items = [{"item_id": "CUP", "price": 20.0, "quantity": "1" if kind == "refund" else "2"}]
    money = {} if value is None else {"refund_value": value}
    return {
        "event_date": f"{at:%Y%m%d}",
        "stream_id": str(story % 2),
        "event_name": kind if kind == "refund" else "purchase",
        "event_timestamp": str(int(at.timestamp()) * 1_000_000),
        "user_pseudo_id": f"pseudo-{story}",
        "event_params": [{"key": "page", "value": {"string_value": f"/{number}"}}],
        "ecommerce": {
            "transaction_id": f"G-{story % 7}",
            **(money if kind == "refund" else {"purchase_revenue": value}),
        },
        "items": items,
    }


def segment_tables(
    number: int, days: float, kind: str, value: float | None, story: int
) -> list[tuple[str, dict[str, Any]]]:
    """The same message in a warehouse: its row of `tracks`, and that of its event's own table."""
    message = segment(number, days, kind, value, story)
    properties = message["properties"]
    name = message["event"].lower().replace(" ", "_")
    row = {
        "id": f"t{story}-{number}",
        "user_id": message.get("userId"),
        "anonymous_id": message.get("anonymousId"),
        "timestamp": message["timestamp"],
        "received_at": message["receivedAt"],
    }
    own = {**row, **properties, "order_id": f"T-{story}"}
    if "products" in properties:
        own["products"] = json.dumps(properties["products"] * 2)
    return [("tracks", {**row, "event": name, "event_text": message["event"]}), (name, own)]


SHOPIFY = (
    "Name,Email,Financial Status,Created at,Currency,Discount Amount,Refunded Amount,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Billing Country,Note"
)


def exported_order(version: int, order: int) -> list[str]:
    """An order as one of three exports has it: refunds and lines are added, and the status moves.

    What stands on the first row is of the whole order. Every other order has no refunds.
    """
    at = f"{moment(order / 3):%Y-%m-%d %H:%M:%S} +0000"
    status = "partially_refunded" if version and order % 2 else "paid"
    refund = 3 * version if order % 2 else 0
    rows = [("Mug", 20, "MUG"), ("Tea", 5, "TEA"), ("Spoon", 2 + order, "SPN")][: version + 1]
    whole = f"buyer-{order % 9},{status},{at},EUR,5,{refund}"
    return [
        f"#{order},{whole if place == 0 else f',,{at},,,'},1,{name},{price},{sku},,,{version}"
        for place, (name, price, sku) in enumerate(rows)
    ]


def told() -> dict[str, list[dict[str, Any]]]:
    """All events of each tool."""
    events: dict[str, list[dict[str, Any]]] = {"segment": [], "snowplow": [], "ga4": []}
    for story in range(20):
        for number, (days, kind, value) in enumerate(STORIES[story % len(STORIES)]):
            one = (number, days, kind, value, story)
            events["segment"].append(segment(*one))
            events["snowplow"].extend(snowplow(*one))
            if kind in ("order", "refund"):
                events["ga4"].append(ga4(*one))
    return events


def write_tables(folder: Path, draw: random.Random, batch_of: dict[Any, int], batch: int) -> None:
    """Write Segment's tables with what has come of them; a row may come before its other half."""
    tables: dict[str, list[dict[str, Any]]] = {"tracks": []}
    for story in range(20):
        for number, (days, kind, value) in enumerate(STORIES[story % len(STORIES)]):
            for table, row in segment_tables(number, days, kind, value, story):
                if batch_of.setdefault((table, row["id"]), draw.randrange(BATCHES)) <= batch:
                    tables.setdefault(table, []).append(row)
    for table, rows in tables.items():
        write(folder / f"{table}.jsonl", rows)


def write_orders(folder: Path, draw: random.Random, batch_of: dict[Any, int], batch: int) -> None:
    """Write the export of one day, which has each order at most once."""
    rows = [SHOPIFY]
    for order in range(30):
        days = draw.sample(range(BATCHES), BATCHES)
        for version in range(BATCHES):
            if batch_of.setdefault((order, version), days[version]) == batch:
                rows += exported_order(version, order)
    (folder / f"orders_{batch}.csv").write_text("\n".join(rows) + "\n")


def write(path: Path, events: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(map(json.dumps, events)))


# Four builds of four sources.
@pytest.mark.timeout(1800)
def test_any_order_of_arrival_of_several_exports(tmp_path: Path) -> None:
    """Late files, refunds before their orders, items after their total, and restated days."""
    for source in ("ga4", "snowplow", "segment", "segment_tables", "orders"):
        (tmp_path / source).mkdir()
    shop = Warehouse(
        tmp_path,
        {
            "footfall_source": ["ga4", "snowplow", "segment", "custom"],
            "ga4_path": str(tmp_path / "ga4" / "*.jsonl"),
            "snowplow_path": str(tmp_path / "snowplow"),
            "segment_path": [str(tmp_path / "segment"), str(tmp_path / "segment_tables")],
            "custom_events_path": str(tmp_path / "orders"),
            **mapping_of("Shopify"),
            **SMALL_SCORER,
        },
    )
    events = told()
    draw = random.Random(7)
    rows_of: dict[Any, int] = {}
    batch_of = {
        (source, place): draw.randrange(BATCHES)
        for source, listed in events.items()
        for place in range(len(listed))
    }
    for batch in range(BATCHES):
        for source in ("snowplow", "segment"):
            new = [
                one for place, one in enumerate(events[source]) if batch_of[source, place] == batch
            ]
            draw.shuffle(new)
            write(tmp_path / source / f"batch_{batch}.jsonl", new)
        write_tables(tmp_path / "segment_tables", draw, rows_of, batch)
        write_orders(tmp_path / "orders", draw, rows_of, batch)
        # What has come of a day stands in its intraday table, and from the second batch on that of
        # every other day gives way to a daily one with other channels.
        so_far = [one for place, one in enumerate(events["ga4"]) if batch_of["ga4", place] <= batch]
        for day in sorted({one["event_date"] for one in so_far}):
            is_daily = batch > 0 and int(day) % 2 == 0
            rows = [one for one in so_far if one["event_date"] == day]
            if is_daily:
                traffic = {"manual_source": "google", "manual_medium": f"medium-{batch}"}
                rows = [{**one, "collected_traffic_source": traffic} for one in rows]
            name = f"events_{'' if is_daily else 'intraday_'}{day}.jsonl"
            write(tmp_path / "ga4" / name, rows)
        shop.built(PART, *(["--full-refresh"] if batch == 0 else []))
    keep(shop, "steps", 7)
    reasons = "select reason, count(*) from intermediate.int_uncounted_lines group by all"
    assert set(dict(shop.query(reasons))) == {"repeated", "superseded", "itemised"}
    given_back = (
        "select count(*) from intermediate.int_order_lines as lines"
        " inner join intermediate.int_accepted_events as accepted"
        " on lines.order_line_id = accepted.event_id"
        " where accepted.event_type = 'refund' and accepted.amount is null and lines.amount < 0"
    )
    assert shop.value(given_back) > 20
    # Rows of tracks that came before the rows of their events' own tables were completed.
    completed = (
        "select count(*) from intermediate.int_withdrawn_events"
        " where source = 'segment' and reason = 'displaced'"
    )
    assert shop.value(completed) > 5
    # Each line of an order counts once, however often it was exported, and so does its discount.
    of_orders = "from intermediate.int_order_lines where source = 'custom'"
    assert shop.query(
        f"select event_type, count(*), round(sum(amount), 2) {of_orders} group by all order by all"
    ) == [("purchase", 90, sum(22 + order for order in range(30))), ("refund", 15, -90.0)]
    shop.built(PART, "--full-refresh")
    keep(shop, "full", 7)
    assert differences(shop, 7).keys() <= {"int_repeated_events"}
