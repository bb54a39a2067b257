"""Do experiments say what is true? Read-outs of many simulated shops, compared with their truth.

usage: python benchmarks/bench_experiments_truth.py [--shops 200] [--customers 500] [--first 5001]

Simulates so many shops, each with its own seed, and lays them side by side in one warehouse, where
their ids differ and each has experiments of its own. Their definitions are a relation (var
`experiments_relation`). dbt builds only what experiments need, `footfall.experiments.scoring` reads
each shop, and the truth is `truth_experiment_people`: the chance of each person to order within the
window under either arm. The true effect of a shop is the mean difference over its persons.

Prints for both experiments, with and without CUPED: how often the 95 % interval of the difference
holds the true effect, mean and standard deviation of (estimate - truth) / standard error, and how
often an arm wins by each method. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from footfall.experiments.scoring import score
from footfall.storefront.simulation import fingerprint, generate

PROJECT = Path(__file__).resolve().parents[1]
SEED = PROJECT / "seeds" / "experiments.csv"
METRIC = "converted"
#: Models that `scored_experiments` reads, by its arguments.
INPUTS = {
    "experiments": "int_experiments",
    "arms": "int_experiment_arms",
    "looks": "int_experiment_looks",
    "roles": "int_experiment_roles",
    "sums": "int_experiment_sums",
    "counts": "int_experiment_counts",
    "faults": "int_experiment_faults",
}


def add_shop(warehouse: duckdb.DuckDBPyConnection, seed: int, customers: int) -> None:
    """Simulate a shop, and add its events and its truth under a name of its own."""
    with duckdb.connect(config={"threads": 2}) as shop:
        shop.execute("set timezone = 'UTC'")
        generate(shop, seed=seed, customers=customers)
        own = {name: f"'{seed}-' || {name} as {name}" for name in
               ("event_id", "customer_id", "device_id", "order_id", "session_hint")}  # fmt: skip
        tag = (
            'regexp_replace(properties, \'"experiment":"([^"]*)"\','
            f' \'"experiment":"\\1 {seed}"\') as properties'
        )
        events = shop.sql(
            f"select * replace ({', '.join(own.values())}, {tag}) from raw_storefront.events"
        ).to_arrow_table()
        people = shop.sql(
            f"select {seed} as seed, * from truth_storefront.truth_experiment_people"
        ).to_arrow_table()
        others = {
            name: shop.sql(f"select * from raw_storefront.{name} limit 0").to_arrow_table()
            for name in ("items", "customers", "reviews")
        }
    warehouse.register("events", events)
    warehouse.register("people", people)
    warehouse.execute(
        "create table if not exists raw_storefront.events as select * from events limit 0;"
        "create table if not exists raw_storefront.people as select * from people limit 0;"
        "insert into raw_storefront.events select * from events;"
        "insert into raw_storefront.people select * from people"
    )
    for name, rows in others.items():
        warehouse.register(name, rows)
        warehouse.execute(
            f"create table if not exists raw_storefront.{name} as select * from {name}"
        )


def simulate(database: Path, seeds: range, customers: int) -> None:
    """Write all shops and the definitions of their experiments into a warehouse."""
    with SEED.open(encoding="utf-8", newline="") as file:
        designed = list(csv.DictReader(file))
    definitions = [
        {**row, "experiment": f"{row['experiment']} {seed}", "planned_units": ""}
        for seed in seeds
        for row in designed
    ]
    with duckdb.connect(str(database)) as warehouse:
        warehouse.execute("set timezone = 'UTC'; create schema raw_storefront")
        for seed in seeds:
            add_shop(warehouse, seed, customers)
        warehouse.register("definitions", pa.Table.from_pylist(definitions))
        warehouse.execute(
            "create table raw_storefront.definitions as select * from definitions;"
            # The build finds the simulation that it asks for, and makes none.
            "create table raw_storefront.storefront_run"
            " (seed bigint, customers bigint, fingerprint varchar, until varchar)"
        )
        warehouse.execute(
            "insert into raw_storefront.storefront_run values (?, ?, ?, null)",
            [seeds[0], customers, fingerprint()],
        )


def build(database: Path, seed: int, customers: int) -> None:
    """Build what experiments need.

    Raises
    ------
    RuntimeError
        dbt did not succeed; names the nodes that failed.
    """
    os.environ["FOOTFALL_DB"] = str(database)
    variables = {
        "storefront_seed": seed,
        "storefront_customers": customers,
        "experiments_relation": "raw_storefront.definitions",
    }
    try:
        outcome = dbtRunner().invoke(
            [
                *("build", "--quiet", "--vars", json.dumps(variables)),
                *("--select", *(f"+{model}" for model in INPUTS.values())),
                *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
                *("--target-path", str(database.parent / "target")),
                *("--log-path", str(database.parent / "logs")),
            ]
        )
    finally:
        DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        failed = [row.node.name for row in outcome.result or [] if str(row.status) == "error"]
        raise RuntimeError(f"The build failed at {failed}: {outcome.exception}")


def read(database: Path, seeds: range) -> list[dict[str, Any]]:
    """Return the read-outs of the primary metric of each shop, with the true effect."""
    found: list[dict[str, Any]] = []
    with duckdb.connect(str(database), read_only=True) as warehouse:
        truth = {
            (experiment, seed): (effect, persons)
            for experiment, seed, effect, persons in warehouse.execute(
                "select experiment, seed,"
                " avg(order_probability_treatment - order_probability_control), count(*)"
                " from raw_storefront.people group by experiment, seed"
            ).fetchall()
        }
        for seed in seeds:
            names = ", ".join(f"'{name} {seed}'" for name, own in truth if own == seed)
            tables = {
                argument: warehouse.sql(
                    f"select * from intermediate.{model} where experiment in ({names})"
                    + (
                        f" and metric in ('{METRIC}', 'amount_per_order')"
                        if argument in ("sums", "roles")
                        else ""
                    )
                ).to_arrow_table()
                for argument, model in INPUTS.items()
            }
            for row in score(**tables).to_pylist():
                if row["kind"] == "readout" and row["metric"] == METRIC:
                    experiment = row["experiment"].rpartition(" ")[0]
                    effect, persons = truth[(experiment, seed)]
                    found.append(
                        {**row, "experiment": experiment, "effect": effect, "persons": persons}
                    )
    return found


def figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of one experiment over all shops."""
    answer: dict[str, Any] = {}
    left_out = [row for row in rows if row["switchers"] == "left_out"]
    for adjustment in ("none", "cuped"):
        own = [row for row in left_out if row["adjustment"] == adjustment]
        fixed = [row for row in own if row["method"] == "fixed" and row["lower"] is not None]
        z = np.array([(row["difference"] - row["effect"]) / row["standard_error"] for row in fixed])
        answer[adjustment] = {
            "shops": len(fixed),
            "coverage": float(np.mean([r["lower"] <= r["effect"] <= r["upper"] for r in fixed])),
            "mean_z": float(z.mean()),
            "deviation_z": float(z.std(ddof=1)),
            "true_effect": float(np.mean([row["effect"] for row in fixed])),
            "estimate": float(np.mean([row["difference"] for row in fixed])),
            "differs": float(np.mean([row["p"] < 0.05 for row in fixed])),
            "units_per_person": float(
                np.mean([(r["units"] + r["control_units"]) / r["persons"] for r in fixed])
            ),
            "wins": {
                method: float(
                    np.mean([row["verdict"] == "wins" for row in own if row["method"] == method])
                )
                for method in ("fixed", "planned_looks", "always_valid")
            },
        }
    return answer


