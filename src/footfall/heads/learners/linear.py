"""Ridge-penalised logistic, Poisson and softmax regression by Newton's method, in torch.

The three are convex, have tens of columns and tens of thousands of rows: a handful of exact
Newton steps reaches the optimum, is the same on every run, and needs no learning rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from footfall.core.arrays import FloatArray, IntArray

Family = Literal["logistic", "poisson"]

_MAX_STEPS = 40
_LARGEST_LINK = 12.0


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear predictor.

    Attributes
    ----------
    intercept
        Scalar.
    slopes
        Float64 [columns].
    """

    intercept: float
    slopes: FloatArray

    def link(self, design: FloatArray) -> FloatArray:
        """Return the linear predictor (log-odds or log-mean), float64 [rows]."""
        return self.intercept + design @ self.slopes


def fit_linear(
    design: FloatArray,
    target: FloatArray,
    *,
    family: Family,
    penalty: FloatArray | float,
    weights: FloatArray | None = None,
    offset: FloatArray | None = None,
) -> LinearFit:
    """Minimise mean negative log-likelihood + 0.5 * sum(penalty * slopes^2).

    The search starts at the marginal fit (all slopes zero) and halves a step that does not
    improve, so an outlier cannot throw it off.

    Parameters
    ----------
    design
        Standardised columns, [rows, columns].
    target
        0/1 for logistic; non-negative for Poisson, any unit: it is scaled by its mean so that
        ``penalty`` means the same in every currency.
    family
        Of the likelihood.
    penalty
        Ridge penalty a row, one for all columns or one each; the intercept has none.
    weights
        A weight each row, [rows].
    offset
        A known part of the linear predictor, [rows].
    """
    x = torch.from_numpy(np.column_stack([np.ones(len(design)), design]))
    w = torch.ones(len(design), dtype=torch.float64) if weights is None else _tensor(weights)
    w = w / w.sum()
    known = torch.zeros(len(design), dtype=torch.float64) if offset is None else _tensor(offset)
    y = _tensor(target)
    scale = float((w * y).sum()) if family == "poisson" else 1.0
    if family == "poisson":
        if scale <= 0.0:
            return LinearFit(-_LARGEST_LINK, np.zeros(design.shape[1]))
        y = y / scale
        known = known - float(np.log(scale))
    ridge = torch.zeros(x.shape[1], dtype=torch.float64)
    ridge[1:] = torch.as_tensor(penalty, dtype=torch.float64)
    coefficients = torch.zeros(x.shape[1], dtype=torch.float64)
    coefficients[0] = _marginal(y, w, known, family)
    value = _objective(x, y, w, known, coefficients, ridge, family)
    for _ in range(_MAX_STEPS):
        link = (x @ coefficients + known).clamp(-30.0, _LARGEST_LINK)
        mean = torch.sigmoid(link) if family == "logistic" else torch.exp(link)
        curvature = mean * (1.0 - mean) if family == "logistic" else mean
        gradient = x.T @ (w * (mean - y)) + ridge * coefficients
        hessian = x.T @ (x * (w * curvature)[:, None]) + torch.diag(ridge + 1e-9)
        step = torch.linalg.solve(hessian, gradient)
        improved, value_after = coefficients, value
        for halving in range(20):
            tried = coefficients - step * 0.5**halving
            tried_value = _objective(x, y, w, known, tried, ridge, family)
            if bool(tried_value < value):
                improved, value_after = tried, tried_value
                break
        gained = float(value - value_after)
        coefficients, value = improved, value_after
        if gained <= 1e-10 * (1.0 + abs(float(value))):
            break
    return LinearFit(float(coefficients[0]), coefficients[1:].numpy().copy())


@dataclass(frozen=True)
class SoftmaxFit:
    """A multinomial model: intercepts float64 [classes], slopes float64 [columns, classes]."""

    intercepts: FloatArray
    slopes: FloatArray

    def probabilities(self, design: FloatArray) -> FloatArray:
        """Return class probabilities, float64 [rows, classes]."""
        logits = self.intercepts + design @ self.slopes
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        shares: FloatArray = exponentials / exponentials.sum(axis=1, keepdims=True)
        return shares


def fit_softmax(
    design: FloatArray,
    labels: IntArray,
    *,
    classes: int,
    penalty: float,
    weights: FloatArray | None = None,
) -> SoftmaxFit:
    """Minimise mean cross-entropy + 0.5 * penalty * sum(slopes^2), started at the class shares."""
    rows, columns = design.shape
    w = np.ones(rows) if weights is None else weights
    w = w / w.sum()
    shares = np.array([w[labels == label].sum() for label in range(classes)])
    x, y, weight = _tensor(design), torch.from_numpy(labels), _tensor(w)
    intercepts = torch.log(_tensor(shares).clamp_min(1e-6)).requires_grad_(True)
    slopes = torch.zeros(columns, classes, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [intercepts, slopes], max_iter=60, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        search.zero_grad()
        losses = torch.nn.functional.cross_entropy(intercepts + x @ slopes, y, reduction="none")
        # A class without rows would pull its intercept to minus infinity without this hold.
        loss = (weight * losses).sum() + 0.5 * penalty * (slopes**2).sum()
        loss = loss + 1e-6 * (intercepts**2).sum()
        loss.backward()
        return loss

    search.step(closure)
    return SoftmaxFit(intercepts.detach().numpy().copy(), slopes.detach().numpy().copy())


def sigmoid(link: FloatArray) -> FloatArray:
    """Return the logistic function without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * link))


def logit(probability: FloatArray) -> FloatArray:
    """Return log-odds, with probabilities held to [1e-5, 1 - 1e-5]."""
    clipped = np.clip(probability, 1e-5, 1.0 - 1e-5)
    return np.log(clipped) - np.log1p(-clipped)


def _tensor(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))


def _marginal(y: torch.Tensor, w: torch.Tensor, known: torch.Tensor, family: Family) -> float:
    if family == "poisson":
        return -float(torch.log((w * torch.exp(known.clamp(-30.0, _LARGEST_LINK))).sum()))
    rate = float((w * y).sum().clamp(1e-5, 1.0 - 1e-5))
    return float(np.log(rate / (1.0 - rate))) - float((w * known).sum())


def _objective(
    x: torch.Tensor,
    y: torch.Tensor,
    w: torch.Tensor,
    known: torch.Tensor,
    coefficients: torch.Tensor,
    ridge: torch.Tensor,
    family: Family,
) -> torch.Tensor:
    link = (x @ coefficients + known).clamp(-30.0, _LARGEST_LINK)
    if family == "logistic":
        losses = torch.nn.functional.softplus(link) - y * link
    else:
        losses = torch.exp(link) - y * link
    return (w * losses).sum() + 0.5 * (ridge * coefficients**2).sum()
