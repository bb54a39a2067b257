"""What a back-test found as rows: metrics with intervals, leads over baselines, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.evaluation import bootstrap as evaluation
from footfall.evaluation.bootstrap import Measured
from footfall.evaluation.calibration import calibration_tenths
from footfall.evaluation.score_metrics import LARGER_IS_BETTER

#: What is served, and the same with the encoder's state left out or always taken in.
OURS = "attention_scorer"
STATE_CHOICES: Mapping[str, bool | None] = {
    OURS: None,
    "features_only": False,
    "features_and_state": True,
}

BACKTEST_SCHEMA = pa.schema(
    [
        ("score", pa.string()),
        ("population", pa.string()),
        ("horizon_days", pa.int32()),
        ("cutoff_date", pa.date32()),
        ("model", pa.string()),
        ("is_baseline", pa.bool_()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("lower_bound", pa.float64()),
        ("upper_bound", pa.float64()),
        ("customer_count", pa.int64()),
        ("bin", pa.int32()),
        ("predicted", pa.float64()),
        ("run_id", pa.string()),
        ("run_metadata", pa.string()),
    ]
)
LEADS = {
    "churn": ("auc", "brier"),
    "value": ("mae", "rmse", "gini"),
    "tier": ("macro_f1",),
    "intent": ("auc", "brier"),
}
#: What anybody could do without a model; a gate compares with the best of these.
TRIVIAL = frozenset({"constant", "recency", "frequency", "last_window_spend", "furthest_stage"})


def result_rows(
    shared: Mapping[str, Any], measured: Mapping[tuple[str, str], Measured], count: int
) -> list[dict[str, Any]]:
    """Return a row a model and metric; what is not known (NaN) becomes null."""
    return [
        {
            **shared,
            "model": model,
            "is_baseline": model not in STATE_CHOICES,
            "metric": metric,
            "value": _known(result.value),
            "lower_bound": _known(result.lower),
            "upper_bound": _known(result.upper),
            "customer_count": count,
        }
        for (model, metric), result in measured.items()
    ]


def tenth_rows(
    shared: Mapping[str, Any],
    actual: FloatArray,
    models: Mapping[str, FloatArray],
    *,
    is_probability: bool,
) -> list[dict[str, Any]]:
    """Return predicted and observed means by tenth of the prediction, with 95 % intervals."""
    return [
        {
            **shared,
            "model": model,
            "is_baseline": model not in STATE_CHOICES,
            "metric": "calibration",
            "value": tenth.observed,
            "lower_bound": tenth.lower,
            "upper_bound": tenth.upper,
            "customer_count": tenth.count,
            "bin": tenth.number,
            "predicted": tenth.predicted,
        }
        for model, predicted in models.items()
        for tenth in calibration_tenths(actual, predicted, is_probability=is_probability)
    ]


def leads(
    measured: Mapping[tuple[str, str], Measured], metrics: tuple[str, ...]
) -> dict[tuple[str, str], Measured]:
    """Return the paired lead of our models over the best baseline, a metric at a time."""
    found: dict[tuple[str, str], Measured] = {}
    for metric in metrics:
        ours = [model for model in STATE_CHOICES if (model, metric) in measured]
        others = {
            model: result
            for (model, name), result in measured.items()
            if name == metric and model not in STATE_CHOICES and np.isfinite(result.value)
        }
        rivals = list(others.values())
        trivial = [result for model, result in others.items() if model in TRIVIAL]
        if not rivals or not ours:
            continue
        sign = 1.0 if metric in LARGER_IS_BETTER else -1.0
        for name, field in (("lead", rivals), ("trivial_lead", trivial)):
            if field:
                best = max(field, key=lambda result: sign * result.value)
                for model in ours:
                    found[model, f"{metric}_{name}"] = evaluation.paired_lead(
                        measured[model, metric], best, metric
                    )
    return found


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
