"""Training rows that are kept with a head, for its explanations to compare with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.heads.cutoffs.rows import CutoffRows, customer_uniform

#: How many rows are kept.
BACKGROUND_ROWS = 64


@dataclass(frozen=True)
class Background:
    """A sample of what a head learned from, without saying who it is.

    Attributes
    ----------
    names
        Of the features.
    features
        Float64 [rows, names].
    states
        Of the encoder, [rows, width].
    """

    names: tuple[str, ...]
    features: FloatArray
    states: FloatArray

    def rows(self) -> CutoffRows:
        """Return them as customers at a cut-off that have no number and no outcome."""
        count = len(self.features)
        nobody = np.zeros(count, dtype=np.int64)
        return CutoffRows(
            customer_no=nobody,
            day=nobody,
            is_as_of=np.zeros(count, dtype=bool),
            features=dict(zip(self.names, self.features.T, strict=True)),
            orders={},
            spend={},
            states=self.states,
        )


def background_of(train: CutoffRows, seed: int) -> Background:
    """Return a row of each of :data:`BACKGROUND_ROWS` customers, drawn by a fixed lot.

    Where there are fewer customers, the rows are gone through again: each counts about the same.
    """
    lot = customer_uniform(train.customer_no + 7919 * train.day, seed + 3)
    order = np.argsort(lot, kind="stable")
    _, first = np.unique(train.customer_no[order], return_index=True)
    chosen = np.resize(order[np.sort(first)], BACKGROUND_ROWS)
    names = tuple(sorted(train.features))
    features = np.column_stack([train.features[name][chosen] for name in names])
    return Background(names, features, train.states[chosen])
