"""What of a product or shop a sentence speaks of, and whether it praises that."""

from __future__ import annotations

from dataclasses import dataclass

from footfall.reviews.opinions import Opinion, Surroundings, opinions_of
from footfall.reviews.texts import CHINESE, ENGLISH
from footfall.reviews.vocabulary import lowered, vocabulary


@dataclass(frozen=True)
class Mention:
    """An aspect that a sentence speaks of.

    Attributes
    ----------
    aspect
        Its name in the list of aspects, such as `delivery`.
    start, end
        Where the word lies that shows it: first character, and the one after the last.
    polarity
        1 for praise, -1 for blame, 0 where neither prevails.
    """

    aspect: str
    start: int
    end: int
    polarity: int


def seed_aspects(sentence_text: str, language: str) -> list[Mention]:
    """Find aspects by a list of words, and judge each by the words around it.

    The list (`aspects.csv`) holds words that name an aspect ("battery"), words that judge one
    without naming it ("expensive"), and words whose meaning depends on the aspect (a battery that
    lasts long, a delivery that takes long). Praise and blame count by how near they are, within a
    clause; a negation turns what follows.

    Parameters
    ----------
    sentence_text
        One sentence, as :func:`footfall.reviews.sentences.sentences_of` gives them; any text is
        allowed.
    language
        `zh` for Chinese; English words are looked for otherwise.

    Returns
    -------
    From left to right; an aspect is there as often as its words are.

    Examples
    --------
    >>> [(one.aspect, one.polarity) for one in seed_aspects("The screen is not bright.", "en")]
    [('screen', -1)]
    """
    language = CHINESE if language == CHINESE else ENGLISH
    text = lowered(sentence_text)
    found = vocabulary(language).find(text)
    named = [one for one in found if one.entry.term or one.entry.value]
    if not named:
        return []
    opinions = opinions_of(text, language, found)
    of_start = {one.start: one for one in opinions}
    spans = [(one.start, one.end) for one in named if one.entry.term]
    around = Surroundings(text, language, opinions, spans)
    terms = {one.entry.term for one in named if one.entry.term}
    mentions = []
    for one in named:
        if one.entry.term:
            polarity = around.polarity(one.start, one.end, one.entry.term)
            mentions.append(Mention(one.entry.term, one.start, one.end, polarity))
        elif one.entry.value not in terms and not (terms and _is_general(of_start[one.start])):
            polarity = of_start[one.start].polarity(one.entry.value)
            mentions.append(Mention(one.entry.value, one.start, one.end, polarity))
    return mentions


def _is_general(opinion: Opinion) -> bool:
    """Whether a word judges many things, so that it belongs to those that are named."""
    return opinion.entry.near is not None
