"""When people were erased, and whether a stored model that learned from them may stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa


@dataclass(frozen=True)
class Erasures:
    """All erasures of a warehouse, the oldest first.

    Moments are texts of one length, which sort as time does; an empty one stands for none.

    Attributes
    ----------
    moments
        When somebody was erased, ISO 8601 in UTC.
    due
        Those of which the time to train without the person has come.
    """

    moments: tuple[str, ...] = ()
    due: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: pa.Table) -> Erasures:
        """Read `int_erasures`: `erased_at` and `is_retrain_due`."""
        found = sorted(
            (_written(erased_at), bool(is_due))
            for erased_at, is_due in zip(
                rows["erased_at"].to_pylist(), rows["is_retrain_due"].to_pylist(), strict=True
            )
        )
        return cls(
            tuple(moment for moment, _ in found),
            frozenset(moment for moment, is_due in found if is_due),
        )

    @property
    def until(self) -> str:
        """The newest moment: what is learned now has learned from nobody erased until then."""
        return self.moments[-1] if self.moments else ""

    def first_after(self, moment: str) -> str:
        """Return the first erasure after a moment: a model of then may know the person."""
        return next((one for one in self.moments if one > moment), "")

    def is_due(self, stale_since: str) -> bool:
        """Say whether a model has to go that learned from somebody erased at a moment or later."""
        return bool(stale_since) and any(one >= stale_since for one in self.due)


#: Nobody was ever erased.
NOBODY = Erasures()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
