"""Which models are ours, which are baselines, and how far ours lead the best of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from footfall.evaluation.bootstrap import Measured, paired_lead
from footfall.evaluation.score_metrics import LARGER_IS_BETTER

#: What is served of the scores that the encoder has a part in.
OURS = "attention_scorer"
#: What is served of risk, which needs no encoder.
BOOSTED_TREES = "boosted_trees"
#: What is served of texts.
TEXT_REGRESSION = "text_regression"
#: What is served, of whatever score.
SERVED = (OURS, BOOSTED_TREES, TEXT_REGRESSION)
#: What is served, and parts of it on their own; every other model is a baseline.
OUR_MODELS = (*SERVED, "features_only", "features_and_state", "softmax_only")
#: What anybody could do without a model; a gate compares with the best of these.
TRIVIAL = frozenset(
    {
        "constant",
        "recency",
        "frequency",
        "last_window_spend",
        "furthest_stage",
        "popular",
        "personal_frequency",
        "rules",
        "majority",
        "lexicon",
    }
)
#: Metrics that leads are measured by, for each score.
LEADS: Mapping[str, tuple[str, ...]] = {
    "recommendations": ("ndcg_10", "recall_10", "mrr"),
    "churn": ("auc", "brier"),
    "value": ("mae", "rmse", "gini"),
    "tier": ("macro_f1",),
    "intent": ("auc", "brier"),
    "risk": ("auc", "average_precision"),
    "reviews": ("auc", "macro_f1"),
}


def leads(
    measured: Mapping[tuple[str, str], Measured], metrics: Iterable[str]
) -> dict[tuple[str, str], Measured]:
    """Return the paired lead of our models over the best baseline, a metric at a time.

    Parameters
    ----------
    measured
        Of one comparison, by model and metric: what :func:`footfall.evaluation.bootstrap.measure`
        returns.
    metrics
        Names of those to compare by.

    Returns
    -------
    By model and ``<metric>_lead`` (over the best of all baselines) or ``<metric>_trivial_lead``
    (over the best of those that need no model); positive is better. Nothing where there is nobody
    to compare with.
    """
    found: dict[tuple[str, str], Measured] = {}
    for metric in metrics:
        ours = [model for model in OUR_MODELS if (model, metric) in measured]
        others = {
            model: result
            for (model, name), result in measured.items()
            if name == metric and model not in OUR_MODELS and np.isfinite(result.value)
        }
        rivals = list(others.values())
        trivial = [result for model, result in others.items() if model in TRIVIAL]
        sign = 1.0 if metric in LARGER_IS_BETTER else -1.0
        for name, field in (("lead", rivals), ("trivial_lead", trivial)):
            if not field:
                continue
            best = max(field, key=lambda result: sign * result.value)
            for model in ours:
                lead = paired_lead(measured[model, metric], best, metric)
                found[model, f"{metric}_{name}"] = lead
    return found
