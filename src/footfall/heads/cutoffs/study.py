"""What fitting works on: the cut-offs, the settings, and fits that are made once and used again.

A fit at an origin learns from the cut-offs that had closed by then. The same fit serves as the
score of that day, as the out-of-time prediction that blends and calibrations of later days are
chosen by, and as the back-test at that day. So it is kept for as long as the data are the same;
scores and back-tests of one build share it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from footfall.heads.cutoffs.rows import CutoffRows, closed_days, training_days, training_rows
from footfall.heads.cutoffs.settings import HeadSettings

Fit = TypeVar("Fit")

#: How many of the latest closed cut-offs blends and calibrations are chosen on.
HELD_OUT_CUTOFFS = 3
#: Part of the training rows that a fit before the newest closed cut-off may use.
EARLIER_SHARE = 0.4


class Memory:
    """Fits by what they were made from; each is made once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._kept: dict[Hashable, Any] = {}

    def recall(self, key: Hashable, make: Callable[[], Fit]) -> Fit:
        """Return what ``key`` was made into, making it now if nobody has."""
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            if key not in self._kept:
                self._kept[key] = make()
            kept: Fit = self._kept[key]
            return kept


_SHELF: OrderedDict[str, Memory] = OrderedDict()
_SHELF_LOCK = threading.Lock()


def memory_of(data: str) -> Memory:
    """Return the memory that all runs on the data of this fingerprint share; the last one stays."""
    with _SHELF_LOCK:
        if data not in _SHELF:
            _SHELF[data] = Memory()
            while len(_SHELF) > 1:
                _SHELF.popitem(last=False)
        return _SHELF[data]


def forget() -> None:
    """Drop every fit that is kept, so that the next one is made again."""
    with _SHELF_LOCK:
        _SHELF.clear()


@dataclass(frozen=True)
class Study:
    """Customers at cut-offs, how to learn from them, and the fits so far.

    Attributes
    ----------
    rows
        Customers at cut-offs.
    settings
        Of the heads.
    memory
        Shared by all studies of the same data; one of its own unless given.
    """

    rows: CutoffRows
    settings: HeadSettings
    memory: Memory = field(default_factory=Memory)

    def recall(self, what: str, horizon: int, origin: int, make: Callable[[], Fit]) -> Fit:
        """Return a fit of ``what`` at ``origin``, made once for equal data and settings."""
        how = (self.settings.seed, self.settings.max_training_rows, self.settings.vip_share)
        return self.memory.recall((what, horizon, origin, *how), make)

    def closed(self, horizon: int) -> list[int]:
        """Return the cut-offs whose window has ended, ascending."""
        return self.memory.recall(("closed", horizon), lambda: closed_days(self.rows, horizon))

    def learnt(self, horizon: int, origin: int) -> list[int]:
        """Return the cut-offs whose outcome was known at ``origin``, ascending."""
        return training_days(self.closed(horizon), horizon, origin)

    def held_out_days(self, horizon: int, origin: int) -> list[int]:
        """Return the closed cut-offs that choices at ``origin`` are made on, ascending.

        The latest ones, if their models had half as many cut-offs to learn from as the model at
        ``origin`` has: what suits a model of little history misleads one of more. The latest of
        all counts in any case.
        """
        learnt = self.learnt(horizon, origin)
        return [
            day
            for day in learnt[-HELD_OUT_CUTOFFS:]
            if day == learnt[-1] or 2 * len(self.learnt(horizon, day)) >= len(learnt)
        ]

    def training(self, horizon: int, origin: int) -> CutoffRows:
        """Return the rows that a fit at ``origin`` learns from.

        Fits before the newest closed cut-off only choose blends and show how figures vary: they
        make do with a sample.
        """
        limit = self.settings.max_training_rows
        closed = self.closed(horizon)
        if closed and origin < closed[-1]:
            limit = int(limit * EARLIER_SHARE)
        return training_rows(self.rows, self.learnt(horizon, origin), limit, self.settings.seed)

    def asked(self, day: int) -> CutoffRows:
        """Return the rows at a past cut-off that predictions are judged on."""
        limit = int(self.settings.max_training_rows * EARLIER_SHARE)
        return training_rows(self.rows, [day], limit, self.settings.seed + 1)

    def part(self, rows: CutoffRows) -> Study:
        """Return a study of some of the customers, with a memory of its own."""
        return replace(self, rows=rows, memory=Memory())
