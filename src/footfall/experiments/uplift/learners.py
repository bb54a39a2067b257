"""Learners of uplift: a response model, the T-learner and the X-learner.

All stand on one model of a mean: boosted trees averaged with a ridge regression. Trees find what
is not linear; where an experiment is small, as for uplift all are, the straight line does better.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray
from footfall.heads.learners.lightgbm_alone import lightgbm

Learner = Literal["random", "response", "t", "x"]
LEARNERS: tuple[Learner, ...] = ("random", "response", "t", "x")

#: A fit takes as many rows at most, drawn at random.
MOST_ROWS = 100_000
_ROUNDS = 60
# Of the ridge, as a part of the rows: slopes of noise are pulled to 0.
_PENALTY = 0.01


@dataclass(frozen=True)
class MeanModel:
    """A model of the mean of an outcome given features."""

    trees: lightgbm.Booster
    centre: FloatArray
    spread: FloatArray
    slopes: FloatArray
    mean: float

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the mean of each row of features, ``[rows]``."""
        by_trees = np.asarray(self.trees.predict(features, num_threads=1), dtype=np.float64)
        by_line = self.mean + _standard(features, self.centre, self.spread) @ self.slopes
        return np.asarray((by_trees + by_line) / 2)


def fit_mean(features: FloatArray, outcome: FloatArray, seed: int) -> MeanModel:
    """Fit the mean of an outcome.

    Parameters
    ----------
    features
        NaN where unknown, ``[rows, features]``.
    outcome
        ``[rows]``, of any sign.
    """
    if len(outcome) > MOST_ROWS:
        kept = np.random.default_rng(seed).choice(len(outcome), MOST_ROWS, replace=False)
        features, outcome = features[kept], outcome[kept]
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, features, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (features - centre) ** 2, 0.0).sum(axis=0) / count)
    design = _standard(features, centre, spread)
    mean = float(outcome.mean())
    gram = design.T @ design + _PENALTY * len(design) * np.eye(design.shape[1])
    slopes = np.linalg.solve(gram, design.T @ (outcome - mean))
    parameters = {
        "objective": "l2",
        "num_leaves": 8,
        "learning_rate": 0.07,
        "min_data_in_leaf": max(20, len(outcome) // 50),
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 127,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    trees = lightgbm.train(
        parameters, lightgbm.Dataset(features, outcome), _ROUNDS, keep_training_booster=True
    )
    return MeanModel(trees, centre, spread, np.asarray(slopes, dtype=np.float64), mean)


@dataclass(frozen=True)
class Ranker:
    """A fitted learner: its score is a weighted sum of models of means.

    Attributes
    ----------
    weights, models
        One weight a model.
    """

    weights: tuple[float, ...]
    models: tuple[MeanModel, ...]

    def score(self, features: FloatArray) -> FloatArray:
        """Return the score of each row of features, ``[rows]``; higher comes first."""
        return np.asarray(
            sum(
                weight * model.predict(features)
                for weight, model in zip(self.weights, self.models, strict=True)
            )
        )


def fit_rankers(
    features: FloatArray,
    outcome: FloatArray,
    treated: BoolArray,
    seed: int,
    names: Collection[Learner] = LEARNERS,
) -> dict[Learner, Ranker]:
    """Learn from units of both arms.

    `response` models the outcome itself and knows nothing of arms; `t` the difference of two
    models, one for each arm; `x` models of each arm's outcome minus what the other arm's model
    says of the same units, weighted by the other arm's share (both: Kuenzel, Sekhon, Bickel and
    Yu 2019, "Metalearners for estimating heterogeneous treatment effects using machine
    learning"). `random` is not fitted.

    Parameters
    ----------
    features, outcome, treated
        Of the units that are learned from, ``[rows, features]`` and ``[rows]``.
    names
        Which learners are wanted.
    """
    control = ~treated
    found: dict[Learner, Ranker] = {}
    if "response" in names:
        found["response"] = Ranker((1.0,), (fit_mean(features, outcome, seed),))
    if "t" not in names and "x" not in names:
        return found
    with_arm = fit_mean(features[treated], outcome[treated], seed + 1)
    without = fit_mean(features[control], outcome[control], seed + 2)
    if "t" in names:
        found["t"] = Ranker((1.0, -1.0), (with_arm, without))
    if "x" in names:
        gained = fit_mean(
            features[treated], outcome[treated] - without.predict(features[treated]), seed + 3
        )
        missed = fit_mean(
            features[control], with_arm.predict(features[control]) - outcome[control], seed + 4
        )
        share = float(treated.mean())
        found["x"] = Ranker((share, 1 - share), (missed, gained))
    return found


def uplift_scores(
    features: FloatArray,
    outcome: FloatArray,
    treated: BoolArray,
    scored: FloatArray,
    seed: int,
) -> dict[Learner, FloatArray]:
    """Learn from units of both arms and score others by each learner; `random` draws.

    Parameters
    ----------
    features, outcome, treated
        As `fit_rankers` takes them.
    scored
        Features of the units to score.
    """
    rankers = fit_rankers(features, outcome, treated, seed)
    return {
        "random": np.random.default_rng(seed).random(len(scored)),
        **{name: ranker.score(scored) for name, ranker in rankers.items()},
    }


def _standard(features: FloatArray, centre: FloatArray, spread: FloatArray) -> FloatArray:
    """Return features in standard deviations, unknown ones at the mean, none beyond 5."""
    scale = np.where(spread > 0, spread, 1.0)
    return np.asarray(np.clip(np.nan_to_num((features - centre) / scale), -5, 5))
