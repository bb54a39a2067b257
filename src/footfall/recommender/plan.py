"""What a run is to do: train from scratch or fine-tune, and how each fit trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from footfall.core.erasures import Erasures
from footfall.core.fingerprints import combined_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.encoder.training import FitReport, TrainingSettings
from footfall.recommender.inputs import TrainingData
from footfall.recommender.retraining import judged
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts, Values

# A fit that starts from an older one lowers its learning rate to this share at most.
LEAST_WARM_RATE = 0.3


@dataclass(frozen=True)
class Plan:
    """What a run is to do, decided before anything is fitted.

    Attributes
    ----------
    identity
        Of the run that is asked for.
    start
        The stored model to fine-tune; None trains from scratch.
    reason
        Why, for people.
    stale_since
        The first erasure of somebody whom the model will still know; empty where none.
    """

    identity: Identity
    start: Artifacts | None
    reason: str
    stale_since: str = ""

    @property
    def run_id(self) -> str:
        """Return 16 hex digits; a fine-tuned model is also made of the one that it starts from."""
        whole = self.identity.fingerprint
        if self.start is not None:
            whole = combined_fingerprint(whole, self.start.run_id)
        return whole[:16]


@dataclass(frozen=True)
class Work:
    """What every fit of a run shares."""

    data: TrainingData
    settings: ScorerSettings
    device: torch.device
    progress: Progress


@dataclass(frozen=True)
class Made:
    """What a run has fitted: values by fit, and facts for the description of the run."""

    fits: dict[str, Values]
    facts: dict[str, Any]


def plan_run(
    stored: Artifacts | None,
    identity: Identity,
    data: TrainingData,
    settings: ScorerSettings,
    erasures: Erasures,
) -> Plan:
    """Decide whether to fine-tune the stored model, if there is one, or to train from scratch."""
    if stored is None:
        return Plan(identity, None, "there is no earlier run")
    verdict = judged(stored, identity, data, settings, erasures)
    if verdict.why_full is not None:
        return Plan(identity, None, verdict.why_full)
    reason = f"only events have come in since run {stored.run_id}"
    if verdict.stale_since:
        reason = f"run {stored.run_id} knows a person who was erased, and may do so for now"
    return Plan(identity, stored, reason, verdict.stale_since)


def settings_of(
    settings: ScorerSettings,
    count_tokens: int,
    count_items: int,
    epochs: int,
    rate: float,
    budget: float,
) -> TrainingSettings:
    """Return how to train with so many tokens and items, at a share of the usual learning rate."""
    return TrainingSettings(
        epochs=epochs,
        batch_tokens=max(settings.batch_tokens, min(count_tokens // 400, 8192)),
        learning_rate=settings.learning_rate * rate,
        weight_decay=settings.weight_decay,
        dropout=settings.dropout,
        horizon_days=settings.horizon_days,
        negatives=settings.negatives if count_items > settings.sampled_above else 0,
        time_budget_seconds=budget,
    )


def describe_fit(report: FitReport, count_items: int) -> dict[str, Any]:
    """Return what a stored run says of a fit."""
    return {
        "losses": [round(loss, 6) for loss in report.losses],
        "seconds": round(report.seconds, 3),
        "targets": report.targets,
        "stopped_early": report.stopped_early,
        "items": count_items,
    }


def warm_rate(fresh: float) -> float:
    """Return the share of its learning rate at which a fit trains that starts from an older one.

    Where little is new, steps as large as at the start undo more than they add.

    Parameters
    ----------
    fresh
        Share of the tokens that the older fit has not seen.
    """
    return min(1.0, max(LEAST_WARM_RATE, 2.0 * fresh))
