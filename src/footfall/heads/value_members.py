"""What is fitted for amounts before anything is chosen: regressions, trees, orders and tiers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.churn import FEWEST_ROWS, STATE_PENALTY, recency_weights
from footfall.heads.cutoffs.features import (
    FeatureSpace,
    learn_space,
    purchase_days,
    repeat_history,
    window_amount,
)
from footfall.heads.cutoffs.histories import order_value_at, repeat_buying_at
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.study import Study
from footfall.heads.drivers import REPEAT, Effects, added, linear_effects, tree_effects
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.lifetimes import OrderValue, RepeatBuying
from footfall.heads.learners.linear import LinearFit, fit_linear
from footfall.heads.log_means import secant
from footfall.heads.tiers import TierModel, fit_tiers

#: Names of the blended predictions, in order.
MEMBERS = ("poisson", "trees", "stacked", "window", "repeat")
#: Column of a customer's mean order amount, which Gamma-Gamma reads.
ORDER_VALUE = "f_mean_order_amount"
#: Below this an amount is taken as nothing.
SMALLEST = 1e-6

_AMOUNT_PENALTY = 0.02
_ORDER_PENALTY = 0.005
#: Labels above this many times their 99.9th percentile are held there.
_LABEL_CAP = 3.0


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


def value_members(study: Study, origin: int, horizon: int) -> ValueMembers | None:
    """Return the fits at ``origin``, before anything is chosen; None where there is too little."""
    return study.recall("value", horizon, origin, lambda: _fit_members(study, origin, horizon))


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
        offset=np.maximum(poisson.link(design), np.log(SMALLEST)),
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
    return _LABEL_CAP * max(float(np.quantile(amounts, 0.999)), SMALLEST)
