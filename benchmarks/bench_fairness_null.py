"""How often an attribute that means nothing is flagged, and how often a planted gap is found.

usage: python benchmarks/bench_fairness_null.py [--runs 4000] [--people 1000] [--seed 0]

Each run makes up two groups of --people: a score, what happened and whom the score picks. An
attribute that means nothing is drawn at random; where a gap is planted, .25 of one group is picked
and .20 of the other. Theory for the planted gap is the power of the test of two proportions.

Prints a table, and as its last line one JSON object. Exits with 1 where a rate is out of bounds.
"""

from __future__ import annotations

import argparse
import json
import math

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.fairness.gaps import ALPHA, GAP, corrected, gaps_of
from footfall.fairness.metrics import METRICS, TWO_SIDED
from footfall.fairness.rows import Rows

BASE, PLANTED = 0.2, 0.05
#: Bounds of what is flagged at random, and the least of what is found.
LEAST_FLAGGED, MOST_FLAGGED, LEAST_FOUND = 0.04, 0.06, 0.70
#: Shuffling people is slower than drawing counts: metrics that need it have fewer draws, and so
#: have gaps that are there, which are drawn on where p is small.
_SHUFFLED = ("calibration", "auc")
_FEWER_DRAWS = 199


def made_up(group: IntArray, picked: BoolArray, rng: np.random.Generator) -> Rows:
    """Return people whose score is calibrated, and who are picked as said."""
    chance = rng.beta(2, 6, len(group))
    label = (rng.random(len(group)) < chance).astype(np.float64)
    return Rows(group, ["a", "b"], label, chance, picked, label, chance - label)


def random_attribute(people: int, rng: np.random.Generator) -> Rows:
    """Return people who are picked by their score alone."""
    group = rng.integers(0, 2, 2 * people)
    rows = made_up(group, np.zeros(2 * people, dtype=bool), rng)
    edge: FloatArray = np.quantile(rows.score, 1 - BASE)
    return Rows(
        group, rows.groups, rows.label, rows.score, rows.score >= edge, rows.worth, rows.error
    )


def planted_gap(people: int, rng: np.random.Generator) -> Rows:
    """Return two groups of one size, one of them picked more often."""
    group = np.repeat([0, 1], people)
    picked = rng.random(2 * people) < BASE + PLANTED * group
    return made_up(group, picked, rng)


def power(people: int) -> float:
    """Return how often the test of two proportions finds the planted gap."""
    other = BASE + PLANTED
    error = math.sqrt((BASE * (1 - BASE) + other * (1 - other)) / people)
    return 0.5 * math.erfc(-(PLANTED / error - TWO_SIDED) / math.sqrt(2))


def main() -> None:
    """Make up, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=4_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.runs < 1 or options.people < 1:
        parser.error("--runs and --people are 1 or more")
    rates = [metric for metric in METRICS if metric not in _SHUFFLED]
    flagged = dict.fromkeys(METRICS, 0)
    after_correction, found = 0, 0
    for run in range(options.runs):
        rng = np.random.default_rng([options.seed, run])
        rows = random_attribute(options.people, rng)
        gaps = gaps_of(rows, seed=run, metrics=rates)
        gaps += gaps_of(rows, seed=run, metrics=_SHUFFLED, draws=_FEWER_DRAWS)
        for gap in gaps:
            flagged[gap.metric] += gap.p <= ALPHA
        after_correction += any(gap.verdict == GAP for gap in corrected(gaps))
        planted = gaps_of(
            planted_gap(options.people, rng),
            seed=run,
            draws=_FEWER_DRAWS,
            metrics=["selection_rate"],
        )
        found += planted[0].p <= ALPHA
    shares = {metric: flagged[metric] / options.runs for metric in METRICS}
    print(f"Part of {options.runs:,} runs in which a random attribute is flagged (p of {ALPHA} or "
          f"less), two groups of about {options.people:,}")  # fmt: skip
    for metric, share in shares.items():
        print(f"  {metric:22s}{share:8.4f}")
    print(f"  {'any, corrected':22s}{after_correction / options.runs:8.4f}")
    print(f"Part of runs in which a planted gap of {PLANTED} at {BASE} is found: "
          f"{found / options.runs:.4f}, theory {power(options.people):.4f}")  # fmt: skip
    passed = (
        LEAST_FLAGGED <= shares["selection_rate"] <= MOST_FLAGGED
        and found / options.runs >= LEAST_FOUND
    )
    print(json.dumps({
        "runs": options.runs, "people": options.people, "flagged": shares["selection_rate"],
        "flagged_by_metric": shares, "flagged_after_correction": after_correction / options.runs,
        "found": found / options.runs, "theory": power(options.people), "passed": passed,
    }))  # fmt: skip
    if not passed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
