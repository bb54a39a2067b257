"""Publications of a small made-up warehouse: whole, checked, and never half-way."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from conftest import PROJECT
from footfall import publishing
from footfall.adapter.publication import publish as publish_at_the_end_of_a_build
from footfall.privacy.proof import Findings, Needles, search_publications
from footfall.privacy.subjects import Declarations
from footfall.publishing import checksums, encryption
from footfall.publishing.coarsening import coarsened
from footfall.publishing.contents import PUBLICATION_COLUMNS
from footfall.publishing.files import one_at_a_time
from footfall.publishing.revision import git_revision
from robustness import disks
from robustness.publications import (
    ITEMS,
    MARTS,
    NAME,
    NOON,
    ODD_TEXTS,
    leftovers,
    made_with,
    make_warehouse,
    publish,
)

MARCH_1 = datetime(2026, 3, 1, tzinfo=UTC)
MARCH_2 = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = publishing.Mart(
    "people",
    "warehouse.marts.people",
    "Customers.",
    {"customer_key": "Who.", "birth_year": "Year of birth.", "registered_at": "When they came."},
    ["customer_key"],
    {
        "birth_year": "withheld",
        "usual_hour": "quarter_of_day",
        "registered_at": "month",
        "moved_on": "month",
        "seen_at": "day",
    },
)


def add_people(path: Path) -> None:
    """A third mart, with what could single people out."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "create table marts.people as"
            " select chr(97 + range::integer) as customer_key, 1980 + range::integer as birth_year,"
            " 17 + range::integer as usual_hour,"
            " timestamptz '2026-02-28 23:59:59.999999+00' + to_days(range::integer)"
            " as registered_at, date '2026-03-31' as moved_on,"
            " timestamptz '2026-03-01 01:02:03.4+00' as seen_at,"
            " timestamptz '2026-03-01 23:30:00-02' as bought_at,"
            " timestamp '2026-03-01 23:30:00' as local_time, null::timestamptz as gone_at"
            " from range(2)"
        )


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a warehouse that was published once, and has other rows by now."""
    make_warehouse(tmp_path / "warehouse.duckdb", 1000)
    publish(tmp_path)
    make_warehouse(tmp_path / "warehouse.duckdb", 2000)
    return tmp_path


def test_a_first_publication_is_made_where_gates_fail_and_a_later_one_shows_no_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held back are: churn, churn and value, churn and value by the var, churn again."""
    monkeypatch.setenv("FOOTFALL_PUBLISHED", str(tmp_path / "published"))
    warehouse = tmp_path / f"{NAME}.duckdb"
    about = {"relation": "gates", "description": "", "columns": {}, "primary_key": []}
    gates = {
        **dict.fromkeys(("unique_id", "name"), "model_gates"),
        **{key: [] for key in ("columns", "constraints")},
        "mart": about,
    }
    said = []
    with duckdb.connect(str(warehouse)) as connection:
        for failing, keeps in (
            ("churn", True),
            ("churn value", True),
            ("churn value", False),
            (
                "churn",
                True,
            ),
        ):
            connection.execute(
                "create or replace table gates as select subject, subject || ': why.' as held_back,"
                " not contains(?, subject) as is_passed"
                " from (values ('churn'), ('value'), ('tier')) as subjects (subject)",
                [failing],
            )
            outcome = publish_at_the_end_of_a_build(
                connection,
                str(warehouse),
                run_id="run",
                project=str(tmp_path),
                command="build",
                is_partial=False,
                results=[],
                nodes=[],
                described=[gates],
                keeps_standing=keeps,
                zone="UTC",
            )
            assert (outcome["is_published"], outcome["problem"]) == (True, None)
            said.append(outcome["lines"])
    assert [lines[0].split()[0] for lines in said] == [
        "Published",
        "Nothing",
        "Published",
        "Published",
    ]
    assert said[0][-1] == "Warning: churn: why."
    assert "value: why. Var `failed_gates_keep_the_publication: false`" in said[1][0]
    assert said[2][-2:] == ["Warning: churn: why.", "Warning: value: why."]


def test_a_publication_holds_every_row_and_says_where_it_comes_from(tmp_path: Path) -> None:
    make_warehouse(tmp_path / "warehouse.duckdb", 1000)
    published = publish(tmp_path)

    file = tmp_path / "published" / f"{NAME}.duckdb"
    assert query(file, "select * exclude (checksum) from marts.publication order by mart") == [
        (NOON.isoformat(), NOON, "abc123", "items", 10),
        (NOON.isoformat(), NOON, "abc123", "sessions", 1000),
    ]
    assert published.row_count == 1010
    assert made_with(tmp_path) == ({1000}, {1000})
    shown = query(file, "select * from marts.sessions order by all")
    assert shown == query(
        tmp_path / "warehouse.duckdb", "select * from marts.sessions order by all"
    )
    assert {row[1] for row in shown} == {None, *ODD_TEXTS}
    assert leftovers(tmp_path) == []
    assert list(tmp_path.glob("published/*.wal")) == []


