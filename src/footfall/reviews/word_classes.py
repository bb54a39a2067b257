"""Classes of words that stand among the same neighbours, learned from texts without labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import svds

from footfall.core.arrays import FloatArray, IntArray

_FEWEST, _NEIGHBOURS, _DIMENSIONS, _ROUNDS = 4, 400, 24, 12
_EDGE = "\n"


def word_classes(
    sentences: Sequence[Sequence[str]], counts: Sequence[int], seed: int
) -> list[Mapping[str, int]]:
    """Group words by which words stand to their left and right.

    Pointwise mutual information of a word with its neighbours, on each side apart, is brought to a
    few dimensions (Bullinaria and Levy 2007) and parted by k-means. Such classes are close to
    parts of speech (Schütze 1995).

    Parameters
    ----------
    sentences
        Words of each, lower case.
    counts
        Of classes; a grouping for each.
    seed
        Of the first centres.

    Returns
    -------
    For each of ``counts`` the class by word; words that occur fewer than four times have none.
    """
    times = Counter(word for words in sentences for word in words)
    listed = [word for word, count in times.most_common() if count >= _FEWEST]
    if len(listed) <= max(_DIMENSIONS, *counts):
        return [{} for _ in counts]
    vectors = _vectors(sentences, {word: number for number, word in enumerate(listed)})
    generator = np.random.default_rng(seed)
    found: list[Mapping[str, int]] = []
    for count in counts:
        classes = _parted(vectors, count, generator)
        found.append({word: int(one) for word, one in zip(listed, classes, strict=True)})
    return found


def _vectors(sentences: Sequence[Sequence[str]], numbers: Mapping[str, int]) -> FloatArray:
    """Return a vector of length one for each listed word; ``[words, dimensions]``."""
    neighbours = min(_NEIGHBOURS, len(numbers))
    words, beside = [], []
    for sentence in sentences:
        codes = [-2, *(numbers.get(word, -1) for word in sentence), -2]
        for place in range(1, len(codes) - 1):
            if codes[place] < 0:
                continue
            for side, code in enumerate((codes[place - 1], codes[place + 1])):
                # Two columns more a side: edges, and all rarer words together.
                column = code if 0 <= code < neighbours else neighbours + (code != -2)
                words.append(codes[place])
                beside.append(side * (neighbours + 2) + column)
    shape = (len(numbers), 2 * (neighbours + 2))
    together = coo_array((np.ones(len(words)), (words, beside)), shape=shape).tocsr()
    informed = _informed(csr_array(together))
    left, strengths, _ = svds(informed, k=_DIMENSIONS, rng=np.random.default_rng(0))
    vectors = left * np.sqrt(strengths)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    alike: FloatArray = vectors / np.maximum(lengths, 1e-12)
    return alike


def _informed(together: csr_array) -> csr_array:
    """Return positive pointwise mutual information of counts."""
    of_word = np.maximum(together.sum(axis=1), 1.0)
    # Smoothed, so that rare neighbours do not count too much (Levy, Goldberg and Dagan 2015).
    of_neighbour = np.maximum(together.sum(axis=0), 1.0) ** 0.75
    share = of_neighbour / of_neighbour.sum()
    ratio = csr_array(diags_array(1.0 / of_word) @ together @ diags_array(1.0 / share))
    ratio.data = np.maximum(np.log(np.maximum(ratio.data, 1e-12)), 0.0)
    return ratio


def _parted(vectors: FloatArray, count: int, generator: np.random.Generator) -> IntArray:
    """Part vectors of length one by k-means on their angle."""
    centres = vectors[generator.choice(len(vectors), count, replace=False)]
    classes = np.zeros(len(vectors), np.int64)
    for _ in range(_ROUNDS):
        classes = np.argmax(vectors @ centres.T, axis=1).astype(np.int64)
        sums = np.zeros_like(centres)
        np.add.at(sums, classes, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-12, sums / np.maximum(lengths, 1e-12), centres)
    return classes
