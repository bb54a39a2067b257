"""What a fit or a back-test reads, as one digest: equal digests, equal results."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from footfall.core.fingerprints import combined_fingerprint
from footfall.heads.cutoffs.rows import training_days
from footfall.heads.cutoffs.source import FEATURES, CutoffSource


@dataclass(frozen=True)
class CutoffDigests:
    """Digests of customers at cut-offs, days counted from 1970-01-01.

    Attributes
    ----------
    columns
        Names of the feature columns, which a digest of values says nothing of.
    sampled_every
        At the days before the as-of date one customer in so many is read.
    as_of
        The day that scores are made for; None where nobody has bought yet.
    sizes
        Customers by day, the as-of date included.
    features
        Digest of features and states by day.
    labels
        Digest of the labels by horizon and day, for windows that are over.
    """

    columns: tuple[str, ...]
    sampled_every: int
    as_of: int | None
    sizes: dict[int, int]
    features: dict[int, str]
    labels: dict[int, dict[int, str]]

    def closed(self, horizon: int) -> list[int]:
        """Return the cut-offs whose window of ``horizon`` days is over, ascending."""
        return sorted(self.labels.get(horizon, {}))

    def learnt(self, horizon: int, origin: int) -> list[int]:
        """Return the cut-offs whose outcome was known at ``origin``, ascending."""
        return training_days(self.closed(horizon), horizon, origin)

    def past(self, day: int) -> list[int]:
        """Return the cut-offs before a day, ascending."""
        return sorted(known for known in self.features if known < day)

    def of_head(self, horizon: int, origin: int) -> str:
        """Return the digest of what a head that is fitted at ``origin`` learns from.

        Histories of the day itself, which MBG/NBD learns from as well, are left out: they change
        with each event, and alone are not a reason to fit again.
        """
        learnt = self.learnt(horizon, origin)
        return combined_fingerprint(*self.columns, *self._read(horizon, learnt, learnt))

    def of_trial(self, horizon: int, day: int, horizons: tuple[int, ...]) -> str:
        """Return the digest of what the back-test of a horizon reads at a closed cut-off.

        The cut-offs before it with features and states, the labels of this and all shorter
        horizons that were known by then, and the tested cut-off with what happened after it.
        Whether the cut-off is the newest one that is closed decides how much a fit may learn from.
        """
        parts = [*self.columns, *self._read(horizon, [*self.past(day), day], [day])]
        for shorter in sorted(known for known in horizons if known <= horizon):
            closed = self.closed(shorter)
            parts.append(f"{shorter} {bool(closed) and day >= closed[-1]}")
            parts += self._read(shorter, [], self.learnt(shorter, day))
        return combined_fingerprint(*parts)

    def of_all(self) -> str:
        """Return the digest of everything, so that runs on the same rows can share their fits."""
        days = sorted(self.features)
        parts = [*self.columns, str(self.sampled_every), *self._read(FEATURES, days, [])]
        for horizon in sorted(self.labels):
            parts += self._read(horizon, [], self.closed(horizon))
        return combined_fingerprint(*parts)

    def _read(self, horizon: int, features: list[int], labels: list[int]) -> list[str]:
        return [
            *(f"{day} {self.features[day]}" for day in features),
            *(f"{horizon} {day} {self.labels[horizon][day]}" for day in labels),
        ]


def read_digests(source: CutoffSource) -> CutoffDigests:
    """Read the digests of a source."""
    table: pa.Table = source.digests()
    days = table["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_pylist()
    sizes: dict[int, int] = {}
    features: dict[int, str] = {}
    labels: dict[int, dict[int, str]] = {}
    as_of, every = None, 1
    for day, row in zip(days, table.to_pylist(), strict=True):
        if row["horizon_days"] == FEATURES:
            sizes[day], features[day] = int(row["row_count"]), row["content_digest"]
            as_of, every = (day if row["is_as_of"] else as_of), int(row["sampled_every"])
    for day, row in zip(days, table.to_pylist(), strict=True):
        # A window that is over is over for everybody.
        if row["horizon_days"] != FEATURES and int(row["row_count"]) == sizes[day]:
            labels.setdefault(int(row["horizon_days"]), {})[day] = row["content_digest"]
    if as_of is None and features:
        as_of = max(features)
    names = tuple(sorted(name for name in source.columns() if name.startswith("f_")))
    return CutoffDigests(names, every, as_of, sizes, features, labels)
