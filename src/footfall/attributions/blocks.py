"""Contributions as rows: one for each score, horizon, customer or session, and idea."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.drivers import Effects

#: The idea of a score that is made by one rate: of the customer, of all, or of another horizon.
RATE = "rate"
LOG_MEAN = "log_mean"

ATTRIBUTION_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("session_id", pa.string()),
        ("score", pa.string()),
        ("horizon_days", pa.int32()),
        ("prefix_length", pa.int32()),
        ("idea", pa.string()),
        ("idea_rank", pa.int32()),
        ("method", pa.string()),
        ("contribution", pa.float64()),
        ("standard_error", pa.float64()),
        ("base", pa.float64()),
        ("score_value", pa.float64()),
        ("gap", pa.float64()),
        ("link_contribution", pa.float64()),
        ("link_base", pa.float64()),
        ("link_score", pa.float64()),
        ("bound_by_days", pa.int32()),
        ("cutoff_date", pa.date32()),
        ("run_id", pa.string()),
    ]
)


@dataclass(frozen=True)
class Explained:
    """Contributions to one score of some rows, on both scales.

    Attributes
    ----------
    link
        What adds up to the score on the scale of its model: log-odds, or the log of money.
    link_score
        The served score on that scale, [rows].
    moved
        The same contributions in the unit that people read, [rows, ideas].
    base
        What they are added to.
    value
        The served score, [rows].
    error
        Standard errors of ``moved``; None where they are exact, [rows, ideas].
    method
        How they were made.
    """

    link: Effects
    link_score: FloatArray
    moved: FloatArray
    base: float
    value: FloatArray
    method: str = LOG_MEAN
    error: FloatArray | None = None

    def take(self, rows: IntArray) -> Explained:
        """Return the rows at these positions."""
        return Explained(
            Effects(self.link.base, self.link.names, self.link.moved[rows]),
            self.link_score[rows],
            self.moved[rows],
            self.base,
            self.value[rows],
            self.method,
            None if self.error is None else self.error[rows],
        )


@dataclass(frozen=True)
class Labels:
    """What all rows of a block share: the score, its run and its day."""

    score: str
    horizon: int
    bound_by: int
    cutoff: date
    run_id: str


def by_one_rate(
    value: FloatArray, base: float, link: FloatArray, link_base: float, method: str
) -> Explained:
    """Return the explanation of scores that one rate makes: a single idea with the difference."""
    effects = Effects(link_base, (RATE,), (link - link_base)[:, None])
    return Explained(effects, link, (value - base)[:, None], base, value, method)


def rows_of(
    explained: Explained,
    labels: Labels,
    *,
    customers: IntArray | None = None,
    sessions: pa.Array | None = None,
    lengths: IntArray | None = None,
) -> pa.Table:
    """Return a row for each subject and idea, columns of :data:`ATTRIBUTION_SCHEMA`.

    Parameters
    ----------
    explained
        [subjects, ideas].
    labels
        Of all rows.
    customers, sessions
        Who they are: one of the two, [subjects].
    lengths
        Events that were known of each session, [subjects].
    """
    subjects, ideas = explained.moved.shape
    order = np.argsort(-np.abs(explained.moved), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, ideas + 1)[None, :], axis=1)
    gap = explained.base + explained.moved.sum(axis=1) - explained.value
    count = subjects * ideas
    each = np.repeat(np.arange(subjects), ideas)

    def same(value: object, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), count)

    words = pa.DictionaryArray.from_arrays(
        np.tile(np.arange(ideas, dtype=np.int32), subjects), pa.array(explained.link.names)
    )
    error = explained.error
    columns = {
        "customer_no": same(None, pa.int64()) if customers is None else customers[each],
        "session_id": same(None, pa.string()) if sessions is None else sessions.take(each),
        "score": same(labels.score, pa.string()),
        "horizon_days": same(labels.horizon, pa.int32()),
        "prefix_length": same(None, pa.int32()) if lengths is None else lengths[each],
        "idea": words,
        "idea_rank": rank.ravel(),
        "method": same(explained.method, pa.string()),
        "contribution": explained.moved.ravel(),
        "standard_error": same(None, pa.float64()) if error is None else error.ravel(),
        "base": same(explained.base, pa.float64()),
        "score_value": explained.value[each],
        "gap": gap[each],
        "link_contribution": explained.link.moved.ravel(),
        "link_base": same(explained.link.base, pa.float64()),
        "link_score": explained.link_score[each],
        "bound_by_days": same(labels.bound_by, pa.int32()),
        "cutoff_date": same(labels.cutoff, pa.date32()),
        "run_id": same(labels.run_id, pa.string()),
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in ATTRIBUTION_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=ATTRIBUTION_SCHEMA)


def all_of(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all tables, none where there are none."""
    return pa.concat_tables([ATTRIBUTION_SCHEMA.empty_table(), *tables])
