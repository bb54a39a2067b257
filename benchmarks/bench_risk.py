"""The risk of payments on any file, compared with rules, a logistic regression and a forest.

usage: python benchmarks/bench_risk.py --file FILE [--train from,to --delay DAYS --test from,to]
           [--starts day,day,...] [--map theirs:ours,...] [--cost | --attempts COUNT]

FILE is CSV or Parquet with occurred_at, customer_id, amount and is_fraud. Device, card, terminal,
address, ip, country, card_country, registered_at, labelled_at, outcome and channel are used where
they are there. The rows take the place of `int_payment_attempts` in a warehouse of their own that
is thrown away, and dbt makes links, rings and `int_risk_features` of them as in any warehouse.
docs/risk.md says what each figure means. --cost adds what making the features took. --attempts
does that alone, for so many attempts: the payments of the file come again after its last day, by
the same customers at the same terminals, until they are as many.

Prints columns, progress, tables, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.csv as pa_csv

from bench_value import PROJECT, build
from footfall.risk.attempts import COLUMNS, Attempts, read_attempts
from footfall.risk.files import PaymentFile, load_payments, parse_map
from footfall.risk.judging import REVIEWED_A_DAY
from footfall.risk.model import RiskSettings
from footfall.risk.problems import RiskProblem
from footfall.risk.rules import Rule, read_rules
from footfall.risk.splits import Split, delay_of, splits_of
from risk_comparing import MODELS, Compared, compare

FIGURES = ("auc", "average_precision", "precision_100_day", "recall_1_fpr", "money_caught")
FEATURES = "int_risk_links int_risk_rings int_risk_features"


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def print_columns(file: PaymentFile) -> None:
    """Print what is read of a file."""
    used = ", ".join(
        name if theirs == name else f"{theirs} as {name}" for name, theirs in file.used.items()
    )
    print(f"Columns used: {used}")
    print(f"Columns ignored: {', '.join(file.ignored) or 'none'}")
    for note in file.notes:
        print(f"Note: {note}")


@dataclass(frozen=True)
class Read:
    """A file, what it is asked for, and what became of it."""

    file: PaymentFile
    splits: list[Split]
    attempts: Attempts
    rules: tuple[Rule, ...]
    cost: float | None


def read(folder: Path, options: argparse.Namespace) -> Read:
    """Read the file, make the features in a warehouse, and take them from there."""
    warehouse = folder / "bench.duckdb"
    delay = delay_of(options.delay)
    with duckdb.connect(str(warehouse)) as connection:
        file = load_payments(
            connection,
            options.file,
            parse_map(options.map),
            delay,
            by_delay=bool(options.delay),
        )
        splits = splits_asked(options, file, connection)
    print_columns(file)
    sys.stdout.flush()
    say(f"{file.rows:,} rows read; dbt makes the features ...")
    build(folder, {"risk_label_delay_days": delay}, FEATURES)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        cost = features_cost(connection, folder) if options.cost else None
        some = connection.sql(
            f"select {', '.join(COLUMNS)} from intermediate.int_payment_attempts"
        ).to_arrow_table()
        # What is noted of attempts besides is no feature: see `footfall.risk.attempts`.
        names = [row[0] for row in connection.execute(
            "describe intermediate.int_risk_features"
        ).fetchall() if row[0] == "attempt_id" or row[1] == "DOUBLE"]  # fmt: skip
        counts = connection.execute(
            f"select {', '.join(f'count({name})' for name in names)}"
            " from intermediate.int_risk_features"
        ).fetchall()[0]
        kept = [name for name, count in zip(names, counts, strict=True) if count]
        columns = ", ".join(
            name if name == "attempt_id" else f"cast({name} as float) as {name}" for name in kept
        )
        features = connection.sql(
            f"select {columns} from intermediate.int_risk_features"
        ).to_arrow_table()
    rules = read_rules(pa_csv.read_csv(PROJECT / "seeds" / "fraud_rules.csv"), names)
    return Read(file, splits, read_attempts(some, features), rules, cost)


def repeat_payments(connection: duckdb.DuckDBPyConnection, attempts: int) -> None:
    """Let the payments of a file come again, later each time, until there are so many."""
    days, rows = connection.execute(
        "select max(shop_day) - min(shop_day) + 1, count(*) from intermediate.attempts_of_file"
    ).fetchall()[0]
    moments = (
        "attempted_at", "known_at", "outcome_known_at", "labelled_at", "fraud_known_at",
        "fraud_cleared_at", "fraud_again_at",
    )  # fmt: skip
    later = ", ".join(f"{name} + to_days({days} * copy) as {name}" for name in moments)
    connection.execute(
        "create or replace table intermediate.repeated as select attempts.* exclude (copy) replace"
        " (case when copy = 0 then attempt_id else md5(attempt_id || copy) end as attempt_id,"
        f" cast(shop_day + {days} * copy as date) as shop_day, {later}) from"
        " (select attempts_of_file.*, copies.copy from intermediate.attempts_of_file,"
        f" (select cast(range as integer) as copy from range({-(-attempts // rows)})) as copies)"
        f" as attempts order by attempted_at, attempt_id limit {attempts}"
    )
    connection.execute(
        "create or replace view intermediate.int_payment_attempts as"
        " select * from intermediate.repeated"
    )


def cost_of_features(options: argparse.Namespace) -> None:
    """Print what the features of so many attempts take, and what a file of them holds."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        folder = Path(name)
        warehouse = folder / "bench.duckdb"
        delay = delay_of(options.delay)
        with duckdb.connect(str(warehouse)) as connection:
            file = load_payments(connection, options.file, parse_map(options.map), delay)
            repeat_payments(connection, options.attempts)
        print_columns(file)
        build(folder, {"risk_label_delay_days": delay}, FEATURES)
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            cost = features_cost(connection, folder)
    print(f"features: {cost:.1f} CPU-seconds on one thread for {options.attempts:,} attempts")
    print(json.dumps({"attempts": options.attempts, "cpu_seconds": round(cost, 2)}))


