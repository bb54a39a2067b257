"""Churn and value scores: correct on a simulated shop, honest where there is little to learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cutoff_tables import (
    KEYS,
    Explained,
    assert_they_add_up,
    backtest_churn,
    backtest_value,
    random_states,
    score_churn,
    score_value,
    simulated_cutoffs,
    states_table,
    steady_and_lost_cutoffs,
    train_churn,
    train_value,
)
from footfall import heads
from footfall.adapter.cutoffs import Cutoffs
from footfall.attributions.permutations import walk
from footfall.core.erasures import Erasures
from footfall.core.progress import silent
from footfall.core.stored_rows import ArtifactError, load, to_table
from footfall.evaluation import score_metrics
from footfall.heads import HeadSettings
from footfall.heads import churn as churn_module
from footfall.heads import value as amounts
from footfall.heads import value_members as value_module
from footfall.heads.churn import SilenceModel, fit_silence, silence_labels
from footfall.heads.cutoffs import study
from footfall.heads.cutoffs.digests import read_digests
from footfall.heads.cutoffs.rows import (
    as_of_day,
    closed_days,
    customer_uniform,
    read_cutoffs,
    training_days,
    training_rows,
)
from footfall.heads.cutoffs.study import Memory, Study
from footfall.heads.fields import from_values, to_values
from footfall.heads.judgements import parts_to_leave_out, skill
from footfall.heads.learners.lifetimes import fit_order_value
from footfall.heads.learners.linear import sigmoid
from footfall.heads.predictions import (
    predict_silences,
    predict_values,
    silence_models,
    value_models,
)
from footfall.heads.stored import load_heads
from footfall.heads.tiers import tier_probabilities
from footfall.heads.training import study_of
from footfall.heads.trials import trials
from footfall.heads.value import ValueModel, fit_value

pytestmark = pytest.mark.library

SETTINGS = HeadSettings(horizons=(30, 90), bootstrap_replicates=50, backtest_cutoffs=1, threads=1)
ALL_RESULTS = (score_churn, score_value, backtest_churn, backtest_value)


@pytest.fixture(scope="module")
def cutoffs() -> pa.Table:
    return simulated_cutoffs()


@pytest.fixture(scope="module")
def churn(cutoffs: pa.Table) -> pa.Table:
    return score_churn(cutoffs, None, settings=SETTINGS)


@pytest.fixture(scope="module")
def value(cutoffs: pa.Table) -> pa.Table:
    return score_value(cutoffs, None, settings=SETTINGS)


@pytest.fixture(scope="module")
def churn_test(cutoffs: pa.Table) -> pa.Table:
    return backtest_churn(cutoffs, None, settings=SETTINGS)


@pytest.fixture(scope="module")
def value_test(cutoffs: pa.Table) -> pa.Table:
    return backtest_value(cutoffs, None, settings=SETTINGS)


def numbers(table: pa.Table, column: str) -> np.ndarray:
    return table[column].to_numpy()


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    position = table.schema.get_field_index(name)
    return table.set_column(position, name, pa.array(values, table.schema.field(name).type))


def figure(table: pa.Table, **where: object) -> float:
    found = [
        row["value"]
        for row in table.to_pylist()
        if all(row[key] == wanted for key, wanted in where.items()) and row["bin"] is None
    ]
    assert len(found) == 1, where
    return found[0]


# --- what is returned ------------------------------------------------------------------------


def test_churn_has_a_row_for_each_customer_and_horizon(cutoffs: pa.Table, churn: pa.Table) -> None:
    assert churn.schema == heads.CHURN_SCHEMA
    customers = pc.sum(cutoffs["is_as_of"]).as_py()
    assert churn.num_rows == 2 * customers
    probability = numbers(churn, "probability")
    assert ((probability > 0) & (probability < 1)).all()
    assert set(churn["method"].to_pylist()) == {"fitted"}
    assert churn["cutoff_date"][0].as_py() == pc.max(cutoffs["cutoff_date"]).as_py()


class Together:
    """Idea a adds 1, a and b together 3 more, and c nothing; without them the score is 0."""

    ideas = ("a", "b", "c")

    def values(self, row: int, own: np.ndarray) -> np.ndarray:
        del row
        a, b, _ = own.T
        return (1.0 * a + 3.0 * (a & b))[:, None]


@pytest.fixture(scope="module")
def explained(cutoffs: pa.Table, churn: pa.Table, value: pa.Table) -> Explained:
    """By heads that the scores were made by: their fits are still in memory."""
    del churn, value
    return Explained.of(cutoffs, settings=SETTINGS)


def test_contributions_are_the_served_scores(explained: Explained) -> None:
    sums = explained.sums()
    assert_they_add_up(sums)
    assert set(sums["method"]) == {"log_mean"}
    # A longer silence that would be likelier carries the explanation of the shorter one, and base
    # and contributions are then the same to the last digit.
    longer = sums.loc["churn", 90]
    bound = longer[longer["bound_by"] == 30]
    shorter = sums.loc["churn", 30].loc[bound.index]
    assert 0 < len(bound) < len(longer)
    assert (bound[["base", "moved", "link_base"]] == shorter[["base", "moved", "link_base"]]).all(
        axis=None
    )
    # Bases are constants of the training: one for each horizon that is explained.
    assert (sums.groupby(["score", "horizon_days", "bound_by"])["base"].nunique() == 1).all()


def test_permutations_explain_the_top_of_each_list(explained: Explained) -> None:
    sums = explained.sums(by_permutations=4)
    assert_they_add_up(sums)
    lists = sums[sums["method"] == "permutation"]
    assert (lists.groupby(["score", "horizon_days"]).size() == 4).all()
    rest = sums[sums["method"] == "log_mean"]
    for score in ("value", "tier"):
        least = lists.loc[score].groupby("horizon_days")["value"].min()
        assert (rest.loc[score].groupby("horizon_days")["value"].max() <= least).all()
    assert (lists.loc["churn"]["value"] >= SETTINGS.warning_probability).all()
    # The same rows are compared with, so that the base of a score is one for everybody.
    assert (lists.groupby(["score", "horizon_days", "bound_by"])["base"].nunique() == 1).all()


def test_permutations_come_near_to_exact_shapley_values() -> None:
    game = Together()
    walked = walk(game, 64, seed=3)
    np.testing.assert_allclose(walked.moved, [[2.5, 1.5, 0.0]], atol=0.2)
    np.testing.assert_allclose(walked.moved.sum(axis=1), 4.0)
    assert walked.base == 0.0
    assert (np.abs(walked.moved - [[2.5, 1.5, 0.0]]) <= 3 * walked.error + 1e-12).all()


def test_a_customer_is_explained_alike_whoever_else_is_scored(explained: Explained) -> None:
    some = pa.array(np.asarray(explained.cutoffs["customer_no"]) < 20)
    found = [
        one.rows().query("customer_no < 20").sort_values([*KEYS, "idea"], ignore_index=True)
        for one in (explained, replace(explained, cutoffs=explained.cutoffs.filter(some)))
    ]
    assert len(found[0]) > 500
    pd.testing.assert_frame_equal(*found, rtol=1e-12)


def test_longer_silence_is_never_likelier(churn: pa.Table) -> None:
    by_horizon = {
        horizon: churn.filter(pc.equal(churn["horizon_days"], horizon))["probability"].to_numpy()
        for horizon in (30, 90)
    }
    assert (by_horizon[90] <= by_horizon[30]).all()


def test_what_is_judged_is_what_is_served() -> None:
    """Horizons so near each other cross: the longer one takes the chance of the shorter one."""
    table = simulated_cutoffs(customers=120, cutoffs=8, horizons=(30, 34))
    near = HeadSettings(horizons=(30, 34), backtest_cutoffs=1, bootstrap_replicates=0, threads=1)
    rows = read_cutoffs(table, None, near.horizons)
    shared = Study(rows, near)
    today = as_of_day(rows)
    assert today is not None
    day = closed_days(rows, 34)[-1]
    crossed = 0
    for origin in (today, day):
        asked = rows.at([origin])
        short, long = (
            predict_silences(silence_models(shared, origin, 34), asked, 34)[horizon]
            for horizon in (30, 34)
        )
        assert (long.probability <= short.probability).all()
        assert long.model is not None
        crossed += int((long.model.probability(asked) > short.probability).sum())
        np.testing.assert_array_equal(long.past_probability(asked), long.probability)
    assert crossed > 0
    tested = backtest_churn(table, None, settings=near)
    asked = rows.at([day])
    silences = silence_models(shared, day, 34)
    judged = predict_silences(silences, asked, 34)[34].probability
    brier = float(((judged - silence_labels(asked, 34)) ** 2).mean())
    where = {"population": "all", "horizon_days": 34, "model": "attention_scorer"}
    assert figure(tested, metric="brier", **where) == pytest.approx(brier, abs=1e-12)
    # Amounts are judged as they are served as well: bounded by those of the shorter horizon.
    amounts = predict_values(silences, value_models(shared, day, 34), asked, 34, near)
    assert (amounts[34].amount >= amounts[30].amount).all()
    where["score"] = "value"
    absolute = float(np.abs(amounts[34].amount - asked.spend[34]).mean())
    tested = backtest_value(table, None, settings=near)
    assert figure(tested, metric="mae", **where) == pytest.approx(absolute, abs=1e-9)
    # The chance of a purchase is one minus the chance of silence, in two tables.
    churn = score_churn(table, None, settings=near)
    value = score_value(table, None, settings=near)
    np.testing.assert_allclose(
        1.0 - numbers(churn, "probability"), numbers(value, "purchase_probability")
    )


def test_value_is_consistent_with_itself(value: pa.Table) -> None:
    assert value.schema == heads.VALUE_SCHEMA
    lower, amount, upper = (
        numbers(value, f"{name}_amount") for name in ("lower", "predicted", "upper")
    )
    assert ((lower >= 0) & (lower <= amount) & (amount <= upper)).all()
    tiers = np.column_stack(
        [numbers(value, f"tier_{name}_probability") for name in ("vip", "regular", "potential")]
    )
    np.testing.assert_allclose(tiers.sum(axis=1), 1.0)
    assert (tiers >= 0).all()
    buys = numbers(value, "purchase_probability")
    np.testing.assert_allclose(1.0 - tiers[:, 2], buys, atol=1e-12)
    assert (numbers(value, "predicted_orders") >= buys - 1e-12).all()
    assert set(value["tier"].to_pylist()) <= {"VIP", "regular", "potential"}
    assert "VIP" in value["tier"].to_pylist()


def assert_agrees(cutoffs: pa.Table, value: pa.Table) -> None:
    """The rules that all served numbers keep, for every customer and horizon."""
    known = cutoffs.filter(cutoffs["is_as_of"])
    order = np.argsort(numbers(known, "customer_no"))
    own = numbers(known, "f_mean_order_amount")[order]
    of_all = fit_order_value(numbers(known, "f_order_days")[order], own)
    assert of_all is not None
    least, most = of_all.between(own)
    shorter = dict.fromkeys(("purchase_probability", "predicted_orders", "predicted_amount"), 0.0)
    for horizon in sorted(set(value["horizon_days"].to_pylist())):
        served = value.filter(pc.equal(value["horizon_days"], horizon)).sort_by("customer_no")
        orders, amount = numbers(served, "predicted_orders"), numbers(served, "predicted_amount")
        assert (numbers(served, "purchase_probability") <= orders).all()
        assert (numbers(served, "lower_amount") <= amount).all()
        assert (amount <= numbers(served, "upper_amount")).all()
        # Any fit of Gamma-Gamma ends at the customer's own mean; that of all is as of the fit.
        each = amount / orders
        assert (each >= 0.99 * least).all()
        assert (each <= 1.01 * most).all()
        for name, before in shorter.items():
            assert (numbers(served, name) >= before).all(), (name, horizon)
            shorter[name] = numbers(served, name)


def test_spend_agrees_for_every_customer(cutoffs: pa.Table, value: pa.Table) -> None:
    assert_agrees(cutoffs, value)


def test_who_is_lost_stays_lost_at_the_longest_horizon() -> None:
    """365 days have not closed: what the 180 days say is stretched, by customers who drop out."""
    table = steady_and_lost_cutoffs(horizons=(180, 365))
    settings = HeadSettings(horizons=(180, 365), threads=1)
    value = score_value(table, None, settings=settings)
    assert_agrees(table, value)
    methods = dict(zip(value["horizon_days"].to_pylist(), value["method"].to_pylist(), strict=True))
    assert methods == {180: "fitted", 365: "extended_180d"}
    lost = pc.greater(value["customer_no"], 100)
    for horizon, rate in ((180, 6.0), (365, 12.0)):
        is_of = pc.equal(value["horizon_days"], horizon)
        gone = value.filter(pc.and_(is_of, lost))
        stayed = value.filter(pc.and_(is_of, pc.invert(lost)))
        for served in (gone, stayed):
            each = numbers(served, "predicted_amount") / numbers(served, "predicted_orders")
            np.testing.assert_allclose(each, 10.0, rtol=0.01)
        assert numbers(gone, "predicted_orders").max() < 0.01
        assert numbers(stayed, "predicted_orders") == pytest.approx(rate, rel=0.05)
        assert numbers(stayed, "purchase_probability").min() > 0.99


def test_a_horizon_without_a_model_takes_the_nearest_longer_one(cutoffs: pa.Table) -> None:
    """Its own rate would say that the lost come back, and bound the longer horizon by that."""
    rows = read_cutoffs(cutoffs, None, (30, 90))
    shared, today = Study(rows, SETTINGS), as_of_day(rows)
    assert today is not None
    asked = rows.at([today])
    fitted = silence_models(shared, today, 90)[90]
    assert fitted is not None
    found = predict_silences({30: None, 90: fitted}, asked, 90)
    assert {h: one.method for h, one in found.items()} == {30: "shortened_90d", 90: "fitted"}
    np.testing.assert_array_equal(found[90].probability, fitted.probability(asked))
    assert (found[30].probability >= found[90].probability).all()


def test_metadata_is_a_row_of_model_runs(churn: pa.Table, value_test: pa.Table) -> None:
    for table, score in ((churn, "churn"), (value_test, "backtest_value")):
        assert len(table["run_metadata"].drop_null().unique()) == 1
        facts = json.loads(table["run_metadata"][0].as_py())
        assert facts["run_id"] == table["run_id"][0].as_py()
        assert facts["score"] == score
        assert {
            "fitted_at",
            "code_fingerprint",
            "data_fingerprint",
            "cutoff_date",
            "seed",
            "device",
            "seconds",
            "metrics",
        } <= facts.keys()


# --- how good it is --------------------------------------------------------------------------


def test_scores_beat_the_trivial_baselines(churn_test: pa.Table, value_test: pa.Table) -> None:
    ours = {"population": "all", "horizon_days": 30, "model": "attention_scorer"}
    recency = {**ours, "model": "recency"}
    assert figure(churn_test, metric="auc", **ours) > figure(churn_test, metric="auc", **recency)
    assert figure(churn_test, metric="ece", **ours) < 0.1
    last = {**ours, "model": "last_window_spend"}
    mae = {"score": "value", "metric": "mae"}
    assert figure(value_test, **mae, **ours) < figure(value_test, **mae, **last)
    coverage = figure(value_test, metric="interval_coverage", **ours)
    assert 0.7 < coverage <= 1.0


def test_backtest_rows_are_complete_and_ordered(churn_test: pa.Table, value_test: pa.Table) -> None:
    for table in (churn_test, value_test):
        assert table.schema == heads.BACKTEST_SCHEMA
        models = set(table["model"].to_pylist())
        assert {
            "attention_scorer",
            "features_only",
            "constant",
            "recency",
            "frequency",
            "last_window_spend",
            "lightgbm",
            "bg_nbd",
            "pareto_nbd",
        } <= models
        for row in table.to_pylist():
            ours = ("attention_scorer", "features_only", "features_and_state")
            assert row["is_baseline"] == (row["model"] not in ours)
            if row["lower_bound"] is not None and not row["metric"].endswith("_lead"):
                assert row["lower_bound"] <= row["upper_bound"]
    lead = {"metric": "auc_lead", "population": "all", "horizon_days": 30}
    best = max(
        row["value"]
        for row in churn_test.to_pylist()
        if row["is_baseline"]
        and (row["metric"], row["population"], row["horizon_days"]) == ("auc", "all", 30)
    )
    ours = figure(
        churn_test, metric="auc", population="all", horizon_days=30, model="attention_scorer"
    )
    assert figure(churn_test, **lead, model="attention_scorer") == pytest.approx(ours - best)


def test_backtest_never_learns_from_windows_open_at_the_test_cutoff(
    cutoffs: pa.Table, churn_test: pa.Table
) -> None:
    """Labels of windows that end after the test cut-off may be anything, except its own."""
    horizon = 30
    tested = max(
        row["cutoff_date"] for row in churn_test.to_pylist() if row["horizon_days"] == horizon
    )
    rows = cutoffs.to_pylist()
    for row in rows:
        closes = row["cutoff_date"].toordinal() + horizon
        if row["cutoff_date"] != tested and closes > tested.toordinal():
            for name in ("orders_next_30d", "spend_next_30d"):
                row[name] = None if row[name] is None else 1000
    changed = pa.Table.from_pylist(rows, schema=cutoffs.schema)
    only = HeadSettings(horizons=(horizon,), bootstrap_replicates=0, backtest_cutoffs=1, threads=1)
    before, after = (
        backtest_churn(table, None, settings=only).drop(["run_id", "run_metadata"])
        for table in (cutoffs, changed)
    )
    assert before.equals(after)


def test_a_state_that_tells_the_outcome_is_used_and_one_of_noise_does_no_harm(
    cutoffs: pa.Table,
) -> None:
    labels = np.nan_to_num(cutoffs["orders_next_30d"].to_numpy(zero_copy_only=False).astype(float))
    generator = np.random.default_rng(5)
    hint = np.column_stack([(labels > 0) + generator.normal(0, 0.7, len(labels))] * 2)
    ours = {
        "population": "all",
        "horizon_days": 30,
        "model": "attention_scorer",
        "metric": "auc",
    }
    plain = {**ours, "model": "features_only"}
    only = HeadSettings(horizons=(30,), bootstrap_replicates=0, backtest_cutoffs=1, threads=1)
    told = backtest_churn(cutoffs, states_table(cutoffs, hint), settings=only)
    assert figure(told, **ours) > figure(told, **plain) + 0.01
    noise = backtest_churn(cutoffs, random_states(cutoffs), settings=only)
    assert figure(noise, **ours) > figure(noise, **plain) - 0.02


def test_a_stored_head_says_the_same_to_the_bit(cutoffs: pa.Table) -> None:
    rows = read_cutoffs(cutoffs, random_states(cutoffs), (30,))
    today = as_of_day(rows)
    assert today is not None
    known, asked = Study(rows, SETTINGS), rows.at([today])
    silence = fit_silence(known, today, 30, state=True)
    value = fit_value(known, today, 30, state=True)
    assert silence is not None
    assert value is not None
    values = to_values(silence, "silence") | to_values(value, "value")
    stored = load(to_table("run", {}, {"30d": values})).fits["30d"]
    silence_again = from_values(SilenceModel, stored, "silence")
    value_again = from_values(ValueModel, stored, "value")
    assert (silence_again.probability(asked) == silence.probability(asked)).all()
    for one, again, said in (
        (silence, silence_again, silence.log_odds(asked)),
        (value, value_again, value.amount(asked)),
    ):
        before, after = one.effects(asked), again.effects(asked)
        assert "encoder_state" in before.names
        np.testing.assert_allclose(before.base + before.moved.sum(axis=1), said, rtol=1e-12)
        assert (before.base, before.names) == (after.base, after.names)
        assert (before.moved == after.moved).all()
    assert (value_again.amount(asked) == value.amount(asked)).all()
    assert (value_again.expected_orders(asked) == value.expected_orders(asked)).all()
    buys = 1.0 - silence.probability(asked)
    vip = value.vip_given_purchase(asked)
    assert (value_again.vip_given_purchase(asked) == vip).all()
    tiers = tier_probabilities(buys, vip)
    assert (value_again.tier_weights(tiers) == value.tier_weights(tiers)).all()
    with pytest.raises(ArtifactError, match=r"no numbers silence\.blend"):
        from_values(SilenceModel, {"silence.uses_state": np.array(1)} | {
            name: stored[name] for name in stored if name != "silence.blend"
        }, "silence")  # fmt: skip


# --- the same again --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def churn_heads(cutoffs: pa.Table) -> pa.Table:
    return train_churn(cutoffs, None, settings=SETTINGS)


@pytest.fixture(scope="module")
def value_heads(cutoffs: pa.Table) -> pa.Table:
    return train_value(cutoffs, None, settings=SETTINGS)


@pytest.mark.parametrize(
    ("make", "fixture"),
    [
        (train_churn, "churn_heads"),
        (train_value, "value_heads"),
        (backtest_churn, "churn_test"),
        (backtest_value, "value_test"),
    ],
)
def test_equal_inputs_give_the_previous_table(
    make: Callable[..., pa.Table], fixture: str, cutoffs: pa.Table, request: pytest.FixtureRequest
) -> None:
    previous = request.getfixturevalue(fixture)
    shuffled = cutoffs.take(np.random.default_rng(1).permutation(cutoffs.num_rows))
    heard: list[str] = []
    again = make(shuffled, None, settings=SETTINGS, previous=previous, progress=heard.append)
    assert again is previous
    assert "nothing new" in heard[0]


def facts_of(stored: pa.Table) -> dict[str, dict]:
    return load(stored).run["heads"]


def test_new_settings_fit_again_and_another_horizon_is_fitted_alone(
    cutoffs: pa.Table, churn_heads: pa.Table
) -> None:
    near = HeadSettings(horizons=(30,), threads=1)
    alone = train_churn(cutoffs, None, settings=near, previous=churn_heads)
    # The head of 30 days is kept; that of 90 days is not asked for any more.
    assert facts_of(alone) == {"30": facts_of(churn_heads)["30"]}
    other = replace(SETTINGS, seed=5)
    again = facts_of(train_churn(cutoffs, None, settings=other, previous=churn_heads))
    for horizon, facts in facts_of(churn_heads).items():
        assert again[horizon]["fingerprint"] != facts["fingerprint"]
    # A damaged table is not a reason to stop: the heads are fitted again.
    heard: list[str] = []
    damaged = churn_heads.slice(1)
    refit = train_churn(cutoffs, None, settings=SETTINGS, previous=damaged, progress=heard.append)
    assert refit.num_rows == churn_heads.num_rows
    assert "rows are missing" in heard[0]


def without_facts(stored: pa.Table) -> pa.Table:
    """The same heads as a version wrote them that noted less of each."""
    known = load(stored)
    described = {
        horizon: {name: fact for name, fact in facts.items() if name != "turned_away"}
        for horizon, facts in known.run["heads"].items()
    }
    return to_table(known.run_id, {**known.run, "heads": described}, known.fits)


def without_judged_rows(stored: pa.Table) -> pa.Table:
    known = load(stored)
    described = json.loads(json.dumps(known.run["heads"]))
    for judgement in described["30"]["judged"].values():
        del judgement["rows"]
    return to_table(known.run_id, {**known.run, "heads": described}, known.fits)


def without_a_fit(stored: pa.Table) -> pa.Table:
    known = load(stored)
    fits = {name: values for name, values in known.fits.items() if name != "30d"}
    return to_table(known.run_id, known.run, fits)


@pytest.mark.parametrize(
    ("earlier", "message"),
    [
        (without_facts, "turned_away"),
        (without_judged_rows, "another form"),
        (without_a_fit, "no arrays of 30d"),
    ],
)
def test_heads_of_an_earlier_form_are_fitted_anew(
    earlier: Callable[[pa.Table], pa.Table],
    message: str,
    cutoffs: pa.Table,
    churn_heads: pa.Table,
) -> None:
    old = earlier(churn_heads)
    with pytest.raises(ArtifactError, match=message):
        load_heads(old)
    heard: list[str] = []
    anew = train_churn(cutoffs, None, settings=SETTINGS, previous=old, progress=heard.append)
    assert "fitted anew" in heard[0]
    assert message in heard[0]
    assert load(anew).run_id == load(churn_heads).run_id


@pytest.mark.parametrize(
    ("train", "gone"),
    [
        (train_churn, "f_mean_gap_days"),  # What a ratio is made of goes with it.
        (train_value, "f_mean_order_amount"),
    ],
)
def test_a_head_that_reads_a_column_that_is_gone_does_not_stand(
    train: Callable[..., pa.Table], gone: str
) -> None:
    """Neither compared nor served, on days that it did not learn from as well."""
    settings = HeadSettings(horizons=(30,), bootstrap_replicates=0, threads=1)
    table = simulated_cutoffs(cutoffs=8, horizons=(30,))
    days = sorted(set(table["cutoff_date"].to_pylist()))
    stored = train(table.filter(pc.less(table["cutoff_date"], days[-2])), None, settings=settings)
    fewer = table.drop_columns([gone])
    heard: list[str] = []
    anew = train(fewer, None, settings=settings, previous=stored, progress=heard.append)
    assert gone in heard[0]
    assert "fitted anew" in heard[0]
    score = heads.score_churn if train is train_churn else heads.score_value
    source = heads.ArrowCutoffs(fewer)
    assert score(anew, source, settings=settings, progress=silent).num_rows
    with pytest.raises(ValueError, match=f"{gone}.*build the heads again"):
        score(stored, source, settings=settings, progress=silent)


class Fits:
    """Counts what is fitted to labels, by horizon and origin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, int, int]] = []
        for module, name in ((churn_module, "silence"), (value_module, "value")):
            monkeypatch.setattr(module, "_fit_members", self._counted(module._fit_members, name))
        study.forget()

    def _counted(self, fit: Callable[..., object], name: str) -> Callable[..., object]:
        def counted(known: Study, origin: int, horizon: int) -> object:
            self.made.append((name, horizon, origin))
            return fit(known, origin, horizon)

        return counted

    def forget(self) -> None:
        self.made.clear()
        study.forget()


