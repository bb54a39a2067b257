"""When a customer was first warned of, and how many days of notice that gives."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.cutoffs.rows import CutoffRows
from footfall.heads.cutoffs.study import Study
from footfall.heads.predictions import SilencePrediction


def first_warnings(
    study: Study, prediction: SilencePrediction, asked: CutoffRows, today: int
) -> FloatArray:
    """Return the day of each customer's first standing warning, NaN where none stands, [rows].

    A customer is warned of on a cut-off date where her probability of silence reaches
    ``settings.warning_probability``. The warning stands as long as no later cut-off takes it back
    and she has not bought since. Past dates are judged by today's model on what was known then.
    """
    threshold = study.settings.warning_probability
    warned = prediction.probability >= threshold
    first = np.where(warned, float(today), np.nan)
    # A stretched model speaks of another horizon, so it has no say about the past.
    if prediction.model is None or prediction.method != "fitted" or not warned.any():
        return first
    silent_since = today - asked.features["f_recency_days"]
    standing = np.flatnonzero(warned)
    past = [int(day) for day in np.unique(study.rows.day) if day < today]
    for day in reversed(past):
        standing = standing[silent_since[standing] < day]
        before = study.rows.at([day])
        before = before.take(np.isin(before.customer_no, asked.customer_no[standing]))
        risen = before.customer_no[prediction.past_probability(before) >= threshold]
        standing = standing[np.isin(asked.customer_no[standing], risen)]
        first[standing] = float(day)
        if len(standing) == 0:
            break
    return first


def days_of_notice(
    study: Study, prediction: SilencePrediction, tested: CutoffRows, today: int, horizon: int
) -> tuple[FloatArray, IntArray]:
    """Return the days from first warning to lapse, and who lapses, for a back-test.

    A customer lapses on the day that she has been silent for a whole horizon. Only those are
    asked for who had not lapsed by ``today`` and bought nothing in the horizon that followed.

    Returns
    -------
    Days of notice, NaN without a warning, [rows]; positions of the customers who lapse.
    """
    silent = tested.features["f_recency_days"]
    first = first_warnings(study, prediction, tested, today)
    notice = today - silent + horizon - first
    lapsing = np.flatnonzero((silent < horizon) & (tested.orders[horizon] <= 0))
    return notice, lapsing
