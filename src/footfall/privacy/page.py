"""The rows of a person as a page that they can read, without scripts and without a network."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from footfall.privacy.export import Rows, as_value
from footfall.privacy.person import Person

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c2733; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; font-size: 13px; } .wide { overflow-x: auto; }
th, td { border: 1px solid #d5dbe1; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: #f2f5f7; } td { overflow-wrap: anywhere; } .wide td { max-width: 24rem; }
summary { cursor: pointer; } .note { color: #55626e; } dt { font-weight: 600; }
"""  # noqa: E501
# What a list of numbers, such as the state of a network, says to a reader.
_LONGEST = 400


def page_of(person: Person, tables: Sequence[Rows], made_at: datetime) -> str:
    """Return the page: a section for each table, marts open and what they are made from closed.

    Whatever is in a value is shown as text.
    """
    return "\n".join(_lines(person, tables, made_at)) + "\n"


def _lines(person: Person, tables: Sequence[Rows], made_at: datetime) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><title>Data about a person</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield '<meta name="robots" content="noindex">'
    yield f"<style>{_STYLE}</style></head><body>"
    yield "<h1>Data about a person</h1>"
    yield f"<p>All that the warehouse knew at {_shown(made_at)}. Times are in UTC.</p>"
    facts: Mapping[str, Any] = {
        "Source": person.source,
        "Id in the source": person.raw_id or "not in the files that are left",
        f"Key of the {person.kind}": person.key,
        "Devices": ", ".join(sorted(person.raw["device"])) or "none",
        "Orders": ", ".join(sorted(person.raw["order"])) or "none",
    }
    yield "<table>"
    for name, value in facts.items():
        yield f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
    yield "</table>"
    for one in person.unread:
        yield f'<p class="note">Could not be read: {escape(one)}</p>'
    for table in tables:
        is_mart = table.schema.endswith("marts")
        yield f"<section><h2>{escape(table.name)}</h2><p>{escape(table.description)}</p>"
        count = f"{len(table.rows):,} {'row' if len(table.rows) == 1 else 'rows'}"
        yield f"<details{' open' if is_mart else ''}><summary>{count}</summary>"
        yield from _one(table) if len(table.rows) == 1 else _several(table)
        yield "</details></section>"
    yield "</body></html>"


def _one(table: Rows) -> Iterator[str]:
    yield "<table><tr><th>Column</th><th>Value</th><th>Meaning</th></tr>"
    for (name, meaning), value in zip(table.columns.items(), table.rows[0], strict=True):
        yield f"<tr><th>{escape(name)}</th><td>{_shown(value)}</td><td>{escape(meaning)}</td></tr>"
    yield "</table>"


def _several(table: Rows) -> Iterator[str]:
    yield '<details><summary class="note">What the columns mean</summary><dl>'
    for name, meaning in table.columns.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>"
    yield '</dl></details><div class="wide"><table>'
    yield "<tr>" + "".join(f"<th>{escape(name)}</th>" for name in table.columns) + "</tr>"
    for row in table.rows:
        yield "<tr>" + "".join(f"<td>{_shown(value)}</td>" for value in row) + "</tr>"
    yield "</table></div>"


def _shown(value: Any) -> str:
    plain = as_value(value)
    if plain is None:
        return ""
    if isinstance(value, datetime):
        return escape(str(plain).replace("T", " ").replace("+00:00", " UTC"))
    text = f"{plain:,.6g}" if isinstance(plain, float) else str(plain)
    is_long = isinstance(plain, list) and len(text) > _LONGEST
    return escape(f"{text[:_LONGEST]} … ({len(plain)} numbers)" if is_long else text)
