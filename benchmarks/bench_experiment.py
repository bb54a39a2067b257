"""An experiment of any file: is it sound, and does an arm do better?

usage: python benchmarks/bench_experiment.py --file FILE --arm COLUMN --control VALUE
           --metrics a,b,revenue/orders [--covariate x | metric:x,...] [--shares arm:share,...]
           [--unit COLUMN] [--winsor 0.999]
       python benchmarks/bench_experiment.py --sums FILE

FILE is CSV or Parquet with a row a unit, or with --unit any number of rows a unit, whose metrics
are summed. --sums reads counts, means and variances over time, in the columns of the ASOS Digital
Experiments Dataset. docs/experiments.md says what each figure means.

Prints tables, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from footfall.experiments.files import checkpoints, results
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.files.units import Request, Units, read_units
from footfall.pages.theme.words import Words, read_words

WORDS = Path(__file__).resolve().parents[1] / "seeds/words/en.csv"


def shown(value: float | None, digits: int = 5) -> str:
    """Return a figure as a table shows it."""
    return "-" if value is None else f"{value:.{digits}g}"


def interval(lower: float | None, upper: float | None) -> str:
    """Return an interval as a table shows it."""
    return "-" if lower is None else f"[{shown(lower)}, {shown(upper)}]"


def print_units(units: Units, found: dict[str, Any], words: Words) -> None:
    """Print how the file was read, the health, and a table of each metric."""
    health = found["health"]
    for note in units.notes:
        print(f"Note: {note}")
    print("\nUnits")
    for arm, count in units.arms.items():
        designed = "" if units.shares is None else f"  designed share {units.shares[arm]:.4g}"
        control = "  (control)" if arm == units.control else ""
        print(f"  {arm:24s}{count:12,}{designed}{control}")
    print(f"  in two arms, left out   {units.switchers:12,}")
    print(f"  arm or metric unknown   {units.null_units:12,}")
    assumed = " if shares were meant to be equal" if units.shares is None else ""
    verdict = "FAILED" if health["srm_failed"] else "passed"
    print(f"  sample ratio: {verdict}{assumed}, p {shown(health['srm_p'], 3)}, Bayes factor "
          f"{shown(health['srm_bayes_factor'], 3)}")  # fmt: skip
    for problem in results.imbalances(units, words):
        print(f"  FAILED: {problem}")
    for metric in units.metrics:
        control = units.moments[metric.name][units.control]
        print(f"\n{metric.name}: {int(control.units):,} units of '{units.control}'")
        for arm, figures in found["metrics"][metric.name].items():
            print_arm(arm, figures)


def print_arm(arm: str, figures: dict[str, Any]) -> None:
    """Print the figures of an arm, a line for each way of reading it."""
    print(f"  {arm}: {figures['n']:,} units, mean {shown(figures['mean'])}, lift "
          f"{shown(figures['lift'], 3)} {interval(figures['lift_lower'], figures['lift_upper'])}"
    )  # fmt: skip
    bounds = interval(figures["lower"], figures["upper"])
    p = shown(figures["p"], 3)
    print(f"    fixed         {shown(figures['difference']):>12s} {bounds}  p {p}")
    if "theta" in figures:
        print(f"    fixed, CUPED  {shown(figures['difference_cuped']):>12s} "
              f"{interval(figures['lower_cuped'], figures['upper_cuped'])}  "
              f"p {shown(figures['p_cuped'], 3)}  variance kept "
              f"{shown(figures['variance_kept'], 3)}")  # fmt: skip
    bounds = interval(figures["always_valid_lower"], figures["always_valid_upper"])
    print(f"    always valid  {shown(figures['difference']):>12s} {bounds}")
    if "reason" in figures:
        print(f"    undefined: {figures['reason']}")


def print_checkpoints(found: dict[str, Any]) -> None:
    """Print how many arms each way of reading tells from their control."""
    rows = [
        arm
        for experiment in found["experiments"].values()
        for metric in experiment["metrics"].values()
        for arm in metric.values()
    ]
    experiments = found["experiments"].values()
    peeked = [one for one in rows if one["peeked_p"] is not None]
    at_end = [one for one in rows if one["p"] is not None and one["p"] < 0.05]
    print(f"{len(experiments)} experiments, {len(rows)} series of an arm and a metric, "
          f"{sum(one['checkpoints'] for one in rows):,} checkpoints; "
          f"{len(rows) - len(peeked)} without any variance")  # fmt: skip
    print("Arms that differ from their control:")
    print(f"  fixed, at the last checkpoint        {len(at_end):6d}")
    print(f"  fixed, at any checkpoint             "
          f"{sum(one['peeked_p'] < 0.05 for one in peeked):6d}")  # fmt: skip
    print(f"  planned looks, 20                    "
          f"{sum(one['planned_looks_decided'] for one in rows):6d}")  # fmt: skip
    print(f"  always valid, at any checkpoint      "
          f"{sum(one['always_valid_decided'] for one in rows):6d}")  # fmt: skip
    print(f"Experiments whose arms are not of equal size, p < .001 (shares are unknown): "
          f"{sum(one['health']['srm_failed'] for one in experiments)}")  # fmt: skip


def main() -> None:
    """Read, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sums", type=Path)
    parser.add_argument("--file", type=Path)
    for name in ("arm", "control", "metrics"):
        parser.add_argument(f"--{name}")
    for name in ("covariate", "shares", "unit"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--winsor", default="1")
    options = parser.parse_args()
    words = read_words(WORDS)
    try:
        if options.sums is not None:
            found = checkpoints.results_of(checkpoints.read_checkpoints(options.sums), words)
            print_checkpoints(found)
        else:
            missing = [
                f"--{name}" for name in ("file", "arm", "control", "metrics")
                if getattr(options, name) is None
            ]  # fmt: skip
            if missing:
                parser.error(f"also give {' '.join(missing)}, or --sums alone")
            units = read_units(
                options.file,
                Request(
                    options.arm, options.control, options.metrics, options.covariate,
                    options.shares, options.unit, options.winsor,
                ),
            )  # fmt: skip
            found = results.results_of(units, words)
            print_units(units, found, words)
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps(found, allow_nan=False))


if __name__ == "__main__":
    main()
