"""Spend in the next H days: amount, 80 % interval, orders and tier for each customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from footfall.heads.boosting import Boosted, fit_boosted
from footfall.heads.calibration import AmountBands, fit_bands, one_error_choice
from footfall.heads.churn import FEWEST_ROWS, recency_weights
from footfall.heads.features import FeatureSpace, learn_space
from footfall.heads.linear import LinearFit, fit_linear
from footfall.heads.settings import HeadSettings
from footfall.heads.tables import (
    CutoffRows,
    FloatArray,
    customer_uniform,
    training_days,
    training_rows,
)
from footfall.heads.tiers import TierModel, fit_tiers

_AMOUNT_PENALTY = 0.02
_ORDER_PENALTY = 0.005
_STATE_PENALTIES = (0.02, 0.1, 0.5)
#: Labels above this many times their 99.9th percentile are held there.
_LABEL_CAP = 3.0
_SMALLEST = 1e-6
#: Weights of (Poisson, trees, trees on Poisson); the first is the one to keep.
_BLENDS = np.array(
    [(1 / 3, 1 / 3, 1 / 3)]
    + [w for w in product((0.0, 0.25, 0.5, 0.75, 1.0), repeat=3) if abs(sum(w) - 1.0) < 1e-9]
)


@dataclass(frozen=True)
class Amounts:
    """Three regressions of spend, each an expectation in the currency of the data.

    Attributes:
        poisson: ridge Poisson regression on log features (and the state, where it pays).
        trees: boosted Tweedie trees.
        stacked: boosted Tweedie trees that start from the Poisson regression: trees alone cannot
            predict beyond what they have seen, and a shop's best customers lie there.
        cap: largest amount that is predicted.
    """

    space: FeatureSpace
    poisson: LinearFit
    trees: Boosted
    stacked: Boosted
    cap: float
    state_penalty: float

    def members(self, rows: CutoffRows) -> FloatArray:
        """Return the three predictions, float64 [rows, 3]."""
        link = self.poisson.link(_joined_design(self.space, rows, self.state_penalty))
        raw = self.space.raw(rows)
        links = [link, self.trees.link(raw), link + self.stacked.link(raw)]
        return np.minimum(np.exp(np.minimum(np.column_stack(links), 40.0)), self.cap)


@dataclass(frozen=True)
class ValueModel:
    """The blended amount with its interval, the orders and the tiers."""

    amounts: Amounts
    weights: FloatArray
    bands: AmountBands
    orders: LinearFit
    tiers: TierModel

    def amount(self, rows: CutoffRows) -> FloatArray:
        """Return expected spend in the horizon, float64 [rows]."""
        return self.amounts.members(rows) @ self.weights

    def expected_orders(self, rows: CutoffRows) -> FloatArray:
        """Return expected orders in the horizon, float64 [rows]."""
        return np.exp(np.minimum(self.orders.link(self.amounts.space.design(rows)), 12.0))

    def tier_probabilities(self, rows: CutoffRows, purchase: FloatArray) -> FloatArray:
        """Return P(potential), P(regular), P(VIP), [rows, 3], given P(a purchase), [rows]."""
        return self.tiers.probabilities(self.amounts.space, rows, purchase)


def fit_value(
    rows: CutoffRows, days: Sequence[int], horizon: int, settings: HeadSettings
) -> ValueModel | None:
    """Fit on the given closed cut-offs; choose blend and interval on the latest of them.

    Returns:
        The model, or None where there is too little to learn from.
    """
    train = training_rows(rows, list(days), settings.max_training_rows, settings.seed)
    if not _is_enough(train, horizon):
        return None
    actual, members = _held_out(rows, list(days), horizon, settings)
    weights = _choose_blend(actual, members[:, 0])
    state_penalty = float("nan")
    if members.shape[1] > 1 and len(actual):
        losses = [
            _losses(actual, members[:, column] @ weights) for column in range(members.shape[1])
        ]
        column = int(np.column_stack(losses).mean(axis=0).argmin())
        state_penalty = float("nan") if column == 0 else _STATE_PENALTIES[column - 1]
    else:
        column = 0
    bands = fit_bands(members[:, column] @ weights, actual, settings.interval_coverage)
    space = learn_space(train, horizon)
    amounts = _fit_amounts(space, train, horizon, settings, (state_penalty,))[0]
    row_weights = recency_weights(train)
    orders = fit_linear(
        space.design(train),
        np.minimum(train.orders[horizon], _cap(train.orders[horizon])),
        family="poisson",
        penalty=_ORDER_PENALTY,
        weights=row_weights,
    )
    tiers = fit_tiers(space, train, train.spend[horizon], row_weights, settings)
    return ValueModel(amounts, weights, bands, orders, tiers)


def _cap(amounts: FloatArray) -> float:
    return _LABEL_CAP * max(float(np.quantile(amounts, 0.999)), _SMALLEST)


def _is_enough(rows: CutoffRows, horizon: int) -> bool:
    return len(rows) >= FEWEST_ROWS and int((rows.spend[horizon] > 0).sum()) >= 10


def _held_out(
    rows: CutoffRows, days: list[int], horizon: int, settings: HeadSettings
) -> tuple[FloatArray, FloatArray]:
    """Return actual spend [rows] and held-out predictions [rows, 1 + state penalties, 3]."""
    latest = max(days)
    penalties = (float("nan"), *(_STATE_PENALTIES if rows.states.shape[1] else ()))
    limit, seed = settings.max_training_rows, settings.seed
    earlier = training_rows(rows, training_days(days, horizon, latest), limit, seed)
    if _is_enough(earlier, horizon):
        tested = training_rows(rows, [latest], limit, seed + 1)
        return _predict(earlier, tested, horizon, settings, penalties)
    fold = np.floor(customer_uniform(rows.customer_no, settings.seed + 2) * 3)
    actual, members = [np.zeros(0)], [np.zeros((0, len(penalties), 3))]
    for left_out in range(3):
        learnt = training_rows(rows.take(fold != left_out), days, limit, seed)
        asked = rows.take(fold == left_out).at([latest])
        if len(asked) and _is_enough(learnt, horizon):
            spend, predicted = _predict(learnt, asked, horizon, settings, penalties)
            actual.append(spend)
            members.append(predicted)
    return np.concatenate(actual), np.concatenate(members)


def _predict(
    learnt: CutoffRows,
    asked: CutoffRows,
    horizon: int,
    settings: HeadSettings,
    penalties: tuple[float, ...],
) -> tuple[FloatArray, FloatArray]:
    space = learn_space(learnt, horizon)
    fits = _fit_amounts(space, learnt, horizon, settings, penalties)
    return asked.spend[horizon], np.stack([fit.members(asked) for fit in fits], axis=1)


def _fit_amounts(
    space: FeatureSpace,
    train: CutoffRows,
    horizon: int,
    settings: HeadSettings,
    state_penalties: tuple[float, ...],
) -> list[Amounts]:
    """Fit the members once for each state penalty; the trees without a start are shared."""
    cap = _cap(train.spend[horizon])
    spend = np.minimum(train.spend[horizon], cap)
    raw, weights = space.raw(train), recency_weights(train)
    trees = fit_boosted(raw, spend, objective="tweedie", seed=settings.seed, weights=weights)
    fits = []
    for state_penalty in state_penalties:
        design = _joined_design(space, train, state_penalty)
        penalty = np.full(design.shape[1], _AMOUNT_PENALTY)
        penalty[len(space.columns) :] = state_penalty
        poisson = fit_linear(design, spend, family="poisson", penalty=penalty, weights=weights)
        stacked = fit_boosted(
            raw,
            spend,
            objective="tweedie",
            seed=settings.seed + 1,
            weights=weights,
            offset=np.maximum(poisson.link(design), np.log(_SMALLEST)),
            rounds=70,
        )
        fits.append(Amounts(space, poisson, trees, stacked, cap, state_penalty))
    return fits


def _choose_blend(actual: FloatArray, members: FloatArray) -> FloatArray:
    """Return the mean of the equal blend and of the blend that is best on held-out customers.

    The best blend of one cut-off is partly its noise: half of the equal blend stays, and all of
    it unless another is better by one standard error.
    """
    equal: FloatArray = _BLENDS[0]
    if len(actual) == 0:
        return equal
    losses = np.column_stack([_losses(actual, members @ weights) for weights in _BLENDS])
    blend: FloatArray = 0.5 * (equal + _BLENDS[one_error_choice(losses, preferred=0)])
    return blend


def _losses(actual: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return each row's absolute error plus Tweedie deviance (power 1.5), both in mean units."""
    unit = max(float(actual.mean()), _SMALLEST)
    y, mean = actual / unit, np.maximum(predicted / unit, 1e-4)
    deviance = 4.0 * (np.sqrt(mean) + y / np.sqrt(mean) - 2.0 * np.sqrt(y))
    losses: FloatArray = np.abs(y - mean) + deviance
    return losses


def _joined_design(space: FeatureSpace, rows: CutoffRows, state_penalty: float) -> FloatArray:
    design = space.design(rows)
    if np.isnan(state_penalty):
        return design
    return np.column_stack([design, space.state_design(rows)])
