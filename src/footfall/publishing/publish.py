"""One publication, from the warehouse to what readers open."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from footfall.publishing import database, parquet
from footfall.publishing.contents import (
    PUBLICATION,
    Mart,
    Publication,
    PublishingError,
    Run,
    text,
)
from footfall.publishing.files import check_link, one_at_a_time, point_to, sync


def published_file(folder: Path, name: str) -> Path:
    """The DuckDB file that a warehouse is published as."""
    return folder / f"{name}.duckdb"


def parquet_folder(folder: Path, name: str) -> Path:
    """The link to the Parquet files that a warehouse is published as."""
    return folder / name


def standing(cursor: duckdb.DuckDBPyConnection, folder: Path, name: str) -> datetime | None:
    """When what readers find now was published; None where nothing was.

    It is read from the Parquet files, because these can be read whatever a reader does with the
    DuckDB file.
    """
    file = parquet_folder(folder, name) / f"{PUBLICATION}.parquet"
    if not file.exists():
        return None
    query = f"select max(published_at) from read_parquet({text(str(file))})"
    at: datetime | None = cursor.execute(query).fetchall()[0][0]
    return at


def publish(
    cursor: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    run: Run,
    *,
    folder: Path,
    name: str,
    progress: Callable[[str], None],
) -> Publication:
    """Publish marts in place of the publication before.

    All is written and checked beside what stands. Only then names move, so that whatever goes wrong
    before leaves the old publication whole. What a broken off publication left is cleared first.

    Args:
        cursor: a connection to the warehouse that is used for nothing else.
        folder: where publications lie; it is made if need be.
        name: of the publication in this folder, the warehouse's own.

    Raises:
        PublishingError: it cannot be published, and the old publication stands.
    """
    if not marts:
        raise PublishingError("the project has no public marts.")
    file, link = published_file(folder, name), parquet_folder(folder, name)
    fresh = folder / f".{name}.duckdb.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_link(link)
        with one_at_a_time(folder / f".{name}.lock"):
            _clear_leftovers(fresh, link)
            progress(f"Publishing {len(marts)} marts to {file} ...")
            cursor.execute("set TimeZone = 'UTC'")
            publication = database.write(cursor, fresh, marts, run)
            with database.opened(cursor, fresh):
                database.check(cursor, publication)
                parquet_files = parquet.write(cursor, link, marts, publication)
            # A journal of somebody who wrote into the old file would be taken for the new one's.
            file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
            fresh.replace(file)
            point_to(link, parquet_files)
            sync(folder)
            parquet.clear_replaced(link, run)
    except (OSError, duckdb.Error) as error:
        raise PublishingError(
            f"{folder} cannot be written to; FOOTFALL_PUBLISHED names another folder.\n{error}"
        ) from error
    return publication


def _clear_leftovers(fresh: Path, link: Path) -> None:
    for leftover in fresh.parent.glob(f"{fresh.name}*"):
        leftover.unlink()
    link.with_name(f".{link.name}.link.tmp").unlink(missing_ok=True)
    parquet.clear_unfinished(link)
