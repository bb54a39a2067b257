"""Reads the marts of a built warehouse, and says plainly when there is nothing to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from footfall.builds.sources import build_command
from footfall.pages.theme.words import Words
from footfall.publishing import PublishingError
from footfall.publishing.encryption import encrypted_folder, opened

SCHEMA = "marts"


class ReportError(Exception):
    """The warehouse cannot be reported on; the message says what to do."""


class Marts:
    """The marts that a warehouse holds, open for reading."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, words: Words) -> None:
        self._connection = connection
        self.words = words
        found = connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [SCHEMA]
        ).fetchall()
        self.names = frozenset(name for (name,) in found)
        if "sessions" not in self.names:
            raise ReportError(f"{path} has no marts.sessions to report on. Build first: make build")

    def missing(self, *names: str) -> tuple[str, ...]:
        """Those of the marts that the warehouse does not hold."""
        return tuple(name for name in names if name not in self.names)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query; marts are found by their bare names."""
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found


@contextmanager
def open_marts(path: Path, words: Words) -> Iterator[Marts]:
    """Open a warehouse for reading only.

    Raises
    ------
    ReportError
        The file is missing, is being built, is not a warehouse or has no marts, or is a
        publication that is encrypted with a key that is not at hand.
    """
    folder = encrypted_folder(path)
    if folder is not None:
        try:
            with opened(folder) as connection:
                yield Marts(_with_schema(connection), path, words)
        except PublishingError as problem:
            raise ReportError(f"The report cannot be drawn: {problem}") from problem
        return
    if not path.is_file():
        raise ReportError(
            f"There is no publication at {path}. A whole build publishes one: {build_command()}"
        )
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as problem:
        if "lock" in str(problem).lower():
            raise ReportError(
                f"{path} is in use, by a build most likely. Wait until it is over, then try again."
            ) from problem
        raise ReportError(f"{path} cannot be opened as a warehouse: {problem}") from problem
    except duckdb.Error as problem:
        raise ReportError(f"{path} cannot be opened as a warehouse: {problem}") from problem
    with connection:
        connection.execute("set TimeZone = 'UTC'")
        yield Marts(_with_schema(connection), path, words)


def _with_schema(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    if _has_schema(connection):
        connection.execute(f"set schema = '{SCHEMA}'")
    return connection


def _has_schema(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.schemata "
        "where schema_name = ? and catalog_name = current_database()",
        [SCHEMA],
    ).fetchone()
    return bool(found and found[0])
