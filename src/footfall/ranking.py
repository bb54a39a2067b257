"""The final ranking: candidates from the network and the counts, ordered by a learned mixture.

The network, the counts together and popularity each propose what they rank highest. For the union
of these the ranker then weighs all components against each other. An item that is not proposed
comes after all that are, in the order of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from footfall import counts, repeats
from footfall.encoder import NEXT_PURCHASE, Encoder, ItemFeatures, last_states
from footfall.ranking_metrics import Ranking, join, rank
from footfall.sequences import (
    MICROSECONDS_A_DAY,
    PURCHASE,
    Catalogue,
    Floats,
    Ints,
    ItemEvents,
)

COMPONENTS = ("softmax", "successors", "neighbours", "linear", "popular", "personal")
SPARSE = ("successors", "neighbours", "linear", "personal")
# How many items the network, the counts together, and popularity propose.
PROPOSED = {"softmax": 60, "counts": 60, "popular": 20}
RECENT_ITEMS = 30
RECENT_DECAY = 0.98
SCORES_A_BATCH = 1_000_000
CUSTOMERS_ENCODED = 8192
POPULAR_DAYS = 28.0
# The table of items is filled up to a whole number of rows of this many.
LANES = 16
SITUATION = (
    "history_length", "last_session_length", "days_since", "last_item_count", "mean_item_count",
    "top_share", "entropy", "successor_mass", "neighbour_mass", "personal_mass",
)  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """A component that scores few items: customer, item and score; ``[steps]`` each."""

    row: Ints
    item: Ints
    value: Floats
    has_negatives: bool = False


@dataclass(frozen=True)
class Candidates:
    """What is worth ranking for some customers, and what speaks for it.

    Attributes
    ----------
    items
        Ascending; -1 where there are fewer than the width; int64 ``[batch, width]``.
    values
        Of each of ``COMPONENTS``; the network's is a share of the customer's candidates, the
        others are as the counts give them; zeros for a component that was not asked for; float32
        ``[batch, width, components]``.
    situation
        What is known about each customer; float32 ``[batch, len(SITUATION)]``.
    """

    items: Tensor
    values: Tensor
    situation: Tensor

    @property
    def real(self) -> Tensor:
        """Where there is a candidate; bool ``[batch, width]``."""
        return self.items >= 0


Scores = Callable[[Candidates], Tensor]
"""Scores ``[batch, width]`` of candidates; minus infinity where there is none."""


@dataclass(frozen=True)
class Context:
    """All that a ranking at one moment needs.

    Attributes
    ----------
    ends
        Histories are ``offsets[c]:ends[c]``; int64 ``[customers]``.
    cut
        The moment, in microseconds since 1970.
    count_items
        The candidates are those of the first so many items that had an event before.
    encoder
        None where none could be trained; the softmax is then zero everywhere.
    """

    events: ItemEvents
    catalogue: Catalogue
    history: repeats.ItemHistory
    ends: Ints
    cut: int
    count_items: int
    encoder: Encoder | None
    features: ItemFeatures
    table: tuple[Tensor, Tensor] | None
    device: torch.device
    repeat_model: repeats.RepeatModel
    popular_days: float = POPULAR_DAYS

    # Counted when first asked for: a component without weight costs nothing.

    @cached_property
    def neighbours(self) -> counts.CountTable:
        """Which items go together."""
        return counts.neighbours(self.events, self.ends, self.count_items)

    @cached_property
    def successors(self) -> counts.CountTable:
        """Which items follow which."""
        return counts.successors(self.events, self.ends, self.count_items)

    @cached_property
    def linear(self) -> counts.CountTable:
        """How items speak for and against each other, all at once."""
        return counts.linear(self.events, self.ends, self.count_items, self.cut)

    @cached_property
    def popular(self) -> Floats:
        """Share of the recent purchases; float32 ``[items]``."""
        return counts.popularity(
            self.events, self.ends, self.count_items, self.cut, self.popular_days
        )

    @cached_property
    def item_counts(self) -> Ints:
        """Tokens of each item in the histories; int64 ``[items]``."""
        _, positions = counts.tokens_before(self.events, self.ends)
        return np.bincount(self.events.items[positions], minlength=self.count_items)

    @cached_property
    def item_count_sums(self) -> np.ndarray:
        """Running sum of the count of each token's item; float64 ``[tokens + 1]``."""
        known = np.append(self.item_counts, 0)
        of_token = known[np.minimum(self.events.items, len(self.item_counts))]
        return np.concatenate([[0.0], np.cumsum(of_token, dtype=np.float64)])

    @cached_property
    def session_starts(self) -> Ints:
        """Position of the first token of each token's session; int64 ``[tokens + 1]``."""
        opens = np.flatnonzero(np.diff(self.events.sessions, prepend=-1))
        sizes = np.diff(np.append(opens, len(self.events.sessions)))
        return np.append(np.repeat(opens, sizes), 0)

    @cached_property
    def statistics(self) -> repeats.ItemStatistics:
        """What all customers together did with each item."""
        return repeats.ItemStatistics.at(
            self.events, self.history, self.ends, self.count_items, self.cut
        )


