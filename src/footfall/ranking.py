"""The final ranking: candidates from the network and the counts, ordered by a learned mixture.

The network, the counts together and popularity each propose what they rank highest. For the union
of these the ranker then weighs all components against each other. An item that is not proposed
comes after all that are, in the order of the network.
"""

from __future__ import annotations

import dataclasses
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
# Scores of all items that are in memory at once for each component: as much as a cache holds.
SCORES_A_TILE = 1_000_000
CUSTOMERS_A_BATCH = 1024
CUSTOMERS_ENCODED = 8192
POPULAR_DAYS = 28.0
# The table of items is filled up to a whole number of rows of this many.
LANES = 16
# The lowest float32 there is, and the bits of a float64 that no float32 uses.
LEAST = float(np.finfo(np.float32).min)
PLACE_BITS = 2**29 - 1
SITUATION = (
    "history_length", "last_session_length", "days_since", "last_item_count", "mean_item_count",
    "top_share", "entropy", "successor_mass", "neighbour_mass", "personal_mass",
)  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """A component that scores few items of each customer.

    Attributes
    ----------
    row, item
        Customer, ascending, and item; int64 ``[steps]`` each.
    value
        The item's score or, where there is a table, how much the item counts; float32 ``[steps]``.
    table
        Leads from the items to those that are scored: each step is as many as the item has
        partners.
    """

    row: Ints
    item: Ints
    value: Floats
    table: counts.CountTable | None = None

    @property
    def has_negatives(self) -> bool:
        """Whether some scores may be below zero."""
        return self.table is not None and self.table.has_negatives

    def shares(self, rows: int) -> tuple[Steps, Floats]:
        """The same steps as shares of the sum of a row's positive scores, and these sums."""
        mass = self.value if self.table is None else self.value * self.table.mass[self.item]
        sums = np.bincount(self.row, mass, minlength=rows)
        total: Floats = np.maximum(sums, 1e-9).astype(np.float32)
        value: Floats = (self.value / total[self.row]).astype(np.float32, copy=False)
        return dataclasses.replace(self, value=value), total

    def scores(self, low: int, high: int, columns: int) -> tuple[Ints, Floats]:
        """Place in a flat matrix ``[high - low, columns]`` and score; places repeat."""
        first, last = np.searchsorted(self.row, [low, high])
        row, item, value = self.row[first:last], self.item[first:last], self.value[first:last]
        base = (row - low) * columns
        if self.table is None:
            return base + item, value
        return counts.spread(self.table, base, item, value)


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
    """The last distinct items of each customer; ``value`` is the place from the end, from 0.

    Rows ascend; the latest item of a row comes last.
    """
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
    kept = np.flatnonzero(place < count)[::-1]
    return Steps(row[kept], item[kept], place[kept].astype(np.float32))


def bought_before(context: Context, customers: Ints) -> tuple[Ints, Ints]:
    """Customer row and item of every purchase in the histories; pairs repeat."""
    starts, ends = context.events.offsets[customers], context.ends[customers]
    row, position = counts.expand(starts, ends - starts)
    bought = context.events.kinds[position] == PURCHASE
    return row[bought], context.events.items[position[bought]]


