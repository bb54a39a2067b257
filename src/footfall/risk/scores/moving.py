"""How far the scores of risk have moved, by a model that stays the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, FloatArray
from footfall.evaluation.calibration import stability_index
from footfall.risk.attempts import Attempts
from footfall.risk.scores.calendar import Calendar
from footfall.risk.scores.stored import StoredRisk

#: Weeks before the scored ones that they are compared with, where there is a model as old.
COMPARED_BLOCKS = 4
#: With fewer attempts before or now, chance alone moves the tenths.
FEWEST_COMPARED = 100


@dataclass(frozen=True)
class Drift:
    """How far scores have moved.

    Attributes
    ----------
    since
        The block that begins what is compared with, whose model scores both.
    stability_index
        Of the log-odds of the scored blocks, over the tenths of those before.
    """

    since: int
    stability_index: float


def drift_of(stored: StoredRisk, attempts: Attempts, calendar: Calendar) -> Drift | None:
    """Compare the scored attempts with those of the weeks before, both scored by one model.

    The models of two weeks each have a level of their own, so their scores differ in a shop where
    nothing has moved. The model that compares is older than all that it scores: it has learned
    from none of it.

    Parameters
    ----------
    stored
        Models by block.
    attempts
        Since :attr:`Calendar.read_from` at least.
    calendar
        Of the as-of date.

    Returns
    -------
    None where no model is older than the scored attempts, or too few attempts are compared.
    """
    scored = calendar.scored
    older = [
        block
        for block, one in stored.models.items()
        if one.model is not None and block < scored.start
    ]
    if not older:
        return None
    since = max((one for one in older if one <= scored.start - COMPARED_BLOCKS), default=min(older))
    block = calendar.block(attempts)
    before = _log_odds(stored, attempts, since, (block >= since) & (block < scored.start))
    now = _log_odds(stored, attempts, since, block >= scored.start)
    if min(len(before), len(now)) < FEWEST_COMPARED:
        return None
    index = stability_index(before, now)
    return None if index is None else Drift(since, index)


def _log_odds(stored: StoredRisk, attempts: Attempts, block: int, is_asked: Array) -> FloatArray:
    model = stored.models[block].model
    places = np.flatnonzero(is_asked)
    if model is None or not len(places):
        return np.zeros(0)
    return model.log_odds(attempts.names, attempts.features[places])
