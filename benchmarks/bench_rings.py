"""Does `risk_rings` name the rings of fraudsters that were planted, and leave households alone?

usage: make bench-rings [SEEDS=20] [CUSTOMERS=2000] [FIRST=101] [ARGS=--scores]

Generates one storefront a seed, builds only what `risk_rings` needs, and compares its suspected
members with the shop's truth, per member: who belongs to a ring of fraudsters and has tried to pay.
Compared with them is what components of three and more customers who share something would name.
Innocent are members of households and flats who belong to no ring. Prints a line a shop and a
summary; the last line is one JSON object.

With --scores it also scores the attempts of half a year, each by the model of its own week, and
says which share of the frauds of each planted kind comes before all but 1 % of the shop's honest
attempts. Fraud is what the truth calls so, whether a bank has charged it back or not; attempts
that only look like fraud (false declines) and customers who deny what they bought are honest.
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
KINDS = ("ring", "stolen_account", "card_testing", "refund_abuse")
SCORED_DAYS = 180
FALSE_POSITIVES = 0.01


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


def key_of(raw_id: str, kind: str = "customer") -> str:
    """The key under which the warehouse knows what the storefront has an id for, 64 hex digits."""
    secret = os.environ[VARIABLE].encode()
    return hmac.new(secret, f"storefront:{kind}:{raw_id}".encode(), hashlib.sha256).hexdigest()


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


def found_by_score(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Frauds of each kind that score above 1 % of the honest attempts, and all of them."""
    truth = {
        key_of(event, "event")[:32]: kind
        for event, kind in connection.execute(
            "select event_id, kind from truth_storefront.truth_risk_attempts where is_fraud"
        ).fetchall()
    }
    scored = connection.execute(
        "select attempt_id, risk_score from scores.scored_risk where scored_by <> 'history'"
    ).fetchall()
    honest = sorted((score for attempt, score in scored if attempt not in truth), reverse=True)
    limit = honest[int(FALSE_POSITIVES * len(honest))]
    frauds = [(truth[attempt], score) for attempt, score in scored if attempt in truth]
    return {
        kind: (
            sum(score > limit for one, score in frauds if one == kind),
            sum(one == kind for one, _ in frauds),
        )
        for kind in KINDS
    }


def print_scores(found: list[dict[str, tuple[int, int]]]) -> dict[str, float]:
    """Print and return the recall of each kind over all shops."""
    print(f"\n{'recall at 1 % false positives':<30}{'attempts':>10}{'recall':>8}")
    recalls = {}
    for kind in KINDS:
        caught = sum(one[kind][0] for one in found)
        frauds = sum(one[kind][1] for one in found)
        recalls[kind] = round(ratio(caught, frauds), 4)
        print(f"{kind:<30}{frauds:>10}{recalls[kind]:>8.3f}")
    return recalls


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
    parser.add_argument("--scores", action="store_true", help="judge the scores, too")
    asked = parser.parse_args()

    variables = {"storefront_customers": asked.customers, "risk_scored_days": SCORED_DAYS}
    models = ["+risk_rings", "+scored_risk"] if asked.scores else ["+risk_rings"]
    # Each shop is a warehouse of its own, whose key nobody needs afterwards.
    os.environ.setdefault(VARIABLE, secrets.token_hex(20))
    shops, by_score = [], []
    with tempfile.TemporaryDirectory(prefix="footfall-rings-") as name:
        folder = Path(name)
        manifest = parse(folder, variables)
        print("  seed  members  suspected  right  in components  innocents  of them suspected")
        for seed in range(asked.first, asked.first + asked.seeds):
            database = folder / DATABASE
            build(manifest, database, {**variables, "storefront_seed": seed}, models)
            with duckdb.connect(str(database), read_only=True) as connection:
                shop = judge(connection)
                if asked.scores:
                    by_score.append(found_by_score(connection))
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
    recalls = print_scores(by_score) if asked.scores else {}
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
