"""What builds publish: after a whole one that succeeded, and to readers who never stop reading."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb
import psycopg
import pyarrow.parquet as pq
import pytest
from dbt.contracts.graph.nodes import GenericTestNode
from psycopg import sql

import postgres_server
from conftest import SMALL_SCORER, Warehouse, problems
from footfall.privacy.audit import audit_file, entries
from robustness.shops import bring

pytestmark = pytest.mark.long

# Reads until its input is closed, and once more, in a process of its own. Prints what it saw of
# each run, or the first thing that was wrong.
READER = """
import json, select, sys
import duckdb
from footfall.publishing import checksums

file, begun, closed, seen = sys.argv[1], False, False, {}
while not closed:
    closed = bool(select.select([sys.stdin], [], [], 0.5)[0])
    with duckdb.connect(file, read_only=True) as shop:
        listed = shop.execute("select run_id, mart, row_count, checksum from marts.publication")
        rows = listed.fetchall()
        (run,) = {row[0] for row in rows}
        for _, mart, row_count, checksum in rows:
            found = checksums.measured(shop, mart, f"marts.{mart}")
            assert (found.row_count, found.checksum) == (row_count, checksum), (run, found)
        assert len(rows) > 20
    seen[run] = seen.get(run, 0) + 1
    if not begun:
        print("begun", flush=True)
        begun = True
print(json.dumps(seen))
"""


# One data test shows what a failed one does; the others would take longer than what is tested here.
GUARD = "raw_rows_are_all_accounted_for"
BUILD = ("build", "--exclude-resource-type", "unit_test")


@contextmanager
def reading(file: Path, readers: int) -> Iterator[list[dict[str, int]]]:
    """Processes that read the file for as long as the block lasts; what they saw is filled in."""
    seen: list[dict[str, int]] = []
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(readers)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
        yield seen
        for process in processes:
            output, errors = process.communicate()
            assert process.returncode == 0, errors
            seen.append(json.loads(output))
    finally:
        for process in processes:
            process.kill()


def run_of(shop: Warehouse) -> str:
    """The run that the published file comes from, which is that of the Parquet files too."""
    with duckdb.connect(str(shop.published / "shop.duckdb"), read_only=True) as published:
        ((run,),) = published.sql("select distinct run_id from marts.publication").fetchall()
    table = pq.read_table(shop.published / "shop" / "publication.parquet")
    assert set(table.column("run_id").to_pylist()) == {run}
    return str(run)


def not_published(shop: Warehouse) -> str:
    """The one line that says why nothing was published."""
    (line,) = [said for said in shop.said if "Nothing published" in said]
    return line.strip()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A shop of 40 customers that was built and published.

    It was built with all data tests. Later builds have a single one: what is published when does
    not depend on how many there are.
    """
    folder = tmp_path_factory.mktemp("published_builds")
    events = str(folder / "events.csv")
    built = Warehouse(
        folder,
        {"footfall_source": "custom", "custom_events_path": events, **SMALL_SCORER},
        artifacts=True,
        logs=True,
    )
    bring(built, 100)
    outcome = built.dbt(*BUILD)
    assert outcome.success, problems(outcome)
    built.only_tests = frozenset({GUARD})
    return built


