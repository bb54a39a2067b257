"""What a run was made of: fingerprints, identity and facts, and when it can be used again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import pyarrow as pa

from footfall.fingerprints import code_fingerprint, combined_fingerprint, table_fingerprint
from footfall.heads.settings import HeadSettings


@dataclass(frozen=True)
class Run:
    """One fitting of a score.

    Attributes:
        score: name of the table that is made, for example `churn`.
        fingerprint: of code, data and settings together; equal means equal results.
    """

    score: str
    code_fingerprint: str
    data_fingerprint: str
    fingerprint: str
    seed: int
    started: float

    @classmethod
    def start(
        cls,
        score: str,
        cutoffs: pa.Table,
        states: pa.Table | None,
        settings: HeadSettings,
        *,
        extra: str = "",
    ) -> Run:
        """Fingerprint the inputs of a run, ``extra`` settings included; nothing is fitted yet."""
        code = code_fingerprint()
        parts = [table_fingerprint(cutoffs)]
        if states is not None and states.num_rows:
            parts.append(table_fingerprint(states.select(["customer_no", "cutoff_date", "state"])))
        data = combined_fingerprint(*parts)
        whole = combined_fingerprint(score, code, data, settings.fingerprint_text(), extra)
        return cls(score, code, data, whole, settings.seed, perf_counter())

    @property
    def run_id(self) -> str:
        """Return a readable identity that equal inputs share."""
        return f"{self.score}-{self.fingerprint[:16]}"

    def reusable(self, previous: pa.Table | None, schema: pa.Schema) -> pa.Table | None:
        """Return ``previous`` where it was made by an equal run in today's columns, else None."""
        if previous is None or previous.num_rows == 0:
            return None
        if set(previous.column_names) != set(schema.names):
            return None
        try:
            made_by = json.loads(previous["run_metadata"][0].as_py() or "{}")
        except json.JSONDecodeError:
            return None
        same = isinstance(made_by, dict) and made_by.get("fingerprint") == self.fingerprint
        return previous if same else None

    def metadata(self, cutoff_day: int | None, metrics: Mapping[str, Any]) -> str:
        """Return the row of `model_runs` that belongs to this run, as JSON."""
        return json.dumps(
            {
                "run_id": self.run_id,
                "score": self.score,
                "fitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "code_fingerprint": self.code_fingerprint,
                "data_fingerprint": self.data_fingerprint,
                "fingerprint": self.fingerprint,
                "cutoff_date": None if cutoff_day is None else day_to_date(cutoff_day).isoformat(),
                "seed": self.seed,
                "device": "cpu",
                "seconds": round(perf_counter() - self.started, 3),
                "metrics": metrics,
            },
            sort_keys=True,
        )


def day_to_date(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)


def constant(value: Any, rows: int, kind: pa.DataType) -> pa.Array:
    """Return an Arrow array that repeats one value."""
    return pa.repeat(pa.scalar(value, kind), rows)
