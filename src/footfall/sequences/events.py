"""Item events as flat, sorted columns, and the windows that a model reads from them.

Nothing is padded: a customer is a slice of the columns, a batch is a matrix of positions whose
rows have equal length.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import BoolArray, Float32Array, Int8Array, IntArray

KINDS = ("view", "wishlist", "add_to_cart", "purchase")
"""Event types in order of intent; a token takes the strongest one of its item, session and day."""
PURCHASE = KINDS.index("purchase")
MICROSECONDS_A_DAY = 86_400_000_000
GAP_BUCKETS = 34
PRICE_BUCKETS = 17
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Catalogue:
    """The items, numbered by first appearance, so that the items known at a date are a prefix.

    Attributes
    ----------
    item_ids
        Names, in order; ``[items]``.
    first_at
        Microseconds of the first event since 1970; ``NEVER`` without one; int64 ``[items]``.
    category, brand
        Codes of ``category_names`` and ``brand_names``; 0 where absent; int64 ``[items]``.
    price
        List price, or else the unit price of the first event; nan where absent; float32
        ``[items]``.
    in_stock
        False where the item table says so; bool ``[items]``.
    has_stock
        Whether the item table says anything about stock.
    """

    item_ids: tuple[str, ...]
    first_at: IntArray
    category: IntArray
    brand: IntArray
    price: Float32Array
    in_stock: BoolArray
    category_names: tuple[str, ...]
    brand_names: tuple[str, ...]
    has_stock: bool

    def count_before(self, cut: int) -> int:
        """Length of the shortest prefix with every item that had an event before ``cut``."""
        seen = np.flatnonzero(self.first_at < cut)
        return int(seen[-1]) + 1 if len(seen) else 0


@dataclass(frozen=True)
class ItemEvents:
    """One token a customer, session, day (UTC) and item, sorted by customer and time.

    Attributes
    ----------
    customers
        Customer numbers, ascending; int64 ``[customers]``.
    offsets
        Customer ``c`` owns the tokens ``offsets[c]:offsets[c + 1]``; int64 ``[customers + 1]``.
    items
        Index into the catalogue; int64 ``[tokens]``.
    kinds
        Index into ``KINDS``; int8 ``[tokens]``.
    at
        Microseconds since 1970, UTC; int64 ``[tokens]``.
    sessions
        Session number, ascending over all tokens; int64 ``[tokens]``.
    gaps
        Bucket of the log gap to the token before; 0 for the first of a customer; int8
        ``[tokens]``.
    """

    customers: IntArray
    offsets: IntArray
    items: IntArray
    kinds: Int8Array
    at: IntArray
    sessions: IntArray
    gaps: Int8Array

    def ends_before(self, cut: int) -> IntArray:
        """End of the histories at ``cut``: ``offsets[c]:ends[c]``; int64 ``[customers]``."""
        before = np.concatenate([[0], np.cumsum(self.at < cut)])
        counts = before[self.offsets[1:]] - before[self.offsets[:-1]]
        ends: IntArray = self.offsets[:-1] + counts
        return ends

    def before(self, cut: int) -> ItemEvents:
        """Return the tokens before a midnight as if nothing had come after it.

        Customers without any are left out, and sessions are numbered again.
        """
        kept = self.at < cut
        counts = self.ends_before(cut) - self.offsets[:-1]
        is_known = counts > 0
        sessions = self.sessions[kept]
        return ItemEvents(
            customers=self.customers[is_known],
            offsets=np.concatenate([[0], np.cumsum(counts[is_known])]).astype(np.int64),
            items=self.items[kept],
            kinds=self.kinds[kept],
            at=self.at[kept],
            sessions=np.cumsum(np.diff(sessions, prepend=-1) != 0) - 1,
            gaps=self.gaps[kept],
        )


def microseconds(day: datetime.date) -> int:
    """Midnight UTC of a day, in microseconds since 1970."""
    return (day - datetime.date(1970, 1, 1)).days * MICROSECONDS_A_DAY


def day_of(moment: int) -> datetime.date:
    """Return the UTC day that holds ``moment`` (microseconds since 1970)."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=moment // MICROSECONDS_A_DAY)


def price_buckets(price: Float32Array) -> IntArray:
    """Return buckets of the log price, three in two octaves; 0 without one; int64 ``[items]``."""
    known = np.isfinite(price) & (price > 0)
    log_price = np.log2(np.where(known, price, 1.0)) * 1.5 + 6
    return np.where(known, np.clip(log_price, 0, PRICE_BUCKETS - 2).astype(np.int64) + 1, 0)


def equal_length_batches(
    starts: IntArray, ends: IntArray, batch_tokens: int, random: np.random.Generator | None = None
) -> Iterator[tuple[IntArray, IntArray]]:
    """Batch slices of equal length, so that no token is padding.

    Parameters
    ----------
    starts, ends
        Slices of the token columns; int64 ``[slices]``; empty ones are passed over.
    batch_tokens
        How many tokens a batch holds at most (but one slice at least).
    random
        Shuffles slices of equal length, and the batches; in order of length without it.

    Yields
    ------
    rows
        Which slices; int64 ``[batch]``.
    positions
        Token positions; int64 ``[batch, length]``.
    """
    lengths = ends - starts
    filled = np.flatnonzero(lengths > 0)
    tie = random.random(len(filled)) if random is not None else filled
    filled = filled[np.lexsort((tie, lengths[filled]))]
    length = lengths[filled]
    cuts: list[tuple[int, int]] = []
    edges = np.append(np.flatnonzero(np.diff(length, prepend=-1)), len(length))
    for low, high in itertools.pairwise(edges):
        step = max(1, batch_tokens // int(length[low]))
        cuts.extend((at, min(at + step, int(high))) for at in range(int(low), int(high), step))
    order = random.permutation(len(cuts)) if random is not None else np.arange(len(cuts))
    for number in order:
        low, high = cuts[int(number)]
        rows = filled[low:high]
        yield rows, starts[rows][:, None] + np.arange(int(length[low]))
