"""How much better a ranking finds those whom an arm helps than chance does, with an interval.

Radcliffe 2007, "Using control groups to target on predicted lift". Random numbers have a Qini
above 0 half of the time, so none is read without its interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray

_CELLS = 4_000_000
# Curves of replicates are read at so many points of a long ranking; the figure itself at all.
_POINTS = 1_000


class Ranked(NamedTuple):
    """Scored units in the order of a ranking.

    Attributes
    ----------
    unit
        Number of each unit in the file, highest score first; ``[units]``.
    outcome, treated
        Of each unit, in that order.
    """

    unit: IntArray
    outcome: FloatArray
    treated: BoolArray


def ranked(
    scores: FloatArray,
    unit: IntArray,
    outcome: FloatArray,
    treated: BoolArray,
    rng: np.random.Generator,
) -> Ranked:
    """Rank units by score; equal scores in random order, whatever the order of the file."""
    shuffled = rng.permutation(len(scores))
    order = shuffled[np.argsort(-scores[shuffled], kind="stable")]
    return Ranked(unit[order], outcome[order], treated[order])


def qini(of: Ranked, weights: Array | None = None) -> FloatArray:
    """Return the area between the curve of a ranking and the straight line of chance.

    The curve is Q(k) = Yt(k) - Yc(k) Nt(k) / Nc(k) over the k units that rank highest, divided by
    the number of units; the line leads from 0 to Q of all.

    Parameters
    ----------
    weights
        How often each unit counts, ``[replicates, units]`` in the order of the ranking; once each
        without.

    Returns
    -------
    FloatArray
        ``[replicates]``, or ``[1]`` without weights; in units of the outcome.
    """
    counts = np.ones((1, len(of.outcome))) if weights is None else np.asarray(weights, float)
    with_arm = np.where(of.treated, counts, 0.0)
    without = counts - with_arm
    units = np.cumsum(counts, axis=1)
    everyone = units[:, -1:]
    gained = np.cumsum(with_arm * of.outcome, axis=1)
    expected = np.cumsum(without * of.outcome, axis=1) * np.cumsum(with_arm, axis=1)
    below = np.cumsum(without, axis=1)
    curve = gained - np.divide(expected, below, out=np.zeros_like(expected), where=below > 0)
    line = units / everyone * curve[:, -1:]
    return np.asarray(((curve - line) * counts / everyone**2).sum(axis=1))


def qini_replicates(rankings: list[Ranked], units: int, replicates: int, seed: int) -> FloatArray:
    """Return the mean Qini of several rankings under a bootstrap over units, scores fixed.

    Each replicate draws how often a unit of the file counts (Poisson with mean 1), the same in
    every ranking that it is part of, so that rankings of overlapping units are not taken for
    independent.

    Parameters
    ----------
    units
        Units of the file.

    Returns
    -------
    FloatArray
        ``[replicates]``
    """
    found = np.zeros(replicates)
    rows = max(1, _CELLS // max(units, 1))
    rng = np.random.default_rng(seed)
    for start in range(0, replicates, rows):
        count = min(rows, replicates - start)
        weights = rng.poisson(1.0, (count, units)).astype(np.uint8)
        for one in rankings:
            found[start : start + count] += _read_at_points(one, weights[:, one.unit])
    return found / len(rankings)


def _read_at_points(of: Ranked, weights: Array) -> FloatArray:
    """Return `qini` of replicates; of a long ranking by the trapezoids between points."""
    inside = len(of.outcome) // _POINTS
    if inside < 2:
        return qini(of, weights)
    # What is left over at the end of a ranking makes a last, smaller piece.
    whole = inside * _POINTS
    values = np.column_stack(
        [of.treated, ~of.treated, of.treated * of.outcome, ~of.treated * of.outcome]
    ).astype(np.float64)
    counts = weights.astype(np.float64)
    pieces = counts[:, :whole].reshape(len(counts), _POINTS, inside).transpose(1, 0, 2)
    sums = np.matmul(pieces, values[:whole].reshape(_POINTS, inside, 4))
    rest = counts[:, whole:] @ values[whole:]
    with_arm, below, gained, others = np.moveaxis(
        np.cumsum(np.concatenate([sums, rest[None]]), axis=0), 2, 0
    )
    expected = np.divide(others * with_arm, below, out=np.zeros_like(below), where=below > 0)
    curve = np.concatenate([np.zeros((1, len(counts))), gained - expected])
    units = np.concatenate([np.zeros((1, len(counts))), with_arm + below])
    everyone = units[-1]
    above = curve - units / everyone * curve[-1]
    return np.asarray(np.trapezoid(above, units, axis=0) / everyone**2)


def effect(of: Ranked, part: float = 1.0) -> float | None:
    """Return treated minus control over the part of units that rank highest.

    None where that part lacks one of the two.
    """
    top = slice(0, round(part * len(of.outcome)))
    outcome, treated = of.outcome[top], of.treated[top]
    if treated.all() or not treated.any():
        return None
    return float(outcome[treated].mean() - outcome[~treated].mean())


class RankEffect(NamedTuple):
    """The effect of an arm as a straight line over the places of a ranking.

    Attributes
    ----------
    middle
        Effect on the unit in the middle of the ranking, in units of the outcome.
    slope
        How much larger it is on the first unit than on the last.
    """

    middle: float
    slope: float

    def at(self, place: FloatArray) -> FloatArray:
        """Return the effect on units, by their place from 0 (ranks lowest) to 1 (highest)."""
        return np.asarray(self.middle + self.slope * (place - 0.5))


def effect_by_rank(of: Ranked) -> RankEffect:
    """Fit the outcome of each arm to the place in the ranking; the difference is the effect.

    It is the best linear predictor of the effect given the rank (Chernozhukov, Demirer, Duflo and
    Fernandez-Val 2018, "Generic machine learning inference on heterogeneous treatment effects"):
    what a score claims is shrunk to what units that it had not seen show of it.
    """
    place = 0.5 - (np.arange(len(of.outcome)) + 0.5) / len(of.outcome)
    lines = []
    for arm in (of.treated, ~of.treated):
        centred = place[arm] - place[arm].mean()
        slope = float(centred @ of.outcome[arm] / (centred @ centred))
        lines.append((float(of.outcome[arm].mean()) - slope * float(place[arm].mean()), slope))
    return RankEffect(lines[0][0] - lines[1][0], lines[0][1] - lines[1][1])
