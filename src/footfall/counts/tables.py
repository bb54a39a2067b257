"""Count tables: which items go together, which follow which, and which are popular."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from footfall.core.arrays import Array, BoolArray, Float32Array, FloatArray, IntArray
from footfall.sequences.events import MICROSECONDS_A_DAY, PURCHASE, ItemEvents

PAIRS_A_CHUNK = 1_000_000
PAIRS_IN_ALL = 60_000_000
NEIGHBOURS_KEPT = 100
BLOCK = 16
SHRINK = 2.0
SUCCESSOR_REACH = 5
LINEAR_ITEMS = 5_000
# So many products of a matrix product take as long as one pair of a history.
PRODUCTS_A_PAIR = 500
LINEAR_HALF_LIFE = 180.0
LINEAR_RIDGE = 200.0


@dataclass(frozen=True)
class Blocks:
    """Rows of a count table in blocks of equal length, which are copied as a whole.

    Attributes
    ----------
    offsets
        Item ``i`` owns the blocks ``offsets[i]:offsets[i + 1]``; int64 ``[items + 1]``.
    partners, scores
        As in the table; rows are filled up with item 0 and score 0; int64 and float32
        ``[blocks, BLOCK]``.
    """

    offsets: IntArray
    partners: IntArray
    scores: Float32Array


@dataclass(frozen=True)
class CountTable:
    """The strongest partners of each item, in compressed rows.

    Attributes
    ----------
    offsets
        Item ``i`` owns the partners ``offsets[i]:offsets[i + 1]``; int64 ``[items + 1]``.
    partners
        Items; int64 ``[partners]``.
    scores
        How strong; float32 ``[partners]``.
    """

    offsets: IntArray
    partners: IntArray
    scores: Float32Array

    @cached_property
    def blocks(self) -> Blocks:
        """The same rows in blocks."""
        sizes = np.diff(self.offsets)
        offsets = np.concatenate([[0], np.cumsum(-(-sizes // BLOCK))])
        partners = np.zeros((int(offsets[-1]), BLOCK), dtype=np.int64)
        scores = np.zeros(partners.shape, dtype=np.float32)
        place = np.arange(len(self.partners)) + np.repeat(
            offsets[:-1] * BLOCK - self.offsets[:-1], sizes
        )
        partners.reshape(-1)[place] = self.partners
        scores.reshape(-1)[place] = self.scores
        return Blocks(offsets, partners, scores)

    @cached_property
    def mass(self) -> Float32Array:
        """Sum of the scores above zero of each item; float32 ``[items]``."""
        sums = np.concatenate([[0.0], np.cumsum(np.maximum(self.scores, 0.0), dtype=np.float64)])
        mass: Float32Array = (sums[self.offsets[1:]] - sums[self.offsets[:-1]]).astype(np.float32)
        return mass

    @cached_property
    def has_negatives(self) -> bool:
        """Whether a score is below zero."""
        return bool((self.scores < 0.0).any())


def expand(starts: IntArray, sizes: IntArray) -> tuple[IntArray, IntArray]:
    """Lay ranges end to end.

    Returns
    -------
    owner
        Which range each element came from; int64 ``[sum of sizes]``.
    positions
        ``starts[owner]`` plus the place within the range; int64 ``[sum of sizes]``.
    """
    owner = np.repeat(np.arange(len(starts)), sizes)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return owner, starts[owner] + within


def tokens_before(events: ItemEvents, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Return owners (customer index) and positions of the tokens in ``offsets[c]:ends[c]``."""
    return expand(events.offsets[:-1], ends - events.offsets[:-1])


def neighbours(
    events: ItemEvents, ends: IntArray, count_items: int, *, reach: int = 100
) -> CountTable:
    """Item-kNN: cosine between the sets of customers of two items, over all days.

    The cosine is that of Sarwar et al., 2001, "Item-Based Collaborative Filtering Recommendation
    Algorithms", drawn towards zero where few customers support it: chance makes most pairs
    of rare items. Two items of one customer meet if no more than ``reach`` others lie between
    their first appearances (less where there are so many events that the pairs would not fit).
    """

    def score(shared: FloatArray, source: FloatArray, partner: FloatArray, _: int) -> FloatArray:
        cosine: FloatArray = shared / np.sqrt((source + SHRINK) * (partner + SHRINK))
        return cosine

    return _together(events, ends, count_items, reach, score)


