"""Boosted trees of the risk that an attempt to pay is fraud, with a calibration of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.heads.learners.lightgbm_alone import lightgbm

#: Fewer frauds than this teach nothing that a rule would not say.
FEWEST_FRAUDS = 20
#: A level is trusted where the week that calibrates it has as many frauds.
FEWEST_TO_CALIBRATE = 50
#: And at least so many attempts, for frauds and honest ones to be told apart by a slope.
FEWEST_ROWS = 100
_BATCH = 100_000
# Frauds that a level is held back by, as if so many had come as expected. Models learn before all
# labels are there and expect too few, so more of them would keep the level too low: in ten
# simulated shops (seeds 1 to 10) four left it at .94 of what came, two at .98.
_HELD_BACK = 2.0
_FRAUDS_A_LEAF = 4
_FEWEST_LEAVES = 7
# Thresholds that a feature may be split at; of few attempts most would say the same.
_BINS, _FEW_BINS, _MANY_ROWS = 255, 63, 20_000


@dataclass(frozen=True)
class RiskSettings:
    """What the trees are grown with; chosen on simulated payments before 2018-07-25.

    Attributes
    ----------
    seed
        Of column and row sampling.
    rounds
        Trees of one ensemble.
    leaves
        Of one tree, at most; fewer where there are few frauds, one for every four.
    ensembles
        Whose log-odds are averaged.
    threads
        That LightGBM may use.
    learning_rate
        What part of its improvement each tree adds.
    """

    seed: int = 1
    rounds: int = 200
    leaves: int = 63
    ensembles: int = 3
    threads: int = 1
    learning_rate: float = 0.04

    def on(self, rows: int) -> RiskSettings:
        """Return these settings, or those of small shops where so few attempts are learned from."""
        if rows >= _MANY_ROWS:
            return self
        return replace(self, rounds=100, ensembles=1, threads=1, learning_rate=0.08)


@dataclass(frozen=True)
class RiskModel:
    """Fitted trees, and how their log-odds become probabilities.

    Attributes
    ----------
    names
        Of the features that were learned from, in their order.
    boosters
        Ensembles whose log-odds are averaged.
    scaling
        From averaged to calibrated log-odds.
    is_calibrated
        Whether a week of enough frauds, which was not learned from, decided on the scaling.
    """

    names: list[str]
    boosters: tuple[lightgbm.Booster, ...]
    scaling: PlattScaling
    is_calibrated: bool

    def log_odds(self, names: list[str], features: Array) -> FloatArray:
        """Return calibrated log-odds, float64 [attempts].

        Parameters
        ----------
        names
            Of the columns of ``features``; those that the model does not know are left out, those
            that are missing count as unknown.
        features
            NaN where unknown, [attempts, features].
        """
        raw = self.matched(names, features)
        total = np.zeros(len(raw))
        for booster in self.boosters:
            total += booster.predict(raw, raw_score=True, num_threads=1)
        return self.scaling.apply(total / len(self.boosters))

    def contributions(self, names: list[str], features: Array) -> tuple[FloatArray, float]:
        """Return what each feature adds to the log-odds, and what all attempts start from.

        Shapley values of the trees (Lundberg et al. 2020), averaged over ensembles and scaled as
        the log-odds are: the base and the values of an attempt add up to its log-odds.

        Returns
        -------
        float64 [attempts, features of the model], and the base.
        """
        raw = self.matched(names, features)
        values = np.zeros((len(raw), len(self.names)))
        base = 0.0
        for booster in self.boosters:
            for start in range(0, len(raw), _BATCH):
                rows = slice(start, start + _BATCH)
                shares = np.asarray(booster.predict(raw[rows], pred_contrib=True, num_threads=1))
                values[rows] += shares[:, :-1]
            probe = np.full((1, len(self.names)), np.nan, dtype=np.float32)
            base += float(np.asarray(booster.predict(probe, pred_contrib=True))[0, -1])
        slope = self.scaling.slope / len(self.boosters)
        return values * slope, self.scaling.intercept + slope * base

    def matched(self, names: list[str], features: Array) -> Array:
        """Return the columns that the model knows, in its order; NaN where one is missing."""
        if names == self.names:
            return features
        raw = np.full((len(features), len(self.names)), np.nan, dtype=np.float32)
        for column, name in enumerate(self.names):
            if name in names:
                raw[:, column] = features[:, names.index(name)]
        return raw


def fit_risk(
    names: list[str], features: Array, labels: FloatArray, settings: RiskSettings
) -> RiskModel | None:
    """Grow trees on closed labels.

    Parameters
    ----------
    names
        Of the features.
    features
        NaN where unknown, [attempts, features].
    labels
        1 for fraud, 0 for honest, [attempts].
    settings
        Of the trees.

    Returns
    -------
    A model that is not calibrated; None where there are fewer than :data:`FEWEST_FRAUDS` frauds or
    honest attempts.
    """
    frauds = int(labels.sum())
    if min(frauds, len(labels) - frauds) < FEWEST_FRAUDS:
        return None
    bins = _FEW_BINS if len(labels) < _MANY_ROWS else _BINS
    data = lightgbm.Dataset(
        features, labels, free_raw_data=False, params={"max_bin": bins, "verbose": -1}
    )
    smallest_leaf = int(np.clip(len(labels) // 200, 5, 50))
    leaves = int(np.clip(frauds // _FRAUDS_A_LEAF, _FEWEST_LEAVES, settings.leaves))
    boosters = []
    for ensemble in range(settings.ensembles):
        parameters = {
            "objective": "binary",
            "num_leaves": leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": smallest_leaf,
            "feature_fraction": 0.4,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "seed": settings.seed * 1000 + ensemble,
            "num_threads": settings.threads,
            "deterministic": True,
            "force_row_wise": True,
            "max_bin": bins,
            "verbose": -1,
        }
        boosters.append(lightgbm.train(parameters, data, num_boost_round=settings.rounds))
    return RiskModel(list(names), tuple(boosters), PlattScaling(), False)


def calibrated(
    model: RiskModel, log_odds: FloatArray, labels: FloatArray, seen: FloatArray
) -> RiskModel:
    """Return the model with Platt scaling from a week that a like model had not learned from.

    Parameters
    ----------
    model
        What is served.
    log_odds
        Of a model of the attempts before, not calibrated, [attempts].
    labels
        1 or 0, at least :data:`FEWEST_TO_CALIBRATE` of them 1, [attempts].
    seen
        The share of the labels of fraud that come in within the time that each attempt has had,
        above 0: the level is raised by those that are still to come, [attempts].
    """
    scaling = fit_platt(log_odds, labels, slope_trust=1.0, level_trust=1.0)
    still_to_come = level_of(scaling.apply(log_odds), float((labels / seen).sum()))
    scaling = replace(scaling, intercept=scaling.intercept + still_to_come)
    return replace(model, scaling=scaling, is_calibrated=True)


def levelled(
    model: RiskModel, log_odds: FloatArray, labels: FloatArray, seen: FloatArray
) -> RiskModel:
    """Return the model with the level alone moved, so that as many frauds are expected as came.

    Two frauds more on either side keep a few of them from moving it far. Parameters are those of
    :func:`calibrated`, with any number of frauds.
    """
    expected = float(probability_of(log_odds).sum())
    found = float((labels / seen).sum())
    total = expected * (found + _HELD_BACK) / (expected + _HELD_BACK)
    return replace(model, scaling=PlattScaling(1.0, level_of(log_odds, total)))


def level_of(log_odds: FloatArray, total: float) -> float:
    """Return what has to be added to all log-odds for their chances to add up to a total.

    The log of a ratio of totals would fall short: chances near 1 rise less than those near 0.

    Parameters
    ----------
    log_odds
        float64 [attempts].
    total
        Above 0; beyond 95 in 100 attempts it counts as that.
    """
    total = min(total, 0.95 * len(log_odds))
    low, high = -20.0, 20.0
    for _ in range(45):
        middle = (low + high) / 2
        if probability_of(log_odds + middle).sum() < total:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def log_odds_of(chances: FloatArray) -> FloatArray:
    """Return the log-odds of probabilities, those of 0 and 1 as of one in a billion."""
    inside = np.clip(chances, 1e-9, 1 - 1e-9)
    odds: FloatArray = np.log(inside / (1 - inside))
    return odds


def probability_of(log_odds: FloatArray) -> FloatArray:
    """Return the probabilities of log-odds; 1 where they are too large for anything else."""
    smaller = np.exp(-np.abs(log_odds))
    chance: FloatArray = np.where(log_odds >= 0, 1.0, smaller) / (1.0 + smaller)
    return chance
