"""Rows of `int_texts` as they are learned from and scored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from footfall.core.arrays import IntArray
from footfall.reviews.texts import normalised

#: What is read of each text.
COLUMNS = (
    *("text_id", "customer_no", "language", "title", "body", "text_digest", "rating"),
    *("has_words", "written_at"),
)
#: Stars from which on, and up to which, a rating is a label.
POSITIVE_FROM, NEGATIVE_TO = 4.0, 2.0


def with_words(texts: pa.Table) -> pa.Table:
    """Return the texts that hold a letter, in an order that does not depend on how they came."""
    found = texts.select(COLUMNS).filter(pc.fill_null(texts["has_words"], False))
    return found.sort_by([("written_at", "ascending"), ("text_id", "ascending")])


def written_before(texts: pa.Table, day: date, since: date | None = None) -> pa.Table:
    """Return the texts that were written before a day, and not before another one."""
    found = texts.filter(pc.less(texts["written_at"], _moment(day, texts)))
    if since is None:
        return found
    return found.filter(pc.greater_equal(found["written_at"], _moment(since, texts)))


def columns_of(texts: pa.Table) -> list[list[str]]:
    """Return titles and bodies as they are compared; ``[2][texts]``."""
    return [[normalised(text) for text in texts[name].to_pylist()] for name in ("title", "body")]


def hashes_of(columns: Sequence[Sequence[str]]) -> IntArray:
    """Return a hash of each text, equal where normalised title and body are; int64 ``[texts]``."""
    found = [
        hashlib.blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=8).digest()
        for parts in zip(*columns, strict=True)
    ]
    return np.frombuffer(b"".join(found), np.dtype("<i8")).astype(np.int64)


def _moment(day: date, texts: pa.Table) -> pa.Scalar:
    kind = texts.schema.field("written_at").type
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC if kind.tz else None)
    return pa.scalar(moment, kind)
