import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import torch

from footfall import device as devices
from footfall import encoder as encoders
from footfall import sequences, training
from footfall.encoder import Encoder, EncoderConfig, ItemFeatures
from scorer_data import EVENTS_SCHEMA, ITEMS_SCHEMA, events_table, items_table, shop

pytestmark = pytest.mark.library

CPU = torch.device("cpu")
SETTINGS = training.TrainingSettings(
    epochs=6,
    batch_tokens=256,
    learning_rate=1e-2,
    weight_decay=0.01,
    dropout=0.1,
    horizon_days=1.0,
    negatives=0,
    time_budget_seconds=600.0,
)


def fit(settings=SETTINGS, seed=1, lines=None):
    devices.use_threads(1)
    tokens, catalogue = sequences.read(shop(), items_table(30))
    encoder = Encoder(EncoderConfig(30, 3, 0, 16, 1, 20), torch.Generator().manual_seed(0))
    features = ItemFeatures.of(catalogue, 30, CPU)
    report = training.fit(
        encoder, features, tokens, tokens.offsets[1:], settings,
        seed=seed, name="test", device=CPU, progress=(lines if lines is not None else []).append,
    )  # fmt: skip
    return encoder, report


def test_goals_are_the_purchases_of_the_next_session():
    tokens, catalogue = sequences.read(
        events_table(
            [
                (1, "a", 0, "purchase"),
                (1, "b", 0.001, "view"),
                (1, "c", 2, "view"),
                (1, "d", 5, "purchase"),
                (1, "e", 5.001, "purchase"),
                (1, "f", 9, "purchase"),
                (2, "a", 0, "purchase"),
            ]
        ),
        ITEMS_SCHEMA.empty_table(),
    )
    names = np.array(catalogue.item_ids)

    def answers(goal, token):
        return names[goal.pool[goal.low[token] : goal.high[token]]].tolist()

    purchase, touched = training.goals(tokens, tokens.offsets[1:], 1.0)
    assert [answers(purchase, token) for token in range(7)] == [
        [],  # not the end of its session
        ["d", "e"],
        ["d", "e"],
        [],
        ["f"],
        [],  # nothing follows
        [],  # another customer's items are no answer
    ]
    assert answers(touched, 1) == ["c"]
    wide, _ = training.goals(tokens, tokens.offsets[1:], 8.0)
    assert answers(wide, 2) == ["d", "e", "f"]
    cut, _ = training.goals(tokens, np.array([5, 7]), 8.0)
    assert answers(cut, 2) == ["d", "e"]


def test_goals_are_the_same_however_many_customers_are_looked_at_together(monkeypatch):
    views = [(1000 + c, "seen", 7.0 * s + 3, "view") for c in range(20) for s in range(c % 9)]
    table = pa.concat_tables([shop(customers=20), events_table(views)])
    tokens, _ = sequences.read(table, ITEMS_SCHEMA.empty_table())
    ends = tokens.ends_before(int(np.quantile(tokens.at, 0.7)))
    whole = training.goals(tokens, ends, 10.0)
    monkeypatch.setattr(training, "TOKENS_A_SLAB", 70)
    parts = training.goals(tokens, ends, 10.0)
    assert len(whole) == len(parts) == 2
    for one, two in zip(whole, parts, strict=True):
        asked = one.high > one.low
        assert asked.any()
        np.testing.assert_array_equal(one.high - one.low, two.high - two.low)
        np.testing.assert_array_equal(one.low[asked], two.low[asked])


def test_windows_lose_nothing():
    starts, ends = np.array([0, 7, 7]), np.array([7, 7, 250])
    low, high = training.windows(starts, ends, 20, np.random.default_rng(0))
    assert (high - low).max() == 20
    covered = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    assert sorted(covered.tolist()) == list(range(250))


def test_learns_and_tells():
    lines: list[str] = []
    _, report = fit(lines=lines)
    assert report.losses[-1] < report.losses[0] - 0.2
    assert not report.stopped_early
    assert "epoch 6/6, loss" in lines[-1]


def test_repeats_bit_for_bit_under_one_seed():
    one, _ = fit()
    two, _ = fit()
    other, _ = fit(seed=2)
    for name, weight in encoders.weights(one).items():
        np.testing.assert_array_equal(weight, encoders.weights(two)[name])
    assert not np.array_equal(encoders.weights(one)["item"], encoders.weights(other)["item"])


def test_sampled_softmax_learns_too():
    _, report = fit(dataclasses.replace(SETTINGS, negatives=12))
    assert report.losses[-1] < report.losses[0] - 0.1


def test_time_budget_ends_training_gracefully():
    settings = dataclasses.replace(SETTINGS, epochs=100_000, time_budget_seconds=0.5)
    encoder, report = fit(settings)
    assert report.stopped_early
    assert report.seconds < 20
    assert all(np.isfinite(weight).all() for weight in encoders.weights(encoder).values())


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(ArithmeticError, match="learning_rate"):
        fit(dataclasses.replace(SETTINGS, learning_rate=1e30))


def test_nothing_to_learn_from():
    tokens, catalogue = sequences.read(EVENTS_SCHEMA.empty_table(), items_table(3))
    encoder = Encoder(EncoderConfig(3, 3, 0, 16, 1, 20), torch.Generator().manual_seed(0))
    report = training.fit(
        encoder, ItemFeatures.of(catalogue, 3, CPU), tokens, tokens.offsets[1:], SETTINGS,
        seed=1, name="test", device=CPU, progress=lambda line: None,
    )  # fmt: skip
    assert report.losses == ()
    assert report.targets == 0
