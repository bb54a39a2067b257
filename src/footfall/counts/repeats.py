"""The personal term: whether a customer buys an item of their own past in the next window.

A small network reads how often and how lately a customer met the item, how the item is bought
again by others, and how lively the customer is. It learns on windows before the cut-off that
have already closed, so it needs no validation data of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from footfall.core.arrays import Array, Float32Array, IntArray
from footfall.counts.tables import expand
from footfall.sequences.events import MICROSECONDS_A_DAY, PURCHASE, ItemEvents

HALF_LIVES = (2, 7, 14, 30, 60, 90, 180, 365)
TOUCH_HALF_LIVES = (1, 7, 30)
HIDDEN = 32
TRAINING_WINDOWS = 3
TRAINING_PAIRS = 1_500_000
EPOCHS = 5
WEIGHT_NAMES = (
    "mean",
    "scale",
    "in_weight",
    "in_bias",
    "mid_weight",
    "mid_bias",
    "out_weight",
    "out_bias",
)


@dataclass(frozen=True)
class ItemHistory:
    """Tokens by customer and item: the order in which pairs are summed up.

    Attributes
    ----------
    order
        Token positions by customer, item, time; int64 ``[tokens]``.
    owner
        Customer index of each token, in the order of tokens; int64 ``[tokens]``.
    """

    order: IntArray
    owner: IntArray

    @classmethod
    def of(cls, events: ItemEvents) -> ItemHistory:
        """Sort the tokens by customer and item."""
        owner = np.repeat(np.arange(len(events.customers)), np.diff(events.offsets))
        return cls(np.lexsort((events.items, owner)), owner)


@dataclass(frozen=True)
class ItemStatistics:
    """What the customers together did before a cut-off.

    Attributes
    ----------
    values
        With each item; float32 ``[items, features]``.
    lately
        Sessions opened in the four weeks before, as a running count; int64 ``[tokens + 1]``.
    """

    values: Float32Array
    lately: IntArray

    @classmethod
    def at(
        cls, events: ItemEvents, history: ItemHistory, ends: IntArray, count_items: int, cut: int
    ) -> ItemStatistics:
        """Count the purchases in ``offsets[c]:ends[c]`` of each customer."""
        bought = history.order[events.kinds[history.order] == PURCHASE]
        bought = bought[bought < ends[history.owner[bought]]]
        item = events.items[bought]
        pair = history.owner[bought] * count_items + item
        heads = np.flatnonzero(np.diff(pair, prepend=-1))
        times = np.diff(np.append(heads, len(pair)))
        buyers = np.bincount(item[heads], minlength=count_items)
        repeaters = np.bincount(item[heads][times > 1], minlength=count_items)
        purchases = np.bincount(item, minlength=count_items)
        days = (cut - events.at[bought]) / MICROSECONDS_A_DAY
        recent = [np.bincount(item[days < d], minlength=count_items) for d in (7, 28, 91)]
        last = np.full(count_items, 3650.0)
        np.minimum.at(last, item, days)
        prior = (repeaters.sum() + 1.0) / (buyers.sum() + 4.0)
        columns = [
            np.log1p(buyers),
            np.log((repeaters + 4.0 * prior) / (buyers + 4.0)),
            np.log((purchases + 1.0) / (buyers + 1.0)),
            *(np.log1p(counts) for counts in recent),
            np.log1p(last),
        ]
        opens = np.diff(events.sessions, prepend=-1) != 0
        lately = np.cumsum(opens & (events.at >= cut - 28 * MICROSECONDS_A_DAY))
        return cls(np.stack(columns, axis=1).astype(np.float32), np.concatenate([[0], lately]))

    @property
    def repeat_share(self) -> Float32Array:
        """Share of an item's buyers who bought it again, shrunk; float32 ``[items]``."""
        return np.exp(self.values[:, 1])


@dataclass(frozen=True)
class Pairs:
    """What each customer did with each item of their past, at a cut-off.

    ``row`` counts within the customers asked for; int64 ``[pairs]`` like ``item``; ``features``
    is float32 ``[pairs, features]``; ``decayed`` sums purchases with each of ``HALF_LIVES``,
    float32 ``[pairs, half-lives]``.
    """

    row: IntArray
    item: IntArray
    features: Float32Array
    decayed: Float32Array


