"""What each component adds to the score of a recommendation: exact Shapley values of the mixture.

The mixture is asked what it says of a customer's candidates with every subset of its components.
One that is left out says the same of all candidates: it keeps its total, and shares it out evenly.
With none left every candidate has the same score, 1 / candidates, which is the base. A component
is given the mean, over all orders in which they may join, of what the score gains as it does
(Shapley 1953, "A value for n-person games"; Štrumbelj and Kononenko 2014, "Explaining prediction
models and individual predictions with feature contributions"). The subsets are few enough, 64 at
most, to visit all. Nothing is estimated, unless a network is asked about a sample of candidates.

What is known of the customer (``customer_features.SITUATION``) and which items are candidates stay
as they are: what is explained is the order of the candidates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import FloatArray
from footfall.ranking.candidates import COMPONENTS, Candidates
from footfall.ranking.mixture import Ranker
from footfall.ranking.subsets import subset_scores

#: What people read instead of ``COMPONENTS``: the first is the attention network's.
IDEAS = tuple("network" if name == "softmax" else name for name in COMPONENTS)


@dataclass(frozen=True)
class Contributions:
    """What adds up to the scores of recommendations, from 1 / candidates on.

    Attributes
    ----------
    share
        What each of ``COMPONENTS`` adds to the score; float64 ``[components, batch, k]``.
    log_share
        The same of the log of the score, which is the scale of the mixture.
    error
        The largest standard error of ``share`` of a recommendation; 0 where it is exact;
        float64 ``[batch, k]``.
    """

    share: FloatArray
    log_share: FloatArray
    error: FloatArray


def contributions(
    ranker: Ranker,
    found: Candidates,
    scores: Tensor,
    place: Tensor,
    *,
    sample: int | None = None,
) -> Contributions:
    """Share out the scores of some recommendations among the components of their mixture.

    Parameters
    ----------
    ranker
        The mixture. Components that it does not read add nothing.
    found, scores
        The candidates of a batch, and what the mixture says of them.
    place
        Which of them are recommended; int64 ``[batch, k]``.
    sample
        How many of a customer's other candidates the network is asked about; None for all.

    Returns
    -------
    Contributions; zeros where there is no recommendation.
    """
    columns = [COMPONENTS.index(name) for name in ranker.components]
    asked = subset_scores(ranker, found, scores, place, sample=sample)
    logs, off = asked.logs.double(), asked.error.double()
    served = scores.gather(1, place).double()
    # The two ends are known: what is served, and the same for all.
    logs[:, :, 0] = -torch.log(found.real.sum(1).double())[:, None]
    logs[:, :, -1] = served
    off[:, [0, -1]] = 0.0
    held = torch.where(torch.isfinite(served)[:, :, None], logs, 0.0).cpu().numpy()
    orders = shapley_weights(len(columns)).T
    share = np.zeros((len(COMPONENTS), *place.shape))
    log_share = np.zeros_like(share)
    share[columns] = np.moveaxis(np.exp(held) @ orders, 2, 0)
    log_share[columns] = np.moveaxis(held @ orders, 2, 0)
    error = np.zeros(place.shape)
    if off.any():
        away = np.sinh(off.cpu().numpy())[:, None] * np.exp(held)
        error = np.abs(away @ orders).max(axis=2) * torch.isfinite(served).cpu().numpy()
    return Contributions(share, log_share, error)


def shapley_weights(players: int) -> FloatArray:
    """Return what turns the worth of all subsets into Shapley values; ``[players, subsets]``.

    A subset's number has the bit of each player that is in it.
    """
    subsets = np.arange(2**players)
    size = np.array([int(subset).bit_count() for subset in subsets])
    orders = [
        math.factorial(some) * math.factorial(players - some - 1) / math.factorial(players)
        for some in range(players)
    ]
    weights = np.zeros((players, len(subsets)))
    for player in range(players):
        without = subsets[subsets >> player & 1 == 0]
        weights[player, without] = -np.take(orders, size[without])
        weights[player, without | 1 << player] = np.take(orders, size[without])
    return weights
