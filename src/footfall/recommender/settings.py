"""What a user may set about the scorer, checked when it is read."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass

from footfall.core.device import DEVICES
from footfall.core.settings import Settings

_VARS = {
    **{
        name: f"scorer_{name}"
        for name in (
            "seed", "epochs", "warm_epochs", "time_budget_seconds", "full_after_days",
            "full_after_share", "full_after_fall", "as_of", "threads",
        )
    },
    "session_gap_minutes": "session_gap_minutes",
    "window_days": "backtest_days",
    "top_k": "top_k",
    "allow_repeats": "allow_repeats",
    "in_stock_only": "in_stock_only",
    "explained": "explains_recommendations",
}  # fmt: skip
# Settings that leave the trained weights as they are.
_NOT_TRAINED = frozenset({
    "top_k", "allow_repeats", "in_stock_only", "explained", "threads",
    "full_after_days", "full_after_share", "full_after_fall",
})  # fmt: skip


@dataclass(frozen=True)
class ScorerSettings(Settings):
    """Settings of the attention scorer.

    Attributes
    ----------
    seed
        Of every random draw.
    dim, blocks, max_length
        Width and depth of the encoder, and how many events of a customer it reads at once.
    epochs, warm_epochs
        Passes over the data in the first fit, and in each fit that starts from the one before.
    batch_tokens, learning_rate, weight_decay, dropout
        Of the optimiser; batches grow where an epoch would take more than 400 of them.
    horizon_days
        A session is asked for the purchases of the next session that has any, and of all others
        within so many days.
    sampled_above, negatives
        Above so many items the softmax is estimated from a batch's own targets and so many others.
    time_budget_seconds
        For all fits together; training that would take longer is cut short, gracefully.
    full_after_days, full_after_share, full_after_fall
        A stored model is fine-tuned on what is new. It is trained from scratch when the last
        full training is so many days old (0: each time), when more than this share of the events
        is new since then, or when NDCG@10 on new events has fallen by more than this share.
    session_gap_minutes
        A longer pause between a customer's events starts a new session; below zero each event is
        one of its own.
    window_days
        How far recommendations look, and the length of the validation and test windows.
    as_of
        Events from this day (UTC midnight) on are not looked at; the day after the last event if
        not given.
    test_cutoff, validation_cutoff, head_cutoff
        Ends of the data of the fits; counted back from ``as_of`` where not given: one window, two
        windows, and half of what is before.
    top_k, allow_repeats, in_stock_only
        What is recommended: how many items, whether items bought before are among them, and
        whether only items that are in stock.
    explained
        Whether each recommendation says what every component adds to its score.
    device, threads
        ``auto``, ``cpu`` or ``cuda``; CPU threads, 0 for all cores.
    """

    OF = "the recommendations"
    VARS = _VARS
    WITHOUT_EFFECT = _NOT_TRAINED

    seed: int = 7
    dim: int = 64
    blocks: int = 1
    max_length: int = 100
    epochs: int = 4
    warm_epochs: int = 2
    batch_tokens: int = 2048
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.2
    horizon_days: float = 30.0
    sampled_above: int = 20_000
    negatives: int = 2048
    time_budget_seconds: float = 900.0
    full_after_days: int = 28
    full_after_share: float = 0.1
    full_after_fall: float = 0.25
    session_gap_minutes: float = 30.0
    window_days: int = 28
    as_of: datetime.date | None = None
    test_cutoff: datetime.date | None = None
    validation_cutoff: datetime.date | None = None
    head_cutoff: datetime.date | None = None
    top_k: int = 20
    allow_repeats: bool = True
    in_stock_only: bool = False
    explained: bool = True
    device: str = "auto"
    threads: int = 0

    def check(self) -> None:
        """Raise a ValueError that names the setting where a value is out of range."""
        at_least = {
            "seed": 0, "dim": 8, "blocks": 1, "max_length": 2, "epochs": 1, "warm_epochs": 1,
            "batch_tokens": 16, "weight_decay": 0, "horizon_days": 0, "sampled_above": 0,
            "negatives": 1, "window_days": 1, "top_k": 1, "threads": 0, "full_after_days": 0,
            "full_after_share": 0, "full_after_fall": 0,
        }  # fmt: skip
        for name, low in at_least.items():
            if getattr(self, name) < low:
                raise self.bad(name, getattr(self, name), f"{low} or more")
        for name in ("learning_rate", "time_budget_seconds"):
            if getattr(self, name) <= 0:
                raise self.bad(name, getattr(self, name), "above 0")
        if not 0 <= self.dropout < 1:
            raise self.bad("dropout", self.dropout, "in [0, 1)")
        if self.device not in DEVICES:
            raise self.bad("device", self.device, f"one of {', '.join(DEVICES)}")
        dated = ["head_cutoff", "validation_cutoff", "test_cutoff", "as_of"]
        given = [(name, getattr(self, name)) for name in dated if getattr(self, name) is not None]
        for (early, first), (late, second) in itertools.pairwise(given):
            if first > second:
                raise ValueError(
                    f"{self.called(early)} is {first}, after {late} {second}; "
                    f"the order must be {' <= '.join(dated)}"
                )
