"""When heads are fitted again, what is fitted, and whether it replaces the existing heads.

A head learns from closed cut-offs. As long as code, settings and these rows are the same, it
is kept, however many events come in: scores are made by applying it. A horizon is fitted by itself
when one of its cut-offs closes, or when a late event changes one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TypeVar

import pyarrow as pa

from footfall.core.erasures import NOBODY, Erasures
from footfall.core.fingerprints import combined_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.core.stored_rows import SCHEMA, ArtifactError
from footfall.heads import churn, value
from footfall.heads.code import code_fingerprint
from footfall.heads.cutoffs.background import Background, background_of
from footfall.heads.cutoffs.digests import CutoffDigests, read_digests
from footfall.heads.cutoffs.rows import CutoffRows, read_cutoffs
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.source import CutoffSource, Wanted
from footfall.heads.cutoffs.study import Study, memory_of
from footfall.heads.judgements import Judgement, skill, skills
from footfall.heads.own_rates import mean_rate
from footfall.heads.predictions import silence_models
from footfall.heads.runs import day_to_date
from footfall.heads.stored import Head, HeadFacts, StoredHeads, load_heads, no_reference, run_id_of
from footfall.heads.value_members import MEMBERS

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Kind:
    """One of the two scores that have heads: how a horizon is fitted, and an older head judged."""

    score: str
    fit: Callable[[Study, int, int], tuple[Head, dict[int, Judgement], dict[str, Any]]]
    judge: Callable[[Head, CutoffRows, int], Judgement | None]


def train_churn(
    source: CutoffSource,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    erasures: Erasures = NOBODY,
    progress: Progress,
) -> pa.Table:
    """Fit the heads of churn whose cut-offs have moved; the others are kept.

    Parameters
    ----------
    source
        Customers at cut-offs. Rows are read only where something is to be fitted.
    settings
        Of the heads.
    previous
        The existing heads; given back as they are where nothing has moved.
    erasures
        Who was erased when: existing heads that may have learned from somebody are marked stale,
        and are replaced once the time has come, even by heads that are worse.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Rows of :data:`footfall.core.stored_rows.SCHEMA`; none where nobody has bought yet.
    """
    kind = _Kind("churn", _fit_churn, _judge_churn)
    return _train(kind, source, settings, previous, erasures, progress)


def train_value(
    source: CutoffSource,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    erasures: Erasures = NOBODY,
    progress: Progress,
) -> pa.Table:
    """Fit the heads of value, tiers among them, as :func:`train_churn` does."""
    kind = _Kind("value", _fit_value, _judge_value)
    return _train(kind, source, settings, previous, erasures, progress)


def side_by_side(
    score: str,
    task: Callable[[int], Result],
    horizons: list[int],
    settings: HeadSettings,
    progress: Progress,
) -> list[Result]:
    """Run a task for each horizon on the allowed threads; progress is reported in order."""
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=settings.workers) as pool:
        for horizon, result in zip(horizons, pool.map(task, horizons), strict=True):
            progress(f"{score}: {horizon} days done ({len(results) + 1} of {len(horizons)})")
            results.append(result)
    return results


def study_of(
    source: CutoffSource, digests: CutoffDigests, settings: HeadSettings, *, with_today: bool
) -> Study:
    """Read the sampled customers at all cut-offs, and everybody at the as-of date if asked."""
    wanted = Wanted(as_of=with_today, sampled_every=digests.sampled_every)
    cutoffs, states = source.read(wanted)
    rows = read_cutoffs(cutoffs, states, settings.horizons)
    return Study(rows, settings, memory_of(digests.of_all()))


def _train(
    kind: _Kind,
    source: CutoffSource,
    settings: HeadSettings,
    previous: pa.Table | None,
    erasures: Erasures,
    progress: Progress,
) -> pa.Table:
    started, digests = perf_counter(), read_digests(source)
    today = digests.as_of
    if today is None:
        return SCHEMA.empty_table()
    standing = _standing(previous, digests.columns, progress)
    horizons = sorted(settings.horizons)
    wanted = {h: _fingerprint(digests, settings, h, today) for h in horizons}
    known = {} if standing is None else standing.facts
    moved = [h for h in horizons if h not in known or _has_to_go(known[h], wanted[h], erasures)]
    if standing is not None and not moved and sorted(known) == horizons and previous is not None:
        progress(f"{kind.score}: nothing new to learn from, the heads stand")
        return previous
    study = study_of(source, digests, settings, with_today=True)

    def fit(horizon: int) -> tuple[Head, HeadFacts]:
        head, judged, metrics = kind.fit(study, today, horizon)
        learnt = digests.learnt(horizon, today)
        metrics = {"closed_cutoffs": len(digests.closed(horizon)), **metrics}
        facts = HeadFacts(wanted[horizon], today, tuple(learnt), judged, metrics)
        head = replace(head, mean_rate=mean_rate(study.rows.at([today])))
        return head, replace(facts, erased_until=erasures.until)

    made = side_by_side(f"heads of {kind.score}", fit, moved, settings, progress)
    fitted = dict(zip(moved, made, strict=True))
    heads = {} if standing is None else {h: standing.heads[h] for h in horizons if h in known}
    facts = {h: known[h] for h in horizons if h in known}
    reasons: dict[int, str] = {}
    for horizon, (head, new) in fitted.items():
        reason = ""
        if standing is not None and horizon in known:
            reason = _why_worse(kind, study, standing, new, horizon)
        stale_since = _stale_since(known.get(horizon), erasures)
        if reason and erasures.is_due(stale_since):
            progress(f"NOT KEPT, as it learned from a person who was erased: {reason}")
            reason = ""
        if reason:
            reasons[horizon] = reason
            turned_away = (*known[horizon].turned_away, new.fingerprint)
            facts[horizon] = replace(
                known[horizon], turned_away=turned_away, stale_since=stale_since
            )
        else:
            heads[horizon], facts[horizon] = head, new
    run = _run(kind, settings, facts, today, perf_counter() - started)
    if reasons:
        tried = {h: fitted[h][1] if h in reasons else facts[h] for h in horizons}
        reason = "; ".join(reasons.values())
        attempt = _run(kind, settings, tried, today, perf_counter() - started)
        run["kept_out"] = {**attempt, "reason": reason}
        progress(f"KEPT OUT, the heads in force stand: {reason}")
    return StoredHeads(run, heads, facts).to_table()


def _has_to_go(facts: HeadFacts, fingerprint: str, erasures: Erasures) -> bool:
    return not facts.is_current(fingerprint) or erasures.is_due(facts.stale_since)


def _stale_since(facts: HeadFacts | None, erasures: Erasures) -> str:
    """Return the first erasure of somebody whom a head may know that no longer fits its rows."""
    if facts is None:
        return ""
    return facts.stale_since or erasures.first_after(facts.erased_until)


def _standing(
    previous: pa.Table | None, columns: tuple[str, ...], progress: Progress
) -> StoredHeads | None:
    """Return the stored heads that can be applied to a table with these feature columns."""
    if previous is None or previous.num_rows == 0:
        return None
    try:
        stored = load_heads(previous)
    except ArtifactError as error:
        progress(f"the stored heads cannot be read and are fitted anew: {error}")
        return None
    usable = []
    for horizon, head in stored.heads.items():
        missing = head.lacks(columns)
        if missing:
            progress(
                f"the head of {horizon} days reads {', '.join(missing)}, which the table no longer "
                "has, and is fitted anew"
            )
        else:
            usable.append(horizon)
    return replace(
        stored,
        heads={horizon: stored.heads[horizon] for horizon in usable},
        facts={horizon: stored.facts[horizon] for horizon in usable},
    )


def _fingerprint(digests: CutoffDigests, settings: HeadSettings, horizon: int, today: int) -> str:
    """Return what has to stay the same for a head to be kept."""
    data = digests.of_head(horizon, today)
    return Identity(code_fingerprint(), data, settings.of_fits(), "cpu").fingerprint


def _why_worse(
    kind: _Kind, study: Study, standing: StoredHeads, new: HeadFacts, horizon: int
) -> str:
    """Return why the head in force is clearly better than a new one; empty where it is not.

    Both are judged on the same cut-offs, which neither learned from. The new one by members fitted
    to what was known at each of these days, with the blend, the calibration and the choice of
    states made on the other days. The one in force by itself where the cut-off closed after it was
    fitted, otherwise by what was noted when it was, which was found in the same way.
    """
    old, old_facts = standing.heads[horizon], standing.facts[horizon]
    judged: dict[int, Judgement] = {}
    for day in new.judged:
        if day in old_facts.learnt:
            found = old_facts.judged.get(day)
        else:
            found = kind.judge(old, study.asked(day), horizon)
        if found is not None:
            judged[day] = found
    both = skills(new.judged, judged)
    if both is None:
        return ""
    after, before = both
    if after >= before - study.settings.largest_skill_drop:
        return ""
    days = ", ".join(day_to_date(day).isoformat() for day in sorted(judged) if day in new.judged)
    return (
        f"{kind.score} {horizon}d: skill {after:.3f} at {days} is {before - after:.3f} below the "
        f"{before:.3f} of the head in force (run {standing.run['run_id']})"
    )


def _run(
    kind: _Kind, settings: HeadSettings, facts: dict[int, HeadFacts], today: int, seconds: float
) -> dict[str, Any]:
    """Return what `model_runs` shows of heads."""
    data = combined_fingerprint(*(f"{h} {facts[h].fingerprint}" for h in sorted(facts)))
    return {
        "run_id": run_id_of(kind.score, facts),
        "score": kind.score,
        "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_fingerprint": code_fingerprint(),
        "data_fingerprint": data,
        "cutoff_date": day_to_date(today).isoformat(),
        "seed": settings.seed,
        "device": "cpu",
        "seconds": round(seconds, 3),
        "stale_since": min(filter(None, (one.stale_since for one in facts.values())), default=""),
        "metrics": {f"{h}d": facts[h].metrics for h in sorted(facts)},
    }


def _fit_churn(
    study: Study, today: int, horizon: int
) -> tuple[Head, dict[int, Judgement], dict[str, Any]]:
    model = silence_models(study, today, horizon)[horizon]
    if model is None:
        return Head(None, None, no_reference()), {}, {}
    reference = model.probability(study.asked(study.learnt(horizon, today)[-1]))
    judged = churn.judged_days(study, model.members, today, horizon)
    facts = {
        "blend": dict(zip(("regression", "trees", "mbg_nbd"), model.blend.tolist(), strict=True)),
        "calibration_slope": round(model.scaling.slope, 6),
        "calibration_intercept": round(model.scaling.intercept, 6),
        "uses_encoder_state": model.uses_state,
        "skill": skill(judged),
    }
    head = Head(model, None, reference, _background(study, today, horizon))
    return head, judged, facts


def _background(study: Study, today: int, horizon: int) -> Background:
    return background_of(study.training(horizon, today), study.settings.seed)


def _judge_churn(head: Head, rows: CutoffRows, horizon: int) -> Judgement | None:
    return None if head.silence is None else churn.judged(head.silence, rows, horizon)


def _fit_value(
    study: Study, today: int, horizon: int
) -> tuple[Head, dict[int, Judgement], dict[str, Any]]:
    silence = silence_models(study, today, horizon)[horizon]
    model = value.fit_value(study, today, horizon)
    if model is None:
        return Head(silence, None, no_reference()), {}, {}
    reference = model.amount(study.asked(study.learnt(horizon, today)[-1]))
    judged = value.judged_days(study, model.members, today, horizon)
    facts = {
        "blend": dict(zip(MEMBERS, model.weights.round(4).tolist(), strict=True)),
        "vip_threshold": round(model.members.tiers.threshold, 6),
        "largest_amount": round(model.members.cap, 6),
        "uses_encoder_state": model.uses_state,
        "skill": skill(judged),
    }
    head = Head(silence, model, reference, _background(study, today, horizon))
    return head, judged, facts


def _judge_value(head: Head, rows: CutoffRows, horizon: int) -> Judgement | None:
    return None if head.value is None else value.judged(head.value, rows, horizon)
