"""Publications to PostgreSQL, on a real server: in one transaction, touching only what is ours."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import postgres_server
from conftest import PROJECT
from footfall import publishing
from footfall.publishing.postgres import Target, postgres_type
from footfall.publishing.postgres_vacuum import vacuum
from footfall.publishing.roles import read_audience
from robustness.publications import ITEMS, NOON, ODD_TEXTS, SESSIONS, make_warehouse, publish
from test_publishing import add_people
from test_roles import PEOPLE, written

pytestmark = pytest.mark.skipif(
    postgres_server.binaries() is None,
    reason="PostgreSQL is not installed (Debian: apt-get install postgresql)",
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres_server.running() as running:
        yield running


@pytest.fixture
def server(address: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection to an empty database; each statement is a transaction."""
    with psycopg.connect(address, password=postgres_server.PASSWORD, autocommit=True) as opened:
        opened.execute("drop schema if exists marts cascade")
        opened.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture
def target(address: str, server: object, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("PGPASSWORD", postgres_server.PASSWORD)
    return Target(address, "marts")


@pytest.fixture
def shop(tmp_path: Path, target: Target) -> Path:
    """A warehouse that was published once, and has other rows by now."""
    make_warehouse(tmp_path / "warehouse.duckdb", 1000)
    publish(tmp_path, server=target)
    make_warehouse(tmp_path / "warehouse.duckdb", 2000)
    return tmp_path


def made_with(server: psycopg.Connection[tuple[Any, ...]]) -> set[int]:
    """Which warehouse the rows come from, as one statement sees them."""
    rows = server.execute(
        "select made_with from marts.sessions union select made_with from marts.items"
    ).fetchall()
    return {row[0] for row in rows}


def test_all_rows_arrive_with_their_types(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]]
) -> None:
    described = dict(
        server.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'marts' and table_name = 'sessions'"
        ).fetchall()
    )
    assert described == {
        "session_id": "text",
        "note": "text",
        "made_with": "integer",
        "big_number": "bigint",
        "ratio": "double precision",
        "amount": "numeric",
        "is_even": "boolean",
        "day": "date",
        "started_at": "timestamp with time zone",
    }
    rows = server.execute("select * from marts.sessions order by big_number").fetchall()
    with duckdb.connect(str(shop / "published" / "shop.duckdb"), read_only=True) as published:
        published.execute("set TimeZone = 'UTC'")
        assert rows == published.sql("from marts.sessions order by big_number").fetchall()
    kinds = [str, str, int, int, float, Decimal, bool, date, datetime]
    assert [type(value) for value in rows[1]] == kinds
    assert {row[1] for row in rows} == {None, *ODD_TEXTS}

    listed = server.execute("select * from marts.publication order by mart").fetchall()
    assert [row[:5] for row in listed] == [
        (NOON.isoformat(), NOON, "abc123", "items", 10),
        (NOON.isoformat(), NOON, "abc123", "sessions", 1000),
    ]


def test_keys_and_descriptions_come_along(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]]
) -> None:
    keys = server.execute(
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = 'marts'::regnamespace and contype = 'p' order by 1"
    ).fetchall()
    assert keys == [
        ("marts.publication", "PRIMARY KEY (mart)"),
        ("marts.sessions", "PRIMARY KEY (session_id)"),
    ]
    about = (
        "select obj_description('marts.sessions'::regclass),"
        " col_description('marts.sessions'::regclass, 1)"
    )
    assert server.execute(about).fetchall() == [("Visits; it's a test.", "Which visit.")]


