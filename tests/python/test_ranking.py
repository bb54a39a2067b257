import datetime

import numpy as np
import pytest
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.counts import repeats
from footfall.encoder.network import Encoder, EncoderConfig
from footfall.ranking import COMPONENTS
from footfall.ranking import batch as batches
from footfall.ranking import score_tiles as tile
from footfall.ranking.mixture import HIDDEN, Ranker
from footfall.ranking.selection import top
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table, items_table, shop

pytestmark = pytest.mark.library

CPU = torch.device("cpu")
CUT = sequences.microseconds(datetime.date(2024, 3, 1))


@pytest.fixture(autouse=True)
def one_thread():
    devices.use_threads(1)


def context_of(table, items, cut=CUT, encoder=True):
    tokens, catalogue = reading.read(table, items)
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


def first_batch(context, **rules):
    rules = {"allow_repeats": True, **rules}
    customers = np.arange(len(context.events.customers))
    return next(ranking.batches(context, customers, **rules))


def ranker():
    random = np.random.default_rng(3)
    width = len(COMPONENTS) + 1 + len(ranking.SITUATION)
    shapes = {
        "mean": (width,), "scale": (width,), "in_weight": (HIDDEN, width), "in_bias": (HIDDEN,),
        "out_weight": (HIDDEN,), "skip_weight": (width,),
    }  # fmt: skip
    network = {name: random.random(shape).astype(np.float32) for name, shape in shapes.items()}
    network["scale"] += 1.0
    return Ranker(np.full(len(COMPONENTS), 1 / 6, dtype=np.float32), network)


