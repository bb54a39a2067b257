"""When the models of a shop's texts are fitted, and when they stand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from footfall.core import fingerprints
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.core.stored_rows import SCHEMA, ArtifactError
from footfall.reviews.polarity import LEXICON
from footfall.reviews.scores.dates import dates_of
from footfall.reviews.scores.lessons import Lesson, lesson_of
from footfall.reviews.scores.models import LanguageModel, learn
from footfall.reviews.scores.rows import with_words, written_before
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.scores.stored import StoredModels, load_models
from footfall.reviews.texts import CHINESE, ENGLISH, OTHER

LANGUAGES = (ENGLISH, CHINESE, OTHER)
#: The rooms that decide what is learned of texts, and what is answered.
CODE = ("core", "evaluation", "heads/learners", "reviews")
#: What of a text decides what is learned from it.
_LEARNED = ("language", "text_digest", "rating", "written_at")


def train(
    texts: pa.Table,
    cutoffs: pa.Table,
    *,
    settings: TextSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Learn each language from the stars of the shop's own texts up to the newest month.

    A text that was edited or erased is not learned from: the models are fitted again without it.

    Parameters
    ----------
    texts
        Rows of `int_texts`.
    cutoffs
        Rows of `int_cutoffs`.
    settings
        Of the score.
    previous
        The existing models; given back as they are where nothing has changed.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Rows of :data:`footfall.core.stored_rows.SCHEMA`; none where there is no text with words, or
    where texts are not scored.
    """
    started = perf_counter()
    read = with_words(texts) if settings.is_on else texts.schema.empty_table()
    dates = dates_of(cutoffs, read) if read.num_rows else None
    if dates is None:
        return SCHEMA.empty_table()
    known = written_before(read, dates.learned_until)
    identity = identity_of(known, dates.learned_until, settings)
    standing = _standing(previous, progress)
    if previous is not None and standing is not None and standing.is_of(identity):
        progress("models of texts: nothing new to learn from, they stand")
        return previous
    models = {}
    for language, lesson in lessons_of(known).items():
        models[language] = learn(lesson, language, settings.seed)
        progress(_line(models[language], lesson))
    run = _run(identity, dates.learned_until, models, perf_counter() - started)
    return StoredModels(run, models).to_table()


def lessons_of(known: pa.Table) -> dict[str, Lesson]:
    """Return what texts teach of each language, all languages at all times."""
    return {
        language: lesson_of(known.filter(pc.equal(known["language"], language)))
        for language in LANGUAGES
    }


def identity_of(
    known: pa.Table, until: date, settings: TextSettings, **more: str | int
) -> Identity:
    """Return what has to stay the same for what was made of known texts to stand.

    Parameters
    ----------
    known
        Texts of the days before ``until``.
    until
        Where learning ends.
    settings
        Of the score.
    more
        What else decides.
    """
    data = fingerprints.table_fingerprint(known.select(_LEARNED))
    decided = {"score": "reviews", "until": until.isoformat(), **settings.of_fits(), **more}
    return Identity(fingerprints.code_fingerprint(*CODE), data, decided, "cpu")


def _standing(previous: pa.Table | None, progress: Progress) -> StoredModels | None:
    if previous is None or previous.num_rows == 0:
        return None
    try:
        return load_models(previous)
    except ArtifactError as error:
        progress(f"the stored models of texts cannot be read and are fitted anew: {error}")
        return None


def _line(model: LanguageModel, lesson: Lesson) -> str:
    how = "the lexicon decides" if model.polarity.method == LEXICON else "learned"
    return (
        f"models of texts: {model.language}, {len(lesson.labels):,} wordings with a label, "
        f"{int(lesson.labels.sum()):,} of them positive: {how}"
    )


def _run(
    identity: Identity, until: date, models: dict[str, LanguageModel], seconds: float
) -> dict[str, Any]:
    """Return what `model_runs` shows of the models."""
    return {
        "run_id": f"reviews-{identity.fingerprint[:16]}",
        "score": "reviews",
        "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **identity.stored(),
        "fingerprint": identity.fingerprint,
        "cutoff_date": until.isoformat(),
        "seed": identity.settings["seed"],
        "device": "cpu",
        "seconds": round(seconds, 3),
        "metrics": {"0d": {f"learned_{name}": len(model.hashes) for name, model in models.items()}},
    }
