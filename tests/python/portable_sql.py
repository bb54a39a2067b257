"""Finds SQL that other databases read differently or not at all.

It reads the files as they are written, so that a message names the line to change. Jinja is blanked
out; what it holds in quotes is read as SQL too, because macros and loops pass SQL around as text. A
macro that stands in for one database (`default__…`, `duckdb__…`) is the place for what only that
database knows, and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokens import Token, TokenType

# Functions that mean the same on DuckDB and Spark. What else is called is a macro.
PORTABLE = frozenset(
    re.findall(
        r"\w+",
        "abs avg cast ceil coalesce concat_ws corr count dense_rank exp extract first_value floor"
        " greatest lag last_value lead least left length ln log10 log2 lower max md5 min ntile"
        " nullif percent_rank power rank replace round row_number sign split_part sqrt stddev_samp"
        " substring sum trim try_cast upper",
    )
)
# Macros whose value is never empty, which a bound may be set to without `coalesce`.
_NEVER_EMPTY = re.compile(r"\{\{-?\s*(?:dbt\.dateadd\('\w+', -?\d+, )?(?:newest|moment)\(")
# What may be before a bracket without calling anything.
_NO_CALLS = frozenset(
    re.findall(
        r"\w+",
        "all and as by case decimal distinct else exists filter from group having in is join like"
        " not on or over partition select then union using values when where",
    )
)
# What to write instead, by function. Within Jinja's quotes, where messages are as well, these
# alone are looked for.
INSTEAD = {
    "any_value": "{{ only_known() }}, or min()",
    "arg_max": "{{ value_at_max() }}",
    "arg_min": "a dispatched macro like value_at_max",
    "bool_and": "{{ all_of() }}",
    "bool_or": "{{ any_of() }}",
    "columns": "the names of the columns",
    "concat": "`||`, or concat_ws: databases disagree on nulls in concat",
    "contains": "`like`",
    "count_if": "count(case when … then 1 end), which is a bigint everywhere",
    "countif": "count(case when … then 1 end)",
    "date_diff": "{{ days_between() }}",
    "date_trunc": "{{ month_start() }} or {{ dbt.date_trunc() }}",
    "datediff": "{{ days_between() }}",
    "duckdb_tables": "a dispatched macro",
    "epoch": "{{ seconds_between() }}",
    "epoch_ms": "{{ microseconds_of() }}",
    "epoch_ns": "{{ microseconds_of() }}",
    "epoch_us": "{{ microseconds_of() }}",
    "flatten": "a dispatched macro",
    "from_json": "{{ parsed_json() }}",
    "generate_series": "{{ dbt.generate_series() }}, {{ each_number() }} or {{ each_month() }}",
    "getvariable": "a dispatched macro",
    "hash": "md5()",
    "isfinite": "{{ is_finite() }}",
    "json_array_length": "a dispatched macro",
    "json_extract": "{{ json_part() }}, or {{ json_text() }}",
    "json_extract_string": "{{ json_text() }}",
    "json_group_array": "a dispatched macro",
    "json_keys": "a dispatched macro",
    "json_merge_patch": "{{ merged_json() }}",
    "json_object": "{{ json_of() }}",
    "json_transform": "{{ parsed_json() }}",
    "json_type": "{{ is_json_list() }} or {{ is_json_object() }}",
    "json_valid": "{{ is_json() }}",
    "last": "{{ value_at_max() }}",
    "len": "{{ list_length() }}, or length() of a text",
    "list": "a dispatched macro",
    "list_aggregate": "a dispatched macro",
    "list_contains": "a dispatched macro",
    "list_distinct": "a dispatched macro",
    "list_extract": "{{ list_item() }}",
    "list_filter": "{{ list_where() }}",
    "list_sort": "a dispatched macro",
    "list_sum": "{{ list_total() }}",
    "list_transform": "a dispatched macro",
    "list_value": "{{ list_of() }}",
    "list_zip": "a dispatched macro",
    "make_timestamp": "{{ moment_of_microseconds() }}",
    "make_timestamptz": "{{ moment_of_microseconds() }}",
    "max_by": "{{ value_at_max() }}",
    "median": "{{ quantile(…, 0.5) }}",
    "percentile_cont": "{{ quantile() }}",
    "quantile_cont": "{{ quantile() }} or {{ quantile_of() }}",
    "range": "{{ each_number() }}",
    "read_csv": "a dispatched macro",
    "read_json": "a dispatched macro",
    "read_json_objects": "{{ rows_of_json_lines() }}",
    "read_parquet": "{{ rows_of_parquet() }}",
    "regexp_extract": "a dispatched macro",
    "regexp_extract_all": "a dispatched macro",
    "regexp_full_match": "{{ matches() }}",
    "regexp_matches": "{{ matches() }}",
    "regexp_replace": "{{ without_match() }}",
    "sha256": "{{ hmac_sha256() }} or md5()",
    "strftime": "a dispatched macro",
    "string_agg": "a dispatched macro",
    "strptime": "{{ written_time() }}",
    "struct_pack": "a dispatched macro",
    "to_json": "{{ json_of_row() }}",
    "to_timestamp": "a dispatched macro",
    "try_strptime": "{{ written_time() }}",
    "unnest": "{{ each_of() }}, {{ each_number() }} or {{ dbt.generate_series() }}",
    "year": "extract(year from …)",
}
# What no SQL of this project may hold outside of quotes, and what to write instead.
_FORBIDDEN = (
    (r"\bfilter\s*\(", "FILTER", "count(case when … then 1 end) or sum(case when … then … end)"),
    (r"\*\s*(exclude|replace|rename)\b", "* EXCLUDE", "the names of the columns"),
    (
        r"(?<!group )(?<!order )(?<!partition )\bby\s+name\b",
        "BY NAME",
        "the names of the columns, in one order",
    ),
    (r"\bmaterialized\s*\(", "a hint on a CTE", "{{ read_each_time() }} or {{ read_once() }}"),
    (r"\bqualify\b", "QUALIFY", "a CTE with row_number() and a `where` after it"),
    (r"\b(group|order)\s+by\s+all\b", "BY ALL", "the names of the columns"),
    (r"\basof\b", "ASOF JOIN", "a window function, or an inner join and an aggregate"),
    (r"\bignore\s+nulls\b", "IGNORE NULLS", "{{ last_known() }}"),
    (r"\bdistinct\s+on\b", "DISTINCT ON", "row_number() and a `where` after it"),
    (r"\b(un)?pivot\b", "PIVOT", "a loop over the columns with `union all`"),
    (r"//", "`//`", "floor(… / …e0)"),
    (r"::", "`::`", "cast(… as …)"),
    (r"->>|->\s*'", "a JSON operator", "{{ json_text() }} or {{ json_part() }}"),
    (r"\blambda\b|[\w)]\s*->(?!>|\s*')", "a lambda", "{{ list_where() }} or {{ list_total() }}"),
    (r"[\])\w]\[|[\s(,]\[", "a list or `[i]`", "{{ list_of() }} or {{ list_item() }}"),
    (r"\bas\s+json\b", "the type JSON", "`string`, or {{ raw_row_as_json() }}"),
    (
        r"(?<!')\bsimilar\s+to\b|\b(rlike|regexp|glob)\b|\s!?~\s",
        "a regular expression",
        "{{ matches() }}",
    ),
    (r"\bat\s+time\s+zone\b", "AT TIME ZONE", "{{ utc_moment() }}"),
    (r"\bdelete\s+from\b[^;]*?\busing\b", "DELETE USING", "{{ delete_matching() }}"),
    (r"\bupdate\b[^;]*?\bset\b[^;]*?\bfrom\b", "UPDATE FROM", "a dispatched macro"),
    (r"\bdescribe\s+(select|table)\b", "DESCRIBE", "{{ columns_of() }}"),
    (r"\bu?hugeint\b", "HUGEINT", "{{ wide_integer() }}, or a cast to bigint"),
    (r"\b(as|null)\s+(varchar|text)\b", "VARCHAR", "`string`, which needs no length anywhere"),
    (r"\btimestamptz\b|\bwith\s+time\s+zone\b", "TIMESTAMPTZ", "{{ moment_type() }}"),
    (r"\binterval\b", "an interval", "{{ dbt.dateadd() }}"),
)
# Those that are looked for within Jinja's quotes as well: the others are in messages, too.
_ALSO_IN_QUOTES = (
    *(
        "FILTER",
        "IGNORE NULLS",
        "HUGEINT",
        "VARCHAR",
        "TIMESTAMPTZ",
        "* EXCLUDE",
        "a JSON operator",
    ),
    *("the type JSON", "AT TIME ZONE", "DELETE USING", "UPDATE FROM", "DESCRIBE"),
)
_DECIMAL = re.compile(r"(?<![\w.])\d*\.\d+(?![\w.])")
_BARE_VALUE = re.compile(r"\{\{-?\s*(var\([^()]*\)|\w+)\s*-?\}\}(?!e0)")


@dataclass(frozen=True, order=True)
class Finding:
    """One place in a file that another database would not read as DuckDB does."""

    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}: write {self.fix}"


def findings(text: str) -> list[Finding]:
    """All that is not portable in the text of one file, by line."""
    text = _blank(text, r"\{#.*?#\}|--[^\n]*", keep=r"'[^'\n]*'|\"[^\"\n]*\"")
    text = _blank(text, r"\{%-?\s*macro\s+\w+?__\w+\(.*?\{%-?\s*endmacro\s*-?%\}")
    sql = _placeholders(text)
    found = {*_of_sql(sql), *_of_bare_values(text)}
    for start, quoted in _within_jinja(text):
        line = text.count("\n", 0, start)
        found |= {Finding(line + one.line, one.what, one.fix) for one in _of_fragment(quoted)}
    return sorted(found)


def _blank(text: str, pattern: str, keep: str = r"(?!)") -> str:
    """The text with what matches turned to blanks, so that every line keeps its number."""

    def blanks(match: re.Match[str]) -> str:
        return match[0] if match["kept"] else re.sub(r"[^\n]", " ", match[0])

    return re.sub(rf"(?P<kept>{keep})|{pattern}", blanks, text, flags=re.DOTALL)


def _placeholders(text: str) -> str:
    """The SQL around Jinja: statements are blanks, and an expression is a name of its length."""

    def name(match: re.Match[str]) -> str:
        lines = match[0].split("\n")
        first = "k" if _NEVER_EMPTY.match(match[0]) else "j"
        return "\n".join(
            [*(" " * len(line) for line in lines[:-1]), first + "_" * (len(lines[-1]) - 1)]
        )

    return re.sub(r"\{\{.*?\}\}", name, _blank(text, r"\{%.*?%\}"), flags=re.DOTALL)


def _within_jinja(text: str) -> Iterator[tuple[int, str]]:
    """Where each quoted text within Jinja starts, and the text."""
    for block in re.finditer(r"\{[{%].*?[}%]\}", text, flags=re.DOTALL):
        for quoted in re.finditer(r"\"([^\"]*)\"|'([^']*)'", block[0]):
            yield block.start() + quoted.start(), quoted[1] or quoted[2] or ""


def _of_sql(sql: str) -> Iterator[Finding]:
    tokens = DuckDB().tokenize(sql)
    for number, token in enumerate(tokens[:-1]):
        after = tokens[number + 1]
        if after.token_type == TokenType.L_PAREN and after.start == token.end + 1:
            yield from _of_call(tokens, number)
        if token.token_type == TokenType.SLASH and re.fullmatch(r"\d+", after.text):
            yield Finding(
                after.line, f"/ {after.text}", f"/ {after.text}e0: whole numbers divide differently"
            )
    for quoted in re.finditer(r"'[^'\n]*\\[^'\n]*'", sql):
        line = 1 + sql.count("\n", 0, quoted.start())
        yield Finding(
            line, "a backslash in quotes", "a dispatched macro: it escapes on some databases"
        )
    yield from _of_text(re.sub(r"'[^'\n]*'", _emptied, sql))


def _emptied(quoted: re.Match[str]) -> str:
    return "'" + " " * (len(quoted[0]) - 2) + "'"


def _of_call(tokens: Sequence[Token], number: int) -> Iterator[Finding]:
    token = tokens[number]
    name = token.text.lower()
    if not re.fullmatch(r"[a-z_]\w*", name) or name in _NO_CALLS or name.startswith(("j__", "k__")):
        return
    if name not in PORTABLE:
        yield Finding(token.line, f"{name}()", INSTEAD.get(name, "a dispatched macro"))
    if name in ("greatest", "least"):
        for argument in _arguments(tokens, number + 2):
            first = argument[0].text.lower()
            if not (first == "coalesce" or first.startswith("k__") or _is_number(argument)):
                yield Finding(
                    token.line,
                    f"{name}() of what may be empty",
                    "coalesce(…) around each column, or {{ at_least() }}, {{ at_most() }}:"
                    " databases disagree whether an empty value wins",
                )
                return


def _arguments(tokens: Sequence[Token], first: int) -> list[list[Token]]:
    """The arguments of a call, from the token after its bracket on."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[first:]:
        if token.token_type == TokenType.R_PAREN and depth == 0:
            break
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if token.token_type == TokenType.COMMA and depth == 0:
            arguments.append([])
        else:
            arguments[-1].append(token)
    return [argument for argument in arguments if argument]