@pytest.mark.parametrize("columns", [16, 160, 12_112])
def test_top_finds_the_largest(columns):
    random = torch.Generator().manual_seed(1)
    scores = torch.randn(7, columns, generator=random)
    scores[2] = -torch.inf
    scores[3, : columns // 2] = -torch.inf
    size = min(11, columns)
    values, places = top(scores, size)
    expected = scores.topk(size, dim=1).values
    torch.testing.assert_close(values, expected)
    torch.testing.assert_close(scores.gather(1, places), values)


def test_top_is_exact_where_much_is_equal():
    scores = torch.zeros(3, 12_112)
    scores[0, 5::700] = torch.arange(1.0, 19.0)
    scores[1] = -torch.inf
    scores[2, ::2] = 1.0
    values, places = top(scores, 60)
    expected = scores.topk(60, dim=1).values
    torch.testing.assert_close(values, expected)
    torch.testing.assert_close(scores.gather(1, places), values)
    assert all(len(set(row)) == 60 for row in places.tolist())


def test_candidates_hold_what_is_ranked_highest(context, monkeypatch):
    for name, size in {"softmax": 3, "counts": 4, "popular": 2}.items():
        monkeypatch.setitem(ranking.PROPOSED, name, size)
    batch = first_batch(context)
    found = batch.candidates()
    counted = sum(
        (batch.dense(name) - torch.from_numpy(context.popular) * 1e-6).clamp(min=0)
        / batch.candidates((name,)).values.sum((1, 2))[:, None].clamp_min(1e-9)
        for name in ranking.SPARSE[:2]
    )
    two = batch.candidates(ranking.SPARSE[:2])
    for row in range(len(found.items)):
        held = set(found.items[row][found.real[row]].tolist())
        assert len(held) == int(found.real[row].sum())
        for name in ("softmax", "popular"):
            best = batch.dense(name)[row].topk(ranking.PROPOSED[name]).indices
            assert set(best.tolist()) <= held
        held = set(two.items[row][two.real[row]].tolist())
        size = min(4, int((counted[row] > 1e-3).sum()))
        assert len(held & set(counted[row].topk(size).indices.tolist())) >= size - 1


def test_other_devices_find_the_same_candidates(context, monkeypatch):
    """Their way to add takes no place outside of the tensor."""
    for name, size in {"softmax": 3, "counts": 4, "popular": 2}.items():
        monkeypatch.setitem(ranking.PROPOSED, name, size)
    here = first_batch(context).candidates()
    monkeypatch.setattr(
        tile, "_add", lambda sums, place, value: sums.view(-1).index_add_(0, place, value)
    )
    there = first_batch(context).candidates()
    assert bool((~here.real).any())
    torch.testing.assert_close(there.items, here.items, rtol=0, atol=0)
    torch.testing.assert_close(there.values, here.values)


def test_the_largest_of_doubles_are_found():
    scores = torch.rand(2, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    values, places = top(scores, 5)
    torch.testing.assert_close(values, scores.topk(5, dim=1).values, rtol=0, atol=0)
    torch.testing.assert_close(scores.gather(1, places), values, rtol=0, atol=0)


def test_candidates_carry_the_values_of_the_components(context):
    batch = first_batch(context)
    found = batch.candidates()
    place = found.items.clamp(min=0)
    popular = torch.from_numpy(context.popular)
    for column, name in enumerate(COMPONENTS):
        dense = batch.dense(name)
        if name == "softmax":
            expected = dense.softmax(1)
        elif name == "popular":
            expected = dense
        else:
            expected = dense - popular * 1e-6
        expected = expected.gather(1, place).masked_fill(~found.real, 0.0)
        # All thirty items are candidates here, so the shares of the candidates are the softmax.
        torch.testing.assert_close(found.values[:, :, column], expected, rtol=1e-4, atol=1e-6)
    assert bool(torch.isfinite(found.situation).all())


def test_a_component_that_is_not_asked_for_is_silent(context):
    found = first_batch(context).candidates(("softmax", "popular"))
    for name in ranking.SPARSE:
        assert not found.values[:, :, COMPONENTS.index(name)].any()


def test_all_items_are_ranked_candidates_first(context, monkeypatch):
    for name, size in {"softmax": 2, "counts": 2, "popular": 2}.items():
        monkeypatch.setitem(ranking.PROPOSED, name, size)
    batch = first_batch(context, allow_repeats=False)
    found = batch.candidates()
    scores = ranker()(found)
    order = batch.ranked(found, scores)
    assert bool(torch.isneginf(order[batch.blocked]).all())
    logits = batch.dense("softmax")
    for row in range(len(order)):
        held = found.items[row][found.real[row]]
        free = ~batch.blocked[row]
        free[held] = False
        if len(held) and bool(free.any()):
            assert float(order[row][held].min()) > float(order[row][free].max())
            left = torch.nonzero(free)[:, 0]
            assert left[order[row][left].argmax()] == left[logits[row][left].argmax()]


def test_batches_of_any_size_agree(context, monkeypatch):
    customers = np.arange(len(context.events.customers))

    def order():
        found = []
        for batch in ranking.batches(context, customers, allow_repeats=True):
            candidates = batch.candidates()
            found.append(batch.ranked(candidates, ranker()(candidates)))
        return found

    whole = order()
    monkeypatch.setattr(batches, "SCORES_A_TILE", 7 * context.count_items)
    monkeypatch.setattr(batches, "CUSTOMERS_A_BATCH", 10)
    monkeypatch.setattr(batches, "CUSTOMERS_ENCODED", 20)
    parts = order()
    assert len(parts) > len(whole) == 1
    torch.testing.assert_close(torch.cat(parts), whole[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", COMPONENTS)
def test_candidate_rules(context, name):
    batch = first_batch(context, allow_repeats=False)
    row, item = ranking.bought_before(context, batch.customers)
    assert bool(batch.blocked[row, item].all())
    found = batch.candidates((name,))
    pair = torch.arange(len(found.items))[:, None] * context.count_items + found.items
    banned = torch.from_numpy(row * context.count_items + item)
    assert not torch.isin(pair[found.real], banned).any()
    allowed = np.arange(context.count_items) % 2 == 0
    some = first_batch(context, allowed=allowed)
    assert bool(some.blocked[:, 1::2].all())
    assert not some.blocked[:, 0::2].any()
    found = some.candidates((name,))
    assert not (found.items[found.real] % 2).any()


def test_a_customer_without_candidates_gets_nothing(context):
    batch = first_batch(context, allowed=np.zeros(context.count_items, dtype=np.bool_))
    found = batch.candidates()
    assert not found.real.any()
    assert bool(torch.isneginf(ranker()(found)).all())


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


def test_an_item_without_an_event_is_no_target_wherever_it_stands():
    table = events_table(
        [(1, "a", 0, "purchase"), (1, "b", 70, "purchase"), (1, "a", 71, "purchase")]
    )
    tokens, catalogue = reading.read(table, ITEMS_SCHEMA.empty_table(), known_items=["b", "a"])
    context = ranking.context_at(
        tokens, catalogue, repeats.ItemHistory.of(tokens), CUT, None, repeats.RepeatModel({}), CPU
    )
    until = CUT + 20 * sequences.MICROSECONDS_A_DAY
    targets = ranking.targets_between(context, until, new_only=False)
    assert [catalogue.item_ids[item] for item in targets.item] == ["a"]


def test_the_personal_baseline_orders_its_ties_by_popularity():
    rows = [(c, "b", 35, "purchase") for c in range(2, 6)]
    rows += [(1, "a", 20, "purchase"), (1, "b", 20, "purchase"), (1, "c", 40, "purchase")]
    context = context_of(events_table(rows), ITEMS_SCHEMA.empty_table(), encoder=False)
    scores = first_batch(context).personal_frequency(30)[0]
    names = [context.catalogue.item_ids[item] for item in scores.argsort(descending=True)]
    assert names == ["c", "b", "a"]


def test_without_an_encoder_the_softmax_is_silent():
    context = context_of(shop(), items_table(30), encoder=False)
    batch = first_batch(context)
    assert not batch.dense("softmax").any()
    assert not batch.candidates().values[:, :, 0].any()