def moved(table: pa.Table, where: pa.Array, columns: tuple[str, ...]) -> pa.Table:
    """The same rows with some columns of some of them one higher."""
    for name in columns:
        higher = pc.if_else(where, pc.add(table[name], 1), table[name])
        table = table.set_column(table.schema.get_field_index(name), name, higher)
    return table


def test_new_events_fit_nothing_and_are_scored_all_the_same(
    cutoffs: pa.Table,
    churn_heads: pa.Table,
    value_heads: pa.Table,
    churn: pa.Table,
    churn_test: pa.Table,
    value_test: pa.Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits = Fits(monkeypatch)
    later = moved(cutoffs, cutoffs["is_as_of"], ("f_order_days", "f_order_count", "f_amount"))
    assert train_churn(later, None, settings=SETTINGS, previous=churn_heads) is churn_heads
    assert train_value(later, None, settings=SETTINGS, previous=value_heads) is value_heads
    assert backtest_churn(later, None, settings=SETTINGS, previous=churn_test) is churn_test
    assert backtest_value(later, None, settings=SETTINGS, previous=value_test) is value_test
    source = heads.ArrowCutoffs(later)
    scored = heads.score_churn(churn_heads, source, settings=SETTINGS, progress=silent)
    assert fits.made == []
    assert scored["run_id"][0] == churn["run_id"][0]
    assert (numbers(scored, "probability") != numbers(churn, "probability")).mean() > 0.9


def test_only_what_a_late_event_touched_is_tested_and_fitted_again(
    cutoffs: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order is found to be in the newest window of 30 days; no window of 90 holds it."""
    settings = replace(SETTINGS, backtest_cutoffs=3, bootstrap_replicates=0)
    tested = backtest_churn(cutoffs, None, settings=settings)
    stored = train_churn(cutoffs, None, settings=settings)
    closed = cutoffs.filter(pc.is_valid(cutoffs["orders_next_30d"]))
    newest = pc.max(closed["cutoff_date"])
    late = pc.and_(pc.equal(cutoffs["cutoff_date"], newest), pc.equal(cutoffs["customer_no"], 7))
    assert pc.any(late).as_py()
    touched = moved(cutoffs, late, ("orders_next_30d", "spend_next_30d"))

    fits = Fits(monkeypatch)
    again = backtest_churn(touched, None, settings=settings, previous=tested)
    facts = json.loads(again["run_metadata"][0].as_py())
    assert facts["tested"] == [f"30d {newest}"]
    assert {horizon for _, horizon, _ in fits.made} == {30}
    before, after = (json.loads(table["run_metadata"][0].as_py()) for table in (tested, again))
    assert before["trials"].keys() == after["trials"].keys()
    assert len(after["trials"]) == 6

    fits.forget()
    stored_again = train_churn(touched, None, settings=settings, previous=stored)
    assert {horizon for _, horizon, _ in fits.made} == {30}
    assert facts_of(stored_again)["90"] == facts_of(stored)["90"]
    assert facts_of(stored_again)["30"] != facts_of(stored)["30"]

    fits.forget()
    fresh = backtest_churn(touched, None, settings=settings)
    columns = [name for name in fresh.column_names if name != "run_metadata"]
    assert again.select(columns).equals(fresh.select(columns))


def test_only_the_newest_cutoffs_are_tested_when_one_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Months go by: of three tested cut-offs the oldest goes, and the one in the middle is kept."""
    everything = simulated_cutoffs(cutoffs=9, horizons=(30,))
    settings = HeadSettings(horizons=(30,), bootstrap_replicates=20, backtest_cutoffs=3, threads=1)
    as_of = pc.max(everything["cutoff_date"]).as_py()
    day_before = as_of - timedelta(days=30)
    # A month ago the last cut-off was the as-of date and its window, and that before it, open.
    known = everything.filter(pc.less_equal(everything["cutoff_date"], pa.scalar(day_before)))
    is_last = pc.equal(known["cutoff_date"], pa.scalar(day_before))
    for name in ("orders_next_30d", "spend_next_30d"):
        gone = pc.if_else(is_last, pa.scalar(None, known.schema.field(name).type), known[name])
        known = known.set_column(known.schema.get_field_index(name), name, gone)
    known = known.set_column(known.schema.get_field_index("is_as_of"), "is_as_of", is_last)
    tested = backtest_churn(known, None, settings=settings)
    fits = Fits(monkeypatch)
    again = backtest_churn(everything, None, settings=settings, previous=tested)
    # The newest, and the one that was the newest: figures of the newest are resampled most.
    newest = [as_of - timedelta(days=30 * back) for back in (2, 1)]
    facts = json.loads(again["run_metadata"][0].as_py())
    assert facts["tested"] == [f"30d {day}" for day in newest]
    assert len(set(again["cutoff_date"].to_pylist())) == 3
    fits.forget()
    fresh = backtest_churn(everything, None, settings=settings)
    columns = [name for name in fresh.column_names if name != "run_metadata"]
    assert again.select(columns).equals(fresh.select(columns))
    # A test reads all cut-offs before its own: where the oldest of them goes, all are made again.
    oldest = pc.min(everything["cutoff_date"])
    shorter = everything.filter(pc.greater(everything["cutoff_date"], oldest))
    fits.forget()
    moved_on = backtest_churn(shorter, None, settings=settings, previous=again)
    facts = json.loads(moved_on["run_metadata"][0].as_py())
    assert facts["tested"] == [f"30d {as_of - timedelta(days=30 * back)}" for back in (3, 2, 1)]
    fresh = backtest_churn(shorter, None, settings=settings)
    assert moved_on.select(columns).equals(fresh.select(columns))


def test_a_horizon_without_a_head_is_named(cutoffs: pa.Table, churn_heads: pa.Table) -> None:
    other = HeadSettings(horizons=(60,), threads=1)
    table = simulated_cutoffs(horizons=(60,))
    with pytest.raises(ValueError, match="no stored head of 60 days"):
        heads.score_churn(churn_heads, heads.ArrowCutoffs(table), settings=other, progress=silent)


def test_order_of_rows_and_number_of_threads_have_no_say(
    cutoffs: pa.Table, churn: pa.Table, value: pa.Table
) -> None:
    shuffled = cutoffs.take(np.random.default_rng(9).permutation(cutoffs.num_rows))
    two = replace(SETTINGS, threads=2)
    # Fits of equal data are kept; here each has to be made again.
    study.forget()
    for make, expected in ((score_churn, churn), (score_value, value)):
        again = make(shuffled, None, settings=two)
        assert again.drop(["run_metadata"]).equals(expected.drop(["run_metadata"]))


# --- bad days --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ALL_RESULTS, ids=lambda make: make.__name__)
def test_no_rows(make: Callable[..., pa.Table], cutoffs: pa.Table) -> None:
    empty = make(cutoffs.slice(0, 0), None, settings=SETTINGS)
    assert empty.num_rows == 0
    assert "run_id" in empty.column_names


def test_nobody_has_bought_yet(cutoffs: pa.Table) -> None:
    nothing = with_column(cutoffs, "f_order_days", np.zeros(cutoffs.num_rows))
    assert score_churn(nothing, None, settings=SETTINGS).num_rows == 0


def test_one_customer(cutoffs: pa.Table) -> None:
    one = cutoffs.filter(pc.equal(cutoffs["customer_no"], 1))
    churn = score_churn(one, None, settings=SETTINGS)
    assert churn.num_rows == 2
    assert churn["method"].to_pylist() == ["own_rate"] * 2
    value = score_value(one, None, settings=SETTINGS)
    assert value.num_rows == 2
    assert np.isfinite(numbers(value, "predicted_amount")).all()
    assert backtest_churn(one, None, settings=SETTINGS).num_rows == 0
    assert backtest_value(one, None, settings=SETTINGS).num_rows == 0


@pytest.mark.parametrize("bought", [0, 3])
def test_all_labels_equal(cutoffs: pa.Table, bought: int) -> None:
    same = cutoffs
    for horizon in (30, 90):
        orders, spend = f"orders_next_{horizon}d", f"spend_next_{horizon}d"
        open_window = pc.is_null(same[orders]).to_pylist()
        same = with_column(same, orders, [None if gap else bought for gap in open_window])
        same = with_column(same, spend, [None if gap else 10.0 * bought for gap in open_window])
    churn = score_churn(same, None, settings=SETTINGS)
    assert set(churn["method"].to_pylist()) == {"own_rate"}
    value = score_value(same, None, settings=SETTINGS)
    assert np.isfinite(numbers(value, "predicted_amount")).all()
    assert (numbers(value, "lower_amount") >= 0).all()
    backtest_value(same, None, settings=SETTINGS)


def test_no_closed_cutoff_scores_simply_and_tests_nothing() -> None:
    young = simulated_cutoffs(cutoffs=1)
    churn = score_churn(young, None, settings=SETTINGS)
    assert set(churn["method"].to_pylist()) == {"own_rate"}
    value = score_value(young, None, settings=SETTINGS)
    assert set(value["method"].to_pylist()) == {"own_rate"}
    vip = numbers(value, "tier_vip_probability")
    assert ((vip >= 0) & (vip <= 1)).all()
    for make in (backtest_churn, backtest_value):
        assert make(young, None, settings=SETTINGS).num_rows == 0


def test_a_horizon_that_never_closed_is_stretched_from_a_shorter_one() -> None:
    table = simulated_cutoffs(cutoffs=3)
    churn = score_churn(table, None, settings=SETTINGS)
    methods = dict(zip(churn["horizon_days"].to_pylist(), churn["method"].to_pylist(), strict=True))
    assert methods == {30: "fitted", 90: "extended_30d"}
    value = score_value(table, None, settings=SETTINGS)
    by_horizon = {
        horizon: value.filter(pc.equal(value["horizon_days"], horizon))["predicted_amount"]
        for horizon in (30, 90)
    }
    # Customers are lost on the way, so three times the days bring a little less than three times.
    ratio = by_horizon[90].to_numpy() / by_horizon[30].to_numpy()
    assert ((ratio > 2.0) & (ratio < 3.0)).all()
    assert_agrees(table, value)
    tested = backtest_churn(table, None, settings=SETTINGS)
    assert 90 not in tested["horizon_days"].to_pylist()


def test_null_features_and_labels_of_columns_that_are_always_null(cutoffs: pa.Table) -> None:
    generator = np.random.default_rng(3)
    holed = cutoffs
    for name in ("f_amount_90d", "f_mean_order_amount", "f_tenure_days"):
        values = cutoffs[name].to_numpy().copy()
        values[generator.random(len(values)) < 0.3] = np.nan
        holed = with_column(holed, name, pa.array(values, from_pandas=True))
    holed = holed.append_column("f_never", pa.nulls(holed.num_rows, pa.float64()))
    holed = holed.append_column("f_always_one", pa.array(np.ones(holed.num_rows)))
    churn = score_churn(holed, None, settings=SETTINGS)
    assert np.isfinite(numbers(churn, "probability")).all()
    value = score_value(holed, None, settings=SETTINGS)
    assert np.isfinite(numbers(value, "predicted_amount")).all()
    tested = backtest_value(holed, None, settings=SETTINGS)
    assert tested.num_rows > 0


def test_a_huge_outlier_does_not_move_the_others(cutoffs: pa.Table, value: pa.Table) -> None:
    rows = cutoffs.to_pylist()
    victim = rows[0]["customer_no"]
    first = next(
        row for row in rows if row["customer_no"] != victim and row["spend_next_30d"] is not None
    )
    first["spend_next_30d"], first["orders_next_30d"] = 1e12, 1
    first["f_amount"] = first["f_max_order_amount"] = 1e12
    wild = pa.Table.from_pylist(rows, schema=cutoffs.schema)
    scored = score_value(wild, None, settings=SETTINGS)
    near = pc.equal(scored["horizon_days"], 30)
    before = value.filter(pc.equal(value["horizon_days"], 30))["predicted_amount"].to_numpy()
    after = scored.filter(near)["predicted_amount"].to_numpy()
    assert np.isfinite(after).all()
    assert after.sum() == pytest.approx(before.sum(), rel=0.25)


def test_missing_states_of_some_customers(cutoffs: pa.Table) -> None:
    states = random_states(cutoffs)
    some = states.filter(pa.array(np.arange(states.num_rows) % 3 > 0))
    scored = score_churn(cutoffs, some, settings=SETTINGS)
    assert np.isfinite(numbers(scored, "probability")).all()
    assert scored["run_id"][0] != score_churn(cutoffs, None, settings=SETTINGS)["run_id"][0]


def test_states_of_different_lengths_are_refused(cutoffs: pa.Table) -> None:
    states = random_states(cutoffs).to_pylist()
    states[0]["state"] = [1.0]
    with pytest.raises(ValueError, match="different lengths"):
        score_churn(cutoffs, pa.Table.from_pylist(states), settings=SETTINGS)


def test_a_missing_column_is_named(cutoffs: pa.Table) -> None:
    with pytest.raises(ValueError, match="orders_next_90d"):
        score_churn(cutoffs.drop(["orders_next_90d"]), None, settings=SETTINGS)


def test_amounts_in_another_currency_scale_with_it(cutoffs: pa.Table, value: pa.Table) -> None:
    scaled = cutoffs
    for name in cutoffs.column_names:
        if "amount" in name or name.startswith("spend_"):
            scaled = with_column(scaled, name, pc.multiply(scaled[name], 1000.0).combine_chunks())
    again = score_value(scaled, None, settings=SETTINGS)
    ratio = numbers(again, "predicted_amount").sum() / numbers(value, "predicted_amount").sum()
    assert ratio == pytest.approx(1000.0, rel=0.05)


# --- rolling origin --------------------------------------------------------------------------


def test_origins_and_samples(cutoffs: pa.Table) -> None:
    rows = read_cutoffs(cutoffs, None, (30, 90))
    today = as_of_day(rows)
    assert today is not None
    for horizon in (30, 90):
        closed = closed_days(rows, horizon)
        assert max(closed) + horizon <= today
        assert max(training_days(closed, horizon, closed[-1])) + horizon <= closed[-1]
    sample = training_rows(rows, closed_days(rows, 30), 1000, seed=1)
    assert 800 < len(sample) <= len(rows)
    kept = set(sample.customer_no.tolist())
    everything = rows.at(closed_days(rows, 30))
    assert len(sample) == int(np.isin(everything.customer_no, list(kept)).sum())
    drawn = customer_uniform(np.arange(10_000, dtype=np.int64), seed=3)
    assert abs(drawn.mean() - 0.5) < 0.02


@pytest.mark.parametrize(
    "wanted",
    [
        heads.Wanted(as_of=True),
        heads.Wanted(sampled_every=4),
        heads.Wanted(as_of=True, sampled_every=4),
        heads.Wanted(sampled_every=2, customers=np.array([3, 4, 8], dtype=np.int64)),
    ],
)
def test_the_database_picks_the_rows_that_the_library_would(
    cutoffs: pa.Table, wanted: heads.Wanted
) -> None:
    states = random_states(cutoffs)
    with duckdb.connect() as connection:
        digests = connection.from_arrow(pa.table({"cutoff_date": pa.array([], pa.date32())}))
        source = Cutoffs(
            connection, connection.from_arrow(cutoffs), connection.from_arrow(states), digests
        )
        rows, theirs = source.read(wanted)
    expected, _ = heads.ArrowCutoffs(cutoffs, states).read(wanted)
    order = [("customer_no", "ascending"), ("cutoff_date", "ascending")]
    assert 0 < rows.num_rows < cutoffs.num_rows
    assert rows.sort_by(order).equals(expected.sort_by(order))
    keys = ["customer_no", "cutoff_date"]
    assert theirs.sort_by(order).select(keys).equals(rows.sort_by(order).select(keys))


def test_last_tested_cutoffs_are_as_many_as_asked(cutoffs: pa.Table) -> None:
    settings = HeadSettings(horizons=(30,), backtest_cutoffs=3, bootstrap_replicates=0, threads=1)
    tested = backtest_churn(cutoffs, None, settings=settings)
    dates = sorted(set(tested["cutoff_date"].to_pylist()))
    assert len(dates) == 3
    assert all(isinstance(day, date) for day in dates)
    none = HeadSettings(horizons=(30,), backtest_cutoffs=0, threads=1)
    assert backtest_churn(cutoffs, None, settings=none).num_rows == 0


def test_more_cutoffs_than_have_closed_are_all_tested() -> None:
    table = simulated_cutoffs(cutoffs=6, horizons=(30,))
    settings = HeadSettings(horizons=(30,), backtest_cutoffs=6, threads=1)
    known = Study(read_cutoffs(table, None, (30,)), settings)
    closed = known.closed(30)
    assert len(closed) == 5
    # The first has none before it to learn from.
    digests = read_digests(heads.ArrowCutoffs(table))
    assert [trial.day for trial in trials(digests, 30, most=6)] == closed[1:]


def test_calibration_holds_on_the_simulated_shop() -> None:
    table = simulated_cutoffs(customers=1500, horizons=(30,), seed=8)
    rows = read_cutoffs(table, None, (30,))
    closed = closed_days(rows, 30)
    settings = HeadSettings(horizons=(30,), threads=2)
    model = fit_silence(Study(rows, settings), closed[-1], 30)
    assert model is not None
    tested = rows.at([closed[-1]])
    labels, probability = silence_labels(tested, 30), model.probability(tested)
    np.testing.assert_allclose(probability, sigmoid(model.log_odds(tested)))
    error = score_metrics.calibration_error(labels, probability, np.ones((1, len(labels))))[0]
    assert error < 0.05


# --- shared fits, calibration, warnings, gates -----------------------------------------------


def test_equal_fits_are_made_once(cutoffs: pa.Table) -> None:
    memory, made = Memory(), []
    for _ in range(3):
        assert memory.recall("key", lambda: made.append(1) or len(made)) == 1
    assert made == [1]


def test_held_out_days_have_half_the_history_of_the_model_they_choose_for(
    cutoffs: pa.Table,
) -> None:
    known = Study(read_cutoffs(cutoffs, None, (30,)), SETTINGS)
    today = as_of_day(known.rows)
    assert today is not None
    learnt = known.learnt(30, today)
    days = known.held_out_days(30, today)
    assert days
    assert days == learnt[-len(days) :]
    for day in days[:-1]:
        assert 2 * len(known.learnt(30, day)) >= len(learnt)
        assert all(before + 30 <= day for before in known.learnt(30, day))


def test_calibration_rows_tell_what_was_promised_and_what_came(churn_test: pa.Table) -> None:
    rows = [
        row
        for row in churn_test.to_pylist()
        if row["bin"] is not None
        and (row["model"], row["horizon_days"]) == ("attention_scorer", 30)
    ]
    assert [row["bin"] for row in rows] == list(range(1, len(rows) + 1))
    promised = [row["predicted"] for row in rows]
    assert promised == sorted(promised)
    assert all(row["lower_bound"] <= row["value"] <= row["upper_bound"] for row in rows)
    tested = figure_count(churn_test)
    assert sum(row["customer_count"] for row in rows) == tested


def figure_count(table: pa.Table) -> int:
    return next(
        row["customer_count"]
        for row in table.to_pylist()
        if row["metric"] == "auc" and row["population"] == "all" and row["horizon_days"] == 30
    )


def test_a_warning_stands_only_where_the_risk_is_high(cutoffs: pa.Table) -> None:
    settings = HeadSettings(horizons=(90,), warning_probability=0.6, threads=1)
    scored = score_churn(cutoffs, None, settings=settings).to_pylist()
    today = scored[0]["cutoff_date"]
    assert any(row["first_warning_date"] not in (None, today) for row in scored)
    for row in scored:
        assert (row["first_warning_date"] is not None) == (row["probability"] >= 0.6)
        if row["first_warning_date"] is not None:
            since = (today - row["first_warning_date"]).days
            assert since >= 0
            # She has not bought since the warning.
            assert since < row["silent_days"] or since == 0


def shuffled_labels(cutoffs: pa.Table, days: set[date] | None = None) -> pa.Table:
    """Outcomes of strangers at some cut-offs: nothing that is known predicts them any more."""
    places = np.arange(cutoffs.num_rows)
    generator = np.random.default_rng(9)
    for day in sorted(set(cutoffs["cutoff_date"].to_pylist())):
        if days is None or day in days:
            here = np.flatnonzero(pc.equal(cutoffs["cutoff_date"], day).to_numpy())
            places[here] = generator.permutation(here)
    for name in cutoffs.column_names:
        if "_next_" in name:
            cutoffs = with_column(cutoffs, name, cutoffs[name].take(places).to_pylist())
    return cutoffs


@pytest.mark.parametrize("train", [train_churn, train_value])
def test_a_head_that_was_broken_is_kept_out_and_says_so(
    train: Callable[..., pa.Table], cutoffs: pa.Table
) -> None:
    """What it learned from was broken, on days that had been judged before."""
    standing = train(cutoffs, None, settings=SETTINGS)
    broken = shuffled_labels(cutoffs)
    heard: list[str] = []
    served = train(broken, None, settings=SETTINGS, previous=standing, progress=heard.append)
    assert any("KEPT OUT" in line for line in heard)
    before, after = load(standing), load(served)
    assert after.run_id == before.run_id
    for horizon, values in before.fits.items():
        assert values.keys() == after.fits[horizon].keys()
    assert "below the" in after.run["kept_out"]["reason"]
    assert after.run["kept_out"]["run_id"] != after.run_id
    # Nothing is fitted again for what was kept out once.
    heard.clear()
    again = train(broken, None, settings=SETTINGS, previous=served, progress=heard.append)
    assert again is served
    assert "nothing new" in heard[0]
    assert after.run["stale_since"] == ""


def test_a_head_that_knows_somebody_who_was_erased_goes_in_time_however_good_it_is(
    cutoffs: pa.Table, churn_heads: pa.Table
) -> None:
    """The gate keeps it until then, marked; afterwards the worse head takes its place, once."""
    at = "2026-11-01T00:00:00.000000+00:00"
    settings = replace(SETTINGS, horizons=(30,))
    broken = shuffled_labels(cutoffs)
    heard: list[str] = []

    def train(previous: pa.Table, *, is_due: bool) -> pa.Table:
        erasures = Erasures((at,), frozenset([at] if is_due else ()))
        heard.clear()
        return train_churn(
            broken,
            None,
            settings=settings,
            previous=previous,
            erasures=erasures,
            progress=heard.append,
        )

    waiting = train(churn_heads, is_due=False)
    assert load(waiting).run["stale_since"] == at
    assert any("KEPT OUT" in line for line in heard)
    assert train(waiting, is_due=False) is waiting
    gone = train(waiting, is_due=True)
    assert any("NOT KEPT" in line for line in heard)
    assert load(gone).run["stale_since"] == ""
    assert facts_of(gone)["30"]["fingerprint"] in facts_of(waiting)["30"]["turned_away"]
    assert train(gone, is_due=True) is gone


@pytest.mark.parametrize("module", [churn_module, amounts])
def test_a_day_is_judged_by_what_was_chosen_on_the_others(
    cutoffs: pa.Table, monkeypatch: pytest.MonkeyPatch, module: ModuleType
) -> None:
    """Blend, state and calibration of a day are chosen without it."""
    settings = HeadSettings(horizons=(30,), threads=1)
    source = heads.ArrowCutoffs(cutoffs, random_states(cutoffs))
    whole = study_of(source, read_digests(source), settings, with_today=True)
    today = as_of_day(whole.rows)
    assert today is not None
    model = (fit_silence if module is churn_module else fit_value)(whole, today, 30)
    assert model is not None
    choose = module._chosen
    seen: list[set[int]] = []

    def spied(members: object, held: Any, state: bool | None) -> object:
        seen.append(set(held.day.tolist()))
        return choose(members, held, state)

    monkeypatch.setattr(module, "_chosen", spied)
    judged = module.judged_days(whole, model.members, today, 30)
    assert len(judged) > 1
    assert seen == [judged.keys() - {day} for day in sorted(judged)]


def test_where_all_did_the_same_nothing_can_be_better() -> None:
    judged = churn_module._judgement(np.full(200, 3.0), np.ones(200))
    assert judged.loss > judged.plain_loss == 0.0
    assert skill({20_000: judged}) is None
    known = churn_module._judgement(np.array([2.0, -2.0]), np.array([1.0, 0.0]))
    assert skill({20_000: known}) == pytest.approx(1 - np.log1p(np.exp(-2.0)) / np.log(2.0))


def test_the_only_day_is_judged_by_what_was_chosen_on_the_other_customers() -> None:
    customers = np.arange(1000, dtype=np.int64)
    part = parts_to_leave_out(np.full(1000, 20_000), customers, seed=1)
    assert 400 < part.sum() < 600
    assert set(part.tolist()) == {0, 1}


@pytest.mark.parametrize("train", [train_churn, train_value])
def test_a_shop_that_becomes_harder_to_predict_gets_new_heads(
    train: Callable[..., pa.Table],
) -> None:
    """From a day on outcomes are chance: the old head is as blind to them as the new one is."""
    table = simulated_cutoffs(cutoffs=12, horizons=(30,), customers=400)
    days = sorted(set(table["cutoff_date"].to_pylist()))
    settings = HeadSettings(horizons=(30,), bootstrap_replicates=0, threads=1)
    # Fitted when the last four cut-offs were not there yet.
    earlier = table.filter(pc.less_equal(table["cutoff_date"], pa.scalar(days[-5])))
    is_last = pc.equal(earlier["cutoff_date"], pa.scalar(days[-5]))
    for name in ("orders_next_30d", "spend_next_30d"):
        gone = pc.if_else(is_last, pa.scalar(None, earlier.schema.field(name).type), earlier[name])
        earlier = earlier.set_column(earlier.schema.get_field_index(name), name, gone)
    earlier = earlier.set_column(earlier.schema.get_field_index("is_as_of"), "is_as_of", is_last)
    standing = train(earlier, None, settings=settings)
    skill = load(standing).run["metrics"]["30d"]["skill"]
    harder = shuffled_labels(table, set(days[-5:]))
    served = load(train(harder, None, settings=settings, previous=standing))
    # Two numbers from different days would have kept the new head out.
    assert served.run["metrics"]["30d"]["skill"] < skill - settings.largest_skill_drop
    assert "kept_out" not in served.run
    assert served.run_id != load(standing).run_id


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizons": []}, "horizons_days"),
        ({"horizons": [30, 30]}, "repeated"),
        ({"horizons": ["soon"]}, "horizons_days"),
        ({"vip_share": 3}, "vip_share"),
        ({"vip_share": "many"}, "vip_share"),
        ({"interval_coverage": 1.0}, "interval_coverage"),
        ({"seed": 1.5}, "scorer_seed"),
        ({"threads": -1}, "scorer_threads"),
        ({"threads": True}, "scorer_threads"),
        ({"max_training_rows": 3}, "max_training_rows"),
        ({"backtest_cutoffs": 99}, "backtest_cutoffs"),
        ({"bootstrap_replicates": -1}, "bootstrap_replicates"),
        ({"horizon": [30]}, "unknown setting 'horizon'"),
    ],
)
def test_bad_settings_name_the_var(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HeadSettings.from_mapping(values)


def test_settings_from_text_and_nulls() -> None:
    settings = HeadSettings.from_mapping({"horizons": ["30", 60], "vip_share": "0.2", "seed": None})
    assert settings.horizons == (30, 60)
    assert settings.vip_share == 0.2
    assert settings.seed == HeadSettings().seed
    assert HeadSettings.from_mapping({"horizons": 45}).horizons == (45,)
    assert HeadSettings(threads=0).workers >= 1
