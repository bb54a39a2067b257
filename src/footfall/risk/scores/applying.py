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
_LEAST_SEEN = 0.1


def served_model(
    stored: StoredRisk, attempts: Attempts, calendar: Calendar, block: int
) -> RiskModel | None:
    """Return the model of a block with its calibration; None where rules decide.

    What sets slope and level is the newest block whose labels had had their time when this one
    began, as scored by the model of its own, which had not learned from it. Where it has too few
    frauds, the level alone is set, by that block and those before it,
    :data:`LEVEL_BLOCKS` in all. Labels that will come
    later are allowed for, by how long labels took before.

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
    start, blocks = start_of(block), calibrating_blocks(attempts, calendar, block)
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
    seen = _seen(attempts, start, start - attempts.known_at[every])
    if len(blocks) == 1:
        return calibrated(one.model, raw, labels, seen)
    return levelled(one.model, raw, labels, seen)


def calibrating_blocks(attempts: Attempts, calendar: Calendar, block: int) -> range:
    """Return the blocks that set slope and level of a block's model, or the level alone.

    Parameters are those of :func:`served_model`.

    Returns
    -------
    The newest block whose labels had had their time, where it has frauds and honest attempts
    enough for both; else this one and those before it.
    """
    newest = block - calendar.lag
    labels = attempts.labels(start_of(block))[_calibrating(attempts, calendar, block, newest)]
    frauds = int(labels.sum())
    is_enough = frauds >= FEWEST_TO_CALIBRATE and len(labels) - frauds >= FEWEST_ROWS
    return range(newest if is_enough else newest - LEVEL_BLOCKS + 1, newest + 1)


def _calibrating(attempts: Attempts, calendar: Calendar, block: int, of: int) -> IntArray:
    """Return the places of a block's attempts whose labels were known when another began."""
    start = start_of(block)
    is_closed = attempts.is_closed(start, calendar.delay_days) & (attempts.failed_at >= start)
    places: IntArray = np.flatnonzero(is_closed & (calendar.block(attempts) == of))
    return places


def _seen(attempts: Attempts, start: int, ages: IntArray) -> FloatArray:
    """Return the share of labels of fraud that come in within some time, as known at a moment.

    Learned from frauds that were tried long enough before for their labels to have come; 1 where
    there are too few of them to say.
    """
    is_settled = (attempts.asked_at < start - SETTLED_DAYS * MICROSECONDS_A_DAY) & (
        attempts.asked_at >= start - REMEMBERED_DAYS * MICROSECONDS_A_DAY
    )
    took = (attempts.fraud_known_at - attempts.known_at)[is_settled & (attempts.labels(start) > 0)]
    if len(took) < FEWEST_DELAYS:
        return np.ones(len(ages))
    within = np.searchsorted(np.sort(took), ages, side="right") / len(took)
    return np.clip(within, _LEAST_SEEN, 1.0)


def raw_log_odds(
    stored: StoredRisk, attempts: Attempts, calendar: Calendar, blocks: range
) -> FloatArray:
    """Return what the models of some blocks say of their own attempts, not calibrated."""
    block = calendar.block(attempts)
    parts: list[FloatArray] = [np.zeros(0)]
    for number in blocks:
        one = stored.models.get(number)
        places: IntArray = np.flatnonzero(block == number)
        if one is not None and one.model is not None and len(places):
            parts.append(one.model.log_odds(attempts.names, attempts.features[places]))
    return np.concatenate(parts)
