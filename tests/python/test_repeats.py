import datetime

import numpy as np
import pytest

from footfall.counts import repeats
from footfall.counts.repeats import HALF_LIVES, ItemHistory, ItemStatistics
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table, items_table, shop

pytestmark = pytest.mark.library


def pairs_of(tokens, count, cut, customers=None):
    history = ItemHistory.of(tokens)
    ends = tokens.ends_before(cut)
    statistics = ItemStatistics.at(tokens, history, ends, count, cut)
    everyone = np.arange(len(tokens.customers)) if customers is None else customers
    return repeats.pairs_at(tokens, history, statistics, everyone, ends, cut), statistics


def test_decayed_purchases_by_hand():
    tokens, catalogue = reading.read(
        events_table([(1, "a", 0, "purchase"), (1, "a", 7, "purchase"), (1, "b", 7, "view")]),
        ITEMS_SCHEMA.empty_table(),
    )
    cut = sequences.microseconds(datetime.date(2024, 1, 15))
    pairs, _ = pairs_of(tokens, 2, cut)
    place = pairs.item.tolist().index(catalogue.item_ids.index("a"))
    assert pairs.decayed[place, HALF_LIVES.index(7)] == pytest.approx(0.25 + 0.5, rel=1e-5)
    other = pairs.item.tolist().index(catalogue.item_ids.index("b"))
    assert pairs.decayed[other].sum() == 0
    assert pairs.features.shape == (2, repeats.feature_count())


def test_features_see_nothing_after_the_cut():
    table = shop()
    tokens, catalogue = reading.read(table, items_table(30))
    cut = sequences.microseconds(datetime.date(2024, 2, 10))
    earlier = table.filter(
        np.array([at.timestamp() * 1e6 < cut for at in table["event_at"].to_pylist()])
    )
    known = list(catalogue.item_ids)
    short, _ = reading.read(earlier, items_table(30), known_items=known)
    count = catalogue.count_before(cut)
    whole, _ = pairs_of(tokens, count, cut)
    part, _ = pairs_of(short, count, cut)
    np.testing.assert_allclose(whole.features, part.features, rtol=1e-6)
    np.testing.assert_array_equal(whole.item, part.item)


def test_batches_of_customers_change_nothing():
    tokens, catalogue = reading.read(shop(), items_table(30))
    cut = int(tokens.at.max()) + 1
    whole, _ = pairs_of(tokens, len(catalogue.item_ids), cut)
    some, _ = pairs_of(tokens, len(catalogue.item_ids), cut, np.array([5, 6]))
    here = np.isin(whole.row, [5, 6])
    np.testing.assert_array_equal(whole.features[here], some.features)


def test_items_that_were_bought_can_be_left_out():
    rows = [(1, "a", 0, "purchase"), (1, "b", 1, "view"), (1, "a", 2, "view"), (2, "b", 3, "view")]
    tokens, catalogue = reading.read(events_table(rows), ITEMS_SCHEMA.empty_table())
    history, ends = ItemHistory.of(tokens), tokens.offsets[1:]
    cut = int(tokens.at.max()) + 1
    statistics = ItemStatistics.at(tokens, history, ends, 2, cut)
    everyone = np.arange(2)
    found = [
        repeats.pairs_at(
            tokens, history, statistics, everyone, ends, cut, never_bought=never_bought
        )
        for never_bought in (False, True)
    ]
    assert len(found[0].row) == 3
    assert [catalogue.item_ids[item] for item in found[1].item] == ["b", "b"]
    kept = found[0].item == catalogue.item_ids.index("b")
    np.testing.assert_array_equal(found[1].features, found[0].features[kept])


def test_learns_which_items_come_again():
    tokens, catalogue = reading.read(shop(customers=200, sessions=16), items_table(30))
    cut = sequences.microseconds(datetime.date(2024, 4, 1))
    history = ItemHistory.of(tokens)
    model = repeats.fit(tokens, history, catalogue.count_before, cut, 14.0, seed=1)
    assert set(model.weights) == set(repeats.WEIGHT_NAMES)
    pairs, statistics = pairs_of(tokens, catalogue.count_before(cut), cut)
    probability = model.probability(pairs, statistics)
    often = pairs.decayed[:, HALF_LIVES.index(90)] > 2
    assert probability[often].mean() > 2 * probability[~often].mean()
    again = repeats.fit(tokens, history, catalogue.count_before, cut, 14.0, seed=1)
    for name, weight in model.weights.items():
        np.testing.assert_array_equal(weight, again.weights[name])


def test_falls_back_to_decay_without_a_closed_window():
    tokens, catalogue = reading.read(shop(sessions=1), items_table(30))
    cut = int(tokens.at.max()) + 1
    model = repeats.fit(tokens, ItemHistory.of(tokens), catalogue.count_before, cut, 14.0, seed=1)
    assert model.weights == {}
    pairs, statistics = pairs_of(tokens, len(catalogue.item_ids), cut)
    assert (model.probability(pairs, statistics) > 0).any()
