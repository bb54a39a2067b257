"""Fingerprints of code and data: equal fingerprints mean that nothing has to be fitted again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, IntArray, UInt64Array

PACKAGE = Path(__file__).resolve().parents[1]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0x6A09E667F3BCC909)


@cache
def code_fingerprint(room: str, *more: str) -> str:
    """Return the SHA-256 (hex) of the Python source of rooms of this package.

    It is what a stored result is made from besides data and settings: who stores one names the
    rooms that decide about it.
    """
    return sources_fingerprint(PACKAGE, *(f"{room}/**/*.py" for room in sorted((room, *more))))


def sources_fingerprint(folder: Path, *patterns: str) -> str:
    """Return the SHA-256 (hex) of the files below a folder that match, by path and content.

    Raises
    ------
    FileNotFoundError
        A pattern that matches no file: a digest of nothing would never change.
    """
    digest = hashlib.sha256()
    for pattern in patterns:
        paths = sorted(folder.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"There is no file {folder / pattern} to take a digest of.")
        for path in paths:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def table_fingerprint(table: pa.Table) -> str:
    """Return a hash (hex) of a table's rows that does not depend on the order of rows or columns.

    Every cell is hashed with its column name, the cells of a row are added and mixed, and the
    rows are added modulo 2^64 twice with different mixes: duplicates count, order does not.
    Numbers hash by value, so an int32 column and an int64 column with equal values agree.

    Raises
    ------
    TypeError
        A column has a type that no warehouse table of ours has (for example a struct).
    """
    names = sorted(table.column_names)
    total, total_mixed = np.uint64(0), np.uint64(0)
    with np.errstate(over="ignore"):
        for batch in table.to_batches():
            if batch.num_rows == 0:
                continue
            rows = np.zeros(batch.num_rows, dtype=np.uint64)
            for name in names:
                salt = _salt(name)
                rows += _mix(_hash_array(batch.column(name)) + salt)
            total += _mix(rows).sum(dtype=np.uint64)
            total_mixed += _mix(rows ^ _GOLDEN).sum(dtype=np.uint64)
    digest = hashlib.sha256("\0".join(names).encode())
    digest.update(np.array([table.num_rows, total, total_mixed], dtype=np.uint64).tobytes())
    return digest.hexdigest()


def combined_fingerprint(*parts: str) -> str:
    """Return the SHA-256 (hex) of several fingerprints in order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sequence_fingerprints(elements: UInt64Array, sizes: IntArray) -> UInt64Array:
    """Return one hash a sequence (uint64 [sequences]), which depends on the order of its elements.

    Parameters
    ----------
    elements
        Hashes of the elements, sequences end to end, uint64 [sum of sizes].
    sizes
        Length of each sequence, int64 [sequences].
    """
    ends = np.cumsum(sizes)
    from_end = np.repeat(ends, sizes) - np.arange(len(elements))
    with np.errstate(over="ignore"):
        mixed = _mix(elements + _mix(from_end.astype(np.uint64)))
        running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
        return _mix(running[ends] - running[ends - sizes] + sizes.astype(np.uint64))


def number_fingerprints(*columns: Array) -> UInt64Array:
    """Return one hash a row (uint64 [rows]) of whole numbers, in the order of the columns."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            hashes = _mix(hashes + _mix(column.astype(np.int64).view(np.uint64)))
    return hashes


def named_number_fingerprints(names: Sequence[str], values: Array) -> UInt64Array:
    """Return one hash a row (uint64 [rows]) of numbers by name.

    The order of the columns does not count, and a number that is not known (NaN) counts as if its
    column were not there: a column that comes to be filled later leaves earlier rows as they were.

    Parameters
    ----------
    names
        Of the columns.
    values
        Numbers, [rows, columns].
    """
    hashes = np.zeros(len(values), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column, name in enumerate(names):
            numbers = values[:, column]
            cells = _mix(_hash_floats(numbers) + _salt(name))
            hashes += np.where(np.isnan(numbers), np.uint64(0), cells)
        return _mix(hashes)


def _salt(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))


def _mix(values: UInt64Array) -> UInt64Array:
    """Finalise 64-bit values (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _hash_array(array: pa.Array) -> UInt64Array:
    """Return one hash a value (uint64 [rows]); nulls hash alike whatever lies beneath them."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL, dtype=np.uint64)
    if _is_text(kind):
        hashes = _hash_variable(array.cast(pa.large_binary()))
    elif _is_list(kind):
        hashes = _hash_variable(array.cast(pa.large_list(kind.value_type)))
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        hashes = _mix(_numbers(array, pa.int64(), 0).view(np.uint64))
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        hashes = _hash_floats(_numbers(array, pa.float64(), 0.0))
    elif pa.types.is_timestamp(kind) or pa.types.is_time64(kind) or pa.types.is_date64(kind):
        hashes = _mix(_numbers(array, pa.int64(), 0).view(np.uint64))
    elif pa.types.is_date32(kind) or pa.types.is_time32(kind):
        days = array.cast(pa.int32())
        hashes = _mix(_numbers(days, pa.int64(), 0).view(np.uint64))
    else:
        raise TypeError(f"cannot fingerprint a column of type {kind}")
    if array.null_count:
        nulls = pc.is_null(array).to_numpy(zero_copy_only=False)
        hashes = np.where(nulls, _NULL, hashes)
    return hashes


def _is_text(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_binary,
        pa.types.is_large_binary,
    )
    return any(test(kind) for test in tests)


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _numbers(array: pa.Array, kind: pa.DataType, filler: float) -> Array:
    cast = pc.cast(array, kind, safe=False)
    if cast.null_count:
        cast = pc.fill_null(cast, pa.scalar(filler, kind))
    return np.ascontiguousarray(cast.to_numpy(zero_copy_only=False))


def _hash_floats(values: Array) -> UInt64Array:
    """Hash floats by value: whole numbers as integers, -0.0 as 0.0, every NaN alike."""
    floats = values.astype(np.float64) + 0.0
    floats = np.where(np.isnan(floats), np.nan, floats)
    whole = (np.abs(floats) < 2.0**53) & (floats == np.floor(floats))
    integers = np.where(whole, floats, 0.0).astype(np.int64).view(np.uint64)
    return _mix(np.where(whole, integers, floats.view(np.uint64)))


def _hash_variable(array: pa.Array) -> UInt64Array:
    """Hash strings and lists: the sum over elements of a mix of element and position."""
    if pa.types.is_large_binary(array.type):
        buffers = array.buffers()
        offsets = np.frombuffer(buffers[1], dtype=np.int64)[
            array.offset : array.offset + len(array) + 1
        ]
        first, last = int(offsets[0]), int(offsets[-1])
        data = buffers[2] if buffers[2] is not None else b""
        elements = np.frombuffer(data, dtype=np.uint8)[first:last].astype(np.uint64)
    else:
        offsets = array.offsets.to_numpy()
        first, last = int(offsets[0]), int(offsets[-1])
        elements = _hash_array(array.values.slice(first, last - first))
    starts = (offsets[:-1] - first).astype(np.int64)
    lengths = np.diff(offsets).astype(np.int64)
    positions = np.arange(last - first, dtype=np.int64) - np.repeat(starts, lengths)
    mixed = _mix(elements + _mix(positions.astype(np.uint64)))
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    sums = running[starts + lengths] - running[starts]
    return _mix(sums + lengths.astype(np.uint64))
