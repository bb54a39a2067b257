"""A digest of a table that does not depend on the order of rows or on DuckDB's version."""

from collections.abc import Mapping

import duckdb

from footfall.core.quoting import quoted
from footfall.publishing.contents import Published

Columns = Mapping[str, str]


def columns_of(cursor: duckdb.DuckDBPyConnection, relation: str) -> Columns:
    """Return the columns of a relation, or of a query in brackets, and their types, in order."""
    described = cursor.execute(f"describe from {relation}").fetchall()
    return {row[0]: row[1] for row in described}


def checksum_sql(relation: str, columns: Columns) -> str:
    """Return a query for the number of rows and their digest.

    Each row is a text whose MD5 is taken (RFC 1321); the digests are added up, so that a row counts
    as often as it is there. `hash()` would be faster, but it differs from version to version.
    """
    # A time is shown in the time zone of the session; microseconds are the same for everybody.
    texts = [
        f"coalesce(cast({_as_stored(quoted(name), kind)} as varchar), '\\N')"
        for name, kind in columns.items()
    ]
    row = f"concat_ws(chr(31), {', '.join(texts)})"
    return (
        f"select count(*), md5(cast(coalesce(sum(md5_number_lower({row})), 0) as varchar))"
        f" from {relation}"
    )


def measured(cursor: duckdb.DuckDBPyConnection, mart: str, relation: str) -> Published:
    """Count the rows of a relation and take their digest."""
    query = checksum_sql(relation, columns_of(cursor, relation))
    ((row_count, checksum),) = cursor.execute(query).fetchall()
    return Published(mart, row_count, checksum)


def _as_stored(column: str, kind: str) -> str:
    return f"epoch_us({column})" if kind == "TIMESTAMP WITH TIME ZONE" else column
