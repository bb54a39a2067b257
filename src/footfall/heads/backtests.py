"""Rolling-origin back-tests of churn, value and tiers beside their baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from footfall import baselines, evaluation
from footfall.evaluation import Measured
from footfall.heads import intent
from footfall.heads.churn import silence_labels
from footfall.heads.features import purchase_days
from footfall.heads.notice import days_of_notice
from footfall.heads.predictions import predict_silence, predict_value
from footfall.heads.runs import Run, day_to_date
from footfall.heads.scores import Progress, side_by_side
from footfall.heads.settings import HeadSettings
from footfall.heads.study import Study, memory_of
from footfall.heads.tables import CutoffRows, FloatArray, read_cutoffs
from footfall.heads.tiers import tier_of

#: What is served, and the same with the encoder's state left out or always taken in.
OURS = "attention_scorer"
STATE_CHOICES: Mapping[str, bool | None] = {
    OURS: None,
    "features_only": False,
    "features_and_state": True,
}
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
        ("bin", pa.int32()),
        ("predicted", pa.float64()),
        ("run_id", pa.string()),
        ("run_metadata", pa.string()),
    ]
)
_LEADS = {
    "churn": ("auc", "brier"),
    "value": ("mae", "rmse", "gini"),
    "tier": ("macro_f1",),
    "intent": ("auc", "brier"),
}
#: What anybody could do without a model; a gate compares with the best of these.
TRIVIAL = frozenset({"constant", "recency", "frequency", "last_window_spend", "furthest_stage"})


@dataclass(frozen=True)
class _Trial:
    """A horizon at a test cut-off; the latest is resampled most, for gates look at it."""

    horizon: int
    day: int
    is_latest: bool


def backtest_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the churn score on the last closed cut-offs, learning from those closed before them.

    Arguments as in :func:`footfall.heads.scores.score_churn`; ``tested_horizons`` are those that
    are tested (all of the settings unless given), the others only help where these cannot be
    learnt.

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
    return _tested(run, cutoffs, states, settings, tested_horizons, progress, _churn_trial)


def backtest_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test amounts (score `value`) and tiers (score `tier`) as :func:`backtest_churn` does."""
    run = Run.start("backtest_value", cutoffs, states, settings)
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of value: nothing new, the figures stand")
        return kept
    return _tested(run, cutoffs, states, settings, tested_horizons, progress, _value_trial)


