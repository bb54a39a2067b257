"""What a model may learn from at a moment, and whether that is what it has learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core import fingerprints
from footfall.core.arrays import Array, FloatArray, IntArray, UInt64Array
from footfall.core.identity import Identity
from footfall.risk.attempts import Attempts
from footfall.risk.scores.settings import ScoreSettings

#: The rooms that decide what a score of risk learns, and what it answers.
CODE = ("core", "evaluation", "heads/learners", "risk")
#: Attempts that a model learns from, the newest, so that a large shop trains in minutes.
MOST_LEARNT = 500_000
# Sums of windows may differ in their last digits when they are made again; 16 bits do not.
_ROUNDING = np.uint32(0x40)
_KEPT = np.uint32(0xFFFFFF80)


@dataclass(frozen=True)
class Lesson:
    """What there is to learn from at the beginning of a block.

    Attributes
    ----------
    places
        Of the attempts, oldest first, [learnt].
    labels
        1 for fraud, 0 for honest, as they were known then, [learnt].
    """

    places: IntArray
    labels: FloatArray

    @property
    def frauds(self) -> int:
        """Return how many frauds there are."""
        return int(self.labels.sum())


def code_fingerprint() -> str:
    """Return the digest of the source that decides."""
    return fingerprints.code_fingerprint(*CODE)


def lesson_at(attempts: Attempts, moment: int, delay_days: int) -> Lesson:
    """Return the newest attempts whose labels counted at a moment, with their labels of then.

    Parameters
    ----------
    attempts
        All of a shop.
    moment
        In microseconds since 1970-01-01 UTC.
    delay_days
        After which an attempt without a label counts as honest.
    """
    places = np.flatnonzero(attempts.is_closed(moment, delay_days))[-MOST_LEARNT:]
    return Lesson(places, attempts.labels(moment)[places])


def row_fingerprints(attempts: Attempts) -> UInt64Array:
    """Return one hash an attempt of its moment and of what its features say, uint64 [attempts]."""
    rounded = np.empty_like(attempts.features)
    for column in range(rounded.shape[1]):
        bits = np.ascontiguousarray(attempts.features[:, column]).view(np.uint32)
        is_known = np.isfinite(attempts.features[:, column])
        with np.errstate(over="ignore"):
            near = ((bits + _ROUNDING) & _KEPT).view(np.float32)
        rounded[:, column] = np.where(is_known, near, np.float32(np.nan))
    features = fingerprints.named_number_fingerprints(attempts.names, rounded)
    return fingerprints.number_fingerprints(attempts.asked_at, features.view(np.int64))


def fingerprint_of(lesson: Lesson, rows: UInt64Array, settings: ScoreSettings) -> str:
    """Return what has to stay the same for the model of a lesson to be kept.

    Parameters
    ----------
    lesson
        What is learned from.
    rows
        Of all attempts, as :func:`row_fingerprints` returns them.
    settings
        Of the score.
    """
    learnt = fingerprints.number_fingerprints(
        rows[lesson.places].view(np.int64), lesson.labels.astype(np.int64)
    )
    sizes = np.array([len(learnt)], dtype=np.int64)
    (whole,) = fingerprints.sequence_fingerprints(learnt, sizes).tolist()
    data = f"{len(learnt)} {lesson.frauds} {whole:016x}"
    decided = {"score": "risk", **settings.of_fits()}
    return Identity(code_fingerprint(), data, decided, "cpu").fingerprint


def known_features(attempts: Attempts, places: IntArray) -> tuple[list[str], Array]:
    """Return the features that at least one of some attempts has, and their values.

    Which features others have does not count: trees draw among the columns that they are given,
    and would be others with one more that says nothing.
    """
    values = attempts.features[places]
    is_known: Array = np.asarray(np.isfinite(values).any(axis=0))
    names = [name for name, known in zip(attempts.names, is_known, strict=True) if known]
    return names, values if is_known.all() else values[:, is_known]
