"""Judges the scores on texts that came after what was learned from, against baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.evaluation.bootstrap import Measured, measure
from footfall.evaluation.leads import LEADS, TEXT_REGRESSION, leads
from footfall.evaluation.score_metrics import (
    accuracy,
    auc,
    brier,
    calibration_error,
    macro_f1,
    total_ratio,
)
from footfall.heads.result_rows import BACKTEST_SCHEMA, result_rows, tenth_rows
from footfall.heads.runs import Run, run_of
from footfall.reviews.judging import (
    Judged,
    Learned,
    Task,
    judged_on,
    lexicon_alone,
    majority,
    word_tfidf,
)
from footfall.reviews.scores.dates import Dates, dates_of
from footfall.reviews.scores.lessons import Lesson
from footfall.reviews.scores.models import learn
from footfall.reviews.scores.rows import (
    NEGATIVE_TO,
    POSITIVE_FROM,
    columns_of,
    hashes_of,
    with_words,
    written_before,
)
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.scores.training import identity_of, lessons_of

#: Fewer texts than this judge nothing.
FEWEST_TESTED = 30
NAME = "back-test of texts"
#: Of the tested texts those whose wording nobody had used before.
ALL, NEW = "all", "new wording"
_Metrics = Mapping[str, Callable[..., FloatArray]]
_RANKED: _Metrics = {
    "auc": auc,
    "brier": brier,
    "ece": calibration_error,
    "total_ratio": total_ratio,
}
_NAMED: _Metrics = {"accuracy": accuracy, "macro_f1": macro_f1}


@dataclass(frozen=True)
class _Trial:
    """Texts that are judged, and what each model says of them.

    Attributes
    ----------
    labels
        1 for four or five stars, 0 for one or two; ``[tested]``.
    customers
        Who wrote each; ``[tested]``.
    is_new
        Whether nobody had used the wording before; ``[tested]``.
    judged
        By model.
    """

    labels: FloatArray
    customers: IntArray
    is_new: BoolArray
    judged: Mapping[str, Judged]


def backtest(
    texts: pa.Table,
    cutoffs: pa.Table,
    *,
    settings: TextSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the score on the months before the newest, by what was known when they began.

    The baselines learn from the same texts: the share of praise for all (``majority``), the list of
    words (``lexicon``), and words and pairs of words (``word_tfidf``).

    Parameters
    ----------
    texts
        Rows of `int_texts`.
    cutoffs
        Rows of `int_cutoffs`.
    settings
        Of the score.
    previous
        The existing figures; given back where all that they were made of is the same.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`footfall.heads.result_rows.BACKTEST_SCHEMA`; no rows where there are too few
    labels, or only praise or only blame.
    """
    started = perf_counter()
    read = with_words(texts) if settings.is_on else texts.schema.empty_table()
    dates = dates_of(cutoffs, read) if read.num_rows else None
    if dates is None or dates.tested_from is None:
        return BACKTEST_SCHEMA.empty_table()
    run = Run("backtest_reviews", _identity(read, dates, settings), started)
    standing = run_of(previous, BACKTEST_SCHEMA).get("fingerprint")
    if previous is not None and standing == run.identity.fingerprint:
        progress(f"{NAME}: nothing new, the figures stand")
        return previous
    trial = _trial(read, dates.tested_from, dates.learned_until, settings)
    if trial is None:
        progress(f"{NAME}: too few labels since {dates.tested_from} to judge by")
        return BACKTEST_SCHEMA.empty_table()
    progress(f"{NAME}: {len(trial.labels):,} texts since {dates.tested_from}")
    return _table(run, trial, dates.tested_from, settings)


def _identity(read: pa.Table, dates: Dates, settings: TextSettings) -> Identity:
    return identity_of(
        written_before(read, dates.learned_until),
        dates.learned_until,
        settings,
        score="backtest_reviews",
        tested_from=str(dates.tested_from),
        bootstrap_replicates=settings.bootstrap_replicates,
    )


def _trial(read: pa.Table, begin: date, end: date, settings: TextSettings) -> _Trial | None:
    """Score what was written between two days by what was written before the first."""
    asked = _labelled(written_before(read, end, begin))
    if asked.num_rows < FEWEST_TESTED:
        return None
    lessons = lessons_of(written_before(read, begin))
    parts = []
    for language, lesson in lessons.items():
        here = asked.filter(pc.equal(asked["language"], language))
        if here.num_rows:
            parts.append(_of_language(here, language, lesson, settings.seed))
    trial = _joined(parts)
    is_one_class = trial.labels.min() == trial.labels.max()
    return None if is_one_class else trial


