"""Parts to learn on and parts to judge on."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray


def folds_of(labels: FloatArray, folds: int, seed: int, groups: IntArray | None = None) -> IntArray:
    """Deal rows to folds, each with its part of both classes.

    Parameters
    ----------
    labels
        0 or 1; ``[rows]``.
    folds
        How many; no more than rows of the rarer class, or groups.
    seed
        Of the shuffle.
    groups
        Rows of one group stay in one fold; ``[rows]``. Large groups are dealt first, each to the
        fold with the fewest rows, so that classes are even only by chance.

    Returns
    -------
    Fold of each row, from 0; ``[rows]``.

    Raises
    ------
    ValueError
        There are more folds than rows of the rarer class, or than groups.
    """
    generator = np.random.default_rng(seed)
    if groups is not None:
        sizes = np.bincount(groups)
        if len(sizes) < folds:
            raise ValueError(f"{folds} folds need {folds} groups, and there are {len(sizes)}")
        order = generator.permutation(len(sizes))
        fold_of_group, filled = np.zeros(len(sizes), np.int64), np.zeros(folds)
        for group in order[np.argsort(-sizes[order], kind="stable")]:
            fold_of_group[group] = filled.argmin()
            filled[fold_of_group[group]] += sizes[group]
        return fold_of_group[groups]
    fewest = min(int((labels == label).sum()) for label in (0, 1))
    if fewest < folds:
        raise ValueError(f"{folds} folds need {folds} reviews of each class, and one has {fewest}")
    found = np.empty(len(labels), np.int64)
    dealt = 0
    for label in (0, 1):
        rows = generator.permutation(np.flatnonzero(labels == label))
        found[rows] = (dealt + np.arange(len(rows))) % folds
        dealt += len(rows)
    return found
