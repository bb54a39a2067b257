"""Aspects of a product that has no labels, learned from those of other products."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as all_pairs

import numpy as np
from scipy.sparse import csr_array

from footfall.core.arrays import FloatArray
from footfall.reviews.linear import Linear, fitted
from footfall.reviews.matching import (
    Counts,
    head_of,
    located,
    names_product,
    one_to_one,
    plain_aspect,
    product_level,
)
from footfall.reviews.tagger import (
    Seen,
    Tagged,
    decoded,
    learn_classes,
    learn_spans,
    marginals,
    seen_of,
    tags_of,
)
from footfall.reviews.tokens import lemma_of
from footfall.reviews.vocabulary import vocabulary

#: How readily spans are found where terms are gathered: nearly all that may be one.
_GATHERING = 0.2
#: What is tried for mentions: how readily spans are found, and how sure a term must be.
_LEANINGS, _SURE = (0.3, 0.5, 0.7, 1.0), (0.0, 0.15, 0.3, 0.45, 0.6)
_TERM_STRENGTH = 1.0
_LONGEST_TERM = 4
#: What is known of a term.
_TERM_FEATURES = 14
_STEPS = 40


@dataclass(frozen=True)
class LabelledSentence:
    """A sentence of a review with what people said that it speaks of.

    Attributes
    ----------
    product
        That the review is of.
    text
        As it was written.
    aspects
        Names of aspects with their polarity, below 0 for blame.
    """

    product: str
    text: str
    aspects: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class FoundAspect:
    """An aspect of a sentence.

    Attributes
    ----------
    aspect
        As :func:`~footfall.reviews.matching.plain_aspect` gives it.
    start, end
        Where it lies in the sentence.
    """

    aspect: str
    start: int
    end: int


@dataclass(frozen=True)
class ProductAspects:
    """What was found for a product.

    Attributes
    ----------
    terms
        Aspects of the product.
    mentions
        Aspects of each of its sentences.
    """

    terms: list[str]
    mentions: list[list[FoundAspect]]


@dataclass(frozen=True)
class Gathered:
    """Terms of a product that may be aspects.

    Attributes
    ----------
    terms
        ``[terms]``.
    rows
        What is known of each; ``[terms, features]``.
    spans
        Of each sentence, by how readily they are found.
    """

    terms: list[str]
    rows: FloatArray
    spans: Mapping[float, list[list[Tagged]]]


class Study:
    """Sentences of several products, of which each in turn is taken to have no labels.

    Parameters
    ----------
    sentences
        Of all products. The texts of all are read for classes of words and how often words occur;
        labels only of those products that are learned from.
    """

    def __init__(self, sentences: Sequence[LabelledSentence]) -> None:
        self.sentences = sentences
        self._products = [one.product for one in sentences]
        texts = [one.text for one in sentences]
        self._seen: Seen = seen_of(texts, learn_classes(texts, 0))[0]
        self._spans = [
            # Longer ones last: "battery life" covers "battery".
            sorted(
                (at for aspect, _ in one.aspects for at in located(tokens, aspect)),
                key=lambda at: at[1] - at[0],
            )
            for one, tokens in zip(sentences, self._seen.tokens, strict=True)
        ]
        self._times: dict[str, Counter[str]] = defaultdict(Counter)
        for one, tokens in zip(sentences, self._seen.tokens, strict=True):
            lemmas = [lemma_of(token.word) for token in tokens]
            self._times[one.product].update(_runs(lemmas))
        self._sizes = Counter(self._products)

    def products(self) -> list[str]:
        """Return the products, the one with the most sentences first."""
        return [name for name, _ in self._sizes.most_common()]

    def of(self, product: str) -> list[int]:
        """Return the numbers of a product's sentences."""
        return [number for number, name in enumerate(self._products) if name == product]

    def labels(self, product: str) -> list[str]:
        """Return what people named in a product's sentences, but for the product itself."""
        return [one for number in self.of(product) for one in self.labels_of(number)]

    def labels_of(self, number: int) -> list[str]:
        """Return what people named in a sentence, but for the product itself."""
        one = self.sentences[number]
        plain = [plain_aspect(aspect) for aspect, _ in one.aspects]
        return [aspect for aspect in plain if aspect and not names_product(aspect, one.product)]

    def without_labels_of(self, product: str) -> ProductAspects:
        """Find aspects of a product from the labels of all others.

        A tagger learns from the others. Terms that it finds are judged by a logistic regression on
        how sure and how often it found them, how often they occur here and elsewhere, and how
        often other products have them as a label. That one, and how readily spans are found,
        learn from one half of the other products, tagged by a tagger of the other half.
        """
        others = [name for name in self.products() if name != product]
        gathered = self._gather(others[1::2], others[::2], others)
        if not any(one.terms for one in gathered.values()):
            return ProductAspects([], [[] for _ in self.of(product)])
        model, scale = self._judge(gathered)
        sure = {name: _sure(model, scale, one.rows) for name, one in gathered.items()}
        least = self._least(gathered, sure)
        leaning, mention_least = self._for_mentions(gathered, sure)
        mine = self._gather([product], others, others)[product]
        likely = dict(zip(mine.terms, _sure(model, scale, mine.rows), strict=True))
        mentions = [
            self._mentions(number, spans, likely, mention_least)
            for number, spans in zip(self.of(product), mine.spans[leaning], strict=True)
        ]
        return ProductAspects([one for one in mine.terms if likely[one] >= least], mentions)

    def _gather(
        self, judging: Collection[str], learning: Collection[str], known: Collection[str]
    ) -> dict[str, Gathered]:
        """Tag products by what others teach, and gather the terms that may be aspects."""
        chosen = self._learned_from(learning)
        tags = [tags_of(self._seen.tokens[one], self._spans[one]) for one in chosen]
        chain = learn_spans(self._seen.part(chosen), tags, _STEPS)
        found = {}
        for name in judging:
            seen = self._seen.part(self.of(name))
            likely = marginals(chain, seen)
            spans = {
                leaning: [
                    decoded(tokens, of, leaning)
                    for tokens, of in zip(seen.tokens, likely, strict=True)
                ]
                for leaning in (_GATHERING, *_LEANINGS)
            }
            found[name] = self._described(name, spans, [one for one in known if one != name])
        return found

    def _learned_from(self, products: Collection[str]) -> list[int]:
        """Return sentences with spans, and as many that people gave no label."""
        inside = [number for number, name in enumerate(self._products) if name in products]
        marked = [number for number in inside if self._spans[number]]
        empty = [number for number in inside if not self.sentences[number].aspects]
        drawn = np.random.default_rng(0).permutation(len(empty))[: len(marked)]
        return sorted([*marked, *(empty[int(one)] for one in drawn)])

    def _described(
        self,
        product: str,
        spans: Mapping[float, list[list[Tagged]]],
        known: Sequence[str],
    ) -> Gathered:
        """Return what is known of each term of a product."""
        times: dict[str, list[float]] = defaultdict(list)
        for number, of in zip(self.of(product), spans[_GATHERING], strict=True):
            for one in of:
                term = plain_aspect(self.sentences[number].text[one.start : one.end])
                if term and not names_product(term, product):
                    times[term].append(one.probability)
        named = [self.labels(name) for name in known]
        labels = Counter(label for of in named for label in of)
        heads = Counter(head for of in named for head in {head_of(label) for label in of})
        rows = [self._row(product, term, of, known, labels, heads) for term, of in times.items()]
        return Gathered(list(times), np.array(rows).reshape(len(times), _TERM_FEATURES), spans)

    def _row(
        self,
        product: str,
        term: str,
        sure: Sequence[float],
        known: Sequence[str],
        labels: Mapping[str, int],
        heads: Mapping[str, int],
    ) -> list[float]:
        here = self._times[product][term]
        elsewhere = sum(self._times[name][term] for name in known)
        rate_here = (here + 0.5) / self._sizes[product]
        rate_elsewhere = (elsewhere + 0.5) / max(1, sum(self._sizes[name] for name in known))
        entry = vocabulary("en").entry(term)
        words = term.count(" ") + 1
        return [
            float(np.log(sum(sure))),
            max(sure),
            float(np.log(len(sure))),
            float(np.mean(sure)),
            float(np.log1p(here)),
            len(sure) / max(here, len(sure)),
            float(np.log(rate_here / rate_elsewhere)),
            float(np.log1p(heads.get(head_of(term), 0))),
            (labels.get(term, 0) + 0.1) / (elsewhere + 1.0),
            float(labels.get(term, 0) > 0),
            float(words == 1),
            float(words > 2),
            float(entry is not None and bool(entry.term)),
            float(entry is not None and bool(entry.polarity) and not entry.term),
        ]

    def _judge(self, gathered: Mapping[str, Gathered]) -> tuple[Linear, FloatArray]:
        """Learn which terms people name."""
        rows = np.concatenate([one.rows for one in gathered.values()])
        heads = {name: {head_of(label) for label in self.labels(name)} for name in gathered}
        truth = [
            float(head_of(term) in heads[name])
            for name, one in gathered.items()
            for term in one.terms
        ]
        scale = np.stack([rows.mean(axis=0), rows.std(axis=0) + 1e-9])
        model = fitted(csr_array((rows - scale[0]) / scale[1]), np.array(truth), _TERM_STRENGTH)
        return model, scale

    def _least(self, gathered: Mapping[str, Gathered], sure: Mapping[str, FloatArray]) -> float:
        """Return the probability from which on a term counts, for the best mean F1 of products."""
        scores = {}
        for least in np.linspace(0.2, 0.8, 25):
            figures = [
                product_level(
                    [term for term, one in zip(of.terms, sure[name], strict=True) if one >= least],
                    self.labels(name),
                )
                for name, of in gathered.items()
            ]
            precision = float(np.mean([one["precision"] for one in figures]))
            recall = float(np.mean([one["recall"] for one in figures]))
            scores[float(least)] = 2 * precision * recall / (precision + recall + 1e-12)
        return max(scores, key=lambda one: scores[one])

    def _for_mentions(
        self, gathered: Mapping[str, Gathered], sure: Mapping[str, FloatArray]
    ) -> tuple[float, float]:
        """Return how readily spans are found and how sure terms must be, for the F1 of mentions."""
        scores = {}
        for leaning, least in all_pairs(_LEANINGS, _SURE):
            counts = Counts(0, 0, 0)
            for name, one in gathered.items():
                likely = dict(zip(one.terms, sure[name], strict=True))
                for number, spans in zip(self.of(name), one.spans[leaning], strict=True):
                    found = [x.aspect for x in self._mentions(number, spans, likely, least)]
                    counts += matched(found, self.labels_of(number), exact=False)
            scores[leaning, least] = counts.figures()["f1"]
        return max(scores, key=lambda one: scores[one])

    def _mentions(
        self, number: int, spans: Sequence[Tagged], likely: Mapping[str, float], least: float
    ) -> list[FoundAspect]:
        text = self.sentences[number].text
        found: dict[str, FoundAspect] = {}
        for one in spans:
            aspect = plain_aspect(text[one.start : one.end])
            if likely.get(aspect, -1.0) >= least and aspect not in found:
                found[aspect] = FoundAspect(aspect, one.start, one.end)
        return list(found.values())


def matched(found: Sequence[str], labelled: Sequence[str], *, exact: bool) -> Counts:
    """Match the aspects of one sentence and count."""
    return Counts(len(one_to_one(found, labelled, exact=exact)), len(found), len(labelled))


def _sure(model: Linear, scale: FloatArray, rows: FloatArray) -> FloatArray:
    """Return how likely each term is one that people name."""
    if not len(rows):
        return np.empty(0)
    found: FloatArray = 1 / (1 + np.exp(-model.log_odds(csr_array((rows - scale[0]) / scale[1]))))
    return found


def _runs(lemmas: Sequence[str]) -> list[str]:
    """Return each run of up to four words once."""
    return list(
        {
            " ".join(lemmas[first : first + length])
            for length in range(1, _LONGEST_TERM + 1)
            for first in range(len(lemmas) - length + 1)
        }
    )
