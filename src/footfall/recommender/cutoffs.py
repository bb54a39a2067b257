"""Where the data of each fit ends."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from footfall.recommender.settings import ScorerSettings
from footfall.sequences.events import ItemEvents, day_of, microseconds

FITS = ("head", "validation", "test", "production")


@dataclass(frozen=True)
class Cutoffs:
    """Where the data of each fit ends, in microseconds since 1970."""

    head: int
    validation: int
    test: int
    production: int

    def of(self, fit_name: str) -> int:
        """Return the cut-off of a fit."""
        return int(getattr(self, fit_name))

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> Cutoffs:
        """Return those that a stored run was trained with."""
        days = (datetime.date.fromisoformat(run["cutoffs"][name]) for name in FITS)
        return cls(*(microseconds(day) for day in days))


def cutoffs_of(events: ItemEvents, settings: ScorerSettings) -> Cutoffs:
    """Take the cut-offs from the settings and fills in those that are not given."""
    first = day_of(int(events.at.min())) if len(events.at) else datetime.date(1970, 1, 1)
    last = day_of(int(events.at.max())) if len(events.at) else first
    window = datetime.timedelta(days=settings.window_days)
    as_of = settings.as_of or last + datetime.timedelta(days=1)
    test = settings.test_cutoff or as_of - window
    validation = settings.validation_cutoff or test - window
    head = settings.head_cutoff or first + max((validation - first) / 2, datetime.timedelta())
    return Cutoffs(*(microseconds(day) for day in (min(head, validation), validation, test, as_of)))
