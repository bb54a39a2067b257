"""Trivial and textbook baselines of churn, value and tiers, fitted on the same training rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from footfall.heads.features import RFM, log_columns, window_amount
from footfall.heads.linear import fit_linear, fit_softmax, sigmoid
from footfall.heads.settings import HeadSettings
from footfall.heads.tables import CutoffRows
from footfall.heads.tiers import tier_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_PENALTY = 1e-4


def churn_baselines(
    train: CutoffRows, test: CutoffRows, labels: FloatArray, horizon: int, settings: HeadSettings
) -> dict[str, FloatArray]:
    """Return P(no purchase) of each baseline for the test rows, by name.

    `recency`, `frequency` and `last_window_spend` are logistic regressions on the logarithm of
    that one number, so that they rank as the number does and are probabilities too.

    Args:
        train: rows of closed cut-offs.
        test: rows to score.
        labels: 1 where a training row bought nothing, [train rows].
        horizon: in days.
        settings: of the heads.
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
    return predicted


def value_baselines(
    train: CutoffRows, test: CutoffRows, spend: FloatArray, horizon: int, settings: HeadSettings
) -> dict[str, FloatArray]:
    """Return the expected spend of each baseline for the test rows, by name.

    `last_window_spend` repeats the last ``horizon`` days unfitted; `recency`, `frequency` and
    `poisson_rfm` are Poisson regressions on logarithms.

    Args:
        spend: of the training rows in the horizon, [train rows]; the rest as in
            :func:`churn_baselines`.
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
    return predicted


def tier_baselines(
    train: CutoffRows,
    test: CutoffRows,
    tiers: IntArray,
    threshold: float,
    horizon: int,
    settings: HeadSettings,
) -> dict[str, IntArray]:
    """Return the tier that each baseline names for the test rows.

    `constant` names the commonest tier, `last_window_spend` the tier of the last ``horizon``
    days, `softmax_rfm` the likeliest tier of a softmax regression on log RFM.

    Args:
        tiers: of the training rows, [train rows].
        threshold: spend above which a customer is VIP.
    """
    x_train, x_test = _standardised(log_columns(train, RFM), log_columns(test, RFM))
    fit = fit_softmax(x_train, tiers, classes=3, penalty=_PENALTY)
    return {
        "constant": np.full(len(test), np.bincount(tiers, minlength=3).argmax(), dtype=np.int64),
        "last_window_spend": tier_of(window_amount(test, horizon), threshold),
        "softmax_rfm": fit.probabilities(x_test).argmax(axis=1).astype(np.int64),
    }


def _log(rows: CutoffRows, name: str) -> FloatArray:
    return log_columns(rows, (name,))


def _window(rows: CutoffRows, horizon: int) -> FloatArray:
    return np.log1p(window_amount(rows, horizon))[:, None]


def _standardised(train: FloatArray, test: FloatArray) -> tuple[FloatArray, FloatArray]:
    centre, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    return (train - centre) / scale, (test - centre) / scale
