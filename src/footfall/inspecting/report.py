"""What an inspection has found, as lines to print and as a mapping file to begin with."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from footfall.builds.rejections import is_of_a_word
from footfall.builds.sources import absolute_path, sources
from footfall.inspecting.entities import entity_lines
from footfall.inspecting.inputs import MOST_ROWS, files_of
from footfall.inspecting.inspection import EventName, Found, Input
from footfall.inspecting.layouts import (
    PURCHASE,
    REFUND,
    files_by_type,
    known,
    spelled,
)

_WIDEST = 28
_SHOWN_CURRENCIES = 10
_PLAIN = re.compile(r"[A-Za-z_][\w./ -]*", re.ASCII)
_YAML_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"))


def lines_of(found: Found, given: Input) -> list[str]:
    """Return the report."""
    lines = ["", *_input(found, given), "", *_columns(found)]
    if found.entity is not None:
        named = {held.lower() for held in found.entity.columns.values()}
        others = [one.name for one in found.columns if one.name.lower() not in named]
        return [*lines, "", *entity_lines(found.entity, given.name, others)]
    if found.problem:
        return [*lines, "", "  It cannot be read as it is:", *_indented(found.problem)]
    lines += ["", "  Ten rows as they would be read", *_table(found.read_columns, found.read_rows)]
    lines += ["", *_names(found.names), "", *_times(found), "", *_money(found), "", *_ids(found)]
    if found.notes:
        lines += ["", "  Values that are not taken as they come"]
        lines += [
            f"    {column:<16} {count:>9,}  {reason}{f' ({example})' if example else ''}"
            for column, reason, count, example in found.notes
        ]
    return [*lines, "", *_rejections(found)]


def _input(found: Found, given: Input) -> list[str]:
    lines = [f"  {given.name}"]
    head = given.head
    rows = f"{found.row_count:,} rows"
    if head is None:
        lines.append(f"    a relation; {rows} were looked at")
    else:
        files = f"{head.file_count:,} file{'s' if head.file_count != 1 else ''}"
        size = f"{head.byte_count / 1e6:,.1f} MB"
        part = "all of them" if head.is_whole and found.row_count < MOST_ROWS else "the first ones"
        lines.append(f"    {files}, {size}; {rows} were looked at, {part}")
    if found.layout is not None:
        lines.append(f"    looks like {found.layout.title} (source {found.layout.source})")
        if found.layout.advice:
            lines.append(f"    {found.layout.advice}")
    else:
        lines.append("    no layout that is known by name")
    if found.columns and not found.row_count:
        lines.append("    a header and no rows")
    return lines


def _columns(found: Found) -> list[str]:
    mapped: dict[str, list[str]] = {}
    columns: Mapping[str, str | Sequence[str]] = (
        found.proposal.columns if found.proposal is not None else _of_mapping(found)
    )
    if found.entity is not None:
        columns = found.entity.columns
    for name, held in columns.items():
        for column in spelled(held):
            mapped.setdefault(column.lower(), []).append(name)
            if column.partition(".")[0] != column:
                mapped.setdefault(column.partition(".")[0].lower(), []).append(f"{name} ({column})")
    rows = [
        [
            column.name,
            column.kind,
            f"{column.filled_count:,}",
            column.example,
            ", ".join(mapped.get(column.name.lower(), [])),
        ]
        for column in found.columns
    ]
    return ["  Columns", *_table(["column", "type", "filled", "example", "read as"], rows)]


def _of_mapping(found: Found) -> dict[str, str | Sequence[str]]:
    if found.source != "custom":
        return {}
    named = (found.variables.get("custom_columns") or {}).get("events") or {}
    own = {one.name.lower() for one in found.columns} & known().spellings.keys() - named.keys()
    return {name: name for name in sorted(own)} | named


def _names(names: Sequence[EventName]) -> list[str]:
    rows = []
    for one in names:
        if one.event_type is None:
            meaning = "no event of the journey: its rows are rejected with that reason"
        elif one.is_known:
            meaning = one.event_type
        elif one.proposal is not None:
            alike = "" if is_of_a_word(one.proposal) else f", as '{one.proposal[0]}' is"
            meaning = f"UNKNOWN: is it {one.proposal[1]}{alike}?"
        else:
            meaning = "UNKNOWN: name an event type in custom_event_names"
        rows.append([one.name, f"{one.row_count:,}", meaning])
    return ["  Event names", *_table(["name", "rows", "read as"], rows, widest=70)]


def _times(found: Found) -> list[str]:
    (total, read, first, last) = found.times[0]
    column = _column_of(found, "event_at")
    example = next((one.example for one in found.columns if one.name == column), "")
    zone = (
        "with an offset"
        if re.search(r"(Z|[+-]\d\d:?\d\d|UTC|GMT)\s*$", example)
        or "TIME ZONE" in _kind(found, column)
        else f"without an offset: {_clock(found)}"
    )
    return [
        "  Times",
        f"    {read:,} of {total:,} were read; the first is {first}, the last {last} (UTC)",
        *([f"    written as {example}, {zone}"] if example else []),
        *(f"    {column} is read as {form}" for column, form in sorted(found.formats.items())),
    ]


def _clock(found: Found) -> str:
    clock = "custom_times_without_offset_are"
    if found.source != "custom":
        return "read as UTC"
    if found.variables.get(clock) == "shop":
        return f"read as time of {found.variables.get('shop_time_zone')} (var {clock})"
    return f"read as UTC (var {clock})"


def _kind(found: Found, column: str) -> str:
    return next((one.kind for one in found.columns if one.name == column), "")


def _column_of(found: Found, name: str) -> str:
    columns = found.proposal.columns if found.proposal is not None else _of_mapping(found)
    return spelled(columns.get(name, name))[0]


def _money(found: Found) -> list[str]:
    rows = [
        [name, f"{count:,}", *("" if one is None else f"{one:,.2f}" for one in figures)]
        for name, count, *figures in found.money
    ]
    shown = ", ".join(found.currencies[:_SHOWN_CURRENCIES]) or "none is named"
    others = len(found.currencies) - _SHOWN_CURRENCIES
    currencies = f"{shown} and {others:,} more" if others > 0 else shown
    return [
        "  Money",
        *_table(["column", "filled", "least", "most", "sum"], rows),
        *(
            f"    left out: {count:,} {what}, {priced:,} of them with an amount,"
            f" {amount or 0:,.2f} in all"
            for what, count, priced, amount in found.left_out
        ),
        f"    currency: {currencies}",
    ]


def _ids(found: Found) -> list[str]:
    rows = [[name, f"{distinct:,}", f"{empty:,}"] for name, distinct, empty in found.ids]
    return ["  Ids", *_table(["column", "distinct", "empty"], rows)]


def _rejections(found: Found) -> list[str]:
    if not found.rejections:
        return ["  No row is rejected"]
    lines = ["  Rejected rows"]
    *_, reason_count, row_count = found.rejections[0]
    others = reason_count - len(found.rejections)
    for reason, count, raw_row, *_ in found.rejections:
        lines += [
            f"    {count:>9,}  {reason}",
            f"               such as {_cut(raw_row or '', 100)}",
        ]
    if others:
        rest = row_count - sum(count for _, count, *_ in found.rejections)
        lines.append(f"    {rest:>9,}  for {others:,} further reason{'s' if others > 1 else ''}")
    return lines


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], widest: int = _WIDEST) -> list[str]:
    cells = [[_cut(str(cell), widest) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    return [
        "    "
        + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _cut(text: str, width: int) -> str:
    # What a file holds may not move the cursor of a terminal.
    shown = "".join(mark if mark.isprintable() else " " for mark in text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]


def build_command(found: Found, given: Input, out: Path, database: str) -> str:
    """Return the command that builds with a mapping; a relation is read in its own warehouse."""
    words = [f"make build SOURCE={found.source} MAPPING={shlex.quote(str(out))}"]
    if given.head is None:
        words.insert(0, f"FOOTFALL_DB={shlex.quote(database)}")
    return " ".join(words)


def mapping_text(found: Found, given: Input, place: str, command: str) -> str:
    """Return a mapping file to begin with.

    Parameters
    ----------
    found, given
        What was found in which input.
    place
        The input as it is found from anywhere: an absolute path, or a relation.
    command
        What builds with it.
    """
    source = sources()[found.source]
    first = source.inputs[0]
    var = first.replaced_by if given.head is None and first.replaced_by else first.var
    lines = [
        f"# How {_comment(given.name)} is read. Correct what is wrong, then build:",
        f"#   {_comment(command)}",
        f"footfall_source: {found.source}",
    ]
    proposal = found.proposal
    # Refunds that name orders alone are read next to these.
    is_of_orders = proposal is not None and proposal.names_orders_alone and var == first.var
    if is_of_orders:
        lines += [
            f"{var}:",
            "  # purchase: …    # the file of the orders, whose buyers these refunds are",
            f"  refund: {_scalar(place)}",
        ]
    elif found.paths:
        by_type = files_by_type(files_of(given.name))
        lines.append(f"{var}:    # by the names of the files")
        for event_type, files in by_type.items():
            listed = ", ".join(_scalar(absolute_path(file)) for file in files)
            lines.append(f"  {event_type}: [{listed}]")
    else:
        lines.append(f"{var}: {_scalar(place)}")
    if proposal is not None:
        renamed = {name: column for name, column in proposal.columns.items() if name != column}
        if renamed or proposal.missing:
            # Nothing may follow on these lines: what is filled in below them would be no YAML.
            lines += ["custom_columns:", "  events:"]
        for name in proposal.missing:
            why = "a column of the file of the orders" if is_of_orders else "name it"
            lines.append(f"    # {name}: …    # no column was recognised: {why}")
        for name, column in renamed.items():
            others = proposal.others.get(name)
            hint = f"    # or: {_comment(', '.join(others))}" if others else ""
            texts = [_scalar(one) for one in spelled(column)]
            shown = f"[{', '.join(texts)}]" if texts[1:] else texts[0]
            lines.append(f"    {name}: {shown}{hint}")
        if proposal.event_type and not is_of_orders:
            other = PURCHASE if proposal.event_type == REFUND else REFUND
            why = f"no column names the event, or {other}"
            lines.append(f"custom_event_type: {proposal.event_type}    # {why}")
        lines += [
            f"{name}: {value}"
            for name, value in proposal.variables.items()
            if name != "custom_event_names"
        ]
    lines += _name_lines(found)
    if found.problem:
        lines += ["# It cannot be read as it is:", *_commented(found.problem)]
    return "\n".join(lines) + "\n"


def _commented(text: str) -> list[str]:
    return [f"#   {_comment(line)}" for line in text.splitlines()]


def _name_lines(found: Found) -> list[str]:
    unknown = [one for one in found.names if not one.is_known]
    given = {} if found.proposal is None else found.proposal.variables.get("custom_event_names")
    if not unknown and not given:
        return []
    # What a word may mean is for a person to say: of it nothing is read as long as it is a comment.
    active = [one for one in unknown if one.proposal and not is_of_a_word(one.proposal)]
    lines = ["custom_event_names:"]
    lines += [f"  {_scalar(name)}: {to or 'null'}" for name, to in (given or {}).items()]
    for one in active:
        assert one.proposal is not None
        alike, event_type = one.proposal
        lines.append(
            f"  {_scalar(one.name)}: {event_type}    # {one.row_count:,} rows; proposed, as"
            f" '{_comment(alike)}' is"
        )
    lines += [
        f"  # {_comment(_scalar(one.name))}: {one.proposal[1] if one.proposal else '…'}"
        f"    # {one.row_count:,} rows; {'perhaps; or ' if one.proposal else ''}an event type, or"
        " null for what is no event of the journey"
        for one in unknown
        if one not in active
    ]
    return lines


def _scalar(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in _YAML_WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=True)


def _comment(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text)
