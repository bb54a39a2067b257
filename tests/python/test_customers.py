"""Customers over time: what happens later leaves earlier snapshots as they are."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Warehouse
from shared_work import done_once

CUSTOMER_MARTS = (
    "+customer_lifecycle",
    "+customer_lifecycle_transitions",
    "+customer_segments",
    "+customer_segment_transitions",
    "+segment_thresholds",
)


@pytest.fixture
def shop_of_customers(small_shop: Warehouse, shared_folder: Path) -> Warehouse:
    """A storefront with these marts, as one build left it; its events are a table."""

    def build(folder: Path) -> None:
        shop = Warehouse(folder, small_shop.variables)
        shop.built(CUSTOMER_MARTS)
        shop.execute(
            "create table pool as select * from raw_storefront.events",
            "drop view if exists raw_storefront.events",
            "create table raw_storefront.events as select * from pool",
        )

    once = done_once(shared_folder, "shop_of_customers", build)
    shutil.copyfile(once / small_shop.path.name, small_shop.path)
    return small_shop


@pytest.mark.long
def test_what_happens_after_a_snapshot_changes_no_state_or_segment_of_it(
    shop_of_customers: Warehouse,
) -> None:
    shop = shop_of_customers

    def snapshots() -> list[tuple[Any, ...]]:
        return shop.query(
            "select customer_key, snapshot_date, lifecycle_state, state_since, segment,"
            " rfm_segment, segment_since"
            " from marts.customer_lifecycle"
            " left join marts.customer_segments using (customer_key, snapshot_date)"
            " where snapshot_date <= date '2026-04-01' order by 1, 2"
        )

    def later_states() -> list[tuple[Any, ...]]:
        return shop.query(
            "select customer_key, lifecycle_state from marts.customer_lifecycle"
            " where is_as_of order by 1"
        )

    before, later = snapshots(), later_states()
    assert {row[1].month for row in before} >= {2, 3, 4}
    assert len({row[4] for row in before}) > 4
    shop.execute(
        # The last days stay, so that the shop is looked at from the same dates.
        "delete from raw_storefront.events where hash(device_id) % 2 = 0"
        " and event_at between timestamptz '2026-04-01 00:00:00+00'"
        " and timestamptz '2026-06-28 00:00:00+00'",
    )
    shop.built(CUSTOMER_MARTS, "--full-refresh")

    assert later_states() != later
    assert snapshots() == before


# Marts of snapshots, with the date that their rows speak of.
SNAPSHOT_MARTS = {
    "customer_lifecycle": "snapshot_date",
    "customer_segments": "snapshot_date",
    "customer_lifecycle_transitions": "period_end",
    "customer_segment_transitions": "period_end",
}


def shown_dates(shop: Warehouse) -> set[dt.date]:
    """The snapshot dates that are over: what happens from now on is not part of them."""
    rows = shop.query("select cutoff_date from intermediate.int_cutoffs where not is_as_of")
    return {day for (day,) in rows}


def columns_of(shop: Warehouse, mart: str, leave_out: str | None = None) -> list[str]:
    """The columns of a mart but `is_as_of`, which moves to another date every day."""
    described = [column for column, *_ in shop.query(f"describe marts.{mart}")]
    return [column for column in described if column not in ("is_as_of", leave_out)]


def snapshot_rows(
    shop: Warehouse, dates: set[dt.date], leave_out: str | None = None
) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the marts of snapshots at some dates, by mart."""
    days = ", ".join(f"date '{day}'" for day in sorted(dates))
    return {
        mart: shop.query(
            f"select {', '.join(columns_of(shop, mart, leave_out))} from marts.{mart}"
            f" where {day} in ({days}) order by all"
        )
        for mart, day in SNAPSHOT_MARTS.items()
    }


def restated(shop: Warehouse) -> list[tuple[Any, ...]]:
    return shop.query(
        "select 'lifecycle', cutoff_date, is_removed from intermediate.int_lifecycle_ledger"
        " where restated_at is not null union all"
        " select 'segments', cutoff_date, is_removed from intermediate.int_segment_ledger"
        " where restated_at is not null order by all"
    )


@pytest.mark.long
@pytest.mark.rare
def test_a_window_that_rolls_and_new_thresholds_change_no_past_snapshot(
    small_shop: Warehouse,
) -> None:
    shop = small_shop
    # A window of six dates, over the turn of a half year.
    shop.variables["storefront_until"] = "2025-12-20"
    shop.built(CUSTOMER_MARTS)
    assert shop.query("select distinct learned_on from marts.segment_thresholds") == [
        (dt.date(2025, 7, 1),)
    ]
    first_dates = shown_dates(shop)
    first = snapshot_rows(shop, first_dates)
    assert all(first.values())
    place = {mart: columns_of(shop, mart).index(day) for mart, day in SNAPSHOT_MARTS.items()}

    shop.variables["storefront_until"] = "2026-02-20"
    shop.built(CUSTOMER_MARTS)
    shared = first_dates & shown_dates(shop)
    assert shared < first_dates
    assert snapshot_rows(shop, shared) == {
        mart: [row for row in rows if row[place[mart]] in shared] for mart, rows in first.items()
    }
    assert restated(shop) == []
    assert shop.query("select distinct learned_on from marts.segment_thresholds") == [
        (dt.date(2026, 1, 1),)
    ]

    dates = shown_dates(shop)
    steps = snapshot_rows(shop, dates)
    shop.built(CUSTOMER_MARTS, "--full-refresh")
    assert snapshot_rows(shop, dates) == steps


