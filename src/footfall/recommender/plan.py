"""How each fit is to train, as the user's settings have it."""

from __future__ import annotations

from typing import Any

from footfall.encoder.training import FitReport, TrainingSettings
from footfall.recommender.settings import ScorerSettings

# A fit that starts from an older one lowers its learning rate to this share at most.
LEAST_WARM_RATE = 0.3


def settings_of(
    settings: ScorerSettings,
    count_tokens: int,
    count_items: int,
    epochs: int,
    rate: float,
    budget: float,
) -> TrainingSettings:
    """How to train with so many tokens and items, at a share of the usual learning rate."""
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
    """What a stored run says of a fit."""
    return {
        "losses": [round(loss, 6) for loss in report.losses],
        "seconds": round(report.seconds, 3),
        "targets": report.targets,
        "stopped_early": report.stopped_early,
        "items": count_items,
    }


def warm_rate(fresh: float) -> float:
    """By how much a fit lowers its learning rate that goes on from an older one.

    Where little is new, steps as large as at the start undo more than they add.

    Parameters
    ----------
    fresh
        Share of the tokens that the older fit has not seen.
    """
    return min(1.0, max(LEAST_WARM_RATE, 2.0 * fresh))
