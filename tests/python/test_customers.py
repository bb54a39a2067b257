"""Customers over time: what happens later leaves earlier snapshots as they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from conftest import Warehouse, problems

CUSTOMER_MARTS = (
    "+customer_lifecycle",
    "+customer_lifecycle_transitions",
    "+customer_segments",
    "+customer_segment_transitions",
    "+segment_thresholds",
    "+journey_cohorts",
    "+customer_rfm",
    "+int_row_accounting",
)


def test_what_happens_after_a_snapshot_changes_no_state_or_segment_of_it(
    small_shop: Warehouse,
) -> None:
    # Pinned, because thresholds that are learned after a snapshot would tell it anew.
    small_shop.variables["segment_learned_on"] = "2026-02-01"
    small_shop.built(CUSTOMER_MARTS)

    def snapshots() -> list[tuple[Any, ...]]:
        return small_shop.query(
            "select customer_key, snapshot_date, lifecycle_state, state_since, segment,"
            " rfm_segment, segment_since"
            " from marts.customer_lifecycle"
            " left join marts.customer_segments using (customer_key, snapshot_date)"
            " where snapshot_date <= date '2026-04-01' order by 1, 2"
        )

    def later_states() -> list[tuple[Any, ...]]:
        return small_shop.query(
            "select customer_key, lifecycle_state from marts.customer_lifecycle"
            " where is_as_of order by 1"
        )

    before, later = snapshots(), later_states()
    assert {row[1].month for row in before} >= {2, 3, 4}
    assert len({row[4] for row in before}) > 4
    small_shop.execute(
        "create table changed as select * from raw_storefront.events",
        "drop view if exists raw_storefront.events",
        # The last days stay, so that the shop is looked at from the same dates.
        "delete from changed where event_at between timestamptz '2026-04-01 00:00:00+00'"
        " and timestamptz '2026-06-28 00:00:00+00' and hash(device_id) % 2 = 0",
        "create table raw_storefront.events as select * from changed",
    )
    small_shop.built(CUSTOMER_MARTS, "--full-refresh")

    assert later_states() != later
    assert snapshots() == before


@pytest.mark.long
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


@pytest.mark.long
def test_who_must_order_more_often_to_be_retained_may_come_back_as_converted(
    small_shop: Warehouse,
) -> None:
    small_shop.variables.update(lifecycle_retained_order_days=3, lifecycle_loyal_orders=5)
    small_shop.built(CUSTOMER_MARTS)

    assert small_shop.query(
        "select count(*) from intermediate.int_lifecycle_states"
        " where lifecycle_state = 'conversion' and order_day_count = 2"
    ) > [(0,)]
    # From at risk back to conversion: ruled out only where the second order day retains.
    assert small_shop.query(
        "select count(*) from marts.customer_lifecycle_transitions"
        " where from_state = 'at_risk' and to_state = 'conversion'"
    ) > [(0,)]
    assert small_shop.dbt("test", "--select", "lifecycle_moves_are_possible").success

    # Segments of sessions are incremental and told by the same var: two values are not mixed.
    small_shop.variables["lifecycle_retained_order_days"] = 2
    outcome = small_shop.build(["+int_session_segments"])
    assert not outcome.success
    assert "'lifecycle_retained_order_days' was '3'" in problems(outcome)
