"""Words that name aspects and words that judge them, in one list a language."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from footfall.reviews.lexicon import lexicon
from footfall.reviews.texts import CHINESE, ENGLISH

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True)
class Entry:
    """What a word or phrase can mean.

    Attributes
    ----------
    polarity
        Of the word by itself: 1, -1, or 0 for neither.
    is_negation
        Whether it denies what follows.
    reaches_far
        Whether it denies a whole statement ("I would not call the delivery fast"), and not just the
        next few words.
    is_fixed
        Whether a negation before it changes nothing, as it holds its own.
    term
        Aspect that it names, or an empty text.
    value
        Aspect that it judges without naming it, as "expensive" does the price, or an empty text.
    near
        Its polarity next to terms of some aspects: a battery that lasts long, a delivery that takes
        long.
    """

    polarity: int = 0
    is_negation: bool = False
    reaches_far: bool = False
    is_fixed: bool = False
    term: str = ""
    value: str = ""
    near: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Found:
    """A word or phrase of the list in a text.

    Attributes
    ----------
    start, end
        Where it lies.
    entry
        What it can mean.
    """

    start: int
    end: int
    entry: Entry


class Vocabulary:
    """Finds words and phrases, the longest first, in one pass over a text.

    Parameters
    ----------
    entries
        By word: lower case, English ones with single blanks.
    language
        Chinese words are looked for at each character, others at each word.
    """

    def __init__(self, entries: Mapping[str, Entry], language: str) -> None:
        self._entries = entries
        self._is_chinese = language == CHINESE
        #: Lengths of the words that begin with a character or word, longest first.
        self._lengths: dict[str, list[int]] = {}
        for word in entries:
            parts = list(word) if self._is_chinese else word.split()
            lengths = self._lengths.setdefault(_stem(parts[0]), [])
            if len(parts) not in lengths:
                lengths.append(len(parts))
                lengths.sort(reverse=True)

    def entry(self, word: str) -> Entry | None:
        """Return what a lower-case word by itself can mean, or None where it is not listed."""
        return self._entries.get(word) or self._entries.get(_stem(word))

    def find(self, text: str) -> list[Found]:
        """Return what occurs in a lower-case text, from left to right, without overlaps."""
        return self._at_characters(text) if self._is_chinese else self._at_words(text)

    def _at_characters(self, text: str) -> list[Found]:
        found, end = [], 0
        for place, mark in enumerate(text):
            if place < end:
                continue
            for length in self._lengths.get(mark, ()):
                entry = self._entries.get(text[place : place + length])
                if entry is not None:
                    end = place + length
                    found.append(Found(place, end, entry))
                    break
        return found

    def _at_words(self, text: str) -> list[Found]:
        places = [match.span() for match in WORD.finditer(text)]
        words = [text[start:end].replace("\u2019", "'") for start, end in places]
        found, free = [], 0
        for number, word in enumerate(words):
            lengths = self._lengths.get(_stem(word))
            if lengths is None or number < free:
                continue
            for length in lengths:
                entry = self._phrase(words, places, number, number + length - 1)
                if entry is not None:
                    free = number + length
                    found.append(Found(places[number][0], places[free - 1][1], entry))
                    break
        return found

    def _phrase(
        self, words: Sequence[str], places: Sequence[tuple[int, int]], first: int, last: int
    ) -> Entry | None:
        if first == last:
            return self.entry(words[first])
        if last >= len(words):
            return None
        phrase = " ".join(words[first : last + 1])
        if places[last][1] - places[first][0] > len(phrase):
            return None  # More than a blank lies between, such as a comma.
        return self._entries.get(phrase) or self._entries.get(_stem(phrase))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """Return the singular of a regular plural."""
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su":
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


@cache
def vocabulary(language: str) -> Vocabulary:
    """Return the list of a language: Chinese for `zh`, English otherwise."""
    language = CHINESE if language == CHINESE else ENGLISH
    listed = lexicon(language)
    entries = {word: Entry(polarity=polarity) for word, polarity in listed.polarity.items()}
    # Texts that were cut into words before write "did n't".
    entries |= {word: Entry(is_negation=True) for word in (*listed.negations, "n't")}
    text = files("footfall.reviews").joinpath("aspects.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["language"] == language:
            entries[row["word"]] = _with(entries.get(row["word"], Entry()), row)
    return Vocabulary(entries, language)


def _with(entry: Entry, row: Mapping[str, str]) -> Entry:
    """Return an entry with what one row of the list adds."""
    aspect, kind = row["aspect"], row["kind"]
    polarity = int(row["polarity"] or 0)
    near = entry.near
    if kind == "near":
        near = {**(near or {}), aspect: polarity}
    return Entry(
        polarity=polarity if kind in ("value", "word", "phrase") else entry.polarity,
        is_negation=entry.is_negation or kind == "negation",
        reaches_far=entry.reaches_far or kind == "negation",
        is_fixed=entry.is_fixed or kind == "phrase",
        term=aspect if kind == "term" else entry.term,
        value=aspect if kind == "value" else entry.value,
        near=near,
    )


def lowered(text: str) -> str:
    """Return a text in lower case whose characters lie where they lay."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(mark.lower() if len(mark.lower()) == 1 else mark for mark in text)
