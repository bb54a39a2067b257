"""Shapley values by all coalitions of a few ideas, and how far two explanations agree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from footfall.attributions.permutations import Game
from footfall.core.arrays import BoolArray, FloatArray, IntArray


class Merged:
    """A game whose players are groups of the ideas of another one."""

    def __init__(self, game: Game, groups: Sequence[Sequence[int]]) -> None:
        """Take a game, and groups of positions among its ideas, each idea in one of them."""
        self._game, self._groups = game, groups

    @property
    def ideas(self) -> tuple[str, ...]:
        """Names of the groups."""
        names = self._game.ideas
        return tuple("+".join(names[place] for place in group) for group in self._groups)

    def values(self, row: int, own: BoolArray) -> FloatArray:
        """Return the scores of the game, [coalitions, customers]."""
        spread = np.zeros((len(own), len(self._game.ideas)), dtype=bool)
        for place, group in enumerate(self._groups):
            spread[:, list(group)] = own[:, [place]]
        return self._game.values(row, spread)


def largest_and_rest(moved: FloatArray, count: int) -> list[list[int]]:
    """Return the ideas of the largest contributions by themselves, and all others as one group.

    Parameters
    ----------
    moved
        Contributions, [customers, ideas].
    count
        Groups, at most.
    """
    order = np.argsort(-np.abs(moved).mean(axis=0), kind="stable").tolist()
    if len(order) <= count:
        return [[idea] for idea in sorted(order)]
    return [*([idea] for idea in order[: count - 1]), order[count - 1 :]]


def exact_values(game: Game, rows: int) -> FloatArray:
    """Return Shapley values by all coalitions, the mean over so many background rows.

    Returns
    -------
    Float64 [customers, ideas].
    """
    count = len(game.ideas)
    case: IntArray = np.arange(1 << count)
    own = (case[:, None] >> np.arange(count)[None, :] & 1).astype(bool)
    size = own.sum(axis=1)
    scores = np.mean([game.values(row, own) for row in range(rows)], axis=0)
    weight = np.array(
        [math.factorial(s) * math.factorial(count - s - 1) for s in range(count)], dtype=float
    ) / math.factorial(count)
    found = np.empty((scores.shape[1], count))
    for idea in range(count):
        without = np.flatnonzero(~own[:, idea])
        gained = scores[without | 1 << idea] - scores[without]
        found[:, idea] = weight[size[without]] @ gained
    return found


def agreement(one: FloatArray, other: FloatArray) -> float:
    """Return the mean over customers of Spearman's rank correlation of their contributions.

    Customers whose contributions are all the same have no order, and do not count.
    """
    ranks = [rankdata(each, axis=1) for each in (one, other)]
    first, second = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    size = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return float(((first * second).sum(axis=1)[size > 0] / size[size > 0]).mean())
