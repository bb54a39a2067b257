"""Runs the simulation's SQL files in order and swaps the result in."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from typing import Final

import duckdb

RAW_SCHEMA: Final = "raw_storefront"
TRUTH_SCHEMA: Final = "truth_storefront"

# View in the raw schema, the stream it reads, and the time at which a row of it becomes known.
_STREAMS: Final = (
    ("events", "truth_event_stream", "received_at"),
    ("items", "truth_item_stream", "created_at"),
    ("customers", "truth_customer_stream", "registered_at"),
    ("reviews", "truth_review_stream", "reviewed_at"),
)

# Files before this one make temporary tables only and need no transaction: what they drop is freed
# at once.
_FIRST_STORING_FILE: Final = "85_stream.sql"

# Person, visit and event numbers share 63 bits; this many customers leave room for all of them.
MAX_CUSTOMERS: Final = 20_000_000
MAX_SEED: Final = 2**63 - 1


@dataclass(frozen=True)
class StorefrontRun:
    """What a call of :func:`generate` did.

    Attributes
    ----------
    seed
        Seed number of the simulation.
    customers
        Size of the simulation, in customers that may register.
    until
        Rows that became known at or after this time are hidden; None hides nothing.
    is_generated
        False when an equal simulation was already there and was kept.
    seconds
        Wall-clock time of the call.
    """

    seed: int
    customers: int
    until: datetime | None
    is_generated: bool
    seconds: float


def sql_files() -> list[tuple[str, str]]:
    """Return names and texts of the simulation's SQL files, in the order in which they run."""
    folder = resources.files("footfall.storefront") / "sql"
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".sql")),
        key=lambda path: path.name,
    )
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths]


def fingerprint() -> str:
    """Hash of the SQL files and of DuckDB's version, whose ``hash()`` the simulation draws from."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for name, text in sql_files():
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()


def generate(
    connection: duckdb.DuckDBPyConnection,
    *,
    seed: int,
    customers: int,
    until: date | datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> StorefrontRun:
    """Make the schemas ``raw_storefront`` and ``truth_storefront`` in the connection's database.

    The same seed and size give the same rows under one version of DuckDB, whatever the number of
    threads. An equal simulation that is already there is kept; a change of ``until`` alone only
    moves the views of the raw schema. The schemas change in one transaction of a connection of its
    own: other connections see the old tables or the new ones, and a failure leaves the old ones.

    Parameters
    ----------
    connection
        An open DuckDB connection without uncommitted changes.
    seed
        Any number from 0 to 2**63 - 1.
    customers
        How many people may become customers; 2,000 make about 250,000 events, and the
        number of events grows in proportion.
    until
        Shows only what had arrived before this time (a date means its midnight; a time
        without a zone is UTC), as if the simulation had been loaded then.
    progress
        Called with a short text before each step.

    Returns
    -------
    What was done.

    Raises
    ------
    ValueError
        When a parameter is out of range.
    duckdb.Error
        When DuckDB fails, for instance for lack of disk or memory.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be from 0 to {MAX_SEED}, not {seed}")
    if not 1 <= customers <= MAX_CUSTOMERS:
        raise ValueError(f"customers must be from 1 to {MAX_CUSTOMERS}, not {customers}")
    until_at = _as_utc(until)
    report = progress if progress is not None else _say_nothing
    started = time.perf_counter()
    wanted_fingerprint = fingerprint()

    # Variables, macros and temporary tables of a cursor end with it.
    with connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        present = _present_run(cursor)
        is_generated = present is None or present[:3] != (seed, customers, wanted_fingerprint)
        if is_generated:
            _prepare(cursor, seed, customers, report)
        if is_generated or (present is not None and present[3] != _literal(until_at)):
            with _transaction(cursor):
                if is_generated:
                    _store(cursor, report)
                _show(cursor, until_at)
                _record(cursor, seed, customers, wanted_fingerprint, until_at)
    return StorefrontRun(
        seed=seed,
        customers=customers,
        until=until_at,
        is_generated=is_generated,
        seconds=time.perf_counter() - started,
    )


def _as_utc(until: date | datetime | None) -> datetime | None:
    if until is None:
        return None
    if not isinstance(until, datetime):
        return datetime(until.year, until.month, until.day, tzinfo=UTC)
    return until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)


def _literal(until: datetime | None) -> str | None:
    return None if until is None else until.strftime("%Y-%m-%d %H:%M:%S.%f+00")


def _say_nothing(_message: str) -> None:
    return None


def _present_run(cursor: duckdb.DuckDBPyConnection) -> tuple[int, int, str, str | None] | None:
    """Seed, customers, fingerprint and until of the simulation that is there, or None."""
    tables = cursor.execute(
        "select count(*) from duckdb_tables()"
        " where database_name = current_database() and schema_name = ?"
        " and table_name = 'storefront_run'",
        [RAW_SCHEMA],
    ).fetchone()
    if tables is None or tables[0] == 0:
        return None
    row = cursor.execute(
        f"select seed, customers, fingerprint, until from {RAW_SCHEMA}.storefront_run"
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2], row[3])


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.execute("begin transaction")
    try:
        yield
    except BaseException:
        cursor.execute("rollback")
        raise
    cursor.execute("commit")


def _prepare(
    cursor: duckdb.DuckDBPyConnection, seed: int, customers: int, report: Callable[[str], None]
) -> None:
    cursor.execute(f"set variable seed = {seed}")
    cursor.execute(f"set variable customers = {customers}")
    _run(cursor, [file for file in sql_files() if file[0] < _FIRST_STORING_FILE], report)


def _store(cursor: duckdb.DuckDBPyConnection, report: Callable[[str], None]) -> None:
    for schema in (RAW_SCHEMA, TRUTH_SCHEMA):
        cursor.execute(f"drop schema if exists {schema} cascade")
        cursor.execute(f"create schema {schema}")
    _run(cursor, [file for file in sql_files() if file[0] >= _FIRST_STORING_FILE], report)


def _run(
    cursor: duckdb.DuckDBPyConnection,
    files: list[tuple[str, str]],
    report: Callable[[str], None],
) -> None:
    for name, text in files:
        report(f"storefront: {name.removesuffix('.sql')[3:]}")
        cursor.execute(text)


def _show(cursor: duckdb.DuckDBPyConnection, until: datetime | None) -> None:
    # A literal, not a variable: variables end with the connection, and a literal prunes row groups.
    for view, stream, known_at in _STREAMS:
        where = "" if until is None else f" where {known_at} < timestamptz '{_literal(until)}'"
        cursor.execute(
            f"create or replace view {RAW_SCHEMA}.{view} as"
            f" select * from {TRUTH_SCHEMA}.{stream}{where}"
        )


def _record(
    cursor: duckdb.DuckDBPyConnection,
    seed: int,
    customers: int,
    wanted_fingerprint: str,
    until: datetime | None,
) -> None:
    cursor.execute(
        f"create or replace table {RAW_SCHEMA}.storefront_run"
        " (seed bigint, customers bigint, fingerprint varchar, until varchar)"
    )
    cursor.execute(
        f"insert into {RAW_SCHEMA}.storefront_run values (?, ?, ?, ?)",
        [seed, customers, wanted_fingerprint, _literal(until)],
    )
