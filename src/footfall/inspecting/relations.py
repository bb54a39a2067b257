"""Relations of a warehouse that can be looked at in seconds: views of their first rows, in memory.

They have the names of the relations, so that macros and messages read as they do in a build.
"""

import re
from pathlib import Path

import duckdb

from footfall.inspecting.inputs import MOST_ROWS

#: What the warehouse is called on the connection.
WAREHOUSE = "warehouse"
_PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')


def attach_warehouse(opened: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Attach a warehouse for reading; False where there is none, or where somebody writes to it."""
    if not Path(database).is_file():
        return False
    place = str(Path(database).absolute()).replace("'", "''")
    try:
        opened.execute(f"attach '{place}' as {WAREHOUSE} (read_only)")
    except (duckdb.IOException, duckdb.ResourceInUseException):
        # Most often a lock. The build opens the file by itself, and reports what it meets.
        return False
    return True


def show_first_rows(
    opened: duckdb.DuckDBPyConnection, name: str, database: str, kind: str = "table"
) -> bool | None:
    """Make views of the first rows of relations of the attached warehouse.

    Parameters
    ----------
    opened
        A connection on which `attach_warehouse` has succeeded.
    name
        A relation or a schema as a var names it, such as `raw.events`.
    database
        The file of the warehouse, whose stem is the name of its database.
    kind
        `table` for the relation alone, `neighbours` for what else is in its schema, too, `schema`
        where the name is that of a schema.

    Returns
    -------
    bool or None
        Whether the views hold all rows; None where the name leads to another database.

    Raises
    ------
    duckdb.CatalogException
        There is no such relation.
    """
    parts = [_bare(part) for part in _PART.findall(name)] + ([""] if kind == "schema" else [])
    *catalog, schema, table = ["main", *parts][-max(2, len(parts)) :]
    if catalog and [one.lower() for one in catalog] != [Path(database).stem.lower()]:
        return None
    place = ".".join(_quoted(one) for one in [*catalog, schema])
    if catalog:
        opened.execute(f"attach if not exists ':memory:' as {_quoted(catalog[0])}")
    opened.execute(f"create schema if not exists {place}")
    is_whole = True
    for one in _tables(opened, schema, table, kind):
        rows = f"{WAREHOUSE}.{_quoted(schema)}.{_quoted(one)}"
        try:
            opened.execute(
                f"create view if not exists {place}.{_quoted(one)} as"
                f" select * from {rows} limit {MOST_ROWS}"
            )
        except duckdb.Error:
            # Next to it may be a view whose files are gone, which nothing has to read.
            if one == table:
                raise
            continue
        rest = opened.execute(f"select 1 from {rows} limit 1 offset {MOST_ROWS}").fetchall()
        is_whole = is_whole and not rest
    return is_whole


def settled_names(opened: duckdb.DuckDBPyConnection, source: str) -> list[str] | None:
    """Return names of events that the attached warehouse has left out; None where it has no list.

    A build that was broken off at the first models, or an older version, may have left none.
    """
    place = f"{WAREHOUSE}.intermediate.int_rejected_rows"
    try:
        found = opened.execute(
            f"select distinct event_type from {place} where source = ? and event_type is not null",
            [source],
        ).fetchall()
    except duckdb.CatalogException:
        return None
    return [name for (name,) in found]


def _tables(opened: duckdb.DuckDBPyConnection, schema: str, table: str, kind: str) -> list[str]:
    """Return the names of what is looked at in a schema."""
    if kind == "table":
        return [table]
    found = opened.execute(
        "select distinct table_name from information_schema.tables"
        f" where table_catalog = '{WAREHOUSE}' and lower(table_schema) = lower(?)"
        " order by table_name",
        [schema],
    ).fetchall()
    others = [one for (one,) in found if one.lower() != table.lower()]
    return [table, *others] if table else others


def _bare(part: str) -> str:
    """Return a part of a name without its quotes."""
    if part.startswith('"'):
        return part[1:-1].replace('""', '"')
    return part.strip()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
