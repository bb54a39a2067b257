"""Whom an arm helps: learners of uplift on any experiment, measured on units kept apart.

usage: python benchmarks/bench_uplift.py --file FILE --arm COLUMN --control VALUE
           --outcome COLUMN --features a,b,...

FILE is CSV or Parquet with a row a unit. FEATURES are columns that were known before a unit was
assigned; without them the command stops and lists what could be one. docs/experiments.md says how
units are split and what each figure means.

Prints a table of each arm, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from footfall.experiments.files.features import read_subjects
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.uplift.trials import Trial, try_uplift


def print_trial(arm: str, trial: Trial) -> None:
    """Print the learners of an arm, the chosen one marked."""
    print(f"\n{arm}\n  {'learner':12s}{'Qini':>12s}{'95 % interval':>26s}{'effect top 30 %':>18s}"
          f"{'effect all':>14s}")  # fmt: skip
    for name, one in trial.learners.items():
        bounds = f"[{one.qini_lower:.5g}, {one.qini_upper:.5g}]"
        effects = "".join(
            f"{'-' if value is None else format(value, '.5g'):>{width}s}"
            for value, width in ((one.effect_top_30, 18), (one.effect_all, 14))
        )
        mark = "*" if name == trial.chosen else " "
        print(f"{mark} {name:12s}{one.qini:12.5g}{bounds:>26s}{effects}")
    if trial.has_evidence:
        print(f"  chosen on validation units: {trial.chosen}")
    else:
        print("  no evidence of uplift that differs between units: treat all or none")


def main() -> None:
    """Read, learn, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    for name in ("arm", "control", "outcome"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--features", default="")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        subjects = read_subjects(
            options.file, options.arm, options.control, options.outcome, options.features
        )
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(f"{len(subjects.outcome):,} units, {subjects.left_out:,} left out without an arm or an "
          f"outcome; {len(subjects.columns)} columns of features")  # fmt: skip
    trials = {}
    for arm in subjects.counts:
        if arm == subjects.control:
            continue
        compared = np.isin(subjects.arm, [arm, subjects.control])
        trials[arm] = try_uplift(
            subjects.features[compared],
            subjects.outcome[compared],
            subjects.arm[compared] == arm,
            options.seed,
        )
        print_trial(arm, trials[arm])
    found = {
        arm: {
            "chosen": trial.chosen,
            "learners": {name: asdict(one) for name, one in trial.learners.items()},
        }
        for arm, trial in trials.items()
    }
    print(json.dumps({"arms": found}, allow_nan=False))


if __name__ == "__main__":
    main()
