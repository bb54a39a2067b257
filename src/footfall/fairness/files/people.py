"""A file with a row a person: a score, what happened, a group, and bands to compare within."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import Array, IntArray
from footfall.core.quoting import quoted, sql_text
from footfall.experiments.files.names import column_named
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.source import (
    NOTHING,
    Source,
    as_number,
    check_kind,
    is_no_number,
    opened,
)
from footfall.fairness.bands import MOST_BANDS, banded, quarters
from footfall.fairness.rows import Rows, grouped
from footfall.fairness.selection import CutOff

_SCORE_FROM = "score:"


class FairnessProblem(ExperimentProblem):
    """A file or an option cannot be used; the message names it and says what is allowed."""


@dataclass(frozen=True)
class People:
    """What a file holds.

    Attributes
    ----------
    rows
        Scored people whose outcome is known.
    cut_off
        That picks among them.
    band
        Of each, from 0; ``[rows]``. None without a column to compare within.
    notes
        What else a reader of the figures has to know.
    """

    rows: Rows
    cut_off: CutOff
    band: IntArray | None
    notes: list[str] = field(default_factory=list)


def cut_off_of(text: str) -> CutOff:
    """Read CUT: the part with the highest scores, such as .2, or score:.7 for scores from .7 on.

    Raises
    ------
    FairnessProblem
        It is neither.
    """
    try:
        if text.startswith(_SCORE_FROM):
            least = float(text.removeprefix(_SCORE_FROM))
            if math.isfinite(least):
                return CutOff(least_score=least)
        elif 0 < (share := float(text)) < 1:
            return CutOff(share=share)
    except ValueError:
        pass
    raise FairnessProblem(
        f"CUT is '{text}': give the part with the highest scores that is picked, such as .2, or "
        "the lowest score that is picked, such as score:.7"
    )


def read_people(
    path: Path, score: str, label: str, group: str, cut: str = ".2", within: str = ""
) -> People:
    """Read people with their score, outcome and group.

    Parameters
    ----------
    path
        Of a CSV or Parquet file.
    score
        Column of the score, larger for more likely. Where all lie between 0 and 1 and there are
        more than two of them, they are probabilities.
    label
        Column of what happened, 0 or 1.
    group
        Column of the attribute.
    cut
        Whom the score picks, as :func:`cut_off_of` reads it.
    within
        Column of bands that groups are compared within; numbers are cut into quarters.

    Raises
    ------
    ExperimentProblem
        The file, a column or the cut-off cannot be used.
    """
    cut_off = cut_off_of(cut)
    with duckdb.connect() as connection:
        source = opened(connection, path)
        try:
            return _read(connection, source, score, label, group, cut_off, within)
        except duckdb.Error as error:
            raise FairnessProblem(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _read(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    score: str,
    label: str,
    group: str,
    cut_off: CutOff,
    within: str,
) -> People:
    path = str(source.path)
    score = column_named(score, source.columns, "SCORE", path)
    label = column_named(label, source.columns, "LABEL", path)
    group = column_named(group, source.columns, "GROUP", path)
    band_column = column_named(within, source.columns, "WITHIN", path) if within else None
    for variable, column in (("SCORE", score), ("LABEL", label)):
        check_kind(column, source.types[column], variable)
        _check_numbers(connection, source, column, variable)
    if label in (score, group) or group == score or band_column in (label, group):
        raise FairnessProblem(
            "SCORE, LABEL, GROUP and WITHIN are different columns: "
            f"'{score}', '{label}', '{group}'" + (f", '{band_column}'" if band_column else "")
        )
    score_sql = as_number(score, source.types[score])
    label_sql = as_number(label, source.types[label])
    band_sql = "cast(null as varchar)" if band_column is None else _text(band_column)
    found = connection.execute(
        f"select {score_sql} as score, {label_sql} as label, {_text(group)} as grp,"
        f" {band_sql} as band from {source.relation}"
    ).fetchnumpy()
    scores, labels = _numbers(found["score"]), _numbers(found["label"])
    wrong = np.isfinite(labels) & (labels != 0) & (labels != 1)
    if wrong.any():
        raise FairnessProblem(
            f"LABEL: column '{label}' holds {labels[wrong][0]:g} in row {int(wrong.argmax()) + 1}"
            f" and {int(wrong.sum()) - 1:,} more like it: it says 0 or 1, whether it happened"
        )
    kept = np.isfinite(scores) & np.isfinite(labels)
    if not kept.any():
        raise FairnessProblem(f"{path} has no row with both '{score}' and '{label}'")
    notes = []
    if not kept.all():
        notes.append(f"{int((~kept).sum()):,} rows without a score or an outcome are left out")
    names, is_known = _texts(found["grp"])
    codes, groups = grouped(names[kept], is_known[kept])
    if not groups:
        raise FairnessProblem(f"GROUP: column '{group}' is empty")
    scores, labels = scores[kept], labels[kept]
    is_decision = len(np.unique(scores)) <= 2
    if is_decision and cut_off.share is not None:
        notes.append(f"'{score}' has two values: the larger one is picked, whatever CUT says")
    is_probability = not is_decision and scores.min() >= 0 and scores.max() <= 1
    if not is_probability:
        notes.append(f"'{score}' is no probability: its calibration is left out")
    rows = Rows(
        codes,
        groups,
        labels,
        scores,
        cut_off.picks(scores),
        labels,
        scores - labels if is_probability else None,
    )
    band = None
    if band_column is not None:
        band = _bands(found["band"], kept, band_column, notes)
    return People(rows, cut_off, band, notes)


def _check_numbers(
    connection: duckdb.DuckDBPyConnection, source: Source, column: str, variable: str
) -> None:
    wrong = is_no_number(column, source.types[column])
    (bad,) = connection.execute(
        f"select count(*) filter (where {wrong}),"
        f" any_value(cast({quoted(column)} as varchar)) filter (where {wrong})"
        f" from {source.relation}"
    ).fetchall()
    if bad[0]:
        raise FairnessProblem(
            f"{variable}: column '{column}' holds values that are not numbers in {bad[0]:,} rows, "
            f"for instance '{bad[1]}'"
        )


def _text(column: str) -> str:
    """Return SQL of a text without space around it, null where it says that nothing is known."""
    text = f"trim(cast({quoted(column)} as varchar))"
    words = ", ".join(sql_text(word) for word in NOTHING)
    return f"case when lower({text}) not in ({words}) then {text} end"


def _numbers(column: Array) -> Array:
    return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)


def _texts(column: Array) -> tuple[Array, Array]:
    values = np.asarray(np.ma.getdata(column), dtype=object)
    known = ~np.ma.getmaskarray(column) & np.array([one is not None for one in values])
    return np.where(known, values, ""), known


def _bands(column: Array, kept: Array, name: str, notes: list[str]) -> IntArray:
    """Return bands of texts as they are, and of more numbers than bands as quarters."""
    texts, known = _texts(column)
    texts, known = texts[kept], known[kept]
    if not known.any():
        raise FairnessProblem(f"WITHIN: column '{name}' is empty")
    if not known.all():
        notes.append(f"{int((~known).sum()):,} rows without '{name}' are a band of their own")
    if len(np.unique(texts[known])) <= MOST_BANDS:
        return banded(texts, known)
    try:
        numbers = np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        raise FairnessProblem(
            f"WITHIN: column '{name}' has more than {MOST_BANDS} values, which are no numbers"
        ) from None
    notes.append(f"'{name}' is cut into quarters")
    return quarters(numbers)
