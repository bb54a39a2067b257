"""A small network on the sum of a text's groups: what they mean together, which no weight shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional

from footfall.core.arrays import Float32Array, FloatArray, IntArray
from footfall.core.draws import dropout

_WIDTH, _HIDDEN = 32, 64
_BATCH = 64
_VECTORS_RATE, _LAYERS_RATE = 5e-3, 2e-3
#: Part of the groups that a text loses each time that it is learned from, and of each layer.
_GROUPS_DROPPED, _DROPPED = 0.5, 0.3
#: A block's rows have length one; sums of them are brought to a size that layers learn from.
_SCALE = 3.0
#: Of a group that fewer texts hold there is nothing to learn.
_FEWEST_TEXTS = 2


@dataclass(frozen=True)
class BagNetwork:
    """A deep averaging network (Iyyer et al. 2015, "Deep unordered composition").

    Attributes
    ----------
    known
        Columns of the rows that it reads, ascending; ``[groups]``.
    vectors
        Of each of them; ``[groups, width]``.
    start
        Added to their sum; ``[width]``.
    hidden, hidden_bias
        ``[hidden, width]``, ``[hidden]``.
    out, level
        ``[hidden]``, and the log-odds where all of it is 0.
    """

    known: IntArray
    vectors: Float32Array
    start: Float32Array
    hidden: Float32Array
    hidden_bias: Float32Array
    out: Float32Array
    level: float

    def log_odds(self, rows: csr_array) -> FloatArray:
        """Return the log-odds of 1; ``[rows]``."""
        summed = np.asarray(rows[:, self.known] @ self.vectors) * _SCALE + self.start
        hidden = np.maximum(summed, 0.0) @ self.hidden.T + self.hidden_bias
        found: FloatArray = np.maximum(hidden, 0.0) @ self.out.astype(np.float64) + self.level
        return found


def fitted_bag(rows: csr_array, labels: FloatArray, seed: int, *, epochs: int) -> BagNetwork:
    """Learn from rows.

    Parameters
    ----------
    rows
        Of texts; ``[rows, groups]``.
    labels
        How likely each is 1, which is 0 or 1 where that is known; ``[rows]``.
    seed
        Of the first weights, the order of the rows and what is dropped.
    epochs
        How often each row is read.
    """
    texts = np.bincount(rows.indices, minlength=rows.shape[1])
    known = np.flatnonzero(texts >= _FEWEST_TEXTS)
    learning = _Learning(len(known), torch.Generator().manual_seed(seed))
    learning.run(csr_array(rows[:, known]), torch.from_numpy(labels).float(), epochs)
    start, hidden, hidden_bias, out, level = (one.detach().numpy() for one in learning.layers)
    vectors = learning.vectors.detach().numpy()
    return BagNetwork(known, vectors, start, hidden, hidden_bias, out[0], float(level[0]))


class _Learning:
    """Weights that are being learned."""

    def __init__(self, groups: int, draws: torch.Generator) -> None:
        self.draws = draws
        self.vectors = (0.1 * torch.randn(groups, _WIDTH, generator=draws)).requires_grad_()
        self.layers = [
            torch.zeros(_WIDTH),
            self._evenly(_HIDDEN, _WIDTH),
            torch.zeros(_HIDDEN),
            self._evenly(1, _HIDDEN),
            torch.zeros(1),
        ]
        for layer in self.layers:
            layer.requires_grad_()

    def _evenly(self, outputs: int, inputs: int) -> Tensor:
        bound = inputs**-0.5
        return torch.empty(outputs, inputs).uniform_(-bound, bound, generator=self.draws)

    def run(self, rows: csr_array, labels: Tensor, epochs: int) -> None:
        of_vectors = torch.optim.SparseAdam([self.vectors], lr=_VECTORS_RATE)
        of_layers = torch.optim.AdamW(self.layers, lr=_LAYERS_RATE)
        for _ in range(epochs):
            for batch in torch.randperm(len(labels), generator=self.draws).split(_BATCH):
                log_odds = self._log_odds(rows[batch.numpy()])
                loss = functional.binary_cross_entropy_with_logits(log_odds, labels[batch])
                of_vectors.zero_grad()
                of_layers.zero_grad()
                loss.backward()
                of_vectors.step()
                of_layers.step()

    def _log_odds(self, rows: csr_array) -> Tensor:
        start, hidden, hidden_bias, out, level = self.layers
        weights = torch.from_numpy(rows.data.astype(np.float32))
        summed = functional.embedding_bag(
            torch.from_numpy(rows.indices.astype(np.int64)),
            self.vectors,
            torch.from_numpy(rows.indptr[:-1].astype(np.int64)),
            per_sample_weights=dropout(weights, _GROUPS_DROPPED, self.draws),
            mode="sum",
            sparse=True,
        )
        first = dropout(functional.relu(summed * _SCALE + start), _DROPPED, self.draws)
        second = functional.relu(functional.linear(first, hidden, hidden_bias))
        found: Tensor = functional.linear(dropout(second, _DROPPED, self.draws), out, level)
        return found.squeeze(1)
