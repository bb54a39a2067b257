"""What a score of risk is compared with, and an order of attempts that needs no labels."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from footfall.core.arrays import Array, FloatArray

#: What the published method knows: amount, time, and windows of customer and terminal.
PUBLISHED = (
    "amount",
    "is_weekend",
    "shop_hour",
    "own_mean",
    "customer_attempts_1d",
    "customer_attempts_7d",
    "customer_attempts_30d",
    "terminal_closed_7d",
    "terminal_closed_30d",
    "terminal_fraud_share_1d",
    "terminal_fraud_share_7d",
    "terminal_fraud_share_30d",
)
#: Rows that baselines learn from, the newest: more takes minutes and moves little.
MOST_ROWS = 70_000


def baseline_scores(
    names: list[str], learnt: Array, labels: FloatArray, tested: Array, seed: int
) -> dict[str, FloatArray]:
    """Return the scores of each baseline that learns from labels.

    Parameters
    ----------
    names
        Of the features.
    learnt
        Features of the attempts that are learned from, oldest first, NaN where unknown.
    labels
        1 or 0, [learnt].
    tested
        Features of the tested attempts.
    seed
        Of the forest.

    Returns
    -------
    Scores by model, [tested]; none where the newest rows hold one class alone.
    """
    columns = [place for place, name in enumerate(names) if name in PUBLISHED]
    newest = slice(max(0, len(labels) - MOST_ROWS), None)
    x, y = np.nan_to_num(learnt[newest][:, columns]), labels[newest]
    if not columns or y.min() == y.max():
        return {}
    z = np.nan_to_num(tested[:, columns])
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    forest = RandomForestClassifier(random_state=seed, n_jobs=1)
    return {
        name: np.asarray(model.fit(x, y).predict_proba(z)[:, 1], dtype=np.float64)
        for name, model in (("logistic", logistic), ("random_forest", forest))
    }


def oddness(learnt: Array, asked: Array, seed: int) -> FloatArray:
    """Return how far attempts are from what is common, without any label, in (0, 1), [asked].

    An isolation forest (Liu, Ting and Zhou 2008). What is unknown counts as the median.
    """
    known = np.isfinite(learnt)
    used = known.any(axis=0)
    if not used.any() or len(learnt) < 2:
        return np.full(len(asked), 0.5)
    centre = np.nanmedian(np.where(known, learnt, np.nan)[:, used], axis=0)
    forest = IsolationForest(random_state=seed, n_jobs=1).fit(_filled(learnt[:, used], centre))
    odd: FloatArray = -np.asarray(forest.score_samples(_filled(asked[:, used], centre)))
    return odd.astype(np.float64)


def _filled(values: Array, centre: FloatArray) -> Array:
    filled: Array = np.where(np.isfinite(values), values, centre).astype(np.float32)
    return filled
