"""What is known about a customer, by which the mixture decides how far to trust each component."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import IntArray
from footfall.ranking.candidates import COMPONENTS
from footfall.ranking.context import Context
from footfall.sequences.events import MICROSECONDS_A_DAY

SITUATION = (
    "history_length", "last_session_length", "days_since", "last_item_count", "mean_item_count",
    "top_share", "entropy", "successor_mass", "neighbour_mass", "personal_mass",
)  # fmt: skip


def situation(context: Context, customers: IntArray, values: Tensor) -> Tensor:
    """Return what is known about some customers whose candidates have these values."""
    low, high = context.events.offsets[customers], context.ends[customers]
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
    return torch.cat([torch.from_numpy(known).to(values.device), told], dim=1)
