"""Spend in the next H days: amount, 80 % interval, orders and tier for each customer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.churn import FEWEST_ROWS, STATE_PENALTY, recency_weights, silence_members
from footfall.heads.cutoffs.features import (
    FeatureSpace,
    learn_space,
    purchase_days,
    repeat_history,
    window_amount,
)
from footfall.heads.cutoffs.histories import order_value_at, repeat_buying_at
from footfall.heads.cutoffs.rows import CutoffRows, customer_uniform
from footfall.heads.cutoffs.study import Study
from footfall.heads.drivers import REPEAT, Effects, added, linear_effects, tree_effects
from footfall.heads.judgements import Judgement, judge
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.calibration import AmountBands, fit_bands, one_error_choice
from footfall.heads.learners.lifetimes import OrderValue, RepeatBuying
from footfall.heads.learners.linear import LinearFit, fit_linear, sigmoid
from footfall.heads.log_means import secant
from footfall.heads.tiers import TierModel, decision_weights, fit_tiers, thinned, tier_of

#: Names of the blended predictions, in order.
MEMBERS = ("poisson", "trees", "stacked", "window", "repeat")
#: Column of a customer's mean order amount, which Gamma-Gamma reads.
ORDER_VALUE = "f_mean_order_amount"

_AMOUNT_PENALTY = 0.02
_ORDER_PENALTY = 0.005
#: Labels above this many times their 99.9th percentile are held there.
_LABEL_CAP = 3.0
_SMALLEST = 1e-6
#: The blend without any evidence; chosen on earlier cut-offs of four shops, where it is flat but
#: for the share of `repeat`, which keeps the level right while a shop is young.
_PRIOR_BLEND = np.array([0.1, 0.25, 0.25, 0.1, 0.3])
_BLENDS = np.array([w for w in product(np.arange(5), repeat=5) if sum(w) == 4]) / 4.0


@dataclass(frozen=True)
class ValueMembers:
    """What is fitted at an origin, before anything is chosen; amounts in the data's currency.

    Attributes
    ----------
    poisson
        Ridge Poisson regression on log features.
    with_state
        The same on features and the encoder's state; None where there are no states.
    trees
        Boosted Tweedie trees.
    stacked
        Boosted Tweedie trees that start from the Poisson regression: trees alone cannot predict
        beyond what they have seen, and a shop's best customers are there.
    repeat_buying, order_value
        MBG/NBD and Gamma-Gamma of the histories at the origin; expected orders times order value is
        the member `repeat`. None where they are too few.
    window_centre, repeat_centre
        Means over the training rows of the spend of the last window, and of `repeat` where it is
        known, held to ``cap``.
    cap
        Largest amount that is predicted.
    orders
        Poisson regression of order days.
    tiers
        P(VIP, given a purchase).
    """

    space: FeatureSpace
    poisson: LinearFit
    with_state: LinearFit | None
    trees: Boosted
    stacked: Boosted
    repeat_buying: RepeatBuying | None
    order_value: OrderValue | None
    window_centre: float
    repeat_centre: float
    cap: float
    orders: LinearFit
    tiers: TierModel

    def amounts(self, rows: CutoffRows, *, uses_state: bool) -> FloatArray:
        """Return the predictions of :data:`MEMBERS`, float64 [rows, 5]."""
        design, raw = self.space.design(rows), self.space.raw(rows)
        link = self.poisson.link(design)
        if uses_state and self.with_state is not None:
            link = self.with_state.link(np.column_stack([design, self.space.state_design(rows)]))
        links = np.column_stack([link, self.trees.link(raw), link + self.stacked.link(raw)])
        regressions = np.exp(np.minimum(links, 40.0))
        others = [window_amount(rows, self.space.horizon), self._repeat(rows, regressions[:, 2])]
        members: FloatArray = np.minimum(np.column_stack([regressions, *others]), self.cap)
        return members

    def lacks(self, columns: Collection[str]) -> list[str]:
        """Return the features that are read and that a table with these columns does not have."""
        missing = self.space.lacks(columns)
        if self.order_value is not None and ORDER_VALUE not in {*columns, *missing}:
            missing.append(ORDER_VALUE)
        return missing

    def _repeat(self, rows: CutoffRows, otherwise: FloatArray) -> FloatArray:
        """Return expected orders x order value, or ``otherwise`` where they are unknown."""
        known = self.repeat_amounts(rows)
        return np.where(np.isfinite(known), known, otherwise)

    def poisson_effects(self, rows: CutoffRows, *, uses_state: bool) -> Effects:
        """Return what adds up to the log of the Poisson regression's amount, by idea."""
        fit = self.with_state if uses_state and self.with_state is not None else self.poisson
        return linear_effects(self.space, rows, fit).by_idea()

    def window_amounts(self, rows: CutoffRows) -> FloatArray:
        """Return the spend of the last window, which is a member of the blend, [rows]."""
        return window_amount(rows, self.space.horizon)

    def repeat_amounts(self, rows: CutoffRows) -> FloatArray:
        """Return expected orders x order value of MBG/NBD, NaN where they are unknown, [rows]."""
        return _repeat_amount(rows, self.repeat_buying, self.order_value, self.space.horizon)

    def effects(self, rows: CutoffRows, weights: FloatArray, *, uses_state: bool) -> Effects:
        """Return what adds up to the blended amount, in money, by idea.

        A regression or an ensemble is exp(base + effects): the difference from exp(base) is shared
        out by log-mean weights (LMDI; Ang 2004, "Decomposition analysis for policymaking in
        energy"), which leave nothing over. The spend of the last window and `repeat` are one idea
        each.
        """
        poisson = self.poisson_effects(rows, uses_state=uses_state)
        trees = tree_effects(self.space, rows, self.trees).by_idea()
        stacked = added([poisson, tree_effects(self.space, rows, self.stacked).by_idea()])
        money = [self._in_money(part) for part in (poisson, trees, stacked)]
        window = np.minimum(self.window_amounts(rows), self.cap) - self.window_centre
        money.append(Effects(self.window_centre, ("spend",), window[:, None]))
        known = self.repeat_amounts(rows)
        repeat = np.minimum(known, self.cap) - self.repeat_centre
        unknown = ~np.isfinite(known)
        parts = [
            part.times(float(weight))
            for part, weight in zip(money, weights[:4], strict=True)
            if weight > 0.0
        ]
        share = float(weights[4])
        parts.append(
            Effects(self.repeat_centre, (REPEAT,), np.where(unknown, 0.0, repeat)[:, None]).times(
                share
            )
        )
        if unknown.any():
            # `stacked` speaks for those; what its base differs by is the model's that is missing.
            off = money[2].base - self.repeat_centre
            parts.append(Effects(0.0, money[2].names, money[2].each_times(share * unknown)))
            parts.append(Effects(0.0, (REPEAT,), (share * off * unknown)[:, None]))
        return added(parts)

    def _in_money(self, link: Effects) -> Effects:
        """Return effects on the log of an amount as effects on the amount, held to the cap."""
        total = link.base + link.moved.sum(axis=1)
        base = float(np.minimum(np.exp(min(link.base, 40.0)), self.cap))
        amount = np.minimum(np.exp(np.minimum(total, 40.0)), self.cap)
        rates = secant(amount, base, total, link.base, amount)
        return Effects(base, link.names, link.each_times(rates))


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

    def tier_probabilities(self, rows: CutoffRows, purchase: FloatArray) -> FloatArray:
        """Return P(potential), P(regular), P(VIP), [rows, 3], given P(a purchase), [rows]."""
        return self.members.tiers.probabilities(self.members.space, rows, purchase)

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
    weights = choose_blend(held.actual, held.plain, held.customer_no)
    uses_state = members.with_state is not None and state is not False
    if uses_state and state is None:
        plain, told = (
            _losses(held.actual, predicted @ weights) for predicted in (held.plain, held.with_state)
        )
        uses_state = len(told) > 0 and bool(told.mean() < plain.mean())
    predicted = (held.with_state if uses_state else held.plain) @ weights
    # The bands are learned on the rows that chose the blend. That costs nothing worth a second
    # split: one of 72 blends, half of it fixed, hardly fits the rows (a test holds the tails).
    bands = fit_bands(predicted, held.actual, study.settings.interval_coverage)
    tiers = tuple((thinned(chances), thinned(actual)) for chances, actual in held.tiers)
    return ValueModel(members, uses_state, weights, bands, tiers)


