import datetime

import numpy as np
import pytest
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.counts import repeats
from footfall.evaluation import ranking_metrics as metrics
from footfall.ranking import COMPONENTS, mixture
from footfall.ranking.mixture import Ranker
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import items_table, shop

pytestmark = pytest.mark.library

CUT = sequences.microseconds(datetime.date(2024, 3, 1))


@pytest.fixture(autouse=True)
def one_thread():
    devices.use_threads(1)


def world(customers=60):
    tokens, catalogue = reading.read(shop(customers=customers), items_table(30))
    history = repeats.ItemHistory.of(tokens)
    model = repeats.fit(tokens, history, catalogue.count_before, CUT, 14.0, seed=1)
    context = ranking.context_at(tokens, catalogue, history, CUT, None, model, torch.device("cpu"))
    return context, CUT + 14 * sequences.MICROSECONDS_A_DAY


def ndcg(context, targets, ranker, new_only):
    ranked = ranking.evaluate(
        context, ranker, targets, new_only=new_only, components=ranker.components
    )
    return float(metrics.ndcg(ranked).mean())


@pytest.mark.parametrize("new_only", [False, True])
def test_learned_weights_beat_every_component(new_only):
    context, until = world()
    targets = ranking.targets_between(context, until, new_only=new_only)
    ranker, told = mixture.learn(context, targets, new_only=new_only, seed=1)
    assert ranker.weights.sum() == pytest.approx(1.0)
    # Sixty customers are too few for a network.
    assert not told["uses_network"]
    assert not ranker.network
    for place in range(len(COMPONENTS)):
        single = Ranker(np.eye(len(COMPONENTS), dtype=np.float32)[place], {})
        if COMPONENTS[place] != "softmax":
            assert told["ndcg_10"] >= ndcg(context, targets, single, new_only) - 2e-3
    assert ndcg(context, targets, ranker, new_only) == pytest.approx(told["ndcg_10"], abs=2e-3)


def test_the_network_is_kept_only_where_it_helps_customers_it_has_not_seen(monkeypatch):
    context, until = world(customers=300)
    targets = ranking.targets_between(context, until, new_only=False)
    ranker, told = mixture.learn(context, targets, new_only=False, seed=1)
    assert told["uses_network"] == bool(ranker.network)
    again, _ = mixture.learn(context, targets, new_only=False, seed=1)
    for name, array in ranker.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[name])
    # With answers drawn by chance there is nothing that a network could learn for others.
    random = np.random.default_rng(0)
    noise = ranking.Targets(
        targets.customers,
        np.arange(len(targets.customers)),
        random.integers(0, context.count_items, len(targets.customers)),
    )
    _, told = mixture.learn(context, noise, new_only=False, seed=1)
    assert told["ndcg_10_network"] < told["ndcg_10"] + 0.05
    assert not told["uses_network"]


def test_a_network_learns_what_no_weights_can_say():
    # For half of the customers one component is right, for the others another one; a feature of
    # the situation decides which.
    random = torch.Generator().manual_seed(0)
    count, width = 600, 20
    values = torch.rand(count, width, len(COMPONENTS), generator=random)
    kind = (torch.arange(count) % 2).bool()
    answer = torch.where(kind, values[:, :, 1].argmax(1), values[:, :, 2].argmax(1))
    hit = torch.zeros(count, width, dtype=torch.bool)
    hit[torch.arange(count), answer] = True
    situation = torch.zeros(count, len(ranking.SITUATION))
    situation[:, 0] = kind.float()
    lesson = mixture._Lesson(values, situation, torch.ones_like(hit), hit, torch.ones(count), count)
    weights, reached = mixture._weights(lesson, 10)
    blended = mixture._blend(values, torch.from_numpy(weights))
    learned, judged = torch.arange(0, 400), torch.arange(400, 600)
    network = mixture._train(lesson, blended, learned, seed=1)
    with torch.no_grad():
        scores = mixture._scored(network, lesson, blended, judged)
    better = mixture._gains(
        mixture._Lesson(
            values[400:], situation[400:], lesson.real[400:], hit[400:], lesson.ideal[400:], 200
        ),
        scores,
        10,
    )
    assert float(better.mean()) > reached + 0.1


def test_arrays_come_back_and_damage_is_named():
    context, until = world(customers=300)
    targets = ranking.targets_between(context, until, new_only=False)
    ranker, _ = mixture.learn(context, targets, new_only=False, seed=1)
    arrays = ranker.arrays()
    found = ranking.batches(context, np.arange(5), allow_repeats=True)
    candidates = next(found).candidates(ranker.components)
    torch.testing.assert_close(Ranker.of(arrays)(candidates), ranker(candidates))
    with pytest.raises(ValueError, match=r"'weights' has shape None"):
        Ranker.of({})
    with pytest.raises(ValueError, match=r"'weights' has shape \(3,\)"):
        Ranker.of({**arrays, "weights": np.zeros(3, dtype=np.float32)})
