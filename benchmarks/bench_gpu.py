"""The scorer's heavy parts on a CUDA device, compared with the floors of the device.

usage: python benchmarks/bench_gpu.py [--items 12000 1000000] [--dim 128]

Needs Python, torch, numpy and pyarrow, and no dbt. For each size of the catalogue: training steps
over packed histories (attention over histories of any length, softmax over the whole catalogue,
without its logits in memory, forward and backward) and scoring (states, then the best items of
all). The floor is the larger of counted FLOPs over the speed of a large matrix product and counted
bytes over the speed of a large copy, both measured in the same run. Results are checked against
float64 and against the CPU. Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

import packed_attention as packed
from footfall.core import device as devices
from footfall.encoder import losses
from footfall.encoder.network import NEXT_PURCHASE, Encoder, EncoderConfig, ItemFeatures, Tokens
from footfall.ranking.selection import LANES, top
from footfall.sequences.events import GAP_BUCKETS

MAX_LENGTH = 100
TOP = 100
# Relative to the largest value: bf16 has eight bits, float32 twenty-four.
TOLERANCE = {"cuda": 2e-2, "cpu": 1e-4}


@dataclass(frozen=True)
class Load:
    """Made-up histories, end to end, on a device."""

    tokens: Tokens
    edges: Tensor
    longest: int
    features: ItemFeatures


def load_of(items: int, count_tokens: int, device: torch.device, seed: int = 1) -> Load:
    """Histories of 1 to ``MAX_LENGTH`` tokens, short ones more often; popular items more often."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(1 + random.geometric(0.08, size=count_tokens), MAX_LENGTH)
    sizes = sizes[: max(1, int(np.searchsorted(np.cumsum(sizes), count_tokens)))]
    total = int(sizes.sum())
    item = np.minimum((items * random.random(total) ** 2).astype(np.int64), items - 1)
    gaps = random.integers(0, GAP_BUCKETS, total)
    nothing = torch.zeros(items, dtype=torch.int64, device=device)
    return Load(
        Tokens(
            torch.from_numpy(item).to(device),
            torch.full((total,), 3, dtype=torch.int64, device=device),
            torch.from_numpy(gaps).to(device),
        ),
        torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)).to(device),
        int(sizes.max()),
        ItemFeatures(nothing, nothing, nothing),
    )


def encoder_of(items: int, dim: int, device: torch.device) -> Encoder:
    """An encoder with random weights."""
    config = EncoderConfig(items, 0, 0, dim, 1, MAX_LENGTH)
    return Encoder(config, torch.Generator().manual_seed(1)).to(device)


def loss_of(encoder: Encoder, load: Load) -> Tensor:
    """The loss of predicting each next token; nothing is left out, nothing padded."""
    states = packed.states(encoder, load.tokens, load.edges, load.longest, load.features)
    ends = load.edges[1:].long() - 1
    asks = torch.ones(len(states), dtype=torch.bool, device=states.device)
    asks[ends] = False
    row = torch.nonzero(asks)[:, 0]
    queries = encoder.query(states[row], NEXT_PURCHASE)
    table, bias = encoder.table(load.features)
    if queries.is_cuda:
        queries, table, bias = (x.to(torch.bfloat16) for x in (queries, table, bias))
    answers = load.tokens.items[row + 1]
    place = torch.arange(len(row), device=row.device)
    weight = torch.ones(len(row), device=row.device)
    return losses.set_softmax(queries, table, bias, place, answers, weight)


