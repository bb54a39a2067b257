"""Next item, leave one out, full ranking: the scorer compared with trivial baselines.

usage: python benchmarks/bench_ranking.py FILE [--seeds 3]

A line of FILE is ``customer item item ...``, then maybe a tab and the gaps before the items in
seconds. The last item of a line is the test, the one before it the validation. The encoder learns
on the rest, the mixture's weights are chosen on the validation items, and the encoder goes on
with the validation items. All items are ranked but those already seen; customers whose test item
is unseen in training or already in their history are dropped. Prints a table, and as its last
line one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.core.arrays import IntArray
from footfall.counts import repeats
from footfall.counts.initial_vectors import start_vectors
from footfall.encoder import training
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures
from footfall.evaluation import ranking_metrics as metrics
from footfall.ranking import Context, Targets
from footfall.ranking.batch import SCORES_A_TILE
from footfall.ranking.mixture import Ranker, learn
from footfall.recommender.plan import warm_rate
from footfall.sequences.events import Catalogue, ItemEvents
from footfall.sequences.reading import read

K = 10
LEARNING_RATE = 4e-3
TOP = 20


@dataclass(frozen=True)
class Data:
    """The file as columns, and whether each token lies after a gap of more than zero seconds."""

    events: ItemEvents
    catalogue: Catalogue
    has_gap: np.ndarray


def load(path: Path) -> Data:
    """Reads FILE; raises ValueError naming the line that does not fit."""
    customers: list[int] = []
    items: list[str] = []
    gaps: list[int] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            left, _, right = line.rstrip("\n").partition("\t")
            words = left.split()
            if len(words) < 2:
                continue
            waits = [int(word) for word in right.split()] if right else [1] * (len(words) - 1)
            if len(waits) != len(words) - 1:
                raise ValueError(
                    f"{path}, line {number}: {len(words) - 1} items, {len(waits)} gaps"
                )
            customers.extend([number] * len(waits))
            items.extend(words[1:])
            gaps.extend([0, *waits[1:]])
    owner = np.array(customers, dtype=np.int64)
    gap = np.array(gaps, dtype=np.int64)
    heads = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(len(owner)) - np.repeat(heads, np.diff(np.append(heads, len(owner))))
    elapsed = np.cumsum(gap)
    # The file has no dates: customers are laid so that they all end at one moment, and events
    # of one second keep the order of the file by a microsecond each.
    final = np.append(heads[1:], len(owner)) - 1
    elapsed -= np.repeat(elapsed[final], np.diff(np.append(heads, len(owner))))
    elapsed -= elapsed.min(initial=0)
    at = elapsed * 1_000_000 + place
    table = pa.table(
        {
            "customer_no": owner,
            "item_id": items,
            "event_at": pa.array(at, type=pa.timestamp("us", tz="UTC")),
            "event_type": ["purchase"] * len(items),
        }
    )
    nothing = pa.table({"item_id": pa.array([], type=pa.string())})
    events, catalogue = read(table, nothing, session_gap_seconds=-1)
    return Data(events, catalogue, gap > 0)


def last_items(data: Data, back: int) -> tuple[IntArray, Targets]:
    """Ends of the histories ``back`` items before the last, and the item there as the target.

    Customers with fewer than three items keep their whole history and have no target.
    """
    events = data.events
    long = np.diff(events.offsets) >= 3
    ends = events.offsets[1:] - np.where(long, back, 0)
    seen = np.zeros(len(data.catalogue.item_ids), dtype=np.bool_)
    owner = np.repeat(np.arange(len(long)), np.diff(events.offsets))
    trained = np.arange(len(owner)) < ends[owner]
    seen[events.items[trained]] = True
    customers = np.flatnonzero(long)
    target = events.items[ends[customers]]
    pair = owner * len(seen) + events.items
    known = np.isin(customers * len(seen) + target, pair[trained])
    kept = seen[target] & ~known
    customers, target = customers[kept], target[kept]
    return ends, Targets(customers, np.arange(len(customers)), target)


def context_of(
    data: Data, encoder: Encoder | None, ends: IntArray, device: torch.device
) -> Context:
    """Everything that a ranking needs, with one end a customer in place of one moment for all."""
    features = ItemFeatures.of(data.catalogue, len(data.catalogue.item_ids), device)
    table = None
    if encoder is not None:
        with torch.no_grad():
            table = encoder.table(features)
    return Context(
        events=data.events,
        catalogue=data.catalogue,
        history=repeats.ItemHistory.of(data.events),
        ends=ends,
        cut=int(data.events.at.max()) + 1,
        count_items=len(data.catalogue.item_ids),
        encoder=encoder,
        features=features,
        table=table,
        device=device,
        repeat_model=repeats.RepeatModel({}),
        # Without dates nothing is recent: popularity is that of the whole file.
        popular_days=1e5,
    )


def judge(data: Data, context: Context, ranker: Ranker, targets: Targets) -> dict[str, float]:
    """NDCG and hit rate on all test items, and on those after a gap."""
    ranked = ranking.evaluate(
        context, ranker, targets, new_only=True, components=ranker.components, k=K
    )
    return figures_of(data, context, targets, ranked)


def judge_component(data: Data, context: Context, name: str, targets: Targets) -> dict[str, float]:
    """The same of one component alone."""
    ranked = ranking.ranked_by(
        context, lambda batch: batch.dense(name), targets, new_only=True, k=K
    )
    return figures_of(data, context, targets, ranked)


def figures_of(
    data: Data, context: Context, targets: Targets, ranked: metrics.Ranking
) -> dict[str, float]:
    """Means over all customers, and over those whose target lies after a gap."""
    gap = data.has_gap[context.ends[targets.customers]]
    ndcg, hits = metrics.ndcg(ranked), metrics.hit_rate(ranked)
    figures = {"ndcg_10": ndcg, "hr_10": hits, "ndcg_10_gap": ndcg[gap], "hr_10_gap": hits[gap]}
    return {name: float(v.mean()) if len(v) else float("nan") for name, v in figures.items()}


def customers_per_second(context: Context, ranker: Ranker, customers: IntArray) -> float:
    """How many customers a CPU-second get their top items, the whole mixture included."""
    began = time.process_time()
    for batch in ranking.batches(context, customers, allow_repeats=False):
        found = batch.candidates(ranker.components)
        ranker(found).topk(min(TOP, found.items.shape[1]), dim=1)
    return len(customers) / (time.process_time() - began)


def floors(context: Context, customers: IntArray) -> dict[str, float]:
    """CPU-seconds that the parts of scoring which nobody can do without take by themselves."""
    assert context.table is not None
    table, bias = (part.detach() for part in context.table)
    rows = SCORES_A_TILE // max(1, context.count_items)
    count = -(-len(customers) // rows)
    queries = torch.randn(rows, table.shape[1], device=context.device)
    columns = table.t().contiguous()
    logits = torch.addmm(bias, queries, columns)

    def spent(work: Callable[[], object]) -> float:
        work()
        began = time.process_time()
        for _ in range(count):
            work()
        return time.process_time() - began

    return {
        "matrix product": spent(lambda: torch.addmm(bias, queries, columns, out=logits)),
        "softmax": spent(lambda: logits.softmax(1)),
        "top-20 of all": spent(lambda: logits.topk(min(TOP, logits.shape[1]), dim=1)),
        "read once (maximum)": spent(lambda: logits.amax(1)),
    }


def run(data: Data, options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One seed: fit, learn the mixture on validation, fit on, judge on the test items."""
    device = devices.pick(options.device)
    count = len(data.catalogue.item_ids)
    began = time.process_time()
    encoder = Encoder(
        EncoderConfig(count, 0, 0, options.dim, options.blocks, options.max_length),
        torch.Generator().manual_seed(seed),
    ).to(device)
    validation_ends, validation = last_items(data, 2)
    test_ends, test = last_items(data, 1)
    shift = data.events.offsets[:-1].sum()
    start = start_vectors(data.events, validation_ends, count, options.dim, seed=seed)
    with torch.no_grad():
        encoder.item += torch.from_numpy(start).to(device)
    features = ItemFeatures.of(data.catalogue, count, device)
    settings = training.TrainingSettings(
        epochs=options.epochs,
        batch_tokens=1024,
        learning_rate=LEARNING_RATE,
        weight_decay=0.01,
        dropout=0.3,
        horizon_days=0.0,
        negatives=options.negatives if count > options.negatives else 0,
        time_budget_seconds=1e9,
    )
    fresh = 1.0 - (validation_ends.sum() - shift) / max(test_ends.sum() - shift, 1)
    for name, ends, epochs in (
        ("validation", validation_ends, options.epochs),
        ("test", test_ends, options.warm_epochs),
    ):
        training.fit(
            encoder, features, data.events, ends,
            dataclasses.replace(
                settings,
                epochs=epochs,
                learning_rate=LEARNING_RATE * (1.0 if name == "validation" else warm_rate(fresh)),
            ),
            seed=seed, name=name, device=device,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )  # fmt: skip
        if name == "validation":
            context = context_of(data, encoder, ends, device)
            ranker, told = learn(context, validation, new_only=True, seed=seed)
            spent = time.process_time() - began
            print(f"mixture {json.dumps(told)}, {spent:.0f} CPU-s so far", file=sys.stderr)
    context = context_of(data, encoder, test_ends, device)
    spent = time.process_time() - began
    figures: dict[str, Any] = judge(data, context, ranker, test)
    figures["fit_cpu_s"] = spent
    figures["score_customers_per_s"] = customers_per_second(context, ranker, test.customers)
    figures["floors"] = floors(context, test.customers)
    figures["mixture"] = told
    figures["customers"] = len(test.customers)
    baselines = {
        "popular": "popular", "markov": "successors", "item_knn": "neighbours",
        "softmax": "softmax",
    }  # fmt: skip
    figures["baselines"] = {
        name: judge_component(data, context, component, test)
        for name, component in baselines.items()
    }
    return figures


