"""SQL says the same on other databases: no function, form or number that DuckDB alone reads so."""

from __future__ import annotations

import pytest

from conftest import PROJECT
from portable_sql import findings

pytestmark = pytest.mark.library

SQL = sorted(
    path
    for folder in ("models", "tests", "analyses", "macros")
    for path in (PROJECT / folder).rglob("*.sql")
)
# Not yet portable; nothing is added to this list.
NOT_YET = (
    "macros/core/incremental.sql",
    "macros/core/keep_tables.sql",
    "macros/staging/",
    "models/intermediate/events/",
    "models/intermediate/sessions/int_touched_visitors.sql",
    "models/staging/",
)


def test_sql_is_what_other_databases_read_alike() -> None:
    assert len(SQL) > 100
    found = []
    for path in SQL:
        name = str(path.relative_to(PROJECT))
        if not name.startswith(NOT_YET):
            found += [f"{name}:{finding}" for finding in findings(path.read_text())]
    assert not found, "\n" + "\n".join(found)


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
    ],
)
def test_what_is_portable_passes(sql: str) -> None:
    assert findings(sql) == []


def test_the_list_of_what_is_not_yet_portable_shrinks() -> None:
    """A file or folder that has become portable leaves the list, and so can't fall back."""
    for start in NOT_YET:
        texts = [
            path.read_text() for path in SQL if str(path.relative_to(PROJECT)).startswith(start)
        ]
        assert any(findings(text) for text in texts), f"{start} is portable: take it off the list"
