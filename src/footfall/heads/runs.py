"""What a run was made of: fingerprints, identity and facts, and when it can be used again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import pyarrow as pa

from footfall.core.fingerprints import code_fingerprint, combined_fingerprint, table_fingerprint
from footfall.core.identity import Identity
from footfall.heads.cutoffs.settings import HeadSettings


@dataclass(frozen=True)
class Run:
    """One fitting of a score.

    Attributes
    ----------
    score
        Name of the table that is made, for example `churn`.
    fingerprint
        Of code, data and settings together; equal means equal results.
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
        decided = {"score": score, **settings.deciding(), "extra": extra}
        whole = Identity(code, data, decided, "cpu").fingerprint
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
        if not isinstance(made_by, dict):
            return None
        kept_out = made_by.get("kept_out") or {}
        known = (made_by.get("fingerprint"), kept_out.get("fingerprint"))
        return previous if self.fingerprint in known else None

    def kept_out(
        self, previous: pa.Table | None, made: pa.Table, largest_drop: float
    ) -> tuple[pa.Table, str]:
        """Return ``previous`` with a note where ``made`` is a clearly worse model, else ``made``.

        Both carry their skill on days that they did not learn from: 0 is what everybody's mean
        would do, 1 is certainty. A new model whose skill is lower by more than ``largest_drop`` at
        any horizon is not served. The note is the whole run, under `kept_out` of the metadata, so
        that `model_runs` can tell of it and an equal run is not fitted again.

        Returns
        -------
        The table to serve, and why the new model was kept out; empty where it was not.
        """
        if previous is None or previous.num_rows == 0 or made.num_rows == 0:
            return made, ""
        if set(previous.column_names) != set(made.column_names):
            return made, ""
        try:
            standing = json.loads(previous["run_metadata"][0].as_py() or "{}")
        except json.JSONDecodeError:
            return made, ""
        new = json.loads(made["run_metadata"][0].as_py())
        reasons = []
        for horizon, facts in new["metrics"].items():
            before = (standing.get("metrics") or {}).get(horizon)
            before = before.get("skill") if isinstance(before, dict) else None
            after = facts.get("skill") if isinstance(facts, dict) else None
            if before is not None and after is not None and after < before - largest_drop:
                reasons.append(
                    f"{self.score} {horizon}: skill {after:.3f} is {before - after:.3f} below the "
                    f"{before:.3f} of the model in force (run {standing.get('run_id')})"
                )
        if not reasons:
            return made, ""
        reason = "; ".join(reasons)
        standing["kept_out"] = {**new, "reason": reason}
        noted = constant(json.dumps(standing, sort_keys=True), previous.num_rows, pa.string())
        column = previous.schema.get_field_index("run_metadata")
        return previous.set_column(column, "run_metadata", noted), reason

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
