"""What the SQL part of the build costs, and hand-written queries that do the same on clean rows.

Generates a storefront of about the wanted number of events, builds every SQL model in one process,
runs the reference queries over the accepted events in the same process, and lets one more day
arrive. Prints CPU-seconds and peak memory; the last line is one JSON object. With `--shop-day` it
measures only what it costs to store the shop's day of each event, where the shop's clocks are UTC.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from footfall import storefront
from footfall.adapter.questions import QUESTIONS
from footfall.inspecting.rendering import Project

EVENTS_PER_CUSTOMER = 127
# The SQL of the build: everything above the Python models and the marts that need none of them.
SQL_PART = [
    "+int_customer_cutoffs",
    "+sessions",
    "+journey_funnel",
    "+journey_transitions",
    "+journey_paths",
    "+journey_dropoffs",
    "+customer_rfm",
    "+int_events",
    "+int_row_accounting",
]

# What an analyst would write by hand for the same three results, from the raw rows on: reject, drop
# repeats, make keys (once a distinct id), stitch devices to customers; then sessions, RFM, funnel.
CLEAN = """
    create or replace table reference_events as
    with ids as (
        select distinct customer_id as raw_id, 'customer' as kind from raw_storefront.events
        union all
        select distinct device_id, 'device' from raw_storefront.events
    ),
    keys as (
        select raw_id, kind, sha256(getvariable('outer_pad') || unhex(sha256(
            getvariable('inner_pad') || encode('storefront:' || kind || ':' || raw_id)
        ))) as key
        from ids where raw_id is not null
    ),
    valid as (
        select * from raw_storefront.events
        where event_at >= timestamptz '1990-01-01 00:00:00+00'
            and event_at <= received_at + interval 60 minute
            and event_type in (select event_type from seeds.event_types where is_accepted)
            and (customer_id is not null or device_id is not null)
            and (quantity is null or quantity >= 0 or event_type = 'refund')
            and (unit_price is null or unit_price >= 0)
        qualify row_number() over (partition by event_id order by received_at) = 1
    ),
    keyed as (
        select valid.*, customers.key as customer_key, devices.key as device_key
        from valid
        left join keys as customers on valid.customer_id = customers.raw_id and customers.kind = 'customer'
        left join keys as devices on valid.device_id = devices.raw_id and devices.kind = 'device'
    ),
    owners as (
        select device_key, arg_min(customer_key, event_at) as owner_key from keyed
        where customer_key is not null and device_key is not null group by 1
    )
    select keyed.* exclude (customer_key, device_key, customer_id, device_id),
        coalesce(keyed.customer_key, owners.owner_key) as customer_no,
        coalesce(keyed.customer_key, owners.owner_key, keyed.device_key) as visitor_no
    from keyed left join owners on keyed.device_key = owners.device_key and keyed.customer_key is null"""

# The three results on rows that are clean already.
RESULTS = {
    "sessionise": """
        create or replace table reference_sessions as
        with acts as (
            select visitor_no, event_at, event_type, amount, event_id,
                lag(event_at) over (partition by visitor_no order by event_at, event_id) as previous_at
            from {events}
            where event_type not in ('campaign', 'exposure', 'refund')
        ),
        numbered as (
            select *, sum(
                case when previous_at is null or event_at - previous_at > interval 30 minute then 1 else 0 end
            ) over (partition by visitor_no order by event_at, event_id) as session_no
            from acts
        )
        select visitor_no, session_no, min(event_at) as started_at, max(event_at) as ended_at,
            count(*) as event_count,
            bool_or(event_type in ('browse', 'search', 'view', 'wishlist')) as has_browse,
            bool_or(event_type in ('add_to_cart', 'remove_from_cart')) as has_cart,
            bool_or(event_type in ('checkout', 'payment', 'payment_error')) as has_checkout,
            bool_or(event_type = 'purchase') as has_purchase,
            sum(case when event_type = 'purchase' then amount end) as amount
        from numbered group by 1, 2""",
    "rfm": """
        create or replace table reference_rfm as
        with customers as (
            select customer_no, max(cast(event_at as date)) as last_day,
                count(distinct cast(event_at as date)) as order_days, sum(amount) as amount
            from {events}
            where event_type in ('purchase', 'refund') and customer_no is not null group by 1
        )
        select *, ntile(5) over (order by last_day) as r, ntile(5) over (order by order_days) as f,
            ntile(5) over (order by amount) as m
        from customers""",
    "funnel": """
        create or replace table reference_funnel as
        select date_trunc('month', started_at) as month, count(*) as sessions,
            count(*) filter (where has_browse or has_cart or has_checkout or has_purchase) as browse,
            count(*) filter (where has_cart or has_checkout or has_purchase) as cart,
            count(*) filter (where has_checkout or has_purchase) as checkout,
            count(*) filter (where has_purchase) as purchase
        from reference_sessions group by 1""",
}


def peak_gib() -> float:
    """Peak resident memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


