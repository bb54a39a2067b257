"""Metrics, covariates and shares as a user writes them, for columns of any name.

Names are separated by commas, and a column may hold commas, slashes and colons itself: what was
written is taken apart so that every part is a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from footfall.experiments.files.problems import ExperimentProblem

Part = TypeVar("Part")
_SHARE = re.compile(r"\s*(.*?)\s*:\s*([^:,]*?)\s*(?:,|$)", re.S)
#: Shares that were rounded still count as 1 together.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Metric:
    """A metric as it was asked for.

    Attributes
    ----------
    name
        As the user wrote it.
    column
        Of the outcome, or of a ratio's numerator.
    denominator
        Column of a ratio's denominator; None for a mean.
    """

    name: str
    column: str
    denominator: str | None = None


def column_named(name: str, columns: Sequence[str], variable: str, source: str) -> str:
    """Return the column of a name.

    Raises
    ------
    ExperimentProblem
        There is none; the message lists those that there are.
    """
    for candidate in (name, name.strip()):
        if candidate in columns:
            return candidate
    raise ExperimentProblem(
        f"{variable}: {source} has no column '{name}'; its columns are {listed(columns)}"
    )


def columns_of(text: str, columns: Sequence[str], variable: str, source: str) -> list[str]:
    """Take names of columns apart, which commas separate and may hold as well.

    Raises
    ------
    ExperimentProblem
        A part is no column; the message lists those that there are.
    """

    def column(part: str) -> str | None:
        return next((name for name in (part, part.strip()) if name in columns), None)

    found = _taken_apart(text, column)
    if found is None:
        lost = next((part for part in text.split(",") if column(part) is None), text)
        return [column_named(lost, columns, variable, source)]
    return found


def metrics_of(text: str, columns: Sequence[str], source: str) -> list[Metric]:
    """Take METRICS apart: columns, and ratios of two columns as numerator/denominator.

    Raises
    ------
    ExperimentProblem
        A part is no column, or one is named twice.
    """

    def metric(part: str) -> Metric | None:
        for name in (part, part.strip()):
            if name in columns:
                return Metric(name, name)
            for top, bottom in _cuts(name, "/"):
                if top in columns and bottom in columns:
                    return Metric(name, top, bottom)
        return None

    found = _taken_apart(text, metric)
    if found is None:
        lost = next(part for part in text.split(",") if metric(part) is None)
        if not lost.strip():
            raise ExperimentProblem(f"METRICS is '{text}': there is no name at one of its commas")
        sides = [side.strip() for side in lost.split("/")]
        missing = next((side for side in sides if side not in columns), lost)
        raise ExperimentProblem(
            f"METRICS: {source} has no column '{missing}'; its columns are {listed(columns)}"
        )
    names = [one.name for one in found]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise ExperimentProblem(f"METRICS names '{repeated}' twice")
    return found


def covariates_of(
    text: str, metrics: Sequence[Metric], columns: Sequence[str], source: str
) -> dict[str, str]:
    """Take COVARIATE apart: one column for all metrics, or metric:column for some.

    Returns
    -------
    dict
        Column by name of the metric.

    Raises
    ------
    ExperimentProblem
        A part names no metric or no column, or the metric itself.
    """
    if not text.strip():
        return {}
    names = {one.name for one in metrics}

    def pair(part: str) -> tuple[str, str] | None:
        return next(
            (
                (metric, column)
                for metric, column in _cuts(part, ":")
                if metric in names and column in columns
            ),
            None,
        )

    whole = next((one for one in (text, text.strip()) if one in columns), None)
    if whole is not None:
        found = {one.name: whole for one in metrics}
    else:
        pairs = _taken_apart(text, pair)
        if pairs is None:
            lost = next((part for part in text.split(",") if pair(part) is None), text)
            raise ExperimentProblem(
                f"COVARIATE: '{lost.strip()}' is neither a column of {source} nor metric:column; "
                f"metrics are {listed(sorted(names))}, columns {listed(columns)}"
            )
        found = dict(pairs)
    for metric in metrics:
        if metric.name in found and found[metric.name] in (metric.column, metric.denominator):
            raise ExperimentProblem(
                f"COVARIATE: '{found[metric.name]}' is the metric itself; a covariate is known "
                "before the experiment starts"
            )
    return found


def shares_of(text: str, column: str = "") -> dict[str, float]:
    """Take SHARES apart: arm:share, …, where a share is .5, 50% or 1/3.

    Parameters
    ----------
    column
        Of the arms, which a message names; empty where there is none.

    Raises
    ------
    ExperimentProblem
        A share is no number above 0, an arm is named twice, or the shares do not add up to 1.
    """
    found: dict[str, float] = {}
    place = 0
    while place < len(text):
        matched = _SHARE.match(text, place)
        if matched is None:
            raise ExperimentProblem(
                f"SHARES: '{text[place:].strip()}' is not arm:share, as in A:0.5,B:0.5"
            )
        arm, share = matched.groups()
        if arm in found:
            raise ExperimentProblem(f"SHARES names the arm '{arm}' twice")
        found[arm] = _share(arm, share)
        place = matched.end()
    total = sum(found.values())
    if abs(total - 1) > ROUNDING:
        parts = " + ".join(f"{arm} {share:g}" for arm, share in found.items())
        of = f" of column '{column}'" if column else ""
        raise ExperimentProblem(f"SHARES{of} add up to {total:g} and not to 1: {parts}")
    return {arm: share / total for arm, share in found.items()}


def one_of(value: str, present: Sequence[str], variable: str, column: str) -> str:
    """Return the arm of a name: as it is written, or the only one that is the same number or word.

    Raises
    ------
    ExperimentProblem
        No unit has it; the message lists the arms that there are.
    """
    if value in present:
        return value
    same = [arm for arm in present if _folded(arm) == _folded(value)]
    if len(same) == 1:
        return same[0]
    raise ExperimentProblem(
        f"{variable}: column '{column}' has no unit with the arm '{value}'; it has "
        f"{listed(present)}"
    )


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return names as a sentence shows them, a few of many."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def by_folded(values: Mapping[str, float], present: Sequence[str], column: str) -> dict[str, float]:
    """Return shares by the arms of a file.

    Raises
    ------
    ExperimentProblem
        An arm of the shares has no unit, or an arm of the file has no share.
    """
    found = {one_of(arm, present, "SHARES", column): share for arm, share in values.items()}
    if without := [arm for arm in present if arm not in found]:
        raise ExperimentProblem(
            f"SHARES has no share for {listed(without)}, which column '{column}' holds"
        )
    return found


def _share(arm: str, text: str) -> float:
    try:
        part = Fraction(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        part = Fraction(0)
    if not part > 0:
        raise ExperimentProblem(f"SHARES: the share of '{arm}' is '{text}', not a number above 0")
    return float(part)


def _folded(name: str) -> str | float:
    try:
        return float(name)
    except ValueError:
        return name.strip().casefold()


def _cuts(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield both sides of each mark, as written and without blanks around them."""
    for found in re.finditer(re.escape(mark), text):
        sides = text[: found.start()], text[found.end() :]
        yield sides
        yield sides[0].strip(), sides[1].strip()


