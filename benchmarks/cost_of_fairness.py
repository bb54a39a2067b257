"""What comparing the groups of a warehouse costs, in CPU-seconds.

usage: python benchmarks/cost_of_fairness.py warehouse/footfall.duckdb [--repeats 3]

Reads what the newest back-test predicted (`int_fairness_rows`) and compares all groups anew, as the
model `scored_fairness` does. Prints the CPU-seconds of the quickest repeat: on a busy machine the
same work takes more of them. Exits with 1 where they are more than the bound.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import duckdb

from footfall.fairness import scoring
from footfall.fairness.settings import FairnessSettings

MOST_SECONDS = 3.0


def main() -> None:
    """Compare, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with duckdb.connect(str(options.warehouse), read_only=True) as connection:
        rows = connection.sql("from intermediate.int_fairness_rows").to_arrow_table()
    taken = []
    for _ in range(max(options.repeats, 1)):
        before = time.process_time()
        found = scoring.score(rows, settings=FairnessSettings(), progress=lambda _: None)
        taken.append(time.process_time() - before)
    gaps = found["kind"].to_pylist().count("gap")
    print(
        f"{gaps:,} comparisons of groups on {rows.num_rows:,} rows: {min(taken):.2f} CPU-s"
        f" (bound {MOST_SECONDS:g})"
    )
    if min(taken) > MOST_SECONDS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
