"""What a shop decides about the scores of its texts, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from footfall.core.settings import Settings


@dataclass(frozen=True)
class TextSettings(Settings):
    """What a shop decides about the scores of reviews and messages.

    Attributes
    ----------
    seed
        Of the folds and of the bootstrap.
    is_on
        Whether texts are scored at all.
    bootstrap_replicates
        Resamples behind each interval of a metric, at most.
    """

    OF = "the scores of texts"
    VARS: ClassVar[Mapping[str, str]] = {"seed": "scorer_seed", "is_on": "scores_texts"}

    seed: int = 1
    is_on: bool = True
    bootstrap_replicates: int = 200

    def check(self) -> None:
        """Raise a ValueError that names the setting where a value is out of range."""
        if not 0 <= self.bootstrap_replicates <= 10_000:
            raise self.bad("bootstrap_replicates", self.bootstrap_replicates, "a count up to 10000")

    def of_fits(self) -> dict[str, Any]:
        """Return what decides what is fitted, as values that JSON can hold."""
        return {"seed": self.seed}
