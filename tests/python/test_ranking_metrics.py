import math

import numpy as np
import pytest
import torch

from footfall.evaluation import ranking_metrics as metrics

pytestmark = pytest.mark.library


def ranking(scores, targets, k=10):
    row = np.array([r for r, items in enumerate(targets) for _ in items], dtype=np.int64)
    item = np.array([i for items in targets for i in items], dtype=np.int64)
    return metrics.rank(torch.tensor(scores), row, item, k)


def test_by_hand():
    ranked = ranking([[0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]], [[1, 3], [0]], k=2)
    assert ranked.items.tolist() == [[0, 1], [3, 2]]
    assert ranked.hits.tolist() == [[False, True], [False, False]]
    ideal = 1 + 1 / math.log2(3)
    assert metrics.ndcg(ranked).tolist() == pytest.approx([1 / math.log2(3) / ideal, 0.0])
    assert metrics.recall(ranked).tolist() == [0.5, 0.0]
    assert metrics.hit_rate(ranked).tolist() == [1.0, 0.0]
    assert metrics.reciprocal_rank(ranked).tolist() == [0.5, 0.25]
    assert metrics.coverage(ranked, 4) == 1.0


def test_a_perfect_head_scores_one():
    ranked = ranking([[3.0, 2.0, 1.0, 0.0]], [[0, 1]], k=3)
    assert metrics.ndcg(ranked).tolist() == [1.0]
    assert metrics.recall(ranked).tolist() == [1.0]


def test_ties_are_broken_against_the_targets():
    ranked = ranking([[1.0, 1.0, 1.0, 0.0]], [[0]], k=2)
    assert metrics.hit_rate(ranked).tolist() == [0.0]
    assert ranked.first_rank.tolist() == [3]
    both = ranking([[1.0, 1.0, 1.0, 0.0]], [[0, 1]], k=2)
    assert both.hits.tolist() == [[False, True]]


def test_blocked_items_are_not_shown():
    ranked = ranking([[1.0, -math.inf, -math.inf]], [[1]], k=3)
    assert ranked.items.tolist() == [[0, -1, -1]]
    assert ranked.first_rank.tolist() == [0]
    assert metrics.reciprocal_rank(ranked).tolist() == [0.0]


def test_a_head_longer_than_the_catalogue():
    ranked = ranking([[1.0, 2.0]], [[0]], k=5)
    assert ranked.items.tolist() == [[1, 0, -1, -1, -1]]
    assert metrics.ndcg(ranked).tolist() == pytest.approx([1 / math.log2(3)])


def test_novelty_is_the_surprise_of_what_is_shown():
    ranked = ranking([[1.0, 0.5, 0.1]], [[0]], k=2)
    popularity = np.array([0.5, 0.25, 0.25], dtype=np.float32)
    assert metrics.novelty(ranked, popularity).tolist() == [1.5]


def test_parts_stand_where_they_were_put():
    scores, targets = [[1.0, 2.0, 0.0], [3.0, 1.0, 2.0], [0.0, 1.0, 2.0]], [[0], [1], [2]]
    whole = metrics.room(3, 2)
    metrics.put(whole, 2, ranking(scores[2:], targets[2:], k=2))
    metrics.put(whole, 0, ranking(scores[:2], targets[:2], k=2))
    at_once = ranking(scores, targets, k=2)
    assert whole.items.tolist() == at_once.items.tolist()
    assert whole.hits.tolist() == at_once.hits.tolist()
    assert whole.first_rank.tolist() == at_once.first_rank.tolist()
    assert whole.count_targets.tolist() == at_once.count_targets.tolist()
