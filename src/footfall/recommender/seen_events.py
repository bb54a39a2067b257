"""What a model has seen of the past, kept small, and whether it still holds.

Events may come in late and add to the past; what a model has learned from must not be gone or
changed. A sum and a count of hashes would show so only as long as nothing was added. A filter of
what was seen (Bloom, 1970, "Space/Time Trade-offs in Hash Coding with Allowable Errors") picks the
old events out of today's; these have to be as many as then, and to add up to the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from footfall.core.arrays import IntArray, UInt64Array
from footfall.core.fingerprints import number_fingerprints
from footfall.sequences.events import ItemEvents

# One event in ten thousand that was not seen passes for one that was.
BITS_A_TOKEN = 24
PROBES = 6
TOKENS_AT_ONCE = 1_000_000
WORD = 64
# So many late events that pass for old ones are distinguished by what they add to the sum.
LATE_AT_MOST = 2


@dataclass(frozen=True)
class Seen:
    """The tokens before a moment: who touched what when.

    What was done is left out: a late act of the same day may still make a token a purchase.
    The numbers of items are, too. A token is placed at the first moment of an item in a
    session and day: a late event that comes before it, or that joins two sessions, counts as a
    change.

    Attributes
    ----------
    tokens
        How many there are.
    total
        Sum of their hashes, modulo 2^64.
    bits
        The filter; int64 ``[words]``.
    """

    tokens: int
    total: int
    bits: IntArray

    @classmethod
    def of(cls, tokens: ItemEvents, item_ids: tuple[str, ...], cut: int) -> Seen:
        """Return what is before ``cut``, in whatever order the rows came."""
        count = int((tokens.at < cut).sum())
        bits = np.zeros(max(1, -(-count * BITS_A_TOKEN // WORD)), dtype=np.uint64)
        total = 0
        for hashes in _hashes(tokens, item_ids, cut):
            total += int(hashes.sum(dtype=np.uint64))
            for word, bit in _probes(hashes, len(bits)):
                np.bitwise_or.at(bits, word, bit)
        return cls(count, total % 2**64, bits.view(np.int64))

    def described(self) -> dict[str, Any]:
        """Return what ``stored`` reads again, in addition to the filter."""
        return {"tokens": self.tokens, "total": f"{self.total:016x}"}

    @classmethod
    def stored(cls, described: Mapping[str, Any] | None, bits: object) -> Seen | None:
        """Return what a stored model has seen; None where it does not say."""
        if not described or "total" not in described or not isinstance(bits, np.ndarray):
            return None
        return cls(int(described["tokens"]), int(described["total"], 16), bits)

    def why_gone(self, tokens: ItemEvents, item_ids: tuple[str, ...], cut: int) -> str | None:
        """Return what has become of it in the events of today; None where all of it still holds.

        A correction that hides behind as many late events is found out, too. Where more than a
        few late events pass for old ones, as in one of ten thousand they do, it cannot be
        determined.
        """
        bits = self.bits.view(np.uint64)
        found: list[UInt64Array] = []
        count_now = 0
        for hashes in _hashes(tokens, item_ids, cut):
            count_now += len(hashes)
            is_old = np.ones(len(hashes), dtype=np.bool_)
            for word, bit in _probes(hashes, len(bits)):
                is_old &= (bits[word] & bit) != 0
            found.append(hashes[is_old])
        old = np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)
        late = len(old) - self.tokens
        if count_now < self.tokens:
            return f"events are gone: {count_now} are left of {self.tokens}"
        if late < 0:
            return f"events of the past have changed: {len(old)} still stand of {self.tokens}"
        if late > LATE_AT_MOST:
            return f"too much came in late to tell whether the past stands: {late} look old"
        with np.errstate(over="ignore"):
            more = old.sum(dtype=np.uint64) - np.uint64(self.total)
            rest = more - old if late == LATE_AT_MOST else np.array([more], dtype=np.uint64)
        stands = more == 0 if late == 0 else bool(np.isin(rest, old).any())
        return None if stands else "events of the past have changed"


def _hashes(tokens: ItemEvents, item_ids: tuple[str, ...], cut: int) -> Iterator[UInt64Array]:
    """Return a hash of each token before ``cut``, some at a time."""
    names = np.array(
        [int.from_bytes(hashlib.sha256(n.encode()).digest()[:8], "little") for n in item_ids],
        dtype=np.uint64,
    ).view(np.int64)
    for low in range(0, len(tokens.items), TOKENS_AT_ONCE):
        here = np.flatnonzero(tokens.at[low : low + TOKENS_AT_ONCE] < cut) + low
        owner = np.searchsorted(tokens.offsets, here, side="right") - 1
        yield number_fingerprints(
            tokens.customers[owner], tokens.at[here], names[tokens.items[here]]
        )


def _probes(hashes: UInt64Array, words: int) -> Iterator[tuple[IntArray, UInt64Array]]:
    """Return words of the filter, and the bit of each, that represent some hashes.

    Two halves of a hash do for all probes: Kirsch and Mitzenmacher, 2006, "Less Hashing, Same
    Performance: Building a Better Bloom Filter".
    """
    first, step = hashes & np.uint64(2**32 - 1), (hashes >> np.uint64(32)) | np.uint64(1)
    for probe in range(PROBES):
        place = (first + np.uint64(probe) * step) % np.uint64(words * WORD)
        yield (place // np.uint64(WORD)).astype(np.int64), np.uint64(1) << (place % np.uint64(WORD))
