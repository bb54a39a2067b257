"""Rolling-origin back-tests of churn, value, tiers and intent, with their baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.fingerprints import combined_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.evaluation import bootstrap as evaluation
from footfall.evaluation.leads import LEADS, OURS, leads
from footfall.heads import intent, intent_heads
from footfall.heads.code import code_fingerprint
from footfall.heads.cutoffs.digests import CutoffDigests, read_digests
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.source import CutoffSource
from footfall.heads.cutoffs.study import Study
from footfall.heads.deletions import measure_deletions
from footfall.heads.prefixes import TARGETS, read_prefixes
from footfall.heads.result_rows import BACKTEST_SCHEMA, result_rows, tenth_rows
from footfall.heads.runs import Run, day_to_date, run_of
from footfall.heads.training import side_by_side, study_of
from footfall.heads.trials import Trial, churn_trial, trials, value_trial


def backtest_churn(
    source: CutoffSource,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the churn score on the last closed cut-offs, learning from those closed before them.

    A cut-off is tested once: its figures are kept as long as code, settings and all that its test
    reads are the same. Rows are read only where there is something to test.

    Parameters
    ----------
    source
        Customers at cut-offs.
    settings
        Of the heads.
    previous
        The existing figures.
    tested_horizons
        Those that are tested, all of the settings unless given; the others only help where these
        cannot be learned.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`BACKTEST_SCHEMA`: a row a horizon, test cut-off, population (`all`, `repeat`),
    model and metric, with 95 % bootstrap intervals over customers. A metric `<metric>_lead` is how
    much better a model of ours is than the best baseline on the same rows. At the latest test
    cut-off of a horizon there is also a row a customer, of the metric `prediction`. Horizons
    without a cut-off to learn from and one to test have no rows.
    """
    chosen = sorted(tested_horizons or settings.horizons)
    return _tested("churn", source, settings, previous, chosen, progress, churn_trial)


