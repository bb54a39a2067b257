"""The chance of silence: P(no purchase in the next H days), and what moved it for each customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from footfall.heads.boosting import Boosted, fit_boosted
from footfall.heads.calibration import PlattScaling, fit_platt, one_error_choice
from footfall.heads.features import FeatureSpace, first_order_age, learn_space, purchase_days
from footfall.heads.linear import LinearFit, fit_linear, sigmoid
from footfall.heads.settings import HeadSettings
from footfall.heads.tables import (
    CutoffRows,
    FloatArray,
    customer_uniform,
    training_days,
    training_rows,
)

#: Fewest training rows, and fewest of each outcome, that a fitted model asks for.
FEWEST_ROWS = 60
FEWEST_OF_A_KIND = 10
#: A cut-off counts half as much for each of these days that it lies back.
WEIGHT_HALF_LIFE_DAYS = 90.0

_FEATURE_PENALTY = 0.008
_STATE_PENALTIES = (0.02, 0.1, 0.5)
_TREE_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Parts of the held-out correction of slope and level that are believed; chosen over 44 cut-offs
#: and horizons of three shops: full trust in the level helped the steady one and hurt the others.
_SLOPE_TRUST, _LEVEL_TRUST = 0.5, 0.25


@dataclass(frozen=True)
class SilenceModel:
    """A calibrated mean, in log-odds, of a ridge logistic regression and boosted trees.

    Attributes:
        space: feature names and scaling.
        linear: over features, then state components.
        trees: over raw features.
        tree_share: weight of the trees in the mean.
        scaling: calibration of the mean.
        state_penalty: penalty on the state's slopes, NaN where the state is not used.
    """

    space: FeatureSpace
    linear: LinearFit
    trees: Boosted
    tree_share: float
    scaling: PlattScaling
    state_penalty: float

    def log_odds(self, rows: CutoffRows) -> FloatArray:
        """Return calibrated log-odds of silence, float64 [rows]."""
        plain = self.linear.link(_joined_design(self.space, rows, self.state_penalty))
        return self.scaling.apply(self._mean(plain, self.trees.link(self.space.raw(rows))))

    def probability(self, rows: CutoffRows) -> FloatArray:
        """Return P(no purchase in the horizon), float64 [rows]."""
        return sigmoid(self.log_odds(rows))

    def drivers(self, rows: CutoffRows) -> tuple[tuple[str, ...], FloatArray]:
        """Return feature names and what each adds to the log-odds, float64 [rows, features].

        Exact: a linear term adds slope x distance from the mean, the trees add their Shapley
        values, and both are weighted and scaled as the score is. The encoder's state is one
        feature, `encoder_state`.
        """
        names = self.space.names
        own = self.linear.slopes[: len(self.space.columns)]
        terms = self.space.design(rows) * own
        linear = terms[:, : len(names)].copy()
        for column, name in enumerate(self.space.marked, start=len(names)):
            linear[:, names.index(name)] += terms[:, column]
        state = np.zeros(len(rows))
        if np.isfinite(self.state_penalty):
            state = self.space.state_design(rows) @ self.linear.slopes[len(self.space.columns) :]
        trees = self.trees.contributions(self.space.raw(rows))
        moved = np.column_stack([self._mean(linear, trees), (1.0 - self.tree_share) * state])
        return (*names, "encoder_state"), self.scaling.slope * moved

    def _mean(self, linear: FloatArray, trees: FloatArray) -> FloatArray:
        return (1.0 - self.tree_share) * linear + self.tree_share * trees


def silence_labels(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return 1.0 where a customer buys nothing in the horizon, else 0.0, float64 [rows]."""
    return (rows.orders[horizon] <= 0).astype(np.float64)


def recency_weights(rows: CutoffRows) -> FloatArray:
    """Return row weights that halve every 90 days before the latest cut-off, mean one."""
    weights = 0.5 ** ((rows.day.max() - rows.day) / WEIGHT_HALF_LIFE_DAYS)
    normalised: FloatArray = weights / weights.mean()
    return normalised


def fit_silence(
    rows: CutoffRows, days: Sequence[int], horizon: int, settings: HeadSettings
) -> SilenceModel | None:
    """Fit on the given closed cut-offs; choose weights and calibration on the latest of them.

    The choices are made on predictions for customers that a model did not learn from: at the
    latest cut-off by a model of the cut-offs closed before it, or, where there are none, by
    customers left out in turn.

    Returns:
        The model, or None where there is too little to learn from.
    """
    train = training_rows(rows, list(days), settings.max_training_rows, settings.seed)
    if not _is_enough(train, horizon):
        return None
    held = _held_out(rows, list(days), horizon, settings)
    shares = np.array(_TREE_SHARES)
    labels = held.labels
    mixes = held.linear[:, :1] * (1.0 - shares) + held.trees[:, None] * shares
    chosen = one_error_choice(_log_losses(mixes, labels), preferred=2)
    share = float(shares[chosen])
    state_penalty, column = float("nan"), 0
    if held.linear.shape[1] > 1 and share < 1.0 and len(labels):
        states = held.linear * (1.0 - share) + held.trees[:, None] * share
        column = int(_log_losses(states, labels).mean(axis=0).argmin())
        state_penalty = float("nan") if column == 0 else _STATE_PENALTIES[column - 1]
    mean = held.linear[:, column] * (1.0 - share) + held.trees * share
    space = learn_space(train, horizon)
    linear, trees = _fit_members(space, train, horizon, settings, (state_penalty,))
    return SilenceModel(
        space=space,
        linear=linear[0],
        trees=trees,
        tree_share=share,
        scaling=fit_platt(
            mean,
            labels,
            slope_trust=_SLOPE_TRUST * held.share_learnt,
            level_trust=_LEVEL_TRUST * held.share_learnt,
        ),
        state_penalty=state_penalty,
    )


