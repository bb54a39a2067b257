"""Whole builds of a small storefront: each model, each data and unit test, and a second time."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import numpy as np
import pytest

from bench_uniqueness import declared_forms, facts_of, report
from conftest import PROJECT, SMALL_SCORER, Warehouse, problems
from footfall.core.private_files import rights_of_new
from footfall.heads import churn, value_members
from footfall.pages.theme.words import read_words
from footfall.publishing.coarsening import KEYS_OF_PEOPLE
from footfall.recommender import backtests, fine_tuning, full_training
from footfall.recommender import recommend as recommendations


@pytest.fixture(scope="module")
def marts(built_shop: Warehouse) -> list[str]:
    """The names of all models under models/marts, as dbt's manifest has them."""
    nodes = built_shop.told()["nodes"]
    return [
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    ]


@pytest.fixture(scope="module")
def built_shop(whole_storefront: Warehouse) -> Warehouse:
    """A storefront of 400 customers, built once with all its data tests."""
    return whole_storefront


def test_a_plain_build_fills_every_mart(built_shop: Warehouse, marts: list[str]) -> None:
    assert len(marts) > 20
    rows = {name: built_shop.value(f"select count(*) from marts.{name}") for name in marts}
    # Nobody was erased, and no experiment helps some customers more than others.
    assert (rows.pop("erasure_proof"), rows.pop("uplift_targets")) == (0, 0)
    # So little training makes no states that a head would read, and then no event moves a score.
    assert (rows.pop("score_attribution_events"), rows.pop("attention_diagnostics")) == (0, 0)
    assert all(rows.values()), rows


def test_only_what_is_published_is_for_others(built_shop: Warehouse) -> None:
    files = [path for path in built_shop.folder.rglob("*") if not path.is_symlink()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in files}
    published = {path for path in files if built_shop.published in (path, *path.parents)}
    assert {path.name for path in files} >= {"shop.duckdb", "manifest.json", "sessions.parquet"}
    assert [path for path in files if path not in published and modes[path] & 0o77] == []
    for path in published:
        # Nobody writes to the published database, not even its user.
        expected = rights_of_new(folder=path.is_dir())
        assert modes[path] == (expected & 0o444 if path.suffix == ".duckdb" else expected), path


def test_the_unit_tests_of_the_sql_pass(built_shop: Warehouse) -> None:
    # On one thread: Python 3.11 may fail where two of them parse expressions at the same moment.
    outcome = built_shop.dbt("test", "--select", "test_type:unit", "--threads", "1")
    assert outcome.success, problems(outcome)
    assert len(list(outcome.result)) >= 40


def test_scores_are_told_beside_baselines_on_the_same_customers(built_shop: Warehouse) -> None:
    rows = built_shop.query(
        "select score, population, horizon_days, metric, count(distinct customer_count),"
        " count(*) filter (where model in ('attention_scorer', 'text_regression')),"
        " count(*) filter (where is_baseline)"
        " from marts.model_evaluation"
        " where metric in ('ndcg_10', 'auc', 'brier', 'mae', 'gini', 'macro_f1') group by all"
    )
    assert {row[0] for row in rows} == {
        "recommendations",
        "churn",
        "value",
        "tier",
        "intent",
        "reviews",
    }
    for *what, customer_counts, ours, baselines in rows:
        assert (customer_counts, ours) == (1, 1), what
        assert baselines >= 2, what


def test_every_score_can_be_followed_back_to_its_run(built_shop: Warehouse) -> None:
    for mart in ("recommendations", "churn_risk", "customer_value", "model_evaluation"):
        orphans = built_shop.value(
            f"select count(*) from marts.{mart} as mart"
            " left join marts.model_runs as runs using (model_run_id)"
            " where runs.model_run_id is null"
        )
        assert orphans == 0, mart


