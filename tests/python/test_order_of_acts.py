"""Acts have one order, also those of one moment, and every model takes it from one macro."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from conftest import PROJECT, Warehouse

TIMES = r"(?:event|ordered|booked|happened|touched)_at"
# An order by the time of acts: of a query, a window or an aggregate, or of what a value is at.
BY_TIME = re.compile(
    rf"order\s+by\b[^()]*?\b{TIMES}\b"
    rf"|\b(?:arg_min|arg_max|min_by|max_by|value_at_max|first|last)\s*\([^()]*\b{TIMES}\b",
    re.IGNORECASE,
)
# Listings of a customer or an item, of which the newest describes them: no acts.
ELSEWHERE = {
    f"models/staging/{name}.sql"
    for name in ("ga4/stg_ga4__customers", "ga4/stg_ga4__items", "snowplow/stg_snowplow__items")
}
SQL = [
    path
    for folder in ("models", "macros", "analyses", "tests", "src", "python_models", "dashboards")
    for path in sorted((PROJECT / folder).rglob("*"))
    if path.suffix in (".sql", ".py") or (folder == "dashboards" and path.suffix == ".yml")
    if PROJECT / "tests" / "python" not in path.parents
]


@pytest.mark.library
def test_nothing_orders_acts_by_time_but_the_macro() -> None:
    """By time alone the acts of one moment are in no order; by an id, in one of chance."""
    assert len(SQL) > 300
    found = {
        f"{path.relative_to(PROJECT)}: {match.group()}"
        for path in SQL
        for match in BY_TIME.finditer(path.read_text())
        if str(path.relative_to(PROJECT)) not in ELSEWHERE
    }
    assert found == set()
    uses = {str(path.relative_to(PROJECT)) for path in SQL if "order_of_acts(" in path.read_text()}
    assert len(uses) >= 5


@pytest.mark.library
@pytest.mark.parametrize(
    "sql",
    [
        "row_number() over (partition by visitor_no order by event_at, event_id)",
        "select * from t\norder by t.booked_at",
        "arg_min(channel, event_at)",
        "{{ value_at_max('channel', 'ordered_at') }}",
    ],
)
def test_an_order_by_time_is_found(sql: str) -> None:
    assert BY_TIME.search(sql)


def test_acts_of_one_moment_go_the_way_to_an_order(own_shop: Warehouse) -> None:
    """Sixty visits in one second, in any order of the file; and three whose source records it."""
    shop = own_shop
    way = ("view", "add_to_cart", "checkout", "payment", "purchase")
    rows = [f"c{number},2024-01-01 09:00:00,,{kind},mug,5" for number in range(60) for kind in way]
    # What the source says goes before what types are usually like.
    back = ("purchase", "view", "add_to_cart")
    rows += [
        f"told{number},2024-01-01 09:00:00,{place},{kind},mug,5"
        for number in range(3)
        for place, kind in enumerate(back)
    ]
    random.Random(5).shuffle(rows)
    header = "customer_id,event_at,sequence_no,event_type,item_id,amount"
    Path(shop.variables["custom_events_path"]).write_text("\n".join([header, *rows]) + "\n")
    shop.built(("+journey_funnel", "+journey_transitions"))
    assert shop.query(
        "select entry_event_type, exit_event_type, count(*) from intermediate.int_sessions"
        " group by all order by all"
    ) == [("purchase", "add_to_cart", 3), ("view", "purchase", 60)]
    assert shop.query(
        "select funnel_kind, stage, session_count from marts.journey_funnel"
        " where slice_name = 'all' and stage = 'purchase' order by all"
    ) == [
        ("any_order", "purchase", 63),
        ("strict_order", "purchase", 60),
        ("within_window", "purchase", 60),
    ]
    assert shop.query(
        "select from_state, to_state, transition_count from marts.journey_transitions"
        " where level = 'event' and path_scope = 'within_session' and from_state = 'purchase'"
        " order by all"
    ) == [("purchase", "(end)", 60), ("purchase", "view", 3)]
