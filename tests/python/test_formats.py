"""Dates and numbers are read as the values of their column say, and nothing is guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import SMALL_SCORER, Warehouse
from footfall.builds.formats import decide_formats, is_format, refuse_undecided
from footfall.builds.problems import BuildProblem

COLUMNS = [
    {"name": "event_at", "column": "Datum", "kind": "times"},
    {"name": "amount", "column": "Betrag", "kind": "numbers"},
]


def decide(
    event_at: Mapping[int, int],
    amount: Mapping[int, int] | None = None,
    *,
    chosen: Mapping[str, str] | None = None,
    noted: Mapping[str, str] | None = None,
) -> dict[str, dict[str, str]]:
    """Decide over columns of which so many values have a mask."""
    counted = {"event_at": event_at, "amount": amount or {}}
    return decide_formats(
        run_id="run",
        table="custom.events",
        known=["event_at", "amount"],
        columns=COLUMNS,
        counts=[
            [name, str(mask), str(count)]
            for name, masks in counted.items()
            for mask, count in masks.items()
        ],
        chosen=chosen or {},
        noted=noted or {},
    )


@pytest.mark.library
@pytest.mark.parametrize(
    ("masks", "options", "expected"),
    [
        # One value decides for all; two digits of a year leave three readings.
        ({3: 90, 1: 1}, {}, "day_first"),
        ({3: 90, 2: 1}, {}, "month_first"),
        ({7: 9, 5: 3, 4: 1}, {}, "year_first"),
        ({7: 9, 5: 1, 3: 1}, {}, "day_first"),
        ({}, {}, None),
        # What was decided holds, and so does what the user says.
        ({3: 9}, {"noted": {"event_at": "month_first"}}, "month_first"),
        ({}, {"noted": {"event_at": "day_first"}}, "day_first"),
        ({3: 9}, {"chosen": {"event_at": "day_first"}}, "day_first"),
        ({1: 9, 2: 9}, {"chosen": {"event_at": "month_first"}}, "month_first"),
        ({1: 9}, {"chosen": {"event_at": "%d/%m/%Y"}}, "%d/%m/%Y"),
        ({1: 9}, {"noted": {"event_at": "%d/%m/%Y"}}, "%d/%m/%Y"),
    ],
)
def test_a_column_is_read_as_its_values_allow(
    masks: dict[int, int], options: dict[str, Any], expected: str | None
) -> None:
    decision = decide(masks, **options)
    assert decision["formats"].get("event_at") == expected
    assert decision["undecided"] == {}


@pytest.mark.library
@pytest.mark.parametrize(
    ("masks", "options", "message"),
    [
        ({1: 9, 2: 4}, {}, "9 values can only be day_first, 4 values can only be month_first"),
        (
            {2: 4},
            {"noted": {"event_at": "day_first"}},
            "read as day_first in this warehouse, and 4 values can only be month_first",
        ),
        (
            {1: 9},
            {"noted": {"event_at": "day_first"}, "chosen": {"event_at": "month_first"}},
            "built with 'day_first': build everything once with --full-refresh",
        ),
        ({}, {"chosen": {"event_at": "decimal_comma"}}, "it takes day_first, month_first"),
        (
            {},
            {"chosen": {"sent_at": "day_first"}},
            "columns of times and numbers: event_at, amount.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(
    masks: dict[int, int], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BuildProblem, match=message):
        decide(masks, **options)


@pytest.mark.library
def test_what_no_value_decides_is_shown_in_both_readings() -> None:
    assert decide({3: 3}, {3: 1, 1: 5})["undecided"] == {"event_at": "Datum"}
    with pytest.raises(BuildProblem) as refused:
        refuse_undecided(
            table="custom.events",
            columns=COLUMNS,
            examples={"event_at": ["01.10.2019 10:00", "02.10.2019"], "amount": ["1.234"]},
        )
    message = str(refused.value)
    for text in (
        "Column 'Datum' of custom.events",
        "day_first: 2019-10-01 10:00, 2019-10-02",
        "month_first: 2019-01-10 10:00, 2019-02-10",
        "{custom.events: {event_at: day_first}}",
        "decimal_point: 1.234",
        "decimal_comma: 1234",
    ):
        assert text in message
    assert "year_first" not in message


@pytest.mark.library
def test_a_format_is_a_known_word_or_a_pattern() -> None:
    assert is_format("day_first")
    assert is_format("%d%m%Y")
    assert not is_format("dayfirst")
    assert not is_format(7)


HEADER = "Kunde;Datum;Ereignis;Artikel;Bestellung;Menge;Preis;Betrag\n"
NAMES = {
    "customer_id": "Kunde",
    "event_at": "Datum",
    "event_type": "Ereignis",
    "item_id": "Artikel",
    "order_id": "Bestellung",
    "quantity": "Menge",
    "unit_price": "Preis",
    "amount": "Betrag",
}
BUILD = ("build", "--select", "+int_accepted_events", "--exclude-resource-type", "unit_test")
OCTOBER = HEADER + (
    "00123;01.10.2019 10:00;purchase;00017;B1;1;12,50;12,50\n"
    "00124;02.10.2019 11:00;purchase;00018;B2;2;1.234,50;2.469,00\n"
    "00125;13.10.2019 11:00;refund;00018;B3;2;1.234;2.468,00-\n"
)


def test_a_shop_that_writes_commas_and_days_first(tmp_path: Path) -> None:
    shop = Warehouse(
        tmp_path,
        {
            "footfall_source": "custom",
            "custom_events_path": str(tmp_path / "2019-*.csv"),
            "custom_columns": {"events": NAMES},
            **SMALL_SCORER,
        },
    )

    # Which data tests pass says nothing here.
    shop.only_tests = frozenset()

    def errors(*command: str) -> list[str]:
        result = shop.dbt(*command).result
        return [str(one.message) for one in result if one.status == "error"]

    def build(*options: str) -> list[str]:
        return errors(*BUILD, *options)

    def refused() -> str:
        # The first model of a build: the others would be left out.
        (problem,) = errors("run", "--select", "base_custom__events")
        return problem

    def accepted() -> list[tuple[Any, ...]]:
        with duckdb.connect(str(shop.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(
                "select event_at, unit_price, amount"
                " from intermediate.int_accepted_events order by event_at"
            ).fetchall()

    def day(month: int, day_of_month: int, hour: int) -> dt.datetime:
        return dt.datetime(2019, month, day_of_month, hour, tzinfo=dt.UTC)

    # The first two lines alone can be days of January and February as well.
    (tmp_path / "2019-10.csv").write_text("\n".join(OCTOBER.splitlines()[:3]))
    problem = refused()
    assert "month_first: 2019-01-10 10:00, 2019-02-10 11:00" in problem
    assert "{custom.events: {event_at: day_first}}" in problem
    (tmp_path / "2019-10.csv").write_text(OCTOBER)
    assert build() == []
    october = [
        (day(10, 1, 10), 12.5, 12.5),
        (day(10, 2, 11), 1234.5, 2469.0),
        (day(10, 13, 11), 1234.0, -2468.0),
    ]
    assert accepted() == october
    # Another tool writes the next file. What was taken in is as it was.
    november = HEADER + "00126;11/14/2019 09:00;purchase;00017;B4;1;12.50;12.50\n"
    (tmp_path / "2019-11.csv").write_text(november)
    problem = refused()
    for column, only in (("Datum", "month_first"), ("Preis", "decimal_point")):
        assert f"Column '{column}' of custom.events" in problem
        assert f"1 value can only be {only}" in problem
    assert accepted() == october
    # A file of its own way, and a time that needs no decision, are read.
    (tmp_path / "2019-11.csv").write_text(
        HEADER
        + "00126;05.11.2019 09:00;purchase;00017;B4;1;1.250;1.250\n"
        + "00127;2019-11-06 09:00;refund;00017;B5;1;20;(20,00)\n"
    )
    assert build() == []
    later = [(day(11, 5, 9), 1250.0, 1250.0), (day(11, 6, 9), 20.0, -20.0)]
    assert accepted() == [*october, *later]
    assert build("--full-refresh") == []
    assert accepted() == [*october, *later]
