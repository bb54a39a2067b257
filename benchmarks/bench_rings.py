"""Does `risk_rings` name the rings of fraudsters that were planted, and leave households alone?

usage: make bench-rings [SEEDS=20] [CUSTOMERS=2000] [FIRST=101]

Generates one storefront a seed, builds only what `risk_rings` needs, and compares its suspected
members with the shop's truth, per member: who belongs to a ring of fraudsters and has tried to pay.
Compared with them is what components of three and more customers who share something would name.
Innocent are members of households and flats who belong to no ring. Prints a line a shop and a
summary; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench_pain_points import DATABASE, build, parse, ratio
from footfall.builds.keys import VARIABLE

HOMES = ("household", "flat")


@dataclass(frozen=True)
class Shop:
    """What one shop's mart names, and what is true.

    Attributes:
        suspected: customers (keys) who are named as members of a ring.
        connected: customers in a component of three and more.
        ring: members of planted rings who have tried to pay.
        innocent: people of households and flats who have tried to pay and belong to no ring.
    """

    suspected: set[str]
    connected: set[str]
    ring: set[str]
    innocent: set[str]


def key_of(raw_id: str) -> str:
    """The key under which a customer of the storefront is known in the warehouse, 64 hex digits."""
    secret = os.environ[VARIABLE].encode()
    return hmac.new(secret, f"storefront:customer:{raw_id}".encode(), hashlib.sha256).hexdigest()


def judge(connection: duckdb.DuckDBPyConnection) -> Shop:
    """Compare the mart of a built storefront with its truth."""
    members = connection.execute(
        "select customer_key, member_count, is_suspected from marts.risk_rings"
    ).fetchall()
    truth = [
        (key_of(customer), kind)
        for customer, kind in connection.execute(
            "select customer_id, kind from truth_storefront.truth_risk_customers"
            " where attempt_count > 0"
        ).fetchall()
    ]
    ring = {customer for customer, kind in truth if kind == "ring"}
    return Shop(
        suspected={customer for customer, _, is_suspected in members if is_suspected},
        connected={customer for customer, count, _ in members if count >= 3},
        ring=ring,
        innocent={customer for customer, kind in truth if kind in HOMES} - ring,
    )


def named(shops: Iterable[Shop], what: str) -> dict[str, float]:
    """Precision and recall per member of all shops together, and the share of innocents named."""
    pairs = [(getattr(shop, what), shop) for shop in shops]
    right = sum(len(found & shop.ring) for found, shop in pairs)
    return {
        "named": sum(len(found) for found, _ in pairs),
        "precision": round(ratio(right, sum(len(found) for found, _ in pairs)), 4),
        "recall": round(ratio(right, sum(len(shop.ring) for _, shop in pairs)), 4),
        "innocents_named": round(
            sum(len(found & shop.innocent) for found, shop in pairs)
            / max(1, sum(len(shop.innocent) for _, shop in pairs)),
            5,
        ),
    }


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(prog="make bench-rings", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many shops")
    parser.add_argument("--first", type=int, default=101, help="seed of the first shop")
    parser.add_argument("--customers", type=int, default=2000, help="size of a shop")
    asked = parser.parse_args()

    variables = {"storefront_customers": asked.customers}
    # Each shop is a warehouse of its own, whose key nobody needs afterwards.
    os.environ.setdefault(VARIABLE, secrets.token_hex(20))
    shops = []
    with tempfile.TemporaryDirectory(prefix="footfall-rings-") as name:
        folder = Path(name)
        manifest = parse(folder, variables)
        print("  seed  members  suspected  right  in components  innocents  of them suspected")
        for seed in range(asked.first, asked.first + asked.seeds):
            database = folder / DATABASE
            build(manifest, database, {**variables, "storefront_seed": seed}, ["+risk_rings"])
            with duckdb.connect(str(database), read_only=True) as connection:
                shop = judge(connection)
            database.unlink()
            shops.append(shop)
            print(
                f"{seed:>6}{len(shop.ring):>9}{len(shop.suspected):>11}"
                f"{len(shop.suspected & shop.ring):>7}{len(shop.connected):>15}"
                f"{len(shop.innocent):>11}{len(shop.suspected & shop.innocent):>19}",
                flush=True,
            )
    suspected, connected = named(shops, "suspected"), named(shops, "connected")
    print(f"\n{'':<30}{'named':>8}{'precision':>11}{'recall':>8}{'innocents named':>17}")
    for title, row in (("risk_rings", suspected), ("components of 3 and more", connected)):
        print(
            f"{title:<30}{row['named']:>8.0f}{row['precision']:>11.3f}{row['recall']:>8.3f}"
            f"{row['innocents_named']:>17.4f}"
        )
    summary = {
        "shops": len(shops),
        "first_seed": asked.first,
        "customers": asked.customers,
        "members": sum(len(shop.ring) for shop in shops),
        "suspected": suspected,
        "components": connected,
        "duckdb": duckdb.__version__,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
