"""Explanations add up to what is served, whatever made the score."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import lightgbm
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from cutoff_tables import Explained, assert_they_add_up, simulated_cutoffs, states_table
from footfall.core.arrays import FloatArray
from footfall.evaluation.bootstrap import Measured
from footfall.evaluation.score_metrics import auc
from footfall.heads import HeadSettings
from footfall.heads.deletions import deleted, measure_deletions, over_lots
from footfall.heads.drivers import Effects
from footfall.heads.learners import shapley
from footfall.heads.learners.boosting import Boosted, fit_boosted
from footfall.heads.learners.linear import sigmoid
from footfall.heads.learners.shapley import ShapleyTables
from footfall.heads.log_means import chance_slope, log_chance_slope, log_mean
from footfall.heads.tiers import TierModel

pytestmark = pytest.mark.library

SETTINGS = HeadSettings(horizons=(30, 90), bootstrap_replicates=0, backtest_cutoffs=1, threads=1)


@pytest.mark.parametrize(
    ("customers", "cutoffs", "methods"),
    [
        (60, 3, {"log_mean", "extended_30d"}),
        (3, 3, {"own_rate"}),
    ],
)
def test_what_one_rate_makes_has_one_row(customers: int, cutoffs: int, methods: set[str]) -> None:
    shop = simulated_cutoffs(horizons=SETTINGS.horizons, customers=customers, cutoffs=cutoffs)
    sums = Explained.of(shop, settings=SETTINGS).sums()
    assert_they_add_up(sums)
    assert set(sums["method"]) == methods
    rates = sums[sums["method"] != "log_mean"]
    assert all(ideas == ["rate"] for ideas in rates["ideas"])
    assert (rates.groupby(["score", "horizon_days"])["base"].nunique() == 1).all()


def test_the_base_of_own_rates_is_that_of_the_training_whoever_is_scored() -> None:
    shop = simulated_cutoffs(horizons=SETTINGS.horizons, customers=3, cutoffs=3)
    trained = Explained.of(shop, settings=SETTINGS)
    one = replace(trained, cutoffs=shop.filter(pc.equal(shop["customer_no"], 1)))
    keys = ["score", "horizon_days"]
    both = [every.sums().groupby(keys)[["base", "link_base"]].first() for every in (trained, one)]
    assert_they_add_up(one.sums())
    pd.testing.assert_frame_equal(*both)


def test_the_state_of_the_encoder_is_an_idea_that_adds_up() -> None:
    """By log-mean weights and by permutations, of customers whose states tell the outcome."""
    only = replace(SETTINGS, horizons=(30,))
    shop = simulated_cutoffs(horizons=only.horizons, customers=300, cutoffs=6)
    bought = np.nan_to_num(shop["orders_next_30d"].to_numpy(zero_copy_only=False).astype(float)) > 0
    hint = bought[:, None] + np.random.default_rng(5).normal(0.0, 0.3, (len(bought), 2))
    sums = Explained.of(shop, states_table(shop, hint), settings=only).sums(by_permutations=3)
    assert_they_add_up(sums)
    assert set(sums["method"]) == {"log_mean", "permutation"}
    for method, rows in sums.groupby("method"):
        assert all("encoder_state" in ideas for ideas in rows.loc["churn", "ideas"]), method


def test_weights_meet_their_limits() -> None:
    """Where score and base are the same, the slope is the derivative."""
    base = 0.3
    link = np.array([base, base + 1e-9, base + 1e-5, 2.0])
    chance = 1.0 / (1.0 + np.exp(-base))
    np.testing.assert_allclose(chance_slope(link, base)[:3], chance * (1 - chance), rtol=1e-5)
    np.testing.assert_allclose(log_chance_slope(link, base)[:3], 1 - chance, rtol=1e-5)
    amounts = np.array([5.0, 5.0 + 1e-9, 10.0])
    np.testing.assert_allclose(log_mean(amounts, 5.0), [5.0, 5.0, 5.0 / np.log(2.0)])


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_where_all_buyers_spend_alike_the_explained_chance_is_the_served_one(share: float) -> None:
    """A shop whose orders are all worth the same has no VIP, or nothing but VIPs."""
    unused: Any = None
    rows: Any = range(2)
    model = TierModel(10.0, share, None, None)
    served = model.vip_given_purchase(unused, rows)
    explained = sigmoid(np.array(model.effects(unused, rows).base))
    np.testing.assert_allclose(served, explained, rtol=1e-12)
    np.testing.assert_allclose(served, share, atol=2e-5)


def test_the_first_idea_is_taken_out_and_any_other_by_lot() -> None:
    """The lot falls on no first idea, on every other one, and its cost is the mean over lots."""
    moved = np.array([[4.0, -1.0, 2.0], [0.5, -8.0, 1.0]])
    left = deleted(Effects(1.0, ("a", "b", "c"), moved), seed=3)
    np.testing.assert_array_equal(left["no_idea"], [[6.0], [-5.5]])
    np.testing.assert_array_equal(left["top_idea"], [[2.0], [2.5]])
    assert [set(row) for row in left["random_idea"].tolist()] == [{7.0, 4.0}, {-6.0, -6.5}]
    mean = over_lots(lambda actual, one, weights: weights @ (one - actual))
    predicted, weights = np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [2.0, 0.0]])
    found = mean(np.zeros(2), predicted, weights)
    np.testing.assert_array_equal(found, [2.0, 4.0])
    assert deleted(Effects(1.0, ("a",), np.ones((2, 1))), seed=3).keys() == {"no_idea", "top_idea"}


def test_the_first_idea_is_compared_with_another_on_the_same_resamples() -> None:
    """Where the first idea is the score and another does nothing, or both are the same."""
    rng = np.random.default_rng(4)
    actual = np.repeat([0.0, 1.0], 200)
    told = np.where(actual > 0, 1.0, -1.0) + rng.normal(0.0, 1.0, 400)

    def measured(*ideas: FloatArray) -> dict[str, Measured]:
        left = deleted(Effects(0.0, ("a", "b", "c")[: len(ideas)], np.column_stack(ideas)), seed=3)
        found = measure_deletions("auc", auc, actual, left, replicates=200, seed=1)
        return {metric.removeprefix("auc_"): one for (_, metric), one in found.items()}

    clear = measured(told, np.zeros(400))
    cost, margin = clear["top_idea_cost"], clear["top_idea_margin"]
    assert clear["without_top_idea"].value == 0.5
    assert cost.value == auc(actual, told, np.ones((1, 400)))[0] - 0.5
    assert cost.value == pytest.approx(margin.value)
    assert 0.3 < cost.lower < cost.value < cost.upper < 0.5
    np.testing.assert_allclose(cost.replicates, margin.replicates, atol=1e-12)
    # Each of three ideas that say the same costs nothing: none is the reason.
    alike = measured(told, told, told)
    assert alike["top_idea_margin"].upper == 0.0
    assert "top_idea_margin" not in measured(told)


@pytest.mark.parametrize(("objective", "randomised"), [("binary", True), ("tweedie", False)])
def test_shapley_values_that_are_looked_up_are_those_of_lightgbm(
    objective: Literal["binary", "tweedie"], *, randomised: bool
) -> None:
    """Trees small and deep, with and without unknown values in training and afterwards."""
    rng = np.random.default_rng(5)
    raw = rng.normal(size=(1_500, 9))
    raw[:, 0] = np.round(raw[:, 0])
    raw[:, :4][rng.random((1_500, 4)) < 0.1] = np.nan
    made = np.exp(np.nan_to_num(raw[:, 0]) + raw[:, 5] * raw[:, 6])
    target = (made > 1.0).astype(float) if objective == "binary" else made
    trees = fit_boosted(raw, target, objective=objective, seed=2, rounds=30, randomised=randomised)
    asked = rng.normal(size=(200, 9))
    asked[rng.random(asked.shape) < 0.2] = np.nan
    tables = ShapleyTables(trees.booster.dump_model())
    values, base = tables.values(asked), tables.base
    theirs = np.asarray(trees.booster.predict(asked, pred_contrib=True, num_threads=1))
    np.testing.assert_allclose(values, theirs[:, :-1], atol=1e-12)
    np.testing.assert_allclose(base, theirs[0, -1], atol=1e-12)
    np.testing.assert_allclose(base + values.sum(axis=1), trees.link(asked), atol=1e-12)
    assert tables.values(asked[:0]).shape == (0, 9)


def test_few_rows_and_many_have_the_same_shapley_values() -> None:
    """Of few LightGBM's own are taken, of many those that are looked up."""
    raw = np.random.default_rng(6).normal(size=(2_000, 5))
    trees = fit_boosted(raw, (raw[:, 1] > raw[:, 3]) * 1.0, objective="binary", seed=1, rounds=9)
    (many, base), (few, same) = trees.contributions(raw), trees.contributions(raw[:100])
    np.testing.assert_allclose(few, many[:100], atol=1e-12)
    assert same == pytest.approx(base, abs=1e-12)
    assert trees.contributions(raw[:0])[0].shape == (0, 5)


