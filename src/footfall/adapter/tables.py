"""How a Python model reads its inputs as Arrow, and what it finds of its own last run."""

from typing import Any

import duckdb
import pyarrow as pa

_BATCH_ROWS = 100_000


def arrow(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Every row of a relation, in memory."""
    return relation.to_arrow_table()


def stream(
    session: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation
) -> pa.RecordBatchReader:
    """The rows of a relation batch by batch: memory does not grow with them.

    They come through a connection of their own, because a connection with an open result can do
    nothing else.
    """
    return session.cursor().sql(relation.sql_query()).to_arrow_reader(_BATCH_ROWS)


def first_value(relation: duckdb.DuckDBPyRelation, column: str) -> Any:
    """The smallest value of a column; None for a relation without rows."""
    return relation.aggregate(f"min({column})").fetchall()[0][0]


def previous(session: duckdb.DuckDBPyConnection, this: Any) -> pa.Table | None:
    """What this model's table holds from its last run; None on the first run.

    Args:
        session: the connection that dbt hands to the model.
        this: `dbt.this`, with database, schema and identifier.
    """
    found = session.execute(
        "select count(*) from information_schema.tables"
        " where table_catalog = ? and table_schema = ? and table_name = ?",
        [this.database, this.schema, this.identifier],
    ).fetchall()[0][0]
    if not found:
        return None
    name = ".".join(f'"{part}"' for part in (this.database, this.schema, this.identifier))
    return session.sql(f"select * from {name}").to_arrow_table()


def of_run(table: pa.Table | None, run_id: str) -> pa.Table | None:
    """The table if it has rows and all of them come from this run; otherwise None."""
    if table is None or table.num_rows == 0 or "run_id" not in table.column_names:
        return None
    return table if set(table.column("run_id").to_pylist()) == {run_id} else None
