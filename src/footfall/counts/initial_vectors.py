"""Where item vectors start: a factorisation of which items share customers.

Items that the same customers met are close to each other before the first step of training, which
is worth many epochs of it. The matrix is the logarithm of how much more often two items share
customers than chance would have it, cut at zero: Levy and Goldberg, 2014, "Neural Word Embedding
as Implicit Matrix Factorization". Its leading eigenvectors come from subspace iteration with a
random start: Halko, Martinsson and Tropp, 2011, "Finding Structure with Randomness".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from footfall.core.arrays import Float32Array, IntArray
from footfall.counts.tables import CountTable, lifts
from footfall.sequences.events import ItemEvents

ROUNDS = 6
SPARE = 16
# Spread of the vectors: larger ones resist training, smaller ones start with too little to say.
SPREAD = 0.03


def start_vectors(
    events: ItemEvents, ends: IntArray, count_items: int, dim: int, *, seed: int
) -> Float32Array:
    """Return vectors of the first ``count_items`` items; zeros for an item that nobody shares.

    Parameters
    ----------
    ends
        Histories are ``offsets[c]:ends[c]``; int64 ``[customers]``.
    dim
        Width of the vectors; columns beyond the number of items are zeros.

    Returns
    -------
    Float32 ``[count_items, dim]`` with a standard deviation of ``SPREAD`` over all of it.
    """
    table = lifts(events, ends, count_items)
    vectors = np.zeros((count_items, dim), dtype=np.float32)
    width = min(dim, count_items)
    if len(table.partners) == 0 or width == 0:
        return vectors
    factors = _factors(_symmetric(table, count_items), width, seed).numpy()
    vectors[:, :width] = factors / max(float(factors.std()), 1e-12) * SPREAD
    return vectors


@dataclass(frozen=True)
class _Matrix:
    """A symmetric matrix in compressed rows."""

    offsets: Tensor
    columns: Tensor
    values: Tensor

    def times(self, dense: Tensor) -> Tensor:
        """Product with float32 ``[items, width]``."""
        # A bag of embeddings is a sparse row; torch's own sparse type is slower and still beta.
        product: Tensor = functional.embedding_bag(
            self.columns, dense, self.offsets, mode="sum", per_sample_weights=self.values
        )
        return product


def _symmetric(table: CountTable, count_items: int) -> _Matrix:
    """Return the pairs of both directions; each item has kept only its strongest partners."""
    source = np.repeat(np.arange(count_items), np.diff(table.offsets))
    key = np.concatenate(
        [source * count_items + table.partners, table.partners * count_items + source]
    )
    key, first = np.unique(key, return_index=True)
    value = np.concatenate([table.scores, table.scores])[first]
    row, column = np.divmod(key, count_items)
    sizes = np.bincount(row, minlength=count_items)
    return _Matrix(
        torch.from_numpy(np.cumsum(sizes) - sizes),
        torch.from_numpy(column),
        torch.from_numpy(value),
    )


def _factors(matrix: _Matrix, width: int, seed: int) -> Tensor:
    """Leading eigenvectors times the root of their eigenvalues; float32 ``[items, width]``."""
    count = len(matrix.offsets)
    random = torch.Generator().manual_seed(seed)
    basis = torch.randn(count, min(width + SPARE, count), generator=random)
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(matrix.times(basis)).Q
    small = basis.t() @ (matrix.times(basis))
    values, turned = torch.linalg.eigh((small + small.t()) / 2)
    order = values.abs().argsort(descending=True)[:width]
    vectors: Tensor = basis @ turned[:, order]
    # The sign of an eigenvector means nothing; fix it, so that libraries may differ on it.
    peak = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return vectors * torch.where(peak < 0, -1.0, 1.0) * values[order].abs().sqrt()
