"""Judges the scores on the newest weeks whose labels have come, against baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from time import perf_counter

import numpy as np
import pyarrow as pa

from footfall.core.arrays import Array, FloatArray, IntArray
from footfall.core.fingerprints import number_fingerprints, table_fingerprint
from footfall.core.identity import Identity
from footfall.core.progress import Progress
from footfall.evaluation.bootstrap import Measured, measure, summarise
from footfall.evaluation.leads import BOOSTED_TREES, LEADS, leads
from footfall.evaluation.score_metrics import (
    auc,
    average_precision,
    brier,
    calibration_error,
    log_loss,
    total_ratio,
)
from footfall.heads.result_rows import BACKTEST_SCHEMA, result_rows, tenth_rows
from footfall.heads.runs import Run, run_of
from footfall.risk.attempts import MICROSECONDS_A_DAY, NEVER, Attempts, feature_names, read_attempts
from footfall.risk.judging import REVIEWED_A_DAY, days_of_warning, judge, known_customers
from footfall.risk.model import RiskModel, level_of, log_odds_of, probability_of
from footfall.risk.published import MOST_ROWS
from footfall.risk.rules import hits_of, read_rules
from footfall.risk.scores.applying import (
    are_delays_known,
    seen_share,
    served_model,
    settling_days,
)
from footfall.risk.scores.calendar import BLOCK_DAYS, Calendar, date_of, first_date, start_of
from footfall.risk.scores.learnt import (
    Lesson,
    code_fingerprint,
    known_features,
    lesson_at,
    row_fingerprints,
)
from footfall.risk.scores.rivals import rival_scores
from footfall.risk.scores.settings import ScoreSettings
from footfall.risk.scores.source import PaymentSource
from footfall.risk.scores.stored import StoredRisk, load_risk

#: Fewer attempts than this judge nothing.
FEWEST_TESTED = 30
NAME = "back-test of risk"
_Metrics = Mapping[str, Callable[..., FloatArray]]
_RANKED: _Metrics = {"auc": auc, "average_precision": average_precision}
_OF_PROBABILITIES: _Metrics = {
    "brier": brier,
    "log_loss": log_loss,
    "ece": calibration_error,
    "total_ratio": total_ratio,
}
_RULES = "rules"


@dataclass(frozen=True)
class _Trial:
    """Attempts that are judged, and what they are judged by."""

    attempts: Attempts
    places: IntArray
    calendar: Calendar
    tested: range
    settings: ScoreSettings
    are_labels_there: bool

    @property
    def labels(self) -> FloatArray:
        labels: FloatArray = self.attempts.is_fraud[self.places].astype(np.float64)
        return labels

    @property
    def customers(self) -> IntArray:
        customers: IntArray = self.attempts.customer_no[self.places]
        return customers

    @property
    def seen(self) -> FloatArray:
        """The share of labels of fraud that come in within each attempt's age, in hundredths."""
        now = self.calendar.as_of * MICROSECONDS_A_DAY
        ages = now - self.attempts.known_at[self.places]
        return np.round(seen_share(self.attempts, now, ages), 2)


