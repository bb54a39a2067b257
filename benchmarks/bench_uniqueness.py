"""How many customers of a publication are the only ones with what somebody may know of them.

usage: python benchmarks/bench_uniqueness.py published/footfall.duckdb

All published marts with a customer key are joined. The columns that are looked at are those whose
YAML says how they are published (`meta: {published_as: …}`). A mart with several rows a customer
gives the first and the last of its times, and of other columns the value that is there most often.
Of all sets of three columns the one counts that tells most customers apart:

- `attributes`: who customers are and how they shop, without the days of their acts,
- `with days`: these, and the days on which they came and bought.

`country, age, gender` is the set that is known of most people. A customer is unique where nobody
else has the same three values (k-anonymity with k = 1: Sweeney, 2002). Amounts, counts and scores
are no part of it: who knows one of them to the cent needs no second column.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import yaml

PROJECT = Path(__file__).resolve().parents[1]
TOGETHER = 3
TIMES = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE")

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fact:
    """What is known of each customer: a column, and equal numbers for equal values [customers]."""

    name: str
    form: str
    codes: Codes


@dataclass(frozen=True)
class Share:
    """The columns that tell most customers apart, and the share of customers who are unique."""

    columns: tuple[str, ...]
    share: float


def declared_forms(project: Path = PROJECT) -> dict[str, dict[str, str]]:
    """The columns of each mart whose YAML says in which form they are published."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((project / "models" / "marts").glob("*/_*__models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            for column in model["columns"]:
                form = column.get("config", {}).get("meta", {}).get("published_as")
                if form is not None:
                    found.setdefault(model["name"], {})[column["name"]] = form
    return found


def facts_of(
    published: duckdb.DuckDBPyConnection, forms: Mapping[str, Mapping[str, str]]
) -> list[Fact]:
    """What a publication says of its customers, in the order of their keys."""
    published.execute("set TimeZone = 'UTC'")
    return [
        Fact(f"{mart}.{name}", forms[mart][column], codes)
        for mart in sorted(forms)
        for name, column, codes in _columns(published, mart, forms[mart])
    ]


def _columns(
    published: duckdb.DuckDBPyConnection, mart: str, forms: Mapping[str, str]
) -> Iterator[tuple[str, str, Codes]]:
    described = published.execute(f"describe marts.{mart}").fetchall()
    kinds = {row[0]: row[1] for row in described}
    if "customer_key" not in kinds:
        return
    ((rows, customers),) = published.execute(
        f"select count(customer_key), count(distinct customer_key) from marts.{mart}"
    ).fetchall()
    for column in (name for name in forms if name in kinds):
        expressions = {column: f"any_value({column})"}
        if rows > customers:
            if kinds[column] in TIMES:
                expressions = {
                    f"min({column})": f"min({column})",
                    f"max({column})": f"max({column})",
                }
            else:
                expressions = {f"mode({column})": f"mode({column})"}
        for name, expression in expressions.items():
            codes = published.execute(
                f"select dense_rank() over (order by value nulls first)"
                f" from (select customer_key from marts.customer_profile) as customers"
                f" left join (select customer_key, {expression} as value from marts.{mart}"
                f" group by customer_key) as facts using (customer_key) order by customer_key"
            ).fetchnumpy()
            yield name, column, next(iter(codes.values())).astype(np.int64)


def unique_share(facts: Sequence[Fact]) -> float:
    """The share of customers whom nobody is like in all facts at once."""
    together = np.zeros(len(facts[0].codes), dtype=np.int64)
    for fact in facts:
        together = together * (fact.codes.max() + 1) + fact.codes
    counts = np.unique(together, return_counts=True)[1]
    return float((counts == 1).sum() / len(together))


def worst(facts: Sequence[Fact], together: int = TOGETHER) -> Share:
    """Of all sets of so many facts the one that tells most customers apart."""
    # A column that says the same of everybody tells nobody apart.
    telling = [fact for fact in facts if fact.codes.min() < fact.codes.max()]
    return max(
        (
            Share(tuple(fact.name for fact in chosen), unique_share(chosen))
            for chosen in combinations(telling, min(together, len(telling)))
        ),
        key=lambda found: found.share,
    )


def report(facts: Sequence[Fact]) -> dict[str, Share]:
    """The figures by what they say."""
    by_name = {fact.name.removeprefix("customer_profile."): fact for fact in facts}
    age = by_name["birth_year"]
    if age.codes.min() == age.codes.max():
        age = by_name["age_band"]
    known = [by_name["country"], age, by_name["gender"]]
    attributes = [fact for fact in facts if fact.form != "day"]
    return {
        "country, age, gender": Share(tuple(fact.name for fact in known), unique_share(known)),
        "attributes": worst(attributes),
        "with days": worst(facts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("published", type=Path, help="the DuckDB file of a publication")
    path = parser.parse_args().published
    with duckdb.connect(str(path), read_only=True) as published:
        facts = facts_of(published, declared_forms())
    print(f"{len(facts[0].codes):,} customers, any {TOGETHER} of {len(facts)} columns\n")
    for name, found in report(facts).items():
        print(f"{name:22} {found.share:7.1%} unique by {', '.join(found.columns)}")


if __name__ == "__main__":
    main()