def features_cost(connection: duckdb.DuckDBPyConnection, folder: Path) -> float:
    """Return the CPU-seconds of the query of int_risk_features, run once more on one thread."""
    (path,) = folder.glob("target/compiled/**/int_risk_features.sql")
    connection.execute("set threads = 1")
    began = time.process_time()
    connection.execute(f"create or replace temp table again as {path.read_text()}")
    used = time.process_time() - began
    connection.execute("drop table again")
    return used


def print_figures(found: list[Compared]) -> None:
    """Print the figures of each model on each split, and the means of several."""
    print(f"{'':16s}{'test':24s}" + "".join(f"{name:>19s}" for name in FIGURES))
    for name in found[0].models:
        for one in found:
            if name not in one.models:
                continue
            figures = one.models[name].as_dict()
            cells = "".join(f"{shown(figures[metric]):>19s}" for metric in FIGURES)
            print(f"{name:16s}{one.split.test_from} to {one.split.test_to}{cells}")
        if len(found) > 1:
            cells = "".join(f"{shown(mean(found, name, metric)):>19s}" for metric in FIGURES)
            print(f"{name:16s}{'mean':24s}{cells}")
    for one in found:
        # Found customers leave, so models may differ in how many are left: the fewest count.
        left = zip(*(figures.days for figures in one.models.values()), strict=True)
        days = [min(model.customers for model in day) for day in left]
        few = sum(customers < REVIEWED_A_DAY for customers in days)
        print(
            f"test {one.split.test_from} to {one.split.test_to}: {one.tested:,} attempts, "
            f"{one.frauds_tested:,} frauds, {one.left_out:,} attempts of known customers left out; "
            f"days with fewer than {REVIEWED_A_DAY} customers: {few} of {len(days)}"
        )


def shown(value: float | None) -> str:
    """Return a figure as the table shows it."""
    return "-" if value is None else f"{value:.4f}"


def mean(found: list[Compared], model: str, metric: str) -> float | None:
    """Return the mean of a figure over splits; None where one does not have it."""
    values = [one.models[model].as_dict()[metric] for one in found if model in one.models]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(found) else None


def last_line(file: PaymentFile, attempts: Attempts, found: list[Compared]) -> dict[str, Any]:
    """Return what the last line holds."""
    return {
        "rows": file.rows,
        "customers": len(np.unique(attempts.customer_no)),
        "days": len(np.unique(attempts.day)),
        "fraud_share": round(float(attempts.is_fraud.mean()), 6),
        "split": found[0].split.as_dict(),
        "starts": [
            {
                **one.split.as_dict(),
                "learnt": one.learnt,
                "tested": one.tested,
                "frauds_tested": one.frauds_tested,
                "models": {
                    name: {k: rounded(v) for k, v in figures.as_dict().items()}
                    for name, figures in one.models.items()
                },
            }
            for one in found
        ],
        "models": {
            name: {metric: rounded(mean(found, name, metric)) for metric in FIGURES}
            for name in MODELS
        },
    }


def rounded(value: float | None) -> float | None:
    """Return a figure with six digits after the point."""
    return None if value is None else round(value, 6)


def splits_asked(
    options: argparse.Namespace, file: PaymentFile, connection: duckdb.DuckDBPyConnection
) -> list[Split]:
    """Return the splits that the options ask for."""
    first, last = connection.execute(
        "select min(shop_day), max(shop_day) from intermediate.int_payment_attempts"
    ).fetchall()[0]
    return splits_of(
        first,
        last,
        starts=options.starts,
        train=options.train,
        delay=options.delay,
        test=options.test,
        has_label_times="labelled_at" in file.used,
    )


def run(options: argparse.Namespace) -> None:
    """Read, make features, compare, print."""
    began, used = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        given = read(Path(name), options)
    settings = RiskSettings(seed=options.seed, threads=options.threads)
    found = []
    for split in given.splits:
        say(f"test {split.test_from} to {split.test_to}")
        found.append(
            compare(given.attempts, given.attempts.has_label, split, given.rules, settings, say)
        )
    print_figures(found)
    if given.cost is not None:
        print(f"features: {given.cost:.1f} CPU-seconds for {given.file.rows:,} attempts")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{time.perf_counter() - began:.0f} seconds, {time.process_time() - used:.0f} CPU-seconds, "
        f"{peak:.2f} GiB at most"
    )
    print(json.dumps(last_line(given.file, given.attempts, found)))


def main() -> None:
    """Read the options; what is wrong ends in one line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    for name in ("train", "delay", "test", "starts", "map"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--attempts", type=int, help="measure the features of so many, no more")
    options = parser.parse_args()
    try:
        cost_of_features(options) if options.attempts else run(options)
    except RiskProblem as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
