"""Fine-tuning a model from day to day compared with training it from scratch each day.

usage: python benchmarks/bench_warm.py --vars VARS --cut YYYY-MM-DD [--steps 7] [--days 28]

Builds the tables that the scorer reads with dbt, in a warehouse of its own. A model is trained as
of CUT and fine-tuned a day at a time; for comparison one is trained from scratch as of the last
day. Both, and the model of CUT as it was, then rank all items for what is bought in the DAYS after
the last day; counts, popularity and histories are those of the last day for all three. Prints a
table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import yaml

from bench_ranking_time import INPUTS, build
from footfall import ranking
from footfall.core import device as devices
from footfall.counts import repeats
from footfall.evaluation import ranking_metrics as metrics
from footfall.evaluation.bootstrap import measure_mean
from footfall.recommender import stored_model as artifacts
from footfall.recommender.inputs import read_inputs
from footfall.recommender.restore import POPULATIONS, context_of, ranker_of
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.train import train_encoder
from footfall.sequences.events import microseconds


def tables_of(warehouse: Path) -> tuple[pa.Table, pa.Table]:
    """The events and items that the scorer reads."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        events = connection.sql("select * from intermediate.int_item_events").to_arrow_table()
        items = connection.sql("select * from intermediate.int_items").to_arrow_table()
    return events, items


def before(events: pa.Table, day: datetime.date) -> pa.Table:
    """What the shop knew at the start of a day."""
    at = events["event_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return events.filter(pa.array(at < microseconds(day)))


def trained(
    events: pa.Table,
    items: pa.Table,
    settings: ScorerSettings,
    previous: pa.Table | None,
) -> tuple[pa.Table, float]:
    """A model as of a day, and the CPU-seconds that it took."""
    assert settings.as_of is not None
    known = before(events, settings.as_of)
    began = time.process_time()
    model = train_encoder(
        known, items, settings=settings, previous=previous,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )  # fmt: skip
    return model, time.process_time() - began


def quality(
    model: pa.Table,
    events: pa.Table,
    items: pa.Table,
    settings: ScorerSettings,
    cut: datetime.date,
    days: int,
) -> tuple[np.ndarray, np.ndarray]:
    """NDCG@10 of each customer on all items, and on those new to them."""
    loaded = artifacts.load(model)
    tokens, catalogue = read_inputs(events, items, settings, loaded)
    values = loaded.fits["production"]
    context = context_of(
        tokens, catalogue, repeats.ItemHistory.of(tokens), microseconds(cut), values,
        devices.pick("cpu"),
    )  # fmt: skip
    found = []
    for new_only, population in enumerate(POPULATIONS):
        ranker = ranker_of(values, population)
        targets = ranking.targets_between(
            context, microseconds(cut + datetime.timedelta(days=days)), new_only=bool(new_only)
        )
        ranked = ranking.evaluate(
            context, ranker, targets, new_only=bool(new_only), components=ranker.components
        )
        found.append(metrics.ndcg(ranked))
    return found[0], found[1]


def main() -> None:
    """Trains, fine-tunes, judges, and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cut", type=datetime.date.fromisoformat, required=True)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--vars", default="{}", help="vars of the project, the source among them")
    options = parser.parse_args()
    if options.steps < 1 or options.days < 1:
        parser.error("--steps and --days must be at least 1")
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as folder:
        warehouse = Path(folder) / "bench.duckdb"
        os.environ["FOOTFALL_DB"] = str(warehouse)
        build(yaml.safe_load(options.vars) or {}, INPUTS)
        events, items = tables_of(warehouse)

    settings = ScorerSettings(
        threads=options.threads, device="cpu", window_days=options.days, time_budget_seconds=36_000,
        head_cutoff=options.cut - datetime.timedelta(days=3 * options.days),
    )  # fmt: skip
    last = options.cut + datetime.timedelta(days=options.steps)
    print(f"full training as of {options.cut}", file=sys.stderr)
    old, _ = trained(events, items, dataclasses.replace(settings, as_of=options.cut), None)
    model = old
    steps: list[dict[str, Any]] = []
    for number in range(1, options.steps + 1):
        day = options.cut + datetime.timedelta(days=number)
        model, spent = trained(events, items, dataclasses.replace(settings, as_of=day), model)
        run = artifacts.load(model).run
        steps.append({"as_of": str(day), "training": run["training"], "cpu_s": round(spent, 1)})
        print(f"{steps[-1]}: {run['training_reason']}", file=sys.stderr)
    scratch, full = trained(events, items, dataclasses.replace(settings, as_of=last), None)

    judged = {
        "fine-tuned": quality(model, events, items, settings, last, options.days),
        "from scratch": quality(scratch, events, items, settings, last, options.days),
        "as it was": quality(old, events, items, settings, last, options.days),
    }
    print(f"{'model':14s}{'NDCG@10':>10s}{'new items':>12s}")
    for name, (every, new) in judged.items():
        print(f"{name:14s}{every.mean():10.4f}{new.mean():12.4f}")
    gained = judged["fine-tuned"][0] - judged["from scratch"][0]
    lead = measure_mean(gained, replicates=1000, seed=1)
    a_step = float(np.mean([step["cpu_s"] for step in steps]))
    print(
        json.dumps(
            {
                "ndcg_10": {name: round(float(v[0].mean()), 5) for name, v in judged.items()},
                "ndcg_10_new": {name: round(float(v[1].mean()), 5) for name, v in judged.items()},
                "carried_on_minus_from_scratch": [
                    round(value, 5) for value in (lead.value, lead.lower, lead.upper)
                ],
                "customers": [len(part) for part in judged["fine-tuned"]],
                "steps": steps,
                "cpu_s_a_step": round(a_step, 2),
                "cpu_s_from_scratch": round(full, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
