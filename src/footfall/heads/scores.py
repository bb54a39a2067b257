"""Churn and value scores as Arrow tables, one row a customer and horizon."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.core.progress import Progress
from footfall.evaluation import calibration as calibration_tenths
from footfall.heads import churn, value
from footfall.heads.cutoffs.rows import CutoffRows, as_of_day, read_cutoffs
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.study import Study, memory_of
from footfall.heads.drivers import strongest_ideas
from footfall.heads.early_warning import first_warnings
from footfall.heads.predictions import (
    SilencePrediction,
    ValuePrediction,
    predict_silence,
    predict_value,
)
from footfall.heads.runs import Run, constant, day_to_date
from footfall.heads.tiers import POTENTIAL, REGULAR, TIER_NAMES, VIP

Result = TypeVar("Result")

_RUN_COLUMNS = [
    ("run_id", pa.string()),
    ("cutoff_date", pa.date32()),
    ("run_metadata", pa.string()),
]
CHURN_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("horizon_days", pa.int32()),
        ("probability", pa.float64()),
        ("silent_days", pa.int32()),
        ("first_warning_date", pa.date32()),
        ("top_driver", pa.string()),
        ("top_driver_effect", pa.float64()),
        ("second_driver", pa.string()),
        ("second_driver_effect", pa.float64()),
        ("method", pa.string()),
        *_RUN_COLUMNS,
    ]
)
VALUE_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("horizon_days", pa.int32()),
        ("predicted_amount", pa.float64()),
        ("lower_amount", pa.float64()),
        ("upper_amount", pa.float64()),
        ("predicted_orders", pa.float64()),
        ("purchase_probability", pa.float64()),
        ("tier", pa.string()),
        ("tier_vip_probability", pa.float64()),
        ("tier_regular_probability", pa.float64()),
        ("tier_potential_probability", pa.float64()),
        ("method", pa.string()),
        *_RUN_COLUMNS,
    ]
)


def score_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Score the chance that each customer buys nothing in the next H days.

    Parameters
    ----------
    cutoffs
        `int_customer_cutoffs`: keys, `f_*` features and labels a horizon.
    states
        `attention_states`: customer_no, cutoff_date, state list<float>; None or empty for features
        alone.
    settings
        Of the heads.
    previous
        The table as it stands; given back where code, data and settings are the same.
    progress
        Told what is done, a line at a time.

    Returns
    -------
    Columns of :data:`CHURN_SCHEMA`, by customer and horizon, for every customer with a purchase
    before the as-of date. A driver's effect is in log-odds, positive raises the risk. ``method`` is
    `fitted`, `extended_<h>d` or `own_rate` (then without drivers).
    """
    run = Run.start("churn", cutoffs, states, settings)
    kept = run.reusable(previous, CHURN_SCHEMA)
    if kept is not None:
        progress("churn: nothing new, the scores stand")
        return kept
    rows = read_cutoffs(cutoffs, states, settings.horizons)
    today = as_of_day(rows)
    if today is None:
        return CHURN_SCHEMA.empty_table()
    asked = rows.at([today])
    study = Study(rows, settings, memory_of(run.data_fingerprint))
    horizons = sorted(settings.horizons)

    def predict(horizon: int) -> SilencePrediction:
        return predict_silence(study, asked, today, horizon)

    predictions = side_by_side("churn", predict, horizons, settings, progress)
    metrics: dict[str, Any] = {}
    parts = []
    for horizon, prediction in zip(horizons, predictions, strict=True):
        metrics[f"{horizon}d"] = {
            "method": prediction.method,
            "customers": len(asked),
            "closed_cutoffs": len(study.closed(horizon)),
            "mean_probability": round(float(prediction.probability.mean()), 6),
            **_silence_facts(study, prediction, today),
        }
        warned = first_warnings(study, prediction, asked, today)
        parts.append(_churn_columns(asked, horizon, warned, prediction))
    made = _finish(run, CHURN_SCHEMA, parts, today, metrics)
    return _served(run, previous, made, settings, progress)


