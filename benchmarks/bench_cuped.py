"""What CUPED leaves of the variance of spend, on Online Retail.

usage: python benchmarks/bench_cuped.py FILE [--cut 2011-09-10] [--days 90] [--seeds 20]

The outcome is the net spend of a customer in the days from the cut, the covariate that of as many
days before it. Customers are assigned to two arms at random, 20 times over; each figure is the
mean of the variance of the difference with CUPED as a part of that without. Raw, and with outcome
and covariate each capped at the quantile .999 of all customers. Populations: customers who had
bought before the cut, and all customers of the file, those who were new after it included, whose
covariate is 0.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path

import duckdb
import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.experiments.fixed import compare
from footfall.experiments.moments import Moments
from footfall.experiments.outcomes import capped

COLUMNS = ("CustomerID", "InvoiceDate", "Quantity", "UnitPrice")
CAP = 0.999


def spend_of(path: Path, cut: datetime.date, days: int) -> dict[str, FloatArray]:
    """Return spend after and before the cut, and whether a customer had bought before it.

    Raises
    ------
    ValueError
        The file lacks a column, or reaches not far enough.
    """
    with duckdb.connect() as connection:
        relation = connection.from_parquet(str(path))
        if missing := [name for name in COLUMNS if name not in relation.columns]:
            raise ValueError(f"{path} lacks the column {', '.join(missing)}")
        (ends,) = relation.query(
            "lines", "select min(InvoiceDate)::date, max(InvoiceDate)::date from lines"
        ).fetchall()
        window = datetime.timedelta(days=days)
        if ends[0] > cut - window or ends[1] < cut + window - datetime.timedelta(days=1):
            raise ValueError(f"{path} holds {ends[0]} to {ends[1]}, not {days} days around {cut}")
        rows = relation.query(
            "lines",
            f"""
            select
                CustomerID,
                sum(case when day >= date '{cut}' and day < date '{cut + window}'
                    then amount else 0 end) as after,
                sum(case when day < date '{cut}' and day >= date '{cut - window}'
                    then amount else 0 end) as before,
                cast(bool_or(day < date '{cut}') as double) as is_known
            from (
                select CustomerID, InvoiceDate::date as day, Quantity * UnitPrice as amount
                from lines where CustomerID is not null
            )
            group by CustomerID
            order by CustomerID
            """,
        ).fetchnumpy()
    return {name: np.asarray(rows[name], float) for name in ("after", "before", "is_known")}


def moments_of(y: FloatArray, x: FloatArray, chosen: Array) -> Moments:
    """Return the moments of the chosen customers."""
    spread = np.cov(y[chosen], x[chosen])
    return Moments(
        np.asarray(float(chosen.sum())),
        np.asarray(y[chosen].mean()),
        np.asarray(spread[0, 0]),
        np.asarray(x[chosen].mean()),
        np.asarray(spread[1, 1]),
        np.asarray(spread[0, 1]),
    )


def variance_kept(y: FloatArray, x: FloatArray, seeds: int) -> list[float]:
    """Return the variance kept under each assignment."""
    found = []
    for seed in range(seeds):
        treated = np.random.default_rng(seed).random(len(y)) < 0.5
        arms = (moments_of(y, x, ~treated), moments_of(y, x, treated))
        found.append(float(compare(*arms, with_covariate=True).variance_kept))
    return found


def main() -> None:
    """Read, assign, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--cut", type=datetime.date.fromisoformat, default="2011-09-10")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    try:
        spend = spend_of(options.file, options.cut, options.days)
    except (ValueError, duckdb.Error) as error:
        parser.error(str(error))
    known = spend["is_known"] > 0
    populations = {"bought before the cut": known, "all, new ones included": known | True}
    found: dict[str, dict[str, float]] = {}
    print(f"Cut {options.cut}, {options.days} days on both sides, {options.seeds} assignments")
    print(f"{'population':26s}{'customers':>10s}{'raw':>24s}{'capped at .999':>24s}")
    for name, chosen in populations.items():
        y, x = spend["after"][chosen], spend["before"][chosen]
        kept = variance_kept(y, x, options.seeds)
        kept_capped = variance_kept(capped(y, CAP), capped(x, CAP), options.seeds)
        found[name] = {
            "customers": len(y),
            "raw": round(float(np.mean(kept)), 4),
            "capped": round(float(np.mean(kept_capped)), 4),
        }
        cells = "".join(
            f"{f'{np.mean(one):.3f} ({min(one):.3f}-{max(one):.3f})':>24s}"
            for one in (kept, kept_capped)
        )
        print(f"{name:26s}{len(y):10,}{cells}")
    print(json.dumps({"cut": str(options.cut), "days": options.days, "variance_kept": found}))


if __name__ == "__main__":
    main()
