"""Where item vectors start: a factorisation of which items share customers.

Items that the same customers met lie close to each other before the first step of training, which
is worth many epochs of it. The matrix is the logarithm of how much more often two items share
customers than chance would have it, cut at zero: Levy and Goldberg, 2014, "Neural Word Embedding
as Implicit Matrix Factorization". Its leading eigenvectors come from subspace iteration with a
random start: Halko, Martinsson and Tropp, 2011, "Finding Structure with Randomness".
"""

from __future__ import annotations

import numpy as np
import torch

from footfall.counts import CountTable, lifts
from footfall.sequences import Floats, Ints, ItemEvents

ROUNDS = 6
SPARE = 16
# Spread of the vectors: larger ones resist training, smaller ones start with too little to say.
SPREAD = 0.03


def start_vectors(
    events: ItemEvents, ends: Ints, count_items: int, dim: int, *, seed: int
) -> Floats:
    """Vectors of the first ``count_items`` items; zeros for an item that nobody shares.

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


def _symmetric(table: CountTable, count_items: int) -> torch.Tensor:
    """The larger of both directions, as sparse rows; each row kept only its strongest partners."""
    source = np.repeat(np.arange(count_items), np.diff(table.offsets))
    key = np.concatenate(
        [source * count_items + table.partners, table.partners * count_items + source]
    )
    key, first = np.unique(key, return_index=True)
    value = np.concatenate([table.scores, table.scores])[first]
    row, column = np.divmod(key, count_items)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count_items))])
    return torch.sparse_csr_tensor(
        torch.from_numpy(offsets),
        torch.from_numpy(column),
        torch.from_numpy(value),
        size=(count_items, count_items),
    )


def _factors(matrix: torch.Tensor, width: int, seed: int) -> torch.Tensor:
    """Leading eigenvectors times the root of their eigenvalues; float32 ``[items, width]``."""
    count = matrix.shape[0]
    random = torch.Generator().manual_seed(seed)
    basis = torch.randn(count, min(width + SPARE, count), generator=random)
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(matrix @ basis).Q
    small = basis.t() @ (matrix @ basis)
    values, turned = torch.linalg.eigh((small + small.t()) / 2)
    order = values.abs().argsort(descending=True)[:width]
    vectors = basis @ turned[:, order]
    # The sign of an eigenvector means nothing; fix it, so that libraries may differ on it.
    peak = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return vectors * torch.where(peak < 0, -1.0, 1.0) * values[order].abs().sqrt()
