"""Rolling-origin back-tests of churn, value and tiers beside their baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from footfall import baselines, evaluation
from footfall.evaluation import Measured
from footfall.heads.churn import silence_labels
from footfall.heads.features import purchase_days
from footfall.heads.predictions import predict_silence, predict_value
from footfall.heads.runs import Run, day_to_date
from footfall.heads.scores import Progress, side_by_side
from footfall.heads.settings import HeadSettings
from footfall.heads.tables import (
    CutoffRows,
    FloatArray,
    closed_days,
    read_cutoffs,
    training_days,
    training_rows,
)
from footfall.heads.tiers import tier_of

OURS, WITHOUT_STATE = "attention_scorer", "features_only"
FEWEST_TESTED = 30

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
        ("run_id", pa.string()),
        ("run_metadata", pa.string()),
    ]
)
_LEADS = {"churn": ("auc", "brier"), "value": ("mae", "rmse", "gini"), "tier": ("macro_f1",)}


@dataclass(frozen=True)
class _Trial:
    """A horizon at a test cut-off: its training days and its tested rows."""

    horizon: int
    day: int
    learnt: list[int]


def backtest_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the churn score on the last closed cut-offs, learning from those closed before them.

    Arguments as in :func:`footfall.heads.scores.score_churn`.

    Returns:
        Columns of :data:`BACKTEST_SCHEMA`: a row a horizon, test cut-off, population (`all`,
        `repeat`), model and metric, with 95 % bootstrap intervals over customers. A metric
        `<metric>_lead` is how much better a model of ours is than the best baseline on the
        same rows. Horizons without a cut-off to learn from and one to test have no rows.
    """
    run = Run.start("backtest_churn", cutoffs, states, settings)
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of churn: nothing new, the figures stand")
        return kept
    rows = read_cutoffs(cutoffs, states, settings.horizons)

    def test(horizon: int) -> list[dict[str, Any]]:
        return [
            row
            for trial in _trials(rows, horizon, settings)
            for row in _churn_trial(rows, trial, settings)
        ]

    tested = side_by_side("back-test of churn", test, sorted(settings.horizons), settings, progress)
    return _finish(run, tested)


