"""Exact metrics for probabilities, amounts and tiers.

Every metric takes what happened ``[rows]``, what was predicted ``[rows]`` and weights
``[replicates, rows]``, and returns ``[replicates]``: a row of ones gives the metric itself, a row
of counts gives that of a sample in which each row occurs so often. That holds for metrics that cut
customers into tenths as well: each sample is cut by itself. Scores are sorted once for all
replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from footfall.core.arrays import FloatArray, IntArray

#: Contact lists that precision and recall are reported for: the customers of highest risk.
BUDGETS = {"5_percent": 0.05, "decile": 0.10, "20_percent": 0.20}
#: Metrics where a larger value is better; for all others smaller is better.
LARGER_IS_BETTER = frozenset(
    {
        "auc",
        "pr_auc",
        "average_precision",
        "gini",
        "accuracy",
        "precision",
        "recall",
        "macro_f1",
        "ndcg_10",
        "recall_10",
        "hr_10",
        "mrr",
        *(f"{what}_top_{name}" for what in ("precision", "recall") for name in BUDGETS),
    }
)


def auc(labels: FloatArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the area under the ROC curve, ties counted one half; NaN where a class is missing.

    Parameters
    ----------
    labels
        0 or 1; ``[rows]``.
    scores
        Larger means more likely 1; ``[rows]``.
    weights
        How often each row occurs; ``[replicates, rows]``.

    Returns
    -------
    ``[replicates]``.
    """
    order, starts = _tie_groups(scores)
    positive = np.add.reduceat(weights[:, order] * labels[order], starts, axis=1)
    negative = np.add.reduceat(weights[:, order] * (1.0 - labels[order]), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + 0.5 * negative)).sum(axis=1)
    return _divide(won, positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(labels: FloatArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Area under the precision-recall curve as average precision (step-wise, no interpolation)."""
    order, starts = _tie_groups(-scores)
    positive = np.add.reduceat(weights[:, order] * labels[order], starts, axis=1)
    everyone = np.add.reduceat(weights[:, order], starts, axis=1)
    precision = _divide(np.cumsum(positive, axis=1), np.cumsum(everyone, axis=1), empty=0.0)
    return _divide((precision * positive).sum(axis=1), positive.sum(axis=1))


def brier(labels: FloatArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared difference between probability and outcome."""
    return _mean((probabilities - labels) ** 2, weights)


def log_loss(labels: FloatArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean negative log-likelihood; probabilities are clipped to [1e-6, 1 - 1e-6]."""
    clipped = np.clip(probabilities, 1e-6, 1.0 - 1e-6)
    losses = -(labels * np.log(clipped) + (1.0 - labels) * np.log1p(-clipped))
    return _mean(losses, weights)


def calibration_error(
    labels: FloatArray, probabilities: FloatArray, weights: FloatArray, bins: int = 10
) -> FloatArray:
    """Return the expected calibration error over ``bins`` groups of (nearly) equal size.

    Groups are quantiles of the predicted probability in each sample; customers with one
    probability are never split over two groups (Naeini et al. 2015, with equal-mass bins).
    """
    predicted, actual = _sums_by_group(labels, probabilities, weights, bins)
    return _divide(np.abs(predicted - actual).sum(axis=1), weights.sum(axis=1))


def precision_top(
    labels: FloatArray, scores: FloatArray, weights: FloatArray, share: float = 0.1
) -> FloatArray:
    """Return the share of 1s among the ``share`` of the customers with the largest scores."""
    order, taken = _top_share(scores, weights, share)
    return _divide(taken @ labels[order], taken.sum(axis=1))


def recall_top(
    labels: FloatArray, scores: FloatArray, weights: FloatArray, share: float = 0.1
) -> FloatArray:
    """Return the share of all 1s that the ``share`` with the largest scores holds."""
    order, taken = _top_share(scores, weights, share)
    return _divide(taken @ labels[order], weights @ labels)


def mean_absolute_error(actual: FloatArray, predicted: FloatArray, w: FloatArray) -> FloatArray:
    """Mean absolute error, in the currency of the amounts."""
    return _mean(np.abs(predicted - actual), w)


def root_mean_squared_error(
    actual: FloatArray, predicted: FloatArray, weights: FloatArray
) -> FloatArray:
    """Root of the mean squared error, in the currency of the amounts."""
    return np.sqrt(_mean((predicted - actual) ** 2, weights))


def normalised_gini(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Gini coefficient of the ranking by prediction over that of the perfect ranking.

    Ties in the prediction share their amounts evenly, so the order of rows has no say. NaN where
    all amounts are equal or sum to nothing.
    """
    return _divide(_gini(actual, predicted, weights), _gini(actual, actual, weights))


def total_ratio(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of the predictions over the sum of the amounts (1 is unbiased)."""
    return _divide(weights @ predicted, weights @ actual)


def decile_error(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean over the deciles of prediction of |predicted - actual| / actual, empty deciles left out.

    This is the decile-level MAPE of Wang, Liu and Miao (2019), "A deep probabilistic model for
    customer lifetime value prediction".
    """
    expected, observed = _sums_by_group(actual, predicted, weights, 10)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.where(observed > 0, np.abs(expected - observed) / observed, np.nan)
    filled = np.isfinite(errors)
    return _divide(np.where(filled, errors, 0.0).sum(axis=1), filled.sum(axis=1).astype(float))


def accuracy(actual: IntArray, predicted: IntArray, weights: FloatArray) -> FloatArray:
    """Share of customers whose class is right."""
    return _mean((actual == predicted).astype(float), weights)


def precision(actual: IntArray, predicted: IntArray, weights: FloatArray) -> FloatArray:
    """Unweighted mean over the classes of the share of those named who belong."""
    return _mean_over_classes(actual, predicted, weights, lambda hit, named, true: (hit, named))


def recall(actual: IntArray, predicted: IntArray, weights: FloatArray) -> FloatArray:
    """Unweighted mean over the classes of the share of those who belong that are named."""
    return _mean_over_classes(actual, predicted, weights, lambda hit, named, true: (hit, true))


def macro_f1(actual: IntArray, predicted: IntArray, weights: FloatArray) -> FloatArray:
    """Unweighted mean of the F1 scores of the classes that occur (in truth or in prediction)."""
    return _mean_over_classes(
        actual, predicted, weights, lambda hit, named, true: (2.0 * hit, named + true)
    )


def _mean_over_classes(
    actual: IntArray,
    predicted: IntArray,
    weights: FloatArray,
    parts: Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    classes: int = 3,
) -> FloatArray:
    """Mean of a ratio over the classes that occur; a class without a bottom counts as 0."""
    scores = np.zeros(weights.shape[0])
    present = np.zeros(weights.shape[0])
    for label in range(classes):
        true, named = (actual == label).astype(float), (predicted == label).astype(float)
        sums = weights @ (true * named), weights @ named, weights @ true
        top, bottom = parts(*sums)
        scores += np.where(bottom > 0, top / np.maximum(bottom, 1e-300), 0.0)
        present += sums[1] + sums[2] > 0
    return _divide(scores, present)


def probability_metrics() -> dict[str, Callable[..., FloatArray]]:
    """Metrics of a probability, by the name that `model_evaluation` shows."""
    return {
        "auc": auc,
        "pr_auc": average_precision,
        "brier": brier,
        "log_loss": log_loss,
        "ece": calibration_error,
        **{
            f"{what}_top_{name}": partial(metric, share=share)
            for name, share in BUDGETS.items()
            for what, metric in (("precision", precision_top), ("recall", recall_top))
        },
    }


def amount_metrics() -> dict[str, Callable[..., FloatArray]]:
    """Metrics of a predicted amount, by the name that `model_evaluation` shows."""
    return {
        "mae": mean_absolute_error,
        "rmse": root_mean_squared_error,
        "gini": normalised_gini,
        "total_ratio": total_ratio,
        "decile_mape": decile_error,
    }


def tier_metrics() -> dict[str, Callable[..., FloatArray]]:
    """Metrics of a predicted class, by the name that `model_evaluation` shows."""
    return {
        "accuracy": accuracy,
        "precision": precision,
        "recall": recall,
        "macro_f1": macro_f1,
    }


def _mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    return _divide(weights @ values, weights.sum(axis=1))


def _divide(top: FloatArray, bottom: FloatArray, empty: float = float("nan")) -> FloatArray:
    safe = np.where(bottom > 0, bottom, 1.0)
    return np.where(bottom > 0, top / safe, empty)


def _tie_groups(scores: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the ascending order of scores and where each group of equal scores starts."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return order.astype(np.int64), starts.astype(np.int64)


def equal_mass_groups(scores: FloatArray, groups: int) -> tuple[IntArray, IntArray]:
    """Return the ascending order and group starts; a start in a run of ties moves to its head."""
    order, ties = _tie_groups(scores)
    wanted = (np.arange(groups) * len(scores)) // groups
    heads = ties[np.searchsorted(ties, wanted, side="right") - 1]
    return order, np.unique(heads)


def _sums_by_group(
    actual: FloatArray, predicted: FloatArray, weights: FloatArray, groups: int
) -> tuple[FloatArray, FloatArray]:
    """Return the sums of prediction and outcome by group, ``[replicates, groups]`` each.

    Each sample is cut by itself as :func:`equal_mass_groups` would cut it written out: fixed
    groups would hold more or less than their share of a sample.
    """
    order, ties = _tie_groups(predicted)
    rows = weights[:, order]
    upto = np.cumsum(np.add.reduceat(rows, ties, axis=1), axis=1)
    # Group g starts at position floor(g * size / groups), so ceil(n * groups / size) groups start
    # among the first n. Ties in which at least one starts are the head of a group.
    started = np.ceil(upto * groups / upto[:, -1:])
    is_head = np.diff(started, axis=1, prepend=0.0) > 0
    group = np.maximum(np.cumsum(is_head, axis=1) - 1, 0)
    place = (group + groups * np.arange(len(weights))[:, None]).ravel()

    def summed(values: FloatArray) -> FloatArray:
        by_tie = np.add.reduceat(rows * values[order], ties, axis=1)
        sums = np.bincount(place, by_tie.ravel(), minlength=groups * len(weights))
        return sums.reshape(len(weights), groups).astype(np.float64)

    return summed(predicted), summed(actual)


def _top_share(
    scores: FloatArray, weights: FloatArray, share: float
) -> tuple[IntArray, FloatArray]:
    """Return rows from the largest score down, and how often each is in the top of each sample.

    The last row of a top may be in it less often than in the sample. Returned as far down as any
    sample's top reaches: order ``[top]`` and times ``[replicates, top]``.
    """
    order = np.argsort(-scores, kind="stable").astype(np.int64)
    wanted = np.maximum(np.rint(share * weights.sum(axis=1, keepdims=True)), 1.0)
    taken = np.zeros((len(weights), 0))
    # Twice the wanted rows hold the top of nearly every sample; if not, all are looked at.
    for reach in (min(2 * int(wanted.max()) + 20, len(order)), len(order)):
        ordered = weights[:, order[:reach]]
        taken = np.clip(wanted - (np.cumsum(ordered, axis=1) - ordered), 0.0, ordered)
        if (taken.sum(axis=1, keepdims=True) >= wanted).all():
            break
    return order[: taken.shape[1]], taken


def _gini(actual: FloatArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Twice the area between the Lorenz curve of the ranking and the diagonal."""
    order, starts = _tie_groups(-scores)
    gained = np.add.reduceat(weights[:, order] * actual[order], starts, axis=1)
    people = np.add.reduceat(weights[:, order], starts, axis=1)
    height = _divide(np.cumsum(gained, axis=1), gained.sum(axis=1, keepdims=True))
    step = _divide(people, people.sum(axis=1, keepdims=True))
    previous = np.concatenate([np.zeros((len(weights), 1)), height[:, :-1]], axis=1)
    area: FloatArray = (step * (height + previous)).sum(axis=1) - 1.0
    return area
