"""Pain points: known rates of a public log, planted frictions, shops with little in them."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from jinja2 import Environment

from conftest import PROJECT, SMALL_SCORER, Warehouse

pytestmark = pytest.mark.long

PAIN = ("+journey_pain_points", "+journey_suggestions", "+journey_funnel", "event_name_map")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "bench_pain_points", PROJECT / "benchmarks" / "bench_pain_points.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("friction", "with_count", "conversion_with", "conversion_without"),
    [
        ("payment_error", 95, 0.116, 0.653),
        ("checkout_error", 32, 0.281, 0.602),
        ("support", 133, 0.263, 0.654),
        ("page_error", 84, 0.500, 0.599),
    ],
)
def test_the_known_rates_of_a_public_log_come_out(
    clicks: Warehouse,
    friction: str,
    with_count: int,
    conversion_with: float,
    conversion_without: float,
) -> None:
    ((sessions, bought, others_bought),) = clicks.query(
        "select session_with_count, conversion_with, conversion_without"
        " from marts.journey_pain_points"
        f" where friction = '{friction}' and stage = 'checkout' and slice_name = 'all'"
    )
    assert sessions == with_count
    assert round(bought, 3) == conversion_with
    assert round(others_bought, 3) == conversion_without


def test_a_shop_without_amounts_is_told_its_lost_orders(clicks: Warehouse) -> None:
    told = clicks.query("select kind, title, expected_value from marts.journey_suggestions")
    assert any(title.startswith("Payment errors:") for _, title, _ in told)
    for kind, title, value in told:
        # What a slice that lags behind loses between two stages is sessions, not orders.
        unit = "sessions a month would go on to the"
        assert (unit if kind == "close_drop_off" else "orders a month at risk") in title
        assert value is None


# Not a data test: it would hang on three marts, and building one of them alone would fail it.
ROWS_BEHIND = """
    select suggestions.title, count(pain_points.friction) + count(funnel.stage)
    from marts.journey_suggestions as suggestions
    left join marts.journey_pain_points as pain_points
        on suggestions.mart_name = 'journey_pain_points'
        and pain_points.is_named
        and suggestions.friction = pain_points.friction
        and suggestions.stage = pain_points.stage
        and suggestions.slice_name = pain_points.slice_name
        and suggestions.slice_value = pain_points.slice_value
        and suggestions.expected_value is not distinct from pain_points.value_at_risk
    left join marts.journey_funnel as funnel
        on suggestions.mart_name = 'journey_funnel'
        and suggestions.stage = funnel.stage
        and suggestions.slice_name = funnel.slice_name
        and suggestions.slice_value = funnel.slice_value
    group by all"""


def test_every_suggestion_rests_on_rows_that_exist(clicks: Warehouse) -> None:
    behind = clicks.query(ROWS_BEHIND)
    assert behind
    assert [title for title, rows in behind if rows == 0] == []


# The rules were chosen on the seeds 1 to 20, so another shop judges them: the first of the twenty
# of benchmarks/bench_pain_points.py, in the size that it has there. The benchmark states all of
# them, also the one in which an innocent slice is named. A 95 % interval misses the truth now and
# then: with 1500 customers, that of the payment errors of this seed does, by .004.
JUDGED_SHOP = {"storefront_customers": 2000, "storefront_seed": 201}


def test_planted_frictions_are_on_top_and_nothing_innocent_is_named(
    tmp_path: Path, bench: ModuleType
) -> None:
    shop = Warehouse(tmp_path, {**JUDGED_SHOP, **SMALL_SCORER})
    shop.built(PAIN, test=True)
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        verdict = bench.judge(connection, JUDGED_SHOP["storefront_seed"])
    assert sorted(verdict.found) == ["payment_error_android", "slow_checkout_france_iphone"]
    assert verdict.is_on_top
    assert verdict.innocent == []
    assert sorted(verdict.told) == sorted(verdict.found)
    assert verdict.suggested_innocent == []
    for friction, (gap_holds, _) in verdict.covered.items():
        assert gap_holds, friction
    # A plain comparison blames many slices: that one trouble shows in all of them is undone.
    assert len(verdict.accused) > 3 * len(verdict.named)

    assert [title for title, rows in shop.query(ROWS_BEHIND) if rows == 0] == []
    first, *_ = shop.query(
        "select title, confidence, expected_value, mart_name, friction, slice_value"
        " from marts.journey_suggestions order by suggestion_rank"
    )
    title, confidence, value, mart, friction, slice_value = first
    assert title.startswith("Payment errors on android: ")
    assert (confidence, mart, friction, slice_value) == (
        "high",
        "journey_pain_points",
        "payment_error",
        "android",
    )
    assert value == shop.value(
        "select value_at_risk from marts.journey_pain_points where pain_rank = 1"
    )


@pytest.mark.parametrize("z", [0, 0.1, 1, 1.959964, 2.575829, 5, 10, 20, 30, -3])
def test_the_tails_of_the_normal_are_as_exact_as_stated(z: float) -> None:
    text = (PROJECT / "macros" / "pain" / "pain.sql").read_text()
    # The macro needs nothing of dbt but jinja.
    start = text.index("{% macro normal_tails")
    stop = text.index("{%- endmacro %}", start) + len("{%- endmacro %}")
    rendered = Environment().from_string(text[start:stop] + "{{ normal_tails('z') }}").render()
    ((tails,),) = duckdb.sql(f"select {rendered} from (select cast({z} as double) as z)").fetchall()
    assert tails == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), rel=1.2e-7)
