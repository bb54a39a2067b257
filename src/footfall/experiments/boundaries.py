"""Bounds for a series of planned looks, by recursive numerical integration."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from footfall.core.arrays import FloatArray, IntArray

# Beyond it a normal density is nothing.
_EDGE = 7.5
# Looks that bring less new information are treated as if they brought this part of all: bounds
# come out a little wider than need be, and the kernel stays wide enough to integrate over.
_LEAST_GAIN = 1e-2
_MOST_NODES = 1_024


def spent(fractions: ArrayLike, alpha: ArrayLike) -> FloatArray:
    """Return the false alarms that may have been spent by each fraction of the planned time.

    Lan and DeMets (1983, "Discrete sequential boundaries for clinical trials"), of the kind of
    O'Brien and Fleming: next to nothing early on, nearly all of it at the end. Half of it is spent
    on each side: 2 - 2 Phi(z / sqrt(fraction)) with the quantile z of a quarter of alpha.

    Parameters
    ----------
    fractions
        Parts of the planned time, 0 to 1; more than 1 counts as 1.
    alpha
        All that may be spent, two-sided.
    """
    part = np.clip(np.asarray(fractions, dtype=np.float64), 0, 1)
    quantile = -special.ndtri(np.asarray(alpha, dtype=np.float64) / 4)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(part > 0, 4 * special.ndtr(-quantile / np.sqrt(part)), 0.0))


def bounds(fractions: ArrayLike, information: ArrayLike, alpha: ArrayLike) -> FloatArray:
    """Return the bound of |z| at each look, so that all looks together spend alpha.

    The looks' statistics are multivariate normal with correlations sqrt(I_j / I_k). What is left
    of their density within the bounds is carried from look to look by quadrature (Armitage,
    McPherson and Rowe 1969, "Repeated significance tests on accumulating data"; Jennison and
    Turnbull 2000, chapter 19). The bound of a look depends on that look and those before it
    alone.

    Parameters
    ----------
    fractions
        Part of the planned time at each look, rising; ``[looks]`` or ``[batch, looks]``.
    information
        One over the variance of the estimate at each look, in any unit; ``[batch, looks]`` or
        ``[looks]``. NaN where a look could not be read: it spends nothing, and the next spends
        for both.
    alpha
        False alarms, two-sided; a number or ``[batch]``.

    Returns
    -------
    FloatArray
        ``[batch, looks]`` or ``[looks]``; infinite where a look spends nothing.
    """
    given = np.asarray(information, dtype=np.float64)
    known = np.atleast_2d(given)
    alphas = np.asarray(alpha, dtype=np.float64)
    batch = max(known.shape[0], alphas.size)
    known = np.broadcast_to(known, (batch, known.shape[1]))
    parts = np.broadcast_to(np.atleast_2d(np.asarray(fractions, dtype=np.float64)), known.shape)
    allowed = spent(parts, np.broadcast_to(alphas, (batch,))[:, None])
    found = np.full(known.shape, np.inf)
    walk = _Walk(batch)
    for look in range(known.shape[1]):
        found[:, look] = walk.step(known[:, look], allowed[:, look])
    return found if given.ndim == 2 or alphas.ndim == 1 else found[0]


class _Walk:
    """What is left of the density before the last look that spent, for a batch of experiments.

    The density of a look is laid on nodes only when the next look is known: how near the two are
    decides how many nodes it takes.
    """

    def __init__(self, batch: int) -> None:
        self.spent = np.zeros(batch)
        self.information = np.zeros(batch)
        # No look yet: all mass lies at 0, and the first kernel is the standard normal.
        self.nodes = np.zeros((batch, 1))
        self.mass = np.full((batch, 1), 0.5)
        self.used = np.ones(batch, dtype=np.int64)
        self.kept = np.zeros(batch)
        self.noise = np.ones(batch)
        self.bound = np.full(batch, np.nan)

    def step(self, information: FloatArray, allowed: FloatArray) -> FloatArray:
        """Take a look: carry on what lay within the last bound, and find this one."""
        readable = np.isfinite(information) & (information > 0)
        own = np.where(readable, allowed - self.spent, 0.0)
        rows = np.flatnonzero(own > 0)
        found = np.full(len(information), np.inf)
        if not len(rows):
            return found
        before = self.information[rows]
        now = np.maximum(information[rows], before / (1 - _LEAST_GAIN))
        kept = np.sqrt(before / now)
        noise = np.sqrt(1 - kept**2)
        self._carry(rows, kept, noise)
        for group in _groups(self.used[rows]):
            found[rows[group]] = self._solved(
                rows[group], kept[group, None], noise[group, None], own[rows[group]]
            )
        self.kept[rows], self.noise[rows], self.bound[rows] = kept, noise, found[rows]
        self.information[rows] = now
        self.spent[rows] = allowed[rows]
        return found

    def _solved(
        self, rows: IntArray, kept: FloatArray, noise: FloatArray, own: FloatArray
    ) -> FloatArray:
        """Find the bound whose tail is `own`: Newton's method on the logarithm of the tail.

        The logarithm is concave, and the bound of a single look, where it starts, lies above the
        solution, so it comes down to it and never passes it.
        """
        width = int(self.used[rows].max())
        nodes, mass = self.nodes[rows, :width], self.mass[rows, :width]
        bound = -special.ndtri(own / 2)
        for _ in range(60):
            up = (bound[:, None] - kept * nodes) / noise
            down = (bound[:, None] + kept * nodes) / noise
            tail = 2 * np.sum(mass * (special.ndtr(-up) + special.ndtr(-down)), axis=1)
            slope = 2 * np.sum(mass / noise * (_density(up) + _density(down)), axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                change = tail / slope * np.log(tail / own)
            # A tail that underflows leaves the bound of a single look, which spends less.
            change = np.where(np.isfinite(change), np.minimum(change, 0), 0.0)
            bound = np.maximum(bound + change, 0.0)
            if np.max(np.abs(change)) < 1e-11:
                break
        return np.asarray(bound)

    def _carry(self, rows: IntArray, next_kept: FloatArray, next_noise: FloatArray) -> None:
        """Lay the density within the last bound on nodes from 0 to it; densities are even."""
        looked = ~np.isnan(self.bound[rows])
        rows, next_kept, next_noise = rows[looked], next_kept[looked], next_noise[looked]
        if not len(rows):
            return
        edge = np.minimum(self.bound[rows], _EDGE)
        narrowest = np.minimum(next_noise / np.maximum(next_kept, 1e-9), self.noise[rows])
        counts = 32 * 2 ** np.ceil(np.log2(np.maximum(1.3 * edge / narrowest + 8, 32) / 32))
        counts = np.minimum(counts, _MOST_NODES).astype(np.int64)
        fresh = np.zeros((2, len(rows), int(counts.max())))
        for group in _groups(counts * 4 * _MOST_NODES + self.used[rows]):
            count = int(counts[group[0]])
            fresh[:, group, :count] = self._laid(rows[group], edge[group], count)
        self.used[rows] = counts
        width = int(self.used.max())
        self.nodes, self.mass = _widened(self.nodes, width), _widened(self.mass, width)
        self.nodes[rows], self.mass[rows] = (_widened(one, width) for one in fresh)

    def _laid(self, rows: IntArray, edge: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
        """Return nodes from 0 to an edge and the mass that the last look left at each."""
        kept, noise = self.kept[rows][:, None], self.noise[rows][:, None]
        width = int(self.used[rows].max())
        old_nodes, old_mass = self.nodes[rows, :width], self.mass[rows, :width]
        points, weights = _legendre(count)
        nodes = edge[:, None] * (points + 1)[None, :] / 2
        density = np.empty_like(nodes)
        chunk = max(1, 100_000 // (count * width))
        for start in range(0, len(nodes), chunk):
            part = slice(start, start + chunk)
            ahead = nodes[part, :, None]
            behind = (kept[part] * old_nodes[part])[:, None, :]
            scale = noise[part][:, :, None]
            kernel = _density((ahead - behind) / scale) + _density((ahead + behind) / scale)
            density[part] = np.einsum("bij,bj->bi", kernel, old_mass[part]) / noise[part]
        return nodes, density * edge[:, None] * weights[None, :] / 2


def _groups(keys: IntArray) -> list[IntArray]:
    """Return the places of each key: what takes as many nodes is computed together."""
    return [np.flatnonzero(keys == key) for key in np.unique(keys)]


def _widened(values: FloatArray, width: int) -> FloatArray:
    return np.pad(values, ((0, 0), (0, max(0, width - values.shape[1]))))[:, :width]


@lru_cache(maxsize=16)
def _legendre(count: int) -> tuple[FloatArray, FloatArray]:
    points, weights = special.roots_legendre(count)
    return np.asarray(points), np.asarray(weights)


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi))
