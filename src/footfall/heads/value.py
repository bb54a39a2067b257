"""Spend in the next H days: amount, 80 % interval, orders and tier for each customer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.heads.churn import silence_members
from footfall.heads.cutoffs.rows import CutoffRows, customer_uniform
from footfall.heads.cutoffs.study import Study
from footfall.heads.drivers import Effects
from footfall.heads.judgements import Judgement, judge, parts_to_leave_out
from footfall.heads.learners.calibration import AmountBands, fit_bands, one_error_choice
from footfall.heads.learners.linear import sigmoid
from footfall.heads.tiers import decision_weights, thinned, tier_of, tier_probabilities
from footfall.heads.value_members import SMALLEST, ValueMembers, value_members

#: The blend without any evidence; chosen on earlier cut-offs of four shops, where it is flat but
#: for the share of `repeat`, which keeps the level right while a shop is young.
_PRIOR_BLEND = np.array([0.1, 0.25, 0.25, 0.1, 0.3])
_BLENDS = np.array([w for w in product(np.arange(5), repeat=5) if sum(w) == 4]) / 4.0


@dataclass(frozen=True)
class ValueModel:
    """The blended amount with its interval, the orders and the tiers.

    Attributes
    ----------
    members
        The fits.
    uses_state
        Whether the encoder's state is among the columns of the regression.
    weights
        Of the members, [5].
    bands
        Of the interval.
    held_tiers
        Tier probabilities and true tiers of held-out days, to tune the decision on.
    """

    members: ValueMembers
    uses_state: bool
    weights: FloatArray
    bands: AmountBands
    held_tiers: tuple[tuple[FloatArray, IntArray], ...]

    def effects(self, rows: CutoffRows) -> Effects:
        """Return what adds up to :meth:`amount`, in money, by idea."""
        return self.members.effects(rows, self.weights, uses_state=self.uses_state)

    def amount(self, rows: CutoffRows) -> FloatArray:
        """Return expected spend in the horizon, float64 [rows]."""
        return self.members.amounts(rows, uses_state=self.uses_state) @ self.weights

    def expected_orders(self, rows: CutoffRows) -> FloatArray:
        """Return expected orders in the horizon, float64 [rows]."""
        return np.exp(np.minimum(self.members.orders.link(self.members.space.design(rows)), 12.0))

    def vip_given_purchase(self, rows: CutoffRows) -> FloatArray:
        """Return P(VIP, given a purchase in the horizon), float64 [rows]."""
        return self.members.tiers.vip_given_purchase(self.members.space, rows)

    def tier_weights(self, probabilities: FloatArray) -> FloatArray:
        """Return the weights of the decision for customers of these tier probabilities, [3]."""
        return decision_weights(probabilities, self.held_tiers)


def fit_value(
    study: Study, origin: int, horizon: int, *, state: bool | None = None
) -> ValueModel | None:
    """Fit on the cut-offs closed at ``origin``; choose blend and interval on the latest of them.

    Arguments as in :func:`footfall.heads.churn.fit_silence`.

    Returns
    -------
    The model, or None where there is too little to learn from.
    """
    members = value_members(study, origin, horizon)
    if members is None:
        return None
    held = _recalled(study, origin, horizon)
    weights, uses_state = _chosen(members, held, state)
    predicted = (held.with_state if uses_state else held.plain) @ weights
    # The bands are learned on the rows that chose the blend. That costs nothing worth a second
    # split: one of 72 blends, half of it fixed, hardly fits the rows (a test holds the tails).
    bands = fit_bands(predicted, held.actual, study.settings.interval_coverage)
    tiers = tuple((thinned(chances), thinned(actual)) for chances, actual in held.tiers)
    return ValueModel(members, uses_state, weights, bands, tiers)


def judged_days(
    study: Study, members: ValueMembers, origin: int, horizon: int
) -> dict[int, Judgement]:
    """Judge, at each held-out day of ``origin``, a model that is made in the same way.

    Members are those of the day; blend and state are chosen on the other days.
    """
    held = _recalled(study, origin, horizon)
    part = parts_to_leave_out(held.day, held.customer_no, study.settings.seed + 4)
    amount = np.zeros(len(held.actual))
    for one in np.unique(part):
        here = held.rows(part == one)
        weights, uses_state = _chosen(members, held.rows(part != one), None)
        amount[part == one] = (here.with_state if uses_state else here.plain) @ weights
    return {
        int(day): _judgement(amount[held.day == day], held.actual[held.day == day])
        for day in np.unique(held.day)
    }


def judged(model: ValueModel, rows: CutoffRows, horizon: int) -> Judgement:
    """Return how a model does on customers at a closed cut-off."""
    return _judgement(model.amount(rows), rows.spend[horizon])


def _recalled(study: Study, origin: int, horizon: int) -> _HeldOut:
    return study.recall(
        "held-out value", horizon, origin, lambda: _held_out(study, origin, horizon)
    )


def _judgement(amount: FloatArray, actual: FloatArray) -> Judgement:
    """Return the absolute errors of amounts and of the mean of all, means over rows."""
    plain = actual.mean() if len(actual) else 0.0
    return judge(np.abs(actual - amount), np.abs(actual - plain))


@dataclass(frozen=True)
class _HeldOut:
    """Predictions on customers that were not learnt from.

    Attributes
    ----------
    customer_no
        Whose each row is, [rows]; a customer has one at each held-out cut-off.
    day
        That cut-off, [rows].
    actual
        Spend, [rows].
    plain, with_state
        The members' predictions, [rows, 5]; equal where there are no states.
    tiers
        For each held-out day the tier probabilities and the true tiers.
    """

    customer_no: IntArray
    day: IntArray
    actual: FloatArray
    plain: FloatArray
    with_state: FloatArray
    tiers: tuple[tuple[FloatArray, IntArray], ...]

    def rows(self, chosen: BoolArray) -> _HeldOut:
        """Return some of the rows; tiers stay as they are, by day."""
        named = ("customer_no", "day", "actual", "plain", "with_state")
        return replace(self, **{name: getattr(self, name)[chosen] for name in named})


def _chosen(members: ValueMembers, held: _HeldOut, state: bool | None) -> tuple[FloatArray, bool]:
    """Choose the blend, and whether to use the encoder's state, on held-out rows."""
    weights = choose_blend(held.actual, held.plain, held.customer_no)
    uses_state = members.with_state is not None and state is not False
    if uses_state and state is None:
        plain, told = (
            _losses(held.actual, predicted @ weights) for predicted in (held.plain, held.with_state)
        )
        uses_state = len(told) > 0 and bool(told.mean() < plain.mean())
    return weights, uses_state


