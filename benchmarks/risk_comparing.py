"""Every model on one split: what it learned from, and how well it ranks the days that follow."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray, IntArray
from footfall.core.progress import Progress
from footfall.risk.attempts import MICROSECONDS_A_DAY, Attempts
from footfall.risk.judging import Figures, judge, known_customers
from footfall.risk.model import RiskSettings, fit_risk
from footfall.risk.oddness import oddness
from footfall.risk.problems import RiskProblem
from footfall.risk.rules import Rule, hits_of
from footfall.risk.splits import Split
from risk_baselines import baseline_scores

OURS = "footfall"
#: What is compared; the last two only where there are frauds to learn from.
MODELS = (OURS, "rules", "logistic", "random_forest")
_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Compared:
    """A split and the figures of each model on the same attempts.

    Attributes
    ----------
    split
        Windows and delay.
    learnt, frauds_learnt
        Attempts that were learned from, and frauds among them.
    tested, frauds_tested
        Attempts that were tested, and frauds among them.
    left_out
        Attempts of the test days whose customer was known.
    models
        Figures by model.
    """

    split: Split
    learnt: int
    frauds_learnt: int
    tested: int
    frauds_tested: int
    left_out: int
    models: Mapping[str, Figures]


def compare(
    attempts: Attempts,
    is_judged: Array,
    split: Split,
    rules: tuple[Rule, ...],
    settings: RiskSettings,
    progress: Progress,
) -> Compared:
    """Learn from closed labels, and judge every model on the test days.

    Parameters
    ----------
    attempts
        All of a file or shop.
    is_judged
        Whether each has a label that can be judged and learned from, bool [attempts].
    split
        Windows and delay.
    rules
        Whose points are a baseline, and the score itself where there are too few labels.
    settings
        Of the trees, which are those of the marts.
    progress
        Called with a line of text for each step.

    Raises
    ------
    RiskProblem
        When there is no attempt on the test days.
    """
    day = attempts.day
    first, last = _number(split.test_from), _number(split.test_to)
    start = first * MICROSECONDS_A_DAY
    closed = attempts.is_labelled(start) & is_judged
    learnt = np.flatnonzero(closed & (day <= _number(split.train_to)))
    labels = attempts.labels(start)[learnt]
    tested = np.flatnonzero((day >= first) & (day <= last) & is_judged)
    known = known_customers(
        day,
        attempts.customer_no,
        attempts.is_fraud,
        since=_number(split.train_from),
        tested=tested,
        delay=split.delay,
        label_day=attempts.fraud_known_at // MICROSECONDS_A_DAY if split.by_label_times else None,
    )
    left_out, tested = int(known.sum()), tested[~known]
    if not len(tested):
        raise RiskProblem(
            f"TEST {split.test_from},{split.test_to} has no attempt of a customer who was not "
            "known: give other days"
        )
    scores = scores_of(attempts, learnt, labels, tested, rules, settings, progress)
    models = {
        name: judge(
            day[tested],
            attempts.customer_no[tested],
            attempts.is_fraud[tested],
            attempts.amount[tested],
            score,
        )
        for name, score in scores.items()
    }
    return Compared(
        split,
        len(learnt),
        int(labels.sum()),
        len(tested),
        int(attempts.is_fraud[tested].sum()),
        left_out,
        models,
    )


def scores_of(
    attempts: Attempts,
    learnt: IntArray,
    labels: FloatArray,
    tested: IntArray,
    rules: tuple[Rule, ...],
    settings: RiskSettings,
    progress: Progress,
) -> dict[str, FloatArray]:
    """Return the score of each model, [tested]; ours is that of rules where labels are too few."""
    names, asked = attempts.names, attempts.features[tested]
    known = attempts.features[learnt]
    progress(f"{len(learnt):,} attempts to learn from, {int(labels.sum()):,} frauds among them")
    trees = settings.on(len(learnt))
    model = fit_risk(names, known, labels, trees) if len(learnt) else None
    by_rule = hits_of(rules, names, asked).score
    if model is None:
        progress("too few closed labels: rules and an isolation forest decide")
        ours = by_rule + 1e-3 * oddness(known if len(known) else asked, asked, settings.seed)
    else:
        ours = model.log_odds(names, asked)
    found = {OURS: ours, "rules": by_rule}
    if 0 < labels.sum() < len(labels):
        progress("baselines")
        found |= baseline_scores(names, known, labels, asked, settings.seed)
    return found


def _number(day: datetime.date) -> int:
    return (day - _EPOCH).days