def test_a_chain_of_splits_and_a_tree_without_any_are_looked_up_as_well() -> None:
    """Leaves deeper than ten splits have tables of their own."""
    raw = np.random.default_rng(3).uniform(size=(2_000, 3))
    raw[:, 0] = np.floor(16.0 * raw[:, 0])
    options = {"objective": "regression", "num_leaves": 15, "min_data_in_leaf": 5, "verbose": -1,
               "num_threads": 1, "deterministic": True, "seed": 1}  # fmt: skip
    for target, deepest in ((4.0 ** raw[:, 0] + raw[:, 1], 11), (np.ones(2_000), 0)):
        fitted = lightgbm.train(options, lightgbm.Dataset(raw, target), num_boost_round=3)
        model = fitted.dump_model()
        assert max(_depth(tree["tree_structure"]) for tree in model["tree_info"]) >= deepest
        tables = ShapleyTables(model)
        theirs = np.asarray(fitted.predict(raw[:50], pred_contrib=True))
        most = 1e-12 * float(target.max())
        np.testing.assert_allclose(tables.values(raw[:50]), theirs[:, :-1], rtol=0.0, atol=most)
        assert tables.base == pytest.approx(theirs[0, -1], rel=1e-12)


def test_shapley_tables_take_no_more_memory_than_they_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cases of leaves, rows and whole ensembles have bounds; beyond the last LightGBM is asked."""
    raw = np.random.default_rng(7).normal(size=(60_000, 20))
    target = np.exp(raw[:2_000, 0] + raw[:2_000, 1])
    trees = fit_boosted(
        raw[:2_000], target, objective="tweedie", seed=1, rounds=40, randomised=False
    )
    model = trees.booster.dump_model()
    expected = ShapleyTables(model).values(raw[:600])

    def peak(rows: int) -> int:
        tables = ShapleyTables(model)
        tracemalloc.start()
        found = tables.values(raw[:rows])
        used = tracemalloc.get_traced_memory()[1] - found.nbytes
        tracemalloc.stop()
        return used

    # Next to the values: three times as many rows take no more than what is looked up at a time.
    assert peak(60_000) < 1.1 * peak(20_000)
    monkeypatch.setattr(shapley, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(shapley, "_CASES_AT_ONCE", 1)
    batches: list[int] = []
    cases_of = shapley._cases_of

    def noted(leaves: Sequence[Any]) -> Any:
        batches.append(len(leaves))
        return cases_of(leaves)

    monkeypatch.setattr(shapley, "_cases_of", noted)
    np.testing.assert_array_equal(ShapleyTables(model).values(raw[:600]), expected)
    assert len(batches) == 40
    assert max(batches) <= 15
    monkeypatch.setattr(shapley, "_MOST_NUMBERS", 1)
    assert ShapleyTables.of(model) is None
    values, base = Boosted(trees.booster).contributions(raw[:600])
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert base == pytest.approx(ShapleyTables(model).base)
    assert Boosted(trees.booster).contributions(raw[:0])[0].shape == (0, 20)


def _depth(node: dict[str, Any]) -> int:
    """Splits on the longest way to a leaf."""
    if "left_child" not in node:
        return 0
    return 1 + max(_depth(node["left_child"]), _depth(node["right_child"]))
