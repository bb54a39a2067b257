"""Where a person occurs: in tables of the warehouse, in its sources, and in files of the project.

Rows of tables are found by the columns that declare a subject. Texts, and files that are no tables,
are searched for the person's ids as whole words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from footfall.core.quoting import WORD_CHARACTERS, either_of, quoted, sql_text
from footfall.privacy.person import Person
from footfall.privacy.rows import is_linked, is_one_of, note_ids
from footfall.privacy.subjects import EITHER, ID_KINDS, Declarations, Table
from footfall.privacy.warehouse import Warehouse, relation
from footfall.publishing.contents import PublishingError
from footfall.publishing.encryption import relation_of

# Shorter ids are ordinary numbers, too: in texts they say nothing. Of acts there are many.
_SHORTEST = {"customer": 4, "device": 4, "order": 8, "review": 8, "session": 8, "event": 8}
# In texts of rows that are not the person's: what others may have written of them.
_MENTIONED = ("customer", "device", "order", "review")
# The kind under which `note_person` notes the words that texts are searched for.
_WORDS = "word"
_ALTERNATIVES = 400
_WORD = re.compile(rb"[^\s\"'`<>(){}\[\],:;=&?/\\|]{4,}")


@dataclass(frozen=True)
class Place:
    """A place where a person occurs.

    Attributes
    ----------
    medium
        ``warehouse``, ``source`` (what staging reads), ``publication``, ``input`` (a copy of a
        source file that the project made) or ``file``.
    name
        The table with its schema, or the path of the file, followed by the table within it.
    column
        The column; None for whole rows, and for files that have none.
    subject
        What the column declares: a key of `subjects.KINDS`; None where it declares nothing.
    row_count
        How many rows, or lines of a file, it occurs in.
    """

    medium: str
    name: str
    column: str | None
    subject: str | None
    row_count: int


def words_of(person: Person, kinds: Iterable[str] = tuple(_SHORTEST)) -> list[str]:
    """Return the ids of a person that texts are searched for, sorted.

    Ids of fewer than four characters, of acts of fewer than eight, are left out.
    """
    return sorted(
        {value for kind in kinds for value in person.values(kind) if len(value) >= _SHORTEST[kind]}
    )


def note_person(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Make the temporary tables that conditions on the rows of a person read."""
    ids = {kind: person.values(kind) for kind in ID_KINDS - EITHER.keys()}
    note_ids(connection, {**ids, _WORDS: words_of(person)})


def in_tables(warehouse: Warehouse, person: Person) -> list[Place]:
    """Count the rows of a person in each stored table of a warehouse, and in each column.

    A column of ids counts where it holds one of theirs; the card of a payment and a text count in
    rows of theirs, and a text in other rows where it holds an id of theirs. Tables that the project
    does not describe are searched for their ids in all columns of text.
    """
    note_person(warehouse.connection, person)
    words = words_of(person, _MENTIONED)
    found: list[Place] = []
    for (schema, name), types in warehouse.tables.items():
        table = warehouse.declared.of(schema, name)
        counts = _undeclared(types) if table is None else declared_counts(table, types, words)
        place = f"{schema}.{name}"
        found += _counted(warehouse.connection, relation(schema, name), counts, "warehouse", place)
    return found


def in_sources(warehouse: Warehouse, person: Person) -> tuple[list[Place], list[str]]:
    """Count the rows of a person that staging reads from their source.

    Returns
    -------
    tuple
        The places, and the views that could not be read, with the reason: an erasure removes the
        copies of text files that they read, and the next build makes them again.
    """
    note_person(warehouse.connection, person)
    found: list[Place] = []
    unread: list[str] = []
    for (schema, name), types in warehouse.views.items():
        table = warehouse.declared.of(schema, name)
        if not (table and name.startswith(f"stg_{person.source}__") and table.subjects):
            continue
        view = relation(schema, name)
        counts = {"": (None, is_linked(table.subjects, types) or "false")}
        try:
            found += _counted(warehouse.connection, view, counts, "source", f"{schema}.{name}")
        except duckdb.Error as error:
            unread.append(f"{view}: {str(error).splitlines()[0]}")
    return found, unread


def in_publications(
    connection: duckdb.DuckDBPyConnection,
    declared: Declarations,
    person: Person,
    folder: Path,
) -> tuple[list[Place], list[str]]:
    """Count the rows of a person in published files.

    Parameters
    ----------
    connection
        Any connection of DuckDB, which files are attached to.
    declared
        What the project declares of its marts.
    person
        The person.
    folder
        Where files are published; every DuckDB and Parquet file below it is read, those of older
        runs and of roles too.

    Returns
    -------
    tuple
        The places, and the files that could not be read, with the reason.
    """
    note_person(connection, person)
    found: list[Place] = []
    unread: list[str] = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            if file.suffix == ".duckdb":
                found += _in_database(connection, declared, file)
            elif file.suffix == ".parquet":
                table = declared.of("marts", file.stem)
                found += _in_parquet(connection, table, file, "publication", [])
        except (duckdb.Error, PublishingError) as error:
            unread.append(f"{file}: {str(error).splitlines()[0]}")
    return found, unread


