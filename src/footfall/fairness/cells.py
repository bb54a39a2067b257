"""A metric as sums by group and band, and groups compared within bands.

Within bands, groups are compared by least squares with a term for each group and each band: the
difference of two groups is the mean of their differences in each band, weighted by how many of
both there are (Mantel and Haenszel 1959 for two groups). A band without one of the groups says
nothing of that one, and nothing has to be left out for it. With one band the terms are the means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Cells:
    """Sums of a value.

    Attributes
    ----------
    counts
        People; int64 ``[groups, bands]``.
    sums, squares
        Of their values, and of the squares of these; ``[groups, bands]``.
    """

    counts: IntArray
    sums: FloatArray
    squares: FloatArray

    @property
    def group_counts(self) -> FloatArray:
        """People of each group, ``[groups]``."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    @cached_property
    def _shares(self) -> FloatArray:
        """Part of each band that each group is, ``[groups, bands]``."""
        totals = self.counts.sum(axis=0)
        return self.counts / np.where(totals, totals, 1)

    @cached_property
    def _laplacian(self) -> FloatArray:
        matrix: FloatArray = np.diag(self.group_counts) - self.counts @ self._shares.T
        return matrix

    @cached_property
    def _inverse(self) -> FloatArray:
        return np.asarray(np.linalg.pinv(self._laplacian, rcond=1e-10, hermitian=True))

    @property
    def are_comparable(self) -> bool:
        """Whether bands link all groups, directly or through others."""
        groups = len(self.counts)
        linked = (self.counts > 0).astype(np.int64)
        reached = linked @ linked.T > 0
        for _ in range(groups):
            reached = reached @ reached
        return groups > 0 and bool(reached.all())

    def levels(self, sums: FloatArray | None = None) -> FloatArray:
        """Return the level of each group, comparable within bands, ``[…, groups]``.

        Levels average to the mean of all people.

        Parameters
        ----------
        sums
            Sums by group of values that were moved within bands, ``[…, groups]``; those of the
            cells unless given.
        """
        total = self.sums.sum()
        people = self.group_counts
        found = self.sums.sum(axis=1) if sums is None else sums
        if self.counts.shape[1] == 1:
            return np.asarray(found / people)
        expected = self._shares @ self.sums.sum(axis=0)
        terms = (found - expected) @ self._inverse
        middle = (terms @ people) / people.sum()
        return np.asarray(terms - middle[..., None] + total / people.sum())

    def covariance(self) -> FloatArray:
        """Return the covariance of the levels, ``[groups, groups]``.

        Each cell has a variance of its own, drawn towards that of all by two people: a cell whose
        values are all alike is not certain for it.
        """
        groups, bands = self.counts.shape
        levels = self.levels()
        totals = np.maximum(self.counts.sum(axis=0), 1)
        offsets = self.sums.sum(axis=0) / totals - levels @ self._shares
        fitted = levels[:, None] + offsets
        errors = self.squares - 2 * fitted * self.sums + self.counts * fitted**2
        errors = np.maximum(errors, 0.0)
        freedom = max(int(self.counts.sum()) - groups - bands + 1, 1)
        pooled = errors.sum() / freedom
        if np.array_equal(self.sums, self.squares):
            # A rate that is 0 or 1 for everybody is as sure as one with a 1 and a 0 more.
            rate = (self.sums.sum() + 1) / (self.counts.sum() + 2)
            pooled = max(pooled, rate * (1 - rate))
        variance = (errors + 2 * pooled) / (self.counts + 2)
        if bands == 1:
            return np.diag(variance[:, 0] / self.group_counts)
        pulls = self._inverse @ (np.eye(groups)[:, :, None] - self._shares[:, None, :]).reshape(
            groups, groups * bands
        )
        weights = (self.counts * variance).reshape(-1)
        found: FloatArray = (pulls * weights) @ pulls.T
        return found


def cells_of(values: FloatArray, group: IntArray, band: IntArray, groups: int, bands: int) -> Cells:
    """Return the sums of values by group and band.

    Parameters
    ----------
    values
        Of those that the metric is about; ``[rows]``.
    group, band
        Of each, from 0; ``[rows]``.
    groups, bands
        How many there are.
    """
    place = group * bands + band

    def summed(weights: FloatArray | None) -> FloatArray:
        found = np.bincount(place, weights, minlength=groups * bands)
        return np.asarray(found.reshape(groups, bands), dtype=np.float64)

    return Cells(summed(None).astype(np.int64), summed(values), summed(values**2))


def members_of(group: IntArray, compared: IntArray) -> tuple[BoolArray, IntArray]:
    """Return which rows are of the compared groups, and their place among these.

    Parameters
    ----------
    group
        Of all rows; ``[rows]``.
    compared
        Groups, in ascending order.
    """
    if not len(compared):
        return np.zeros(len(group), dtype=bool), np.zeros(0, dtype=np.int64)
    place = np.minimum(np.searchsorted(compared, group), len(compared) - 1)
    inside = compared[place] == group
    return inside, place[inside].astype(np.int64)