def pairs_at(
    events: ItemEvents,
    history: ItemHistory,
    statistics: ItemStatistics,
    customers: IntArray,
    ends: IntArray,
    cut: int,
    *,
    never_bought: bool = False,
) -> Pairs:
    """Sum up the past of some customers.

    Parameters
    ----------
    customers
        Indices into ``events.customers``; int64 ``[some]``.
    ends
        Of all customers; tokens from there on are not looked at.
    cut
        The moment that ages count from, in microseconds since 1970.
    never_bought
        Leaves out the items that the customer has bought.
    """
    sizes = events.offsets[customers + 1] - events.offsets[customers]
    row, place = expand(events.offsets[customers], sizes)
    token = history.order[place]
    inside = token < ends[customers][row]
    inside &= events.items[token] < len(statistics.values)
    row, token = row[inside], token[inside]
    item, at, kind = events.items[token], events.at[token], events.kinds[token]
    pair = row * (len(statistics.values) + 1) + item
    heads = np.flatnonzero(np.diff(pair, prepend=-1))
    if never_bought and len(heads):
        held = np.diff(np.append(heads, len(pair)))
        kept = np.repeat(np.add.reduceat(kind == PURCHASE, heads, dtype=np.int64) == 0, held)
        row, item, at, kind, pair = (column[kept] for column in (row, item, at, kind, pair))
        heads = np.flatnonzero(np.diff(pair, prepend=-1))
    if len(heads) == 0:
        width = len(HALF_LIVES)
        none = np.zeros((0, width), dtype=np.float32)
        return Pairs(row, item, np.zeros((0, feature_count()), dtype=np.float32), none)
    age = ((cut - at) / MICROSECONDS_A_DAY).astype(np.float64)
    is_bought = kind == PURCHASE

    def total(values: Array) -> Array:
        return np.add.reduceat(values, heads)

    decayed = [total(np.where(is_bought, 0.5 ** (age / life), 0.0)) for life in HALF_LIVES]
    touched = [total(np.where(is_bought, 0.0, 0.5 ** (age / life))) for life in TOUCH_HALF_LIVES]
    times = total(is_bought.astype(np.float64))
    touches = total(np.where(is_bought, 0.0, 1.0 + kind))
    newest = np.minimum.reduceat(np.where(is_bought, age, 3650.0), heads)
    oldest = np.maximum.reduceat(np.where(is_bought, age, 0.0), heads)
    newest_touch = np.minimum.reduceat(age, heads)
    gap = np.where(times > 1, (oldest - newest) / np.maximum(times - 1, 1), 0.0)
    lateness = np.where(times > 1, np.log((newest + 1.0) / (gap + 1.0)), 0.0)
    owner_row, owner_item = row[heads], item[heads]
    per_row = _customer_features(events, statistics, customers, ends, cut)[owner_row]
    own = [
        *(np.log(value + 1e-3) for value in decayed),
        *(np.log(value + 1e-2) for value in touched),
        np.log1p(times),
        np.log1p(touches),
        np.log1p(newest),
        np.log1p(oldest),
        np.log1p(newest_touch),
        np.log1p(gap),
        lateness,
        np.log1p(times) - per_row[:, 0],
    ]
    features = np.concatenate(
        [np.stack(own, axis=1), statistics.values[owner_item], per_row], axis=1
    ).astype(np.float32)
    return Pairs(owner_row, owner_item, features, np.stack(decayed, axis=1).astype(np.float32))


def feature_count() -> int:
    """Width of ``Pairs.features``."""
    return len(HALF_LIVES) + len(TOUCH_HALF_LIVES) + 8 + 7 + 4


def _customer_features(
    events: ItemEvents, statistics: ItemStatistics, customers: IntArray, ends: IntArray, cut: int
) -> Float32Array:
    """Log sessions, sessions of four weeks, days since the last, tokens; ``[some, 4]``."""
    low, high = events.offsets[customers], ends[customers]
    filled = high > low
    # Sessions are numbered in order, so a customer's count is a difference.
    last = np.maximum(high - 1, 0)
    first = np.minimum(low, max(len(events.sessions) - 1, 0))
    sessions = np.where(filled, events.sessions[last] - events.sessions[first] + 1, 0)
    recent = statistics.lately[high] - statistics.lately[low]
    age = np.where(filled, (cut - events.at[last]) / MICROSECONDS_A_DAY, 3650.0)
    columns = [np.log1p(sessions), np.log1p(recent), np.log1p(age), np.log1p(high - low)]
    return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class RepeatModel:
    """Weights of the network, by name, or nothing where there was no closed window to learn on."""

    weights: dict[str, Float32Array]

    def probability(self, pairs: Pairs, statistics: ItemStatistics) -> Float32Array:
        """Chance that a customer buys the item within the window; float32 ``[pairs]``.

        Without weights: purchases decayed by a half-life of 90 days times the root of the item's
        repeat share, on the same scale only within a customer.
        """
        if not self.weights:
            raw = pairs.decayed[:, HALF_LIVES.index(90)]
            return (raw * np.sqrt(statistics.repeat_share[pairs.item])).astype(np.float32)
        weights = {name: torch.from_numpy(array) for name, array in self.weights.items()}
        with torch.no_grad():
            parts = [
                torch.sigmoid(_network(weights, part))
                for part in torch.from_numpy(pairs.features).split(262_144)
            ]
        return torch.cat(parts).numpy() if parts else np.zeros(0, dtype=np.float32)


