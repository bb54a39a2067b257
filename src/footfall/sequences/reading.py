"""From rows of events and items to sorted columns, and to those of a stored model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import Array, Float32Array, Int8Array, Int16Array, Int32Array, IntArray
from footfall.sequences.events import (
    GAP_BUCKETS,
    KINDS,
    MICROSECONDS_A_DAY,
    NEVER,
    Catalogue,
    ItemEvents,
)

EVENT_COLUMNS = ("customer_no", "item_id", "event_at", "event_type")
CATALOGUE_COLUMNS = ("item_id", "category", "brand", "list_price", "is_in_stock")
ArrowRows: TypeAlias = "pa.Table | pa.RecordBatchReader"


def read(
    events: ArrowRows,
    items: ArrowRows,
    *,
    session_gap_seconds: float = 1800,
    known_items: Iterable[str] = (),
    known_categories: list[str] | None = None,
    known_brands: list[str] | None = None,
) -> tuple[ItemEvents, Catalogue]:
    """Read events and items into sorted columns.

    Parameters
    ----------
    events
        Columns ``customer_no``, ``item_id``, ``event_at``, ``event_type`` and, if there,
        ``clock_at``, ``unit_price``, ``sequence_no`` and ``act_rank``; in any order. ``clock_at``
        is the time by the shop's clock, which says what day it was; without it days are UTC. The
        last two settle the order within one moment, nulls last; without ``act_rank`` the order of
        ``KINDS`` does, and what is left goes by the name of the item. Rows without customer, item
        or time and event types outside ``KINDS`` are left out.
    items
        Columns ``item_id`` and, if there, ``category``, ``brand``, ``list_price``, ``is_in_stock``.
    session_gap_seconds
        A longer pause starts a new session; below zero every event is its own.
    known_items, known_categories, known_brands
        Names that keep these places, in this order, as a trained model needs them. Categories
        and brands beyond a given list are taken as absent.

    Raises
    ------
    ValueError
        When a column is missing; it names the table and the column.
    """
    names: dict[str, int] = {name: place for place, name in enumerate(known_items)}
    count_known = len(names)
    customer, item, kind, at, price, sequence, rank, offset = _read_events(events, names)
    item_table = _in_order(_whole(items, "items", ("item_id",)))
    for name in item_table["item_id"].to_pylist():
        if name is not None:
            names.setdefault(str(name), len(names))

    first_at = np.full(len(names), NEVER, dtype=np.int64)
    np.minimum.at(first_at, item, _clock(at, offset))
    first_price = _first_price(item, _clock(at, offset), price, first_at)

    # Known items keep their places; the others follow in order of first event, then of name, so
    # that the order of arrival cannot change a thing.
    labels = np.array(list(names), dtype=object)
    fresh = np.arange(count_known, len(names))
    by_name = fresh[np.argsort(labels[fresh].astype(str), kind="stable")] if len(fresh) else fresh
    order = np.concatenate(
        [np.arange(count_known), by_name[np.argsort(first_at[by_name], kind="stable")]]
    ).astype(np.int64)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))

    catalogue = _catalogue(
        tuple(labels[order].tolist()),
        first_at[order],
        first_price[order],
        item_table,
        known_categories,
        known_brands,
    )
    # By name and not by number, which depends on what else is known.
    name_rank = np.empty(len(labels), dtype=np.int64)
    name_rank[np.argsort(labels.astype(str), kind="stable")] = np.arange(len(labels))
    within_moment = [name_rank[item], rank, *([sequence] if np.any(sequence != NEVER) else [])]
    columns = [customer, place[item], kind, at, offset]
    del customer, item, kind, at, sequence, rank, offset
    return _sorted_tokens(columns, within_moment, session_gap_seconds), catalogue


def reordered(
    tokens: ItemEvents,
    catalogue: Catalogue,
    items: pa.Table,
    known_items: list[str],
    known_categories: list[str],
    known_brands: list[str],
) -> tuple[ItemEvents, Catalogue]:
    """Return what ``read`` would have given had it known these names, without reading again."""
    place = {name: number for number, name in enumerate(catalogue.item_ids)}
    known = set(known_items)
    names = [*known_items, *(name for name in catalogue.item_ids if name not in known)]
    # An item that has gone altogether keeps its place, as one that never had an event.
    source = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    found = source >= 0
    number = np.empty(len(catalogue.item_ids), dtype=np.int64)
    number[source[found]] = np.flatnonzero(found)
    new_place = {name: index for index, name in enumerate(names)}
    items = _in_order(items)
    listed = items["item_id"].cast(pa.string()).to_pylist()
    where = np.array([new_place[n] if n is not None else -1 for n in listed], dtype=np.int64)
    category, category_names = _codes(items, "category", where, len(names), known_categories)
    brand, brand_names = _codes(items, "brand", where, len(names), known_brands)
    return dataclasses.replace(tokens, items=number[tokens.items]), Catalogue(
        item_ids=tuple(names),
        first_at=np.where(found, catalogue.first_at[source], NEVER),
        category=category,
        brand=brand,
        price=np.where(found, catalogue.price[source], np.float32(np.nan)).astype(np.float32),
        in_stock=np.where(found, catalogue.in_stock[source], True),
        category_names=category_names,
        brand_names=brand_names,
        has_stock=catalogue.has_stock,
    )


def _columns(names: Iterable[str], table: str, required: Iterable[str]) -> None:
    found = list(names)
    for column in required:
        if column not in found:
            raise ValueError(f"{table} has no column {column!r}; it has {', '.join(found)}")


def _in_order(items: pa.Table) -> pa.Table:
    """Sort listings by what they say: of several with one id the last counts, in any order."""
    columns = [name for name in CATALOGUE_COLUMNS if name in items.column_names]
    return items.sort_by([(name, "ascending") for name in columns])


def _whole(rows: ArrowRows, table: str, required: Iterable[str]) -> pa.Table:
    _columns(rows.schema.names, table, required)
    return rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows


def _read_events(
    events: ArrowRows, names: dict[str, int]
) -> tuple[
    IntArray, IntArray, Int8Array, IntArray, Float32Array, IntArray, Int16Array, Int32Array | None
]:
    """Encode batch by batch, so that a stream of any length needs only its encoded columns.

    The last is how far the shop's clock is ahead of UTC, in seconds; None where it never is.
    """
    _columns(events.schema.names, "events", EVENT_COLUMNS)
    batches = events.to_batches() if isinstance(events, pa.Table) else events
    parts: tuple[list[Any], ...] = ([], [], [], [], [], [], [], [])
    kinds = pa.array(KINDS)
    for batch in batches:
        kind = pc.index_in(batch.column("event_type").cast(pa.string()), kinds)
        keep = pc.and_(
            pc.and_(batch.column("customer_no").is_valid(), batch.column("item_id").is_valid()),
            pc.and_(batch.column("event_at").is_valid(), kind.is_valid()),
        )
        kept = batch.filter(keep)
        if kept.num_rows == 0:
            continue
        item = kept.column("item_id").cast(pa.string()).dictionary_encode()
        codes = np.array(
            [names.setdefault(name, len(names)) for name in item.dictionary.to_pylist()],
            dtype=np.int64,
        )
        at = _microseconds_of(kept, "event_at")
        if "unit_price" in kept.schema.names:
            price = pc.fill_null(kept.column("unit_price").cast(pa.float32()), np.nan)
        else:
            price = pa.array(np.full(kept.num_rows, np.nan, dtype=np.float32))
        kind_codes = kind.filter(keep).cast(pa.int8()).to_numpy()
        found = (
            kept.column("customer_no").cast(pa.int64()).to_numpy(),
            codes[item.indices.to_numpy()],
            kind_codes,
            at,
            np.asarray(price.to_numpy(), dtype=np.float32),
            _whole_numbers(kept, "sequence_no", np.full(kept.num_rows, NEVER)),
            _whole_numbers(kept, "act_rank", kind_codes).astype(np.int16),
            _offsets(kept, at),
        )
        for column, piece in zip(parts, found, strict=True):
            column.append(piece)
    customer, item_code, kind_code, moment, unit_price, sequence, rank, offset = (
        _joined(column, dtype)
        for column, dtype in zip(
            parts,
            (np.int64, np.int64, np.int8, np.int64, np.float32, np.int64, np.int16, np.int32),
            strict=True,
        )
    )
    ahead = offset if np.any(offset) else None
    return customer, item_code, kind_code, moment, unit_price, sequence, rank, ahead


def _microseconds_of(batch: pa.RecordBatch, name: str) -> IntArray:
    column = batch.column(name)
    at = column.cast(pa.timestamp("us", _zone(column.type))).cast(pa.int64())
    return np.asarray(at.to_numpy(), dtype=np.int64)


def _offsets(batch: pa.RecordBatch, at: IntArray) -> Int32Array:
    """Return how many seconds the shop's clock is ahead of UTC; int32 ``[events]``."""
    if "clock_at" not in batch.schema.names:
        return np.zeros(len(at), dtype=np.int32)
    return ((_microseconds_of(batch, "clock_at") - at) // 1_000_000).astype(np.int32)


def _clock(at: IntArray, offset: Int32Array | None) -> IntArray:
    """Return times by the shop's clock in microseconds; int64 ``[events]``."""
    return at if offset is None else at + offset.astype(np.int64) * 1_000_000


def _whole_numbers(batch: pa.RecordBatch, name: str, otherwise: IntArray | Int8Array) -> IntArray:
    """Return a column with its nulls as ``NEVER``, or what stands for it where there is none."""
    if name not in batch.schema.names:
        return otherwise.astype(np.int64)
    filled = pc.fill_null(batch.column(name).cast(pa.int64()), NEVER)
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def _joined(pieces: list[Any], dtype: type) -> Any:
    """Return the pieces as one column; the list is empty then, so that nothing is there twice."""
    whole = np.concatenate([np.zeros(0, dtype), *pieces])
    pieces.clear()
    return whole


def _zone(kind: pa.DataType) -> str | None:
    return kind.tz if pa.types.is_timestamp(kind) else None


def _first_price(
    item: IntArray, at: IntArray, price: Float32Array, first_at: IntArray
) -> Float32Array:
    """Return the lowest positive price at an item's first moment: known as soon as the item is."""
    known = np.isfinite(price) & (price > 0) & (at == first_at[item])
    first = np.full(len(first_at), np.inf, dtype=np.float32)
    np.minimum.at(first, item[known], price[known])
    return np.where(np.isfinite(first), first, np.float32(np.nan)).astype(np.float32)


def _catalogue(
    item_ids: tuple[str, ...],
    first_at: IntArray,
    first_price: Float32Array,
    table: pa.Table,
    categories: list[str] | None,
    brands: list[str] | None,
) -> Catalogue:
    place = {name: index for index, name in enumerate(item_ids)}
    listed = table["item_id"].cast(pa.string()).to_pylist()
    where = np.array([place[name] if name is not None else -1 for name in listed], dtype=np.int64)
    price = first_price.copy()
    in_stock = np.ones(len(item_ids), dtype=np.bool_)
    if "list_price" in table.column_names:
        values = pc.fill_null(table["list_price"].cast(pa.float32()), np.nan)
        listed_price = np.asarray(values.to_numpy(), dtype=np.float32)
        usable = (where >= 0) & np.isfinite(listed_price) & (listed_price > 0)
        price[where[usable]] = listed_price[usable]
    if "is_in_stock" in table.column_names:
        stock = pc.fill_null(table["is_in_stock"].cast(pa.bool_()), True)
        flags = np.asarray(stock.to_numpy(), dtype=np.bool_)
        in_stock[where[where >= 0]] = flags[where >= 0]
    category, category_names = _codes(table, "category", where, len(item_ids), categories)
    brand, brand_names = _codes(table, "brand", where, len(item_ids), brands)
    return Catalogue(
        item_ids=item_ids,
        first_at=first_at,
        category=category,
        brand=brand,
        price=price,
        in_stock=in_stock,
        category_names=category_names,
        brand_names=brand_names,
        has_stock="is_in_stock" in table.column_names,
    )


def _codes(
    table: pa.Table, column: str, where: IntArray, count: int, known: list[str] | None
) -> tuple[IntArray, tuple[str, ...]]:
    """Return codes from 1; a name that only one item has adds nothing to the item: 0."""
    codes = np.zeros(count, dtype=np.int64)
    if column not in table.column_names:
        return codes, tuple(known or ())
    values = table[column].cast(pa.string()).to_pylist()
    if known is not None:
        names = known
    else:
        counts: dict[str, int] = {}
        for value in values:
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        names = sorted(value for value, uses in counts.items() if uses > 1)
    numbers = {name: index + 1 for index, name in enumerate(names)}
    own = np.array([numbers.get(value, 0) for value in values], dtype=np.int64)
    codes[where[where >= 0]] = own[where >= 0]
    return codes, tuple(names)


def _sorted_tokens(
    columns: list[Any], within_moment: list[Any], session_gap_seconds: float
) -> ItemEvents:
    """Build tokens of customer, item, kind, moment and offset; take the columns singly.

    They are as long as the events: no more than one of them is there twice at a time.
    ``within_moment`` holds what acts of one moment are ordered by, the last key first.
    """
    customer, item, kind, at, offset = columns
    order = np.lexsort((*within_moment, at, customer))
    within_moment.clear()
    del customer, item, kind, at, offset
    customer, item, kind, at = (columns.pop(0)[order] for _ in range(4))
    offset = columns.pop(0)
    offset = None if offset is None else offset[order]
    del order
    starts, pause = _pauses(customer, at)
    session = np.cumsum(starts | (pause > session_gap_seconds * 1_000_000)) - 1
    if session_gap_seconds >= 0:
        # One token a session, day and item, at its first moment, with its strongest intent. Every
        # cut-off is a midnight: so none falls between the acts of a token, and none lets a
        # view before it show the purchase after it.
        part = _parts(session, _clock(at, offset))
        by_item = np.lexsort((item, part))
        fresh = np.ones(len(by_item), dtype=np.bool_)
        same = _repeats(item[by_item])
        same &= _repeats(part[by_item])
        fresh[1:] = ~same
        del same, part
        heads = np.flatnonzero(fresh)
        first = by_item[heads]
        if len(heads):
            kind[first] = np.maximum.reduceat(kind[by_item], heads)
        del by_item, fresh, heads
        first.sort()
        customer, item, kind, at, session = (
            column[first] for column in (customer, item, kind, at, session)
        )
        offset = None if offset is None else offset[first]
        starts, pause = _pauses(customer, at)
    gap = np.clip(np.log2(1 + pause / 1_000_000), 0, GAP_BUCKETS - 2).astype(np.int8) + np.int8(1)
    heads = np.flatnonzero(starts)
    return ItemEvents(
        customers=customer[heads],
        offsets=np.append(heads, len(customer)).astype(np.int64),
        items=item,
        kinds=kind,
        at=_never_back(starts, _clock(at, offset)),
        sessions=session,
        gaps=np.where(starts, np.int8(0), gap),
    )


def _never_back(starts: Array, clock: IntArray) -> IntArray:
    """Hold the clock through an hour that it goes back over: acts keep their order."""
    while len(back := 1 + np.flatnonzero(~starts[1:] & (clock[1:] < clock[:-1]))):
        clock[back] = clock[back - 1]
    return clock


def _parts(session: IntArray, at: IntArray) -> IntArray:
    """Count up from part to part that midnights of the shop cut sessions into; ``[events]``."""
    opens = np.ones(len(at), dtype=np.bool_)
    opens[1:] = ~_repeats(session)
    day = at // MICROSECONDS_A_DAY
    opens[1:] |= ~_repeats(day)
    return np.cumsum(opens) - 1


def _repeats(column: IntArray) -> Array:
    """Return which values equal the one before; bool ``[values - 1]``."""
    return np.asarray(column[1:] == column[:-1])


def _pauses(customer: IntArray, at: IntArray) -> tuple[Array, IntArray]:
    """Return where a customer's events start, and the time since the one before; 0 at a start."""
    starts = np.ones(len(customer), dtype=np.bool_)
    starts[1:] = customer[1:] != customer[:-1]
    pause = np.zeros(len(at), dtype=np.int64)
    np.subtract(at[1:], at[:-1], out=pause[1:], where=~starts[1:])
    return starts, pause
