"""Heads as rows of a table: what is fitted once, and applied as often as needed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.core.fingerprints import combined_fingerprint
from footfall.core.stored_rows import ArtifactError, Values, load, to_table
from footfall.heads.churn import SilenceModel
from footfall.heads.cutoffs.background import Background
from footfall.heads.fields import from_values, to_values
from footfall.heads.judgements import Judgement
from footfall.heads.own_rates import MeanRate
from footfall.heads.predictions import SilenceModels, ValueModels
from footfall.heads.value import ValueModel


@dataclass(frozen=True)
class Head:
    """What is fitted for one horizon.

    Attributes
    ----------
    silence
        The chance of silence; None where there was too little to learn from.
    value
        Spend and tiers; None in heads of churn, and where there was too little.
    reference
        Scores at the newest cut-off that was learned from, of a sample: what drift is measured
        from, [customers].
    background
        Some of the training rows, for explanations to compare with; None where there is no model.
    mean_rate
        How all customers bought when it was made, for explanations of own rates to compare with;
        None in heads that were stored without it.
    """

    silence: SilenceModel | None
    value: ValueModel | None
    reference: FloatArray
    background: Background | None = None
    mean_rate: MeanRate | None = None

    def lacks(self, columns: Collection[str]) -> list[str]:
        """Return the features that it reads and that a table with these columns does not have."""
        missing = [] if self.silence is None else self.silence.members.space.lacks(columns)
        if self.value is not None:
            missing += self.value.members.lacks(columns)
        return sorted(set(missing))


@dataclass(frozen=True)
class HeadFacts:
    """What is known of a head apart from its numbers.

    Attributes
    ----------
    fingerprint
        Of code, settings and what was learned from.
    origin
        The day that it was fitted on, in days since 1970-01-01.
    learnt
        Cut-offs that it learned from.
    judged
        How members fitted at earlier cut-offs, which had not learned from them, did there with the
        blend and calibration of this head, which were chosen on all of them.
    metrics
        What `model_runs` shows of it.
    turned_away
        Fingerprints of heads that were worse than this one and not taken.
    erased_until
        The newest erasure before it was fitted: it knows nobody who was erased until then.
    stale_since
        The first erasure of somebody whom it may have learned from; empty where there is none.
    """

    fingerprint: str
    origin: int
    learnt: tuple[int, ...]
    judged: dict[int, Judgement]
    metrics: dict[str, Any]
    turned_away: tuple[str, ...] = ()
    erased_until: str = ""
    stale_since: str = ""

    def is_current(self, fingerprint: str) -> bool:
        """Return whether a head of this fingerprint is in force, or was found worse."""
        return fingerprint == self.fingerprint or fingerprint in self.turned_away


@dataclass(frozen=True)
class StoredHeads:
    """The heads of a score by horizon in days, with the run that they belong to."""

    run: dict[str, Any]
    heads: dict[int, Head]
    facts: dict[int, HeadFacts]

    @property
    def silences(self) -> SilenceModels:
        """Return the models of silence by horizon."""
        return {horizon: head.silence for horizon, head in self.heads.items()}

    @property
    def backgrounds(self) -> dict[int, Background]:
        """Return the training rows that were kept, by horizon."""
        return {
            horizon: head.background
            for horizon, head in self.heads.items()
            if head.background is not None
        }

    def mean_rate(self, horizon: int) -> MeanRate:
        """Return how all customers bought when the head of a horizon was made.

        Raises
        ------
        ArtifactError
            When it was stored without that.
        """
        found = self.heads[horizon].mean_rate
        if found is None:
            raise ArtifactError(
                f"the stored head of {horizon} days has no mean rate; train it again"
            )
        return found

    @property
    def values(self) -> ValueModels:
        """Return the models of spend by horizon."""
        return {horizon: head.value for horizon, head in self.heads.items()}

    def to_table(self) -> pa.Table:
        """Return the rows of the heads."""
        fits: dict[str, Values] = {
            _fit_name(horizon): to_values(head, "head") for horizon, head in self.heads.items()
        }
        facts = {str(horizon): _plain(one) for horizon, one in self.facts.items()}
        return to_table(self.run["run_id"], {**self.run, "heads": facts}, fits)

    def metadata(self, metrics: Mapping[str, Mapping[str, Any]]) -> str:
        """Return the run as JSON, with what applying its heads came to, by horizon (`30d`)."""
        known = self.run["metrics"]
        both = {name: {**known.get(name, {}), **found} for name, found in metrics.items()}
        return json.dumps({**self.run, "metrics": both}, sort_keys=True)


def load_heads(rows: pa.Table) -> StoredHeads:
    """Read heads from their rows.

    Raises
    ------
    ArtifactError
        When the rows are damaged, of an earlier form, or no heads.
    """
    stored = load(rows)
    run = {k: v for k, v in stored.run.items() if k not in ("heads", "format", "digest")}
    told = stored.run.get("heads")
    if not isinstance(told, dict):
        raise ArtifactError(f"the run {stored.run_id} holds no heads; train them again")
    try:
        facts = {int(horizon): _facts(one) for horizon, one in told.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"the run {stored.run_id} describes its heads in another form ({error!r}); train them "
            "again"
        ) from error
    missing = [_fit_name(horizon) for horizon in facts if _fit_name(horizon) not in stored.fits]
    if missing:
        raise ArtifactError(
            f"the run {stored.run_id} has no arrays of {', '.join(missing)}; train it again"
        )
    heads = {
        horizon: from_values(Head, stored.fits[_fit_name(horizon)], "head") for horizon in facts
    }
    return StoredHeads(run, heads, facts)


def run_id_of(score: str, facts: Mapping[int, HeadFacts]) -> str:
    """Return a readable identity that equal heads, fitted on the same day, share."""
    parts = [f"{h} {facts[h].fingerprint} {facts[h].origin}" for h in sorted(facts)]
    return f"{score}-{combined_fingerprint(score, *parts)[:16]}"


def no_reference() -> FloatArray:
    """Return the reference of a head that has none."""
    return np.zeros(0)


def _fit_name(horizon: int) -> str:
    return f"{horizon}d"


def _plain(facts: HeadFacts) -> dict[str, Any]:
    return {
        **asdict(facts),
        "judged": {str(day): asdict(one) for day, one in facts.judged.items()},
    }


def _facts(told: Mapping[str, Any]) -> HeadFacts:
    return HeadFacts(
        fingerprint=told["fingerprint"],
        origin=int(told["origin"]),
        learnt=tuple(told["learnt"]),
        judged={int(day): Judgement(**one) for day, one in told["judged"].items()},
        metrics=dict(told["metrics"]),
        turned_away=tuple(told["turned_away"]),
        erased_until=told["erased_until"],
        stale_since=told["stale_since"],
    )