def _held_out(study: Study, origin: int, horizon: int) -> _HeldOut:
    learnt = study.learnt(horizon, origin)
    actual, plain, with_state = [np.zeros(0)], [np.zeros((0, 5))], [np.zeros((0, 5))]
    nobody = np.zeros(0, dtype=np.int64)
    customers, days, tiers = [nobody], [nobody], []

    def judge(where: Study, day: int, members: ValueMembers, asked: CutoffRows) -> None:
        customers.append(asked.customer_no)
        days.append(asked.day)
        actual.append(asked.spend[horizon])
        plain.append(members.amounts(asked, uses_state=False))
        with_state.append(members.amounts(asked, uses_state=True))
        silence = silence_members(where, day, horizon)
        if silence is not None:
            link = silence.linear_link(asked, uses_state=False) + silence.tree_link(asked)
            vip = members.tiers.vip_given_purchase(members.space, asked)
            chances = tier_probabilities(sigmoid(-0.5 * link), vip)
            tiers.append((chances, tier_of(asked.spend[horizon], members.tiers.threshold)))

    for day in study.held_out_days(horizon, origin):
        members = value_members(study, day, horizon)
        if members is not None:
            judge(study, day, members, study.asked(day))
    if len(actual) == 1:
        fold = np.floor(customer_uniform(study.rows.customer_no, study.settings.seed + 2) * 3)
        for left_out in range(3):
            rest = study.part(study.rows.take(fold != left_out))
            members = value_members(rest, origin, horizon)
            asked = study.part(study.rows.take(fold == left_out)).asked(learnt[-1])
            if len(asked) and members is not None:
                judge(rest, origin, members, asked)
    return _HeldOut(
        np.concatenate(customers),
        np.concatenate(days),
        np.concatenate(actual),
        np.concatenate(plain),
        np.concatenate(with_state),
        tuple(tiers),
    )


def choose_blend(actual: FloatArray, members: FloatArray, customer_no: IntArray) -> FloatArray:
    """Return the mean of the prior blend and of the blend that is best on held-out customers.

    The best blend of a few cut-offs is partly their noise: half of the prior stays, and all of it
    unless another is better by one standard error.
    """
    if len(actual) == 0:
        return _PRIOR_BLEND
    candidates = np.vstack([_PRIOR_BLEND, _BLENDS])
    losses = np.column_stack([_losses(actual, members @ weights) for weights in candidates])
    chosen = one_error_choice(losses, customer_no, preferred=0)
    blend: FloatArray = 0.5 * (_PRIOR_BLEND + candidates[chosen])
    return blend


def _losses(actual: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return each row's absolute error plus Tweedie deviance (power 1.5), both in mean units."""
    if len(actual) == 0:
        return np.zeros(0)
    unit = max(float(actual.mean()), SMALLEST)
    y, mean = actual / unit, np.maximum(predicted / unit, 1e-4)
    deviance = 4.0 * (np.sqrt(mean) + y / np.sqrt(mean) - 2.0 * np.sqrt(y))
    losses: FloatArray = np.abs(y - mean) + deviance
    return losses
