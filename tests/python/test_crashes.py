"""Builds that break off: what was there before can be read, and the next build makes good."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from conftest import SQL_PART, Warehouse, problems
from footfall import heads

MARTS = (
    "sessions",
    "journey_funnel",
    "customer_rfm",
    "recommendations",
    "churn_risk",
    "customer_value",
    "model_evaluation",
)
# They, and what they are made of: the rest of a build breaks off no differently.
BUILT = tuple(f"+{mart}" for mart in MARTS)
# Says when a run happened, not what is in the shop.
# Sums of floats move the name of a run in their last digit.
OPERATIONAL = {"loaded_at", "first_seen_at", "model_run_id"}
# dbt in a process of its own, which can be killed. The first argument is the greatest size of a
# file in bytes, 0 for none: Python ignores the signal, so writing more fails like a full disk. The
# second is a file with what dbt has parsed, and the third where shared_work lies, which reads it.
DBT = """
import pathlib, resource, sys
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from dbt.cli.main import dbtRunner
sys.path.append(sys.argv[3])
from shared_work import unpacked
manifest = unpacked(pathlib.Path(sys.argv[2]).read_bytes())
sys.exit(not dbtRunner(manifest=manifest).invoke(sys.argv[4:]).success)
"""


def bring(shop: Warehouse, days: int, *, crawled_pages: int = 0) -> None:
    """Write the events of the first days of a shop with 40 customers; more days only add rows.

    Crawled pages are views without a customer, a device each.
    """
    dice = random.Random(7)
    opened = datetime(2024, 1, 1, tzinfo=UTC)
    with Path(shop.variables["custom_events_path"]).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "device_id", "event_at", "event_type", "item_id", "amount"])
        for day in range(days):
            for visit in range(6):
                customer, at = dice.randrange(40), opened + timedelta(days=day, hours=visit)
                for number in range(4):
                    kind = "purchase" if number == 3 else "view"
                    amount = 5 + dice.randrange(20) if kind == "purchase" else ""
                    moment = at + timedelta(minutes=number)
                    who = f"customer-{customer}", f"device-{customer}"
                    item = f"item-{dice.randrange(25)}"
                    writer.writerow([*who, moment.isoformat(), kind, item, amount])
        for page in range(crawled_pages):
            crawled = opened + timedelta(days=days, seconds=page)
            device = f"crawler-{dice.getrandbits(64)}"
            writer.writerow(["", device, crawled.isoformat(), "view", f"item-{page % 25}", ""])


@contextmanager
def building(
    shop: Warehouse, *options: str, limit: int = 0, select: Sequence[str] = BUILT
) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """`dbt build` in a process of its own, which does not outlive the block, and its output."""
    parsed = shop.folder / "parsed.msgpack"
    parsed.write_bytes(shop.packed_manifest())
    told = [argument for argument in shop.settings() if argument != "--quiet"]
    process = subprocess.Popen(
        [
            sys.executable,
            *("-u", "-c", DBT, str(limit), str(parsed), str(Path(__file__).parent)),
            *("build", "--select", *select, *options, *told, "--no-write-json", "--no-use-colors"),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
        ],
        env={
            **os.environ,
            "FOOTFALL_DB": str(shop.path),
            "FOOTFALL_PUBLISHED": str(shop.published),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def kill_at(shop: Warehouse, announcement: str, *options: str) -> None:
    """Start a build and `kill -9` it at the line of its output that has the announcement."""
    with building(shop, *options) as (process, said):
        lines = []
        for line in said:
            lines.append(line)
            if announcement in line:
                process.kill()
                break
        process.wait()
    assert process.returncode == -signal.SIGKILL, "".join(lines)
    assert not any("Completed" in line for line in lines)


def contents(shop: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the marts, in the order of all that is not an amount."""
    found = {}
    for mart in MARTS:
        described = [
            (name, kind)
            for name, kind, *_ in shop.query(f"describe marts.{mart}")
            if name not in OPERATIONAL
        ]
        columns = ", ".join(name for name, _ in described)
        keys = ", ".join(name for name, kind in described if kind != "DOUBLE")
        found[mart] = shop.query(f"select {columns} from marts.{mart} order by {keys}")
    return found


