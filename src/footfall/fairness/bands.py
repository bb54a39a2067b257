"""Bands that groups are compared within."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray

#: Bands that a column can have; more numbers than these are cut into quarters.
MOST_BANDS = 20


def quarters(amounts: FloatArray) -> IntArray:
    """Return the quarter of each amount, from 0, ``[rows]``; equal amounts share one.

    What is not known (NaN) is a band of its own, the last.
    """
    known = np.isfinite(amounts)
    if not known.any():
        return np.zeros(len(amounts), dtype=np.int64)
    edges = np.unique(np.quantile(amounts[known], [0.25, 0.5, 0.75]))
    found = np.searchsorted(edges, amounts, side="left")
    return np.where(known, found, len(edges) + 1).astype(np.int64)


def banded(names: Array, known: BoolArray) -> IntArray:
    """Return the band of each name, from 0, ``[rows]``; what is not known is a band of its own."""
    found, band = np.unique(np.where(known, names, "").astype(str), return_inverse=True)
    return np.where(known, band, len(found)).astype(np.int64)