def out_of_time_skill(study: Study, model: ValueModel, origin: int, horizon: int) -> float | None:
    """Return 1 - mean absolute error / that of the mean amount on the held-out days of ``origin``.

    None without held-out rows, or where all of them spent the same.
    """
    held = _recalled(study, origin, horizon)
    if len(held.actual) == 0 or held.actual.min() == held.actual.max():
        return None
    members = held.with_state if model.uses_state else held.plain
    found = _judgement(members @ model.weights, held.actual)
    return 1.0 - found.loss / found.plain_loss


def judged_days(study: Study, model: ValueModel, origin: int, horizon: int) -> dict[int, Judgement]:
    """Return how models fitted as this one, at each held-out day of ``origin``, did there."""
    held = _recalled(study, origin, horizon)
    amount = (held.with_state if model.uses_state else held.plain) @ model.weights
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


def value_members(study: Study, origin: int, horizon: int) -> ValueMembers | None:
    """Return the fits at ``origin``, before anything is chosen; None where there is too little."""
    return study.recall("value", horizon, origin, lambda: _fit_members(study, origin, horizon))


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
            chances = members.tiers.probabilities(members.space, asked, sigmoid(-0.5 * link))
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


def _fit_members(study: Study, origin: int, horizon: int) -> ValueMembers | None:
    train = study.training(horizon, origin)
    if len(train) < FEWEST_ROWS or int((train.spend[horizon] > 0).sum()) < 10:
        return None
    space = study.recall("space", horizon, origin, lambda: learn_space(train, horizon))
    cap = _cap(train.spend[horizon])
    spend = np.minimum(train.spend[horizon], cap)
    raw, design, weights = space.raw(train), space.design(train), recency_weights(train)
    penalty = np.full(design.shape[1], _AMOUNT_PENALTY)
    poisson = fit_linear(design, spend, family="poisson", penalty=penalty, weights=weights)
    with_state = None
    states = space.state_design(train)
    if states.shape[1]:
        with_state = fit_linear(
            np.column_stack([design, states]),
            spend,
            family="poisson",
            penalty=np.concatenate([penalty, np.full(states.shape[1], STATE_PENALTY)]),
            weights=weights,
        )
    seed = study.settings.seed
    trees = fit_boosted(
        raw, spend, objective="tweedie", seed=seed, weights=weights, randomised=False
    )
    stacked = fit_boosted(
        raw,
        spend,
        objective="tweedie",
        seed=seed + 1,
        weights=weights,
        offset=np.maximum(poisson.link(design), np.log(_SMALLEST)),
        rounds=70,
    )
    orders = fit_linear(
        design,
        np.minimum(train.orders[horizon], _cap(train.orders[horizon])),
        family="poisson",
        penalty=_ORDER_PENALTY,
        weights=weights,
    )
    tiers = fit_tiers(space, train, train.spend[horizon], weights, study.settings)
    repeat_buying, order_value = repeat_buying_at(study, origin), order_value_at(study, origin)
    repeat = np.minimum(_repeat_amount(train, repeat_buying, order_value, horizon), cap)
    repeat = repeat[np.isfinite(repeat)]
    return ValueMembers(
        space=space,
        poisson=poisson,
        with_state=with_state,
        trees=trees,
        stacked=stacked,
        repeat_buying=repeat_buying,
        order_value=order_value,
        window_centre=float(np.minimum(window_amount(train, horizon), cap).mean()),
        repeat_centre=float(repeat.mean()) if len(repeat) else 0.0,
        cap=cap,
        orders=orders,
        tiers=tiers,
    )


def _repeat_amount(
    rows: CutoffRows,
    repeat_buying: RepeatBuying | None,
    order_value: OrderValue | None,
    horizon: int,
) -> FloatArray:
    """Return expected orders x order value, NaN where they are unknown, [rows]."""
    history = repeat_history(rows)
    if history is None or repeat_buying is None or order_value is None:
        return np.full(len(rows), np.nan)
    each = order_value.expected(purchase_days(rows), rows.features[ORDER_VALUE])
    return repeat_buying.expected_orders(*history, horizon) * each


def _cap(amounts: FloatArray) -> float:
    return _LABEL_CAP * max(float(np.quantile(amounts, 0.999)), _SMALLEST)


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
    unit = max(float(actual.mean()), _SMALLEST)
    y, mean = actual / unit, np.maximum(predicted / unit, 1e-4)
    deviance = 4.0 * (np.sqrt(mean) + y / np.sqrt(mean) - 2.0 * np.sqrt(y))
    losses: FloatArray = np.abs(y - mean) + deviance
    return losses
