"""Candidates for some customers at a time, from the network and the counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import Array, IntArray
from footfall.counts import repeats
from footfall.encoder.network import NEXT_PURCHASE, last_states
from footfall.ranking.candidates import COMPONENTS, PROPOSED, SPARSE, Candidates
from footfall.ranking.context import Context
from footfall.ranking.customer_features import situation
from footfall.ranking.score_tiles import Tile
from footfall.ranking.selection import largest
from footfall.ranking.steps import Steps, bought_before, past_pairs, steps_of

# Scores of all items that are in memory at once for each component: as much as a cache holds.
SCORES_A_TILE = 1_000_000
CUSTOMERS_A_BATCH = 1024
CUSTOMERS_ENCODED = 8192


class Batch:
    """Some customers: what may be shown to them, and what speaks for it.

    Scores of all items are made for one tile of customers at a time. Batches share the memory of
    a tile: one batch is used up before the next is drawn.
    """

    def __init__(
        self,
        context: Context,
        customers: IntArray,
        bought: tuple[IntArray, IntArray] | None,
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
        """Which items are not candidates; bool ``[batch, items]``."""
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

    def _tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _tiles(self) -> Iterator[tuple[int, int]]:
        rows = len(self.tile.logits)
        for low in range(0, len(self.customers), rows):
            yield low, min(low + rows, len(self.customers))

    def dense(self, name: str) -> Tensor:
        """Return scores of one component over all items, for baselines; float32 ``[batch, items]``.

        Popular items order what the component gives the same score; blocked ones are minus
        infinity.
        """
        context, count = self.context, self.context.count_items
        popular = self._tensor(context.popular)
        if name == "popular":
            scores = popular.expand(len(self.customers), -1).clone()
        else:
            scores = torch.empty(len(self.customers), count, device=self._device)
            steps = None if name == "softmax" else self._steps(name)
            for low, high in self._tiles():
                if steps is None:
                    scores[low:high] = self._logits(low, high)[:, :count]
                else:
                    scores[low:high] = self.tile.together(self.tile.walk([steps], low, high))[
                        :, :count
                    ]
            if steps is not None:
                scores += popular * 1e-6
        return scores.masked_fill_(self.blocked, -torch.inf)

    def candidates(self, components: Sequence[str] = COMPONENTS) -> Candidates:
        """Return the union of what some components rank highest, with their values."""
        context, count = self.context, self.context.count_items
        has_network = "softmax" in components and context.encoder is not None
        asked = [name for name in SPARSE if name in components]
        steps = {name: self._steps(name) for name in asked}
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
            walks = self.tile.walk([some for some, _ in shares.values()], low, high)
            if walks:
                together = self.tile.together(walks)
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
            for name, scores in zip(shares, self.tile.at(own, walks), strict=True):
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
        return Candidates(items, values, situation(context, self.customers, values))

    def values_at(self, found: Candidates, parts: Sequence[Steps]) -> list[Tensor]:
        """Sum steps at the candidates, each by itself; float32 ``[batch, width]``.

        The steps are but parts of what is summed elsewhere, and may add up to less than nothing.
        """
        sums = [torch.empty(found.items.shape, device=self._device) for _ in parts]
        for low, high in self._tiles():
            walks = [dataclasses.replace(w, floor=False) for w in self.tile.walk(parts, low, high)]
            for whole, here in zip(sums, self.tile.at(found.items[low:high], walks), strict=True):
                whole[low:high] = here
        return sums

    def ranked(self, found: Candidates, scores: Tensor) -> Tensor:
        """Return scores of all items: candidates first, then the others as the network has them.

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
        """Return the most popular candidates; -1 where banned; int64 ``[batch, size]``."""
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

    def personal_frequency(self, half_life: int) -> Tensor:
        """Return purchases decayed by one of ``repeats.HALF_LIVES``; ``[batch, items]``.

        Items of one basket score the same, and ties count against the scorer; popularity orders
        them, so that the baseline is as good as it can be.
        """
        never_bought = self.bought is not None
        pairs = past_pairs(self.context, self.customers, never_bought=never_bought)
        values = pairs.decayed[:, repeats.HALF_LIVES.index(half_life)]
        popular = torch.from_numpy(self.context.popular).to(self._device)
        scores = (popular * 1e-4).expand(len(self.customers), -1).clone()
        row, item = torch.from_numpy(pairs.row), torch.from_numpy(pairs.item)
        scores[row, item] += torch.from_numpy(values.copy()).to(scores.device)
        return scores.masked_fill_(self.blocked, -torch.inf)

    def _banned(self, low: int, high: int) -> tuple[Tensor, Tensor]:
        if self.bought is None:
            nothing = torch.zeros(0, dtype=torch.int64, device=self._device)
            return nothing, nothing
        row, item = self.bought
        first, last = np.searchsorted(row, [low, high])
        return self._tensor(row[first:last] - low), self._tensor(item[first:last])

    def _logits(self, low: int, high: int) -> Tensor:
        """Return logits, minus infinity if blocked; float32 ``[rows, items and lanes]``."""
        tile = self.tile
        logits = tile.logits[: high - low]
        with torch.no_grad():
            torch.mm(self.queries[low:high], tile.table, out=logits)
        logits[self._banned(low, high)] = -torch.inf
        return logits

    def _steps(self, name: str) -> Steps:
        return steps_of(self.context, self.customers, name, never_bought=self.bought is not None)


def batches(
    context: Context,
    customers: IntArray,
    *,
    allow_repeats: bool,
    allowed: Array | None = None,
    dense: bool = False,
) -> Iterator[Batch]:
    """Split customers so that a dense matrix of scores stays small.

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


def _queries(context: Context, customers: IntArray) -> Tensor:
    """Return each customer's query to a tile's table; float32 ``[customers, dim + 1]``."""
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


def _ascending(items: Tensor) -> Tensor:
    """Sort within rows; int64 ``[rows, width]``."""
    if items.device.type == "cpu":
        return torch.from_numpy(np.sort(items.numpy().astype(np.int32), axis=1)).long()
    return items.sort(dim=1).values
