"""Scores of all items, for as many customers at a time as a cache holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import BoolArray, IntArray
from footfall.ranking.candidates import PROPOSED
from footfall.ranking.context import Context
from footfall.ranking.selection import LANES, taken
from footfall.ranking.steps import Steps


@dataclass(frozen=True)
class Walk:
    """Steps of the customers of a tile: place in the flat tile and what to add there, ``[steps]``.

    ``floor`` says that a sum below zero is no more than none.
    """

    rows: int
    place: Tensor
    value: Tensor
    floor: bool


@dataclass(frozen=True)
class Tile:
    """Memory for the scores of all items that all batches of one pass share, and what they read.

    Attributes
    ----------
    counted
        Room for the sums of the counts.
    slots
        Room for places of candidates, counted from 1; 0 where there is none; int32, as less of
        it is read from outside of a cache.
    table
        The items' vectors with their biases below, filled up to whole lanes; the bias of an item
        that is not a candidate for any customer is minus infinity; float32 ``[dim + 1, columns]``.
    closed
        These items; int64 ``[closed]``.
    popular
        The most popular of the others, best first; more than are proposed, as a customer may have
        bought some; int64 ``[at most four times as many]``.
    """

    logits: Tensor
    counted: Tensor
    slots: Tensor
    table: Tensor
    closed: Tensor
    popular: IntArray

    @classmethod
    def of(cls, context: Context, rows: int, open_to_all: BoolArray) -> Tile:
        """Room for ``rows`` customers; ``open_to_all`` is bool ``[items]``."""
        # At least one place is spare.
        columns = (context.count_items // LANES + 1) * LANES
        device = context.device
        closed = torch.from_numpy(np.flatnonzero(~open_to_all)).to(device)
        dim = 0 if context.table is None else context.table[0].shape[1]
        table = torch.zeros(dim + 1, columns, device=device)
        if context.table is not None:
            vectors, bias = context.table
            table[:-1, : context.count_items], table[-1, : context.count_items] = vectors.t(), bias
        table[-1, context.count_items :] = -torch.inf
        table[-1, closed] = -torch.inf
        ordered = np.argsort(-context.popular, kind="stable")
        return cls(
            logits=torch.empty(rows, columns, device=device),
            counted=torch.empty(rows, columns, device=device),
            slots=torch.zeros(rows, columns, dtype=torch.int32, device=device),
            table=table,
            closed=closed,
            popular=ordered[open_to_all[ordered]][: 4 * PROPOSED["popular"]],
        )

    def walk(self, parts: Sequence[Steps], low: int, high: int) -> list[Walk]:
        """Return the steps of some customers one by one, as places in their tile."""
        columns = self.counted.shape[1]
        walks = []
        for steps in parts:
            place, value = (
                torch.from_numpy(array).to(self.counted.device)
                for array in steps.scores(low, high, columns)
            )
            walks.append(Walk(high - low, place, value, steps.has_negatives))
        return walks

    def together(self, walks: Sequence[Walk]) -> Tensor:
        """Return the sum of one or more walks over all items; float32 ``[rows, items and lanes]``.

        Weights below zero speak against an item; there is no room for more than silence. What
        has such weights is therefore summed up and cut first, before anything is added.
        """
        scores = self.counted[: walks[0].rows].zero_()
        floored = [walk for walk in walks if walk.floor]
        for number, walk in enumerate(floored):
            here = scores if number == 0 else torch.zeros_like(scores)
            _add(here, walk.place, walk.value)
            here.clamp_(min=0.0)
            if number:
                scores += here
        for walk in walks:
            if not walk.floor:
                _add(scores, walk.place, walk.value)
        return scores

    def at(self, items: Tensor, walks: Sequence[Walk]) -> list[Tensor]:
        """Sum each walk at a few items alone; float32 ``[rows, width]`` each; zero where -1.

        Each of the items is written down at its place in the tile, so that a step that leads
        to none of them is found by one look.
        """
        if not walks:
            return []
        rows, width = items.shape
        slots = self.slots[:rows]
        # Where there is no item, it is the spare place before the row, to which no step leads.
        place = torch.arange(rows, device=items.device)[:, None] * slots.shape[1] + items
        number = torch.arange(1, rows * width + 1, dtype=torch.int32, device=items.device)
        slots.view(-1)[place.view(-1)] = number
        found = []
        for walk in walks:
            sums = torch.zeros(rows * width + 1, device=items.device)
            # Slots hold 0 elsewhere: such steps add to what is before the first item.
            _add(sums, taken(slots, walk.place).long(), walk.value)
            sums = sums[1:].view(rows, width)
            found.append(sums.clamp_(min=0.0) if walk.floor else sums)
        slots.view(-1)[place.view(-1)] = 0
        return found


def _add(sums: Tensor, place: Tensor, value: Tensor) -> None:
    """Add values to places of a flat tensor, in their order; places repeat."""
    flat = sums.view(-1)
    if flat.device.type == "cpu":
        # Twice as fast as torch's index_add_.
        np.add.at(flat.numpy(), place.numpy(), value.numpy())
    else:
        flat.index_add_(0, place, value)
