"""Small shops whose builds are disturbed, and what is compared afterwards."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conftest import Warehouse

MARTS = (
    "sessions",
    "journey_funnel",
    "customer_rfm",
    "recommendations",
    "churn_risk",
    "customer_value",
    "model_evaluation",
)
#: They, and what they are made of: the rest of a build breaks off no differently.
BUILT = tuple(f"+{mart}" for mart in MARTS)
# Says when a run happened, not what is in the shop.
# Sums of floats move the name of a run in their last digit.
_OPERATIONAL = {"loaded_at", "first_seen_at", "model_run_id"}

Contents = Mapping[str, list[tuple[object, ...]]]


def bring(shop: Warehouse, days: int, *, crawled_pages: int = 0) -> None:
    """Write the events of the first days of a shop with 40 customers; more days only add rows.

    Crawled pages are views without a customer, a device each.
    """
    dice = random.Random(7)
    opened = datetime(2024, 1, 1, tzinfo=UTC)
    with Path(shop.variables["custom_events_path"]).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "device_id", "event_at", "event_type", "item_id", "amount"])
        for day in range(days):
            for visit in range(6):
                customer, at = dice.randrange(40), opened + timedelta(days=day, hours=visit)
                for number in range(4):
                    kind = "purchase" if number == 3 else "view"
                    amount = 5 + dice.randrange(20) if kind == "purchase" else ""
                    moment = at + timedelta(minutes=number)
                    who = f"customer-{customer}", f"device-{customer}"
                    item = f"item-{dice.randrange(25)}"
                    writer.writerow([*who, moment.isoformat(), kind, item, amount])
        for page in range(crawled_pages):
            crawled = opened + timedelta(days=days, seconds=page)
            device = f"crawler-{dice.getrandbits(64)}"
            writer.writerow(["", device, crawled.isoformat(), "view", f"item-{page % 25}", ""])


def contents(shop: Warehouse, marts: Sequence[str] = MARTS) -> Contents:
    """Return every row of the marts, in the order of all that is not an amount."""
    found = {}
    with shop.opened() as warehouse:
        for mart in marts:
            described = [
                (name, kind)
                for name, kind, *_ in warehouse.sql(f"describe marts.{mart}").fetchall()
                if name not in _OPERATIONAL
            ]
            columns = ", ".join(name for name, _ in described)
            keys = ", ".join(name for name, kind in described if kind != "DOUBLE")
            found[mart] = warehouse.sql(
                f"select {columns} from marts.{mart} order by {keys}"
            ).fetchall()
    return found


def different(one: Contents, two: Contents) -> dict[str, tuple[object, object]]:
    """Return the first pair of rows that differ in each mart; floats by more than a millionth.

    Sums depend on the order of addition, and scores are learned from sums.
    """
    found: dict[str, tuple[object, object]] = {}
    for mart, rows in one.items():
        if len(rows) != len(two[mart]):
            found[mart] = (f"{len(rows)} rows", f"{len(two[mart])} rows")
            continue
        for row, other in zip(rows, two[mart], strict=True):
            if not all(map(_alike, row, other)):
                found[mart] = (row, other)
                break
    return found


def _alike(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        both_missing = math.isnan(one) and math.isnan(two)
        return both_missing or math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-6)
    return one == two


def leftovers(shop: Warehouse) -> list[tuple[object, ...]]:
    """Return the tables that a broken off build left half-way."""
    return shop.query(
        "select table_schema, table_name from information_schema.tables"
        " where contains(table_name, '__dbt_tmp') or contains(table_name, '__dbt_backup')"
    )
