"""Whether a text is positive: learned from ratings, and from a lexicon where there are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import expit

from footfall.core.arrays import FloatArray
from footfall.evaluation.score_metrics import log_loss
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.reviews import lexicon
from footfall.reviews.features import Features
from footfall.reviews.folds import folds_of
from footfall.reviews.linear import Linear, fitted, held_out

#: Labels below which texts without a label are learned from as well.
FEW_LABELS = 1_000
#: Weights of the data against the penalty that are tried.
_STRENGTHS = (1.0, 4.0, 16.0)
#: Strengths of the two steps that learn from few labels.
_SEED_STRENGTH, _SELF_STRENGTH = 1.0, 1.0
#: A label counts as much as so many texts that were labelled by the model itself.
_LABEL_WEIGHT = 5
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
        Whose log-odds are averaged.
    scaling
        Of the log-odds, from rows that the members had not seen.
    threshold
        Probability from which on a text counts as positive: the best macro-F1 on those rows.
    """

    method: str
    features: Features | None
    members: tuple[Linear, ...]
    scaling: PlattScaling
    threshold: float

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
            rows = self.features.rows(columns)
            raw = np.mean([member.log_odds(rows) for member in self.members], axis=0)
        found: FloatArray = expit(self.scaling.apply(raw))
        return found


def learn_polarity(
    columns: Sequence[Sequence[str]],
    labels: FloatArray,
    language: str,
    *,
    unlabelled: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
) -> Polarity:
    """Learn from texts with labels.

    The model is linear in groups of characters and words, which is hard to beat on short reviews
    (Wang and Manning 2012, "Baselines and bigrams"), and in counts of a lexicon. Where there are
    fewer than 1,000 labels, a first model labels the texts without one, and a second learns from
    these (self-training, Yarowsky 1995). With fewer than three of a class only the lexicon is left.

    Parameters
    ----------
    columns
        Normalised texts; ``[columns][texts]``.
    labels
        1 for positive, 0 for negative; ``[texts]``.
    language
        Of the texts: `en`, `zh` or `other`.
    unlabelled
        More texts, used where labels are few; ``[columns][texts]``.
    seed
        Of the folds that strength, calibration and threshold are chosen on.

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
    extra = unlabelled if is_few and unlabelled is not None else [[] for _ in columns]
    features = Features.fitted(
        language, [[*texts, *more] for texts, more in zip(columns, extra, strict=True)]
    )
    rows = features.rows(columns)
    folds = folds_of(labels, _INNER_FOLDS, seed)
    members: tuple[Linear, ...]
    if is_few:
        others = features.rows(extra)
        unseen = np.empty(len(labels))
        for fold in range(_INNER_FOLDS):
            held = folds == fold
            members = _from_few(features, rows[~held], labels[~held], others)
            unseen[held] = np.mean([one.log_odds(rows[held]) for one in members], axis=0)
        members = _from_few(features, rows, labels, others)
    else:
        tried = [held_out(rows, labels, strength, folds) for strength in _STRENGTHS]
        once = np.ones((1, len(labels)))
        losses = [log_loss(labels, expit(_scaling(one, labels).apply(one)), once) for one in tried]
        best = int(np.argmin(losses))
        unseen = tried[best]
        members = (fitted(rows, labels, _STRENGTHS[best]),)
    scaling = _scaling(unseen, labels)
    threshold = best_threshold(expit(scaling.apply(unseen)), labels)
    return Polarity(FEW_RATINGS if is_few else RATINGS, features, members, scaling, threshold)


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


def _scaling(log_odds: FloatArray, labels: FloatArray) -> PlattScaling:
    """Fit the calibration; reviews of one time are all that there is, so it is believed whole."""
    return fit_platt(log_odds, labels, slope_trust=1.0, level_trust=1.0)


def _from_few(
    features: Features, rows: csr_array, labels: FloatArray, others: csr_array
) -> tuple[Linear, Linear]:
    """Label the other texts with a first model, and learn a second one from them as well."""
    first = fitted(rows, labels, _SEED_STRENGTH)
    groups = rows.shape[1] - features.lexicon_columns
    # The second sees groups alone: it has to find out what praise looks like beyond the lexicon.
    seen = csr_array(vstack([others[:, :groups], *[rows[:, :groups]] * _LABEL_WEIGHT]))
    believed = np.concatenate([expit(first.log_odds(others)), *[labels] * _LABEL_WEIGHT])
    second = fitted(seen, believed, _SELF_STRENGTH)
    weights = np.concatenate([second.weights, np.zeros(features.lexicon_columns)])
    return first, Linear(weights, second.bias)
