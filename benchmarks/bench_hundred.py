"""What a whole build costs after a hundred new events came in.

Builds the default shop as it was known at a moment, lets some hundred events in, and builds again:
CPU-seconds of the second build, which nodes took the time, and what its Python models reported.
The last line is one JSON object.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).resolve().parents[1]
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: What Python models report of fits, tests and scores.
_OF_SCORES = re.compile(r"churn|value|intent|training|states|recommendations|encoder")


def moment_after(folder: Path, until: datetime, events: int, customers: int) -> tuple[str, int]:
    """Return the time by which so many more events had arrived than at ``until``, and how many.

    Parameters
    ----------
    folder
        Where the shop may be generated.
    until
        What arrived before is known already.
    events
        How many are to come in.
    customers
        Size of the shop.
    """
    database = folder / "whole.duckdb"
    subprocess.run(
        [
            *(sys.executable, "-m", "footfall.storefront"),
            *("--customers", str(customers), "--database", str(database)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(
            "select strftime(max(received_at) + interval 1 second, '%Y-%m-%d %H:%M:%S'), count(*)"
            " from (select received_at from raw_storefront.events"
            "       where cast(received_at as timestamptz) >= cast(? as timestamptz)"
            "       order by received_at limit ?)",
            [f"{until.isoformat()}+00", events],
        ).fetchall()
    database.unlink()
    return str(found[0][0]), int(found[0][1])


def run_dbt(
    command: str, variables: dict[str, Any], environment: dict[str, str]
) -> tuple[float, float, str]:
    """Run dbt on everything; return wall seconds, CPU-seconds and what it printed."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["dbt", command, "--vars", json.dumps(variables), "--no-use-colors"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"dbt {command} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu, _COLOURS.sub("", done.stdout)


def slowest(target: Path, count: int) -> list[tuple[str, float]]:
    """Return the nodes of the last build that took longest, with their wall seconds."""
    results = json.loads((target / "run_results.json").read_text())["results"]
    times = [(row["unique_id"].split(".", 2)[-1], row["execution_time"]) for row in results]
    return sorted(times, key=lambda pair: -pair[1])[:count]


def by_kind(target: Path) -> dict[str, tuple[int, float]]:
    """Return how many nodes of each kind ran and their wall seconds together."""
    kinds: dict[str, tuple[int, float]] = {}
    for row in json.loads((target / "run_results.json").read_text())["results"]:
        kind = row["unique_id"].split(".")[0]
        if kind == "model":
            kind = "model, kept" if "KEPT" in str(row["message"]) else "model, made"
        elif kind == "test":
            kind = f"test, {'kept' if row['adapter_response'].get('_message') == 'KEPT' else 'run'}"
        count, seconds = kinds.get(kind, (0, 0.0))
        kinds[kind] = (count + 1, seconds + row["execution_time"])
    return kinds


def main() -> None:
    """Build twice and print what the second build did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--until", type=datetime.fromisoformat, default="2026-06-15T12:00")
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="folder for the warehouse; it is left there")
    options = parser.parse_args()
    if isinstance(options.until, str):
        options.until = datetime.fromisoformat(options.until)
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "target"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FOOTFALL_DB": str(folder / "shop.duckdb"),
            "FOOTFALL_PUBLISHED": str(folder / "published"),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(folder / "logs"),
            # As Python does it unless configured otherwise: modules are compiled by the first
            # build.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        later, arrived = moment_after(folder, options.until, options.events, options.customers)
        shop = {"storefront_customers": options.customers}
        earlier = options.until.strftime("%Y-%m-%d %H:%M:%S")
        wall, cpu, _ = run_dbt("build", {**shop, "storefront_until": earlier}, environment)
        print(f"first build: {wall:.1f} s, {cpu:.1f} CPU-s", flush=True)
        # The clock of the simulated shop is a var, and dbt reads the whole project again where a
        # var differs. The vars of a shop whose events arrive stay as they are.
        moved = {**shop, "storefront_until": later}
        _, cpu_parse, _ = run_dbt("parse", moved, environment)
        wall_again, cpu_again, said = run_dbt("build", moved, environment)
        print(f"{arrived} events arrived before {later}\n")
        for line in said.splitlines():
            if "Footfall adapter: " in line and _OF_SCORES.search(line):
                print(line.partition("adapter: ")[2])
        print(f"\n{'node':<60}{'wall s':>8}")
        for name, seconds in slowest(target, 25):
            print(f"{name[:58]:<60}{seconds:>8.2f}")
        kinds = by_kind(target)
        print()
        for kind, (count, seconds) in sorted(kinds.items()):
            print(f"{kind:<50}{count:>10}{seconds:>8.1f}")
        print(
            f"\nreading the project anew, because a var moved: {cpu_parse:.1f} CPU-s, not counted"
        )
        print(f"second build: {wall_again:.1f} s, {cpu_again:.1f} CPU-s")
        print(
            json.dumps(
                {
                    "events": arrived,
                    "first_build_cpu_s": round(cpu, 1),
                    "parse_cpu_s": round(cpu_parse, 1),
                    "second_build_cpu_s": round(cpu_again, 1),
                    "second_build_s": round(wall_again, 1),
                    "load_1_min": round(os.getloadavg()[0], 1),
                    "cores": os.cpu_count(),
                }
            )
        )


if __name__ == "__main__":
    main()
