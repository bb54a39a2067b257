"""Purchase intent on any event log: the score of the marts compared with every baseline.

usage: python benchmarks/bench_intent.py FILE [--test-days 28]
       python benchmarks/bench_intent.py --source storefront [FILE]

FILE is CSV or Parquet with the columns of the event contract, at least customer_id, event_at and
event_type (see docs/bring_your_own_events.md). It goes through dbt, staging to sessions, in a
warehouse of its own that is thrown away; then the library back-tests the sessions of the last
days: it learns from sessions whose outcome was known when those days began. Prints a table, and as
its last line one JSON object: for each window and prefix length the metrics by model.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_value import build, read_table

LEADING = ("auc", "pr_auc", "brier", "log_loss", "ece")


def main() -> None:
    """Build, back-test, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--source", default="custom")
    parser.add_argument("--test-days", type=int, default=28)
    parser.add_argument("--history-days", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    variables: dict[str, Any] = {
        "footfall_source": options.source,
        "intent_history_days": options.history_days,
    }
    if options.source == "custom" and options.file is None:
        parser.error("name a FILE with the columns customer_id, event_at, event_type")
    if options.file is not None:
        if not options.file.is_file():
            parser.error(f"{options.file} does not exist")
        name = "custom_events_path" if options.source == "custom" else f"{options.source}_path"
        variables[name] = str(options.file.resolve())
    if options.test_days < 1 or options.history_days <= options.test_days:
        parser.error("--history-days must be more than --test-days, and both 1 or more")
    began, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as folder:
        warehouse = build(Path(folder), variables, "+int_session_prefixes")
        prefixes = read_table(warehouse, "intermediate.int_session_prefixes")

    from footfall import heads

    table = heads.backtest_intent(
        prefixes,
        settings=heads.HeadSettings(seed=options.seed),
        test_days=options.test_days,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in table.to_pylist():
        if row["bin"] is None and row["value"] is not None:
            figures = found.setdefault(row["population"], {}).setdefault(row["model"], {})
            figures[row["metric"]] = round(row["value"], 5)
            figures["sessions"] = row["customer_count"]
    if not found:
        raise SystemExit(
            "Nothing to judge: it takes a hundred sessions of the last days with a known outcome, "
            "and before them two hundred with twenty purchases and twenty without."
        )
    for population, models in found.items():
        print(f"{population:28s}" + "".join(f"{name:>10s}" for name in LEADING))
        for model, figures in models.items():
            cells = "".join(f"{figures.get(name, float('nan')):10.4f}" for name in LEADING)
            print(f"  {model:26s}{cells}")
    last = {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "intent": found,
    }
    print(json.dumps(last))


if __name__ == "__main__":
    main()
