import datetime

import numpy as np
import pytest
import torch

from footfall import ranking, repeats, sequences
from footfall.encoder import Encoder, EncoderConfig
from footfall.ranking import COMPONENTS
from scorer_data import ITEMS_SCHEMA, events_table, items_table, shop

CPU = torch.device("cpu")
CUT = sequences.microseconds(datetime.date(2024, 3, 1))


def context_of(table, items, cut=CUT, encoder=True):
    tokens, catalogue = sequences.read(table, items)
    history = repeats.ItemHistory.of(tokens)
    config = EncoderConfig(catalogue.count_before(cut), len(catalogue.category_names), 0, 16, 1, 20)
    return ranking.context_at(
        tokens,
        catalogue,
        history,
        cut,
        Encoder(config, torch.Generator().manual_seed(0)) if encoder else None,
        repeats.fit(tokens, history, catalogue.count_before, cut, 14.0, seed=1),
        CPU,
    )


@pytest.fixture(scope="module")
def context():
    return context_of(shop(), items_table(30))


def single(name):
    return np.array([name == component for component in COMPONENTS], dtype=np.float32)


def first_batch(context, **rules):
    rules = {"allow_repeats": True, **rules}
    customers = np.arange(len(context.events.customers))
    return next(ranking.batches(context, customers, **rules))


@pytest.mark.parametrize("name", COMPONENTS)
def test_components_are_shares(context, name):
    batch = first_batch(context)
    dense = batch.dense(name)
    assert bool((dense >= 0).all())
    torch.testing.assert_close(dense.sum(1), torch.ones(len(dense)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(batch.mixture(single(name)), dense)


def test_mixture_is_the_weighted_sum(context):
    batch = first_batch(context)
    weights = np.array([0.1, 0.2, 0.3, 0.1, 0.1, 0.2], dtype=np.float32)
    expected = sum(
        float(weight) * batch.dense(name) for weight, name in zip(weights, COMPONENTS, strict=True)
    )
    torch.testing.assert_close(batch.mixture(weights), expected)


def test_batches_of_any_size_agree(context, monkeypatch):
    weights = np.full(len(COMPONENTS), 0.2, dtype=np.float32)
    whole = first_batch(context).mixture(weights)
    monkeypatch.setattr(ranking, "SCORES_A_BATCH", 7 * context.count_items)
    customers = np.arange(len(context.events.customers))
    parts = [b.mixture(weights) for b in ranking.batches(context, customers, allow_repeats=True)]
    assert len(parts) > 1
    torch.testing.assert_close(torch.cat(parts), whole)


def test_candidate_rules(context):
    batch = first_batch(context, allow_repeats=False)
    row, item = ranking.bought_before(context, batch.customers)
    assert bool(batch.blocked[row, item].all())
    assert not torch.isfinite(batch.mixture(single("popular"))[row, item]).any()
    allowed = np.arange(context.count_items) % 2 == 0
    some = first_batch(context, allowed=allowed)
    assert bool(some.blocked[:, 1::2].all())
    assert not some.blocked[:, 0::2].any()


def test_recent_items_are_distinct_and_latest_first():
    table = events_table(
        [(1, "a", 0, "purchase"), (1, "b", 1, "view"), (1, "c", 2, "view"), (1, "b", 3, "view")]
    )
    context = context_of(table, ITEMS_SCHEMA.empty_table(), encoder=False)
    held = ranking.recent_items(context, np.array([0]), 2)
    names = [context.catalogue.item_ids[item] for item in held.item]
    assert dict(zip(names, held.value.tolist(), strict=True)) == {"b": 0.0, "c": 1.0}


def test_targets_are_warm_and_distinct():
    table = events_table(
        [
            (1, "a", 0, "purchase"),
            (1, "b", 1, "purchase"),
            (1, "a", 70, "purchase"),
            (1, "a", 71, "purchase"),
            (1, "new", 72, "purchase"),
            (1, "b", 73, "view"),
            (1, "b", 99, "purchase"),
            (2, "a", 70, "purchase"),
            (3, "b", 0, "purchase"),
            (3, "a", 72, "purchase"),
        ]
    )
    context = context_of(table, ITEMS_SCHEMA.empty_table(), encoder=False)
    until = CUT + 20 * sequences.MICROSECONDS_A_DAY
    targets = ranking.targets_between(context, until, new_only=False)
    names = np.array(context.catalogue.item_ids)
    numbers = context.events.customers[targets.customers][targets.row]
    assert list(zip(numbers, names[targets.item], strict=True)) == [(1, "a"), (3, "a")]
    new = ranking.targets_between(context, until, new_only=True)
    assert context.events.customers[new.customers].tolist() == [3]


def test_the_personal_baseline_orders_its_ties_by_popularity():
    rows = [(c, "b", 35, "purchase") for c in range(2, 6)]
    rows += [(1, "a", 20, "purchase"), (1, "b", 20, "purchase"), (1, "c", 40, "purchase")]
    context = context_of(events_table(rows), ITEMS_SCHEMA.empty_table(), encoder=False)
    scores = first_batch(context).personal_frequency(30)[0]
    names = [context.catalogue.item_ids[item] for item in scores.argsort(descending=True)]
    assert names == ["c", "b", "a"]


def test_without_an_encoder_the_softmax_is_silent():
    context = context_of(shop(), items_table(30), encoder=False)
    assert not first_batch(context).dense("softmax").any()