def test_churn_risk_ranks_customers_as_their_true_lifetimes_do(built_shop: Warehouse) -> None:
    rows = built_shop.query(
        "with keys as ("
        "  select customer_id, identity.identity_key as customer_key"
        "  from truth_storefront.truth_customers as truth"
        "  inner join intermediate.int_customers as customers"
        "    on customers.registered_at = truth.registered_at"
        "  inner join intermediate.int_identity_keys as identity"
        "    on identity.identity_no = customers.customer_no"
        ")"
        " select churn_probability, truth.churned_at < timestamptz '2026-07-01 00:00:00+00'"
        " from marts.churn_risk inner join keys using (customer_key)"
        " inner join truth_storefront.truth_customers as truth using (customer_id)"
    )
    scores = np.array([row[0] for row in rows])
    gone = np.array([bool(row[1]) for row in rows])
    assert gone.sum() > 30
    assert (~gone).sum() > 30
    pairs = scores[gone][:, None] - scores[~gone][None, :]
    auc = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert auc > 0.75


@pytest.mark.long
def test_a_second_build_with_nothing_new_trains_and_scores_nothing(
    built_shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [
        name
        for (name,) in built_shop.query(
            "select table_name from information_schema.tables where table_schema = 'scores'"
        )
    ]
    assert len(models) >= 8
    digests = [
        f"select md5(string_agg(t::varchar, '' order by t::varchar)) from scores.{m} as t"
        for m in models
    ]
    before = [built_shop.value(digest) for digest in digests]
    runs = built_shop.query("select model_run_id, first_seen_at from marts.model_runs order by all")

    def called(*_: object, **__: object) -> None:
        raise AssertionError("made anew what has not changed")

    for module, work in (
        (recommendations, "encode_states"),
        (recommendations, "recommend"),
        (backtests, "_figures"),
        (full_training, "fit"),
        (fine_tuning, "fit"),
        (churn, "_fit_members"),
        (value_members, "_fit_members"),
    ):
        monkeypatch.setattr(module, work, called)
    outcome = built_shop.build(())
    assert outcome.success, problems(outcome)
    messages = {row.node.name: row.message for row in outcome.result}
    assert {messages[name] for name in models} == {"KEPT"}

    # Nor do the models themselves, when dbt has to ask them.
    built_shop.execute("delete from intermediate.table_versions where schema_name = 'scores'")
    outcome = built_shop.build(())

    assert outcome.success, problems(outcome)
    assert [built_shop.value(digest) for digest in digests] == before
    assert (
        built_shop.query("select model_run_id, first_seen_at from marts.model_runs order by all")
        == runs
    )
    spent = {row.node.name: row.execution_time for row in outcome.result}
    assert spent["attention_encoder"] < 15


def test_every_mart_is_made_of_events(built_shop: Warehouse, marts: list[str]) -> None:
    parents = built_shop.told()["parent_map"]
    for mart in marts:
        above = {f"model.footfall.{mart}"}
        todo = list(above)
        while todo:
            for parent in parents[todo.pop()]:
                if parent in parents and parent not in above:
                    above.add(parent)
                    todo.append(parent)
        assert "source.footfall.raw_storefront.events" in above, mart
    above_churn = set(parents["model.footfall.churn_risk"])
    assert "model.footfall.scored_churn" in above_churn


def test_few_customers_are_unique_in_what_is_published(built_shop: Warehouse) -> None:
    """A shop of 400: the fewer customers there are, the more are the only ones of their kind."""
    with duckdb.connect(str(built_shop.published / "shop.duckdb"), read_only=True) as published:
        shares = report(facts_of(published, declared_forms()))
    assert shares["country, age, gender"].share < 0.2, shares
    assert shares["attributes"].share < 0.8, shares
    assert shares["with days"].share < 0.998, shares
    # The same of the warehouse itself: who reads it sees more.
    with built_shop.opened() as warehouse:
        exact = report(facts_of(warehouse, declared_forms()))
    assert exact["country, age, gender"].share > 0.4, exact
    assert exact["attributes"].share > 0.99, exact


def test_times_of_people_are_published_as_days(built_shop: Warehouse) -> None:
    forms = declared_forms()
    with duckdb.connect(str(built_shop.published / "shop.duckdb"), read_only=True) as published:
        published.execute("set TimeZone = 'UTC'")
        columns: dict[str, dict[str, str]] = {}
        for mart, column, kind in published.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where schema_name = 'marts'"
        ).fetchall():
            columns.setdefault(mart, {})[column] = kind
        times = {
            (mart, column)
            for mart, kinds in columns.items()
            if not KEYS_OF_PEOPLE.isdisjoint(kinds)
            for column, kind in kinds.items()
            if kind.startswith("TIMESTAMP")
        }
        assert len(times) > 10
        # The docs show what is declared, so the default for times is declared too.
        assert {(mart, column) for mart, column in times if column not in forms[mart]} == set()
        for mart, column in times:
            finer = (
                f"select count(*) from marts.{mart} where date_trunc('day', {column}) <> {column}"
            )
            assert published.execute(finer).fetchall() == [(0,)], (mart, column)
        found = published.execute(
            "select customer_key, min(started_at) from marts.sessions"
            " where customer_key is not null group by customer_key"
        ).fetchall()
    first_seen = dict(
        built_shop.query("select customer_key, first_seen_at from marts.customer_profile")
    )
    assert len(found) > 300
    assert [key for key, at in found if at == first_seen[key]] == []


