"""What a build leaves of somebody who was erased: logs of what left, and the numbers of their ids.

Incremental tables find their place by these logs, so they are cleared only when a whole build has
brought everything up to date. A row of a log stays, empty, where its time says how far a run came.
"""

from collections.abc import Collection, Mapping, Sequence

import duckdb

from footfall.core.quoting import quoted
from footfall.privacy.proof import named
from footfall.privacy.warehouse import Warehouse, relation

_SCHEMA = "intermediate"
# Rows go, and so does what is noted of their number: the next build would make the table again.
_DELETED = {
    "int_order_decisions": "(source, event_id) in (select source, event_id from erased_events)"
    " or customer_no in (select number from erased_numbers)"
    " or anonymous_no in (select number from erased_numbers)",
    "int_repeated_events": "(source, event_id) in (select source, event_id from erased_events)"
    " and (source, event_id) not in (select source, event_id from int_accepted_events)",
    "int_identity_keys": "identity_no in (select number from erased_numbers)",
}


def clear_traces(connection: duckdb.DuckDBPyConnection, numbers: Collection[int]) -> dict[str, int]:
    """Clear the logs of a warehouse of people who were erased, in one transaction.

    Parameters
    ----------
    connection
        To the warehouse, after a whole build that succeeded.
    numbers
        The numbers of their customer ids and devices, `identity_no`. A device with events of others
        keeps its number.

    Returns
    -------
    dict
        How many rows were deleted or emptied, by the name of the table.
    """
    connection.execute("begin transaction")
    try:
        connection.execute(f"use {_SCHEMA}")
        connection.execute(
            "create or replace temp table erased_numbers as"
            " select number from (select unnest($numbers) as number) where number not in"
            " (select anonymous_no from int_accepted_events where anonymous_no is not null"
            " union all select customer_no from int_accepted_events where customer_no is not null)",
            {"numbers": sorted(numbers)},
        )
        connection.execute(
            "create or replace temp table erased_events as"
            " select distinct source, event_id from int_withdrawn_events"
            " where reason = 'erased' and event_id is not null"
        )
        cleared = {
            table: _count(connection, f"delete from {table} where {condition}")
            for table, condition in _DELETED.items()
        }
        for table in _DELETED:
            connection.execute(
                f"update table_versions set row_count = (select count(*) from {table})"
                " where schema_name = $schema and table_name = $table",
                {"schema": _SCHEMA, "table": table},
            )
        cleared["int_withdrawn_events"] = _count(
            connection,
            "update int_withdrawn_events set event_id = null, visitor_no = null,"
            " customer_no = null, anonymous_no = null, order_id = null, event_at = null,"
            " received_at = date_trunc('day', received_at)"
            " where (reason = 'erased' and event_id is not null)"
            " or visitor_no in (select number from erased_numbers)"
            " or customer_no in (select number from erased_numbers)"
            " or anonymous_no in (select number from erased_numbers)",
        )
        cleared["int_touched_visitors"] = _count(
            connection,
            "update int_touched_visitors set visitor_no = null, touched_from = null,"
            " left_until = null where visitor_no in (select number from erased_numbers)",
        )
        connection.execute("commit")
    except duckdb.Error:
        connection.execute("rollback")
        raise
    return cleared


def _held(
    connection: duckdb.DuckDBPyConnection, place: str, column: str, words: Sequence[str]
) -> list[str]:
    """Return those of some words that a column holds, in one reading."""
    if not words:
        return []
    held = ", ".join(f"bool_or(contains({column}, ${at}))" for at in range(1, len(words) + 1))
    ((*found,),) = connection.execute(f"select {held} from {place}", list(words)).fetchall()
    return [word for word, is_held in zip(words, found, strict=True) if is_held]


def _count(
    connection: duckdb.DuckDBPyConnection, statement: str, given: Mapping[str, str] | None = None
) -> int:
    ((count,),) = connection.execute(statement, dict(given or {})).fetchall()
    return int(count)


def clear_mentions(
    warehouse: Warehouse, words: Collection[str], ordinary: Sequence[str] = ()
) -> int:
    """Take texts out of rows of others, or of broken rows, that hold one of some ids.

    Only columns that declare to hold texts are changed: a key that is left elsewhere is to be
    found, not hidden. A raw row goes as a whole; elsewhere the id alone is replaced. They come in
    again if a full refresh reads them again in the source. Ids that other things have as well are
    taken out where the text says that they are those of a person.

    Returns
    -------
    int
        How many values were changed.
    """
    count = 0
    for schema, table, types in warehouse.declared_tables():
        for column, kind in table.subjects.items():
            if kind != "text" or types.get(column) not in ("VARCHAR", "JSON"):
                continue
            name, place = quoted(column), relation(schema, table.name)
            for word in _held(warehouse.connection, place, name, sorted(words)):
                cleared = "null" if column == "raw_row" else f"replace({name}, $word, '[erased]')"
                count += _count(
                    warehouse.connection,
                    f"update {place} set {name} = {cleared} where contains({name}, $word)",
                    {"word": word},
                )
            if ordinary:
                pattern = {"pattern": named(ordinary)}
                cleared = (
                    "null"
                    if column == "raw_row"
                    else f"regexp_replace({name}, $pattern, '\\1[erased]\\2', 'g')"
                )
                count += _count(
                    warehouse.connection,
                    f"update {place} set {name} = {cleared} where regexp_matches({name}, $pattern)",
                    pattern,
                )
    return count
