"""What is seen of each token of a sentence when spans are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from footfall.reviews.tokens import Token, kind_of, lemma_of
from footfall.reviews.vocabulary import vocabulary

_BEFORE = Token(0, 0, "<", "<")
_AFTER = Token(0, 0, ">", ">")
#: Tokens to both sides in which praise and blame are looked for.
_OPINIONS_WITHIN = 4


@dataclass(frozen=True)
class Classes:
    """Classes of words, from texts without labels.

    Attributes
    ----------
    groupings
        Class by word, for each grouping.
    """

    groupings: Sequence[Mapping[str, int]]

    def names(self, word: str) -> list[str]:
        """Return the class of a word in each grouping that knows it."""
        return [
            f"{number}:{grouping[word]}"
            for number, grouping in enumerate(self.groupings)
            if word in grouping
        ]


def features_of(tokens: Sequence[Token], classes: Classes) -> list[list[str]]:
    """Return names of what is seen of each token; ``[tokens][features]``."""
    padded = [_BEFORE, _BEFORE, *tokens, _AFTER, _AFTER]
    kinds = [kind_of(one.word) for one in padded]
    lemmas = [lemma_of(one.word) for one in padded]
    named = [classes.names(one.word) for one in padded]
    listed = [_aspect(one.word) for one in padded]
    judging = [place for place, kind in enumerate(kinds) if kind in ("praise", "blame")]
    found = []
    for place in range(2, len(tokens) + 2):
        token, word = padded[place], padded[place].word
        seen = [
            "bias",
            f"w={word}",
            f"l={lemmas[place]}",
            f"s={token.shape}",
            f"k={kinds[place]}",
            f"a={listed[place]}",
            f"w-1={padded[place - 1].word}",
            f"w+1={padded[place + 1].word}",
            f"w-2={padded[place - 2].word}",
            f"w+2={padded[place + 2].word}",
            f"l-1l={lemmas[place - 1]}|{lemmas[place]}",
            f"ll+1={lemmas[place]}|{lemmas[place + 1]}",
            f"k-1k={kinds[place - 1]}|{kinds[place]}",
            f"kk+1={kinds[place]}|{kinds[place + 1]}",
            f"k-1kk+1={kinds[place - 1]}|{kinds[place]}|{kinds[place + 1]}",
            f"k-2k-1={kinds[place - 2]}|{kinds[place - 1]}",
            f"k+1k+2={kinds[place + 1]}|{kinds[place + 2]}",
            f"a-1={listed[place - 1]}",
            f"a+1={listed[place + 1]}",
            f"s-1={padded[place - 1].shape}",
            f"s+1={padded[place + 1].shape}",
        ]
        for length in range(1, 5):
            if len(word) > length:
                seen.append(f"p{word[:length]}")
                seen.append(f"e{word[-length:]}")
        for offset in (-2, -1, 0, 1, 2):
            seen.extend(f"c{offset}={name}" for name in named[place + offset])
        for first, second in zip(named[place - 1], named[place], strict=False):
            seen.append(f"c-1c={first}|{second}")
        for first, second in zip(named[place], named[place + 1], strict=False):
            seen.append(f"cc+1={first}|{second}")
        nearest = min((abs(one - place) for one in judging if one != place), default=9)
        if nearest <= _OPINIONS_WITHIN:
            seen.append(f"opinion={nearest}")
        seen.append(f"opinions={min(2, len(judging))}|{kinds[place]}")
        found.append(seen)
    return found


def _aspect(word: str) -> str:
    entry = vocabulary("en").entry(word)
    return (entry.term or entry.value) if entry is not None else ""
