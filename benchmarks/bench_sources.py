"""The two real shops built end to end: what became of their rows, and each score against baselines.

Complete Journey is read from its installed package, Online Retail from the file that is given. Each
is a plain `dbt build` with all its data tests into a warehouse of its own. For Online Retail every
line of the file is accounted for by what is known of it from the file alone, and the benchmark
fails if one is not. The last line is one JSON object.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).resolve().parents[1]

ROWS = """
    select
        accounting.raw_count as raw,
        accounting.accepted_count as accepted,
        accounting.duplicate_count as duplicate,
        accounting.rejected_count as rejected,
        (select count(*) from marts.sessions) as sessions,
        (select count(distinct order_key) from intermediate.int_order_lines
            where event_type = 'purchase') as orders,
        (select count(*) from intermediate.int_customers) as customers
    from intermediate.int_row_accounting as accounting"""

REASONS = """
    select reason, count(*) as row_count
    from intermediate.int_rejected_rows
    where not is_duplicate
    group by reason
    order by row_count desc, reason"""

# On the newest cut-off that could be judged. Of errors and losses the smallest is the best.
SCORES = """
    with judged as (
        select *, metric in ('brier', 'mae', 'rmse') as is_error
        from marts.model_evaluation
        where metric in ('ndcg_10', 'auc', 'brier', 'mae', 'rmse', 'gini', 'macro_f1')
            and population <> 'repeat'
        qualify cutoff_date = max(cutoff_date) over (partition by score, population, horizon_days)
    ),
    baselines as (
        select
            score, population, horizon_days, metric,
            if(any_value(is_error), min(metric_value), max(metric_value)) as best_value,
            if(any_value(is_error), arg_min(model, metric_value), arg_max(model, metric_value))
                as best_model
        from judged
        where is_baseline
        group by score, population, horizon_days, metric
    )
    select
        score, horizon_days, population, metric,
        judged.metric_value as ours, baselines.best_value, baselines.best_model
    from judged
    left join baselines using (score, population, horizon_days, metric)
    where not judged.is_baseline and judged.model = 'attention_scorer'
    order by score, horizon_days, population, metric"""

# What Online Retail's file holds, counted without the project; copies are equal in every column.
IN_THE_FILE = """
    with lines as (
        select *, row_number() over (
            partition by InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
                CustomerID, Country
        ) > 1 as is_copy
        from {lines}
    )
    select
        count(*) as lines,
        count(*) filter (where CustomerID is null) as lines_without_customer,
        count(*) filter (where is_copy) as exact_copies,
        count(*) filter (where is_copy and CustomerID is null) as copies_without_customer,
        count(distinct InvoiceNo) filter (where InvoiceNo like 'C%') as cancelled_invoices,
        count(distinct InvoiceNo) filter (where InvoiceNo like 'C%' and CustomerID is not null)
            as cancelled_invoices_with_customer
    from lines"""

IN_THE_WAREHOUSE = """
    select
        (select raw_count from intermediate.int_row_accounting) as lines,
        (select count(*) from intermediate.int_rejected_rows
            where reason = 'the line has no customer') as lines_without_customer,
        (select duplicate_count from intermediate.int_row_accounting) as copies_with_customer,
        (select count(distinct order_key) from intermediate.int_order_lines
            where event_type = 'refund') as cancelled_invoices_with_customer"""


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query, by column."""
    relation = connection.sql(query)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def build(database: Path, variables: dict[str, Any]) -> dict[str, float]:
    """A plain `dbt build`; its seconds and CPU-seconds.

    Raises:
        subprocess.CalledProcessError: the build or one of its tests failed.
    """
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    dbt = str(Path(sys.executable).with_name("dbt"))
    subprocess.run(
        [dbt, "build", "--vars", json.dumps(variables), "--target-path", str(database.parent)],
        cwd=PROJECT,
        env={
            **os.environ,
            "FOOTFALL_DB": str(database),
            "FOOTFALL_PUBLISHED": str(database.parent / "published"),
            "DBT_PROFILES_DIR": str(PROJECT),
        },
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "build_s": round(time.perf_counter() - started, 1),
        "build_cpu_s": round(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
        ),
    }


def account_for_online_retail(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, int]:
    """Holds the warehouse against the file itself.

    Raises:
        SystemExit: a line, a copy or a cancelled invoice is not accounted for.
    """
    kind = "read_parquet" if file.suffix == ".parquet" else "read_csv"
    known = rows_of(connection, IN_THE_FILE.format(lines=f"{kind}('{file}')"))[0]
    found = rows_of(connection, IN_THE_WAREHOUSE)[0]
    print("\n  in the file:      ", ", ".join(f"{name} {value:,}" for name, value in known.items()))
    print("  in the warehouse: ", ", ".join(f"{name} {value:,}" for name, value in found.items()))
    known["copies_with_customer"] = known["exact_copies"] - known["copies_without_customer"]
    wrong = [name for name, value in found.items() if value != known[name]]
    if wrong:
        raise SystemExit(f"Not accounted for: {', '.join(wrong)}")
    return known


def report(source: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Prints and returns what a warehouse says of its rows and scores."""
    counts = rows_of(connection, ROWS)[0]
    print(f"\n{source}: " + ", ".join(f"{name} {value:,}" for name, value in counts.items()))
    reasons = rows_of(connection, REASONS)
    for row in reasons:
        print(f"  rejected {row['row_count']:>9,}  {row['reason']}")
    print(f"\n  {'score':<38}{'metric':<10}{'ours':>10}{'best':>10}  baseline")
    scores = rows_of(connection, SCORES)
    for row in scores:
        name = f"{row['score']} {row['horizon_days']} d, {row['population']}"
        print(
            f"  {name:<38}{row['metric']:<10}{row['ours']:>10.3f}{row['best_value']:>10.3f}"
            f"  {row['best_model']}"
        )
    return {"rows": counts, "rejected": reasons, "scores": scores}


def main() -> None:
    """Build, account, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--online-retail", type=Path, help="the file of the source online_retail")
    parser.add_argument("--folder", type=Path, help="keep the warehouses here")
    arguments = parser.parse_args()

    variables: dict[str, dict[str, Any]] = {"complete_journey": {}}
    if arguments.online_retail:
        variables["online_retail"] = {"online_retail_path": str(arguments.online_retail.resolve())}
    else:
        print("Online Retail is left out: FILE=… names its file.")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for source, extra in variables.items():
            folder = (arguments.folder or Path(temporary)) / source
            folder.mkdir(parents=True, exist_ok=True)
            database = folder / f"{source}.duckdb"
            seconds = build(database, {"footfall_source": source, **extra})
            with duckdb.connect(str(database), read_only=True) as connection:
                results[source] = {**seconds, **report(source, connection)}
                if source == "online_retail":
                    results[source]["file"] = account_for_online_retail(
                        connection, arguments.online_retail
                    )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
