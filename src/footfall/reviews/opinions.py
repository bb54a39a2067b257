"""Praise and blame around a place of a sentence, with what denies them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from footfall.reviews.texts import CHINESE
from footfall.reviews.vocabulary import WORD, Entry, Found

#: Words, and Chinese characters, that a negation reaches.
_WORDS_REACHED, _CHARACTERS_REACHED = 3, 2
#: The same of a negation that denies a whole statement.
_WORDS_REACHED_FAR, _CHARACTERS_REACHED_FAR = 6, 8
#: Words around a span that are read, and Chinese characters.
_WORDS_AROUND, _CHARACTERS_AROUND = 8, 12
#: Makes the word behind it stronger, so that "never had such good tea" denies nothing.
_STRENGTHENS = re.compile(r"\bsuch\b|\u8fd9\u4e48|\u5982\u6b64")
#: The Chinese negations of which that holds: "never so good" praises, "not so good" blames.
_NEVER = (
    "\u4ece\u6ca1",
    "\u4ece\u6ca1\u6709",
    "\u4ece\u6765\u6ca1",
    "\u4ece\u6765\u6ca1\u6709",
    "\u4ece\u672a",
)
#: Ends a clause, and what a negation reaches.
_BREAK = re.compile(r"[,\uff0c:\uff1a;\u3001()\uff08\uff09~]")


@dataclass(frozen=True)
class Opinion:
    """A word that may praise or blame.

    Attributes
    ----------
    start, end
        Where it lies.
    entry
        What it can mean.
    is_denied
        Whether a negation reaches it.
    """

    start: int
    end: int
    entry: Entry
    is_denied: bool

    def polarity(self, aspect: str) -> int:
        """Return what it says of an aspect: 1, -1, or 0 for nothing."""
        polarity = (self.entry.near or {}).get(aspect, self.entry.polarity)
        return -polarity if self.is_denied else polarity


def opinions_of(text: str, language: str, found: Sequence[Found]) -> list[Opinion]:
    """Return what of a sentence may praise or blame, from left to right.

    Parameters
    ----------
    text
        Lower case.
    language
        Of the sentence.
    found
        Words of the vocabulary in it, from left to right.
    """
    denied_from = denied_to = -1
    can_strengthen = False
    opinions = []
    for one in found:
        if one.entry.is_negation:
            denied_from, denied_to = one.end, _reach(text, one, language)
            can_strengthen = language != CHINESE or text[: one.end].endswith(_NEVER)
        elif one.entry.polarity or one.entry.near:
            is_denied = (
                not one.entry.is_fixed
                and one.start <= denied_to
                and not _BREAK.search(text, denied_from, one.start)
                and not (can_strengthen and _STRENGTHENS.search(text, denied_from, one.start))
            )
            opinions.append(Opinion(one.start, one.end, one.entry, is_denied))
    return opinions


def _reach(text: str, negation: Found, language: str) -> int:
    """Return the last character at which a word is still denied."""
    end, is_far = negation.end, negation.entry.reaches_far
    if language == CHINESE:
        return end + (_CHARACTERS_REACHED_FAR if is_far else _CHARACTERS_REACHED)
    limit = _WORDS_REACHED_FAR if is_far else _WORDS_REACHED
    reached = end - 1
    for number, match in enumerate(WORD.finditer(text, end, end + 80)):
        if number == limit:
            break
        reached = match.start()
    return reached


class Surroundings:
    """Weighs opinions around spans of one sentence.

    Parameters
    ----------
    text
        Lower case.
    language
        Of the sentence.
    opinions
        Of the sentence, from left to right.
    spans
        Start and end of all that the sentence speaks of.
    """

    def __init__(
        self,
        text: str,
        language: str,
        opinions: Sequence[Opinion],
        spans: Iterable[tuple[int, int]],
    ) -> None:
        self._is_chinese = language == CHINESE
        self._words = [] if self._is_chinese else [one.start() for one in WORD.finditer(text)]
        self._breaks = [one.start() for one in _BREAK.finditer(text)]
        self._opinions = opinions
        self._starts = [one.start for one in opinions]
        self._spoken_of = {self._clause(start) for start, _ in spans}

    def polarity(self, start: int, end: int, aspect: str) -> int:
        """Return 1, -1, or 0 where nothing is said or praise and blame weigh alike.

        Opinions count by how near they are. Those of the own clause decide; where it has none,
        those of the clauses next to it count, if these speak of nothing else. A word that names an
        aspect judges only where nothing else does.
        """
        around = _CHARACTERS_AROUND if self._is_chinese else 10 * _WORDS_AROUND
        first = bisect_left(self._starts, start - around)
        last = bisect_right(self._starts, end + around)
        near = [one for one in self._opinions[first:last] if one.polarity(aspect)]
        judging = [one for one in near if not one.entry.term]
        own = self._clause(start)
        inside = [one for one in judging if self._clause(one.start) == own]
        beside = [one for one in judging if self._is_beside(one, own)]
        naming = [one for one in near if one.start < end and one.end > start]
        total = sum(
            one.polarity(aspect) * self._weight(one, start, end)
            for one in (inside or beside or naming)
        )
        return int(total > 1e-9) - int(total < -1e-9)

    def _is_beside(self, one: Opinion, own: int) -> bool:
        clause = self._clause(one.start)
        return abs(clause - own) == 1 and clause not in self._spoken_of

    def _clause(self, place: int) -> int:
        return bisect_right(self._breaks, place)

    def _weight(self, one: Opinion, start: int, end: int) -> float:
        if one.start >= end:
            distance = self._between(end, one.start)
        elif one.end <= start:
            distance = self._between(one.end, start)
        else:
            distance = 0
        limit = _CHARACTERS_AROUND if self._is_chinese else _WORDS_AROUND
        return 0.0 if distance > limit else 1.0 / (1.0 + distance)

    def _between(self, first: int, last: int) -> int:
        if self._is_chinese:
            return last - first
        return bisect_left(self._words, last) - bisect_left(self._words, first)
