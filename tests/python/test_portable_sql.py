"""SQL says the same on other databases: no function, form or number that DuckDB alone reads so."""

from __future__ import annotations

import re

import pytest
import yaml

from conftest import PROJECT
from portable_sql import findings

pytestmark = pytest.mark.library

# Lines of a model or of a test in SQL.
MOST_LINES = 150
SQL = sorted(
    path
    for folder in ("models", "python_models", "tests", "analyses", "macros")
    for path in (PROJECT / folder).rglob("*.sql")
)


def test_sql_is_what_other_databases_read_alike() -> None:
    assert len(SQL) > 100
    found = []
    for path in SQL:
        name = str(path.relative_to(PROJECT))
        found += [f"{name}:{finding}" for finding in findings(path.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_settings_with_fractions_are_doubles() -> None:
    """0.1 as it is written is a decimal, which other databases round in arithmetic."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    fractions = {name for name, value in settings.items() if isinstance(value, float)}
    assert len(fractions) > 10
    found = []
    for path in SQL:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            written = re.findall(r"(?:\{\{|~) *var\('(\w+)'\) *(?:\}\}|~)", line)
            found += [f"{path}:{number}: {name}" for name in written if name in fractions]
    assert not found, "write double_var('...'):\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        # Functions: what is not on the list of portable ones, whatever it is.
        ("select bool_or(is_bot) from t", "bool_or()"),
        ("select some_new_function(a) from t", "some_new_function()"),
        ('select {{ quantile("epoch_us(a)", 0.5) }} from t', "epoch_us()"),
        ("{% set rule = 'any_value(a)' %}", "any_value()"),
        # Numbers.
        ("select a * 1.0 / b from t", "1.0"),
        ("select a * .5 from t", ".5"),
        ("{% set rule = 'case when a then 0.4 end' %}", "0.4"),
        ("select a / 60 from t", "/ 60"),
        ("select a / {{ days }} from t", "/ {{ days }}"),
        ("select a / {{ var('half_life') }} from t", "/ {{ var('half_life') }}"),
        # Bounds over what may be empty.
        ("select greatest(a, 0) from t", "greatest() of what may be empty"),
        ("select least(coalesce(a, 0), b + 1) from t", "least() of what may be empty"),
        # Forms.
        ("select count(*) filter (where a) from t", "FILTER"),
        ("select * exclude (a) from t", "* EXCLUDE"),
        ("select t.* replace (1 as a) from t", "* EXCLUDE"),
        ("select 1\nunion all by name\nselect 2", "BY NAME"),
        ("with a as materialized (select 1) select * from a", "a hint on a CTE"),
        ("with a as not materialized (select 1) select * from a", "a hint on a CTE"),
        ("select a from t qualify rank() over (order by a) = 1", "QUALIFY"),
        ("select a from t group by all", "BY ALL"),
        ("select a from t asof join u on t.a >= u.a", "ASOF JOIN"),
        ("select last_value(a ignore nulls) over w from t", "IGNORE NULLS"),
        ("select distinct on (a) b from t", "DISTINCT ON"),
        ("select * from (unpivot t on a, b)", "PIVOT"),
        ("select a // 2 from t", "`//`"),
        ("select a::date from t", "`::`"),
        ("select f(a, lambda x: x + 1) from t", "a lambda"),
        ("select f(a, x -> x + 1) from t", "a lambda"),
        ("select a[1] from t", "a list or `[i]`"),
        ("select a in [1, 2] from t", "a list or `[i]`"),
        ("select cast(a as hugeint) from t", "HUGEINT"),
        ("select cast(a as varchar) from t", "VARCHAR"),
        ("select cast(a as timestamptz) from t", "TIMESTAMPTZ"),
        ("select a + interval 1 day from t", "an interval"),
        ("select replace(a, '\\', '') from t", "a backslash in quotes"),
        ("select a at time zone 'UTC' from t", "AT TIME ZONE"),
        ("{% set time = a ~ ' at time zone ' ~ zone %}", "AT TIME ZONE"),
        ("select coalesce(a, timestamptz '1970-01-01 00:00:00+00') from t", "TIMESTAMPTZ"),
        # Rows that change.
        ("insert into t by name\nselect 1", "BY NAME"),
        ("delete from {{ this }} as t using u where t.a = u.a", "DELETE USING"),
        (
            "{% do run_query('delete from ' ~ a ~ ' using u') %}{{ 'delete from t using u' }}",
            "DELETE USING",
        ),
        ("update t set a = u.a from u where t.b = u.b", "UPDATE FROM"),
        ("{% set columns = '* replace (b as a)' %}", "* EXCLUDE"),
        # JSON, lists and patterns.
        ("select a ->> '$.b' from t", "a JSON operator"),
        ("select a->'$.b' from t", "a JSON operator"),
        ("select cast(a as json) from t", "the type JSON"),
        ("select json_transform(a, '{}') from t", "json_transform()"),
        ("{% set text = 'to_json(t)' %}", "to_json()"),
        ("select unnest(a) from t", "unnest()"),
        ("select list_filter(a, b) from t", "list_filter()"),
        ("{{ one('list_sum(a)') }}", "list_sum()"),
        ("select regexp_replace(a, 'b', '') from t", "regexp_replace()"),
        ("select a similar to 'b' from t", "a regular expression"),
        ("select a from t where a ~ 'b'", "a regular expression"),
        # What reads files and what a database says of itself.
        ("{% do return('read_parquet(' ~ files ~ ')') %}", "read_parquet()"),
        ("{% do run_query('describe select * from ' ~ table) %}", "DESCRIBE"),
        ("{% do run_query('select 1 from duckdb_tables()') %}", "duckdb_tables()"),
    ],
)
def test_what_is_not_portable_is_found(sql: str, what: str) -> None:
    """Each on its line, with what to write instead."""
    found = findings(f"with\n\n{sql}\n")
    matching = [finding for finding in found if finding.what == what]
    assert matching, found
    line = 3 + sql[: sql.lower().find("by name")].count("\n") if "by name" in sql else 3
    assert {finding.line for finding in matching} == {line}
    assert all(finding.fix for finding in matching)


@pytest.mark.parametrize(
    "sql",
    [
        "select count(case when a then 1 end), sum(b) over (partition by c order by d) from t",
        "select a * 1e0 / b, power(0.5e0, a / {{ days }}e0), b / c from t",
        "select greatest(coalesce(a, 0), 0), least(coalesce(a, 1), coalesce(b, 1)) from t",
        "select t.*, a.b from t inner join a on t.c = a.c where a.d in (select e from u)",
        "select {{ any_of('a') }}, {{ quantile('a', 0.5) }}, {{ columns[0] }} from t",
        "select cast(a as decimal(18, 4)), cast(b as string) from t -- 0.5 of all: bool_or(a)",
        "select a from t where b like '% is not in seeds/types.csv:%' and c = '0.5 [1] a::b'",
        "{# epoch_us(a), 0.5 #}select 1e0",
        "{% macro rate(part, whole) -%}\n{{ part }} / {{ whole }}\n{%- endmacro %}",
        "{% macro duckdb__day(a) -%}\nepoch_us({{ a }}) / 86400.0\n{%- endmacro %}",
        "{% do exceptions.raise_compiler_error('Columns (of [any] kind) are missing: ' ~ a) %}",
        "with a as {{ read_once() }} (select 1) select * from a",
        "select greatest({{ newest('a', this) }}, {{ moment(b) }}) from t",
        "{{ parsed_json('a', {'b': 'string', 'c': ['double']}) }}.b",
        "{% macro spark__first(a) -%}\nfilter({{ a }}, x -> x > 0)[0]\n{%- endmacro %}",
        "{% macro default__utc(a) -%}\n{{ a }} at time zone 'UTC'\n{%- endmacro %}",
        "delete from t where a in (select a from u); select * from v inner join w using (a)",
    ],
)
def test_what_is_portable_passes(sql: str) -> None:
    assert findings(sql) == []


def test_no_model_and_no_test_is_longer_than_a_page() -> None:
    """A file holds many macros, but one model, which is split before it grows too long to see."""
    lines = {
        str(path.relative_to(PROJECT)): len(path.read_text().splitlines())
        for path in SQL
        if path.relative_to(PROJECT).parts[0] in ("models", "tests")
    }
    assert len(lines) > 100
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
