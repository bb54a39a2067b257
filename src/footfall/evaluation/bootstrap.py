"""Any metric with its bootstrap interval over customers, for several models on the same rows.

All models of a comparison share the same rows of weights, so that differences between models are
paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from footfall.core.arrays import FloatArray
from footfall.evaluation.score_metrics import LARGER_IS_BETTER

_CELLS_PER_CHUNK = 1_000_000
_RESAMPLED_ROWS = 1_000_000


@dataclass(frozen=True)
class Measured:
    """A metric with its 95 % bootstrap interval and the replicates behind it."""

    value: float
    lower: float
    upper: float
    replicates: FloatArray


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
