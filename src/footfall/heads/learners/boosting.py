"""Small gradient-boosted trees (LightGBM) over the raw features, repeatable under a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.learners.lightgbm_alone import lightgbm
from footfall.heads.learners.shapley import ShapleyTables

#: As many rows as LightGBM's own Shapley values take as long for as tables take to be made.
_FEW_ROWS = 500

Objective = Literal["binary", "tweedie"]


@dataclass(frozen=True)
class Boosted:
    """A boosted ensemble in link space (log-odds or log-mean)."""

    booster: lightgbm.Booster

    def link(self, raw: FloatArray) -> FloatArray:
        """Return the summed leaves, float64 [rows]."""
        summed: FloatArray = np.asarray(
            self.booster.predict(raw, raw_score=True, num_threads=1), dtype=np.float64
        )
        return summed

    def contributions(self, raw: FloatArray) -> tuple[FloatArray, float]:
        """Return path-dependent Shapley values, [rows, features], and the mean that they add to.

        The mean is that of the leaves over the training rows (Lundberg et al. 2020, "From local
        explanations to global understanding").
        """
        # LightGBM walks all leaves for everybody: for a few less work than making tables.
        tables = None if 0 < len(raw) < _FEW_ROWS else self._tables
        if tables is not None:
            return tables.values(raw), tables.base
        # The base is the same for everybody, and for nobody as well.
        asked = np.vstack([raw, np.zeros((1, raw.shape[1]))])
        found = np.asarray(
            self.booster.predict(asked, pred_contrib=True, num_threads=1), dtype=np.float64
        )
        return found[:-1, :-1], float(found[-1, -1])

    @cached_property
    def _tables(self) -> ShapleyTables | None:
        return ShapleyTables.of(self.booster.dump_model())


def fit_boosted(
    raw: FloatArray,
    target: FloatArray,
    *,
    objective: Objective,
    seed: int,
    rounds: int = 100,
    weights: FloatArray | None = None,
    offset: FloatArray | None = None,
    randomised: bool = True,
    smallest_gain: float = 0.0,
) -> Boosted:
    """Fit shallow, extremely randomised trees (Geurts et al. 2006) with strong regularisation.

    A few thousand noisy customers are all there is. For the chance of silence, thresholds drawn
    at random did better than searched ones on each of three shops; for amounts that start from
    nothing, searched ones did better on earlier cut-offs of two.

    Parameters
    ----------
    raw
        Features, NaN where unknown, [rows, features].
    target
        0/1, or amounts >= 0.
    objective
        Of the likelihood; Tweedie with power 1.5 for amounts.
    seed
        Of column and row sampling.
    rounds
        Number of trees.
    weights
        A weight a row.
    offset
        Link to start from, [rows]; the fit then holds what must be added to it.
    randomised
        Draw thresholds at random; otherwise search them, with deeper, slower trees.
    smallest_gain
        In log-likelihood that a split has to bring: what brings less may be chance.
    """
    smallest_leaf = int(np.clip(len(raw) // 100, 5, 60))
    parameters = {
        "objective": objective,
        "num_leaves": 8 if randomised else 15,
        "learning_rate": 0.09 if randomised else 0.06,
        "extra_trees": randomised,
        "extra_seed": seed + 1,
        "min_data_in_leaf": smallest_leaf,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "min_gain_to_split": smallest_gain,
        "max_bin": 127,
        "seed": seed,
        # One thread a fit: horizons are fitted side by side, and idle threads spin.
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "boost_from_average": offset is None,
        "verbose": -1,
    }
    if objective == "tweedie":
        parameters["tweedie_variance_power"] = 1.5
    data = lightgbm.Dataset(raw, target, weight=weights, init_score=offset)
    return Boosted(lightgbm.train(parameters, data, num_boost_round=rounds))
