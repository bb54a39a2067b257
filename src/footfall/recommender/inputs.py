"""Events and items as the user's settings, or a stored model, want them read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import pyarrow as pa

from footfall.recommender.cutoffs import Cutoffs, cutoffs_of
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts
from footfall.sequences.events import Catalogue, ItemEvents
from footfall.sequences.reading import ArrowRows, read


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from.

    Attributes
    ----------
    tokens, catalogue
        Events and items as sorted columns.
    listed
        The table of items as it was given.
    cutoffs
        Where the data of each fit ends.
    """

    tokens: ItemEvents
    catalogue: Catalogue
    listed: pa.Table
    cutoffs: Cutoffs

    @classmethod
    def read(cls, events: ArrowRows, items: ArrowRows, settings: ScorerSettings) -> TrainingData:
        """Read events and items, and place the cut-offs."""
        listed = items.read_all() if isinstance(items, pa.RecordBatchReader) else items
        tokens, catalogue = read_inputs(events, listed, settings)
        return cls(tokens, catalogue, listed, cutoffs_of(tokens, settings))

    def count_before(self, cut: int) -> int:
        """Return how many tokens are before a moment, in microseconds since 1970."""
        return int((self.tokens.ends_before(cut) - self.tokens.offsets[:-1]).sum())

    def fingerprint(self) -> str:
        """Return a digest of all that a fit reads; equal whatever order the rows came in."""
        digest = hashlib.sha256()
        tokens, catalogue = self.tokens, self.catalogue
        for column in (tokens.customers, tokens.offsets, tokens.items, tokens.kinds, tokens.at):
            digest.update(column.tobytes())
        for feature in (catalogue.category, catalogue.brand, catalogue.price):
            digest.update(feature.tobytes())
        names = [catalogue.item_ids, catalogue.category_names, catalogue.brand_names]
        digest.update(json.dumps(names).encode())
        return digest.hexdigest()[:16]


def read_inputs(
    events: ArrowRows, items: ArrowRows, settings: ScorerSettings, model: Artifacts | None = None
) -> tuple[ItemEvents, Catalogue]:
    """Read events and items, in the catalogue order of ``model`` where there is one."""
    gap = settings.session_gap_minutes * 60
    if model is None:
        return read(events, items, session_gap_seconds=gap)
    return read(
        events,
        items,
        session_gap_seconds=gap,
        known_items=model.names("shared", "catalogue.items"),
        known_categories=model.names("shared", "catalogue.categories"),
        known_brands=model.names("shared", "catalogue.brands"),
    )
