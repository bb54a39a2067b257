"""Ties are settled by what the rows say: neither the order of a file nor arrival decides."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import KEY, Warehouse

EVENTS = "customer_id,event_at,event_type,item_id\nanna,2024-01-01 09:00:00,view,mug\n"


def digest_by_hand(*values: str | None) -> str:
    """What the macro `stable_digest` gives, in Python."""
    parts = ["-" if value is None else f"{len(value)}:{value}" for value in values]
    return hashlib.md5("".join(parts).encode()).hexdigest()


def test_the_digest_that_settles_ties_is_the_same_everywhere(own_shop: Warehouse) -> None:
    """Written out by hand: another version of a database must accept the same rows."""
    outcome = own_shop.dbt(
        "show",
        "--quiet",
        "--output",
        "json",
        "--inline",
        "select {{ stable_digest(['customer', 'nothing', 'price', 'number', 'is_sold',"
        " microseconds_of('moment')]) }} as digest,"
        " {{ stable_digest(['nothing', 'customer']) }} as other"
        " from (select 'zoë' as customer, cast(null as varchar) as nothing, 0.1e0 as price,"
        " cast(17 as integer) as number, true as is_sold,"
        " timestamptz '2024-01-01 09:00:00.5+02' as moment) as given",
    )
    assert outcome.success
    ((digest, other),) = outcome.result.results[0].agate_table.rows
    # 2024-01-01 07:00:00.5 UTC is 1,704,092,400.5 s after 1970.
    assert digest == digest_by_hand("zoë", None, "0.1", "17", "true", "1704092400500000")
    assert digest == "ceeadebee5816adb412d61681e1af2cd"
    assert other == digest_by_hand(None, "zoë")


def key_of(customer_id: str) -> str:
    text = f"custom:customer:{customer_id}"
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.long
@pytest.mark.rare
def test_two_listings_give_the_same_row_in_either_order(own_shop: Warehouse) -> None:
    shop = own_shop
    Path(shop.variables["custom_events_path"]).write_text(EVENTS)
    listings = {
        "items": [
            "item_id,item_name,category,brand,list_price,created_at",
            "mug,Mug,kitchen,Acme,5,2024-01-01",
            "mug,Mug,kitchen,Acme,6,2024-01-01",
            "mug,Mug,gifts,Acme,5,2024-01-01",
            "mug,Mug,gifts,,5,2024-01-01",
        ],
        "customers": [
            "customer_id,registered_at,country,gender,birth_year",
            "anna,2024-01-01,FR,f,1980",
            "anna,2024-01-01,DE,f,1980",
            "anna,2024-01-01,DE,,1980",
            "anna,2024-01-01,DE,f,1981",
        ],
        "reviews": ["customer_id,item_id,reviewed_at"],
    }
    files = {entity: shop.folder / f"{entity}.csv" for entity in listings}
    shop.variables |= {f"custom_{entity}_path": str(file) for entity, file in files.items()}
    found = []
    for step in (1, -1):
        for entity, (header, *lines) in listings.items():
            files[entity].write_text("\n".join([header, *lines[::step]]) + "\n")
        shop.built(("+int_items", "+int_customers"))
        found.append(
            [
                shop.query(f"select * from intermediate.int_{name}")
                for name in ("items", "customers")
            ]
        )
    assert [len(rows) for rows in found[0]] == [1, 1]
    assert found[0] == found[1]


@pytest.mark.long
def test_deliveries_of_one_moment_give_the_same_event_in_any_order(own_shop: Warehouse) -> None:
    """Two customers, one id, one moment, the same words: who it was is part of what is said."""
    shop = own_shop
    names = ("anna", "bert", "cleo", "dora")

    def lines(event_id: str, who: Sequence[str]) -> list[str]:
        return [f"{event_id},{name},2024-01-01 09:00:00,2024-01-01 10:00:00,view" for name in who]

    said = ["1704099600000000", None, None, "view", *[None] * 22]
    expected = min(names, key=lambda name: digest_by_hand(said[0], name, *said[1:]))
    # Of each event what has come at each build: all in either order, and one after another.
    arrivals = {
        "at once": [names, names, names],
        "at once and turned round": [names[::-1]] * 3,
        "the first two first": [names[:2], names[:2], names],
        "the last two first": [names[2:], names[1:], names],
    }
    events = Path(shop.variables["custom_events_path"])
    for place in range(3):
        rows = [row for id_, came in arrivals.items() for row in lines(id_, came[place])]
        header = "event_id,customer_id,event_at,received_at,event_type"
        events.write_text("\n".join([header, *rows]) + "\n")
        shop.built(("+int_events", "+int_row_accounting"))
    assert shop.query("select customer_key from intermediate.int_events") == [
        (key_of(expected),)
    ] * len(arrivals)
    assert shop.query(
        "select accepted_count, duplicate_count from intermediate.int_row_accounting"
    ) == [(4, 12)]