def backtest_value(
    source: CutoffSource,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test amounts (score `value`) and tiers (score `tier`) as :func:`backtest_churn` does."""
    chosen = sorted(tested_horizons or settings.horizons)
    return _tested("value", source, settings, previous, chosen, progress, value_trial)


def backtest_intent(
    prefixes: pa.Table,
    states: pa.Table | None = None,
    *,
    settings: HeadSettings,
    test_days: int = 28,
    history_days: int = 120,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test purchase intent on the latest sessions whose outcome is known (score `intent`).

    The population is `in session` or `7 days`, then the prefix length, such as `in session, after
    3 events`; ``horizon_days`` is 0 for the session and 7 for the week. Figures are of sessions;
    intervals resample visitors, who have several sessions each, and ``customer_count`` counts
    visitors. The tested days end with a week, and their figures are kept as long as all that they
    were made of is the same.
    """
    if prefixes.num_rows == 0:
        return BACKTEST_SCHEMA.empty_table()
    window = intent_heads.window_of(prefixes)
    known = window.rows(prefixes, history_days)
    decided = {**settings.of_backtests(), "test_days": test_days, "history_days": history_days}
    days = {target: window.tested(target, test_days) for target in TARGETS}
    wanted = {
        target: Identity(
            code_fingerprint(),
            intent_heads.read_by_trial(known, states, target, days[target]),
            {"target": target, "days": days[target], **decided},
            "cpu",
        ).fingerprint
        for target in TARGETS
    }
    standing = run_of(previous, BACKTEST_SCHEMA).get("trials") or {}
    stale = [target for target in wanted if standing.get(target) != wanted[target]]
    if previous is not None and not stale:
        progress("back-test of intent: nothing new, the figures stand")
        return previous
    run = Run.start("backtest_intent", combined_fingerprint(*wanted.values()), decided)
    rows = read_prefixes(known, states)
    found: list[list[dict[str, Any]]] = []
    for target in wanted:
        if target not in stale and previous is not None:
            of_target = pc.equal(previous["horizon_days"], _intent_horizon(target))
            found.append(previous.filter(of_target).select(BACKTEST_SCHEMA.names).to_pylist())
            continue
        for trial in intent.intent_trials(rows, target, *days[target], settings):
            found.append(_intent_rows(trial, settings))
            progress(f"back-test of intent: {found[-1][0]['population']} done")
    return _finish(run, found, trials=wanted, tested=stale)


def _intent_horizon(target: str) -> int:
    return 0 if target == "buys_in_session" else 7


def _intent_rows(trial: intent.IntentTrial, settings: HeadSettings) -> list[dict[str, Any]]:
    length, labels = trial.length, trial.labels
    window = "in session" if trial.target == "buys_in_session" else "7 days"
    shared = {
        "score": "intent",
        "population": f"{window}, after {length} event{'s' if length > 1 else ''}",
        "horizon_days": _intent_horizon(trial.target),
        "cutoff_date": day_to_date(trial.day),
    }
    measured = evaluation.measure(
        intent.intent_metrics(),
        labels,
        trial.models,
        replicates=settings.bootstrap_replicates // 2,
        seed=settings.seed,
        clusters=trial.visitor_no,
    )
    measured |= measure_deletions(
        "auc",
        intent.intent_metrics()["auc"],
        labels,
        trial.without,
        replicates=settings.bootstrap_replicates // 2,
        seed=settings.seed,
        clusters=trial.visitor_no,
        resamples_lots=length == intent.JUDGED_LENGTH,
    )
    visitors = len(np.unique(trial.visitor_no))
    found = result_rows(shared, measured | leads(measured, LEADS["intent"]), visitors)
    return found + tenth_rows(
        shared, labels, trial.models, is_probability=True, clusters=trial.visitor_no
    )


def _tested(
    score: str,
    source: CutoffSource,
    settings: HeadSettings,
    previous: pa.Table | None,
    horizons: list[int],
    progress: Progress,
    judge: Callable[[Study, Trial], list[dict[str, Any]]],
) -> pa.Table:
    digests = read_digests(source)
    wanted = {
        trial: _fingerprint(score, digests, settings, trial)
        for horizon in horizons
        for trial in trials(digests, horizon, settings.backtest_cutoffs)
    }
    standing = run_of(previous, BACKTEST_SCHEMA).get("trials") or {}
    stale = [trial for trial in wanted if standing.get(_name(trial)) != wanted[trial]]
    name = f"back-test of {score}"
    if previous is not None and not stale and len(standing) == len(wanted):
        progress(f"{name}: nothing new, the figures stand")
        return previous
    run = Run.start(
        f"backtest_{score}", combined_fingerprint(*wanted.values()), settings.of_backtests()
    )
    found = {trial: _rows_of(previous, trial) for trial in wanted if trial not in stale}
    if stale:
        study = study_of(source, digests, settings, with_today=False)

        def test(horizon: int) -> list[tuple[Trial, list[dict[str, Any]]]]:
            return [(trial, judge(study, trial)) for trial in stale if trial.horizon == horizon]

        anew = sorted({trial.horizon for trial in stale})
        for judged in side_by_side(name, test, anew, settings, progress):
            found |= dict(judged)
    told = {_name(trial): wanted[trial] for trial in wanted}
    return _finish(
        run, [found[trial] for trial in wanted], trials=told, tested=[_name(t) for t in stale]
    )


def _fingerprint(score: str, digests: CutoffDigests, settings: HeadSettings, trial: Trial) -> str:
    """Return what has to stay the same for the figures of a trial to be kept."""
    shorter = [h for h in settings.horizons if h <= trial.horizon]
    decided = {"score": score, "horizons": shorter, **settings.of_backtests()}
    data = digests.of_trial(trial.horizon, trial.day, settings.horizons)
    return Identity(code_fingerprint(), data, decided, "cpu").fingerprint


def _name(trial: Trial) -> str:
    return f"{trial.horizon}d {day_to_date(trial.day).isoformat()}"


def _rows_of(previous: pa.Table | None, trial: Trial) -> list[dict[str, Any]]:
    """Return the figures of a trial as they are."""
    if previous is None:
        return []
    is_of = pc.and_(
        pc.equal(previous["horizon_days"], trial.horizon),
        pc.equal(previous["cutoff_date"], day_to_date(trial.day)),
    )
    rows: list[dict[str, Any]] = previous.filter(is_of).select(BACKTEST_SCHEMA.names).to_pylist()
    return rows


def _finish(run: Run, parts: list[list[dict[str, Any]]], **more: Any) -> pa.Table:
    found = [row for rows in parts for row in rows]
    if not found:
        return BACKTEST_SCHEMA.empty_table()
    headline = {
        f"{row['score']}_{row['horizon_days']}d_{row['cutoff_date']}_{row['metric']}": row["value"]
        for row in found
        if row["model"] == OURS
        and row["population"] == "all"
        and row.get("bin") is None
        and row.get("customer_no") is None
    }
    latest = max(row["cutoff_date"] for row in found)
    metadata = run.metadata((latest - day_to_date(0)).days, headline, **more)
    for row in found:
        # Rows of customers are many, and the facts of a run are long.
        row["run_id"] = run.run_id
        row["run_metadata"] = metadata if row.get("customer_no") is None else None
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)
