"""Each source's staging models, on the small files in tests/data, through dbt itself."""

import datetime as dt
import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbt.cli.main import dbtRunnerResult

import conftest
import raw_ids
from conftest import PROJECT, SMALL_SCORER, give_key, key_sql
from footfall.adapter import inspection
from footfall.adapter.plugin import complete_journey_folder
from footfall.adapter.questions import QUESTIONS
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import DEFAULT_SOURCE, sources
from footfall.inspecting.rendering import Project
from footfall.inspecting.segment import segment_tables

DATA = PROJECT / "tests" / "data"
# Of the baskets of the public data that are read.
LINES, LINES_OF_NOTHING = 14_929, 87
SEEDS = [
    "currency_rates",
    "event_name_map",
    "event_types",
    "source_categories",
    "withdrawn_events",
]

LISTED = (
    "list prices or a total, of which at most what was paid for the order is given back,"
    " if that is known"
)
UNSTATED = "no amount, so what is still paid of the order is given back, if that is known"

CONTRACT = [
    ("source", "VARCHAR"),
    ("event_id", "VARCHAR"),
    ("customer_id", "VARCHAR"),
    ("device_id", "VARCHAR"),
    ("event_at", "TIMESTAMP WITH TIME ZONE"),
    ("received_at", "TIMESTAMP WITH TIME ZONE"),
    ("sequence_no", "BIGINT"),
    ("event_type", "VARCHAR"),
    ("item_id", "VARCHAR"),
    ("order_id", "VARCHAR"),
    ("quantity", "DOUBLE"),
    ("unit_price", "DOUBLE"),
    ("amount", "DOUBLE"),
    ("listed_amount", "DOUBLE"),
    ("currency", "VARCHAR"),
    ("session_hint", "VARCHAR"),
    ("channel", "VARCHAR"),
    ("traffic_source", "VARCHAR"),
    ("traffic_medium", "VARCHAR"),
    ("campaign", "VARCHAR"),
    ("landing_page", "VARCHAR"),
    ("device", "VARCHAR"),
    ("country", "VARCHAR"),
    ("card_token", "VARCHAR"),
    ("address_token", "VARCHAR"),
    ("ip_token", "VARCHAR"),
    ("terminal_token", "VARCHAR"),
    ("labelled_event_id", "VARCHAR"),
    ("card_country", "VARCHAR"),
    ("source_event_id", "VARCHAR"),
    ("message_text", "VARCHAR"),
    ("properties", "VARCHAR"),
    ("raw_row", "VARCHAR"),
    ("rejection", "VARCHAR"),
    ("value_notes", "VARCHAR"),
]
CLICKSTREAM_COLUMNS = {
    "customer_id": "user_id",
    "event_at": "timestamp",
    "event_type": "event",
    "session_hint": "session_id",
    "device": "platform",
    "channel": "acquisition_channel",
}


def run_dbt(
    folder: Path, variables: dict[str, Any], *select: str, command: str = "build"
) -> dbtRunnerResult:
    """One dbt command on the project, in a warehouse and a target folder of its own."""
    return conftest.Warehouse(folder, variables).dbt(command, "--select", *select)


def run_custom(folder: Path, events: str) -> dbtRunnerResult:
    """Stage a file of tests/data/custom, or none where there is no such file.

    It is copied, so that the var, and with it what dbt has parsed, is that of other tests.
    """
    path = folder / "events.csv"
    if (DATA / "custom" / events).exists():
        shutil.copyfile(DATA / "custom" / events, path)
    variables = {"footfall_source": "custom", "custom_events_path": str(path), **SMALL_SCORER}
    return run_dbt(folder, variables, "+stg_custom__events", *SEEDS)


def failures(result: dbtRunnerResult) -> list[str]:
    """What went wrong in a run, node by node; the exception where it did not come to that."""
    if result.exception is not None:
        return [str(result.exception)]
    return [
        f"{node.node.name}: {node.message}"
        for node in result.result
        if node.status not in ("success", "pass", "skipped", "no-op")
    ]


class Warehouse:
    """A built warehouse to ask questions of."""

    def __init__(self, folder: Path) -> None:
        self.connection = duckdb.connect(str(folder / "shop.duckdb"), read_only=True)
        self.connection.execute("set TimeZone = 'UTC'")
        give_key(self.connection)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def events(self, source: str, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        return self.ask(
            f"select {columns} from staging.stg_{source}__events where {where} order by all"
        )


def segment_archive() -> bytes:
    """Messages as they lie in a bucket, each about what an order says of itself."""
    at = "2024-06-03T{}Z"
    tea = [{"product_id": "P-TEA", "price": 20.0, "quantity": 2}]
    one_tea = [{**tea[0], "quantity": 1}]
    listed = {"order_id": "arch-5", "products": tea}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        (
            "Order Completed",
            at.format("09:00:00"),
            {"order_id": "arch-1", "total": 40.0, "revenue": 33.0, "shipping": 5.0, "tax": 2.0},
        ),
        ("Order Completed", at.format("09:01:00"), {"order_id": "arch-2", "products": tea}),
        ("Order Refunded", at.format("09:02:00"), {"order_id": "arch-2", "total": 10.0}),
        # What is still paid is given back, once.
        (
            "Order Cancelled",
            at.format("09:03:00"),
            {"order_id": "arch-2", "revenue": 40.0, "products": tea},
        ),
        ("Order Cancelled", at.format("09:04:00"), {"order_id": "arch-9"}),
        (
            "Completed Order",
            at.format("09:05:00"),
            {"order_id": "arch-3", "revenue": 45.0, "products": tea},
        ),
        (
            "Order Updated",
            at.format("09:06:00"),
            {"order_id": "arch-3", "revenue": 20.0, "products": [{**tea[0], "quantity": 1}]},
        ),
        ("Order Cancelled", at.format("09:07:00"), {"order_id": "arch-3"}),
        # Names in other spellings, one product whose id is under a name of the shop's own, and a
        # product alone.
        (
            "Order Completed",
            at.format("09:08:00"),
            {
                "orderId": "arch-4",
                "products": [
                    {"productId": "P-TEA", "unitPrice": 20.0, "qty": 2, "productName": "Tea"},
                    {
                        # Names that are not Segment's count where its own are missing.
                        "item_id": "listing-9",
                        "unit_price": 9.0,
                        "note": 'a "productId": 3',
                        "productID": "P-MUG",
                        "price": 5.0,
                    },
                    {"artikel": "P-POT", "price": 7.0},
                ],
            },
        ),
        ("Product Viewed", at.format("09:09:00"), {"productId": "P-CUP", "sku": "C"}),
        # Refunds list prices, whatever was paid: a quarter less here. What a refund says of itself
        # counts, and list prices where the order is not known.
        ("Order Completed", at.format("09:10:00"), {**listed, "discount": 10.0}),
        ("Order Refunded", at.format("09:11:00"), {**listed, "products": one_tea}),
        ("Order Refunded", at.format("09:12:00"), {**listed, "products": one_tea, "total": 12.0}),
        ("Order Refunded", at.format("09:13:00"), {"order_id": "arch-8", "products": one_tea}),
        # The first order was 33 without shipping and tax.
        ("Order Refunded", at.format("09:14:00"), {"order_id": "arch-1", "total": 40.0}),
    ]
    messages = [
        {
            "type": "track",
            "event": event,
            "messageId": f"archived-{number}",
            "userId": "archived-user",
            "timestamp": moment,
            "receivedAt": moment,
            "properties": properties,
        }
        for number, (event, moment, properties) in enumerate(calls)
    ]
    # The server reports the first order as well, with the browser's time.
    messages.append(
        {**messages[0], "messageId": "archived-server", "receivedAt": at.format("09:00:03")}
    )
    # Two messages of one moment; a number that two customers have; products without prices.
    cup, pot = {"product_id": "CUP", "price": 20.0}, {"product_id": "POT", "price": 20.0}
    two_cups = {"order_id": "M-6", "products": [{**cup, "quantity": 2}]}
    more: list[tuple[str, str, str, dict[str, Any]]] = [
        *[
            ("moment", "Order Completed", "06-03T09", {"order_id": "M-3", "revenue": 30.0, **two})
            for two in [{"products": [{**cup, "quantity": 2}]}] * 2
        ],
        ("moment", "Order Refunded", "06-03T10", {"order_id": "M-3", "products": [cup]}),
        ("first", "Order Completed", "06-03T09", {"order_id": "M-4", "revenue": 20.0}),
        ("second", "Order Completed", "07-10T09", {"order_id": "M-4", "revenue": 100.0}),
        ("second", "Order Refunded", "07-10T10", {"order_id": "M-4", "total": 105.0}),
        ("part", "Order Completed", "06-03T09", {"order_id": "M-5", "products": [cup, pot]}),
        (
            "part",
            "Order Refunded",
            "06-03T10",
            {"order_id": "M-5", "products": [{"product_id": "CUP"}]},
        ),
        ("part", "Order Cancelled", "06-03T11", {"order_id": "M-5"}),
        ("part", "Order Refunded", "06-03T12", {"order_id": "M-5", "total": 40.0}),
        # A refund of products at list prices, and of a total with shipping that says no more.
        ("shipped", "Order Completed", "06-03T09", {**two_cups, "revenue": 32.0}),
        ("shipped", "Order Refunded", "06-03T10", {**two_cups, "total": 45.0}),
    ]
    messages.extend(
        {
            "type": "track",
            "event": event,
            "messageId": f"more-{number}",
            "userId": customer,
            "timestamp": f"2024-{moment}:00:00Z",
            "receivedAt": f"2024-{moment}:00:00Z",
            "properties": properties,
        }
        for number, (customer, event, moment, properties) in enumerate(more)
    )
    return gzip.compress("\n".join(map(json.dumps, messages)).encode())


