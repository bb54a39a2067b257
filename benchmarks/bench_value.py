"""Churn, value and tiers at one cut-off: the scores of the marts against every baseline.

usage: python benchmarks/bench_value.py FILE --horizon DAYS [--cut YYYY-MM-DD]
       python benchmarks/bench_value.py --source online_retail [FILE] --horizon DAYS [--states]

FILE is CSV or Parquet with customer_id, ordered_at and amount, a row a purchase or a refund (below
zero). With --source it is that source's file, or none where the source needs none. The rows go
through dbt, staging to features, in a warehouse of their own that is thrown away; then the
library back-tests the cut-off as the marts do: it learns from the month starts whose window had
closed by the cut, and looks at the window after it once. The unit is the customer-day: refunds are
netted within the day, and days of nothing or less are no purchase. Without --cut the cut lies
DAYS before the day of the last row, so that a day that is cut short is left out.

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

PROJECT = Path(__file__).resolve().parents[1]
COLUMNS = ("customer_id", "ordered_at", "amount")
MONTHS = 12
#: Shorter horizons that help where the asked one has not closed often enough to learn from.
SHORTER = (30, 90, 180)


def read_orders(path: Path) -> tuple[pa.Table, datetime.date]:
    """Return the rows as events of the contract, and the day of the last; raises ValueError."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    reader = "read_csv" if ".csv" in path.suffixes else "read_parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            rows = connection.execute(f"select * from {reader}(?)", [str(path)]).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(f"{path} cannot be read as CSV or Parquet: {error}") from None
        missing = [name for name in COLUMNS if name not in rows.column_names]
        if missing:
            raise ValueError(
                f"{path} lacks the column {', '.join(missing)}; it has "
                f"{', '.join(rows.column_names)}"
            )
        connection.register("orders", rows)
        bad = connection.execute(
            "select count(*) filter (where customer_id is null),"
            " count(*) filter (where try_cast(ordered_at as timestamptz) is null),"
            " count(*) filter (where try_cast(amount as double) is null), count(*) from orders"
        ).fetchall()[0]
        for name, count in zip(COLUMNS, bad[:3], strict=True):
            if count:
                raise ValueError(f"{path}: {count} of {bad[3]} rows have no usable {name}")
        if not bad[3]:
            raise ValueError(f"{path} has no rows")
        events = connection.execute(
            "select cast(customer_id as varchar) as customer_id,"
            " cast(ordered_at as timestamptz) as event_at,"
            " case when cast(amount as double) < 0 then 'refund' else 'purchase' end as event_type,"
            " cast(amount as double) as amount from orders"
        ).to_arrow_table()
    return events, pc.max(events["event_at"]).as_py().date()


def build(folder: Path, variables: dict[str, Any], select: str) -> Path:
    """Build the features in a warehouse of their own; returns its file."""
    warehouse = folder / "bench.duckdb"
    os.environ["FOOTFALL_DB"] = str(warehouse)
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        [
            "build", "--select", select, "--exclude-resource-type", "test",
            "--exclude-resource-type", "unit_test", "--quiet", "--vars", json.dumps(variables),
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        ]
    )  # fmt: skip
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        raise SystemExit(f"dbt could not build the features: {outcome.exception or 'see above'}")
    return warehouse


def last_day(warehouse: Path) -> datetime.date:
    """Return the day of the last event that a warehouse holds."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (day,) = connection.execute(
            "select max(active_on) from intermediate.int_customer_days"
        ).fetchall()[0]
    found: datetime.date = day
    return found


def read_table(warehouse: Path, name: str) -> pa.Table:
    """Return a table of the warehouse."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(f"select * from {name}").to_arrow_table()


def months_back(cut: datetime.date, last: datetime.date) -> int:
    """Return how many month starts reach back a year before the cut."""
    return MONTHS + 1 + (last.year - cut.year) * 12 + last.month - cut.month


def variables_of(
    options: argparse.Namespace, cut: datetime.date | None, last: datetime.date | None
) -> dict[str, Any]:
    """Return the vars of the build."""
    shorter = [days for days in SHORTER if days < options.horizon]
    horizons = [*shorter, options.horizon]
    chosen: dict[str, Any] = {"horizons_days": horizons, "value_horizons_days": horizons}
    if cut is not None and last is not None:
        chosen |= {"more_cutoff_dates": [cut.isoformat()], "cutoff_months": months_back(cut, last)}
    return chosen


