"""What is worth ranking for a customer, and what speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

COMPONENTS = ("softmax", "successors", "neighbours", "linear", "popular", "personal")
SPARSE = ("successors", "neighbours", "linear", "personal")
# How many items the network, the counts together, and popularity propose.
PROPOSED = {"softmax": 60, "counts": 60, "popular": 20}


@dataclass(frozen=True)
class Candidates:
    """What is worth ranking for some customers, and what speaks for it.

    Attributes
    ----------
    items
        Ascending; -1 where there are fewer than the width; int64 ``[batch, width]``.
    values
        Of each of ``COMPONENTS``; the network's is a share of the customer's candidates, the
        others are as the counts give them; zeros for a component that was not asked for; float32
        ``[batch, width, components]``.
    situation
        What is known about each customer; float32 ``[batch,
        len(SITUATION)]``.
    """

    items: Tensor
    values: Tensor
    situation: Tensor

    @property
    def real(self) -> Tensor:
        """Where there is a candidate; bool ``[batch, width]``."""
        return self.items >= 0


Scores = Callable[[Candidates], Tensor]
"""Scores ``[batch, width]`` of candidates; minus infinity where there is none."""
