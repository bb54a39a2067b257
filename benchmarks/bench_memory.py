"""Peak memory and time of training and scoring a stream of made-up events, at growing sizes.

usage: python benchmarks/bench_memory.py [--events 2500000 5000000 10000000] [--budget 60]

Each size runs in a process of its own. The events are drawn batch by batch, unsorted, and never
are in memory as a whole; recommendations and states are read as streams and dropped. Customers
have 127 events each on average, so that they grow with the events. Prints a line a size, and as
its last line one JSON object.
"""

from __future__ import annotations

import argparse
import datetime
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

EVENTS_A_CUSTOMER = 127
DAYS = 365
FIRST = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
BATCH_ROWS = 100_000
SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("item_id", pa.string()),
        ("event_at", pa.timestamp("us", tz="UTC")),
        ("event_type", pa.string()),
        ("unit_price", pa.float64()),
    ]
)


def made_up(count: int, customers: int, items: int) -> Iterator[pa.RecordBatch]:
    """Visits of a few events around an item; popular items more often; a tenth are purchases."""
    random = np.random.default_rng(1)
    names = pa.array([f"item {number:06d}" for number in range(items)])
    kinds = pa.array(["view", "add_to_cart", "purchase"])
    start = int(FIRST.timestamp()) * 1_000_000
    for low in range(0, count, BATCH_ROWS):
        rows = min(BATCH_ROWS, count - low)
        visits = -(-rows // 5)
        visit = np.repeat(np.arange(visits), 5)[:rows]
        customer = random.integers(0, customers, visits)[visit]
        at = random.integers(0, DAYS * 86_400, visits)[visit] + random.integers(0, 1200, rows)
        centre = (random.random(visits) ** 3 * items).astype(np.int64)[visit]
        item = (centre + random.geometric(0.3, rows)) % items
        kind = np.minimum(random.geometric(0.7, rows) - 1, 2)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(customer),
                names.take(pa.array(item)),
                pa.array(start + at * 1_000_000, type=pa.timestamp("us", tz="UTC")),
                kinds.take(pa.array(kind)),
                pa.array(1.0 + item % 50),
            ],
            schema=SCHEMA,
        )


def peak_gib() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measured(count: int, options: argparse.Namespace) -> dict[str, float]:
    """Trains on one stream, scores another of the same events, and says what it took."""
    from footfall.recommender import recommend as recommendations
    from footfall.recommender.settings import ScorerSettings

    customers = max(count // EVENTS_A_CUSTOMER, 1)
    settings = ScorerSettings(
        threads=options.threads, device="cpu", time_budget_seconds=options.budget
    )
    items = pa.table(
        {
            "item_id": [f"item {number:06d}" for number in range(options.items)],
            "category": [f"category {number % 40}" for number in range(options.items)],
        }
    )

    def stream() -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(SCHEMA, made_up(count, customers, options.items))

    def told(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    found: dict[str, float] = {"events": count, "customers": customers}
    found["peak_gib_before"] = round(peak_gib(), 2)
    began = time.process_time()
    model = recommendations.train_encoder(stream(), items, settings=settings, progress=told)
    found["train_cpu_s"] = round(time.process_time() - began, 1)
    found["peak_gib_trained"] = round(peak_gib(), 2)
    began = time.process_time()
    rows = sum(
        batch.num_rows
        for batch in recommendations.recommend(
            model, stream(), items, settings=settings, progress=told
        )
    )
    found["score_cpu_s"] = round(time.process_time() - began, 1)
    found["peak_gib"] = round(peak_gib(), 2)
    found["recommendations"] = rows
    return found


def main() -> None:
    """Runs each size and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, nargs="+", default=[2_500_000, 5_000_000, 10_000_000])
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="one size, in this process")
    options = parser.parse_args()
    if min(options.events) < 1 or options.items < 1:
        parser.error("--events and --items must be at least 1")
    if options.alone:
        print(json.dumps(measured(options.events[0], options)))
        return
    found = []
    for count in options.events:
        done = subprocess.run(
            [
                sys.executable, str(Path(__file__)), "--alone", "--events", str(count),
                "--items", str(options.items), "--budget", str(options.budget),
                "--threads", str(options.threads),
            ],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print("  ".join(f"{name} {value:,}" for name, value in found[-1].items()), flush=True)
    print(json.dumps({"sizes": found, "peak_gib": max(one["peak_gib"] for one in found)}))


if __name__ == "__main__":
    main()
