"""The model of a block as it is served: calibrated on the newest block that was closed by then."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.risk.attempts import Attempts
from footfall.risk.model import RiskModel, calibrated
from footfall.risk.scores.calendar import Calendar, start_of
from footfall.risk.scores.stored import StoredRisk


def served_model(
    stored: StoredRisk, attempts: Attempts, calendar: Calendar, block: int
) -> RiskModel | None:
    """Return the model of a block with its calibration; None where rules decide.

    What sets slope and level is the block whose labels had all come in when this one began, as
    scored by the model of its own, which had not learned from it.

    Parameters
    ----------
    stored
        Models by block.
    attempts
        Among them all of the block that calibrates.
    calendar
        Of the as-of date.
    block
        Whose model is wanted.
    """
    one = stored.models.get(block)
    if one is None or one.model is None:
        return None
    before = stored.models.get(block - calendar.lag)
    if before is None or before.model is None:
        return one.model
    start = start_of(block)
    is_closed = attempts.is_closed(start, calendar.delay_days)
    places = np.flatnonzero(is_closed & (calendar.block(attempts) == before.block))
    if not len(places):
        return one.model
    raw = before.model.log_odds(attempts.names, attempts.features[places])
    return calibrated(one.model, raw, attempts.labels(start)[places])


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


def probability_of(log_odds: FloatArray) -> FloatArray:
    """Return the probabilities of log-odds; 1 where they are too large for anything else."""
    smaller = np.exp(-np.abs(log_odds))
    chance: FloatArray = np.where(log_odds >= 0, 1.0, smaller) / (1.0 + smaller)
    return chance