@pytest.mark.long
@pytest.mark.rare
def test_an_empty_run_only_makes_the_shapes(tmp_path: Path) -> None:
    shop = Warehouse(tmp_path, {"storefront_customers": 50, **SMALL_SCORER})
    outcome = shop.dbt("build", "--empty", "--exclude-resource-type", "test")
    assert outcome.success, problems(outcome)
    assert shop.value("select count(*) from marts.recommendations") == 0
    assert any("made the tables without all their rows" in said for said in shop.said)
    assert not shop.published.exists()


def test_sentences_can_be_said_again_from_their_keys(built_shop: Warehouse) -> None:
    words = read_words(PROJECT / "seeds/words/en.csv")
    for mart, sentence, keys, values in (
        ("journey_suggestions", "title", "title_key", "message_values"),
        ("journey_suggestions", "evidence", "evidence_key", "message_values"),
        ("journey_suggestions", "advice", "advice_key", "message_values"),
        ("customer_actions", "action_reason", "reason_keys", "reason_values"),
        ("customer_profile", "action_reason", "reason_keys", "reason_values"),
        ("recommendations", "reason", "reason_key", "reason_values"),
        ("experiment_readouts", "reason", "reason_key", "reason_values"),
        ("experiment_segments", "reason", "reason_key", "reason_values"),
        ("uplift_evaluation", "reason", "reason_key", "reason_values"),
        ("model_gates", "message", "message_key", "message_values"),
    ):
        rows = built_shop.query(
            f"select {sentence}, {keys}, {values} from marts.{mart}"
            f" where {sentence} is not null or {keys} is not null"
        )
        assert rows
        assert [said for said, key, value in rows if words.sentences(key, value) != said] == []


@pytest.mark.long
def test_damaged_weights_are_named_and_trained_anew(built_shop: Warehouse) -> None:
    before = built_shop.query("select * from scores.attention_states order by all")
    built_shop.execute(
        "delete from scores.attention_encoder where fit = 'head' and name ="
        " (select min(name) from scores.attention_encoder where fit = 'head')"
    )
    said = problems(built_shop.build(["attention_states"]))
    assert "attention_states" in said
    assert "rows are missing or damaged; train anew" in said
    assert built_shop.query("select * from scores.attention_states order by all") == before

    built_shop.built(["attention_encoder", "attention_states"])
