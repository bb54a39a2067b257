"""Input that goes wrong: a build takes it in and says what it left out, or stops and says why."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALL_SCORER, SQL_PART, Warehouse, problems
from robustness import bad_rows

# What judges single rows, with the test that judges the tracking plan.
ROWS_PART = (
    "+int_events",
    "+int_row_accounting",
    "+amounts_are_in_one_currency",
)
START = dt.datetime(2024, 1, 1, 9, tzinfo=dt.UTC)
CURRENCIES = ("EUR", "USD", "EUR", "GBP")
# What other data tests say of these shops, others say too.
ONE_CURRENCY = frozenset({"amounts_are_in_one_currency"})

Event = Mapping[str, Any]


def bring(shop: Warehouse, events: Iterable[Event]) -> None:
    """Write the shop's events.csv: all columns that any event has, empty where one has none."""
    rows = list(events)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with Path(shop.variables["custom_events_path"]).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def bring_text(shop: Warehouse, text: str | bytes) -> None:
    raw = text.encode() if isinstance(text, str) else text
    Path(shop.variables["custom_events_path"]).write_bytes(raw)


def event(customer: str, day: float, kind: str = "purchase", **more: Any) -> dict[str, Any]:
    """One event, `day` days after the shop opened; a purchase costs 10 unless given otherwise."""
    row = {
        "customer_id": customer,
        "event_at": (START + dt.timedelta(days=day)).isoformat(),
        "event_type": kind,
        "item_id": "mug",
        **more,
    }
    return {"amount": 10, **row} if kind == "purchase" else row


def accounting(shop: Warehouse) -> tuple[int, int, int, int]:
    """Rows raw, accepted, duplicate, rejected; the three add up to the first."""
    ((raw, accepted, duplicate, rejected),) = shop.query(
        "select raw_count, accepted_count, duplicate_count, rejected_count"
        " from intermediate.int_row_accounting"
    )
    assert raw == accepted + duplicate + rejected
    return raw, accepted, duplicate, rejected


def reasons(shop: Warehouse) -> list[str]:
    return [
        row[0]
        for row in shop.query(
            "select reason from intermediate.int_rejected_rows"
            " where not is_duplicate order by reason"
        )
    ]


def failed(shop: Warehouse, select: Sequence[str] = SQL_PART, *options: str) -> str:
    """Build, which must fail, and give back what the user reads."""
    outcome = shop.build(select, *options, test=True)
    assert not outcome.success
    return problems(outcome)


def shown_rows(shop: Warehouse, test: str) -> list[str]:
    """The rows of a failed test that the end of the last run shows."""
    _, found, after = "\n".join(shop.said).rpartition(f"{test} found:\n")
    assert found
    lines = after.splitlines()
    return [line.strip() for line in takewhile(lambda line: line.startswith("    "), lines)]