def in_inputs(
    connection: duckdb.DuckDBPyConnection, person: Person, folder: Path
) -> tuple[list[Place], list[str]]:
    """Count the rows of a person in the copies of source files that the project has made.

    They have the columns of the source, of which nothing is declared: each is searched for values
    that are an id of theirs. Ids of fewer than four characters are not looked for; `in_sources`
    counts the same rows as staging reads them.
    """
    note_person(connection, person)
    found: list[Place] = []
    unread: list[str] = []
    for file in sorted(folder.glob("*.parquet")):
        try:
            found += _in_parquet(connection, None, file, "input", [])
        except duckdb.Error as error:
            unread.append(f"{file}: {str(error).splitlines()[0]}")
    return found, unread


def in_files(person: Person, folders: Iterable[Path]) -> list[Place]:
    """Count the lines with an id of a person in all files of some folders, such as target and logs.

    Files are read as bytes, whatever they hold. Links are not followed.
    """
    words = {word.encode() for word in words_of(person)}
    found = []
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            if not file.is_symlink() and (lines := sum(_lines_with(file, words))):
                found.append(Place("file", str(file), None, None, lines))
    return found


def _lines_with(file: Path, words: set[bytes]) -> Iterator[int]:
    # A word with a mark in it is not found as one piece.
    odd = [word for word in words if not _WORD.fullmatch(word)]
    with file.open("rb") as stream:
        for line in stream:
            is_found = not words.isdisjoint(_WORD.findall(line))
            yield 1 if is_found or any(word in line for word in odd) else 0


def _in_database(
    connection: duckdb.DuckDBPyConnection, declared: Declarations, file: Path
) -> list[Place]:
    found: list[Place] = []
    connection.execute(f"attach {sql_text(str(file))} as read_of_person (read_only)")
    try:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where database_name = 'read_of_person' order by all"
        ).fetchall()
        for schema, name in tables:
            table = declared.of(schema, name)
            place = f"read_of_person.{relation(schema, name)}"
            types = types_of(connection, place)
            counts = {} if table is None else declared_counts(table, types, [])
            called = f"{file} {schema}.{name}"
            found += _counted(connection, place, counts, "publication", called)
    finally:
        connection.execute("detach read_of_person")
    return found


def _in_parquet(
    connection: duckdb.DuckDBPyConnection,
    table: Table | None,
    file: Path,
    medium: str,
    words: list[str],
) -> list[Place]:
    place = relation_of(connection, file)
    types = types_of(connection, place)
    counts = _undeclared(types) if table is None else declared_counts(table, types, words)
    return _counted(connection, place, counts, medium, str(file))


def types_of(connection: duckdb.DuckDBPyConnection, place: str) -> dict[str, str]:
    """Return the types of the columns of what stands in a from clause."""
    rows = connection.execute(f"describe select * from {place}").fetchall()
    return {row[0]: row[1] for row in rows}


_Counts = Mapping[str, tuple[str | None, str]]


def declared_counts(table: Table, types: Mapping[str, str], words: list[str]) -> _Counts:
    """Return kind of subject and SQL condition of each column, and under no name that of a row.

    Parameters
    ----------
    table
        What is declared of the table.
    types
        The types of the columns that it has.
    words
        What texts are searched for.
    """
    theirs = is_linked(table.subjects, types)
    counts: dict[str, tuple[str | None, str]] = {}
    mentions = []
    for column, kind in table.subjects.items():
        if column not in types:
            continue
        if kind == "text":
            mentioned = holds_word(column, words)
            mentions.append(mentioned)
            of_theirs = f"({theirs or 'false'} and {quoted(column)} is not null)"
            counts[column] = kind, f"({of_theirs} or {mentioned})"
        elif kind == "payment":
            counts[column] = kind, f"({theirs or 'false'} and {quoted(column)} is not null)"
        else:
            counts[column] = kind, is_one_of(column, types[column], kind)
    if counts:
        counts[""] = None, f"({' or '.join([theirs or 'false', *mentions])})"
    return counts


def holds_word(column: str, words: list[str]) -> str:
    """Return SQL: whether a text or a nested value holds one of some words."""
    parts = [words[at : at + _ALTERNATIVES] for at in range(0, len(words), _ALTERNATIVES)]
    end = f"[^{WORD_CHARACTERS}]"
    patterns = [f"(^|{end})({either_of(part)})($|{end})" for part in parts]
    text = f"cast({quoted(column)} as varchar)"
    tests = [f"coalesce(regexp_matches({text}, {sql_text(one)}), false)" for one in patterns]
    return f"({' or '.join(tests)})" if tests else "false"


def _undeclared(types: Mapping[str, str]) -> _Counts:
    counts: dict[str, tuple[str | None, str]] = {
        column: (None, is_one_of(column, kind, _WORDS))
        for column, kind in types.items()
        if kind == "VARCHAR"
    }
    if counts:
        counts[""] = None, " or ".join(condition for _, condition in counts.values())
    return counts


def _counted(
    connection: duckdb.DuckDBPyConnection, place: str, counts: _Counts, medium: str, name: str
) -> list[Place]:
    if not counts:
        return []
    sums = ", ".join(
        f"cast(count(case when {condition} then 1 end) as bigint)"
        for _, condition in counts.values()
    )
    ((*numbers,),) = connection.execute(f"select {sums} from {place}").fetchall()
    return [
        Place(medium, name, column or None, kind, number)
        for (column, (kind, _)), number in zip(counts.items(), numbers, strict=True)
        if number
    ]
