"""Whether anything is left of somebody: all values of all tables are read, and all bytes of files.

Values are read because files are compressed: bytes alone would not show them.
"""

import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.privacy.person import Person

_KEY_DIGITS = 64
_KEY = re.compile(rf"[0-9a-f]{{{_KEY_DIGITS}}}")
# Shorter ids, and longer ones of digits alone, are other things as well: prices, codes of items.
_SHORTEST = 6
_SHORTEST_NUMBER = 9
_WHOLE_NUMBERS = frozenset({"BIGINT", "UBIGINT", "HUGEINT"})
_OTHERS = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|BOOLEAN|DATE|TIME.*|INTERVAL|DECIMAL.*)"
)


@dataclass(frozen=True)
class Needles:
    """What is looked for.

    Attributes
    ----------
    texts
        Ids as sources write them, and keys.
    numbers
        The numbers of keys.
    unsearched_count
        How many ids are too ordinary to be looked for in texts: short ones and numbers. They are
        found by their keys and numbers.
    """

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    unsearched_count: int


@dataclass
class Findings:
    """What was read, and where something was found.

    Attributes
    ----------
    table_count, column_count, value_count
        Tables, columns and values that were read, in databases and Parquet files.
    file_count, byte_count
        Files and bytes that were read.
    hits
        Places with the number of rows or times, without the value.
    unread
        Files that could not be read, with the reason.
    """

    table_count: int = 0
    column_count: int = 0
    value_count: int = 0
    file_count: int = 0
    byte_count: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def needles_of(person: Person, shared_numbers: Iterable[int] = ()) -> Needles:
    """Return what must not be found of a person any more.

    Parameters
    ----------
    person
        The person as the warehouse knew them.
    shared_numbers
        Numbers of devices that stay because others were logged in on them; neither they nor their
        keys and ids are looked for.
    """
    shared = set(shared_numbers)
    keys = {
        value
        for kind in ("customer", "device")
        for value in person.ids[kind]
        if _KEY.fullmatch(value) and int(value[:15], 16) not in shared
    }
    raw = set(person.raw["customer"])
    if not shared:
        # Which raw id is that of a shared device, its key does not say.
        raw |= person.raw["device"]
    specific = {value for value in raw if _is_specific(value)}
    return Needles(
        texts=tuple(sorted(keys | specific)),
        numbers=tuple(sorted(int(key[:15], 16) for key in keys)),
        unsearched_count=len(raw) - len(specific),
    )


def _is_specific(value: str) -> bool:
    return len(value) >= (_SHORTEST_NUMBER if value.isdigit() else _SHORTEST)


def search_database(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    needles: Needles,
    called: str,
    findings: Findings,
) -> None:
    """Read all values of all stored tables of an attached database."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $database"
        " and not temporary order by all",
        {"database": database},
    ).fetchall()
    for schema, table in tables:
        place = f"{quoted(database)}.{quoted(schema)}.{quoted(table)}"
        search_relation(connection, place, needles, f"{called}{schema}.{table}", findings)


def search_relation(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    needles: Needles,
    called: str,
    findings: Findings,
) -> None:
    """Read all values of a relation."""
    columns = connection.execute(f"describe select * from {relation}").fetchall()
    conditions = {
        name: condition
        for name, kind, *_ in columns
        if (condition := _condition(quoted(name), kind, needles))
    }
    counts = "".join(
        f", count(case when {condition} then 1 end)" for condition in conditions.values()
    )
    ((row_count, *numbers),) = connection.execute(
        f"select count(*){counts} from {relation}"
    ).fetchall()
    findings.table_count += 1
    findings.column_count += len(columns)
    findings.value_count += int(row_count) * len(columns)
    for name, number in zip(conditions, numbers, strict=True):
        if number:
            findings.hits[f"{called}.{name}"] = int(number)


def _condition(column: str, kind: str, needles: Needles) -> str:
    """Return SQL: whether a value holds what is looked for; empty where its type cannot."""
    if kind in _WHOLE_NUMBERS:
        return f"{column} in ({', '.join(map(str, needles.numbers))})" if needles.numbers else ""
    if _OTHERS.fullmatch(kind):
        return ""
    # Of a blob the text shows what is ASCII in it.
    text = f"cast({column} as varchar)"
    tests = []
    # Most values are too short for a key, which is faster to see than that they hold none.
    for shortest in (_KEY_DIGITS, 0):
        held = " or ".join(
            f"contains({text}, {sql_text(one)})"
            for one in needles.texts
            if (len(one) >= _KEY_DIGITS) == (shortest > 0)
        )
        if held:
            tests.append(f"(strlen({text}) >= {shortest} and ({held}))")
    return " or ".join(tests)


def search_files(files: Iterable[Path], needles: Needles, findings: Findings) -> None:
    """Read all bytes of files; links are not followed."""
    wanted = [one.encode() for one in needles.texts]
    for file in _files(files):
        size = file.stat().st_size
        findings.file_count += 1
        findings.byte_count += size
        if not size:
            continue
        with (
            file.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            number = sum(content.find(one) >= 0 for one in wanted)
        if number:
            findings.hits[str(file)] = number


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_symlink():
            continue
        if place.is_file():
            yield place
        elif place.is_dir():
            yield from sorted(
                each for each in place.rglob("*") if each.is_file() and not each.is_symlink()
            )


def search_publications(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    needles: Needles,
    findings: Findings,
) -> None:
    """Read all values of published DuckDB and Parquet files."""
    for file in _files(files):
        try:
            if file.suffix == ".duckdb":
                connection.execute(f"attach {sql_text(str(file))} as published_once (read_only)")
                try:
                    search_database(connection, "published_once", needles, f"{file} ", findings)
                finally:
                    connection.execute("detach published_once")
            elif file.suffix == ".parquet":
                relation = f"read_parquet({sql_text(str(file))})"
                search_relation(connection, relation, needles, str(file), findings)
        except duckdb.Error as error:
            findings.unread.append(f"{file}: {str(error).splitlines()[0]}")
