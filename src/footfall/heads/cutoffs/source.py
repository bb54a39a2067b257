"""Where customers at cut-offs come from: digests first, and rows only on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import IntArray
from footfall.core.fingerprints import combined_fingerprint, table_fingerprint

#: The horizon that marks features and states in a table of digests.
FEATURES = 0
_LABELS = re.compile(r"orders_next_(\d+)d")

DIGEST_SCHEMA = pa.schema(
    [
        ("cutoff_date", pa.date32()),
        ("horizon_days", pa.int32()),
        ("is_as_of", pa.bool_()),
        ("sampled_every", pa.int32()),
        ("row_count", pa.int64()),
        ("content_digest", pa.string()),
    ]
)
_STATES = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("cutoff_date", pa.date32()),
        ("state", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class Wanted:
    """Which rows to read.

    Attributes
    ----------
    as_of
        Everybody at the as-of date.
    sampled_every
        One customer in so many (by ``customer_no`` modulo this) at the days before it; 0 for none.
    customers
        Only these customers, by ``customer_no``.
    """

    as_of: bool = False
    sampled_every: int = 0
    customers: IntArray | None = None


class CutoffSource(Protocol):
    """Rows of `int_customer_cutoffs` with their states, and what they amount to."""

    def columns(self) -> list[str]:
        """Return the names of the columns of `int_customer_cutoffs`."""

    def digests(self) -> pa.Table:
        """Return `cutoff_digests`: a row a cut-off and horizon."""

    def read(self, wanted: Wanted) -> tuple[pa.Table, pa.Table]:
        """Return rows of `int_customer_cutoffs`, and of `attention_states` for the same rows."""


class ArrowCutoffs:
    """A source whose tables are in memory."""

    def __init__(self, cutoffs: pa.Table, states: pa.Table | None = None) -> None:
        """Take both tables; None for features alone."""
        self._cutoffs = cutoffs
        nobody = {
            "customer_no": pa.int64(),
            "cutoff_date": pa.date32(),
            "state": pa.list_(pa.float32()),
        }
        self._states = pa.schema(nobody).empty_table() if states is None else states

    def columns(self) -> list[str]:
        """Return the names of the columns of the cut-offs."""
        return list(self._cutoffs.column_names)

    def digests(self) -> pa.Table:
        """Return what `cutoff_digests` says of the same rows, with digests of its own."""
        table = self._cutoffs
        counted = "f_order_days" if "f_order_days" in table.column_names else "f_order_count"
        if counted in table.column_names:
            table = table.filter(pc.greater_equal(pc.fill_null(table[counted], 0), 1))
        features = ["customer_no", *(n for n in table.column_names if n.startswith("f_"))]
        horizons = [
            int(found[1]) for name in table.column_names if (found := _LABELS.fullmatch(name))
        ]
        rows = []
        for day in sorted(set(table["cutoff_date"].to_pylist())):
            here = table.filter(pc.equal(table["cutoff_date"], day))
            states = self._states.filter(pc.equal(self._states["cutoff_date"], day))
            known = pc.is_in(states["customer_no"], here["customer_no"].combine_chunks())
            parts = {
                FEATURES: (
                    here.num_rows,
                    table_fingerprint(here.select(features)),
                    table_fingerprint(states.filter(known).select(["customer_no", "state"])),
                )
            }
            for horizon in horizons:
                names = ["customer_no", f"orders_next_{horizon}d", f"spend_next_{horizon}d"]
                labels = here.select(names).drop_null()
                if labels.num_rows:
                    parts[horizon] = (labels.num_rows, table_fingerprint(labels), "")
            rows += [
                {
                    "cutoff_date": day,
                    "horizon_days": horizon,
                    "is_as_of": bool(here["is_as_of"][0].as_py()),
                    "sampled_every": 1,
                    "row_count": count,
                    "content_digest": combined_fingerprint(*digests),
                }
                for horizon, (count, *digests) in parts.items()
            ]
        return pa.Table.from_pylist(rows, schema=DIGEST_SCHEMA)

    def read(self, wanted: Wanted) -> tuple[pa.Table, pa.Table]:
        """Return the wanted rows of both tables."""
        table = self._cutoffs
        is_as_of = table["is_as_of"].to_numpy().astype(bool)
        number = table["customer_no"].cast(pa.int64()).to_numpy()
        chosen = np.zeros(len(table), dtype=bool)
        if wanted.sampled_every:
            chosen = ~is_as_of & (number % wanted.sampled_every == 0)
        if wanted.as_of:
            chosen |= is_as_of
        if wanted.customers is not None:
            chosen &= np.isin(number, wanted.customers)
        return table.filter(pa.array(chosen)), self._states
