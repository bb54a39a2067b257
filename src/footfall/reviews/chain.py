"""A linear-chain conditional random field: tags of tokens that depend on their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from footfall.core.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Layout:
    """Sequences of different lengths, stepped through side by side.

    Attributes
    ----------
    steps
        Tokens at each place of their sequences; those of longer sequences come first, so that
        each step is a prefix of the one before it; ``[places][sequences still going on]``.
    """

    steps: list[IntArray]

    @classmethod
    def of(cls, lengths: IntArray) -> Layout:
        """Lay out sequences of these lengths, whose tokens follow each other."""
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if len(lengths) else lengths
        order = np.argsort(-lengths, kind="stable")
        longest = int(lengths.max()) if len(lengths) else 0
        going_on = [int((lengths > place).sum()) for place in range(longest)]
        return cls([starts[order[:count]] + place for place, count in enumerate(going_on)])


@dataclass(frozen=True)
class Chain:
    """Weights of a conditional random field (Lafferty, McCallum and Pereira 2001).

    Attributes
    ----------
    weights
        ``[features, tags]``.
    moves
        Of a tag after another; ``[tags, tags]``.
    begins
        Of the first tag; ``[tags]``.
    """

    weights: FloatArray
    moves: FloatArray
    begins: FloatArray

    def marginals(self, rows: csr_array, layout: Layout) -> FloatArray:
        """Return how likely each token has each tag; ``[tokens, tags]``."""
        scores: FloatArray = rows @ self.weights
        return _passes(scores, self.moves, self.begins, layout)[1]


def learn_chain(
    rows: csr_array, tags: IntArray, count: int, layout: Layout, penalty: float, steps: int = 120
) -> Chain:
    """Fit by L-BFGS.

    Parameters
    ----------
    rows
        Features of the tokens; ``[tokens, features]``.
    tags
        From 0; ``[tokens]``.
    count
        How many tags there are.
    layout
        Of the sequences.
    penalty
        On half of the squared weights, against the sum of the losses of sequences.
    steps
        At most.
    """
    features = rows.shape[1]
    if not layout.steps:
        return _unpacked(np.zeros(features * count + count * count + count), features, count)
    across = csr_array(rows.T)
    truth = np.zeros((len(tags), count))
    truth[np.arange(len(tags)), tags] = 1.0
    seen_moves = np.zeros((count, count))
    for before, after in pairwise(layout.steps):
        np.add.at(seen_moves, (tags[before[: len(after)]], tags[after]), 1.0)
    seen_begins = np.bincount(tags[layout.steps[0]], minlength=count).astype(float)
    seen = across @ truth

    def loss(point: FloatArray) -> tuple[float, FloatArray]:
        chain = _unpacked(point, features, count)
        scores = rows @ chain.weights
        total, expected, moves = _passes(scores, chain.moves, chain.begins, layout)
        gold = (scores * truth).sum() + (chain.moves * seen_moves).sum()
        gold += (chain.begins * seen_begins).sum()
        slopes = np.concatenate(
            [
                (across @ expected - seen).ravel(),
                (moves - seen_moves).ravel(),
                expected[layout.steps[0]].sum(axis=0) - seen_begins,
            ]
        )
        return float(total - gold + 0.5 * penalty * (point @ point)), slopes + penalty * point

    start = np.zeros(features * count + count * count + count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return _unpacked(found.x, features, count)


def _unpacked(point: FloatArray, features: int, count: int) -> Chain:
    ends = features * count, features * count + count * count
    return Chain(
        point[: ends[0]].reshape(features, count),
        point[ends[0] : ends[1]].reshape(count, count),
        point[ends[1] :],
    )


def _passes(
    scores: FloatArray, moves: FloatArray, begins: FloatArray, layout: Layout
) -> tuple[float, FloatArray, FloatArray]:
    """Go forward and backward, with each step brought to a sum of one.

    Returns
    -------
    Sum of the logarithms of the partition functions; marginals of tags, ``[tokens, tags]``; and
    expected counts of moves, ``[tags, tags]``.
    """
    steps = layout.steps
    peak = scores.max(axis=1, keepdims=True)
    potential = np.exp(scores - peak)
    between = np.exp(moves)
    forward, scale = np.zeros_like(scores), np.ones(len(scores))
    for place, tokens in enumerate(steps):
        if place:
            reached = (forward[steps[place - 1][: len(tokens)]] @ between) * potential[tokens]
        else:
            reached = np.exp(begins) * potential[tokens]
        scale[tokens] = reached.sum(axis=1)
        forward[tokens] = reached / scale[tokens, None]
    backward = np.ones_like(scores)
    expected = np.zeros_like(between)
    for place in range(len(steps) - 1, 0, -1):
        tokens = steps[place]
        before = steps[place - 1][: len(tokens)]
        weighed = backward[tokens] * potential[tokens] / scale[tokens, None]
        expected += forward[before].T @ weighed
        backward[before] = weighed @ between.T
    total = float(np.log(scale).sum() + peak.sum())
    return total, forward * backward, expected * between
