import numpy as np
import pytest
import torch

from footfall.counts import tables as counts
from footfall.sequences import events as sequences
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table, items_table, shop

pytestmark = pytest.mark.library


def read(rows):
    return reading.read(events_table(rows), ITEMS_SCHEMA.empty_table())


def dense(table, count):
    matrix = np.zeros((count, count))
    owner = np.repeat(np.arange(count), np.diff(table.offsets))
    matrix[owner, table.partners] = table.scores
    return matrix


def test_neighbours_equal_the_cosine_of_customer_sets():
    tokens, catalogue = reading.read(shop(customers=40, items=12), items_table(12))
    count = len(catalogue.item_ids)
    sets = np.zeros((len(tokens.customers), count))
    owner = np.repeat(np.arange(len(tokens.customers)), np.diff(tokens.offsets))
    sets[owner, tokens.items] = 1
    shared = sets.T @ sets
    size = sets.sum(0) + counts.SHRINK
    expected = shared / np.sqrt(np.outer(size, size))
    np.fill_diagonal(expected, 0)
    table = counts.neighbours(tokens, tokens.offsets[1:], count)
    np.testing.assert_allclose(dense(table, count), expected, rtol=1e-6)


def test_lifts_compare_with_chance():
    tokens, catalogue = read(
        [(c, item, day, "purchase") for c in range(4) for day, item in enumerate("ab")]
        + [(c, "c", 0, "purchase") for c in range(4, 8)]
    )
    a, b, c = (catalogue.item_ids.index(name) for name in "abc")
    matrix = dense(counts.lifts(tokens, tokens.offsets[1:], 3), 3)
    assert matrix[a, b] == matrix[b, a] == pytest.approx(np.log1p(4 * 8 / (4 * 4) / 10))
    assert matrix[a, c] == 0


@pytest.mark.parametrize("chunk", [1, 1000])
def test_chunks_change_nothing(monkeypatch, chunk):
    tokens, _ = reading.read(shop(), items_table(30))
    whole = counts.neighbours(tokens, tokens.offsets[1:], 30)
    monkeypatch.setattr(counts, "PAIRS_A_CHUNK", chunk)
    pieces = counts.neighbours(tokens, tokens.offsets[1:], 30)
    np.testing.assert_array_equal(whole.partners, pieces.partners)
    np.testing.assert_array_equal(whole.scores, pieces.scores)


@pytest.mark.parametrize(
    ("products_a_pair", "ways"),
    [(0, {"pairs"}), (20, {"pairs", "dense"}), (10**9, {"dense"})],
    ids=["pairs", "either", "dense"],
)
def test_linear_is_the_closed_form_on_fading_histories(monkeypatch, products_a_pair, ways):
    monkeypatch.setattr(counts, "PRODUCTS_A_PAIR", products_a_pair)
    # Half of the customers keep all they have, the others one to three items.
    tokens, catalogue = read(
        [
            (customer, f"item {(customer + place) % 12}", 5 * place, "purchase")
            for customer in range(40)
            for place in range(12 if customer < 20 else 1 + customer % 3)
        ]
    )
    count = len(catalogue.item_ids)
    taken = set()
    add_pairs, addmm = counts._add_pairs, torch.Tensor.addmm_

    def pairs(*arguments):
        taken.add("pairs")
        add_pairs(*arguments)

    def product(*arguments):
        taken.add("dense")
        return addmm(*arguments)

    monkeypatch.setattr(counts, "_add_pairs", pairs)
    monkeypatch.setattr(torch.Tensor, "addmm_", product)
    cut = int(tokens.at.max()) + 1
    fading = np.zeros((len(tokens.customers), count))
    owner = np.repeat(np.arange(len(tokens.customers)), np.diff(tokens.offsets))
    age = (cut - tokens.at) / sequences.MICROSECONDS_A_DAY
    np.add.at(fading, (owner, tokens.items), 0.5 ** (age / counts.LINEAR_HALF_LIFE))
    fading = np.minimum(fading, 1.0)
    inverse = np.linalg.inv(fading.T @ fading + counts.LINEAR_RIDGE * np.eye(count))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    table = counts.linear(tokens, tokens.offsets[1:], count, cut)
    np.testing.assert_allclose(dense(table, count), expected, rtol=1e-3, atol=1e-6)
    monkeypatch.setattr(counts, "PAIRS_A_CHUNK", 60)
    slabs = counts.linear(tokens, tokens.offsets[1:], count, cut)
    np.testing.assert_allclose(dense(slabs, count), expected, rtol=1e-3, atol=1e-6)
    assert taken == ways
    monkeypatch.setattr(counts, "LINEAR_ITEMS", 5)
    few = counts.linear(tokens, tokens.offsets[1:], count, cut)
    assert (np.diff(few.offsets) > 0).sum() == 5


def test_successors_are_directed_and_fall_with_distance():
    tokens, catalogue = read(
        [(c, item, day, "purchase") for c in range(3) for day, item in enumerate("abc")]
    )
    a, b, c = (catalogue.item_ids.index(name) for name in "abc")
    matrix = dense(counts.successors(tokens, tokens.offsets[1:], 3), 3)
    assert matrix[a, b] == pytest.approx(3 / 5)
    assert matrix[a, c] == pytest.approx(1.5 / 5)
    assert matrix[b, a] == 0


def test_tables_end_at_the_cut():
    tokens, _ = read(
        [(c, item, day, "purchase") for c in range(5) for day, item in enumerate("ab")]
    )
    ends = tokens.offsets[:-1] + 1
    assert len(counts.neighbours(tokens, ends, 2).partners) == 0
    assert len(counts.lifts(tokens, ends, 2).partners) == 0
    assert len(counts.successors(tokens, ends, 2).partners) == 0


def test_popularity_counts_recent_purchases():
    tokens, catalogue = read(
        [(1, "a", 0, "purchase"), (1, "b", 50, "purchase"), (2, "b", 51, "view")]
    )
    cut = int(tokens.at.max()) + 1
    shares = counts.popularity(tokens, tokens.offsets[1:], 2, cut, 28)
    assert shares[catalogue.item_ids.index("b")] == 1.0
    old = counts.popularity(tokens, tokens.offsets[1:], 2, cut + 10**15, 28)
    assert old.sum() == pytest.approx(1.0)


def test_spread_walks_to_partners():
    table = counts.CountTable(
        np.array([0, 2, 3]), np.array([1, 0, 0]), np.array([0.5, 0.25, 1.0], dtype=np.float32)
    )
    place, value = counts.spread(
        table, np.array([70, 80]), np.array([1, 0]), np.array([1.0, 2.0], dtype=np.float32)
    )
    sums = np.bincount(place, value, minlength=90)
    assert np.flatnonzero(sums).tolist() == [70, 80, 81]
    assert sums[[70, 80, 81]].tolist() == [1.0, 0.5, 1.0]
    assert len(place) == 2 * counts.BLOCK
    assert table.mass.tolist() == [0.75, 1.0]
    assert not table.has_negatives
