"""Rolling-origin back-tests of churn, value and tiers beside their baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.progress import Progress
from footfall.evaluation import bootstrap as evaluation
from footfall.evaluation.leads import LEADS, OURS, leads
from footfall.heads import intent
from footfall.heads.cutoffs.rows import read_cutoffs
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.study import Study, memory_of
from footfall.heads.result_rows import BACKTEST_SCHEMA, result_rows, tenth_rows
from footfall.heads.runs import Run, day_to_date
from footfall.heads.scores import side_by_side
from footfall.heads.trials import Trial, churn_trial, trials, value_trial


def backtest_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the churn score on the last closed cut-offs, learning from those closed before them.

    Arguments as in :func:`footfall.heads.scores.score_churn`; ``tested_horizons`` are those that
    are tested (all of the settings unless given), the others only help where these cannot be
    learnt.

    Returns
    -------
    Columns of :data:`BACKTEST_SCHEMA`: a row a horizon, test cut-off, population (`all`, `repeat`),
    model and metric, with 95 % bootstrap intervals over customers. A metric `<metric>_lead` is how
    much better a model of ours is than the best baseline on the same rows. Horizons without a
    cut-off to learn from and one to test have no rows.
    """
    run = Run.start("backtest_churn", cutoffs, states, settings)
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of churn: nothing new, the figures stand")
        return kept
    return _tested(run, cutoffs, states, settings, tested_horizons, progress, churn_trial)


def backtest_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: HeadSettings,
    previous: pa.Table | None = None,
    tested_horizons: tuple[int, ...] | None = None,
    progress: Progress,
) -> pa.Table:
    """Test amounts (score `value`) and tiers (score `tier`) as :func:`backtest_churn` does."""
    run = Run.start("backtest_value", cutoffs, states, settings)
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of value: nothing new, the figures stand")
        return kept
    return _tested(run, cutoffs, states, settings, tested_horizons, progress, value_trial)


def backtest_intent(
    prefixes: pa.Table,
    states: pa.Table | None = None,
    *,
    settings: HeadSettings,
    test_days: int = 28,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test purchase intent on the latest sessions whose outcome is known (score `intent`).

    The population is `in session` or `7 days`, then the prefix length, such as `in session, after
    3 events`; ``horizon_days`` is 0 for the session and 7 for the week. Figures are of sessions;
    intervals resample visitors, who have several sessions each, and ``customer_count`` counts
    visitors.
    """
    run = Run.start("backtest_intent", prefixes, states, settings, extra=f"test_days={test_days}")
    kept = run.reusable(previous, BACKTEST_SCHEMA)
    if kept is not None:
        progress("back-test of intent: nothing new, the figures stand")
        return kept
    found: list[dict[str, Any]] = []
    for trial in intent.intent_trials(prefixes, states, settings, test_days):
        target, length, labels = trial.target, trial.length, trial.labels
        window = "in session" if target == "buys_in_session" else "7 days"
        shared = {
            "score": "intent",
            "population": f"{window}, after {length} event{'s' if length > 1 else ''}",
            "horizon_days": 0 if target == "buys_in_session" else 7,
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
        visitors = len(np.unique(trial.visitor_no))
        found += result_rows(shared, measured | leads(measured, LEADS["intent"]), visitors)
        found += tenth_rows(
            shared, labels, trial.models, is_probability=True, clusters=trial.visitor_no
        )
        progress(f"back-test of intent: {shared['population']} done")
    return _finish(run, [found])


def _tested(
    run: Run,
    cutoffs: pa.Table,
    states: pa.Table | None,
    settings: HeadSettings,
    tested_horizons: tuple[int, ...] | None,
    progress: Progress,
    judge: Callable[[Study, Trial], list[dict[str, Any]]],
) -> pa.Table:
    rows = read_cutoffs(cutoffs, states, settings.horizons)
    study = Study(rows, settings, memory_of(run.data_fingerprint))

    def test(horizon: int) -> list[dict[str, Any]]:
        return [row for trial in trials(study, horizon) for row in judge(study, trial)]

    horizons = sorted(tested_horizons or settings.horizons)
    name = run.score.replace("backtest_", "back-test of ")
    return _finish(run, side_by_side(name, test, horizons, settings, progress))


def _finish(run: Run, tested: list[list[dict[str, Any]]]) -> pa.Table:
    found = [row for rows in tested for row in rows]
    if not found:
        return BACKTEST_SCHEMA.empty_table()
    headline = {
        f"{row['score']}_{row['horizon_days']}d_{row['cutoff_date']}_{row['metric']}": row["value"]
        for row in found
        if row["model"] == OURS and row["population"] == "all" and row.get("bin") is None
    }
    latest = max(row["cutoff_date"] for row in found)
    metadata = run.metadata((latest - day_to_date(0)).days, headline)
    for row in found:
        row["run_id"], row["run_metadata"] = run.run_id, metadata
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)
