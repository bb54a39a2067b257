"""The marts as one DuckDB file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from footfall.core.private_files import rights_of_new
from footfall.core.quoting import quoted, sql_text
from footfall.publishing import checksums
from footfall.publishing.contents import (
    PUBLICATION,
    PUBLICATION_COLUMNS,
    PUBLICATION_DESCRIPTION,
    SCHEMA,
    Mart,
    Publication,
    PublishingError,
    Run,
)
from footfall.publishing.files import sync

# The name that the file goes by on the connection that writes it.
ATTACHED = "footfall_publication"
# The form of file that DuckDB 1.2 and all later versions can read.
STORAGE_VERSION = "v1.2.0"


def published_relation(mart: str, database: str = ATTACHED) -> str:
    """Return the quoted name of a mart in the attached publication."""
    return f"{database}.{SCHEMA}.{quoted(mart)}"


def write(
    cursor: duckdb.DuckDBPyConnection, file: Path, marts: Sequence[Mart], run: Run
) -> Publication:
    """Copy marts into a new file, with descriptions, and wait until it is on the disk.

    All are read in one transaction: they are of one state of the warehouse.
    """
    with attached(cursor, str(file), f"storage_version '{STORAGE_VERSION}'"):
        with transaction(cursor):
            cursor.execute(f"create schema {ATTACHED}.{SCHEMA}")
            for mart in marts:
                cursor.execute(
                    f"create table {published_relation(mart.name)} as from {mart.relation}"
                )
                describe(cursor, mart.name, mart.description, mart.columns)
            copied = [checksums.measured(cursor, mart.name, mart.relation) for mart in marts]
            publication = Publication(run, copied)
            write_publication(cursor, publication)
        cursor.execute(f"checkpoint {ATTACHED}")
    finish(file)
    return publication


def finish(file: Path) -> None:
    """Let nobody write to a file, and wait until it is on the disk."""
    # Who opened it for writing would shut all others out; and nothing that is written stays.
    file.chmod(rights_of_new() & 0o444)
    sync(file)


@contextmanager
def opened(cursor: duckdb.DuckDBPyConnection, file: Path) -> Iterator[None]:
    """Attach a file that was written, for reading."""
    with attached(cursor, str(file), "read_only"):
        yield


@contextmanager
def attached(
    cursor: duckdb.DuckDBPyConnection, path: str, options: str = "", database: str = ATTACHED
) -> Iterator[None]:
    """Attach a database for a while, under the name that publications go by, or another."""
    with_options = f" ({options})" if options else ""
    cursor.execute(f"attach {sql_text(path)} as {database}{with_options}")
    try:
        yield
    finally:
        cursor.execute(f"detach {database}")


def check(cursor: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    """Make sure that what is attached holds what was read from the warehouse.

    Raises
    ------
    PublishingError
        It does not.
    """
    for expected in publication.marts:
        found = checksums.measured(cursor, expected.mart, published_relation(expected.mart))
        if found != expected:
            raise PublishingError(
                f"the copy of {expected.mart} is not what was read: {found.row_count} rows with "
                f"digest {found.checksum} in place of {expected.row_count} with "
                f"{expected.checksum}. Is the disk sound? Build again."
            )


def describe(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    description: str,
    columns: Mapping[str, str],
    database: str = ATTACHED,
) -> None:
    """Write what a mart and its columns are as comments."""
    relation = published_relation(name, database)
    there = checksums.columns_of(cursor, relation)
    cursor.execute(f"comment on table {relation} is {sql_text(description)}")
    for column, about in columns.items():
        if about and column in there:
            cursor.execute(f"comment on column {relation}.{quoted(column)} is {sql_text(about)}")


def write_publication(
    cursor: duckdb.DuckDBPyConnection, publication: Publication, database: str = ATTACHED
) -> None:
    """Write the table that says of each mart which run it comes from."""
    relation = published_relation(PUBLICATION, database)
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in PUBLICATION_COLUMNS.items())
    cursor.execute(f"create table {relation} ({columns})")
    run = publication.run
    cursor.executemany(
        f"insert into {relation} values (?, ?, ?, ?, ?, ?)",
        [
            [
                run.run_id,
                run.published_at,
                run.git_revision,
                mart.mart,
                mart.row_count,
                mart.checksum,
            ]
            for mart in publication.marts
        ],
    )
    described = {name: about for name, (_, about) in PUBLICATION_COLUMNS.items()}
    describe(cursor, PUBLICATION, PUBLICATION_DESCRIPTION, described, database)


@contextmanager
def transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Read and write in one transaction, which an error rolls back."""
    cursor.begin()
    try:
        yield
    except BaseException:
        cursor.rollback()
        raise
    cursor.commit()
