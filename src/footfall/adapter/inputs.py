"""Text files, read so that no line is lost: each becomes a row, or says why it can't.

DuckDB's CSV reader stops at a broken byte or leaves the line out, and which of the two depends on
its version. People's files have broken bytes, stray quotes and lines that are cut short. So a
delimited file is first turned into a Parquet file of text columns next to the warehouse;
staging reads that. Each line is kept:

- a line that fits the header is a row, with missing trailing fields as null;
- a line that does not (too many fields, a quote that is never closed) is a row of nulls with the
  line itself and the problem next to it.

Bytes that are not UTF-8 are read as Windows-1252, line by line, which is what they nearly always
are. The Parquet file is made again only when the text file has changed. A file without a header
gets names from its `Layout`, and so do columns of fixed width. Of JSON, see `json_inputs`.
"""

import csv
import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from footfall.adapter import json_inputs
from footfall.builds.input_files import opened
from footfall.builds.sources import with_home
from footfall.core.private_files import close_to_others

LINE_NUMBER = "footfall_line_number"
LINE_PROBLEM = "footfall_line_problem"
LINE_TEXT = "footfall_line_text"

# Small: Python's memory of a block is many times the text, and its collector walks all of it.
_BLOCK_BYTES = 2**20
_ROWS_IN_GROUP = 200_000
# A quoted value may run over this many lines before its opening quote counts as a mistake.
_MAX_LINES_IN_VALUE = 200
# Lines that are tried in one go; only where one of them is odd are they looked at one by one.
_LINES_AT_ONCE = 4096
_DELIMITERS = ",;\t|"
_FINGERPRINT_KEY = b"footfall_source_file"
# Part of the fingerprint: raise it when the same text must give other rows.
_READER_VERSION = 1


@dataclass(frozen=True)
class Layout:
    """What a file does not say of itself.

    Attributes
    ----------
    kind
        text, or json.
    names
        Names of its columns, where it has no header; else empty.
    widths
        Characters of each column, where no mark separates them; else empty.
    """

    kind: str = "text"
    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()

    @classmethod
    def of(cls, written: str) -> "Layout":
        """Read a layout from JSON."""
        read = json.loads(written)
        return cls(read["kind"], tuple(read.get("names") or ()), tuple(read.get("widths") or ()))


_DELIMITED = Layout()


@dataclass
class _Rows:
    """The rows of one block: fields, or the text of the line and what is wrong with it."""

    fields: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)


