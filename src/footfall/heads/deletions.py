"""What a score loses where the idea that moves it most is taken out of it, and where another is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.evaluation import bootstrap
from footfall.evaluation.bootstrap import Measured, summarise
from footfall.evaluation.leads import OURS
from footfall.heads.drivers import Effects

#: How many times as much the first idea has to cost as another one.
TOP_OVER_RANDOM = 3.0
#: How often another idea than the first is drawn, to see what taking it out costs.
_LOTS = 16
_ALL, _TOP, _RANDOM = "no_idea", "top_idea", "random_idea"


def deleted(effects: Effects, seed: int) -> dict[str, FloatArray]:
    """Return what is left of scores without the idea that moves each most, and without any other.

    An explanation that holds takes more of a score's skill with its first idea than with another
    one. Which other one is drawn by lot, many times: what a single lot costs varies as much as what
    the first idea costs.

    Parameters
    ----------
    effects
        By idea.
    seed
        Of the lots.

    Returns
    -------
    Scores on the scale of the effects without `no_idea` and `top_idea`, [rows, 1], and without
    `random_idea`, [rows, lots]; the last is missing where there is one idea alone.
    """
    rows = np.arange(len(effects.moved))
    total = effects.base + effects.moved.sum(axis=1)
    top = np.abs(effects.moved).argmax(axis=1)
    left = {_ALL: total[:, None], _TOP: (total - effects.moved[rows, top])[:, None]}
    if len(effects.names) > 1:
        size = (len(rows), _LOTS)
        lot = np.random.default_rng(seed).integers(len(effects.names) - 1, size=size)
        lot += lot >= top[:, None]
        left[_RANDOM] = total[:, None] - np.take_along_axis(effects.moved, lot, axis=1)
    return left


def over_lots(metric: Callable[..., FloatArray]) -> Callable[..., FloatArray]:
    """Return a metric as its mean over the columns of what is predicted, [rows, columns]."""

    def mean(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
        found: FloatArray = np.mean([metric(actual, one, weights) for one in predicted.T], axis=0)
        return found

    return mean


def measure_deletions(
    name: str,
    metric: Callable[..., FloatArray],
    actual: Array,
    left: Mapping[str, FloatArray],
    *,
    replicates: int,
    seed: int,
    clusters: Array | None = None,
    resamples_lots: bool = True,
) -> dict[tuple[str, str], Measured]:
    """Measure what is left of a metric, and by how much the first idea matters more than another.

    Parameters
    ----------
    name
        Of the metric.
    metric
        Larger for better, as :func:`footfall.evaluation.bootstrap.measure` takes it.
    actual
        Labels or amounts, [rows].
    left
        What :func:`deleted` returned.
    replicates, seed, clusters
        Of the bootstrap, which is the same for all.
    resamples_lots
        Whether to resample what other ideas cost as well. It takes as many times as long as there
        are lots, and without it the margin has no interval.

    Returns
    -------
    Of what is served: `<metric>_without_top_idea` and `<metric>_without_random_idea`;
    `<metric>_top_idea_cost`, what is lost by the first idea; and `<metric>_top_idea_margin`, this
    less :data:`TOP_OVER_RANDOM` times what is lost by another one, or less nothing where that is a
    gain. Without another idea there is neither its metric nor the margin.
    """
    found = {}
    for idea, scores in left.items():
        often = replicates if idea != _RANDOM or resamples_lots else 0
        measured = bootstrap.measure(
            {name: over_lots(metric)},
            actual,
            {OURS: scores},
            replicates=often,
            seed=seed,
            clusters=clusters,
        )
        if not measured:
            return {}
        found[idea] = measured[OURS, name]
    result = {(OURS, f"{name}_without_{idea}"): found[idea] for idea in found if idea != _ALL}
    cost = _difference(found[_ALL], found[_TOP])
    result[OURS, f"{name}_top_idea_cost"] = cost
    if _RANDOM in found:
        other = _difference(found[_ALL], found[_RANDOM])
        result[OURS, f"{name}_top_idea_margin"] = summarise(
            cost.value - TOP_OVER_RANDOM * max(other.value, 0.0),
            _paired(cost, other, lambda one, two: one - TOP_OVER_RANDOM * np.maximum(two, 0.0)),
        )
    return result


def _difference(one: Measured, other: Measured) -> Measured:
    return summarise(one.value - other.value, _paired(one, other, np.subtract))


def _paired(
    one: Measured, other: Measured, combine: Callable[[FloatArray, FloatArray], FloatArray]
) -> FloatArray:
    """Return replicates combined, resample by resample; none where one of both has none."""
    if len(one.replicates) != len(other.replicates):
        return np.zeros(0)
    return combine(one.replicates, other.replicates)