class ModelCosts:
    """Collects the CPU-seconds between one finished node and the next (dbt runs on one thread)."""

    def __init__(self) -> None:
        self.cpu_seconds: dict[str, float] = {}
        self._mark = time.process_time()

    def __call__(self, event: Any) -> None:
        if event.info.name == "NodeStart":
            self._mark = time.process_time()
        elif event.info.name == "NodeFinished":
            name = event.data.node_info.node_name
            self.cpu_seconds[name] = time.process_time() - self._mark


def build(costs: ModelCosts, variables: dict[str, Any], *, full_refresh: bool) -> float:
    """Build the SQL part; returns its CPU-seconds (parsing apart).

    Raises:
        RuntimeError: dbt did not succeed; names the nodes that failed.
    """
    options = ["--vars", json.dumps(variables), "--threads", "1", "--quiet"]
    manifest = dbtRunner().invoke(["parse", *options]).result
    runner = dbtRunner(manifest=manifest, callbacks=[costs])
    command = ["build", *options, "--exclude-resource-type", "test", "--exclude-resource-type"]
    command += ["unit_test", "--select", *SQL_PART, *(["--full-refresh"] if full_refresh else [])]
    started = time.process_time()
    outcome = runner.invoke(command)
    seconds = time.process_time() - started
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        failed = [row.node.name for row in outcome.result or [] if str(row.status) == "error"]
        raise RuntimeError(f"The build failed at {failed}: {outcome.exception}")
    return seconds


def timed(action: Callable[[], object]) -> float:
    """CPU-seconds of one action."""
    started = time.process_time()
    action()
    return time.process_time() - started


def reference(connection: duckdb.DuckDBPyConnection, events: str) -> dict[str, float]:
    """CPU-seconds of each of the three hand-written results over a relation of clean events."""
    return {
        name: timed(lambda query=query: connection.execute(query.format(events=events)).fetchall())
        for name, query in RESULTS.items()
    }


