"""Predictions for asked customers, by the best method that the history allows.

`fitted`: a model of the horizon itself. `extended_<h>d`: a model of the longest shorter horizon
that has closed, stretched. `own_rate`: each customer's own buying rate, shrunk to the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.churn import SilenceModel, fit_silence, simple_orders, simple_silence
from footfall.heads.cutoffs.features import purchase_days, repeat_history
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.study import Study
from footfall.heads.learners.calibration import fit_bands
from footfall.heads.tiers import decide, decision_weights
from footfall.heads.value import ValueModel

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
    method
        `fitted`, `extended_<h>d` or `own_rate`.
    model
        Of the horizon, or of a shorter one that was stretched.
    shorter
        Models of the shorter horizons, whose chances bound this one.
    """

    probability: FloatArray
    method: str
    model: SilenceModel | None
    shorter: tuple[SilenceModel, ...] = ()

    def past_probability(self, before: CutoffRows) -> FloatArray:
        """Return what the models say of customers at earlier days, bounded as served, [rows]."""
        models = (*self.shorter, *([] if self.model is None else [self.model]))
        lowest: FloatArray = np.min([model.probability(before) for model in models], axis=0)
        return lowest


@dataclass(frozen=True)
class ValuePrediction:
    """Everything that is said about spend in the horizon; arrays are [rows].

    ``tier_probability`` is [rows, 3] in the order potential, regular, VIP.
    """

    amount: FloatArray
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
        The day that is stood on.
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

    return {known: model_of(known) for known in _horizons_down(study.rows.orders, horizon)}


def predict_silence(models: SilenceModels, asked: CutoffRows, horizon: int) -> SilencePrediction:
    """Predict silence by fitted models, as it is served.

    A longer silence is never likelier than a shorter one: where the model of a longer horizon says
    so, the chance of the shorter one is taken. Scores, back-tests, warnings and the chance of a
    purchase all come from here, so that what is judged is what is served.

    Parameters
    ----------
    models
        By horizon, fitted just now or stored; shorter ones stand in and bound longer ones.
    asked
        Customers at the day that is stood on.
    horizon
        In days.
    """
    alone = _predict_alone(models, asked, horizon)
    bounds = [
        _predict_alone(models, asked, shorter)
        for shorter in _horizons_down(models, horizon)
        if shorter < horizon
    ]
    return replace(
        alone,
        probability=np.min([alone.probability, *(bound.probability for bound in bounds)], axis=0),
        shorter=tuple(
            bound.model for bound in bounds if bound.model is not None and bound.method == "fitted"
        ),
    )


def _predict_alone(models: SilenceModels, asked: CutoffRows, horizon: int) -> SilencePrediction:
    """Predict silence of one horizon as if there were no other."""
    for shorter in _horizons_down(models, horizon):
        model = models[shorter]
        if model is None:
            continue
        probability = model.probability(asked)
        if shorter == horizon:
            return SilencePrediction(probability, "fitted", model)
        # P(none in H) = P(none in h) * P(none from h to H, given none in h); the second factor
        # comes from the customer's own rate.
        stretched = simple_silence(asked, horizon) / simple_silence(asked, shorter)
        return SilencePrediction(probability * stretched, f"extended_{shorter}d", model)
    return SilencePrediction(simple_silence(asked, horizon), "own_rate", None)


def predict_value(
    silences: SilenceModels,
    models: ValueModels,
    asked: CutoffRows,
    horizon: int,
    settings: HeadSettings,
) -> ValuePrediction:
    """Predict spend by fitted models; arguments as for silence."""
    silence = predict_silence(silences, asked, horizon)
    buys = 1.0 - silence.probability
    for shorter in _horizons_down(models, horizon):
        model = models[shorter]
        if model is None:
            continue
        stretch = _stretch(model, asked, shorter, horizon)
        amount = model.amount(asked)
        lower, upper = model.bands.interval(amount)
        tiers = model.tier_probabilities(asked, buys)
        return ValuePrediction(
            amount=amount * stretch,
            lower=lower * stretch,
            upper=upper * stretch,
            orders=np.maximum(model.expected_orders(asked) * stretch, buys),
            purchase_probability=buys,
            tier_probability=tiers,
            tier=decide(tiers, model.tier_weights(tiers)),
            method="fitted" if shorter == horizon else f"extended_{shorter}d",
            model=model,
        )
    return _own_rate_value(asked, buys, horizon, settings)


def _horizons_down(known: Iterable[int], horizon: int) -> list[int]:
    """Return those horizons that are not longer than ``horizon``, longest first."""
    return sorted((one for one in known if one <= horizon), reverse=True)


def _stretch(model: ValueModel, asked: CutoffRows, shorter: int, horizon: int) -> FloatArray:
    """Return how much more a customer buys in the longer horizon, by BG/NBD's expected orders.

    Customers are lost as time goes by, so twice the days bring less than twice the orders.
    """
    if shorter == horizon:
        return np.ones(len(asked))
    history, repeat_buying = repeat_history(asked), model.members.repeat_buying
    if history is None or repeat_buying is None:
        return np.full(len(asked), horizon / shorter)
    longer = repeat_buying.expected_orders(*history, horizon)
    return longer / np.maximum(repeat_buying.expected_orders(*history, shorter), 1e-12)


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
        lower,
        upper,
        orders,
        buys,
        tiers,
        decide(tiers, decision_weights(tiers)),
        "own_rate",
        None,
    )
