"""Whom a cut-off picks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class CutOff:
    """The highest scores, or those from a score on; one of the two is given.

    Attributes
    ----------
    share
        Part of all rows that is picked, above 0 and below 1.
    least_score
        The lowest score that is picked.
    """

    share: float | None = None
    least_score: float | None = None

    @property
    def name(self) -> str:
        """How reports name the cut-off, such as `top 0.2` or `from 0.7`."""
        if self.share is not None:
            return f"top {self.share:g}"
        return f"from {self.least_score:g}"

    def picks(self, score: FloatArray) -> BoolArray:
        """Return who is picked, ``[rows]``.

        Equal scores are picked together or not at all, whatever the order of rows: those at the
        edge of a share are in. A score of two values is a decision already: the larger one is
        picked.
        """
        if not len(score):
            return np.zeros(0, dtype=bool)
        if self.share is not None:
            values = np.unique(score)
            if len(values) == 2:
                return np.asarray(score == values[1])
            wanted = max(round(self.share * len(score)), 1)
            edge = np.partition(score, len(score) - wanted)[len(score) - wanted]
        else:
            edge = self.least_score
        return np.asarray(score >= edge)
