"""Customers who share devices, cards, addresses or networks, as rings that grow day by day."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from footfall.core.arrays import IntArray

_NEVER = np.iinfo(np.int64).max
_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("ring_no", pa.int64()),
        ("from_day", pa.date32()),
        ("until_day", pa.date32()),
        ("member_count", pa.int64()),
        ("first_seen_day", pa.date32()),
        ("links_digest", pa.int64()),
    ]
)
# What another version of this module made is not gone on with.
_SEED = np.frombuffer(blake2b(Path(__file__).read_bytes(), digest_size=8).digest(), np.uint64)


@dataclass
class _Rings:
    """Which ring each customer is in, and the memberships that have ended.

    A ring is named after its founder: the member who was first in a ring, of those of one day the
    smallest number. So it keeps its name as it grows, the older of two that meet gives the name,
    and no later day changes what an earlier one was called.
    """

    customers: IntArray
    ended: list[list[IntArray]] = field(default_factory=list)
    #: Memberships that had ended when an earlier run left off.
    kept: pa.Table = field(default_factory=_SCHEMA.empty_table)

    def __post_init__(self) -> None:
        count = len(self.customers)
        self.component = np.arange(count)
        self.joined = np.full(count, _NEVER)
        self.founder = np.full(count, -1)
        self.size = np.ones(count, dtype=np.int64)
        self.since = np.full(count, _NEVER)

    def grow(self, left: IntArray, right: IntArray) -> IntArray:
        """Join the components of customers that are linked; return whose component changed."""
        pairs = np.stack([self.component[left], self.component[right]])
        names, places = np.unique(pairs, return_inverse=True)
        _, part = _parts(len(names), *places.reshape(2, -1))
        # The smallest name of the components that become one.
        common = np.full(len(names), _NEVER)
        np.minimum.at(common, part, names)
        renamed = np.arange(len(self.customers))
        renamed[names] = common[part]
        moved = np.zeros(len(self.customers), dtype=bool)
        moved[names] = np.bincount(part)[part] > 1
        merged = np.flatnonzero(moved[self.component])
        self.component = renamed[self.component]
        return merged

    def split(self, shrunk: IntArray, left: IntArray, right: IntArray) -> IntArray:
        """Find the components of some customers anew from all links that hold; return whose."""
        affected = np.zeros(len(self.customers), dtype=bool)
        affected[self.component[shrunk]] = True
        members = np.flatnonzero(affected[self.component])
        within = affected[self.component[left]]
        place = np.full(len(self.customers), -1)
        place[members] = np.arange(len(members))
        _, part = _parts(len(members), place[left[within]], place[right[within]])
        first = np.full(part.max(initial=-1) + 1, _NEVER)
        np.minimum.at(first, part, members)
        self.component[members] = first[part]
        return members

    def settle(self, changed: IntArray, day: int) -> None:
        """Say from a day on which rings the customers of changed components are in."""
        component = self.component[changed]
        size = np.bincount(component, minlength=len(self.customers))[component]
        joined = self.joined[changed]
        # Whoever is left alone, and comes back later, has been in a ring from then on.
        joined = np.where(size > 1, np.where(joined == _NEVER, day, joined), _NEVER)
        order = np.lexsort((self.customers[changed], joined, component))
        heads = np.flatnonzero(np.diff(component[order], prepend=-1))
        founder_of = np.full(len(self.customers), -1)
        founder_of[component[order][heads]] = changed[order][heads]
        founder = np.where(size > 1, founder_of[component], -1)
        differs = (founder != self.founder[changed]) | (size != self.size[changed])
        moving = changed[differs]
        self._end(moving, day)
        self.joined[changed] = joined
        self.founder[moving] = founder[differs]
        self.size[moving] = size[differs]
        self.since[moving] = day

    def _end(self, leaving: IntArray, day: int) -> None:
        """Keep the memberships that end on a day."""
        leaving = leaving[self.founder[leaving] >= 0]
        if len(leaving):
            self.ended.append([*self._rows(leaving), np.full(len(leaving), day)])

    def _rows(self, members: IntArray) -> list[IntArray]:
        founder = self.founder[members]
        return [members, founder, self.since[members], self.size[members], self.joined[founder]]

    def go_on_from(self, standing: pa.Table, day: int) -> None:
        """Take over the memberships that an earlier run left, as they were on a day."""
        rows = standing.filter(pc.less_equal(_days(standing, "from_day"), day))
        until = pc.fill_null(_days(rows, "until_day"), _NEVER)
        is_open = pc.greater(until, day)
        self.kept = rows.filter(pc.invert(is_open))
        customer = rows["customer_no"].to_numpy()
        begin = _days(rows, "from_day").to_numpy().astype(np.int64)
        end = until.to_numpy().astype(np.int64)
        order = np.lexsort((begin, customer))
        customer, begin, end = customer[order], begin[order], end[order]
        # In one ring after the other without a day alone: since the first of these days.
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = (customer[1:] != customer[:-1]) | (begin[1:] != end[:-1])
        joined = begin[np.flatnonzero(is_first)][np.cumsum(is_first) - 1]
        standing_now = end > day
        member = np.searchsorted(self.customers, customer[standing_now])
        ring = rows["ring_no"].to_numpy()[order][standing_now]
        self.joined[member] = joined[standing_now]
        self.since[member] = begin[standing_now]
        self.size[member] = rows["member_count"].to_numpy()[order][standing_now]
        by_ring = np.lexsort((customer[standing_now], joined[standing_now], ring))
        heads = np.flatnonzero(np.diff(ring[by_ring], prepend=-1))
        place = np.searchsorted(ring[by_ring][heads], ring)
        self.founder[member] = member[by_ring][heads][place]
        self.component[member] = self.founder[member]

    def table(self, digests: "_Digests") -> pa.Table:
        """Return all memberships, ended ones and those that stand, in the order of their days."""
        standing = np.flatnonzero(self.founder >= 0)
        parts = [*self.ended, [*self._rows(standing), np.full(len(standing), _NEVER)]]
        member, founder, since, size, first_seen, until = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        names = {one: _name(int(self.customers[one])) for one in np.unique(founder).tolist()}
        made = pa.table(
            [
                pa.array(self.customers[member]),
                pa.array([names[one] for one in founder.tolist()], pa.int64()),
                _dates(since),
                pa.array(np.where(until == _NEVER, 0, until).astype(np.int32), mask=until == _NEVER)
                .cast(pa.int32())
                .cast(pa.date32()),
                pa.array(size),
                _dates(first_seen),
                pa.array(digests.until(since - 1)),
            ],
            schema=_SCHEMA,
        )
        rows = pa.concat_tables([self.kept, made])
        return rows.sort_by([("from_day", "ascending"), ("customer_no", "ascending")])


@dataclass
class _Digests:
    """What the days on which links come or cease have done to rings, as digests.

    That of a day is made of all links that came or ceased until then: where it is the same as it
    was in an earlier run, the rings of that day are.
    """

    days: IntArray
    sums: IntArray

    @classmethod
    def of(cls, left: IntArray, right: IntArray, day: IntArray, until: IntArray) -> "_Digests":
        """Digest links between two customers each, with the days on which they come and cease."""
        ceasing = until < _NEVER
        lefts, rights, days = (
            np.concatenate([came, ceased[ceasing]])
            for came, ceased in ((left, left), (right, right), (day, until))
        )
        # A link that ceases is another act than one that comes on that day.
        has_ceased = (np.arange(len(days)) >= len(day)).astype(np.int64)
        acts = _mixed(lefts, rights, days, has_ceased)
        days, place = np.unique(days, return_inverse=True)
        sums = np.zeros(len(days), dtype=np.uint64)
        np.add.at(sums, place, acts)
        return cls(days, (np.cumsum(sums, dtype=np.uint64) + _SEED).view(np.int64))

    def until(self, days: IntArray) -> IntArray:
        """Return the digests of what has come until days, none earlier than the first."""
        return self.sums[np.searchsorted(self.days, days, side="right") - 1]

    def last_common_day(self, standing: pa.Table) -> int | None:
        """Return the last day from which on rings of an earlier run are those of today, if any."""
        begin = _days(standing, "from_day").to_numpy().astype(np.int64)
        known = np.searchsorted(self.days, begin - 1, side="right") > 0
        begin, noted = begin[known], standing["links_digest"].to_numpy()[known]
        common = begin[self.until(begin - 1) == noted]
        return int(common.max()) if len(common) else None


def grow_rings(links: pa.Table, max_shared: int, standing: pa.Table | None = None) -> pa.Table:
    """Return who was in a ring with whom, from which day on and until when.

    Two customers are in one ring if a chain of shared entities leads from one to the other. On
    each day those links count that were known before it, and an entity counts while at most
    `max_shared` customers share it. A customer alone is in no ring.

    Parameters
    ----------
    links
        `kind`, `entity_key`, `customer_no` and `first_shop_day`, the day on which the shop first
        knew of the customer with the entity; one row for each entity and customer, in any order.
    max_shared
        The most customers that an entity may be shared by.
    standing
        What an earlier run has returned. Days on which the same links came and ceased are not
        looked at again: the rings grow on from the last of them. The result is that without it.

    Returns
    -------
    pa.Table
        `customer_no`, `ring_no`, `from_day`, `until_day` (exclusive; empty while it stands),
        `member_count` and `first_seen_day` of the ring, and `links_digest`, of the links that came
        and ceased before `from_day`. A row for each stretch of days on which nothing of it changed.

    Raises
    ------
    ValueError
        If an entity may be shared by fewer than two customers, so that nothing would link anybody.
    """
    if max_shared < 2:
        raise ValueError(f"risk_max_shared is {max_shared}: two customers are the least that share")
    entity, customer, day = _numbered(links)
    customers, member = np.unique(customer, return_inverse=True)
    rings = _Rings(customers)
    order = np.lexsort((customer, day, entity))
    entity, member, day = entity[order], member[order], day[order]
    starts = np.flatnonzero(np.diff(entity, prepend=-1))
    place = np.arange(len(entity)) - np.repeat(starts, np.diff(starts, append=len(entity)))
    # Each customer is linked with the first one of the entity. From the day on which too many
    # have come, the entity links nobody.
    first = np.repeat(member[starts], np.diff(starts, append=len(entity)))
    dropped = np.full(len(starts), _NEVER)
    crossing = np.flatnonzero(place == max_shared)
    number = np.cumsum(place == 0) - 1
    dropped[number[crossing]] = day[crossing]
    until = dropped[number]
    useful = (place > 0) & (day < until)
    left, right, day, until = (column[useful] for column in (first, member, day, until))
    digests = _Digests.of(customers[left], customers[right], day, until)
    since = None if standing is None else digests.last_common_day(standing)
    if standing is not None and since is not None:
        rings.go_on_from(standing.select(_SCHEMA.names).cast(_SCHEMA), since)
    _run(rings, left, right, day, until, since)
    return rings.table(digests)


def _run(
    rings: _Rings,
    left: IntArray,
    right: IntArray,
    day: IntArray,
    until: IntArray,
    since: int | None,
) -> None:
    """Let the rings grow and shrink through the days from one on on which links come or cease."""
    order = np.argsort(day, kind="stable")
    left, right, day, until = (column[order] for column in (left, right, day, until))
    ending = np.unique(until[until < _NEVER])
    todays = np.union1d(day, ending)
    for today in todays if since is None else todays[todays >= since]:
        begin, end = np.searchsorted(day, [today, today + 1])
        new = slice(begin, end)
        changed = [rings.grow(left[new], right[new])] if end > begin else []
        ceased = left[:end][until[:end] == today]
        if len(ceased):
            holds = until[:end] > today
            changed.append(rings.split(ceased, left[:end][holds], right[:end][holds]))
        touched = np.unique(np.concatenate(changed))
        if len(touched):
            rings.settle(touched, int(today) + 1)


def _numbered(links: pa.Table) -> tuple[IntArray, IntArray, IntArray]:
    """Return entities as numbers, customers, and days since 1970, each int64 [links]."""
    kinds = links["kind"].combine_chunks().dictionary_encode()
    entities = links["entity_key"].combine_chunks().dictionary_encode()
    kind_no = kinds.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    entity_no = entities.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    days = links["first_shop_day"].cast(pa.int32()).to_numpy().astype(np.int64)
    return (
        entity_no * len(kinds.dictionary) + kind_no,
        links["customer_no"].to_numpy().astype(np.int64),
        days,
    )


def _mixed(*columns: IntArray) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return a digest of each row of columns (splitmix64, Steele and others 2014)."""
    state = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        state = (state ^ column.astype(np.int64).view(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
        state ^= state >> np.uint64(31)
    return state


def _days(table: pa.Table, column: str) -> pa.Array:
    """Return a column of days as days since 1970, int64."""
    return table[column].cast(pa.int32()).cast(pa.int64()).combine_chunks()


def _parts(count: int, left: IntArray, right: IntArray) -> tuple[int, IntArray]:
    """Return the components of a graph: how many, and which each of its nodes is in."""
    edges = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    parts, part = connected_components(edges, directed=False)
    return int(parts), part.astype(np.int64)


def _name(customer_no: int) -> int:
    """Return the name of the ring of a founder: 60 bits, so that no mart shows the number."""
    digest = blake2b(customer_no.to_bytes(8, "big", signed=True), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 4


def _dates(days: IntArray) -> pa.Array:
    return pa.array(days.astype(np.int32)).cast(pa.date32())