def backtest(
    heads: pa.Table,
    source: PaymentSource,
    rules: pa.Table,
    as_of: date | None,
    *,
    settings: ScoreSettings,
    previous: pa.Table | None = None,
    progress: Progress,
) -> pa.Table:
    """Test the score on four weeks whose labels have come.

    These are the newest that ended as long ago as nine of ten labels took, and
    ``label_delay_days`` at least: what is served expects labels that are still to come, and labels
    so far would call it too high. Of the labels that take longer than that, chances are lowered by
    the share that is still to come. Where there was no model yet, or too few frauds say how long
    labels take, the newest weeks after the delay are tested, without the figures of probabilities.
    All models learn from what was known when the first of these weeks began, ours among them: it is
    the stored model of that week. Customers who were known as frauds leave the test, as do payments
    that failed without a label, of which nobody knows.

    Parameters
    ----------
    heads
        Rows of :func:`footfall.risk.scores.training.train`.
    source
        Attempts and features.
    rules
        Rows of `fraud_rules`.
    as_of
        The as-of date of the shop; None while nothing has happened.
    settings
        Of the score.
    previous
        The existing figures; given back where all that they were made of is the same.
    progress
        Called with a line of text for each step.

    Returns
    -------
    Columns of :data:`footfall.heads.result_rows.BACKTEST_SCHEMA`; no rows where there is no model,
    or no fraud among the tested attempts.
    """
    if as_of is None or heads.num_rows == 0:
        return BACKTEST_SCHEMA.empty_table()
    stored = load_risk(heads)
    calendar = Calendar.of(as_of, settings.label_delay_days, settings.scored_days)
    rows, features = source.read(date_of(calendar.read_from))
    found = _testable(read_attempts(rows, features), stored, calendar, settings, progress)
    if found is None:
        return BACKTEST_SCHEMA.empty_table()
    model, trial = found
    first = trial.tested.start
    run = Run("backtest_risk", _identity(stored, trial, rules), perf_counter())
    standing = run_of(previous, BACKTEST_SCHEMA).get("fingerprint")
    if previous is not None and standing == run.identity.fingerprint:
        progress(f"{NAME}: nothing new, the figures stand")
        return previous
    names, asked = trial.attempts.names, trial.attempts.features[trial.places]
    ours = probability_of(model.log_odds(names, asked))
    by_rule = hits_of(read_rules(rules, feature_names(features)), names, asked).score
    progress(f"{NAME}: {len(trial.places):,} attempts since {first_date(first)}, baselines")
    scores = {BOOSTED_TREES: ours, _RULES: by_rule, **_baselines(source, names, asked, trial)}
    return _table(run, trial, scores)


def _testable(
    attempts: Attempts,
    stored: StoredRisk,
    calendar: Calendar,
    settings: ScoreSettings,
    progress: Progress,
) -> tuple[RiskModel, _Trial] | None:
    """Return what is tested on the newest weeks whose labels have come, with its model.

    A young shop may have no model of then, or not know how long labels take: it is tested on the
    newest weeks after the delay.
    """
    settled = settling_days(attempts, calendar)
    is_settled = are_delays_known(attempts, calendar)
    for days in dict.fromkeys((settled, calendar.delay_days)):
        tested = calendar.tested(days)
        are_there = is_settled and days == settled
        trial = _trial(attempts, calendar, tested, settings, are_labels_there=are_there)
        model = served_model(stored, attempts, calendar, tested.start)
        has_enough = len(trial.places) >= FEWEST_TESTED and trial.labels.any()
        if model is not None and has_enough:
            return model, trial
        since = first_date(tested.start)
        progress(f"{NAME}: no model of {since}, or no fraud in the four weeks since to test")
    return None


def _trial(
    attempts: Attempts,
    calendar: Calendar,
    tested: range,
    settings: ScoreSettings,
    *,
    are_labels_there: bool,
) -> _Trial:
    block = calendar.block(attempts)
    now = calendar.as_of * MICROSECONDS_A_DAY
    is_judged = attempts.is_closed(now, calendar.delay_days) | attempts.has_label
    is_tested = is_judged & (block >= tested.start) & (block < tested.stop)
    places = np.flatnonzero(is_tested)
    known = known_customers(
        attempts.day,
        attempts.customer_no,
        attempts.is_fraud & (attempts.fraud_known_at < NEVER),
        since=int(attempts.day.min(initial=0)),
        tested=places,
        delay=calendar.delay_days,
        label_day=attempts.fraud_known_at // MICROSECONDS_A_DAY,
    )
    return _Trial(attempts, places[~known], calendar, tested, settings, are_labels_there)


def _identity(stored: StoredRisk, trial: _Trial, rules: pa.Table) -> Identity:
    first, attempts, places = trial.tested.start, trial.attempts, trial.places
    tested = number_fingerprints(
        row_fingerprints(attempts)[places].view(np.int64),
        attempts.is_fraud[places].astype(np.int64),
        attempts.fraud_known_at[places],
        attempts.customer_no[places],
        np.round(attempts.amount[places] * 100).astype(np.int64),
        np.round(trial.seen * 100).astype(np.int64),
    )
    models = [
        one.model_id
        for block in range(trial.calendar.learned.start, first + 1)
        if (one := stored.models.get(block)) is not None
    ]
    data = " ".join(
        [*models, table_fingerprint(pa.table({"tested": tested})), table_fingerprint(rules)]
    )
    decided = {
        "score": "backtest_risk",
        "are_labels_there": trial.are_labels_there,
        **trial.settings.of_backtests(),
    }
    return Identity(code_fingerprint(), data, decided, "cpu")