def shop_day_costs(connection: duckdb.DuckDBPyConnection, rounds: int = 5) -> None:
    """Print what writing events and counting them by day cost, by the shop's day and by a cast.

    The statements take turns, and each round begins with another one; medians are printed.
    """
    variables = {"footfall_source": "storefront", "shop_time_zone": "UTC"}
    day = Project(Path(), connection, variables, QUESTIONS, {}).call("shop_day_of", "event_at")
    write = "create or replace table {} as select *, {} as shop_day from raw_storefront.events"
    count = "select {} as shop_day, count(*) from stored group by all"
    statements = {
        "write, no day": write.format("without_a_day", "cast(null as date)"),
        "write, cast": write.format("cast_to_a_day", "cast(event_at as date)"),
        "write, shop_day": write.format("stored", day),
        "count, cast": count.format("cast(event_at as date)"),
        "count, shop_day": count.format("shop_day"),
    }
    costs: dict[str, list[float]] = {name: [] for name in statements}
    connection.execute(statements["write, shop_day"])
    names = list(statements)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            query = statements[name]
            costs[name].append(timed(lambda query=query: connection.execute(query).fetchall()))
    medians = {name: statistics.median(values) for name, values in costs.items()}
    for name, seconds in medians.items():
        print(f"  {name:<34}{seconds:8.3f}")
    for what in ("write", "count"):
        ratio = medians[f"{what}, shop_day"] / medians[f"{what}, cast"]
        print(f"  {what}: the shop's day compared with the cast x{ratio:.3f}")
    print(json.dumps({name: round(seconds, 4) for name, seconds in medians.items()}))


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000, help="about how many events")
    parser.add_argument("--database", help="keep the warehouse here (default: a temporary file)")
    parser.add_argument("--shop-day", action="store_true", help="only what the shop's day costs")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        database = arguments.database or str(Path(folder) / "bench_sql.duckdb")
        os.environ["FOOTFALL_DB"] = database
        customers = max(100, arguments.events // EVENTS_PER_CUSTOMER)
        variables: dict[str, Any] = {"storefront_customers": customers}

        connection = duckdb.connect(database, config={"memory_limit": "3GB", "threads": 2})
        connection.execute("set TimeZone = 'UTC'")
        started = time.process_time()
        generated = storefront.generate(connection, seed=7, customers=customers, progress=print)
        generator_cpu = time.process_time() - started
        if arguments.shop_day:
            shop_day_costs(connection)
            return
        last_day = connection.execute(
            "select cast(date_trunc('day', max(received_at)) as varchar) from raw_storefront.events"
        ).fetchall()[0][0]
        connection.close()
        generator_peak = peak_gib()

        costs = ModelCosts()
        before = build(costs, variables | {"storefront_until": last_day}, full_refresh=True)
        full = dict(costs.cpu_seconds)
        day = build(costs, variables, full_refresh=False)
        build_peak = peak_gib()

        connection = duckdb.connect(database, config={"memory_limit": "4GB", "threads": 2})
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        connection.execute("set variable inner_pad = unhex(repeat('36', 64))")
        connection.execute("set variable outer_pad = unhex(repeat('5c', 64))")
        events = connection.execute("select count(*) from raw_storefront.events").fetchall()[0][0]
        clean = timed(lambda: connection.execute(CLEAN).fetchall())
        on_raw = reference(connection, "reference_events")
        on_clean = reference(connection, "intermediate.int_stitched_events")
        connection.close()

    same_jobs = {
        "sessionise": ["int_session_events", "int_sessions", "int_stage_visits"],
        "rfm": [
            *("int_order_lines", "int_customer_days", "int_cutoffs"),
            *("int_customer_features", "int_customer_cutoffs", "customer_rfm"),
        ],
        "funnel": [
            *("int_funnel_progress", "int_funnel_sessions", "int_funnel_visitors"),
            "journey_funnel",
        ],
    }
    print(f"\n{events:,} raw events, {customers:,} customers, DuckDB {duckdb.__version__}\n")
    print("CPU-seconds by model (full build, then with one more day):")
    for name, seconds in full.items():
        if seconds >= 0.05:
            print(f"  {name:<34}{seconds:8.2f}{costs.cpu_seconds.get(name, 0.0):8.2f}")
    print("\nCPU-seconds by job: ours (with all that the models hold), by hand on our clean rows:")
    three_jobs = 0.0
    for job, models in same_jobs.items():
        ours = sum(full[model] for model in models)
        three_jobs += ours
        print(f"  {job:<28}{ours:8.2f}{on_clean[job]:8.2f}")
    by_hand = clean + sum(on_raw.values())
    results = sum(on_clean.values())
    print(f"\n  whole SQL part {before:.1f}")
    print(
        f"  by hand from the raw rows {by_hand:.1f} (cleaning {clean:.1f}): x{before / by_hand:.2f}"
    )
    print(f"  by hand on clean rows {results:.1f}: x{before / results:.2f}")
    print(
        f"  the models of the same three jobs, on the same clean rows {three_jobs:.1f}:"
        f" x{three_jobs / results:.2f}"
    )
    print(f"  one more day {day:.1f}: {day / before:.1%} of the full build")
    print(f"  storefront generated in {generated.seconds:.1f} s ({generator_cpu:.1f} CPU-s)")
    print(f"  peak memory: generator {generator_peak:.2f} GiB, builds {build_peak:.2f} GiB")
    print(
        json.dumps(
            {
                "events": events,
                "sql_cpu_s": round(before, 2),
                "reference_from_raw_cpu_s": round(by_hand, 2),
                "reference_on_clean_cpu_s": round(results, 2),
                "ratio_from_raw": round(before / by_hand, 3),
                "ratio_on_clean": round(before / results, 3),
                "three_jobs_cpu_s": round(three_jobs, 2),
                "ratio_three_jobs": round(three_jobs / results, 3),
                "day_cpu_s": round(day, 2),
                "day_share": round(day / before, 4),
                "peak_gib": round(build_peak, 2),
                "storefront_s": round(generated.seconds, 1),
                "storefront_cpu_s": round(generator_cpu, 1),
                "storefront_peak_gib": round(generator_peak, 2),
                "duckdb": duckdb.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
