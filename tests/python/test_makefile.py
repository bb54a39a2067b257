"""What make refuses before it does anything, and that it hands on values as they were written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import PROJECT
from footfall.builds.sources import sources
from footfall.commands.steps import TARGETS
from hostile_values import HOSTILE as HOSTILE_VALUES
from hostile_values import TEMPLATES

pytestmark = [
    pytest.mark.library,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
MAKEFILE = (PROJECT / "Makefile").read_text()
(GIVEN,) = re.findall(r"^GIVEN := ((?:.*\\\n)*.*)$", MAKEFILE, re.M)
GIVEN_NAMES = GIVEN.replace("\\", " ").split()
# Whatever of it a shell or Make ran would leave a file behind.
HOSTILE = (
    "a b;touch RAN1 $(touch RAN2) `touch RAN3` $(shell touch RAN4) ${HOME} '\"[1]{{ 7 * 7 }}"
    "\ntouch RAN5 | & > RAN6 % \\"
)


def surroundings(**more: str) -> dict[str, str]:
    """Our environment without a word of the make that runs this test, nor values for it."""
    ours = {*GIVEN_NAMES, *(f"FOOTFALL_{name}" for name in GIVEN_NAMES)}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("MAKE", "MFLAGS"))
    }
    return {**kept, **more}


def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What make would do."""
    return subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=PROJECT,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["build", "docs", "report", "dashboards", "bench-warm"])
