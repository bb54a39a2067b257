"""Parquet files that DuckDB would refuse as a whole for a single value, made readable row by row.

Two things stop its reader, and it names no row: text that is not UTF-8, and a time in milliseconds
so far away that it overflows. A file that holds one is copied; in the copy such a row says what is
wrong with it, as a broken line of a text file does, and staging rejects it.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

#: Milliseconds since 1970 of the first and the last day that all tools can hold.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_214_400_000
_ROWS_AT_ONCE = 65_536


def is_sound(source: Path) -> bool:
    """Say whether DuckDB can read every value of a Parquet file.

    Raises
    ------
    ValueError
        It is no Parquet file, or is cut short.
    """
    with _opened(source) as file:
        names = _suspects(file.schema_arrow)
        return not names or all(
            not _faults(column, name)
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=names)
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        )


def repaired_schema(source: Path) -> dict[str, pa.DataType]:
    """Return names and types of the columns of a file's copy."""
    with _opened(source) as file:
        return {field.name: _plain_type(field.type) for field in file.schema_arrow}


def repaired_rows(source: Path) -> Iterator[tuple[pa.RecordBatch, list[str | None]]]:
    """Return the rows of a file that can be read, each with what is wrong with it, if anything.

    Text that is not UTF-8 is shown with replacement characters; other values that cannot be read
    are null.
    """
    with _opened(source) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            problems: list[str | None] = [None] * batch.num_rows
            columns = []
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                found = _faults(column, name)
                for row, problem in found.items():
                    problems[row] = problems[row] or problem
                columns.append(_without_faults(column, found))
            yield pa.RecordBatch.from_arrays(columns, batch.schema.names), problems


def _opened(source: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{source} is no Parquet file, or was not copied as a whole ({error}). Copy it again, "
            "or give it the ending of what it is."
        ) from error


def _suspects(schema: pa.Schema) -> list[str]:
    # Whole numbers, floats and the like cannot be broken.
    return [
        field.name
        for field in schema
        if pa.types.is_nested(field.type) or _is_text(field.type) or _is_in_ms(field.type)
    ]


def _is_text(kind: pa.DataType) -> bool:
    plain = _plain_type(kind)
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _is_in_ms(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind)) and kind.unit in ("s", "ms")


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _faults(column: pa.Array, name: str) -> dict[int, str]:
    """Return what is wrong with values of a column, by the number of the row in it."""
    column = _plain(column)
    if _is_in_ms(column.type):
        numbers = column.cast(pa.timestamp("ms", column.type.tz), safe=False).view(pa.int64())
        outside = pc.or_(pc.less(numbers, _FIRST_MS), pc.greater(numbers, _LAST_MS))
        problem = f"column '{name}' holds a time outside the years 1 to 9999"
        return {row: problem for row, is_it in enumerate(outside.to_pylist()) if is_it}
    if not (pa.types.is_nested(column.type) or _is_text(column.type)) or _is_valid(column):
        return {}
    return {
        row: f"column '{name}' holds text that is not UTF-8"
        for row in range(len(column))
        # Taken out: a slice would be judged with the values of its neighbours.
        if not _is_valid(column.take(pa.array([row])))
    }


def _is_valid(column: pa.Array) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _without_faults(column: pa.Array, faults: dict[int, str]) -> pa.Array:
    column = _plain(column)
    if not faults:
        return column
    if _is_text(column.type):
        raw = column.cast(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())
        texts = [None if one is None else one.decode(errors="replace") for one in raw.to_pylist()]
        return pa.array(texts, column.type)
    # Row by row: what lies in a broken value must not be looked at.
    kept = [
        pa.nulls(1, column.type) if row in faults else column.slice(row, 1)
        for row in range(len(column))
    ]
    return pa.concat_arrays(kept)