def _is_number(argument: Sequence[Token]) -> bool:
    return all(token.token_type in (TokenType.NUMBER, TokenType.DASH) for token in argument)


def _of_fragment(fragment: str) -> Iterator[Finding]:
    """What is wrong with SQL within Jinja's quotes, where messages and paths are as well."""
    for name, instead in INSTEAD.items():
        for match in re.finditer(rf"(?<![\w.]){name}\(", fragment):
            yield Finding(1 + fragment.count("\n", 0, match.start()), f"{name}()", instead)
    yield from _of_text(fragment, [form for form in _FORBIDDEN if form[1] in _ALSO_IN_QUOTES])


def _of_text(sql: str, forbidden: Sequence[tuple[str, str, str]] = _FORBIDDEN) -> Iterator[Finding]:
    for pattern, what, fix in forbidden:
        for match in re.finditer(pattern, sql, flags=re.IGNORECASE):
            yield Finding(1 + sql.count("\n", 0, match.end() - 1), what, fix)
    for match in _DECIMAL.finditer(sql):
        yield Finding(
            1 + sql.count("\n", 0, match.start()),
            match[0],
            f"{match[0].rstrip('.')}e0: a decimal in arithmetic rounds on other databases",
        )


def _of_bare_values(text: str) -> Iterator[Finding]:
    """A setting that divides is a whole number or a decimal in the compiled SQL, whatever it is.

    An argument of a macro is an expression of SQL, and has a type of its own.
    """
    signatures = " ".join(re.findall(r"\{%-?\s*macro\s+\w+\((.*?)\)\s*-?%\}", text, re.DOTALL))
    arguments = set(re.findall(r"\w+", signatures))
    for match in re.finditer(r"/\s*(?=\{\{)", text):
        value = _BARE_VALUE.match(text, match.end())
        if value and value[1] not in arguments:
            line = 1 + text.count("\n", 0, match.end())
            yield Finding(line, f"/ {value[0]}", f"/ {value[0]}e0, or cast(… as double)")
