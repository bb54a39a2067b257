"""Why an item is recommended: the past item without which it would score least."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import Array, Float32Array, IntArray
from footfall.counts import tables as counts
from footfall.encoder.network import NEXT_PURCHASE, last_states
from footfall.ranking import COMPONENTS, RECENT_DECAY, Batch, Candidates, Steps, recent_items
from footfall.ranking.mixture import Ranker

PAST_ITEMS = 5
# The vectors of so many customers' candidates stay in a cache.
CUSTOMERS_AT_ONCE = 64


def strongest(
    batch: Batch, ranker: Ranker, found: Candidates, scores: Tensor, place: Tensor
) -> IntArray:
    """Leave out each of the last distinct items in turn and looks at what the scores lose.

    The network is asked again with the shortened history; the count tables lose the item's part;
    the personal term of an item falls with the item itself. Attention weights are not consulted:
    they do not say what a score depends on (Jain and Wallace, 2019, "Attention is not
    Explanation").

    Parameters
    ----------
    found, scores
        The candidates of the batch, and what the ranker says of them.
    place
        Which of them are recommended; int64 ``[batch, k]``.

    Returns
    -------
    The past item that each recommendation leans on most; int64 ``[batch, k]``; -1 where none of
    them raised its score, and where there is no recommendation.
    """
    past = _past(batch)
    items = found.items.gather(1, place).cpu().numpy()
    full = scores.gather(1, place)
    losses = np.full((*items.shape, past.shape[1]), -np.inf, dtype=np.float32)
    for number, values in enumerate(_without(batch, ranker, found, past)):
        without = dataclasses.replace(found, values=values)
        lost = (full - ranker(without).gather(1, place)).nan_to_num_(nan=0.0)
        held = past[:, number, None] >= 0
        losses[:, :, number] = np.where(held, lost.cpu().numpy(), -np.inf)
    best = losses.argmax(axis=2)
    loss = np.take_along_axis(losses, best[:, :, None], axis=2)[:, :, 0]
    reason = np.take_along_axis(past, best, axis=1)
    # A repeat leans on itself, however long ago it was bought.
    is_old = _ever_met(batch, items) & ("personal" in ranker.components)
    reason = np.where(is_old, items, reason)
    return np.where((items >= 0) & ((loss > 0) | is_old), reason, -1)


def _ever_met(batch: Batch, items: IntArray) -> Array:
    """Return which of some items are in the customers' histories; bool ``[batch, k]``."""
    context = batch.context
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    row, position = counts.expand(starts, ends - starts)
    count = context.count_items
    met = row * count + context.events.items[position]
    asked = np.arange(len(items))[:, None] * count + items
    return np.isin(asked, met) & (items >= 0)


def _past(batch: Batch) -> IntArray:
    """Return the last distinct items, latest first; -1 where fewer.

    Int64 ``[batch, at most PAST_ITEMS]``: as many as anybody has, but one at least.
    """
    held = recent_items(batch.context, batch.customers, PAST_ITEMS)
    place = held.value.astype(np.int64)
    past = np.full((len(batch.customers), int(place.max(initial=0)) + 1), -1, dtype=np.int64)
    past[held.row, place] = held.item
    return past


def _without(batch: Batch, ranker: Ranker, found: Candidates, past: IntArray) -> Iterator[Tensor]:
    """Return values of the candidates had the item at one place never been met, place by place."""
    places = past.shape[1]
    names = [n for n in ("neighbours", "successors", "linear") if n in ranker.components]
    # All places are asked for at once, since it costs as much to get ready for one as for all.
    parts = batch.values_at(found, [part for name in names for part in _parts(batch, name, past)])
    shares = None
    if "softmax" in ranker.components and batch.context.encoder is not None:
        shares = _shares_without(batch, found, past)
    for number in range(places):
        values = found.values.clone()
        if shares is not None:
            values[:, :, 0] = shares[number]
        for name, part in zip(names, parts[number::places], strict=True):
            values[:, :, COMPONENTS.index(name)].sub_(part).clamp_(min=0.0)
        held = torch.from_numpy(past[:, number]).to(found.items.device)
        same = found.items == held[:, None]
        values[:, :, COMPONENTS.index("personal")].masked_fill_(same, 0.0)
        yield values


def _shares_without(batch: Batch, found: Candidates, past: IntArray) -> Tensor:
    """Return the network's shares of the candidates; float32 ``[places, batch, width]``."""
    context = batch.context
    assert context.encoder is not None
    assert context.table is not None
    rows, places = past.shape
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    reach = np.maximum(starts, ends - context.encoder.config.max_length)
    # One slice for each place of each customer, all encoded in one go: more are of equal length.
    slot, position = counts.expand(np.tile(reach, places), np.tile(ends - reach, places))
    kept = context.events.items[position] != past.T.reshape(-1)[slot]
    high = np.cumsum(np.bincount(slot[kept], minlength=rows * places))
    low = np.concatenate([[0], high[:-1]])
    table, bias = context.table
    shares = torch.empty(places, *found.items.shape, device=found.items.device)
    with torch.no_grad():
        states = last_states(
            context.encoder, table, context.events, low, high,
            device=context.device, order=position[kept],
        )  # fmt: skip
        queries = context.encoder.query(states, NEXT_PURCHASE).view(places, rows, -1)
        for first in range(0, rows, CUSTOMERS_AT_ONCE):
            some = slice(first, first + CUSTOMERS_AT_ONCE)
            item = found.items[some].clamp(min=0)
            logits = torch.einsum("bwd,pbd->pbw", table[item], queries[:, some]) + bias[item]
            logits.masked_fill_(~found.real[some], -torch.inf)
            shares[:, some] = torch.nan_to_num(logits.softmax(2))
    return shares


def _parts(batch: Batch, name: str, past: IntArray) -> list[Steps]:
    """Return what each past item of the customers adds to a count component, place by place."""
    context = batch.context
    table = getattr(context, name)
    if name == "linear":
        known = counts.decayed_history(
            context.events, context.ends, batch.customers, context.count_items, context.cut
        )
        pair = known[0] * context.count_items + known[1]
    parts = []
    for number, held in enumerate(past.T):
        row = np.flatnonzero(held >= 0)
        weight: Float32Array
        if name == "linear":
            weight = known[2][np.searchsorted(pair, row * context.count_items + held[row])]
        else:
            fades = RECENT_DECAY**number if name == "neighbours" else 1.0 / (1.0 + number)
            weight = np.full(len(row), fades, dtype=np.float32)
        parts.append(Steps(row, held[row], weight, table))
    return parts
