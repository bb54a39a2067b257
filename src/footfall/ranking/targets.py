"""What customers bought after a moment, and how high it was ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from footfall.core.arrays import IntArray
from footfall.counts import tables as counts
from footfall.evaluation.ranking_metrics import Ranking, put, rank, room
from footfall.ranking.batch import Batch, batches
from footfall.ranking.candidates import COMPONENTS, Scores
from footfall.ranking.context import Context
from footfall.ranking.steps import bought_before
from footfall.sequences.events import PURCHASE


@dataclass(frozen=True)
class Targets:
    """What customers bought in a window after a cut-off.

    ``customers`` are indices, ascending; int64 ``[rows]``. The targets are the pairs of ``row``
    and ``item``; each pair once.
    """

    customers: IntArray
    row: IntArray
    item: IntArray


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
    # A stored model keeps items in its order: one without an event may be among the others.
    kept &= context.catalogue.first_at[item] < context.cut
    pairs = np.unique(owner[kept] * max(context.count_items, 1) + item[kept])
    if new_only:
        everyone = np.arange(len(events.customers))
        row, old = bought_before(context, everyone)
        pairs = np.setdiff1d(pairs, row * max(context.count_items, 1) + old)
    owner, item = np.divmod(pairs, max(context.count_items, 1))
    customers, row = np.unique(owner, return_inverse=True)
    return Targets(customers, row.astype(np.int64), item)


def targets_of(targets: Targets, low: int, high: int) -> tuple[IntArray, IntArray]:
    """Return the pairs of some of the customers, their rows counted from ``low``."""
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
    """Rank all items for the customers of ``targets``: candidates first, then the others."""

    def mixed(batch: Batch) -> Tensor:
        found = batch.candidates(components)
        return batch.ranked(found, scores(found))

    return ranked_by(context, mixed, targets, new_only=new_only, k=k)


def ranked_by(
    context: Context,
    scores: Callable[[Batch], Tensor],
    targets: Targets,
    *,
    new_only: bool,
    k: int = 10,
) -> Ranking:
    """Rank all items by scores ``[batch, items]``; minus infinity where an item is not allowed."""
    whole = room(len(targets.customers), k)
    low = 0
    for batch in batches(context, targets.customers, allow_repeats=not new_only, dense=True):
        high = low + len(batch.customers)
        row, item = targets_of(targets, low, high)
        put(whole, low, rank(scores(batch), row, item, k))
        low = high
    return whole
