"""Value tiers: VIP, regular and potential, with probabilities and a decision for macro-F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from footfall.heads.boosting import Boosted, fit_boosted
from footfall.heads.features import FeatureSpace
from footfall.heads.linear import SoftmaxFit, fit_softmax
from footfall.heads.settings import HeadSettings
from footfall.heads.tables import CutoffRows, FloatArray, IntArray

POTENTIAL, REGULAR, VIP = 0, 1, 2
TIER_NAMES = ("potential", "regular", "VIP")

_SOFTMAX_PENALTY = 0.01
_WEIGHT_GRID = np.exp(np.linspace(-1.6, 1.6, 17))
_PLATEAU = 0.003
_DECISION_SAMPLE = 5000


@dataclass(frozen=True)
class TierModel:
    """Mean of a softmax regression and boosted trees over the three tiers.

    Attributes:
        threshold: spend above which a customer is VIP, from training labels.
    """

    threshold: float
    softmax: SoftmaxFit
    trees: Boosted

    def probabilities(self, space: FeatureSpace, rows: CutoffRows) -> FloatArray:
        """Return P(potential), P(regular), P(VIP), float64 [rows, 3]; a row sums to one."""
        linear = self.softmax.probabilities(space.design(rows))
        trees = softmax(self.trees.link(space.raw(rows)))
        return 0.5 * (linear + trees)


def vip_threshold(spend: FloatArray, share: float) -> float:
    """Return the spend above which the top ``share`` of customers lie (never below nothing)."""
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
    """Fit tier probabilities to the training customers' spend in the horizon."""
    threshold = vip_threshold(spend, settings.vip_share)
    labels = tier_of(spend, threshold)
    softmax_fit = fit_softmax(
        space.design(train), labels, classes=3, penalty=_SOFTMAX_PENALTY, weights=weights
    )
    trees = fit_boosted(
        space.raw(train),
        labels.astype(np.float64),
        objective="multiclass",
        classes=3,
        seed=settings.seed,
        weights=weights,
    )
    return TierModel(threshold, softmax_fit, trees)


def decide(probabilities: FloatArray) -> IntArray:
    """Return the tiers that promise the best macro-F1 under the probabilities themselves.

    A plain argmax never names a rare tier. Each tier's probability is weighted before the argmax,
    and the weights are those with the largest expected macro-F1, 2 * (expected hits) /
    (customers decided + customers expected) a tier, averaged over the plateau of near-best
    weights. No labels are used, so the decision follows the season that is being scored.
    (The plug-in rule of Ye et al. 2012, "Optimizing F-measure: a tale of two approaches".)
    """
    count = len(probabilities)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    step = max(1, -(-count // _DECISION_SAMPLE))
    sample = probabilities[::step]
    expected = sample.sum(axis=0)
    scores, weights = [], []
    for regular in _WEIGHT_GRID:
        for vip in _WEIGHT_GRID:
            weight = np.array([1.0, regular, vip])
            decided = (sample * weight).argmax(axis=1)
            hits = np.bincount(decided, sample[np.arange(len(sample)), decided], minlength=3)
            named = np.bincount(decided, minlength=3)
            scores.append(float(np.mean(2.0 * hits / np.maximum(named + expected, 1e-9))))
            weights.append(weight)
    score = np.array(scores)
    near_best = np.log(np.array(weights)[score >= score.max() - _PLATEAU])
    chosen: IntArray = (probabilities * np.exp(near_best.mean(axis=0))).argmax(axis=1)
    return chosen.astype(np.int64)


def softmax(logits: FloatArray) -> FloatArray:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return shares
