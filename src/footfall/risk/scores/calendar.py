"""Blocks of seven days: each has a model that learned from what was known when it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from footfall.core.arrays import IntArray
from footfall.risk.attempts import MICROSECONDS_A_DAY, Attempts

BLOCK_DAYS = 7
#: Blocks that a back-test covers.
TESTED_BLOCKS = 4
#: Blocks that the level of a model is set by.
LEVEL_BLOCKS = 8
#: Days before a block from whose frauds it is learned how long labels take: those that were
#: tried so long ago that their labels have come, and are not older than that.
SETTLED_DAYS, REMEMBERED_DAYS = 60, 180
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Calendar:
    """Which blocks are learned for, scored and tested, seen from one day.

    A block is numbered by its first day, in days since 1970-01-01, divided by seven.

    Attributes
    ----------
    as_of
        The day, in days since 1970-01-01; nothing later is scored by a later block's model.
    delay_days
        After which an attempt without a label counts as honest.
    scored_days
        Days before ``as_of`` whose attempts are scored.
    """

    as_of: int
    delay_days: int
    scored_days: int

    @classmethod
    def of(cls, as_of: date, delay_days: int, scored_days: int) -> Calendar:
        """Return the calendar of a date."""
        return cls((as_of - _EPOCH).days, delay_days, scored_days)

    @property
    def lag(self) -> int:
        """Return how many blocks before a block the labels of a whole block are known."""
        return -(-self.delay_days // BLOCK_DAYS) + 1

    @property
    def scored_from(self) -> int:
        """Return the first scored day of the shop, in days since 1970-01-01."""
        return self.as_of - self.scored_days

    @property
    def last(self) -> int:
        """Return the block of the as-of date."""
        return self.as_of // BLOCK_DAYS

    @property
    def scored(self) -> range:
        """Return the blocks of scored attempts; a day of the shop begins a day earlier at most."""
        return range((self.scored_from - 1) // BLOCK_DAYS, self.last + 1)

    def tested(self, settling_days: int) -> range:
        """Return the blocks of the back-test: the newest whose labels have come.

        Parameters
        ----------
        settling_days
            After which nearly all labels of fraud are there; the delay at least.
        """
        end = self.last - -(-settling_days // BLOCK_DAYS)
        return range(end - TESTED_BLOCKS, end)

    @property
    def learned(self) -> range:
        """Return the blocks that may need a model: scored, tested, and those they are set by."""
        return range(self._first - self.lag - LEVEL_BLOCKS + 1, self.last + 1)

    @property
    def read_from(self) -> int:
        """Return the first day whose attempts the served models are calibrated by."""
        first = self._first * BLOCK_DAYS
        return min(self.learned.start * BLOCK_DAYS, first - REMEMBERED_DAYS) - 1

    @property
    def _first(self) -> int:
        """Return the first block that may be scored or tested, however long labels take."""
        slowest = self.tested(max(self.delay_days, SETTLED_DAYS))
        return min(self.scored.start, slowest.start)

    def block(self, attempts: Attempts) -> IntArray:
        """Return the block of each attempt; what is dated later belongs to the last."""
        blocks: IntArray = np.minimum(attempts.day // BLOCK_DAYS, self.last)
        return blocks


def start_of(block: int) -> int:
    """Return when a block begins, in microseconds since 1970-01-01 UTC."""
    return block * BLOCK_DAYS * MICROSECONDS_A_DAY


def first_date(block: int) -> date:
    """Return the first day of a block."""
    return date_of(block * BLOCK_DAYS)


def date_of(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return _EPOCH + timedelta(days=day)
