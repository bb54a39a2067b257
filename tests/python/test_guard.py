"""No value of a user is run: not by dbt, which renders vars, and not by a database."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from dbt_common.exceptions import DbtRuntimeError

from conftest import PROJECT, Warehouse, problems
from footfall.adapter.plugin import Plugin
from footfall.builds.configuration import check_before_parsing, project_variables
from footfall.builds.problems import BuildProblem
from footfall.builds.templates import template_problems
from hostile_values import HOSTILE, TEMPLATES

FORMS = (
    lambda text: text,
    lambda text: [text],
    lambda text: {text: "view"},
    lambda text: {"events": {"customer_id": text}},
)


@pytest.mark.library
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_refused_before_parsing_wherever_it_stands(template: str) -> None:
    for form in FORMS:
        for command in ("build", "parse", "generate"):
            with pytest.raises(BuildProblem, match="begins a template of dbt"):
                check_before_parsing({"custom_event_names": form(template)}, command)


@pytest.mark.library
def test_other_values_are_no_templates() -> None:
    for form in FORMS:
        assert template_problems({"a": [form(text) for text in HOSTILE]}) == []


@pytest.mark.library
@pytest.mark.parametrize("name", ["top_k", "earliest_event_date", "horizons_days", "allow_repeats"])
def test_commands_without_hooks_take_no_text_in_place_of_a_number_or_day(name: str) -> None:
    for text in HOSTILE:
        with pytest.raises(BuildProblem, match=f"var '{name}' is"):
            check_before_parsing({name: text}, "compile")
        # The hook of these names it, with all else that is wrong.
        check_before_parsing({name: text}, "build")


@pytest.mark.library
def test_vars_of_the_project_file_are_judged_as_they_are_written(tmp_path: Path) -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert template_problems(project_variables(PROJECT)) == []
    project["vars"]["footfall"] = {"ga4_path": "{{ run() }}"}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(project))
    with pytest.raises(BuildProblem, match="var 'ga4_path'"):
        check_before_parsing(project_variables(tmp_path), "build")


def test_dbt_stops_before_it_renders_anything(tmp_path: Path) -> None:
    """Parsing reads this var: it would raise there, with the message of the template."""
    rendered = "{{ exceptions.raise_compiler_error('it was run') }}"
    for variables in ({"top_k": rendered}, {"reporting_currency": rendered}):
        outcome = Warehouse(tmp_path, variables).dbt("parse")
        assert not outcome.success
        assert "Configuration check: 1 problem(s)" in str(outcome.exception)
        assert "Compilation Error" not in str(outcome.exception)


def test_the_macros_quote_whatever_they_are_given(small_shop: Warehouse) -> None:
    small_shop.execute("create table made as select 1 as one")
    select = """
        {% for value in var('custom_event_names') %}
        select {{ sql_text(value) }} as as_text, {{ sql_name(value) }} as as_name
        from (select {{ sql_text(loop.index) }} as {{ sql_name(value) }})
        {% if not loop.last %} union all {% endif %}
        {% endfor %}
    """
    shop = Warehouse(
        small_shop.folder, {**small_shop.variables, "custom_event_names": dict.fromkeys(HOSTILE)}
    )
    outcome = shop.dbt("show", "--inline", select, "--limit", "99")
    assert outcome.success, problems(outcome)
    rows: Any = outcome.result.results[0].agate_table.rows
    found = {row["as_text"]: str(row["as_name"]) for row in rows}
    assert found == {value: str(place) for place, value in enumerate(HOSTILE, start=1)}
    assert shop.query("select one from made") == [(1,)]


def test_a_warehouse_file_that_dbt_cannot_quote_is_refused(tmp_path: Path) -> None:
    for name in ("it's.duckdb", 'a"b.duckdb', "a; drop table made.duckdb"):
        with pytest.raises(DbtRuntimeError, match="set FOOTFALL_DB to a file of another name"):
            Plugin.update_connection_config(
                object.__new__(Plugin), SimpleNamespace(path=tmp_path / name), {}
            )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.library
def test_no_var_stands_between_quotes_that_sql_does_not_close_for_it() -> None:
    by_hand = re.compile(r"""'\{\{[^}]*\bvar\(|["']'["'] *~ *var\(|\bvar\([^)]*\) *~ *["']'""")
    files = [
        path
        for folder in ("macros", "models", "tests")
        for path in PROJECT.glob(f"{folder}/**/*.sql")
    ]
    found = [
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        # The end of a message in Jinja, which is no SQL.
        if by_hand.search(line) and "Configuration check" not in line
    ]
    assert len(files) > 100
    assert found == []
