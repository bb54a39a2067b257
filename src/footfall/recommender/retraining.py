"""Whether a model may be carried on from the stored one, or has to be trained from scratch."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from footfall.recommender.settings import ScorerSettings

# Of a run, these have to be equal: weights of other code, sizes or devices are of no use.
EQUAL = ("code_fingerprint", "device_type")
# Where all of these are equal, the stored run is the one that is asked for.
IDENTITY = ("code_fingerprint", "data_fingerprint", "settings", "device_type")
# Dates that move from day to day without changing what is learned.
MOVING = ("as_of", "head_cutoff", "validation_cutoff", "test_cutoff")
# A fall in quality is believed from so many customers on, before and after.
CUSTOMERS_JUDGED = 200


def why_full(
    run: Mapping[str, Any],
    wanted: Mapping[str, Any],
    gone: str | None,
    count_tokens: int,
    as_of: datetime.date,
    settings: ScorerSettings,
) -> str | None:
    """Why the stored run can't be carried on; None where it can.

    Parameters
    ----------
    run
        What the stored model says about itself.
    wanted
        The same facts as they are now: code, settings, device.
    gone
        What has become of what the stored run has seen; None where all of it still stands.
    count_tokens
        How many tokens there are before ``as_of``.
    """
    for name in EQUAL:
        if run.get(name) != wanted[name]:
            return f"{name.replace('_', ' ')} has changed"
    then, now = (
        {k: v for k, v in (facts.get("settings") or {}).items() if k not in MOVING}
        for facts in (run, wanted)
    )
    changed = sorted(k for k in then.keys() | now.keys() if then.get(k) != now.get(k))
    if changed:
        return f"settings have changed: {', '.join(changed)}"
    if gone is not None:
        return gone
    if as_of < datetime.date.fromisoformat(run["cutoffs"]["production"]):
        return "the as-of date lies before that of the earlier run"
    age = (as_of - datetime.date.fromisoformat(run["full_as_of"])).days
    if age >= settings.full_after_days:
        return f"the last full training is {age} days old"
    share = 1.0 - run["full_tokens"] / max(count_tokens, 1)
    if share > settings.full_after_share:
        return f"{share:.0%} of the events are new since the last full training"
    return _fall(run.get("quality") or [], settings.full_after_fall)


def _fall(quality: list[list[float]], largest: float) -> str | None:
    """Compares the first days after a full training with the latest, each of enough customers.

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
