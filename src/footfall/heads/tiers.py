"""Value tiers: VIP, regular and potential, with probabilities and a decision for macro-F1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.cutoffs.features import FeatureSpace
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.drivers import Effects, added, linear_effects, tree_effects
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.linear import LinearFit, fit_linear, logit, sigmoid

AnyArray = TypeVar("AnyArray", FloatArray, IntArray)

POTENTIAL, REGULAR, VIP = 0, 1, 2
TIER_NAMES = ("potential", "regular", "VIP")

_PENALTY = 0.01
_FEWEST_OF_A_KIND = 10
_WEIGHT_GRID = np.exp(np.linspace(-1.2, 1.8, 13))
_PLATEAU = 0.003
#: Part of the macro-F1 that held-out customers say; level with the plug-in rule on validation.
_HELD_SHARE = 0.3
_DECISION_SAMPLE = 3000


@dataclass(frozen=True)
class TierModel:
    """P(VIP, given a purchase): the mean in log-odds of a logistic regression and boosted trees.

    Attributes
    ----------
    threshold
        Spend above which a customer is VIP, from training labels.
    share
        Of VIPs among the training customers who bought; the answer where too few are of one kind to
        fit the rest, which is then None.
    """

    threshold: float
    share: float
    linear: LinearFit | None
    trees: Boosted | None

    def vip_given_purchase(self, space: FeatureSpace, rows: CutoffRows) -> FloatArray:
        """Return P(VIP, given a purchase in the horizon), float64 [rows]."""
        if self.linear is None or self.trees is None:
            # As its explanation holds it: where all buyers spent alike, nobody was VIP.
            return np.full(len(rows), float(sigmoid(logit(np.array(self.share)))))
        linear = self.linear.link(space.design(rows))
        return sigmoid(0.5 * (linear + self.trees.link(space.raw(rows))))

    def effects(self, space: FeatureSpace, rows: CutoffRows) -> Effects:
        """Return what adds up to the log-odds of VIP, given a purchase, by idea."""
        if self.linear is None or self.trees is None:
            return Effects(float(logit(np.array(self.share))), (), np.zeros((len(rows), 0)))
        linear = self.linear_effects(space, rows)
        return added([linear, tree_effects(space, rows, self.trees).by_idea()]).times(0.5)

    def linear_effects(self, space: FeatureSpace, rows: CutoffRows) -> Effects:
        """Return what adds up to the regression's log-odds, by idea; one of the two, with trees."""
        if self.linear is None or self.trees is None:
            return self.effects(space, rows)
        return linear_effects(space, rows, self.linear).by_idea()


def tier_probabilities(purchase: FloatArray, vip: FloatArray) -> FloatArray:
    """Return P(potential), P(regular), P(VIP), float64 [rows, 3]; a row sums to one.

    Parameters
    ----------
    purchase
        P(a purchase in the horizon), [rows].
    vip
        P(VIP, given a purchase), [rows].
    """
    both = purchase * vip
    return np.column_stack([1.0 - purchase, purchase - both, both])


def vip_threshold(spend: FloatArray, share: float) -> float:
    """Return the spend above which the top ``share`` of customers are (never below nothing)."""
    return max(float(np.quantile(spend, 1.0 - share)), 0.0) if len(spend) else 0.0


def tier_of(spend: FloatArray, threshold: float) -> IntArray:
    """Return the tier number of each amount: no spend is potential, above threshold is VIP."""
    return np.where(spend <= 0, POTENTIAL, np.where(spend > threshold, VIP, REGULAR)).astype(
        np.int64
    )


def fit_tiers(
    space: FeatureSpace,
    train: CutoffRows,
    spend: FloatArray,
    weights: FloatArray,
    settings: HeadSettings,
) -> TierModel:
    """Fit the chance that a buyer is VIP to the training customers' spend in the horizon."""
    threshold = vip_threshold(spend, settings.vip_share)
    bought = np.flatnonzero(spend > 0)
    if len(bought) == 0:
        return TierModel(threshold, settings.vip_share, None, None)
    labels = (spend[bought] > threshold).astype(np.float64)
    share = float(labels.mean())
    if min(labels.sum(), len(labels) - labels.sum()) < _FEWEST_OF_A_KIND:
        return TierModel(threshold, share, None, None)
    buyers = train.take(bought)
    linear = fit_linear(
        space.design(buyers), labels, family="logistic", penalty=_PENALTY, weights=weights[bought]
    )
    trees = fit_boosted(
        space.raw(buyers),
        labels,
        objective="binary",
        seed=settings.seed,
        weights=weights[bought],
        rounds=60,
    )
    return TierModel(threshold, share, linear, trees)


def decision_weights(
    asked: FloatArray, held: Sequence[tuple[FloatArray, IntArray]] = ()
) -> FloatArray:
    """Return the weights of potential, regular and VIP that the decision multiplies by, [3].

    A plain argmax never names a rare tier. So each tier's probability is weighted before the
    argmax, by the weights of the best macro-F1: partly as the probabilities of the asked customers
    themselves promise it (the plug-in rule of Ye et al. 2012, "Optimizing F-measure: a tale of two
    approaches"), which follows the season that is scored, and partly as it was on held-out
    customers. The weights are averaged over the plateau of near-best ones.

    Parameters
    ----------
    asked
        Probabilities of the customers that are scored, [rows, 3].
    held
        For each held-out day the probabilities [rows, 3] and true tiers [rows].
    """
    if len(asked) == 0:
        return np.ones(3)
    sample = thinned(asked)
    held = [(thinned(chances), thinned(tiers)) for chances, tiers in held if len(tiers)]
    scores, weights = [], []
    for regular in _WEIGHT_GRID:
        for vip in _WEIGHT_GRID:
            weight = np.array([1.0, regular, vip])
            promised = _macro_f1(sample, sample, weight)
            kept = [_macro_f1(chances, np.eye(3)[tiers], weight) for chances, tiers in held]
            share = _HELD_SHARE if kept else 0.0
            scores.append((1.0 - share) * promised + share * float(np.mean(kept or [0.0])))
            weights.append(weight)
    score = np.array(scores)
    near_best = np.log(np.array(weights)[score >= score.max() - _PLATEAU])
    chosen: FloatArray = np.exp(near_best.mean(axis=0))
    return chosen


def decide(probabilities: FloatArray, weights: FloatArray) -> IntArray:
    """Return the tier of the largest weighted probability, [rows]."""
    chosen: IntArray = (probabilities * weights).argmax(axis=1)
    return chosen.astype(np.int64)


def _macro_f1(probabilities: FloatArray, truth: FloatArray, weight: FloatArray) -> float:
    """Return macro-F1 of the weighted decision; ``truth`` holds shares or ones, [rows, 3]."""
    decided = (probabilities * weight).argmax(axis=1)
    hits = np.bincount(decided, truth[np.arange(len(truth)), decided], minlength=3)
    named = np.bincount(decided, minlength=3)
    return float(np.mean(2.0 * hits / np.maximum(named + truth.sum(axis=0), 1e-9)))


def thinned(rows: AnyArray) -> AnyArray:
    """Return evenly spaced rows, as many as :func:`decision_weights` looks at."""
    return rows[:: max(1, -(-len(rows) // _DECISION_SAMPLE))]
