"""A table is current while all that decides about it is what it was made from, and so is a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from footfall.builds.nodes import described_node
from footfall.builds.versions import TableVersions, begin

pytestmark = pytest.mark.library

SOURCE = "source.shop.raw.events"


def node(name: str, *inputs: str, kind: str = "model", **facts: Any) -> dict[str, Any]:
    """A node as macros describe it; settings are given as ``config``."""
    config = {"materialized": "table", **facts.pop("config", {})}
    return {
        "unique_id": f"{kind}.shop.{name}",
        "schema": "marts",
        "name": name,
        "language": "sql",
        "checksum": {"name": "sha256", "checksum": f"code of {name}"},
        "config": config,
        "constraints": [],
        "columns": [["id", "varchar", []]],
        "inputs": list(inputs),
        **facts,
    }


def project() -> dict[str, dict[str, Any]]:
    """arrivals watch a source; events take in what is pending, and sales read them by a view."""
    nodes = [
        node("rates", kind="seed", config={"materialized": "seed"}),
        node("int_arrival_days", SOURCE, config={"meta": {"pending_column": "is_pending"}}),
        node("items", SOURCE),
        node(
            "events",
            "model.shop.int_arrival_days",
            SOURCE,
            config={"materialized": "incremental"},
        ),
        node("stitched", "model.shop.events", config={"materialized": "view"}),
        node("sales", "model.shop.stitched", "model.shop.items", "seed.shop.rates"),
        node("scores", "model.shop.sales", language="python"),
        node("accounting", "model.shop.int_arrival_days", config={"materialized": "view"}),
        node("ids_are_unique", "model.shop.stitched", kind="test"),
        node("rows_are_accounted_for", "model.shop.accounting", kind="test"),
        node("sales_add_up", "model.shop.sales", "model.shop.events", kind="test"),
    ]
    return {one["name"]: one for one in nodes}


STORED = ("int_arrival_days", "items", "events", "sales", "scores")


class Shop:
    """A project and its warehouse: what each run makes of it."""

    def __init__(self) -> None:
        self.nodes = project()
        self.code = "code"
        self.settings = "top_k: 10"
        self.contents = {"items": "3 rows"}
        self.is_pending = False
        self.row_counts = dict.fromkeys(STORED, 3)
        self.noted: list[list[str | None]] = []
        self.passed: dict[str, str] = {}
        self.texts = {
            "ids_are_unique": "select 1",
            "sales_add_up": "select 2",
            "rows_are_accounted_for": "select 3",
        }
        self.runs = 0

    def begin(self, selected: set[str] | None = None) -> TableVersions:
        self.runs += 1
        chosen = self.nodes if selected is None else selected
        return begin(
            run_id=f"run {self.runs}",
            code=self.code,
            settings=self.settings,
            nodes=self.nodes.values(),
            selected=[self.nodes[name]["unique_id"] for name in chosen],
            noted=self.noted,
            row_counts=[["marts", name, str(count)] for name, count in self.row_counts.items()],
            passed=self.passed.items(),
        )

    def build(
        self,
        selected: set[str] | None = None,
        statuses: Mapping[str, str] | None = None,
        killed_at: str | None = None,
    ) -> set[str]:
        """Build as macros do, and return the names of the tables that were made."""
        run, made = self.begin(selected), set()
        for name in STORED:
            if name == killed_at:
                break
            unique_id = f"model.shop.{name}"
            if (selected is None or name in selected) and not run.is_current(unique_id):
                made.add(name)
                self.note(run, unique_id, name)
        self.kept = self.test(run, statuses or {})
        return made

    def test(self, run: TableVersions, statuses: Mapping[str, str]) -> set[str]:
        """Run the tests that are not current, and return the names of the others."""
        kept = {
            name
            for name, status in statuses.items()
            if status != "skipped" and run.is_test_current(f"test.shop.{name}", self.texts[name])
        }
        ended = {name: "pass" if name in kept else status for name, status in statuses.items()}
        for name, status in ended.items():
            if status not in ("pass", "skipped"):
                self.passed.pop(f"test.shop.{name}", None)
        noted = run.tests_noted({f"test.shop.{name}": how for name, how in ended.items()})
        for found in noted["tables"]:
            (row,) = (row for row in self.noted if row[1] == found["table_name"])
            row[5] = None if found["tests_passed"] is None else str(found["tests_passed"])
        self.passed.update({found["test"]: found["passed_on"] for found in noted["tests"]})
        return kept

    def note(self, run: TableVersions, unique_id: str, name: str) -> None:
        noted: dict[str, Any] = run.note_made(unique_id)
        if noted.get("look_for") == "contents":
            noted = run.note_made(unique_id, contents=self.contents.get(name, "3 rows"))
        elif noted.get("look_for") == "is_pending":
            noted = run.note_made(unique_id, is_pending=self.is_pending)
        self.noted = [row for row in self.noted if row[1] != name]
        if noted["version"] is not None:
            count = str(self.row_counts[name])
            self.noted.append(["marts", name, noted["made_from"], noted["version"], count, None])

    def tests_passed(self, name: str) -> str | None:
        (row,) = (row for row in self.noted if row[1] == name)
        return row[5]


LOOK = {"int_arrival_days", "items"}


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    assert made.build() == set(STORED)
    assert made.build() == LOOK
    return made


def test_what_came_in_reaches_what_reads_it(shop: Shop) -> None:
    shop.is_pending = True
    assert shop.build() == {*LOOK, "events", "sales", "scores"}
    shop.is_pending = False
    assert shop.build() == LOOK
    shop.contents["items"] = "4 rows"
    assert shop.build() == {*LOOK, "sales", "scores"}
    assert shop.build() == LOOK


@pytest.mark.parametrize(
    ("name", "change", "reached"),
    [
        ("sales", {"checksum": {"name": "sha256", "checksum": "other"}}, {"sales", "scores"}),
        ("stitched", {"checksum": {"name": "sha256", "checksum": "other"}}, {"sales", "scores"}),
        ("rates", {"checksum": {"name": "sha256", "checksum": "other"}}, {"sales", "scores"}),
        # Of a large seed dbt has the path only, so that it is unknown whether it has changed.
        ("rates", {"checksum": {"name": "path", "checksum": "seeds/x"}}, {"sales", "scores"}),
        ("scores", {"columns": [["id", "bigint", []]]}, {"scores"}),
        ("scores", {"constraints": [{"type": "primary_key"}]}, {"scores"}),
        ("scores", {"config": {"materialized": "table", "epochs": 3}}, {"scores"}),
        ("scores", {"config": {"materialized": "table", "meta": {"reach_days": 3}}}, {"scores"}),
        ("scores", {"config": {"materialized": "table", "meta": {"lineage": {}}}}, set()),
        ("scores", {"config": {"materialized": "table", "tags": ["x"], "group": "y"}}, set()),
        ("scores", {"inputs": ["model.shop.sales", "model.shop.items"]}, {"scores"}),
    ],
)
def test_a_change_of_a_node_reaches_it_and_what_reads_it(
    shop: Shop, name: str, change: dict[str, Any], reached: set[str]
) -> None:
    shop.nodes[name].update(change)
    assert shop.build() == LOOK | reached


@pytest.mark.parametrize("change", [{"code": "other"}, {"settings": "top_k: 11"}])
def test_code_and_vars_reach_every_table(shop: Shop, change: dict[str, str]) -> None:
    vars(shop).update(change)
    assert shop.build() == set(STORED)
    assert shop.build() == LOOK


def test_a_table_that_lost_rows_or_is_gone_is_made_again(shop: Shop) -> None:
    shop.row_counts["sales"] = 2
    assert shop.build() == {*LOOK, "sales", "scores"}
    shop.row_counts["scores"] = 0
    assert shop.build() == {*LOOK, "scores"}
    del shop.row_counts["scores"]
    assert not shop.begin().is_current("model.shop.scores")


def test_only_a_run_that_brings_inputs_up_to_date_can_know(shop: Shop) -> None:
    # Its input is as it was, but this run does not look after it.
    assert shop.build({"scores"}) == {"scores"}
    # Then it is unknown what it was made from.
    assert shop.build() == {*LOOK, "scores"}
    assert shop.build() == LOOK
    assert shop.build({"sales", "scores", "stitched", "rates"}) == {"sales", "scores"}


def test_a_killed_run_is_made_good(shop: Shop) -> None:
    shop.is_pending = True
    shop.build(killed_at="sales")
    shop.is_pending = False
    assert shop.build() == {*LOOK, "sales", "scores"}


PASS = {"ids_are_unique": "pass", "sales_add_up": "pass"}


def test_it_is_counted_how_many_tests_passed_on_a_version(shop: Shop) -> None:
    shop.build(statuses=PASS)
    assert (shop.tests_passed("events"), shop.tests_passed("sales")) == ("2", "1")
    assert shop.tests_passed("items") is None
    assert shop.begin().tests_noted({}) == {"tables": [], "tests": []}

    shop.texts["ids_are_unique"] += " limit 1"
    shop.build(statuses={**PASS, "ids_are_unique": "fail"})
    assert (shop.tests_passed("events"), shop.tests_passed("sales")) == ("1", "1")
    # What is not run may have begun to fail.
    shop.build(statuses={"sales_add_up": "pass", "ids_are_unique": "skipped"})
    assert shop.tests_passed("events") is None
    assert shop.tests_passed("sales") == "1"


def test_a_test_is_run_again_when_anything_that_it_reads_has_moved(shop: Shop) -> None:
    shop.build(statuses=PASS)
    assert shop.kept == set()
    shop.build(statuses=PASS)
    assert shop.kept == set(PASS)

    # Rows that are gone from a source leave nothing pending behind: only looking finds that.
    shop.build(statuses={**PASS, "rows_are_accounted_for": "pass"})
    shop.build(statuses={**PASS, "rows_are_accounted_for": "pass"})
    assert shop.kept == set(PASS)

    # One of two tables that a test reads.
    shop.contents["items"] = "4 rows"
    shop.build(statuses=PASS)
    assert shop.kept == {"ids_are_unique"}
    # All of them.
    shop.is_pending = True
    shop.build(statuses=PASS)
    assert shop.kept == set()
    shop.is_pending = False
    shop.build(statuses=PASS)
    assert shop.kept == set(PASS)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ids_are_unique", {"config": {"severity": "warn"}}),
        ("ids_are_unique", {"inputs": ["model.shop.stitched", "model.shop.items"]}),
        ("stitched", {"checksum": {"name": "sha256", "checksum": "other"}}),
        # It is unknown what is in a source now.
        ("stitched", {"inputs": ["model.shop.events", SOURCE]}),
    ],
)
def test_a_change_of_a_test_or_of_a_view_that_it_reads_runs_it_again(
    shop: Shop, name: str, change: dict[str, Any]
) -> None:
    shop.build(statuses=PASS)
    shop.nodes[name].update(change)
    shop.build(statuses=PASS)
    assert "ids_are_unique" not in shop.kept


def test_a_test_with_another_query_is_run_again(shop: Shop) -> None:
    shop.build(statuses=PASS)
    shop.texts["sales_add_up"] = "select 3"
    shop.build(statuses=PASS)
    assert shop.kept == {"ids_are_unique"}


@pytest.mark.parametrize("change", [{"code": "other"}, {"settings": "top_k: 11"}])
def test_code_and_vars_run_every_test_again(shop: Shop, change: dict[str, str]) -> None:
    shop.build(statuses=PASS)
    vars(shop).update(change)
    shop.build(statuses=PASS)
    assert shop.kept == set()


@pytest.mark.parametrize("status", ["fail", "warn", "error"])
def test_a_test_that_did_not_pass_is_run_again(shop: Shop, status: str) -> None:
    shop.build(statuses={**PASS, "sales_add_up": status})
    shop.build(statuses={**PASS, "sales_add_up": status})
    assert shop.kept == {"ids_are_unique"}
    shop.build(statuses=PASS)
    assert shop.kept == {"ids_are_unique"}
    shop.build(statuses=PASS)
    assert shop.kept == set(PASS)


def test_a_test_is_run_again_where_its_tables_are_not_looked_after(shop: Shop) -> None:
    shop.build(statuses=PASS)
    shop.build({"sales", "rates"}, statuses={"sales_add_up": "pass"})
    assert shop.kept == set()
    # It passed on something unknown, so it is run once more.
    shop.build(statuses=PASS)
    assert shop.kept == {"ids_are_unique"}


def test_a_model_that_was_never_asked_about_has_no_version(shop: Shop) -> None:
    run = shop.begin()
    assert run.note_made("model.shop.scores") == {"version": None, "made_from": None}
    assert ("marts", "scores") not in run.notes


def test_the_words_of_a_description_are_no_part_of_a_table() -> None:
    described = described_node({**node("sales"), "description": "one"})
    assert described == described_node({**node("sales"), "description": "two"})
    assert described != described_node({**node("sales"), "schema": "staging"})
