"""Whether a sentence praises what a span of it names, learned from labelled spans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from footfall.core.arrays import FloatArray
from footfall.reviews.linear import Linear, fitted
from footfall.reviews.opinions import Surroundings, opinions_of
from footfall.reviews.sentences import sentences_of
from footfall.reviews.texts import ENGLISH
from footfall.reviews.tokens import Token, kind_of, lemma_of, tokens_of
from footfall.reviews.vocabulary import lowered, vocabulary

#: Tokens to both sides of a span that are near it.
_NEAR = 4
#: Tokens that a negation marks, within a clause.
_DENIED = 5
_BREAK = re.compile(r"[,.;:!?()]")
#: Characters that words of one stem share, counting the mark of a negation.
_STEM = 6
_STRENGTH = 3.0
_FEWEST = 2
#: Lengths to which kinds of features of a span are brought together.
_WEIGHTS = {"near": 1.0, "clause": 1.0, "sentence": 0.7, "term": 0.4}
Place = tuple[int, int] | None
Named = Mapping[str, float]


@dataclass(frozen=True)
class SpanPolarity:
    """A model of the polarity of spans.

    Attributes
    ----------
    columns
        Number of a feature by name.
    classes
        Polarities that were learned.
    models
        Of each class against the others.
    """

    columns: Mapping[str, int]
    classes: list[int]
    models: list[Linear]

    def scores(self, texts: Sequence[str], places: Sequence[Place]) -> FloatArray:
        """Return log-odds of each class; ``[spans, classes]``."""
        named = [_named(text, at) for text, at in zip(texts, places, strict=True)]
        rows = _rows(named, self.columns)
        return np.column_stack([model.log_odds(rows) for model in self.models])

    def polarities(self, texts: Sequence[str], places: Sequence[Place]) -> list[int]:
        """Return the likeliest class of each span.

        Parameters
        ----------
        texts
            Sentence of each span.
        places
            Start and end of each; None where the sentence as a whole is meant.
        """
        if not texts:
            return []
        return [self.classes[one] for one in self.scores(texts, places).argmax(axis=1)]


def learn_span_polarity(
    texts: Sequence[str], places: Sequence[Place], polarities: Sequence[int]
) -> SpanPolarity:
    """Learn from spans with a polarity.

    Logistic regressions on words and pairs of words near the span, in its clause and in its
    sentence, with those marked that a negation reaches, and on praise and blame of the lists.

    Parameters
    ----------
    texts
        Sentence of each span.
    places
        Start and end of each; None where the sentence as a whole is meant.
    polarities
        Any whole numbers, such as -1, 0 and 1.
    """
    named = [_named(text, at) for text, at in zip(texts, places, strict=True)]
    times = Counter(name for one in named for name in one)
    names = [name for name, count in times.items() if count >= _FEWEST]
    columns = {name: number for number, name in enumerate(names)}
    rows = _rows(named, columns)
    classes = sorted(set(polarities))
    models = [
        fitted(rows, np.array([float(one == of) for one in polarities]), _STRENGTH)
        for of in classes
    ]
    return SpanPolarity(columns, classes, models)


def _rows(named: Sequence[Named], columns: Mapping[str, int]) -> csr_array:
    numbers: list[int] = []
    values: list[float] = []
    ends = [0]
    for one in named:
        known = [(columns[name], value) for name, value in one.items() if name in columns]
        numbers.extend(column for column, _ in known)
        values.extend(value for _, value in known)
        ends.append(len(numbers))
    shape = (len(named), len(columns))
    return csr_array((np.array(values), np.array(numbers, np.int64), ends), shape=shape)


@lru_cache(maxsize=30_000)
def _named(text: str, place: Place) -> Named:
    """Return what is seen of a span, by name."""
    tokens = tokens_of(text)
    words = _with_denied(tokens)
    first, last = _tokens_at(tokens, place)
    start, end = _clause(text, place)
    inside = [word for word, one in zip(words, tokens, strict=True) if start <= one.start < end]
    near: list[str] = []
    if place is not None:
        near = [f"<{word}" for word in words[max(0, first - _NEAR) : first]]
        near += [f">{word}" for word in words[last : last + _NEAR]]
    parts = {"near": [*near, *_pairs(near)], "clause": [*inside, *_pairs(inside)]}
    parts["sentence"] = [*words, *(f"{word[:_STEM]}~" for word in words)]
    parts["term"] = [lemma_of(one.word) for one in tokens[first:last]]
    named: dict[str, float] = {}
    for part, names in parts.items():
        found = set(names)
        for name in found:
            named[f"{part}:{name}"] = _WEIGHTS[part] / np.sqrt(len(found))
    return {**named, **_listed(text, place, (start, end))}


def _listed(text: str, place: Place, clause: tuple[int, int]) -> Named:
    """Return what the lists of praise and blame say of a span."""
    lower = lowered(text)
    opinions = opinions_of(lower, ENGLISH, vocabulary(ENGLISH).find(lower))
    named: dict[str, float] = {}
    for part, (start, end) in (("clause", clause), ("sentence", (0, len(text)))):
        inside = [one.polarity("") for one in opinions if start <= one.start < end]
        praise, blame = inside.count(1), inside.count(-1)
        named[f"{part}#praise"] = float(np.log1p(praise))
        named[f"{part}#blame"] = float(np.log1p(blame))
        named[f"{part}#against"] = float(np.sign(praise - blame))
    if place is not None:
        around = Surroundings(lower, ENGLISH, opinions, [place])
        named["around#"] = float(around.polarity(*place, ""))
    return named


def _with_denied(tokens: Sequence[Token]) -> list[str]:
    """Return the words, those marked that a negation reaches."""
    found, left = [], 0
    for token in tokens:
        kind = kind_of(token.word)
        if kind == "negation":
            left = _DENIED
        elif _BREAK.match(token.word) or token.word == "but":
            left = 0
        found.append(f"!{token.word}" if left and kind != "negation" else token.word)
        left = max(0, left - 1)
    return found


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(words)]


def _tokens_at(tokens: Sequence[Token], place: Place) -> tuple[int, int]:
    if place is None:
        return 0, 0
    inside = [n for n, one in enumerate(tokens) if one.start < place[1] and one.end > place[0]]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _clause(text: str, place: Place) -> tuple[int, int]:
    """Return where the part of the sentence lies that a contrast does not part from the span."""
    if place is not None:
        for one in sentences_of(text, ENGLISH):
            if one.start <= place[0] < one.end:
                return one.start, one.end
    return 0, len(text)