def different(
    one: Mapping[str, list[tuple[object, ...]]], two: Mapping[str, list[tuple[object, ...]]]
) -> dict[str, tuple[object, object]]:
    """The first pair of rows that differ in each mart; floats by more than a millionth.

    Sums depend on the order of addition, and scores are learned from sums.
    """
    found = {}
    for mart, rows in one.items():
        assert len(rows) == len(two[mart]), mart
        for row, other in zip(rows, two[mart], strict=True):
            expected = tuple(
                pytest.approx(cell, rel=1e-6, abs=1e-6) if isinstance(cell, float) else cell
                for cell in other
            )
            if row != expected:
                found[mart] = (row, other)
                break
    return found


def leftovers(shop: Warehouse) -> list[tuple[object, ...]]:
    return shop.query(
        "select table_schema, table_name from information_schema.tables"
        " where contains(table_name, '__dbt_tmp') or contains(table_name, '__dbt_backup')"
    )


@pytest.fixture
def built_shop(own_shop: Warehouse, custom_folder: Path) -> Warehouse:
    """A shop that was built with 100 days and has had 20 more days since."""
    # A worse model is kept out in favour of the one before, and then the past shows in the scores.
    own_shop.variables["largest_skill_drop"] = 0.99
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
def test_a_killed_build_leaves_the_marts_readable_and_the_next_build_makes_good(
    built_shop: Warehouse,
) -> None:
    shop = built_shop
    before = contents(shop)
    untouched = shop.folder / "untouched.duckdb"
    shutil.copyfile(shop.path, untouched)

    kill_at(shop, "START sql incremental model intermediate.int_session_events")
    assert contents(shop) == before
    kill_at(shop, "head fit: epoch 1")
    standing = contents(shop)
    for scored_by_python in ("recommendations", "churn_risk", "customer_value"):
        assert standing[scored_by_python] == before[scored_by_python]

    # What a process leaves that dies between making a table and putting it in its place.
    shop.execute("create table marts.sessions__dbt_backup as select 1 as half_done")
    shop.execute("create view intermediate.int_items__dbt_tmp as select 1 as half_done")
    shop.built(BUILT)
    assert leftovers(shop) == []
    made_good = contents(shop)
    assert made_good != before
    # What the same build would have made had nothing killed it. One from nothing fits its heads on
    # another day, and how often customers buy is learned from what is known on the day of the fit.
    shop.forget()
    shutil.copyfile(untouched, shop.path)
    shop.built(BUILT)
    assert different(made_good, contents(shop)) == {}


@pytest.mark.long
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
    # Ledgers of snapshots are incremental as well: the shape is that of all such tables.
    snapshots = ("+customer_lifecycle", "+customer_segments")
    shop.built((*SQL_PART, *snapshots, "+int_event_value_notes"), "--full-refresh")


@pytest.mark.long
@pytest.mark.rare
def test_a_full_disk_stops_the_build_and_the_next_one_with_room_finishes(
    built_shop: Warehouse,
) -> None:
    shop = built_shop
    before = contents(shop)
    # Too many to find room in what the file has free.
    bring(shop, 100, crawled_pages=60_000)
    with building(shop, limit=shop.path.stat().st_size + 1_000_000) as (process, said):
        output = said.read()
        process.wait()
    assert process.returncode != 0
    assert "File too large" in output, output
    assert f'Could not write file "{shop.path}' in output, output
    assert output.count("Nothing published: ") == 1, output
    assert output.count("A disk is full: ") == 1, output
    after = contents(shop)
    assert {name: after[name] == rows for name, rows in before.items()} == dict.fromkeys(
        MARTS, True
    )

    shop.built()
    assert leftovers(shop) == []
    assert shop.value("select count(*) from marts.sessions where visitor_key is not null") == (
        len(before["sessions"]) + 60_000
    )


@pytest.mark.long
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
def test_damaged_weights_are_named_and_trained_anew(built_shop: Warehouse) -> None:
    shop = built_shop
    before = shop.query("select * from scores.attention_states order by all")
    shop.execute(
        "delete from scores.attention_encoder where fit = 'head' and name ="
        " (select min(name) from scores.attention_encoder where fit = 'head')"
    )
    said = problems(shop.build(["attention_states"]))
    assert "attention_states" in said
    assert "rows are missing or damaged; train anew" in said
    assert shop.query("select * from scores.attention_states order by all") == before

    shop.built(["attention_encoder", "attention_states"])


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
