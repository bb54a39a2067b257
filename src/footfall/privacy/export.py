"""Everything that a warehouse knows of a person, as data: what they may ask to see."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from footfall.core.quoting import quoted
from footfall.privacy.inventory import note_person
from footfall.privacy.person import Person
from footfall.privacy.rows import is_linked
from footfall.privacy.subjects import Table, plain_text
from footfall.privacy.warehouse import Warehouse, relation

# The first one that a table has says how new a row is.
_WHEN = (
    "event_at",
    "booked_at",
    "started_at",
    "session_started_at",
    "touched_at",
    "entered_at",
    "reviewed_at",
    "active_on",
    "snapshot_date",
    "cutoff_date",
    "period_month",
    "as_of_date",
    "received_at",
)
# Marts first: they are what people read.
_ORDER = ("marts", "scores", "intermediate")


@dataclass(frozen=True)
class Rows:
    """The rows of a person in one table.

    Attributes
    ----------
    schema
        The schema of the table.
    name
        The table.
    description
        What the table is.
    columns
        Descriptions of the columns by name, in the order of the table.
    rows
        A value for each column, the newest row first where the table has a time.
    """

    schema: str
    name: str
    description: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


def rows_of(warehouse: Warehouse, person: Person, blocks: Mapping[str, str]) -> list[Rows]:
    """Return the rows of a person in all stored tables that declare whose they are.

    Texts are as they are stored, masked. What others wrote of them is not among them, nor is what
    an unnamed device of somebody else did.

    Parameters
    ----------
    warehouse
        The warehouse; its connection has the time zone UTC.
    person
        The person.
    blocks
        The docs blocks that descriptions call.

    Returns
    -------
    list of Rows
        Marts first, then scores, then what they are made from; tables without rows are left out.
    """
    note_person(warehouse.connection, person)
    found = []
    for schema, table, types in warehouse.declared_tables():
        theirs = is_linked(table.subjects, types)
        if theirs is None:
            continue
        when = next((one for one in _WHEN if one in types), None)
        order = f" order by {quoted(when)} desc nulls last" if when else ""
        rows = warehouse.connection.execute(
            f"select * from {relation(schema, table.name)} where {theirs}{order}"
        ).fetchall()
        if rows:
            found.append(_rows(schema, table, types, rows, blocks))
    return sorted(found, key=lambda one: (_place(one.schema), one.schema, one.name))


def _place(schema: str) -> int:
    # A target other than the default one puts its name before that of the schema.
    ends = [schema.endswith(one) for one in _ORDER]
    return ends.index(True) if any(ends) else len(_ORDER)


def _rows(
    schema: str,
    table: Table,
    types: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    blocks: Mapping[str, str],
) -> Rows:
    columns = {name: plain_text(table.columns.get(name, ""), blocks) for name in types}
    return Rows(schema, table.name, plain_text(table.description, blocks), columns, rows)


def as_json(person: Person, tables: Sequence[Rows], made_at: datetime) -> str:
    """Return the rows of a person as JSON.

    Times are texts in ISO 8601 with their zone; a number that JSON does not have, such as NaN, is
    null. Bytes are hex digits.
    """
    whole = {
        "made_at": made_at.isoformat(),
        "person": {
            "source": person.source,
            "kind": person.kind,
            "id": person.raw_id,
            "key": person.key,
            "devices": sorted(person.raw["device"]),
            "orders": sorted(person.raw["order"]),
        },
        "not_read": list(person.unread),
        "tables": [
            {
                "name": f"{one.schema}.{one.name}",
                "description": one.description,
                "columns": dict(one.columns),
                "rows": [
                    dict(zip(one.columns, map(as_value, row), strict=True)) for row in one.rows
                ],
            }
            for one in tables
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def as_value(value: Any) -> Any:
    """Return a value of DuckDB as one that JSON has."""
    if isinstance(value, datetime):
        # TIMESTAMP without a zone is UTC throughout the project.
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): as_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_value(one) for one in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
