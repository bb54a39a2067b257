"""Why an item is recommended: the past item without which it would score least."""

from __future__ import annotations

import numpy as np
import torch

from footfall import counts
from footfall.encoder import NEXT_PURCHASE, last_states
from footfall.ranking import COMPONENTS, RECENT_DECAY, Batch, recent_items
from footfall.sequences import Floats, Ints

CANDIDATES = 5


def strongest(batch: Batch, weights: Floats, items: Ints) -> Ints:
    """Leaves out each of the last distinct items in turn and looks at what the scores lose.

    The softmax is computed anew on the shortened history; the count tables lose the item's share;
    the personal term of an item falls with the item itself. Attention weights are not consulted:
    they do not say what a score depends on (Jain and Wallace, 2019, "Attention is not
    Explanation").

    Parameters
    ----------
    weights
        Of the mixture; float32 ``[components]``.
    items
        What was recommended; int64 ``[batch, k]``; -1 where there is nothing.

    Returns
    -------
    The past item that each recommendation leans on most; int64 ``[batch, k]``; -1 where none of
    them raised its score.
    """
    weight = dict(zip(COMPONENTS, weights.tolist(), strict=True))
    past = _past(batch)
    losses = np.zeros((*items.shape, past.shape[1]), dtype=np.float32)
    if weight["softmax"] > 0 and batch.context.encoder is not None:
        losses += weight["softmax"] * _softmax_losses(batch, items, past)
    for name in ("neighbours", "successors", "linear"):
        if weight[name] > 0:
            losses += weight[name] * _table_losses(batch, name, items, past)
    if weight["personal"] > 0:
        own = batch.dense("personal").gather(1, torch.from_numpy(np.maximum(items, 0)))
        same = items[:, :, None] == past[:, None, :]
        losses += weight["personal"] * own.cpu().numpy()[:, :, None] * same
    losses[np.broadcast_to((past < 0)[:, None, :], losses.shape)] = -np.inf
    best = losses.argmax(axis=2)
    loss = np.take_along_axis(losses, best[:, :, None], axis=2)[:, :, 0]
    reason = np.take_along_axis(past, best, axis=1)
    # A repeat leans on itself, however long ago it was bought.
    row, old = _ever_met(batch)
    met = np.zeros(batch.blocked.shape, dtype=np.bool_)
    met[row, old] = True
    is_old = np.take_along_axis(met, np.maximum(items, 0), axis=1) & (items >= 0)
    reason = np.where(is_old & (weight["personal"] > 0), items, reason)
    return np.where((items >= 0) & ((loss > 0) | is_old), reason, -1)


def _ever_met(batch: Batch) -> tuple[Ints, Ints]:
    context = batch.context
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    row, position = counts.expand(starts, ends - starts)
    item = context.events.items[position]
    known = item < context.count_items
    return row[known], item[known]


def _past(batch: Batch) -> Ints:
    """The last distinct items, latest first; int64 ``[batch, CANDIDATES]``; -1 where fewer."""
    held = recent_items(batch.context, batch.customers, CANDIDATES)
    past = np.full((len(batch.customers), CANDIDATES), -1, dtype=np.int64)
    past[held.row, held.value.astype(np.int64)] = held.item
    return past


def _softmax_losses(batch: Batch, items: Ints, past: Ints) -> Floats:
    """Probability lost by leaving out each past item; float32 ``[batch, k, CANDIDATES]``."""
    context = batch.context
    assert context.encoder is not None
    assert context.table is not None
    length = context.encoder.config.max_length
    starts, ends = context.events.offsets[batch.customers], context.ends[batch.customers]
    reach = np.maximum(starts, ends - length)
    row, position = counts.expand(reach, ends - reach)
    shown = torch.from_numpy(np.maximum(items, 0))
    full = batch.dense("softmax").gather(1, shown.to(context.device)).cpu().numpy()
    losses = np.zeros((*items.shape, past.shape[1]), dtype=np.float32)
    table, bias = context.table
    for place in range(past.shape[1]):
        kept = context.events.items[position] != past[row, place]
        order = position[kept]
        sizes = np.bincount(row[kept], minlength=len(items))
        high = np.cumsum(sizes)
        with torch.no_grad():
            states = last_states(
                context.encoder, context.features, context.events, high - sizes, high,
                device=context.device, order=order,
            )  # fmt: skip
            queries = context.encoder.query(states, NEXT_PURCHASE)
            logits = torch.addmm(bias, queries, table.t()).masked_fill_(batch.blocked, -torch.inf)
            share = torch.nan_to_num(logits.softmax(1)).gather(1, shown.to(context.device))
        losses[:, :, place] = full - share.cpu().numpy()
    return losses


def _table_losses(batch: Batch, name: str, items: Ints, past: Ints) -> Floats:
    """Share of a count table's score that comes from each past item; ``[batch, k, CANDIDATES]``."""
    context = batch.context
    row, place = np.nonzero(past >= 0)
    held = past[row, place]
    if name == "linear":
        table = context.linear
        total = batch.linear_totals().sum(1).cpu().numpy()
        known = counts.decayed_history(
            context.events, context.ends, batch.customers, context.count_items, context.cut
        )
        pair = known[0] * context.count_items + known[1]
        weight = known[2][np.searchsorted(pair, row * context.count_items + held)]
    else:
        table = context.neighbours if name == "neighbours" else context.successors
        raw = batch.steps(name)
        total = np.bincount(raw.row, raw.value, minlength=len(items))
        weight = RECENT_DECAY**place if name == "neighbours" else 1.0 / (1.0 + place)
    step, partner, value = counts.spread(
        table, np.arange(len(row)), held, weight.astype(np.float32)
    )
    match, rank = np.nonzero(partner[:, None] == items[row[step]])
    step, value = step[match], value[match]
    losses = np.zeros((*items.shape, past.shape[1]), dtype=np.float32)
    losses[row[step], rank, place[step]] = value / np.maximum(total[row[step]], 1e-9)
    return losses