def _network(weights: dict[str, Tensor], features: Tensor) -> Tensor:
    x = (features - weights["mean"]) / weights["scale"]
    x = functional.silu(functional.linear(x, weights["in_weight"], weights["in_bias"]))
    x = functional.silu(functional.linear(x, weights["mid_weight"], weights["mid_bias"]))
    return functional.linear(x, weights["out_weight"], weights["out_bias"])[:, 0]


def fit(
    events: ItemEvents,
    history: ItemHistory,
    count_items_at: Callable[[int], int],
    cut: int,
    window_days: float,
    *,
    seed: int,
) -> RepeatModel:
    """Learn from the last closed windows before ``cut``.

    Parameters
    ----------
    count_items_at
        How many items the catalogue held at a moment.
    window_days
        How far the prediction looks.
    """
    random = np.random.default_rng(seed)
    features: list[Float32Array] = []
    labels: list[Float32Array] = []
    if len(events.at) == 0:
        return RepeatModel({})
    begin = int(events.at.min())
    reach = int(window_days * MICROSECONDS_A_DAY)
    for number in range(1, TRAINING_WINDOWS + 1):
        moment = cut - number * reach
        if moment - begin < reach and features:
            break
        known = _window(events, history, count_items_at(moment), moment, reach, random)
        if known is not None:
            features.append(known[0])
            labels.append(known[1])
    if not features or not any(0 < label.sum() < len(label) for label in labels):
        return RepeatModel({})
    return RepeatModel(_train(np.concatenate(features), np.concatenate(labels), seed))


def _window(
    events: ItemEvents,
    history: ItemHistory,
    count_items: int,
    moment: int,
    reach: int,
    random: np.random.Generator,
) -> tuple[Float32Array, Float32Array] | None:
    ends = events.ends_before(moment)
    until = events.ends_before(moment + reach)
    customers = np.flatnonzero(ends > events.offsets[:-1])
    if len(customers) == 0 or count_items == 0:
        return None
    # Roughly a pair for every two tokens; whole customers are drawn, not pairs.
    tokens = int((ends - events.offsets[:-1]).sum())
    share = min(1.0, 2.0 * TRAINING_PAIRS / TRAINING_WINDOWS / max(tokens, 1))
    if share < 1.0:
        customers = np.sort(random.permutation(customers)[: max(1, int(len(customers) * share))])
    statistics = ItemStatistics.at(events, history, ends, count_items, moment)
    pairs = pairs_at(events, history, statistics, customers, ends, moment)
    row, token = expand(ends[customers], until[customers] - ends[customers])
    answer = (events.kinds[token] == PURCHASE) & (events.items[token] < count_items)
    bought = np.unique(row[answer] * count_items + events.items[token[answer]])
    label = np.isin(pairs.row * count_items + pairs.item, bought, kind="sort")
    return pairs.features, label.astype(np.float32)


def _train(features: Float32Array, labels: Float32Array, seed: int) -> dict[str, Float32Array]:
    random = torch.Generator().manual_seed(seed)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    base = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6))
    shapes = {
        "in_weight": (HIDDEN, features.shape[1]),
        "in_bias": (HIDDEN,),
        "mid_weight": (HIDDEN, HIDDEN),
        "mid_bias": (HIDDEN,),
        "out_weight": (1, HIDDEN),
        "out_bias": (1,),
    }
    weights: dict[str, Tensor] = {
        "mean": torch.from_numpy(mean),
        "scale": torch.from_numpy(scale.astype(np.float32)),
    }
    for name, shape in shapes.items():
        start = torch.zeros(shape)
        if len(shape) == 2:
            start.uniform_(-1, 1, generator=random).mul_(math.sqrt(1.0 / shape[1]))
        weights[name] = start.requires_grad_()
    with torch.no_grad():
        weights["out_bias"].fill_(math.log(base / (1 - base)))
    learned = [weights[name] for name in shapes]
    optimiser = torch.optim.AdamW(learned, lr=3e-3, weight_decay=0.01, fused=True)
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    batch = int(min(4096, max(64, len(y) // 50)))
    steps = EPOCHS * -(-len(y) // batch)
    step = 0
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(y), generator=random).split(batch):
            for group in optimiser.param_groups:
                group["lr"] = 3e-3 * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            loss = functional.binary_cross_entropy_with_logits(
                _network(weights, x[chosen]), y[chosen]
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
    return {name: weight.detach().numpy().copy() for name, weight in weights.items()}