def backtest_intent(
    prefixes: pa.Table,
    states: pa.Table | None = None,
    *,
    settings: HeadSettings,
    test_days: int = 28,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test purchase intent on the latest sessions whose outcome is known (score `intent`).

    The population is `in session` or `7 days`, then the prefix length, such as `in session, after
    3 events`; ``horizon_days`` is 0 for the session and 7 for the week.
    """
    run = Run.start("backtest_intent", prefixes, states, settings, extra=f"test_days={test_days}")
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of intent: nothing new, the figures stand")
        return kept
    found: list[dict[str, Any]] = []
    for target, length, day, labels, models in intent.intent_trials(
        prefixes, states, settings, test_days
    ):
        window = "in session" if target == "buys_in_session" else "7 days"
        shared = {
            "score": "intent",
            "population": f"{window}, after {length} event{'s' if length > 1 else ''}",
            "horizon_days": 0 if target == "buys_in_session" else 7,
            "cutoff_date": day_to_date(day),
        }
        measured = evaluation.measure(
            intent.intent_metrics(),
            labels,
            models,
            replicates=settings.bootstrap_replicates // 2,
            seed=settings.seed,
        )
        found += _result_rows(shared, measured | _leads(measured, _LEADS["intent"]), len(labels))
        found += _tenth_rows(shared, labels, models, is_probability=True)
        progress(f"back-test of intent: {shared['population']} done")
    return _finish(run, [found])


def _tested(
    run: Run,
    cutoffs: pa.Table,
    states: pa.Table | None,
    settings: HeadSettings,
    tested_horizons: tuple[int, ...] | None,
    progress: Progress,
    judge: Callable[[Study, _Trial], list[dict[str, Any]]],
) -> pa.Table:
    rows = read_cutoffs(cutoffs, states, settings.horizons)
    study = Study(rows, settings, memory_of(run.data_fingerprint))

    def test(horizon: int) -> list[dict[str, Any]]:
        return [row for trial in _trials(study, horizon) for row in judge(study, trial)]

    horizons = sorted(tested_horizons or settings.horizons)
    name = run.score.replace("backtest_", "back-test of ")
    return _finish(run, side_by_side(name, test, horizons, settings, progress))


def _trials(study: Study, horizon: int) -> list[_Trial]:
    closed = study.closed(horizon)
    found = []
    for day in closed[len(closed) - study.settings.backtest_cutoffs :]:
        if study.learnt(horizon, day) and int((study.rows.day == day).sum()) >= FEWEST_TESTED:
            found.append(_Trial(horizon, day, day == closed[-1]))
    return found


def _churn_trial(study: Study, trial: _Trial) -> list[dict[str, Any]]:
    horizon, settings = trial.horizon, study.settings
    tested = study.rows.at([trial.day])
    predicted = {
        name: predict_silence(study, tested, trial.day, horizon, state=state)
        for name, state in _state_choices(study.rows).items()
    }
    ours = predicted[OURS]
    if ours.method != "fitted" or ours.model is None:
        return []
    models = {name: prediction.probability for name, prediction in predicted.items()}
    train = study.training(horizon, trial.day)
    models |= baselines.churn_baselines(
        train, tested, silence_labels(train, horizon), study, horizon, trial.day
    )
    labels = silence_labels(tested, horizon)
    found = _measured_rows(
        "churn", trial, tested, evaluation.probability_metrics(), labels, models, settings
    )
    notice, lapsing = days_of_notice(study, ours, tested, trial.day, horizon)
    found += _measured_rows(
        "churn",
        trial,
        tested.take(lapsing),
        {"warned_share": _share_known, "notice_days": _mean_known},
        labels[lapsing],
        {OURS: notice[lapsing]},
        settings,
    )
    return found + _calibration_rows("churn", trial, labels, models)


def _value_trial(study: Study, trial: _Trial) -> list[dict[str, Any]]:
    horizon, settings = trial.horizon, study.settings
    tested = study.rows.at([trial.day])
    predicted = {
        name: predict_value(study, tested, trial.day, horizon, state=state)
        for name, state in _state_choices(study.rows).items()
    }
    ours = predicted[OURS]
    if ours.method != "fitted" or ours.model is None:
        return []
    train = study.training(horizon, trial.day)
    spend, threshold = train.spend[horizon], ours.model.members.tiers.threshold
    actual = tested.spend[horizon]
    amounts = {name: prediction.amount for name, prediction in predicted.items()}
    amounts |= baselines.value_baselines(train, tested, spend, study, horizon, trial.day)
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
    tiers = tier_of(actual, threshold)
    named = {name: prediction.tier for name, prediction in predicted.items()}
    named |= baselines.tier_baselines(
        train, tested, tier_of(spend, threshold), threshold, study, horizon
    )
    found += _measured_rows(
        "tier", trial, tested, evaluation.tier_metrics(), tiers, named, settings
    )
    return found + _calibration_rows("value", trial, actual, amounts)


def _state_choices(rows: CutoffRows) -> Mapping[str, bool | None]:
    """Return the models of ours by name; without states there is nothing to leave out."""
    if rows.states.shape[1]:
        return STATE_CHOICES
    return {OURS: None, "features_only": False}


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
            replicates=settings.bootstrap_replicates // (1 if trial.is_latest else 4),
            seed=settings.seed,
        )
        measured |= _leads(measured, _LEADS[score])
        shared = {**_of_trial(score, trial), "population": population}
        found += _result_rows(shared, measured, count)
    return found


def _of_trial(score: str, trial: _Trial) -> dict[str, Any]:
    return {
        "score": score,
        "horizon_days": trial.horizon,
        "cutoff_date": day_to_date(trial.day),
    }


def _result_rows(
    shared: Mapping[str, Any], measured: Mapping[tuple[str, str], Measured], count: int
) -> list[dict[str, Any]]:
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


def _calibration_rows(
    score: str, trial: _Trial, actual: FloatArray, models: Mapping[str, FloatArray]
) -> list[dict[str, Any]]:
    shared = {**_of_trial(score, trial), "population": "all"}
    return _tenth_rows(shared, actual, models, is_probability=score == "churn")


def _tenth_rows(
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
        for tenth in evaluation.calibration_tenths(actual, predicted, is_probability=is_probability)
    ]


def _share_known(_: FloatArray, notice: FloatArray, weights: FloatArray) -> FloatArray:
    share: FloatArray = weights @ np.isfinite(notice).astype(np.float64) / weights.sum(axis=1)
    return share


def _mean_known(_: FloatArray, notice: FloatArray, weights: FloatArray) -> FloatArray:
    known = np.isfinite(notice).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = weights @ np.nan_to_num(notice) / (weights @ known)
    return mean


def _leads(
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
        sign = 1.0 if metric in evaluation.LARGER_IS_BETTER else -1.0
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


def _finish(run: Run, tested: list[list[dict[str, Any]]]) -> pa.Table:
    found = [row for rows in tested for row in rows]
    if not found:
        return BACKTEST_SCHEMA.empty_table()
    headline = {
        f"{row['score']}_{row['horizon_days']}d_{row['cutoff_date']}_{row['metric']}": row["value"]
        for row in found
        if row["model"] == OURS and row["population"] == "all" and row.get("bin") is None
    }
    latest = max(row["cutoff_date"] for row in found)
    metadata = run.metadata((latest - day_to_date(0)).days, headline)
    for row in found:
        row["run_id"], row["run_metadata"] = run.run_id, metadata
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)
