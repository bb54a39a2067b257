"""What each customer's own buying rate says, for shops that are too young to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.cutoffs.features import first_order_age, purchase_days
from footfall.heads.cutoffs.rows import CutoffRows


@dataclass(frozen=True)
class MeanRate:
    """How all customers bought when a head was made: what own rates are compared with.

    Attributes
    ----------
    wait
        Days between purchases.
    spend
        Money in a purchase.
    """

    wait: float
    spend: float

    def silence(self, horizon: int) -> float:
        """Return what :func:`simple_silence` says of somebody of whom nothing is known."""
        return self.wait / (self.wait + horizon)

    def amount(self, horizon: int) -> float:
        """Return what such a customer spends in the horizon."""
        return horizon / self.wait * self.spend


def mean_rate(rows: CutoffRows) -> MeanRate | None:
    """Return how these customers bought; None where there are none."""
    if len(rows) == 0:
        return None
    bought, age = _histories(rows)
    spent = np.nan_to_num(rows.features.get("f_amount", np.zeros(len(rows)))).sum()
    return MeanRate(float(age.sum() / bought.sum()), float(spent / max(bought.sum(), 1.0)))


def simple_silence(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return P(no purchase) from each customer's own buying rate, shrunk to the mean of all.

    The model for shops that are too young to learn from: purchases come at a Gamma-distributed
    rate, nobody drops out, and one purchase over the mean time between purchases is added to
    each history. Needs no labels. (Ehrenberg 1959, the NBD model.)
    """
    if len(rows) == 0:
        return np.zeros(0)
    bought, age = _histories(rows)
    mean_wait = age.sum() / bought.sum()
    wait = age + mean_wait
    silent: FloatArray = (wait / (wait + horizon)) ** (bought + 1.0)
    return silent


def simple_orders(rows: CutoffRows, horizon: int) -> FloatArray:
    """Return expected orders in the horizon under the model of :func:`simple_silence`."""
    if len(rows) == 0:
        return np.zeros(0)
    bought, age = _histories(rows)
    orders: FloatArray = (bought + 1.0) / (age + age.sum() / bought.sum()) * horizon
    return orders


def _histories(rows: CutoffRows) -> tuple[FloatArray, FloatArray]:
    bought = purchase_days(rows)
    known_age = first_order_age(rows)
    age = rows.features["f_recency_days"] if known_age is None else known_age
    return bought, np.maximum(np.nan_to_num(age), 1.0)
