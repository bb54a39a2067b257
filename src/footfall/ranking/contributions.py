"""What each component adds to the score of a recommendation: exact Shapley values of the mixture.

The mixture is asked what it says of a customer's candidates with every subset of its components.
One that is left out says the same of all candidates: it keeps its total, and shares it out evenly.
With none left every candidate has the same score, 1 / candidates, which is the base. A component
is given the mean, over all orders in which they may join, of what the score gains as it does
(Shapley 1953, "A value for n-person games"; Štrumbelj and Kononenko 2014, "Explaining prediction
models and individual predictions with feature contributions"). The subsets are few enough, 64 at
most, to visit all: nothing is estimated.

What is known of the customer (``customer_features.SITUATION``) and which items are candidates stay
as they are: what is explained is the order of the candidates.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from footfall.core.arrays import FloatArray
from footfall.ranking.candidates import COMPONENTS, Candidates, Scores

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
    """

    share: FloatArray
    log_share: FloatArray


def contributions(
    scorer: Scores, components: tuple[str, ...], found: Candidates, scores: Tensor, place: Tensor
) -> Contributions:
    """Share out the scores of some recommendations among the components.

    Parameters
    ----------
    scorer
        The mixture.
    components
        Those that it reads; the others add nothing.
    found, scores
        The candidates of a batch, and what the mixture says of them.
    place
        Which of them are recommended; int64 ``[batch, k]``.

    Returns
    -------
    Contributions; zeros where there is no recommendation.
    """
    count = found.real.sum(1)
    columns = [COMPONENTS.index(name) for name in components]
    even = found.values.sum(1, keepdim=True) / count.clamp(min=1)[:, None, None]
    even = torch.where(found.real[:, :, None], even, 0.0)
    is_shown = torch.isfinite(scores.gather(1, place))
    subsets = 2 ** len(columns)
    logs = torch.zeros(*place.shape, subsets, dtype=torch.float64, device=place.device)
    for subset in range(1, subsets - 1):
        absent = [column for bit, column in enumerate(columns) if not subset >> bit & 1]
        values = found.values.clone()
        values[:, :, absent] = even[:, :, absent]
        said = scorer(dataclasses.replace(found, values=values))
        logs[:, :, subset] = said.gather(1, place).double()
    # The two ends are known: what is served, and the same for all.
    logs[:, :, 0] = -torch.log(count.double())[:, None]
    logs[:, :, -1] = scores.gather(1, place).double()
    held = torch.where(is_shown[:, :, None], logs, 0.0).cpu().numpy()
    orders = shapley_weights(len(columns))
    share = np.zeros((len(COMPONENTS), *place.shape))
    log_share = np.zeros_like(share)
    share[columns] = np.moveaxis(np.exp(held) @ orders.T, 2, 0)
    log_share[columns] = np.moveaxis(held @ orders.T, 2, 0)
    return Contributions(share, log_share)


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
