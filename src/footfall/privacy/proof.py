"""Whether anything is left of somebody: all values of all tables are read, and all bytes of files.

Values are read because files are compressed: bytes alone would not show them.
"""

import mmap
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from footfall.core.quoting import WORD_CHARACTERS, either_of, quoted, sql_text
from footfall.privacy.person import Person, key_of, number_of
from footfall.privacy.subjects import Declarations
from footfall.publishing.contents import SCHEMA, PublishingError
from footfall.publishing.encryption import relation_of

_KEY_DIGITS = 64
_KEY = re.compile(rf"[0-9a-f]{{{_KEY_DIGITS}}}")
# Shorter ids, and longer ones of digits alone, are other things as well: prices, codes of items.
# They are looked for as whole words, in columns that declare that people may stand in them.
_SHORTEST = 6
_SHORTEST_NUMBER = 9
_OWNERS = frozenset({"customer", "device", "visitor"})
# A word ends where no letter, digit or underscore follows, nor a mark that joins it to more: 42.5.
_BEFORE = rf"(^|[^{WORD_CHARACTERS}.,-])"
_AFTER = rf"($|[^{WORD_CHARACTERS}.,-]|[.,-]($|[^{WORD_CHARACTERS}]))"
# What says that the word behind it is the id of a person: customer 42, "userId": "42".
_NAMED = (
    "((?i:customer|client|user|member|visitor|shopper|account|person|device|cookie)"
    r"[ _-]?(?i:id|no|nr|number|key)?[\"']*\s*[:=#]?\s*[\"']*)"
)
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
    words
        Ids that are short, or numbers: other things have them as well. They are found by their keys
        and numbers, and as whole words.
    """

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    words: tuple[str, ...] = ()


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
    possible
        Places where an ordinary id stands as a word in a text, which says nothing of whose it is.
    unsearched_column_count
        Columns of texts that were not searched for ordinary ids: they declare nobody, and hold
        codes, names and ids of other things.
    """

    table_count: int = 0
    column_count: int = 0
    value_count: int = 0
    file_count: int = 0
    byte_count: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    possible: dict[str, int] = field(default_factory=dict)
    unsearched_column_count: int = 0


def needles_of(person: Person, secret: str, shared_numbers: Iterable[int] = ()) -> Needles:
    """Return what must not be found of a person any more.

    Parameters
    ----------
    person
        The person as the warehouse knew them.
    secret
        The main key, which says what keys the ids of devices have.
    shared_numbers
        Numbers of devices that stay because others were logged in on them; neither they nor their
        keys and ids are looked for.
    """
    shared = set(shared_numbers)
    keys = {
        value
        for kind in ("customer", "device")
        for value in person.ids[kind]
        if _KEY.fullmatch(value) and number_of(value) not in shared
    }
    raw = person.raw["customer"] | {
        device
        for device in person.raw["device"]
        if number_of(key_of(secret, person.source, "device", device)) not in shared
    }
    specific = {value for value in raw if _is_specific(value)}
    return Needles(
        texts=tuple(sorted(keys | specific)),
        numbers=tuple(sorted(map(number_of, keys))),
        words=tuple(sorted(raw - specific)),
    )


def _is_specific(value: str) -> bool:
    return len(value) >= (_SHORTEST_NUMBER if value.isdigit() else _SHORTEST)


