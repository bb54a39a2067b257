"""Does `risk_rings` name the rings of fraudsters that were planted, and leave households alone?

usage: make bench-rings [SEEDS=20] [CUSTOMERS=2000] [FIRST=101] [ARGS=--scores]

Generates one storefront a seed, builds only what `risk_rings` needs, and compares its suspected
members with the shop's truth, per member: who belongs to a ring of fraudsters and has tried to pay.
Compared with them is what components of three and more customers who share something would name.
Innocent are members of households and flats who belong to no ring. With `--scores` the scores of
payment attempts are made, too, for the last days of each shop (`--scored-days`): of each planted
kind, how many attempts score above 99 in a hundred of the others in their shop. Prints a line a
shop and a summary; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
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
        hits: by planted kind, attempts that score above 99 % of the attempts that are no fraud.
        scored: by planted kind, attempts that have a score.
    """

    suspected: set[str]
    connected: set[str]
    ring: set[str]
    innocent: set[str]
    hits: Counter[str] = field(default_factory=Counter)
    scored: Counter[str] = field(default_factory=Counter)


def key_of(kind: str, raw_id: str) -> str:
    """The key under which an id of the storefront is known in the warehouse, 64 hex digits."""
    secret = os.environ[VARIABLE].encode()
    return hmac.new(secret, f"storefront:{kind}:{raw_id}".encode(), hashlib.sha256).hexdigest()


def judge(connection: duckdb.DuckDBPyConnection) -> Shop:
    """Compare the mart of a built storefront with its truth."""
    members = connection.execute(
        "select customer_key, member_count, is_suspected from marts.risk_rings"
    ).fetchall()
    truth = [
        (key_of("customer", customer), kind)
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


def judge_scores(connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    """Count the attempts of each planted kind that score above 99 % of those that are no fraud."""
    kinds = {
        key_of("event", event)[:32]: (kind, is_fraud)
        for event, kind, is_fraud in connection.execute(
            "select event_id, kind, is_fraud from truth_storefront.truth_risk_attempts"
        ).fetchall()
    }
    scores = connection.execute(
        "select attempt_id, risk_score from marts.transaction_risk where risk_score is not null"
    ).fetchall()
    honest = sorted(score for attempt, score in scores if not kinds.get(attempt, ("", False))[1])
    if not honest:
        return
    bar = honest[min(len(honest) - 1, int(0.99 * len(honest)))]
    for attempt, score in scores:
        if attempt in kinds:
            kind = kinds[attempt][0]
            shop.scored[kind] += 1
            shop.hits[kind] += score > bar


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
    parser.add_argument("--scores", action="store_true", help="judge scores of attempts, too")
    parser.add_argument("--scored-days", type=int, default=180, help="days that are scored")
    asked = parser.parse_args()

    select = ["+risk_rings"] + (["+transaction_risk"] if asked.scores else [])
    variables = {"storefront_customers": asked.customers}
    if asked.scores:
        variables["risk_scored_days"] = asked.scored_days
    # Each shop is a warehouse of its own, whose key nobody needs afterwards.
    os.environ.setdefault(VARIABLE, secrets.token_hex(20))
    shops = []
    with tempfile.TemporaryDirectory(prefix="footfall-rings-") as name:
        folder = Path(name)
        manifest = parse(folder, variables)
        print("  seed  members  suspected  right  in components  innocents  of them suspected")
        for seed in range(asked.first, asked.first + asked.seeds):
            database = folder / DATABASE
            build(manifest, database, {**variables, "storefront_seed": seed}, select)
            with duckdb.connect(str(database), read_only=True) as connection:
                shop = judge(connection)
                if asked.scores:
                    judge_scores(connection, shop)
            database.unlink()
            shops.append(shop)
            print(
                f"{seed:>6}{len(shop.ring):>9}{len(shop.suspected):>11}"
                f"{len(shop.suspected & shop.ring):>7}{len(shop.connected):>15}"
                f"{len(shop.innocent):>11}{len(shop.suspected & shop.innocent):>19}",
                flush=True,
            )
    suspected, connected = named(shops, "suspected"), named(shops, "connected")
    hits = sum((shop.hits for shop in shops), Counter[str]())
    scored = sum((shop.scored for shop in shops), Counter[str]())
    print(f"\n{'':<30}{'named':>8}{'precision':>11}{'recall':>8}{'innocents named':>17}")
    for title, row in (("risk_rings", suspected), ("components of 3 and more", connected)):
        print(
            f"{title:<30}{row['named']:>8.0f}{row['precision']:>11.3f}{row['recall']:>8.3f}"
            f"{row['innocents_named']:>17.4f}"
        )
    recalls = {kind: round(hits[kind] / count, 4) for kind, count in sorted(scored.items())}
    for kind, recall in recalls.items():
        print(f"recall at 1 % false positives, {kind:<16}{scored[kind]:>6} attempts {recall:>6.3f}")
    summary = {
        "shops": len(shops),
        "first_seed": asked.first,
        "customers": asked.customers,
        "members": sum(len(shop.ring) for shop in shops),
        "suspected": suspected,
        "components": connected,
        "recall_1_fpr": recalls,
        "duckdb": duckdb.__version__,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
