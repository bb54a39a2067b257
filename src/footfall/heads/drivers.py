"""Why a customer is at risk: exact additive effects in log-odds, gathered into plain ideas."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray

#: Ideas by the words in a feature's name; the first match decides.
_IDEAS = (
    ("encoder_state", ("encoder_state",)),
    ("rhythm", ("gap", "overdue", "repeat_model_log_odds")),
    ("friction", ("friction", "support", "error")),
    ("refunds", ("refund",)),
    ("discounts", ("discount", "coupon")),
    ("engagement", ("session", "view", "cart", "search", "wishlist", "event", "campaign")),
    ("order_value", ("order_amount",)),
    ("spend", ("amount",)),
    ("breadth", ("category", "item", "line", "brand")),
    ("tenure", ("tenure", "first_order")),
    ("frequency", ("order", "active", "repeat_model")),
    ("recency", ("recency",)),
)


def idea_of(feature: str) -> str:
    """Return the idea that a feature belongs to; a feature that fits none is its own idea."""
    for idea, words in _IDEAS:
        if any(word in feature for word in words):
            return idea
    return feature.removeprefix("f_")


def strongest_ideas(
    features: tuple[str, ...], effects: FloatArray, count: int
) -> tuple[list[list[str]], FloatArray]:
    """Return the ideas with the largest absolute effect for each customer.

    Parameters
    ----------
    features
        Feature names.
    effects
        What each adds to the log-odds, [rows, features].
    count
        Ideas a customer.

    Returns
    -------
    Names as ``count`` lists of [rows], strongest first, and effects float64 [rows, count]. Where
    there are fewer ideas than ``count``, the last repeat as empty names with effect 0.
    """
    ideas = sorted({idea_of(feature) for feature in features})
    position = {idea: index for index, idea in enumerate(ideas)}
    gathered = np.zeros((len(effects), max(len(ideas), count)))
    for column, feature in enumerate(features):
        gathered[:, position[idea_of(feature)]] += effects[:, column]
    order = np.argsort(-np.abs(gathered), axis=1, kind="stable")[:, :count]
    names = np.array([*ideas, *[""] * (gathered.shape[1] - len(ideas))])
    return [names[order[:, rank]].tolist() for rank in range(count)], np.take_along_axis(
        gathered, order, axis=1
    )
