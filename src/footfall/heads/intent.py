"""Purchase intent: P(a purchase in this session) and within 7 days, as a session unfolds.

One model for each prefix length and target, fitted on the sessions before, so that each learns
from what a session looks like after so many events and nothing later. The score is the mean, in
log-odds, of a ridge logistic regression and boosted trees, calibrated on the latest sessions that
the models did not learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.evaluation import score_metrics
from footfall.evaluation.leads import OURS
from footfall.heads.cutoffs.features import signed_log
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.deletions import deleted
from footfall.heads.drivers import STATE, Effects, added
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.heads.learners.lightgbm_alone import lightgbm
from footfall.heads.learners.linear import fit_linear, sigmoid
from footfall.heads.prefixes import MICROSECONDS_A_DAY, TARGETS, Prefixes

#: Events after which explanations are judged, as the cards of models judge the score.
JUDGED_LENGTH = 3
_FEWEST_ROWS, _FEWEST_OF_A_KIND, _FEWEST_TESTED = 200, 20, 100
_PENALTY = 0.002
#: Of a split of the trees. Without it they read chance into a few thousand sessions: in the two
#: months before the test days of the simulated shop 3 has a higher AUC and less log loss than 0.
_SMALLEST_GAIN = 3.0
_HELD_OUT_SHARE = 0.25


@dataclass(frozen=True)
class IntentModel:
    """A calibrated mean, in log-odds, of a regression and trees over the columns of prefixes.

    Attributes
    ----------
    centre, scale
        Of the log columns, [columns].
    unknown_share
        Of the training rows, by column, [columns].
    intercept, slopes
        Of the regression over scaled columns, then marks of unknown values, [2 x columns].
    trees
        Over the columns as they are.
    scaling
        Calibration of the mean of both.
    uses_state
        Whether the encoder's state is among the columns.
    """

    centre: FloatArray
    scale: FloatArray
    unknown_share: FloatArray
    intercept: float
    slopes: FloatArray
    trees: Boosted
    scaling: PlattScaling
    uses_state: bool

    def link(self, raw: FloatArray) -> FloatArray:
        """Return uncalibrated log-odds, [rows]."""
        linear = self.intercept + _design(raw, self.centre, self.scale) @ self.slopes
        mean: FloatArray = 0.5 * (linear + self.trees.link(raw))
        return mean

    def probability(self, rows: Prefixes, asked: IntArray) -> FloatArray:
        """Return P(the purchase) of the asked prefixes, [asked]."""
        return sigmoid(self.log_odds(rows, asked))

    def log_odds(self, rows: Prefixes, asked: IntArray) -> FloatArray:
        """Return calibrated log-odds of the asked prefixes, [asked]."""
        return self.scaling.apply(self.link(rows.columns(uses_state=self.uses_state)[asked]))

    def effects(self, rows: Prefixes, asked: IntArray) -> Effects:
        """Return what adds up to :meth:`log_odds`, by idea, as a model of silence does."""
        raw = rows.columns(uses_state=self.uses_state)[asked]
        names = (*rows.names, *[STATE] * (raw.shape[1] - len(rows.names)))
        scores, marks = np.split(_design(raw, self.centre, self.scale), 2, axis=1)
        scored, marked = np.split(self.slopes, 2)
        base = self.intercept + float(marked @ self.unknown_share)
        linear = Effects(base, names, scores * scored + (marks - self.unknown_share) * marked)
        found, mean = self.trees.contributions(raw)
        half = 0.5 * self.scaling.slope
        moved = added([linear.by_idea(), Effects(mean, names, found).by_idea()]).times(half)
        return Effects(self.scaling.intercept + moved.base, moved.names, moved.moved)


@dataclass(frozen=True)
class IntentTrial:
    """One target and prefix length on the latest sessions whose outcome is known.

    Attributes
    ----------
    target
        Of :data:`TARGETS`.
    length
        Events so far.
    day
        That the tested sessions begin at, in days since 1970-01-01.
    labels
        1 or 0, [rows].
    visitor_no
        Whose each session is, [rows]; a visitor has several.
    models
        What each model predicts, by its name, [rows] each.
    without
        Log-odds of what is served without one idea: :func:`footfall.heads.deletions.deleted`.
    """

    target: str
    length: int
    day: int
    labels: FloatArray
    visitor_no: IntArray
    models: dict[str, FloatArray]
    without: dict[str, FloatArray]


def intent_trials(
    rows: Prefixes, target: str, cut: int, until: int, settings: HeadSettings
) -> list[IntentTrial]:
    """Return what every model predicted for the sessions of a test window, by prefix length.

    Parameters
    ----------
    rows
        Prefixes, none later than the window.
    target
        Of :data:`TARGETS`.
    cut, until
        First day of the window, and the day after its last, in days since 1970-01-01. Models
        learn from prefixes whose outcome was known when the window began.
    settings
        Of the heads.
    """
    start, end = cut * MICROSECONDS_A_DAY, until * MICROSECONDS_A_DAY
    labels = rows.labels(target)
    usable = np.isfinite(labels) & (rows.open_to_buy | (target != "buys_in_session"))
    trials = []
    for length in np.unique(rows.length):
        here = usable & (rows.length == length)
        tested = np.flatnonzero(here & (rows.at >= start) & (rows.at < end))
        learnt = np.flatnonzero(here & (rows.at < start - TARGETS[target] * MICROSECONDS_A_DAY))
        if len(tested) < _FEWEST_TESTED:
            continue
        fits, _ = fit_ways(rows, int(length), target, start, settings)
        if fits is None:
            continue
        fitted = {way: fits.with_all(way) for way in fits.scaling}
        told = {way: model.probability(rows, tested) for way, model in fitted.items()}
        without = deleted(fitted[fits.better].effects(rows, tested), settings.seed)
        models = {OURS: told[fits.better], "features_only": told[False]}
        if True in told:
            models["features_and_state"] = told[True]
        models |= _baselines(rows, learnt, labels[learnt], tested, settings.seed)
        who = rows.visitor_no[tested]
        trials.append(IntentTrial(target, int(length), cut, labels[tested], who, models, without))
    return trials


@dataclass(frozen=True)
class IntentFits:
    """What was learned of one target after so many events, with and without the encoder's state.

    Attributes
    ----------
    columns
        Of the prefixes to learn from by whether the state is among them, [rows, columns] each.
    labels
        1 or 0, [rows].
    scaling
        Calibration by whether the state is used, from sessions that the fit had not seen.
    better
        Whether these sessions are foreseen better with the state.
    seed
        Of the trees.
    """

    columns: Mapping[bool, FloatArray]
    labels: FloatArray
    scaling: Mapping[bool, PlattScaling]
    better: bool
    seed: int

    def with_all(self, uses_state: bool) -> IntentModel:
        """Fit on all prefixes, the latest included, with or without the state."""
        last = _fit(self.columns[uses_state], self.labels, self.seed)
        return replace(last, scaling=self.scaling[uses_state], uses_state=uses_state)


def fit_intent(
    rows: Prefixes, length: int, target: str, origin: int, settings: HeadSettings
) -> tuple[IntentModel | None, float]:
    """Fit on prefixes whose outcome was known at ``origin`` (microseconds).

    Whether the encoder's state is used, the held-out sessions decide.

    Returns
    -------
    The model, None where there is too little to learn from; and the rate of purchases, that of
    all lengths where no session has come so far.
    """
    fits, rate = fit_ways(rows, length, target, origin, settings)
    return (None if fits is None else fits.with_all(fits.better)), rate


def fit_ways(
    rows: Prefixes, length: int, target: str, origin: int, settings: HeadSettings
) -> tuple[IntentFits | None, float]:
    """Fit with and without the encoder's state, and hold both to the latest quarter of sessions.

    Returns
    -------
    What was learned, and the rate, as those of :func:`fit_intent`.
    """
    labels = rows.labels(target)
    known = np.isfinite(labels) & (rows.open_to_buy | (target != "buys_in_session"))
    known &= rows.at < origin - TARGETS[target] * MICROSECONDS_A_DAY
    usable = known & (rows.length == length)
    learnt = np.flatnonzero(usable)[-settings.max_training_rows :]
    y = labels[learnt]
    counted = y if len(y) else labels[known]
    rate = float((counted.sum() + 0.5) / (len(counted) + 10.0))
    if len(y) < _FEWEST_ROWS or min(y.sum(), len(y) - y.sum()) < _FEWEST_OF_A_KIND:
        return None, rate
    # The latest quarter chooses and calibrates fits of the rest; then everything is learnt from.
    split = int(len(learnt) * (1.0 - _HELD_OUT_SHARE))
    ways = [False, True] if rows.states.shape[1] else [False]
    columns = {way: rows.columns(uses_state=way)[learnt] for way in ways}
    scaling = dict.fromkeys(ways, PlattScaling())
    better = False
    if min(y[:split].sum(), split - y[:split].sum()) >= _FEWEST_OF_A_KIND:
        links = {
            way: _fit(columns[way][:split], y[:split], settings.seed).link(columns[way][split:])
            for way in ways
        }
        late = y[split:]
        signs = np.where(late > 0, -1.0, 1.0)
        better = min(ways, key=lambda way: np.logaddexp(0, signs * links[way]).mean())
        scaling = {
            way: fit_platt(links[way], late, slope_trust=0.5, level_trust=0.5) for way in ways
        }
    return IntentFits(columns, y, scaling, better, settings.seed), rate


def _fit(raw: FloatArray, labels: FloatArray, seed: int) -> IntentModel:
    logs = signed_log(raw)
    known = np.isfinite(logs)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, logs, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, logs - centre, 0.0) ** 2).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, 1.0)
    linear = fit_linear(_design(raw, centre, scale), labels, family="logistic", penalty=_PENALTY)
    trees = fit_boosted(raw, labels, objective="binary", seed=seed, smallest_gain=_SMALLEST_GAIN)
    return IntentModel(
        centre=centre,
        scale=scale,
        unknown_share=np.isnan(raw).mean(axis=0),
        intercept=linear.intercept,
        slopes=linear.slopes,
        trees=trees,
        scaling=PlattScaling(),
        uses_state=False,
    )


def _design(raw: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
    scores = np.clip(np.nan_to_num((signed_log(raw) - centre) / scale, nan=0.0), -5.0, 5.0)
    missing = np.isnan(raw).astype(np.float64)
    return np.column_stack([scores, missing])


def _baselines(
    rows: Prefixes, learnt: IntArray, labels: FloatArray, tested: IntArray, seed: int
) -> dict[str, FloatArray]:
    """Return the chances of each baseline: rates of what was learnt, and plain regressions."""
    stage = rows.raw[:, rows.names.index("f_furthest_stage")]
    overall = float(labels.mean())
    by_stage = np.full(len(tested), overall)
    for value in np.unique(stage[tested][np.isfinite(stage[tested])]):
        same = stage[learnt] == value
        by_stage[stage[tested] == value] = (labels[same].sum() + 10 * overall) / (same.sum() + 10)
    counts = [
        rows.names.index(name) for name in ("f_views", "f_carts", "f_checkouts", "f_furthest_stage")
    ]
    history = [i for i, name in enumerate(rows.names) if name.startswith(("f_past", "f_days"))]
    predicted = {"constant": np.full(len(tested), overall), "furthest_stage": by_stage}
    for name, chosen in (("logistic_counts", counts), ("recency_frequency", history)):
        x = np.nan_to_num(signed_log(rows.raw[:, chosen]), nan=0.0)
        centre, spread = x[learnt].mean(axis=0), x[learnt].std(axis=0)
        x = (x - centre) / np.where(spread > 1e-9, spread, 1.0)
        fit = fit_linear(x[learnt], labels, family="logistic", penalty=1e-4)
        predicted[name] = sigmoid(fit.link(x[tested]))
    parameters = {"objective": "binary", "seed": seed, "deterministic": True, "num_threads": 1,
                  "force_row_wise": True, "verbose": -1}  # fmt: skip
    booster = lightgbm.train(parameters, lightgbm.Dataset(rows.raw[learnt], labels), 100)
    predicted["lightgbm"] = np.asarray(booster.predict(rows.raw[tested], num_threads=1))
    return predicted


def intent_metrics() -> dict[str, Callable[..., FloatArray]]:
    """Return the metrics that intent is judged by."""
    every = score_metrics.probability_metrics()
    chosen = (
        "auc",
        "pr_auc",
        "brier",
        "log_loss",
        "ece",
        "precision_top_decile",
        "recall_top_decile",
    )
    return {name: every[name] for name in chosen}