@pytest.fixture
def euro_shop(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A shop of its own that records its amounts in euros."""
    folder = tmp_path_factory.mktemp("euro")
    return Warehouse(
        folder,
        {
            "footfall_source": "custom",
            "custom_events_path": str(folder / "events.csv"),
            "reporting_currency": "EUR",
            **SMALL_SCORER,
        },
    )


@pytest.mark.long
def test_a_file_that_is_not_there_is_named_before_what_else_is_wrong(own_shop: Warehouse) -> None:
    bring(own_shop, [event("anna", 0)])
    own_shop.built(("+stg_custom__events",))
    gone = str(own_shop.folder / "gone.csv")
    own_shop.variables["custom_events_path"] = gone
    message = failed(own_shop, ("+stg_custom__events",))
    assert f"var 'custom_events_path' names '{gone}', and there is no file {gone}." in message
    assert "--full-refresh" not in message


@pytest.mark.long
@pytest.mark.rare
def test_no_events_at_all_builds_empty_marts_and_the_first_events_fill_them(
    own_shop: Warehouse,
) -> None:
    bring_text(own_shop, "customer_id,device_id,event_at,event_type,item_id,amount\n")
    own_shop.built()
    assert own_shop.value("select count(*) from marts.sessions") == 0

    # What looks back on the run before must take an empty table for one: nothing is behind it.
    anonymous = {"customer_id": "", "device_id": "tablet"}
    bring(own_shop, [event("", 0, "view", **anonymous)])
    own_shop.built()
    assert own_shop.query("select count(*), count(customer_key) from marts.sessions") == [(1, 0)]
    # Who is first known after an anonymous start gets that history.
    bring(
        own_shop,
        [
            event("", 0, "view", **anonymous),
            event("anna", 0.01, "login", device_id="tablet"),
            event("anna", 40, device_id="phone"),
            event("bert", 80),
        ],
    )
    own_shop.built()
    assert accounting(own_shop) == (4, 4, 0, 0)
    assert own_shop.query(
        "select count(*), count(distinct customer_key), sum(event_count) from marts.sessions"
    ) == [(3, 2, 4)]
    assert own_shop.value("select count(*) from marts.customer_rfm") == 2


def test_rows_of_every_bad_kind_are_taken_in_or_left_out_with_their_reason(tmp_path: Path) -> None:
    found = bad_rows.became_of(tmp_path)
    assert {name: one.actual for name, one in found.items() if not one.is_right} == {}


@pytest.mark.long
@pytest.mark.rare
def test_a_file_that_is_mostly_broken_stops_the_build_and_changes_nothing(
    own_shop: Warehouse,
) -> None:
    part = ("+sessions", "+int_row_accounting")
    good = [event("anna", 0), event("bert", 1)]
    bring(own_shop, good)
    own_shop.built(part, test=True)
    tables = (
        "marts.sessions",
        "intermediate.int_accepted_events",
        "intermediate.int_arrival_ledger",
    )
    before = [own_shop.query(f"select * from {table} order by all") for table in tables]

    # The new rows have another format of dates than before, but for one of them.
    new = [event(customer, 2 + number) for number, customer in enumerate(("carl", "dora", "emil"))]
    broken = [{**row, "event_at": "a week ago"} for row in new[:2]]
    bring(own_shop, [*good, *broken, new[2]])
    said = failed(own_shop, part)
    assert "2 of 3 new rows of source custom are broken" in said
    assert "2 x event_at is not a time, of the shape x xxxx xxx\n" in said
    assert f"read from {own_shop.variables['custom_events_path']} (var custom_events" in said
    assert "max_rejected_share allows 50%" in said
    assert [own_shop.query(f"select * from {table} order by all") for table in tables] == before
    ((query,),) = [
        line.split(": ")[1].split(". ")[:1] for line in said.splitlines() if "Look" in line
    ]
    assert {json.loads(row)["event_at"] for _, row in own_shop.query(query)} == {"a week ago"}

    # Nor does a file without a column that is required.
    bring_text(own_shop, "customer_id,event_at,action\nanna,2024-01-01,purchase\n")
    said = failed(own_shop, part)
    assert f"'{own_shop.variables['custom_events_path']}' has no column 'event_type'" in said
    assert "It has: customer_id, event_at, action." in said
    assert "custom_columns" in said
    assert [own_shop.query(f"select * from {table} order by all") for table in tables] == before

    bring(own_shop, [*good, *new])
    own_shop.built(part, test=True)
    assert accounting(own_shop) == (5, 5, 0, 0)
    sessions = "select * exclude (loaded_at) from marts.sessions order by all"
    as_it_grew = own_shop.query(sessions)
    own_shop.built(part, "--full-refresh")
    assert own_shop.query(sessions) == as_it_grew


@pytest.mark.long
def test_only_rows_that_were_not_settled_before_decide_whether_a_build_stops(
    own_shop: Warehouse,
) -> None:
    """What was left out of a day before stops no later build, and what was taken in saves none."""
    part = ("+int_row_accounting",)
    good = [event("anna", day) for day in range(8)]
    odd = [{**event("carl", 0), "event_at": text} for text in ("soon", "late", "today", "then")]
    bring(own_shop, [*good, *odd])
    own_shop.built(part)
    assert accounting(own_shop) == (12, 8, 0, 4)
    accepted = "select * from intermediate.int_accepted_events order by all"
    before = own_shop.query(accepted)

    # Of the new rows most are broken, of all those of their days few.
    broken = [event("dora", day, unit_price=-1) for day in (0.1, 1.1, 2.1)]
    bring(own_shop, [*good, *odd, *broken, event("emil", 0.2), event("emil", 3.2)])
    assert "3 of 5 new rows of source custom are broken" in failed(own_shop, part)
    assert own_shop.query(accepted) == before

    # Of the new rows few are broken, of all those without a time and of this day most.
    corrected = [event("dora", day) for day in (0.1, 1.1, 2.1)]
    later = [*good, *odd, {**event("fred", 0), "event_at": "soon"}, *corrected]
    bring(own_shop, later)
    own_shop.built(part, test=True)
    assert accounting(own_shop) == (16, 11, 0, 5)
    as_it_grew = own_shop.query(accepted.replace("*", "source, event_type, event_at"))
    own_shop.variables["max_rejected_share"] = 0.4
    own_shop.built(part, "--full-refresh")
    assert own_shop.query(accepted.replace("*", "source, event_type, event_at")) == as_it_grew


@pytest.mark.long
def test_an_unknown_event_name_stops_the_build_by_name(own_shop: Warehouse) -> None:
    bring(
        own_shop,
        [
            *(event("anna", day) for day in range(8)),
            event("anna", 8, "cart"),
            event("anna", 9, "PageView"),
            event("anna", 10, "begin_chekout"),
            event("anna", 11, "teleport"),
            event("anna", 12, "clik"),
        ],
    )
    said = failed(own_shop, ROWS_PART)
    assert "Source custom has 2 unknown event names" in said
    assert "begin_chekout (1 row): is it checkout, as 'begin checkout' is?" in said
    assert "teleport (1 row)\n" in said

    # Nothing was taken in, so that the same command goes on once the names are known.
    own_shop.variables["custom_event_names"] = {"begin_chekout": "checkout", "teleport": None}
    own_shop.built(ROWS_PART, test=True)
    # A name that is known to be wrong is rejected as well, but nobody has to do anything about it.
    assert accounting(own_shop) == (13, 11, 0, 2)
    assert reasons(own_shop) == [
        "event_type clik is marked as not accepted in seeds/event_types.csv",
        "not an event of the journey: teleport",
    ]
    # A cart of a file of one's own is the basket, as in the public logs of shops, and no page.
    assert own_shop.query(
        "select event_type from intermediate.int_events where event_type <> 'purchase' order by 1"
    ) == [("add_to_cart",), ("browse",), ("checkout",)]


@pytest.mark.long
def test_a_currency_mix_fails_a_test_by_name(own_shop: Warehouse) -> None:
    own_shop.only_tests = ONE_CURRENCY
    bring(own_shop, [event("anna", day, currency=name) for day, name in enumerate(CURRENCIES)])
    own_shop.built(ROWS_PART)
    assert "amounts_are_in_one_currency: " in failed(own_shop, ROWS_PART)

    assert sorted(shown_rows(own_shop, "amounts_are_in_one_currency")) == [
        "currency = EUR, row_count = 2",
        "currency = GBP, row_count = 1",
        "currency = USD, row_count = 1",
    ]
    assert accounting(own_shop) == (4, 4, 0, 0)


@pytest.mark.long
def test_amounts_are_told_in_the_reporting_currency(euro_shop: Warehouse) -> None:
    bring(
        euro_shop,
        [event("anna", day, currency=name, unit_price=8) for day, name in enumerate(CURRENCIES)]
        + [event("anna", 4, "refund", amount=10, currency="USD")],
    )
    euro_shop.variables["max_rejected_share"] = 1
    euro_shop.only_tests = ONE_CURRENCY
    euro_shop.built(ROWS_PART, test=True)
    assert accounting(euro_shop) == (5, 2, 0, 3)
    assert reasons(euro_shop) == [
        "currency GBP has no rate in seeds/currency_rates.csv (var reporting_currency)",
        *["currency USD has no rate in seeds/currency_rates.csv (var reporting_currency)"] * 2,
    ]

    # As if the seed had rates: the seed itself is the project's and stays as it is.
    euro_shop.execute(
        "insert into seeds.currency_rates values ('USD', 'EUR', 0.5), ('USD', 'GBP', 9)"
    )
    euro_shop.built(ROWS_PART, "--full-refresh", "--exclude-resource-type", "seed", test=True)
    assert accounting(euro_shop) == (5, 4, 0, 1)
    assert euro_shop.query(
        "select event_type, unit_price, amount, currency from intermediate.int_events"
        " order by event_at"
    ) == [
        ("purchase", 8.0, 10.0, "EUR"),
        ("purchase", 4.0, 5.0, "EUR"),
        ("purchase", 8.0, 10.0, "EUR"),
        ("refund", None, -5.0, "EUR"),
    ]