def _baselines(
    source: PaymentSource, names: list[str], asked: Array, trial: _Trial
) -> Mapping[str, FloatArray]:
    """Return the scores of baselines that learned from what our model learned from."""
    everything = read_attempts(*source.read(None))
    start = start_of(trial.tested.start)
    lesson = lesson_at(everything, start, trial.calendar.delay_days)
    learnt_names, learnt = known_features(everything, lesson.places)
    common = [name for name in learnt_names if name in names]
    scores = rival_scores(
        common,
        learnt[:, [learnt_names.index(name) for name in common]],
        lesson.labels,
        asked[:, [names.index(name) for name in common]],
        trial.settings.seed,
    )
    still_to_come = _share_still_to_come(everything, lesson, start)
    return {name: raised(chances, still_to_come) for name, chances in scores.items()}


def _share_still_to_come(attempts: Attempts, lesson: Lesson, start: int) -> float:
    """Return how many frauds there will be for each that was labelled among what is learned."""
    newest = slice(max(0, len(lesson.places) - MOST_ROWS), None)
    places, labels = lesson.places[newest], lesson.labels[newest]
    seen = seen_share(attempts, start, start - attempts.known_at[places])
    return float((labels / seen).sum() / labels.sum()) if labels.any() else 1.0


def raised(chances: FloatArray, factor: float) -> FloatArray:
    """Return chances whose sum is larger by a factor, in the same order.

    What learned from labels so far expects too few: ours is raised by those still to come, and
    so are the baselines.

    Parameters
    ----------
    chances
        From 0 to 1, [tested].
    factor
        1 or more.
    """
    if factor == 1:
        return chances
    log_odds = log_odds_of(chances)
    return probability_of(log_odds + level_of(log_odds, factor * float(chances.sum())))


def _table(run: Run, trial: _Trial, scores: Mapping[str, FloatArray]) -> pa.Table:
    labels, settings = trial.labels, trial.settings
    # What is served expects labels that are still to come: labels so far judge the part of it that
    # is due. Where nobody knows how long labels take, they say nothing of it.
    probabilities = {
        name: score * trial.seen
        for name, score in scores.items()
        if trial.are_labels_there and name != _RULES
    }
    shared = {
        "score": "risk",
        "population": "all",
        "horizon_days": 0,
        "cutoff_date": first_date(trial.tested.start),
    }
    measured: dict[tuple[str, str], Measured] = {}
    for metrics, of in ((_RANKED, scores), (_OF_PROBABILITIES, probabilities)):
        measured |= measure(
            metrics,
            labels,
            of,
            replicates=settings.bootstrap_replicates,
            seed=settings.seed,
            clusters=trial.customers,
        )
    measured |= leads(measured, LEADS["risk"])
    for name, score in scores.items():
        measured |= _daily(trial, name, score)
    customers = len(np.unique(trial.customers))
    found = result_rows(shared, measured, customers)
    found += tenth_rows(
        shared, labels, probabilities, is_probability=True, clusters=trial.customers
    )
    headline = {
        row["metric"]: row["value"]
        for row in found
        if row["model"] == BOOSTED_TREES and "bin" not in row
    }
    metadata = run.metadata(trial.tested.start * BLOCK_DAYS, {"0d": headline})
    for row in found:
        row["run_id"], row["run_metadata"] = run.run_id, metadata
    return pa.Table.from_pylist(found, schema=BACKTEST_SCHEMA)


def _daily(trial: _Trial, name: str, score: FloatArray) -> dict[tuple[str, str], Measured]:
    """Return figures of the customers who are reviewed a day; one number each, no interval."""
    attempts, places = trial.attempts, trial.places
    is_fraud = attempts.is_fraud[places]
    figures = judge(
        attempts.shop_day[places], trial.customers, is_fraud, attempts.amount[places], score
    )
    warning = days_of_warning(figures, trial.customers, is_fraud, attempts.fraud_known_at[places])
    # Where nobody is left out of the review, precision and money say nothing of a ranking.
    has_choice = any(one.customers > REVIEWED_A_DAY for one in figures.days)
    values = {
        "precision_of_100_customers": figures.precision_100_day if has_choice else np.nan,
        "recall_at_1_fpr": figures.recall_1_fpr,
        "money_caught": figures.money_caught if has_choice else np.nan,
        "reviewed_a_day": figures.reviewed_a_day,
        "days_of_warning": warning,
    }
    return {(name, metric): summarise(value, np.zeros(0)) for metric, value in values.items()}
