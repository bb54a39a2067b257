"""What it would cost to close a gap with a cut-off of its own for each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Closing:
    """Cut-offs by group that pick as many people as the one for all.

    Attributes
    ----------
    cost
        Part of the worth of those picked by one cut-off that is lost; below 0 where cut-offs by
        group reach more. NaN where that worth is nothing.
    picked
        How many people are picked, of all groups.
    """

    cost: float
    picked: int


@dataclass(frozen=True)
class _Group:
    """Members from the highest score down: running counts, from nobody to all; ``[people + 1]``."""

    worth: FloatArray
    positives: IntArray
    negatives: IntArray


def _reach_share(group: _Group, share: FloatArray) -> IntArray:
    people = len(group.worth) - 1
    return np.floor(share * people + 1e-9).astype(np.int64)


def _reach_positives(group: _Group, share: FloatArray) -> IntArray:
    wanted = np.ceil(share * group.positives[-1] - 1e-9)
    return np.asarray(np.searchsorted(group.positives, wanted, side="left"), dtype=np.int64)


def _reach_negatives(group: _Group, share: FloatArray) -> IntArray:
    allowed = np.floor(share * group.negatives[-1] + 1e-9)
    last = np.searchsorted(group.negatives, allowed, side="right")
    return np.asarray(last - 1, dtype=np.int64)


_REACHES: dict[str, Callable[[_Group, FloatArray], IntArray]] = {
    "selection_rate": _reach_share,
    "true_positive_rate": _reach_positives,
    "false_positive_rate": _reach_negatives,
}
#: Metrics that cut-offs by group can make equal while as many people are picked.
CLOSABLE = tuple(_REACHES)


def close(
    metric: str,
    groups: Sequence[tuple[FloatArray, FloatArray, FloatArray]],
    picked: Sequence[BoolArray],
) -> Closing:
    """Make a metric equal in all groups, with as many people picked in all.

    Parameters
    ----------
    metric
        One of :data:`CLOSABLE`.
    groups
        Score, label and worth of the members of each group.
    picked
        Whom the cut-off for all picks, of each group.

    Returns
    -------
    Cut-offs are set with the outcomes known: a real one costs as much or more.
    """
    before = sum(float(worth[one].sum()) for (_, _, worth), one in zip(groups, picked, strict=True))
    budget = int(sum(one.sum() for one in picked))
    ordered = []
    for score, label, worth in groups:
        order = np.argsort(-score, kind="stable")
        is_positive = label[order] > 0
        ordered.append(_Group(_running(worth[order]), _count(is_positive), _count(~is_positive)))
    reach = _REACHES[metric]
    # The whole from nobody to all in steps of one person of any group.
    steps = [
        np.arange(len(one.worth)) / (len(one.worth) - 1)
        if metric == "selection_rate"
        else _levels(one.positives if metric == "true_positive_rate" else one.negatives)
        for one in ordered
    ]
    shares = np.unique(np.concatenate(steps))
    sizes = np.stack([reach(one, shares) for one in ordered])
    reached = np.stack([one.worth[size] for one, size in zip(ordered, sizes, strict=True)])
    # A step may take in several people, the first one of false positives everybody above the first
    # negative: what lies between two steps, or between nobody and the first, is shared out evenly.
    people = np.concatenate([[0], sizes.sum(axis=0)])
    after = float(np.interp(budget, people, np.concatenate([[0.0], reached.sum(axis=0)])))
    return Closing((before - after) / before if before > 0 else np.nan, budget)


def _running(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(values)])


def _count(found: BoolArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(found)]).astype(np.int64)


def _levels(counts: IntArray) -> FloatArray:
    return np.arange(counts[-1] + 1) / max(int(counts[-1]), 1)
