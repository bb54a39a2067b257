"""Baselines of the back-test: those of the benchmark, at a fraction of the cost.

`make bench-risk` fits them with scikit-learn, as the published figures were made. A build needs
neither that package nor the CPU-second that importing it takes.
"""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.heads.learners.lightgbm_alone import lightgbm
from footfall.heads.learners.linear import fit_linear
from footfall.risk.model import probability_of
from footfall.risk.published import published_rows

_TREES = 100


def rival_scores(
    names: list[str], learnt: Array, labels: FloatArray, tested: Array, seed: int
) -> dict[str, FloatArray]:
    """Return the chances that a logistic regression and a random forest give.

    Parameters
    ----------
    names, learnt, labels, tested
        See :func:`footfall.risk.published.published_rows`.
    seed
        Of the forest.

    Returns
    -------
    Chances by model, [tested]; none where the newest rows hold one class alone.
    """
    if (rows := published_rows(names, learnt, labels, tested)) is None:
        return {}
    x, y, z = rows
    return {"logistic": _logistic(x, y, z), "random_forest": _forest(x, y, z, seed)}


def _logistic(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    # A line goes on for ever: where features still grow, as in a young shop, it ends at certainty.
    z = np.clip(z, x.min(axis=0), x.max(axis=0))
    fit = fit_linear((x - centre) / spread, y, family="logistic", penalty=1.0 / len(y))
    return probability_of(fit.link((z - centre) / spread))


def _forest(x: FloatArray, y: FloatArray, z: FloatArray, seed: int) -> FloatArray:
    """Return the mean of trees that are grown out, each from 63 % of the rows (Breiman 2001).

    That is how many a bootstrap sample holds. Leaves of one row, and at every split a random choice
    of features, as many as the root of their number; the squared error of labels of 0 and 1 is
    half their Gini impurity.
    """
    parameters = {
        "objective": "regression",
        "boosting": "rf",
        "num_leaves": 4096,
        "min_data_in_leaf": 1,
        "min_sum_hessian_in_leaf": 0.0,
        "feature_fraction_bynode": float(np.sqrt(x.shape[1]) / x.shape[1]),
        "bagging_fraction": 0.632,
        "bagging_freq": 1,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    forest = lightgbm.train(parameters, lightgbm.Dataset(x, y), num_boost_round=_TREES)
    chances: FloatArray = np.asarray(forest.predict(z, num_threads=1), dtype=np.float64)
    return np.clip(chances, 0.0, 1.0)