@pytest.mark.long
def test_late_events_restate_snapshots_and_are_counted(shop_of_customers: Warehouse) -> None:
    shop = shop_of_customers
    dates = shown_dates(shop)
    before = snapshot_rows(shop, dates, leave_out="restated_at")
    assert restated(shop) == []

    # What some customers bought in March comes after all that they did until June.
    shop.execute(
        "insert into raw_storefront.events select * replace ('late ' || event_id as event_id,"
        " 'late ' || order_id as order_id, event_at - interval 40 day as event_at,"
        " (select max(received_at) from pool) as received_at)"
        " from pool where event_type = 'purchase'"
        " and event_at between timestamptz '2026-04-14 00:00:00+00'"
        " and timestamptz '2026-04-18 00:00:00+00'"
    )
    assert shop.value("select count(*) from raw_storefront.events where event_id ^@ 'late'") > 0
    shop.built(CUSTOMER_MARTS)
    after = snapshot_rows(shop, dates, leave_out="restated_at")
    early = [row for row in restated(shop) if row[1] < dt.date(2026, 3, 5)]
    assert early == []
    for mart in ("customer_lifecycle", "customer_segments"):
        changed = set(after[mart]) - set(before[mart])
        marked = shop.value(f"select count(restated_at) from marts.{mart}")
        assert len(changed) == marked > 0
        assert any(f"restated {marked:,} rows of {mart}" in line for line in shop.said)

    shop.built(CUSTOMER_MARTS, "--full-refresh")
    assert snapshot_rows(shop, dates, leave_out="restated_at") == after


@pytest.mark.long
@pytest.mark.rare
def test_a_row_that_is_no_more_leaves_a_mark_and_other_settings_leave_none(
    shop_of_customers: Warehouse,
) -> None:
    shop = shop_of_customers
    shop.variables["segment_hysteresis"] = 0.01
    held = shop.value("select count(*) from marts.customer_segments where is_held")
    shop.built(CUSTOMER_MARTS)
    assert held > shop.value("select count(*) from marts.customer_segments where is_held")
    assert restated(shop) == []

    ((customer_no, dates),) = shop.query(
        "select customer_no, count(*) from intermediate.int_lifecycle_ledger"
        " group by customer_no having count(*) > 3 order by customer_no limit 1"
    )
    shop.execute(f"delete from intermediate.int_lifecycle_states where customer_no = {customer_no}")
    shop.built(("int_lifecycle_ledger", "customer_lifecycle"))
    assert [row[2] for row in restated(shop)] == [True] * dates
    assert (
        shop.value(
            "select count(*) from intermediate.int_lifecycle_ledger"
            f" where customer_no = {customer_no} or (is_removed and state_since is not null)"
        )
        == 0
    )
    assert any(f"({dates} of them are gone)" in line for line in shop.said)

    # Marks that older settings left say nothing of the settings of the rows next to them.
    shop.execute("update intermediate.int_lifecycle_ledger set made_with = 'z' where is_removed")
    ((customer_no, dates),) = shop.query(
        "select customer_no, count(*) from intermediate.int_lifecycle_ledger where not is_removed"
        " group by customer_no having count(*) > 3 order by customer_no limit 1"
    )
    shop.execute(f"delete from intermediate.int_lifecycle_states where customer_no = {customer_no}")
    shop.built(("int_lifecycle_ledger", "customer_lifecycle"))
    assert any(f"({dates} of them are gone)" in line for line in shop.said)


@pytest.mark.long
@pytest.mark.rare
def test_a_day_that_is_no_cutoff_is_no_day_to_learn_on(small_shop: Warehouse) -> None:
    small_shop.variables["segment_learned_on"] = "2026-02-13"
    small_shop.built(CUSTOMER_MARTS)
    assert not small_shop.dbt("test", "--select", "segments_have_thresholds").success

    small_shop.variables["more_cutoff_dates"] = ["2026-02-13"]
    small_shop.built(CUSTOMER_MARTS)
    assert small_shop.dbt("test", "--select", "segments_have_thresholds").success
    assert small_shop.query("select distinct learned_on from marts.segment_thresholds") == [
        (dt.date(2026, 2, 13),)
    ]
