"""A table is left alone while code, settings and inputs are what it was made from."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunnerResult

from conftest import CHOSEN, SQL_PART, Warehouse, mark, problems
from footfall.adapter import questions, tables
from footfall.builds.problems import BuildProblem

# What reads a source has to look whether something came; if nothing did, what follows is kept.
READ_SOURCES = {
    "int_arrival_days",
    "int_pending_rejections",
    "int_items",
    "int_customers",
    "int_reviews",
}


def made(outcome: dbtRunnerResult) -> set[str]:
    """The stored models that a build made or brought up to date."""
    assert outcome.success, problems(outcome)
    return {
        row.node.name
        for row in outcome.result
        if row.node.resource_type == "model"
        and row.node.config.materialized != "view"
        and row.message != "KEPT"
    }


def kept_tests(outcome: dbtRunnerResult) -> set[str]:
    """The tests that a build did not run again."""
    return {
        row.node.name
        for row in outcome.result
        if row.node.resource_type == "test" and row.adapter_response.get("_message") == "KEPT"
    }


def stored(shop: Warehouse) -> set[str]:
    """All stored models of a build."""
    manifest = shop.manifest()
    mark(manifest, SQL_PART)
    found = {
        node.name
        for node in manifest.nodes.values()
        if CHOSEN in node.tags
        and node.resource_type == "model"
        and node.config.materialized in ("incremental", "table")
    }
    assert len(found) > 20
    return found


@pytest.mark.long
def test_only_what_a_change_can_reach_is_made_again(small_shop_with_sql: Warehouse) -> None:
    shop = small_shop_with_sql
    shop.execute(
        "create table pool as select * from raw_storefront.events",
        "drop view raw_storefront.events",
        "create table raw_storefront.events as select * from pool",
    )
    assert made(shop.build()) == READ_SOURCES

    # A category that is renamed reaches what reads items, and nothing that is made of events.
    shop.execute(
        "create or replace table raw_storefront.other_items as from raw_storefront.items",
        "update raw_storefront.other_items set category = category || ' (old)'"
        " where item_id = (select min(item_id) from raw_storefront.other_items)",
        "drop view if exists raw_storefront.items",
        "alter table raw_storefront.other_items rename to items",
    )
    reached = made(shop.build(["+int_item_events", *SQL_PART]))
    assert not reached & {"int_accepted_events", "int_sessions", "customer_rfm"}

    # New events reach every table that is made of events.
    shop.execute(
        "insert into raw_storefront.events select * replace ('new ' || event_id as event_id,"
        " received_at + interval 1 hour as received_at) from pool"
        " order by received_at desc limit 10"
    )
    assert made(shop.build()) == stored(shop)

    # Without notes nothing is known of any table; comments of older versions are no notes.
    noted = "made from 0123, made in 4567, rows: 89"
    shop.execute(
        "drop table intermediate.table_versions",
        f"comment on table marts.customer_rfm is '{noted}'",
        f"comment on table intermediate.int_sessions is '{noted}'",
    )
    assert made(shop.build()) == stored(shop)
    comments = "select comment from duckdb_tables() where comment is not null order by 1"
    versions = "select 'version ' || version from intermediate.table_versions order by 1"
    assert shop.query(comments) == shop.query(versions)

    # Any var counts as a change of all that is made with vars.
    shop.variables["cutoff_months"] = 5
    assert made(shop.build()) == stored(shop)
    assert made(shop.build()) == READ_SOURCES


@pytest.mark.long
@pytest.mark.rare
def test_a_table_that_lost_rows_or_was_made_by_somebody_else_is_made_again(
    small_shop_with_sql: Warehouse,
) -> None:
    shop = small_shop_with_sql
    rfm = "select * from marts.customer_rfm order by all"
    before = shop.query(rfm)
    read = READ_SOURCES - {"int_reviews"}
    above = ["+customer_rfm", "+int_items"]

    shop.execute("delete from marts.customer_rfm where recency_score = 5")
    assert made(shop.build(above)) == read | {"customer_rfm"}
    assert shop.query(rfm) == before

    shop.execute(
        "create or replace table marts.customer_rfm as"
        " select * replace (rfm_score || '!' as rfm_score) from marts.customer_rfm"
    )
    assert made(shop.build(above)) == read | {"customer_rfm"}
    assert shop.query(rfm) == before

    assert made(shop.build(["customer_rfm"], "--full-refresh")) == {"customer_rfm"}

    # Built without its inputs it is unknown what it was made from: it is made, then and later.
    assert made(shop.build(["customer_rfm"])) == {"customer_rfm"}
    assert made(shop.build(above)) == read | {"customer_rfm"}
    assert made(shop.build(above)) == read


@pytest.mark.long
@pytest.mark.rare
def test_rows_that_come_into_a_relation_are_read(tmp_path: Path) -> None:
    shop = Warehouse(
        tmp_path, {"footfall_source": "custom", "custom_events_relation": "pool.events"}
    )
    event = "('c{0}', timestamptz '2026-03-01 10:00:00+00', 'view')"
    columns = "(customer_id varchar, event_at timestamptz, event_type varchar)"
    shop.execute(
        "create schema pool",
        f"create table pool.events {columns}",
        f"insert into pool.events values {event.format(1)}, {event.format(2)}",
    )
    accepted = "select count(*) from intermediate.int_accepted_events"
    shop.built(["+int_row_accounting"])
    assert shop.value(accepted) == 2

    shop.execute(f"insert into pool.events values {event.format(3)}")
    shop.built(["+int_row_accounting"])
    assert shop.value(accepted) == 3


@pytest.mark.long
@pytest.mark.rare
def test_verdicts_in_a_relation_move_the_attempts_that_they_are_about(
    small_shop_with_sql: Warehouse,
) -> None:
    shop = small_shop_with_sql
    shop.variables = {**shop.variables, "risk_verdicts_relation": "pool.verdicts"}
    shop.execute(
        "create schema pool",
        "create table pool.verdicts (attempt_id varchar, verdict varchar, decided_at timestamptz)",
    )
    of_risk = ["+int_risk_links"]
    shop.built(of_risk)
    # The relation is read, and nothing that follows is made again.
    assert made(shop.build(of_risk)) == READ_SOURCES - {"int_items", "int_reviews"} | {
        "int_risk_verdicts"
    }
    written = dict(
        shop.query("select attempt_id, written_at from intermediate.int_payment_attempts")
    )
    judged = min(written)
    shop.execute(f"insert into pool.verdicts values ('{judged}', 'fraud', now())")
    assert "int_payment_attempts" in made(shop.build(of_risk))
    moved = shop.query(
        "select attempt_id, written_at, is_fraud, label_source"
        " from intermediate.int_payment_attempts"
    )
    assert [row[0] for row in moved if row[1] != written[row[0]]] == [judged]
    assert {row[2:] for row in moved if row[0] == judged} == {(True, "verdict")}
    assert len(moved) == len(written) > 50


@pytest.mark.long
@pytest.mark.rare
def test_a_table_and_what_is_noted_of_it_change_together(
    small_shop_with_sql: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = small_shop_with_sql
    notes = "select * exclude (tests_passed) from intermediate.table_versions"
    before = shop.query(f"{notes} order by all")
    names = [(schema, name) for schema, name, *_ in before]
    assert len(set(names)) == len(names) == len(stored(shop))
    rows = {name: count for _, name, *_, count in before}
    assert rows["customer_rfm"] == shop.value("select count(*) from marts.customer_rfm")

    # The last thing before a table is put in its place goes wrong: the old one stays, and its note.
    asked = questions.QUESTIONS["note_made"]

    def fail_at_sessions(run_id: str, unique_id: str, **seen: Any) -> Any:
        if unique_id.endswith(".int_sessions"):
            raise BuildProblem("no ink left")
        return asked(run_id, unique_id, **seen)

    monkeypatch.setitem(questions.QUESTIONS, "note_made", fail_at_sessions)
    newest = "select max(loaded_at) from intermediate.int_sessions"
    made_at = shop.value(newest)
    outcome = shop.build(["+int_sessions"], "--full-refresh")
    assert "int_sessions: Compilation Error" in problems(outcome)
    assert "no ink left" in problems(outcome)
    assert shop.value(newest) == made_at
    assert shop.query(f"{notes} where table_name = 'int_sessions'") == [
        row for row in before if row[1] == "int_sessions"
    ]
    monkeypatch.undo()
    assert {"int_sessions", "customer_rfm"} < made(shop.build())
    assert shop.value(newest) > made_at
    assert made(shop.build()) == READ_SOURCES


@pytest.mark.long
@pytest.mark.rare
def test_tables_that_are_made_side_by_side_are_all_noted(small_shop_with_sql: Warehouse) -> None:
    shop = small_shop_with_sql
    shop.execute("drop table intermediate.table_versions")
    anew = (["+sessions", "+customer_rfm"], "--threads", "4", "--full-refresh")
    names = made(shop.build(*anew))
    noted = "select table_name from intermediate.table_versions order by 1"
    assert shop.query(noted) == [(name,) for name in sorted(names)]
    # Again, each in place of its note from before.
    shop.built(*anew)
    assert shop.query(noted) == [(name,) for name in sorted(names)]
    assert shop.value("select count(distinct made_by_run) from intermediate.table_versions") == 1


@pytest.mark.long
@pytest.mark.rare
def test_a_test_is_kept_while_what_it_reads_is_kept(small_shop_with_sql: Warehouse) -> None:
    shop = small_shop_with_sql
    ids = {"unique_int_sessions_session_id", "not_null_int_sessions_session_id"}
    shop.only_tests = frozenset({*ids, "unique_int_cutoffs_cutoff_date"})
    part = ["+int_sessions", "+int_cutoffs"]
    noted = "select tests_passed from intermediate.table_versions where table_name ="
    assert shop.query(f"{noted} 'int_sessions'") == [(None,)]
    shop.built(part, test=True)
    assert shop.value(f"{noted} 'int_sessions'") == 2
    outcome = shop.build(part, test=True)
    assert kept_tests(outcome) == shop.only_tests
    assert any("3 of 3 tests, which had passed" in said for said in shop.said)
    # Alone tests run in any case.
    assert kept_tests(shop.dbt("test", "--select", "int_sessions")) == set()

    # A date is there twice in as many rows as before: only who asks again finds that.
    shop.execute(
        "update intermediate.int_cutoffs set cutoff_date = (select min(cutoff_date) from"
        " intermediate.int_cutoffs)"
    )
    assert kept_tests(shop.build(part, test=True)) == shop.only_tests
    assert not shop.dbt("test", "--select", "int_cutoffs").success
    # What failed there is not kept by the next build.
    outcome = shop.build(part, test=True)
    assert "unique_int_cutoffs_cutoff_date" in problems(outcome)
    assert kept_tests(outcome) == ids
    shop.execute("create or replace table intermediate.int_cutoffs as select 1 as cutoff_no")
    assert kept_tests(shop.build(part, test=True)) == ids
    assert kept_tests(shop.build(part, test=True)) == shop.only_tests


def test_what_grows_on_from_its_own_table_begins_anew_in_a_full_refresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    this = Namespace(database="memory", schema="main", identifier="rings")
    with duckdb.connect(":memory:") as session:
        session.execute("create table rings as select 1 as links_digest")
        monkeypatch.setattr(tables, "get_flags", Namespace)
        found = tables.to_go_on_from(session, this, "links_digest")
        assert found is not None
        assert found.num_rows == 1
        assert tables.to_go_on_from(session, this, "another_digest") is None
        monkeypatch.setattr(tables, "get_flags", lambda: Namespace(FULL_REFRESH=True))
        assert tables.to_go_on_from(session, this, "links_digest") is None
