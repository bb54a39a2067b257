"""Learns on one half of the units, chooses there, and measures on the other half, four times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray
from footfall.evaluation.bootstrap import summarise
from footfall.experiments.outcomes import capped
from footfall.experiments.uplift.learners import LEARNERS, Learner, uplift_scores
from footfall.experiments.uplift.qini import (
    Ranked,
    RankEffect,
    effect,
    effect_by_rank,
    qini,
    qini_replicates,
    ranked,
)

HALVES = 4
REPLICATES = 400
VALIDATION_REPLICATES = 100
#: Part of a half that learners are fitted on before one is chosen on the rest.
TRAINED_ON = 0.6
#: Outcomes are capped so high for learning, and never for measuring.
CAP = 0.999
TOP = 0.3


@dataclass(frozen=True)
class Measure:
    """A learner on units that it has not seen, averaged over the halves.

    Attributes
    ----------
    qini, qini_lower, qini_upper
        With its 95 % bootstrap interval, in units of the outcome.
    effect_top_30, effect_all
        Treated minus control among the 30 % that rank highest, and among all; None where one of
        the arms is missing there.
    """

    qini: float
    qini_lower: float
    qini_upper: float
    effect_top_30: float | None
    effect_all: float | None


@dataclass(frozen=True)
class Trial:
    """What came of an arm.

    Attributes
    ----------
    chosen
        The learner that did best on validation units; `random` where none did better than chance.
    learners
        Measures of each, on the units kept apart.
    by_rank
        How the effect depends on the place that the chosen learner gives a unit, on the units
        kept apart, averaged over the halves.
    """

    chosen: Learner
    learners: Mapping[Learner, Measure]
    by_rank: RankEffect

    @property
    def has_evidence(self) -> bool:
        """Whether the chosen ranking is better than chance: its interval lies above 0."""
        return self.chosen != "random" and self.learners[self.chosen].qini_lower > 0


def try_uplift(
    features: FloatArray, outcome: FloatArray, treated: BoolArray, seed: int = 0
) -> Trial:
    """Learn, choose and measure.

    Four random halves are learned from in turn. Each is split again: learners are fitted on 60 %
    and compared on the rest, then fitted on the whole half; the other half is scored once. What
    is chosen depends on validation units alone: the highest mean Qini over the halves, if it lies
    a standard error above 0 (bootstrap over units).

    Parameters
    ----------
    features
        NaN where unknown, ``[units, features]``; known before assignment.
    outcome, treated
        Of units of the arm and of the control alone, ``[units]``.
    """
    rng = np.random.default_rng(seed)
    learned = learned_outcome(outcome)
    validated: dict[Learner, list[Ranked]] = {name: [] for name in LEARNERS}
    scored: dict[Learner, list[Ranked]] = {name: [] for name in LEARNERS}
    for half in range(HALVES):
        learn_from = _half(treated, rng)
        inside = np.flatnonzero(learn_from)
        fitted = np.zeros(len(treated), dtype=bool)
        fitted[inside[_part(treated[inside], TRAINED_ON, rng)]] = True
        for known, measured, into in (
            (fitted, learn_from & ~fitted, validated),
            (learn_from, ~learn_from, scored),
        ):
            of = np.flatnonzero(measured)
            scores = uplift_scores(
                features[known], learned[known], treated[known], features[of], seed + 10 * half
            )
            for name, values in scores.items():
                into[name].append(ranked(values, of, outcome[of], treated[of], rng))
    chosen = _chosen(validated, len(outcome), seed)
    lines = [effect_by_rank(one) for one in scored[chosen]]
    return Trial(
        chosen,
        {name: _measure(rankings, len(outcome), seed) for name, rankings in scored.items()},
        RankEffect(
            float(np.mean([line.middle for line in lines])),
            float(np.mean([line.slope for line in lines])),
        ),
    )


def learned_outcome(outcome: FloatArray) -> FloatArray:
    """Return outcomes as learners see them: capped, so that one large order is not the rule."""
    return capped(outcome, CAP)


def _half(treated: BoolArray, rng: np.random.Generator) -> BoolArray:
    chosen = np.zeros(len(treated), dtype=bool)
    chosen[_part(treated, 0.5, rng)] = True
    return chosen


def _part(treated: BoolArray, part: float, rng: np.random.Generator) -> FloatArray:
    """Draw a part of the places, the same part of both arms."""
    drawn = []
    for arm in (treated, ~treated):
        places = rng.permutation(np.flatnonzero(arm))
        drawn.append(places[: round(part * len(places))])
    return np.concatenate(drawn)


def _chosen(validated: Mapping[Learner, list[Ranked]], units: int, seed: int) -> Learner:
    """Choose by mean Qini on validation units, if it is a standard error above chance."""
    means = {
        name: float(np.mean([qini(one)[0] for one in rankings]))
        for name, rankings in validated.items()
        if name != "random"
    }
    best = max(means, key=lambda name: means[name])
    error = qini_replicates(validated[best], units, VALIDATION_REPLICATES, seed).std()
    return best if means[best] > error else "random"


def _measure(rankings: list[Ranked], units: int, seed: int) -> Measure:
    mean = float(np.mean([qini(one)[0] for one in rankings]))
    measured = summarise(mean, qini_replicates(rankings, units, REPLICATES, seed))
    return Measure(
        measured.value,
        measured.lower,
        measured.upper,
        _mean([effect(one, TOP) for one in rankings]),
        _mean([effect(one) for one in rankings]),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
