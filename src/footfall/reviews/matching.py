"""When an aspect that was found is one that people named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from footfall.reviews.tokens import Token, lemma_of, tokens_of

#: Words at the ends of a phrase that say nothing of what it names.
_EMPTY = frozenset(
    ("a", "an", "the", "its", "their", "my", "your", "his", "her", "our", "this", "that", "these")
)


@dataclass(frozen=True)
class Counts:
    """What matching found, to be added up.

    Attributes
    ----------
    hits
        Pairs that match.
    named
        Aspects that were found.
    labelled
        Aspects that people named.
    """

    hits: int
    named: int
    labelled: int

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            self.hits + other.hits, self.named + other.named, self.labelled + other.labelled
        )

    def figures(self) -> dict[str, float]:
        """Return precision, recall and F1; 0 where there is nothing to divide by."""
        return {
            "precision": self.hits / max(1, self.named),
            "recall": self.hits / max(1, self.labelled),
            "f1": 2 * self.hits / max(1, self.named + self.labelled),
        }


def plain_aspect(phrase: str) -> str:
    """Return a phrase as it is compared: lower case, singular, without articles and marks.

    Examples
    --------
    >>> plain_aspect("The Pictures' Quality")
    'picture quality'
    """
    words = [one.word for one in tokens_of(phrase) if one.word[0].isalnum()]
    while words and words[0] in _EMPTY:
        words = words[1:]
    return " ".join(lemma_of(word) for word in words)


def head_of(aspect: str) -> str:
    """Return the noun that an aspect is a kind of: its last word, or that before "of".

    Examples
    --------
    >>> head_of("picture quality"), head_of("ease of use")
    ('quality', 'ease')
    """
    before = aspect.partition(" of ")[0]
    return before.split(" ")[-1]


def names_product(aspect: str, product: str) -> bool:
    """Return whether all words of an aspect are words of the product's name."""
    name = set(plain_aspect(product.replace("_", " ")).split())
    return bool(aspect) and set(aspect.split()) <= name


def located(tokens: Sequence[Token], aspect: str) -> list[tuple[int, int]]:
    """Return where the words of an aspect occur in a sentence, in any number.

    Examples
    --------
    >>> located(tokens_of("Great pictures, a great picture."), "picture")
    [(6, 14), (24, 31)]
    """
    wanted = [lemma_of(one.word) for one in tokens_of(aspect)]
    lemmas = [lemma_of(one.word) for one in tokens]
    return [
        (tokens[first].start, tokens[first + len(wanted) - 1].end)
        for first in range(len(lemmas) - len(wanted) + 1)
        if wanted and lemmas[first : first + len(wanted)] == wanted
    ]


def one_to_one(
    found: Sequence[str], labelled: Sequence[str], *, exact: bool
) -> list[tuple[int, int]]:
    """Match aspects of one sentence, each at most once: equal ones first, then equal heads.

    Parameters
    ----------
    found, labelled
        As :func:`plain_aspect` gives them.
    exact
        Whether the same head is not enough.

    Returns
    -------
    Pairs of the number of a found and of a labelled aspect.
    """
    pairs: list[tuple[int, int]] = []
    for same in (str, head_of)[: 1 if exact else 2]:
        for number, one in enumerate(found):
            if any(number == before for before, _ in pairs):
                continue
            taken = {after for _, after in pairs}
            match = next(
                (
                    place
                    for place, other in enumerate(labelled)
                    if place not in taken and same(other) == same(one)
                ),
                None,
            )
            if match is not None:
                pairs.append((number, match))
    return pairs


def product_level(
    found: Collection[str], labelled: Sequence[str], fewest: int = 3
) -> dict[str, float]:
    """Return how well the aspects of a product are known, however often each is named.

    Parameters
    ----------
    found
        Aspects that were found for the product.
    labelled
        What people named in its sentences, each as often as they did.
    fewest
        Recall is over aspects that were named so often; a found aspect that matches any label is
        right.

    Returns
    -------
    Precision, recall and F1.
    """
    times = Counter(labelled)
    often = [one for one, count in times.items() if count >= fewest]
    heads, found_heads = {head_of(one) for one in times}, {head_of(one) for one in found}
    right = sum(head_of(one) in heads for one in found)
    reached = sum(head_of(one) in found_heads for one in often)
    precision, recall = right / max(1, len(found)), reached / max(1, len(often))
    total = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / total if total else 0.0,
    }
