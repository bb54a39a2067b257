"""What groups of customers are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from footfall.core.settings import Settings


@dataclass(frozen=True)
class FairnessSettings(Settings):
    """Cut-offs of the scores, and the seed of the null.

    Attributes
    ----------
    high_risk, medium_risk
        The chance of silence from which a customer is at high or medium risk.
    vip_share
        Part of the customers who are VIPs by what they spend.
    seed
        Of the draws of the null.
    """

    OF: ClassVar[str] = "the comparison of groups"
    VARS: ClassVar[Mapping[str, str]] = {
        "high_risk": "high_risk_probability",
        "medium_risk": "medium_risk_probability",
        "vip_share": "vip_share",
        "seed": "scorer_seed",
    }

    high_risk: float = 0.7
    medium_risk: float = 0.4
    vip_share: float = 0.1
    seed: int = 7

    def check(self) -> None:
        """Refuse cut-offs outside of 0 and 1."""
        for name in ("high_risk", "medium_risk", "vip_share"):
            if not 0 < getattr(self, name) < 1:
                raise self.bad(name, getattr(self, name), "a number between 0 and 1")