def test_the_next_publication_replaces_the_rows_and_keeps_what_others_built_on_them(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    server.execute("create view public.even as select * from marts.sessions where is_even")
    try:
        publish(shop, NOON + timedelta(minutes=5), server=target)
        assert made_with(server) == {2000}
        assert server.execute("select count(*) from public.even").fetchall() == [(1000,)]
        assert server.execute("select distinct published_at from marts.publication").fetchall() == [
            (NOON + timedelta(minutes=5),)
        ]
    finally:
        server.execute("drop view public.even")


def test_after_a_vacuum_tables_are_in_new_files_and_their_texts_were_looked_at(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    files = "select pg_relation_filenode('marts.sessions'), pg_relation_filenode('marts.items')"
    before = server.execute(files).fetchall()
    assert vacuum(target, ["is nowhere"]) == {"publication": 0, "items": 0, "sessions": 0}
    assert set(server.execute(files).fetchall()[0]).isdisjoint(before[0])
    assert vacuum(target, ["abc123"])["publication"] == 2


def test_columns_keys_and_marts_follow_the_project(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    with duckdb.connect(str(shop / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "alter table marts.sessions drop column note;"
            " alter table marts.sessions alter made_with type bigint;"
            " alter table marts.sessions add column is_new boolean default true;"
            " update marts.sessions set session_id = null where big_number = 3"
        )
    sessions = dataclasses.replace(SESSIONS, key=["big_number", "is_even"])
    publish(shop, NOON + timedelta(minutes=5), [sessions], server=target)

    tables = "select tablename from pg_tables where schemaname = 'marts' order by 1"
    assert server.execute(tables).fetchall() == [("publication",), ("sessions",)]
    found = server.execute(
        "select count(*), count(session_id), min(made_with), pg_typeof(min(made_with))::text,"
        " bool_and(is_new) from marts.sessions"
    ).fetchall()
    assert found == [(2000, 1999, 2000, "bigint", True)]
    key = (
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'marts.sessions'::regclass and contype = 'p'"
    )
    assert server.execute(key).fetchall() == [("PRIMARY KEY (big_number, is_even)",)]


def test_who_began_to_read_before_sees_the_old_rows_to_the_end(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    server.execute("begin isolation level repeatable read")
    assert server.execute("select count(*) from marts.items").fetchall() == [(10,)]
    publish(shop, NOON + timedelta(minutes=5), server=target)
    assert made_with(server) == {1000}
    assert server.execute("select sum(row_count) from marts.publication").fetchall() == [(1010,)]
    server.execute("commit")
    assert made_with(server) == {2000}


def test_a_statement_sees_one_publication_and_never_a_mix(
    shop: Path, address: str, target: Target
) -> None:
    over, seen, begun = threading.Event(), set[tuple[Any, ...]](), threading.Event()
    one_statement = (
        "select (select min(published_at) from marts.publication),"
        " (select array_agg(distinct made_with) from marts.sessions),"
        " (select array_agg(distinct made_with) from marts.items),"
        " (select count(*) from marts.sessions),"
        " (select max(row_count) from marts.publication)"
    )

    def read() -> None:
        with psycopg.connect(address, password=postgres_server.PASSWORD, autocommit=True) as reader:
            while not over.is_set():
                (row,) = reader.execute(one_statement).fetchall()
                seen.add((row[0], *map(str, row[1:])))
                begun.set()

    reading = threading.Thread(target=read)
    reading.start()
    try:
        assert begun.wait(30)
        for minute in (1, 2, 3):
            make_warehouse(shop / "warehouse.duckdb", 1000 + minute)
            publish(shop, NOON + timedelta(minutes=minute), server=target)
    finally:
        over.set()
        reading.join()
    assert len(seen) >= 2
    assert seen <= {
        (NOON + timedelta(minutes=minute), *[f"[{1000 + minute}]"] * 2, *[str(1000 + minute)] * 2)
        for minute in range(4)
    }


def test_what_cannot_be_copied_leaves_everything_as_it_was(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    twice = dataclasses.replace(ITEMS, key=["made_with"])
    with pytest.raises(publishing.PublishingError, match="could not be published to") as failed:
        publish(shop, NOON + timedelta(minutes=5), [SESSIONS, twice], server=target)
    assert "Key (made_with)=(2000) is duplicated" in str(failed.value)
    assert made_with(server) == {1000}
    # Neither did the files move.
    with duckdb.connect(str(shop / "published" / "shop.duckdb"), read_only=True) as published:
        assert published.sql("select distinct made_with from marts.sessions").fetchall() == [
            (1000,)
        ]
    publish(shop, NOON + timedelta(minutes=6), server=target)
    assert made_with(server) == {2000}


def test_rows_that_a_trigger_swallows_are_missed(
    shop: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target
) -> None:
    server.execute(
        "create function marts.swallow() returns trigger language plpgsql as"
        " 'begin return null; end';"
        " create trigger swallow before insert on marts.items for each row"
        " execute function marts.swallow()"
    )
    with pytest.raises(publishing.PublishingError, match="0 rows of items in place of 10"):
        publish(shop, NOON + timedelta(minutes=5), server=target)
    assert made_with(server) == {1000}


@pytest.mark.parametrize("theirs", ["sessions", "publication"])
def test_tables_of_somebody_else_are_not_touched(
    tmp_path: Path, server: psycopg.Connection[tuple[Any, ...]], target: Target, theirs: str
) -> None:
    server.execute(f"create schema marts; create table marts.{theirs} as select 1 as dear_to_me")
    make_warehouse(tmp_path / "warehouse.duckdb")
    with pytest.raises(publishing.PublishingError, match=f"holds {theirs} already") as failed:
        publish(tmp_path, server=target)
    assert "FOOTFALL_PUBLISH_SCHEMA" in str(failed.value)
    assert server.execute(f"select * from marts.{theirs}").fetchall() == [(1,)]
    publish(tmp_path, server=dataclasses.replace(target, schema="marts of ours"))
    assert server.execute('select count(*) from "marts of ours".sessions').fetchall() == [(1000,)]
    server.execute('drop schema "marts of ours" cascade')


def test_a_server_that_cannot_be_used_is_named_without_the_password(
    tmp_path: Path, address: str
) -> None:
    make_warehouse(tmp_path / "warehouse.duckdb")
    host = address.split("@")[1]
    for wrong in (
        "postgres://owner:hush-hush@127.0.0.1:1/postgres",
        f"postgres://owner:hush-hush@{host}",
        "postgres://owner:12/hush@host/postgres",
        "postgres://owner:1@hush@host/postgres",
        "postgres://owner:hush/1@host/postgres",
        "hush-hush",
    ):
        with pytest.raises(publishing.PublishingError) as failed:
            publish(tmp_path, server=Target(wrong, "marts"))
        assert "FOOTFALL_PUBLISH_POSTGRES" in str(failed.value)
        assert "hush" not in f"{failed.value}{failed.value.__cause__}", wrong
        assert not (tmp_path / "published" / "shop.duckdb").exists()


def test_the_password_is_blotted_out_of_what_a_server_says() -> None:
    target = Target("postgres://owner:hush%2Fhush@host/shop", "marts")
    said = target.without_password("no entry for hush/hush, nor for hush%2Fhush, in shop")
    assert said == "no entry for ***, nor for ***, in shop"
    assert "hush" not in f"{target}{target!r}"


def test_a_type_that_postgresql_does_not_have_names_the_column() -> None:
    assert postgres_type("DECIMAL(12,2)", "sessions.amount") == "numeric(12,2)"
    with pytest.raises(publishing.PublishingError, match=r"sessions\.tags has the type VARCHAR"):
        postgres_type("VARCHAR[]", "sessions.tags")


def test_only_who_publishes_to_postgresql_loads_its_driver() -> None:
    check = "import sys, footfall.adapter.plugin; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=PROJECT, check=False).returncode == 0


def test_each_role_gets_views_that_its_group_alone_may_read(
    shop: Path, target: Target, server: psycopg.Connection[tuple[Any, ...]], address: str
) -> None:
    add_people(shop / "warehouse.duckdb")
    marts = [ITEMS, PEOPLE]
    audience = read_audience(["marketing", "support"], written(shop))
    for role in ("marketing", "support"):
        server.execute(f"drop schema if exists marts_{role} cascade")
        server.execute(f"drop role if exists marts_{role}")
    server.execute(f"create role marts_support login password '{postgres_server.PASSWORD}'")

    publish(shop, NOON + timedelta(minutes=1), marts, target, audience)
    # A second time, with a column that has got another type: views must not be in its way.
    with duckdb.connect(str(shop / "warehouse.duckdb")) as connection:
        connection.execute("alter table marts.people alter birth_year type bigint")
    publish(shop, NOON + timedelta(minutes=2), marts, target, audience)

    rows = "select customer_key, birth_year, moved_on from marts_{}.people order by 1, 2"
    (first, _) = server.execute(rows.format("marketing")).fetchall()
    assert first == ("a", None, date(2026, 3, 31))
    with psycopg.connect(
        address, user="marts_support", password=postgres_server.PASSWORD, autocommit=True
    ) as reader:
        assert reader.execute(rows.format("support")).fetchall() == [
            (None, 1980, None),
            (None, 1981, None),
        ]
        for hidden in ("marts.people", "marts_marketing.people"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"select 1 from {hidden}")

    server.execute("comment on schema marts_support is 'of somebody else'")
    with pytest.raises(publishing.PublishingError, match="has a schema marts_support that is not"):
        publish(shop, NOON + timedelta(minutes=3), marts, target, audience)
    server.execute("drop schema marts_support cascade; drop role marts_support")
