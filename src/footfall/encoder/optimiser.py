"""How weights follow their gradients."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adamw import adamw

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), fused.

    It steps bit for bit like ``torch.optim.AdamW``, whose first use imports the compiler of torch:
    that takes longer than to fine-tune on a day's events.

    Parameters
    ----------
    parameters
        What is learned; each steps where it has a gradient.
    weight_decay
        Share of a weight that a step of rate 1 takes away.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        self._means = [torch.zeros_like(one) for one in self.parameters]
        self._squares = [torch.zeros_like(one) for one in self.parameters]
        self._steps = [torch.zeros((), device=one.device) for one in self.parameters]

    def forget(self) -> None:
        """Drop the gradients, before new ones are taken."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self, rate: float) -> None:
        """Follow the gradients at a learning rate."""
        gradients = [one.grad for one in self.parameters]
        moving = [place for place, found in enumerate(gradients) if found is not None]
        with torch.no_grad():
            adamw(
                [self.parameters[place] for place in moving],
                [found for found in gradients if found is not None],
                [self._means[place] for place in moving],
                [self._squares[place] for place in moving],
                [],
                [self._steps[place] for place in moving],
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=rate,
                weight_decay=self.weight_decay,
                eps=EPSILON,
                maximize=False,
            )
