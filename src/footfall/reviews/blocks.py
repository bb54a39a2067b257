"""Texts as sparse rows of weighted groups of characters and words, a block for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack

from footfall.core.arrays import FloatArray, UInt64Array
from footfall.reviews.grams import Grams, character_grams, word_grams
from footfall.reviews.texts import CHINESE, ENGLISH


@dataclass(frozen=True)
class BlockKind:
    """What a block counts.

    Attributes
    ----------
    column
        Of the texts, from 0; None for all columns as one text.
    of_words
        Whether it counts words; characters if not.
    shortest, longest
        Units of a group.
    fewest_texts
        A group in fewer texts of the training rows is left out.
    weight
        Length of each row.
    """

    column: int | None
    of_words: bool
    shortest: int
    longest: int
    fewest_texts: int = 1
    weight: float = 1.0


def kinds_for(language: str, columns: int) -> list[BlockKind]:
    """Return the blocks for a language.

    Chinese is not cut into words: groups of up to three characters do better. A title speaks
    another way than a body, so words of each column are counted apart.
    """
    if language == CHINESE:
        return [BlockKind(None, False, 1, 3)]
    apart: list[int | None] = [None] if columns == 1 else list(range(columns))
    words = [BlockKind(column, True, 1, 2, 2) for column in apart]
    if language == ENGLISH:
        return [*words, BlockKind(None, False, 2, 5, 3)]
    return [*words, BlockKind(None, False, 1, 4, 2)]


@dataclass(frozen=True)
class Block:
    """A block that was fitted: the groups that it knows, and how rare each is.

    Attributes
    ----------
    kind
        What it counts.
    hashes
        Of the groups that it knows, ascending; ``[groups]``.
    rarity
        Logarithm of how rare each is among the training texts (Spärck Jones 1972), at least 1;
        ``[groups]``.
    """

    kind: BlockKind
    hashes: UInt64Array
    rarity: FloatArray

    @classmethod
    def fitted(cls, kind: BlockKind, columns: Sequence[Sequence[str]]) -> Block:
        """Learn the groups of the training texts, ``[columns][texts]``."""
        texts = len(columns[0])
        counts = _by_text(_grams(kind, columns))
        known, in_texts = np.unique(counts.hashes, return_counts=True)
        kept = in_texts >= kind.fewest_texts
        rarity = np.log((1.0 + texts) / (1.0 + in_texts[kept])) + 1.0
        return cls(kind, known[kept], rarity)

    def rows(self, columns: Sequence[Sequence[str]]) -> csr_array:
        """Return each text as a row of one length; ``[texts, groups]``.

        A group counts 1 + log(times), times its rarity. A text without a known group is empty.
        """
        found = _grams(self.kind, columns)
        shape = (len(columns[0]), len(self.hashes))
        if not len(self.hashes):
            return csr_array(shape, dtype=np.float64)
        place = np.minimum(np.searchsorted(self.hashes, found.hashes), len(self.hashes) - 1)
        known = self.hashes[place] == found.hashes
        ones = np.ones(int(known.sum()))
        counted = coo_array((ones, (found.texts[known], place[known])), shape=shape).tocsr()
        counted.data = (1.0 + np.log(counted.data)) * self.rarity[counted.indices]
        of_row = np.repeat(np.arange(shape[0]), np.diff(counted.indptr))
        lengths = np.sqrt(np.bincount(of_row, counted.data**2, shape[0]))
        counted.data *= self.kind.weight / lengths[of_row]
        return counted


def joined(blocks: Sequence[Block], columns: Sequence[Sequence[str]]) -> csr_array:
    """Return the rows of all blocks side by side; ``[texts, groups]``."""
    return csr_array(hstack([block.rows(columns) for block in blocks], format="csr"))


def _grams(kind: BlockKind, columns: Sequence[Sequence[str]]) -> Grams:
    if kind.column is not None:
        texts = list(columns[kind.column])
    elif len(columns) == 1:
        texts = list(columns[0])
    else:
        texts = [" ".join(part for part in parts if part) for parts in zip(*columns, strict=True)]
    if kind.of_words:
        return word_grams(texts, kind.longest)
    return character_grams(texts, kind.shortest, kind.longest)


def _by_text(grams: Grams) -> Grams:
    """Keep each group once a text."""
    order = np.lexsort((grams.texts, grams.hashes))
    hashes, texts = grams.hashes[order], grams.texts[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (texts[1:] != texts[:-1])
    return Grams(hashes[new], texts[new])
