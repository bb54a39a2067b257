"""Whose a row is: conditions in SQL, by the subjects that its columns declare."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import duckdb

from footfall.core.quoting import quoted
from footfall.privacy.subjects import EITHER

#: Of these a row has one owner; of the others, such as the card of a payment, it need not.
OWNED = ("session", "order", "event", "review")


def note_ids(connection: duckdb.DuckDBPyConnection, ids: Mapping[str, Iterable[str]]) -> None:
    """Make the temporary tables `person_texts` and `person_numbers` (kind, value) of ids."""
    rows = [(kind, value) for kind, values in ids.items() for value in sorted(values)]
    connection.execute("create or replace temp table person_texts (kind varchar, value varchar)")
    connection.execute(
        "insert into person_texts select unnest($kinds), unnest($values)",
        {"kinds": [kind for kind, _ in rows], "values": [value for _, value in rows]},
    )
    connection.execute(
        "create or replace temp table person_numbers as select kind, try_cast(value as bigint) as"
        " value from person_texts where try_cast(value as bigint) is not null"
    )


def is_one_of(column: str, data_type: str, kind: str) -> str:
    """Return SQL: whether a column holds an id of the person that `note_ids` noted."""
    table = "person_numbers" if data_type in ("BIGINT", "INTEGER", "HUGEINT") else "person_texts"
    kinds = ", ".join(f"'{one}'" for one in EITHER.get(kind, (kind,)))
    return f"{quoted(column)} in (select value from {table} where kind in ({kinds}))"


def is_theirs(subjects: Mapping[str, str], types: Mapping[str, str]) -> str | None:
    """Return SQL: whether a row belongs to the person, by its customer, visitor or device.

    A device may be shared: its row belongs to the customer that it names, if it names one.

    Parameters
    ----------
    subjects
        Kinds of subjects by column.
    types
        Types of the columns that the table has.
    """
    by_kind: dict[str, list[str]] = defaultdict(list)
    for column, kind in subjects.items():
        if column in types:
            by_kind[kind].append(column)
    named = [
        is_one_of(column, types[column], kind)
        for kind in ("customer", "visitor")
        for column in by_kind[kind]
    ]
    if by_kind["visitor"]:
        return f"({' or '.join(named)})"
    nobody = "".join(f" and {quoted(column)} is null" for column in by_kind["customer"])
    named += [f"({is_one_of(one, types[one], 'device')}{nobody})" for one in by_kind["device"]]
    return f"({' or '.join(named)})" if named else None


def is_linked(subjects: Mapping[str, str], types: Mapping[str, str]) -> str | None:
    """Return SQL: whether a row belongs to the person, by what they did as well."""
    by_owner = is_theirs(subjects, types)
    found = [by_owner] if by_owner else []
    found += [
        is_one_of(column, types[column], kind)
        for column, kind in subjects.items()
        if kind in (*OWNED, "writing") and column in types
    ]
    return f"({' or '.join(found)})" if found else None