def _taken_apart(text: str, read: Callable[[str], Part | None]) -> list[Part] | None:
    """Split at commas so that every part can be read; the shortest parts first."""
    pieces = text.split(",")
    ways: list[list[Part] | None] = [None] * len(pieces) + [[]]
    for start in range(len(pieces) - 1, -1, -1):
        for end in range(start + 1, len(pieces) + 1):
            after = ways[end]
            part = None if after is None else read(",".join(pieces[start:end]))
            if part is not None and after is not None:
                ways[start] = [part, *after]
                break
    return ways[0]


def check_roles(
    arm: str, unit: str | None, metrics: Sequence[Metric], covariates: Mapping[str, str]
) -> None:
    """Raise where one column is asked for in two roles."""
    used = {one.column: "METRICS" for one in metrics}
    used |= {one.denominator: "METRICS" for one in metrics if one.denominator is not None}
    used |= {column: "COVARIATE" for column in covariates.values() if column not in used}
    for column, role in ((arm, "ARM"), (unit, "UNIT")):
        if column in used:
            raise ExperimentProblem(f"column '{column}' is both {role} and {used[column]}")
    if arm == unit:
        raise ExperimentProblem(f"column '{arm}' is both ARM and UNIT")


def quantile_of(text: str) -> float:
    """Return the quantile that WINSOR asks for, above 0 and at most 1."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise ExperimentProblem(
            f"WINSOR is '{text}': write a quantile above 0 and at most 1, as in WINSOR=0.999"
        )
    return found
