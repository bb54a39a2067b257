"""A file of payments under the columns of `int_payment_attempts`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from footfall.risk.files.attempts import attempts_sql
from footfall.risk.files.columns import columns_used, parse_map
from footfall.risk.files.values import FAILED, PAID, check_values, read_values
from footfall.risk.problems import RiskProblem

__all__ = ["PaymentFile", "load_payments", "parse_map"]


@dataclass(frozen=True)
class PaymentFile:
    """What a file holds.

    Attributes
    ----------
    path
        Of the file.
    rows
        That it has.
    unlabelled
        Of them, those whose is_fraud is empty: neither learned from nor judged.
    used
        Columns of the file by the name that they have here.
    ignored
        Columns that mean nothing here.
    notes
        What else a reader of the figures has to know.
    """

    path: Path
    rows: int
    unlabelled: int
    used: dict[str, str]
    ignored: list[str]
    notes: list[str] = field(default_factory=list)


def load_payments(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: dict[str, str],
    delay_days: int,
    *,
    by_delay: bool = False,
) -> PaymentFile:
    """Make `int_payment_attempts`, a view, and `int_risk_refunds` (empty) of a file.

    Parameters
    ----------
    connection
        Of the warehouse.
    path
        CSV or Parquet.
    mapping
        Columns of the file by our names, where they are called otherwise.
    delay_days
        After which a label is known, where the file does not say.
    by_delay
        Whether that goes for all labels, whatever times the file has.

    Raises
    ------
    RiskProblem
        When the file cannot be read, lacks a column, or holds a value that cannot be used; it
        names column and row, the first row of data being 1.
    """
    columns = _read_file(connection, path)
    used = columns_used(path, columns, mapping)
    notes = []
    if by_delay and "labelled_at" in used:
        del used["labelled_at"]
        notes.append("labelled_at is not used: DELAY says when labels are known")
    (rows,) = connection.execute("select count(*) from given").fetchall()[0]
    if not rows:
        raise RiskProblem(f"{path} has no rows")
    read_values(connection, used)
    check_values(connection, path, used)
    connection.execute("create schema if not exists intermediate")
    connection.execute(attempts_sql(delay_days))
    # A table of that name would be one that dbt has made, and noted what with.
    connection.execute(
        "create or replace view intermediate.int_payment_attempts as"
        " select * from intermediate.attempts_of_file"
    )
    # A file says nothing of refunds.
    connection.execute(
        "create or replace table intermediate.int_risk_refunds (order_line_id varchar,"
        " source varchar, attempt_id varchar, amount double, known_at timestamptz)"
    )
    unlabelled, found = _notes(connection)
    connection.execute("drop table given")
    ignored = [name for name in columns if name not in used.values()]
    return PaymentFile(path, rows, unlabelled, used, ignored, notes + found)


def _read_file(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Make the table `given` of a file, its rows numbered; return the names of its columns."""
    if not path.is_file():
        raise RiskProblem(f"{path} does not exist: FILE takes the path of a CSV or Parquet file")
    is_text = any(suffix in (".csv", ".tsv", ".txt") for suffix in path.suffixes)
    reader = "read_csv(?, all_varchar = true)" if is_text else "read_parquet(?)"
    connection.execute("set TimeZone = 'UTC'")
    try:
        connection.execute(
            f"create or replace temp table given as select *, row_number() over () as file_row"
            f" from {reader}",
            [str(path)],
        )
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise RiskProblem(f"{path} cannot be read as CSV or Parquet: {first}") from None
    described = connection.execute("describe given").fetchall()
    return [row[0] for row in described if row[0] != "file_row"]


def _notes(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[str]]:
    """Return how many payments have no label, and what a reader of the figures has to know."""
    notes = []
    (unlabelled,) = connection.execute(
        "select count(*) from payments where is_fraud is null"
    ).fetchall()[0]
    if unlabelled:
        notes.append(f"{unlabelled:,} rows without is_fraud are neither learned from nor judged")
    (unknown,) = connection.execute(
        "select count(*) from payments where amount is null"
    ).fetchall()[0]
    if unknown:
        notes.append(
            f"{unknown:,} rows have no amount: it counts as unknown, and as 0 in money_caught"
        )
    others = connection.execute(
        f"select count(*), min(outcome) from payments where outcome not in {FAILED + PAID}"
    ).fetchall()[0]
    if others[0]:
        notes.append(
            f"{others[0]:,} rows have an outcome that is not known here, such as '{others[1]}': "
            f"they count as paid. Failed are {', '.join(FAILED)}"
        )
    return unlabelled, notes
