"""Kinds of bad rows, all read in one file: each is taken in, or left out with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustness.checks import Check, Options, Outcome
from robustness.reading import reading

GOOD: Mapping[str, str] = {
    "customer_id": "c1",
    "event_at": "2024-03-04 09:00:00",
    "event_type": "purchase",
    "item_id": "tea",
    "quantity": "1",
    "amount": "10",
}


@dataclass(frozen=True)
class BadRow:
    """A row, and what must become of it.

    Attributes
    ----------
    name
        What is bad.
    is_taken
        Whether it is taken in.
    says
        What its reason or its notes must hold; empty where there must be neither.
    fields
        What differs from a good row.
    """

    name: str
    is_taken: bool
    says: str
    fields: Mapping[str, str]


def _out(name: str, says: str, **fields: str) -> BadRow:
    return BadRow(name, False, says, fields)


def _in(name: str, says: str = "", **fields: str) -> BadRow:
    return BadRow(name, True, says, fields)


BAD_ROWS = (
    _in("nothing bad"),
    _out("a word in a number", "amount is not a number: many", amount="many"),
    _in("NULL in a number", "a word for nothing", amount="NULL"),
    _in("NaN in a number", "a word for nothing", amount="NaN"),
    _out("infinity in a number", "amount is not a number: inf", amount="inf"),
    _out("a card number as amount", "1e12 or more", amount="4111111111111111"),
    _out("a product that overflows", "1e12", quantity="1e200", amount=""),
    _out("a negative amount", "amount is negative", amount="-10"),
    _out("a negative quantity", "quantity is negative", quantity="-1"),
    _in("money with a sign", "a sign that several currencies share", amount="$10.00"),
    _in("money with two marks", amount="1,234.50"),
    _out("money in brackets", "amount is negative", amount="(10.00)"),
    _out("a word in a time", "event_at is not a time: yesterday", event_at="yesterday"),
    _out("no time", "event_at is missing or is no time", event_at=""),
    _out(
        "a day that is none", "event_at is not a time: 2024-02-30", event_at="2024-02-30 09:00:00"
    ),
    _out("an hour that is none", "event_at is not a time", event_at="2024-02-03 25:61:00"),
    _out("letters of several zones", "BST", event_at="2024-02-03 09:00:00 BST"),
    _out("a time of 2096", "event_at is in the future", event_at="2096-02-03 09:00:00"),
    _out("a time of 1969", "event_at is before 1990-01-01", event_at="1969-12-31 09:00:00"),
    _out("a year of six digits", "event_at is not a time", event_at="294247-01-10 04:00:54"),
    _in("seconds since 1970", event_at="1709543000.5"),
    _in("a space before the offset", event_at="2024-04-01 10:04:58 +0200"),
    _out("no event type", "event_type is missing", event_type=""),
    _out("an unknown event type", "zzz is not in seeds", event_type="zzz"),
    _out("a view of nobody", "neither customer_id nor", event_type="view", customer_id=""),
    _in("an order of nobody", customer_id=""),
    _out("a customer called NULL", "neither customer_id", event_type="view", customer_id="NULL"),
    _out("a customer of zeros", "neither customer_id", event_type="view", customer_id="000"),
    _in("a customer of 10,000 letters", customer_id="x" * 10_000),
    _in("a customer that is SQL", customer_id="'; drop table events; --"),
    _in("a customer that is a macro", customer_id="{{ env_var('HOME') }}"),
    _in("an item of many scripts", item_id="чай 茶 \N{TEACUP WITHOUT HANDLE}"),
    _in("an item of two lines", item_id='green\n"tea", loose'),
    _in("an item called NULL", "a word for nothing", item_id="NULL"),
    _in("a customer in exponents", customer_id="1.7e4"),
    _out(
        "received before it happened",
        "event_at is later than received_at",
        received_at="2024-03-01 09:00:00",
    ),
    _in("a column with a name of ours", reason="because"),
    _in("a property with the name of a column", "kind", properties='{"kind": "no"}'),
    _in("properties that are no JSON", properties="{not: json"),
)


def written(rows: tuple[BadRow, ...] = BAD_ROWS) -> bytes:
    """Return a CSV of the rows; column `kind` has their names."""
    named = (name for row in rows for name in row.fields)
    columns = list(dict.fromkeys(["kind", "order_id", *GOOD, *named]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows):
        writer.writerow({"kind": row.name, "order_id": f"o{number}", **GOOD, **row.fields})
    return text.getvalue().encode()


def became_of(folder: Path, rows: tuple[BadRow, ...] = BAD_ROWS) -> dict[str, Outcome]:
    """Return what becomes of each row, by its name."""
    file = folder / "bad_rows.csv"
    file.write_bytes(written(rows))
    with reading({"custom_events_path": str(file)}) as project:
        reasons = dict(
            project.query(
                "select json_extract_string(raw_row, '$.kind'), reason"
                f" from {project.relation('int_arrivals')}"
            )
        )
        notes = dict(
            project.query(
                "select json_extract_string(raw_row, '$.kind'), coalesce(value_notes, '')"
                f" from {project.relation('stg_custom__events')}"
            )
        )
    found = {kind: (reason, notes[kind]) for kind, reason in reasons.items()}
    return {row.name: _judged(row, found.get(row.name)) for row in rows}


def _judged(row: BadRow, found: Any) -> Outcome:
    if found is None:
        return Outcome("it is not there", False)
    reason, notes = found
    said = "; ".join(text.replace("\t", " ") for text in (reason, notes) if text)
    actual = ("taken in" if reason is None else "left out") + (f": {said}" if said else "")
    right = (reason is None) == row.is_taken and (row.says in said if row.says else not said)
    return Outcome(actual[:200], right)


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each kind. All are read with the first, which has their cost."""
    found: dict[str, Outcome] = {}

    def outcome(name: str) -> Outcome:
        if not found:
            found.update(became_of(home))
        return found[name]

    for row in BAD_ROWS:
        expected = ("taken in" if row.is_taken else "left out") + (
            f": {row.says}" if row.says else ""
        )
        yield Check(row.name, expected, lambda row=row: outcome(row.name))
