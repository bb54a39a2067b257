"""JSON files of any shape as tables: a column for each field of the records.

Fields that hold objects or lists are columns of type JSON, all others are text as it was written.
A line that is no JSON becomes a row that says why not. A file that is one array (or objects over
several lines) cannot skip a broken record, so it is refused with the place where it breaks off.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from footfall.adapter.arrow_columns import numbers_of, texts_of
from footfall.adapter.lines import not_text, shown
from footfall.builds.input_files import opened

_CHUNK_BYTES = 2**20
_ROWS_AT_ONCE = 20_000
#: An error so far before the end of what was read is one of the file; a nearer one may be that of
#: a record of which the rest is still to come.
_LARGEST_RECORD = 2**26
_SPACE = " \t\r\n"
#: JSON has neither NaN nor infinity, though Python and others write them.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


@dataclass(frozen=True)
class Record:
    """A record of a file, or why it is none.

    Attributes
    ----------
    number
        Line of the file, from 1; of an array, the place in it.
    fields
        Values by name; None for a line that is no record.
    problem, text
        What is wrong with the line, and the line; None for a record.
    """

    number: int
    fields: dict[str, Any] | None
    problem: str | None = None
    text: str | None = None


def records(source: Path) -> Iterator[Record]:
    """Read the records of a file: an object a line, an array of objects, or objects one by one.

    Raises
    ------
    ValueError
        An array is broken, or the file holds one object that is no record; names file and place.
    """
    with opened(source) as stream:
        first = b""
        while not first.strip() and (line := stream.readline(_CHUNK_BYTES)):
            first += line
        if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in first:
            raise ValueError(f"{source} is UTF-16: save it as UTF-8.")
        start = first.removeprefix(codecs.BOM_UTF8)
        if start.strip() == b"{" or start.lstrip().startswith(b"["):
            yield from _of_array(stream, start, len(first) - len(start), source)
        else:
            yield from _of_lines(stream, start, first.count(b"\n") or 1)


def columns_of(source: Path) -> dict[str, bool]:
    """Return the names of the fields of a file, each with whether one of its values is nested."""
    nested: dict[str, bool] = {}
    for record in records(source):
        for name, value in (record.fields or {}).items():
            if isinstance(value, dict | list):
                nested[name] = True
            elif name not in nested:
                nested[name] = False
    return nested


def tables(source: Path, nested: dict[str, bool], schema: pa.Schema) -> Iterator[pa.Table]:
    """Return the rows of a file, in order, some thousands at a time.

    Parameters
    ----------
    source
        The file.
    nested
        Its fields, as `columns_of` gives them.
    schema
        Columns in that order, then number, problem and text of the line.
    """
    waiting: list[Record] = []
    for record in records(source):
        waiting.append(record)
        if len(waiting) >= _ROWS_AT_ONCE:
            yield _table(waiting, nested, schema)
            waiting = []
    if waiting:
        yield _table(waiting, nested, schema)


def column_type(is_nested: bool) -> pa.DataType:
    """Return the Arrow type of a column."""
    return pa.json_() if is_nested else pa.string()


def _table(rows: list[Record], nested: dict[str, bool], schema: pa.Schema) -> pa.Table:
    columns: list[Any] = []
    for name, is_nested in nested.items():
        values = [_text(record.fields, name, is_nested) for record in rows]
        texts = texts_of(values)
        columns.append(pa.ExtensionArray.from_storage(pa.json_(), texts) if is_nested else texts)
    columns.append(numbers_of([record.number for record in rows]))
    columns.append(texts_of([record.problem for record in rows]))
    columns.append(texts_of([_sound(record.text) for record in rows]))
    return pa.Table.from_arrays(columns, schema=schema)


def _text(fields: dict[str, Any] | None, name: str, is_nested: bool) -> str | None:
    value = None if fields is None else fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and not is_nested:
        return _sound(value)
    return _sound(json.dumps(value, ensure_ascii=False))


def _sound(text: str | None) -> str | None:
    # Half of a pair of UTF-16, which JSON can write and UTF-8 cannot.
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def _of_lines(stream: IO[bytes], first: bytes, number: int) -> Iterator[Record]:
    raw = first
    while raw:
        line = raw.decode(errors="surrogateescape").strip()
        if line:
            yield _of_line(line, number)
        number += 1
        raw = stream.readline()


def _of_line(line: str, number: int) -> Record:
    if not line.isascii() and (broken := not_text(line)):
        return Record(number, None, broken, shown(line))
    try:
        value = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        return Record(number, None, f"no JSON: {error.msg} at character {error.pos + 1}", line)
    except (ValueError, RecursionError) as error:
        return Record(number, None, _beyond_limits(error), line)
    if not isinstance(value, dict):
        return Record(number, None, "JSON, but no object", line)
    return Record(number, value)


def _of_array(stream: IO[bytes], start: bytes, skipped: int, source: Path) -> Iterator[Record]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(start)
    place = len(text) - len(text.lstrip())
    is_array = text[place] == "["
    place += is_array
    # Bytes of the file before `text`.
    before, number, chunk = skipped, 0, b"-"
    kept: Record | None = None
    while True:
        while place < len(text) and text[place] in _SPACE + ",":
            place += 1
        closed = is_array and text[place : place + 1] == "]"
        if closed or (place == len(text) and not chunk):
            break
        try:
            value, end = _DECODER.raw_decode(text, place)
            if end == len(text) and chunk:
                # A number could go on.
                raise json.JSONDecodeError("", text, end)
        except json.JSONDecodeError as error:
            if chunk and len(text) - place < _LARGEST_RECORD:
                before += _bytes(text[:place])
                chunk = stream.read(max(_CHUNK_BYTES, len(text) - place))
                text, place = text[place:] + decoder.decode(chunk, final=not chunk), 0
                continue
            byte = before + _bytes(text[: error.pos])
            raise ValueError(_broken(source, number, byte, error.msg)) from error
        except (ValueError, RecursionError) as error:
            byte = before + _bytes(text[:place])
            raise ValueError(_broken(source, number, byte, _beyond_limits(error))) from error
        number += 1
        record = _of_element(value, text[place:end], number)
        place = end
        # The first of objects one by one waits: alone, it may hold the list of the records.
        if number == 1 and not is_array:
            kept = record
            continue
        if kept is not None:
            yield kept
            kept = None
        yield record
    if is_array and not closed:
        byte = before + _bytes(text)
        raise ValueError(_broken(source, number, byte, "the array is not closed"))
    if kept is not None:
        _refuse_wrapped(kept, source)
        yield kept


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _of_element(value: Any, text: str, number: int) -> Record:
    if not text.isascii() and (broken := not_text(text)):
        return Record(number, None, broken, shown(text))
    if not isinstance(value, dict):
        return Record(number, None, "JSON, but no object", json.dumps(value))
    return Record(number, value)


def _beyond_limits(error: Exception) -> str:
    """Return what JSON has that is none for Python."""
    if isinstance(error, RecursionError):
        return "values that are nested too deeply"
    return "a number of more digits than can be read"


def _refuse_wrapped(record: Record, source: Path) -> None:
    for name, inner in (record.fields or {}).items():
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            raise ValueError(
                f"{source} holds one object, whose records seem to be its list '{name}': write "
                f"that list alone to a file, for instance with jq -c '.{name}[]'."
            )


def _broken(source: Path, number: int, byte: int, message: str) -> str:
    return (
        f"{source} is a JSON array that is broken at byte {byte:,}, after record {number:,}: "
        f"{message}. Of an array no record can be left out: export it again, or write one object "
        "a line, of which broken ones are set aside."
    )