def context_at(
    events: ItemEvents,
    catalogue: Catalogue,
    history: repeats.ItemHistory,
    cut: int,
    encoder: Encoder | None,
    repeat_model: repeats.RepeatModel,
    device: torch.device,
) -> Context:
    """Puts the events before ``cut`` beside the trained parts."""
    ends = events.ends_before(cut)
    count_items = catalogue.count_before(cut)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    table = None
    if encoder is not None:
        encoder.eval()
        with torch.no_grad():
            vectors, bias = encoder.table(features)
            table = vectors[:count_items], bias[:count_items]
    return Context(
        events=events,
        catalogue=catalogue,
        history=history,
        ends=ends,
        cut=cut,
        count_items=count_items,
        encoder=encoder,
        features=features,
        table=table,
        device=device,
        repeat_model=repeat_model,
    )


def recent_items(context: Context, customers: Ints, count: int) -> Steps:
    """The last distinct items of each customer; ``value`` is the place from the end, from 0."""
    starts, ends = context.events.offsets[customers], context.ends[customers]
    reach = np.maximum(starts, ends - 3 * count)
    row, position = counts.expand(reach, ends - reach)
    row, position = row[::-1], position[::-1]
    item = context.events.items[position]
    _, first = np.unique(row * max(context.count_items, 1) + item, return_index=True)
    first = np.sort(first)
    row, item = row[first], item[first]
    # Rows run backwards here; the place within a row counts from its latest item.
    heads = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.arange(len(row)) - np.repeat(heads, np.diff(np.append(heads, len(row))))
    kept = place < count
    return Steps(row[kept], item[kept], place[kept].astype(np.float32))


def bought_before(context: Context, customers: Ints) -> tuple[Ints, Ints]:
    """Customer row and item of every purchase in the histories; pairs repeat."""
    starts, ends = context.events.offsets[customers], context.ends[customers]
    row, position = counts.expand(starts, ends - starts)
    bought = context.events.kinds[position] == PURCHASE
    return row[bought], context.events.items[position[bought]]


