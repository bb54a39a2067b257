"""Delimited text files, read so that no line is lost: each becomes a row, or says why it can't.

DuckDB's CSV reader stops at a broken byte or leaves the line out, and which of the two depends on
its version. People's files have broken bytes, stray quotes and lines that are cut short. So a
delimited file is first turned into a Parquet file of text columns next to the warehouse;
staging reads that. Each line is kept:

- a line that fits the header is a row, with missing trailing fields as null;
- a line that does not (too many fields, a quote that is never closed) is a row of nulls with the
  line itself and the problem next to it.

Bytes that are not UTF-8 are read as Windows-1252, line by line, which is what they nearly always
are. The Parquet file is made again only when the text file has changed.
"""

import csv
import gzip
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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


@dataclass
class _Rows:
    """The rows of one block: fields, or the text of the line and what is wrong with it."""

    fields: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)


def register(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Give a DuckDB connection `footfall_text_file(path)`: the path of the Parquet file made of it.

    What a run that was killed has left of them is removed.
    """
    folder = folder_of(database)
    # Earlier versions let others read it. (For a database in memory it has no such parent.)
    if folder.parent.name == "inputs":
        close_to_others(folder.parent)
    _clear_drafts(folder)

    def text_file(path: str) -> str:
        return str(parquet_of(Path(path), folder))

    # It works when called: without side_effects DuckDB would call it while it plans.
    connection.create_function(
        "footfall_text_file", text_file, ["VARCHAR"], "VARCHAR", side_effects=True
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


def parquet_of(source: Path, folder: Path) -> Path:
    """Return a Parquet file of a delimited text file's rows, made if it is missing or stale.

    Columns are the header's, all text, empty fields null; then `footfall_line_number` (of the
    file, 1 is the header), `footfall_line_problem` and `footfall_line_text` (both null for a line
    that fits).

    Raises
    ------
    ValueError
        The file has no header line, or is UTF-16.
    """
    source = source.resolve()
    fingerprint = _fingerprint(source)
    name = source.name.split(".")[0]
    target = folder / f"{name}-{hashlib.sha256(str(source).encode()).hexdigest()[:12]}.parquet"
    if target.is_file() and _recorded_fingerprint(target) == fingerprint:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        _convert(source, draft, fingerprint)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _fingerprint(source: Path) -> bytes:
    stat = source.stat()
    return f"{_READER_VERSION}|{source}|{stat.st_size}|{stat.st_mtime_ns}".encode()


def _recorded_fingerprint(parquet: Path) -> bytes | None:
    try:
        metadata = pq.read_schema(parquet).metadata or {}
    except pa.ArrowInvalid:  # cut short by a crash of the machine: made again
        return None
    value: bytes | None = metadata.get(_FINGERPRINT_KEY)
    return value


def _open(source: Path) -> IO[bytes]:
    with source.open("rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(source, "rb") if is_gzip else source.open("rb"))


def _convert(source: Path, target: Path, fingerprint: bytes) -> None:
    # The limit is the module's, not the reader's; free text may be longer than its 128 KiB.
    csv.field_size_limit(sys.maxsize)
    with _open(source) as stream:
        header_lines = 0
        header = ""
        for raw in stream:
            header_lines += 1
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ValueError(f"{source} is UTF-16: save it as UTF-8.")
            header = _decode(raw.removeprefix(b"\xef\xbb\xbf"))
            if header:
                break
        if not header:
            raise ValueError(f"{source} is empty: its first line must name the columns.")
        delimiter = max(_DELIMITERS, key=header.count)
        names = _column_names(next(csv.reader([header], delimiter=delimiter)))
        schema = pa.schema(
            [(name, pa.string()) for name in names]
            + [(LINE_NUMBER, pa.int64()), (LINE_PROBLEM, pa.string()), (LINE_TEXT, pa.string())],
            metadata={_FINGERPRINT_KEY: fingerprint},
        )
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            tables: list[pa.Table] = []
            for rows in _blocks(stream, delimiter, len(names), header_lines):
                tables.append(_table(rows, schema))
                if sum(table.num_rows for table in tables) >= _ROWS_IN_GROUP:
                    writer.write_table(pa.concat_tables(tables))
                    tables = []
            if tables:
                writer.write_table(pa.concat_tables(tables))


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


def _blocks(stream: IO[bytes], delimiter: str, width: int, lines_before: int) -> Iterator[_Rows]:
    """Return the rows of the file, in order, a few megabytes at a time."""
    waiting: list[str] = []
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
