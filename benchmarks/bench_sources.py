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
from collections.abc import Mapping, Sequence
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

# The demographics that a third of the households of Complete Journey gave.
DEMOGRAPHICS = ("income", "age", "household_size", "home_ownership", "marital_status", "kids")
# Those whose comparisons are shown one by one, gaps or not.
SHOWN = DEMOGRAPHICS[:3]

# What is compared; most of it is no gap.
GAPS = """
    select
        score, horizon_days, cut_off, attribute, metric, compared, group_count, customer_count,
        lowest_group, lowest_value, highest_group, highest_value,
        difference, lower_bound, upper_bound, null_95, p_value, adjusted_p_value, closing_cost,
        verdict
    from marts.score_fairness_gaps
    order by score, horizon_days, compared, p_value, attribute, metric, cut_off"""

UNKNOWN = """
    with groups as (
        select distinct
            score, horizon_days, group_kind = 'unknown' as is_unknown, group_name,
            customer_count, base_rate
        from marts.score_fairness
        where base_rate is not null and attribute = 'attributes.income'
    )
    select
        score, horizon_days, is_unknown, sum(customer_count) as customers,
        sum(customer_count * base_rate) / sum(customer_count) as base_rate
    from groups
    group by score, horizon_days, is_unknown
    order by all"""

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


def compare_groups(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Prints and returns the gaps between groups of households, and how those who tell differ."""
    known = rows_of(connection, UNKNOWN)
    print("\n  base rate of households whose income is known, and of others")
    for row in known:
        who = "unknown" if row["is_unknown"] else "known"
        print(
            f"  {row['score']} {row['horizon_days']} d, {who:<8}{row['customers']:>8,}"
            f"{row['base_rate']:>8.3f}"
        )
    gaps = rows_of(connection, GAPS)
    show_metrics([row for row in gaps if row["compared"] == "as they are"])
    compared = [row for row in gaps if row["verdict"] != "too_few"]
    found = [row for row in gaps if row["verdict"] == "gap"]
    print(
        f"\n  {len(compared)} comparisons of groups, {len(found)} gaps, and"
        f" {len(gaps) - len(compared)} with too few households"
    )
    print(f"\n  {'gap':<66}{'compared':<20}{'difference':>11}{'95 % interval':>17}"
          f"{'null 95 %':>11}{'p':>7}{'adjusted':>10}")  # fmt: skip
    for row in found:
        name = f"{row['score']} {row['horizon_days']} d, {row['cut_off']}, {row['metric']}"
        name += f", {row['attribute'].removeprefix('attributes.')}"
        bounds = f"[{row['lower_bound']:.3f}, {row['upper_bound']:.3f}]"
        print(
            f"  {name:<66}{row['compared']:<20}{row['difference']:>11.3f}{bounds:>17}"
            f"{row['null_95']:>11.3f}{row['p_value']:>7.3f}{row['adjusted_p_value']:>10.3f}"
        )
        ends = [f"{row[f'{end}_group']} {row[f'{end}_value']:.3f}" for end in ("lowest", "highest")]
        cost = row["closing_cost"]
        closing = "" if cost is None else f"; closing it costs {cost:.1%}"
        print(f"    {' to '.join(ends)}{closing}")
    return {"unknown": known, "gaps": gaps}


def show_metrics(gaps: Sequence[Mapping[str, Any]]) -> None:
    """Print each metric of each score by the attributes that are shown, gaps or not."""
    by_line: dict[tuple[Any, ...], dict[str, str]] = {}
    for row in gaps:
        line = (row["score"], row["horizon_days"], row["metric"], row["cut_off"])
        said = row["verdict"].replace("_", " ")
        if row["difference"] is not None:
            bounds = f"{row['lower_bound']:.3f} to {row['upper_bound']:.3f}"
            said = f"{row['difference']:.3f} ({bounds}), {said}"
        by_line.setdefault(line, {})[row["attribute"].removeprefix("attributes.")] = said
    print("\n| score | days | metric | cut-off | " + " | ".join(SHOWN) + " |")
    print("|" + "---|" * (4 + len(SHOWN)))
    for line, told in sorted(by_line.items()):
        score, days, metric, cut_off = line
        cells = [score, str(days), metric.replace("_", " "), cut_off]
        print(f"| {' | '.join([*cells, *(told.get(name, '') for name in SHOWN)])} |")


def main() -> None:
    """Build, account, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--online-retail", type=Path, help="the file of the source online_retail")
    parser.add_argument("--folder", type=Path, help="keep the warehouses here")
    arguments = parser.parse_args()

    variables: dict[str, dict[str, Any]] = {
        "complete_journey": {"fairness_attributes": [f"attributes.{name}" for name in DEMOGRAPHICS]}
    }
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
                if source == "complete_journey":
                    results[source]["fairness"] = compare_groups(connection)
                if source == "online_retail":
                    results[source]["file"] = account_for_online_retail(
                        connection, arguments.online_retail
                    )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
