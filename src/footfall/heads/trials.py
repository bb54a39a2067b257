"""One horizon at one test cut-off: our models and the baselines on the same customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from footfall.core.arrays import Array, BoolArray, FloatArray
from footfall.evaluation import bootstrap as evaluation
from footfall.evaluation.leads import LEADS, OURS, leads
from footfall.evaluation.score_metrics import amount_metrics, probability_metrics, tier_metrics
from footfall.heads import baselines
from footfall.heads.churn import silence_labels
from footfall.heads.cutoffs.digests import CutoffDigests
from footfall.heads.cutoffs.features import purchase_days
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.study import Study
from footfall.heads.deletions import deleted, measure_deletions
from footfall.heads.drivers import Effects
from footfall.heads.early_warning import days_of_notice
from footfall.heads.predictions import (
    predict_silences,
    predict_values,
    silence_models,
    value_models,
)
from footfall.heads.result_rows import STATE_CHOICES, prediction_rows, result_rows, tenth_rows
from footfall.heads.runs import day_to_date
from footfall.heads.tiers import tier_of

FEWEST_TESTED = 30


@dataclass(frozen=True)
class Trial:
    """A horizon at a test cut-off; the latest is resampled most, for gates look at it."""

    horizon: int
    day: int
    is_latest: bool


def trials(digests: CutoffDigests, horizon: int, most: int) -> list[Trial]:
    """Return the ``most`` newest test cut-offs that have a past to learn from and customers."""
    closed = digests.closed(horizon)
    # Counted from the start: where fewer have closed than are asked for, all of them are tested.
    return [
        Trial(horizon, day, day == closed[-1])
        for day in closed[max(len(closed) - most, 0) :]
        if digests.learnt(horizon, day) and digests.sizes[day] >= FEWEST_TESTED
    ]


def churn_trial(study: Study, trial: Trial) -> list[dict[str, Any]]:
    """Rows of the churn score at one trial; none where nothing could be fitted."""
    horizon, settings = trial.horizon, study.settings
    tested = study.rows.at([trial.day])
    predicted = {
        name: predict_silences(
            silence_models(study, trial.day, horizon, state=state), tested, horizon
        )[horizon]
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
    found = _measured_rows("churn", trial, tested, probability_metrics(), labels, models, settings)
    found += _deletion_rows("churn", trial, tested, labels, ours.model.effects(tested), settings)
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
    found += _prediction_rows("churn", trial, tested, labels, ours.probability)
    return found + _calibration_rows("churn", trial, labels, models)


def value_trial(study: Study, trial: Trial) -> list[dict[str, Any]]:
    """Rows of amounts and tiers at one trial; none where nothing could be fitted."""
    horizon, settings = trial.horizon, study.settings
    tested = study.rows.at([trial.day])
    predicted = {
        name: predict_values(
            silence_models(study, trial.day, horizon, state=state),
            value_models(study, trial.day, horizon, state=state),
            tested,
            horizon,
            settings,
        )[horizon]
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
    found = _measured_rows("value", trial, tested, amount_metrics(), actual, amounts, settings)
    found += _deletion_rows("value", trial, tested, actual, ours.model.effects(tested), settings)
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
    found += _measured_rows("tier", trial, tested, tier_metrics(), tiers, named, settings)
    found += _prediction_rows("value", trial, tested, actual, ours.amount)
    return found + _calibration_rows("value", trial, actual, amounts)


def _state_choices(rows: CutoffRows) -> Mapping[str, bool | None]:
    """Return the models of ours by name; without states there is nothing to leave out."""
    if rows.states.shape[1]:
        return STATE_CHOICES
    return {OURS: None, "features_only": False}


def _deletion_rows(
    score: str,
    trial: Trial,
    tested: CutoffRows,
    actual: FloatArray,
    effects: Effects,
    settings: HeadSettings,
) -> list[dict[str, Any]]:
    """Rows of what is left of the leading metric without the first idea, and without another."""
    name, metric = "auc", probability_metrics()["auc"]
    if score == "value":
        name, metric = "gini", amount_metrics()["gini"]
    left, found = deleted(effects, settings.seed), []
    for population, members in _populations(tested):
        measured = measure_deletions(
            name,
            metric,
            actual[members],
            {idea: scores[members] for idea, scores in left.items()},
            replicates=settings.bootstrap_replicates // (1 if trial.is_latest else 4),
            seed=settings.seed,
            # Explanations are judged on all customers of the latest trial.
            resamples_lots=trial.is_latest and population == "all",
        )
        shared = {**_of_trial(score, trial), "population": population}
        found += result_rows(shared, measured, int(members.sum()))
    return found


def _measured_rows(
    score: str,
    trial: Trial,
    tested: CutoffRows,
    metrics: Mapping[str, Any],
    actual: Array,
    models: Mapping[str, Array],
    settings: HeadSettings,
) -> list[dict[str, Any]]:
    found = []
    for population, members in _populations(tested):
        measured = evaluation.measure(
            metrics,
            actual[members],
            {name: predicted[members] for name, predicted in models.items()},
            replicates=settings.bootstrap_replicates // (1 if trial.is_latest else 4),
            seed=settings.seed,
        )
        measured |= leads(measured, LEADS[score])
        shared = {**_of_trial(score, trial), "population": population}
        found += result_rows(shared, measured, int(members.sum()))
    return found


def _populations(tested: CutoffRows) -> Iterator[tuple[str, BoolArray]]:
    """Yield names of those who are judged together and who is among them, if they are enough."""
    every = {"all": np.ones(len(tested), dtype=bool), "repeat": purchase_days(tested) > 1}
    for population, members in every.items():
        if members.sum() >= FEWEST_TESTED:
            yield population, members


def _calibration_rows(
    score: str, trial: Trial, actual: FloatArray, models: Mapping[str, FloatArray]
) -> list[dict[str, Any]]:
    shared = {**_of_trial(score, trial), "population": "all"}
    return tenth_rows(shared, actual, models, is_probability=score == "churn")


def _prediction_rows(
    score: str, trial: Trial, tested: CutoffRows, actual: FloatArray, predicted: FloatArray
) -> list[dict[str, Any]]:
    """Return the rows that groups of customers are compared on; of the latest trial alone."""
    if not trial.is_latest:
        return []
    shared = {**_of_trial(score, trial), "population": "all"}
    return prediction_rows(shared, tested.customer_no, actual, predicted)


def _of_trial(score: str, trial: Trial) -> dict[str, Any]:
    return {
        "score": score,
        "horizon_days": trial.horizon,
        "cutoff_date": day_to_date(trial.day),
    }


def _share_known(_: FloatArray, notice: FloatArray, weights: FloatArray) -> FloatArray:
    share: FloatArray = weights @ np.isfinite(notice).astype(np.float64) / weights.sum(axis=1)
    return share


def _mean_known(_: FloatArray, notice: FloatArray, weights: FloatArray) -> FloatArray:
    known = np.isfinite(notice).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = weights @ np.nan_to_num(notice) / (weights @ known)
    return mean
