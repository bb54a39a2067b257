"""Scored people whose outcome is known, and the group that each belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray

#: Groups that are looked at one by one; members of all others are counted, not compared.
MOST_GROUPS = 50
#: The group of those whose attribute is not known, and that of all beyond the largest.
UNKNOWN, OTHER = -1, -2


@dataclass(frozen=True)
class Rows:
    """Who was scored, who was picked, and what happened.

    Attributes
    ----------
    group
        Place in ``groups``; :data:`UNKNOWN` where the attribute is not known, :data:`OTHER` beyond
        the :data:`MOST_GROUPS` largest; ``[rows]``.
    groups
        Names of the groups, the largest first.
    label
        Whether that which the score foretells happened, 0 or 1; ``[rows]``.
    score
        Larger means more likely, or more; ``[rows]``.
    selected
        Whether the cut-off picks the row; ``[rows]``.
    worth
        What it is worth to have picked the row: the label, or an amount; ``[rows]``.
    error
        Predicted less observed, in the unit of the score; ``[rows]``. None where the score is no
        prediction in any unit.
    """

    group: IntArray
    groups: Sequence[str]
    label: FloatArray
    score: FloatArray
    selected: BoolArray
    worth: FloatArray
    error: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.label)


def grouped(names: Array, known: BoolArray) -> tuple[IntArray, list[str]]:
    """Return the group of each row and the names of the groups, largest first, then by name.

    Parameters
    ----------
    names
        Text of the attribute; ``[rows]``.
    known
        Whether there is one; ``[rows]``.
    """
    group = np.full(len(names), UNKNOWN, dtype=np.int64)
    found, inverse, counts = np.unique(
        names[known].astype(str), return_inverse=True, return_counts=True
    )
    order = np.lexsort((found, -counts))
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    place[place >= MOST_GROUPS] = OTHER
    group[known] = place[inverse]
    return group, [str(name) for name in found[order][:MOST_GROUPS]]
