"""An order of attempts that needs no labels: how far each is from what is common.

An isolation forest (Liu, Ting and Zhou 2008): what is odd is alone after a few random splits. All
trees are grown level by level at once, and a shop without labels need not import scikit-learn,
which takes longer than this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray, IntArray

TREES = 50
#: Rows that a tree is grown from, at most.
SAMPLE = 256
_EULER = 0.5772156649015329
_BATCH = 5_000


@dataclass(frozen=True)
class _Level:
    """The nodes of all trees at one depth.

    Attributes
    ----------
    usual
        How many more splits a node would take on average to tell its rows apart, [nodes].
    is_split
        Whether it is split any further, [nodes].
    feature, threshold
        What a split asks: to the right goes what lies above, [nodes].
    child
        The left child on the next level; the right one follows it, [nodes].
    """

    usual: FloatArray
    is_split: Array
    feature: IntArray
    threshold: FloatArray
    child: IntArray


def oddness(learnt: Array, asked: Array, seed: int) -> FloatArray:
    """Return how far attempts are from what is common, in (0, 1), [asked].

    What is unknown counts as the median.

    Parameters
    ----------
    learnt
        Features of attempts that show what is common, NaN where unknown, [learnt, features].
    asked
        Those of the attempts in question, [asked, features].
    seed
        Of the trees.
    """
    known = np.isfinite(learnt)
    used: Array = np.asarray(known.any(axis=0))
    if not used.any() or len(learnt) < 2:
        return np.full(len(asked), 0.5)
    centre = np.nanmedian(np.where(known, learnt, np.nan)[:, used], axis=0)
    levels = _grown(_filled(learnt[:, used], centre), np.random.default_rng(seed))
    values = _filled(asked[:, used], centre)
    parts = [
        _path_lengths(levels, values[start : start + _BATCH])
        for start in range(0, len(values), _BATCH)
    ]
    usual = _usual_length(np.array([min(SAMPLE, len(learnt))]))[0]
    odd: FloatArray = np.exp2(-np.concatenate([np.zeros(0), *parts]) / usual)
    return odd


def _grown(values: Array, generator: np.random.Generator) -> list[_Level]:
    """Grow all trees, each from a sample of its own."""
    size = min(SAMPLE, len(values))
    deepest = int(np.ceil(np.log2(size)))
    rows = [generator.choice(len(values), size, replace=False) for _ in range(TREES)]
    sample = values[np.concatenate(rows)]
    node = np.repeat(np.arange(TREES), size)
    levels = []
    for depth in range(deepest + 1):
        order = np.argsort(node, kind="stable")
        sample, node = sample[order], node[order]
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        counts = np.diff(starts, append=len(node))
        low = np.minimum.reduceat(sample, starts, axis=0)
        high = np.maximum.reduceat(sample, starts, axis=0)
        differs = high > low
        is_split: Array = np.asarray(differs.any(axis=1)) & (depth < deepest)
        feature = np.where(differs, generator.random(differs.shape), -1.0).argmax(axis=1)
        every = np.arange(len(starts))
        low, high = low[every, feature], high[every, feature]
        threshold = low + generator.random(len(starts)) * (high - low)
        # Rounded up to the highest value, a split would leave nothing on its right.
        threshold = np.where(threshold < high, threshold, low)
        child = 2 * (np.cumsum(is_split) - 1)
        levels.append(_Level(_usual_length(counts), is_split, feature, threshold, child))
        goes_on = is_split[node]
        sample, node = sample[goes_on], node[goes_on]
        if not len(node):
            break
        is_right = sample[np.arange(len(node)), feature[node]] > threshold[node]
        node = child[node] + is_right
    return levels


def _path_lengths(levels: list[_Level], values: Array) -> FloatArray:
    """Return the mean number of splits until each row is alone, [rows]."""
    node = np.repeat(np.arange(TREES), len(values))
    row = np.tile(np.arange(len(values)), TREES)
    total = np.zeros(len(values))
    for depth, level in enumerate(levels):
        ends = ~level.is_split[node]
        lengths = depth + level.usual[node[ends]]
        total += np.bincount(row[ends], lengths, minlength=len(values))
        node, row = node[~ends], row[~ends]
        is_right = values[row, level.feature[node]] > level.threshold[node]
        node = level.child[node] + is_right
    mean: FloatArray = total / TREES
    return mean


def _usual_length(counts: IntArray) -> FloatArray:
    """Return the mean depth of a leaf of a random search tree of so many rows, [nodes]."""
    others = np.maximum(counts - 1.0, 1.0)
    harmonic = np.log(others) + _EULER
    length: FloatArray = np.where(
        counts > 2, 2.0 * harmonic - 2.0 * others / counts, (counts == 2).astype(np.float64)
    )
    return length


def _filled(values: Array, centre: FloatArray) -> FloatArray:
    filled: FloatArray = np.where(np.isfinite(values), values, centre).astype(np.float64)
    return filled
