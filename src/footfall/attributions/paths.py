"""Integrated gradients over the events that a state was made of, and roll-out of its attention.

A score that reads the encoder's state is followed from a history of average events to the
customer's own; what it gains on the way is shared out among the events (Sundararajan, Taly and Yan
2017, "Axiomatic attribution for deep networks"). Nothing is lost: the parts add up to the
difference of the ends, but for the error of the integral, which decides how many steps are taken.

Roll-out (Abnar and Zuidema 2020, "Quantifying attention flow in transformers") follows the
attention weights through the blocks. It does not know what the score makes of an event, and is no
explanation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footfall.encoder.network import Block, Encoder

#: What the integral may miss, as a share of what the score gains on the way; and where that is
#: nothing, on the scale of the score.
LARGEST_GAP, SMALLEST_GAIN = 0.01, 1e-9
FEWEST_STEPS, MOST_STEPS = 8, 256
#: Tokens of all steps of a batch that are followed at once.
_TOKENS_AT_ONCE = 16_384


@dataclass(frozen=True)
class Integrated:
    """What each event adds to a score; float64 tensors.

    Attributes
    ----------
    moved
        ``[batch, length]``; with ``base`` it adds up to ``value`` but for the gap.
    base, value
        The score of average events, and of the customer's own, ``[batch]``.
    steps
        Points of the path that were looked at; int64 ``[batch]``.
    """

    moved: Tensor
    base: Tensor
    value: Tensor
    steps: Tensor

    @property
    def gap(self) -> Tensor:
        """What base and parts miss of the value, ``[batch]``."""
        return self.base + self.moved.sum(1) - self.value

    @property
    def is_settled(self) -> Tensor:
        """Whether the gap is small enough; bool ``[batch]``."""
        gain = (self.value - self.base).abs()
        return self.gap.abs() <= (LARGEST_GAP * gain).clamp(min=SMALLEST_GAIN)


def integrate(score: Callable[[Tensor], Tensor], inputs: Tensor, start: Tensor) -> Integrated:
    """Follow a score along the straight line from ``start`` to ``inputs``.

    The points are those of Gauss and Legendre, twice as many for each row whose gap is too large,
    up to ``MOST_STEPS``; then it is left as it is, and is not settled.

    Parameters
    ----------
    score
        Of float64 ``[rows, length, width]``, each row by itself; ``[rows]``.
    inputs
        Vectors of the events; float64 ``[batch, length, width]``.
    start
        The vector of an average event; float64 ``[width]``.
    """
    with torch.no_grad():
        value, base = score(inputs), score(start.expand_as(inputs))
    moved = torch.zeros(inputs.shape[:2], dtype=inputs.dtype)
    steps = torch.zeros(len(inputs), dtype=torch.int64)
    found = Integrated(moved, base, value, steps)
    rows, points = torch.arange(len(inputs)), FEWEST_STEPS
    while len(rows) and points <= MOST_STEPS:
        moved[rows] = _gains(score, inputs[rows], start, points)
        steps[rows] = points
        rows, points = torch.nonzero(~found.is_settled)[:, 0], 2 * points
    return found


def _gains(score: Callable[[Tensor], Tensor], inputs: Tensor, start: Tensor, points: int) -> Tensor:
    """Return distance x mean gradient, summed over the width of each event; ``[rows, length]``."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    away = inputs - start
    slope = torch.zeros_like(inputs)
    at_once = max(1, _TOKENS_AT_ONCE // (inputs.shape[0] * inputs.shape[1]))
    for low in range(0, points, at_once):
        some = torch.from_numpy(0.5 * (nodes[low : low + at_once] + 1.0))
        here = (start + some[:, None, None, None] * away).flatten(0, 1).requires_grad_()
        (gradient,) = torch.autograd.grad(score(here).sum(), here)
        share = torch.from_numpy(0.5 * weights[low : low + at_once])
        slope += torch.einsum("p,pblw->blw", share, gradient.view(len(some), *inputs.shape))
    return (slope * away).sum(2)


def state_of(encoder: Encoder, inputs: Tensor) -> Tensor:
    """Return the states after the last of some events; ``[batch, dim]``.

    Parameters
    ----------
    inputs
        Vectors of the events before position and attention, as ``Encoder.embedded`` gives them.
    """
    x = inputs + encoder.position[: inputs.shape[1]].flip(0)
    for block in encoder.blocks[:-1]:
        x = block(x, 0.0, None)
    state: Tensor = encoder.final_norm(encoder.blocks[-1].last(x))
    return state


def roll_out(encoder: Encoder, inputs: Tensor) -> Tensor:
    """Return how much attention of the last event reaches each event; ``[batch, length]``.

    Half of what reaches an event of a block comes from the event itself, past the attention, and
    half through the mean of the heads. The parts of a row add up to 1.
    """
    length = inputs.shape[1]
    itself = torch.eye(length, dtype=inputs.dtype)
    rolled = itself.expand(len(inputs), -1, -1)
    x = inputs + encoder.position[:length].flip(0)
    for block in encoder.blocks:
        rolled = (0.5 * (_attention(block, x) + itself)) @ rolled
        x = block(x, 0.0, None)
    return rolled[:, -1]


def _attention(block: Block, x: Tensor) -> Tensor:
    """Return the attention weights of a block, mean of its heads; ``[batch, length, length]``."""
    batch, length, dim = x.shape
    packed = block.queries_keys_values(block.attention_norm(x))
    query, key, _ = packed.view(batch, length, 3, block.heads, -1).permute(2, 0, 3, 1, 4)
    fits = query @ key.transpose(2, 3) / math.sqrt(dim / block.heads)
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    return fits.masked_fill(later, -torch.inf).softmax(3).mean(1)
