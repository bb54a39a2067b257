"""What a score of risk is compared with: models of scikit-learn, as published."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from footfall.core.arrays import Array, FloatArray
from footfall.risk.published import published_rows


def baseline_scores(
    names: list[str], learnt: Array, labels: FloatArray, tested: Array, seed: int
) -> dict[str, FloatArray]:
    """Return the scores of each baseline that learns from labels.

    Parameters
    ----------
    names, learnt, labels, tested
        See :func:`footfall.risk.published.published_rows`.
    seed
        Of the forest.

    Returns
    -------
    Scores by model, [tested]; none where the newest rows hold one class alone.
    """
    if (rows := published_rows(names, learnt, labels, tested)) is None:
        return {}
    x, y, z = rows
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    forest = RandomForestClassifier(random_state=seed, n_jobs=1)
    return {
        name: np.asarray(model.fit(x, y).predict_proba(z)[:, 1], dtype=np.float64)
        for name, model in (("logistic", logistic), ("random_forest", forest))
    }
