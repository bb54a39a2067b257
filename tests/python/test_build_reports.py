"""What a build says at its end, and whether it publishes."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.builds.failures import describe_failure
from footfall.builds.nodes import Node
from footfall.builds.publication import (
    marts_to_publish,
    reason_not_to_publish,
    reason_to_keep,
)
from footfall.builds.shortfall import describe_shortfall
from footfall.builds.summary import describe_build

pytestmark = pytest.mark.library


def ended(*statuses: str) -> list[dict[str, Any]]:
    return [
        {
            "unique_id": f"model.shop.node_{number}",
            "name": f"node_{number}",
            "status": status,
            "is_kept": False,
        }
        for number, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ((), None),
        (("success", "pass", "warn", "no-op"), None),
        (("error", "pass"), "Of 2 models, seeds and tests 1 failed (node_0)"),
        (
            ("pass", "fail", "runtime error", "skipped"),
            "Of 4 models, seeds and tests 2 failed (node_1 first) and 1 skipped",
        ),
        (("skipped", "skipped"), "Of 2 models, seeds and tests 2 skipped"),
    ],
)
def test_the_shortfall_counts_what_failed_and_what_was_skipped(
    statuses: tuple[str, ...], words: str | None
) -> None:
    assert describe_shortfall(ended(*statuses)) == words


def measured(metric: str, model: str, value: float | None, **facts: str) -> list[str | None]:
    row = {"score": "churn", "population": "all", "horizon": "30", "at": "2026-06-01", **facts}
    is_ours = model in ("attention_scorer", "boosted_trees")
    is_baseline = "false" if is_ours else facts.get("is_baseline", "true")
    number = None if value is None else str(value)
    who = [row["score"], row["population"], row["horizon"]]
    return [*who, metric, row["at"], model, number, is_baseline]


def described(**facts: Any) -> list[str]:
    nothing: dict[str, Any] = {"marts": [], "accounting": [], "values": [], "restated": []}
    nothing["stale"] = []
    nothing |= {"guests": [], "unmet": []}
    ended: dict[str, Any] = {"scores": None, "results": []}
    return describe_build(**{**nothing, **ended, **facts})


def test_labels_and_verdicts_that_meet_nothing_are_counted() -> None:
    assert described(unmet=[("0", None)])[1:] == []
    assert described(unmet=[("1200", "3")])[1:] == [
        "  Without effect on risk are 1,200 labels of fraud: they name no payment and no order that"
        " is there (risk_rules, docs/risk.md)",
        "  Without effect on risk are 3 verdicts of reviewers: they name no attempt and no day that"
        " is there (risk_rules, docs/risk.md)",
    ]


def test_a_source_of_which_no_row_was_read_is_named() -> None:
    ga4 = ("ga4", "3", "3", "0", "0", "0", "0", "0")
    assert described(accounting=[ga4], picked=["ga4", "custom"])[1:] == [
        "",
        "  Raw rows of custom: none have been read, so the marts know nothing of it (`make inspect"
        " FILE=…` shows what a file holds)",
        "  Raw rows of ga4: 3 = 3 accepted + 0 duplicate + 0 rejected",
    ]


def test_values_that_were_not_taken_are_shown_by_column_with_the_reason() -> None:
    values = [
        ("custom", "items", "item_id", "the id was listed before", "tea", "1"),
        ("custom", "customers", "has_marketing_consent", "no known yes", None, "2990"),
    ]
    assert described(values=values)[2:] == [
        "  Values not taken as they came (intermediate.int_value_accounting)",
        "    custom customers.has_marketing_consent         2,990  no known yes",
        "    custom items.item_id                               1  the id was listed before (tea)",
    ]


def test_marts_come_in_the_order_in_which_people_read_them() -> None:
    marts = [
        ("new", "zebras", "1"),
        ("evaluation", "model_runs", "7"),
        ("value", "customer_value", "1234567"),
        ("journey", "sessions", "60782"),
        ("journey", "journey_funnel", "0"),
    ]
    assert described(marts=marts) == [
        "  Marts                                      rows",
        "    journey_funnel                            0",
        "    sessions                             60,782",
        "    customer_value                    1,234,567",
        "    model_runs                                7",
        "    zebras                                    1",
    ]


def test_what_was_kept_is_counted() -> None:
    kept = [
        {"unique_id": f"{kind}.shop.{kind}_{number}", "is_kept": is_kept}
        for kind, is_kept, count in (("model", True, 2), ("test", True, 3), ("test", False, 1))
        for number in range(count)
    ]
    results = [{"name": "node", "status": "pass", **one} for one in kept]
    assert described(results=results)[2:] == [
        "  Kept as they were: 2 tables, and 3 of 4 tests, which had passed on what they read"
    ]


def test_rows_are_accounted_for_source_by_source() -> None:
    lines = described(
        guests=[("ga4", "2", "-12.5")],
        accounting=[
            ("ga4", "9", "3", "1", "1", "1", "2", "1"),
            ("custom", "2500", "2500", "0", "0", "0", "0", "0"),
        ],
    )
    assert lines[2:] == [
        "  Raw rows of custom: 2,500 = 2,500 accepted + 0 duplicate + 0 rejected",
        "  Raw rows of ga4: 9 = 3 accepted + 1 duplicate + 1 superseded + 1 rejected + 2 erased"
        " + 1 expired",
        "  Orders of nobody in ga4: 2, -12.50 net of refunds; they are part of order_lines and"
        " revenue, and of no session or customer",
    ]


def test_a_model_that_knows_somebody_who_was_erased_is_shown_with_its_date() -> None:
    stale = [("churn", "2026-11-01 10:00:00+00", "2026-12-01 10:00:00+00")]
    assert described(stale=stale)[1:] == [
        "  The model of churn may know somebody who was erased (2026-11-01), and is trained without"
        " them by the first build from 2026-12-01 10:00 UTC on"
    ]


def test_restated_rows_are_counted_mart_by_mart() -> None:
    nothing = ("customer_lifecycle", "0", "0", None)
    assert described(restated=[nothing])[1:] == []
    lines = described(restated=[nothing, ("customer_segments", "1200", "3", "2026-01-01")])
    assert lines[1:] == [
        "",
        "  Late or withdrawn events restated 1,200 rows of customer_segments at past dates"
        " (3 of them are gone), from 2026-01-01 on",
    ]


def test_scores_are_compared_with_the_best_baseline_of_the_newest_cutoff() -> None:
    session = {"score": "intent", "population": "in session, after 3 events", "horizon": "0"}
    lines = described(
        scores=[
            measured("auc", "attention_scorer", 0.8),
            measured("auc", "lightgbm", 0.7),
            measured("auc", "pareto_nbd", 0.75),
            measured("auc", "unknown_yet", None),
            measured("auc", "other_candidate", 0.99, is_baseline="false"),
            measured("brier", "attention_scorer", 0.2),
            measured("brier", "lightgbm", 0.1),
            measured("brier", "pareto_nbd", 0.3),
            # An older cut-off, a population and a metric that do not lead.
            measured("auc", "attention_scorer", 0.1, at="2026-05-01"),
            measured("auc", "lightgbm", 0.9, at="2026-05-01"),
            measured("auc", "attention_scorer", 0.1, population="segment a"),
            measured("log_loss", "attention_scorer", 0.1),
            measured("auc", "attention_scorer", 0.6, **session),
            measured("ndcg_10", "attention_scorer", None, score="recommendations", horizon="28"),
            measured("average_precision", "boosted_trees", 0.3, score="risk", horizon="0"),
            measured("average_precision", "rules", 0.2, score="risk", horizon="0"),
        ]
    )
    assert lines[2:] == [
        "  Scores, judged on days they never saw                       ours    best baseline"
        " (brier, mae, rmse: less is better)",
        "    churn, 30 d                          auc                   0.800"
        "      0.750  pareto_nbd",
        "    churn, 30 d                          brier                 0.200      0.100  lightgbm",
        "    intent in session, after 3 events    auc                   0.600       none",
        "    recommendations, 28 d                ndcg_10             unknown       none",
        "    risk                                 average_precision     0.300      0.200  rules",
    ]


def test_without_a_closed_horizon_there_is_nothing_to_judge_by() -> None:
    assert described(scores=[measured("auc", "lightgbm", 0.7)])[2:] == [
        "  Scores: no horizon has closed yet, so there is nothing to judge them by."
    ]


def test_what_is_wrong_comes_last() -> None:
    lines = described(results=ended("error", "success"))
    assert lines[-1].startswith("  Of 2 models, seeds and tests 1 failed (node_0); the messages")


def test_a_failure_names_its_rows() -> None:
    rows = [["a", "1"], ["b", "None"]]
    assert describe_failure("rows_add_up", ["shop", "missing"], rows) == (
        "  rows_add_up found:\n    shop = a, missing = 1\n    shop = b, missing = None"
    )


def a_node(name: str, kind: str = "model", materialized: str = "table", *inputs: str) -> Node:
    unique_id = f"{kind}.shop.{name}"
    return Node(unique_id, "marts", name, materialized, "sql", "code", "shape", inputs, None)


NODES = (
    a_node("node_0"),
    a_node("node_1", "model", "view"),
    a_node("in_passing", "model", "ephemeral"),
    # A test of a model that is switched off.
    a_node("of_nothing", "test", "test"),
)


@pytest.mark.parametrize(
    ("command", "is_partial", "statuses", "reason"),
    [
        ("build", False, ("success", "success"), None),
        ("run", False, ("success",), "only a whole `dbt build` publishes, and this was `dbt run`"),
        ("build", True, ("success", "success"), "without all their rows"),
        ("build", False, ("success", "error"), "1 failed (node_1)"),
        (
            "build",
            False,
            ("success",),
            "this build left out 1 models, seeds or tests, such as node_1",
        ),
    ],
)
def test_only_a_whole_build_that_succeeded_is_published(
    command: str, is_partial: bool, statuses: tuple[str, ...], reason: str | None
) -> None:
    found = reason_not_to_publish(command, is_partial, ended(*statuses), NODES)
    assert (found is None) if reason is None else (reason in str(found))


def test_a_test_that_was_left_out_keeps_marts_from_being_published() -> None:
    test = a_node("ids_are_unique", "test", "test", "model.shop.node_0")
    found = reason_not_to_publish("build", False, ended("success", "success"), [*NODES, test])
    assert found == "this build left out 1 models, seeds or tests, such as ids_are_unique"


@pytest.mark.parametrize(
    ("failed", "before", "keeps", "reason"),
    [
        ({}, [], True, None),
        ({"churn": "churn: not shown."}, [], True, "not pass its gates now. churn: not shown. Var"),
        (
            {
                "churn": "churn: not shown.",
                "tier": "tier: not shown.",
                "value": "value: not shown.",
            },
            ["tier"],
            True,
            "churn: not shown (and 1 more). Var `failed_gates_keep_the_publication: false`",
        ),
        ({"churn": "churn: not shown."}, ["churn", "tier"], True, None),
        ({"churn": "churn: not shown."}, [], False, None),
        ({"churn": "churn: not shown."}, None, True, None),
    ],
)
def test_a_publication_stays_that_shows_a_score_which_is_held_back_now(
    failed: dict[str, str], before: list[str] | None, keeps: bool, reason: str | None
) -> None:
    found = reason_to_keep(failed, before, keeps=keeps)
    assert (found is None) if reason is None else (reason in str(found))


@pytest.mark.parametrize(
    ("constraints", "column_constraints", "tested", "guessed", "key"),
    [
        ([{"type": "primary_key", "columns": ["a", "b"]}], [], ["c"], [], ["a", "b"]),
        ([{"type": "check"}], [{"type": "primary_key"}], ["c"], [], ["a"]),
        ([], [{"type": "not_null"}], ["c", "d"], ["e"], ["c", "d"]),
        ([], [], None, ["e"], ["e"]),
        ([], [], None, None, []),
    ],
)
def test_the_key_of_a_mart_is_found(
    constraints: list[dict[str, Any]],
    column_constraints: list[dict[str, Any]],
    tested: list[str] | None,
    guessed: list[str] | None,
    key: list[str],
) -> None:
    model = {
        "unique_id": "model.shop.sales",
        "name": "sales",
        "columns": [["a", "string", column_constraints], ["at", "timestamp", None]],
        "constraints": constraints,
        "mart": {
            "relation": '"shop"."marts"."sales"',
            "description": "What was sold.",
            "columns": {
                "a": {"description": "One.", "published_as": None},
                "at": {"description": "When.", "published_as": "month"},
            },
            "primary_key": guessed,
        },
    }
    others: list[dict[str, Any]] = [{"unique_id": "model.shop.private", "mart": None}]
    if tested is not None:
        others.append({"unique_id": "test.shop.one", "identifies": ["model.shop.sales", tested]})
    assert marts_to_publish([*others, model]) == [
        {
            "name": "sales",
            "relation": '"shop"."marts"."sales"',
            "description": "What was sold.",
            "columns": {"a": "One.", "at": "When."},
            "key": key,
            "published_as": {"at": "month"},
        }
    ]
