"""When the model of a block is fitted, and when it stands.

A model learns from what was known when its block began, and scores that block alone. Whatever
comes in later is for the models of later blocks: no score that was given moves by it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

import pyarrow as pa

from footfall.core.fingerprints import combined_fingerprint
from footfall.core.progress import Progress
from footfall.core.stored_rows import SCHEMA, ArtifactError
from footfall.risk.attempts import Attempts, read_attempts
from footfall.risk.model import fit_risk
from footfall.risk.scores.applying import calibrating_blocks, settling_days
from footfall.risk.scores.calendar import Calendar, first_date, start_of
from footfall.risk.scores.learnt import (
    Lesson,
    code_fingerprint,
    fingerprint_of,
    known_features,
    lesson_at,
    row_fingerprints,
)
from footfall.risk.scores.settings import ScoreSettings
from footfall.risk.scores.source import PaymentSource
from footfall.risk.scores.stored import BlockModel, StoredRisk, load_risk


def train(
    source: PaymentSource,
    as_of: date | None,
    *,
    settings: ScoreSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Fit the models of the blocks whose knowledge has changed; the others are kept.

    An attempt that was erased is not learned from: every model that knew it is fitted again.

    Parameters
    ----------
    source
        Attempts and features.
    as_of
        The as-of date of the shop; None while nothing has happened.
    settings
        Of the score.
    previous
        The existing models; given back as they are where nothing has changed.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Rows of :data:`footfall.core.stored_rows.SCHEMA`; none where nobody has tried to pay.
    """
    started = perf_counter()
    rows, features = source.read(None)
    if as_of is None or rows.num_rows == 0:
        return SCHEMA.empty_table()
    calendar = Calendar.of(as_of, settings.label_delay_days, settings.scored_days)
    attempts = read_attempts(rows, features)
    lessons = _lessons(attempts, calendar)
    hashes = row_fingerprints(attempts)
    wanted = {block: fingerprint_of(lesson, hashes, settings) for block, lesson in lessons.items()}
    standing = _standing(previous, progress)
    known = {} if standing is None else standing.models
    moved = [block for block in wanted if _has_changed(known.get(block), wanted[block])]
    if previous is not None and not moved and sorted(known) == sorted(wanted):
        progress("models of risk: nothing new to learn from, they stand")
        return previous
    models = {block: known[block] for block in wanted if block not in moved}
    for number, block in enumerate(moved, start=1):
        models[block] = _fit(attempts, lessons[block], block, wanted[block], settings)
        progress(_line(models[block], number, len(moved)))
    ordered = {block: models[block] for block in sorted(models)}
    run = _run(settings, ordered, as_of, perf_counter() - started)
    return StoredRisk(run, ordered).to_table()


def _lessons(attempts: Attempts, calendar: Calendar) -> dict[int, Lesson]:
    """Return what there is to learn from for each block that has attempts."""
    # A back-test asks for the model of its first week alone.
    settling = (settling_days(attempts, calendar), calendar.delay_days)
    served = {*calendar.scored, *(calendar.tested(days).start for days in settling)}
    needed = served.union(*(calibrating_blocks(attempts, calendar, block)[0] for block in served))
    return {
        block: lesson_at(attempts, start_of(block), calendar.delay_days)
        for block in sorted(needed.intersection(calendar.block(attempts).tolist()))
    }


def _has_changed(known: BlockModel | None, fingerprint: str) -> bool:
    return known is None or known.fingerprint != fingerprint


def _standing(previous: pa.Table | None, progress: Progress) -> StoredRisk | None:
    if previous is None or previous.num_rows == 0:
        return None
    try:
        return load_risk(previous)
    except ArtifactError as error:
        progress(f"the stored models of risk cannot be read and are fitted anew: {error}")
        return None


def _fit(
    attempts: Attempts, lesson: Lesson, block: int, fingerprint: str, settings: ScoreSettings
) -> BlockModel:
    learnt = len(lesson.places)
    names, values = known_features(attempts, lesson.places)
    trees = settings.of_trees(learnt)
    model = fit_risk(names, values, lesson.labels, trees) if names else None
    return BlockModel(block, fingerprint, learnt, lesson.frauds, model)


def _line(one: BlockModel, number: int, of: int) -> str:
    what = "" if one.model is not None else ": too few to learn from, rules decide"
    return (
        f"models of risk: week from {first_date(one.block)} done ({number} of {of}), "
        f"{one.learnt:,} attempts, {one.frauds:,} frauds among them{what}"
    )


def _run(
    settings: ScoreSettings, models: dict[int, BlockModel], as_of: date, seconds: float
) -> dict[str, Any]:
    """Return what `model_runs` shows of the models."""
    data = combined_fingerprint(*(f"{one.block} {one.fingerprint}" for one in models.values()))
    newest = max(models.values(), key=lambda one: one.block, default=None)
    return {
        "run_id": f"risk-{combined_fingerprint('risk', data)[:16]}",
        "score": "risk",
        "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_fingerprint": code_fingerprint(),
        "data_fingerprint": data,
        "cutoff_date": as_of.isoformat(),
        "seed": settings.seed,
        "device": "cpu",
        "seconds": round(seconds, 3),
        "stale_since": "",
        "metrics": {
            "0d": {
                "models": sum(one.model is not None for one in models.values()),
                "attempts_learned": 0 if newest is None else newest.learnt,
                "frauds_learned": 0 if newest is None else newest.frauds,
            }
        },
    }
