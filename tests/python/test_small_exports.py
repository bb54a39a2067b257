"""Small inputs as tools export them, and what staging makes of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import PROJECT
from footfall.adapter import inspection
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.layouts import FURTHER_COLUMNS
from footfall.inspecting.rendering import Project

Rows = list[tuple[Any, ...]]
SECOND = 1_717_405_200
COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce"


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def staged(source: str, file: Path, columns: str, after: str = "", **variables: Any) -> Rows:
    """Columns of the rows that staging gives, in their order."""
    var = "custom_events_path" if source == "custom" else f"{source}_path"
    with inspection.connection() as connection:
        given = {"footfall_source": source, var: str(file), **variables}
        project = Project(PROJECT, connection, given, QUESTIONS, {})
        relation = project.relation(f"stg_{source}__events")
        return connection.execute(
            f"select {columns} from {relation} {after} order by all"
        ).fetchall()


def lines(file: Path, *rows: dict[str, Any]) -> Path:
    file.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return file


def ga4(name: str, device: str | None, second: int = 0, **more: Any) -> dict[str, Any]:
    event = {"event_name": name, "event_timestamp": str((SECOND + second) * 1_000_000), **more}
    return event if device is None else {**event, "user_pseudo_id": device}


def test_ga4_says_the_order_of_one_moment_and_sells_to_nobody(tmp_path: Path) -> None:
    way = ("view_item", "add_to_cart", "begin_checkout", "purchase")
    cup = {"item_id": "S1", "price": 20.0, "quantity": "2"}
    order = {"ecommerce": {"transaction_id": "T6", "purchase_revenue": 40.0}, "items": [cup]}
    file = lines(
        tmp_path / "events.jsonl",
        *[
            ga4(name, "d3", batch_event_index=str(place), items=[{"item_id": "S1"}])
            for place, name in enumerate(way)
        ],
        # Without consent nothing says who bought.
        ga4("purchase", None, 60, privacy_info={"analytics_storage": "No"}, **order),
        ga4("page_view", "d5", 120, geo={"country": ""}),
    )
    columns = "event_at, sequence_no, event_type, device_id, amount, country, rejection"
    found = [row[2:] for row in staged("ga4", file, columns)]
    assert found == [
        ("view", "d3", None, None, None),
        ("add_to_cart", "d3", None, None, None),
        ("checkout", "d3", None, None, None),
        ("purchase", "d3", None, None, None),
        ("purchase", None, 40.0, None, None),
        ("browse", "d5", None, None, None),
    ]


def snowplow(number: int, name: str = "page_view", **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "event": "unstruct" if name == "snowplow_ecommerce_action" else name,
        "event_name": name,
        "derived_tstamp": f"2024-06-03 09:{number:02}:00",
        **more,
    }


def entities(**data: dict[str, Any]) -> str:
    """Entities of the schemas for shops, as the archive holds them."""
    return json.dumps(
        {
            "data": [
                {"schema": f"{COMMERCE}/{name}/jsonschema/1-0-0", "data": held}
                for name, held in data.items()
            ]
        }
    )


def test_snowplow_names_people_orders_and_discounts_in_entities_of_its_own(tmp_path: Path) -> None:
    schema = f"{COMMERCE}/snowplow_ecommerce_action/jsonschema/1-0-0"
    session = {
        "schema": "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2",
        "data": {"userId": "phone-1", "sessionId": "sess-1"},
    }
    app = {"platform": "mob", "contexts": json.dumps({"data": [session]})}
    bought = {"id": "S1", "price": 20.0, "quantity": 2}
    paid = {"transaction_id": "T7", "currency": "EUR", "revenue": 30.0, "discount_amount": 10.0}
    file = lines(
        tmp_path / "events.jsonl",
        snowplow(2, network_userid="n1", **app),
        snowplow(3, network_userid="n2", **app),
        snowplow(4, **app),
        snowplow(
            *(5, "transaction"),
            domain_userid="k5",
            tr_orderid="T5",
            tr_total="55.0",
            tr_shipping="5.0",
            tr_currency="EUR",
        ),
        snowplow(
            *(7, "snowplow_ecommerce_action"),
            domain_userid="k7",
            unstruct_event=json.dumps(
                {"data": {"schema": schema, "data": {"type": "transaction"}}}
            ),
            contexts=entities(transaction=paid, product=bought, user={"id": "U7"}),
        ),
        snowplow(8, domain_userid="k8", refr_medium="internal"),
    )
    columns = (
        "event_id, event_type, customer_id, device_id, session_hint, order_id, item_id, amount,"
        " currency"
    )
    assert staged("snowplow", file, columns, "where rejection is null") == [
        ("e2", "browse", None, "phone-1", "sess-1", None, None, None, None),
        ("e3", "browse", None, "phone-1", "sess-1", None, None, None, None),
        ("e4", "browse", None, "phone-1", "sess-1", None, None, None, None),
        ("e5", "purchase", None, "k5", None, "T5", None, 50.0, "EUR"),
        ("e7", "purchase", "U7", "k7", None, "T7", "S1", 30.0, "EUR"),
        ("e8", "browse", None, "k8", None, None, None, None, None),
    ]
    # The shop itself is no source of a visit.
    assert staged("snowplow", file, "channel", "where event_id = 'e8'") != [("internal",)]


def test_segment_counts_revenue_without_shipping_in_messages_and_tables(tmp_path: Path) -> None:
    order = {"order_id": "T2", "total": 40.0, "revenue": 33.0, "shipping": 5.0, "tax": 2.0}
    at = "2024-06-03T09:00:00Z"
    messages = lines(
        tmp_path / "messages.jsonl",
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": "m3",
            "userId": "u2",
            "timestamp": at,
            "receivedAt": at,
            "properties": {**order, "currency": "USD"},
        },
    )
    columns = "customer_id, event_type, order_id, amount, currency, rejection"
    assert staged("segment", messages, columns) == [("u2", "purchase", "T2", 33.0, "USD", None)]
    tracks = lines(
        tmp_path / "tracks.jsonl",
        {
            "id": "m6",
            "anonymous_id": "a4",
            "user_id": "u4",
            "event": "order_completed",
            "event_text": "Order Completed",
            "timestamp": at,
            "received_at": at,
            "order_id": "T4",
            "revenue": 50.0,
            "currency": "USD",
        },
    )
    assert staged("segment", tracks, columns) == [("u4", "purchase", "T4", 50.0, "USD", None)]


def test_dates_of_a_british_spreadsheet_are_read_as_one_column(tmp_path: Path) -> None:
    """What one value decides holds for all; a line that two tools saved is one."""
    file = tmp_path / "sheet.csv"
    file.write_text(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,BALL,12,01/12/2009 07:45,6.95,13085.0,United Kingdom\n"
        "489434,85048,BALL,12,01/12/2009 07:45,6.95,13085,United Kingdom\n"
        "489435,22041,FRAME,48,02/01/2010 09:00,2.10,13085,United Kingdom\n"
        "489436,22041,FRAME,48,14/12/2009 09:00,2.10,13085,United Kingdom\n",
        encoding="utf-8",
    )
    columns = "strftime(event_at, '%Y-%m-%d %H:%M'), order_id, customer_id, count(*)"
    found = staged("online_retail", file, f"event_id, {columns}", "group by all")
    assert sorted(row[1:] for row in found) == [
        ("2009-12-01 07:45", "489434", "13085", 2),
        ("2009-12-14 09:00", "489436", "13085", 1),
        ("2010-01-02 09:00", "489435", "13085", 1),
    ]


def test_ids_are_the_same_in_every_type_of_column(tmp_path: Path) -> None:
    """Decimals of a database are whole numbers with zeros behind them; UUIDs are texts."""
    folder = tmp_path / "events"
    folder.mkdir()
    device = "6f1c8a52-0d5e-4c1b-9a53-2f8f6a1d0c11"
    with duckdb.connect() as connection:
        for name, customer, given in (
            ("decimals", "17850.00::decimal(18, 2)", f"'{device}'::uuid"),
            ("doubles", "17850.0::double", f"'{device}'"),
            ("integers", "17850::bigint", f"'{device}'::uuid"),
            ("texts", "'17850.00'", f"'{device}'"),
            ("nobody", "0.00::decimal(18, 2)", "'00000000-0000-0000-0000-000000000000'::uuid"),
        ):
            connection.execute(
                f"copy (select {customer} as customer_id, {given} as device_id, 'purchase' as"
                " event_type, timestamp '2024-06-03 09:00:00' as event_at, 71053.00::decimal(9, 2)"
                " as item_id, 12.00::decimal(9, 2) as order_id, 5.25::decimal(9, 2) as amount) to"
                f" '{folder}/{name}.parquet'"
            )
    columns = "customer_id, device_id, item_id, order_id, amount, rejection"
    for file, expected in (
        *((name, ("17850", device)) for name in ("decimals", "doubles", "integers", "texts")),
        ("nobody", (None, None)),
    ):
        found = staged("custom", folder / f"{file}.parquet", columns)
        assert found == [(*expected, "71053", "12", 5.25, None)]
    together = "customer_id, count(*)"
    assert staged("custom", folder, together, "group by all") == [("17850", 4), (None, 1)]


def test_an_object_in_one_record_changes_no_text_of_the_others(tmp_path: Path) -> None:
    """A column in which one value is a list or an object is JSON, where texts have quotes."""
    at = "2024-06-03T09:00:00Z"
    file = lines(
        tmp_path / "log.jsonl",
        {"customer_id": "c1", "event_at": at, "event_type": "view", "item_id": "cup"},
        {"customer_id": {"id": "c2"}, "event_at": at, "event_type": "view", "item_id": ["cup"]},
        {"customer_id": 3, "event_at": at, "event_type": "purchase", "item_id": 12, "amount": [5]},
        {"customer_id": "c1", "event_at": at, "event_type": "purchase", "amount": "5.50"},
    )
    columns = "customer_id, event_type, item_id, amount, rejection"
    assert staged("custom", file, columns) == [
        ("3", "purchase", "12", None, "amount is not a number: [5]"),
        ("c1", "purchase", None, 5.5, None),
        ("c1", "view", "cup", None, None),
        ('{"id":"c2"}', "view", '["cup"]', None, None),
    ]


def test_segment_lists_products_as_text_or_as_one_object(tmp_path: Path) -> None:
    at = "2024-06-03T09:00:00Z"
    sent = {"type": "track", "event": "Order Completed", "userId": "u1", "timestamp": at}
    cup = {"product_id": "CUP", "price": 9, "quantity": 2}
    orders = {
        "listed": {"products": [cup], "revenue": 18},
        "as text": {"products": json.dumps([cup]), "revenue": 18},
        "alone": {"products": cup, "discount": 3},
        "words": {"products": "CUP, MUG", "revenue": 5},
        "nothing": {"products": "", "revenue": 4},
    }
    file = lines(
        tmp_path / "messages.jsonl",
        *[
            {
                **sent,
                "receivedAt": at,
                "messageId": order,
                "properties": {"order_id": order, **said},
            }
            for order, said in orders.items()
        ],
    )
    columns = "order_id, item_id, quantity, amount, value_notes like 'products%none of them%'"
    assert staged("segment", file, columns) == [
        ("alone", "CUP", 2.0, 15.0, None),
        ("as text", "CUP", 2.0, 18.0, None),
        ("listed", "CUP", 2.0, 18.0, None),
        ("nothing", None, None, 4.0, None),
        ("words", None, None, 5.0, True),
    ]


def test_values_of_types_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """A time of day is no time of an event, and a truth value no amount: the build goes on."""
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'c1' as customer_id, 'purchase' as event_type, time '09:00:00' as"
            " event_at, 'cup' as item_id, 5.5 as amount, 2 as quantity union all select 'c1',"
            " 'purchase', null, 'tea', 7.5, 1) to"
            f" '{tmp_path}/times.parquet'"
        )
        connection.execute(
            "copy (select 'c1' as customer_id, 'purchase' as event_type, date '2024-06-03' as"
            " event_at, 'cup' as item_id, true as amount, uuid() as quantity) to"
            f" '{tmp_path}/truths.parquet'"
        )
    columns = "item_id, rejection"
    assert staged("custom", tmp_path / "times.parquet", columns) == [
        ("cup", "event_at is not a time: 09:00:00"),
        ("tea", None),
    ]
    ((item, rejection),) = staged("custom", tmp_path / "truths.parquet", columns)
    assert (item, rejection.partition(":")[0]) == ("cup", "quantity is not a number")


@pytest.mark.parametrize("table", ["events_intraday_20240603", "events_fresh_20240603"])
@pytest.mark.parametrize("parts", ["", "part-0.jsonl", "day=3/part-0.jsonl"])
def test_a_daily_table_of_ga4_goes_before_a_provisional_one(
    tmp_path: Path, table: str, parts: str
) -> None:
    # That both kinds lie in a folder says nothing of either.
    folder = tmp_path / "daily and intraday"
    for name in ("events_20240603", table):
        file = folder / name / parts if parts else folder / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines(file, ga4("page_view", "d1"), ga4("page_view", "d2", 60 * (name == table)))
    where = folder / "**" / "*.jsonl" if parts else folder
    columns = "device_id, left(rejection, 10), count(*)"
    assert staged("ga4", where, columns, "group by device_id, rejection") == [
        ("d1", "superseded", 1),
        ("d1", None, 1),
        ("d2", "superseded", 1),
        ("d2", None, 1),
    ]


def test_ga4_without_consent_names_nobody_and_breaks_nothing(tmp_path: Path) -> None:
    """Only what is paid counts; an export that has lost its ids is broken all the same."""
    refused = {"privacy_info": {"analytics_storage": "No"}}
    order = {"ecommerce": {"transaction_id": "T6", "purchase_revenue": 40.0}}
    link = "https://shop.example/?msclkid=1"
    page = [{"key": "page_location", "value": {"string_value": link}}]
    bing = [*page, {"key": "source", "value": {"string_value": "bing"}}]
    paid = [*bing, {"key": "medium", "value": {"string_value": "organic"}}]
    mail = [*bing, {"key": "medium", "value": {"string_value": "email"}}]
    file = lines(
        tmp_path / "events.jsonl",
        ga4("page_view", None, 0, **refused),
        ga4("purchase", None, 1, **refused, **order),
        ga4("page_view", None, 2, privacy_info={"analytics_storage": "Yes"}),
        ga4("page_view", "d1", 3, **refused, event_params=paid),
        ga4("page_view", "d1", 4, event_params=mail),
    )
    columns = "event_at, event_type, traffic_medium, amount, rejection"
    assert [row[1:] for row in staged("ga4", file, columns)] == [
        ("browse", "(none)", None, "not an event of the journey: no consent"),
        ("purchase", "(none)", 40.0, None),
        ("browse", "(none)", None, None),
        ("browse", "cpc", None, None),
        ("browse", "email", None, None),
    ]


def test_networks_of_payments_are_kept_and_those_of_views_are_not(tmp_path: Path) -> None:
    at = "2024-06-03T09:00:00Z"
    sent = {"type": "track", "userId": "u1", "timestamp": at, "receivedAt": at}
    addresses = {"m1": "203.0.113.7", "m2": "0.0.0.0", "m3": "2001:db8:1:2::7", "m4": "9.8.7.6"}
    messages = lines(
        tmp_path / "messages.jsonl",
        *[
            {
                **sent,
                "messageId": number,
                "event": "Product Viewed" if number == "m4" else "Order Completed",
                "context": {"ip": address},
                "properties": {"order_id": number, "revenue": 5, "product_id": "CUP"},
            }
            for number, address in addresses.items()
        ],
    )
    assert staged("segment", messages, "event_id, ip_token") == [
        ("m1", "203.0.113.0/24"),
        ("m2", None),
        ("m3", "2001:db8:1::/48"),
        ("m4", None),
    ]
    tables = lines(
        tmp_path / "tracks.jsonl",
        {
            "id": "m6",
            "anonymous_id": "a4",
            "event": "order_completed",
            "event_text": "Order Completed",
            "timestamp": at,
            "received_at": at,
            "context_ip": "203.0.113.9",
            "order_id": "T4",
        },
    )
    assert staged("segment", tables, "ip_token") == [("203.0.113.0/24",)]
    zeros = "00000000-0000-0000-0000-000000000000"
    bought = {"tr_orderid": "T5", "tr_total": "5"}
    events = lines(
        tmp_path / "events.jsonl",
        snowplow(1, "transaction", domain_userid="k1", user_ipaddress="203.0.113.x", **bought),
        snowplow(2, "transaction", domain_userid="k1", user_ipaddress="203.0.x.x", **bought),
        snowplow(3, domain_userid="k1", user_ipaddress="203.0.113.7"),
        # A tracker that is anonymous sets no cookie.
        snowplow(4, network_userid=zeros),
        snowplow(5, "transaction", network_userid=zeros, **bought),
    )
    assert staged("snowplow", events, "event_id, device_id, ip_token, rejection") == [
        ("e1", "k1", "203.0.113.0/24", None),
        ("e2", "k1", None, None),
        ("e3", "k1", None, None),
        ("e4", None, None, "not an event of the journey: tracked anonymously"),
        ("e5", None, None, None),
    ]


def visits(tmp_path: Path, source: str, *places: dict[str, Any]) -> Path:
    """Page views of one visitor, one a minute, in the columns of own files or of Segment."""
    rows: list[dict[str, Any]] = []
    for number, place in enumerate(places):
        at = f"2024-06-03T09:{number:02}:00Z"
        page = {"url": place.get("page_url"), "referrer": place.get("referrer")}
        rows.append(
            {"type": "page", "messageId": f"{number}", "anonymousId": "d", "timestamp": at,
             "receivedAt": at, "context": {"page": page}}
            if source == "segment"
            else {"event_id": f"{number}", "customer_id": "c", "event_at": at,
                  "event_type": "browse", **place}
        )  # fmt: skip
    return lines(tmp_path / f"{source}.jsonl", *rows)


@pytest.mark.parametrize("source", ["custom", "segment"])
def test_the_address_of_a_page_says_where_a_visit_came_from(tmp_path: Path, source: str) -> None:
    shop, google = "https://www.shop.example", "https://www.google.com/"
    file = visits(
        tmp_path,
        source,
        {"page_url": f"{shop}/?utm_source=a%20b&utm_medium=e+mail&utm_campaign=%E9t"},
        {"page_url": f"{shop}/?x=1&gclid=Cj", "referrer": google},
        {"page_url": f"{shop}/", "referrer": google},
        {"page_url": f"{shop}/pay", "referrer": "https://checkout.shop.example/x"},
        {"page_url": f"{shop}/", "referrer": "https://shop.other.example/"},
        {"page_url": f"{shop}/", "referrer": "https://pay.bank.example/"},
        {"page_url": f"{shop}/", "referrer": "$direct"},
    )  # fmt: skip
    columns = "traffic_source, traffic_medium, campaign, landing_page"
    found = staged(source, file, f"event_id, {columns}", shop_hosts=["bank.example"])
    assert [row[1:] for row in found] == [
        # What is no text in UTF-8 stays as it is.
        ("a b", "e mail", "%E9t", "/"),
        ("google", "cpc", None, "/"),
        ("google.com", "referral", None, "/"),
        ("(direct)", "(none)", None, "/pay"),
        ("shop.other.example", "referral", None, "/"),
        ("(direct)", "(none)", None, "/"),
        ("(direct)", "(none)", None, "/"),
    ]


def test_own_files_name_clicks_and_what_led_there(tmp_path: Path) -> None:
    """Without a page nothing says which site is the shop: then only known ones count."""
    file = visits(
        tmp_path,
        "custom",
        {"referrer": "https://www.google.de/x"},
        {"referrer": "https://shop.example/cart"},
        {"fbclid": "IwAR"},
        {"traffic_source": "news", "traffic_medium": "email", "gclid": "Cj"},
        {},
    )
    columns = "event_id, traffic_source, traffic_medium, value_notes like 'referrer%page_url%'"
    assert [row[1:] for row in staged("custom", file, columns)] == [
        ("google.de", "referral", None),
        ("(direct)", "(none)", True),
        ("facebook", "social", None),
        ("news", "email", None),
        (None, None, None),
    ]
    hosts = staged("custom", file, columns, "where event_id = '1'", shop_hosts=["shop.example"])
    assert hosts == [("1", "(direct)", "(none)", None)]
    kept = lines(
        tmp_path / "kept.jsonl",
        {"event_id": "1", "customer_id": "c", "event_at": "2024-06-03T09:00:00Z", "event_type":
         "browse", "at": "https://shop.example/", "gclid": "Cj", "traffic_source": "news"},
        {"event_id": "2", "customer_id": "c", "event_at": "2024-06-03T09:00:00Z", "event_type":
         "browse", "at": None, "gclid": "Cj", "traffic_source": "news"},
    )  # fmt: skip
    mapping = {"events": {"page_url": "at"}}
    for is_kept, first in ((False, "cpc"), (True, "(none)")):
        given: dict[str, Any] = {"custom_columns": mapping, "custom_campaigns_are_kept": is_kept}
        found = staged("custom", kept, "event_id, traffic_medium", "", **given)
        assert found == [("1", first), ("2", "cpc")]


def test_all_ids_of_clicks_can_be_mapped() -> None:
    with inspection.connection() as connection:
        given = {"footfall_source": "custom", "custom_events_path": "events.csv"}
        project = Project(PROJECT, connection, given, QUESTIONS, {})
        own = [*project.call("custom_visit_inputs"), "distinct_id", "is_identified"]
        assert sorted(own) == sorted(FURTHER_COLUMNS)
        assert {*own} <= {*project.call("custom_optional_columns")}


def test_the_first_id_that_is_one_counts_of_several_columns(tmp_path: Path) -> None:
    """Shops write 0 for guests, whose address says who they are; and no number is no id either."""
    given = {"custom_columns": {"events": {"customer_id": ["customer_id", "second_id"]}}}
    row = "timestamp '2024-06-03 10:00:00' as event_at, 'view' as event_type"
    cases = {
        "text": (
            "select '0', 'ana@x' union all select '7', 'b@x' union all select '0', null",
            ["7", None, "ana@x"],
        ),
        "numbers": ("select 0::bigint, 17::bigint union all select 5, 6", ["17", "5"]),
        "floats": ("select 'nan'::double, 17::double union all select 5, 6", ["17", "5"]),
        "mixed": ("select 0::bigint, 'ana@x' union all select 5, 'b@x'", ["5", "ana@x"]),
    }
    for name, (ids, expected) in cases.items():
        file = tmp_path / f"{name}.parquet"
        duckdb.sql(
            f"copy (select *, {row} from ({ids}) as ids (customer_id, second_id)) to '{file}'"
        )
        found = staged("custom", file, "customer_id", **given)
        assert sorted(one or "" for (one,) in found) == sorted(one or "" for one in expected), name


def test_landing_pages_of_own_files_are_paths_alone(tmp_path: Path) -> None:
    pages = {
        "https://shop.example/reset?token=abc&name=Ann+Lee": "/reset",
        "/sale#top": "/sale",
        "https://shop.example": "/",
        "": None,
    }
    rows = [
        {
            "customer_id": "c",
            "event_at": f"2024-06-03 10:00:0{n}",
            "event_type": "view",
            "landing_page": page,
        }
        for n, page in enumerate(pages)
    ]
    found = staged("custom", lines(tmp_path / "e.jsonl", *rows), "event_at, landing_page")
    assert [page for _, page in found] == list(pages.values())