def main() -> None:
    """Runs every seed and prints means, spreads and the last line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=11)
    parser.add_argument("--warm-epochs", type=int, default=2)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=1)
    parser.add_argument("--max-length", type=int, default=50)
    parser.add_argument("--negatives", type=int, default=1024)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, not {options.seeds}")
    devices.use_threads(options.threads)
    data = load(options.file)
    if not (np.diff(data.events.offsets) >= 3).any():
        parser.error(f"{options.file}: no customer has three items, so there is nothing to test")
    runs = [run(data, options, seed) for seed in range(1, options.seeds + 1)]

    headings = ("ndcg_10", "hr_10", "ndcg_10_gap", "hr_10_gap")
    print(f"{'model':18s}" + "".join(f"{name:>14s}" for name in headings))
    for name, figures in runs[0]["baselines"].items():
        print(f"{name:18s}" + "".join(f"{figures[column]:14.4f}" for column in headings))
    for seed, figures in enumerate(runs, start=1):
        label = f"scorer, seed {seed}"
        print(f"{label:18s}" + "".join(f"{figures[column]:14.4f}" for column in headings))
    means = {name: float(np.mean([r[name] for r in runs])) for name in headings}
    last = {
        **{name: round(value, 5) for name, value in means.items()},
        "fit_cpu_s": round(float(np.mean([r["fit_cpu_s"] for r in runs])), 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
        "score_customers_per_s": round(float(np.mean([r["score_customers_per_s"] for r in runs]))),
        "baselines": runs[0]["baselines"],
        "spread": {n: round(float(np.std([r[n] for r in runs])), 5) for n in headings},
        "scoring_floors_cpu_s": {n: round(v, 3) for n, v in runs[0]["floors"].items()},
        "mixture": runs[0]["mixture"],
        "customers": runs[0]["customers"],
        "seeds": options.seeds,
    }
    print(json.dumps(last))


if __name__ == "__main__":
    main()
