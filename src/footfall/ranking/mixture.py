"""The mixture: how much each component counts, learned on a window that nothing else has seen.

First one weight a component is sought for all customers. On top of it a small network reads what
the components say of a candidate and what is known about the customer, since how far the counts
can be trusted depends on how much they have seen. It is kept only where it ranks customers better
that it has not learned from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from footfall.core.arrays import Float32Array
from footfall.ranking import (
    COMPONENTS,
    SITUATION,
    Candidates,
    Context,
    Targets,
    batches,
    targets_of,
)

# A component that costs a matrix inversion and reads whole histories has to earn its place: this
# much of the NDCG that is reached without it.
COSTLY = ("linear",)
COSTLY_GAIN = 0.01
CUSTOMERS_AT_MOST = 30_000
CUSTOMERS_AT_LEAST = 100
HIDDEN = 32
RATE = 5e-3
STEPS_A_CUSTOMER = 12
#: Added to a sum of shares before its log is taken; and what totals are held at, at least.
SMALLEST_SHARE = 1e-9
# The hidden units of so many customers' candidates stay in a cache.
CUSTOMERS_AT_ONCE = 64
NETWORK_NAMES = (
    "mean", "scale", "in_weight", "in_bias", "out_weight", "skip_weight",
)  # fmt: skip


@dataclass(frozen=True)
class Ranker:
    """Weights of the components, and the network on top of them.

    Attributes
    ----------
    weights
        Sum to one; float32 ``[components]``.
    network
        Arrays by name, ``NETWORK_NAMES``; empty where the weights alone rank.
    """

    weights: Float32Array
    network: dict[str, Float32Array]

    @property
    def components(self) -> tuple[str, ...]:
        """The components that it reads."""
        return tuple(
            name
            for name, weight in zip(COMPONENTS, self.weights.tolist(), strict=True)
            if weight > 0 or (self.network and name not in COSTLY)
        )

    def __call__(self, found: Candidates) -> Tensor:
        """Log of the share of each candidate; float32 ``[batch, width]``."""
        scores = _blend(found.values, torch.from_numpy(self.weights).to(found.values.device))
        if self.network:
            device = found.values.device
            network = {k: torch.from_numpy(v).to(device) for k, v in self.network.items()}
            scores = torch.cat(
                [
                    _network(network, *part)
                    for part in zip(
                        found.values.split(CUSTOMERS_AT_ONCE),
                        found.situation.split(CUSTOMERS_AT_ONCE),
                        scores.split(CUSTOMERS_AT_ONCE),
                        strict=True,
                    )
                ]
            )
        scores = scores.masked_fill(~found.real, -torch.inf).log_softmax(1)
        return scores.nan_to_num_(nan=-torch.inf, neginf=-torch.inf)

    def arrays(self) -> dict[str, Float32Array]:
        """Return what ``of`` reads again."""
        return {"weights": self.weights, **self.network}

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Ranker:
        """Build a ranker from stored arrays.

        Raises
        ------
        ValueError
            When an array is missing or has a shape that does not fit.
        """
        network = {name: arrays[name] for name in NETWORK_NAMES if name in arrays}
        width = len(COMPONENTS) + 1 + len(SITUATION)
        shapes: dict[str, tuple[int, ...]] = {
            "weights": (len(COMPONENTS),), "mean": (width,), "scale": (width,),
            "in_weight": (HIDDEN, width), "in_bias": (HIDDEN,), "out_weight": (HIDDEN,),
            "skip_weight": (width,),
        }  # fmt: skip
        for name in ("weights", *(NETWORK_NAMES if network else ())):
            shape = np.shape(arrays[name]) if name in arrays else None
            if shape != shapes[name]:
                raise ValueError(f"mixture {name!r} has shape {shape}; it must be {shapes[name]}")
        return cls(arrays["weights"], network)


@dataclass(frozen=True)
class _Lesson:
    """Candidates of the customers who have a hit among theirs."""

    values: Tensor
    situation: Tensor
    real: Tensor
    hit: Tensor
    ideal: Tensor
    customers: int


def learn(
    context: Context, targets: Targets, *, new_only: bool, seed: int, k: int = 10
) -> tuple[Ranker, dict[str, Any]]:
    """Find the ranker with the best mean NDCG@k on a validation window.

    Returns
    -------
    The ranker, and what is worth reporting: ``ndcg_10`` of the weights, of the network on customers
    that it did not learn from (where it was tried), whether it is used, and the weights.
    """
    lesson = _lesson(context, targets, new_only=new_only, seed=seed, k=k)
    weights, reached = _weights(lesson, k)
    report: dict[str, Any] = {
        "ndcg_10": reached,
        "weights": dict(zip(COMPONENTS, (round(float(w), 4) for w in weights), strict=True)),
        "uses_network": False,
    }
    ranker = Ranker(weights, {})
    count = len(lesson.values)
    if count < CUSTOMERS_AT_LEAST:
        return ranker, report
    used = Ranker(weights, dict.fromkeys(NETWORK_NAMES, np.zeros(0, np.float32))).components
    unread = [place for place, name in enumerate(COMPONENTS) if name not in used]
    lesson.values[:, :, unread] = 0.0
    blended = _blend(lesson.values, torch.from_numpy(weights).to(lesson.values.device))
    half = torch.from_numpy(np.random.default_rng(seed).random(count) < 0.5)
    unseen = torch.empty_like(blended)
    for learned, judged in ((half, ~half), (~half, half)):
        network = _train(lesson, blended, torch.nonzero(learned)[:, 0], seed)
        with torch.no_grad():
            unseen[judged] = _scored(network, lesson, blended, torch.nonzero(judged)[:, 0])
    base, better = _gains(lesson, blended, k), _gains(lesson, unseen, k)
    lead = (better - base).double()
    report["ndcg_10_network"] = float(better.double().sum() / lesson.customers)
    if float(lead.mean()) > float(lead.std()) / math.sqrt(count):
        network = _train(lesson, blended, torch.arange(count), seed)
        ranker = Ranker(weights, {name: array.cpu().numpy() for name, array in network.items()})
        report["uses_network"] = True
    return ranker, report


def _lesson(context: Context, targets: Targets, *, new_only: bool, seed: int, k: int) -> _Lesson:
    """Gather candidates; customers beyond ``CUSTOMERS_AT_MOST`` are left out by chance."""
    chosen = np.arange(len(targets.customers))
    if len(chosen) > CUSTOMERS_AT_MOST:
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(chosen)[:CUSTOMERS_AT_MOST])
        place = np.full(len(targets.customers), -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        kept = place[targets.row] >= 0
        targets = Targets(targets.customers[chosen], place[targets.row[kept]], targets.item[kept])
    # The whole lesson is laid out at once: parts put together at the end would need twice the room.
    columns: list[Tensor] = []
    low = filled = 0
    for batch in batches(context, targets.customers, allow_repeats=not new_only):
        high = low + len(batch.customers)
        found = batch.candidates()
        row, item = targets_of(targets, low, high)
        pair = torch.from_numpy(row * context.count_items + item).to(found.items.device)
        own = torch.arange(len(found.items), device=pair.device)[:, None] * context.count_items
        hit = torch.isin(own + found.items, pair) & found.real
        kept = torch.nonzero(hit.any(1))[:, 0]
        count = torch.from_numpy(np.bincount(row, minlength=len(found.items))).to(pair.device)
        parts = (found.values, found.situation, found.real, hit, count)
        if not columns:
            columns = [part.new_empty(len(targets.customers), *part.shape[1:]) for part in parts]
        for column, part in zip(columns, parts, strict=True):
            column[filled : filled + len(kept)] = part[kept]
        low, filled = high, filled + len(kept)
    values, situation, real, hit, count = (column[:filled] for column in columns)
    discount = 1.0 / torch.log2(torch.arange(2, k + 2, device=values.device).float())
    ideal = discount.cumsum(0)[count.clamp(1, k) - 1]
    return _Lesson(values, situation, real, hit, ideal, len(targets.customers))


def _weights(lesson: _Lesson, k: int) -> tuple[Float32Array, float]:
    """Return the best weights; costly components only where they add enough."""
    cheap = [place for place, name in enumerate(COMPONENTS) if name not in COSTLY]
    weights, reached = _ascent(lesson, k, cheap)
    every, more = _ascent(lesson, k, list(range(len(COMPONENTS))))
    if more > reached * (1.0 + COSTLY_GAIN):
        weights, reached = every, more
    return (weights / weights.sum()).cpu().numpy().astype(np.float32), reached


def _ascent(lesson: _Lesson, k: int, places: list[int]) -> tuple[Tensor, float]:
    """Coordinate ascent over factors of two, from the best single component."""
    shares = _shares(lesson.values)

    def quality(weights: Tensor) -> float:
        scores = (shares @ weights).masked_fill_(~lesson.real, -1.0)
        return float(_gains(lesson, scores, k).double().sum()) / max(lesson.customers, 1)

    identity = torch.eye(len(COMPONENTS), device=shares.device)[places]
    singles = [quality(single) for single in identity]
    best = max(singles)
    weights = identity[singles.index(best)].clone()
    for step in (4.0, 2.0, 2.0**0.5):
        for _ in range(2):
            for place in places:
                now = float(weights[place])
                base = now if now > 0 else float(weights.max()) / 16.0
                for factor in (0.0, 1 / step**2, 1 / step, step, step**2):
                    trial = weights.clone()
                    trial[place] = base * factor
                    if float(trial.sum()) <= 0:
                        continue
                    reached = quality(trial)
                    if reached > best + 1e-6:
                        best, weights = reached, trial
    return weights, best


def _gains(lesson: _Lesson, scores: Tensor, k: int) -> Tensor:
    """NDCG@k of each customer; float32 ``[customers with a hit]``."""
    masked = scores.masked_fill(~lesson.real, -torch.inf)
    size = min(k, scores.shape[1])
    discount = 1.0 / torch.log2(torch.arange(2, size + 2, device=scores.device).float())
    hit = lesson.hit.gather(1, masked.topk(size, dim=1).indices).float()
    gains: Tensor = (hit @ discount) / lesson.ideal
    return gains


def _shares(values: Tensor) -> Tensor:
    return values / values.sum(1, keepdim=True).clamp_min(SMALLEST_SHARE)


def _blend(values: Tensor, weights: Tensor) -> Tensor:
    """Log of the weighted sum of shares; ``[customers, width]``."""
    totals = values.sum(1).clamp_min(SMALLEST_SHARE)
    share: Tensor = torch.bmm(values, (weights / totals)[:, :, None])[:, :, 0]
    return torch.log(share + SMALLEST_SHARE)


def floors(device: torch.device) -> Tensor:
    """Return what is added to each component before its log is taken; float32 ``[components]``."""
    floor = torch.full((len(COMPONENTS),), 1e-3, device=device)
    floor[COMPONENTS.index("popular")] = 1e-6
    floor[COMPONENTS.index("softmax")] = 1e-5
    return floor


def _inputs(values: Tensor, blended: Tensor) -> Tensor:
    """Return what the network reads of each candidate; ``[customers, width, components + 1]``."""
    inputs = torch.empty(*values.shape[:2], len(COMPONENTS) + 1, device=values.device)
    inputs[:, :, :-1] = values
    inputs[:, :, :-1] += floors(values.device)
    inputs[:, :, -1] = 1.0
    inputs.log_()
    inputs[:, :, -1] = blended
    return inputs


def _network(
    network: dict[str, Tensor], values: Tensor, situation: Tensor, blended: Tensor
) -> Tensor:
    """Return scores of candidates; ``[customers, width]``.

    A layer on what is known of a candidate and of the customer, all brought to one scale. The
    customer's part is the same for all their candidates and is worked out once.
    """
    own = len(COMPONENTS) + 1
    inputs = _inputs(values, blended)
    weight = network["in_weight"] / network["scale"]
    skip = network["skip_weight"] / network["scale"]
    bias = network["in_bias"] - weight @ network["mean"]
    customer = functional.linear(situation, weight[:, own:], bias)
    hidden = functional.linear(inputs, weight[:, :own]).add_(customer[:, None])
    base = situation @ skip[own:] - skip @ network["mean"]
    # Training still needs what goes in.
    hidden = functional.silu(hidden, inplace=not hidden.requires_grad)
    scores: Tensor = (hidden @ network["out_weight"]).add_(inputs @ skip[:own])
    return scores.add_(base[:, None])


def _scored(network: dict[str, Tensor], lesson: _Lesson, blended: Tensor, rows: Tensor) -> Tensor:
    parts = [
        _network(network, lesson.values[some], lesson.situation[some], blended[some])
        for some in rows.split(1024)
    ]
    return torch.cat(parts)


def _train(lesson: _Lesson, blended: Tensor, rows: Tensor, seed: int) -> dict[str, Tensor]:
    """Softmax over the candidates of a customer, their hits being the answers."""
    random = torch.Generator().manual_seed(seed)
    device = blended.device
    sample = rows[:: max(1, len(rows) // 2000)]
    inputs = _inputs(lesson.values[sample], blended[sample])
    wide = lesson.situation[sample][:, None].expand(-1, inputs.shape[1], -1)
    inputs = torch.cat([inputs, wide], dim=2)[lesson.real[sample]]
    width = inputs.shape[1]
    bound = 1.0 / math.sqrt(width)
    network = {
        "mean": inputs.mean(0),
        "scale": inputs.std(0) + 1e-2,
        "in_weight": torch.empty(HIDDEN, width).uniform_(-bound, bound, generator=random),
        "in_bias": torch.zeros(HIDDEN),
        "out_weight": torch.empty(HIDDEN).uniform_(-0.05, 0.05, generator=random),
        "skip_weight": torch.zeros(width),
    }
    network = {name: array.to(device) for name, array in network.items()}
    # It starts as the blend that it is to better.
    place = len(COMPONENTS)
    network["skip_weight"][place] = network["scale"][place]
    learned = [network[n].requires_grad_() for n in NETWORK_NAMES if n not in ("mean", "scale")]
    optimiser = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.01)
    size = int(min(256, max(16, len(rows) // 16)))
    steps = int(np.clip(STEPS_A_CUSTOMER * len(rows) // size, 200, 2000))
    step = 0
    while step < steps:
        for some in rows[torch.randperm(len(rows), generator=random)].split(size):
            for group in optimiser.param_groups:
                group["lr"] = RATE * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            scores = _network(network, lesson.values[some], lesson.situation[some], blended[some])
            scores = scores.masked_fill(~lesson.real[some], -1e9)
            hit = lesson.hit[some].float()
            loss = -((scores.log_softmax(1) * hit).sum(1) / hit.sum(1)).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            if step == steps:
                break
    return {name: array.detach() for name, array in network.items()}
