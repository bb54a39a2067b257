"""Shops out of all proportion: each is built whole, or stops with one line of what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from conftest import SMALL_SCORER, Warehouse
from robustness.checks import Check, Options, Outcome, one_line
from robustness.kills import GUARD
from robustness.processes import built

_START = dt.datetime(2024, 1, 1, 9, tzinfo=dt.UTC).isoformat()
_ADVICE = "Memory ran out: "
# A whole build logs fewer lines; a list of all that is unknown would be longer.
_MOST_LINES = 2000
_KINDS = "['view', 'view', 'add_to_cart', 'purchase'][i % 4 + 1]"


@dataclass(frozen=True)
class Shop:
    """A shop, and how it must end.

    Attributes
    ----------
    name
        What it is.
    columns
        SQL of its columns by name; `i` is the number of the row, from 0.
    rows
        How many rows it has.
    variables
        Further vars.
    memory
        What DuckDB may take.
    may_run_out
        Whether it may stop for lack of memory.
    asserted
        SQL of what must hold on the warehouse.
    says
        What the build says, where it has to stop.
    """

    name: str
    columns: Mapping[str, str]
    rows: int
    variables: Mapping[str, Any] = field(default_factory=dict)
    memory: str = "3GB"
    may_run_out: bool = False
    asserted: str = "true"
    says: str = ""


def _at(seconds: str) -> str:
    return f"cast(timestamptz '{_START}' + to_seconds({seconds}) as varchar)"


def _one_customer(rows: int) -> Shop:
    # An act a minute, after a visit every twenty days.
    seconds = "case when i > 13 then 60 * i else -1728000 * (14 - i) end"
    columns = {
        "customer_id": "'anna'",
        "event_at": _at(seconds),
        "event_type": _KINDS,
        "item_id": "'item-' || (i % 50)",
        "amount": "case when i % 4 = 3 then 10 end",
    }
    # Never half an hour of rest: one session, flagged and not lost.
    asserted = (
        f"(select count(*) from marts.sessions where event_count = {rows - 14} and is_overlong) = 1"
        " and (select count(*) from marts.customer_rfm) = 1"
        " and (select count(*) from marts.recommendations) = 10"
    )
    return Shop(f"{rows:,} events of one customer", columns, rows, asserted=asserted)


def _customers(rows: int, memory: str) -> Shop:
    columns = {
        "customer_id": "'c' || i",
        "event_at": _at("i % 31536000"),
        "event_type": "'purchase'",
        "item_id": "'item-' || (i % 500)",
        "amount": "10",
    }
    asserted = f"(select count(*) from marts.customer_rfm) = {rows}"
    name = f"{rows:,} customers with one event each, {memory}"
    return Shop(name, columns, rows, memory=memory, may_run_out=True, asserted=asserted)


def _several(**more: str) -> Mapping[str, str]:
    return {
        "customer_id": "'c' || (i % 200)",
        "event_at": _at("3600 * i"),
        "event_type": _KINDS,
        "item_id": "'item-' || (i % 50)",
        "amount": "case when i % 4 = 3 then 10 end",
        **more,
    }


def shops(*, short: bool) -> list[Shop]:
    """Return the shops."""
    names = {f"act {number}": "view" for number in range(5000)}
    acts = "'act ' || (i % 5000)"
    many = 100_000 if short else 1_000_000
    all_at_once = {
        "customer_id": "'c' || (i % 20)",
        "event_id": "i",
        "event_at": _at("0"),
        "event_type": "['view', 'add_to_cart', 'purchase'][i % 3 + 1]",
        "item_id": "'item-' || (i % 5)",
        "amount": "case when i % 3 = 2 then 10 end",
    }
    return [
        Shop(
            *("no events at all", _several(), 0),
            asserted="(select count(*) from marts.sessions) = 0"
            " and (select count(*) from marts.model_runs) = 1",
        ),
        Shop(
            *("all events in one second", all_at_once, 300),
            asserted="(select count(*) from marts.sessions where event_count = 15) = 20",
        ),
        Shop(
            *("5,000 event types, none of them known", _several(event_type=acts), 10_000),
            says="has 5,000 unknown event names",
        ),
        Shop(
            *("5,000 event types, all of them named in a var", _several(event_type=acts), 10_000),
            variables={"custom_event_names": names},
            asserted="(select count(*) from intermediate.int_events) = 10000",
        ),
        Shop(
            *("500 channels", _several(channel="'channel ' || (i % 500)"), 10_000),
            asserted="(select count(distinct channel) from marts.sessions) = 500",
        ),
        Shop(
            *("one second of training time", _several(), 10_000),
            variables={"scorer_epochs": 100, "scorer_time_budget_seconds": 1},
            asserted="(select count(*) from marts.recommendations) > 0",
        ),
        _one_customer(many),
        _customers(many, "500MB"),
    ]


def became_of(shop: Shop, home: Path) -> Outcome:
    """Build a shop whole, with the test that counts its rows, and look at what was made."""
    folder = home / shop.name.replace(" ", "_").replace(",", "")
    folder.mkdir()
    file = folder / "events.parquet"
    select = ", ".join(f"{sql} as {name}" for name, sql in shop.columns.items())
    duckdb.sql(f"copy (select {select} from range({shop.rows}) as rows (i)) to '{file}'")
    named = {"footfall_source": "custom", "custom_events_path": str(file), **SMALL_SCORER}
    made = Warehouse(folder, {**named, **shop.variables})
    made.only_tests = frozenset({GUARD})
    done = built(made, select=(), environment={"FOOTFALL_MEMORY": shop.memory})
    advice = [line.strip() for line in done.said.splitlines() if _ADVICE in line]
    if done.code:
        published = [line.strip() for line in done.said.splitlines() if "Nothing published" in line]
        errors = [line for line in done.said.splitlines() if "Error" in line or shop.says in line]
        is_short = len(done.said.splitlines()) < _MOST_LINES
        is_expected = bool(shop.says) and shop.says in done.said and is_short
        ran_out = shop.may_run_out and len(advice) == 1
        right = (is_expected or ran_out) and len(published) == 1
        text = advice[0] if advice else (errors or done.said.splitlines() or [""])[0].strip()
        return Outcome(one_line(f"stops: {text}", 300), right, done.peak_mb)
    if shop.says:
        return Outcome("is built", False, done.peak_mb)
    ((holds, raw, kept),) = made.query(
        f"select {shop.asserted}, sum(raw_count), sum(accepted_count)"
        " from intermediate.int_row_accounting"
    )
    text = f"is built: {raw or 0:,} rows, {kept or 0:,} taken in"
    right = bool(holds) and (raw or 0) == (kept or 0) == shop.rows
    return Outcome(text if holds else f"{text}, but not {shop.asserted}", right, done.peak_mb)


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each shop."""
    for shop in shops(short=options.short):
        expected = f"stops: {shop.says}" if shop.says else "is built, all rows taken in"
        expected += ", or stops with one line of advice" if shop.may_run_out else ""
        run: Callable[[], Outcome] = lambda shop=shop: became_of(shop, home)  # noqa: E731
        yield Check(shop.name, expected, run)