def score_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Score each customer's spend in the next H days, with interval, orders and tier.

    Arguments as in :func:`score_churn`.

    Returns
    -------
    Columns of :data:`VALUE_SCHEMA`, by customer and horizon; amounts in the currency of the data;
    ``tier`` is `VIP`, `regular` or `potential` and need not be the likeliest one (see
    :func:`footfall.heads.tiers.decide`).
    """
    run = Run.start("value", cutoffs, states, settings)
    kept = run.reusable(previous, VALUE_SCHEMA)
    if kept is not None:
        progress("value: nothing new, the scores stand")
        return kept
    rows = read_cutoffs(cutoffs, states, settings.horizons)
    today = as_of_day(rows)
    if today is None:
        return VALUE_SCHEMA.empty_table()
    asked = rows.at([today])
    study = Study(rows, settings, memory_of(run.data_fingerprint))
    horizons = sorted(settings.horizons)

    def predict(horizon: int) -> ValuePrediction:
        return predict_value(study, asked, today, horizon)

    predictions = side_by_side("value", predict, horizons, settings, progress)
    metrics: dict[str, Any] = {}
    parts = []
    for horizon, prediction in zip(horizons, predictions, strict=True):
        metrics[f"{horizon}d"] = {
            "method": prediction.method,
            "customers": len(asked),
            "closed_cutoffs": len(study.closed(horizon)),
            "mean_amount": round(float(prediction.amount.mean()), 6),
            **_value_facts(study, prediction, today),
        }
        parts.append(_value_columns(asked, horizon, prediction))
    made = _finish(run, VALUE_SCHEMA, parts, today, metrics)
    return _served(run, previous, made, settings, progress)


def _served(
    run: Run,
    previous: pa.Table | None,
    made: pa.Table,
    settings: HeadSettings,
    progress: Progress,
) -> pa.Table:
    """Return what is served: the new scores, or those in force where the new model is worse."""
    served, reason = run.kept_out(previous, made, settings.largest_skill_drop)
    if reason:
        progress(f"KEPT OUT, the scores in force stand: {reason}")
    return served


def side_by_side(
    score: str,
    task: Callable[[int], Result],
    horizons: list[int],
    settings: HeadSettings,
    progress: Progress,
) -> list[Result]:
    """Run a task for each horizon on the allowed threads; progress is told in order."""
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=settings.workers) as pool:
        for horizon, result in zip(horizons, pool.map(task, horizons), strict=True):
            progress(f"{score}: {horizon} days done ({len(results) + 1} of {len(horizons)})")
            results.append(result)
    return results


def _churn_columns(
    asked: CutoffRows,
    horizon: int,
    first_warning: FloatArray,
    prediction: SilencePrediction,
) -> dict[str, Any]:
    if prediction.model is None:
        nothing = pa.nulls(len(asked), pa.string())
        names: list[Any] = [nothing, nothing]
        effects: list[Any] = [pa.nulls(len(asked), pa.float64())] * 2
    else:
        names, strengths = strongest_ideas(*prediction.model.drivers(asked), count=2)
        effects = [strengths[:, 0], strengths[:, 1]]
    return {
        "customer_no": asked.customer_no,
        "horizon_days": constant(horizon, len(asked), pa.int32()),
        "probability": np.clip(prediction.probability, 0.0, 1.0),
        "silent_days": asked.features["f_recency_days"].astype(np.int32),
        "first_warning_date": pa.array(first_warning, from_pandas=True).cast(pa.int32()),
        "top_driver": names[0],
        "top_driver_effect": effects[0],
        "second_driver": names[1],
        "second_driver_effect": effects[1],
        "method": constant(prediction.method, len(asked), pa.string()),
    }


def _value_columns(asked: CutoffRows, horizon: int, prediction: ValuePrediction) -> dict[str, Any]:
    names = np.array(TIER_NAMES)[prediction.tier]
    return {
        "customer_no": asked.customer_no,
        "horizon_days": constant(horizon, len(asked), pa.int32()),
        "predicted_amount": prediction.amount,
        "lower_amount": prediction.lower,
        "upper_amount": prediction.upper,
        "predicted_orders": prediction.orders,
        "purchase_probability": np.clip(prediction.purchase_probability, 0.0, 1.0),
        "tier": names.tolist(),
        "tier_vip_probability": prediction.tier_probability[:, VIP],
        "tier_regular_probability": prediction.tier_probability[:, REGULAR],
        "tier_potential_probability": prediction.tier_probability[:, POTENTIAL],
        "method": constant(prediction.method, len(asked), pa.string()),
    }


def _silence_facts(study: Study, prediction: SilencePrediction, today: int) -> dict[str, Any]:
    model = prediction.model
    if model is None:
        return {}
    return {
        "blend": dict(zip(("regression", "trees", "bg_nbd"), model.blend.tolist(), strict=True)),
        "calibration_slope": round(model.scaling.slope, 6),
        "calibration_intercept": round(model.scaling.intercept, 6),
        "uses_encoder_state": model.uses_state,
        "skill": churn.out_of_time_skill(study, model, today, model.members.space.horizon),
        "score_psi": _score_drift(study, model.probability, today, model.members.space.horizon),
    }


def _value_facts(study: Study, prediction: ValuePrediction, today: int) -> dict[str, Any]:
    model = prediction.model
    if model is None:
        return {}
    return {
        "blend": dict(zip(value.MEMBERS, model.weights.round(4).tolist(), strict=True)),
        "vip_threshold": round(model.members.tiers.threshold, 6),
        "largest_amount": round(model.members.cap, 6),
        "uses_encoder_state": model.uses_state,
        "skill": value.out_of_time_skill(study, model, today, model.members.space.horizon),
        "score_psi": _score_drift(study, model.amount, today, model.members.space.horizon),
    }


def _score_drift(
    study: Study, score: Callable[[CutoffRows], FloatArray], today: int, horizon: int
) -> float | None:
    """Return how far the score has moved between the newest training cut-off and now."""
    then = study.asked(study.learnt(horizon, today)[-1])
    return calibration_tenths.stability_index(score(then), score(study.asked(today)))


def _finish(
    run: Run, schema: pa.Schema, parts: list[dict[str, Any]], today: int, metrics: dict[str, Any]
) -> pa.Table:
    metadata = run.metadata(today, metrics)
    tables = []
    for columns in parts:
        count = len(columns["customer_no"])
        columns["run_id"] = constant(run.run_id, count, pa.string())
        columns["cutoff_date"] = constant(day_to_date(today), count, pa.date32())
        columns["run_metadata"] = constant(metadata, count, pa.string())
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables)