# All but the simulated shop, which other tests build.
SOURCES = [name for name in sources() if name != DEFAULT_SOURCE]


def other_exports_of_ga4(folder: Path) -> list[str]:
    """One order as a JSON array, and as Parquet whose lists a tool wrote as objects."""
    paths = []
    for name in ("array", "wrapped"):
        params = [
            {"key": "currency", "value": {"string_value": "EUR", "int_value": None}},
            {"key": "ga_session_id", "value": {"string_value": None, "int_value": 7}},
        ]
        items = [
            {"item_id": "S1", "price": 20.0, "quantity": 2},
            {"item_id": "S2", "price": 10.0, "quantity": 1},
        ]
        order: dict[str, Any] = {
            "event_name": "purchase",
            "event_timestamp": 1717405260000000,
            "user_pseudo_id": name,
            "event_params": params,
            "ecommerce": {"transaction_id": name, "purchase_revenue": 50.0},
            "items": items,
        }
        if name == "array":
            path = folder / "array.json"
            path.write_text(json.dumps([order], indent=1))
        else:
            path = folder / "wrapped.parquet"
            for field in ("event_params", "items"):
                order[field] = {"list": [{"element": one} for one in order[field]]}
            pq.write_table(pa.Table.from_pylist([order]), path)
        paths.append(str(path))
    return paths


