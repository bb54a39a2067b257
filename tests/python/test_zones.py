"""A shop has one time zone: its days are settled once, and all that counts days reads them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from conftest import PROJECT, Warehouse
from footfall.builds.configuration import kind_problems
from footfall.builds.zones import letters_of_zone
from footfall.sequences import reading
from footfall.sequences.events import day_of
from scorer_data import ITEMS_SCHEMA

SQL = [
    path
    for folder in ("models", "macros", "tests", "analyses")
    for path in sorted((PROJECT / folder).rglob("*.sql"))
]
# Days of arrival are UTC: they only say what is read again.
BY_ARRIVAL = re.compile(r"utc_date\((?:'?[\w ~'.{}]*received_at'?)\)")
# Where a moment is no event's: the end of the data, of a session or of what was touched, when
# something was first known, a text written; and the hour of a payment.
DERIVED = {
    "macros/core/incremental.sql",
    "macros/core/sessions.sql",
    "macros/core/times.sql",
    "macros/risk/rings.sql",
    "macros/risk/rules.sql",
    "models/intermediate/customers/int_customer_rhythms.sql",
    "models/intermediate/events/int_accepted_events.sql",
    "models/intermediate/events/int_identity_links.sql",
    "models/intermediate/facts/int_item_events.sql",
    "models/intermediate/facts/int_order_lines.sql",
    "models/intermediate/features/int_cutoffs.sql",
    "models/intermediate/features/int_session_prefixes.sql",
    "models/intermediate/risk/int_risk_features.sql",
    "models/intermediate/reviews/int_text_places.sql",
    "models/intermediate/risk/int_risk_links.sql",
    "models/marts/journey/journey_funnel.sql",
}


@pytest.mark.library
def test_days_of_the_shop_come_from_the_day_of_the_event() -> None:
    """A day taken from a time again could be another one, and costs more than reading it."""
    texts = {str(path.relative_to(PROJECT)): path.read_text("utf-8") for path in SQL}
    assert len(texts) > 250
    days_in_utc = {
        name
        for name, text in texts.items()
        if "utc_date(" in BY_ARRIVAL.sub("", text)
        or re.search(
            r"\b\w+_at(?: as date\)|::date)|date_trunc\('\w+', '(?!received)[\w.]+_at'\)", text
        )
    }
    # GA4 names its tables by the day on which they were written.
    assert days_in_utc == {"macros/core/times.sql", "macros/staging/ga4.sql"}
    made = re.compile(r"\bshop_(?:day_of|day_start|month_of|clock)\(")
    # First exposures, and the ends of their windows, are moments of their own.
    found = {name for name, text in texts.items() if made.search(text)}
    assert {name for name in found if "/experiments/" not in name} == DERIVED


@pytest.mark.library
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Europe/Berlin", None),
        ("UTC", None),
        ("berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("Europe/Berlim", "Europe/Berlin"),
        ("+02:00", ""),
        (None, ""),
    ],
)
def test_a_zone_has_a_name_and_what_is_like_one_is_told(given: object, meant: str | None) -> None:
    like = f" (is it '{meant}'?)" if meant else ""
    takes = "it takes the IANA name of a time zone such as Europe/Berlin"
    said = [] if meant is None else [f"var 'shop_time_zone' is '{given}': {takes}{like}."]
    assert kind_problems({"shop_time_zone": given}) == said


@pytest.mark.library
def test_letters_of_a_zone_are_those_with_one_meaning() -> None:
    assert letters_of_zone("Europe/Berlin") == {"cet": "+01:00", "cest": "+02:00"}
    assert letters_of_zone("Asia/Kolkata") == {"ist": "+05:30"}
    assert letters_of_zone("Asia/Shanghai")["cst"] == "+08:00"
    assert letters_of_zone("America/New_York") == {"est": "-05:00", "edt": "-04:00"}
    # Three hours before UTC, for some years four.
    assert "msk" not in letters_of_zone("Europe/Moscow")
    assert letters_of_zone("America/Sao_Paulo") == {}


@pytest.mark.library
@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Berlin", datetime(2024, 10, 26, 22, tzinfo=UTC)),  # 25 hours
        ("Europe/Berlin", datetime(2024, 3, 30, 23, tzinfo=UTC)),  # 23 hours
        ("America/New_York", datetime(2024, 11, 3, 4, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2024, 6, 1, 18, 30, tzinfo=UTC)),
    ],
)
def test_midnights_of_the_scorer_are_the_shops_and_acts_keep_their_order(
    zone: str, midnight: datetime
) -> None:
    clock = ZoneInfo(zone)
    times = [midnight + timedelta(minutes=20 * step - 60) for step in range(3 * 28)]
    local = [at.astimezone(clock) for at in times]
    rows = pa.table(
        {
            "customer_no": pa.array([1] * len(times), pa.int64()),
            "item_id": [f"item {number}" for number in range(len(times))],
            "event_at": pa.array(times, pa.timestamp("us", tz="UTC")),
            "clock_at": pa.array(
                [at.replace(tzinfo=UTC) for at in local], pa.timestamp("us", tz="UTC")
            ),
            "event_type": ["view"] * len(times),
        }
    )
    tokens, catalogue = reading.read(rows, ITEMS_SCHEMA.empty_table())
    assert [catalogue.item_ids[item] for item in tokens.items] == rows["item_id"].to_pylist()
    assert [day_of(int(at)) for at in tokens.at] == [at.date() for at in local]
    # A pause is as long as it was, also where the clocks were changed in it: one session.
    assert set(tokens.sessions.tolist()) == {0}


BERLIN = ZoneInfo("Europe/Berlin")


def visits_of_a_shop() -> list[tuple[str, str, datetime]]:
    """Customers, event types and moments: each visit is an order, and some are given back.

    From before the clocks go forward until after they go back, at all hours.
    """
    acts = [(0, "view"), (9, "add_to_cart"), (20, "purchase"), (1900, "refund")]
    begins = [
        (f"c{customer}", visit, datetime(2024, 3, 28, 22, tzinfo=UTC) + timedelta(hours=37 * visit))
        for customer in range(4)
        for visit in range(0, 150, 1 + customer)
    ]
    return [
        (f"{customer} {visit}", kind, at + timedelta(minutes=minutes))
        for customer, visit, at in begins
        for minutes, kind in acts[: 3 + (visit % 5 == 0)]
    ]


@pytest.mark.long
def test_a_build_counts_by_the_days_of_the_shop(tmp_path: Path) -> None:
    rows = visits_of_a_shop()
    lines = ["customer_id,event_at,event_type,item_id,order_id,amount"]
    for order, kind, at in rows:
        bought = f"{order},10" if kind in ("purchase", "refund") else ","
        lines.append(f"{order.split()[0]},{at:%Y-%m-%dT%H:%M:%SZ},{kind},i,{bought}")
    # Letters of the shop's own zone are read; those of others have no meaning here.
    lines += [f"c0,2024-06-01 10:00:00 {letters},view,i,," for letters in ("CEST", "BST")]
    rows.append(("c0 letters", "view", datetime(2024, 6, 1, 8, tzinfo=UTC)))
    (tmp_path / "events.csv").write_text("\n".join(lines), encoding="utf-8")
    shop = Warehouse(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": str(tmp_path / "events.csv"),
            "shop_time_zone": "Europe/Berlin",
            "cutoff_months": 3,
        },
    )
    shop.built(["+int_cutoffs", "+int_refund_ledger", "+int_item_events", "+int_rejected_rows"])

    days = {at: at.astimezone(BERLIN).date() for *_, at in rows}
    assert any(day != at.date() for at, day in days.items())
    ordered = {order: days[at] for order, kind, at in rows if kind == "purchase"}
    with shop.opened() as connection:

        def found(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        assert (
            dict(found("select event_at, shop_day from intermediate.int_accepted_events")) == days
        )
        sessions = found("select session_started_at, started_on from intermediate.int_sessions")
        assert all(days[at] == day for at, day in sessions)
        active = found(
            "select active_on, sum(event_count) from intermediate.int_customer_days group by 1"
        )
        assert dict(active) == Counter(days[at] for *_, at in rows)
        refunds = found("select ordered_on, booked_on from intermediate.int_refund_ledger")
        assert sorted(refunds) == sorted(
            (ordered[order], days[at]) for order, kind, at in rows if kind == "refund"
        )
        clock = found(
            "select event_at, clock_at at time zone 'UTC' from intermediate.int_item_events"
        )
        assert dict(clock) == {
            at: at.astimezone(BERLIN).replace(tzinfo=None)
            for _, kind, at in rows
            if kind != "refund"
        }
        assert found("select reason from intermediate.int_rejected_rows") == [
            (
                "event_at has a time zone in letters that the shop does not use"
                " (var shop_time_zone, Europe/Berlin): 2024-06-01 10:00:00 BST",
            )
        ]
        last = max(days.values())
        cutoffs = found("select cutoff_date, as_of_date from intermediate.int_cutoffs order by 1")
        months = [last.replace(day=1), (last.replace(day=1) - timedelta(days=1)).replace(day=1)]
        assert {as_of for _, as_of in cutoffs} == {last + timedelta(days=1)}
        assert set(months) < {day for day, _ in cutoffs}
