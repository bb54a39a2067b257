"""The gap between groups in each metric: how large, how sure, and whether chance alone makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.evaluation.corrections import benjamini_hochberg
from footfall.fairness.cells import Cells, cells_of, members_of
from footfall.fairness.closing import CLOSABLE, Closing, close
from footfall.fairness.intervals import gap_interval
from footfall.fairness.metrics import AUC, FEWEST, MEANS, METRICS, applies, ranked
from footfall.fairness.null import (
    DRAWS,
    chance_of,
    draws_for,
    null_of_means,
    null_of_ranks,
    null_of_rates,
)
from footfall.fairness.rows import Rows

#: Largest adjusted p of a gap that is called one.
ALPHA = 0.05
#: A gap with such a p, or a smaller one, has so many times the draws: p of many gaps is corrected,
#: and (b + 1) / (m + 1) must be able to get small enough.
_DRAWN_ON_BELOW, _DRAWN_ON = 0.02, 20
#: What a gap is called: there is one, there is no evidence of one, there are too few people.
GAP, NO_EVIDENCE, TOO_FEW = "gap", "no_evidence", "too_few"


@dataclass(frozen=True)
class Gap:
    """A metric compared between groups.

    Attributes
    ----------
    metric
        Its name.
    groups
        How many groups have enough people to be compared.
    people
        Those of these groups that the metric is about.
    highest, lowest
        Names of the groups with the highest and the lowest level; None with too few people.
    highest_level, lowest_level
        Their levels: the metric itself, or what makes it comparable within bands.
    difference
        The highest less the lowest level.
    ratio
        The lowest over the highest level; NaN where the highest is 0 or levels have signs.
    lower, upper
        95 % interval of the largest difference; the lower end is 0 where no pair of groups differs.
    null_95
        The difference that chance alone passes one time in twenty.
    p
        How often chance alone makes a difference as large.
    p_adjusted
        The same, corrected for how many gaps are looked at.
    closing
        What cut-offs by group that close the gap would cost; None where that cannot be said.
    """

    metric: str
    groups: int
    people: int
    highest: str | None = None
    lowest: str | None = None
    highest_level: float = np.nan
    lowest_level: float = np.nan
    difference: float = np.nan
    ratio: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    null_95: float = np.nan
    p: float = np.nan
    p_adjusted: float = np.nan
    closing: Closing | None = None

    @property
    def verdict(self) -> str:
        """:data:`GAP`, :data:`NO_EVIDENCE` or :data:`TOO_FEW`."""
        if np.isnan(self.p):
            return TOO_FEW
        known = self.p if np.isnan(self.p_adjusted) else self.p_adjusted
        return GAP if known <= ALPHA else NO_EVIDENCE


@dataclass(frozen=True)
class _Compared:
    """Levels of the groups with their covariance, and what draws differences of chance.

    ``null`` takes how many to draw, ``draws`` says how many are drawn at first.
    """

    levels: FloatArray
    covariance: FloatArray
    draws: int
    null: Callable[[int], FloatArray]

    def nulls(self, difference: float) -> FloatArray:
        """Return differences that chance makes; more of them where few are as large."""
        found = self.null(self.draws)
        if chance_of(difference, found)[0] > _DRAWN_ON_BELOW:
            return found
        return np.concatenate([found, self.null((_DRAWN_ON - 1) * self.draws)])


def gaps_of(
    rows: Rows,
    *,
    band: IntArray | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    metrics: Sequence[str] = METRICS,
) -> list[Gap]:
    """Compare the groups of an attribute in each metric.

    Parameters
    ----------
    rows
        Scored people. Those of an unknown group, and those beyond the largest groups, are left
        out.
    band
        Groups are compared within these; from 0, ``[rows]``. None compares them as they are.
    draws
        Draws of the null, at most; twenty times as many where p is .02 or less.
    seed
        Of these.
    metrics
        Which are asked for, of :data:`METRICS`.

    Returns
    -------
    A gap a metric, without correction for how many there are (:func:`corrected`). Groups with
    fewer than :data:`FEWEST` people in the denominator are not compared.
    """
    whole = np.zeros(len(rows), dtype=np.int64) if band is None else band
    found = []
    for place, metric in enumerate(metrics):
        if not applies(metric, rows):
            continue
        rng = np.random.default_rng([seed, place, band is not None])
        found.append(_gap(metric, rows, whole, draws, rng, can_close=band is None))
    return found


def corrected(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps with p adjusted as Benjamini and Hochberg do, over all of them."""
    adjusted = benjamini_hochberg([None if np.isnan(one.p) else one.p for one in gaps])
    return [
        replace(gap, p_adjusted=np.nan if p is None else p)
        for gap, p in zip(gaps, adjusted, strict=True)
    ]