def lifts(events: ItemEvents, ends: IntArray, count_items: int, *, reach: int = 100) -> CountTable:
    """Return how much likelier than chance two items share customers: ``log(1 + lift / 10)``."""

    def score(
        shared: FloatArray, source: FloatArray, partner: FloatArray, customers: int
    ) -> FloatArray:
        log_lift: FloatArray = np.log1p(shared * customers / (source * partner) / 10.0)
        return log_lift

    return _together(events, ends, count_items, reach, score)


def _together(
    events: ItemEvents,
    ends: IntArray,
    count_items: int,
    reach: int,
    score_of: Callable[[FloatArray, FloatArray, FloatArray, int], FloatArray],
) -> CountTable:
    """Score pairs of items by their shared customers and by those of each."""
    owner, positions = tokens_before(events, ends)
    item = events.items[positions]
    order = np.lexsort((positions, item, owner))
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (item[order][1:] != item[order][:-1]) | (owner[order][1:] != owner[order][:-1])
    first = np.sort(order[fresh])
    owner, item = owner[first], item[first]
    customers_of = np.bincount(item, minlength=count_items).astype(np.float64)
    reach = int(np.clip(PAIRS_IN_ALL // (2 * max(len(item), 1)), 5, reach))
    offsets = np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])
    count_customers = len(events.customers)

    def score(source: IntArray, partner: IntArray, shared: IntArray, _: FloatArray) -> FloatArray:
        return score_of(
            shared.astype(np.float64), customers_of[source], customers_of[partner], count_customers
        )

    usable = np.ones(len(item), dtype=np.bool_)
    return _pair_table(item, owner, usable, offsets, np.ones(len(offsets)), count_items, score)


def successors(events: ItemEvents, ends: IntArray, count_items: int) -> CountTable:
    """Return what comes after an item: a first-order chain that also looks a few tokens further.

    A partner ``d`` tokens later counts ``1 / d``; rows are shares, shrunk where an item was seen
    seldom. Inside a session the table is directed, as the order there means something.
    """
    owner, positions = tokens_before(events, ends)
    item = events.items[positions]
    steps = np.arange(1, SUCCESSOR_REACH + 1)
    seen = np.bincount(item, minlength=count_items).astype(np.float64)

    def score(source: IntArray, partner: IntArray, _: IntArray, weight: Array) -> Array:
        return np.where(source == partner, 0.0, weight / (seen[source] + 2.0))

    usable = np.ones(len(item), dtype=np.bool_)
    return _pair_table(item, owner, usable, steps, 1.0 / steps, count_items, score)


def decayed_history(
    events: ItemEvents, ends: IntArray, customers: IntArray, count_items: int, cut: int
) -> tuple[IntArray, IntArray, Float32Array]:
    """Return how present each past item is to each customer: visits decayed by age, at most one.

    Returns
    -------
    Row within ``customers``, item and weight of each distinct pair, ordered by both.
    """
    starts = events.offsets[customers]
    row, position = expand(starts, ends[customers] - starts)
    pair = row * max(count_items, 1) + events.items[position]
    order = np.argsort(pair, kind="stable")
    pair, position = pair[order], position[order]
    heads = np.flatnonzero(np.diff(pair, prepend=-1))
    if len(heads) == 0:
        return pair, pair, np.zeros(0, dtype=np.float32)
    age = (cut - events.at[position]) / MICROSECONDS_A_DAY
    weight = np.minimum(np.add.reduceat(0.5 ** (age / LINEAR_HALF_LIFE), heads), 1.0)
    row, item = np.divmod(pair[heads], max(count_items, 1))
    return row, item, weight.astype(np.float32)


