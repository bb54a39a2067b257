"""Aspects that a shop's own texts speak of, proposed without any label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from footfall.reviews.matching import head_of
from footfall.reviews.opinions import opinions_of
from footfall.reviews.texts import CHINESE
from footfall.reviews.tokens import kind_of, lemma_of, tokens_of
from footfall.reviews.vocabulary import lowered, vocabulary

#: A term is in at least so many sentences, and in at least this share of them.
_FEWEST, _SHARE = 3, 0.004
#: Share of a term's sentences without a longer term around it, from which on it stands alone.
_ALONE = 0.3
#: Pointwise mutual information from which on words belong together.
_TOGETHER = 1.5
_LONGEST_WORDS, _LONGEST_CHARACTERS = 3, 4
#: A term is spoken of with praise or blame as often as sentences are on average, times this.
_JUDGED = 0.8
_NOMINAL = frozenset({"noun", "other"})
_CHINESE_RUN = re.compile("[\u3400-\u9fff]+")
#: Characters that no Chinese name of an aspect begins or ends with.
_CHINESE_EDGES = frozenset(
    "个些的了是在我你他她它们这那很太也都就还有没不和与又再给把被让对从到吗呢吧啊呀哦嗯么着过得地"
)
Term = tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A term that may be an aspect.

    Attributes
    ----------
    term
        Lower case, singular.
    group
        Aspect of the list that its head belongs to, or else the head itself.
    sentence_count
        Sentences that hold it.
    judged_share
        Of these, those with praise or blame.
    """

    term: str
    group: str
    sentence_count: int
    judged_share: float


def proposed_aspects(sentences: Sequence[str], language: str) -> list[Proposal]:
    """Propose what the sentences of a product or shop speak of.

    Frequent runs of words that may be nouns (Hu and Liu 2004), without those that stand alone too
    rarely, runs whose words meet by chance (pointwise mutual information), and terms that are
    judged less often than others.

    Parameters
    ----------
    sentences
        Of one product or shop.
    language
        `zh` for Chinese, whose terms are runs of characters; English otherwise.

    Returns
    -------
    The most frequent first. Nothing of fewer than three sentences.
    """
    terms = [set(_terms(text, language)) for text in sentences]
    counts = Counter(term for of in terms for term in of)
    least = max(_FEWEST, _SHARE * len(sentences))
    frequent = {
        term
        for term, count in counts.items()
        if count >= least and _belongs_together(term, counts, len(sentences))
    }
    alone, judged = _alone_and_judged(sentences, terms, frequent, language)
    average = sum(judged.values()) / max(1, sum(alone.values()))
    found = [
        Proposal(text, _group(text, language), counts[term], judged[term] / alone[term])
        for term in frequent
        if alone[term] >= max(_ALONE * counts[term], _FEWEST - 1)
        and judged[term] >= _JUDGED * average * alone[term]
        for text in [("" if language == CHINESE else " ").join(term)]
    ]
    return sorted(found, key=lambda one: (-one.sentence_count, one.term))


def _terms(text: str, language: str) -> Iterator[Term]:
    """Return each run that may name an aspect."""
    runs = _characters(text) if language == CHINESE else _nominal_runs(text)
    shortest, longest = (2, _LONGEST_CHARACTERS) if language == CHINESE else (1, _LONGEST_WORDS)
    for run in runs:
        for length in range(shortest, longest + 1):
            for first in range(len(run) - length + 1):
                term = run[first : first + length]
                if language != CHINESE or not _CHINESE_EDGES.intersection((term[0], term[-1])):
                    yield term


def _characters(text: str) -> list[Term]:
    return [tuple(match[0]) for match in _CHINESE_RUN.finditer(text)]


def _nominal_runs(text: str) -> list[Term]:
    """Return runs of words that may be nouns."""
    runs: list[list[str]] = [[]]
    for token in tokens_of(text):
        entry = vocabulary("en").entry(token.word)
        is_named = entry is not None and entry.term
        if is_named or (kind_of(token.word) in _NOMINAL and len(token.word) > 2):
            runs[-1].append(lemma_of(token.word))
        elif runs[-1]:
            runs.append([])
    return [tuple(run) for run in runs if run]


def _belongs_together(term: Term, counts: Mapping[Term, int], sentences: int) -> bool:
    """Whether the parts of a term meet more often than by chance."""
    if len(term) == 1:
        return True
    parts = [counts.get((one,), 0) for one in term]
    if not all(parts):  # Chinese characters are not counted by themselves.
        return True
    expected = sentences * 1.0
    for part in parts:
        expected *= part / sentences
    return log(counts[term] / expected) >= _TOGETHER


def _alone_and_judged(
    sentences: Sequence[str],
    terms: Sequence[Collection[Term]],
    frequent: Collection[Term],
    language: str,
) -> tuple[Counter[Term], Counter[Term]]:
    """Count sentences of each term without a longer one around it, and those with opinions."""
    alone: Counter[Term] = Counter()
    judged: Counter[Term] = Counter()
    for text, of in zip(sentences, terms, strict=True):
        present = [term for term in of if term in frequent]
        kept = [
            term
            for term in present
            if not any(len(other) > len(term) and _within(term, other) for other in present)
        ]
        alone.update(kept)
        lower = lowered(text)
        found = vocabulary(language).find(lower)
        if any(one.entry.polarity for one in opinions_of(lower, language, found)):
            judged.update(kept)
    return alone, judged


def _within(term: Term, other: Term) -> bool:
    return any(
        other[first : first + len(term)] == term for first in range(len(other) - len(term) + 1)
    )


def _group(text: str, language: str) -> str:
    """Return the aspect of the list that a term belongs to, or its head."""
    head = text if language == CHINESE else head_of(text)
    for word in (text, head):
        entry = vocabulary(language).entry(word)
        if entry is not None and entry.term:
            return entry.term
    return head
