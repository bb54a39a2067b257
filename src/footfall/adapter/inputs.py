"""Text files, read so that no line is lost: each becomes a row, or says why it can't.

DuckDB's CSV reader stops at a broken byte or leaves the line out, and which of the two depends on
its version. People's files have broken bytes, stray quotes and lines that are cut short. So a
delimited file is first turned into a Parquet file of text columns next to the warehouse;
staging reads that. Each line is kept:

- a line that fits the header is a row, with missing trailing fields as null;
- a line that does not (too many fields, a quote that is never closed) is a row of nulls with the
  line itself and the problem next to it, which names the file;
- a line with bytes that are no characters of the file's encoding (UTF-8, unless its `Layout` names
  another) is such a row, too: which characters were meant, nobody can know.

The Parquet file is made again only when the text file has changed. A file without a header
gets names from its `Layout`, and so do columns of fixed width. Of JSON, see `json_inputs`.
"""

import hashlib
import json
import os
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from footfall.adapter import delimited_inputs, json_inputs
from footfall.adapter.delimited_inputs import (
    LINE_NUMBER,
    LINE_PROBLEM,
    LINE_TEXT,
    Layout,
    unlike,
)
from footfall.adapter.parquet_inputs import is_sound, repaired_rows, repaired_schema
from footfall.builds.input_files import opened
from footfall.builds.sources import with_home
from footfall.core.private_files import close_to_others

_ROWS_IN_GROUP = 200_000
_FINGERPRINT_KEY = b"footfall_source_file"
# Part of the fingerprint: raise it when the same text must give other rows.
_READER_VERSION = 5
_DELIMITED = Layout()
_PARQUET = Layout(kind="parquet")


def register(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Give a DuckDB connection the functions that name the file to read in place of another.

    `footfall_text_file(path, layout)` names the Parquet file made of a text file, and
    `footfall_parquet_file(path)` a Parquet file itself, or a copy where some rows cannot be read.
    Both return JSON: `answer` is the path, `problem` says what is wrong with the file. DuckDB would
    put words of its own before an error of theirs. What a run that was killed has left of them is
    removed.
    """
    folder = folder_of(database)
    # Earlier versions let others read it. (For a database in memory it has no such parent.)
    if folder.parent.name == "inputs":
        close_to_others(folder.parent)
    _clear_drafts(folder)

    def text_file(path: str, layout: str) -> str:
        return _answer(path, lambda: parquet_of(Path(path), folder, Layout.of(layout)))

    def parquet_file(path: str) -> str:
        if "://" in path:
            return json.dumps({"answer": path})
        return _answer(path, lambda: readable_parquet(Path(path), folder))

    # They work when called: without side_effects DuckDB would call them while it plans.
    connection.create_function(
        "footfall_text_file", text_file, ["VARCHAR", "VARCHAR"], "VARCHAR", side_effects=True
    )
    connection.create_function(
        "footfall_parquet_file", parquet_file, ["VARCHAR"], "VARCHAR", side_effects=True
    )


def _answer(path: str, make: Callable[[], Path]) -> str:
    try:
        return json.dumps({"answer": str(make())})
    except ValueError as error:
        # Those of libraries do not know which file they read.
        problem = str(error)
        if Path(path).name not in problem:
            problem = f"{path} cannot be read ({problem}): copy it again, or export it anew."
        return json.dumps({"problem": problem})


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
    noted = [file for file in folder.glob("*.sound") if not Path(_source_noted(file)).is_file()]
    for file in (*unread, *replaced, *noted):
        file.unlink(missing_ok=True)
    return [file.stem for file in unread]


def _source_noted(sound: Path) -> str:
    # Between the version and five facts; a path may hold the mark that parts them.
    return "|".join(sound.read_bytes().decode().split("|")[1:-5])


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
        The file has no header line, is UTF-16, ends its lines by carriage returns alone, is a
        broken JSON array, or breaks off inside its compressed data.
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
    except (EOFError, zlib.error, OSError) as error:
        # Of what is wrong with the disk, the system gives a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(
            f"{source} cannot be decompressed to its end ({error}): it was not copied as a whole. "
            "Copy it again."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def readable_parquet(source: Path, folder: Path) -> Path:
    """Return a Parquet file that DuckDB can read: the file itself, or a copy of its rows.

    A file is looked through once; that it is sound is noted in the folder. In a copy
    `footfall_line_problem` says of a row what could not be read.

    Raises
    ------
    ValueError
        It is no Parquet file, is cut short, or is damaged.
    """
    source = source.resolve()
    fingerprint = _fingerprint(source, _PARQUET)
    digest = hashlib.sha256(f"{source}|{_PARQUET}".encode()).hexdigest()[:12]
    target = folder / f"{source.name.split('.')[0]}-{digest}.parquet"
    sound = target.with_suffix(".sound")
    if sound.is_file() and sound.read_bytes() == fingerprint:
        return source
    if target.is_file() and _recorded_fingerprint(target) == fingerprint:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        if is_sound(source):
            draft.write_bytes(fingerprint)
            draft.replace(sound)
            return source
        schema = _schema(repaired_schema(source), fingerprint)
        _write(draft, schema, _numbered(source, schema), source)
        draft.replace(target)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(
            f"{source} is a damaged Parquet file ({' '.join(str(error).split())}). Copy it again, "
            "or export it anew."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def _numbered(source: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    count = 0
    for rows, problems in repaired_rows(source):
        numbers = pa.array(range(count + 1, count + rows.num_rows + 1), pa.int64())
        columns = [*rows.columns, numbers, pa.array(problems, pa.string())]
        yield pa.table([*columns, pa.nulls(rows.num_rows, pa.string())], schema=schema)
        count += rows.num_rows


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
    with opened(source) as stream:
        names, blocks = delimited_inputs.read(source, stream, layout)
        schema = _schema({name: pa.string() for name in names}, fingerprint)
        _write(target, schema, (delimited_inputs.table(rows, schema) for rows in blocks), source)


def _convert_json(source: Path, target: Path, fingerprint: bytes) -> None:
    fields = json_inputs.columns_of(source)
    columns = zip(unlike(list(fields)), fields.values(), strict=True)
    schema = _schema(
        {name: json_inputs.column_type(is_nested) for name, is_nested in columns}, fingerprint
    )
    _write(target, schema, json_inputs.tables(source, fields, schema), source)


def _of_file(table: pa.Table, source: Path) -> pa.Table:
    """Return rows whose problems name the file and its folder: a source may have many files."""
    problems = table.column(LINE_PROBLEM)
    if problems.null_count == table.num_rows:
        return table
    named = f"of {source.parent.name}/{source.name} cannot be read: "
    place = table.schema.get_field_index(LINE_PROBLEM)
    return table.set_column(
        place,
        table.schema.field(place),
        pc.binary_join_element_wise(named, pc.cast(problems, pa.string()), ""),
    )


def _schema(columns: dict[str, pa.DataType], fingerprint: bytes) -> pa.Schema:
    lines = {LINE_NUMBER: pa.int64(), LINE_PROBLEM: pa.string(), LINE_TEXT: pa.string()}
    return pa.schema({**columns, **lines}, metadata={_FINGERPRINT_KEY: fingerprint})


def _write(target: Path, schema: pa.Schema, tables: Iterator[pa.Table], source: Path) -> None:
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(_of_file(table, source))
            if sum(each.num_rows for each in waiting) >= _ROWS_IN_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