class Batch:
    """Some customers: what may be shown to them, and what speaks for it.

    Scores of all items are made for one tile of customers at a time. Batches share the memory of
    a tile: one batch is used up before the next is drawn.
    """

    def __init__(
        self,
        context: Context,
        customers: Ints,
        bought: tuple[Ints, Ints] | None,
        tile: Tile,
        queries: Tensor,
    ) -> None:
        self.context = context
        self.customers = customers
        self.bought = bought
        self.tile = tile
        self.queries = queries

    @cached_property
    def blocked(self) -> Tensor:
        """Which items are no candidates; bool ``[batch, items]``."""
        blocked = torch.zeros(
            len(self.customers), self.context.count_items, dtype=torch.bool, device=self._device
        )
        blocked[:, self.tile.closed] = True
        if self.bought is not None:
            row, item = self.bought
            blocked[self._tensor(row), self._tensor(item)] = True
        return blocked

    @property
    def _device(self) -> torch.device:
        return self.context.device

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _tiles(self) -> Iterator[tuple[int, int]]:
        rows = len(self.tile.logits)
        for low in range(0, len(self.customers), rows):
            yield low, min(low + rows, len(self.customers))

    def dense(self, name: str) -> Tensor:
        """Scores of one component over all items, for baselines; float32 ``[batch, items]``.

        Popular items order what the component gives the same score; blocked ones are minus
        infinity.
        """
        context, count = self.context, self.context.count_items
        popular = self._tensor(context.popular)
        if name == "popular":
            scores = popular.expand(len(self.customers), -1).clone()
        else:
            scores = torch.empty(len(self.customers), count, device=self._device)
            steps = None if name == "softmax" else self.steps(name)
            for low, high in self._tiles():
                if steps is None:
                    scores[low:high] = self._logits(low, high)[:, :count]
                else:
                    scores[low:high] = self._together(self._walk([steps], low, high))[:, :count]
            if steps is not None:
                scores += popular * 1e-6
        return scores.masked_fill_(self.blocked, -torch.inf)

    def candidates(self, components: Sequence[str] = COMPONENTS) -> Candidates:
        """The union of what some components rank highest, and the values of these components."""
        context, count = self.context, self.context.count_items
        has_network = "softmax" in components and context.encoder is not None
        asked = [name for name in SPARSE if name in components]
        steps = {name: self.steps(name) for name in asked}
        shares = {
            name: some.shares(len(self.customers)) for name, some in steps.items() if len(some.row)
        }
        totals = {name: self._tensor(total) for name, (_, total) in shares.items()}
        popular = None
        if "popular" in components or not (has_network or asked):
            popular = self._popular_items(min(PROPOSED["popular"], count))
        from_network = min(PROPOSED["softmax"], count) if has_network else 0
        from_counts = min(PROPOSED["counts"], count) if asked else 0
        width = from_network + from_counts + (0 if popular is None else popular.shape[1])
        items = torch.full((len(self.customers), width), -1, device=self._device)
        values = torch.zeros(*items.shape, len(COMPONENTS), device=self._device)
        for low, high in self._tiles():
            own = items[low:high]
            logits = self._logits(low, high) if has_network else None
            if logits is not None:
                best, place = largest(logits, from_network)
                own[:, :from_network] = place.masked_fill_(torch.isneginf(best), -1)
            walks = self._walk([some for some, _ in shares.values()], low, high)
            if walks:
                together = self._together(walks)
                together[self._banned(low, high)] = 0.0
                if len(self.tile.closed):
                    together[:, self.tile.closed] = 0.0
                best, place = largest(together, from_counts)
                place.masked_fill_(best <= 0, -1)
                own[:, from_network : from_network + from_counts] = place
            if popular is not None:
                own[:, from_network + from_counts :] = popular[low:high]
            own.copy_(_ascending(own))
            own[:, 1:].masked_fill_(own[:, 1:] == own[:, :-1], -1)
            if logits is not None:
                values[low:high, :, 0] = logits.gather(1, own.clamp(min=0))
            for name, scores in zip(shares, self._at(own, walks), strict=True):
                column = values[low:high, :, COMPONENTS.index(name)]
                torch.mul(scores, totals[name][low:high, None], out=column)
        real = items >= 0
        if has_network:
            found = values[:, :, 0].masked_fill(~real, -torch.inf)
            values[:, :, 0] = torch.nan_to_num_(found.softmax(1), nan=0.0)
        if "popular" in components:
            values[:, :, COMPONENTS.index("popular")] = self._tensor(context.popular)[
                items.clamp(min=0)
            ]
        values.masked_fill_(~real[:, :, None], 0.0)
        return Candidates(items, values, self._situation(values))

    def values_at(self, found: Candidates, parts: Sequence[Steps]) -> list[Tensor]:
        """Sums steps at the candidates, each by itself; float32 ``[batch, width]``.

        The steps are but parts of what is summed elsewhere, and may add up to less than nothing.
        """
        sums = [torch.empty(found.items.shape, device=self._device) for _ in parts]
        for low, high in self._tiles():
            walks = [dataclasses.replace(w, floor=False) for w in self._walk(parts, low, high)]
            for whole, here in zip(sums, self._at(found.items[low:high], walks), strict=True):
                whole[low:high] = here
        return sums

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
        listed = self.tile.popular
        chosen = np.full((len(self.customers), size), -1, dtype=np.int64)
        if self.bought is None:
            chosen[:, : len(listed)] = listed[:size]
            return self._tensor(chosen)
        place = np.full(self.context.count_items, -1, dtype=np.int64)
        place[listed] = np.arange(len(listed))
        row, where = self.bought[0], place[self.bought[1]]
        is_open = np.ones((len(self.customers), len(listed)), dtype=np.bool_)
        is_open[row[where >= 0], where[where >= 0]] = False
        rank = np.cumsum(is_open, axis=1) - 1
        row, where = np.nonzero(is_open & (rank < size))
        chosen[row, rank[row, where]] = listed[where]
        return self._tensor(chosen)

    def _situation(self, values: Tensor) -> Tensor:
        context = self.context
        low, high = context.events.offsets[self.customers], context.ends[self.customers]
        last = np.minimum(np.maximum(high - 1, low), len(context.events.items) - 1)
        held, moment = context.events.items[last], context.events.at[last]
        sums = context.item_count_sums
        mean = (sums[high] - sums[low]) / np.maximum(high - low, 1)
        opened = context.session_starts[last]
        item_counts = np.append(context.item_counts, 0)
        known = np.stack(
            [
                np.log1p(high - low),
                np.log1p(high - np.maximum(opened, low)),
                np.log1p(np.maximum(context.cut - moment, 0) / MICROSECONDS_A_DAY),
                np.log1p(item_counts[np.minimum(held, len(item_counts) - 1)]),
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
        if name == "linear":
            faded = counts.decayed_history(
                context.events, context.ends, self.customers, context.count_items, context.cut
            )
            return Steps(*faded, context.linear)
        reach = RECENT_ITEMS if name == "neighbours" else counts.SUCCESSOR_REACH
        held = recent_items(context, self.customers, reach)
        if name == "neighbours":
            weight = np.float32(RECENT_DECAY) ** held.value
            return Steps(held.row, held.item, weight, context.neighbours)
        return Steps(held.row, held.item, 1.0 / (1.0 + held.value), context.successors)

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
            never_bought=self.bought is not None,
        )

    def _walk(self, parts: Sequence[Steps], low: int, high: int) -> list[_Walk]:
        """The steps of some customers one by one, as places in their tile."""
        columns = self.tile.counted.shape[1]
        walks = []
        for steps in parts:
            place, value = (self._tensor(array) for array in steps.scores(low, high, columns))
            walks.append(_Walk(high - low, place, value, steps.has_negatives))
        return walks

    def _together(self, walks: Sequence[_Walk]) -> Tensor:
        """The sum of some walks over all items; float32 ``[rows, items and lanes]``.

        Weights below zero speak against an item; there is no room for more than silence. What
        has such weights is therefore summed up and cut first, before anything is added.
        """
        scores = self.tile.counted[: walks[0].rows].zero_()
        floored = [walk for walk in walks if walk.floor]
        for number, walk in enumerate(floored):
            here = scores if number == 0 else torch.zeros_like(scores)
            _add(here, walk.place, walk.value)
            here.clamp_(min=0.0)
            if number:
                scores += here
        for walk in walks:
            if not walk.floor:
                _add(scores, walk.place, walk.value)
        return scores

    def _at(self, items: Tensor, walks: Sequence[_Walk]) -> list[Tensor]:
        """Sums each walk at a few items alone; float32 ``[rows, width]`` each; zero where -1.

        Each of the items is written down where it stands in the tile, so that a step that leads
        to none of them is told by one look.
        """
        if not walks:
            return []
        rows, width = items.shape
        slots = self.tile.slots[:rows]
        # Where there is no item, it is the spare place before the row, to which no step leads.
        place = torch.arange(rows, device=self._device)[:, None] * slots.shape[1] + items
        slots.view(-1)[place.view(-1)] = torch.arange(rows * width, device=self._device)
        found = []
        for walk in walks:
            sums = torch.zeros(rows * width + 1, device=self._device)
            # Slots hold -1 elsewhere: such steps add to what lies behind the last item.
            _add(sums, _taken(slots, walk.place), walk.value)
            sums = sums[:-1].view(rows, width)
            found.append(sums.clamp_(min=0.0) if walk.floor else sums)
        slots.view(-1)[place.view(-1)] = -1
        return found

    def _banned(self, low: int, high: int) -> tuple[Tensor, Tensor]:
        if self.bought is None:
            nothing = torch.zeros(0, dtype=torch.int64, device=self._device)
            return nothing, nothing
        row, item = self.bought
        first, last = np.searchsorted(row, [low, high])
        return self._tensor(row[first:last] - low), self._tensor(item[first:last])

    def _logits(self, low: int, high: int) -> Tensor:
        """The network's logits; float32 ``[rows, items and lanes]``; minus infinity if blocked."""
        tile = self.tile
        logits = tile.logits[: high - low]
        with torch.no_grad():
            torch.mm(self.queries[low:high], tile.table, out=logits)
        logits[self._banned(low, high)] = -torch.inf
        return logits


@dataclass(frozen=True)
class _Walk:
    """Steps of the customers of a tile: place in the flat tile and what to add there, ``[steps]``.

    ``floor`` says that a sum below zero is no more than none.
    """

    rows: int
    place: Tensor
    value: Tensor
    floor: bool


def _add(sums: Tensor, place: Tensor, value: Tensor) -> None:
    """Adds values to places of a flat tensor, in their order; places repeat."""
    flat = sums.view(-1)
    if flat.device.type == "cpu":
        # Twice as fast as torch's index_add_.
        np.add.at(flat.numpy(), place.numpy(), value.numpy())
    else:
        flat.index_add_(0, place, value)


def _taken(flat: Tensor, place: Tensor) -> Tensor:
    """What stands at places of a flat tensor."""
    if flat.device.type == "cpu":
        # Twice as fast as torch's own.
        return torch.from_numpy(flat.view(-1).numpy().take(place.numpy()))
    return flat.view(-1)[place]


def top(scores: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The largest ``size`` scores of each row, best first, and their places, exactly.

    Parameters
    ----------
    scores
        Float ``[rows, columns]``; columns a multiple of ``LANES``.
    """
    values, place = largest(scores, size)
    values, order = values.sort(dim=1, descending=True)
    return values, place.gather(1, order)


def largest(scores: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """What ``top`` finds, in any order.

    A row is read once to find the maximum of each lane's column of ``LANES`` scores; the largest
    scores lie in the columns with the largest maxima, so that only these are looked through.
    """
    rows, columns = scores.shape
    groups = columns // LANES
    if groups <= 2 * size:
        place = _largest(scores, size)
        return scores.gather(1, place), place
    chosen = _largest(scores.view(rows, LANES, groups).amax(1), size)
    row = torch.arange(rows, device=scores.device)[:, None] * columns
    shift = torch.arange(LANES, device=scores.device)[:, None] * groups
    place = ((chosen + row)[:, None] + shift).view(rows, -1)
    found = _taken(scores, place)
    best = _largest(found, size)
    return found.gather(1, best), place.gather(1, best) - row


def _largest(scores: Tensor, size: int) -> Tensor:
    """Places of the largest; int64 ``[rows, size]``."""
    if scores.device.type == "cpu" and 0 < size < scores.shape[1]:
        # Numpy's selection of values is several times faster than torch's, and than its own of
        # places. A float32 leaves 29 bits of a float64 empty: the place goes there, which also
        # tells equal scores apart.
        marked = scores.numpy().astype(np.float64)
        np.maximum(marked, LEAST, out=marked)
        bits = marked.view(np.int64)
        bits |= np.arange(scores.shape[1])
        marked.partition(scores.shape[1] - size, axis=1)
        return torch.from_numpy(bits[:, -size:] & PLACE_BITS)
    return scores.topk(size, dim=1, sorted=False).indices


def _ascending(items: Tensor) -> Tensor:
    """Sorts within rows; int64 ``[rows, width]``."""
    if items.device.type == "cpu":
        return torch.from_numpy(np.sort(items.numpy().astype(np.int32), axis=1)).long()
    return items.sort(dim=1).values


@dataclass(frozen=True)
class Tile:
    """Memory for the scores of all items that all batches of one pass share, and what they read.

    Attributes
    ----------
    counted
        Room for the sums of the counts.
    slots
        Room for places of candidates; -1 where there is none; int64.
    table
        The items' vectors with their biases below, filled up to whole lanes; the bias of an item
        that is no candidate for anybody is minus infinity; float32 ``[dim + 1, columns]``.
    closed
        These items; int64 ``[closed]``.
    popular
        The most popular of the others, best first; more than are proposed, as a customer may have
        bought some; int64 ``[at most four times as many]``.
    """

    logits: Tensor
    counted: Tensor
    slots: Tensor
    table: Tensor
    closed: Tensor
    popular: Ints

    @classmethod
    def of(cls, context: Context, rows: int, open_to_all: np.ndarray) -> Tile:
        # At least one place is spare.
        columns = (context.count_items // LANES + 1) * LANES
        device = context.device
        closed = torch.from_numpy(np.flatnonzero(~open_to_all)).to(device)
        dim = 0 if context.table is None else context.table[0].shape[1]
        table = torch.zeros(dim + 1, columns, device=device)
        if context.table is not None:
            vectors, bias = context.table
            table[:-1, : context.count_items], table[-1, : context.count_items] = vectors.t(), bias
        table[-1, context.count_items :] = -torch.inf
        table[-1, closed] = -torch.inf
        ordered = np.argsort(-context.popular, kind="stable")
        return cls(
            logits=torch.empty(rows, columns, device=device),
            counted=torch.empty(rows, columns, device=device),
            slots=torch.full((rows, columns), -1, device=device),
            table=table,
            closed=closed,
            popular=ordered[open_to_all[ordered]][: 4 * PROPOSED["popular"]],
        )


def batches(
    context: Context,
    customers: Ints,
    *,
    allow_repeats: bool,
    allowed: np.ndarray | None = None,
    dense: bool = False,
) -> Iterator[Batch]:
    """Splits customers so that a dense matrix of scores stays small.

    Parameters
    ----------
    allow_repeats
        Whether items that the customer bought before are candidates.
    allowed
        Candidates for everyone; bool ``[count_items]``; all without it.
    dense
        Whether scores of all items will be asked for: batches are no larger than a tile then.
    """
    rows = max(1, SCORES_A_TILE // max(1, context.count_items))
    size = max(1, min(rows if dense else max(rows, CUSTOMERS_A_BATCH), len(customers)))
    open_to_all = context.catalogue.first_at[: context.count_items] < context.cut
    if allowed is not None:
        open_to_all = open_to_all & allowed
    tile = Tile.of(context, min(rows, size), open_to_all)
    queries = torch.zeros(0, 1, device=context.device)
    first = asked = 0
    for low in range(0, len(customers), size):
        some = customers[low : low + size]
        if low + len(some) > asked:
            # The encoder is fed many customers at once: there are more of equal length then.
            first, asked = low, min(len(customers), low + max(1, CUSTOMERS_ENCODED // size) * size)
            queries = _queries(context, customers[low:asked])
        bought = None if allow_repeats else bought_before(context, some)
        yield Batch(context, some, bought, tile, queries[low - first : low - first + len(some)])


def _queries(context: Context, customers: Ints) -> Tensor:
    """What the encoder asks a tile's table for each customer; float32 ``[customers, dim + 1]``."""
    if context.encoder is None or context.table is None:
        return torch.ones(len(customers), 1, device=context.device)
    starts, ends = context.events.offsets[customers], context.ends[customers]
    with torch.no_grad():
        states = last_states(
            context.encoder,
            context.table[0],
            context.events,
            starts,
            ends,
            device=context.device,
        )
        # The last row of the table holds the biases.
        asked = torch.ones(len(customers), states.shape[1] + 1, device=context.device)
        asked[:, :-1] = context.encoder.query(states, NEXT_PURCHASE)
    return asked


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
    # A stored model keeps items in its order: one without an event may stand among the others.
    kept &= context.catalogue.first_at[item] < context.cut
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
    for batch in batches(context, targets.customers, allow_repeats=not new_only, dense=True):
        high = low + len(batch.customers)
        row, item = targets_of(targets, low, high)
        found = batch.candidates(components)
        order = batch.ranked(found, scores(found))
        parts.append(rank(order, row, item, k))
        low = high
    return join(parts)
