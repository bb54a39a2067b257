"""Everything that is counted of a text, as one sparse row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack

from footfall.reviews import lexicon
from footfall.reviews.blocks import Block, joined, kinds_for
from footfall.reviews.texts import CHINESE, ENGLISH


@dataclass(frozen=True)
class Features:
    """How texts become rows: blocks of groups, then the columns of the lexicon.

    Attributes
    ----------
    blocks
        That were fitted.
    has_lexicon
        Whether there are words for the language.
    """

    blocks: tuple[Block, ...]
    has_lexicon: bool

    @property
    def lexicon_columns(self) -> int:
        """How many columns the lexicon fills: four counts, and praise against blame."""
        return lexicon.COLUMNS + 1 if self.has_lexicon else 0

    @classmethod
    def fitted(cls, language: str, columns: Sequence[Sequence[str]]) -> Features:
        """Learn the groups of texts, ``[columns][texts]``; labels play no part."""
        kinds = kinds_for(language, len(columns))
        blocks = tuple(Block.fitted(kind, columns) for kind in kinds)
        return cls(blocks, language in (CHINESE, ENGLISH))

    def rows(self, columns: Sequence[Sequence[str]]) -> csr_array:
        """Return texts as rows; ``[texts, groups + lexicon]``."""
        rows = joined(self.blocks, columns)
        if not self.has_lexicon:
            return rows
        texts = [" ".join(parts) for parts in zip(*columns, strict=True)]
        counted = np.log1p(lexicon.counts(texts))
        against = lexicon.log_odds(texts)[:, None] / 2.0
        return csr_array(hstack([rows, csr_array(np.hstack([counted, against]))], format="csr"))
