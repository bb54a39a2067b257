"""Arrow tables of cut-offs and encoder states as arrays, and the rolling origins over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray

_KEYS = ("customer_no", "cutoff_date", "is_as_of")


@dataclass(frozen=True)
class CutoffRows:
    """Customers at cut-off dates, for customers who have bought before the cut-off.

    Attributes
    ----------
    customer_no
        Int64 [rows].
    day
        Cut-off as days since 1970-01-01, int64 [rows].
    is_as_of
        Bool [rows].
    features
        Feature name -> float64 [rows], NaN where unknown.
    orders
        Horizon -> orders in the horizon, float64 [rows], NaN where it is not closed.
    spend
        Horizon -> spend in the horizon, float64 [rows], NaN where it is not closed.
    states
        Encoder states, float64 [rows, width]; width 0 where there are none, a row of NaN where a
        customer has none.
    """

    customer_no: IntArray
    day: IntArray
    is_as_of: BoolArray
    features: dict[str, FloatArray]
    orders: dict[int, FloatArray]
    spend: dict[int, FloatArray]
    states: FloatArray

    def __len__(self) -> int:
        return len(self.customer_no)

    def take(self, rows: Array) -> CutoffRows:
        """Return the rows at the given positions (or under a mask)."""
        return CutoffRows(
            customer_no=self.customer_no[rows],
            day=self.day[rows],
            is_as_of=self.is_as_of[rows],
            features={name: values[rows] for name, values in self.features.items()},
            orders={horizon: values[rows] for horizon, values in self.orders.items()},
            spend={horizon: values[rows] for horizon, values in self.spend.items()},
            states=self.states[rows],
        )

    def at(self, days: list[int]) -> CutoffRows:
        """Return the rows of the given cut-off days."""
        return self.take(np.isin(self.day, days))

    def without_states(self) -> CutoffRows:
        """Return the same rows as if there were no encoder."""
        return CutoffRows(
            self.customer_no,
            self.day,
            self.is_as_of,
            self.features,
            self.orders,
            self.spend,
            np.zeros((len(self), 0)),
        )


def read_cutoffs(
    cutoffs: pa.Table, states: pa.Table | None, horizons: tuple[int, ...]
) -> CutoffRows:
    """Read `int_customer_cutoffs` and `attention_states` as arrays.

    Rows of customers without an order before the cut-off are left out, and the rest is sorted by
    cut-off and customer, so that the order of the table has no say in any score.

    Raises
    ------
    ValueError
        A column is missing; the message names it and what was found.
    """
    counted = "f_order_days" if "f_order_days" in cutoffs.column_names else "f_order_count"
    wanted = [*_KEYS, counted, "f_recency_days"]
    for horizon in horizons:
        wanted += [f"orders_next_{horizon}d", f"spend_next_{horizon}d"]
    missing = [name for name in wanted if name not in cutoffs.column_names]
    if missing:
        raise ValueError(
            f"the cut-off table lacks the column {', '.join(missing)}; it has "
            f"{', '.join(cutoffs.column_names)}"
        )
    bought = pc.greater_equal(pc.fill_null(cutoffs[counted], 0), 1)
    kept = cutoffs.filter(bought).sort_by(
        [("cutoff_date", "ascending"), ("customer_no", "ascending")]
    )
    customer_no = kept["customer_no"].cast(pa.int64()).to_numpy()
    day = kept["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    names = sorted(name for name in kept.column_names if name.startswith("f_"))
    return CutoffRows(
        customer_no=customer_no,
        day=day,
        is_as_of=pc.fill_null(kept["is_as_of"], False).to_numpy().astype(bool),
        features={name: _floats(kept[name]) for name in names},
        orders={h: _floats(kept[f"orders_next_{h}d"]) for h in horizons},
        spend={h: np.maximum(_floats(kept[f"spend_next_{h}d"]), 0.0) for h in horizons},
        states=states_of(customer_no, day, states),
    )


def as_of_day(rows: CutoffRows) -> int | None:
    """Return the day that scores are made for: the as-of cut-off, else the latest one."""
    if len(rows) == 0:
        return None
    marked = rows.day[rows.is_as_of]
    return int(marked.max()) if len(marked) else int(rows.day.max())


def closed_days(rows: CutoffRows, horizon: int) -> list[int]:
    """Return the cut-offs, ascending, whose window of ``horizon`` days has ended for everyone."""
    days = np.unique(rows.day)
    known = np.isfinite(rows.orders[horizon]) & np.isfinite(rows.spend[horizon])
    return [int(day) for day in days if bool(known[rows.day == day].all())]


def training_days(closed: list[int], horizon: int, origin: int) -> list[int]:
    """Return the cut-offs whose labels were known at ``origin``: day + horizon <= origin."""
    return [day for day in closed if day + horizon <= origin]


def training_rows(rows: CutoffRows, days: list[int], limit: int, seed: int) -> CutoffRows:
    """Return the rows of ``days``, thinned to ``limit`` by keeping a fixed sample of customers.

    A customer is kept or dropped at all cut-offs together, so folds by customer stay apart.
    """
    chosen = rows.at(days)
    if len(chosen) <= limit:
        return chosen
    share = limit / len(chosen)
    return chosen.take(customer_uniform(chosen.customer_no, seed) < share)


def customer_uniform(customer_no: IntArray, seed: int) -> FloatArray:
    """Return a fixed pseudo-random number in [0, 1) for each customer, float64 [rows]."""
    with np.errstate(over="ignore"):
        mixed = customer_no.astype(np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def _floats(column: pa.ChunkedArray) -> FloatArray:
    values = pc.cast(column, pa.float64(), safe=False)
    filled: FloatArray = pc.fill_null(values, float("nan")).to_numpy().astype(np.float64)
    return np.where(np.isinf(filled), np.nan, filled)


def states_of(customer_no: IntArray, day: IntArray, states: pa.Table | None) -> FloatArray:
    """Return the state of each row, [rows, width]; NaN for customers without one."""
    nothing = np.zeros((len(customer_no), 0))
    if states is None or states.num_rows == 0 or len(customer_no) == 0:
        return nothing
    states = states.select(["customer_no", "cutoff_date", "state"]).combine_chunks()
    lists = states["state"].combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    width = int(lengths.max())
    if width == 0:
        return nothing
    if not np.isin(lengths, (0, width)).all():
        raise ValueError(
            f"encoder states have different lengths: {sorted({int(n) for n in lengths})}"
        )
    flat = pc.cast(pc.list_flatten(lists), pa.float64()).to_numpy(zero_copy_only=False)
    full = np.flatnonzero(lengths == width)
    keys = _row_keys(
        states["customer_no"].cast(pa.int64()).to_numpy()[full],
        states["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_numpy()[full].astype(np.int64),
    )
    order = np.argsort(keys, order=("customer", "day"))
    wanted = _row_keys(customer_no, day)
    position = np.searchsorted(keys, wanted, sorter=order)
    position = np.minimum(position, len(keys) - 1)
    found = keys[order[position]] == wanted
    matrix = flat.reshape(-1, width)
    whole = np.isfinite(matrix).all(axis=1)
    found &= whole[order[position]]
    return np.where(found[:, None], matrix[order[position]], np.nan)


def _row_keys(customer_no: IntArray, day: IntArray) -> Array:
    keys = np.empty(len(customer_no), dtype=[("customer", np.int64), ("day", np.int64)])
    keys["customer"], keys["day"] = customer_no, day
    return keys