def _gap(
    metric: str,
    rows: Rows,
    band: IntArray,
    draws: int,
    rng: np.random.Generator,
    *,
    can_close: bool,
) -> Gap:
    compared = np.flatnonzero(list(_denominators(metric, rows)) >= np.int64(FEWEST))
    about = np.ones(len(rows), dtype=bool) if metric == AUC else MEANS[metric].among(rows)
    inside, group = members_of(rows.group[about], compared)
    chosen = np.flatnonzero(about)[inside]
    nothing = Gap(metric, len(compared), len(chosen))
    if len(compared) < 2:
        return nothing
    _, bands = np.unique(band[chosen], return_inverse=True)
    found = (
        _compare_ranks(rows, chosen, group, bands, len(compared), draws, rng)
        if metric == AUC
        else _compare_means(metric, rows, chosen, group, bands, len(compared), draws, rng)
    )
    if found is None:
        return nothing
    highest, lowest = int(found.levels.argmax()), int(found.levels.argmin())
    top, bottom = float(found.levels[highest]), float(found.levels[lowest])
    lower, upper = gap_interval(found.levels, found.covariance)
    p, null_95 = chance_of(top - bottom, found.nulls(top - bottom))
    return replace(
        nothing,
        highest=rows.groups[int(compared[highest])],
        lowest=rows.groups[int(compared[lowest])],
        highest_level=top,
        lowest_level=bottom,
        difference=top - bottom,
        ratio=bottom / top if top > 0 and bottom >= 0 else np.nan,
        lower=lower,
        upper=upper,
        null_95=null_95 if np.isfinite(null_95) else np.nan,
        p=p,
        closing=_closing(metric, rows, compared) if can_close and metric in CLOSABLE else None,
    )


def _denominators(metric: str, rows: Rows) -> Iterator[int]:
    """Yield of how many people the metric of each group is."""
    groups = len(rows.groups)

    def counted(members: BoolArray) -> IntArray:
        known = members & (rows.group >= 0)
        return np.bincount(rows.group[known], minlength=groups).astype(np.int64)

    if metric == AUC:
        classes = np.minimum(counted(rows.label > 0), counted(rows.label <= 0))
    else:
        classes = counted(MEANS[metric].among(rows))
    yield from classes.tolist()


def _compare_means(
    metric: str,
    rows: Rows,
    chosen: IntArray,
    group: IntArray,
    band: IntArray,
    groups: int,
    draws: int,
    rng: np.random.Generator,
) -> _Compared | None:
    mean = MEANS[metric]
    values = mean.value(rows)[chosen]
    cells: Cells = cells_of(values, group, band, groups, int(band.max()) + 1)
    if not cells.are_comparable:
        return None
    if not mean.is_rate:
        draws = draws_for(len(values), draws)

    def null(count: int) -> FloatArray:
        if mean.is_rate:
            return null_of_rates(cells, count, rng)
        return null_of_means(cells, values, group, band, count, rng)

    return _Compared(cells.levels(), cells.covariance(), draws, null)


def _compare_ranks(
    rows: Rows,
    chosen: IntArray,
    group: IntArray,
    band: IntArray,
    groups: int,
    draws: int,
    rng: np.random.Generator,
) -> _Compared | None:
    score, is_positive = rows.score[chosen], rows.label[chosen] > 0
    figures = [
        ranked(score[group == one], is_positive[group == one], band[group == one])
        for one in range(groups)
    ]
    levels = np.array([value for value, _ in figures])
    if np.isnan(levels).any():
        return None
    return _Compared(
        levels,
        np.diag([variance for _, variance in figures]),
        draws_for(len(score) * groups, draws),
        lambda count: null_of_ranks(score, is_positive, group, band, count, rng),
    )


def _closing(metric: str, rows: Rows, compared: IntArray) -> Closing:
    members = [rows.group == one for one in compared]
    return close(
        metric,
        [(rows.score[one], rows.label[one], rows.worth[one]) for one in members],
        [rows.selected[one] for one in members],
    )
