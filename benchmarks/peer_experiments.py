"""What gbstats and tea-tasting make of random sums: run by the Python of an environment of its own.

    python -m venv peers
    peers/bin/pip install numpy scipy pandas pydantic tea-tasting
    peers/bin/pip install --no-deps gbstats==0.8.0
    peers/bin/python benchmarks/peer_experiments.py > tests/data/experiments/peers.json

gbstats pins an old NumPy, hence --no-deps. Prints one JSON object: the versions and 100 cases, each
with the sums of two arms and the answers. Of gbstats the properties of its tests are read, not its
`compute_result`, which answers 0 instead of a figure where an arm has no conversion.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import (
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
)
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics.mean import Mean, RatioOfMeans

CASES = 100
TUNING = 5_000


def units_of(rng: np.random.Generator, kind: str) -> dict[str, np.ndarray]:
    """Draw an arm: outcome y, denominator d and covariate x of each unit."""
    count = int(rng.integers(30, 2_000))
    rate = rng.gamma(0.7, rng.uniform(0.5, 3), count)
    x = rng.poisson(rate * 2).astype(float)
    d = rng.poisson(rate) + 1.0
    if kind.startswith("conversion"):
        y = (rng.random(count) < 1 - np.exp(-rate / 5)).astype(float)
    else:
        y = rng.poisson(rate) * rng.lognormal(3, 1, count)
    return {"y": y, "d": d, "x": x}


def sums_of(units: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the sums of an arm under the names of `moments.from_sums`."""
    y, d, x = (units[name] for name in "ydx")
    return {
        "units": len(y), "y": y.sum(), "yy": (y * y).sum(), "x": x.sum(), "xx": (x * x).sum(),
        "xy": (x * y).sum(), "d": d.sum(), "dd": (d * d).sum(), "yd": (y * d).sum(),
        "xd": (x * d).sum(),
    }  # fmt: skip


def statistic(sums: dict[str, float], kind: str) -> Any:
    """Return the sums as gbstats takes them."""
    count = int(sums["units"])
    y = SampleMeanStatistic(n=count, sum=sums["y"], sum_squares=sums["yy"])
    if kind == "ratio":
        d = SampleMeanStatistic(n=count, sum=sums["d"], sum_squares=sums["dd"])
        return RatioStatistic(n=count, m_statistic=y, d_statistic=d, m_d_sum_of_products=sums["yd"])
    if kind.endswith("cuped"):
        x = SampleMeanStatistic(n=count, sum=sums["x"], sum_squares=sums["xx"])
        return RegressionAdjustedStatistic(
            n=count, post_statistic=y, pre_statistic=x, post_pre_sum_of_products=sums["xy"], theta=0
        )
    return y


def by_gbstats(control: dict[str, float], treated: dict[str, float], kind: str) -> dict[str, Any]:
    """Ask for the difference, the lift and the sequence."""
    found: dict[str, Any] = {}
    for name in ("absolute", "relative"):
        if name == "relative" and not control["y"]:
            continue
        settings = {"difference_type": name}
        arms = [statistic(one, kind) for one in (control, treated)]
        test = TwoSidedTTest(*arms, FrequentistConfig(**settings))
        found[name] = {
            "estimate": test.point_estimate,
            "interval": test.confidence_interval,
            "p": test.p_value,
            "theta": getattr(test.stat_a, "theta", None),
        }
        arms = [statistic(one, kind) for one in (control, treated)]
        sequence = SequentialTwoSidedTTest(
            *arms, SequentialConfig(sequential_tuning_parameter=TUNING, **settings)
        )
        found[name]["sequence"] = sequence.confidence_interval
        found[name]["sequence_p"] = sequence.p_value
    return found


def by_tea_tasting(
    control: dict[str, np.ndarray], treated: dict[str, np.ndarray], kind: str
) -> dict[str, Any]:
    """Ask for the difference, ratios with a covariate included."""

    def aggregates(units: dict[str, np.ndarray]) -> Aggregates:
        names = sorted(units)
        pairs = [(a, b) for a in names for b in names if a < b]
        return Aggregates(
            count_=len(units["y"]),
            mean_={name: float(units[name].mean()) for name in names},
            var_={name: float(units[name].var(ddof=1)) for name in names},
            cov_={(a, b): float(np.cov(units[a], units[b])[0, 1]) for a, b in pairs},
        )

    metric = (
        RatioOfMeans("y", "d", "x" if kind.endswith("cuped") else None)
        if kind.startswith("ratio")
        else Mean("y", "x" if kind.endswith("cuped") else None)
    )
    result = metric.analyze_aggregates(aggregates(control), aggregates(treated))
    return {
        "estimate": result.effect_size,
        "interval": [result.effect_size_ci_lower, result.effect_size_ci_upper],
        "p": result.pvalue,
    }


def main() -> None:
    """Draw, ask, print."""
    rng = np.random.default_rng(20_240)
    kinds = ("mean", "mean_cuped", "ratio", "ratio_cuped", "conversion", "conversion_cuped",
             "conversion_none_in_treated", "conversion_none_in_control")  # fmt: skip
    cases = []
    for number in range(CASES):
        kind = kinds[number % len(kinds)]
        arms = [units_of(rng, kind) for _ in range(2)]
        if kind.endswith("none_in_control"):
            arms[0]["y"][:] = 0
        if kind.endswith("none_in_treated"):
            arms[1]["y"][:] = 0
        sums = [sums_of(one) for one in arms]
        case: dict[str, Any] = {"kind": kind, "control": sums[0], "treated": sums[1]}
        # gbstats has no ratio with a covariate.
        if kind != "ratio_cuped":
            case["gbstats"] = by_gbstats(sums[0], sums[1], kind)
        case["tea_tasting"] = by_tea_tasting(*arms, kind)
        cases.append(case)
    answers = {
        "versions": {name: version(name) for name in ("gbstats", "tea-tasting", "numpy", "scipy")},
        "tuning": TUNING,
        "cases": cases,
    }
    json.dump(answers, sys.stdout, default=float)
    print()


if __name__ == "__main__":
    main()
