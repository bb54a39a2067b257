"""Whether the stored model may be fine-tuned, or has to be trained from scratch."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from footfall.core.erasures import Erasures
from footfall.core.identity import Identity
from footfall.recommender.inputs import TrainingData
from footfall.recommender.seen_events import Seen
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts, part
from footfall.sequences.events import day_of, microseconds

# Of a run, these have to be equal: weights of other code, sizes or devices are of no use.
EQUAL = ("code_fingerprint", "device_type")
# Dates that move from day to day without changing what is learned.
MOVING = ("as_of", "head_cutoff", "validation_cutoff", "test_cutoff")
# A fall in quality is believed from so many customers on, before and after.
CUSTOMERS_JUDGED = 200


@dataclass(frozen=True)
class Verdict:
    """Whether a stored model may be fine-tuned.

    Attributes
    ----------
    why_full
        Why it can't be, and has to be trained from scratch; None where it can.
    stale_since
        The first erasure of somebody whom it may know; empty where there is none.
    """

    why_full: str | None
    stale_since: str = ""


def judged(
    stored: Artifacts,
    identity: Identity,
    data: TrainingData,
    settings: ScorerSettings,
    erasures: Erasures,
) -> Verdict:
    """Say whether the stored model can be fine-tuned.

    Parameters
    ----------
    stored
        The model of an earlier run.
    identity
        Of the run that is asked for.
    data
        What there is to learn from now.
    settings
        With the limits of age, news and quality.
    erasures
        Who was erased when. Until the time has come to train without them, their events may be
        gone.
    """
    changed = _changed(stored.run, identity.stored())
    if changed is not None:
        return Verdict(changed)
    gone = _gone(stored, data)
    since = stored.run.get("stale_since", "")
    if gone is not None:
        # A model knows only people whose events it has seen, and that are gone now.
        since = since or erasures.first_after(stored.run.get("erased_until", ""))
    if erasures.is_due(since):
        return Verdict(f"it learned from a person who was erased{f': {gone}' if gone else ''}")
    refused = (
        (None if since else gone)
        or _grown_old(stored.run, data, settings)
        or _fall(stored.run.get("quality") or [], settings.full_after_fall)
        or _no_start(stored, settings)
    )
    return Verdict(refused, since)


def _changed(run: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Compare code, device and settings, dates left out."""
    for name in EQUAL:
        if run.get(name) != wanted[name]:
            return f"{name.replace('_', ' ')} has changed"
    then, now = (
        {k: v for k, v in (facts.get("settings") or {}).items() if k not in MOVING}
        for facts in (run, wanted)
    )
    changed = sorted(k for k in then.keys() | now.keys() if then.get(k) != now.get(k))
    return f"settings have changed: {', '.join(changed)}" if changed else None


def _gone(stored: Artifacts, data: TrainingData) -> str | None:
    """Say what has become of the events that the stored run has seen; None where all are there."""
    seen = Seen.stored(stored.run.get("history"), stored.fits.get("shared", {}).get("past.bits"))
    day = (stored.run.get("cutoffs") or {}).get("production")
    if seen is None or day is None:
        return "the earlier run does not say what it has seen"
    cut = microseconds(datetime.date.fromisoformat(day))
    return seen.why_gone(data.tokens, data.catalogue.item_ids, cut)


def _grown_old(run: Mapping[str, Any], data: TrainingData, settings: ScorerSettings) -> str | None:
    """Compare the time and the news since the last full training with their limits."""
    as_of = day_of(data.cutoffs.production)
    if as_of < datetime.date.fromisoformat(run["cutoffs"]["production"]):
        return "the as-of date lies before that of the earlier run"
    age = (as_of - datetime.date.fromisoformat(run["full_as_of"])).days
    if age >= settings.full_after_days:
        return f"the last full training is {age} days old"
    count_tokens = data.count_before(data.cutoffs.production)
    share = 1.0 - run["full_tokens"] / max(count_tokens, 1)
    if share > settings.full_after_share:
        return f"{share:.0%} of the events are new since the last full training"
    return None


def _no_start(stored: Artifacts, settings: ScorerSettings) -> str | None:
    """Say why today's cannot start from the stored weights; None where they can."""
    if not part(stored.fits.get("production", {}), "encoder."):
        return "the earlier run has no encoder for production"
    # What the states of other scores come from may neither grow old nor be from later events.
    wanted, found = settings.head_cutoff, stored.run["cutoffs"]["head"]
    if wanted is not None and wanted.isoformat() != found:
        return f"churn and value now learn from {wanted} on, not from {found}"
    return None


def _fall(quality: list[list[float]], largest: float) -> str | None:
    """Compare the first days after a full training with the latest, each of enough customers.

    ``quality`` has a pair a step: NDCG@10 on the events that were new, and how many customers.
    """
    first, used = _mean(quality)
    last, _ = _mean(quality[used:][::-1])
    if first is None or last is None or last >= (1.0 - largest) * first:
        return None
    return f"NDCG@10 on new events fell from {first:.4f} to {last:.4f}"


def _mean(quality: list[list[float]]) -> tuple[float | None, int]:
    total = weight = 0.0
    for used, (value, customers) in enumerate(quality, start=1):
        total, weight = total + value * customers, weight + customers
        if weight >= CUSTOMERS_JUDGED:
            return total / weight, used
    return None, len(quality)
