"""The mappings of docs/formats.md, run as they stand on small samples of each layout."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from conftest import PROJECT, SMALL_SCORER
from footfall.adapter import inspection
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.rendering import Project

LATER = """\
Name,Email,Financial Status,Fulfillment Status,Currency,Discount Amount,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country,Cancelled at,\
Refunded Amount
#1002,ben@shop.example,partially_refunded,restocked,EUR,0.00,2021-04-02 09:00:00 +0200,\
2,Green tea,10.00,TEA,FR,,12.00
#1005,ana@shop.example,paid,,EUR,0.00,2021-04-06 09:00:00 +0200,1,Mug,30.00,MUG,DE,,0.00
#1005,,,,,,,1,Mug,30.00,MUG,,,
#1005,,,,,,,1,Mug with a name,30.00,MUG,,,
#1006,ana@shop.example,paid,,EUR,0.00,2021-04-07 09:00:00 +0200,1,Mug,30.00,MUG,DE,,0.00
#1006,NULL,paid,,EUR,,2021-04-07 09:00:00 +0200,1,Green tea,10.00,TEA,,,
#1006,ben@shop.example,paid,,EUR,0.00,2021-04-08 09:00:00 +0200,1,Mug,30.00,MUG,DE,,0.00
#1007,ana@shop.example,paid,,EUR,10.00,2021-04-09 09:00:00 +0200,1,Mug,20.00,MUG,DE,,4.00
#1007,ana@shop.example,paid,,EUR,10.00,2021-04-09 09:00:04 +0200,1,Green tea,20.00,TEA,DE,,4.00
#1008,ana@shop.example,paid,,EUR,10.00,2021-04-10 09:00:00 +0200,1,Mug,20.00,MUG,DE,,0.00
#1008,ana@shop.example,paid,,EUR,8.00,2021-04-10 09:30:00 +0200,1,Mug,20.00,MUG,DE,,0.00
"""
# An order without items, of which a part was given back at once.
CREDITS = """\
entity_id,customer_id,customer_email,order_currency_code,grand_total,created_at,updated_at
10,41,ana@shop.example,EUR,20.00,2024-05-12 08:00:00,2024-05-12 08:00:00
"""
CREDIT_REFUNDS = """\
order_id,customer_id,sku,qty_ordered,price,created_at,updated_at
10,41,,1,5.00,2024-05-12 08:00:00,2024-05-12 08:00:00
"""
# Day, customer or device, type, item, order, amount.
EXPECTED: dict[str, set[tuple[Any, ...]]] = {
    "Shopify": {
        ("04-01", "ana@shop.example", "purchase", "TEA", "#1001", 18.0),
        ("04-01", "ana@shop.example", "purchase", "MUG", "#1001", 27.0),
        ("04-02", "ben@shop.example", "purchase", "TEA", "#1002", 20.0),
        ("04-02", "ben@shop.example", "refund", None, "#1002", 12.0),
        ("04-03", "ana@shop.example", "purchase", "MUG", "#1003", 30.0),
        # 35 were given back, 5 of them for shipping.
        ("04-05", "ana@shop.example", "refund", None, "#1003", 30.0),
        # Three lines, which differ in columns that are not mapped.
        ("04-06", "ana@shop.example", "purchase", "MUG", "#1005", 30.0),
        # A number that began again, the customer on one of two lines.
        ("04-07", "ana@shop.example", "purchase", "MUG", "#1006", 30.0),
        ("04-07", "ana@shop.example", "purchase", "TEA", "#1006", 10.0),
        ("04-08", "ben@shop.example", "purchase", "MUG", "#1006", 30.0),
        # Each row says the discount and refund of the order, at a time of its own: once.
        ("04-09", "ana@shop.example", "purchase", "MUG", "#1007", 15.0),
        ("04-09", "ana@shop.example", "purchase", "TEA", "#1007", 15.0),
        ("04-09", "ana@shop.example", "refund", None, "#1007", 4.0),
        # Other discounts at other times are of other orders.
        ("04-10", "ana@shop.example", "purchase", "MUG", "#1008", 10.0),
        ("04-10", "ana@shop.example", "purchase", "MUG", "#1008", 12.0),
    },
    "WooCommerce": {
        ("05-01", "ana@shop.example", "purchase", "TEA", "2001", 8.0),
        ("05-01", "ana@shop.example", "purchase", "MUG", "2001", 32.0),
        ("05-02", "ben@shop.example", "purchase", "TEA", "2002", 10.0),
        ("05-02", "ben@shop.example", "refund", None, "2002", 10.0),
        ("05-03", "ben@shop.example", "payment_error", "MUG", "2003", None),
        # Quantities are those that were kept: one of two mugs, and nothing.
        ("05-04", "ana@shop.example", "purchase", "TEA", "2004", 16.666667),
        ("05-04", "ana@shop.example", "purchase", "MUG", "2004", 33.333333),
        ("05-04", "ana@shop.example", "refund", None, "2004", 20.0),
        ("05-05", "ben@shop.example", "purchase", "TEA", "2005", 10.0),
        ("05-05", "ben@shop.example", "purchase", "MUG", "2005", 20.0),
        ("05-05", "ben@shop.example", "refund", None, "2005", 30.0),
    },
    "Magento": {
        ("05-01", "41", "purchase", "TEA", "7", 25.0),
        ("05-01", "41", "purchase", "MUG", "7", 25.0),
        ("05-02", "guest@shop.example", "purchase", "MUG", "8", 30.0),
        ("05-09", "41", "refund", "TEA", "7", 8.0),
        # The items were written after the order, on another day.
        ("05-04", "41", "purchase", "MUG", "9", 28.0),
        ("05-12", "41", "purchase", None, "10", 20.0),
        ("05-12", "41", "refund", None, "10", None),
    },
    "Stripe": {
        ("05-01", "cus_ana", "purchase", None, "ch_1", 40.0),
        ("05-02", "cus_ben", "purchase", None, "ch_2", 30.0),
        ("05-03", "cus_ben", "payment_error", None, "ch_3", 30.0),
        ("05-06", "cus_ben", "refund", None, "ch_2", 30.0),
    },
    "Stripe's API": {
        ("05-03", "cus_ana", "purchase", None, "ch_11", 40.5),
        ("05-03", "cus_ana", "refund", None, "ch_11", 10.0),
        # Yen have no smaller unit, and dinars a thousand.
        ("05-04", "ben@shop.example", "purchase", None, "ch_12", 3000.0),
        ("05-05", "cus_ben", "purchase", None, "ch_13", 12.345),
        ("05-05", "cus_ben", "payment_error", None, "ch_14", 5.0),
    },
    "Olist": {
        ("10-02", "7c396f", "purchase", "87285b", "e481f5", 29.99),
        ("08-08", "7c396f", "purchase", "aa4383", "47770e", 159.9),
    },
    "Instacart": {
        ("01-01", "1", "purchase", "196", "2539329", None),
        ("01-01", "1", "purchase", "14084", "2539329", None),
        ("01-16", "1", "purchase", "196", "2398795", None),
    },
    "REES46": {
        ("10-01", "513118352", "view", "1004856", None, 130.76),
        ("10-01", "513118352", "add_to_cart", "1004856", None, 130.76),
        ("10-01", "513118352", "purchase", "1004856", None, 130.76),
    },
    "Amplitude": {
        ("06-03", "dev-1", "view", "TEA", None, None),
        ("06-03", "ana", "purchase", "TEA", "A-1", 18.5),
    },
    "Mixpanel": {
        ("06-03", "d-1", "view", "TEA", None, None),
        ("06-03", "ana", "purchase", "TEA", "M-1", 18.5),
    },
    "PostHog": {
        ("06-03", "0190-anon", "view", "TEA", None, None),
        ("06-03", "ana", "purchase", "TEA", "P-1", 18.5),
    },
}
# Lines that say the same, of which each counts.
COUNTS = {"Shopify": 17, "Olist": 3}


def sections() -> dict[str, str]:
    """Parts of the page that hold a mapping, by heading."""
    page = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    parts = {text.partition("\n")[0]: text for text in page.split("\n## ")[1:]}
    return {name: text for name, text in parts.items() if "```yaml" in text}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def asked(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


@pytest.mark.long
def test_each_mapping_gives_what_its_sample_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sections().keys() == EXPECTED.keys()
    data = tmp_path / "data"
    shutil.copytree(PROJECT / "tests" / "data" / "formats", data)
    (data / "later.csv").write_text(LATER)
    (data / "credits.csv").write_text(CREDITS)
    (data / "refunds.csv").write_text(CREDIT_REFUNDS)
    monkeypatch.chdir(data)
    for name, text in sections().items():
        for preparation in blocks(text, "sql"):
            duckdb.sql(preparation)
        (written,) = blocks(text, "yaml")
        variables = {"footfall_source": "custom", **SMALL_SCORER, **yaml.safe_load(written)}
        if name == "Shopify":
            variables["custom_events_path"] = [variables["custom_events_path"], "later.csv"]
        if name == "Magento":
            variables["custom_events_path"]["purchase"].append("credits.csv")
            variables["custom_events_path"]["refund"] = "refunds.csv"
        with inspection.connection() as connection:
            project = Project(PROJECT, connection, variables, QUESTIONS, {})
            events = project.relation("stg_custom__events", is_stored=True)
            query = partial(asked, connection)
            rows = query(
                "select distinct event_id, strftime(event_at, '%m-%d'),"
                " coalesce(customer_id, device_id), event_type, item_id, order_id, round(amount, 6)"
                f" from {events} where rejection is null"
            )
            assert {row[1:] for row in rows} == EXPECTED[name], name
            assert len(rows) == COUNTS.get(name, len(EXPECTED[name])), name
            notes = f"select distinct split_part(value_notes, chr(9), 1) from {events}"
            noted = {note for (note,) in query(notes)} - {None}
            if name == "Shopify":
                refused = f"select rejection from {events} where rejection is not null"
                assert query(refused) == [("not an event of the journey: voided",)]
                assert noted == {"event_at", "order_id", "order_refund", "refunded_at"}
            if name == "Magento":
                # The other lines have the time of their order, and what they say of it agrees.
                late = f"select order_id from {events} where value_notes like 'event_at%'"
                assert sorted(query(late)) == [("7",), ("7",), ("9",)]