class Batch:
    """One batch of customers: what may be shown to them, and what speaks for it.

    Batches share their large buffers: one is used up before the next is drawn.
    """

    def __init__(
        self,
        context: Context,
        customers: Ints,
        closed: Tensor,
        banned: tuple[Tensor, Tensor],
        buffers: Buffers,
        queries: Tensor,
    ) -> None:
        self.context = context
        self.customers = customers
        self.closed = closed
        self.banned = banned
        self.buffers = buffers
        self.queries = queries

    @cached_property
    def blocked(self) -> Tensor:
        """Which items are no candidates; bool ``[batch, items]``."""
        blocked = torch.zeros(
            len(self.customers), self.context.count_items, dtype=torch.bool, device=self._device
        )
        blocked[:, self.closed] = True
        blocked[self.banned] = True
        return blocked

    @property
    def _device(self) -> torch.device:
        return self.context.device

    def dense(self, name: str) -> Tensor:
        """Scores of one component over all items, for baselines; float32 ``[batch, items]``.

        Popular items order what the component gives the same score; blocked ones are minus
        infinity.
        """
        count = self.context.count_items
        if name == "softmax":
            scores = self._logits()[:, :count].clone()
            return scores.masked_fill_(self.blocked, -torch.inf)
        popular = torch.from_numpy(self.context.popular).to(self._device)
        if name == "popular":
            scores = popular.expand(len(self.customers), -1).clone()
        else:
            shares, totals = self._counted(0, self.steps(name))
            scores = shares[:, :count] * totals[:, None]
            scores += popular * 1e-6
        return scores.masked_fill_(self.blocked, -torch.inf)

    def candidates(self, components: Sequence[str] = COMPONENTS) -> Candidates:
        """The union of what some components rank highest, and the values of these components."""
        count = self.context.count_items
        has_network = "softmax" in components and self.context.encoder is not None
        logits = self._logits() if has_network else None
        counted: dict[str, Tensor] = {}
        totals: dict[str, Tensor] = {}
        lists: list[Tensor] = []
        if logits is not None:
            best, place = top(logits, min(PROPOSED["softmax"], count))
            lists.append(place.masked_fill_(torch.isneginf(best), -1))
        for name in SPARSE:
            if name in components:
                counted[name], totals[name] = self._counted(len(counted), self.steps(name))
        if counted:
            together = next(iter(counted.values()))
            if len(counted) > 1:
                together = torch.add(*list(counted.values())[:2], out=self._buffer(len(SPARSE)))
                for scores in list(counted.values())[2:]:
                    together.add_(scores)
            best, place = top(together, min(PROPOSED["counts"], count))
            lists.append(place.masked_fill_(best <= 0, -1))
        if "popular" in components or not lists:
            lists.append(self._popular_items(min(PROPOSED["popular"], count)))
        items = torch.cat(lists, dim=1).sort(dim=1).values
        items[:, 1:][items[:, 1:] == items[:, :-1]] = -1
        real = items >= 0
        place = items.clamp(min=0)
        values = torch.zeros(*items.shape, len(COMPONENTS), device=self._device)
        if logits is not None:
            found = logits.gather(1, place).masked_fill_(~real, -torch.inf)
            values[:, :, 0] = torch.nan_to_num_(found.softmax(1), nan=0.0)
        for name, scores in counted.items():
            share = scores.gather(1, place).masked_fill_(~real, 0.0)
            values[:, :, COMPONENTS.index(name)] = share.mul_(totals[name][:, None])
        if "popular" in components:
            popular = torch.from_numpy(self.context.popular).to(self._device)
            values[:, :, COMPONENTS.index("popular")] = popular[place].masked_fill_(~real, 0.0)
        return Candidates(items, values, self._situation(values))

    def values_at(self, found: Candidates, steps: Steps) -> Tensor:
        """Sums steps at the candidates; float32 ``[batch, width]``."""
        buffer = self.buffers.counted[0][: len(self.customers)].zero_()
        flat = torch.from_numpy(steps.row * buffer.shape[1] + steps.item).to(self._device)
        value = torch.from_numpy(steps.value.astype(np.float32, copy=False)).to(self._device)
        buffer.view(-1).index_add_(0, flat, value)
        return buffer.gather(1, found.items.clamp(min=0)).masked_fill_(~found.real, 0.0)

    def ranked(self, found: Candidates, scores: Tensor) -> Tensor:
        """Scores of all items: candidates first, the others after them as the network has them.

        Returns
        -------
        Float64 ``[batch, items]``; minus infinity where blocked.
        """
        rest = self.dense("softmax" if self.context.encoder is not None else "popular").double()
        highest = rest.amax(1, keepdim=True)
        least = scores.masked_fill(~found.real, torch.inf).amin(1, keepdim=True)
        least = torch.where(torch.isfinite(least), least, 0.0)
        rest += least - torch.where(torch.isfinite(highest), highest, 0.0) - 1.0
        row, place = torch.nonzero(found.real, as_tuple=True)
        rest[row, found.items[row, place]] = scores[row, place].double()
        return rest

    def _popular_items(self, size: int) -> Tensor:
        """The most popular items that are candidates; -1 where banned; int64 ``[batch, size]``."""
        popular = torch.from_numpy(self.context.popular).to(self._device)
        scores = popular.clone()
        scores[self.closed] = -1.0
        # Whoever has bought most of them already needs a longer list.
        deep = min(4 * size, len(scores))
        best, place = scores.topk(deep)
        place = torch.where(best >= 0, place, -1).expand(len(self.customers), -1).clone()
        if len(self.banned[0]):
            rank = torch.full((len(scores),), -1, device=self._device)
            rank[place[0, best >= 0]] = torch.arange(int((best >= 0).sum()), device=self._device)
            row, where = self.banned[0], rank[self.banned[1]]
            place[row[where >= 0], where[where >= 0]] = -1
            order = (place < 0).to(torch.int8).argsort(dim=1, stable=True)
            place = place.gather(1, order)
        return place[:, :size]

    def _situation(self, values: Tensor) -> Tensor:
        context = self.context
        low, high = context.events.offsets[self.customers], context.ends[self.customers]
        last = np.maximum(high - 1, low)
        item_counts = context.item_counts
        held = np.append(context.events.items, 0)[last]
        moment = np.append(context.events.at, context.cut)[last]
        sums = context.item_count_sums
        mean = (sums[high] - sums[low]) / np.maximum(high - low, 1)
        opened = context.session_starts[last]
        known = np.stack(
            [
                np.log1p(high - low),
                np.log1p(high - np.maximum(opened, low)),
                np.log1p(np.maximum(context.cut - moment, 0) / MICROSECONDS_A_DAY),
                np.log1p(np.append(item_counts, 0)[np.minimum(held, len(item_counts))]),
                np.log1p(mean),
            ],
            axis=1,
        ).astype(np.float32)
        share = values[:, :, 0]
        mass = torch.log(values.sum(1) + 1e-3)
        told = torch.stack(
            [
                torch.log(share.amax(1) + 1e-6),
                -(share * torch.log(share + 1e-9)).sum(1),
                *(mass[:, COMPONENTS.index(n)] for n in ("successors", "neighbours", "personal")),
            ],
            dim=1,
        )
        return torch.cat([torch.from_numpy(known).to(self._device), told], dim=1)

    def steps(self, name: str) -> Steps:
        """Raw scores of a sparse component."""
        context = self.context
        if name == "personal":
            pairs = self._pairs()
            return Steps(
                pairs.row, pairs.item, context.repeat_model.probability(pairs, context.statistics)
            )
        if name == "neighbours":
            held = recent_items(context, self.customers, RECENT_ITEMS)
            weight = RECENT_DECAY**held.value
            return Steps(*counts.spread(context.neighbours, held.row, held.item, weight))
        if name == "linear":
            held_items = counts.decayed_history(
                context.events, context.ends, self.customers, context.count_items, context.cut
            )
            return Steps(*counts.spread(context.linear, *held_items), has_negatives=True)
        held = recent_items(context, self.customers, counts.SUCCESSOR_REACH)
        return Steps(
            *counts.spread(context.successors, held.row, held.item, 1.0 / (1.0 + held.value))
        )

    def personal_frequency(self, half_life: int) -> Tensor:
        """A baseline: purchases decayed by one of ``repeats.HALF_LIVES``; ``[batch, items]``.

        Items of one basket score the same, and ties count against the scorer; popularity orders
        them, so that the baseline is as good as it can be.
        """
        pairs = self._pairs()
        values = pairs.decayed[:, repeats.HALF_LIVES.index(half_life)]
        popular = torch.from_numpy(self.context.popular).to(self._device)
        scores = (popular * 1e-4).expand(len(self.customers), -1).clone()
        row, item = torch.from_numpy(pairs.row), torch.from_numpy(pairs.item)
        scores[row, item] += torch.from_numpy(values.copy()).to(scores.device)
        return scores.masked_fill_(self.blocked, -torch.inf)

    def _pairs(self) -> repeats.Pairs:
        context = self.context
        return repeats.pairs_at(
            context.events,
            context.history,
            context.statistics,
            self.customers,
            context.ends,
            context.cut,
        )

    def _buffer(self, number: int) -> Tensor:
        return self.buffers.counted[number][: len(self.customers)]

    def _counted(self, number: int, steps: Steps) -> tuple[Tensor, Tensor]:
        """Sums steps into a buffer.

        Returns
        -------
        Scores over their total, zero where blocked, float32 ``[batch, items and lanes]``, and the
        totals, float32 ``[batch]``.
        """
        scores = self._buffer(number).zero_()
        value = steps.value.astype(np.float32, copy=False)
        total = np.bincount(steps.row, np.maximum(value, 0.0), minlength=len(self.customers))
        total = np.maximum(total, 1e-9).astype(np.float32)
        flat = torch.from_numpy(steps.row * scores.shape[1] + steps.item).to(self._device)
        share = torch.from_numpy(value / total[steps.row]).to(self._device)
        scores.view(-1).index_add_(0, flat, share)
        if len(self.banned[0]):
            scores[self.banned] = 0.0
        if len(self.closed):
            scores[:, self.closed] = 0.0
        if steps.has_negatives:
            # Weights below zero speak against an item; there is no room for more than silence.
            scores.clamp_(min=0.0)
        return scores, torch.from_numpy(total).to(self._device)

    def _logits(self) -> Tensor:
        """The network's logits; float32 ``[batch, items and lanes]``."""
        context = self.context
        logits = self.buffers.logits[: len(self.customers)]
        if context.encoder is None or context.table is None:
            logits.zero_()
            logits[:, context.count_items :] = -torch.inf
            logits[:, self.closed] = -torch.inf
        else:
            with torch.no_grad():
                table = self.buffers.table
                torch.addmm(self.buffers.bias, self.queries, table.t(), out=logits)
        logits[self.banned] = -torch.inf
        return logits


