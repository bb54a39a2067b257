"""Whom an arm helps: learners of uplift on any experiment, measured on units kept apart.

usage: python benchmarks/bench_uplift.py --file FILE --arm COLUMN --control VALUE
           --outcome COLUMN --features a,b,...
       python benchmarks/bench_uplift.py --planted [--runs 20] [--units 1000]

FILE is CSV or Parquet with a row a unit. FEATURES are columns that were known before a unit was
assigned; without them the command stops and lists what could be one. docs/experiments.md says how
units are split and what each figure means. --planted makes experiments up instead, whose effect is
known, and prints how often evidence of uplift is found where there is none and where there is.

Prints a table of each arm, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray
from footfall.experiments.files.features import read_subjects
from footfall.experiments.files.problems import ExperimentProblem
from footfall.experiments.uplift.cases import LEAST_UNITS
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


#: What an arm does in experiments that are made up: nothing, the same for all, or all of it for
#: the half with a high first feature.
EFFECTS = ("none", "alike", "planted")
OUTCOMES = ("converted", "spend")
_FEATURES = 8


def made_up(
    outcome: str, effect: str, units: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return features, outcomes and who was treated, of an experiment whose effect is known.

    Who has more of the second feature buys more, in both arms. `converted` is 0 or 1, raised from
    .3 by .1 on average; `spend` is lognormal for the third who buy, and is raised by 12, a third
    of a standard deviation.
    """
    features = rng.normal(size=(units, _FEATURES))
    treated = rng.permutation(units) < units / 2
    gains = {
        "none": np.zeros(units),
        "alike": np.ones(units),
        "planted": 2.0 * (features[:, 0] > 0),
    }
    gain = gains[effect] * treated
    bought = rng.random(units)
    if outcome == "converted":
        level = np.clip(0.3 + 0.1 * features[:, 1], 0.05, 0.7)
        return features, (bought < level + 0.1 * gain).astype(np.float64), treated
    amount = rng.lognormal(3 + 0.4 * features[:, 1], 1.0)
    return features, np.where(bought < 1 / 3, amount, 0.0) + 12 * gain, treated


def found_evidence(runs: int, units: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the part of made-up experiments with evidence of uplift, by outcome and effect."""
    found = {}
    for place, outcome in enumerate(OUTCOMES):
        found[outcome] = {}
        for other, effect in enumerate(EFFECTS):
            rng = np.random.default_rng([seed, place, other])
            tried = [try_uplift(*made_up(outcome, effect, units, rng), run) for run in range(runs)]
            found[outcome][effect] = float(np.mean([one.has_evidence for one in tried]))
    return found


def print_evidence(found: dict[str, dict[str, float]], runs: int, units: int) -> None:
    """Print a line for each outcome."""
    print(f"Part of {runs} made-up experiments of {units:,} units with evidence of uplift, by what "
          "the arm does")  # fmt: skip
    print(f"{'':12s}{'nothing':>12s}{'same for all':>16s}{'half are helped':>18s}")
    for outcome, rates in found.items():
        print(f"{outcome:12s}{rates['none']:12.3f}{rates['alike']:16.3f}{rates['planted']:18.3f}")


def main() -> None:
    """Read, learn, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path)
    for name in ("arm", "control", "outcome"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--features", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--units", type=int, default=1_000)
    options = parser.parse_args()
    if options.planted:
        if options.runs < 1 or options.units < 2 * LEAST_UNITS:
            parser.error(f"--runs is 1 or more, --units {2 * LEAST_UNITS} or more")
        rates = found_evidence(options.runs, options.units, options.seed)
        print_evidence(rates, options.runs, options.units)
        print(json.dumps({"runs": options.runs, "units": options.units, "evidence": rates}))
        return
    needed = ("file", "arm", "control", "outcome")
    if missing := [f"--{name}" for name in needed if getattr(options, name) is None]:
        parser.error(f"also give {' '.join(missing)}, or --planted alone")
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
