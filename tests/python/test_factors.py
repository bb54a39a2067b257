import numpy as np
import pytest
import torch

from footfall.counts import initial_vectors as factors
from footfall.sequences import reading
from scorer_data import ITEMS_SCHEMA, events_table

pytestmark = pytest.mark.library


def read(rows):
    return reading.read(events_table(rows), ITEMS_SCHEMA.empty_table())


def test_items_that_share_customers_start_close():
    random = np.random.default_rng(0)
    rows = []
    for customer in range(200):
        group = customer % 4
        rows += [
            (customer, f"{group}-{item}", day, "purchase")
            for day, item in enumerate(random.permutation(10)[:5])
        ]
    tokens, catalogue = read(rows)
    count = len(catalogue.item_ids)
    vectors = factors.start_vectors(tokens, tokens.offsets[1:], count, 8, seed=1)
    assert vectors.shape == (count, 8)
    assert vectors.std() == pytest.approx(factors.SPREAD, rel=1e-4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    group = np.array([int(name[0]) for name in catalogue.item_ids])
    cosine, same = unit @ unit.T, group[:, None] == group[None, :]
    assert cosine[same].mean() > cosine[~same].mean() + 0.5
    again = factors.start_vectors(tokens, tokens.offsets[1:], count, 8, seed=1)
    np.testing.assert_array_equal(vectors, again)


def test_the_leading_factors_are_those_of_the_whole_matrix():
    random = np.random.default_rng(1)
    rows = [
        (customer, f"{item}", day, "purchase")
        for customer in range(60)
        for day, item in enumerate(random.permutation(20)[: 3 + customer % 5])
    ]
    tokens, catalogue = read(rows)
    count = len(catalogue.item_ids)
    matrix = factors._symmetric(factors.lifts(tokens, tokens.offsets[1:], count), count)
    found = factors._factors(matrix, 3, seed=1).numpy()
    values, _ = np.linalg.eigh(matrix.times(torch.eye(count)).numpy())
    largest = np.sort(np.abs(values))[::-1][:3]
    np.testing.assert_allclose((found**2).sum(0), largest, rtol=1e-3)


def test_nothing_shared_and_fewer_items_than_columns():
    tokens, _ = read([(1, "a", 0, "purchase"), (2, "b", 0, "purchase")])
    assert not factors.start_vectors(tokens, tokens.offsets[1:], 2, 8, seed=1).any()
    tokens, _ = read([(c, item, 0, "purchase") for c in (1, 2) for item in "ab"])
    vectors = factors.start_vectors(tokens, tokens.offsets[1:], 2, 8, seed=1)
    assert vectors[:, :2].any()
    assert not vectors[:, 2:].any()