def top(scores: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The largest ``size`` scores of each row and their places, exactly.

    A row is read once to find the maximum of each lane's column of ``LANES`` scores; the largest
    scores lie in the columns with the largest maxima, so that only these are looked through.

    Parameters
    ----------
    scores
        Float ``[rows, columns]``; columns a multiple of ``LANES``.
    """
    rows, columns = scores.shape
    groups = columns // LANES
    if groups <= 2 * size:
        best = scores.topk(size, dim=1)
        return best.values, best.indices
    lanes = scores.view(rows, LANES, groups)
    chosen = lanes.amax(1).topk(size, dim=1, sorted=False).indices
    shift = torch.arange(LANES, device=scores.device) * groups
    place = (chosen[:, :, None] + shift).view(rows, -1)
    best = scores.gather(1, place).topk(size, dim=1)
    return best.values, place.gather(1, best.indices)


@dataclass(frozen=True)
class Buffers:
    """Memory that all batches of one pass share, and the item table filled up to whole lanes."""

    logits: Tensor
    counted: list[Tensor]
    table: Tensor
    bias: Tensor

    @classmethod
    def of(cls, context: Context, rows: int, closed: Tensor) -> Buffers:
        columns = -(-max(context.count_items, 1) // LANES) * LANES
        device = context.device
        dim = context.encoder.config.dim if context.encoder is not None else 1
        table = torch.zeros(columns, dim, device=device)
        bias = torch.full((columns,), -torch.inf, device=device)
        if context.table is not None:
            table[: context.count_items], bias[: context.count_items] = context.table
        bias[closed] = -torch.inf
        return cls(
            logits=torch.empty(rows, columns, device=device),
            counted=[torch.empty(rows, columns, device=device) for _ in (*SPARSE, "together")],
            table=table,
            bias=bias,
        )


def batches(
    context: Context,
    customers: Ints,
    *,
    allow_repeats: bool,
    allowed: np.ndarray | None = None,
) -> Iterator[Batch]:
    """Splits customers so that a dense matrix of scores stays small.

    Parameters
    ----------
    allow_repeats
        Whether items that the customer bought before are candidates.
    allowed
        Candidates for everyone; bool ``[count_items]``; all without it.
    """
    size = min(max(1, SCORES_A_BATCH // max(1, context.count_items)), max(1, len(customers)))
    open_to_all = context.catalogue.first_at[: context.count_items] < context.cut
    if allowed is not None:
        open_to_all = open_to_all & allowed
    closed = torch.from_numpy(np.flatnonzero(~open_to_all)).to(context.device)
    buffers = Buffers.of(context, size, closed)
    nothing = torch.zeros(0, dtype=torch.int64, device=context.device)
    queries = torch.zeros(0, 1, device=context.device)
    first = asked = 0
    for low in range(0, len(customers), size):
        some = customers[low : low + size]
        if low + len(some) > asked:
            # The encoder is fed many customers at once: there are more of equal length then.
            first, asked = low, min(len(customers), low + max(1, CUSTOMERS_ENCODED // size) * size)
            queries = _queries(context, customers[low:asked])
        banned = nothing, nothing
        if not allow_repeats:
            row, item = bought_before(context, some)
            banned = (
                torch.from_numpy(row).to(context.device),
                torch.from_numpy(item).to(context.device),
            )
        yield Batch(
            context, some, closed, banned, buffers, queries[low - first : low - first + len(some)]
        )


def _queries(context: Context, customers: Ints) -> Tensor:
    """What the encoder asks the item table for each customer; float32 ``[customers, dim]``."""
    if context.encoder is None:
        return torch.zeros(len(customers), 1, device=context.device)
    starts, ends = context.events.offsets[customers], context.ends[customers]
    with torch.no_grad():
        states = last_states(
            context.encoder,
            context.features,
            context.events,
            starts,
            ends,
            device=context.device,
        )
        return context.encoder.query(states, NEXT_PURCHASE)


@dataclass(frozen=True)
class Targets:
    """What customers bought in a window after a cut-off.

    ``customers`` are indices, ascending; int64 ``[rows]``. The targets are the pairs of ``row``
    and ``item``; each pair once.
    """

    customers: Ints
    row: Ints
    item: Ints


def targets_between(context: Context, until: int, *, new_only: bool) -> Targets:
    """Distinct items bought from the context's moment to ``until``.

    Customers and items without an event before are left out; so are, with ``new_only``, items
    that the customer bought before, and customers without any target.
    """
    events = context.events
    stop = events.ends_before(until)
    owner, position = counts.expand(context.ends, stop - context.ends)
    item = events.items[position]
    kept = (events.kinds[position] == PURCHASE) & (item < context.count_items)
    kept &= context.ends[owner] > events.offsets[owner]
    pairs = np.unique(owner[kept] * max(context.count_items, 1) + item[kept])
    if new_only:
        everyone = np.arange(len(events.customers))
        row, old = bought_before(context, everyone)
        pairs = np.setdiff1d(pairs, row * max(context.count_items, 1) + old)
    owner, item = np.divmod(pairs, max(context.count_items, 1))
    customers, row = np.unique(owner, return_inverse=True)
    return Targets(customers, row.astype(np.int64), item)


def targets_of(targets: Targets, low: int, high: int) -> tuple[Ints, Ints]:
    """The pairs of some of the customers, their rows counted from ``low``."""
    first, last = np.searchsorted(targets.row, [low, high])
    return targets.row[first:last] - low, targets.item[first:last]


def evaluate(
    context: Context,
    scores: Scores,
    targets: Targets,
    *,
    new_only: bool,
    components: Sequence[str] = COMPONENTS,
    k: int = 10,
) -> Ranking:
    """Ranks all items for the customers of ``targets``."""
    parts = []
    low = 0
    for batch in batches(context, targets.customers, allow_repeats=not new_only):
        high = low + len(batch.customers)
        row, item = targets_of(targets, low, high)
        found = batch.candidates(components)
        order = batch.ranked(found, scores(found))
        parts.append(rank(order, row, item, k))
        low = high
    return join(parts)
