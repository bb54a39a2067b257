"""What a score does to groups of people: metrics of each group, and the gaps between them.

usage: python benchmarks/bench_fairness.py --file FILE --score COLUMN --label COLUMN --group COLUMN
           [--cut .2] [--within COLUMN]

FILE is CSV or Parquet with a row a person. --cut picks the part with the highest scores, or, as
score:.7, those with a score of .7 or more. --within compares groups within the bands of a column,
numbers within quarters. docs/fairness.md says what each figure means.

Prints tables, and as its last line one JSON object: for each metric, difference, lower, upper,
null_95 and p; with --within those within bands.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from footfall.experiments.files.problems import ExperimentProblem
from footfall.fairness.files.people import People, read_people
from footfall.fairness.gaps import GAP, TOO_FEW, Gap, corrected, gaps_of
from footfall.fairness.metrics import FEWEST, METRICS, applies, figure_of
from footfall.fairness.rows import OTHER, UNKNOWN

VERDICTS = {GAP: "groups differ", TOO_FEW: "too few people"}


def shown(value: float) -> str:
    """Return a figure as a table shows it."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def known(value: float) -> float | None:
    """Return a figure as JSON has it."""
    return None if math.isnan(value) else value


def print_groups(people: People) -> None:
    """Print the metrics of each group."""
    rows = people.rows
    metrics = [metric for metric in METRICS if applies(metric, rows)]
    print(f"\n{'group':24s}{'people':>9s}" + "".join(f"{metric:>21s}" for metric in metrics))
    others = [(OTHER, "(all other groups)"), (UNKNOWN, "(unknown)")]
    for place, name in [*enumerate(rows.groups), *others]:
        members = rows.group == place
        if not members.any():
            continue
        figures = [figure_of(metric, rows, members) for metric in metrics]
        print(f"{name:24s}{int(members.sum()):9,}" + "".join(
            f"{'< ' + str(FEWEST) if one.is_suppressed else shown(one.value):>21s}"
            for one in figures))  # fmt: skip


def print_gaps(title: str, gaps: list[Gap]) -> None:
    """Print the gaps between groups, a line a metric."""
    print(f"\n{title}\n{'':22s}{'difference':>11s}{'95 % interval':>17s}{'ratio':>8s}"
          f"{'null 95 %':>11s}{'p':>8s}{'adjusted':>10s}{'closing costs':>15s}")  # fmt: skip
    for one in gaps:
        bounds = f"[{shown(one.lower)}, {shown(one.upper)}]"
        cost = "-" if one.closing is None else f"{100 * one.closing.cost:.1f} %"
        verdict = VERDICTS.get(one.verdict, "no evidence")
        named = f": {one.lowest} … {one.highest}" if one.verdict == GAP else ""
        print(f"{one.metric:22s}{shown(one.difference):>11s}{bounds:>17s}{shown(one.ratio):>8s}"
              f"{shown(one.null_95):>11s}{shown(one.p):>8s}{shown(one.p_adjusted):>10s}{cost:>15s}"
              f"  {verdict}{named}")  # fmt: skip


def as_json(gap: Gap) -> dict[str, Any]:
    """Return a gap as the last line has it."""
    return {
        "difference": known(gap.difference),
        "lower": known(gap.lower),
        "upper": known(gap.upper),
        "null_95": known(gap.null_95),
        "p": known(gap.p),
        "p_adjusted": known(gap.p_adjusted),
        "ratio": known(gap.ratio),
        "highest": gap.highest,
        "lowest": gap.lowest,
        "groups": gap.groups,
        "people": gap.people,
        "closing_cost": None if gap.closing is None else known(gap.closing.cost),
        "verdict": gap.verdict,
    }


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    for name in ("score", "label", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--cut", default=".2")
    parser.add_argument("--within", default="")
    options = parser.parse_args()
    try:
        people = read_people(
            options.file, options.score, options.label, options.group, options.cut, options.within
        )
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    rows = people.rows
    for note in people.notes:
        print(f"Note: {note}")
    print(f"{len(rows):,} people, {int(rows.selected.sum()):,} picked ({people.cut_off.name}), "
          f"{int(rows.label.sum()):,} with the outcome")  # fmt: skip
    print_groups(people)
    found = corrected(gaps_of(rows))
    print_gaps("Gaps between groups", found)
    answer = {one.metric: as_json(one) for one in found}
    if people.band is not None:
        within = corrected(gaps_of(rows, band=people.band))
        bands = len(np.unique(people.band))
        print_gaps(f"Gaps within the {bands} bands of '{options.within}'", within)
        answer = {
            one.metric: {**as_json(one), "without_bands": answer[one.metric]} for one in within
        }
    print(f"\nA gap is called one where its adjusted p is .05 or less. Groups with fewer than "
          f"{FEWEST} people in\nthe denominator are not compared.")  # fmt: skip
    print(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    main()
