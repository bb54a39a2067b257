"""Whoever was erased leaves every table, and does not come in again."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import sleep
from types import SimpleNamespace
from typing import cast

import duckdb
import pytest

from footfall.adapter.erased_ids import ErasedIds
from footfall.privacy import journal, tombstone_marks, tombstones
from footfall.privacy.compaction import CompactionError, compact
from footfall.privacy.erasure import Places, finish, search
from footfall.privacy.person import Person, key_of
from footfall.privacy.proof import Findings, named, needles_of, search_relation
from footfall.privacy.subjects import KINDS, Declarations, Table
from footfall.privacy.tombstones import Erased, TombstoneError

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def erased(raw_id: str, kind: tombstones.Kind = "customer", day: int = 1) -> Erased:
    until = None if kind == "customer" else datetime(2026, 1, day, tzinfo=UTC)
    return Erased("custom", kind, raw_id, None, until)


def test_tombstones_survive_another_main_key_and_tell_nothing(tmp_path: Path) -> None:
    key_file = tmp_path / "secrets" / "shop.key"
    assert tombstones.read(key_file) is None
    key = tombstones.begin(key_file)
    request = tombstones.request_number(key, "custom", "c17")
    ids = [erased("c17"), erased("d9", "device", 3)]
    assert len(tombstones.bury(key_file, request, ids, NOW)) == 2
    # Nothing is written twice, unless a device is the person's for longer.
    assert tombstones.bury(key_file, request, [erased("d9", "device", 2)], NOW) == []
    assert len(tombstones.bury(key_file, request, [erased("d9", "device", 4)], NOW)) == 1
    key_file.write_text("another main key, after a rotation\n")
    standing = tombstones.read(key_file)
    assert standing is not None
    assert standing.key == key
    assert [entry.kind for entry in standing.entries] == ["customer", "device", "device"]
    assert standing.entries[0].of_id == tombstones.of_id(key, "custom", "customer", "c17")
    assert standing.entries[0].of_id != tombstones.of_id(key, "custom", "device", "c17")
    files = [tombstones.key_place(key_file), tombstones.list_place(key_file)]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    # Hex digits hold it by chance.
    assert not re.search(r"\bc17\b", files[1].read_text())


def test_tombstones_that_are_lost_or_others_are_noticed(tmp_path: Path) -> None:
    key_file = tmp_path / "shop.key"
    assert tombstone_marks.check_mark(None, None, key_file) is None
    for number in range(3):
        tombstones.bury(key_file, number, [erased(f"c{number}")], NOW)
    standing = tombstones.read(key_file)
    assert standing is not None
    mark = tombstone_marks.check_mark(None, standing, key_file)
    assert mark is not None
    assert mark.startswith("3 ")
    # More of them are no loss.
    assert (
        tombstone_marks.check_mark(tombstone_marks.mark_of(standing, 2), standing, key_file) == mark
    )
    fewer = replace(standing, entries=standing.entries[1:])
    others = replace(standing, entries=(*standing.entries[:2], fewer.entries[0]))
    for found, problem in (
        (None, "holds 0 of the 3"),
        (fewer, "holds 2 of the 3"),
        (others, "does not begin with"),
        (replace(standing, key=bytes(32)), "is not the key of the 3"),
    ):
        with pytest.raises(TombstoneError, match=rf"{problem}.*Restore shop\.tombstones\.jsonl"):
            tombstone_marks.check_mark(mark, found, key_file)


@pytest.mark.parametrize("damage", ["key is lost", "key is cut", "line is cut"])
def test_damaged_tombstones_stop_everything(tmp_path: Path, damage: str) -> None:
    key_file = tmp_path / "shop.key"
    tombstones.bury(key_file, 1, [erased("c17")], NOW)
    place, lines = tombstones.key_place(key_file), tombstones.list_place(key_file)
    if damage == "key is lost":
        place.unlink()
        with pytest.raises(TombstoneError, match="would forget"):
            tombstones.begin(key_file)
    elif damage == "key is cut":
        place.write_text("cafe\n")
    else:
        lines.write_text(lines.read_text()[:-20])
    with pytest.raises(TombstoneError, match=r"[Rr]estore"):
        tombstones.read(key_file)


def test_the_journal_has_an_erasure_once_as_its_last_attempt_left_it(tmp_path: Path) -> None:
    key_file = tmp_path / "shop.key"
    assert journal.erasures(key_file, "shop.duckdb") == []
    first = journal.Erasure(7, "2026-11-01T10:00:00+00:00", "shop.duckdb", "custom")
    again = replace(first, erased_at="2026-11-01T11:00:00+00:00")
    proven = replace(again, proven_at="2026-11-01T11:09:00+00:00", hit_count=0, byte_count=5)
    other = replace(first, request=8, warehouse="other.duckdb")
    for line in (first, replace(first, hit_count=2), again, other):
        journal.note(key_file, line)
    (found,) = journal.erasures(key_file, "shop.duckdb")
    assert (found["proven_at"], found["hit_count"], found["attempt_count"]) == (None, None, 2)
    journal.note(key_file, proven)
    (found,) = journal.erasures(key_file, "shop.duckdb")
    assert (found["hit_count"], found["byte_count"], found["attempt_count"]) == (0, 5, 2)
    place = journal.journal_place(key_file)
    assert place.stat().st_mode & 0o777 == 0o600
    place.write_text(place.read_text() + '{"request": 9}\n')
    with pytest.raises(journal.JournalError, match="line 6"):
        journal.read(key_file)


SECRET = "a key of tests of erasure"
KEY_OF = {
    raw_id: key_of(SECRET, "custom", kind, raw_id)
    for kind, raw_id in (
        ("customer", "c-1000017"),
        ("device", "d-2000017"),
        ("device", "d-3000018"),
    )
}
GONE, THEIRS, SHARED = (int(key[:15], 16) for key in KEY_OF.values())


def warehouse_after_a_build(file: Path) -> None:
    """What a build without somebody leaves: logs, keys, texts of others, and blocks that are free.

    Two devices were theirs; on one of them somebody else was logged in.
    """
    with duckdb.connect(str(file)) as shop:
        shop.execute(
            "create schema intermediate; use intermediate;"
            "create table int_accepted_events (source text, event_id text, customer_no bigint,"
            " anonymous_no bigint, message_text text);"
            f"insert into int_accepted_events values ('custom', 'other', 5, {SHARED},"
            " 'c-1000017 called again'), ('custom', 'else', 6, 7, 'nothing');"
            "create table int_withdrawn_events (source text, event_id text, visitor_no bigint,"
            " customer_no bigint, anonymous_no bigint, order_id text, reason text,"
            " event_at timestamptz, received_at timestamptz, withdrawn_at timestamptz);"
            f"insert into int_withdrawn_events values ('custom', 'left', {GONE}, {GONE}, {THEIRS},"
            " 'o', 'erased', now(), now(), now()),"
            " ('custom', 'another', 6, 6, 7, 'o2', 'displaced',"
            " now(), now(), now());"
            "create table int_order_decisions as select 'custom' as source, 'left' as event_id,"
            " cast(null as bigint) as customer_no, cast(null as bigint) as anonymous_no;"
            # A refund of somebody else's now, which names an order alone.
            f"insert into int_order_decisions values ('custom', 'other', {GONE}, null),"
            " ('custom', 'other', 5, null);"
            "create table int_repeated_events as select 'custom' as source,"
            " unnest(['left', 'another']) as event_id;"
            "create table int_touched_visitors as select unnest([5,"
            f" {GONE}]) as visitor_no, now() as touched_from, now() as left_until,"
            " now() as batch_at;"
            "create table int_identity_keys (identity_no bigint, identity_key text, kind text);"
            "create table table_versions as select 'intermediate' as schema_name,"
            " 'int_identity_keys' as table_name, 3 as row_count;"
            "comment on table int_identity_keys is 'version 1';"
            "create view reader as select * from int_identity_keys;"
            # Long enough that no block of it is used again.
            "create table rows_of_before as select 'c-1000017 ' || repeat('x', 200) || i as line"
            " from range(20000) as t(i)"
        )
        for key in KEY_OF.values():
            shop.execute(
                "insert into int_identity_keys values (?, ?, 'device')", [int(key[:15], 16), key]
            )
        shop.execute("checkpoint; delete from rows_of_before; checkpoint")


def test_what_a_build_leaves_of_somebody_goes_and_is_proven_gone(tmp_path: Path) -> None:
    file = tmp_path / "warehouse" / "shop.duckdb"
    file.parent.mkdir()
    warehouse_after_a_build(file)
    assert b"c-1000017" in file.read_bytes()
    ids = {"customer": {"c-1000017"}, "device": {"d-2000017", "d-3000018"}}
    person = Person(
        source="custom",
        kind="customer",
        key=KEY_OF["c-1000017"],
        raw_id="c-1000017",
        ids={kind: frozenset(KEY_OF[one] for one in ids.get(kind, ())) for kind in KINDS},
        raw={kind: frozenset(ids.get(kind, ())) for kind in KINDS},
    )
    copy = file.parent / "inputs" / "shop" / "events-0123456789ab.parquet"
    log = tmp_path / "logs" / "dbt.log"
    for left in (copy, log):
        left.parent.mkdir(parents=True)
        left.write_text("c-1000017")
    places = Places(file, tmp_path / "published", tmp_path / "shop.key", [log.parent])
    texts = Table("int_accepted_events", None, "", {}, {"message_text": "text"})
    declared = Declarations({(None, "int_accepted_events"): texts})

    before = search(places, needles_of(person, SECRET), declared)
    assert {place.rpartition("/")[2] for place in before.hits} >= {
        "intermediate.int_accepted_events.message_text",
        "intermediate.int_withdrawn_events.visitor_no",
        "intermediate.int_identity_keys.identity_key",
        "shop.duckdb",
        "dbt.log",
    }
    said: list[str] = []
    needles, findings = finish(places, declared, person, SECRET, said.append)
    assert findings.hits == {}
    assert (findings.table_count, len(said)) == (8, 3)
    assert findings.byte_count > 10_000
    # The device that stays because others use it is not looked for, the other one is.
    assert {"d-2000017", KEY_OF["d-2000017"]} <= set(needles.texts)
    assert not {"d-3000018", KEY_OF["d-3000018"]} & set(needles.texts)
    with duckdb.connect(str(file)) as shop:
        assert shop.sql("select identity_no from intermediate.reader").fetchall() == [(SHARED,)]
        assert shop.sql(
            "select event_id, customer_no from intermediate.int_order_decisions"
        ).fetchall() == [("other", 5)]
        assert shop.sql(
            "select row_count, comment from intermediate.table_versions inner join duckdb_tables()"
            " using (schema_name, table_name)"
        ).fetchall() == [(1, "version 1")]
        assert shop.sql(
            "select count(*), count(event_id), count(visitor_no), count(withdrawn_at)"
            " from intermediate.int_withdrawn_events"
        ).fetchall() == [(2, 1, 1, 2)]
        assert shop.sql(
            "select message_text from intermediate.int_accepted_events order by all"
        ).fetchall() == [("[erased] called again",), ("nothing",)]


def test_ordinary_ids_are_looked_for_as_whole_words() -> None:
    person = Person(
        source="custom",
        kind="customer",
        key=KEY_OF["c-1000017"],
        raw_id="42",
        ids={kind: frozenset[str]() for kind in KINDS},
        raw={
            kind: frozenset({"customer": ["42"], "device": ["zoë"]}.get(kind, [])) for kind in KINDS
        },
    )
    needles = needles_of(person, SECRET)
    assert needles.words == ("42", "zoë")
    subjects = {"who": "customer", "said": "text", "order_id": "order"}
    findings = Findings()
    with duckdb.connect() as connection:
        connection.execute(
            "create table read as select * from (values"
            " ('42', '{\"userId\": \"42\"}', '42', 'size 42'),"
            " ('1', 'paid 42.50 to customer 42', '7', null),"
            " ('423', 'customer 42.5 and 142 and a-42', '8', null),"
            " ('4', 'I wear size 42, thanks', '9', null),"
            " ('5', 'device zoë of zoën', '9', null)) as t (who, said, order_id, item)"
        )
        search_relation(connection, "read", needles, "read", findings, subjects)
        ((cleared,),) = connection.execute(
            "select string_agg("
            "regexp_replace(said, $pattern, '\\1[erased]\\2', 'g'), '|' order by who)"
            " from read where regexp_matches(said, $pattern)",
            {"pattern": named(needles.words)},
        ).fetchall()
    assert findings.hits == {"read.who": 1, "read.said": 3}
    # As a word alone it may be a size; an order and an item of that number are other things.
    assert findings.possible == {"read.said": 1}
    assert findings.unsearched_column_count == 2
    assert cleared.split("|") == [
        "paid 42.50 to customer [erased]",
        '{"userId": "[erased]"}',
        "device [erased] of zoën",
    ]


def test_a_second_thread_waits_until_all_erased_ids_are_found(tmp_path: Path) -> None:
    """A model that went on with half of them would take the rows of the others for new ones."""
    file = tmp_path / "shop.key"
    tombstones.bury(file, 1, [erased("c1"), Erased("custom", "order", "o1")], NOW)
    standing = tombstones.read(file)
    assert standing is not None
    with duckdb.connect() as shop, ThreadPoolExecutor(2) as threads:
        shop.execute("create table events as select 'c1' as customer_id, 'o1' as order_id")
        ids = ErasedIds(standing, SECRET)
        begun, others = Event(), shop.cursor()

        def slowly(query: str, given: list[object]) -> duckdb.DuckDBPyConnection:
            begun.set()
            sleep(0.05)
            return shop.execute(query, given)

        slow = cast("duckdb.DuckDBPyConnection", SimpleNamespace(execute=slowly))
        first = threads.submit(ids.look_at, slow, "run", "events", {"custom": "events"})
        begun.wait()
        second = threads.submit(ids.look_at, others, "run", "events", {"custom": "events"})
        assert (first.result(), second.result()) == (2, 2)


def test_a_file_that_somebody_has_open_is_not_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    duckdb.connect(str(file)).close()
    held = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(CompactionError, match="is as it was"):
            compact(file)
        other.communicate("\n")
    assert compact(file) == {}
    assert [one.name for one in tmp_path.iterdir()] == ["shop.duckdb"]