def simple_silence(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return P(no purchase) from each customer's own buying rate, shrunk to the mean of all.

    The model for shops that are too young to learn from: purchases come at a Gamma-distributed
    rate, nobody drops out, and one purchase over the mean time between purchases is added to
    each history. Needs no labels. (Ehrenberg 1959, the NBD model.)
    """
    if len(rows) == 0:
        return np.zeros(0)
    bought, age = _histories(rows)
    mean_wait = age.sum() / bought.sum()
    wait = age + mean_wait
    silent: FloatArray = (wait / (wait + horizon)) ** (bought + 1.0)
    return silent


def simple_orders(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return expected orders in the horizon under the model of :func:`simple_silence`."""
    if len(rows) == 0:
        return np.zeros(0)
    bought, age = _histories(rows)
    orders: FloatArray = (bought + 1.0) / (age + age.sum() / bought.sum()) * horizon
    return orders


@dataclass(frozen=True)
class _HeldOut:
    """Predictions on customers that were not learnt from.

    Attributes:
        labels: [rows].
        linear: log-odds without the state, then with it at each penalty, [rows, 1 + penalties].
        trees: log-odds, [rows].
        share_learnt: rows that the predicting model learnt from, as a share of all; a model of
            little history is overconfident in a way that one of all of it is not.
    """

    labels: FloatArray
    linear: FloatArray
    trees: FloatArray
    share_learnt: float = 1.0


def _histories(rows: CutoffRows) -> tuple[FloatArray, FloatArray]:
    bought = purchase_days(rows)
    known_age = first_order_age(rows)
    age = rows.features["f_recency_days"] if known_age is None else known_age
    return bought, np.maximum(np.nan_to_num(age), 1.0)


def _is_enough(rows: CutoffRows, horizon: int) -> bool:
    if len(rows) < FEWEST_ROWS:
        return False
    silent = silence_labels(rows, horizon).sum()
    return bool(min(silent, len(rows) - silent) >= FEWEST_OF_A_KIND)


def _held_out(rows: CutoffRows, days: list[int], horizon: int, settings: HeadSettings) -> _HeldOut:
    latest = max(days)
    penalties = (float("nan"), *(_STATE_PENALTIES if rows.states.shape[1] else ()))
    limit, seed = settings.max_training_rows, settings.seed
    earlier_days = training_days(days, horizon, latest)
    earlier = training_rows(rows, earlier_days, limit, seed)
    if _is_enough(earlier, horizon):
        tested = training_rows(rows, [latest], limit, seed + 1)
        found = _predict_members(earlier, tested, horizon, settings, penalties)
        return replace(found, share_learnt=len(earlier_days) / len(days))
    fold = np.floor(customer_uniform(rows.customer_no, settings.seed + 2) * 3)
    parts = []
    for left_out in range(3):
        learnt = training_rows(rows.take(fold != left_out), days, limit, seed)
        asked = rows.take(fold == left_out).at([latest])
        if len(asked) and _is_enough(learnt, horizon):
            parts.append(_predict_members(learnt, asked, horizon, settings, penalties))
    if not parts:
        return _HeldOut(np.zeros(0), np.zeros((0, len(penalties))), np.zeros(0))
    return _HeldOut(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.linear for part in parts]),
        np.concatenate([part.trees for part in parts]),
        share_learnt=2.0 / 3.0,
    )


def _predict_members(
    learnt: CutoffRows,
    asked: CutoffRows,
    horizon: int,
    settings: HeadSettings,
    penalties: tuple[float, ...],
) -> _HeldOut:
    space = learn_space(learnt, horizon)
    linear, trees = _fit_members(space, learnt, horizon, settings, penalties)
    links = [
        fit.link(_joined_design(space, asked, penalty))
        for fit, penalty in zip(linear, penalties, strict=True)
    ]
    return _HeldOut(
        silence_labels(asked, horizon), np.column_stack(links), trees.link(space.raw(asked))
    )


def _fit_members(
    space: FeatureSpace,
    train: CutoffRows,
    horizon: int,
    settings: HeadSettings,
    state_penalties: tuple[float, ...],
) -> tuple[list[LinearFit], Boosted]:
    labels, weights = silence_labels(train, horizon), recency_weights(train)
    linear = []
    for state_penalty in state_penalties:
        design = _joined_design(space, train, state_penalty)
        penalty = np.full(design.shape[1], _FEATURE_PENALTY)
        penalty[len(space.columns) :] = state_penalty
        linear.append(
            fit_linear(design, labels, family="logistic", penalty=penalty, weights=weights)
        )
    trees = fit_boosted(
        space.raw(train),
        labels,
        objective="binary",
        seed=settings.seed,
        weights=weights,
    )
    return linear, trees


def _joined_design(space: FeatureSpace, rows: CutoffRows, state_penalty: float) -> FloatArray:
    design = space.design(rows)
    if np.isnan(state_penalty):
        return design
    return np.column_stack([design, space.state_design(rows)])


def _log_losses(log_odds: FloatArray, labels: FloatArray) -> FloatArray:
    """Return the log-loss of each row under each column of log-odds, [rows, columns]."""
    signed: npt.NDArray[np.float64] = np.where(labels[:, None] > 0, -log_odds, log_odds)
    return np.logaddexp(0.0, signed)
