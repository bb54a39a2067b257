"""The final ranking: a mixture of the softmax, count tables, popularity and the personal term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from footfall import counts, repeats
from footfall.encoder import NEXT_PURCHASE, Encoder, ItemFeatures, last_states
from footfall.ranking_metrics import Ranking, join, rank
from footfall.sequences import PURCHASE, Catalogue, Floats, Ints, ItemEvents

COMPONENTS = ("softmax", "successors", "neighbours", "linear", "popular", "personal")
DENSE = ("softmax", "linear", "popular")
RECENT_ITEMS = 30
RECENT_DECAY = 0.98
SCORES_A_BATCH = 4_000_000
POPULAR_DAYS = 28.0


@dataclass(frozen=True)
class Steps:
    """A component that scores few items: customer, item and score; ``[steps]`` each."""

    row: Ints
    item: Ints
    value: Floats


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
    """One batch of customers: its candidates, and each component's scores over them.

    Each component is scaled to sum to one over a customer's candidates, so that the weights of
    the mixture mean the same for every customer.
    """

    def __init__(self, context: Context, customers: Ints, blocked: Tensor) -> None:
        self.context = context
        self.customers = customers
        self.blocked = blocked

    def dense(self, name: str) -> Tensor:
        """Scores of one component; float32 ``[batch, items]``."""
        if name == "softmax":
            return self._softmax()
        if name == "popular":
            popular = torch.from_numpy(self.context.popular).to(self.blocked.device)
            kept = popular.expand(len(self.customers), -1).masked_fill(self.blocked, 0.0)
            return kept / kept.sum(1, keepdim=True).clamp_min(1e-9)
        if name == "linear":
            scores = self.linear_totals()
            return scores.div_(scores.sum(1, keepdim=True).clamp_min(1e-9))
        return self._add(torch.zeros_like(self.blocked, dtype=torch.float32), name, 1.0)

    def mixture(self, weights: Floats) -> Tensor:
        """Weighted sum of the components, minus infinity where blocked; ``[batch, items]``."""
        scores: Tensor | None = None
        for name, weight in zip(COMPONENTS, weights.tolist(), strict=True):
            if name in DENSE and weight > 0.0:
                part = self.dense(name).mul_(weight)
                scores = part if scores is None else scores.add_(part)
        if scores is None:
            scores = torch.zeros_like(self.blocked, dtype=torch.float32)
        for name, weight in zip(COMPONENTS, weights.tolist(), strict=True):
            if name not in DENSE and weight > 0.0:
                scores = self._add(scores, name, weight)
        return scores.masked_fill_(self.blocked, -torch.inf)

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
        popular = torch.from_numpy(self.context.popular).to(self.blocked.device)
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

    def _add(self, scores: Tensor, name: str, weight: float) -> Tensor:
        steps = self.steps(name)
        flat = torch.from_numpy(steps.row * scores.shape[1] + steps.item).to(scores.device)
        value = torch.from_numpy(steps.value.astype(np.float32)).to(scores.device)
        value = value.masked_fill(self.blocked.view(-1)[flat], 0.0)
        row = torch.from_numpy(steps.row).to(scores.device)
        total = torch.zeros(len(self.customers), device=scores.device).index_add_(0, row, value)
        share = value.mul_(weight) / total.clamp_min(1e-9)[row]
        scores.view(-1).index_add_(0, flat, share)
        return scores

    def linear_totals(self) -> Tensor:
        """The linear model's scores before they become shares; float32 ``[batch, items]``."""
        context = self.context
        scores = torch.zeros_like(self.blocked, dtype=torch.float32)
        held = counts.decayed_history(
            context.events, context.ends, self.customers, context.count_items, context.cut
        )
        row, partner, value = counts.spread(context.linear, *held)
        flat = torch.from_numpy(row * scores.shape[1] + partner).to(scores.device)
        scores.view(-1).index_add_(0, flat, torch.from_numpy(value).to(scores.device))
        # Weights below zero speak against an item; a share has no room for more than silence.
        return scores.clamp_(min=0.0).masked_fill_(self.blocked, 0.0)

    def _softmax(self) -> Tensor:
        context = self.context
        if context.encoder is None or context.table is None:
            return torch.zeros_like(self.blocked, dtype=torch.float32)
        starts, ends = context.events.offsets[self.customers], context.ends[self.customers]
        with torch.no_grad():
            states = last_states(
                context.encoder,
                context.features,
                context.events,
                starts,
                ends,
                device=context.device,
            )
            table, bias = context.table
            queries = context.encoder.query(states, NEXT_PURCHASE)
            logits = torch.addmm(bias, queries, table.t())
            logits.masked_fill_(self.blocked, -torch.inf)
            # A customer with everything blocked has no softmax; she gets zeros, not nans.
            return torch.nan_to_num_(logits.softmax(1), nan=0.0)


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
    size = max(1, SCORES_A_BATCH // max(1, context.count_items))
    open_to_all = context.catalogue.first_at[: context.count_items] < context.cut
    if allowed is not None:
        open_to_all = open_to_all & allowed
    for low in range(0, len(customers), size):
        some = customers[low : low + size]
        blocked = torch.from_numpy(~open_to_all).to(context.device).repeat(len(some), 1)
        if not allow_repeats:
            row, item = bought_before(context, some)
            blocked[torch.from_numpy(row), torch.from_numpy(item)] = True
        yield Batch(context, some, blocked)


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
    context: Context, weights: Floats, targets: Targets, *, new_only: bool, k: int = 10
) -> Ranking:
    """Ranks all items for the customers of ``targets`` by a mixture."""
    parts = []
    low = 0
    for batch in batches(context, targets.customers, allow_repeats=not new_only):
        high = low + len(batch.customers)
        row, item = targets_of(targets, low, high)
        parts.append(rank(batch.mixture(weights), row, item, k))
        low = high
    return join(parts)
