"""How good a ranking of attempts to pay is: by attempt, and by the customers reviewed a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray, IntArray

REVIEWED_A_DAY = 100
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Day:
    """What a day of the test came to.

    Attributes
    ----------
    day
        In days since 1970-01-01.
    customers
        Whose attempts could be reviewed; of fewer than the daily number all are.
    reviewed
        Of them, those of the highest scores.
    found
        Of the reviewed, those with a fraud on that day.
    """

    day: int
    customers: int
    reviewed: int
    found: int


@dataclass(frozen=True)
class Figures:
    """How good a ranking is on a test period; NaN where a figure does not exist.

    Attributes
    ----------
    auc, average_precision
        Of attempts.
    precision_100_day
        Mean over days of the share of reviewed customers with a fraud on that day.
    recall_1_fpr
        Share of frauds found with 1 % of the honest attempts, or fewer.
    money_caught
        Amount of fraud in the attempts of reviewed customers, over all amount of fraud.
    days
        What each day came to.
    found
        Customers who were found, and the day on which each was, in days since 1970-01-01.
    """

    auc: float
    average_precision: float
    precision_100_day: float
    recall_1_fpr: float
    money_caught: float
    days: tuple[Day, ...]
    found: tuple[tuple[int, int], ...] = ()

    @property
    def reviewed_a_day(self) -> float:
        """Return how many customers are reviewed a day, as a mean."""
        return float(np.mean([one.reviewed for one in self.days])) if self.days else np.nan

    def as_dict(self) -> dict[str, float | None]:
        """Return the figures by name; None where one does not exist."""
        names = ("auc", "average_precision", "precision_100_day", "recall_1_fpr", "money_caught")
        found = {name: float(getattr(self, name)) for name in names}
        return {name: value if np.isfinite(value) else None for name, value in found.items()}


def known_customers(
    day: IntArray,
    customer_no: IntArray,
    is_fraud: Array,
    *,
    since: int,
    tested: IntArray,
    delay: int,
    label_day: IntArray | None = None,
) -> Array:
    """Return which attempts are of customers who were known as frauds on the attempt's own day.

    A customer is known on day d from a fraud that is dated ``since`` or later and before
    d - ``delay``.

    Parameters
    ----------
    day, customer_no, is_fraud
        Of all attempts, [attempts].
    since
        First day of the training window.
    tested
        Places of the tested attempts, [tested].
    delay
        Days until a label of fraud is known.
    label_day
        The day on which each label came in, [attempts]; a fraud is then known from the day after,
        in place of ``delay``.

    Returns
    -------
    bool [tested]
    """
    frauds = np.flatnonzero(is_fraud & (day >= since))
    known_from = (day[frauds] + delay if label_day is None else label_day[frauds]) + 1
    order = np.lexsort((known_from, customer_no[frauds]))
    who, first = np.unique(customer_no[frauds][order], return_index=True)
    earliest = known_from[order][first]
    place = np.searchsorted(who, customer_no[tested])
    inside = place < len(who)
    known = np.zeros(len(tested), dtype=bool)
    at = place[inside]
    known[inside] = (who[at] == customer_no[tested][inside]) & (earliest[at] <= day[tested][inside])
    return known


def judge(
    day: IntArray,
    customer_no: IntArray,
    is_fraud: Array,
    amount: FloatArray,
    score: FloatArray,
    a_day: int = REVIEWED_A_DAY,
) -> Figures:
    """Judge a ranking.

    Each day the customers with the highest scores are reviewed, ``a_day`` of them at most; equal
    scores go by the smaller number. Customers who were found leave the days that follow, of the
    precision and of who is found; the money of all who are reviewed on a day is caught.

    Parameters
    ----------
    day, customer_no, is_fraud, amount, score
        Of the tested attempts, [attempts]; customers who were known are left out already.
    a_day
        Customers who are reviewed a day.

    Raises
    ------
    ValueError
        When there is no attempt, or a score is not a number.
    """
    if len(day) == 0:
        raise ValueError("there is no attempt to judge")
    if not np.isfinite(score).all():
        raise ValueError(f"{int((~np.isfinite(score)).sum())} scores are no numbers")
    labels = is_fraud.astype(np.float64)
    money = float(amount[is_fraud].sum())
    caught = 0.0
    found: IntArray = np.zeros(0, dtype=np.int64)
    found_on: list[int] = []
    days = []
    for one in np.unique(day):
        today = np.flatnonzero(day == one)
        who, is_chosen, is_fraudster = _reviewed(customer_no, score, labels, today, a_day)
        money_of = np.isin(customer_no[today], who[is_chosen])
        caught += float((amount[today] * labels[today])[money_of].sum())
        left = today[~np.isin(customer_no[today], found)]
        who, is_chosen, is_fraudster = _reviewed(customer_no, score, labels, left, a_day)
        new = who[is_chosen & is_fraudster]
        found = np.concatenate([found, new])
        found_on += [int(one)] * len(new)
        days.append(Day(int(one), len(who), int(is_chosen.sum()), len(new)))
    shares = [one.found / one.reviewed for one in days if one.reviewed]
    both = 0 < labels.sum() < len(labels)
    return Figures(
        area(labels, score) if both else np.nan,
        average_precision(labels, score) if both else np.nan,
        float(np.mean(shares)) if shares else np.nan,
        recall_at(labels, score, 0.01) if both else np.nan,
        caught / money if money > 0 else np.nan,
        tuple(days),
        tuple(zip(found.tolist(), found_on, strict=True)),
    )


def _reviewed(
    customer_no: IntArray, score: FloatArray, labels: FloatArray, here: IntArray, a_day: int
) -> tuple[IntArray, Array, Array]:
    """Return the customers of a day, whether each is reviewed, and whether each has a fraud."""
    who, place = np.unique(customer_no[here], return_inverse=True)
    highest = np.full(len(who), -np.inf)
    np.maximum.at(highest, place, score[here])
    is_chosen = np.zeros(len(who), dtype=bool)
    is_chosen[np.lexsort((who, -highest))[:a_day]] = True
    return who, is_chosen, np.bincount(place, labels[here], minlength=len(who)) > 0


def days_of_warning(
    figures: Figures, customer_no: IntArray, is_fraud: Array, fraud_known_at: IntArray
) -> float:
    """Return how long before the first label a customer who was found was reviewed, as a mean.

    Parameters
    ----------
    figures
        Of a ranking of the same attempts.
    customer_no, is_fraud
        Of the tested attempts, [attempts].
    fraud_known_at
        When a label of fraud came in, in microseconds since 1970-01-01 UTC, [attempts].

    Returns
    -------
    Days from the beginning of the day of the review; NaN where nobody was found.
    """
    if not figures.found:
        return float("nan")
    frauds = np.flatnonzero(is_fraud)
    order = frauds[np.lexsort((fraud_known_at[frauds], customer_no[frauds]))]
    who, first = np.unique(customer_no[order], return_index=True)
    labelled = dict(zip(who.tolist(), (fraud_known_at[order][first] / _DAY).tolist(), strict=True))
    return float(np.mean([labelled[customer] - day for customer, day in figures.found]))


def average_precision(labels: FloatArray, score: FloatArray) -> float:
    """Return the mean of precision over the steps of recall; equal scores are one step."""
    hits, seen = _steps(labels, score)
    steps = np.diff(np.concatenate([[0.0], hits]))
    return float((steps * hits / seen).sum() / hits[-1])


def area(labels: FloatArray, score: FloatArray) -> float:
    """Return the chance that a fraud has a higher score than an honest attempt; ties are half."""
    hits, seen = _steps(labels, score)
    x = np.concatenate([[0.0], (seen - hits) / (seen[-1] - hits[-1])])
    y = np.concatenate([[0.0], hits / hits[-1]])
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum())


def recall_at(labels: FloatArray, score: FloatArray, rate: float) -> float:
    """Return the highest share of frauds found with this share of honest attempts or fewer."""
    hits, seen = _steps(labels, score)
    false = (seen - hits) / (seen[-1] - hits[-1])
    allowed = np.flatnonzero(false <= rate)
    return float(hits[allowed[-1]] / hits[-1]) if len(allowed) else 0.0


def _steps(labels: FloatArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return frauds and attempts at or above each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    hits: FloatArray = np.cumsum(labels[order])[last]
    return hits, last.astype(np.float64) + 1.0
