"""All that a ranking at one moment needs: the past, the trained parts, and what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import Array, Float32Array, IntArray
from footfall.counts import repeats
from footfall.counts import tables as counts
from footfall.encoder.network import Encoder, ItemFeatures
from footfall.sequences.events import Catalogue, ItemEvents

POPULAR_DAYS = 28.0


@dataclass(frozen=True)
class Context:
    """All that a ranking at one moment needs.

    Attributes
    ----------
    ends
        Histories are ``offsets[c]:ends[c]``; int64 ``[customers]``.
    cut
        The moment, in microseconds since 1970.
    count_items
        The candidates are those of the first so many items that had an event before.
    encoder
        None where none could be trained; the softmax is then zero everywhere.
    """

    events: ItemEvents
    catalogue: Catalogue
    history: repeats.ItemHistory
    ends: IntArray
    cut: int
    count_items: int
    encoder: Encoder | None
    features: ItemFeatures
    table: tuple[Tensor, Tensor] | None
    device: torch.device
    repeat_model: repeats.RepeatModel
    popular_days: float = POPULAR_DAYS

    # Counted when first asked for: a component without weight costs nothing.

    @cached_property
    def neighbours(self) -> counts.CountTable:
        """Which items go together."""
        return counts.neighbours(self.events, self.ends, self.count_items)

    @cached_property
    def successors(self) -> counts.CountTable:
        """Which items follow which."""
        return counts.successors(self.events, self.ends, self.count_items)

    @cached_property
    def linear(self) -> counts.CountTable:
        """How items speak for and against each other, all at once."""
        return counts.linear(self.events, self.ends, self.count_items, self.cut)

    @cached_property
    def popular(self) -> Float32Array:
        """Share of the recent purchases; float32 ``[items]``."""
        return counts.popularity(
            self.events, self.ends, self.count_items, self.cut, self.popular_days
        )

    @cached_property
    def item_counts(self) -> IntArray:
        """Tokens of each item in the histories; int64 ``[items]``."""
        _, positions = counts.tokens_before(self.events, self.ends)
        return np.bincount(self.events.items[positions], minlength=self.count_items)

    @cached_property
    def item_count_sums(self) -> Array:
        """Running sum of the count of each token's item; float64 ``[tokens + 1]``."""
        known = np.append(self.item_counts, 0)
        of_token = known[np.minimum(self.events.items, len(self.item_counts))]
        return np.concatenate([[0.0], np.cumsum(of_token, dtype=np.float64)])

    @cached_property
    def session_starts(self) -> IntArray:
        """Position of the first token of each token's session; int64 ``[tokens + 1]``."""
        opens = np.flatnonzero(np.diff(self.events.sessions, prepend=-1))
        sizes = np.diff(np.append(opens, len(self.events.sessions)))
        return np.append(np.repeat(opens, sizes), 0)

    @cached_property
    def statistics(self) -> repeats.ItemStatistics:
        """What all customers together did with each item."""
        return repeats.ItemStatistics.at(
            self.events, self.history, self.ends, self.count_items, self.cut
        )


def context_at(
    events: ItemEvents,
    catalogue: Catalogue,
    history: repeats.ItemHistory,
    cut: int,
    encoder: Encoder | None,
    repeat_model: repeats.RepeatModel,
    device: torch.device,
) -> Context:
    """Combine the events before ``cut`` with the trained parts."""
    ends = events.ends_before(cut)
    count_items = catalogue.count_before(cut)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    table = None
    if encoder is not None:
        encoder.eval()
        with torch.no_grad():
            vectors, bias = encoder.table(features)
            table = vectors[:count_items], bias[:count_items]
    return Context(
        events=events,
        catalogue=catalogue,
        history=history,
        ends=ends,
        cut=cut,
        count_items=count_items,
        encoder=encoder,
        features=features,
        table=table,
        device=device,
        repeat_model=repeat_model,
    )