def search_database(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    needles: Needles,
    called: str,
    findings: Findings,
    declared: Declarations,
) -> None:
    """Read all values of all stored tables of an attached database."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $database"
        " and not temporary order by all",
        {"database": database},
    ).fetchall()
    for schema, table in tables:
        place = f"{quoted(database)}.{quoted(schema)}.{quoted(table)}"
        search_relation(
            connection,
            place,
            needles,
            f"{called}{schema}.{table}",
            findings,
            subjects_of(declared, schema, table),
        )


def subjects_of(declared: Declarations, schema: str, table: str) -> Mapping[str, str]:
    """Return what the columns of a table declare; nothing of one that is not described."""
    found = declared.of(schema, table)
    return {} if found is None else found.subjects


def search_relation(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    needles: Needles,
    called: str,
    findings: Findings,
    subjects: Mapping[str, str],
) -> None:
    """Read all values of a relation."""
    columns = connection.execute(f"describe select * from {relation}").fetchall()
    conditions = {
        name: condition
        for name, kind, *_ in columns
        if (condition := _condition(quoted(name), kind, needles, subjects.get(name)))
    }
    bare = {
        name: _perhaps(f"cast({quoted(name)} as varchar)", needles.words)
        for name, kind, *_ in columns
        if needles.words and is_text(kind) and subjects.get(name) == "text"
    }
    counts = "".join(
        f", count(case when {condition} then 1 end)"
        for condition in (*conditions.values(), *bare.values())
    )
    ((row_count, *numbers),) = connection.execute(
        f"select count(*){counts} from {relation}"
    ).fetchall()
    findings.table_count += 1
    findings.column_count += len(columns)
    findings.value_count += int(row_count) * len(columns)
    if needles.words:
        findings.unsearched_column_count += sum(
            is_text(kind) and subjects.get(name) not in (*_OWNERS, "text")
            for name, kind, *_ in columns
        )
    for name, number in zip(conditions, numbers, strict=False):
        if number:
            findings.hits[f"{called}.{name}"] = int(number)
    for name, number in zip(bare, numbers[len(conditions) :], strict=True):
        if number:
            findings.possible[f"{called}.{name}"] = int(number)


def is_text(kind: str) -> bool:
    """Return whether a column of a type may hold texts, in nested values too."""
    return kind not in _WHOLE_NUMBERS and not _OTHERS.fullmatch(kind)


def _perhaps(text: str, words: Sequence[str]) -> str:
    return f"({holds_word(text, words)} and not regexp_matches({text}, {sql_text(named(words))}))"


def holds_word(text: str, words: Sequence[str]) -> str:
    """Return SQL: whether a text holds one of some words as a whole word."""
    return f"regexp_matches({text}, {sql_text(f'{_BEFORE}({either_of(words)}){_AFTER}')})"


def named(words: Sequence[str]) -> str:
    """Return a pattern of one of some words behind what says that it is the id of a person.

    Its first group is what stands before the word, its second what ends it.
    """
    return f"{_NAMED}(?:{either_of(words)}){_AFTER}"


def _condition(column: str, kind: str, needles: Needles, subject: str | None) -> str:
    """Return SQL: whether a value holds what is looked for; empty where its type cannot."""
    if kind in _WHOLE_NUMBERS:
        return f"{column} in ({', '.join(map(str, needles.numbers))})" if needles.numbers else ""
    if _OTHERS.fullmatch(kind):
        return ""
    # Of a blob the text shows what is ASCII in it.
    text = f"cast({column} as varchar)"
    tests = []
    if needles.words and subject in _OWNERS:
        tests.append(f"{text} in ({', '.join(map(sql_text, needles.words))})")
    if needles.words and subject == "text":
        tests.append(f"regexp_matches({text}, {sql_text(named(needles.words))})")
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
    declared: Declarations,
) -> None:
    """Read all values of published DuckDB and Parquet files."""
    for file in _files(files):
        try:
            if file.suffix == ".duckdb":
                connection.execute(f"attach {sql_text(str(file))} as published_once (read_only)")
                try:
                    search_database(
                        connection, "published_once", needles, f"{file} ", findings, declared
                    )
                finally:
                    connection.execute("detach published_once")
            elif file.suffix == ".parquet":
                search_relation(
                    connection,
                    relation_of(connection, file),
                    needles,
                    str(file),
                    findings,
                    subjects_of(declared, SCHEMA, file.stem),
                )
        except (duckdb.Error, PublishingError) as error:
            findings.unread.append(f"{file}: {str(error).splitlines()[0]}")
