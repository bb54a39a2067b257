"""What a score of risk is compared with."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from footfall.core.arrays import Array, FloatArray
from footfall.risk.published import MOST_ROWS, PUBLISHED


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