def orders_of_one_moment(folder: Path) -> dict[str, str]:
    """An order of 30 that two events of one moment report, and what one piece gives back.

    The pieces are listed at 20, of which 15 were paid. Of GA4 also tables of two properties.
    """
    second, cup = 1717405260, {"price": 20.0, "quantity": 2}
    one_cup = {**cup, "quantity": 1}

    def ga4(name: str, page: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        param = {"key": "page_location", "value": {"string_value": f"https://shop.example/{page}"}}
        moment = (second + 3600 * (name == "refund")) * 1_000_000
        return {
            "event_name": name,
            "event_timestamp": str(moment),
            "user_pseudo_id": "moment",
            "event_params": [param],
            "ecommerce": {"transaction_id": "M-1", **more},
            "items": [{"item_id": "CUP", **item} for item in items],
        }

    def snowplow(number: int, kind: str, product: dict[str, Any], **order: Any) -> dict[str, Any]:
        vendor = "iglu:com.snowplowanalytics.snowplow.ecommerce"
        entities = {kind: {"transaction_id": "M-2", "currency": "EUR", **order}}
        entities["product"] = {"id": "CUP", **product}
        contexts = [
            {"schema": f"{vendor}/{name}/jsonschema/1-0-0", "data": data}
            for name, data in entities.items()
        ]
        action = {
            "schema": f"{vendor}/snowplow_ecommerce_action/jsonschema/1-0-0",
            "data": {"type": kind},
        }
        return {
            "event_id": f"moment-{number}",
            "event": "unstruct",
            "event_name": "snowplow_ecommerce_action",
            "collector_tstamp": f"2024-06-03 1{number // 3}:00:00",
            "derived_tstamp": f"2024-06-03 1{number // 3}:00:00",
            "domain_userid": "moment",
            "unstruct_event": json.dumps({"data": action}),
            "contexts": json.dumps({"data": contexts}),
        }

    paid = {"revenue": 30.0, "discount_amount": 10.0}
    events = {
        "moment_ga4.jsonl": [
            ga4("purchase", "thanks", [cup], purchase_revenue=30.0),
            ga4("purchase", "thanks?again", [cup], purchase_revenue=30.0),
            ga4("refund", "account", [one_cup]),
        ],
        "events_20240610.jsonl": [{"stream_id": "a", **ga4_view(second, "property-a")}],
        "events_intraday_20240610.jsonl": [
            {"stream_id": "a", **ga4_view(second + 1, "property-a")},
            {"stream_id": "b", **ga4_view(second + 1, "property-b")},
        ],
        "moment_snowplow.jsonl": [
            snowplow(1, "transaction", cup, **paid),
            snowplow(2, "transaction", cup, **paid),
            snowplow(3, "refund", one_cup),
        ],
    }
    paths = {}
    for name, lines in events.items():
        paths[name] = str(folder / name)
        Path(paths[name]).write_text("\n".join(map(json.dumps, lines)))
    return paths


def ga4_view(second: int, device: str) -> dict[str, Any]:
    return {
        "event_date": "20240610",
        "event_name": "page_view",
        "event_timestamp": str(second * 1_000_000),
        "user_pseudo_id": device,
    }


def all_sources(folder: Path) -> dict[str, Any]:
    """The vars that read a sample of every source; what is made for it goes into the folder."""
    samples = {
        one.var: str(PROJECT / one.sample)
        for source in SOURCES
        for one in sources()[source].inputs
        if one.sample
    }
    (folder / "1717405200000.3c5f1a.gz").write_bytes(segment_archive())
    moments = orders_of_one_moment(folder)
    return {
        "footfall_source": SOURCES,
        **samples,
        "ga4_path": [
            str(DATA / "ga4" / "*.jsonl"),
            *other_exports_of_ga4(folder),
            *(path for name, path in moments.items() if name != "moment_snowplow.jsonl"),
        ],
        "segment_path": [
            str(DATA / "segment"),
            str(DATA / "segment_tables"),
            str(folder / "1717405200000.3c5f1a.gz"),
        ],
        "segment_traits": ["plan", "company.size"],
        "snowplow_path": [str(DATA / "snowplow"), moments["moment_snowplow.jsonl"]],
    }


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The staging views of all sources and what is taken in; of a large one some baskets."""
    folder = tmp_path_factory.mktemp("staged")
    files, whole = folder / "complete_journey", complete_journey_folder()
    shutil.copytree(whole, files, ignore=shutil.ignore_patterns("transactions.parquet"))
    duckdb.sql(
        f"copy (from '{whole}/transactions.parquet' where basket_id % 97 = 11 order by all)"
        f" to '{files}/transactions.parquet'"
    )
    variables = {**all_sources(folder), "complete_journey_path": str(files)}
    assert failures(run_dbt(folder, variables, "path:models/staging", *SEEDS)) == []
    # Run, not built: the shops have currencies of their own, and a test would say so.
    taken_in = (
        "+int_row_accounting",
        "+int_order_lines",
        "int_event_value_notes",
        "--exclude",
        "path:models/staging",
    )
    assert failures(run_dbt(folder, variables, *taken_in, command="run")) == []
    warehouse = Warehouse(folder)
    yield warehouse
    warehouse.connection.close()


@pytest.mark.parametrize("source", SOURCES)
def test_events_have_the_columns_of_the_contract(staged: Warehouse, source: str) -> None:
    columns = staged.ask(f"describe staging.stg_{source}__events")
    assert [(name, kind) for name, kind, *_ in columns] == CONTRACT


@pytest.mark.parametrize("source", SOURCES)
def test_no_row_lacks_what_the_contract_promises(staged: Warehouse, source: str) -> None:
    broken = staged.events(
        source, "event_id", f"event_id is null or received_at is null or source <> '{source}'"
    )
    assert broken == []


@pytest.mark.parametrize(
    ("source", "accepted", "copies", "rejected", "refused"),
    [
        ("complete_journey", LINES + 6_589 + 2_102, 0, 0, 0),
        ("online_retail", 7, 2, 5, 0),
        ("ga4", 50, 2, 4, 0),
        # Once events.tsv, and the same twelve events in each layout of a loader.
        ("snowplow", 31 + 5 * 12, 1 + 5 * 1, 0, 0),
        ("segment", 61, 2, 2, 0),
        # One more names neither a customer nor a device. Labels of fraud are events of their own.
        ("custom", 21, 1, 8, 1),
    ],
)
def test_every_raw_row_is_accounted_for(
    staged: Warehouse,
    source: str,
    accepted: int,
    copies: int,
    rejected: int,
    refused: int,
) -> None:
    counts = staged.ask(
        f"""
        select
            count(distinct event_id) filter (where rejection is null),
            count(event_id) filter (where rejection is null)
            - count(distinct event_id) filter (where rejection is null),
            count(rejection)
        from staging.stg_{source}__events
        """
    )
    assert counts == [(accepted, copies, rejected)]
    # And so it stays further on, but for what only the whole contract refuses; GA4 has restated one
    # of its copies, and an intraday table; of Segment's orders the line from before an update does
    # not count, nor what was sent again; of Snowplow's no total whose items are there.
    restated = source == "ga4"
    superseded = {"ga4": 1, "segment": 1, "snowplow": 5}.get(source, 0)
    sent_again = {"ga4": 1, "segment": 2, "snowplow": 1}.get(source, 0)
    assert staged.ask(
        "select raw_count, accepted_count, duplicate_count, superseded_count, rejected_count"
        f" from intermediate.int_row_accounting where source = '{source}'"
    ) == [
        (
            accepted + copies + rejected,
            accepted - refused - sent_again - superseded + restated,
            copies - restated + sent_again,
            restated + superseded,
            rejected + refused - restated,
        )
    ]


@pytest.mark.long
def test_no_table_holds_an_id_or_a_plain_digest_of_one(staged: Warehouse) -> None:
    """Not even where rows have no id of their own, and one is made of all that they say."""
    small = [source for source in SOURCES if source != "complete_journey"]
    ids = (
        "event_id",
        "customer_id",
        "device_id",
        "session_hint",
        "order_id",
        "card_token",
        "ip_token",
    )
    with staged.connection.cursor() as cursor:
        cursor.execute("set TimeZone = 'UTC'")
        give_key(cursor)
        raw_ids.note(
            cursor,
            [
                f"select {name} from staging.stg_{source}__events"
                for source in small
                for name in ids
            ],
            [f"select raw_row from staging.stg_{source}__events" for source in small],
        )
        assert cursor.sql("select count(distinct kind) from telltales").fetchall() == [(7,)]
        columns = raw_ids.text_columns(cursor)
        assert len(columns) > 30
        assert raw_ids.found_in(cursor, columns) == []
        # It would find them: staging shows them.
        for name in ("customer_id", "order_id"):
            shown = [("staging.stg_online_retail__events", name, name)]
            assert raw_ids.found_in(cursor, shown) == [(name, "raw id")]


def test_complete_journey_amounts_and_prices(staged: Warehouse) -> None:
    # The package's own lines: sold at 3.55 after 1.78 and .45 off, .55 more paid by the maker.
    line = staged.events(
        "complete_journey",
        "quantity, round(unit_price, 4), amount, currency, item_id, event_at, received_at",
        "customer_id = '1519' and order_id = '31198795316' and item_id = '850562'",
    )
    moment = dt.datetime(2017, 1, 1, 15, 32, 9, tzinfo=dt.UTC)
    assert line == [(2.0, 2.89, 3.55, "USD", "850562", moment, moment)]
    assert staged.events(
        "complete_journey",
        "count(*), count(*) filter (where quantity = 0)",
        "amount < 0 or quantity <= 0",
    ) == [(LINES_OF_NOTHING, LINES_OF_NOTHING)]
    assert staged.ask(
        """
        select properties ->> '$.action', count(*)
        from staging.stg_complete_journey__events
        where event_type = 'campaign'
        group by all order by all
        """
    ) == [("redeemed", 2_102), ("sent", 6_589)]
    assert staged.ask(
        """
        select
            (select count(*) from staging.stg_complete_journey__items),
            (select count(*) from staging.stg_complete_journey__customers)
        """
    ) == [(92_331, 801)]


def test_online_retail_reasons_and_refunds(staged: Warehouse) -> None:
    reasons = staged.ask(
        """
        select rejection, count(*) from staging.stg_online_retail__events
        where rejection is not null group by all order by all
        """
    )
    assert reasons == [
        ("InvoiceDate is not a time: 8 December", 1),
        ("Quantity is not a number: some", 1),
        ("a movement of stock, no sale", 1),
        ("adjustment of bad debt, no sale", 1),
        ("quantity is negative but nothing was cancelled", 1),
    ]
    assert staged.events(
        "online_retail", "item_id, quantity, amount, order_id", "event_type = 'refund'"
    ) == [("11111A", -2.0, -5.1, "C600006")]
    assert staged.events(
        "online_retail", "distinct customer_id, item_id, event_at", "order_id = '600002'"
    ) == [("18002", "22222", dt.datetime(2010, 12, 2, 9, tzinfo=dt.UTC))]
    # Sold over the counter: an order of nobody.
    assert staged.events(
        "online_retail", "distinct customer_id, amount, rejection", "order_id = '600003'"
    ) == [(None, 10.0, None)]
    assert staged.ask(
        "select item_id, item_name, category from staging.stg_online_retail__items order by all"
    ) == [
        ("11111A", "PAINTED LANTERN", "goods"),
        ("22222", "VOUCHER £10 TIN", "goods"),
        ("B", "Adjust bad debt", "charges"),
        ("POST", "POSTAGE", "charges"),
    ]


def test_ga4_orders_become_lines(staged: Warehouse) -> None:
    assert staged.events(
        "ga4",
        "order_id, item_id, quantity, unit_price, amount, currency, customer_id",
        "event_type in ('purchase', 'refund') and customer_id is not null",
    ) == [
        ("T-1", "SKU-MUG", 1.0, 12.0, 10.8, "EUR", "kunde-1"),
        ("T-1", "SKU-MUG", 2.0, 12.0, 21.6, "EUR", "kunde-1"),
        ("T-1", "SKU-TEA", 1.0, 4.5, 4.05, "EUR", "kunde-1"),
        ("T-2", None, None, None, 9.9, "EUR", "kunde-2"),
    ]
    # Looking at a list of two stays one event; what was collected offline arrived a day later.
    assert len(staged.events("ga4", "event_id", "properties like '%view_item_list%'")) == 1
    assert staged.events(
        "ga4",
        "distinct date_diff('second', event_at, received_at)",
        "order_id = 'T-1' and quantity = 2",
    ) == [(86_400,)]
    assert staged.events("ga4", "distinct session_hint", "device_id = '1011.1709'") == [
        ("1709542800",)
    ]
    assert staged.events("ga4", "rejection", "rejection is not null") == [
        ("items is no list, as it is in the export of GA4 to BigQuery",),
        ("not an event of the journey: session_start",),
        ("superseded: the daily table of the day is there",),
        ("the line is no JSON",),
    ]


def test_every_layout_of_snowplow_gives_the_same_events(staged: Warehouse) -> None:
    layouts = ("archive", "bigquery", "columns", "redshift", "snowflake")
    named = f"({'|'.join(layouts)})"
    bare = ", ".join(
        f"regexp_replace({column}, '{named}-', '', 'g')"
        for column in ("event_id", "customer_id", "device_id", "session_hint")
    )
    one = staged.ask(
        f"""
        select
            {bare}, sequence_no, event_type, regexp_replace(order_id, '{named}-', ''), item_id,
            quantity, unit_price, round(amount, 2), currency, channel, rejection is null,
            list_sort(list(distinct regexp_extract(event_id || device_id, '{named}')))
        from staging.stg_snowplow__events
        where regexp_matches(event_id || device_id, '{named}')
        group by all order by 1, 8
        """
    )
    assert {tuple(row[-1]) for row in one} == {layouts}
    web = (None, "k1", "s1", None)
    shopper = ("user-7", "k1", "s1", None)
    app = (None, "phone-1", "app-session-1")
    # What belongs to no order or item, and what is not rejected.
    assert [row[:-1] for row in one] == [
        # Named by its cookie nowhere, by its app in client_session: one device for two uploads.
        ("10", *app, 2, "view", None, "MUG", 1.0, 21.0, None, "EUR", None, True),
        # The total without shipping and tax is 50.00; its items bring it.
        ("11", *web, "purchase", "T-11", None, None, None, 50.0, "EUR", None, True),
        ("12", *web, "purchase", "T-11", "TEA", 2.0, 25.0, 50.0, "EUR", None, True),
        ("3", *web, "ping", *[None] * 7, True),
        ("4", *web, "view", None, "TEA", 1.0, 5.0, None, "EUR", None, True),
        ("5", *shopper, "add_to_cart", None, "TEA", 2.0, 5.0, None, "EUR", None, True),
        ("6", *shopper, "checkout", *[None] * 7, True),
        # 3.00 off 30.00 is a tenth of each line.
        ("7", *shopper, "purchase", "T-7", "MUG", 1.0, 21.0, 18.9, "EUR", None, True),
        ("7-2", *shopper, "purchase", "T-7", "TEA", 2.0, 5.0, 8.1, "EUR", None, True),
        ("8", *shopper, "refund", "T-7", "TEA", 2.0, 5.0, 8.1, "EUR", None, True),
        ("9", *app, 1, "browse", *[None] * 7, True),
        # Sent twice, viewed once.
        ("page_view view-1 k1", *web, "browse", *[None] * 7, True),
    ]


VISITS = {
    "ga4": [
        ("google", "organic", None, "/tea", None, "Organic Search"),
        ("google", "cpc", "brand", None, None, "Paid Search"),
        ("(direct)", "(none)", None, None, None, "Direct"),
        ("google", "cpc", None, None, None, "Paid Search"),
        ("google", "cpc", None, "/", None, "Paid Search"),
        ("google", "cpc", None, None, None, "Cross-network"),
        # What Google writes where there was no campaign is none; displays, free listings.
        ("(direct)", "(none)", "(direct)", None, None, "Direct"),
        ("google", "display", None, None, None, "Display"),
        ("google", "organic", None, None, None, "Organic Search"),
        (None, None, "spring", None, None, "Unassigned"),
    ],
    "snowplow": [
        ("news", "email", "june", "/a", None, "Email"),
        ("google", "cpc", None, "/b", None, "Paid Search"),
        ("DuckDuckGo", "organic", None, "/c", None, "Organic Search"),
        ("blog.example", "referral", None, "/d", None, "Referral"),
        # The shop itself is no source.
        ("(direct)", "(none)", None, "/e", None, "Direct"),
        ("(direct)", "(none)", None, None, None, "Direct"),
    ],
    "segment": [
        ("news", "email", "june", "/a", None, "Email"),
        ("bing", "cpc", None, "/b", None, "Paid Search"),
        ("google.co.uk", "referral", None, "/c", None, "Organic Search"),
        ("(direct)", "(none)", None, "/d", None, "Direct"),
        ("(direct)", "(none)", None, "/e", None, "Direct"),
        # A message without a page says nothing.
        (None, None, None, None, None, None),
        # A library of a server sends the page among the properties alone.
        ("bing.com", "referral", None, "/f", None, "Organic Search"),
    ],
}


@pytest.mark.parametrize("source", VISITS)
def test_visits_have_the_source_that_led_to_them(staged: Warehouse, source: str) -> None:
    found = staged.ask(
        f"""
        select traffic_source, traffic_medium, campaign, landing_page, country, channel
        from intermediate.int_arrivals
        where source = '{source}' and device_id = 'visits'
        order by event_at
        """
    )
    assert found == VISITS[source]


def test_ga4_orders_are_worth_what_was_paid(staged: Warehouse) -> None:
    """Whatever the form of the file; an order that is worth more than its items holds shipping."""
    assert staged.events(
        "ga4",
        "device_id, order_id, item_id, quantity, amount, currency, value_notes",
        "device_id in ('coupon', 'shipped', 'array', 'wrapped', 'unpriced')",
    ) == [
        ("array", "array", "S1", 2.0, 40.0, "EUR", None),
        ("array", "array", "S2", 1.0, 10.0, "EUR", None),
        (
            "coupon",
            "T-9",
            "S1",
            2.0,
            32.0,
            "EUR",
            "purchase_revenue\tless than the lines of the order come to,"
            " which share the difference",
        ),
        ("coupon", "T-9", "S2", 1.0, 8.0, "EUR", None),
        (
            "shipped",
            "T-10",
            "S1",
            1.0,
            20.0,
            "EUR",
            "purchase_revenue\tmore than the lines of the order come to, which count",
        ),
        # Items without prices share what the order is worth. What a refund is worth that does not
        # say it follows from the order, and is settled where the lines of orders are.
        (
            "unpriced",
            "T-11",
            "S1",
            1.0,
            None,
            "EUR",
            None,
        ),
        (
            "unpriced",
            "T-11",
            "S1",
            3.0,
            37.5,
            "EUR",
            "purchase_revenue\tshared by the lines of the order, which have no prices",
        ),
        ("unpriced", "T-11", "S2", None, 12.5, "EUR", None),
        ("unpriced", "T-11", None, None, None, "EUR", None),
        ("wrapped", "wrapped", "S1", 2.0, 40.0, "EUR", None),
        ("wrapped", "wrapped", "S2", 1.0, 10.0, "EUR", None),
    ]
    # A refund of 24 lists prices that come to 50.
    assert staged.events("ga4", "item_id, amount", "device_id = 'given-back'") == [
        ("S1", pytest.approx(19.2)),
        ("S2", pytest.approx(4.8)),
    ]
    assert staged.events("ga4", "distinct session_hint", "device_id = 'wrapped'") == [("7",)]


def test_ga4_ids_hold_when_a_day_is_restated(staged: Warehouse) -> None:
    assert staged.events(
        "ga4", "count(*), count(distinct event_id), count(customer_id)", "device_id = 'restated'"
    ) == [(2, 1, 1)]


def test_exposures_name_experiment_and_arm(staged: Warehouse) -> None:
    for source, device, shown in (
        ("ga4", "arms", ("F2948574", "3495F49")),
        ("segment", "visits", ("E1", "B")),
    ):
        ((properties,),) = staged.events(
            source, "properties", f"device_id = '{device}' and event_type = 'exposure'"
        )
        told = json.loads(properties)
        assert (told["experiment_id"], told["variant_id"]) == shown
    # Of Snowplow the entities of a view: one of anybody's, and one of Optimizely.
    shown_to = staged.events("snowplow", "event_id, event_type, properties", "device_id = 'arms'")
    assert [
        (
            event_id,
            event_type,
            json.loads(told).get("experiment_id"),
            json.loads(told).get("variant_id"),
        )
        for event_id, event_type, told in shown_to
    ] == [
        ("shown-1", "browse", None, None),
        ("shown-1-2", "exposure", "E1", "B"),
        ("shown-1-3", "exposure", "8349", "2"),
    ]


def test_snowplow_entities_become_lines(staged: Warehouse) -> None:
    assert staged.events(
        "snowplow",
        "order_id, item_id, quantity, unit_price, amount, currency, customer_id",
        "event_type in ('purchase', 'refund') and event_id like '5b1e%'",
    ) == [
        ("O-1", "MUG", 1.0, 12.0, 12.0, "GBP", "u1"),
        ("O-1", "MUG", 2.0, 12.0, 24.0, "GBP", "u1"),
        ("O-1", "TEA", 1.0, 5.0, 4.5, "GBP", "u1"),
        ("O-2", None, None, None, 7.0, "GBP", "u2"),
    ]
    assert staged.events(
        "snowplow", "date_diff('minute', event_at, received_at)", "event_type = 'remove_from_cart'"
    ) == [(120,)]
    # Two products without prices share what the order is worth.
    assert staged.events(
        "snowplow", "item_id, quantity, amount, currency", "device_id = 'unpriced'"
    ) == [("MUG", 3.0, 30.0, "EUR"), ("TEA", None, 10.0, "EUR")]
    # Of every layout what is in the cart, and the step of the checkout.
    assert staged.events(
        "snowplow",
        "distinct event_type, cast(properties ->> 'cart_value' as double),"
        " properties ->> 'checkout_step'",
        "event_type in ('add_to_cart', 'checkout') and not event_id like '5b1e%'",
    ) == [("add_to_cart", 9.0, None), ("checkout", None, "1")]
    # A word for nothing is nobody: two devices, no customer.
    assert staged.events("snowplow", "customer_id, device_id", "event_id like 'sp-null-%'") == [
        (None, "k1"),
        (None, "k2"),
    ]
    assert staged.ask("select * from staging.stg_snowplow__items order by item_id") == [
        ("snowplow", "CUP", *[None] * 8, 20.0, None, None, None),
        ("snowplow", "MUG", "Mug", "kitchen", None, "Clay", *[None] * 4, 21.0, None, None, None),
        (
            "snowplow",
            "TEA",
            "Green tea",
            "drinks",
            "tea",
            "Leaf",
            *[None] * 4,
            5.0,
            None,
            True,
            None,
        ),
    ]


def test_segment_spreads_the_discount_of_an_order(staged: Warehouse) -> None:
    assert staged.events(
        "segment",
        "order_id, item_id, quantity, unit_price, amount, currency, customer_id",
        "event_type in ('purchase', 'refund') and order_id like 'S-%'",
    ) == [
        ("S-1", "P-MUG", 1.0, 10.0, 9.0, "EUR", "user-1"),
        ("S-1", "P-MUG", 1.0, 10.0, None, "EUR", "user-1"),
        ("S-1", "P-TEA", 2.0, 5.0, 9.0, "EUR", "user-1"),
        ("S-2", None, None, None, 7.5, "EUR", "user-2"),
    ]
    customers = staged.ask(
        """
        select
            customer_id, country, birth_year, has_marketing_consent, attributes, year(registered_at)
        from staging.stg_segment__customers
        """
    )
    assert sorted(customers) == [
        ("user-1", "France", 1988, True, '{"plan":"gold"}', 2023),
        ("warehouse-user", "France", None, None, '{"plan":"silver","company.size":"20"}', 2020),
    ]


def test_segment_orders_are_worth_what_they_say(staged: Warehouse) -> None:
    """Without shipping and tax; a cancellation gives back what is still paid."""
    assert staged.events(
        "segment",
        "order_id, event_type, item_id, round(amount, 6), listed_amount",
        "order_id like 'arch-%'",
    ) == [
        ("arch-1", "purchase", None, 33.0, None),
        ("arch-1", "purchase", None, 33.0, None),
        ("arch-1", "refund", None, None, 40.0),
        ("arch-2", "purchase", "P-TEA", 40.0, None),
        ("arch-2", "refund", "P-TEA", None, 40.0),
        ("arch-2", "refund", None, None, 10.0),
        ("arch-3", "order_update", "P-TEA", 20.0, None),
        ("arch-3", "purchase", "P-TEA", 40.0, None),
        ("arch-3", "refund", None, None, None),
        ("arch-4", "purchase", "P-MUG", 5.0, None),
        ("arch-4", "purchase", "P-TEA", 40.0, None),
        ("arch-4", "purchase", None, 7.0, None),
        ("arch-5", "purchase", "P-TEA", 30.0, None),
        ("arch-5", "refund", "P-TEA", 12.0, None),
        ("arch-5", "refund", "P-TEA", None, 20.0),
        ("arch-8", "refund", "P-TEA", None, 20.0),
        ("arch-9", "refund", None, None, None),
    ]
    # What each gives back: the first of two totals, of list prices what was paid, the rest.
    assert staged.ask(
        f"""
        select told.order_id, round(lines.amount, 6)
        from intermediate.int_order_lines as lines
        inner join staging.stg_segment__events as told
            on lines.order_line_id = {key_sql("event", "told.event_id", "told.source")}
        where told.order_id like 'arch-%' and lines.event_type = 'refund'
        order by all
        """
    ) == [
        ("arch-1", -33.0),
        ("arch-2", -30.0),
        ("arch-2", -10.0),
        ("arch-3", -20.0),
        ("arch-5", -15.0),
        ("arch-5", -12.0),
        ("arch-8", -20.0),
        ("arch-9", None),
    ]
    assert staged.events("segment", "event_type, item_id", "item_id = 'P-CUP'") == [
        ("view", "P-CUP")
    ]
    assert staged.events("segment", "value_notes", "value_notes like 'item_id\ta product%'") == [
        (
            "item_id\ta product without an id that is read (product_id, sku, id), so the line has"
            " no item",
        )
    ]
    # The first version of Segment's names, of properties as of events.
    assert staged.events(
        "segment", "event_type, item_id, order_id, amount, currency", "device_id = 'first'"
    ) == [
        ("purchase", "V-TEA", "first-o", 33.0, "EUR"),
        ("view", "V-TEA", None, None, None),
    ]
    assert staged.events("segment", "value_notes", "value_notes like 'total\t%'") == [
        ("total\tless than the lines of the refund cost, which share it",)
    ]
    assert staged.events("segment", "value_notes", "value_notes like 'revenue%'") == [
        *[("revenue\tless than the lines of the order come to, which share the difference",)] * 5,
        ("revenue\tmore than the lines of the order come to, which count",),
    ]


def test_orders_of_one_moment_count_once_and_give_back_what_was_paid(staged: Warehouse) -> None:
    """Whatever a refund lists; of a number that restarts only the order of its own customer."""
    told = " union all ".join(
        "select source, order_id, coalesce(customer_id, device_id) as visitor,"
        f" {key_sql('event', 'event_id')} as event_key"
        f" from staging.stg_{source}__events where order_id like 'M-%'"
        for source in ("ga4", "snowplow", "segment")
    )
    assert staged.ask(
        f"""
        select order_id, visitor, event_type, list(round(amount, 6) order by booked_at)
        from intermediate.int_order_lines as lines
        inner join ({told}) as told on lines.order_line_id = told.event_key
        group by all order by all
        """
    ) == [
        ("M-1", "moment", "purchase", [30.0]),
        ("M-1", "moment", "refund", [-15.0]),
        ("M-2", "moment", "purchase", [30.0]),
        ("M-2", "moment", "refund", [-15.0]),
        ("M-3", "moment", "purchase", [30.0]),
        ("M-3", "moment", "refund", [-15.0]),
        ("M-4", "first", "purchase", [20.0]),
        ("M-4", "second", "purchase", [100.0]),
        ("M-4", "second", "refund", [-100.0]),
        ("M-5", "part", "purchase", [20.0, 20.0]),
        ("M-5", "part", "refund", [-20.0, -20.0, 0.0]),
        ("M-6", "shipped", "purchase", [32.0]),
        ("M-6", "shipped", "refund", [-32.0]),
    ]
    # What they list is counted, and so is what says nothing.
    counted = staged.ask(
        """
        select source, reason, sum(value_count)
        from intermediate.int_event_value_notes
        where column_name = 'amount' and source in ('segment', 'ga4', 'snowplow')
        group by all order by all
        """
    )
    assert counted == [
        ("ga4", LISTED, 1),
        ("ga4", UNSTATED, 2),
        ("segment", LISTED, 10),
        ("segment", UNSTATED, 5),
        ("snowplow", LISTED, 1),
    ]


def test_segment_tables_of_a_warehouse_are_messages(staged: Warehouse) -> None:
    """One table per event completes its row of tracks, whatever columns it has besides the id."""
    assert staged.events(
        "segment",
        "distinct strftime(event_at, '%H:%M'), event_type, item_id, order_id, amount,"
        " traffic_source, landing_page, device",
        "event_id like 'table-%'",
    ) == [
        ("09:00", "browse", None, None, None, "google.com", "/", "mobile"),
        ("09:01", "login", None, None, None, None, None, None),
        ("09:02", "view", "P-TEA", None, None, None, "/a", None),
        ("09:03", "purchase", None, "table-o1", 50.0, None, None, None),
        ("10:03", "purchase", "P-TEA", "table-o2", 30.0, None, None, None),
        ("10:03", "refund", None, "table-o2", None, None, None, None),
    ]


def test_segment_tables_are_read_in_a_schema(staged: Warehouse) -> None:
    """What Segment fills in a warehouse gives the events of the same tables as files."""
    columns = "event_id, event_type, event_at, item_id, order_id, amount, channel, landing_page"
    variables = {"footfall_source": "segment", "segment_schema": "segment_prod"}
    with inspection.connection() as warehouse:
        warehouse.execute("create schema segment_prod")
        for path in sorted((DATA / "segment_tables").iterdir()):
            files = path / "*.json" if path.is_dir() else path
            warehouse.execute(f"create table segment_prod.{path.stem} as from '{files}'")
        project = Project(PROJECT, warehouse, variables, QUESTIONS, {})
        staging = project.relation("stg_segment__events")
        found = warehouse.execute(f"select {columns} from {staging} order by all").fetchall()
    assert found == staged.events("segment", columns, "event_id like 'table-%'")


def test_snowplow_tables_are_read_in_a_schema(staged: Warehouse) -> None:
    """Next to the events are tables of one schema each, however the relation is spelled."""
    columns = "event_id, device_id, event_type, item_id, order_id, amount, rejection is null"
    variables = {"footfall_source": "snowplow", "snowplow_relation": "ATOMIC.Events"}
    with inspection.connection() as warehouse:
        warehouse.execute("create schema atomic")
        for path in (DATA / "snowplow" / "layouts" / "redshift").iterdir():
            warehouse.execute(f"create table atomic.{path.stem} as from '{path}'")
        project = Project(PROJECT, warehouse, variables, QUESTIONS, {})
        staging = project.relation("stg_snowplow__events")
        found = warehouse.execute(f"select {columns} from {staging} order by all").fetchall()
    assert found == staged.events("snowplow", columns, "device_id like 'redshift-%'")


@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        (
            "Name,Financial Status,Lineitem quantity,Lineitem price",
            "looks like Shopify's export of orders: docs/formats.md",
        ),
        ("event_name,event_timestamp,user_pseudo_id", "build it with SOURCE=ga4"),
        ("a,b", "For SOURCE=segment a file holds raw messages"),
    ],
)
def test_a_file_of_another_shape_is_recognised(tmp_path: Path, columns: str, answer: str) -> None:
    (tmp_path / "some.csv").write_text(f"{columns}\n1\n")
    places = [{"root": str(tmp_path), "file": str(tmp_path / "some.csv"), "kind": "text"}]
    with pytest.raises(BuildProblem, match=answer):
        segment_tables(name="segment_path", places=places)


def test_custom_rows_are_rejected_with_the_value_at_fault(staged: Warehouse) -> None:
    assert staged.events("custom", "rejection", "rejection is not null") == [
        ("amount is not a number: 12,3x",),
        ("event_at is not a time: yesterday",),
        ("labelled_at is before event_at",),
        ("line 10 of custom/events.csv cannot be read: byte 0xE9 is no character of UTF-8",),
        ("line 15 of custom/events.csv cannot be read: 25 fields where the header has 23",),
        (
            "line 16 of custom/events.csv cannot be read: a quote is not closed, or not doubled"
            " inside a quoted value",
        ),
        ("quantity is not a number: many",),
        ("unit_price is not a number: inf",),
    ]
    (raw_row,) = staged.events("custom", "raw_row", "rejection like 'line 15%'")[0]
    assert json.loads(raw_row)["line"].startswith("e13,c3,")


def test_custom_values_survive_odd_text(staged: Warehouse) -> None:
    assert staged.events("custom", "item_id", "customer_id = 'c3' and item_id <> 'tea'") == [
        ("café",),
        ('said "hello", then left',),
        ("two\nlines",),
    ]
    times = dict(
        staged.events("custom", "event_id, event_at", "event_id in ('e1', 'e2', 'e3', 'e4', 'e5')")
    )
    assert {name: moment.strftime("%d %H:%M:%S") for name, moment in times.items()} == {
        "e1": "04 09:00:00",
        "e2": "04 09:01:00",
        "e3": "04 09:02:00",
        "e4": "04 09:03:20",
        "e5": "05 10:00:00",
    }
    properties = dict(staged.events("custom", "event_id, properties", "customer_id = 'c1'"))
    assert json.loads(properties["e2"]) == {"page": "/tea", "loyalty tier": "gold"}
    assert staged.events("custom", "value_notes", "event_id = 'e2'") == [
        ("properties\thas fields with the names of columns, which count: loyalty tier",)
    ]
    assert json.loads(properties["e4"]) == {
        "properties": "from the till",
        "loyalty tier": "gold",
        "source_event_name": "Purchase",
    }


def test_tokens_of_payments_and_messages_leave_staging_under_keys_and_masks(
    staged: Warehouse,
) -> None:
    columns = "card_token, ip_token, message_text, campaign, landing_page"
    assert staged.events("custom", columns, "event_type = 'purchase' and customer_id = 'c1'") == [
        ("tok-31", "203.0.113.0/24", "Call me: +49 170 1234567", "spring sale", "/tea")
    ]
    (row,) = staged.ask(
        f"select {columns} from intermediate.int_accepted_events where ip_token is not null"
    )
    assert row[2:] == ("Call me: [masked phone]", "spring sale", "/tea")
    # Nor do they stay among the other columns, which go on as they are.
    tokens = "[card_token, address_token, ip_token, terminal_token]"
    left = f"len(list_filter({tokens}, lambda token: contains(properties, token))) > 0"
    assert staged.events("custom", "event_id", left) == []
    # Each kind of token has keys of its own: the same text as a card is another one.
    card, address = (
        key_sql(kind, f"'{token}'", "'custom'")
        for kind, token in (("card", "tok-31"), ("ip", "203.0.113.0/24"))
    )
    with staged.connection.cursor() as cursor:
        give_key(cursor)
        assert cursor.sql(f"select {card}, {address}").fetchall() == [row[:2]]


def test_labels_of_custom_files_are_events_with_a_time_of_arrival_of_their_own(
    staged: Warehouse,
) -> None:
    columns = "labelled_event_id, event_type, event_at, received_at, rejection, value_notes"
    found = staged.events("custom", columns, "labelled_event_id is not null")
    # Each is one row more than the file has, and counted.
    made = "is_fraud\ta label of its own, which is one row more than the files have"
    assert {row[-1].split("\n")[0] for row in found} == {made}
    assert [
        (
            *row[:2],
            *(f"{moment:%m-%d %H:%M}" for moment in row[2:4]),
            row[4],
            "".join(row[5].split("\n")[1:]) or None,
        )
        for row in found
    ] == [
        ("e22", "chargeback", "03-01 00:00", "03-04 13:01", "labelled_at is before event_at", None),
        ("e23", "chargeback_reversed", "03-09 00:00", "03-09 00:00", None, None),
        # Nobody knew it then: how it counts is for the models of risk to say.
        (
            "e24",
            "chargeback",
            "03-04 13:03",
            "03-04 13:04",
            None,
            "labelled_at\tnone, so the label counts when its row arrived, at the earliest after "
            "risk_label_delay_days",
        ),
        ("e4", "chargeback", "03-20 08:00", "03-20 08:00", None, None),
    ]
    assert staged.events("custom", "event_id, value_notes", "event_id in ('e21', 'e25')") == [
        (
            "e21",
            "is_fraud\tneither a known yes (var words_for_yes) nor a known no, so no label"
            "\tperhaps",
        ),
        ("e25", "labelled_at\tno is_fraud, so it labels nothing"),
    ]
    # The row of the payment stays as it was, and a label has the key of its payment.
    assert staged.ask(
        """
        select payments.event_type, count(labels.event_id)
        from intermediate.int_accepted_events as payments
        inner join intermediate.int_accepted_events as labels
            on payments.event_id = labels.labelled_event_id
        where payments.properties is null or payments.properties not like '%fraud%'
        group by all order by all
        """
    ) == [("payment", 2), ("purchase", 1)]


def test_custom_brings_items_customers_and_reviews(staged: Warehouse) -> None:
    assert staged.ask(
        "select item_id, list_price, is_in_stock from staging.stg_custom__items order by all"
    ) == [("mug", 12.0, False), ("tea", 4.5, True)]
    # A place beyond the poles, and a vector of words, are none and counted.
    assert staged.ask(
        """
        select image_vector, latitude, longitude, value_notes from staging.stg_custom__items
        order by item_id
        """
    ) == [
        (
            None,
            None,
            None,
            "longitude\ta word for nothing\tNULL\nimage_vector\tno list of numbers\n"
            "latitude\tno latitude",
        ),
        ([0.25, -1.0], 48.2, 16.4, None),
    ]
    assert staged.ask(
        """
        select customer_id, birth_year, attributes, value_notes from staging.stg_custom__customers
        order by all
        """
    ) == [
        # A column counts, whatever a field of its name says.
        (
            "c1",
            1980,
            '{"newsletter":"weekly"}',
            "attributes\thas fields with the names of columns, which count: newsletter",
        ),
        ("c2", None, '{"newsletter":"never","shoe":42}', None),
    ]
    assert staged.ask(
        "select item_id, rating, body from staging.stg_custom__reviews order by all"
    ) == [
        ("mug", 2.0, "The handle was broken"),
        ("tea", 5.0, 'Smells of "spring",\ntastes of summer'),
    ]


def test_a_click_stream_under_other_names(tmp_path: Path) -> None:
    result = run_dbt(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": str(DATA / "retentioneering" / "clickstream.csv"),
            "custom_columns": {"events": CLICKSTREAM_COLUMNS},
            "custom_event_names": {"promo_page": "campaign", "error_page": None},
            "custom_vocabulary": "retentioneering",
            "custom_keep_identical_rows": True,
            **SMALL_SCORER,
        },
        "+stg_custom__events",
        *SEEDS,
    )
    assert failures(result) == []
    warehouse = Warehouse(tmp_path)
    counts = dict(
        warehouse.ask(
            """
            select event_type, count(distinct event_id) from staging.stg_custom__events
            where rejection is null group by all
            """
        )
    )
    assert counts == {
        "browse": 9,
        "search": 1,
        "view": 4,
        "wishlist": 1,
        "add_to_cart": 2,
        "checkout": 2,
        "checkout_error": 1,
        "payment": 2,
        "payment_error": 1,
        "support": 1,
        "purchase": 1,
        "campaign": 1,
    }
    assert warehouse.events("custom", "rejection", "rejection is not null") == [
        ("not an event of the journey: error_page",)
    ]
    (properties,) = warehouse.events("custom", "properties", "event_type = 'support'")[0]
    assert json.loads(properties) == {
        "user_cohort": "2024-01",
        "user_lifecycle": "returning",
        "source_event_name": "support_chat",
    }
    warehouse.connection.close()


@pytest.mark.long
def test_columns_and_relations_of_any_name_are_read(tmp_path: Path) -> None:
    """Names come from people: an apostrophe or a quote in one is a part of it, and no SQL."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute('create schema "pool; x"')
        connection.execute(
            """
            create table "pool; x"."it's ""all"".events" as
            select
                'c1' as "who's there",
                timestamptz '2026-01-01 00:00:00+00' as "at ""once"" only",
                'view' as "kind, of",
                note as "shopper's notes",
                5 as "5 ""o'clock"" tea"
            from (values ('likes "tea"; isn''t sure'), ('{"a": 1}'), (null)) as notes(note)
            """
        )
        connection.execute("create table items as select 'A' as item_id, 4.5 as list_price")
        connection.execute("create table people as select 7 as customer_id, 'DE' as country")
        connection.execute(
            "create table said as select 7 as who, 'A' as item_id, date '2026-01-02' as reviewed_at"
        )
        # A verdict that cannot be read fails the build.
        connection.execute(
            """
            create table "pool; x"."found, decided" as
            select
                repeat('a', 32) as attempt_id,
                verdict,
                timestamp '2026-01-02 10:00:00' as "Decided_At"
            from (values ('fraud'), ('it''s "odd"')) as verdicts(verdict)
            """
        )
        # The columns that a definition may lack, it lacks.
        connection.execute(
            """
            create table "pool; x"."tests, ours" as
            select
                'new "basket"' as "Experiment",
                'customer' as unit,
                'off;on' as arms,
                'off' as control,
                date '2026-01-01' as starts_on,
                date '2026-02-01' as ends_on,
                'converted' as primary_metric,
                'increase' as direction
            """
        )
    result = run_dbt(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_relation": 'pool; x."it\'s ""all"".events"',
            "custom_columns": {
                "events": {
                    "customer_id": "who's there",
                    "event_at": 'at "once" only',
                    "event_type": "kind, of",
                    "properties": "shopper's notes",
                },
                "reviews": {"customer_id": "who"},
            },
            "custom_event_names": {"it's": "view"},
            "custom_items_relation": "main.items",
            "custom_customers_relation": "main.people",
            "custom_reviews_relation": "main.said",
            "experiments_relation": 'pool; x."tests, ours"',
            "risk_verdicts_relation": 'pool; x."found, decided"',
        },
        *(f"+stg_custom__{entity}" for entity in ("events", "items", "customers", "reviews")),
        "+int_experiment_definitions",
        "+int_risk_verdicts",
        *SEEDS,
    )
    assert failures(result) == [
        "risk_verdicts_can_be_read: Got 1 result, configured to fail if != 0"
    ]
    warehouse = Warehouse(tmp_path)
    found = [json.loads(row[0]) for row in warehouse.events("custom", "properties")]
    lists = warehouse.ask(
        """
        select item_id, list_price, customers.country, reviews.customer_id
        from staging.stg_custom__items
        inner join staging.stg_custom__reviews as reviews using (item_id)
        inner join staging.stg_custom__customers as customers using (customer_id)
        """
    )
    assert lists == [("A", 4.5, "DE", "7")]
    assert warehouse.ask(
        "select experiment, arms, control, starts_on, ends_on, outcome_days"
        " from intermediate.int_experiment_definitions"
    ) == [('new "basket"', "off;on", "off", dt.date(2026, 1, 1), dt.date(2026, 2, 1), None)]
    warehouse.connection.close()
    tea = {'5 "o\'clock" tea': 5}
    assert sorted(found, key=len) == [
        tea,
        *sorted(
            [{**tea, "a": 1}, {**tea, "shopper's notes": 'likes "tea"; isn\'t sure'}],
            key=list,
        ),
    ]


