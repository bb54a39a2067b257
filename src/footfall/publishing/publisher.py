"""One publication, from the warehouse to what readers open."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.publishing import database, encryption, parquet, role_files
from footfall.publishing.coarsening import coarsened
from footfall.publishing.contents import (
    PUBLICATION,
    SCHEMA,
    Mart,
    Publication,
    PublishingError,
    Run,
)
from footfall.publishing.files import check_link, make_folder, one_at_a_time, point_to, sync
from footfall.publishing.roles import NOBODY, Audience

if TYPE_CHECKING:
    from footfall.publishing.postgres import Target


def published_file(folder: Path, name: str) -> Path:
    """Return the DuckDB file that a warehouse is published as."""
    return folder / f"{name}.duckdb"


def parquet_folder(folder: Path, name: str) -> Path:
    """Return the link to the Parquet files that a warehouse is published as."""
    return folder / name


def standing_rows(
    cursor: duckdb.DuckDBPyConnection, folder: Path, name: str, mart: str, query: str
) -> list[tuple[Any, ...]] | None:
    """Query a mart of what readers find now; None where nothing is published.

    It is read from the Parquet files, because these can be read whatever a reader does with the
    DuckDB file.

    Parameters
    ----------
    cursor
        A connection to any database.
    folder, name
        Where the publication is.
    mart
        The mart, or the table that says which run it is of.
    query
        SQL with `{mart}` in the place of its relation.

    Raises
    ------
    PublishingError
        It is encrypted, and the key is missing or another one.
    """
    files = parquet_folder(folder, name)
    if encryption.is_encrypted(files):
        with encryption.opened(files, only=mart) as marts:
            relation = f"{SCHEMA}.{quoted(mart)}"
            encrypted: list[tuple[Any, ...]] = marts.execute(query.format(mart=relation)).fetchall()
        return encrypted
    file = files / f"{mart}.parquet"
    if not (file.exists() and published_file(folder, name).exists()):
        return None
    relation = f"read_parquet({sql_text(str(file))})"
    rows: list[tuple[Any, ...]] = cursor.execute(query.format(mart=relation)).fetchall()
    return rows


def standing(cursor: duckdb.DuckDBPyConnection, folder: Path, name: str) -> datetime | None:
    """When what readers find now was published; None where nothing was.

    Raises
    ------
    PublishingError
        It is encrypted, and the key is missing or another one.
    """
    found = standing_rows(cursor, folder, name, PUBLICATION, "select max(published_at) from {mart}")
    at: datetime | None = None if found is None else found[0][0]
    return at


def publish(
    cursor: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    run: Run,
    *,
    folder: Path,
    name: str,
    progress: Callable[[str], None],
    server: "Target | None" = None,
    audience: Audience = NOBODY,
    zone: str = "UTC",
) -> Publication:
    """Publish marts in place of the publication before.

    Columns that could single a person out are shown in a coarser form, the same one in all places.
    All is written and checked beside what stands. Only then names move, so that whatever goes wrong
    before leaves the old publication whole. What a broken off publication left is cleared first.

    With a key in the environment (`encryption.VARIABLE`) there are encrypted Parquet files and no
    DuckDB file, and all that earlier runs published in the clear is removed at once.

    Parameters
    ----------
    cursor
        A connection to the warehouse that is used for nothing else.
    folder
        Where publications are; it is made if needed.
    name
        Of the publication in this folder, the warehouse's own.
    server
        A PostgreSQL database that is published to as well. It comes first: where it cannot
        be, nothing is published at all.
    audience
        Roles that get what they may see for themselves, on the disk and on the server.
    zone
        IANA name of the time zone that the shop's days are cut in.

    Raises
    ------
    PublishingError
        It cannot be published, and the old publication stays.
    """
    if not marts:
        raise PublishingError("the project has no public marts.")
    file, link = published_file(folder, name), parquet_folder(folder, name)
    fresh = folder / f".{name}.duckdb.tmp"
    try:
        make_folder(folder)
        check_link(link)
        with one_at_a_time(folder / f".{name}.lock"):
            _clear_leftovers(fresh, link)
            parquet.clear_replaced(link, run)
            try:
                key = _key_for(link, audience)
                progress(f"Publishing {len(marts)} marts to {file if key is None else link} ...")
                cursor.execute("set TimeZone = 'UTC'")
                marts = [coarsened(cursor, mart, zone) for mart in marts]
                if key is None:
                    publication = database.write(cursor, fresh, marts, run)
                    with database.opened(cursor, fresh):
                        _check_and_write_parquet(cursor, link, marts, publication)
                        left_out = role_files.write_all(cursor, file, audience, marts, run)
                        _publish_to_server(
                            cursor, server, audience, marts, publication, link, progress
                        )
                    publication = replace(publication, left_out=left_out)
                    _swap(fresh, file, link, run, audience)
                else:
                    publication = _publish_encrypted(
                        cursor, key, link, marts, run, server=server, progress=progress
                    )
                    _swap_for_encrypted(file, link, run)
            finally:
                _clear_leftovers(fresh, link)
    except (OSError, duckdb.Error) as error:
        raise PublishingError(
            f"they could not be copied to {folder}; FOOTFALL_PUBLISHED names another folder."
            f"\n{error}"
        ) from error
    return publication


def _key_for(link: Path, audience: Audience) -> bytes | None:
    key = encryption.key_of_environment()
    if key is None and encryption.is_encrypted(link):
        raise PublishingError(
            f"the publication in {link} is encrypted, and {encryption.VARIABLE} is not set: set "
            "it, or remove that link to publish for everybody to read."
        )
    if key is not None and audience.chosen:
        raise PublishingError(
            f"files of roles are not encrypted, and {encryption.VARIABLE} is set: unset one of "
            "them."
        )
    return key


def _check_and_write_parquet(
    cursor: duckdb.DuckDBPyConnection, link: Path, marts: Sequence[Mart], publication: Publication
) -> None:
    # Both only read the copy, and small marts keep no more than one core busy.
    with cursor.cursor() as other, ThreadPoolExecutor(max_workers=1) as beside:
        other.execute("set TimeZone = 'UTC'")
        checked = beside.submit(database.check, other, publication)
        try:
            parquet.write(cursor, link, marts, publication)
        finally:
            # A copy that is not what was read says more than what went wrong with its files.
            checked.result()


def _swap(fresh: Path, file: Path, link: Path, run: Run, audience: Audience) -> None:
    parquet_files = parquet.finish(link, run)
    # A journal of somebody who wrote into the old file would be taken for the new one's.
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    fresh.replace(file)
    point_to(link, parquet_files)
    role_files.swap(file, audience)
    sync(file.parent)


def _publish_encrypted(
    cursor: duckdb.DuckDBPyConnection,
    key: bytes,
    link: Path,
    marts: Sequence[Mart],
    run: Run,
    *,
    server: "Target | None",
    progress: Callable[[str], None],
) -> Publication:
    # Only who encrypts loads what does it.
    from footfall.publishing import encrypted_files

    with encrypted_files.written(cursor, link, marts, run, key) as publication:
        database.check(cursor, publication)
        _publish_to_server(cursor, server, NOBODY, marts, publication, link, progress)
    return publication


def _swap_for_encrypted(file: Path, link: Path, run: Run) -> None:
    parquet_files = parquet.finish(link, run)
    point_to(link, parquet_files)
    # What is in the clear does not stay for an hour next to what is encrypted.
    for plain in (file, file.with_name(f"{file.name}.wal")):
        plain.unlink(missing_ok=True)
    parquet.clear_plain(link)
    role_files.swap(file, NOBODY)
    sync(file.parent)


def _publish_to_server(
    cursor: duckdb.DuckDBPyConnection,
    server: "Target | None",
    audience: Audience,
    marts: Sequence[Mart],
    publication: Publication,
    link: Path,
    progress: Callable[[str], None],
) -> None:
    if server is None:
        return
    progress(f"Publishing to PostgreSQL at {server} ...")
    # Only who publishes to PostgreSQL loads its driver.
    from footfall.publishing import postgres

    with parquet.scratch(link) as folder:
        postgres.replace(cursor, server, marts, publication, folder, audience)


def _clear_leftovers(fresh: Path, link: Path) -> None:
    for leftover in fresh.parent.glob(f"{fresh.name}*"):
        leftover.unlink()
    link.with_name(f".{link.name}.link.tmp").unlink(missing_ok=True)
    role_files.clear_drafts(link.with_name(f"{link.name}.duckdb"))
    parquet.clear_unfinished(link)
