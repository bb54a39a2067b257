"""What the mixture says of recommendations when only some of its components are heard.

A component that is left out says the same of all candidates: it keeps its total, and shares it out
evenly. All subsets are asked at once, and each part of the mixture once where it can be:

- Weights alone make a sum of shares whose total is the same for every subset. Only the recommended
  items are looked at.
- The network's first layer is a sum over components, so what each adds to it is worked out once.
  Every candidate is looked at, for the share of one depends on all others. Where there are many
  customers, only some of those that are not recommended are: a systematic sample, likelier with a
  larger share, each of whom stands for as many as it is unlikely (Horvitz and Thompson 1952, "A
  generalization of sampling without replacement from a finite universe").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from footfall.ranking.candidates import COMPONENTS, Candidates
from footfall.ranking.mixture import SMALLEST_SHARE, Ranker, floors

#: The hidden units of so many customers' candidates stay in a cache.
_CUSTOMERS_AT_ONCE = 64


@dataclass(frozen=True)
class SubsetScores:
    """What the mixture says of recommended items by subset of its components.

    Attributes
    ----------
    logs
        Of their shares; float32 ``[batch, k, subsets]``.
    error
        By how much ``logs`` of a customer may be off together, from two halves of the sample; zeros
        where all candidates were looked at; float32 ``[batch, subsets]``.
    """

    logs: Tensor
    error: Tensor


@dataclass(frozen=True)
class _Shares:
    """Weighted shares of each component that is read; float32 ``[..., components]``.

    Attributes
    ----------
    own
        Of a candidate.
    even
        Where the component says the same of all.
    """

    own: Tensor
    even: Tensor

    def logs(self, is_in: Tensor) -> Tensor:
        """Return the log of the sum where some are in; ``[..., subsets]``."""
        total = self.own @ is_in.T + self.even @ (1.0 - is_in).T
        return torch.log(total + SMALLEST_SHARE)


def subset_scores(
    ranker: Ranker,
    found: Candidates,
    scores: Tensor,
    place: Tensor,
    *,
    sample: int | None = None,
) -> SubsetScores:
    """Ask for the shares of recommended items with every subset of the components that are read.

    Parameters
    ----------
    ranker
        The mixture.
    found, scores
        The candidates of a batch, and what the mixture says of them.
    place
        Which of them are recommended; int64 ``[batch, k]``.
    sample
        How many of a customer's other candidates the network is asked about; None for all.

    Returns
    -------
    The number of a subset has the bit of each component that is in it, the first that is read being
    the lowest. Of no meaning where there is no recommendation, nor for no component at all and for
    all of them, which are known.
    """
    columns = [COMPONENTS.index(name) for name in ranker.components]
    if not ranker.network:
        is_in = _subsets(len(columns), place.device)
        shares, totals = _shares(ranker, found, columns)
        sums = totals.sum(1) + SMALLEST_SHARE * found.real.sum(1)
        index = place[:, :, None].expand(-1, -1, len(columns))
        shown = _Shares(shares.own.gather(1, index), shares.even[:, None])
        logs = shown.logs(is_in) - torch.log(sums)[:, None, None]
        return SubsetScores(logs, torch.zeros(len(logs), len(is_in), device=logs.device))
    weights = _weights(found, scores, place, sample)
    parts = [
        _of_network(ranker, Candidates(*part), shown, each, columns)
        for *part, shown, each in zip(
            *(
                whole.split(_CUSTOMERS_AT_ONCE)
                for whole in (found.items, found.values, found.situation, place, weights)
            ),
            strict=True,
        )
    ]
    return SubsetScores(torch.cat([p.logs for p in parts]), torch.cat([p.error for p in parts]))


def _subsets(players: int, device: torch.device) -> Tensor:
    """Return which players are in each subset; float32 ``[subsets, players]``."""
    number = torch.arange(2**players, device=device)
    return (number[:, None] >> torch.arange(players, device=device) & 1).float()


def _shares(ranker: Ranker, found: Candidates, columns: Sequence[int]) -> tuple[_Shares, Tensor]:
    """Return weighted shares of candidates and even ones, and their sum by component."""
    values = found.values[:, :, list(columns)]
    weights = torch.from_numpy(ranker.weights).to(values.device)[list(columns)]
    sums = values.sum(1)
    scaled = weights / sums.clamp_min(SMALLEST_SHARE)
    count = found.real.sum(1, keepdim=True).clamp(min=1)
    return _Shares(values * scaled[:, None], sums * scaled / count), sums * scaled


def _weights(found: Candidates, scores: Tensor, place: Tensor, sample: int | None) -> Tensor:
    """Return for how many candidates each one stands, negative in the second half of a sample.

    Nothing for those who are not looked at; 1 for those who are recommended; float32 ``[batch,
    width]``.
    """
    is_shown = torch.zeros_like(found.real).scatter_(1, place, value=True) & found.real
    others = found.real & ~is_shown
    few = others.sum(1, keepdim=True)
    if sample is None or int(few.max()) <= sample:
        return found.real.float()
    # Half by their share as it is served, half evenly: other subsets have other favourites.
    size = torch.where(others, scores.double().exp(), 0.0)
    size = size / size.sum(1, keepdim=True).clamp(min=SMALLEST_SHARE) + others / few.clamp(min=1)
    chance = (0.5 * sample * size).clamp(max=1.0)
    chance = torch.where(few > sample, chance, others.double())
    upto = chance.cumsum(1)
    number = (upto + 0.5).floor()
    is_picked = (number > (upto - chance + 0.5).floor()) & others
    stands = torch.where(is_picked, 1.0 / chance.clamp(min=SMALLEST_SHARE), 0.0)
    half = torch.where((number % 2 == 0) & (few > sample), -1.0, 1.0)
    return torch.where(is_shown, 1.0, stands * half).float()


def _of_network(
    ranker: Ranker, found: Candidates, place: Tensor, weights: Tensor, columns: Sequence[int]
) -> SubsetScores:
    """Return what :func:`subset_scores` does, of some customers."""
    network = {k: torch.from_numpy(v).to(place.device) for k, v in ranker.network.items()}
    own = len(COMPONENTS) + 1
    weight, skip = (network[name] / network["scale"] for name in ("in_weight", "skip_weight"))
    bias = network["in_bias"] - weight @ network["mean"]
    customer, candidate = torch.nonzero(weights, as_tuple=True)
    # The log of each component, where it is heard and where it is not.
    floor = floors(place.device)
    heard = torch.log(found.values[customer, candidate] + floor)
    count = found.real.sum(1, keepdim=True).clamp(min=1)
    silent = torch.log(found.values.sum(1) / count + floor)[customer]
    start = heard.clone()
    start[:, columns] = silent[:, columns]

    shares, _ = _shares(ranker, found, columns)
    is_in = _subsets(len(columns), place.device)
    blended = _Shares(shares.own[customer, candidate], shares.even[customer]).logs(is_in).T
    # What differs from subset to subset: a row for each component, and one for the sum of shares.
    lead = (heard - silent)[:, columns].T
    moves, moved = torch.cat([lead, blended[:1]]), torch.empty(len(columns) + 1, len(customer))
    moved = moved.to(place.device)
    read = [*columns, own - 1]
    hidden = functional.linear(start, weight[:, : own - 1])
    hidden += functional.linear(found.situation, weight[:, own:], bias)[customer]
    hidden, base = hidden.T.contiguous(), start @ skip[: own - 1]
    room, scores = torch.empty_like(hidden), torch.zeros_like(blended)
    for subset in range(1, len(is_in) - 1):
        torch.mul(moves[:-1], is_in[subset, :, None], out=moved[:-1])
        moved[-1] = blended[subset]
        torch.addmm(hidden, weight[:, read], moved, out=room)
        functional.silu(room, inplace=True)
        scores[subset] = network["out_weight"] @ room + skip[read] @ moved + base
    return _log_shares(scores, weights, place)


def _log_shares(scores: Tensor, weights: Tensor, place: Tensor) -> SubsetScores:
    """Return shares of recommended items among all candidates, by subset.

    Parameters
    ----------
    scores
        Of the candidates that were looked at; float32 ``[subsets, looked at]``.
    weights
        For how many each stands; float32 ``[batch, width]``.
    place
        Which are recommended; int64 ``[batch, k]``.
    """
    customer, candidate = torch.nonzero(weights, as_tuple=True)
    where = torch.zeros_like(weights, dtype=torch.int64)
    where[customer, candidate] = torch.arange(len(customer), device=weights.device)
    shown = where.gather(1, place)
    # The largest of each customer is taken off, so that nothing is too large for its exponential.
    largest = scores.new_full((len(scores), len(weights)), -torch.inf)
    largest.scatter_reduce_(1, customer.expand(len(scores), -1), scores, "amax")
    sizes = torch.exp(scores - largest[:, customer])

    def total(stands: Tensor) -> Tensor:
        """Return the log of what they come to, ``[subsets, batch]``."""
        summed = torch.zeros_like(largest).index_add_(1, customer, sizes * stands)
        return summed.log() + largest

    flat = weights[customer, candidate]
    error = torch.zeros_like(largest)
    if (flat < 0).any():
        # Each half of a sample stands for the other as well; who stands for one alone is in both.
        is_alone = flat.abs() == 1.0
        first, second = (
            total(torch.where(is_alone, 1.0, (2.0 * sign * flat).clamp(min=0.0)))
            for sign in (1.0, -1.0)
        )
        error = 0.5 * (first - second).abs()
    logs = scores[:, shown] - total(flat.abs())[:, :, None]
    return SubsetScores(logs.permute(1, 2, 0), error.T)
