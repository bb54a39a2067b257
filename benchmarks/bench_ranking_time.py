"""Next purchases after a date, repeats allowed, full ranking: the scorer as dbt builds it.

usage: python benchmarks/bench_ranking_time.py --vars VARS --cut YYYY-MM-DD --days N [--new-only]

Builds the tables that the scorer reads, the scorer, its back-test and its recommendations with dbt
in a warehouse of its own, with the day after the window as the as-of date. The targets of a
customer are the distinct items bought in the window; customers and items must have been seen
before it. Weights, and the half-life of the personal baseline, come from the window before the
cut. Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).resolve().parents[1]
INPUTS = ("+int_item_events", "+int_items", "+int_cutoffs")
METRICS = ("ndcg_10", "recall_10", "hr_10", "mrr", "coverage_10")


def build(variables: dict[str, Any], select: Sequence[str]) -> float:
    """Builds some models, without their tests, and returns the CPU-seconds that it took."""
    began = time.process_time()
    try:
        outcome = dbtRunner().invoke(
            [
                "build", "--select", *select, "--resource-type", "model", "seed",
                "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
                "--vars", json.dumps(variables), "--quiet",
            ]
        )  # fmt: skip
    finally:
        DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        sys.exit(f"dbt could not build {' '.join(select)}; what it says stands above")
    return time.process_time() - began


def figures_of(warehouse: Path, population: str, cut: datetime.date) -> dict[str, dict[str, Any]]:
    """What the back-test found, by model and metric, and how many customers it judged."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select model, metric, value, lower_bound, upper_bound, customer_count, cutoff_date"
            " from scores.backtest_recommendations where population = ?",
            [population],
        ).fetchall()
    found: dict[str, dict[str, Any]] = {}
    for model, metric, value, low, high, customers, cutoff in rows:
        if cutoff != cut:
            sys.exit(f"the back-test judged the window from {cutoff}, not from {cut}")
        found.setdefault(model, {"customers": customers})[metric] = value
        if metric == "ndcg_10":
            found[model]["ndcg_10_interval"] = [low, high]
    if not found:
        sys.exit(f"nothing to judge after {cut} for {population}: no such purchases in the window")
    return found


def scored_customers(warehouse: Path) -> tuple[int, dict[str, Any]]:
    """How many customers have recommendations, and the run that made them."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ((customers,),) = connection.execute(
            "select count(distinct customer_no) from scores.scored_recommendations"
        ).fetchall()
        ((described,),) = connection.execute(
            "select data from scores.attention_encoder where name = '__run__'"
        ).fetchall()
    return customers, json.loads(described)


def main() -> None:
    """Runs every seed and prints means, spreads and the last line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cut", type=datetime.date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--new-only", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--warehouse", type=Path, help="where to build; a folder that is removed")
    parser.add_argument("--vars", default="{}", help="vars of the project, the source among them")
    options = parser.parse_args()
    if options.days < 1:
        parser.error(f"--days must be at least 1, not {options.days}")
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, not {options.seeds}")
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as folder:
        warehouse = options.warehouse or Path(folder) / "bench.duckdb"
        os.environ["FOOTFALL_DB"] = str(warehouse)
        report(options, warehouse)


def report(options: argparse.Namespace, warehouse: Path) -> None:
    """Builds, reads what was found, and prints it."""
    population = "new items only" if options.new_only else "all items"
    variables: dict[str, Any] = {
        **(yaml.safe_load(options.vars) or {}),
        "backtest_days": options.days,
        "scorer_as_of": str(options.cut + datetime.timedelta(days=options.days)),
    }
    inputs_cpu = build(variables, INPUTS)
    fits: list[float] = []
    scoring: list[float] = []
    runs: list[dict[str, dict[str, Any]]] = []
    described: dict[str, Any] = {}
    for seed in range(7, 7 + options.seeds):
        variables["scorer_seed"] = seed
        fits.append(build(variables, ["attention_encoder"]))
        build(variables, ["backtest_recommendations"])
        runs.append(figures_of(warehouse, population, options.cut))
        spent = build(variables, ["scored_recommendations"])
        customers, described = scored_customers(warehouse)
        scoring.append(customers / spent)

    first = runs[0]
    source = variables.get("footfall_source", "the default source")
    print(f"{source}, {population}, {options.days} days from {options.cut}")
    print(f"{'model':22s}" + "".join(f"{name:>13s}" for name in METRICS))
    for name, found in first.items():
        print(f"{name:22s}" + "".join(f"{found[column]:13.4f}" for column in METRICS))
    for number, found in enumerate(runs[1:], start=2):
        row = "".join(f"{found['attention_scorer'][column]:13.4f}" for column in METRICS)
        print(f"{f'attention_scorer, {number}':22s}{row}")
    print(f"mixture: {json.dumps(described['fits']['validation'].get('mixture'))}")

    def of_seeds(metric: str) -> list[float]:
        return [found["attention_scorer"][metric] for found in runs]

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    def spread(values: list[float]) -> float:
        return (sum((value - mean(values)) ** 2 for value in values) / len(values)) ** 0.5

    last = {
        **{metric: round(mean(of_seeds(metric)), 5) for metric in METRICS},
        "fit_cpu_s": round(mean(fits), 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
        "score_customers_per_s": round(mean(scoring)),
        "baselines": {
            name: {metric: round(found[metric], 5) for metric in METRICS}
            for name, found in first.items()
            if name != "attention_scorer"
        },
        "ndcg_10_interval": first["attention_scorer"]["ndcg_10_interval"],
        "spread": {metric: round(spread(of_seeds(metric)), 5) for metric in METRICS},
        "customers": first["attention_scorer"]["customers"],
        "inputs_cpu_s": round(inputs_cpu, 1),
        "seeds": options.seeds,
    }
    print(json.dumps(last))


if __name__ == "__main__":
    main()
