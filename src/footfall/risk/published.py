"""What the published method of scoring payments knows, and from how much it learns."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import Array, FloatArray

#: What the published method knows: amount, time, and windows of customer and terminal.
PUBLISHED = (
    "amount",
    "is_weekend",
    "shop_hour",
    "own_mean",
    "customer_attempts_1d",
    "customer_attempts_7d",
    "customer_attempts_30d",
    "terminal_closed_7d",
    "terminal_closed_30d",
    "terminal_fraud_share_1d",
    "terminal_fraud_share_7d",
    "terminal_fraud_share_30d",
)
#: Rows that baselines learn from, the newest: more takes minutes and moves little.
MOST_ROWS = 70_000


def published_rows(
    names: list[str], learnt: Array, labels: FloatArray, tested: Array
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Return what a baseline learns from and what it scores; unknown features count as 0.

    Parameters
    ----------
    names
        Of the features.
    learnt
        Features of the attempts that are learned from, oldest first, NaN where unknown.
    labels
        1 or 0, [learnt].
    tested
        Features of the tested attempts.

    Returns
    -------
    Learned features [newest, published], their labels, and tested features [tested, published];
    None where no feature is among the published ones or the newest rows hold one class alone.
    """
    columns = [place for place, name in enumerate(names) if name in PUBLISHED]
    newest = slice(max(0, len(labels) - MOST_ROWS), None)
    y = labels[newest]
    if not columns or y.min() == y.max():
        return None
    x, z = (np.nan_to_num(rows[:, columns].astype(np.float64)) for rows in (learnt[newest], tested))
    return x, y, z
