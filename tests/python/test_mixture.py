import datetime

import numpy as np
import pytest
import torch

from footfall import mixture, ranking, repeats, sequences
from footfall import ranking_metrics as metrics
from footfall.ranking import COMPONENTS
from scorer_data import items_table, shop

CUT = sequences.microseconds(datetime.date(2024, 3, 1))


@pytest.mark.parametrize("new_only", [False, True])
def test_learned_weights_beat_every_component(new_only):
    tokens, catalogue = sequences.read(shop(), items_table(30))
    history = repeats.ItemHistory.of(tokens)
    model = repeats.fit(tokens, history, catalogue.count_before, CUT, 14.0, seed=1)
    context = ranking.context_at(tokens, catalogue, history, CUT, None, model, torch.device("cpu"))
    until = CUT + 14 * sequences.MICROSECONDS_A_DAY
    targets = ranking.targets_between(context, until, new_only=new_only)
    weights, reached = mixture.learn_weights(context, targets, new_only=new_only)
    assert weights.sum() == pytest.approx(1.0)
    for name in COMPONENTS:
        single = np.array([name == component for component in COMPONENTS], dtype=np.float32)
        ranked = ranking.evaluate(context, single, targets, new_only=new_only)
        assert reached >= float(metrics.ndcg(ranked).mean()) - 1e-6
    ranked = ranking.evaluate(context, weights, targets, new_only=new_only)
    assert float(metrics.ndcg(ranked).mean()) == pytest.approx(reached, abs=2e-3)
