"""Builds that break off: what was there before can be read, and the next build makes good.

`make harness` kills builds at random moments, and fills their disk.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from conftest import SQL_PART, Warehouse, problems
from footfall import heads
from robustness.processes import building, kill_at
from robustness.shops import BUILT, bring, contents, leftovers


@pytest.fixture
def built_shop(own_shop: Warehouse, custom_folder: Path) -> Warehouse:
    """A shop that was built with 100 days and has had 20 more days since."""
    once = custom_folder / "built_once.duckdb"
    if not once.exists():
        bring(own_shop, 100)
        own_shop.built(BUILT)
        shutil.copyfile(own_shop.path, once)
    shutil.copyfile(once, own_shop.path)
    bring(own_shop, 120)
    return own_shop


@pytest.mark.long
@pytest.mark.rare
def test_a_full_refresh_with_other_settings_that_was_killed_is_not_built_upon(
    built_shop: Warehouse,
) -> None:
    shop = built_shop
    old = dict(shop.variables)
    shop.variables["session_max_minutes"] = 600
    kill_at(shop, "START sql incremental model intermediate.int_stage_visits", "--full-refresh")

    for variables in (old, dict(shop.variables)):
        shop.variables = variables
        assert "was broken off, and left some tables old" in problems(shop.build())
    # Ledgers of snapshots and features of risk are incremental too: the shape is that of all.
    others = ("+customer_lifecycle", "+customer_segments", "+int_event_value_notes")
    shop.built((*SQL_PART, *others, "+int_risk_features"), "--full-refresh")


@pytest.mark.long
@pytest.mark.rare
def test_a_python_model_that_raises_keeps_its_old_table_and_names_the_cause(
    built_shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = built_shop
    before = contents(shop)

    def no_luck(*_: object, **__: object) -> None:
        raise RuntimeError("the oven is cold")

    monkeypatch.setattr(heads, "score_churn", no_luck)
    outcome = shop.build(["scored_churn", "churn_risk"])
    assert not outcome.success
    assert "scored_churn" in problems(outcome)
    assert "the oven is cold" in problems(outcome)
    assert contents(shop) == before
    assert leftovers(shop) == []


@pytest.mark.long
def test_two_builds_at_once(own_shop: Warehouse) -> None:
    bring(own_shop, 3)
    with building(own_shop, select=["+int_sessions"]) as (first, output):
        lines = []
        for line in output:
            lines.append(line)
            if "START sql" in line:
                # Held up, so that it cannot be over before the second one looks.
                first.send_signal(signal.SIGSTOP)
                break
        said = problems(own_shop.build())
        first.send_signal(signal.SIGCONT)
        lines += output
        assert first.wait() == 0, "".join(lines)
    assert f"The warehouse {own_shop.path} is in use by another process." in said
    assert "then build again; or set FOOTFALL_DB to another file" in said
    assert f"PID {first.pid}" in said
    assert own_shop.query("select count(*) > 0 from intermediate.int_sessions") == [(True,)]


def test_a_file_that_is_no_warehouse_is_named(own_shop: Warehouse) -> None:
    own_shop.path.write_bytes(b"not a warehouse" * 1000)
    said = problems(own_shop.build(["event_types"]))
    assert f"The warehouse {own_shop.path} cannot be opened." in said
    assert own_shop.path.read_bytes().startswith(b"not a warehouse")
