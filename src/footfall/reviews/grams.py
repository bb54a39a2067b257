"""Groups of neighbouring characters and words as 64-bit hashes, many texts at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, IntArray, UInt64Array

_PRIME = np.uint64(1_099_511_628_211)
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: Ends a text; normalised texts hold no characters of control.
_END = "\x00"


@dataclass(frozen=True)
class Grams:
    """Groups of neighbours, each as often as it occurs.

    Attributes
    ----------
    hashes
        Of each; ``[grams]``.
    texts
        The text that each is in, from 0; ``[grams]``.
    """

    hashes: UInt64Array
    texts: IntArray


def character_grams(texts: Sequence[str], shortest: int, longest: int) -> Grams:
    """Return all groups of ``shortest`` to ``longest`` neighbouring characters.

    Parameters
    ----------
    texts
        Normalised; ``[texts]``.
    shortest, longest
        Characters of a group.
    """
    marks, text_of = _characters(texts)
    return _grams(marks, text_of, marks != 0, shortest, longest)


def word_grams(texts: Sequence[str], longest: int) -> Grams:
    """Return all groups of one to ``longest`` neighbouring words.

    A word is a run of letters, digits and apostrophes; what lies between is left out.
    """
    marks, text_of = _characters(texts)
    kinds, kind_of = np.unique(marks, return_inverse=True)
    in_word = np.array([_is_of_word(chr(int(kind))) for kind in kinds], dtype=bool)[kind_of]
    if not in_word.any():
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64))
    begins = in_word & ~np.concatenate(([False], in_word[:-1]))
    starts = np.flatnonzero(begins)
    word_of = np.cumsum(begins)[in_word] - 1
    place = np.flatnonzero(in_word) - starts[word_of]
    powers = np.cumprod(np.full(int(place.max()) + 1, _PRIME))
    firsts = np.flatnonzero(place == 0)
    words = _mixed(np.add.reduceat((marks[in_word] + np.uint64(1)) * powers[place], firsts))
    return _grams(words, text_of[starts], np.ones(len(words), bool), 1, longest)


def _is_of_word(mark: str) -> bool:
    return mark.isalnum() or mark == "'"


def _characters(texts: Sequence[str]) -> tuple[UInt64Array, IntArray]:
    """Return the code of each character, 0 at the end of a text, and the text that it is in."""
    joined = "".join(f"{text}{_END}" for text in texts)
    marks = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.cumsum(marks == 0)
    text_of = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    return marks.astype(np.uint64), text_of.astype(np.int64)


def _grams(
    units: UInt64Array, text_of: IntArray, usable: BoolArray, shortest: int, longest: int
) -> Grams:
    """Hash runs of neighbouring units that lie in one text."""
    hashes, texts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    running = np.full(len(units), np.uint64(len(_END)))
    whole = np.ones(len(units), bool)
    for length in range(1, min(longest, len(units)) + 1):
        count = len(units) - length + 1
        last = slice(length - 1, length - 1 + count)
        running = running[:count] * _PRIME + units[last]
        whole = whole[:count] & usable[last] & (text_of[:count] == text_of[last])
        if length >= shortest:
            hashes.append(_mixed(running[whole] * _PRIME + np.uint64(length)))
            texts.append(text_of[:count][whole])
    return Grams(np.concatenate(hashes), np.concatenate(texts))


def _mixed(hashes: UInt64Array) -> UInt64Array:
    """Spread what differs in a few bits over all of them (Steele, Lea and Flood 2014)."""
    hashes = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    mixed: UInt64Array = hashes ^ (hashes >> np.uint64(29))
    return mixed
