"""Any metric with its bootstrap interval, for several models on the same rows.

The one bootstrap of the project (Efron 1979), used by every back-test; uplift alone draws weights
of its own, as its rankings are of overlapping parts of one file. All models of a comparison share
the same rows of weights, so that differences between models are paired. Where a customer has
several rows, customers are drawn and not rows (the cluster bootstrap, Davison and Hinkley 1997,
section 3.8): rows of one customer are alike, and as independent ones they make every interval too
narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray, IntArray
from footfall.evaluation.score_metrics import LARGER_IS_BETTER

_CELLS_PER_CHUNK = 1_000_000
_RESAMPLED_ROWS = 1_000_000


@dataclass(frozen=True)
class Measured:
    """A metric with its 95 % bootstrap interval and the replicates behind it.

    Attributes
    ----------
    value
        The metric itself.
    lower, upper
        Percentiles 2.5 and 97.5 of the replicates; NaN without any.
    replicates
        The metric of each resample; ``[replicates]``.
    """

    value: float
    lower: float
    upper: float
    replicates: FloatArray


def measure(
    metrics: Mapping[str, Callable[..., FloatArray]],
    actual: Array,
    predictions: Mapping[str, Array],
    *,
    replicates: int,
    seed: int,
    clusters: Array | None = None,
) -> dict[tuple[str, str], Measured]:
    """Measure every model on the same rows with a paired, seeded bootstrap.

    Parameters
    ----------
    metrics
        Functions of actual, predicted and weights ``[replicates, rows]`` that return
        ``[replicates]``, by name.
    actual
        Labels or amounts; ``[rows]``.
    predictions
        What each model says, by its name; ``[rows]``, or ``[rows, …]`` where the metrics read
        more than one column.
    replicates
        Bootstrap replicates, at most; 0 leaves the intervals NaN. Beyond 5,000 rows there are
        fewer, down to 50: the intervals are narrow then, and a million resampled rows place their
        ends well enough.
    seed
        Of the resampling.
    clusters
        Whose each row is; ``[rows]``. Those of one customer are drawn together. None where every
        row is a customer of its own.

    Returns
    -------
    Value, interval and replicates by model and metric; nothing where there are no rows.
    """
    count = len(actual)
    if count == 0:
        return {}
    replicates = min(replicates, max(50, _RESAMPLED_ROWS // count))
    pieces: dict[tuple[str, str], list[FloatArray]] = {
        (model, metric): [] for model in predictions for metric in metrics
    }
    for weights in _weight_chunks(count, replicates, seed, clusters):
        for model, predicted in predictions.items():
            for metric, function in metrics.items():
                pieces[model, metric].append(function(actual, predicted, weights))
    measured = {}
    for key, chunks in pieces.items():
        values = np.concatenate(chunks)
        measured[key] = summarise(float(values[0]), values[1:])
    return measured


def measure_mean(values: FloatArray, *, replicates: int, seed: int) -> Measured:
    """Measure the mean over customers of a number that each of them has, ``[customers]``.

    Without customers everything is NaN.
    """
    if len(values) == 0:
        return summarise(float("nan"), np.zeros(0))
    found = measure(
        {"mean": mean_of_column}, values, {"": values[:, None]}, replicates=replicates, seed=seed
    )
    return found["", "mean"]


def mean_of_column(
    _: Array, values: FloatArray, weights: FloatArray, *, column: int = 0
) -> FloatArray:
    """Return the weighted mean of one column of ``values`` ``[rows, columns]``; ``[replicates]``.

    A metric for numbers that each row has by itself, such as a customer's NDCG.
    """
    mean: FloatArray = weights @ values[:, column] / weights.sum(axis=1)
    return mean


def summarise(value: float, replicates: FloatArray) -> Measured:
    """Return a metric with the percentiles 2.5 and 97.5 of its finite replicates."""
    finite = replicates[np.isfinite(replicates)]
    if len(finite) == 0:
        return Measured(value, float("nan"), float("nan"), replicates)
    lower, upper = np.quantile(finite, [0.025, 0.975])
    return Measured(value, float(lower), float(upper), replicates)


def paired_lead(ours: Measured, other: Measured, metric: str) -> Measured:
    """Return how much better ``ours`` is than ``other``, positive when better, on paired rows."""
    sign = 1.0 if metric in LARGER_IS_BETTER else -1.0
    return summarise(sign * (ours.value - other.value), sign * (ours.replicates - other.replicates))


def cluster_codes(clusters: Array) -> tuple[IntArray, int]:
    """Return the number of each row's cluster, from 0 in order of first sight, and how many.

    In order of first sight, so that rows which are clusters of their own are drawn as rows are.
    """
    _, first, codes = np.unique(clusters, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    return place[codes.reshape(-1)], len(first)


def _weight_chunks(
    count: int, replicates: int, seed: int, clusters: Array | None
) -> Iterator[FloatArray]:
    """Yield rows of bootstrap weights, first a row of ones, a bounded number of cells at a time."""
    generator = np.random.default_rng(seed)
    yield np.ones((1, count))
    codes, drawn_from = (None, count) if clusters is None else cluster_codes(clusters)
    size = max(1, _CELLS_PER_CHUNK // count)
    for start in range(0, replicates, size):
        rows = min(size, replicates - start)
        drawn = generator.integers(0, drawn_from, size=(rows, drawn_from))
        drawn += np.arange(rows)[:, None] * drawn_from
        counts = np.bincount(drawn.ravel(), minlength=rows * drawn_from)
        weights = counts.reshape(rows, drawn_from).astype(np.float64)
        yield weights if codes is None else weights[:, codes]
