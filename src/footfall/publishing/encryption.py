"""The key that a publication is encrypted with, and how its readers use it.

An encrypted publication is a folder of Parquet files, footers included (Parquet Modular Encryption,
AES-GCM; Apache Parquet 2.9, 2021), without a DuckDB file. DuckDB reads them without a network.
"""

import base64
import binascii
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.publishing.contents import PUBLICATION, SCHEMA, PublishingError

VARIABLE = "DBT_ENV_SECRET_FOOTFALL_PUBLISH_KEY"
# What the key is called on a connection to DuckDB.
_KEY_NAME = "footfall_publish_key"
_KEY_BYTES = 32
# How encrypted Parquet files begin, by the format's definition.
_MAGIC = b"PARE"


def key_of_environment() -> bytes | None:
    """Return the key that publications are encrypted with; None where none is set.

    Raises
    ------
    PublishingError
        The variable holds no key.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return None
    try:
        key = base64.b64decode(given, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES or len(set(key)) < _KEY_BYTES // 4:
        raise PublishingError(
            f"{VARIABLE} holds no key: it takes {_KEY_BYTES} random bytes in base64. Make one with:"
            ' python3 -c "import base64, secrets;'
            f' print(base64.b64encode(secrets.token_bytes({_KEY_BYTES})).decode())"'
        )
    return key


def is_encrypted(folder: Path) -> bool:
    """Return whether a folder holds an encrypted publication."""
    file = folder / f"{PUBLICATION}.parquet"
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def encrypted_folder(file: Path) -> Path | None:
    """Return the encrypted files that stand in the place of a published DuckDB file, if any do."""
    folder = file.with_suffix("")
    return folder if not file.exists() and is_encrypted(folder) else None


def refusal(file: Path, reader: str) -> str | None:
    """Say that a program cannot read an encrypted publication; None where there is no such one.

    Parameters
    ----------
    file
        The published DuckDB file that it would read.
    reader
        What cannot read the files, as the beginning of a sentence.
    """
    folder = encrypted_folder(file)
    if folder is None:
        return None
    return (
        f"{reader} cannot read the publication in {folder}: it is encrypted ({VARIABLE}). Boards "
        "and report can, and so does DuckDB with the key (docs/reading_the_marts.md)."
    )


@contextmanager
def opened(folder: Path, only: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an encrypted publication as a database in memory, with the marts in schema `marts`.

    They are read as a whole: DuckDB 2.0 refuses some queries that skip rows of encrypted files as
    if the key were wrong. Nothing outside can be read through the connection.

    Parameters
    ----------
    folder
        The link to the files, or their folder.
    only
        The one mart that is wanted; all by default.

    Raises
    ------
    PublishingError
        The key is missing, is no key, or is not that of the files.
    """
    key = key_of_environment()
    if key is None:
        raise PublishingError(
            f"the publication in {folder} is encrypted, and {VARIABLE} is not set: set it to the "
            "key that the build had."
        )
    # One run, even while the next is published.
    run = folder.resolve()
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"create schema {SCHEMA}")
        give_key(connection, key)
        try:
            for file in sorted(run.glob(f"{only or '*'}.parquet")):
                connection.execute(
                    f"create table {SCHEMA}.{quoted(file.stem)} as from {encrypted_relation(file)}"
                )
        except duckdb.InvalidInputException as error:
            raise PublishingError(
                f"the publication in {folder} cannot be read with the key in {VARIABLE}: set it "
                f"to the key that the build had. {error}"
            ) from error
        connection.execute("set enable_external_access = false")
        yield connection


def give_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Let a connection read what was encrypted with a key."""
    encoded = base64.b64encode(key).decode()
    connection.execute(f"pragma add_parquet_key({sql_text(_KEY_NAME)}, {sql_text(encoded)})")


def relation_of(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    """Return a published Parquet file, encrypted or not, as the from clause of a query.

    An encrypted one becomes a temporary table, which the next one replaces.

    Raises
    ------
    PublishingError
        It is encrypted, and the key is not set.
    """
    with file.open("rb") as begun:
        is_plain = begun.read(len(_MAGIC)) != _MAGIC
    if is_plain:
        return f"read_parquet({sql_text(str(file))})"
    key = key_of_environment()
    if key is None:
        raise PublishingError(f"{file} is encrypted, and {VARIABLE} is not set")
    give_key(connection, key)
    connection.execute(
        f"create or replace temp table decrypted_once as from {encrypted_relation(file)}"
    )
    return "decrypted_once"


def encrypted_relation(file: Path) -> str:
    """Return an encrypted file as the from clause of a query; the connection needs the key."""
    config = f"{{footer_key: {sql_text(_KEY_NAME)}}}"
    return f"read_parquet({sql_text(str(file))}, encryption_config = {config})"
