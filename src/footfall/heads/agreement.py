"""Expected spend whose parts agree: amount, orders, order amount, the chance of a purchase.

They come from different models. What is served keeps four rules: amount is orders times order
amount; orders are at least the chance of a purchase; the order amount lies between the customer's
own mean and that of all, as Gamma-Gamma has it; no part but the order amount falls with the
horizon. The amount is left as it is wherever the rules allow that: it is what back-tests judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray

#: The smallest orders and order amounts that count as more than nothing.
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Spend:
    """Expected amount and orders in a horizon, [rows] each."""

    amount: FloatArray
    orders: FloatArray

    def times(self, factor: FloatArray) -> Spend:
        """Return both multiplied by a factor for each customer, [rows]."""
        return Spend(self.amount * factor, self.orders * factor)


#: The least and the largest order amount of each customer, [rows] each.
Limits = tuple[FloatArray, FloatArray]


def no_spend(rows: int) -> Spend:
    """Return the spend in a horizon of no days."""
    return Spend(np.zeros(rows), np.zeros(rows))


def no_limits(rows: int) -> Limits:
    """Return limits that allow any order amount."""
    return np.zeros(rows), np.full(rows, np.inf)


def agreed(spend: Spend, buys: FloatArray, limits: Limits, shorter: Spend) -> Spend:
    """Return the spend that keeps the rules and lies nearest to what the models say.

    Parameters
    ----------
    spend
        Amount and orders as their models say them.
    buys
        P(a purchase in the horizon), [rows].
    limits
        Of the order amount; the same for all horizons.
    shorter
        The agreed spend of the next shorter horizon.
    """
    least, most = (np.maximum(limit, _SMALLEST) for limit in limits)
    each = np.clip(spend.amount / np.maximum(spend.orders, _SMALLEST), least, most)
    orders = np.max([spend.amount / each, buys, shorter.orders], axis=0)
    amount = np.maximum(spend.amount, shorter.amount)
    # Orders that were raised make the amount last for more of them, as far as the limits allow.
    each = np.clip(amount / np.maximum(orders, _SMALLEST), least, most)
    return Spend(np.maximum(orders * each, shorter.amount), orders)
