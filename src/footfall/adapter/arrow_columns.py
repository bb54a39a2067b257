"""Columns of Arrow made of lists of Python.

`pyarrow.array` and `pyarrow.scalar` load pandas to recognise its types. That takes more than a
second, which whoever gave a wrong header would wait for.
"""

from array import array
from collections.abc import Sequence

import pyarrow as pa


def texts_of(values: Sequence[str | None]) -> pa.Array:
    """Return texts as a column.

    Examples
    --------
    >>> texts_of(["a", "", None]).to_pylist()
    ['a', '', None]
    """
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def numbers_of(values: Sequence[int]) -> pa.Array:
    """Return whole numbers of 64 bits as a column.

    Examples
    --------
    >>> numbers_of([3, 5]).to_pylist()
    [3, 5]
    """
    held = pa.py_buffer(array("q", values))
    return pa.Array.from_buffers(pa.int64(), len(values), [None, held])
