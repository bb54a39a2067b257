"""Events and items as the user's settings, or a stored model, want them read."""

from __future__ import annotations

from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts
from footfall.sequences.events import Catalogue, ItemEvents
from footfall.sequences.reading import ArrowRows, read


def read_inputs(
    events: ArrowRows, items: ArrowRows, settings: ScorerSettings, model: Artifacts | None = None
) -> tuple[ItemEvents, Catalogue]:
    """Reads events and items, in the catalogue order of ``model`` where there is one."""
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
