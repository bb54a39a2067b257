"""Small made-up shops for the tests of the scorer."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pyarrow as pa

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
EVENTS_SCHEMA = pa.schema(
    [
        ("customer_no", pa.int64()),
        ("item_id", pa.string()),
        ("event_at", pa.timestamp("us", tz="UTC")),
        ("event_type", pa.string()),
        ("basket_id", pa.string()),
        ("unit_price", pa.float64()),
        ("amount", pa.float64()),
    ]
)
ITEMS_SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("list_price", pa.float64()),
    ]
)
# Small enough for a test, large enough to learn what the made-up shop hides.
QUICK: dict[str, Any] = {
    "dim": 16,
    "epochs": 2,
    "warm_epochs": 1,
    "max_length": 20,
    "window_days": 14,
    "threads": 1,
    "device": "cpu",
    "batch_tokens": 512,
}


def events_table(rows: list[tuple[int, str, float, str]]) -> pa.Table:
    """Rows of customer, item, days since the start and event type."""
    return pa.Table.from_pylist(
        [
            {
                "customer_no": customer,
                "item_id": item,
                "event_at": START + datetime.timedelta(days=day),
                "event_type": kind,
                "basket_id": f"{customer}-{day}",
                "unit_price": 2.0,
                "amount": 2.0,
            }
            for customer, item, day, kind in rows
        ],
        schema=EVENTS_SCHEMA,
    )


def items_table(count: int) -> pa.Table:
    """Items ``i000`` on; every third has the same category; brands and some prices are missing."""
    return pa.Table.from_pylist(
        [
            {
                "item_id": f"i{number:03d}",
                "category": f"c{number % 3}",
                "brand": None,
                "list_price": float(number) if number % 2 else None,
            }
            for number in range(count)
        ],
        schema=ITEMS_SCHEMA,
    )


def shop(customers: int = 60, items: int = 30, sessions: int = 12, seed: int = 0) -> pa.Table:
    """Customers walk up the items one by one, and buy a favourite of theirs again and again."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, str, float, str]] = []
    for customer in range(customers):
        at = int(random.integers(items))
        favourite = int(random.integers(items))
        for session in range(sessions):
            day = session * 7 + float(random.random())
            rows.append((1000 + customer, f"i{at:03d}", day, "view"))
            rows.append((1000 + customer, f"i{at:03d}", day + 0.001, "purchase"))
            if random.random() < 0.5:
                rows.append((1000 + customer, f"i{favourite:03d}", day + 0.002, "purchase"))
            at = (at + 1) % items
    return events_table(rows)


def shuffled(table: pa.Table, seed: int = 0) -> pa.Table:
    """The same rows in another order."""
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))
