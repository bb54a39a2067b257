"""Words and marks of a sentence with their places, and what kind of word each looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from footfall.reviews.vocabulary import lowered, vocabulary

#: Chinese characters, runs of other letters and of digits; "n't" and "'s" stand alone, as any
#: other mark does.
_LETTER = r"(?:(?![\u3400-\u9fff])[^\W\d_])"
_TOKEN = re.compile(
    rf"[\u3400-\u9fff]|{_LETTER}+?(?=n['\u2019]t\b)|n['\u2019]t\b|['\u2019](?:s|re|ve|ll|d|m)\b"
    rf"|{_LETTER}+|\d+(?:[.,]\d+)*|[^\w\s]|_",
    re.IGNORECASE,
)
_ARTICLE = "a an the this that these those my your his her its our their any every each some no"
_PRONOUN = "i me you he him she it we us they them who which what that myself itself one"
_VERB = (
    "am is are was were be been being has have had having do does did doing will would can could "
    "should may might must shall get gets got getting go goes went going come comes came make "
    "makes made take takes took keep keeps kept use uses used using buy bought say said think "
    "thought know find found want wanted need needs give gives gave put seem seems look looks feel "
    "feels felt try tried let see saw seen tell told ask asked run runs ran turn turns turned"
)
_PREPOSITION = (
    "of in on at by for with from to into onto over under about after before between through "
    "during without within against off out up down per than as like via near since until"
)
_CONJUNCTION = "and or nor but so if because while although though when where whereas unless plus"
_ADVERB = (
    "not very too also just only even still really quite so much more most less least ever never "
    "always often again well almost rather pretty here there now then once already yet far"
)
_CLOSED = {
    word: kind
    for kind, words in (
        ("adverb", _ADVERB),
        ("conjunction", _CONJUNCTION),
        ("preposition", _PREPOSITION),
        ("verb", _VERB),
        ("pronoun", _PRONOUN),
        ("article", _ARTICLE),
    )
    for word in words.split()
}
_ENDINGS = (
    ("adverb", ("ly",)),
    ("noun", ("tion", "sion", "ment", "ness", "ity", "ance", "ence", "ship", "age", "ware", "ism")),
    ("adjective", ("ful", "less", "ous", "able", "ible", "ive", "ish", "ic", "al", "est", "ary")),
    ("doing", ("ing",)),
    ("done", ("ed",)),
)
_IRREGULAR = {
    "batteries": "battery",
    "movies": "movie",
    "lenses": "lens",
    "lens": "lens",
    "bus": "bus",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "pics": "picture",
    "pic": "picture",
    "colour": "color",
    "colours": "color",
}


@dataclass(frozen=True)
class Token:
    """A word, number or mark.

    Attributes
    ----------
    start, end
        Where it lies.
    word
        Lower case.
    shape
        `X` for capitals, `x` for other letters, `9` for digits, runs of one kind shortened; marks
        as they are.
    """

    start: int
    end: int
    word: str
    shape: str


def tokens_of(text: str) -> list[Token]:
    """Cut a sentence into words, numbers and marks.

    Examples
    --------
    >>> [one.word for one in tokens_of("It doesn't run 3.5 GB well.")]
    ['it', 'does', "n't", 'run', '3.5', 'gb', 'well', '.']
    """
    lower = lowered(text)
    return [
        Token(match.start(), match.end(), lower[match.start() : match.end()], _shape(match[0]))
        for match in _TOKEN.finditer(text)
    ]


@lru_cache(maxsize=50_000)
def lemma_of(word: str) -> str:
    """Return the singular of an English noun, by its ending.

    Examples
    --------
    >>> [lemma_of(word) for word in ("pictures", "batteries", "glass", "boxes", "bus")]
    ['picture', 'battery', 'glass', 'box', 'bus']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=50_000)
def kind_of(word: str) -> str:
    """Return what a lower-case word looks like, by closed lists, opinions and endings.

    Returns
    -------
    `article`, `pronoun`, `verb`, `preposition`, `conjunction`, `adverb`, `praise`, `blame`,
    `negation`, `noun`, `adjective`, `doing`, `done`, `number`, `mark`, `letter` or `other`.
    """
    if word in ("n't", "n\u2019t"):
        return "negation"
    if not word[0].isalnum():
        return "mark"
    if word[0].isdigit():
        return "number"
    entry = vocabulary("en").entry(word)
    if entry is not None and entry.is_negation:
        return "negation"
    if word in _CLOSED:
        return _CLOSED[word]
    if entry is not None and entry.polarity and not entry.term:
        return "praise" if entry.polarity > 0 else "blame"
    if len(word) == 1:
        return "letter"
    for kind, endings in _ENDINGS:
        if word.endswith(endings) and len(word) > 4:
            return kind
    return "other"


@lru_cache(maxsize=50_000)
def _shape(word: str) -> str:
    found: list[str] = []
    for mark in word:
        kind = "X" if mark.isupper() else "x" if mark.isalpha() else "9" if mark.isdigit() else mark
        if len(found) < 2 or found[-1] != kind or found[-2] != kind:
            found.append(kind)
    return "".join(found)