def linear(events: ItemEvents, ends: IntArray, count_items: int, cut: int) -> CountTable:
    """Return the linear item-to-item model that predicts each item best from all others.

    It is the closed form of Steck, 2019, "Embarrassingly Shallow Autoencoders for Sparse Data"
    on histories that fade with time, kept to the strongest weights of each row; weights may be
    below zero. Only the most frequent ``LINEAR_ITEMS`` take part: an inverse of all would grow
    with the cube of the catalogue, and rare items have too little to solve for.
    """
    everyone = np.arange(len(events.customers))
    row, item, weight = decayed_history(events, ends, everyone, count_items, cut)
    often = np.bincount(item, minlength=count_items)
    chosen = np.sort(np.argsort(-often, kind="stable")[:LINEAR_ITEMS])
    chosen = chosen[often[chosen] > 0]
    place = np.full(count_items, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    used = place[item] >= 0
    gram = _gram(row[used], place[item[used]], weight[used], len(chosen))
    gram.diagonal().add_(LINEAR_RIDGE)
    kept = min(NEIGHBOURS_KEPT, len(chosen))
    strongest = np.zeros((len(chosen), kept), dtype=np.int64)
    scores = np.zeros((len(chosen), kept), dtype=np.float32)
    if len(chosen):
        # The largest thing here: it is factored and inverted in place, which torch does for
        # columns laid end to end. Transposed, the half that counts is the one that it reads.
        turned = gram.mT
        torch.linalg.cholesky(turned, out=turned)
        torch.cholesky_inverse(turned, out=turned)
        gram.div_(-gram.diagonal().clone()[None, :]).fill_diagonal_(0.0)
        for low in range(0, len(chosen), 256):
            rows = gram[low : low + 256]
            places = rows.abs().topk(kept, dim=1).indices
            strongest[low : low + 256] = places.numpy()
            scores[low : low + 256] = rows.gather(1, places).numpy()
    sizes = np.zeros(count_items, dtype=np.int64)
    sizes[chosen] = kept
    return CountTable(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        partners=chosen[strongest].reshape(-1),
        scores=scores.reshape(-1),
    )


def _gram(row: IntArray, column: IntArray, weight: Float32Array, count: int) -> torch.Tensor:
    """Item-by-item products summed over customers, of which only ``[i, j]`` with i <= j count.

    A slab of customers at a time: short histories pair by pair, and long ones, whose pairs would
    take longer than that, as a product of matrices.
    """
    gram = torch.zeros(count, count)
    slab = max(1, PAIRS_A_CHUNK // max(count, 1))
    last = int(row[-1]) + 1 if len(row) else 0
    for low in range(0, last, slab):
        first, end = np.searchsorted(row, [low, low + slab])
        if first == end:
            continue
        here = row[first:end] - low
        sizes = np.bincount(here, minlength=slab)
        pairs = int((sizes * (sizes + 1)).sum()) // 2
        if pairs * PRODUCTS_A_PAIR < min(slab, last - low) * count * count:
            _add_pairs(gram, np.cumsum(sizes)[here], column[first:end], weight[first:end])
            continue
        dense = torch.zeros(min(slab, last - low), count)
        dense[torch.from_numpy(here), torch.from_numpy(column[first:end])] = torch.from_numpy(
            weight[first:end]
        )
        gram.addmm_(dense.t(), dense)
    return gram


def _add_pairs(gram: torch.Tensor, stop: IntArray, column: IntArray, weight: Float32Array) -> None:
    """Add the products of each cell and those from it to the end of its row, ``stop``.

    Columns ascend within a row, so that the first of a pair is never the larger.
    """
    flat = gram.view(-1).numpy()
    cells = np.arange(len(stop))
    done = np.cumsum(stop - cells)
    low = 0
    while low < len(cells):
        base = done[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(done, base + PAIRS_A_CHUNK, side="right")))
        owner, two = expand(cells[low:high], (stop - cells)[low:high])
        one = owner + low
        np.add.at(flat, column[one] * len(gram) + column[two], weight[one] * weight[two])
        low = high


def popularity(
    events: ItemEvents, ends: IntArray, count_items: int, cut: int, days: float
) -> Float32Array:
    """Share of each item among the purchases of the last ``days`` before ``cut``; ``[items]``.

    Where there were none, the share among all events so far.
    """
    _, positions = tokens_before(events, ends)
    recent = events.at[positions] >= cut - int(days * MICROSECONDS_A_DAY)
    bought = positions[recent & (events.kinds[positions] == PURCHASE)]
    chosen = bought if len(bought) else positions
    counts = np.bincount(events.items[chosen], minlength=count_items).astype(np.float32)
    return counts / max(float(counts.sum()), 1.0)


def spread(
    table: CountTable, base: IntArray, item: IntArray, weight: Float32Array
) -> tuple[IntArray, Float32Array]:
    """Walk from items to their partners.

    Parameters
    ----------
    base, item, weight
        What to add to the numbers of an item's partners, the item, and how much it counts;
        ``[held]`` each.

    Returns
    -------
    ``base + partner`` and ``weight * score`` of every step, ``[steps]`` each; partners repeat.
    Steps that fill up a block lead to item 0 and weigh nothing.
    """
    blocks = table.blocks
    starts = blocks.offsets[item]
    sizes = blocks.offsets[item + 1] - starts
    block = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    block += np.arange(len(block))
    place = blocks.partners.take(block, axis=0)
    place += np.repeat(base, sizes)[:, None]
    value = blocks.scores.take(block, axis=0)
    value *= np.repeat(weight, sizes)[:, None]
    return place.reshape(-1), value.reshape(-1)


def _pair_table(
    item: IntArray,
    owner: IntArray,
    usable: BoolArray,
    offsets: IntArray,
    weights: Array,
    count_items: int,
    score: Any,
) -> CountTable:
    """Count pairs at given distances, a group of source items at a time.

    Keys are sorted rather than scattered over items x items, so that memory holds only the pairs
    of one group, whatever the size of the catalogue.
    """
    by_item = np.flatnonzero(usable)
    by_item = by_item[np.argsort(item[by_item], kind="stable")]
    source_sorted = item[by_item]
    bits = max(1, len(offsets).bit_length())
    step = max(1, PAIRS_A_CHUNK // len(offsets))
    sizes = np.zeros(count_items, dtype=np.int64)
    partners: list[IntArray] = []
    scores: list[Float32Array] = []
    low = 0
    while low < len(by_item):
        high = min(low + step, len(by_item))
        # A group ends where an item does, so that each row is counted whole.
        high = int(np.searchsorted(source_sorted, source_sorted[high - 1], side="right"))
        here = by_item[low:high]
        there = here[:, None] + offsets
        inside = (there >= 0) & (there < len(item))
        there = np.where(inside, there, 0)
        inside &= (owner[there] == owner[here][:, None]) & usable[there]
        which, distance = np.nonzero(inside)
        key = item[here][which] * count_items + item[there[which, distance]]
        key = np.sort((key << bits) | distance)
        pair, distance = key >> bits, key & ((1 << bits) - 1)
        heads = np.flatnonzero(np.diff(pair, prepend=-1))
        if len(heads):
            source, partner = np.divmod(pair[heads], count_items)
            shared = np.diff(np.append(heads, len(pair)))
            value = score(source, partner, shared, np.add.reduceat(weights[distance], heads))
            kept = np.flatnonzero(value > 0)
            kept = kept[np.lexsort((partner[kept], -value[kept], source[kept]))]
            starts = np.flatnonzero(np.diff(source[kept], prepend=-1))
            row_sizes = np.diff(np.append(starts, len(kept)))
            rank = np.arange(len(kept)) - np.repeat(starts, row_sizes)
            kept = kept[rank < NEIGHBOURS_KEPT]
            sizes += np.bincount(source[kept], minlength=count_items)
            partners.append(partner[kept])
            scores.append(value[kept].astype(np.float32))
        low = high
    return CountTable(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        partners=np.concatenate(partners) if partners else np.zeros(0, dtype=np.int64),
        scores=np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32),
    )
