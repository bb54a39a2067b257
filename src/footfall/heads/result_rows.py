"""What a back-test found as rows: metrics with intervals, calibration by tenth, predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import Array, FloatArray, IntArray
from footfall.evaluation.bootstrap import Measured
from footfall.evaluation.calibration import calibration_tenths
from footfall.evaluation.leads import OUR_MODELS, OURS

#: What is served, and the same with the encoder's state left out or always taken in.
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
        ("customer_no", pa.int64()),
        ("run_id", pa.string()),
        ("run_metadata", pa.string()),
    ]
)


def result_rows(
    shared: Mapping[str, Any], measured: Mapping[tuple[str, str], Measured], count: int
) -> list[dict[str, Any]]:
    """Return a row a model and metric of ``count`` customers; what is not known becomes null."""
    return [
        {
            **shared,
            "model": model,
            "is_baseline": model not in OUR_MODELS,
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
    clusters: Array | None = None,
) -> list[dict[str, Any]]:
    """Return predicted and observed means by tenth of the prediction, with 95 % intervals.

    ``clusters`` says whose each row is, where a customer has several.
    """
    return [
        {
            **shared,
            "model": model,
            "is_baseline": model not in OUR_MODELS,
            "metric": "calibration",
            "value": tenth.observed,
            "lower_bound": tenth.lower,
            "upper_bound": tenth.upper,
            "customer_count": tenth.count,
            "bin": tenth.number,
            "predicted": tenth.predicted,
        }
        for model, predicted in models.items()
        for tenth in calibration_tenths(
            actual, predicted, is_probability=is_probability, clusters=clusters
        )
    ]


def prediction_rows(
    shared: Mapping[str, Any], customer_no: IntArray, actual: FloatArray, predicted: FloatArray
) -> list[dict[str, Any]]:
    """Return what was predicted of each customer by what is served, and what happened."""
    return [
        {
            **shared,
            "model": OURS,
            "is_baseline": False,
            "metric": "prediction",
            "value": value,
            "predicted": prediction,
            "customer_no": customer,
        }
        for customer, value, prediction in zip(
            customer_no.tolist(), actual.tolist(), predicted.tolist(), strict=True
        )
    ]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