@pytest.mark.long
def test_files_of_several_kinds_are_one_table(tmp_path: Path) -> None:
    """A folder of JSON and text without a header; paths into objects; several spellings."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    (folder / "clicks.jsonl").write_text(
        '{"event": "Product Viewed", "user_id": 7, "time": 1717405200123,'
        ' "event_properties": {"sku": "A", "page": {"url": "/a"}, "email": "a@example.org"}}\n'
        '{"event":\n'
    )
    (folder / "orders.json").write_text(
        '[{"event": "Order Completed", "user": {"id": "u-1"}, "time": "2024-06-03T09:01:00Z",'
        ' "event_properties": {"sku": "A", "revenue": 19.5}}]'
    )
    with pa.output_stream(str(folder / "till.txt.zst"), compression="zstd") as text:
        text.write(b"7   2024-06-03 09:02:00purchase B 3.50\n9   2024-06-03 09:03:00purchase B x\n")
    result = run_dbt(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": [str(folder)],
            "custom_header": {
                "events": ["customer_id", "event_at", "event_type", "item_id", "amount"]
            },
            "custom_widths": {"events": [4, 19, 9, 2, 5]},
            "custom_columns": {
                "events": {
                    "customer_id": ["customer_id", "user_id", "user.id"],
                    "event_at": ["event_at", "time"],
                    "event_type": ["event_type", "event"],
                    "item_id": ["item_id", "event_properties.sku"],
                    "amount": ["amount", "event_properties.revenue"],
                }
            },
            **SMALL_SCORER,
        },
        "+stg_custom__events",
        *SEEDS,
    )
    assert failures(result) == []
    warehouse = Warehouse(tmp_path)
    assert warehouse.events(
        "custom",
        "substring(event_at::varchar, 12, 12), customer_id, event_type, item_id, amount, rejection",
        "event_at is not null",
    ) == [
        ("09:00:00.123", "7", "view", "A", None, None),
        ("09:01:00+00", "u-1", "purchase", "A", 19.5, None),
        ("09:02:00+00", "7", "purchase", "B", 3.5, None),
        ("09:03:00+00", "9", "purchase", "B", None, "amount is not a number: x"),
    ]
    assert warehouse.events("custom", "rejection", "event_at is null") == [
        (
            f"line 2 of {folder.name}/clicks.jsonl cannot be read: no JSON: Expecting value at"
            " character 10",
        )
    ]
    # Ids and values that have columns of their own are not said twice.
    said = [
        json.loads(text)
        for (text,) in warehouse.events("custom", "properties", "event_type = 'view'")
    ]
    assert said[0] == {
        "event_properties": {"page": {"url": "/a"}, "email": "a@example.org"},
        "source_event_name": "Product Viewed",
    }
    warehouse.connection.close()


def test_parquet_types_are_taken_as_they_come(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 5, 6, 7, 8, 9)
    # One value of the third row is not UTF-8: it alone is lost, where DuckDB refuses the file.
    words = pa.array([b"purchase", b"view", b"vi\xe9w"], pa.binary()).buffers()
    table = pa.table(
        {
            "CUSTOMER_ID": pa.array([17850.0, None, 1.0], pa.float64()),
            "device_id": pa.array([None, 7, 8], pa.int32()),
            "event_at": pa.array([moment, moment, moment], pa.timestamp("ns")),
            "received_at": pa.array([1_714_979_289_500, None, None], pa.int64()),
            "event_type": pa.StringArray.from_buffers(3, words[1], words[2]),
            "order_id": pa.array([31, None, None], pa.int64()),
            "amount": pa.array([10.5, float("nan"), None], pa.float32()),
            "tags": pa.array([["a", "b"], None, None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "it's events.parquet")
    result = run_dbt(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": str(tmp_path / "it's events.parquet"),
            **SMALL_SCORER,
        },
        "+stg_custom__events",
        *SEEDS,
    )
    assert failures(result) == []
    warehouse = Warehouse(tmp_path)
    assert warehouse.events(
        "custom",
        "customer_id, device_id, event_at, received_at, order_id, amount, properties, rejection",
        "device_id is distinct from '8'",
    ) == [
        (
            "17850",
            None,
            moment.replace(tzinfo=dt.UTC),
            dt.datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=dt.UTC),
            "31",
            10.5,
            '{"tags":["a","b"]}',
            None,
        ),
        (
            None,
            "7",
            moment.replace(tzinfo=dt.UTC),
            moment.replace(tzinfo=dt.UTC),
            None,
            None,
            # What is empty is left out: a column that a later file adds changes no row of before.
            None,
            # What pandas writes for nothing.
            None,
        ),
    ]
    problem = (
        f"line 3 of {tmp_path.name}/it's events.parquet cannot be read: column 'event_type' holds"
        " text that is not UTF-8"
    )
    assert warehouse.events("custom", "rejection", "device_id = '8'") == [(problem,)]
    warehouse.connection.close()


@pytest.mark.parametrize(
    ("events", "messages"),
    [
        (
            "events_without_type.csv",
            [
                "events.csv' has no columns 'event_at', 'event_type', which are required",
                "It has: customer_id, timestamp, action.",
                "{events: {event_at: <column of the file>, event_type: <column of the file>}}",
            ],
        ),
        (
            "amount_twice.csv",
            [
                "A file has 2 columns called 'amount'",
                "they are called Amount (1), amount (2)",
                "var custom_columns, as in events: {amount: 'Amount (1)'}",
            ],
        ),
        (
            "no_such_file.csv",
            [
                "var 'custom_events_path' names",
                "and there is no file",
                "events.csv. Paths are relative",
            ],
        ),
    ],
)
def test_input_that_cannot_be_read_says_why(
    tmp_path: Path, events: str, messages: list[str]
) -> None:
    (failure,) = failures(run_custom(tmp_path, events))
    for message in messages:
        assert message in failure


def test_a_file_without_events_is_no_error(tmp_path: Path) -> None:
    result = run_custom(tmp_path, "no_events.csv")
    assert failures(result) == []
    warehouse = Warehouse(tmp_path)
    assert warehouse.ask("select count(*) from staging.stg_custom__events") == [(0,)]
    warehouse.connection.close()
