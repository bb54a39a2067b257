"""From what a customer has met to the items that the counts name for them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Float32Array, IntArray
from footfall.counts import repeats
from footfall.counts import tables as counts
from footfall.ranking.context import Context
from footfall.sequences.events import PURCHASE

RECENT_ITEMS = 30
RECENT_DECAY = 0.98


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

    row: IntArray
    item: IntArray
    value: Float32Array
    table: counts.CountTable | None = None

    @property
    def has_negatives(self) -> bool:
        """Whether some scores may be below zero."""
        return self.table is not None and self.table.has_negatives

    def shares(self, rows: int) -> tuple[Steps, Float32Array]:
        """Return the same steps as shares of the sum of a row's positive scores, and these sums."""
        mass = self.value if self.table is None else self.value * self.table.mass[self.item]
        sums = np.bincount(self.row, mass, minlength=rows)
        total: Float32Array = np.maximum(sums, 1e-9).astype(np.float32)
        value: Float32Array = (self.value / total[self.row]).astype(np.float32, copy=False)
        return dataclasses.replace(self, value=value), total

    def scores(self, low: int, high: int, columns: int) -> tuple[IntArray, Float32Array]:
        """Place in a flat matrix ``[high - low, columns]`` and score; places repeat."""
        first, last = np.searchsorted(self.row, [low, high])
        row, item, value = self.row[first:last], self.item[first:last], self.value[first:last]
        base = (row - low) * columns
        if self.table is None:
            return base + item, value
        return counts.spread(self.table, base, item, value)


def steps_of(context: Context, customers: IntArray, name: str, *, never_bought: bool) -> Steps:
    """Raw scores of one of the ``SPARSE`` components.

    Parameters
    ----------
    never_bought
        Leaves out of the personal term what the customer has bought.
    """
    if name == "personal":
        pairs = past_pairs(context, customers, never_bought=never_bought)
        return Steps(
            pairs.row, pairs.item, context.repeat_model.probability(pairs, context.statistics)
        )
    if name == "linear":
        faded = counts.decayed_history(
            context.events, context.ends, customers, context.count_items, context.cut
        )
        return Steps(*faded, context.linear)
    reach = RECENT_ITEMS if name == "neighbours" else counts.SUCCESSOR_REACH
    held = recent_items(context, customers, reach)
    if name == "neighbours":
        weight = np.float32(RECENT_DECAY) ** held.value
        return Steps(held.row, held.item, weight, context.neighbours)
    return Steps(held.row, held.item, 1.0 / (1.0 + held.value), context.successors)


def past_pairs(context: Context, customers: IntArray, *, never_bought: bool) -> repeats.Pairs:
    """Return what each customer did with each item of their past."""
    return repeats.pairs_at(
        context.events, context.history, context.statistics, customers, context.ends, context.cut,
        never_bought=never_bought,
    )  # fmt: skip


def recent_items(context: Context, customers: IntArray, count: int) -> Steps:
    """Return the last distinct items of each customer; ``value`` is the place from the end, from 0.

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


def bought_before(context: Context, customers: IntArray) -> tuple[IntArray, IntArray]:
    """Return customer row and item of every purchase in the histories; pairs repeat."""
    starts, ends = context.events.offsets[customers], context.ends[customers]
    row, position = counts.expand(starts, ends - starts)
    bought = context.events.kinds[position] == PURCHASE
    return row[bought], context.events.items[position[bought]]