def backtest_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test amounts (score `value`) and tiers (score `tier`) as :func:`backtest_churn` does."""
    run = Run.start("backtest_value", cutoffs, states, settings)
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of value: nothing new, the figures stand")
        return kept
    rows = read_cutoffs(cutoffs, states, settings.horizons)

    def test(horizon: int) -> list[dict[str, Any]]:
        return [
            row
            for trial in _trials(rows, horizon, settings)
            for row in _value_trial(rows, trial, settings)
        ]

    tested = side_by_side("back-test of value", test, sorted(settings.horizons), settings, progress)
    return _finish(run, tested)


def _trials(rows: CutoffRows, horizon: int, settings: HeadSettings) -> list[_Trial]:
    closed = closed_days(rows, horizon)
    found = []
    for day in closed[len(closed) - settings.backtest_cutoffs :]:
        learnt = training_days(closed, horizon, day)
        if learnt and int((rows.day == day).sum()) >= FEWEST_TESTED:
            found.append(_Trial(horizon, day, learnt))
    return found


def _churn_trial(rows: CutoffRows, trial: _Trial, settings: HeadSettings) -> list[dict[str, Any]]:
    horizon = trial.horizon
    tested = rows.at([trial.day])
    ours = predict_silence(rows, tested, trial.day, horizon, settings)
    if ours.method != "fitted" or ours.model is None:
        return []
    plain = ours
    if np.isfinite(ours.model.state_penalty):
        bare = rows.without_states()
        plain = predict_silence(bare, bare.at([trial.day]), trial.day, horizon, settings)
    train = training_rows(rows, trial.learnt, settings.max_training_rows, settings.seed)
    others = baselines.churn_baselines(
        train, tested, silence_labels(train, horizon), horizon, settings
    )
    models = {OURS: ours.probability, WITHOUT_STATE: plain.probability, **others}
    labels = silence_labels(tested, horizon)
    return _measured_rows(
        "churn", trial, tested, evaluation.probability_metrics(), labels, models, settings
    )


def _value_trial(rows: CutoffRows, trial: _Trial, settings: HeadSettings) -> list[dict[str, Any]]:
    horizon = trial.horizon
    tested = rows.at([trial.day])
    ours = predict_value(rows, tested, trial.day, horizon, settings)
    if ours.method != "fitted" or ours.model is None:
        return []
    plain = ours
    if rows.states.shape[1]:
        bare = rows.without_states()
        plain = predict_value(bare, bare.at([trial.day]), trial.day, horizon, settings)
    train = training_rows(rows, trial.learnt, settings.max_training_rows, settings.seed)
    spend, threshold = train.spend[horizon], ours.model.tiers.threshold
    actual = tested.spend[horizon]
    amounts = {
        OURS: ours.amount,
        WITHOUT_STATE: plain.amount,
        **baselines.value_baselines(train, tested, spend, horizon, settings),
    }
    found = _measured_rows(
        "value", trial, tested, evaluation.amount_metrics(), actual, amounts, settings
    )
    inside = ((actual >= ours.lower) & (actual <= ours.upper)).astype(np.float64)
    found += _measured_rows(
        "value",
        trial,
        tested,
        {"interval_coverage": lambda _, covered, w: w @ covered / w.sum(axis=1)},
        actual,
        {OURS: inside},
        settings,
    )
    named = {
        OURS: ours.tier,
        WITHOUT_STATE: plain.tier,
        **baselines.tier_baselines(
            train, tested, tier_of(spend, threshold), threshold, horizon, settings
        ),
    }
    tiers = tier_of(actual, threshold)
    found += _measured_rows(
        "tier", trial, tested, evaluation.tier_metrics(), tiers, named, settings
    )
    return found


def _measured_rows(
    score: str,
    trial: _Trial,
    tested: CutoffRows,
    metrics: Mapping[str, Any],
    actual: npt.NDArray[Any],
    models: Mapping[str, npt.NDArray[Any]],
    settings: HeadSettings,
) -> list[dict[str, Any]]:
    populations = {"all": np.ones(len(tested), dtype=bool), "repeat": purchase_days(tested) > 1}
    found = []
    for population, members in populations.items():
        count = int(members.sum())
        if count < FEWEST_TESTED:
            continue
        measured = evaluation.measure(
            metrics,
            actual[members],
            {name: predicted[members] for name, predicted in models.items()},
            replicates=settings.bootstrap_replicates,
            seed=settings.seed,
        )
        measured |= _leads(measured, _LEADS[score])
        found += [
            {
                "score": score,
                "population": population,
                "horizon_days": trial.horizon,
                "cutoff_date": day_to_date(trial.day),
                "model": model,
                "is_baseline": model not in (OURS, WITHOUT_STATE),
                "metric": metric,
                "value": _known(result.value),
                "lower_bound": _known(result.lower),
                "upper_bound": _known(result.upper),
                "customer_count": count,
            }
            for (model, metric), result in measured.items()
        ]
    return found


def _leads(
    measured: Mapping[tuple[str, str], Measured], metrics: tuple[str, ...]
) -> dict[tuple[str, str], Measured]:
    """Return the paired lead of our models over the best baseline, a metric at a time."""
    found: dict[tuple[str, str], Measured] = {}
    for metric in metrics:
        rivals = [
            result
            for (model, name), result in measured.items()
            if name == metric and model not in (OURS, WITHOUT_STATE) and np.isfinite(result.value)
        ]
        if not rivals:
            continue
        sign = 1.0 if metric in evaluation.LARGER_IS_BETTER else -1.0
        best = max(rivals, key=lambda result: sign * result.value)
        for model in (OURS, WITHOUT_STATE):
            found[model, f"{metric}_lead"] = evaluation.paired_lead(
                measured[model, metric], best, metric
            )
    return found


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _finish(run: Run, tested: list[list[dict[str, Any]]]) -> pa.Table:
    found = [row for rows in tested for row in rows]
    if not found:
        return BACKTEST_SCHEMA.empty_table()
    headline = {
        f"{row['score']}_{row['horizon_days']}d_{row['cutoff_date']}_{row['metric']}": row["value"]
        for row in found
        if row["model"] == OURS and row["population"] == "all"
    }
    latest = max(row["cutoff_date"] for row in found)
    metadata = run.metadata((latest - day_to_date(0)).days, headline)
    for row in found:
        row["run_id"], row["run_metadata"] = run.run_id, metadata
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)


__all__ = ["BACKTEST_SCHEMA", "FloatArray", "backtest_churn", "backtest_value"]
