"""Rings of customers who share what they pay with: as if each day were looked at by itself."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from footfall.risk.rings import grow_rings

pytestmark = pytest.mark.library

Link = tuple[str, str, int, int]


def table(links: list[Link]) -> pa.Table:
    kinds, entities, customers, days = zip(*links, strict=True) if links else ((), (), (), ())
    return pa.table(
        {
            "kind": pa.array(kinds, pa.string()),
            "entity_key": pa.array(entities, pa.string()),
            "customer_no": pa.array(customers, pa.int64()),
            "first_shop_day": pa.array(days, pa.int32()).cast(pa.date32()),
        }
    )


def made_up(seed: int) -> list[Link]:
    """Links of a few customers over twenty days, each entity and customer once."""
    rng = np.random.default_rng(seed)
    seen: dict[tuple[str, str, int], int] = {}
    for _ in range(int(rng.integers(0, 160))):
        kind, entity = ("card", "device")[rng.integers(2)], str(rng.integers(25))
        seen[kind, entity, int(rng.integers(1, 60)) * 7919] = int(rng.integers(0, 20))
    return [(*key, day) for key, day in seen.items()]


def components(links: list[Link], most: int) -> set[frozenset[int]]:
    """Whom the links connect, by the components of SciPy's graphs, without those alone."""
    sharers: dict[tuple[str, str], list[int]] = {}
    for kind, entity, customer, _ in links:
        sharers.setdefault((kind, entity), []).append(customer)
    customers = sorted({link[2] for link in links})
    number = {customer: place for place, customer in enumerate(customers)}
    pairs = [
        (number[group[0]], number[other])
        for group in sharers.values()
        if len(group) <= most
        for other in group
    ]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = (len(customers), len(customers))
    _, part = connected_components(coo_array((np.ones(len(left)), (left, right)), shape=shape))
    found: dict[int, set[int]] = {}
    for customer, name in zip(customers, part.tolist(), strict=True):
        found.setdefault(name, set()).add(customer)
    return {frozenset(group) for group in found.values() if len(group) > 1}


def on(rows: list[dict[str, Any]], day: int) -> list[dict[str, Any]]:
    date = dt.date(1970, 1, 1) + dt.timedelta(day)
    return [
        {key: value for key, value in row.items() if key != "until_day"}
        for row in rows
        if row["from_day"] <= date and (row["until_day"] is None or date < row["until_day"])
    ]


@pytest.mark.parametrize("seed", range(10))
def test_each_day_has_the_components_of_what_was_known_before_it(seed: int) -> None:
    """Whatever comes later, links that leave included, and however many share an entity by then."""
    links, most = made_up(seed), 2 + seed % 4
    rows = grow_rings(table(links), most).to_pylist()
    for day in range(22):
        known = [link for link in links if link[3] < day]
        rings: dict[int, list[dict[str, Any]]] = {}
        for row in on(rows, day):
            rings.setdefault(row["ring_no"], []).append(row)
        members = {frozenset(row["customer_no"] for row in ring) for ring in rings.values()}
        assert members == (components(known, most) if known else set())
        assert all(row["member_count"] == len(ring) for ring in rings.values() for row in ring)
        # One more day, or a withdrawal of all that came after it, is as if made from the start.
        standing = on(grow_rings(table(known), most).to_pylist(), day)
        assert sorted(map(repr, standing)) == sorted(map(repr, on(rows, day)))


@pytest.mark.parametrize("seed", range(4))
def test_rings_that_grow_on_from_an_earlier_run_are_those_of_all_days(seed: int) -> None:
    """Whatever came, late or not, or left in between; and an earlier run is made use of."""
    links, most = made_up(100 + seed), 2 + seed
    rng = np.random.default_rng(seed)
    early = [link for link in links if link[3] < 14]
    thinned = [link for link in links if rng.random() < 0.95]
    for before, now, today in (
        (early, links, most), (links, early, most), (links, thinned, most),
        (links, links, most + 1),
    ):  # fmt: skip
        standing = grow_rings(table(before), most)
        assert grow_rings(table(now), today, standing).equals(grow_rings(table(now), today))
    # A link that ceases on a day is not that which comes then the other way round.
    both = [("card", "x", 1, 1), ("card", "x", 2, 1), ("card", "z", 8, 5), ("card", "z", 9, 5)]
    comes = [*both, ("card", "y", 2, 3), ("card", "y", 1, 5)]
    ceases = [*both, ("card", "x", 3, 5)]
    standing = grow_rings(table(comes), 2)
    assert grow_rings(table(ceases), 2, standing).equals(grow_rings(table(ceases), 2))
    # What is not looked at again stays as it stands.
    standing = grow_rings(table(early), most)
    marked = standing.set_column(
        standing.schema.get_field_index("member_count"),
        "member_count",
        pa.array([1000] * standing.num_rows, pa.int64()),
    )
    assert 1000 in grow_rings(table(links), most, marked)["member_count"].to_pylist()


def test_a_ring_keeps_its_number_and_what_many_share_links_nobody() -> None:
    office = [("ip", "office", customer, 5) for customer in range(100, 103)]
    links = [("card", "a", 2, 1), ("card", "a", 1, 3), ("device", "d", 1, 4), ("device", "d", 9, 4)]
    rows = grow_rings(table([*links, *office, ("ip", "office", 2, 7)]), 3).to_pylist()
    day = dt.date(1970, 1, 1)
    of_two = [
        ((row["from_day"] - day).days, row["member_count"])
        for row in rows
        if row["customer_no"] == 2
    ]
    assert of_two == [(4, 2), (5, 3)]
    assert len({row["ring_no"] for row in rows if row["customer_no"] in (1, 2, 9)}) == 1
    # Whoever founded a ring, was left alone when it ended, and comes into another one is new there.
    office_first = [*office[:2], ("ip", "office", 102, 6), ("ip", "office", 103, 7)]
    others = [("card", "b", 7, 9), ("card", "b", 8, 9), ("card", "b", 100, 12)]
    again = grow_rings(table([*office_first, *others]), 3).to_pylist()
    of_card = {row["ring_no"] for row in again if row["customer_no"] == 8}
    assert len(of_card) == 1
    back = [row for row in again if row["customer_no"] == 100 and row["until_day"] is None]
    assert [(row["ring_no"] in of_card, row["first_seen_day"]) for row in back] == [
        (True, day + dt.timedelta(10))
    ]
    # The fourth customer of the office ends its ring on the day after.
    assert {row["until_day"] for row in rows if row["customer_no"] == 101} == {dt.date(1970, 1, 9)}
    assert grow_rings(table([]), 50).num_rows == 0
    with pytest.raises(ValueError, match="risk_max_shared is 1"):
        grow_rings(table(links), 1)