@pytest.mark.parametrize("source", ["storfront", "ga4,custom", "ga4 custom", "", "$(shell id)"])
def test_a_source_that_is_none_is_named_with_those_that_are(target: str, source: str) -> None:
    done = asked(target, f"SOURCE={source}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"SOURCE is '{source}', which is no source" in done.stderr
    assert f"use one of {' '.join(sources())}." in done.stderr


@pytest.mark.parametrize("source", sources())
def test_make_takes_each_source_with_its_files_and_no_others(source: str) -> None:
    read = {one.make for one in sources()[source].inputs if one.make}
    assert read <= set(GIVEN_NAMES)
    everything = {one.make for each in sources().values() for one in each.inputs if one.make}
    for name in everything:
        done = asked("build", f"SOURCE={source}", f"{name}=a.csv")
        assert (done.returncode == 0) == (name in read), (name, done.stderr)


@pytest.mark.parametrize("target", ["build", "docs", "lineage"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["EVENTS=a.csv"], "EVENTS: only SOURCE=custom reads that, and SOURCE is storefront"),
        (
            ["SOURCE=ga4", "ITEMS=a.csv", "REVIEWS=b.csv"],
            "ITEMS REVIEWS: only SOURCE=custom reads that, and SOURCE is ga4",
        ),
        (["CUSTOMERS=a.csv"], "CUSTOMERS: only SOURCE=custom"),
        (["FILE=a.csv"], "FILE: only SOURCE=online_retail|ga4|snowplow|segment reads that"),
        (["SOURCE=complete_journey", "FILE=a.csv"], "and SOURCE is complete_journey"),
        (["SOURCE=custom", "FILE=a.csv"], "name its files with EVENTS=…"),
    ],
)
def test_files_that_the_source_does_not_read_are_refused(
    target: str, given: list[str], said: str
) -> None:
    done = asked(target, *given)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_mapping_is_of_the_source_custom_unless_another_is_named(recorder: Path) -> None:
    for given, source in (
        ((), "storefront"),
        (("MAPPING=m.yml",), "custom"),
        (
            ("MAPPING=m.yml", "SOURCE=ga4"),
            "ga4",
        ),
    ):
        assert called(recorder, "build", *given)[1]["FOOTFALL_SOURCE"] == source


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build"], "-m footfall.commands build\n"),
        (["build", "SOURCE=ga4", "FILE=/a/b.json"], "-m footfall.commands build\n"),
        (["bench-segments", "FILE=/a/b.csv"], "-m footfall.commands bench-segments\n"),
        (["help", "SOURCE=storfront"], "Footfall"),
    ],
)
def test_what_goes_together_is_done(arguments: list[str], said: str) -> None:
    done = asked(*arguments)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """An environment for make whose Python writes down what it was called with, and with what."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "python"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(tmp_path / 'calls.jsonl')!r}, 'a').write("
        "json.dumps([sys.argv[1:], dict(os.environ)]) + '\\n')\n"
    )
    program.chmod(0o755)
    # Newer than the lock, so that make installs nothing into it; nor Superset and an old DuckDB.
    (tmp_path / ".installed").touch()
    return tmp_path


def called(recorder: Path, *arguments: str, **more: str) -> tuple[list[str], Mapping[str, str]]:
    """The last program that make starts for a target, and its environment."""
    untouched = ("-o", ".superset/.installed", "-o", "env")
    done = subprocess.run(
        ["make", *untouched, f"VENV={recorder}", *arguments],
        cwd=PROJECT,
        env=surroundings(**more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    program, environment = json.loads((recorder / "calls.jsonl").read_text().splitlines()[-1])
    assert list(PROJECT.glob("RAN*")) == []
    return program, environment


@pytest.mark.parametrize("name", sorted(set(GIVEN_NAMES) - {"SOURCE", "DUCKDB"}))
def test_a_value_arrives_as_it_was_written_and_nothing_runs(recorder: Path, name: str) -> None:
    source = next(
        (s.name for s in sources().values() if name in {one.make for one in s.inputs}), "storefront"
    )
    arguments = ("build", f"SOURCE={source}")
    given_on_the_command_line = called(recorder, *arguments, f"{name}={HOSTILE}")
    given_in_the_environment = called(recorder, *arguments, **{name: HOSTILE})
    for program, environment in (given_on_the_command_line, given_in_the_environment):
        assert program == ["-m", "footfall.commands", "build"]
        assert environment[f"FOOTFALL_{name}"] == HOSTILE
        assert name not in environment


@pytest.mark.parametrize(
    "name",
    [
        "FOOTFALL_DB",
        "FOOTFALL_PUBLISHED",
        "FOOTFALL_MEMORY",
        "DBT_ENV_SECRET_FOOTFALL_KEY",
        "OTHER",
    ],
)
def test_so_does_a_variable_of_the_environment(recorder: Path, name: str) -> None:
    assert called(recorder, "build", f"{name}={HOSTILE}")[1][name] == HOSTILE
    assert called(recorder, "build", **{name: HOSTILE})[1][name] == HOSTILE


@pytest.mark.parametrize("value", [*HOSTILE_VALUES, *TEMPLATES])
def test_no_hostile_value_of_any_variable_is_run_or_changed(recorder: Path, value: str) -> None:
    names = sorted(set(GIVEN_NAMES) - {"SOURCE"})
    on_the_command_line = called(recorder, "report", *(f"{name}={value}" for name in names))
    in_the_environment = called(recorder, "report", **dict.fromkeys(names, value))
    for program, environment in (on_the_command_line, in_the_environment):
        assert program == ["-m", "footfall.commands", "report"]
        assert {environment[f"FOOTFALL_{name}"] for name in names} == {value}


def test_a_python_of_the_command_line_makes_the_environment(recorder: Path, tmp_path: Path) -> None:
    given = (f"PYTHON={recorder}/bin/python", f"VENV={tmp_path / 'own'}")
    done = asked("env", *given)
    assert done.returncode == 0, done.stderr
    assert f"{recorder}/bin/python -m venv {tmp_path / 'own'}" in done.stdout


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"test"}))
def test_no_target_lets_a_shell_see_a_value(recorder: Path, target: str) -> None:
    names = ("ARGS", "COLUMN", "CURRENCY", "PORT", "URI", "HORIZON", "CUT", "DAYS", "SEEDS")
    program, environment = called(recorder, target, *(f"{name}={HOSTILE}" for name in names))
    assert program == ["-m", "footfall.commands", target]
    assert {environment[f"FOOTFALL_{name}"] for name in names} == {HOSTILE}


def test_the_tests_are_run_without_a_shell_too(recorder: Path) -> None:
    # With a version of DuckDB the linters are left out.
    program, environment = called(recorder, "test", f"DUCKDB={HOSTILE}", f"ARGS={HOSTILE}")
    assert program == ["-m", "footfall.commands", "test"]
    assert environment["FOOTFALL_DUCKDB"] == environment["FOOTFALL_ARGS"] == HOSTILE


def test_every_target_that_takes_a_value_is_one_of_the_commands() -> None:
    recipes = re.findall(r"^\t.*$", MAKEFILE, re.M)
    shown = {
        name for name in GIVEN_NAMES for line in recipes if re.search(rf"\$\(\s*{name}\b", line)
    }
    assert shown == set()
    called_targets = set(re.findall(r"\$\(FOOTFALL\) ([a-z-]+)", MAKEFILE))
    assert called_targets == set(TARGETS)
