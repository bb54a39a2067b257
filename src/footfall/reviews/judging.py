"""How well a model knows which reviews are positive, compared with simpler ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.evaluation.bootstrap import Measured, measure_mean
from footfall.evaluation.score_metrics import accuracy, auc, calibration_error, macro_f1
from footfall.reviews import lexicon
from footfall.reviews.blocks import Block, BlockKind
from footfall.reviews.folds import folds_of
from footfall.reviews.linear import fitted, held_out
from footfall.reviews.polarity import best_threshold, learn_polarity
from footfall.reviews.sentence_vectors import Encoder

Columns = Sequence[Sequence[str]]
#: Scores texts that were not learned from.
Scorer = Callable[[Columns], FloatArray]
_INNER_FOLDS = 3
_REPLICATES = 2_000


@dataclass(frozen=True)
class Learned:
    """A model of what is positive, and where it says so.

    Attributes
    ----------
    score
        Returns probabilities of texts.
    threshold
        Chosen on the training rows.
    """

    score: Scorer
    threshold: float


@dataclass(frozen=True)
class Task:
    """What there is to learn from.

    Attributes
    ----------
    columns
        Normalised texts; ``[columns][texts]``.
    labels
        0 or 1; ``[texts]``.
    unlabelled
        Texts whose labels are not known; ``[columns][others]``.
    language
        Of the texts.
    encoder
        Makes vectors of texts; None to learn from the texts alone.
    """

    columns: Columns
    labels: FloatArray
    unlabelled: Columns
    language: str
    encoder: Encoder | None = None


@dataclass(frozen=True)
class Judged:
    """Predictions for rows that were not learned from.

    Attributes
    ----------
    probabilities
        ``[rows]``.
    named
        Whether each is called positive, by the threshold of its fold; ``[rows]``.
    cpu_seconds
        Of scoring.
    """

    probabilities: FloatArray
    named: BoolArray
    cpu_seconds: float


def figures(judged: Judged, labels: FloatArray) -> dict[str, float]:
    """Return the figures of a model by name."""
    once = np.ones((1, len(labels)))
    truth, named = labels.astype(np.int64), judged.named.astype(np.int64)
    at_half = (judged.probabilities >= 0.5).astype(np.int64)
    negatives = int((truth == 0).sum() + (named == 0).sum())
    return {
        "accuracy": float(accuracy(truth, named, once)[0]),
        "accuracy_at_half": float(accuracy(truth, at_half, once)[0]),
        "macro_f1": float(macro_f1(truth, named, once)[0]),
        "f1_negative": 2 * int(((truth == 0) & (named == 0)).sum()) / negatives,
        "auc": float(auc(labels, judged.probabilities, once)[0]),
        "ece": float(calibration_error(labels, judged.probabilities, once)[0]),
        "cpu_s": judged.cpu_seconds,
    }


def judged_on(learned: Learned, columns: Columns) -> Judged:
    """Score texts that were not learned from."""
    began = time.process_time()
    found = learned.score(columns)
    return Judged(found, found >= learned.threshold, time.process_time() - began)


def gain_in_accuracy(
    ours: Sequence[Judged], other: Sequence[Judged], labels: Sequence[FloatArray]
) -> Measured:
    """Return by how much more often one model is right than another, on the same rows.

    The interval is that of a bootstrap of the rows, which both models share.
    """
    trios = zip(ours, other, labels, strict=True)
    gains = [
        (one.named == (truth == 1)).astype(np.float64) - (two.named == (truth == 1))
        for one, two, truth in trios
    ]
    return measure_mean(np.concatenate(gains), replicates=_REPLICATES, seed=0)


def joined_folds(parts: Sequence[Judged], folds: IntArray) -> Judged:
    """Put the predictions of folds together, in the order of the rows."""
    probabilities, named = np.empty(len(folds)), np.empty(len(folds), bool)
    for fold, part in enumerate(parts):
        probabilities[folds == fold] = part.probabilities
        named[folds == fold] = part.named
    return Judged(probabilities, named, sum(part.cpu_seconds for part in parts))


def footfall(task: Task) -> Learned:
    """Learn the product's own model, with the encoder of the task."""
    model = learn_polarity(
        task.columns,
        task.labels,
        task.language,
        unlabelled=task.unlabelled,
        with_networks=True,
        encoder=task.encoder,
    )
    return Learned(model.probabilities, model.threshold)


def without_encoder(task: Task) -> Learned:
    """Learn the product's own model from the texts alone."""
    return footfall(replace(task, encoder=None))


def majority(task: Task) -> Learned:
    """Give every text the share of positive ones."""
    share = float(task.labels.mean())
    return Learned(lambda columns: np.full(len(columns[0]), share), 0.5)


def lexicon_alone(task: Task) -> Learned:
    """Count praise and blame; only the threshold is learned."""

    def score(columns: Columns) -> FloatArray:
        found: FloatArray = expit(lexicon.log_odds(_joined(columns)))
        return found

    return Learned(score, best_threshold(score(task.columns), task.labels))


def word_tfidf(task: Task) -> Learned:
    """Learn a logistic regression on words and pairs of words."""
    return _tfidf(task, BlockKind(None, True, 1, 2, 2))


def char_tfidf(task: Task) -> Learned:
    """Learn a logistic regression on groups of one to five characters."""
    return _tfidf(task, BlockKind(None, False, 1, 5, 2))


MODELS: dict[str, Callable[[Task], Learned]] = {
    "footfall": footfall,
    "majority": majority,
    "lexicon": lexicon_alone,
    "word_tfidf": word_tfidf,
    "char_tfidf": char_tfidf,
}


def _tfidf(task: Task, kind: BlockKind) -> Learned:
    block = Block.fitted(kind, task.columns)
    rows = block.rows(task.columns)
    fewest = int(min(task.labels.sum(), (1 - task.labels).sum()))
    threshold = 0.5
    if fewest >= _INNER_FOLDS:
        folds = folds_of(task.labels, _INNER_FOLDS, 0)
        unseen = held_out(rows, task.labels, 1.0, folds)
        threshold = best_threshold(expit(unseen), task.labels)
    model = fitted(rows, task.labels, 1.0)
    return Learned(lambda columns: expit(model.log_odds(block.rows(columns))), threshold)


def _joined(columns: Columns) -> list[str]:
    return [" ".join(parts) for parts in zip(*columns, strict=True)]
