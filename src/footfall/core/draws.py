"""Draws of a network that is being learned, from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor


def dropout(x: Tensor, rate: float, random: torch.Generator | None) -> Tensor:
    """Inverted dropout from a generator of our own.

    Torch's own draws from one generator a process, which two models training on two threads
    would share, and then neither would repeat. On the CPU one 64-bit draw serves eight features.
    """
    if random is None or rate <= 0.0:
        return x
    if x.device.type == "cpu":
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64)
        words.random_(-(2**63), None, generator=random)
        threshold = round(rate * 256)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= threshold
        return x * kept.to(x.dtype).mul_(256.0 / (256.0 - threshold))
    mask = torch.empty_like(x).bernoulli_(1.0 - rate, generator=random)
    return x * mask.div_(1.0 - rate)
