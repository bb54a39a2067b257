"""Prefixes of sessions as columns: what is known of a visit after so many events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, BoolArray, FloatArray, IntArray
from footfall.heads.cutoffs.features import principal_axes
from footfall.heads.cutoffs.rows import states_of

#: Targets by the column that holds the outcome; days until an outcome is known.
TARGETS = {"buys_in_session": 1, "buys_in_7_days": 7}
WORDS = ("device", "channel", "entry_event_type", "last_event_type")
#: After how many events `int_session_prefixes` has a row. Each has a head, seen already or not.
PREFIX_LENGTHS = (1, 3, 5, 10)

MICROSECONDS_A_DAY = 86_400_000_000
#: Times of `int_session_prefixes`, and the columns that hold them by the shop's clock.
CLOCKS = {
    "prefix_at": "prefix_clock_at",
    "session_started_at": "session_clock_at",
    "now_at": "now_clock_at",
}
_COMMONEST = 8
_STATE_COMPONENTS = 8


@dataclass(frozen=True)
class PrefixSpace:
    """What is learned once of the columns of prefixes, for a stored head to read others alike.

    Attributes
    ----------
    names
        Of the columns: features, then words such as ``device=phone``.
    state_centre, state_basis, state_scale
        Principal axes of the encoder's states; without columns where there are no states.
    """

    names: tuple[str, ...]
    state_centre: FloatArray
    state_basis: FloatArray
    state_scale: FloatArray


@dataclass(frozen=True)
class Prefixes:
    """Sessions after so many events, in order of time.

    Attributes
    ----------
    table
        The rows that were read.
    visitor_no
        Whose session it is, [rows].
    length
        Events so far, [rows].
    at
        Microseconds of the last of them, [rows].
    open_to_buy
        No purchase so far: only these have a chance in the session, [rows].
    names
        Of the columns of ``raw``.
    raw
        Features, then one-hot words, NaN where unknown, [rows, columns].
    states
        Principal components of the encoder's state at the last cut-off before the event, NaN where
        the visitor is not identified yet or has none, [rows, components].
    """

    table: pa.Table
    visitor_no: IntArray
    length: IntArray
    at: IntArray
    open_to_buy: BoolArray
    names: tuple[str, ...]
    raw: FloatArray
    states: FloatArray
    space: PrefixSpace

    def columns(self, *, uses_state: bool) -> FloatArray:
        """Return what a model sees, [rows, columns]."""
        return np.column_stack([self.raw, self.states]) if uses_state else self.raw

    def labels(self, target: str) -> FloatArray:
        """Return 1 or 0, NaN where the outcome is not known yet, [rows]."""
        column = pc.cast(self.table[target], pa.float64())
        filled: FloatArray = pc.fill_null(column, float("nan")).to_numpy().astype(np.float64)
        return filled


def read_prefixes(
    prefixes: pa.Table, states: pa.Table | None = None, space: PrefixSpace | None = None
) -> Prefixes:
    """Read `int_session_prefixes` in order of time.

    Parameters
    ----------
    prefixes, states
        The tables; None for features alone.
    space
        Of the head that is to be applied; learned from these rows where it is None.

    Raises
    ------
    ValueError
        When a column is missing; it names it.
    """
    wanted = [
        "session_id",
        "visitor_no",
        "prefix_length",
        "prefix_at",
        "now_at",
        "has_bought",
        "is_open",
    ]
    missing = [name for name in (*wanted, *WORDS, *TARGETS) if name not in prefixes.column_names]
    if missing:
        raise ValueError(
            f"the table of session prefixes lacks the column {', '.join(missing)}; it has "
            f"{', '.join(prefixes.column_names)}"
        )
    table = prefixes.sort_by(
        [("prefix_at", "ascending"), ("session_id", "ascending"), ("prefix_length", "ascending")]
    )
    if space is None:
        names = _names(table)
        found = _states_of(table, states)
        space = PrefixSpace(names, *principal_axes(found, _STATE_COMPONENTS))
    else:
        found = _states_of(table, states)
    words = {name: _words(table, name) for name in WORDS}
    columns = []
    for name in space.names:
        word, is_word, kind = name.partition("=")
        columns.append(
            (words[word] == kind).astype(np.float64) if is_word else _numbers(table, name)
        )
    return Prefixes(
        table=table,
        visitor_no=table["visitor_no"].cast(pa.int64()).to_numpy(),
        length=table["prefix_length"].to_numpy().astype(np.int64),
        at=clock(table, "prefix_at").to_numpy(),
        open_to_buy=~pc.fill_null(table["has_bought"], False).to_numpy().astype(bool),
        names=space.names,
        raw=np.column_stack(columns) if len(table) else np.zeros((0, len(columns))),
        states=_components(found, space),
        space=space,
    )


def clock(prefixes: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a time of prefixes by the shop's clock, in microseconds: its midnights cut days.

    A table without the clock is of a shop on UTC.
    """
    column = CLOCKS[name] if CLOCKS[name] in prefixes.column_names else name
    return pc.cast(prefixes[column].cast(pa.timestamp("us", tz="UTC")), pa.int64())


def _names(table: pa.Table) -> tuple[str, ...]:
    names = sorted(name for name in table.column_names if name.startswith("f_"))
    for word in WORDS:
        kinds, counts = np.unique(_words(table, word), return_counts=True)
        commonest = kinds[np.argsort(-counts, kind="stable")][:_COMMONEST].tolist()
        names += [f"{word}={kind}" for kind in sorted(commonest)]
    return tuple(names)


def _words(table: pa.Table, name: str) -> Array:
    return np.array(pc.fill_null(pc.cast(table[name], pa.string()), "").to_pylist(), dtype=str)


def _numbers(table: pa.Table, name: str) -> FloatArray:
    filled: FloatArray = pc.fill_null(pc.cast(table[name], pa.float64()), float("nan")).to_numpy()
    return filled


def _components(states: FloatArray, space: PrefixSpace) -> FloatArray:
    """Return the principal components of states, [rows, components]; NaN where there is none."""
    width, components = space.state_basis.shape
    if states.shape[1] != width:
        return np.full((len(states), components), np.nan)
    found: FloatArray = (states - space.state_centre) @ space.state_basis / space.state_scale
    return found


def _states_of(table: pa.Table, states: pa.Table | None) -> FloatArray:
    """Return the state at the last cut-off before each prefix, [rows, width]; NaN without one.

    Only where the visitor is identified: that is where their past visits are known.
    """
    if states is None or states.num_rows == 0 or len(table) == 0:
        return np.zeros((len(table), 0))
    days = np.unique(states["cutoff_date"].cast(pa.date32()).cast(pa.int32()).to_numpy())
    at = clock(table, "prefix_at").to_numpy()
    place = np.searchsorted(days, at // MICROSECONDS_A_DAY, side="right") - 1
    day = days[np.maximum(place, 0)].astype(np.int64)
    visitor = table["visitor_no"].cast(pa.int64()).to_numpy()
    known = (place >= 0) & ~table["f_past_visits"].is_null().to_numpy()
    found = states_of(visitor, day, states)
    return np.where(known[:, None], found, np.nan)
