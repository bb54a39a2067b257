"""Calibration on held-out customers: Platt scaling of log-odds, conformal bands of amounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.learners.linear import fit_linear

_SMALLEST_BAND = 50


@dataclass(frozen=True)
class PlattScaling:
    """calibrated log-odds = intercept + slope * log-odds (Platt 1999)."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, log_odds: FloatArray) -> FloatArray:
        """Return calibrated log-odds, [rows]."""
        return self.intercept + self.slope * log_odds


def fit_platt(
    log_odds: FloatArray, labels: FloatArray, *, slope_trust: float, level_trust: float
) -> PlattScaling:
    """Fit slope and intercept on held-out rows, then move only part of the way there.

    One held-out cut-off is one draw of the season: how far the level was off there says little
    about how far it will be off next, while overconfidence tends to stay.

    Parameters
    ----------
    log_odds
        Of customers that were not learnt from, [rows].
    labels
        0 or 1, [rows].
    slope_trust
        Part of the slope's correction that is believed, in [0, 1].
    level_trust
        Part of the correction at the mean log-odds that is believed, in [0, 1].
    """
    if len(labels) < 100 or labels.min() == labels.max():
        return PlattScaling()
    centre = float(log_odds.mean())
    spread = float(log_odds.std())
    if spread < 1e-6:
        return PlattScaling()
    # Fitted as an offset plus a small change, so that the penalty pulls the slope to one.
    change = fit_linear(
        ((log_odds - centre) / spread)[:, None],
        labels,
        family="logistic",
        penalty=20.0 / len(labels),
        offset=log_odds,
    )
    slope_change = float(change.slopes[0]) / spread
    slope = max(1.0 + slope_trust * slope_change, 0.1)
    return PlattScaling(slope, centre + level_trust * change.intercept - slope * centre)


@dataclass(frozen=True)
class AmountBands:
    """Conformal quantiles of actual / predicted, by size of the prediction.

    Attributes
    ----------
    edges
        Upper ends of the bands in predicted amount, ascending, [bands - 1].
    low, high
        Factors on the prediction, [bands].
    floor
        Amount added to both sides of the ratio, so that tiny predictions have a scale.
    """

    edges: FloatArray
    low: FloatArray
    high: FloatArray
    floor: float

    def interval(self, predicted: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper amounts, [rows] each, with 0 <= lower <= predicted <= upper."""
        band = np.searchsorted(self.edges, predicted, side="right")
        scale = predicted + self.floor
        lower = np.clip(scale * self.low[band], 0.0, predicted)
        return lower, np.maximum(scale * self.high[band], predicted)


def fit_bands(predicted: FloatArray, actual: FloatArray, coverage: float) -> AmountBands:
    """Learn bands from predictions on held-out customers (split conformal, by group).

    Within each band the factors are the order statistics that cover the next exchangeable
    customer with at least ``coverage`` (Vovk 2012, "Conditional validity of inductive conformal
    predictors"). Without held-out customers the interval is [0, 3 * prediction].
    """
    count = len(actual)
    floor = max(1e-9, 0.01 * float(predicted.mean())) if count else 1e-9
    if count < 10:
        return AmountBands(np.zeros(0), np.zeros(1), np.full(1, 3.0), floor)
    bands = int(np.clip(count // _SMALLEST_BAND, 1, 12))
    cuts = np.quantile(predicted, np.arange(1, bands) / bands)
    edges = np.unique(cuts)
    band = np.searchsorted(edges, predicted, side="right")
    ratio = actual / (predicted + floor)
    low, high = np.zeros(len(edges) + 1), np.full(len(edges) + 1, 3.0)
    tail = (1.0 - coverage) / 2.0
    for index in range(len(edges) + 1):
        ordered = np.sort(ratio[band == index])
        size = len(ordered)
        if size == 0:
            continue
        below = int(np.floor((size + 1) * tail)) - 1
        above = int(np.ceil((size + 1) * (1.0 - tail))) - 1
        # Equal tails even where many bought nothing and the lower end is zero: the upper end is
        # always the amount that one in ten exceeds (at 80 %), and the band covers a little more.
        low[index] = ordered[below] if below >= 0 else 0.0
        high[index] = ordered[min(above, size - 1)]
    return AmountBands(edges, low, high, floor)


def one_error_choice(losses: FloatArray, customer_no: IntArray, *, preferred: int) -> int:
    """Return ``preferred`` unless it is clearly worse than the best column, else the best.

    The standard error is that of clusters (Liang and Zeger 1986): rows of one customer at several
    cut-offs are alike, and say less than as many customers would.

    Parameters
    ----------
    losses
        Loss of each held-out row under each choice, [rows, choices].
    customer_no
        Whose each row is, [rows].
    preferred
        The choice to keep unless the data speak against it by one standard error.
    """
    if len(losses) == 0:
        return preferred
    best = int(losses.mean(axis=0).argmin())
    worse = losses[:, preferred] - losses[:, best]
    _, customer = np.unique(customer_no, return_inverse=True)
    error = np.sqrt((np.bincount(customer, worse - worse.mean()) ** 2).sum()) / len(losses)
    return best if worse.mean() > error else preferred
