"""The model of a block as it is served: calibrated on blocks that were closed by then."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.risk.attempts import MICROSECONDS_A_DAY, Attempts
from footfall.risk.model import (
    FEWEST_ROWS,
    FEWEST_TO_CALIBRATE,
    RiskModel,
    calibrated,
    levelled,
)
from footfall.risk.scores.calendar import (
    LEVEL_BLOCKS,
    REMEMBERED_DAYS,
    SETTLED_DAYS,
    Calendar,
    start_of,
)
from footfall.risk.scores.stored import StoredRisk

#: Frauds that say how long labels take.
FEWEST_DELAYS = 20
#: The share of them within whose time labels count as complete.
NEARLY_ALL = 0.9
_LEAST_SEEN = 0.1


def served_model(
    stored: StoredRisk, attempts: Attempts, calendar: Calendar, block: int
) -> RiskModel | None:
    """Return the model of a block with its calibration; None where rules decide.

    What sets slope and level is the newest block with enough frauds among those whose labels had
    had their time when this one began, and the blocks since; each as scored by the model of its
    own, which had not learned from it. Where none of the newest :data:`LEVEL_BLOCKS` has as many,
    all of them set the level alone. Labels that will come later are allowed for, by how long labels
    took before.

    Parameters
    ----------
    stored
        Models by block.
    attempts
        Since :attr:`Calendar.read_from` at least.
    calendar
        Of the as-of date.
    block
        Whose model is wanted.
    """
    one = stored.models.get(block)
    if one is None or one.model is None:
        return None
    start = start_of(block)
    blocks, has_enough = calibrating_blocks(attempts, calendar, block)
    places, log_odds = [], []
    for number in blocks:
        before = stored.models.get(number)
        if before is None or before.model is None:
            continue
        here = _calibrating(attempts, calendar, block, number)
        places.append(here)
        log_odds.append(before.model.log_odds(attempts.names, attempts.features[here]))
    if not sum(map(len, places)):
        return one.model
    every, raw = np.concatenate(places), np.concatenate(log_odds)
    labels = attempts.labels(start)[every]
    seen = seen_share(attempts, start, start - attempts.known_at[every])
    if has_enough and _are_enough(labels):
        return calibrated(one.model, raw, labels, seen)
    return levelled(one.model, raw, labels, seen)


def calibrating_blocks(attempts: Attempts, calendar: Calendar, block: int) -> tuple[range, bool]:
    """Return the blocks that set slope and level of a block's model, or the level alone.

    Parameters are those of :func:`served_model`.

    Returns
    -------
    Blocks whose labels had had their time, and whether they set both: they do from the newest one
    on that has frauds and honest attempts enough. Else the newest :data:`LEVEL_BLOCKS`.
    """
    newest = block - calendar.lag
    known = attempts.labels(start_of(block))
    oldest = newest - LEVEL_BLOCKS + 1
    for first in range(newest, oldest - 1, -1):
        if _are_enough(known[_calibrating(attempts, calendar, block, first)]):
            return range(first, newest + 1), True
    return range(oldest, newest + 1), False


def _are_enough(labels: FloatArray) -> bool:
    """Return whether a slope can be told from so many frauds and honest attempts."""
    frauds = int(labels.sum())
    return frauds >= FEWEST_TO_CALIBRATE and len(labels) - frauds >= FEWEST_ROWS


def _calibrating(attempts: Attempts, calendar: Calendar, block: int, of: int) -> IntArray:
    """Return the places of a block's attempts whose labels were known when another began."""
    start = start_of(block)
    is_closed = attempts.is_closed(start, calendar.delay_days) & (attempts.failed_at >= start)
    places: IntArray = np.flatnonzero(is_closed & (calendar.block(attempts) == of))
    return places


def settling_days(attempts: Attempts, calendar: Calendar) -> int:
    """Return the days within which nine of ten labels of fraud came, as known on the as-of date.

    Parameters
    ----------
    attempts
        Since :attr:`Calendar.read_from` at least.
    calendar
        Of the as-of date.

    Returns
    -------
    Whole days, the delay at least; the delay where too few frauds say how long labels take.
    """
    took = _labels_took(attempts, calendar.as_of * MICROSECONDS_A_DAY)
    if len(took) < FEWEST_DELAYS:
        return calendar.delay_days
    days = float(np.quantile(took, NEARLY_ALL)) / MICROSECONDS_A_DAY
    return max(calendar.delay_days, min(int(np.ceil(days)), SETTLED_DAYS))


def are_delays_known(attempts: Attempts, calendar: Calendar) -> bool:
    """Return whether enough frauds say on the as-of date how long labels take.

    Parameters
    ----------
    attempts
        Since :attr:`Calendar.read_from` at least.
    calendar
        Of the as-of date.
    """
    took = _labels_took(attempts, calendar.as_of * MICROSECONDS_A_DAY)
    return len(took) >= FEWEST_DELAYS


def seen_share(attempts: Attempts, moment: int, ages: IntArray) -> FloatArray:
    """Return the share of labels of fraud that come in within some time, as known at a moment.

    Learned from frauds that were tried long enough before for their labels to have come; 1 where
    there are too few of them to say.

    Parameters
    ----------
    attempts
        Those of the :data:`REMEMBERED_DAYS` before at least.
    moment
        In microseconds since 1970-01-01 UTC.
    ages
        In microseconds, [asked].
    """
    took = _labels_took(attempts, moment)
    if len(took) < FEWEST_DELAYS:
        return np.ones(len(ages))
    within = np.searchsorted(took, ages, side="right") / len(took)
    return np.clip(within, _LEAST_SEEN, 1.0)


def _labels_took(attempts: Attempts, moment: int) -> IntArray:
    """Return how long labels of frauds took that were tried long enough ago, shortest first."""
    is_settled = (attempts.asked_at < moment - SETTLED_DAYS * MICROSECONDS_A_DAY) & (
        attempts.asked_at >= moment - REMEMBERED_DAYS * MICROSECONDS_A_DAY
    )
    is_fraud = attempts.labels(moment) > 0
    took: IntArray = (attempts.fraud_known_at - attempts.known_at)[is_settled & is_fraud]
    return np.sort(took)
