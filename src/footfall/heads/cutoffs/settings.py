"""Settings of the churn and value scores, checked once, with errors that name the var to fix."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from footfall.core.settings import Settings

#: The project's var behind a setting, for messages.
_VARS = {
    "horizons": "horizons_days",
    "seed": "scorer_seed",
    "vip_share": "vip_share",
    "threads": "scorer_threads",
    "warning_probability": "high_risk_probability",
    "backtest_cutoffs": "backtest_cutoffs",
    "largest_skill_drop": "largest_skill_drop",
}

#: What decides how a horizon is fitted, and what else decides its figures at a tested cut-off.
_OF_FITS = ("seed", "vip_share", "interval_coverage", "max_training_rows")
_OF_BACKTESTS = ("bootstrap_replicates", "warning_probability")


@dataclass(frozen=True)
class HeadSettings(Settings):
    """What a shop decides about its churn and value scores.

    Attributes
    ----------
    horizons
        Days ahead that are scored, each with labels in the cut-off table.
    seed
        Of fitting and of the bootstrap.
    vip_share
        Share of the training customers with the largest spend that count as VIP.
    interval_coverage
        Share of customers whose spend is in the interval.
    max_training_rows
        Rows that one fit may use; the latest cut-offs come first.
    backtest_cutoffs
        How many of the last closed cut-offs are tested.
    bootstrap_replicates
        Resamples behind each interval of a metric, at most; fewer where many customers make each
        interval narrow anyway.
    warning_probability
        P(silence) from which a customer is warned of.
    largest_skill_drop
        How far below the model in force a new model's skill may be; one that is worse is not
        served.
    threads
        Threads that fitting may use; 0 for one a core.
    """

    OF = "the churn and value scores"
    VARS = _VARS
    WITHOUT_EFFECT = frozenset({"threads"})

    horizons: tuple[int, ...] = (30, 60, 90)
    seed: int = 1
    vip_share: float = 0.10
    interval_coverage: float = 0.80
    max_training_rows: int = 30_000
    backtest_cutoffs: int = 3
    bootstrap_replicates: int = 200
    warning_probability: float = 0.7
    largest_skill_drop: float = 0.1
    threads: int = 2

    def check(self) -> None:
        """Raise a ValueError that names the setting where a value is out of range."""
        if not self.horizons or any(not 1 <= h <= 3650 for h in self.horizons):
            raise self.bad("horizons", self.horizons, "a list of whole days between 1 and 3650")
        if len(set(self.horizons)) != len(self.horizons):
            raise self.bad("horizons", self.horizons, "a list without repeated days")
        if not 0.0 < self.vip_share < 0.5:
            raise self.bad("vip_share", self.vip_share, "a share above 0 and below 0.5")
        if not 0.5 <= self.interval_coverage < 1.0:
            raise self.bad("interval_coverage", self.interval_coverage, "a share in [0.5, 1)")
        if self.max_training_rows < 1000:
            raise self.bad("max_training_rows", self.max_training_rows, "1000 rows or more")
        if not 0 <= self.backtest_cutoffs <= 24:
            raise self.bad("backtest_cutoffs", self.backtest_cutoffs, "a count from 0 to 24")
        if not 0 <= self.bootstrap_replicates <= 10_000:
            raise self.bad("bootstrap_replicates", self.bootstrap_replicates, "a count up to 10000")
        if not 0.0 < self.warning_probability < 1.0:
            raise self.bad("warning_probability", self.warning_probability, "between 0 and 1")
        if not 0.0 < self.largest_skill_drop <= 1.0:
            raise self.bad("largest_skill_drop", self.largest_skill_drop, "above 0 and at most 1")
        if self.threads < 0:
            raise self.bad("threads", self.threads, "0 (one a core) or more")

    def of_fits(self) -> dict[str, Any]:
        """Return the settings that decide what is fitted, as values that JSON can hold."""
        return {name: getattr(self, name) for name in _OF_FITS}

    def of_backtests(self) -> dict[str, Any]:
        """Return the settings that decide what a back-test finds at a cut-off."""
        return {name: getattr(self, name) for name in (*_OF_FITS, *_OF_BACKTESTS)}

    @property
    def workers(self) -> int:
        """Return the number of threads to use."""
        return self.threads or os.cpu_count() or 1
