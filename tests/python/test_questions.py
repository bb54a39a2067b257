"""Macros ask Python: what they get back, and what a user sees when something goes wrong there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Warehouse, problems
from footfall.adapter import questions
from footfall.builds.failures import describe_failure
from footfall.builds.problems import BuildProblem


def asked(question: str, **details: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(questions.ask(question, json.dumps(details)))
    return answer


@pytest.mark.library
def test_an_answer_is_what_the_function_returns() -> None:
    described = {"test": "rows_add_up", "columns": ["shop"], "rows": [["a"]]}
    assert asked("describe_failure", **described) == {"answer": describe_failure(**described)}


@pytest.mark.library
def test_a_problem_and_a_mistake_are_messages_and_no_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop() -> None:
        raise BuildProblem("there is no bread: buy some.")

    monkeypatch.setattr(questions, "QUESTIONS", {"stop": stop})
    assert asked("stop") == {"problem": "there is no bread: buy some."}
    assert asked("stop", now=1)["problem"].startswith(
        "The project could not answer 'stop': TypeError: "
    )
    assert asked("go")["problem"].startswith("The project could not answer 'go': KeyError: 'go'")


@pytest.mark.library
@pytest.mark.parametrize(("count", "records"), [("1", "1 record of"), ("12", "12 records of")])
def test_records_that_came_with_other_values_are_counted_and_say_what_to_do(
    count: str, records: str
) -> None:
    told = {"example": "l3", "record_count": count, "columns": "amount, quantity"}
    problem = asked("refuse_changed_records", **told)["problem"]
    assert problem.startswith(f"{records} source 'custom' came again with other values, such as ")
    assert "'l3' in amount, quantity" in problem
    assert "updated_at" in problem
    assert "--full-refresh" in problem


def test_a_problem_ends_the_run_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(**_: object) -> None:
        raise BuildProblem("there is no 'bread': buy some.")

    monkeypatch.setattr(questions, "QUESTIONS", {"describe_build": stop})
    ask = "{% if execute %} {{ ask_program('describe_build', {}) }} {% endif %}"
    outcome = Warehouse(tmp_path, {}).dbt("compile", "--inline", ask)
    assert not outcome.success
    assert "there is no 'bread': buy some." in problems(outcome)
    assert "Traceback" not in problems(outcome)
