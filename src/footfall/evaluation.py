"""Exact metrics for probabilities, amounts and tiers, with bootstrap intervals over customers.

Every metric takes ``weights`` of shape [replicates, customers]: a row of ones gives the metric
itself, a row of multinomial counts gives a bootstrap replicate. Scores are sorted once for all
replicates, and all models of a comparison share the same rows of weights, so that differences
between models are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Contact lists that precision and recall are told of: the customers of highest risk.
BUDGETS = {"5_percent": 0.05, "decile": 0.10, "20_percent": 0.20}
#: Metrics where a larger value is better; for all others smaller is better.
LARGER_IS_BETTER = frozenset(
    {
        "auc",
        "pr_auc",
        "gini",
        "accuracy",
        "precision",
        "recall",
        "macro_f1",
        *(f"{what}_top_{name}" for what in ("precision", "recall") for name in BUDGETS),
    }
)
_CELLS_PER_CHUNK = 1_000_000
_RESAMPLED_ROWS = 1_000_000


@dataclass(frozen=True)
class Measured:
    """A metric with its 95 % bootstrap interval and the replicates behind it."""

    value: float
    lower: float
    upper: float
    replicates: FloatArray


def auc(labels: FloatArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Area under the ROC curve, ties counted one half; NaN where a class is missing.

    Args:
        labels: 0 or 1, [customers].
        scores: larger means more likely 1, [customers].
        weights: non-negative, [replicates, customers].

    Returns:
        [replicates].
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
    """Expected calibration error over ``bins`` groups of (nearly) equal size.

    Groups are quantiles of the predicted probability; customers with one probability are never
    split over two groups (Naeini et al. 2015, with equal-mass bins).
    """
    order, starts = _equal_mass_groups(probabilities, bins)
    expected = np.add.reduceat(weights[:, order] * probabilities[order], starts, axis=1)
    observed = np.add.reduceat(weights[:, order] * labels[order], starts, axis=1)
    return _divide(np.abs(expected - observed).sum(axis=1), weights.sum(axis=1))


def precision_top(
    labels: FloatArray, scores: FloatArray, weights: FloatArray, share: float = 0.1
) -> FloatArray:
    """Share of 1s among the ``share`` of the customers with the largest scores."""
    top = _top_share(scores, share)
    return _divide((weights[:, top] * labels[top]).sum(axis=1), weights[:, top].sum(axis=1))


def recall_top(
    labels: FloatArray, scores: FloatArray, weights: FloatArray, share: float = 0.1
) -> FloatArray:
    """Share of all 1s found among the ``share`` of the customers with the largest scores."""
    top = _top_share(scores, share)
    return _divide((weights[:, top] * labels[top]).sum(axis=1), weights @ labels)


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
    order, starts = _equal_mass_groups(predicted, 10)
    expected = np.add.reduceat(weights[:, order] * predicted[order], starts, axis=1)
    observed = np.add.reduceat(weights[:, order] * actual[order], starts, axis=1)
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


def stability_index(before: FloatArray, now: FloatArray) -> float | None:
    """Return the population stability index over the tenths of ``before``; None without rows.

    The sum of (share now - share before) * log(share now / share before), each share with half a
    row added, so that an empty tenth is told of and not infinite. Below 0.1 little has moved,
    above 0.25 much has (Siddiqi 2006, "Credit risk scorecards").
    """
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    if len(before) == 0 or len(now) == 0:
        return None
    edges = np.unique(np.quantile(before, np.arange(1, 10) / 10.0))
    shares = []
    for values in (before, now):
        counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


@dataclass(frozen=True)
class Tenth:
    """A tenth of the customers by prediction: means of prediction and outcome, 95 % interval."""

    number: int
    count: int
    predicted: float
    observed: float
    lower: float
    upper: float


def calibration_tenths(
    actual: FloatArray, predicted: FloatArray, *, is_probability: bool
) -> list[Tenth]:
    """Compare prediction and outcome by tenth of the prediction, lowest first.

    Customers of one prediction are never split, so there may be fewer than ten groups. The
    interval is Wilson's (1927) for shares and the mean plus and minus 1.96 standard errors, not
    below zero, for amounts.
    """
    if len(actual) == 0:
        return []
    order, starts = _equal_mass_groups(predicted, 10)
    found = []
    for number, rows in enumerate(np.split(order, starts[1:]), start=1):
        count, mean = len(rows), float(actual[rows].mean())
        if is_probability:
            spread = 1.96**2 / count
            centre = (mean + spread / 2.0) / (1.0 + spread)
            half = 1.96 * np.sqrt(mean * (1.0 - mean) / count + spread / (4.0 * count))
            half /= 1.0 + spread
        else:
            centre, half = mean, 1.96 * float(actual[rows].std()) / np.sqrt(count)
        lower, upper = max(centre - half, 0.0), centre + half
        found.append(Tenth(number, count, float(predicted[rows].mean()), mean, lower, upper))
    return found


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


def measure(
    metrics: Mapping[str, Callable[..., FloatArray]],
    actual: npt.NDArray[np.generic],
    predictions: Mapping[str, npt.NDArray[np.generic]],
    *,
    replicates: int,
    seed: int,
) -> dict[tuple[str, str], Measured]:
    """Measure every model on the same customers with a paired, seeded bootstrap.

    Args:
        metrics: functions (actual, predicted, weights) -> [replicates] by name.
        actual: labels or amounts, [customers].
        predictions: model name -> prediction, [customers] each.
        replicates: bootstrap replicates, at most; 0 leaves the intervals NaN. Beyond 5,000
            customers there are fewer, down to 50: the intervals are narrow then, and a million
            resampled rows place their ends well enough.
        seed: of the resampling.

    Returns:
        (model, metric) -> value, 95 % percentile interval, replicates.
    """
    count = len(actual)
    if count == 0:
        return {}
    replicates = min(replicates, max(50, _RESAMPLED_ROWS // count))
    pieces: dict[tuple[str, str], list[FloatArray]] = {
        (model, metric): [] for model in predictions for metric in metrics
    }
    for weights in _weight_chunks(count, replicates, seed):
        for model, predicted in predictions.items():
            for metric, function in metrics.items():
                pieces[model, metric].append(function(actual, predicted, weights))
    measured = {}
    for key, chunks in pieces.items():
        values = np.concatenate(chunks)
        measured[key] = summarise(float(values[0]), values[1:])
    return measured


def summarise(value: float, replicates: FloatArray) -> Measured:
    """Return a metric with the 2.5 % and 97.5 % percentiles of its finite replicates."""
    finite = replicates[np.isfinite(replicates)]
    if len(finite) == 0:
        return Measured(value, float("nan"), float("nan"), replicates)
    lower, upper = np.quantile(finite, [0.025, 0.975])
    return Measured(value, float(lower), float(upper), replicates)


def paired_lead(ours: Measured, other: Measured, metric: str) -> Measured:
    """Return how much better ``ours`` is than ``other``, positive when better, on paired rows."""
    sign = 1.0 if metric in LARGER_IS_BETTER else -1.0
    return summarise(sign * (ours.value - other.value), sign * (ours.replicates - other.replicates))


def _weight_chunks(count: int, replicates: int, seed: int) -> Iterator[FloatArray]:
    """Yield rows of bootstrap weights, first a row of ones, a bounded number of cells at a time."""
    generator = np.random.default_rng(seed)
    yield np.ones((1, count))
    size = max(1, _CELLS_PER_CHUNK // count)
    for start in range(0, replicates, size):
        rows = min(size, replicates - start)
        drawn = generator.integers(0, count, size=(rows, count))
        drawn += np.arange(rows)[:, None] * count
        counts = np.bincount(drawn.ravel(), minlength=rows * count)
        yield counts.reshape(rows, count).astype(np.float64)


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


def _equal_mass_groups(scores: FloatArray, groups: int) -> tuple[IntArray, IntArray]:
    """Return the ascending order and group starts; a start in a run of ties moves to its head."""
    order, ties = _tie_groups(scores)
    wanted = (np.arange(groups) * len(scores)) // groups
    heads = ties[np.searchsorted(ties, wanted, side="right") - 1]
    return order, np.unique(heads)


def _top_share(scores: FloatArray, share: float) -> IntArray:
    count = max(1, round(share * len(scores)))
    return np.argsort(-scores, kind="stable")[:count].astype(np.int64)


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