def judge(
    cutoffs: pa.Table, states: pa.Table | None, horizon: int, seed: int, threads: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Return score -> model -> metric -> value at the last cut-off of the table."""
    from footfall import heads

    shorter = [days for days in SHORTER if days < horizon]
    settings = heads.HeadSettings(
        horizons=(*shorter, horizon), seed=seed, backtest_cutoffs=1, threads=threads
    )
    found: dict[str, dict[str, dict[str, float]]] = {}
    for backtest in (heads.backtest_churn, heads.backtest_value):
        table = backtest(
            heads.ArrowCutoffs(cutoffs, states), settings=settings, tested_horizons=(horizon,),
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )  # fmt: skip
        for row in table.to_pylist():
            if row["population"] != "all" or row["bin"] is not None or row["value"] is None:
                continue
            figures = found.setdefault(row["score"], {}).setdefault(row["model"], {})
            figures[row["metric"]] = round(row["value"], 5)
            if row["metric"].endswith("_lead") and row["lower_bound"] is not None:
                figures[f"{row['metric']}_lower"] = round(row["lower_bound"], 5)
                figures[f"{row['metric']}_upper"] = round(row["upper_bound"], 5)
    return found


def print_table(found: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the leading metrics of each score by model."""
    leading = {
        "churn": ("auc", "pr_auc", "brier", "log_loss", "ece"),
        "value": ("mae", "rmse", "gini", "total_ratio", "decile_mape", "interval_coverage"),
        "tier": ("accuracy", "precision", "recall", "macro_f1"),
    }
    for score, models in found.items():
        print(f"{score:20s}" + "".join(f"{name:>18s}" for name in leading[score]))
        for model, figures in models.items():
            cells = "".join(
                f"{figures[name]:18.4f}" if name in figures else " " * 18 for name in leading[score]
            )
            print(f"  {model:18s}{cells}")


def main() -> None:
    """Build, back-test each seed, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--cut", type=datetime.date.fromisoformat)
    parser.add_argument("--source", default="")
    parser.add_argument("--states", action="store_true", help="train the encoder, use its states")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.horizon < 1 or options.seeds < 1:
        parser.error("HORIZON and SEEDS must be 1 or more")
    if not options.source and options.file is None:
        parser.error("name a FILE with the columns customer_id, ordered_at, amount")
    began, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        folder = Path(name)
        warehouse, cut = prepared(parser, options, folder)
        cutoffs = read_table(warehouse, "intermediate.int_customer_cutoffs")
        states = read_table(warehouse, "scores.attention_states") if options.states else None
    cutoffs = cutoffs.filter(pc.less_equal(cutoffs["cutoff_date"], pa.scalar(cut)))
    runs = [
        judge(cutoffs, states, options.horizon, seed, options.threads)
        for seed in range(1, options.seeds + 1)
    ]
    if not runs[0]:
        raise SystemExit(
            f"Nothing to judge at {cut} for {options.horizon} days: it takes 30 customers who had "
            "bought by then, a window that has ended, and history before it. Name another CUT or "
            "a shorter HORIZON."
        )
    print_table(runs[0])
    tested = cutoffs.filter(pc.equal(cutoffs["cutoff_date"], pa.scalar(cut)))
    last = {
        "cut": cut.isoformat(),
        "horizon_days": options.horizon,
        "customers": int(pc.sum(pc.greater_equal(tested["f_order_days"], 1)).as_py() or 0),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        **runs[0],
    }
    if len(runs) > 1:
        last["seeds"] = runs
    print(json.dumps(last))


def prepared(
    parser: argparse.ArgumentParser, options: argparse.Namespace, folder: Path
) -> tuple[Path, datetime.date]:
    """Build the warehouse; returns it and the cut."""
    select = "+int_customer_cutoffs" + (" +attention_states" if options.states else "")
    if options.source:
        base: dict[str, Any] = {"footfall_source": options.source}
        if options.file is not None:
            base[f"{options.source}_path"] = str(options.file.resolve())
        cut: datetime.date | None = options.cut
        if cut is None:
            last = last_day(
                build(folder, {**base, **variables_of(options, None, None)}, "+int_customer_days")
            )
            cut = last - datetime.timedelta(days=options.horizon)
        else:
            last = cut + datetime.timedelta(days=366)
        return build(folder, {**base, **variables_of(options, cut, last)}, select), cut
    try:
        events, last = read_orders(options.file)
    except ValueError as error:
        parser.error(str(error))
    cut = options.cut or last - datetime.timedelta(days=options.horizon)
    if cut + datetime.timedelta(days=options.horizon) > last + datetime.timedelta(days=1):
        parser.error(
            f"the window of {options.horizon} days from {cut} ends after the last row ({last})"
        )
    path = folder / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("events", events)
        connection.execute(f"copy events to '{path}' (format parquet)")
    variables = {
        "footfall_source": "custom",
        "custom_events_path": str(path),
        "custom_keep_identical_rows": True,
        **variables_of(options, cut, last),
    }
    return build(folder, variables, select), cut


if __name__ == "__main__":
    main()
