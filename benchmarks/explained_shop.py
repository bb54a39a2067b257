"""A shop whose heads are explained: as it is served, fitted anew, with chance planted, repeated."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench_value import build, read_table
from footfall import attributions, heads
from footfall.attributions import events
from footfall.heads.stored import load_heads
from footfall.recommender.settings import ScorerSettings

TABLES = {
    "cutoffs": "intermediate.int_customer_cutoffs",
    "states": "scores.attention_states",
    "churn": "scores.churn_heads",
    "value": "scores.value_heads",
    "intent": "scores.intent_heads",
    "prefixes": "intermediate.int_session_prefixes",
    "encoder": "scores.attention_encoder",
    "events": "intermediate.int_item_events",
    "items": "intermediate.int_items",
}
#: The idea of a column of random numbers.
PLANTED = "lot"


@dataclass(frozen=True)
class Shop:
    """What a warehouse holds: customers at cut-offs, sessions, heads, encoder and events."""

    cutoffs: pa.Table
    states: pa.Table
    churn: pa.Table
    value: pa.Table
    intent: pa.Table
    prefixes: pa.Table
    encoder: pa.Table
    events: pa.Table
    items: pa.Table

    @property
    def source(self) -> heads.ArrowCutoffs:
        """Customers at cut-offs, for heads to read."""
        return heads.ArrowCutoffs(self.cutoffs, self.states)

    def settings(self, stored: pa.Table, seed: int = 1) -> heads.HeadSettings:
        """Return settings with the horizons of stored heads."""
        horizons = tuple(sorted(load_heads(stored).heads))
        return heads.HeadSettings(horizons=horizons, seed=seed, backtest_cutoffs=1, threads=1)

    def fitted_anew(self, seed: int) -> Shop:
        """Return the same with heads that are fitted with another seed."""
        train = {"churn": heads.train_churn, "value": heads.train_value}
        found = {
            name: fit(
                self.source, settings=self.settings(getattr(self, name), seed), progress=progress
            )
            for name, fit in train.items()
        }
        intent = self.intent
        if self.prefixes.num_rows:
            intent = heads.train_intent(
                self.prefixes,
                self.states,
                settings=heads.HeadSettings(seed=seed, threads=1),
                progress=progress,
            )
        return replace(self, **found, intent=intent)

    def explained(self, by_permutations: int = 0) -> pa.Table:
        """Return the contributions of customers as of today."""
        return attributions.explain_customers(
            self.churn,
            self.value,
            self.source,
            churn_settings=self.settings(self.churn),
            value_settings=self.settings(self.value),
            by_permutations=by_permutations,
            progress=progress,
        )

    def explained_sessions(self) -> pa.Table | None:
        """Return the contributions of recent sessions, None where there are none."""
        if not self.prefixes.num_rows or not self.intent.num_rows:
            return None
        return attributions.explain_sessions(
            self.intent, self.prefixes, self.states, recent_days=7, progress=progress
        )

    def explained_events(self, explained: pa.Table) -> pa.Table:
        """Return which events moved scores of the customers who are explained by permutations."""
        listed = explained.filter(
            pc.and_(
                pc.and_(
                    pc.equal(explained["method"], "permutation"),
                    pc.equal(explained["idea"], "encoder_state"),
                ),
                pc.is_in(explained["score"], pa.array(["churn", "value"])),
            )
        )
        return events.explain_events(
            self.encoder,
            self.events,
            self.items,
            listed,
            self.churn,
            self.value,
            settings=ScorerSettings(threads=1),
            progress=progress,
        )

    def everything(self, by_permutations: int = 0) -> list[pa.Table]:
        """Return the contributions of customers and sessions."""
        tables = [self.explained(by_permutations), self.explained_sessions()]
        return [one for one in tables if one is not None]


def progress(line: str) -> None:
    """Say what is done."""
    print(f"  {line}", file=sys.stderr, flush=True)


def read_shop(warehouse: Path, variables: Mapping[str, Any]) -> Shop:
    """Return what a warehouse holds, or what is built where there is no file."""
    if warehouse.is_file():
        return _read(warehouse)
    progress(f"{warehouse} is not built yet: building what explanations take, elsewhere")
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as folder:
        select = " ".join(f"+{name.partition('.')[2]}" for name in TABLES.values())
        return _read(build(Path(folder), dict(variables), select))


def _read(warehouse: Path) -> Shop:
    try:
        return Shop(**{name: read_table(warehouse, table) for name, table in TABLES.items()})
    except duckdb.Error as error:
        raise SystemExit(f"{warehouse} cannot be read as a whole build: {error}") from None


def with_planted(table: pa.Table, seed: int) -> pa.Table:
    """Return a table with a column of normal random numbers among its features."""
    lot = np.random.default_rng(seed).normal(size=table.num_rows)
    return table.append_column(f"f_{PLANTED}", pa.array(lot))


def repeated(shop: Shop, count: int) -> Shop:
    """Return a shop with at least so many customers as of today, alike but for their numbers."""
    today = shop.cutoffs.filter(shop.cutoffs["is_as_of"])
    buyers = int(pc.sum(pc.greater_equal(today["f_order_days"], 1)).as_py() or 0)
    if not buyers:
        raise SystemExit("Nobody has bought anything yet: there is nothing to explain.")
    latest = pc.max(today["cutoff_date"])
    states = shop.states.filter(pc.equal(shop.states["cutoff_date"], latest))
    numbers = np.unique(today["customer_no"].to_numpy())
    states = states.filter(pc.is_in(states["customer_no"], pa.array(numbers)))

    def copies(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("customer_no")
        new = np.searchsorted(numbers, table["customer_no"].to_numpy())
        return pa.concat_tables(
            table.set_column(place, "customer_no", pa.array(new + copy * len(numbers)))
            for copy in range(-(-count // buyers))
        )

    return replace(shop, cutoffs=copies(today), states=copies(states))
