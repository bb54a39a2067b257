"""Predictions for asked customers, by the best method that the history allows.

`fitted`: a model of the horizon itself. `extended_<h>d`: a model of the longest shorter horizon
that has closed, stretched. `shortened_<h>d`: where no shorter one could be fitted, a model of a
longer horizon, stretched the other way. `own_rate`: each customer's own buying rate, shrunk to the
mean. Chances and spend are stretched by one model of repeat buying in which customers drop out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.agreement import Limits, Spend, agreed, no_limits, no_spend
from footfall.heads.churn import SilenceModel, fit_silence
from footfall.heads.cutoffs.features import purchase_days, repeat_history
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.study import Study
from footfall.heads.learners.calibration import fit_bands
from footfall.heads.learners.lifetimes import RepeatBuying
from footfall.heads.own_rates import simple_orders, simple_silence
from footfall.heads.tiers import decide, decision_weights, tier_probabilities
from footfall.heads.value import ValueModel, fit_value
from footfall.heads.value_members import ORDER_VALUE

#: Models by horizon in days, None where there is too little to learn from.
SilenceModels = Mapping[int, SilenceModel | None]
ValueModels = Mapping[int, ValueModel | None]


@dataclass(frozen=True)
class SilencePrediction:
    """P(no purchase in the horizon) as it is served, and the models where they were fitted.

    Attributes
    ----------
    probability
        Never above that of a shorter horizon, [rows].
    bound_by
        The horizon whose chance is served: a shorter one where it is lower, [rows].
    method
        `fitted`, `extended_<h>d`, `shortened_<h>d` or `own_rate`.
    model
        Of the horizon, or of another one that was stretched.
    models
        Of all horizons.
    horizon
        In days.
    """

    probability: FloatArray
    bound_by: IntArray
    method: str
    model: SilenceModel | None
    models: SilenceModels
    horizon: int

    def past_probability(self, before: CutoffRows) -> FloatArray:
        """Return what the models say of customers at earlier days, as it is served, [rows]."""
        return predict_silences(self.models, before, self.horizon)[self.horizon].probability


@dataclass(frozen=True)
class ValuePrediction:
    """Everything that is said about spend in the horizon; arrays are [rows].

    The numbers agree as :mod:`footfall.heads.agreement` says. ``tier_probability`` is [rows, 3] in
    the order potential, regular, VIP. ``own_amount`` is what the model of the horizon says before
    they agree; ``bound_by`` is the horizon whose amount is served, a shorter one where that is
    larger.
    """

    amount: FloatArray
    own_amount: FloatArray
    bound_by: IntArray
    lower: FloatArray
    upper: FloatArray
    orders: FloatArray
    purchase_probability: FloatArray
    tier_probability: FloatArray
    tier: IntArray
    method: str
    model: ValueModel | None


def silence_models(
    study: Study, origin: int, horizon: int, *, state: bool | None = None
) -> SilenceModels:
    """Fit silence at ``origin`` for a horizon and all shorter ones, which bound it.

    Parameters
    ----------
    study
        Cut-offs and settings.
    origin
        The day that is predicted from.
    horizon
        The longest one that is wanted, in days.
    state
        Whether to use the encoder's state; None lets held-out customers decide.

    Returns
    -------
    A model a horizon, None where there is too little to learn from.
    """

    def model_of(known: int) -> SilenceModel | None:
        return study.recall(
            f"silence model, state {state}",
            known,
            origin,
            lambda: fit_silence(study, origin, known, state=state),
        )

    return {known: model_of(known) for known in _horizons_up(study.rows.orders, horizon)}


def value_models(
    study: Study, origin: int, horizon: int, *, state: bool | None = None
) -> ValueModels:
    """Fit spend as :func:`silence_models` fits silence."""

    def model_of(known: int) -> ValueModel | None:
        return study.recall(
            f"value model, state {state}",
            known,
            origin,
            lambda: fit_value(study, origin, known, state=state),
        )

    return {known: model_of(known) for known in _horizons_up(study.rows.orders, horizon)}


def predict_silences(
    models: SilenceModels,
    asked: CutoffRows,
    longest: int,
    *,
    chance_of: Callable[[SilenceModel], FloatArray] | None = None,
) -> dict[int, SilencePrediction]:
    """Predict silence by fitted models, as it is served.

    A longer silence is never likelier than a shorter one: where the model of a longer horizon says
    so, the chance of the shorter one is taken. Scores, back-tests, warnings and the chance of a
    purchase all come from here, so that what is judged is what is served.

    Parameters
    ----------
    models
        By horizon, fitted just now or stored; they replace each other, and shorter ones bound
        longer ones.
    asked
        Customers at the day that is predicted from.
    longest
        The longest horizon that is wanted, in days.
    chance_of
        What a model says of the asked customers, where it is known already.

    Returns
    -------
    A prediction for each horizon of the models up to the longest, and for that one.
    """
    said = chance_of or (lambda model: model.probability(asked))
    chances: dict[int, FloatArray] = {}
    found: dict[int, SilencePrediction] = {}
    lowest = np.ones(len(asked))
    bound = np.zeros(len(asked), dtype=np.int64)
    for horizon in _horizons_up((*models, longest), longest):
        used = _nearest(models, horizon)
        model = None if used is None else models[used]
        if used is None or model is None:
            chance = simple_silence(asked, horizon)
        else:
            if used not in chances:
                chances[used] = said(model)
            stretch = _hazard_stretch(model.members.repeat_buying, asked, used, horizon)
            chance = chances[used] ** stretch
        bound = np.where(chance <= lowest, horizon, bound)
        lowest = np.minimum(lowest, chance)
        method = _method(used, horizon)
        found[horizon] = SilencePrediction(lowest, bound, method, model, models, horizon)
    return found


def predict_values(
    silences: SilenceModels,
    models: ValueModels,
    asked: CutoffRows,
    longest: int,
    settings: HeadSettings,
    *,
    chance_of: Callable[[SilenceModel], FloatArray] | None = None,
) -> dict[int, ValuePrediction]:
    """Predict spend by fitted models, as it is served; arguments as for silence."""
    silent = predict_silences(silences, asked, longest, chance_of=chance_of)
    limits, served = _limits(models, asked), no_spend(len(asked))
    bound = np.zeros(len(asked), dtype=np.int64)
    raw: dict[int, Spend] = {}
    vip: dict[int, FloatArray] = {}
    found: dict[int, ValuePrediction] = {}
    for horizon in _horizons_up((*models, longest), longest):
        buys = 1.0 - silent[horizon].probability
        used = _nearest(models, horizon)
        model = None if used is None else models[used]
        if used is None or model is None:
            found[horizon] = _own_rate_value(asked, buys, horizon, settings)
            continue
        if used not in raw:
            raw[used] = Spend(model.amount(asked), model.expected_orders(asked))
            vip[used] = model.vip_given_purchase(asked)
        stretch = _order_stretch(model.members.repeat_buying, asked, used, horizon)
        own, shorter = raw[used].times(stretch), served
        served = agreed(own, buys, limits, shorter)
        is_bound = (own.amount < shorter.amount) & (served.amount == shorter.amount)
        bound = np.where(is_bound, bound, horizon)
        lower, upper = model.bands.interval(served.amount / stretch)
        tiers = tier_probabilities(buys, vip[used])
        found[horizon] = ValuePrediction(
            amount=served.amount,
            own_amount=own.amount,
            bound_by=bound,
            # Divided and multiplied again, a bound may pass the amount by its last digit.
            lower=np.minimum(lower * stretch, served.amount),
            upper=np.maximum(upper * stretch, served.amount),
            orders=served.orders,
            purchase_probability=buys,
            tier_probability=tiers,
            tier=decide(tiers, model.tier_weights(tiers)),
            method=_method(used, horizon),
            model=model,
        )
    return found


def _horizons_up(known: Iterable[int], longest: int) -> list[int]:
    """Return those horizons that are not longer than ``longest``, shortest first."""
    return sorted({one for one in known if one <= longest})


def _nearest(models: Mapping[int, SilenceModel | ValueModel | None], horizon: int) -> int | None:
    """Return the horizon whose model speaks for this one: its own, the next shorter, the next."""
    fitted = sorted(one for one, model in models.items() if model is not None)
    shorter = [one for one in fitted if one <= horizon]
    return shorter[-1] if shorter else (fitted[0] if fitted else None)


def _method(used: int | None, horizon: int) -> str:
    if used is None:
        return "own_rate"
    if used == horizon:
        return "fitted"
    return f"extended_{used}d" if used < horizon else f"shortened_{used}d"


def _hazard_stretch(
    repeat_buying: RepeatBuying | None, asked: CutoffRows, used: int, horizon: int
) -> FloatArray:
    """Return the power to which the chance of silence in ``used`` days is raised, [rows].

    Twice the hazard of MBG/NBD is twice the hazard of the model: those who are lost to the model
    stay lost in a longer horizon, and those who come as surely as they stay gain little.
    """
    history = repeat_history(asked)
    if used == horizon or repeat_buying is None or history is None:
        return np.full(len(asked), horizon / used)
    return repeat_buying.stretch_hazard(*history, used, horizon)


def _order_stretch(
    repeat_buying: RepeatBuying | None, asked: CutoffRows, used: int, horizon: int
) -> FloatArray:
    """Return how much more a customer buys in ``horizon`` days than in ``used``, [rows].

    Customers are lost as time goes by, so twice the days bring less than twice the orders.
    """
    history = repeat_history(asked)
    if used == horizon or repeat_buying is None or history is None:
        return np.full(len(asked), horizon / used)
    repeats, _, age = history
    return repeat_buying.stretch_orders(repeats, age, used, horizon)


def _limits(models: ValueModels, asked: CutoffRows) -> Limits:
    """Return what Gamma-Gamma allows as order amounts, by one fit for all horizons."""
    for horizon in sorted(models):
        model = models[horizon]
        if model is not None and model.members.order_value is not None:
            return model.members.order_value.between(asked.features[ORDER_VALUE])
    return no_limits(len(asked))


def _own_rate_value(
    asked: CutoffRows, buys: FloatArray, horizon: int, settings: HeadSettings
) -> ValuePrediction:
    """Value without any closed cut-off: own rate times a shrunken mean order amount.

    A buyer is VIP with probability rank^(1 / share - 1), rank being the share of customers with
    a smaller predicted amount: that averages to the VIP share.
    """
    spent = np.nan_to_num(asked.features.get("f_amount", np.zeros(len(asked))))
    bought = purchase_days(asked)
    mean = spent.sum() / max(bought.sum(), 1.0)
    orders = np.maximum(simple_orders(asked, horizon), buys)
    amount = np.maximum(orders * (spent + mean) / (bought + 1.0), 0.0)
    lower, upper = fit_bands(np.zeros(0), np.zeros(0), settings.interval_coverage).interval(amount)
    rank = (np.argsort(np.argsort(amount, kind="stable"), kind="stable") + 0.5) / max(len(asked), 1)
    vip = buys * rank ** (1.0 / settings.vip_share - 1.0)
    tiers = np.column_stack([1.0 - buys, buys - vip, vip])
    return ValuePrediction(
        amount,
        amount,
        np.full(len(asked), horizon),
        lower,
        upper,
        orders,
        buys,
        tiers,
        decide(tiers, decision_weights(tiers)),
        "own_rate",
        None,
    )
