"""When a customer was first warned of, and how many days of notice that gives."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.study import Study
from footfall.heads.predictions import SilencePrediction


def first_warnings(
    prediction: SilencePrediction,
    asked: CutoffRows,
    today: int,
    before: CutoffRows,
    threshold: float,
) -> FloatArray:
    """Return the day of each customer's first current warning, NaN where there is none, [rows].

    A customer is warned of on a cut-off date where their probability of silence reaches the
    threshold. The warning holds as long as no later cut-off takes it back and they have not
    bought since. Past dates are judged by today's model on what was known then.

    Parameters
    ----------
    prediction
        For the asked customers, as it is served.
    asked
        Customers at ``today``.
    today
        The day that is predicted from.
    before
        The same customers, others may be among them, at the cut-offs before it.
    threshold
        P(silence) from which a customer is warned of.
    """
    warned = prediction.probability >= threshold
    first = np.where(warned, float(today), np.nan)
    # A stretched model speaks of another horizon, so it has no say about the past.
    if prediction.model is None or prediction.method != "fitted" or not warned.any():
        return first
    silent_since = today - asked.features["f_recency_days"]
    standing = np.flatnonzero(warned)
    for day in np.unique(before.day)[::-1]:
        standing = standing[silent_since[standing] < day]
        then = before.at([int(day)])
        then = then.take(np.isin(then.customer_no, asked.customer_no[standing]))
        if len(then) == 0:
            break
        risen = then.customer_no[prediction.past_probability(then) >= threshold]
        standing = standing[np.isin(asked.customer_no[standing], risen)]
        first[standing] = float(day)
    return first


def days_of_notice(
    study: Study, prediction: SilencePrediction, tested: CutoffRows, today: int, horizon: int
) -> tuple[FloatArray, IntArray]:
    """Return the days from first warning to lapse, and who lapses, for a back-test.

    A customer lapses on the day that they have been silent for a whole horizon. Only those are
    asked for who had not lapsed by ``today`` and bought nothing in the horizon that followed.

    Returns
    -------
    Days of notice, NaN without a warning, [rows]; positions of the customers who lapse.
    """
    silent = tested.features["f_recency_days"]
    before = study.rows.take(study.rows.day < today)
    first = first_warnings(prediction, tested, today, before, study.settings.warning_probability)
    notice = today - silent + horizon - first
    lapsing = np.flatnonzero((silent < horizon) & (tested.orders[horizon] <= 0))
    return notice, lapsing
