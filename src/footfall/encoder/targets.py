"""Where a prediction is asked for, and which items answer it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import Array, IntArray
from footfall.encoder.network import ANY_EVENT, NEXT_PURCHASE
from footfall.sequences.events import PURCHASE, ItemEvents

# A query asks for the nearest so many items: a customer who buys every minute would otherwise
# have more answers than events.
MOST_ANSWERS = 256
TOKENS_A_SLAB = 1_000_000


@dataclass(frozen=True)
class Goals:
    """Where a prediction is asked for, and which items answer it.

    The answers to the query after token ``t`` are ``pool[low[t]:high[t]]``; none where equal.
    Both are ``[tokens]``, int32 where that is enough and int64 else.
    """

    intent: int
    pool: IntArray
    low: Array
    high: Array


def goals(events: ItemEvents, ends: IntArray, horizon_days: float) -> list[Goals]:
    """Find the answers for each session end, inside ``offsets[c]:ends[c]``.

    The purchase query asks for what is bought in the first later session with a purchase, and in
    all those within ``horizon_days`` of the query, which is what the ranking is used for. The
    other query asks for whatever the next session touches; it is left out where purchases are
    all there is.
    """
    bought = events.kinds == PURCHASE
    pool = np.flatnonzero(bought)
    kinds = [(NEXT_PURCHASE, events.items[pool])]
    if not bool(bought.all()):
        kinds.append((ANY_EVENT, events.items))
    count = len(events.items)
    size = np.int32 if count <= np.iinfo(np.int32).max else np.int64
    found = [
        Goals(intent, items, np.zeros(count, size), np.zeros(count, size))
        for intent, items in kinds
    ]
    for first, last in _slabs(events.offsets):
        low, high = events.offsets[[first, last]]
        part = dataclasses.replace(
            events,
            customers=events.customers[first:last],
            offsets=events.offsets[first : last + 1] - low,
            **{
                name: getattr(events, name)[low:high]
                for name in ("items", "kinds", "at", "sessions", "gaps")
            },
        )
        bases = (int(np.searchsorted(pool, low)), int(low))
        edges = _answers(part, ends[first:last] - low, horizon_days)
        for goal, base, (start, stop) in zip(found, bases, edges, strict=False):
            goal.low[low:high] = start + base
            goal.high[low:high] = np.minimum(stop, start + MOST_ANSWERS) + base
    return found


def _slabs(offsets: IntArray) -> Iterator[tuple[int, int]]:
    """Split customers, so that working out their goals takes the memory of a few alone."""
    first, count = 0, len(offsets) - 1
    while first < count:
        last = int(np.searchsorted(offsets, offsets[first] + TOKENS_A_SLAB, side="right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = last


def _answers(
    events: ItemEvents, ends: IntArray, horizon_days: float
) -> tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]:
    """Return bounds of the answers to both queries after each token: purchases, and tokens."""
    count = len(events.items)
    owner = np.repeat(np.arange(len(events.customers)), np.diff(events.offsets))
    inside = np.arange(count) < ends[owner] if count else np.zeros(0, dtype=np.bool_)
    last = np.ones(count, dtype=np.bool_)
    last[:-1] = events.sessions[1:] != events.sessions[:-1]
    asks = inside & last
    session_end = np.flatnonzero(last) + 1
    session_of: IntArray = np.cumsum(last) - last
    stop = ends[owner]

    # Positions of purchases before each token: a range of tokens is then a range of purchases.
    bought = events.kinds == PURCHASE
    purchases = np.concatenate([[0], np.cumsum(bought)])
    pool = np.flatnonzero(bought)
    after = np.minimum(np.arange(count) + 1, stop)
    low = purchases[after]
    first = pool[np.minimum(low, max(len(pool) - 1, 0))] if len(pool) else np.zeros(count, np.int64)
    has_next = (low < purchases[stop]) & asks
    one_session = session_end[session_of[np.where(has_next, first, 0)]] if count else first
    horizon = _positions_within(events, owner, horizon_days)
    high = purchases[np.minimum(np.maximum(one_session, horizon), stop)]

    next_token = np.minimum(np.arange(count) + 1, max(count - 1, 0))
    touched = asks & (np.arange(count) + 1 < stop)
    until = np.minimum(session_end[session_of[next_token]], stop) if count else stop
    nothing = np.zeros(count, dtype=np.int64)
    return (
        (np.where(has_next, low, nothing), np.where(has_next, high, nothing)),
        (np.where(touched, np.arange(count) + 1, nothing), np.where(touched, until, nothing)),
    )


def _positions_within(events: ItemEvents, owner: IntArray, horizon_days: float) -> IntArray:
    """First position of the same customer that is more than the horizon after each token."""
    if len(events.at) == 0:
        return np.zeros(0, dtype=np.int64)
    # Customers laid end to end on one ascending clock, far enough apart not to meet.
    # Whole seconds, as microseconds of many customers would not fit 64 bits.
    second = events.at // 1_000_000
    second = second - second.min()
    reach = int(horizon_days * 86_400)
    clock = second + owner * (int(second.max()) + reach + 1)
    return np.asarray(np.searchsorted(clock, clock + reach, side="right"), dtype=np.int64)
