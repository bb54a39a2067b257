"""Publications of a small made-up warehouse, whose rows show which one they come from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from footfall import publishing
from footfall.publishing.roles import NOBODY, Audience
from robustness.published import published_runs

NAME = "shop"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
# What is hard to carry from one place to another.
ODD_TEXTS = ["", "NULL", "\\N", "\\.", '"', "a,b", "line\nbreak", "tab\t", "zoë ☕", "it's", "\r"]
SESSIONS = publishing.Mart(
    "sessions",
    "warehouse.marts.sessions",
    "Visits; it's a test.",
    {"session_id": "Which visit.", "note": "", "gone": "Not a column."},
    ["session_id"],
    {"started_at": "exact"},
)
ITEMS = publishing.Mart("items", "warehouse.marts.items", "Things.", {"item_id": "Which thing."})
MARTS = [SESSIONS, ITEMS]


def make_warehouse(path: Path, sessions: int = 1000) -> None:
    """A warehouse with two marts; all rows show how many sessions it was made with."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create or replace table odd (number integer, note varchar)")
        connection.executemany("insert into odd values (?, ?)", list(enumerate(ODD_TEXTS)))
        connection.execute(
            f"create schema if not exists marts;"
            f" create or replace table marts.sessions as"
            f" select md5(range::varchar) as session_id, odd.note, {sessions} as made_with,"
            f" range as big_number, range / 3.0::double as ratio,"
            f" (range / 7)::decimal(12, 2) as amount, range % 2 = 0 as is_even,"
            f" date '2026-01-01' + range::integer as day,"
            f" timestamptz '2026-01-01 00:00:00.123456+00' + to_hours(range) as started_at"
            f" from range({sessions}) left join odd on odd.number = range % {len(ODD_TEXTS) + 1};"
            f" create or replace table marts.items as"
            f" select range as item_id, {sessions} as made_with from range(10)"
        )


def publish(
    folder: Path,
    at: datetime = NOON,
    marts: list[publishing.Mart] = MARTS,
    server: Any = None,
    audience: Audience = NOBODY,
) -> publishing.Publication:
    """Publish `folder/warehouse.duckdb` to `folder/published`, as the run that the time names."""
    run = publishing.Run(at.isoformat(), at, "abc123")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        return publishing.publish(
            connection.cursor(),
            marts,
            run,
            folder=folder / "published",
            name=NAME,
            progress=lambda _: None,
            server=server,
            audience=audience,
        )


def made_with(folder: Path) -> tuple[set[int], set[int]]:
    """Which warehouse the DuckDB file and the Parquet files come from, after checking digests."""
    published_runs(folder / "published", NAME)
    files = folder / "published" / NAME
    in_file: set[int] = set()
    in_parquet: set[int] = set()
    with duckdb.connect(str(files.with_suffix(".duckdb")), read_only=True) as connection:
        for mart in ("sessions", "items"):
            rows = connection.execute(f"select distinct made_with from marts.{mart}").fetchall()
            in_file |= {row[0] for row in rows}
            in_parquet |= set(pq.read_table(files / f"{mart}.parquet")["made_with"].to_pylist())
    return in_file, in_parquet


def leftovers(folder: Path) -> list[str]:
    """What is in the published folder and not part of a publication."""
    published = folder / "published"
    expected = {f"{NAME}.duckdb", NAME, f".{NAME}", f".{NAME}.lock"}
    return [path.name for path in published.iterdir() if path.name not in expected] + [
        path.name for path in (published / f".{NAME}").iterdir() if path.name.startswith("writing")
    ]
