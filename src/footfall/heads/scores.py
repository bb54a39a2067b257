"""Churn and value scores as Arrow tables, one row a customer and horizon, by stored heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray
from footfall.core.progress import Progress
from footfall.evaluation import calibration as calibration_tenths
from footfall.heads.cutoffs.rows import CutoffRows, as_of_day, read_cutoffs
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.source import CutoffSource, Wanted
from footfall.heads.cutoffs.study import Study
from footfall.heads.early_warning import first_warnings
from footfall.heads.predictions import (
    SilencePrediction,
    ValuePrediction,
    predict_silences,
    predict_values,
)
from footfall.heads.runs import constant, day_to_date
from footfall.heads.stored import StoredHeads, load_heads
from footfall.heads.tiers import POTENTIAL, REGULAR, TIER_NAMES, VIP

#: Customers whose past is in memory at the same time.
_CUSTOMERS_AT_ONCE = 20_000
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
    stored: pa.Table, source: CutoffSource, *, settings: HeadSettings, progress: Progress
) -> pa.Table:
    """Score the chance that each customer buys nothing in the next H days.

    Nothing is fitted: the stored heads are applied to customers as they are known now.

    Parameters
    ----------
    stored
        `churn_heads`, the rows that :func:`footfall.heads.training.train_churn` returned.
    source
        Customers at cut-offs. Everybody is read at the as-of date; of the past only those who
        are warned of.
    settings
        Of the heads.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`CHURN_SCHEMA`, by customer and horizon, for every customer with a purchase
    before the as-of date. ``method`` is `fitted`, `extended_<h>d`, `shortened_<h>d` or `own_rate`.
    """
    asked = asked_of(source, settings)
    if len(asked) == 0:
        return CHURN_SCHEMA.empty_table()
    heads, today = load_heads(stored), int(asked.day[0])
    horizons = horizons_of(heads, settings)
    predictions = predict_silences(heads.silences, asked, max(horizons))
    metrics: dict[str, dict[str, Any]] = {}
    parts = []
    for horizon in horizons:
        prediction = predictions[horizon]
        metrics[f"{horizon}d"] = {
            "method": prediction.method,
            "customers": len(asked),
            "mean_probability": round(float(prediction.probability.mean()), 6),
        }
        if prediction.model is not None:
            used = prediction.model.members.space.horizon
            sample = prediction.model.probability(_sample(asked, settings))
            metrics[f"{horizon}d"] |= _model_facts(heads, used, horizon, sample)
        warned = _warnings(prediction, asked, source, settings)
        parts.append(_churn_columns(asked, horizon, warned, prediction))
    progress(f"churn: {len(asked)} customers scored by {heads.run['run_id']}")
    return _finish(heads, CHURN_SCHEMA, parts, today, metrics)


def score_value(
    stored: pa.Table, source: CutoffSource, *, settings: HeadSettings, progress: Progress
) -> pa.Table:
    """Score each customer's spend in the next H days, with interval, orders and tier.

    Arguments as in :func:`score_churn`, ``stored`` being `value_heads`.

    Returns
    -------
    Columns of :data:`VALUE_SCHEMA`, by customer and horizon; amounts in the currency of the data;
    ``tier`` is `VIP`, `regular` or `potential` and is not always the likeliest one (see
    :func:`footfall.heads.tiers.decide`).
    """
    asked = asked_of(source, settings)
    if len(asked) == 0:
        return VALUE_SCHEMA.empty_table()
    heads, today = load_heads(stored), int(asked.day[0])
    horizons = horizons_of(heads, settings)
    predictions = predict_values(heads.silences, heads.values, asked, max(horizons), settings)
    metrics: dict[str, dict[str, Any]] = {}
    parts = []
    for horizon in horizons:
        prediction = predictions[horizon]
        metrics[f"{horizon}d"] = {
            "method": prediction.method,
            "customers": len(asked),
            "mean_amount": round(float(prediction.amount.mean()), 6),
        }
        if prediction.model is not None:
            used = prediction.model.members.space.horizon
            sample = prediction.model.amount(_sample(asked, settings))
            metrics[f"{horizon}d"] |= _model_facts(heads, used, horizon, sample)
        parts.append(_value_columns(asked, horizon, prediction))
    progress(f"value: {len(asked)} customers scored by {heads.run['run_id']}")
    return _finish(heads, VALUE_SCHEMA, parts, today, metrics)


def _warnings(
    prediction: SilencePrediction, asked: CutoffRows, source: CutoffSource, settings: HeadSettings
) -> FloatArray:
    """Return first warnings; of the past only those are read who are warned of, some at a time."""
    today, threshold = int(asked.day[0]), settings.warning_probability
    first = np.full(len(asked), np.nan)
    warned = np.flatnonzero(prediction.probability >= threshold)
    for start in range(0, len(warned), _CUSTOMERS_AT_ONCE):
        some = warned[start : start + _CUSTOMERS_AT_ONCE]
        wanted = Wanted(sampled_every=1, customers=asked.customer_no[some])
        before = read_cutoffs(*source.read(wanted), settings.horizons)
        chances = replace(prediction, probability=prediction.probability[some])
        first[some] = first_warnings(chances, asked.take(some), today, before, threshold)
    return first


def asked_of(source: CutoffSource, settings: HeadSettings) -> CutoffRows:
    """Return the customers at the as-of date."""
    rows = read_cutoffs(*source.read(Wanted(as_of=True)), settings.horizons)
    today = as_of_day(rows)
    return rows if today is None else rows.at([today])


def horizons_of(heads: StoredHeads, settings: HeadSettings) -> list[int]:
    """Return the horizons that are scored, ascending.

    Raises
    ------
    ValueError
        When a horizon has no stored head; it names it.
    """
    horizons = sorted(settings.horizons)
    missing = [horizon for horizon in horizons if horizon not in heads.heads]
    if missing:
        score, run_id = heads.run["score"], heads.run["run_id"]
        raise ValueError(
            f"there is no stored head of {missing[0]} days in the run {run_id}, which has "
            f"{', '.join(map(str, sorted(heads.heads)))}: build {score}_heads first"
        )
    return horizons


def _sample(asked: CutoffRows, settings: HeadSettings) -> CutoffRows:
    """Return as many customers as the reference of drift was taken from."""
    return Study(asked, settings).asked(int(asked.day[0]))


def _model_facts(heads: StoredHeads, used: int, horizon: int, now: FloatArray) -> Mapping[str, Any]:
    """Return what is known of the head that was used for a horizon, and how far scores moved."""
    known = {k: v for k, v in heads.facts[used].metrics.items() if k != "closed_cutoffs"}
    drift = calibration_tenths.stability_index(heads.heads[used].reference, now)
    return {**(known if used != horizon else {}), "score_psi": drift}


def _churn_columns(
    asked: CutoffRows,
    horizon: int,
    first_warning: FloatArray,
    prediction: SilencePrediction,
) -> dict[str, Any]:
    return {
        "customer_no": asked.customer_no,
        "horizon_days": constant(horizon, len(asked), pa.int32()),
        "probability": np.clip(prediction.probability, 0.0, 1.0),
        "silent_days": asked.features["f_recency_days"].astype(np.int32),
        "first_warning_date": pa.array(first_warning, from_pandas=True).cast(pa.int32()),
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


def _finish(
    heads: StoredHeads,
    schema: pa.Schema,
    parts: list[dict[str, Any]],
    today: int,
    metrics: Mapping[str, Mapping[str, Any]],
) -> pa.Table:
    metadata, run_id = heads.metadata(metrics), heads.run["run_id"]
    tables = []
    for columns in parts:
        count = len(columns["customer_no"])
        columns["run_id"] = constant(run_id, count, pa.string())
        columns["cutoff_date"] = constant(day_to_date(today), count, pa.date32())
        columns["run_metadata"] = constant(metadata, count, pa.string())
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables)