def main() -> None:
    """Simulate, build, read, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--first", type=int, default=5001, help="first seed")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.shops)
    os.environ.setdefault("DBT_PROFILES_DIR", str(PROJECT))
    began = [time.process_time()]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "shops.duckdb"
        simulate(database, seeds, options.customers)
        began.append(time.process_time())
        build(database, seeds[0], options.customers)
        began.append(time.process_time())
        rows = read(database, seeds)
        began.append(time.process_time())
    seconds = dict(zip(("simulate", "build", "read"), np.diff(began).tolist(), strict=True))
    found = {
        experiment: figures([row for row in rows if row["experiment"] == experiment])
        for experiment in sorted({row["experiment"] for row in rows})
    }
    for experiment, by_adjustment in found.items():
        for adjustment, own in by_adjustment.items():
            wins = ", ".join(f"{method} {share:.1%}" for method, share in own["wins"].items())
            print(
                f"{experiment}, {adjustment}: {own['shops']} shops, coverage {own['coverage']:.1%},"
                f" z {own['mean_z']:+.3f} +- {own['deviation_z']:.3f}, true effect"
                f" {own['true_effect']:.4f}, mean estimate {own['estimate']:.4f},"
                f" p < .05 in {own['differs']:.1%}; wins: {wins}"
            )
    print("CPU-seconds: " + ", ".join(f"{name} {each:.0f}" for name, each in seconds.items()))
    print(json.dumps({"experiments": found, "cpu_seconds": seconds}, allow_nan=False))


if __name__ == "__main__":
    main()
