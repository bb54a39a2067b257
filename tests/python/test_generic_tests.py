"""The generic tests and the small macros, each on a handful of VALUES in a project of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from conftest import PROJECT, problems

Rows = list[tuple[Any, ...]]


class Scratch:
    """A dbt project around the repository's macros and generic tests, with models of VALUES."""

    def __init__(self, folder: Path, session_vars: Mapping[str, Any]) -> None:
        self.folder = folder
        self.warehouse = folder / "scratch.duckdb"
        (folder / "models").mkdir(parents=True)
        # Tables are kept by what the whole project is made of, which a scratch is not.
        shutil.copytree(
            PROJECT / "macros" / "core",
            folder / "macros",
            ignore=shutil.ignore_patterns("keep_tables.sql"),
        )
        shutil.copy(PROJECT / "docs" / "columns.md", folder / "models")
        shutil.copytree(PROJECT / "tests" / "generic", folder / "tests" / "generic")
        self._write(
            "dbt_project.yml",
            {
                "name": "footfall",
                "profile": "scratch",
                "flags": {"send_anonymous_usage_stats": False},
                "data_tests": {"+store_failures": True},
                "vars": dict(session_vars),
            },
        )
        self._write(
            "profiles.yml",
            {
                "scratch": {
                    "target": "local",
                    "outputs": {
                        "local": {
                            "type": "duckdb",
                            "path": str(self.warehouse),
                            "schema": "main",
                            "settings": {"TimeZone": "UTC"},
                            "plugins": [
                                {
                                    "module": "footfall.adapter.plugin",
                                    "alias": "footfall",
                                    "config": {"key": "", "key_file": str(folder / "no.key")},
                                }
                            ],
                        }
                    },
                }
            },
        )
        self._models: list[dict[str, Any]] = []
        self.statuses: dict[str, str] = {}

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(dict(content)), encoding="utf-8")

    def model(self, name: str, sql: str) -> None:
        """Add a model."""
        (self.folder / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")

    def judged(self, name: str, sql: str, test: str, **arguments: Any) -> None:
        """Add a model with a generic test on it, called as the model."""
        self.model(name, sql)
        column = arguments.pop("column_name", None)
        entry = {test: {"name": f"test_{name}", "arguments": arguments}}
        if column is None:
            self._models.append({"name": name, "data_tests": [entry]})
        else:
            columns = [{"name": column, "data_tests": [entry]}]
            self._models.append({"name": name, "columns": columns})

    def build(self) -> None:
        """Build everything, and keep how each test ended."""
        self._write("models/_models.yml", {"models": self._models})
        folder = str(self.folder)
        try:
            outcome = dbtRunner().invoke(
                ["build", "--project-dir", folder, "--profiles-dir", folder, "--quiet"]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
        assert outcome.exception is None, problems(outcome)
        self.statuses = {row.node.name: str(row.status) for row in outcome.result}
        assert "error" not in self.statuses.values(), problems(outcome)

    def rows(self, sql: str) -> Rows:
        """Rows of a query on what was built."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.sql(sql).fetchall()

    def failures(self, name: str) -> list[dict[str, Any]]:
        """The rows that the test of a model returned, by column."""
        with duckdb.connect(str(self.warehouse)) as connection:
            found = connection.sql(f"select * from dbt_test__audit.test_{name} order by all")
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


SESSION_VARS = {
    "shop_time_zone": "Europe/London",
    "session_gap_minutes": 30,
    "session_cut_at_midnight": False,
    "session_cut_at_campaign_change": False,
    "masked_properties": ["email", "phone"],
}
STEPS = {"within": ["month", "slice"], "order_by": "step", "measure": "visits"}
TIMES = """
select
    name,
    {{ utc_date('told_at') }} as day,
    {{ month_start(utc_date('told_at')) }} as month
from (values
    ('epoch', timestamptz '1970-01-01 00:00:00+00'),
    ('a moment before', timestamptz '1969-12-31 23:59:59.999999+00'),
    ('a day before', timestamptz '1969-12-31 00:00:00+00'),
    ('long before', timestamptz '1899-03-01 00:00:00+00'),
    ('leap day ends', timestamptz '2024-02-29 23:59:59.999999+00'),
    ('leap day over', timestamptz '2024-03-01 00:00:00+00'),
    ('year ends', timestamptz '2199-12-31 23:59:59.999999+00'),
    ('told in Tokyo', timestamptz '2024-01-01 08:59:59+09'),
    ('not told', null)
) as t(name, told_at)
"""
# The day of a shop in London, whose clocks are an hour ahead of UTC in summer, and in other zones.
SHOP_DAYS = """
select
    {{ shop_day_of('told_at') }} as london,
    {{ utc_date(local_clock('told_at', 'Europe/Berlin')) }} as berlin,
    {{ utc_date(local_clock('told_at', 'America/New_York')) }} as new_york,
    {{ utc_date(local_clock('told_at', 'Asia/Kolkata')) }} as kolkata,
    {{ days_between(shop_day_of('told_at'), shop_day_of('told_at + to_hours(24)')) }} as days,
    {{ shop_day_of(shop_day_start(shop_day_of('told_at'))) }} = {{ shop_day_of('told_at') }}
        and {{ shop_day_start(shop_day_of('told_at')) }} <= told_at as is_in_its_day
from (values
    {%- for at in moments %}
    (timestamptz '{{ at }}+00'){{ ',' if not loop.last }}
    {%- endfor %}
) as t(told_at)
"""
# Around changes of clocks, by moments in UTC: the day in London, Berlin, New York and Kolkata, and
# the days from the one in London until 24 hours later.
DAYS_IN_ZONES = {
    "2024-03-30 22:59:59": ("03-30", "03-30", "03-30", "03-31", 1),
    "2024-03-30 23:00:00": ("03-30", "03-31", "03-30", "03-31", 2),
    "2024-03-31 21:59:59": ("03-31", "03-31", "03-31", "04-01", 1),
    "2024-03-31 22:30:00": ("03-31", "04-01", "03-31", "04-01", 1),
    "2024-03-31 23:00:00": ("04-01", "04-01", "03-31", "04-01", 1),
    "2024-10-26 22:30:00": ("10-26", "10-27", "10-26", "10-27", 1),
    "2024-10-26 23:30:00": ("10-27", "10-27", "10-26", "10-27", 0),
    "2024-10-27 18:29:59": ("10-27", "10-27", "10-27", "10-27", 1),
    "2024-10-27 22:59:59": ("10-27", "10-27", "10-27", "10-28", 1),
    "2024-10-27 23:00:00": ("10-27", "10-28", "10-27", "10-28", 1),
    "2024-11-03 03:59:59": ("11-03", "11-03", "11-02", "11-03", 1),
    "2024-11-03 04:00:00": ("11-03", "11-03", "11-03", "11-03", 1),
    "2024-11-04 04:59:59": ("11-04", "11-04", "11-03", "11-04", 1),
}
# Every five hours from 1965 to 1977: the macro against DuckDB's calendar, which takes its time.
OTHER_DAYS = """
select told_at
from (
    select timestamptz '1965-12-20 00:00:00+00' + to_hours(5 * step) as told_at
    from range(20000) as t(step)
)
where {{ utc_date('told_at') }} <> cast(told_at as date)
"""
PAUSES = """
select
    name,
    {{ seconds_between('earlier', 'later') }} as seconds,
    {{ days_between(utc_date('earlier'), utc_date('later')) }} as days
from (values
    ('none', timestamptz '2024-01-01 00:00:00+00', timestamptz '2024-01-01 00:00:00+00'),
    ('across midnight', timestamptz '2023-12-31 23:59:59.5Z', timestamptz '2024-01-01 00:00:00Z'),
    ('across 1970', timestamptz '1969-12-31 23:59:58+00', timestamptz '1970-01-01 00:00:01+00'),
    ('backwards', timestamptz '2024-01-01 00:00:10+00', timestamptz '2024-01-01 00:00:00+00'),
    ('across zones', timestamptz '2024-01-01 09:00:00+09', timestamptz '2024-01-01 00:01:00+00'),
    ('open', timestamptz '2024-01-01 00:00:00+00', null)
) as t(name, earlier, later)
"""
KEYS = """
select key, {{ key_number('key') }} as number
from (values
    ('000000000000000' || repeat('f', 49)),
    ('00000000000001f' || repeat('0', 49)),
    ('fffffffffffffff' || repeat('0', 49)),
    (null)
) as t(key)
"""
# A table: only dbt's connection knows the key.
SESSION_IDS = """
{{ config(materialized='table') }}
select name, {{ session_id('visitor_no', 'started_at') }} as session_id
from (values
    ('a', 7, timestamptz '2024-01-01 00:00:00+00'),
    ('a microsecond later', 7, timestamptz '2024-01-01 00:00:00.000001+00'),
    ('the same moment elsewhere', 7, timestamptz '2024-01-01 09:00:00+09'),
    ('somebody else', 8, timestamptz '2024-01-01 00:00:00+00')
) as t(name, visitor_no, started_at)
"""
MASKED_TEXTS = {
    "write to Jörg.O'Neil+shop@büro.example.org today": "write to [masked email] today",
    "/reset?user=jane%40example.org&x=1": "/reset?user=[masked email]&x=1",
    "cards 4111 1111 1111 1111, 3782-822463-10005": "cards [masked card], [masked card]",
    "DE89370400440532013000 GB82 WEST 1234 5698 7654 32": "[masked iban] [masked iban]",
    "pay_de89370400440532013000, be68 5390 0754 7034 please": "pay[masked iban], [masked iban]"
    " please",
    "from 10.0.0.1,10.0.0.2 by http://192.168.0.1/x": "from [masked ip],[masked ip] by"
    " http://[masked ip]/x",
    "2001:db8:85a3:0:0:8a2e:370:7334 fe80::1ff:fe23:4567:890a": "[masked ip] [masked ip]",
    "+49 170 1234567, (030) 1234567, +1 (415) 555-2671": "[masked phone], [masked phone],"
    " [masked phone]",
    "0049 170 1234567 or 0170 1234567 or 415-555-2671": "[masked phone] or [masked phone] or"
    " [masked phone]",
}
# What shops write by themselves, and what misses by a digit.
KEPT_TEXTS = [
    "de88370400440532013000 zz89370400440532013000",
    "4111111111111112",
    "DE88370400440532013000",
    "Chrome/120.0.0.0 v1.2.3.4",
    "2026-03-01 10:00:00",
    "1772445600000 1772445600000000",
    "000012345678 00491701234567 4006381333931",
    "std::string a@b @home 10:11:12",
    "1.234.567,89",
    "",
]
# Of telephone numbers in links: a word says what a number is, and a slash is no gap.
MASKED_LINKS = {
    "/call/00491701234567 wa.me/491701234567?phone=01701234567": "/call/[masked phone]"
    " wa.me/[masked phone]?phone=[masked phone]",
    "/to/%2B491701234567 tel:030%201234567": "/to/[masked phone] tel:[masked phone]",
    "/phone/4006381333931 mobile_20240603 /2024/06/03/0815/12345678": None,
}
MASKED_DOCUMENTS = {
    '{"card": 4111111111111111, "b": [1, 5500000000000004]}': '{"card": "[masked card]",'
    ' "b": [1, "[masked card]"]}',
    '{"Email": "none", "b": 1}': '{"Email": "[masked name]", "b": 1}',
    '{"u": {"phone": ["1", "2"], "n": "+49 170 1234567"}}': '{"u": {"phone": "[masked name]",'
    ' "n": "[masked phone]"}}',
    '{"phone": 491701234567, "say": "a \\"phone\\": b"}': '{"phone": "[masked name]",'
    ' "say": "a \\"phone\\": b"}',
    '{"a": "jane\\u0040example.org", "ts": 1772445600000}': '{"a": "[masked email]",'
    ' "ts": 1772445600000}',
    # A part that cannot be cut out takes the whole with it: what is left is JSON.
    '{"phone": {"home": 1, "x": "}"}, "z": 2}': '{"masked": "[masked name]"}',
    '{"seconds": 1.8571428571428572, "phones": 2}': '{"seconds": 1.8571428571428572, "phones": 2}',
}
SESSION_STARTS = """
with acts as (
    select * replace (cast(earlier as timestamptz) as earlier, cast(later as timestamptz) as later)
    from (values
        ('first act', null, '2024-01-01 10:00:00', null, 'web'),
        ('last act', '2024-01-01 10:00:00', null, 'web', null),
        ('same moment', '2024-01-01 10:00:00', '2024-01-01 10:00:00', 'web', 'web'),
        ('thirty minutes', '2024-01-01 10:00:00', '2024-01-01 10:30:00', 'web', 'web'),
        ('a bit more', '2024-01-01 10:00:00', '2024-01-01 10:30:00.000001', 'web', 'web'),
        ('midnight', '2024-01-01 23:59:59', '2024-01-02 00:00:00', 'web', 'web'),
        ('new channel', '2024-01-01 10:00:00', '2024-01-01 10:00:01', 'web', 'mail'),
        ('channel lost', '2024-01-01 10:00:00', '2024-01-01 10:00:01', 'web', null),
        ('no channels', '2024-01-01 10:00:00', '2024-01-01 10:00:01', null, null)
    ) as t(name, earlier, later, channel, next_channel)
)

select name, {{ is_new_session('earlier', 'later', 'channel', 'next_channel') }} as is_new from acts
"""
FUNNEL = "select * from (values {}) as t(month, slice, step, visits)"


def masked_sql(form: str, texts: Iterable[str]) -> str:
    """A model with each text and what masking makes of it."""
    values = ", ".join("('" + text.replace("'", "''") + "')" for text in texts)
    return (
        f"with texts as (select * from (values {values}) as t(text)),"
        f" {{{{ masking_ctes('texts', {{'text': '{form}'}}) }}}}"
        " select text, masked_text from masked"
    )


# How tools write one moment, and the hour that is meant by it (UTC); none where several could be.
WRITTEN_TIMES = {
    "2021-07-01 10:04:58": 10,
    "2021-07-01T10:04:58Z": 10,
    "2021-07-01 10:04:58 UTC": 10,
    "2021-07-01 10:04:58 gmt": 10,
    "2021-07-01 10:04:58+02:00": 8,
    "2021-07-01 10:04:58 +0200": 8,
    "2021-07-01 10:04:58 -0330": 13,
    "2021-07-01 10:04:58 Europe/Berlin": 8,
    "2021-07-01 10:04:58 PST": 18,
    "2021-07-01 10:04:58 PDT": 17,
    "2021-01-01 10:04:58 EST": 15,
    "2021-01-01 10:04:58 edt": 14,
    "2021-07-01T10:04:58,123z": 10,
    "20210701T100458Z": 10,
    "20210701100458": 10,
    "2021-07-01T10:04:58+02:00[Europe/Berlin]": 8,
    "2021/7/1 10:04": 10,
    "1625133898.5": 10,
    "1.625133898E9": 10,
    "1625133898123": 10,
    "1625133898123456": 10,
    "Thu, 01 Jul 2021 10:04:58 +0200": 8,
    "1 Jul 2021 10:04:58 EST": 15,
    "Jul 1, 2021, 10:04:58 PM": 22,
    "01-JUL-21 10:04": 10,
    "01-JUL-21": 0,
    "Thu Jul 01 2021 10:04:58 GMT+0200 (Central European Summer Time)": 8,
    "Thu Jul  1 10:04:58 2021": 10,
    "01/07/2021 10:04": None,
    "21/07/01 10:04": None,
    "0000-00-00 00:00:00": None,
    "9999-12-31 10:00:00": None,
    "2021-07-01 (BC)": None,
    "infinity": None,
    "2021-07-01 10:04:58 BST": 9,
    "1 Jan 2021 10:04:58 bst": 9,
    "2021-07-01 10:04:58 WEST": None,
    "2021-07-01 10:04:58 CET": None,
    "2021-07-01 10:04:58 CEST": None,
    "2021-07-01 10:04:58 (PDT)": None,
    "2021-07-01T10:04:58[Europe/Berlin]": None,
    "yesterday": None,
}
# Those without an offset: in summer an hour earlier where clocks in London showed them.
WITHOUT_OFFSET = {
    "2021-07-01 10:04:58",
    "20210701100458",
    "2021/7/1 10:04",
    "Jul 1, 2021, 10:04:58 PM",
    "01-JUL-21 10:04",
    "01-JUL-21",
    "Thu Jul  1 10:04:58 2021",
}
# Times around changes of clocks: the moment in UTC, and whether it comes again or was skipped.
ON_CLOCKS = {
    "2024-03-31 00:59:59": ("2024-03-31 00:59:59", False, False),
    "2024-03-31 01:30:00": ("2024-03-31 01:30:00", False, True),
    "2024-03-31 02:00:00": ("2024-03-31 01:00:00", False, False),
    "2024-10-27 00:59:59": ("2024-10-26 23:59:59", False, False),
    "2024-10-27 01:30:00": ("2024-10-27 00:30:00", True, False),
    "2024-10-27 02:00:00": ("2024-10-27 02:00:00", False, False),
}
# How numbers are written, and what they are with a decimal point and with a decimal comma.
WRITTEN_NUMBERS = {
    "1250": (1250, 1250),
    "1,250.00": (1250, None),
    "$1,250.00": (1250, None),
    "1.250,00 €": (None, 1250),
    "1.234": (1.234, 1234),
    "12,50": (None, 12.5),
    "(20.00)": (-20, None),
    "20,00-": (None, -20),
    "EUR -20": (-20, -20),
    "1 234": (1234, 1234),
    "1,23,456.5": (123456.5, None),
    "1.5e3": (1500, None),
    "12 34": (None, None),
    "(20": (None, None),
    "1.5k": (None, None),
    "5 kg": (None, None),
    "12%": (None, None),
    "inf": (None, None),
}


def written_numbers_sql() -> str:
    values = ", ".join(f"('{text}')" for text in WRITTEN_NUMBERS)
    return (
        "select text, {{ number_in_text('text', 'decimal_point') }} as with_point,"
        " {{ number_in_text('text', 'decimal_comma') }} as with_comma"
        f" from (values {values}) as t(text)"
    )


def written_times_sql() -> str:
    values = ", ".join(f"('{text}')" for text in WRITTEN_TIMES)
    return (
        "select text, moment, case when {{ lacks_offset('text') }}"
        " then {{ moment_of_shop_clock('moment') }} else moment end as of_shop from"
        " (select text, {{ moment_in_text('text') }} as moment"
        f" from (values {values}) as t(text)) as read"
    )


def on_clocks_sql() -> str:
    values = ", ".join(f"(timestamptz '{text}+00')" for text in ON_CLOCKS)
    return (
        "select written, {{ moment_of_shop_clock('written') }} as moment,"
        " {{ clocks_showed('twice', 'written') }} as comes_again,"
        " {{ clocks_showed('never', 'written') }} as was_skipped"
        f" from (values {values}) as t(written)"
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    project = Scratch(tmp_path_factory.mktemp("generic") / "project", SESSION_VARS)
    project.judged(
        "pairs_differ",
        "select * from (values ('a', 1), ('a', 2), ('b', 1)) as t(name, no)",
        "unique_combination",
        columns=["name", "no"],
    )
    project.judged(
        "pairs_repeat",
        "select * from (values ('a', 1), ('a', 1), ('a', 1), ('b', 1), (null, 2), (null, 2)) "
        "as t(name, no)",
        "unique_combination",
        columns=["name", "no"],
    )
    project.judged(
        "condition_met",
        "select * from (values (1, 2), (2, 2)) as t(low, high)",
        "expression_holds",
        expression="low <= high",
    )
    project.judged(
        "condition_broken",
        "select * from (values (1, 2), (3, 2), (null, 2)) as t(low, high)",
        "expression_holds",
        expression="low <= high",
    )
    # Steps are compared within their group and in their order, not in the order of rows.
    project.judged(
        "funnel_shrinks",
        FUNNEL.format("(1, 'a', 2, 5), (1, 'a', 1, 9), (1, 'a', 3, 5), (1, 'b', 3, 99)"),
        "stages_never_grow",
        **STEPS,
    )
    project.judged(
        "funnel_grows",
        FUNNEL.format("(1, 'a', 1, 9), (1, 'a', 2, 5), (1, 'a', 3, 6), (2, 'a', 1, 1)"),
        "stages_never_grow",
        **STEPS,
    )
    values = "select * from (values (0), (5), (10), (null), {}) as t(score)"
    project.judged(
        "within_both",
        values.format("(7)"),
        "in_range",
        column_name="score",
        min_value=0,
        max_value=10,
    )
    project.judged(
        "beyond_both",
        values.format("(-1), (11)"),
        "in_range",
        column_name="score",
        min_value=0,
        max_value=10,
    )
    project.judged(
        "below", values.format("(-1), (11)"), "in_range", column_name="score", min_value=0
    )
    project.judged(
        "above", values.format("(-1), (11)"), "in_range", column_name="score", max_value=10
    )
    names = "select * from (values ('ga4'), ('custom'), (null), {}) as t(source)"
    project.judged(
        "sources_known", names.format("('segment')"), "is_a_source", column_name="source"
    )
    project.judged(
        "sources_unknown", names.format("('segmnet')"), "is_a_source", column_name="source"
    )
    for name, sql in {
        "times": TIMES,
        "shop_days": SHOP_DAYS.replace("moments", str(list(DAYS_IN_ZONES))),
        "other_days": OTHER_DAYS,
        "pauses": PAUSES,
        "keys": KEYS,
        "session_ids": SESSION_IDS,
        "session_starts": SESSION_STARTS,
        "written_times": written_times_sql(),
        "on_clocks": on_clocks_sql(),
        "written_numbers": written_numbers_sql(),
        "masked_texts": masked_sql("text", [*MASKED_TEXTS, *KEPT_TEXTS]),
        "masked_labels": masked_sql("label", [*MASKED_TEXTS, *KEPT_TEXTS]),
        "masked_links": masked_sql("link", [*MASKED_TEXTS, *KEPT_TEXTS, *MASKED_LINKS]),
        "masked_documents": masked_sql("json", MASKED_DOCUMENTS),
    }.items():
        project.model(name, sql)
    project.build()
    return project


@pytest.mark.parametrize(
    "name",
    ["pairs_differ", "condition_met", "funnel_shrinks", "within_both", "sources_known"],
)
def test_what_is_in_order_passes(scratch: Scratch, name: str) -> None:
    assert scratch.statuses[f"test_{name}"] == "pass"
    assert scratch.failures(name) == []


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        # The columns and how often they occur; empty values are a combination like any other.
        (
            "pairs_repeat",
            [
                {"name": "a", "no": 1, "row_count": 3},
                {"name": None, "no": 2, "row_count": 2},
            ],
        ),
        # The whole row; a condition that is unknown does not hold.
        ("condition_broken", [{"low": 3, "high": 2}, {"low": None, "high": 2}]),
        # The step that grew compared with the one before it.
        (
            "funnel_grows",
            [{"month": 1, "slice": "a", "step": 3, "visits": 6, "previous_visits": 5}],
        ),
        ("beyond_both", [{"score": -1}, {"score": 11}]),
        ("below", [{"score": -1}]),
        ("above", [{"score": 11}]),
        ("sources_unknown", [{"source": "segmnet"}]),
    ],
)
def test_what_is_not_fails_with_the_rows_that_explain_it(
    scratch: Scratch, name: str, rows: list[dict[str, Any]]
) -> None:
    assert scratch.statuses[f"test_{name}"] == "fail"
    assert scratch.failures(name) == rows


def test_days_and_months_are_those_of_utc(scratch: Scratch) -> None:
    found = {name: (day, month) for name, day, month in scratch.rows("select * from times")}
    assert found == {
        "epoch": (date(1970, 1, 1), date(1970, 1, 1)),
        "a moment before": (date(1969, 12, 31), date(1969, 12, 1)),
        "a day before": (date(1969, 12, 31), date(1969, 12, 1)),
        "long before": (date(1899, 3, 1), date(1899, 3, 1)),
        "leap day ends": (date(2024, 2, 29), date(2024, 2, 1)),
        "leap day over": (date(2024, 3, 1), date(2024, 3, 1)),
        "year ends": (date(2199, 12, 31), date(2199, 12, 1)),
        "told in Tokyo": (date(2023, 12, 31), date(2023, 12, 1)),
        "not told": (None, None),
    }


def test_days_of_a_shop_are_those_of_its_clocks(scratch: Scratch) -> None:
    found = scratch.rows("select * from shop_days")
    assert [tuple(f"{day:%m-%d}" for day in row[:4]) + row[4:] for row in found] == [
        (*days, True) for days in DAYS_IN_ZONES.values()
    ]


def test_days_are_those_of_the_calendar_functions(scratch: Scratch) -> None:
    assert scratch.rows("select * from other_days") == []


def test_seconds_and_days_between_two_times(scratch: Scratch) -> None:
    found = {name: (seconds, days) for name, seconds, days in scratch.rows("select * from pauses")}
    assert found == {
        "none": (0.0, 0),
        "across midnight": (0.5, 1),
        "across 1970": (3.0, 1),
        "backwards": (-10.0, 0),
        "across zones": (60.0, 0),
        "open": (None, None),
    }


def test_key_numbers_are_the_first_sixty_bits(scratch: Scratch) -> None:
    assert dict(scratch.rows("select * from keys")) == {
        "0" * 15 + "f" * 49: 0,
        "0" * 13 + "1f" + "0" * 49: 31,
        "f" * 15 + "0" * 49: 2**60 - 1,
        None: None,
    }


def test_a_session_id_is_a_keyed_hash_of_who_and_when(scratch: Scratch) -> None:
    def digest(visitor_no: int, microseconds: int) -> str:
        started = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
        text = f"visit:{visitor_no}:{started + microseconds}"
        return hmac.new(b"footfall-demo-key", text.encode(), hashlib.sha256).hexdigest()[:32]

    assert dict(scratch.rows("select * from session_ids")) == {
        "a": digest(7, 0),
        "a microsecond later": digest(7, 1),
        "the same moment elsewhere": digest(7, 0),
        "somebody else": digest(8, 0),
    }


def test_personal_values_are_masked_and_what_only_looks_alike_is_not(scratch: Scratch) -> None:
    kept = {text: text for text in KEPT_TEXTS}
    assert dict(scratch.rows("select * from masked_texts")) == MASKED_TEXTS | kept
    labels = dict(scratch.rows("select * from masked_labels"))
    assert [text for text in labels if labels[text] != text] == list(MASKED_TEXTS)[:2]
    links = dict(scratch.rows("select * from masked_links"))
    texts = list(MASKED_TEXTS.items())
    assert {text: links[text] for text in links if links[text] != text} == {
        # All but IP addresses.
        **dict(texts[:5]),
        **dict(texts[7:]),
        **{text: masked for text, masked in MASKED_LINKS.items() if masked},
    }


def test_letters_of_a_time_zone_are_read_where_they_mean_one(scratch: Scratch) -> None:
    found = dict(
        scratch.rows("select text, cast(hour(moment at time zone 'UTC') as int) from written_times")
    )
    assert found == WRITTEN_TIMES


def test_times_without_an_offset_may_be_those_of_the_shop(scratch: Scratch) -> None:
    moved = scratch.rows("select text from written_times where of_shop = moment - interval 1 hour")
    assert {text for (text,) in moved} == WITHOUT_OFFSET
    kept = scratch.rows("select count(*) from written_times where of_shop = moment")
    others = [text for text, hour in WRITTEN_TIMES.items() if hour is not None]
    assert kept == [(len(others) - len(WITHOUT_OFFSET),)]
    found = scratch.rows(
        "select strftime(written, '%Y-%m-%d %H:%M:%S'), strftime(moment, '%Y-%m-%d %H:%M:%S'),"
        " comes_again, was_skipped from on_clocks"
    )
    assert {text: tuple(rest) for text, *rest in found} == ON_CLOCKS


def test_a_number_is_read_as_its_column_is_written(scratch: Scratch) -> None:
    rows = scratch.rows("select * from written_numbers")
    assert {text: (point, comma) for text, point, comma in rows} == WRITTEN_NUMBERS


def test_documents_stay_json_when_values_are_masked(scratch: Scratch) -> None:
    found = dict(scratch.rows("select * from masked_documents"))
    assert found == MASKED_DOCUMENTS
    for document in found.values():
        json.loads(document)


def test_a_session_ends_with_a_long_pause(scratch: Scratch) -> None:
    new = {name for name, is_new in scratch.rows("select * from session_starts") if is_new}
    assert new == {"first act", "last act", "a bit more"}


@pytest.mark.parametrize(
    ("asked", "further"),
    [
        ("session_cut_at_midnight", {"midnight"}),
        ("session_cut_at_campaign_change", {"new channel"}),
    ],
)
def test_a_session_ends_where_a_var_asks_for_it(
    tmp_path: Path, asked: str, further: set[str]
) -> None:
    project = Scratch(tmp_path / "project", {**SESSION_VARS, asked: True})
    project.model("session_starts", SESSION_STARTS)
    project.build()
    new = {name for name, is_new in project.rows("select * from session_starts") if is_new}
    assert new == {"first act", "last act", "a bit more"} | further
