"""What chance alone makes of the largest difference: groups drawn anew, everything else as it is.

Groups change hands within what a metric conditions on: among those with the outcome for the true
positive rate, within classes for the AUC, and within bands where groups are compared within bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, Int16Array, IntArray
from footfall.fairness.cells import Cells

DRAWS = 999
#: Rows times draws that are shuffled at most; a larger file has fewer draws.
_MOST_SHUFFLED = 50_000_000
_LEAST_DRAWS = 199
_CELLS_PER_CHUNK = 2_000_000
#: Differences that are equal but for rounding count as equal.
_ROUNDING = 1e-12


def spans(levels: FloatArray) -> FloatArray:
    """Return the largest less the smallest level, ``[…]`` of ``[…, groups]``."""
    return np.asarray(levels.max(axis=-1) - levels.min(axis=-1))


def chance_of(difference: float, nulls: FloatArray) -> tuple[float, float]:
    """Return p, and the difference that chance alone passes one time in twenty.

    p is (b + 1) / (m + 1), where b of m draws are as large (Phipson and Smyth 2010).
    """
    # A draw that leaves a group without pairs has no difference: it counts against a finding.
    known = np.where(np.isnan(nulls), np.inf, nulls)
    as_large = int((known >= difference - _ROUNDING).sum())
    return (as_large + 1) / (len(nulls) + 1), float(np.quantile(known, 0.95, method="higher"))


def null_of_rates(cells: Cells, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return differences of a rate under the null, ``[draws]``.

    How many 1s of a band each group gets has the multivariate hypergeometric distribution: that
    is a shuffle of its people, without shuffling.
    """
    found = np.zeros((draws, len(cells.counts)))
    for counts, hits in zip(cells.counts.T, cells.sums.sum(axis=0), strict=True):
        found += rng.multivariate_hypergeometric(counts, round(hits), size=draws)
    return spans(cells.levels(found))


def null_of_means(
    cells: Cells,
    values: FloatArray,
    group: IntArray,
    band: IntArray,
    draws: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return differences of a mean under the null, ``[draws]``; arguments as for the cells."""
    groups, bands = cells.counts.shape
    order = np.lexsort((group, band))
    ordered = values[order]
    found = []
    for size in _chunks(len(values), draws):
        sums = np.zeros((size, groups))
        start = 0
        for one in range(bands):
            counts = cells.counts[:, one]
            stop = start + int(counts.sum())
            if stop > start:
                block = np.broadcast_to(ordered[start:stop], (size, stop - start))
                moved = rng.permuted(block, axis=1)
                present = np.flatnonzero(counts)
                heads = np.concatenate([[0], np.cumsum(counts[present])[:-1]])
                sums[:, present] += np.add.reduceat(moved, heads, axis=1)
            start = stop
        found.append(spans(cells.levels(sums)))
    return np.concatenate(found)


def null_of_ranks(
    score: FloatArray,
    is_positive: BoolArray,
    group: IntArray,
    band: IntArray,
    draws: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return differences of the AUC under the null, ``[draws]``.

    Parameters
    ----------
    score, is_positive
        Of the rows of all compared groups; ``[rows]``.
    group, band
        Of each, from 0; ``[rows]``.
    """
    groups = int(group.max()) + 1
    order = np.lexsort((score, band))
    positives, negatives = order[is_positive[order]], order[~is_positive[order]]
    # How many negatives of its band each positive is above, ties counted one half, is a difference
    # of running counts. A shuffle moves the groups of positives and negatives, not these places.
    bands = np.arange(int(band.max()) + 2)
    starts = np.searchsorted(band[negatives], bands)
    lower = np.empty(len(positives), dtype=np.int64)
    upper = np.empty(len(positives), dtype=np.int64)
    pairs = np.zeros(groups)
    for one in bands[:-1]:
        mine = np.flatnonzero(band[positives] == one)
        others = negatives[starts[one] : starts[one + 1]]
        ordered, asked = score[others], score[positives[mine]]
        lower[mine] = starts[one] + np.searchsorted(ordered, asked, side="left")
        upper[mine] = starts[one] + np.searchsorted(ordered, asked, side="right")
        counted = (np.bincount(group[rows], minlength=groups) for rows in (positives[mine], others))
        pairs += np.prod(list(counted), axis=0)
    begins = starts[band[positives]]
    found = []
    for size in _chunks(len(score), draws):
        ones = _moved(group[positives], band[positives], size, rng)
        rest = _moved(group[negatives], band[negatives], size, rng)
        won = np.empty((size, groups))
        for one in range(groups):
            running = np.zeros((size, len(negatives) + 1), dtype=np.int32)
            np.cumsum(rest == one, axis=1, out=running[:, 1:])
            above = running[:, lower] + running[:, upper] - 2 * running[:, begins]
            won[:, one] = np.where(ones == one, above, 0).sum(axis=1) / 2.0
        found.append(spans(won / np.where(pairs > 0, pairs, np.nan)))
    return np.concatenate(found)


def _moved(group: IntArray, band: IntArray, size: int, rng: np.random.Generator) -> Int16Array:
    """Return groups that have changed hands within bands, ``[size, rows]``; bands ascend."""
    found = np.repeat(group.astype(np.int16)[None, :], size, axis=0)
    edges = np.flatnonzero(np.diff(band, prepend=-1, append=band.max(initial=0) + 1))
    for start, stop in pairwise(edges):
        found[:, start:stop] = rng.permuted(found[:, start:stop], axis=1)
    return found


def draws_for(rows: int, draws: int) -> int:
    """Return how often so many rows are shuffled."""
    return min(draws, max(_LEAST_DRAWS, _MOST_SHUFFLED // max(rows, 1)))


def _chunks(cells: int, draws: int) -> Iterator[int]:
    size = max(_CELLS_PER_CHUNK // max(cells, 1), 1)
    for start in range(0, draws, size):
        yield min(size, draws - start)
