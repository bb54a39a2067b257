"""Why an item is recommended: the past item without which it would score least."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from footfall import counts
from footfall.encoder import NEXT_PURCHASE, last_states
from footfall.mixture import Ranker
from footfall.ranking import COMPONENTS, RECENT_DECAY, Batch, Candidates, Steps, recent_items
from footfall.sequences import Floats, Ints

PAST_ITEMS = 5


def strongest(batch: Batch, ranker: Ranker, found: Candidates, place: Tensor) -> Ints:
    """Leaves out each of the last distinct items in turn and looks at what the scores lose.

    The network is asked anew with the shortened history; the count tables lose the item's part;
    the personal term of an item falls with the item itself. Attention weights are not consulted:
    they do not say what a score depends on (Jain and Wallace, 2019, "Attention is not
    Explanation").

    Parameters
    ----------
    found
        The candidates of the batch.
    place
        Which of them are recommended; int64 ``[batch, k]``.

    Returns
    -------
    The past item that each recommendation leans on most; int64 ``[batch, k]``; -1 where none of
    them raised its score, and where there is no recommendation.
    """
    past = _past(batch)
    items = found.items.gather(1, place).cpu().numpy()
    full = ranker(found).gather(1, place)
    losses = np.full((*items.shape, past.shape[1]), -np.inf, dtype=np.float32)
    for number in range(past.shape[1]):
        held = past[:, number]
        if not (held >= 0).any():
            break
        without = dataclasses.replace(found, values=_without(batch, ranker, found, held, number))
        lost = (full - ranker(without).gather(1, place)).nan_to_num_(nan=0.0)
        losses[:, :, number] = np.where((held >= 0)[:, None], lost.cpu().numpy(), -np.inf)
    best = losses.argmax(axis=2)
    loss = np.take_along_axis(losses, best[:, :, None], axis=2)[:, :, 0]
    reason = np.take_along_axis(past, best, axis=1)
    # A repeat leans on itself, however long ago it was bought.
    is_old = _ever_met(batch, items) & ("personal" in ranker.components)
    reason = np.where(is_old, items, reason)
    return np.where((items >= 0) & ((loss > 0) | is_old), reason, -1)


def _ever_met(batch: Batch, items: Ints) -> np.ndarray:
    """Which of some items are in the customers' histories; bool ``[batch, k]``."""
    context = batch.context
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    row, position = counts.expand(starts, ends - starts)
    count = context.count_items
    met = row * count + context.events.items[position]
    asked = np.arange(len(items))[:, None] * count + items
    return np.isin(asked, met) & (items >= 0)


def _past(batch: Batch) -> Ints:
    """The last distinct items, latest first; int64 ``[batch, PAST_ITEMS]``; -1 where fewer."""
    held = recent_items(batch.context, batch.customers, PAST_ITEMS)
    past = np.full((len(batch.customers), PAST_ITEMS), -1, dtype=np.int64)
    past[held.row, held.value.astype(np.int64)] = held.item
    return past


def _without(batch: Batch, ranker: Ranker, found: Candidates, held: Ints, number: int) -> Tensor:
    """Values of the candidates had the item at one place never been met."""
    values = found.values.clone()
    if "softmax" in ranker.components and batch.context.encoder is not None:
        values[:, :, 0] = _shares_without(batch, found, held)
    names = [n for n in ("neighbours", "successors", "linear") if n in ranker.components]
    parts = [_part(batch, name, held, number) for name in names]
    for name, part in zip(names, batch.values_at(found, parts), strict=True):
        values[:, :, COMPONENTS.index(name)].sub_(part).clamp_(min=0.0)
    same = found.items == torch.from_numpy(held).to(found.items.device)[:, None]
    values[:, :, COMPONENTS.index("personal")].masked_fill_(same, 0.0)
    return values


def _shares_without(batch: Batch, found: Candidates, held: Ints) -> Tensor:
    """The network's shares of the candidates; float32 ``[batch, width]``."""
    context = batch.context
    assert context.encoder is not None
    assert context.table is not None
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    reach = np.maximum(starts, ends - context.encoder.config.max_length)
    row, position = counts.expand(reach, ends - reach)
    kept = context.events.items[position] != held[row]
    high = np.cumsum(np.bincount(row[kept], minlength=len(held)))
    low = np.concatenate([[0], high[:-1]])
    with torch.no_grad():
        states = last_states(
            context.encoder, context.table[0], context.events, low, high,
            device=context.device, order=position[kept],
        )  # fmt: skip
        queries = context.encoder.query(states, NEXT_PURCHASE)
        table, bias = context.table
        item = found.items.clamp(min=0)
        logits = torch.einsum("bwd,bd->bw", table[item], queries) + bias[item]
        return torch.nan_to_num(logits.masked_fill_(~found.real, -torch.inf).softmax(1))


def _part(batch: Batch, name: str, held: Ints, number: int) -> Steps:
    """What one past item of each customer adds to a count component."""
    context = batch.context
    row = np.flatnonzero(held >= 0)
    weight: Floats
    if name == "linear":
        table = context.linear
        known = counts.decayed_history(
            context.events, context.ends, batch.customers, context.count_items, context.cut
        )
        pair = known[0] * context.count_items + known[1]
        weight = known[2][np.searchsorted(pair, row * context.count_items + held[row])]
    elif name == "neighbours":
        table = context.neighbours
        weight = np.full(len(row), RECENT_DECAY**number, dtype=np.float32)
    else:
        table = context.successors
        weight = np.full(len(row), 1.0 / (1.0 + number), dtype=np.float32)
    return Steps(row, held[row], weight, table)
