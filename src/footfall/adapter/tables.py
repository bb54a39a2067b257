"""How a Python model reads its inputs as Arrow, and what it finds of its own last run."""

from typing import Any

import duckdb
import pyarrow as pa
from dbt.flags import get_flags

from footfall.core.quoting import quoted

_BATCH_ROWS = 100_000


def arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Every row of a relation, in memory."""
    return relation.to_arrow_table()


def stream(
    session: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation
) -> pa.RecordBatchReader:
    """Return the rows of a relation batch by batch: memory does not grow with them.

    They come through a connection of their own, because a connection with an open result can do
    nothing else.
    """
    return session.cursor().sql(relation.sql_query()).to_arrow_reader(_BATCH_ROWS)


def first_value(relation: duckdb.DuckDBPyRelation, column: str) -> Any:
    """Return the smallest value of a column; None for a relation without rows."""
    return relation.aggregate(f"min({column})").fetchall()[0][0]


def previous(
    session: duckdb.DuckDBPyConnection, this: Any, column: str | None = None
) -> pa.Table | None:
    """Return what this model's table holds from its last run; None on the first run.

    Parameters
    ----------
    session
        The connection that dbt hands to the model.
    this
        `dbt.this`, with database, schema and identifier.
    column
        One that earlier makings of the table may not have had: None without it.
    """
    name = _standing(session, this, column)
    return None if name is None else session.sql(f"select * from {name}").to_arrow_table()


def to_go_on_from(
    session: duckdb.DuckDBPyConnection, this: Any, column: str | None = None
) -> pa.Table | None:
    """Return what :func:`previous` does; None under ``--full-refresh``.

    For a table that each run adds to, without a fingerprint of its own that says whether what
    stands is right: so a full refresh makes all of it again.
    """
    is_full = getattr(get_flags(), "FULL_REFRESH", False)
    return None if is_full else previous(session, this, column)


def previous_stream(
    session: duckdb.DuckDBPyConnection, this: Any, column: str
) -> pa.RecordBatchReader | None:
    """Return the table of the last run batch by batch; None if it lacks a column.

    Parameters
    ----------
    column
        One that earlier makings of the table may not have had.
    """
    name = _standing(session, this, column)
    return None if name is None else stream(session, session.sql(f"select * from {name}"))


def kept(
    session: duckdb.DuckDBPyConnection, this: Any, column: str, value: str
) -> duckdb.DuckDBPyRelation | None:
    """Return the rows of this model's table if all of them say that they are what is wanted.

    The rows stay in the database until dbt asks for them: memory does not grow with them.

    Parameters
    ----------
    column
        What distinguishes one build of the table from another that is equal in all its rows.
    value
        What it has to be.
    """
    name = _standing(session, this, column)
    if name is None:
        return None
    found = session.sql(f"select distinct {column} from {name} limit 2").fetchall()
    return session.sql(f"select * from {name}") if found == [(value,)] else None


def _standing(
    session: duckdb.DuckDBPyConnection, this: Any, column: str | None = None
) -> str | None:
    """Return the quoted name of this model's table, if it is there and has the column."""
    found = session.execute(
        "select count(*) from information_schema.columns"
        " where table_catalog = ? and table_schema = ? and table_name = ?"
        " and column_name = coalesce(?, column_name)",
        [this.database, this.schema, this.identifier, column],
    ).fetchall()[0][0]
    if not found:
        return None
    return ".".join(quoted(part) for part in (this.database, this.schema, this.identifier))
