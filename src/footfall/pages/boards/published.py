"""Opens the published marts, and nothing else, for boards to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from footfall.builds.sources import build_command
from footfall.pages.boards.definitions import BoardError
from footfall.publishing import SCHEMA, PublishingError
from footfall.publishing.encryption import encrypted_folder, opened


@dataclass(frozen=True)
class Rows:
    """What a query gave: names of columns, and rows in their order."""

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def values(self, column: str) -> list[Any]:
        """Return a column from top to bottom.

        Raises
        ------
        KeyError
            There is no such column.
        """
        if column not in self.columns:
            raise KeyError(column)
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class PublishedRun:
    """The run that all marts of the publication come from; the revision may be unknown."""

    run_id: str
    published_at: datetime
    git_revision: str | None


class PublishedMarts:
    """The published file, open for reading."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path
        runs = self.rows(
            f"select distinct run_id, published_at, git_revision from {SCHEMA}.publication"
        ).rows
        if len(runs) != 1:
            raise BoardError(
                f"{path}: its marts come from {len(runs)} runs and not from one. "
                "Publish again: make build"
            )
        self.run = PublishedRun(*runs[0])

    def rows(self, sql: str) -> Rows:
        """Return the rows of a query.

        Raises
        ------
        duckdb.Error
            The query is wrong.
        """
        cursor = self._connection.execute(sql)
        columns = [name for name, *_ in cursor.description or ()]
        return Rows(columns, cursor.fetchall())

    def marts_of(self, sql: str) -> frozenset[str]:
        """Return the marts that a query reads.

        Raises
        ------
        BoardError
            It reads something that is not a mart.
        """
        names = self._connection.get_table_names(sql, qualified=True)
        # DuckDB 2 gives the alias along with the name.
        return frozenset(mart_name(name.partition(" AS ")[0]) for name in names)


def mart_name(relation: str) -> str:
    """`marts.sessions` without its schema.

    Raises
    ------
    BoardError
        The relation is not a mart.
    """
    schema, _, name = relation.rpartition(".")
    if schema != SCHEMA:
        raise BoardError(f"{relation} is no mart: a board reads {SCHEMA}.<mart> and nothing else")
    return name


@contextmanager
def open_published(path: Path) -> Iterator[PublishedMarts]:
    """Open the published marts for reading only, with no way to any other file.

    Raises
    ------
    BoardError
        They are missing, are no publication, or are encrypted with a key that is not at hand.
    """
    with _connection(path) as connection:
        # One thread adds numbers in one order: equal publications give equal pages.
        connection.execute("set threads = 1")
        try:
            marts = PublishedMarts(connection, path)
        except duckdb.CatalogException as problem:
            raise BoardError(
                f"{path} holds no {SCHEMA}.publication: it is not what a build has published. "
                "Is it the warehouse itself? Publish with: make build"
            ) from problem
        yield marts


@contextmanager
def _connection(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = encrypted_folder(path)
    if folder is not None:
        try:
            with opened(folder) as connection:
                yield connection
        except PublishingError as problem:
            raise BoardError(f"The boards cannot be drawn: {problem}") from problem
        return
    if not path.is_file():
        raise BoardError(
            f"There are no published marts at {path}. A whole build publishes them: "
            f"{build_command()}"
        )
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as problem:
        raise BoardError(f"{path} cannot be opened as published marts: {problem}") from problem
    with connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        yield connection
