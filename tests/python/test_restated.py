"""What a source writes anew takes the place of what was read: days of GA4, and records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import SMALL_SCORER, Warehouse, problems
from test_incremental import differences, keep

pytestmark = pytest.mark.long

PART = ("+int_row_accounting", "+int_order_lines", "+int_touched_visitors")
LINES = "select source, item_id, amount from intermediate.int_order_lines order by all"
ACCOUNTED = (
    "select source, raw_count, accepted_count, duplicate_count, superseded_count"
    " from intermediate.int_row_accounting order by all"
)
MICROSECONDS = 1_000_000
# 2024-06-03 09:00:00 UTC
START = 1_717_405_200


def ga4(
    name: str, second: int, medium: str = "(none)", item: str | None = None, price: float = 0
) -> str:
    """A line of the export, of the device `d1`; Google fills in the medium later."""
    event = {
        "event_date": "20240603",
        "event_name": name,
        "event_timestamp": str((START + second) * MICROSECONDS),
        "user_pseudo_id": "d1",
        "event_params": [{"key": "page", "value": {"string_value": f"/{second}"}}],
        "collected_traffic_source": {"manual_source": "google", "manual_medium": medium},
    }
    if item is not None:
        event |= {
            "ecommerce": {"transaction_id": f"T{second}", "purchase_revenue": price},
            "items": [{"item_id": item, "price": price, "quantity": "1"}],
        }
    return json.dumps(event)


def records(*rows: str) -> str:
    head = "event_id,customer_id,event_at,updated_at,item_id,order_id,amount,line_refund"
    return "\n".join([f"{head},order_discount", *rows]) + "\n"


@pytest.fixture
def shop(tmp_path: Path) -> Warehouse:
    variables = {
        "footfall_source": ["ga4", "custom"],
        "ga4_path": str(tmp_path / "events_*.jsonl"),
        "custom_events_path": str(tmp_path / "lines.csv"),
        "custom_event_type": "purchase",
        **SMALL_SCORER,
    }
    return Warehouse(tmp_path, variables)


@pytest.mark.rare
def test_what_is_written_anew_takes_the_place_of_what_was_read(
    shop: Warehouse, tmp_path: Path
) -> None:
    intraday = tmp_path / "events_intraday_20240603.jsonl"
    daily = tmp_path / "events_20240603.jsonl"
    lines = tmp_path / "lines.csv"
    bought = ga4("purchase", 60, item="S1", price=50)
    intraday.write_text("\n".join([ga4("page_view", 0), bought, ga4("page_view", 120)]))
    lines.write_text(
        records(
            "l1,anna,2024-06-03 10:00:00,2024-06-03 10:00:00,A,o1,10,",
            "l2,anna,2024-06-03 10:00:00,2024-06-03 10:00:00,B,o1,20,",
            "l3,bert,2024-06-04 10:00:00,2024-06-04 10:00:00,A,o2,10,",
        )
    )
    shop.built(PART)
    assert shop.query(LINES) == [
        ("custom", "A", 10),
        ("custom", "A", 10),
        ("custom", "B", 20),
        ("ga4", "S1", 50),
    ]

    # The daily table has other mediums, lacks one event and has another; a record is changed, one
    # is gone, and the old version of a third is still there.
    daily.write_text(
        "\n".join(
            [
                ga4("page_view", 0, "organic"),
                ga4("purchase", 60, "organic", item="S1", price=50),
                ga4("purchase", 90, "organic", item="S2", price=7),
            ]
        )
    )
    lines.write_text(
        records(
            "l1,anna,2024-06-03 10:00:00,2024-06-05 10:00:00,A,o1,12,",
            "l3,bert,2024-06-04 10:00:00,2024-06-04 10:00:00,A,o2,10,",
            "l3,bert,2024-06-04 10:00:00,2024-06-06 10:00:00,A,o2,11,",
            "l4,cleo,2024-06-03 10:00:00,,C,o4,5,1,1",
        )
    )
    shop.built(PART)
    assert shop.query(LINES) == [
        ("custom", "A", 11),
        ("custom", "A", 12),
        ("custom", "C", -1),
        ("custom", "C", 4),
        ("ga4", "S1", 50),
        ("ga4", "S2", 7),
    ]
    assert shop.query(ACCOUNTED) == [("custom", 5, 4, 0, 1), ("ga4", 6, 3, 0, 3)]
    assert shop.query(
        "select distinct channel from intermediate.int_accepted_events where source = 'ga4'"
    ) == [("Organic Search",)]

    # The intraday table goes. Google writes the daily one anew: no row more or less. A refund has
    # grown, and nothing says when; its order has got a line, which bears a part of the discount.
    intraday.unlink()
    more = "l5,cleo,2024-06-03 10:00:00,,D,o4,5,,1\n"
    lines.write_text(lines.read_text().replace("o4,5,1", "o4,5,2") + more)
    daily.write_text(daily.read_text().replace("organic", "cpc"))
    shop.built(PART)
    keep(shop, "steps", 7)
    assert shop.query(LINES)[2:5] == [
        ("custom", "C", -2),
        ("custom", "C", 4.5),
        ("custom", "D", 4.5),
    ]
    assert shop.query(ACCOUNTED) == [("custom", 6, 5, 0, 1), ("ga4", 3, 3, 0, 0)]
    assert shop.value("select count(*) from intermediate.int_arrival_days where is_pending") > 0
    shop.built(PART, "--full-refresh")
    keep(shop, "full", 7)
    # What came more than once is remembered.
    assert differences(shop, 7).keys() <= {"int_repeated_events"}

    # The same version with another amount: nothing says which of them is newer.
    lines.write_text(lines.read_text().replace("o2,11,", "o2,13,").replace("o4,5,2", "o4,5,1"))
    stopped = problems(shop.build(PART))
    assert (
        "2 records of source 'custom' came again with other values, such as event_id 'l3' in amount"
        in stopped
    )
    assert shop.query(LINES)[:2] == [("custom", "A", 11), ("custom", "A", 12)]


@pytest.mark.rare
def test_an_order_that_is_exported_again_loses_lines_and_gets_a_row_that_stands_for_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    shop = Warehouse(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": str(folder),
            "custom_rows_are": "records",
            "custom_event_names": {"paid": "purchase", "cancelled": None},
            **SMALL_SCORER,
        },
    )
    head = "event_id,customer_id,order_id,event_at,event_type,item_id,quantity,unit_price,currency"
    head += ",order_discount,updated_at\n"
    day = "2024-06-03 10:00:00"
    (folder / "monday.csv").write_text(
        head
        + f"l1,anna,o1,{day},paid,A,1,10,EUR,3,{day}\n"
        + f"l2,anna,o1,{day},paid,B,1,20,EUR,3,{day}\n"
        + f"l3,bert,o2,{day},paid,A,1,10,EUR,,{day}\n"
        # The rows that stand for these two come on Tuesday.
        + f"l4,,o3,{day},paid,A,1,10,,,\n"
        + f"l5,,o3,{day},paid,C,1,30,,,\n"
    )
    shop.built(PART)
    expected = [("A", 9), ("A", 10), ("A", 10), ("B", 18), ("C", 30)]
    assert shop.query(LINES) == [("custom", item, amount) for item, amount in expected]
    assert shop.query(ACCOUNTED) == [("custom", 5, 5, 0, 0)]
    # Anna has sent one item back before it was paid, and Bert has cancelled.
    later = "2024-06-05 10:00:00"
    (folder / "tuesday.csv").write_text(
        head
        + f"l1,anna,o1,{day},paid,A,1,10,EUR,1,{later}\n"
        + f"l3,bert,o2,{day},cancelled,A,1,10,EUR,,{later}\n"
        + f",cleo,o3,{day},paid,,,,EUR,4,\n"
    )
    shop.built(PART)
    keep(shop, "steps", 7)
    assert shop.query(LINES) == [("custom", "A", 9), ("custom", "A", 9), ("custom", "C", 27)]
    assert shop.query(ACCOUNTED) == [("custom", 8, 3, 0, 3)]
    header = "the row stands for an order whose lines are rows of their own"
    assert shop.query(
        "select reason, count(*) from intermediate.int_rejected_rows group by all order by all"
    ) == [
        ("not an event of the journey: cancelled", 1),
        (f"not an event of the journey: {header}", 1),
        ("superseded: a newer version counts", 1),
        ("superseded: a newer version of the order has not this line", 2),
    ]
    buyers = "select count(distinct customer_no) from intermediate.int_accepted_events"
    assert shop.value(buyers) == 2
    shop.built(PART, "--full-refresh")
    keep(shop, "full", 7)
    assert differences(shop, 7).keys() <= {"int_repeated_events"}