def test_descriptions_come_along(shop: Path) -> None:
    file = shop / "published" / f"{NAME}.duckdb"
    tables = dict(query(file, "select table_name, comment from duckdb_tables()"))
    columns = query(
        file, "select column_name, comment from duckdb_columns() where schema_name = 'marts'"
    )

    assert tables["sessions"] == "Visits; it's a test."
    assert tables.keys() == {"sessions", "items", "publication"}
    assert ("session_id", "Which visit.") in columns
    assert ("note", None) in columns
    assert {name for name, about in columns if about} >= PUBLICATION_COLUMNS.keys()
    metadata = pq.read_schema(shop / "published" / NAME / "sessions.parquet").metadata
    assert metadata[b"description"] == b"Visits; it's a test."


COARSE = [
    (key, None, hour, month, date(2026, 3, 1), MARCH_1, MARCH_2, datetime(2026, 3, 1), None)
    for key, hour, month in (("a", 12, datetime(2026, 2, 1, tzinfo=UTC)), ("b", 18, MARCH_1))
]


def test_what_could_single_people_out_is_published_coarser(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    make_warehouse(warehouse, 10)
    add_people(warehouse)
    exact = query(warehouse, "from marts.people order by all")
    publish(tmp_path, marts=[ITEMS, PEOPLE])

    file = tmp_path / "published" / f"{NAME}.duckdb"
    assert query(file, "from marts.people order by all") == COARSE
    in_parquet = pq.read_table(tmp_path / "published" / NAME / "people.parquet").to_pylist()
    assert [tuple(row.values()) for row in in_parquet] == COARSE
    assert query(warehouse, "from marts.people order by all") == exact
    # A checksum is one of what readers see.
    ((checksum,),) = query(file, "select checksum from marts.publication where mart = 'people'")
    with duckdb.connect(str(file), read_only=True) as connection:
        assert checksums.measured(connection, "people", "marts.people").checksum == checksum

    kinds = "select column_name, data_type from duckdb_columns() where table_name = 'people'"
    assert query(file, kinds) == query(warehouse, kinds)
    comments = "select column_name, comment from duckdb_columns() where table_name = 'people'"
    assert dict(query(file, comments)) == {
        "customer_key": "Who.",
        "birth_year": "Year of birth. Not published: empty here.",
        "usual_hour": "Published as the hour that its quarter of the day begins with: 0, 6, 12 or"
        " 18.",
        "registered_at": "When they came. Published as the first day of the month in the shop, at"
        " 00:00 UTC.",
        "moved_on": "Published as the first day of the month in the shop, at 00:00 UTC.",
        "seen_at": "Published as the day in the shop, at 00:00 UTC.",
        "bought_at": "Published as the day in the shop, at 00:00 UTC.",
        "local_time": "Published as the day in the shop, at 00:00 UTC.",
        "gone_at": "Published as the day in the shop, at 00:00 UTC.",
    }
    # In Kolkata March has begun with the last moment of February in UTC.
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        mart = coarsened(connection, PEOPLE, "Asia/Kolkata")
        shown = connection.execute(
            f"select registered_at, seen_at, local_time, moved_on from {mart.relation}"
        ).fetchall()
    assert shown == [(MARCH_1, MARCH_1, datetime(2026, 3, 1), date(2026, 3, 1))] * 2


@pytest.mark.parametrize(
    ("column", "form", "told"),
    [
        ("birth_year", "year", "`published_as: year` for birth_year, and there is no such form"),
        ("birth_year", "day", "and the column is INTEGER"),
        ("moved_on", "day", "and the column is DATE"),
        ("customer_key", "withheld", "only exact fits it"),
        ("born", "withheld", "and it has no such column"),
    ],
)
def test_forms_that_fit_no_column_stop_a_publication(
    tmp_path: Path, column: str, form: str, told: str
) -> None:
    make_warehouse(tmp_path / "warehouse.duckdb", 10)
    add_people(tmp_path / "warehouse.duckdb")
    wrong = replace(PEOPLE, published_as={column: form})
    with pytest.raises(publishing.PublishingError, match="the YAML of people declares") as problem:
        publish(tmp_path, marts=[ITEMS, wrong])
    assert told in str(problem.value)
    assert not (tmp_path / "published" / f"{NAME}.duckdb").exists()


def test_nobody_but_root_can_open_the_published_file_for_writing(shop: Path) -> None:
    mode = (shop / "published" / f"{NAME}.duckdb").stat().st_mode
    assert mode & 0o222 == 0
    assert mode & 0o400


@pytest.mark.parametrize(
    "overlay",
    sorted(PROJECT.glob(".duckdb-*"))
    or [
        pytest.param(
            PROJECT,
            marks=pytest.mark.skip(reason="no other DuckDB is there: `make test` installs one"),
        )
    ],
    ids=lambda path: path.name,
)
def test_other_versions_of_duckdb_read_the_file_and_find_the_same_digests(
    shop: Path, overlay: Path
) -> None:
    file = shop / "published" / f"{NAME}.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        queries = {
            name: checksums.checksum_sql(
                f"marts.{name}", checksums.columns_of(connection, f"marts.{name}")
            )
            for name in ("sessions", "items")
        }
        expected = {name: list(connection.sql(sql).fetchall()[0]) for name, sql in queries.items()}
    reader = (
        "import duckdb, json, sys; queries = json.loads(sys.argv[2]);"
        " shop = duckdb.connect(sys.argv[1], read_only=True);"
        " found = {name: shop.execute(sql).fetchall()[0] for name, sql in queries.items()};"
        " print(json.dumps([duckdb.__version__, found]))"
    )
    read = subprocess.run(
        [sys.executable, "-c", reader, str(file), json.dumps(queries)],
        env={**os.environ, "PYTHONPATH": str(overlay)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    version, found = json.loads(read.stdout)
    assert version == overlay.name.removeprefix(".duckdb-")
    assert found == expected


def test_a_reader_with_the_old_file_open_keeps_it_and_finds_the_new_one_next_time(
    shop: Path,
) -> None:
    file = shop / "published" / f"{NAME}.duckdb"
    folder = (shop / "published" / NAME).resolve()
    with duckdb.connect(str(file), read_only=True) as reader:
        before = reader.sql("select made_with, count(*) from marts.sessions group by all")
        assert before.fetchall() == [(1000, 1000)]
        publish(shop, NOON + timedelta(minutes=5))
        assert reader.sql("select distinct made_with from marts.items").fetchall() == [(1000,)]
    assert made_with(shop) == ({2000}, {2000})
    assert pq.read_table(folder / "items.parquet").column("made_with").to_pylist() == [1000] * 10


def test_parquet_folders_go_an_hour_after_they_were_replaced(shop: Path) -> None:
    def runs() -> list[str]:
        return sorted(path.name[9:13] for path in (shop / "published" / f".{NAME}").iterdir())

    publish(shop, NOON + timedelta(minutes=30))
    publish(shop, NOON + timedelta(minutes=89))
    assert runs() == ["1200", "1230", "1329"]
    publish(shop, NOON + timedelta(minutes=90))
    assert runs() == ["1230", "1329", "1330"]
    # The one that readers are led to stays, however old it is.
    publish(shop, NOON + timedelta(days=9))
    assert runs() == ["1200", "1330"]
    assert made_with(shop) == ({2000}, {2000})


def test_files_and_folders_of_others_beside_the_runs_stay(shop: Path) -> None:
    runs = shop / "published" / f".{NAME}"
    for name in (".DS_Store", "a note.txt"):
        (runs / name).write_text("not ours")
    # After any run in the order of names, before it, and like one that is being written.
    folders = ["zz", "2", "writing-a-letter", "20260701T12.5Z"]
    for name in folders:
        (runs / name).mkdir()
    (runs / "29991231T000000.000000Z").symlink_to(runs / "zz")
    stray = {each.name for each in runs.iterdir() if each != (shop / "published" / NAME).resolve()}

    for hours in (1, 3):
        publish(shop, NOON + timedelta(hours=hours))
    left = {each.name for each in runs.iterdir()}
    assert left >= stray
    assert sorted(left - stray) == ["20260701T130000.000000Z", "20260701T150000.000000Z"]


def test_a_journal_of_somebody_who_wrote_into_the_old_file_does_not_spoil_the_new_one(
    shop: Path,
) -> None:
    file = shop / "published" / f"{NAME}.duckdb"
    journal = file.with_name(f"{file.name}.wal")
    file.chmod(0o644)
    vandal = (
        "import duckdb, os, sys; shop = duckdb.connect(sys.argv[1]);"
        " shop.execute('delete from marts.items'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", vandal, str(file)], check=True)
    assert journal.exists()

    publish(shop, NOON + timedelta(minutes=5))
    assert not journal.exists()
    assert made_with(shop) == ({2000}, {2000})


# --- what goes wrong -----------------------------------------------------------------------------

# Publishes in a process of its own, which is killed at a point.
PROCESS = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from robustness import publications
from footfall.publishing import database, parquet, publisher

folder, point = Path(sys.argv[2]), sys.argv[3]
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if point == "the marts are written":
    database.check = killed
if point == "some Parquet files are written":
    parquet.sync = killed
if point == "all is written":
    Path.replace = killed
if point == "the file is swapped, the link is not":
    publisher.point_to = killed
publications.publish(folder, publications.NOON + timedelta(minutes=5))
"""


def publish_elsewhere(folder: Path, point: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROCESS, str(PROJECT / "benchmarks"), str(folder), point],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "point",
    ["the marts are written", "some Parquet files are written", "all is written"],
)
def test_a_killed_publication_leaves_the_old_one_and_the_next_clears_up(
    shop: Path, point: str
) -> None:
    outcome = publish_elsewhere(shop, point)
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr
    assert made_with(shop) == ({1000}, {1000})
    assert leftovers(shop) != []

    publish(shop, NOON + timedelta(minutes=10))
    assert leftovers(shop) == []
    assert made_with(shop) == ({2000}, {2000})


@pytest.mark.long
def test_a_publication_killed_between_its_two_names_leaves_each_of_them_whole(shop: Path) -> None:
    outcome = publish_elsewhere(shop, "the file is swapped, the link is not")
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr
    assert made_with(shop) == ({2000}, {1000})

    publish(shop, NOON + timedelta(minutes=10))
    assert made_with(shop) == ({2000}, {2000})
    # The folder that nobody was led to is gone; the one that they were led to stays for a while.
    runs = (shop / "published" / f".{NAME}").iterdir()
    assert sorted(path.name[9:13] for path in runs) == ["1200", "1210"]


@pytest.mark.long
def test_a_full_disk_leaves_the_old_publication_and_names_the_folder(tmp_path: Path) -> None:
    assert disks.full_for_a_publication(tmp_path, 4_000_000).is_right


@pytest.mark.long
@pytest.mark.skipif(disks.why_not_closed() != "", reason=disks.why_not_closed())
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    assert disks.closed_publication(tmp_path).is_right


def test_a_copy_that_is_not_what_was_read_is_not_published(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = checksums.measured

    def read_wrongly(cursor: Any, mart: str, relation: str) -> publishing.Published:
        found = measured(cursor, mart, relation)
        if relation.startswith("footfall_publication") and mart == "items":
            return publishing.Published(mart, found.row_count, "0" * 32)
        return found

    monkeypatch.setattr(checksums, "measured", read_wrongly)
    with pytest.raises(publishing.PublishingError, match="the copy of items is not what was read"):
        publish(shop, NOON + timedelta(minutes=5))
    monkeypatch.undo()
    assert made_with(shop) == ({1000}, {1000})


def test_two_publications_under_one_name_do_not_mix(shop: Path) -> None:
    with (
        one_at_a_time(shop / "published" / f".{NAME}.lock"),
        pytest.raises(publishing.PublishingError, match="another build publishes to"),
    ):
        publish(shop, NOON + timedelta(minutes=5))
    assert made_with(shop) == ({1000}, {1000})


def test_what_is_in_the_way_is_named_and_left_alone(tmp_path: Path) -> None:
    make_warehouse(tmp_path / "warehouse.duckdb")
    mine = tmp_path / "published" / NAME / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("dear to me")
    with pytest.raises(publishing.PublishingError, match=f"published/{NAME} is in the way"):
        publish(tmp_path)
    assert mine.read_text() == "dear to me"

    shutil.rmtree(tmp_path / "published")
    (tmp_path / "published").write_text("a file")
    with pytest.raises(publishing.PublishingError, match="FOOTFALL_PUBLISHED names another"):
        publish(tmp_path)


def test_a_project_without_public_marts_publishes_nothing(shop: Path) -> None:
    with pytest.raises(publishing.PublishingError, match="no public marts"):
        publish(shop, marts=[])


# --- digests and revisions -----------------------------------------------------------------------


KEYS = [base64.b64encode(bytes(range(first, first + 32))).decode() for first in (0, 100)]


def test_with_a_key_only_its_holders_can_read_and_nothing_stays_in_the_clear(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More rows than a row group holds, and texts that all differ.
    make_warehouse(shop / "warehouse.duckdb", 130_000)
    monkeypatch.setenv(encryption.VARIABLE, KEYS[0])
    published = publish(shop, NOON + timedelta(minutes=1))

    folder = shop / "published" / NAME
    assert not (shop / "published" / f"{NAME}.duckdb").exists()
    assert [path.name for path in (shop / "published" / f".{NAME}").iterdir()] == [
        folder.resolve().name
    ]
    assert leftovers(shop) == []
    for file in folder.iterdir():
        with pytest.raises(OSError, match="encrypted"):
            pq.read_table(file)
    with encryption.opened(folder) as marts:
        listed = marts.execute("select mart, row_count, checksum from marts.publication")
        assert [publishing.Published(*row) for row in listed.fetchall()] == list(published.marts)
        for expected in published.marts:
            assert checksums.measured(marts, expected.mart, f"marts.{expected.mart}") == expected
        with pytest.raises(duckdb.PermissionException):
            marts.execute(f"from '{shop}/warehouse.duckdb'")
    findings = Findings()
    with duckdb.connect() as connection:
        assert publishing.standing(connection, shop / "published", NAME) == NOON + timedelta(
            minutes=1
        )
        # The proof of an erasure reads them, too.
        search_publications(
            connection, [folder.resolve()], Needles((), ()), findings, Declarations({})
        )
    assert (findings.unread, findings.table_count) == ([], len(list(folder.iterdir())))

    monkeypatch.setenv(encryption.VARIABLE, KEYS[1])
    with (
        pytest.raises(publishing.PublishingError, match="cannot be read with the key"),
        encryption.opened(folder),
    ):
        pass
    monkeypatch.setenv(encryption.VARIABLE, "secret")
    with pytest.raises(publishing.PublishingError, match="32 random bytes in base64"):
        publish(shop, NOON + timedelta(minutes=2))
    # A key that was forgotten once must not put everything into the clear.
    monkeypatch.delenv(encryption.VARIABLE)
    with pytest.raises(publishing.PublishingError, match=r"is encrypted, and .* is not set"):
        publish(shop, NOON + timedelta(minutes=2))
    with (
        pytest.raises(publishing.PublishingError, match="set it to the key"),
        encryption.opened(folder),
    ):
        pass
    assert encryption.is_encrypted(folder)
    with duckdb.connect() as connection:
        search_publications(
            connection, [folder.resolve()], Needles((), ()), findings, Declarations({})
        )
    assert len(findings.unread) == findings.table_count
    assert "is not set" in findings.unread[0]


def test_what_duckdb_could_not_decrypt_is_not_published(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(shop / "warehouse.duckdb")) as connection:
        connection.execute("create table marts.nested as select [1, 2] as numbers")
    monkeypatch.setenv(encryption.VARIABLE, KEYS[0])
    nested = publishing.Mart("nested", "warehouse.marts.nested", "", {})
    with pytest.raises(publishing.PublishingError, match=r"nested\.numbers is INTEGER\[\]"):
        publish(shop, NOON + timedelta(minutes=1), [*MARTS, nested])
    assert made_with(shop) == ({1000}, {1000})
    assert leftovers(shop) == []


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize(
    "changed",
    [
        "select * from rows where id > 0",
        "select * from rows union all select * from rows where id = 1",
        "select id, coalesce(note, '') as note, seen_at from rows",
        "select id, note, seen_at + interval 1 microsecond as seen_at from rows",
        "select id + 1 as id, note, seen_at from rows",
    ],
)
def test_a_digest_tells_tables_apart_whatever_their_order(
    connection: duckdb.DuckDBPyConnection, changed: str
) -> None:
    connection.execute(
        "create table rows as select range as id, case when range % 2 = 0 then 'even' end as note,"
        " timestamptz '2026-01-01 00:00:00+00' + to_days(range::integer) as seen_at from range(100)"
    )

    def digest(sql: str) -> publishing.Published:
        connection.execute(f"create or replace table other as {sql}")
        return checksums.measured(connection, "rows", "other")

    first = digest("select * from rows")
    assert digest("select * from rows order by note, id desc") == first
    connection.execute("set TimeZone = 'Asia/Tokyo'")
    assert digest("select * from rows") == first
    assert digest(changed).checksum != first.checksum


def test_an_empty_table_has_a_digest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table nothing (id integer)")
    found = checksums.measured(connection, "nothing", "nothing")
    assert found.row_count == 0
    assert len(found.checksum) == 32


def test_the_revision_is_that_of_the_project(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    git("init", "--quiet")
    assert git_revision(tmp_path) is None
    (tmp_path / "model.sql").write_text("select 1")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    commit = git("rev-parse", "HEAD")
    assert git_revision(tmp_path) == commit
    (tmp_path / "model.sql").write_text("select 2")
    assert git_revision(tmp_path) == f"{commit}-dirty"