def training_step(encoder: Encoder, load: Load) -> Callable[[], None]:
    """One step of training, to be repeated."""
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=1e-3, fused=True)
    device = load.edges.device

    def step() -> None:
        with devices.autocast(device):
            loss = loss_of(encoder, load)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def best_items(
    encoder: Encoder, load: Load, size: int, chunk_logits: int = 256_000_000
) -> tuple[Tensor, Tensor]:
    """The best items of each history: scores and items ``[histories, size]``."""
    with torch.no_grad(), devices.autocast(load.edges.device):
        states = packed.states(encoder, load.tokens, load.edges, load.longest, load.features)
        queries = encoder.query(states[load.edges[1:].long() - 1], NEXT_PURCHASE)
        table, bias = encoder.table(load.features)
        if queries.is_cuda:
            queries, table, bias = (x.to(torch.bfloat16) for x in (queries, table, bias))
        columns = -(-len(table) // LANES) * LANES
        missing = columns - len(table)
        table = torch.nn.functional.pad(table, (0, 0, 0, missing))
        bias = torch.nn.functional.pad(bias, (0, missing), value=-torch.inf)
        rows = max(1, chunk_logits // columns)
        parts = [top(torch.addmm(bias, some, table.t()), size) for some in queries.split(rows)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def seconds(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Wall seconds of one call, after one to warm up."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    work()
    wait()
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    wait()
    return (time.perf_counter() - began) / repeats


def speeds(device: torch.device, size: int = 8192) -> tuple[float, float]:
    """FLOP/s of a large matrix product and bytes/s of a large copy."""
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    one = torch.randn(size, size, device=device, dtype=kind)
    other = torch.empty_like(one)
    product = 2.0 * size**3 / seconds(lambda: torch.mm(one, one, out=other), device, 10)
    copied = 2.0 * one.numel() * one.element_size() / seconds(lambda: other.copy_(one), device, 10)
    return product, copied


def floor_of(flops: float, moved: float, product: float, copied: float) -> float:
    """Seconds below which the counted work cannot be done."""
    return max(flops / product, moved / copied)


def training_work(encoder: Encoder, load: Load, chunk: int) -> tuple[float, float]:
    """FLOPs and bytes of one step: products of the loss and the blocks, thrice; table and Adam."""
    items, dim = encoder.item.shape
    count = len(load.tokens.items)
    blocks = sum(w.numel() for w in encoder.blocks.parameters())
    flops = 6.0 * count * (items * dim + blocks)
    width = 2 if load.edges.is_cuda else 4
    passes = -(-count // max(1, chunk // items))
    # Each chunk reads the table twice and adds to its gradient; Adam reads and writes four arrays.
    moved = passes * items * dim * (2.0 * width + 8.0) + 7 * 4.0 * items * dim
    return flops, moved


def scoring_work(encoder: Encoder, load: Load) -> tuple[float, float]:
    """FLOPs and bytes of one pass: the product, its logits written and read once."""
    items, dim = encoder.item.shape
    count = len(load.edges) - 1
    blocks = sum(w.numel() for w in encoder.blocks.parameters())
    width = 2 if load.edges.is_cuda else 4
    flops = 2.0 * (count * items * dim + len(load.tokens.items) * blocks)
    return flops, 2.0 * width * count * items


def check(device: torch.device, items: int, dim: int, count_tokens: int) -> dict[str, float]:
    """How far loss, gradients and scores are from float64, relative to its largest value.

    Raises
    ------
    ArithmeticError
        When one of them is further off than ``TOLERANCE``.
    """
    load = load_of(items, count_tokens, device)
    encoder = encoder_of(items, dim, device)
    with devices.autocast(device):
        loss = loss_of(encoder, load)
    loss.backward()
    scores, found = best_items(encoder, load, min(TOP, items))
    home = torch.device("cpu")
    exact_load = load_of(items, count_tokens, home)
    exact = encoder_of(items, dim, home).double()
    states = packed.states(
        exact, exact_load.tokens, exact_load.edges, exact_load.longest, exact_load.features
    )
    table, bias = exact.table(exact_load.features)
    logits = exact.query(states, NEXT_PURCHASE) @ table.t() + bias
    ends = exact_load.edges[1:].long() - 1
    asks = torch.ones(len(states), dtype=torch.bool)
    asks[ends] = False
    row = torch.nonzero(asks)[:, 0]
    expected = torch.nn.functional.cross_entropy(logits[row], exact_load.tokens.items[row + 1])
    expected.backward()
    last = logits[ends].detach()

    def off(ours: Tensor, theirs: Tensor) -> float:
        far = (ours.detach().cpu().double() - theirs.detach()).abs().max()
        return float(far / theirs.detach().abs().max().clamp_min(1e-12))

    told = {
        "loss": off(loss, expected),
        "gradient of the items": off(encoder.item.grad, exact.item.grad),
        "gradient of the block": off(
            encoder.blocks[0].feed_in.weight.grad, exact.blocks[0].feed_in.weight.grad
        ),
        "scores of the best items": off(scores.float(), last.gather(1, found.cpu())),
        "best score": off(scores[:, 0].float(), last.amax(1)),
    }
    for name, far in told.items():
        if not far <= TOLERANCE[device.type]:
            raise ArithmeticError(
                f"{name} is off by {far:.2g} of the largest value on {devices.describe(device)}; "
                f"at most {TOLERANCE[device.type]:.2g} is allowed"
            )
    return told


def measure(
    device: torch.device, items: int, dim: int, count_tokens: int, repeats: int,
    product: float, copied: float,
) -> dict[str, Any]:  # fmt: skip
    """Speeds of training and scoring for one catalogue, with their floors and the memory."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    load = load_of(items, count_tokens, device)
    encoder = encoder_of(items, dim, device)
    targets = len(load.tokens.items) - (len(load.edges) - 1)
    step = seconds(training_step(encoder, load), device, repeats)
    chunk = losses.CHUNK_LOGITS[device.type]
    step_floor = floor_of(*training_work(encoder, load, chunk), product, copied)
    trained = _peak_gib(device)
    encoder.zero_grad(set_to_none=True)
    customers = len(load.edges) - 1
    size = min(TOP, items)
    scoring = seconds(lambda: best_items(encoder, load, size), device, repeats)
    scoring_floor = floor_of(*scoring_work(encoder, load), product, copied)
    return {
        "items": items,
        "dim": dim,
        "targets_per_s": round(targets / step),
        "targets_per_s_floor": round(targets / step_floor),
        "customers_per_s": round(customers / scoring),
        "customers_per_s_floor": round(customers / scoring_floor),
        "peak_gib_training": round(trained, 2),
        "peak_gib": round(_peak_gib(device), 2),
    }


def _peak_gib(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0


def main() -> None:
    """Checks, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, nargs="+", default=[12_000, 1_000_000])
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(
            "bench-gpu needs a CUDA device and torch sees none. On the CPU the scorer is measured "
            "by: make bench-ranking FILE=path"
        )
    device = devices.pick("cuda")
    told = check(device, 3000, options.dim, 4000)
    for name, far in told.items():
        print(f"{name}: off by {far:.2g} of the largest value in float64")
    product, copied = speeds(device)
    print(f"{devices.describe(device)}: {product / 1e12:.0f} TFLOP/s, {copied / 1e12:.2f} TB/s")
    rows = [
        measure(device, items, options.dim, options.tokens, options.repeats, product, copied)
        for items in options.items
    ]
    print("".join(f"{name:>22s}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:>22}" for value in row.values()))
    print(
        json.dumps(
            {
                "device": devices.describe(device),
                "torch": torch.__version__,
                "tflop_per_s": round(product / 1e12, 1),
                "tb_per_s": round(copied / 1e12, 2),
                "off_from_float64": told,
                "runs": rows,
            }
        )
    )


if __name__ == "__main__":
    main()
