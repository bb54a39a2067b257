"""What a run was made of, as `model_runs` reports it, and what an earlier run left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import pyarrow as pa

from footfall.core.identity import Identity
from footfall.heads.code import code_fingerprint


@dataclass(frozen=True)
class Run:
    """One making of a table of figures.

    Attributes
    ----------
    score
        Name of the table that is made, for example `backtest_churn`.
    identity
        Of code, data and settings together; equal means equal results.
    started
        Seconds of a clock, to measure how long it takes.
    """

    score: str
    identity: Identity
    started: float

    @classmethod
    def start(cls, score: str, data: str, settings: Mapping[str, Any]) -> Run:
        """Begin a run on data of a digest under settings; nothing is fitted yet."""
        decided = {"score": score, **settings}
        return cls(score, Identity(code_fingerprint(), data, decided, "cpu"), perf_counter())

    @property
    def run_id(self) -> str:
        """Return a readable identity that equal inputs share."""
        return f"{self.score}-{self.identity.fingerprint[:16]}"

    def metadata(self, cutoff_day: int | None, metrics: Mapping[str, Any], **more: Any) -> str:
        """Return the row of `model_runs` that belongs to this run, as JSON."""
        seed = self.identity.settings.get("seed")
        return json.dumps(
            {
                "run_id": self.run_id,
                "score": self.score,
                "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "code_fingerprint": self.identity.code_fingerprint,
                "data_fingerprint": self.identity.data_fingerprint,
                "fingerprint": self.identity.fingerprint,
                "cutoff_date": None if cutoff_day is None else day_to_date(cutoff_day).isoformat(),
                "seed": seed,
                "device": self.identity.device_type,
                "seconds": round(perf_counter() - self.started, 3),
                "metrics": metrics,
                **more,
            },
            sort_keys=True,
        )


def run_of(previous: pa.Table | None, schema: pa.Schema) -> dict[str, Any]:
    """Return what a table says of the run that made it; nothing where it has other columns."""
    if previous is None or previous.num_rows == 0:
        return {}
    if set(previous.column_names) != set(schema.names):
        return {}
    try:
        made_by = json.loads(previous["run_metadata"][0].as_py() or "{}")
    except json.JSONDecodeError:
        return {}
    return made_by if isinstance(made_by, dict) else {}


def day_to_date(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)


def constant(value: Any, rows: int, kind: pa.DataType) -> pa.Array:
    """Return an Arrow array that repeats one value."""
    return pa.repeat(pa.scalar(value, kind), rows)