def _labelled(texts: pa.Table) -> pa.Table:
    stars = texts["rating"]
    return texts.filter(
        pc.or_(pc.greater_equal(stars, POSITIVE_FROM), pc.less_equal(stars, NEGATIVE_TO))
    )


def _of_language(asked: pa.Table, language: str, lesson: Lesson, seed: int) -> _Trial:
    columns = columns_of(asked)
    model = learn(lesson, language, seed)
    task = Task(lesson.columns, lesson.labels, lesson.others, language)
    learned = _baselines(task)
    learned[TEXT_REGRESSION] = Learned(model.polarity.probabilities, model.polarity.threshold)
    used = np.concatenate([lesson.hashes, hashes_of(lesson.others)])
    stars: FloatArray = pc.cast(asked["rating"], pa.float64()).to_numpy()
    return _Trial(
        (stars >= POSITIVE_FROM).astype(np.float64),
        _customers(asked),
        ~np.isin(hashes_of(columns), used),
        {name: judged_on(one, columns) for name, one in learned.items()},
    )


def _baselines(task: Task) -> dict[str, Learned]:
    """Return the baselines by name; without both praise and blame they know nothing."""
    learners = {"majority": majority, "lexicon": lexicon_alone, "word_tfidf": word_tfidf}
    if len(np.unique(task.labels)) == 2:
        return {name: learner(task) for name, learner in learners.items()}
    nothing = Learned(lambda columns: np.full(len(columns[0]), 0.5), 0.5)
    return dict.fromkeys(learners, nothing)


def _customers(asked: pa.Table) -> IntArray:
    """Return who wrote each text; of unknown ones each is somebody else."""
    known: IntArray = pc.fill_null(asked["customer_no"], -1).to_numpy()
    alone = -1 - np.arange(len(known))
    return np.where(known < 0, alone, known)


def _joined(parts: list[_Trial]) -> _Trial:
    judged = {
        name: Judged(
            np.concatenate([part.judged[name].probabilities for part in parts]),
            np.concatenate([part.judged[name].named for part in parts]),
            sum(part.judged[name].cpu_seconds for part in parts),
        )
        for name in parts[0].judged
    }
    return _Trial(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.customers for part in parts]),
        np.concatenate([part.is_new for part in parts]),
        judged,
    )


def _chosen(trial: _Trial, places: BoolArray) -> _Trial:
    judged = {
        name: Judged(one.probabilities[places], one.named[places], one.cpu_seconds)
        for name, one in trial.judged.items()
    }
    return _Trial(trial.labels[places], trial.customers[places], trial.is_new[places], judged)


def _table(run: Run, trial: _Trial, begin: date, settings: TextSettings) -> pa.Table:
    found: list[dict[str, Any]] = []
    for population, chosen in ((ALL, trial), (NEW, _chosen(trial, trial.is_new))):
        enough = len(chosen.labels) >= FEWEST_TESTED
        if enough and chosen.labels.min() < chosen.labels.max():
            found += _rows(chosen, population, begin, settings)
    headline = {
        row["metric"]: row["value"]
        for row in found
        if row["model"] == TEXT_REGRESSION and row["population"] == ALL and "bin" not in row
    }
    day = (begin - date(1970, 1, 1)).days
    metadata = run.metadata(day, {"0d": headline})
    for row in found:
        row["run_id"], row["run_metadata"] = run.run_id, metadata
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)


def _rows(
    trial: _Trial, population: str, begin: date, settings: TextSettings
) -> list[dict[str, Any]]:
    shared = {
        "score": "reviews",
        "population": population,
        "horizon_days": 0,
        "cutoff_date": begin,
    }
    probabilities = {name: one.probabilities for name, one in trial.judged.items()}
    named = {name: one.named.astype(np.int64) for name, one in trial.judged.items()}
    drawn = {"replicates": settings.bootstrap_replicates, "seed": settings.seed}
    measured: dict[tuple[str, str], Measured] = {}
    measured |= measure(_RANKED, trial.labels, probabilities, clusters=trial.customers, **drawn)
    truth = trial.labels.astype(np.int64)
    measured |= measure(_NAMED, truth, named, clusters=trial.customers, **drawn)
    measured |= leads(measured, LEADS["reviews"])
    found = result_rows(shared, measured, len(np.unique(trial.customers)))
    return found + tenth_rows(
        shared, trial.labels, probabilities, is_probability=True, clusters=trial.customers
    )