def register(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Give a DuckDB connection `footfall_text_file(path, layout)`: the Parquet file made of a file.

    What a run that was killed has left of them is removed.
    """
    folder = folder_of(database)
    # Earlier versions let others read it. (For a database in memory it has no such parent.)
    if folder.parent.name == "inputs":
        close_to_others(folder.parent)
    _clear_drafts(folder)

    def text_file(path: str, layout: str) -> str:
        return str(parquet_of(Path(path), folder, Layout.of(layout)))

    # It works when called: without side_effects DuckDB would call it while it plans.
    connection.create_function(
        "footfall_text_file", text_file, ["VARCHAR", "VARCHAR"], "VARCHAR", side_effects=True
    )


def folder_of(database: str) -> Path:
    """Return where the Parquet files lie.

    A folder `inputs` next to the database file has a folder for each database, so that views that
    read them live as long as the database does. For a database in memory it is a temporary one.
    """
    if database == ":memory:":
        return Path(_temporary_folder().name)
    file = with_home(database).resolve()
    return file.parent / "inputs" / file.stem


@cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    # It is removed when the process ends.
    return tempfile.TemporaryDirectory(prefix="footfall-inputs-")


def clear_unread(cursor: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """Remove the Parquet files that no view of the database reads any more.

    Files of earlier versions, which lie one folder higher, are removed where this folder has one of
    the same name.

    Returns
    -------
    list of str
        The names of those that were removed: that of the text file, and a digest of its path.
    """
    rows = cursor.execute("select coalesce(sql, '') from duckdb_views() where not internal")
    views = "\n".join(sql for (sql,) in rows.fetchall())
    folder = folder_of(database)
    copies = sorted(folder.glob("*.parquet"))
    # Names end in a digest: no other text holds them by chance, and no quote is in it.
    unread = [file for file in copies if file.name.rpartition("-")[2] not in views]
    replaced = [old for file in copies if (old := folder.parent / file.name).is_file()]
    for file in (*unread, *replaced):
        file.unlink(missing_ok=True)
    return [file.stem for file in unread]


def _clear_drafts(folder: Path) -> None:
    # One process at a time works on a database; the draft of this one may be in the making.
    for draft in folder.glob("*.tmp"):
        if f".{os.getpid()}." not in draft.name:
            draft.unlink(missing_ok=True)


def parquet_of(source: Path, folder: Path, layout: Layout = _DELIMITED) -> Path:
    """Return a Parquet file of a text file's rows, made if it is missing or stale.

    Columns are the header's, all text, empty fields null; then `footfall_line_number` (of the
    file, from 1), `footfall_line_problem` and `footfall_line_text` (both null for a line that
    fits). Fields of JSON that hold objects or lists are of type JSON.

    Raises
    ------
    ValueError
        The file has no header line, is UTF-16, ends its lines by carriage returns alone, or is a
        broken JSON array.
    """
    source = source.resolve()
    fingerprint = _fingerprint(source, layout)
    name = source.name.split(".")[0]
    place = str(source) if layout == _DELIMITED else f"{source}|{layout}"
    target = folder / f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:12]}.parquet"
    if target.is_file() and _recorded_fingerprint(target) == fingerprint:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        if layout.kind == "json":
            _convert_json(source, draft, fingerprint)
        else:
            _convert(source, draft, fingerprint, layout)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _fingerprint(source: Path, layout: Layout) -> bytes:
    stat = source.stat()
    # A file that was put in the place of another may have its size and its time.
    changes = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return "|".join(map(str, (_READER_VERSION, source, *changes, layout))).encode()


def _recorded_fingerprint(parquet: Path) -> bytes | None:
    try:
        metadata = pq.read_schema(parquet).metadata or {}
    except pa.ArrowInvalid:  # cut short by a crash of the machine: made again
        return None
    value: bytes | None = metadata.get(_FINGERPRINT_KEY)
    return value


def _convert(source: Path, target: Path, fingerprint: bytes, layout: Layout) -> None:
    # The limit is the module's, not the reader's; free text may be longer than its 128 KiB.
    csv.field_size_limit(sys.maxsize)
    with opened(source) as stream:
        header, header_lines, delimiter = _header(source, stream)
        names = list(layout.names)
        # Without a header, the first line is a row.
        first = [header] if names else []
        if not names and layout.widths:
            names = _column_names(_cut(header, layout.widths))
        elif not names:
            delimiter = delimiter or max(_DELIMITERS, key=header.count)
            names = _column_names(next(csv.reader([header], delimiter=delimiter)))
        elif not layout.widths:
            delimiter = delimiter or _delimiter_of(header, len(names))
        schema = _schema({name: pa.string() for name in names}, fingerprint)
        lines_before = header_lines - len(first)
        blocks = (
            _fixed_blocks(stream, layout.widths, first, lines_before)
            if layout.widths
            else _blocks(stream, delimiter, len(names), first, lines_before)
        )
        _write(target, schema, (_table(rows, schema) for rows in blocks))


def _convert_json(source: Path, target: Path, fingerprint: bytes) -> None:
    fields = json_inputs.columns_of(source)
    columns = zip(_column_names(list(fields)), fields.values(), strict=True)
    schema = _schema(
        {name: json_inputs.column_type(is_nested) for name, is_nested in columns}, fingerprint
    )
    _write(target, schema, json_inputs.tables(source, fields, schema))


def _schema(columns: dict[str, pa.DataType], fingerprint: bytes) -> pa.Schema:
    lines = {LINE_NUMBER: pa.int64(), LINE_PROBLEM: pa.string(), LINE_TEXT: pa.string()}
    return pa.schema({**columns, **lines}, metadata={_FINGERPRINT_KEY: fingerprint})


def _write(target: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(each.num_rows for each in waiting) >= _ROWS_IN_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))


def _header(source: Path, stream: IO[bytes]) -> tuple[str, int, str]:
    """Return the first line with text, its number, and the delimiter where Excel names it first."""
    delimiter = ""
    for number, raw in enumerate(stream, start=1):
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4]:
            raise ValueError(f"{source} is UTF-16: save it as UTF-8.")
        if b"\r" in raw.rstrip(b"\r\n"):
            raise ValueError(
                f"{source} ends its lines by carriage returns alone: save it with the line ends of "
                "Unix or Windows."
            )
        header = _decode(raw.removeprefix(b"\xef\xbb\xbf"))
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
    stream: IO[bytes], widths: Sequence[int], first: list[str], lines_before: int
) -> Iterator[_Rows]:
    """Return the rows of a file of fixed widths, in order, a few megabytes at a time."""
    waiting = first
    while True:
        raw = stream.readlines(_BLOCK_BYTES)
        rows = _Rows()
        for line in (*waiting, *_lines(raw)):
            lines_before += 1
            if not line.strip():
                continue
            fields = _cut(line, widths)
            problem = None
            if len(fields) > len(widths):
                problem = f"{len(line)} characters where its columns have {sum(widths)}"
            _keep(rows, line, fields[: len(widths)], lines_before, len(widths), problem)
        if rows.fields:
            yield rows
        waiting = []
        if not raw:
            return


def _column_names(header: list[str]) -> list[str]:
    """Return column names: unnamed ones by place, repeated ones (in any case) numbered."""
    names: list[str] = []
    taken = {LINE_NUMBER, LINE_PROBLEM, LINE_TEXT}
    for place, text in enumerate(header, start=1):
        base = text.strip() or f"column_{place}"
        name, copy = base, 1
        while name.lower() in taken:
            copy += 1
            name = f"{base}_{copy}"
        taken.add(name.lower())
        names.append(name)
    return names


def _decode(raw: bytes) -> str:
    line = raw.rstrip(b"\r\n")
    try:
        return line.decode()
    except UnicodeDecodeError:
        # Five bytes have no meaning in Windows-1252; they become the replacement character.
        return line.decode("cp1252", errors="replace")


def _lines(raw: list[bytes]) -> list[str]:
    try:
        lines = b"".join(raw).decode().split("\n")
    except UnicodeDecodeError:
        return [_decode(line) for line in raw]
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _blocks(
    stream: IO[bytes], delimiter: str, width: int, first: list[str], lines_before: int
) -> Iterator[_Rows]:
    """Return the rows of the file, in order, a few megabytes at a time."""
    waiting = list(first)
    while True:
        raw = stream.readlines(_BLOCK_BYTES)
        waiting.extend(_lines(raw))
        rows = _Rows()
        used = _parse(waiting, delimiter, width, lines_before, rows, is_last=not raw)
        if rows.fields:
            yield rows
        lines_before += used
        del waiting[:used]
        if not raw:
            return


def _parse(
    lines: list[str], delimiter: str, width: int, lines_before: int, rows: _Rows, *, is_last: bool
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
    rows: _Rows, line: str, values: list[str], number: int, width: int, problem: str | None = None
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
    text = lines[place]
    try:
        return _strict(text, delimiter), 1, None
    except csv.Error:
        pass
    # A value with line breaks: strict parsing must succeed once the line with its end is reached.
    for count in range(2, min(_MAX_LINES_IN_VALUE, len(lines) - place) + 1):
        text += "\n" + lines[place + count - 1]
        if '"' not in lines[place + count - 1]:
            continue
        try:
            values = _strict(text, delimiter)
        except csv.Error:
            continue
        if len(values) == width:
            return values, count, None
        break
    # Quotes that were not doubled: taken as they are, if the fields come out even.
    values = next(csv.reader([lines[place]], delimiter=delimiter))
    if len(values) == width and lines[place].count('"') % 2 == 0:
        return values, 1, None
    values = lines[place].split(delimiter)
    if len(values) == width and not any(value.lstrip().startswith('"') for value in values):
        return values, 1, None
    return [], 1, "a quote is not closed, or not doubled inside a quoted value"


def _strict(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True))


def _table(rows: _Rows, schema: pa.Schema) -> pa.Table:
    empty = pa.scalar("", pa.string())
    nothing = pa.scalar(None, pa.string())
    columns: list[Any] = []
    for values in zip(*rows.fields, strict=True):
        texts = pa.array(values, pa.string())
        columns.append(pc.if_else(pc.equal(texts, empty), nothing, texts))
    columns.append(pa.array(rows.numbers, pa.int64()))
    columns.append(pa.array(rows.problems, pa.string()))
    columns.append(pa.array(rows.texts, pa.string()))
    return pa.table(columns, schema=schema)
