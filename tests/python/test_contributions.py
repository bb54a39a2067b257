"""What each component adds to the score of a recommendation, worked by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from footfall.ranking import COMPONENTS, SITUATION, Candidates
from footfall.ranking.contributions import contributions, shapley_weights
from footfall.ranking.mixture import HIDDEN, Ranker

pytestmark = pytest.mark.library


def candidates() -> Candidates:
    """Two customers: one with four candidates, one with three."""
    draw = np.random.default_rng(3)
    values = torch.from_numpy(draw.gamma(1.0, size=(2, 4, len(COMPONENTS))).astype(np.float32))
    values[1, 3] = 0.0
    items = torch.tensor([[0, 1, 2, 3], [0, 1, 2, -1]])
    situation = torch.from_numpy(draw.normal(size=(2, len(SITUATION))).astype(np.float32))
    return Candidates(items, values, situation)


def with_network() -> Ranker:
    draw = np.random.default_rng(5)
    width = len(COMPONENTS) + 1 + len(SITUATION)
    sizes = {"in_weight": (HIDDEN, width), "in_bias": (HIDDEN,), "out_weight": (HIDDEN,),
             "skip_weight": (width,), "mean": (width,)}  # fmt: skip
    network = {
        name: draw.normal(size=size, scale=0.3).astype(np.float32) for name, size in sizes.items()
    }
    network["scale"] = np.ones(width, np.float32)
    return Ranker(np.array([0.4, 0.1, 0.1, 0.1, 0.2, 0.1], np.float32), network)


def test_a_mixture_of_shares_gives_each_its_weight_times_its_lead_on_an_even_share() -> None:
    """Without a network the score is a weighted mean of shares, which has Shapley values by hand.

    With shares s of candidate i among n, component j adds w_j (s_ij - 1 / n), whatever the order.
    """
    found = candidates()
    weights = np.array([0.5, 0.0, 0.25, 0.0, 0.125, 0.125], np.float32)
    ranker = Ranker(weights, {})
    scores = ranker(found)
    place = torch.tensor([[2, 0], [1, 3]])
    added = contributions(ranker, found, scores, place)
    values = found.values.double().numpy()
    share = values / values.sum(axis=1, keepdims=True)
    for customer, rank, item in ((0, 0, 2), (0, 1, 0), (1, 0, 1)):
        even = 1.0 / (4 - customer)
        by_hand = weights * (share[customer, item] - even)
        np.testing.assert_allclose(added.share[:, customer, rank], by_hand, atol=2e-7)
    # The second customer's fourth place is no candidate.
    assert not added.share[:, 1, 1].any()
    assert not added.log_share[:, 1, 1].any()


def test_the_network_is_explained_by_the_mean_over_all_orders() -> None:
    """Exactly: the mean of what joining adds over all 720 orders, and sums that leave no gap."""
    found, ranker = candidates(), with_network()
    scores = ranker(found)
    place = torch.tensor([[3], [0]])
    added = contributions(ranker, found, scores, place)
    served = scores.gather(1, place).double().numpy()
    count = np.array([[4.0], [3.0]])
    np.testing.assert_allclose(added.log_share.sum(axis=0), served + np.log(count), atol=1e-12)
    np.testing.assert_allclose(added.share.sum(axis=0), np.exp(served) - 1 / count, atol=1e-12)

    # The first customer's last candidate once more, along each order.
    worth: dict[frozenset[int], float] = {}
    players = [COMPONENTS.index(name) for name in ranker.components]
    for size in range(len(players) + 1):
        for chosen in itertools.combinations(players, size):
            values = found.values.clone()
            for column in set(range(len(COMPONENTS))) - set(chosen):
                values[0, :, column] = found.values[0, :, column].mean()
            said = ranker(dataclasses.replace(found, values=values))
            worth[frozenset(chosen)] = math.exp(float(said[0, 3]))
    total = np.zeros(len(COMPONENTS))
    orders = list(itertools.permutations(players))
    for order in orders:
        for step, player in enumerate(order):
            total[player] += worth[frozenset(order[: step + 1])] - worth[frozenset(order[:step])]
    np.testing.assert_allclose(added.share[:, 0, 0], total / len(orders), atol=1e-6)
    assert np.abs(total).max() / len(orders) > 1e-3


def test_what_says_the_same_of_all_candidates_adds_nothing() -> None:
    found, ranker = candidates(), with_network()
    popular = COMPONENTS.index("popular")
    found.values[:, :, popular] = torch.where(found.real, 0.25, 0.0)
    added = contributions(ranker, found, ranker(found), torch.tensor([[0], [0]]))
    np.testing.assert_allclose(added.log_share[popular], 0.0, atol=1e-6)
    assert (np.abs(np.delete(added.log_share, popular, axis=0)) > 1e-4).any()


def many_candidates() -> Candidates:
    """Forty customers with 60 places for candidates; the first has four, fewer than are shown."""
    draw = np.random.default_rng(8)
    values = draw.gamma(0.5, size=(40, 60, len(COMPONENTS))).astype(np.float32)
    items = np.tile(np.arange(60), (40, 1))
    items[0, 4:] = -1
    values[items < 0] = 0.0
    situation = draw.normal(size=(40, len(SITUATION))).astype(np.float32)
    return Candidates(*(torch.from_numpy(one) for one in (items, values, situation)))


def test_a_sample_of_the_candidates_adds_up_and_knows_its_error() -> None:
    """Of few candidates all are asked; of many the stated error is the one that is made."""
    found, ranker = many_candidates(), with_network()
    scores = ranker(found)
    place = scores.topk(5, dim=1).indices
    exact = contributions(ranker, found, scores, place)
    ours = contributions(ranker, found, scores, place, sample=16)
    np.testing.assert_allclose(ours.log_share.sum(axis=0), exact.log_share.sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(ours.share.sum(axis=0), exact.share.sum(axis=0), atol=1e-12)
    assert not exact.error.any()
    np.testing.assert_array_equal(ours.share[:, 0], exact.share[:, 0])
    assert not ours.error[0].any()
    made = np.abs(ours.share - exact.share).max(axis=0)[1:]
    assert (ours.error[1:] > 0.0).all()
    assert 0.5 < np.sqrt((made**2).mean() / (ours.error[1:] ** 2).mean()) < 2.0
    assert made.mean() < 0.2 * np.abs(exact.share).max(axis=0).mean()
    # A sample as large as all that there are is no sample.
    whole = contributions(ranker, found, scores, place, sample=60)
    np.testing.assert_array_equal(whole.share, exact.share)


def test_weights_of_subsets() -> None:
    """Two players: each has the mean of coming first and of coming second."""
    np.testing.assert_allclose(shapley_weights(2), [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]])
    assert shapley_weights(6).shape == (6, 64)
