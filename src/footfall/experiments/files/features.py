"""A file with a row a unit as arms, an outcome and a matrix of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.core.quoting import quoted, sql_text
from footfall.experiments.files.names import column_named, columns_of, listed, one_of
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.source import Source, as_number, check_kind, is_no_number, opened
from footfall.experiments.files.units import MOST_ARMS
from footfall.experiments.uplift.cases import LEAST_UNITS

#: A text with more values than this keeps the most frequent ones apart; all others are one.
MOST_LEVELS = 15


@dataclass(frozen=True)
class Subjects:
    """What a file holds.

    Attributes
    ----------
    control
        The arm that others are compared with.
    arm
        Of each unit, text ``[units]``.
    outcome
        Float64 ``[units]``.
    features
        Float64 ``[units, columns]``, NaN where unknown; a text is a column for each of its values.
    columns
        What each column of features holds.
    left_out
        Units without an arm or an outcome.
    """

    control: str
    arm: Array
    outcome: FloatArray
    features: FloatArray
    columns: Sequence[str]
    left_out: int

    @property
    def counts(self) -> Mapping[str, int]:
        """Units of each arm."""
        names, counts = np.unique(self.arm, return_counts=True)
        return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def read_subjects(path: Path, arm: str, control: str, outcome: str, features: str) -> Subjects:
    """Read units with what was known of them before assignment.

    Raises
    ------
    ExperimentProblem
        A column is missing or holds what it must not, no features are named (the message lists
        what could be one), or an arm is too small.
    """
    with duckdb.connect() as connection:
        source = opened(connection, path)
        arm = column_named(arm, source.columns, "ARM", str(path))
        outcome = column_named(outcome, source.columns, "OUTCOME", str(path))
        if arm == outcome:
            raise ExperimentProblem(f"column '{arm}' is both ARM and OUTCOME")
        named = _features(features, source, arm, outcome)
        try:
            return _read(connection, source, arm, control, outcome, named)
        except duckdb.Error as error:
            raise ExperimentProblem(
                f"{path} cannot be read: {str(error).splitlines()[0]}"
            ) from error


def _features(text: str, source: Source, arm: str, outcome: str) -> list[str]:
    candidates = [name for name in source.columns if name not in (arm, outcome)]
    if not text.strip():
        raise ExperimentProblem(
            "FEATURES names the columns that were known before a unit was assigned; what came "
            f"after would leak the outcome. {source.path} has {listed(candidates, 200)}: choose "
            "of these"
        )
    found = columns_of(text, source.columns, "FEATURES", str(source.path))
    for name, role in ((arm, "ARM"), (outcome, "OUTCOME")):
        if name in found:
            raise ExperimentProblem(f"FEATURES: column '{name}' is {role}")
    return list(dict.fromkeys(found))


def _read(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    arm: str,
    control: str,
    outcome: str,
    features: Sequence[str],
) -> Subjects:
    kind = source.types[outcome]
    check_kind(outcome, kind, "OUTCOME")
    kept = ", ".join(quoted(name) for name in (arm, outcome, *features))
    connection.execute(f"create temp table raw as select {kept} from {source.relation}")
    wrong = is_no_number(outcome, kind)
    (bad,) = connection.execute(
        f"select count(*) filter (where {wrong}),"
        f" any_value(cast({quoted(outcome)} as varchar)) filter (where {wrong}) from raw"
    ).fetchall()
    if bad[0]:
        raise ExperimentProblem(
            f"OUTCOME: column '{outcome}' holds values that are not numbers in {bad[0]:,} rows, "
            f"for instance '{bad[1]}'"
        )
    arm_text = f"nullif(cast({quoted(arm)} as varchar), '')"
    known = f"{arm_text} is not null and {as_number(outcome, kind)} is not null"
    arms = connection.execute(
        f"select {arm_text}, count(*) from raw where {known} group by 1 order by 1"
        f" limit {MOST_ARMS + 1}"
    ).fetchall()
    if len(arms) > MOST_ARMS or len(arms) < 2:
        raise ExperimentProblem(
            f"ARM: column '{arm}' has {'too many' if len(arms) > MOST_ARMS else 'fewer than two'} "
            f"arms: {listed([row[0] for row in arms], 3)}"
        )
    chosen = one_of(control, [row[0] for row in arms], "CONTROL", arm)
    if small := next((row for row in arms if row[1] < LEAST_UNITS), None):
        raise ExperimentProblem(
            f"ARM: the arm '{small[0]}' of column '{arm}' has {small[1]:,} units; learning whom "
            f"it helps takes {LEAST_UNITS}"
        )
    columns = [column for name in features for column in _columns(connection, source, name)]
    selected = ", ".join(f"{sql} as c{place}" for place, (_, sql) in enumerate(columns))
    rows = connection.execute(
        f"select {arm_text} as arm, {as_number(outcome, kind)} as outcome, {selected}"
        f" from raw where {known}"
    ).fetchnumpy()
    (every,) = connection.execute("select count(*) from raw").fetchall()
    matrix = np.column_stack(
        [
            np.ma.filled(np.ma.asarray(rows[f"c{place}"], dtype=np.float64), np.nan)
            for place in range(len(columns))
        ]
    )
    arm_of = np.asarray(rows["arm"], dtype=object).astype(str)
    return Subjects(
        chosen,
        arm_of,
        np.asarray(rows["outcome"], dtype=np.float64),
        matrix,
        [name for name, _ in columns],
        int(every[0]) - len(arm_of),
    )


def _columns(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str
) -> list[tuple[str, str]]:
    """Return what each column of a feature holds, and the SQL that makes it."""
    kind, column = source.types[name], quoted(name)
    if kind.startswith(("TIMESTAMP", "DATE")):
        return [(name, f"epoch({column})::double")]
    if not kind.startswith(("VARCHAR", "ENUM")):
        check_kind(name, kind, "FEATURES")
        return [(name, f"nullif(({as_number(name, kind)}), 'inf'::double)")]
    text = f"cast({column} as varchar)"
    if kind.startswith("VARCHAR"):
        (found,) = connection.execute(
            f"select count(*) filter (where {is_no_number(name, kind)}),"
            f" count({as_number(name, kind)}) from raw"
        ).fetchall()
        if not found[0] and found[1]:
            return [(name, as_number(name, kind))]
    levels = connection.execute(
        f"select {text}, count(*) from raw where {column} is not null group by 1"
        f" order by 2 desc, 1 limit {MOST_LEVELS}"
    ).fetchall()
    if not levels:
        raise ExperimentProblem(f"FEATURES: column '{name}' is empty")
    literals = [sql_text(level) for level, _ in levels]
    return [
        (f"{name} = {level}", f"case when {text} = {literal} then 1e0 else 0e0 end")
        for (level, _), literal in zip(levels, literals, strict=True)
    ]
