"""Trivial and textbook baselines of churn, value and tiers, fitted on the same training rows."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.cutoffs.features import (
    RFM,
    derived,
    log_columns,
    purchase_days,
    repeat_history,
    window_amount,
)
from footfall.heads.cutoffs.histories import (
    order_value_at,
    pareto_buying_at,
    plain_repeat_buying_at,
)
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.study import Study
from footfall.heads.learners.lifetimes import RepeatModel
from footfall.heads.learners.lightgbm_alone import lightgbm
from footfall.heads.learners.linear import fit_linear, fit_softmax, sigmoid
from footfall.heads.tiers import tier_of

_PENALTY = 1e-4


def churn_baselines(
    train: CutoffRows,
    test: CutoffRows,
    labels: FloatArray,
    study: Study,
    horizon: int,
    origin: int,
) -> dict[str, FloatArray]:
    """Return P(no purchase) of each baseline for the test rows, by name.

    `recency`, `frequency` and `last_window_spend` are logistic regressions on the logarithm of
    that one number, so that they rank as the number does and are probabilities too. `lightgbm` is
    LightGBM as it comes, on all features. `bg_nbd` and `pareto_nbd` learn from the histories of
    the tested customers and need no labels.

    Parameters
    ----------
    train
        Rows of closed cut-offs.
    test
        Rows to score.
    labels
        1 where a training row bought nothing, [train rows].
    study
        Of the fits that several horizons share.
    horizon
        In days.
    origin
        The tested cut-off.
    """
    singles = {
        "recency": (_log(train, "f_recency_days"), _log(test, "f_recency_days")),
        "frequency": (_log(train, "f_order_days"), _log(test, "f_order_days")),
        "last_window_spend": (_window(train, horizon), _window(test, horizon)),
        "logistic_rfm": (log_columns(train, RFM), log_columns(test, RFM)),
    }
    predicted = {"constant": np.full(len(test), float(labels.mean()))}
    for name, (learnt, asked) in singles.items():
        x_train, x_test = _standardised(learnt, asked)
        fit = fit_linear(x_train, labels, family="logistic", penalty=_PENALTY)
        predicted[name] = sigmoid(fit.link(x_test))
    predicted["lightgbm"] = _lightgbm(train, test, labels, "binary", study.settings.seed)
    history = repeat_history(test)
    for name, model in _lifetime_models(study, origin).items():
        if history is not None and model is not None:
            predicted[name] = model.probability_silent(*history, horizon)
    return predicted


def value_baselines(
    train: CutoffRows,
    test: CutoffRows,
    spend: FloatArray,
    study: Study,
    horizon: int,
    origin: int,
) -> dict[str, FloatArray]:
    """Return the expected spend of each baseline for the test rows, by name.

    `last_window_spend` repeats the last ``horizon`` days unfitted; `recency`, `frequency` and
    `poisson_rfm` are Poisson regressions on logarithms; `lightgbm` is LightGBM with Tweedie loss;
    `bg_nbd` and `pareto_nbd` multiply expected orders by the order value of Gamma-Gamma.

    Parameters
    ----------
    spend
        Of the training rows in the horizon, [train rows]; the rest as in :func:`churn_baselines`.
    """
    singles = {
        "recency": (_log(train, "f_recency_days"), _log(test, "f_recency_days")),
        "frequency": (_log(train, "f_order_days"), _log(test, "f_order_days")),
        "poisson_rfm": (log_columns(train, RFM), log_columns(test, RFM)),
    }
    predicted = {
        "constant": np.full(len(test), float(spend.mean())),
        "last_window_spend": window_amount(test, horizon),
    }
    for name, (learnt, asked) in singles.items():
        x_train, x_test = _standardised(learnt, asked)
        fit = fit_linear(x_train, spend, family="poisson", penalty=_PENALTY)
        largest = max(float(spend.max()), 1e-9)
        predicted[name] = np.minimum(np.exp(np.minimum(fit.link(x_test), 40.0)), largest)
    predicted["lightgbm"] = _lightgbm(train, test, spend, "tweedie", study.settings.seed)
    history, worth = repeat_history(test), order_value_at(study, origin)
    for name, model in _lifetime_models(study, origin).items():
        if history is not None and model is not None and worth is not None:
            each = worth.expected(purchase_days(test), test.features["f_mean_order_amount"])
            predicted[name] = np.nan_to_num(model.expected_orders(*history, horizon) * each)
    return predicted


def tier_baselines(
    train: CutoffRows,
    test: CutoffRows,
    tiers: IntArray,
    threshold: float,
    study: Study,
    horizon: int,
) -> dict[str, IntArray]:
    """Return the tier that each baseline names for the test rows.

    `constant` names the commonest tier, `last_window_spend` the tier of the last ``horizon``
    days, `softmax_rfm` the likeliest tier of a softmax regression on log RFM, `lightgbm` the
    likeliest of LightGBM on all features.

    Parameters
    ----------
    tiers
        Of the training rows, [train rows].
    threshold
        Spend above which a customer is VIP.
    """
    x_train, x_test = _standardised(log_columns(train, RFM), log_columns(test, RFM))
    fit = fit_softmax(x_train, tiers, classes=3, penalty=_PENALTY)
    return {
        "constant": np.full(len(test), np.bincount(tiers, minlength=3).argmax(), dtype=np.int64),
        "last_window_spend": tier_of(window_amount(test, horizon), threshold),
        "softmax_rfm": fit.probabilities(x_test).argmax(axis=1).astype(np.int64),
        "lightgbm": _lightgbm(
            train, test, tiers.astype(np.float64), "multiclass", study.settings.seed
        )
        .argmax(axis=1)
        .astype(np.int64),
    }


def _lightgbm(
    train: CutoffRows, test: CutoffRows, target: FloatArray, objective: str, seed: int
) -> FloatArray:
    """Return the predictions of LightGBM with its own defaults, repeatable under a seed."""
    parameters = {"objective": objective, "seed": seed, "deterministic": True, "num_threads": 1,
                  "force_row_wise": True, "verbose": -1}  # fmt: skip
    if objective == "multiclass":
        parameters["num_class"] = 3
    data = lightgbm.Dataset(_raw(train), target)
    booster = lightgbm.train(parameters, data, num_boost_round=100)
    predicted: FloatArray = np.asarray(booster.predict(_raw(test), num_threads=1), dtype=np.float64)
    return predicted


def _raw(rows: CutoffRows) -> FloatArray:
    every = {**rows.features, **derived(rows, None, 0)}
    return np.column_stack([every[name] for name in sorted(every)])


def _lifetime_models(study: Study, origin: int) -> dict[str, RepeatModel | None]:
    """Return BG/NBD and Pareto/NBD of the histories at ``origin``, whatever the horizon."""
    return {
        "bg_nbd": plain_repeat_buying_at(study, origin),
        "pareto_nbd": pareto_buying_at(study, origin),
    }


def _log(rows: CutoffRows, name: str) -> FloatArray:
    return log_columns(rows, (name,))


def _window(rows: CutoffRows, horizon: int) -> FloatArray:
    return np.log1p(window_amount(rows, horizon))[:, None]


def _standardised(train: FloatArray, test: FloatArray) -> tuple[FloatArray, FloatArray]:
    centre, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    return (train - centre) / scale, (test - centre) / scale
