"""Words that praise and blame, counted with what denies them: where nothing was learned yet."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.reviews.texts import CHINESE, ENGLISH, language_of

#: Words of a sentence, and Chinese characters, that a negation reaches.
_WORDS_REACHED, _CHARACTERS_REACHED = 3, 2
#: Praise, praise that is denied, blame, blame that is denied.
COLUMNS = 4
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
#: Normalising has made marks of full width plain ones; it leaves the Chinese full stop.
_SENTENCE_ENDS = re.compile(r"[.!?;。]+|\bbut\b|\bhowever\b|但是|但|不过|可是")


@dataclass(frozen=True)
class Lexicon:
    """Words of one language.

    Attributes
    ----------
    polarity
        1 for praise, -1 for blame, by word.
    negations
        Words that turn the one after them.
    pattern
        Finds words and negations, longer ones first.
    """

    polarity: dict[str, int]
    negations: frozenset[str]
    pattern: re.Pattern[str]


@cache
def lexicon(language: str) -> Lexicon:
    """Return the words of a language, `en` or `zh`."""
    text = files("footfall.reviews").joinpath("lexicon.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["language"] == language]
    polarity = {row["word"]: int(row["polarity"]) for row in rows if row["kind"] == "word"}
    negations = frozenset(row["word"] for row in rows if row["kind"] == "negation")
    longest_first = sorted({*polarity, *negations}, key=lambda word: (-len(word), word))
    return Lexicon(polarity, negations, re.compile("|".join(map(re.escape, longest_first))))


def counts(texts: Sequence[str]) -> FloatArray:
    """Count praise, denied praise, blame and denied blame in each text.

    Parameters
    ----------
    texts
        Normalised, in any language; English words are looked for in those that are not Chinese.

    Returns
    -------
    ``[texts, 4]``.
    """
    found = np.zeros((len(texts), COLUMNS))
    for row, text in zip(found, texts, strict=True):
        is_chinese = language_of(text) == CHINESE
        for sentence in _SENTENCE_ENDS.split(text):
            for polarity, is_denied in (_chinese if is_chinese else _english)(sentence):
                row[(0 if polarity > 0 else 2) + is_denied] += 1
    return found


def log_odds(texts: Sequence[str]) -> FloatArray:
    """Return log-odds that a text is positive: praise against blame, half a word added to each.

    Denied blame counts half, as "not bad" praises less than "good".
    """
    praise, denied_praise, blame, denied_blame = counts(texts).T
    found: FloatArray = np.log((praise + 0.5 * denied_blame + 0.5) / (blame + denied_praise + 0.5))
    return found


def _english(sentence: str) -> list[tuple[int, bool]]:
    words = lexicon(ENGLISH)
    since = _WORDS_REACHED + 1
    found = []
    for word in _WORD.findall(sentence):
        since += 1
        if word in words.negations:
            since = 0
        elif polarity := words.polarity.get(word):
            found.append((polarity, since <= _WORDS_REACHED))
    return found


def _chinese(sentence: str) -> list[tuple[int, bool]]:
    words = lexicon(CHINESE)
    denied_to = -1
    found = []
    for match in words.pattern.finditer(sentence):
        if polarity := words.polarity.get(match[0]):
            found.append((polarity, match.start() <= denied_to))
        else:
            denied_to = match.end() + _CHARACTERS_REACHED
    return found
