"""A file as a relation of DuckDB, its columns as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.experiments.files.problems import ExperimentProblem

#: Words that CSV files write where nothing is known.
NOTHING = ("", "na", "n/a", "nan", "null", "none", "\\n")
_NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "REAL")


@dataclass(frozen=True)
class Source:
    """A file that is read.

    Attributes
    ----------
    path
        Of the file.
    relation
        SQL that reads it.
    types
        Type of each column, by name, in their order.
    """

    path: Path
    relation: str
    types: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return list(self.types)


def opened(connection: duckdb.DuckDBPyConnection, path: Path) -> Source:
    """Find out how a file is read.

    CSV is read as text, so that an arm `01` stays what it is and every number that is none can be
    named.

    Raises
    ------
    ExperimentProblem
        There is no such file, it is neither CSV nor Parquet, or it has no rows.
    """
    if not path.is_file():
        raise ExperimentProblem(f"{path} does not exist, or is no file")
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    place = sql_text(_without_patterns(str(path)))
    relation = (
        f"read_parquet({place})"
        if is_parquet
        else f"read_csv({place}, all_varchar = true, header = true)"
    )
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
        (rows,) = connection.execute(
            f"select count(*) from (select * from {relation} limit 1)"
        ).fetchall()[0]
    except duckdb.Error as error:
        raise ExperimentProblem(
            f"{path} cannot be read as CSV or Parquet: {str(error).splitlines()[0]}"
        ) from error
    if not rows:
        raise ExperimentProblem(f"{path} has no rows")
    return Source(path, relation, {row[0]: row[1] for row in described})


def as_number(column: str, kind: str) -> str:
    """Return SQL that reads a column as a number, null where it holds none.

    Booleans are 0 and 1, in text as well; NaN is nothing.
    """
    name = quoted(column)
    if kind == "BOOLEAN":
        return f"cast({name} as double)"
    if kind.startswith("VARCHAR"):
        number = (
            f"case lower(trim({name})) when 'true' then 1e0 when 'false' then 0e0"
            f" else try_cast(trim({name}) as double) end"
        )
    else:
        number = f"cast({name} as double)"
    return f"case when isnan({number}) then null else {number} end"


def is_no_number(column: str, kind: str) -> str:
    """Return SQL that is true where a column holds something that is no finite number."""
    name = quoted(column)
    infinite = f"coalesce(isinf({as_number(column, kind)}), false)"
    if kind.startswith("VARCHAR"):
        words = ", ".join(sql_text(word) for word in NOTHING)
        wrong = (
            f"({name} is not null and lower(trim({name})) not in ({words})"
            f" and {as_number(column, kind)} is null)"
        )
        return f"({wrong} or {infinite})"
    return infinite


def check_kind(column: str, kind: str, variable: str) -> None:
    """Refuse a column whose type holds no numbers.

    Raises
    ------
    ExperimentProblem
        It is a time, a list or anything else.
    """
    holds = kind == "BOOLEAN" or kind.startswith("VARCHAR") or any(one in kind for one in _NUMBERS)
    if not holds or "[" in kind or kind.startswith(("STRUCT", "MAP", "INTERVAL", "ENUM")):
        raise ExperimentProblem(
            f"{variable}: column '{column}' is of type {kind}, which is no number"
        )


def _without_patterns(path: str) -> str:
    """Write a path so that DuckDB takes no part of it for a pattern."""
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in path)
