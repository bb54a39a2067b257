"""Whether a text is positive: learned from ratings, and from a lexicon where there are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from footfall.core.arrays import FloatArray
from footfall.heads.learners.calibration import PlattScaling
from footfall.reviews import lexicon
from footfall.reviews.bag import BagNetwork
from footfall.reviews.ensemble import Ensemble, Rows, from_few, from_many, platt
from footfall.reviews.features import Features
from footfall.reviews.folds import folds_of
from footfall.reviews.linear import Linear
from footfall.reviews.sentence_vectors import Encoder, VectorSpace

#: Labels below which texts without a label are learned from as well, and how many of these at most.
FEW_LABELS = 1_000
_MOST_UNLABELLED = 20_000
_INNER_FOLDS = 3

RATINGS, FEW_RATINGS, LEXICON = "ratings", "few_ratings", "lexicon"


@dataclass(frozen=True)
class Polarity:
    """A model of what is positive.

    Attributes
    ----------
    method
        `ratings`, `few_ratings` (with texts that have none) or `lexicon` (nothing was learned).
    features
        How texts become rows; None for the lexicon.
    members
        Regressions whose log-odds are averaged.
    scaling
        Of the log-odds, from rows that the members had not seen.
    threshold
        Probability from which on a text counts as positive: the best macro-F1 on those rows.
    networks
        Whose log-odds are averaged as well; none unless asked for.
    network_share
        Their part in the mean with the regressions.
    on_vectors, vector_share
        Regressions on the vectors of an encoder, and their part in the mean; none unless asked for.
    space
        How texts become vectors; None without an encoder.
    unseen
        How likely each text that was learned from is positive, by members of other folds that had
        not seen it; ``[texts]``.
    """

    method: str
    features: Features | None
    members: tuple[Linear, ...]
    scaling: PlattScaling
    threshold: float
    networks: tuple[BagNetwork, ...] = ()
    network_share: float = 0.0
    on_vectors: tuple[Linear, ...] = ()
    vector_share: float = 0.0
    space: VectorSpace | None = None
    unseen: FloatArray = field(default_factory=lambda: np.empty(0))

    def probabilities(self, columns: Sequence[Sequence[str]]) -> FloatArray:
        """Return how likely each text is positive.

        Parameters
        ----------
        columns
            Normalised texts, as many columns as were learned from; ``[columns][texts]``.

        Returns
        -------
        ``[texts]``.
        """
        if self.features is None:
            raw = lexicon.log_odds([" ".join(parts) for parts in zip(*columns, strict=True)])
        else:
            models = Ensemble(
                self.members,
                self.networks,
                self.on_vectors,
                self.network_share,
                self.vector_share,
            )
            raw = models.log_odds(_rows(self.features, self.space, columns))
        found: FloatArray = expit(self.scaling.apply(raw))
        return found


def learn_polarity(
    columns: Sequence[Sequence[str]],
    labels: FloatArray,
    language: str,
    *,
    unlabelled: Sequence[Sequence[str]] | None = None,
    with_networks: bool = False,
    encoder: Encoder | None = None,
    seed: int = 0,
) -> Polarity:
    """Learn from texts with labels.

    The model is linear in groups of characters and words, which is hard to beat on short reviews
    (Wang and Manning 2012, "Baselines and bigrams"), and in counts of a lexicon. Where there are
    fewer than 1,000 labels, a first model labels the texts without one, and a second learns from
    these (self-training, Yarowsky 1995). With fewer than three of a class only the lexicon is left.
    Networks see what groups mean together; how much of the mean they make up is chosen on folds.

    Parameters
    ----------
    columns
        Normalised texts; ``[columns][texts]``.
    labels
        1 for positive, 0 for negative; ``[texts]``.
    language
        Of the texts: `en`, `zh` or `other`.
    unlabelled
        More texts, used where labels are few, 20,000 of them at most; ``[columns][texts]``.
    with_networks
        Whether networks join the regressions where there are 1,000 texts or more. That takes a few
        times as long.
    encoder
        Makes vectors of texts; a regression on them joins the mean.
    seed
        Of the folds that strength, calibration and threshold are chosen on, and of networks.

    Examples
    --------
    >>> texts = ["very good", "good mug", "so bad", "bad mug"] * 5
    >>> model = learn_polarity([texts], np.array([1.0, 1.0, 0.0, 0.0] * 5), "en")
    >>> model.probabilities([["good tea", "bad tea"]]).round().tolist()
    [1.0, 0.0]
    """
    fewest = int(min(labels.sum(), (1 - labels).sum()))
    if fewest < _INNER_FOLDS:
        return lexicon_polarity()
    is_few = len(labels) < FEW_LABELS and unlabelled is not None and len(unlabelled[0]) > 0
    extra = _some(unlabelled, seed) if is_few and unlabelled is not None else [[] for _ in columns]
    features = Features.fitted(
        language, [[*texts, *more] for texts, more in zip(columns, extra, strict=True)]
    )
    space = None
    if encoder is not None:
        pairs = zip(columns, extra, strict=True)
        space = VectorSpace.fitted(encoder, [[*texts, *more] for texts, more in pairs])
    rows = _rows(features, space, columns)
    folds = folds_of(labels, _INNER_FOLDS, seed)
    networks_from = seed if with_networks else None
    if is_few:
        others = _rows(features, space, extra)
        unseen = np.empty(len(labels))
        for fold in range(_INNER_FOLDS):
            held = folds == fold
            learned = from_few(rows.of(~held), labels[~held], others, networks_from)
            unseen[held] = learned.log_odds(rows.of(held))
        learned = from_few(rows, labels, others, networks_from)
    else:
        learned, unseen = from_many(rows, labels, folds, networks_from)
    scaling = platt(unseen, labels)
    believed: FloatArray = expit(scaling.apply(unseen))
    return Polarity(
        method=FEW_RATINGS if is_few else RATINGS,
        features=features,
        members=learned.members,
        scaling=scaling,
        threshold=best_threshold(believed, labels),
        networks=learned.networks,
        network_share=learned.network_share,
        on_vectors=learned.on_vectors,
        vector_share=learned.vector_share,
        space=space if learned.on_vectors else None,
        unseen=believed,
    )


def lexicon_polarity() -> Polarity:
    """Return what is known without a label: praise against blame."""
    return Polarity(LEXICON, None, (), PlattScaling(), 0.5)


def best_threshold(probabilities: FloatArray, labels: FloatArray) -> float:
    """Return the probability from which on calling a text positive gives the best macro-F1.

    Of all that lie between two probabilities; ties go to the one closest to one half.

    Parameters
    ----------
    probabilities
        Of rows that were not learned from; ``[rows]``.
    labels
        0 or 1; ``[rows]``.
    """
    order = np.argsort(-probabilities, kind="stable")
    sorted_labels, sorted_scores = labels[order], probabilities[order]
    named = np.arange(1, len(labels))
    hits = np.cumsum(sorted_labels)[:-1]
    positives, rows = labels.sum(), len(labels)
    right_below = (rows - named) - (positives - hits)
    f_positive = 2 * hits / (named + positives)
    f_negative = 2 * right_below / ((rows - named) + (rows - positives))
    cuts = (sorted_scores[:-1] + sorted_scores[1:]) / 2
    is_cut = sorted_scores[:-1] > sorted_scores[1:]
    if not is_cut.any():
        return 0.5
    score = np.where(is_cut, f_positive + f_negative, -1.0)
    best = score >= score.max() - 1e-12
    return float(cuts[best][np.abs(cuts[best] - 0.5).argmin()])


def _rows(features: Features, space: VectorSpace | None, columns: Sequence[Sequence[str]]) -> Rows:
    vectors = None if space is None else space.rows(columns)
    return Rows(features.rows(columns), features.lexicon_columns, vectors)


def _some(columns: Sequence[Sequence[str]], seed: int) -> list[list[str]]:
    """Draw texts where there are more than can be learned from in a minute."""
    texts = np.arange(len(columns[0]))
    if len(texts) > _MOST_UNLABELLED:
        texts = np.random.default_rng(seed).choice(texts, _MOST_UNLABELLED, replace=False)
    return [[column[text] for text in texts.tolist()] for column in columns]
