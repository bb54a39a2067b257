"""Delimited text and text of fixed widths: each line becomes a row, or says why it can't."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

import pyarrow as pa

from footfall.adapter.arrow_columns import numbers_of, texts_of
from footfall.adapter.lines import (
    MAX_LINE_BYTES,
    MAX_LINE_MB,
    UTF_8,
    Lines,
    TooLong,
    decode,
    line_blocks,
    not_text,
    shown,
)

LINE_NUMBER = "footfall_line_number"
LINE_PROBLEM = "footfall_line_problem"
LINE_TEXT = "footfall_line_text"

# A quoted value may run over this many lines before its opening quote counts as a mistake.
_MAX_LINES_IN_VALUE = 5000
# A value of more lines than this is doubted: a quote that nobody closed looks the same, until a
# quote somewhere below happens to close it.
_LINES_BEYOND_DOUBT = 20
_LINES_WITH_ODD_QUOTES = 200
# Lines that are tried in one go; only where one of them is odd are they looked at one by one.
_LINES_AT_ONCE = 4096
_TOO_LONG = f"a line of more than {MAX_LINE_MB} MB"
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Layout:
    """What a file does not say of itself.

    Attributes
    ----------
    kind
        text, json or parquet.
    names
        Names of its columns, where it has no header; else empty.
    widths
        Characters of each column, where no mark separates them; else empty.
    encoding
        How its characters are written.
    """

    kind: str = "text"
    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    encoding: str = UTF_8

    @classmethod
    def of(cls, written: str) -> "Layout":
        """Read a layout from JSON."""
        read = json.loads(written)
        return cls(
            read["kind"],
            tuple(read.get("names") or ()),
            tuple(read.get("widths") or ()),
            read.get("encoding") or UTF_8,
        )


@dataclass
class Rows:
    """The rows of one block: fields, or the text of the line and what is wrong with it."""

    fields: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)


def read(source: Path, stream: IO[bytes], layout: Layout) -> tuple[list[str], Iterator[Rows]]:
    """Read a file: the names of its columns, and its rows, a few megabytes at a time.

    Parameters
    ----------
    source
        The file, for messages.
    stream
        Its bytes from the beginning, decompressed.
    layout
        What it does not say of itself.

    Raises
    ------
    ValueError
        It has no header line, one that is not written in its encoding, is UTF-16, or ends its lines
        by carriage returns alone.
    """
    # The limit is the module's, not the reader's; free text may be longer than its 128 KiB.
    csv.field_size_limit(sys.maxsize)
    encoding = layout.encoding
    header, header_lines, delimiter = _header(source, stream, encoding)
    names = list(layout.names)
    # Without a header, the first line is a row.
    first = [header] if names else []
    if not names and layout.widths:
        names = column_names(_cut(header, layout.widths))
    elif not names:
        delimiter = delimiter or max(_DELIMITERS, key=header.count)
        names = column_names(next(csv.reader([header], delimiter=delimiter)))
    elif not layout.widths:
        delimiter = delimiter or _delimiter_of(header, len(names))
    lines_before = header_lines - len(first)
    if layout.widths:
        return names, _fixed_blocks(stream, layout.widths, first, lines_before, encoding)
    return names, _blocks(stream, delimiter, len(names), first, lines_before, encoding)


def _header(source: Path, stream: IO[bytes], encoding: str) -> tuple[str, int, str]:
    """Return the first line with text, its number, and the delimiter where Excel names it first."""
    delimiter = ""
    lines = iter(partial(stream.readline, MAX_LINE_BYTES), b"")
    for number, raw in enumerate(lines, start=1):
        if len(raw) >= MAX_LINE_BYTES:
            raise ValueError(
                f"{source} has a first line of more than {MAX_LINE_MB} MB: it is no table, or "
                "its lines have no ends."
            )
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4]:
            raise ValueError(f"{source} is UTF-16: save it as UTF-8.")
        if b"\r" in raw.rstrip(b"\r\n"):
            raise ValueError(
                f"{source} ends its lines by carriage returns alone: save it with the line ends of "
                "Unix or Windows."
            )
        header = decode(raw.removeprefix(b"\xef\xbb\xbf"), encoding)
        if broken := not_text(header, encoding):
            raise ValueError(
                f"Line {number} of {source}, which names its columns: {broken}. Save it as UTF-8,"
                " or name its encoding in var custom_encoding, such as windows-1252."
            )
        if number == 1 and header.lower().startswith("sep=") and len(header) == len("sep=;"):
            delimiter = header[-1]
        elif header:
            return header, number, delimiter
    raise ValueError(f"{source} is empty: its first line must name the columns.")


def _delimiter_of(line: str, width: int) -> str:
    """Return the delimiter that gives a line its number of fields, or the most frequent one."""
    fitting = [each for each in _DELIMITERS if line.count(each) == width - 1]
    return fitting[0] if fitting else max(_DELIMITERS, key=line.count)


def _cut(line: str, widths: Sequence[int]) -> list[str]:
    """Return the fields of a line whose columns have fixed widths, and what is left over."""
    fields, place = [], 0
    for width in widths:
        fields.append(line[place : place + width].strip())
        place += width
    rest = line[place:].strip()
    return [*fields, rest] if rest else fields


def _fixed_blocks(
    stream: IO[bytes], widths: Sequence[int], first: list[str], lines_before: int, encoding: str
) -> Iterator[Rows]:
    """Return the rows of a file of fixed widths, in order, a few megabytes at a time."""
    for lines in chain([Lines(first)], line_blocks(stream, encoding)):
        rows = Rows()
        for line in lines:
            lines_before += 1
            if not line.strip():
                continue
            fields = _cut(line, widths)
            problem = None
            if isinstance(line, TooLong):
                problem = _TOO_LONG
            elif len(fields) > len(widths):
                problem = f"{len(line)} characters where its columns have {sum(widths)}"
            _keep(rows, line, fields[: len(widths)], lines_before, len(widths), problem)
        if not lines.is_sound:
            _set_aside(rows, " ", encoding)
        if rows.fields:
            yield rows


def column_names(header: Sequence[str]) -> list[str]:
    """Return column names: unnamed ones by place, those that share a name (in any case) numbered.

    Of two columns `amount`, neither keeps the name: which of them is meant, nobody can know.
    """
    texts = [text.strip() or f"column_{place}" for place, text in enumerate(header, start=1)]
    shared = Counter(text.lower() for text in texts)
    copies: Counter[str] = Counter()
    names: list[str] = []
    for text in texts:
        copies[text.lower()] += 1
        is_shared = shared[text.lower()] > 1
        names.append(f"{text} ({copies[text.lower()]})" if is_shared else text)
    return unlike(names)


def unlike(names: Sequence[str]) -> list[str]:
    """Return names of which no two are alike in lower case, ours included: later ones numbered."""
    kept: list[str] = []
    taken = {LINE_NUMBER, LINE_PROBLEM, LINE_TEXT}
    for base in names:
        name, copy = base, 1
        while name.lower() in taken:
            copy += 1
            name = f"{base}_{copy}"
        taken.add(name.lower())
        kept.append(name)
    return kept


def _set_aside(rows: Rows, delimiter: str, encoding: str) -> None:
    """Say of rows with bytes that are no characters that they cannot be read."""
    for place, fields in enumerate(rows.fields):
        text = rows.texts[place] or delimiter.join(fields)
        problem = not_text(text, encoding)
        if problem:
            rows.problems[place] = rows.problems[place] or problem
            rows.texts[place] = shown(text)
            rows.fields[place] = [""] * len(fields)


def _blocks(
    stream: IO[bytes],
    delimiter: str,
    width: int,
    first: list[str],
    lines_before: int,
    encoding: str,
) -> Iterator[Rows]:
    """Return the rows of the file, in order, a few megabytes at a time."""
    waiting = list(first)
    blocks = line_blocks(stream, encoding)
    is_sound = True
    while True:
        lines = next(blocks, None)
        # Once false it stays so: a value may go on in the next lines.
        is_sound = is_sound and (lines is None or lines.is_sound)
        too_long = [line for line in lines or () if type(line) is TooLong]
        waiting.extend([] if too_long else lines or ())
        rows = Rows()
        # No value goes on beyond a line that is left out.
        is_last = lines is None or bool(too_long)
        used = _parse(waiting, delimiter, width, lines_before, rows, is_last=is_last)
        del waiting[:used]
        lines_before += used
        for line in too_long:
            lines_before += 1
            _keep(rows, line, [], lines_before, width, _TOO_LONG)
        if not is_sound:
            _set_aside(rows, delimiter, encoding)
        if rows.fields:
            yield rows
        if lines is None:
            return


def _parse(
    lines: list[str], delimiter: str, width: int, lines_before: int, rows: Rows, *, is_last: bool
) -> int:
    """Turn lines into rows; the number of lines used. The rest may belong to a longer value."""
    place = 0
    while place < len(lines):
        chunk = lines[place : place + _LINES_AT_ONCE]
        try:
            parsed = list(csv.reader(chunk, delimiter=delimiter, strict=True))
        except csv.Error:
            parsed = []
        if len(parsed) == len(chunk):
            if all(len(values) == width for values in parsed):
                rows.fields.extend(parsed)
                rows.numbers.extend(
                    range(lines_before + place + 1, lines_before + place + len(chunk) + 1)
                )
                rows.problems.extend([None] * len(chunk))
                rows.texts.extend([None] * len(chunk))
            else:
                for offset, values in enumerate(parsed):
                    _keep(rows, chunk[offset], values, lines_before + place + offset + 1, width)
            place += len(chunk)
            continue
        stop = place + len(chunk)
        while place < stop:
            line, used, problem = lines[place], 1, None
            if '"' not in line:
                values = line.split(delimiter)
            else:
                if not is_last and place + _MAX_LINES_IN_VALUE > len(lines):
                    return place
                values, used, problem = _parse_quoted(lines, place, delimiter, width)
            _keep(rows, line, values, lines_before + place + 1, width, problem)
            place += used
    return place


def _keep(
    rows: Rows, line: str, values: list[str], number: int, width: int, problem: str | None = None
) -> None:
    """Add one record to the rows; blank lines are not records."""
    if len(values) != width or problem:
        if not line.strip():
            return
        if len(values) > width and any(value.strip() for value in values[width:]):
            problem = f"{len(values)} fields where the header has {width}"
        if problem:
            values = []
        values = values[:width] + [""] * (width - len(values))
    rows.fields.append(values)
    rows.numbers.append(number)
    rows.problems.append(problem)
    rows.texts.append(line if problem else None)


def _parse_quoted(
    lines: list[str], place: int, delimiter: str, width: int
) -> tuple[list[str], int, str | None]:
    """Return the fields of a record that starts with a quote, the lines it takes, its problem."""
    first = lines[place]
    try:
        return _strict(first, delimiter), 1, None
    except csv.Error:
        pass
    # A value with line breaks: strict parsing must succeed once the line with its end is reached.
    quotes = first.count('"')
    for count in range(2, min(_MAX_LINES_IN_VALUE, len(lines) - place) + 1):
        found = lines[place + count - 1].count('"')
        quotes += found
        # Quotes come in pairs; a single one inside of a value is looked for in short values only.
        if not found or (quotes % 2 and count > _LINES_WITH_ODD_QUOTES):
            continue
        try:
            values = _strict("\n".join(lines[place : place + count]), delimiter)
        except csv.Error:
            continue
        inside = lines[place + 1 : place + count - 1]
        if len(values) == width and not _look_like_rows(inside, delimiter, width):
            return values, count, None
        break
    # Quotes that were not doubled: taken as they are, if the fields come out even.
    try:
        values = next(csv.reader([lines[place]], delimiter=delimiter))
    except csv.Error:
        # A carriage return inside the line.
        values = []
    if len(values) == width and lines[place].count('"') % 2 == 0:
        return values, 1, None
    values = lines[place].split(delimiter)
    if len(values) == width and not any(value.lstrip().startswith('"') for value in values):
        return values, 1, None
    return [], 1, "a quote is not closed, or not doubled inside a quoted value"


def _look_like_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Return whether what a quoted value holds is more likely rows after a quote left open."""
    if len(lines) <= _LINES_BEYOND_DOUBT or width == 1:
        return False
    return sum(line.count(delimiter) == width - 1 for line in lines) * 2 > len(lines)


def _strict(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True))


def table(rows: Rows, schema: pa.Schema) -> pa.Table:
    """Return rows as a table of texts, empty ones null."""
    columns = [
        texts_of([value or None for value in values]) for values in zip(*rows.fields, strict=True)
    ]
    columns += [numbers_of(rows.numbers), texts_of(rows.problems), texts_of(rows.texts)]
    return pa.Table.from_arrays(columns, schema=schema)
