"""Spans of sentences that name aspects, learned from spans that people marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.reviews.chain import Chain, Layout, learn_chain
from footfall.reviews.span_features import Classes, features_of
from footfall.reviews.tokens import Token, tokens_of
from footfall.reviews.word_classes import word_classes

Span = tuple[int, int]
_OUTSIDE, _BEGINS, _INSIDE = 0, 1, 2
_TAGS = 3
_CLASS_COUNTS = (32, 128)
#: A feature of fewer tokens of the training sentences is left out.
_FEWEST = 2
_PENALTY = 1.5
#: Chains of which the probabilities are averaged, the share of features that each sees, and its
#: steps of fitting.
_MEMBERS, _SHARE_SEEN, _MEMBER_STEPS = 6, 0.6, 60
#: Factors on the probability of lying outside that are tried, on a part of the sentences apart.
_LEANINGS = (0.25, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2)
_PART_APART = 4


@dataclass(frozen=True)
class Tagged:
    """A span that was found.

    Attributes
    ----------
    start, end
        Where it lies.
    probability
        How likely its tokens are what they were taken for: the geometric mean.
    """

    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class Seen:
    """Sentences as tokens, and what is seen of each token.

    Attributes
    ----------
    tokens
        Of each sentence.
    rows
        ``[tokens of all sentences, features]``.
    """

    tokens: list[list[Token]]
    rows: csr_array

    @property
    def lengths(self) -> IntArray:
        """Tokens of each sentence."""
        return np.array([len(tokens) for tokens in self.tokens], np.int64)

    def part(self, kept: Sequence[int]) -> Seen:
        """Return some of the sentences, in the order asked for."""
        ends = self.lengths.cumsum()
        places = [np.arange(ends[one] - len(self.tokens[one]), ends[one]) for one in kept]
        rows = self.rows[np.concatenate([np.empty(0, np.int64), *places])]
        return Seen([self.tokens[one] for one in kept], csr_array(rows))


@dataclass(frozen=True)
class Tagger:
    """A model of which tokens begin and continue spans.

    Attributes
    ----------
    classes
        Of words, learned without labels.
    columns
        Number of a feature by name.
    chains
        Weights of each member.
    leaning
        Factor on the probability of lying outside: below 1 more spans are found.
    """

    classes: Classes
    columns: Mapping[str, int]
    chains: tuple[Chain, ...]
    leaning: float

    def spans(self, texts: Sequence[str]) -> list[list[Tagged]]:
        """Return the spans of each sentence, from left to right."""
        tokens = [tokens_of(text) for text in texts]
        rows = _rows([features_of(one, self.classes) for one in tokens], self.columns)
        likely = mean_marginals(self.chains, Seen(tokens, rows))
        return [decoded(one, of, self.leaning) for one, of in zip(tokens, likely, strict=True)]


def learn_tagger(
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    others: Sequence[str] = (),
    *,
    seed: int = 0,
) -> Tagger:
    """Learn from sentences with spans.

    Conditional random fields over words, their parts, shapes and neighbours, closed classes of
    words, the lists of aspects and opinions, and classes of words learned from all texts. Each sees
    a part of the features, so that none leans on a few strong ones (feature bagging; Sutton,
    Sindelar and McCallum 2006), and their probabilities are averaged. How readily spans are found
    is chosen for the F1 of exact spans on a quarter of the sentences.

    Parameters
    ----------
    texts
        Sentences.
    spans
        Start and end of what is named in each; they do not overlap.
    others
        Sentences without labels, such as those to be read: classes of words learn from them too.
    seed
        Of the part that is kept apart, and of classes.

    Examples
    --------
    >>> texts = ["the cable is fine", "a nice strap", "my cable broke", "it came today"] * 5
    >>> marked = [[(4, 9)], [(7, 12)], [(3, 8)], []] * 5
    >>> tagger = learn_tagger(texts, marked)
    >>> [(one.start, one.end) for one in tagger.spans(["the strap is fine"])[0]]
    [(4, 9)]
    """
    classes = learn_classes([*texts, *others], seed)
    seen, columns = seen_of(texts, classes)
    tags = [tags_of(tokens, marked) for tokens, marked in zip(seen.tokens, spans, strict=True)]
    leaning = 1.0
    if len(texts) >= 2 * _PART_APART:
        order = [int(one) for one in np.random.default_rng(seed).permutation(len(texts))]
        apart, kept = order[: len(texts) // _PART_APART], order[len(texts) // _PART_APART :]
        members = learn_members(seen.part(kept), [tags[one] for one in kept], seed)
        held = seen.part(apart)
        likely = mean_marginals(members, held)
        leaning = _best_leaning(held, likely, [spans[one] for one in apart])
    return Tagger(classes, columns, learn_members(seen, tags, seed), leaning)


def learn_classes(texts: Sequence[str], seed: int) -> Classes:
    """Return classes of the words of texts that need no labels."""
    words = [[token.word for token in tokens_of(text)] for text in texts]
    return Classes(word_classes(words, _CLASS_COUNTS, seed))


def seen_of(texts: Sequence[str], classes: Classes) -> tuple[Seen, dict[str, int]]:
    """Return sentences as they are learned from, and the numbers of the features by name."""
    tokens = [tokens_of(text) for text in texts]
    features = [features_of(one, classes) for one in tokens]
    names = dict.fromkeys(name for of in features for seen in of for name in seen)
    columns = {name: number for number, name in enumerate(names)}
    return Seen(tokens, _rows(features, columns)), columns


def learn_members(seen: Seen, tags: Sequence[IntArray], seed: int) -> tuple[Chain, ...]:
    """Fit several chains, each to a part of the features."""
    generator = np.random.default_rng(seed)
    drawn = [generator.random(seen.rows.shape[1]) < _SHARE_SEEN for _ in range(_MEMBERS)]
    return tuple(learn_spans(seen, tags, _MEMBER_STEPS, one) for one in drawn)


def learn_spans(
    seen: Seen, tags: Sequence[IntArray], steps: int = 100, usable: BoolArray | None = None
) -> Chain:
    """Fit one chain to sentences with tags.

    Parameters
    ----------
    seen
        The sentences.
    tags
        Of their tokens.
    steps
        Of fitting, at most.
    usable
        Which features may get a weight, all if None; ``[features]``. Those that are too rare get
        none.
    """
    columns = seen.rows.shape[1]
    is_kept = np.bincount(seen.rows.indices, minlength=columns) >= _FEWEST
    kept = np.flatnonzero(is_kept if usable is None else is_kept & usable)
    rows = csr_array(seen.rows[:, kept])
    flat = np.concatenate([np.empty(0, np.int64), *tags])
    chain = learn_chain(rows, flat, _TAGS, Layout.of(seen.lengths), _PENALTY, steps)
    weights = np.zeros((columns, _TAGS))
    weights[kept] = chain.weights
    return Chain(weights, chain.moves, chain.begins)


def mean_marginals(chains: Sequence[Chain], seen: Seen) -> list[FloatArray]:
    """Return the mean over chains of how likely each token has each tag; ``[tokens, 3]`` each."""
    found = [marginals(chain, seen) for chain in chains]
    return [np.mean(of, axis=0) for of in zip(*found, strict=True)]


def marginals(chain: Chain, seen: Seen) -> list[FloatArray]:
    """Return how likely each token is outside, begins and continues; ``[tokens, 3]`` each."""
    lengths = seen.lengths
    found = chain.marginals(seen.rows, Layout.of(lengths))
    return [
        found[end - length : end] for end, length in zip(lengths.cumsum(), lengths, strict=True)
    ]


def tags_of(tokens: Sequence[Token], spans: Sequence[Span]) -> IntArray:
    """Return for each token whether it is outside (0), begins (1) or continues (2) a span."""
    tags = np.zeros(len(tokens), np.int64)
    for start, end in spans:
        inside = [place for place, one in enumerate(tokens) if one.start < end and one.end > start]
        if inside:
            tags[inside] = _INSIDE
            tags[inside[0]] = _BEGINS
    return tags


def decoded(tokens: Sequence[Token], likely: FloatArray, leaning: float) -> list[Tagged]:
    """Return the spans that are likeliest together.

    Parameters
    ----------
    tokens
        Of the sentence.
    likely
        Probability of each tag; ``[tokens, 3]``.
    leaning
        Factor on the probability of lying outside.
    """
    if not len(tokens) or not _may_hold_spans(likely, leaning):
        return []
    scores = np.log(np.maximum(likely, 1e-12))
    scores[:, _OUTSIDE] += np.log(leaning)
    allowed = np.zeros((_TAGS, _TAGS))
    allowed[_OUTSIDE, _INSIDE] = -np.inf
    best = scores[0] + np.array([0.0, 0.0, -np.inf])
    back = []
    for row in scores[1:]:
        through = best[:, None] + allowed
        back.append(through.argmax(axis=0))
        best = through.max(axis=0) + row
    path = [int(best.argmax())]
    for came_from in reversed(back):
        path.append(int(came_from[path[-1]]))
    path.reverse()
    return _spans(tokens, path, likely)


def _may_hold_spans(likely: FloatArray, leaning: float) -> bool:
    """Whether any token is likelier inside than outside; there is no span where none is."""
    outside = leaning * likely[:, _OUTSIDE]
    return bool((likely[:, _BEGINS:].max(axis=1) > outside).any())


def _spans(tokens: Sequence[Token], path: Sequence[int], likely: FloatArray) -> list[Tagged]:
    found = []
    for first, tag in enumerate(path):
        if tag != _BEGINS:
            continue
        last = first
        while last + 1 < len(path) and path[last + 1] == _INSIDE:
            last += 1
        shares = [likely[place, path[place]] for place in range(first, last + 1)]
        sure = float(np.exp(np.mean(np.log(np.maximum(shares, 1e-12)))))
        found.append(Tagged(tokens[first].start, tokens[last].end, sure))
    return found


def _rows(features: Sequence[list[list[str]]], columns: Mapping[str, int]) -> csr_array:
    numbers: list[int] = []
    ends = [0]
    for tokens in features:
        for names in tokens:
            numbers.extend(columns[name] for name in names if name in columns)
            ends.append(len(numbers))
    shape = (len(ends) - 1, len(columns))
    return csr_array((np.ones(len(numbers)), np.array(numbers, np.int64), ends), shape=shape)


def _best_leaning(
    seen: Seen, likely: Sequence[FloatArray], spans: Sequence[Sequence[Span]]
) -> float:
    """Return the leaning with the best F1 of exact spans; ties go to the one closest to 1."""
    scores = {}
    for leaning in _LEANINGS:
        hits = named = 0
        for tokens, of, marked in zip(seen.tokens, likely, spans, strict=True):
            found = {(one.start, one.end) for one in decoded(tokens, of, leaning)}
            hits += len(found & set(marked))
            named += len(found)
        scores[leaning] = 2 * hits / max(1, named + sum(map(len, spans)))
    return max(scores, key=lambda one: (round(scores[one], 4), -abs(one - 1.0)))
