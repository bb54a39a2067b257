"""Corrections of p for how many questions are asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from footfall.core.arrays import FloatArray


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p adjusted so that any false alarm among all is as rare as alpha.

    Holm 1979, "A simple sequentially rejective multiple test procedure". Undefined p stay None
    and do not count.
    """
    places, known = _known(p_values)
    order = np.argsort(known, kind="stable")
    steps = known[order] * np.arange(len(known), 0, -1)
    return _placed(len(p_values), places[order], np.minimum(np.maximum.accumulate(steps), 1))


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p adjusted so that of what is called a difference a part of alpha is none.

    Benjamini and Hochberg 1995, "Controlling the false discovery rate". Undefined p stay None and
    do not count.
    """
    places, known = _known(p_values)
    order = np.argsort(known, kind="stable")
    steps = known[order] * len(known) / np.arange(1, len(known) + 1)
    lowest = np.minimum.accumulate(steps[::-1])[::-1]
    return _placed(len(p_values), places[order], np.minimum(lowest, 1))


def _known(p_values: Sequence[float | None]) -> tuple[FloatArray, FloatArray]:
    places = [place for place, p in enumerate(p_values) if p is not None]
    known = np.array([p for p in p_values if p is not None], dtype=np.float64)
    if len(known) and not ((known >= 0) & (known <= 1)).all():
        raise ValueError(f"a p lies between 0 and 1, which {known.tolist()} do not all")
    return np.array(places, dtype=np.intp), known


def _placed(count: int, places: FloatArray, adjusted: FloatArray) -> list[float | None]:
    found: list[float | None] = [None] * count
    for place, p in zip(places, adjusted, strict=True):
        found[int(place)] = float(p)
    return found
