"""Macros ask Python: what they get back, and what a user sees when something goes wrong there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Warehouse, problems
from footfall.adapter import questions
from footfall.builds.problems import BuildProblem
from footfall.builds.shortfall import describe_shortfall


def asked(question: str, **details: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(questions.ask(question, json.dumps(details)))
    return answer


@pytest.mark.library
def test_an_answer_is_what_the_function_returns() -> None:
    results = [{"name": "int_items", "status": "error"}]
    assert asked("describe_shortfall", results=results) == {"answer": describe_shortfall(results)}


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
    results = [
        {"name": f"node_{number}", "status": status} for number, status in enumerate(statuses)
    ]
    assert describe_shortfall(results) == words


def test_a_problem_ends_the_run_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(**_: object) -> None:
        raise BuildProblem("there is no 'bread': buy some.")

    monkeypatch.setattr(questions, "QUESTIONS", {"describe_shortfall": stop})
    ask = "{% if execute %} {{ describe_shortfall([]) }} {% endif %}"
    outcome = Warehouse(tmp_path, {}).dbt("compile", "--inline", ask)
    assert not outcome.success
    assert "there is no 'bread': buy some." in problems(outcome)
    assert "Traceback" not in problems(outcome)
