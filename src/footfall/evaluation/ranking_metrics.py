"""Exact ranking metrics, over the full catalogue and with pessimistic ties.

An item that scores as much as a target counts as ranked before it, so that a constant score
earns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import BoolArray, Float32Array, FloatArray, IntArray


@dataclass(frozen=True)
class Ranking:
    """The head of a full ranking, and what it hit.

    Attributes
    ----------
    items
        Best first; int64 ``[customers, k]``; -1 where fewer than k items were allowed.
    hits
        Whether each is a target; bool ``[customers, k]``.
    first_rank
        Rank of the best target from 1; 0 where no target is allowed; int64 ``[customers]``.
    count_targets
        Targets of each customer; int64 ``[customers]``.
    """

    items: IntArray
    hits: BoolArray
    first_rank: IntArray
    count_targets: IntArray


def rank(scores: Tensor, target_row: IntArray, target_item: IntArray, k: int) -> Ranking:
    """Rank every item for each customer.

    Parameters
    ----------
    scores
        Float32 ``[customers, items]``; minus infinity where an item is not allowed.
    target_row, target_item
        The targets, each pair once; int64 ``[targets]``.
    k
        Length of the head.
    """
    rows, items = scores.shape
    row = torch.from_numpy(target_row).to(scores.device)
    item = torch.from_numpy(target_item).to(scores.device)
    # One step of float64 below its float32 value puts a target behind its equals and before all
    # that is less.
    exact = scores.double()
    below = torch.nextafter(exact[row, item], torch.tensor(-torch.inf, dtype=torch.float64))
    exact[row, item] = below
    head, top = exact.topk(min(k, items), dim=1)
    is_target = torch.zeros(rows, items, dtype=torch.bool, device=scores.device)
    is_target[row, item] = True
    allowed = torch.isfinite(head)
    hits = is_target.gather(1, top) & allowed
    best = torch.full((rows,), -torch.inf, dtype=torch.float64, device=scores.device)
    best.scatter_reduce_(0, row, below, "amax")
    first = (exact > best[:, None]).sum(1) + 1
    first = torch.where(torch.isfinite(best), first, 0)
    chosen = torch.where(allowed, top, -1)
    missing = k - top.shape[1]
    return Ranking(
        items=np.pad(chosen.cpu().numpy(), ((0, 0), (0, missing)), constant_values=-1),
        hits=np.pad(hits.cpu().numpy(), ((0, 0), (0, missing))),
        first_rank=first.cpu().numpy(),
        count_targets=np.bincount(target_row, minlength=rows).astype(np.int64),
    )


def room(customers: int, k: int) -> Ranking:
    """Return room for the ranking of so many customers, which ``put`` fills."""
    return Ranking(
        items=np.full((customers, k), -1, dtype=np.int64),
        hits=np.zeros((customers, k), dtype=np.bool_),
        first_rank=np.zeros(customers, dtype=np.int64),
        count_targets=np.zeros(customers, dtype=np.int64),
    )


def put(whole: Ranking, low: int, part: Ranking) -> None:
    """Copy the ranking of some customers to their rows among all, from row ``low`` on.

    Parts that are kept until the end are between the large blocks that come and go with every
    batch, so that no block fits where an older one was: memory grew with the batches.
    """
    rows = slice(low, low + len(part.items))
    whole.items[rows], whole.hits[rows] = part.items, part.hits
    whole.first_rank[rows], whole.count_targets[rows] = part.first_rank, part.count_targets


def ndcg(ranking: Ranking) -> FloatArray:
    """Return NDCG@k, binary gains: DCG over that of ``min(k, targets)`` hits; ``[customers]``."""
    k = ranking.hits.shape[1]
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[1.0], np.cumsum(discount)])
    ideal[0] = 1.0
    gained: FloatArray = (ranking.hits @ discount) / ideal[np.minimum(ranking.count_targets, k)]
    return gained


def recall(ranking: Ranking) -> FloatArray:
    """Return hits over ``min(k, targets)``; ``[customers]``."""
    k = ranking.hits.shape[1]
    share: FloatArray = ranking.hits.sum(1) / np.maximum(np.minimum(ranking.count_targets, k), 1)
    return share


def hit_rate(ranking: Ranking) -> FloatArray:
    """Return 1 where any target is in the head; ``[customers]``."""
    return np.asarray(ranking.hits.any(1), dtype=np.float64)


def reciprocal_rank(ranking: Ranking) -> FloatArray:
    """Return 1 over the rank of the best target, 0 without one; ``[customers]``."""
    first = ranking.first_rank
    return np.where(first > 0, 1.0 / np.maximum(first, 1), 0.0)


def coverage(ranking: Ranking, count_items: int) -> float:
    """Return the share of the catalogue that is in anyone's head."""
    shown = np.unique(ranking.items[ranking.items >= 0])
    return len(shown) / max(count_items, 1)


def novelty(ranking: Ranking, popularity: Float32Array) -> FloatArray:
    """Return the mean of ``-log2`` of the purchase shares of the shown items; ``[customers]``.

    Parameters
    ----------
    popularity
        Share of each item; an item without purchases counts as one seen half a time among all.
    """
    floor = popularity[popularity > 0].min(initial=1.0) / 2.0
    surprise = -np.log2(np.maximum(popularity, floor))
    shown = ranking.items >= 0
    total = np.where(shown, surprise[np.maximum(ranking.items, 0)], 0.0).sum(1)
    mean: FloatArray = total / np.maximum(shown.sum(1), 1)
    return mean
