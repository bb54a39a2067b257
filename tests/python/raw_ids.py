"""Raw ids and plain digests of them, looked for in all that is kept of a shop."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

# Whoever guesses an id makes these of it, and looks where one stands.
DIGESTS = ("md5", "sha1", "sha256")


def note(connection: duckdb.DuckDBPyConnection, ids: Iterable[str], rows: Iterable[str]) -> None:
    """Make the temporary table `telltales` of ids, and of digests of ids and rows.

    Parameters
    ----------
    connection
        Connection to a warehouse.
    ids
        Queries of raw ids; ids of one or two characters say nothing.
    rows
        Queries of raw rows as text.
    """
    digests = " union all ".join(
        f"select '{name} of ' || kind as kind, {name}(text) as value from texts union all"
        f" select '{name} of ' || kind, base64(unhex({name}(text))) from texts"
        for name in DIGESTS
    )
    connection.execute(
        "create temp table telltales as with texts(kind, text) as ("
        + " union ".join(
            f"select '{kind}', cast(text as varchar) from ({query}) as t(text)"
            for kind, queries in (("id", ids), ("row", rows))
            for query in queries
        )
        + f"), digests as ({digests}) select * from digests union all"
        " select 'raw id', text from texts where kind = 'id' and length(text) > 2"
    )


def found_in(
    connection: duckdb.DuckDBPyConnection, columns: Iterable[tuple[str, str, str]]
) -> list[tuple[str, str]]:
    """Find which columns hold a telltale.

    Parameters
    ----------
    connection
        The connection that `note` was called with.
    columns
        What stands in a from clause, the name of a column of text, and how to call it.

    Returns
    -------
    list of tuple
        The name of the column and the kind of telltale.
    """
    # Digests are hex in small letters there, and may be written in others here.
    values = " union all ".join(
        f"select distinct '{called}' as place, {column} as value from {table}"
        for table, column, called in columns
    )
    return connection.sql(
        f"with kept as ({values}) select distinct place, kind from kept"
        " inner join telltales on kept.value = telltales.value"
        " union select distinct place, kind from kept"
        " inner join telltales on lower(kept.value) = telltales.value order by all"
    ).fetchall()


def text_columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """All columns of text of all tables, but for raw rows that were rejected, and simulated ids."""
    return [
        (f'"{schema}"."{table}"', f'"{column}"', f"{schema}.{table}.{column}")
        for schema, table, column in connection.sql(
            "select table_schema, table_name, column_name from information_schema.columns"
            " inner join information_schema.tables using (table_schema, table_name)"
            " where data_type = 'VARCHAR' and table_type = 'BASE TABLE'"
            " and table_schema not in ('raw_storefront', 'truth_storefront')"
            " and (table_name, column_name) <> ('int_rejected_rows', 'raw_row') order by all"
        ).fetchall()
    ]
