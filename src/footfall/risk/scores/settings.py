"""What a shop decides about the scores of risk, checked once, with errors that name the var."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from footfall.core.settings import Settings
from footfall.risk.model import RiskSettings


@dataclass(frozen=True)
class ScoreSettings(Settings):
    """What a shop decides about the scores of its payments.

    Attributes
    ----------
    seed
        Of fitting and of the bootstrap.
    label_delay_days
        After which an attempt without a label counts as honest.
    scored_days
        Days before the as-of date whose attempts are scored.
    rules_days
        Days before those whose attempts are shown where a rule holds, so that the rules have
        labels to be measured by.
    bootstrap_replicates
        Resamples behind each interval of a metric, at most.
    threads
        Threads that fitting may use; 0 for one a core.
    """

    OF = "the risk scores"
    VARS: ClassVar[Mapping[str, str]] = {
        "seed": "scorer_seed",
        "label_delay_days": "risk_label_delay_days",
        "scored_days": "risk_scored_days",
        "rules_days": "risk_rules_days",
        "threads": "scorer_threads",
    }
    WITHOUT_EFFECT = frozenset({"threads"})

    seed: int = 1
    label_delay_days: int = 7
    scored_days: int = 28
    rules_days: int = 180
    bootstrap_replicates: int = 200
    threads: int = 2

    def check(self) -> None:
        """Raise a ValueError that names the setting where a value is out of range."""
        for name, least in (("label_delay_days", 0), ("scored_days", 1), ("rules_days", 1)):
            if not least <= getattr(self, name) <= 3650:
                raise self.bad(name, getattr(self, name), f"whole days from {least} to 3650")
        if not 0 <= self.bootstrap_replicates <= 10_000:
            raise self.bad("bootstrap_replicates", self.bootstrap_replicates, "a count up to 10000")
        if self.threads < 0:
            raise self.bad("threads", self.threads, "0 (one a core) or more")

    def of_fits(self) -> dict[str, Any]:
        """Return what decides what is fitted, as values that JSON can hold."""
        return {"seed": self.seed, "label_delay_days": self.label_delay_days}

    def of_backtests(self) -> dict[str, Any]:
        """Return what decides what a back-test finds, as values that JSON can hold."""
        return {**self.of_fits(), "bootstrap_replicates": self.bootstrap_replicates}

    def of_trees(self, rows: int) -> RiskSettings:
        """Return what trees are grown with on so many attempts."""
        return RiskSettings(seed=self.seed, threads=self.threads or os.cpu_count() or 1).on(rows)
