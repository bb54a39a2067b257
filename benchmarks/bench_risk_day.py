"""What one more day costs the models of risk, compared with all days at once.

usage: python benchmarks/bench_risk_day.py --file FILE [--spread ACCOUNTS] [--map theirs:ours,...]
                                           [--scores]

The payments of a file (as bench_risk.py reads it) become events of a shop: each a payment with its
order two seconds later, and its label. The shop is built up to the last day but one, then the last
day comes in. CPU-seconds are those of each model, dbt's own work on it included; a full refresh of
the models of risk, on all days, is what the day is compared with; rings do not go on from what
stands then. --spread divides each customer of the file among so many accounts, each with a device
and a card: a file of few customers who pay every day becomes a shop of many who seldom do. One
account in twenty shares its card with two others, and one in thirty its device with three, so that
there are rings. With --scores the models that learn are built as well, and printed apart: in full
is what they took on all days but one.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from bench_value import PROJECT
from footfall.risk.files import load_payments, parse_map
from footfall.risk.problems import RiskProblem

MODELS = (
    "int_payment_attempts",
    "int_risk_links",
    "int_risk_rings",
    "int_risk_refunds",
    "int_risk_features",
)
SCORES = ("risk_heads", "scored_risk", "backtest_risk")
DELAY = 7


def events(connection: duckdb.DuckDBPyConnection, path: Path, spread: int, days_left: int) -> None:
    """Write the events that are known so many days before the last day of the file is over."""
    connection.execute(
        f"""
        copy (
            with numbered as (
                select
                    *,
                    customer_no * {spread} + hash(attempt_id) % {spread} as account
                from intermediate.int_payment_attempts
            ),
            accounts as (
                select
                    * replace (
                        case when account // 3 % 20 = 0 then 'shared-' || (account // 3)
                            else 'c-' || account end as card_token
                    ),
                    case when account // 4 % 30 = 0 then 'shared-' || (account // 4)
                        else 'd-' || account end as device_id
                from numbered
            ),
            acts as (
                select
                    'p-' || attempt_id as event_id,
                    account as customer_id,
                    device_id,
                    attempted_at as event_at,
                    'payment' as event_type,
                    'o-' || attempt_id as order_id,
                    amount,
                    card_token,
                    terminal_token,
                    case when is_fraud then 'yes' end as is_fraud,
                    fraud_known_at as labelled_at
                from accounts
                union all
                select
                    'l-' || attempt_id,
                    account,
                    device_id,
                    attempted_at + interval 2 second,
                    'purchase',
                    'o-' || attempt_id,
                    amount,
                    null, null, null, null
                from accounts
            )
            select
                acts.* exclude (is_fraud, labelled_at),
                case when labelled_at < until then is_fraud end as is_fraud,
                case when labelled_at < until then labelled_at end as labelled_at
            from acts,
                (select max(shop_day) + 1 - {days_left} as until
                 from intermediate.int_payment_attempts)
            where event_at < until
        ) to '{path}' (format csv)
        """
    )


def build(folder: Path, select: str, *options: str) -> dict[str, float]:
    """Build models, one after the other; returns the CPU-seconds of each that was made."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    began: dict[str, float] = {}
    used: dict[str, float] = {}

    def listen(event: Any) -> None:
        if event.info.name == "NodeStart":
            began[event.data.node_info.node_name] = time.process_time()
        elif event.info.name == "NodeFinished":
            name = event.data.node_info.node_name
            used[name] = time.process_time() - began[name]

    variables = {
        "footfall_source": "custom",
        "custom_events_path": str(folder / "events.csv"),
        "risk_label_delay_days": DELAY,
    }
    outcome = dbtRunner(callbacks=[listen]).invoke(
        [
            "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test",
            "--select", *select.split(), "--threads", "1", "--quiet",
            "--vars", json.dumps(variables), *options,
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        ]
    )  # fmt: skip
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        raise SystemExit(f"dbt could not build the models: {outcome.exception or 'see above'}")
    return used


def line(name: str, full: float, more: float) -> str:
    """Return one line of figures."""
    return f"{name:24s}{full:9.2f} CPU-s in full{more:9.2f} for one more day"


def held(shop: Path) -> str:
    """Say how much the tables hold, rings not left out."""
    counts = {
        "attempts": "int_payment_attempts",
        "links": "int_risk_links",
        "memberships in rings": "int_risk_rings",
    }
    with duckdb.connect(str(shop), read_only=True) as connection:
        found = {
            name: connection.sql(f"select count(*) from intermediate.{table}").fetchall()[0][0]
            for name, table in counts.items()
        }
    return ", ".join(f"{count:,} {name}" for name, count in found.items())


def main() -> None:
    """Build all days but one, the last day, and all at once; print what each model took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--map", default="")
    parser.add_argument("--spread", type=int, default=40)
    parser.add_argument("--scores", action="store_true", help="build what learns, too")
    parser.add_argument("--keep", type=Path, help="folder for the warehouse; it is left there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["FOOTFALL_DB"] = str(folder / "shop.duckdb")
        with duckdb.connect() as connection:
            try:
                load_payments(connection, options.file, parse_map(options.map), DELAY)
            except RiskProblem as problem:
                raise SystemExit(str(problem)) from None
            events(connection, folder / "events.csv", options.spread, 1)
            learning = SCORES if options.scores else ()
            everything = " ".join(f"+{model}" for model in ("int_risk_features", *learning))
            before = build(folder, everything)
            events(connection, folder / "events.csv", options.spread, 0)
        day = build(folder, everything)
        whole = build(folder, " ".join(MODELS), "--full-refresh")
        print(held(folder / "shop.duckdb"))
    for model in MODELS:
        print(line(model, whole[model], day[model]))
    for model in learning:
        print(line(f"apart: {model}", before[model], day.get(model, 0.0)))
    total, more = (sum(one[model] for model in MODELS) for one in (whole, day))
    print(line("together", total, more))
    print(
        json.dumps(
            {
                "full_cpu_seconds": round(total, 2),
                "day_cpu_seconds": round(more, 2),
                "share": round(more / total, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
