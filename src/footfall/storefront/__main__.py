"""Command line: ``python -m footfall.storefront --customers 2000 --database shop.duckdb``."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Sequence
from datetime import datetime

import duckdb

from footfall.storefront.simulation import RAW_SCHEMA, TRUTH_SCHEMA, generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate a storefront and prints rows per table, seconds and peak memory."""
    parser = argparse.ArgumentParser(
        prog="python -m footfall.storefront", description="Generate the simulated shop."
    )
    parser.add_argument("--customers", type=int, default=2000, help="size (default 2000)")
    parser.add_argument("--seed", type=int, default=7, help="seed number (default 7)")
    parser.add_argument("--database", required=True, help="DuckDB file, made if it is not there")
    parser.add_argument(
        "--until",
        type=datetime.fromisoformat,
        default=None,
        help="show only what arrived before this time (ISO 8601; UTC unless it has a zone)",
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="DuckDB threads")
    parser.add_argument("--memory-limit", default="3GB", help="DuckDB memory (default 3GB)")
    options = parser.parse_args(arguments)
    if options.threads < 1:
        parser.error(f"--threads must be at least 1, not {options.threads}")

    try:
        with duckdb.connect(
            options.database,
            config={"threads": options.threads, "memory_limit": options.memory_limit},
        ) as connection:
            run = generate(
                connection,
                seed=options.seed,
                customers=options.customers,
                until=options.until,
                progress=lambda message: print(message, file=sys.stderr, flush=True),
            )
            for name, rows in _row_counts(connection):
                print(f"{name:<50} {rows:>12,}")
    except (ValueError, duckdb.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # Linux counts the peak in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mib = peak / 2**20 if sys.platform == "darwin" else peak / 2**10
    print(f"generated {run.is_generated}  seconds {run.seconds:.1f}  peak MiB {peak_mib:,.0f}")
    return 0


def _row_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    names = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database() and table_schema in (?, ?) order by all",
        [RAW_SCHEMA, TRUTH_SCHEMA],
    ).fetchall()
    counts = []
    for (name,) in names:
        row = connection.execute(f"select count(*) from {name}").fetchone()
        counts.append((name, int(row[0]) if row is not None else 0))
    return counts


if __name__ == "__main__":
    raise SystemExit(main())