def test_a_build_publishes_all_public_marts_as_they_stand_in_the_warehouse(
    shop: Warehouse,
) -> None:
    names = [
        name
        for (name,) in shop.query(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
    ]
    expected = {name: shop.value(f"select count(*) from marts.{name}") for name in names}
    (told,) = [said for said in shop.said if "Published" in said]
    assert f"Published {len(names)} marts" in told
    assert f"DuckDB:     {shop.published / 'shop.duckdb'}" in told
    assert run_of(shop) in told
    with duckdb.connect(str(shop.published / "shop.duckdb"), read_only=True) as published:
        listed = published.sql("select mart, row_count from marts.publication").fetchall()
        assert dict(listed) == expected
        undescribed = published.sql(
            "select count(*) from duckdb_columns() where schema_name = 'marts' and comment is null"
        )
        assert undescribed.fetchall() == [(0,)]
    files = {path.stem for path in (shop.published / "shop").iterdir()}
    assert files == {*names, "publication"}

    built, publish = entries(audit_file(shop.path))
    assert built.action == "build"
    assert built.details["success"] > 100
    assert publish.action == "publish"
    assert publish.details["run_id"] == built.details["run_id"] == run_of(shop)
    assert publish.details["marts"] == len(names)
    assert publish.details["rows"] == sum(expected.values())
    assert publish.details["to"] == str(shop.published / "shop.duckdb")


def test_a_warning_keeps_nothing_back(shop: Warehouse) -> None:
    results = json.loads((shop.folder / "target" / "run_results.json").read_text())
    statuses = {result["status"] for result in results["results"]}
    # Exposures and saved queries have nothing to do.
    assert statuses == {"success", "pass", "warn", "no-op"}
    assert results["metadata"]["invocation_id"] == run_of(shop)


@pytest.mark.rare
@pytest.mark.timeout(1200)
def test_readers_who_never_stop_meet_no_error_and_no_mix_of_runs(shop: Warehouse) -> None:
    file, runs = shop.published / "shop.duckdb", [run_of(shop)]
    with reading(file, readers=2) as seen:
        bring(shop, 120)
        outcome = shop.dbt(*BUILD)
        assert outcome.success, problems(outcome)
        runs.append(run_of(shop))
    assert len(set(runs)) == 2
    assert len(seen) == 2
    for reader in seen:
        assert reader.keys() == set(runs)
        assert sum(reader.values()) > 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--select", "customer_rfm"], "this was `dbt run`"),
        (["test", "--select", "customer_rfm"], "this was `dbt test`"),
        (["build", "--select", "customer_rfm"], "this build left out"),
    ],
    ids=["run", "test", "selection"],
)
def test_a_part_of_a_build_publishes_nothing_and_says_so(
    shop: Warehouse, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(shop, "only_tests", None)
    before = run_of(shop)
    outcome = shop.dbt(*arguments)
    assert outcome.success, problems(outcome)
    *_, last = entries(audit_file(shop.path))
    assert last.action == arguments[0]
    line = not_published(shop)
    assert said in line
    assert "The publication of 20" in line
    assert f"UTC stands in {shop.published / 'shop.duckdb'}." in line
    assert run_of(shop) == before


def test_a_build_with_a_failed_test_publishes_nothing_and_names_it(shop: Warehouse) -> None:
    before = run_of(shop)
    # Rows that were read are gone from the file.
    bring(shop, 90)
    outcome = shop.dbt(*BUILD)
    bring(shop, 120)
    assert not outcome.success
    line = not_published(shop)
    shortfall = re.search(rf"Of \d+ models, seeds and tests 1 failed \({GUARD}\)[^.]*", line)
    assert shortfall, line
    summary = "\n".join(shop.said)
    assert f"{shortfall[0]}; the messages stand below." in summary
    # What else the end of a build says: how to go on with the same file, and what not to forget.
    events = shop.variables["custom_events_path"]
    assert f"FOOTFALL_DB={shop.path} make docs SOURCE=custom EVENTS={events}, then open" in summary
    assert f"UTC stands in {shop.published / 'shop.duckdb'}." in line
    assert run_of(shop) == before


@pytest.mark.rare
def test_a_server_that_is_not_there_fails_the_build_and_nothing_is_published(
    shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run_of(shop)
    monkeypatch.setenv("FOOTFALL_PUBLISH_POSTGRES", "postgres://owner:hush-hush@127.0.0.1:1/shop")
    outcome = shop.dbt(*BUILD)
    assert not outcome.success
    (failed,) = [row.message for row in outcome.result if row.status == "error"]
    assert "The marts were not published" in failed
    assert "the PostgreSQL database that FOOTFALL_PUBLISH_POSTGRES names" in failed
    assert "UTC stands in" in not_published(shop)
    assert run_of(shop) == before
    assert told_anywhere(shop, "hush") == []


@pytest.mark.skipif(
    postgres_server.binaries() is None,
    reason="PostgreSQL is not installed (Debian: apt-get install postgresql)",
)
def test_a_build_publishes_to_postgresql_as_well_and_tells_no_password(
    shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Primary keys are those that data tests prove.
    monkeypatch.setattr(shop, "only_tests", None)
    monkeypatch.setattr(shop, "only_tests", key_tests(shop))
    with postgres_server.running() as address:
        secret = quote(postgres_server.PASSWORD, safe="")
        address = address.replace("owner@", f"owner:{secret}@")
        monkeypatch.setenv("FOOTFALL_PUBLISH_POSTGRES", address)
        outcome = shop.dbt(*BUILD)
        assert outcome.success, problems(outcome)
        with psycopg.connect(address) as server:
            listed = server.execute("select mart, row_count, run_id from marts.publication")
            rows = listed.fetchall()
            assert {row[2] for row in rows} == {run_of(shop)}
            assert len(rows) > 20
            for mart, row_count, _ in rows:
                counted = sql.SQL("select count(*) from marts.{}").format(sql.Identifier(mart))
                assert server.execute(counted).fetchall() == [(row_count,)]
            keyless = server.execute(
                "select relname from pg_class where relnamespace = 'marts'::regnamespace"
                " and relkind = 'r' and not relhasindex"
            ).fetchall()
            assert keyless == []
    assert "PostgreSQL: 127.0.0.1:" in "".join(shop.said)
    for spelling in (postgres_server.PASSWORD, secret):
        assert told_anywhere(shop, spelling) == []


def key_tests(shop: Warehouse) -> frozenset[str]:
    """The data tests that say of what a mart has one row."""
    return frozenset(
        node.name
        for node in shop.manifest().nodes.values()
        if isinstance(node, GenericTestNode)
        and node.test_metadata.name in ("unique", "unique_combination")
    )


def told_anywhere(shop: Warehouse, secret: str) -> list[Path]:
    """The files in the folder of a shop, logs included, that hold a text."""
    files = [path for path in shop.folder.rglob("*") if path.is_file()]
    assert "dbt.log" in {path.name for path in files}
    return [path for path in files if secret.encode() in path.read_bytes()]
