"""Names for the arrays that the library works with; shapes are in the docstrings that use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Of any type, where the type is data: a stored tensor, for instance.
Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
#: The network's own precision, and that of counts kept for every item.
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Int16Array = npt.NDArray[np.int16]
Int8Array = npt.NDArray[np.int8]
#: Hashes.
UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
