"""A warehouse file without what was deleted from it.

DuckDB frees the blocks of deleted rows and does not clear them: the text stays readable in the file
after DELETE, CHECKPOINT and VACUUM. Only a new file holds nothing else than what is there.
"""

import os
from pathlib import Path

import duckdb

from footfall.core.quoting import quoted, sql_text

_FRESH = "footfall_compacted"
# What has to be there as often in the new file as in the old one.
_CATALOGUES = ("duckdb_schemas", "duckdb_tables", "duckdb_views", "duckdb_indexes")
_COMMENTED = ("duckdb_tables", "duckdb_views", "duckdb_columns")


class CompactionError(Exception):
    """The file could not be written anew; the one before is as it was."""


def compact(warehouse: Path) -> dict[str, int]:
    """Write a warehouse file anew, and put it in the place of the one before in one step.

    The old file is locked until the new one is in its place: no build starts in between, and one
    that runs keeps this from starting. Whoever is killed on the way leaves one of the two whole.

    Parameters
    ----------
    warehouse
        The file.

    Returns
    -------
    dict
        The number of rows of each table, by its full name.

    Raises
    ------
    CompactionError
        Somebody else has the file open, the disk is full, or the copy is not what it was made of.
    """
    draft = warehouse.with_name(f".{warehouse.name}.compacted.tmp")
    _clear(draft)
    try:
        with duckdb.connect(str(warehouse)) as connection:
            _set_limits(connection)
            # The journal is part of the file from here on.
            connection.execute("force checkpoint")
            name = warehouse.stem
            connection.execute(f"attach {sql_text(str(draft))} as {_FRESH}")
            connection.execute(f"copy from database {quoted(name)} to {_FRESH}")
            counts = _compared(connection, name)
            connection.execute(f"detach {_FRESH}")
            draft.chmod(0o600)
            _sync(draft)
            draft.replace(warehouse)
            _sync(warehouse.parent)
    except (duckdb.Error, OSError) as error:
        raise CompactionError(
            f"{warehouse} could not be written anew, and is as it was: what was deleted can still "
            f"be read in it. Erase once more when this is put right.\n{error}"
        ) from error
    finally:
        _clear(draft)
    return counts


def _set_limits(connection: duckdb.DuckDBPyConnection) -> None:
    for setting, variable in (("memory_limit", "FOOTFALL_MEMORY"), ("threads", "FOOTFALL_THREADS")):
        if value := os.environ.get(variable):
            connection.execute(f"set {setting} = {sql_text(value)}")


def _compared(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, int]:
    found = {
        database: {
            **_counted_catalogues(connection, database),
            **_counted_tables(connection, database),
        }
        for database in (name, _FRESH)
    }
    if found[name] != found[_FRESH]:
        raise CompactionError(
            "The copy of the warehouse is not what it was made of, and was removed: "
            f"{sorted(found[name].items() ^ found[_FRESH].items())}"
        )
    return _counted_tables(connection, _FRESH)


def _counted_catalogues(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    queries = {
        **dict.fromkeys(_CATALOGUES, ""),
        **{f"comments of {one}": " and comment is not null" for one in _COMMENTED},
    }
    counts = {}
    for called, condition in queries.items():
        ((count,),) = connection.execute(
            f"select count(*) from {called.removeprefix('comments of ')}()"
            f" where database_name = $database{condition}",
            {"database": database},
        ).fetchall()
        counts[called] = int(count)
    return counts


def _counted_tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $database"
        " order by all",
        {"database": database},
    ).fetchall()
    counts = {}
    for schema, table in tables:
        place = f"{quoted(database)}.{quoted(schema)}.{quoted(table)}"
        ((count,),) = connection.execute(f"select count(*) from {place}").fetchall()
        counts[f"{schema}.{table}"] = int(count)
    return counts


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(draft: Path) -> None:
    for leftover in (draft, draft.with_name(f"{draft.name}.wal")):
        leftover.unlink(missing_ok=True)
