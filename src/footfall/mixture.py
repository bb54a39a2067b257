"""The weights of the mixture, learned on a validation window that nothing else has seen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from footfall.ranking import COMPONENTS, Context, Targets, batches, targets_of
from footfall.sequences import Floats

CANDIDATES = 100


def learn_weights(
    context: Context, targets: Targets, *, new_only: bool, k: int = 10
) -> tuple[Floats, float]:
    """Finds the mixture with the best mean NDCG@k on a validation window.

    Each customer's candidates are the union of what each component ranks highest; the weights
    are then found by coordinate ascent over factors of two.

    Returns
    -------
    Weights float32 ``[components]`` that sum to one, and the NDCG@k reached.
    """
    values, hit, ideal = _candidates(context, targets, new_only=new_only, k=k)
    discount = 1.0 / torch.log2(torch.arange(2, k + 2, device=values.device, dtype=torch.float32))

    def quality(weights: Tensor) -> float:
        scores = (values @ weights).masked_fill_(~torch.isfinite(hit), -1.0)
        top = scores.topk(min(k, scores.shape[1]), dim=1).indices
        gained = torch.nan_to_num(hit).gather(1, top) @ discount[: top.shape[1]]
        return float((gained / ideal).mean())

    identity = torch.eye(len(COMPONENTS), device=values.device)
    singles = [quality(single) for single in identity]
    best = max(singles)
    weights = identity[singles.index(best)].clone()
    for step in (4.0, 2.0, 2.0**0.5):
        for _ in range(2):
            for place in range(len(COMPONENTS)):
                now = float(weights[place])
                base = now if now > 0 else float(weights.max()) / 16.0
                for factor in (0.0, 1 / step**2, 1 / step, 1.0, step, step**2):
                    trial = weights.clone()
                    trial[place] = base * factor
                    if float(trial.sum()) <= 0:
                        continue
                    reached = quality(trial)
                    if reached > best + 1e-6:
                        best, weights = reached, trial
    return (weights / weights.sum()).cpu().numpy().astype(np.float32), best


def _candidates(
    context: Context, targets: Targets, *, new_only: bool, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Values ``[customers, candidates, components]``, hits (nan where empty), ideal DCG."""
    value_parts: list[Tensor] = []
    hit_parts: list[Tensor] = []
    low = 0
    for batch in batches(context, targets.customers, allow_repeats=not new_only):
        high = low + len(batch.customers)
        dense = [batch.dense(name) for name in COMPONENTS]
        size = min(CANDIDATES, context.count_items)
        chosen = torch.zeros_like(batch.blocked)
        for scores in dense:
            chosen.scatter_(1, scores.topk(size, dim=1).indices, True)
        chosen &= ~batch.blocked
        row, item = targets_of(targets, low, high)
        is_target = torch.zeros_like(batch.blocked)
        is_target[torch.from_numpy(row), torch.from_numpy(item)] = True
        width = int(chosen.sum(1).max())
        order = chosen.to(torch.int8).topk(width, dim=1).indices
        real = chosen.gather(1, order)
        value_parts.append(torch.stack([scores.gather(1, order) for scores in dense], dim=2))
        hit = is_target.gather(1, order).float()
        hit_parts.append(hit.masked_fill_(~real, torch.nan))
        low = high
    widest = max(part.shape[1] for part in value_parts)
    values = torch.cat(
        [torch.nn.functional.pad(p, (0, 0, 0, widest - p.shape[1])) for p in value_parts]
    )
    hits = torch.cat(
        [torch.nn.functional.pad(p, (0, widest - p.shape[1]), value=torch.nan) for p in hit_parts]
    )
    count = torch.from_numpy(np.bincount(targets.row, minlength=len(targets.customers)))
    discount = 1.0 / torch.log2(torch.arange(2, k + 2, dtype=torch.float32))
    ideal = discount.cumsum(0)[count.clamp(1, k) - 1]
    return values, hits, ideal.to(values.device)
