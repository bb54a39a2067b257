"""Definitions of experiments are judged before a build: each fault with row, column and fix."""

from __future__ import annotations

import pytest

from conftest import PROJECT
from footfall.builds.experiments import (
    definition_problems,
    experiment_problems,
    metric_problems,
)

pytestmark = pytest.mark.library
GOOD: dict[str, str | None] = {
    "experiment": "a",
    "unit": "visitor",
    "arms": "off; on",
    "designed_shares": "0.5;0.5",
    "control": "off",
    "starts_on": "2026-01-01",
    "ends_on": "2026-02-01",
    "looks": "2026-01-10;2026-02-08",
    "outcome_days": "7",
    "primary_metric": "converted",
    "direction": "increase",
    "guardrails": "refunds:0.05;sessions:0",
}


def test_the_definitions_of_the_project_are_in_order() -> None:
    assert experiment_problems(PROJECT) == []


def test_what_may_be_left_out_may_be_empty() -> None:
    needed = ("experiment", "unit", "arms", "control", "starts_on", "ends_on")
    rows = [GOOD, {**{name: GOOD[name] for name in needed}, "experiment": "b"}]
    assert definition_problems(rows, "shop.tests") == []


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("experiment", "", "write the name that the exposures have"),
        ("unit", "session", "is none of customer, visitor"),
        ("arms", "off", "two or more different names"),
        ("arms", "off;off", "two or more different names"),
        ("control", "gone", "is none of the arms: off, on"),
        ("designed_shares", "0.5;0.4", "sums to 0.9: shares of all arms sum to 1"),
        ("designed_shares", "1", "a number above 0 for each of the 2 arms"),
        ("designed_shares", "1;0", "a number above 0 for each of the 2 arms"),
        ("starts_on", "01/02/2026", "takes a day such as 2026-02-28"),
        ("ends_on", "2025-12-31", "is not after starts_on (2026-01-01)"),
        ("looks", "0", "takes a number of looks"),
        ("looks", "2026-02-01;2026-01-15", "days in their order"),
        ("looks", "2025-12-31;2026-01-15", "begins before the test does"),
        ("outcome_days", "7.5", "takes a number of days"),
        ("planned_units", "many", "takes how many units of all arms are planned"),
        ("primary_metric", "revenue", "is no metric: there are amount_per_order, converted"),
        ("direction", "up", "is none of increase, decrease"),
        ("guardrails", "returns:0.1", "names 'returns', which is no metric"),
        ("guardrails", "refunds", "takes a margin of 0 or more for 'refunds'"),
        ("guardrails", "refunds:-1", "takes a margin of 0 or more for 'refunds'"),
        ("guardrails", "refunds:1;refunds:2", "names a metric twice"),
        ("guardrails", "converted:0.1", "cannot guard itself"),
    ],
)
def test_each_fault_is_named_with_row_and_column(column: str, value: str, said: str) -> None:
    rows = [{**GOOD, "experiment": "first"}, {**GOOD, column: value}]
    (problem,) = definition_problems(rows, "seeds/experiments.csv")
    assert problem.startswith(f"seeds/experiments.csv, row 3, column '{column}': '{value}' ")
    assert said in problem


def test_two_rows_of_one_experiment_are_a_fault() -> None:
    (problem,) = definition_problems([GOOD, GOOD], "shop.tests")
    assert problem == "shop.tests, row 2, column 'experiment': 'a' is also in row 1: keep one row."


def test_metrics_of_a_user_are_judged() -> None:
    good = {"metric": "m", "event_type": "search", "measure": "count", "direction": "increase"}
    per = {**good, "metric": "per", "per_metric": "m"}
    assert metric_problems([good, per], ["search"]) == []
    bad = [
        {**good, "metric": "orders"},
        {**good, "metric": "Too Big"},
        {**good, "event_type": "seach"},
        {**good, "metric": "x", "measure": "sum"},
        {**good, "metric": "y", "per_metric": "amount_per_order"},
    ]
    problems = metric_problems(bad, ["search"])
    assert [problem.split(":")[0].split("'")[1] for problem in problems] == [
        *("metric", "metric", "event_type", "measure", "per_metric")
    ]
