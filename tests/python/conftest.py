"""What the tests share: a shop to build in this process, without parsing the project each time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg

PROJECT = Path(__file__).resolve().parents[2]
# No test may publish to the database of whoever runs the tests.
os.environ.pop("FOOTFALL_PUBLISH_POSTGRES", None)
os.environ.pop("FOOTFALL_PUBLISH_SCHEMA", None)

# Everything above the Python models, and the marts that need none of them.
SQL_PART = (
    "+int_customer_cutoffs",
    "+sessions",
    "+journey_funnel",
    "+journey_transitions",
    "+journey_paths",
    "+journey_dropoffs",
    "+customer_rfm",
    "+int_events",
    "+int_row_accounting",
    "+int_reviews",
)
# The events of dbt that carry what the project itself says.
SPOKEN = ("JinjaLogInfo", "AdapterEventInfo")
# A training that takes a second: what it learns does not matter, that it runs does.
SMALL_SCORER: Mapping[str, Any] = {
    "scorer_epochs": 1,
    "cutoff_months": 6,
    "horizons_days": [30],
    "value_horizons_days": [30],
    "backtest_cutoffs": 1,
}


class Warehouse:
    """A warehouse file of its own and the vars it is built with."""

    def __init__(self, folder: Path, variables: Mapping[str, Any]) -> None:
        self.folder = folder
        self.path = folder / "shop.duckdb"
        self.published = folder / "published"
        self.said: list[str] = []
        self.variables = dict(variables)

    def dbt(self, *arguments: str) -> dbtRunnerResult:
        """Run dbt in this process; connections are closed again, so that tests can look inside.

        What macros and the adapter had to say at the run's end and before is kept in `said`.
        """
        self.said = []
        os.environ["FOOTFALL_DB"] = str(self.path)
        os.environ["FOOTFALL_PUBLISHED"] = str(self.published)
        try:
            return dbtRunner(callbacks=[self._listen]).invoke(
                [
                    *arguments,
                    "--project-dir",
                    str(PROJECT),
                    "--profiles-dir",
                    str(PROJECT),
                    "--target-path",
                    str(self.folder / "target"),
                    "--log-path",
                    str(self.folder / "logs"),
                    "--vars",
                    repr(self.variables),
                    "--quiet",
                ]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()

    def _listen(self, event: EventMsg) -> None:
        if event.info.level != "debug" and event.info.name in SPOKEN:
            self.said.append(event.info.msg)

    def build(
        self, select: Sequence[str] = SQL_PART, *options: str, test: bool = False
    ) -> dbtRunnerResult:
        """Build a selection; without its tests unless asked."""
        leave_out = () if test else ("--exclude-resource-type", "test")
        chosen = ("--select", *select) if select else ()
        return self.dbt(
            "build", *chosen, *leave_out, "--exclude-resource-type", "unit_test", *options
        )

    def built(self, select: Sequence[str] = SQL_PART, *options: str, test: bool = False) -> None:
        """Build a selection and fail with what went wrong, if anything did."""
        outcome = self.build(select, *options, test=test)
        assert outcome.success, problems(outcome)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.sql(sql).fetchall()

    def value(self, sql: str) -> Any:
        """The only value of a query on the warehouse."""
        ((value,),) = self.query(sql)
        return value

    def execute(self, *statements: str) -> None:
        """Change the warehouse from outside, as a loader would."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def forget(self) -> None:
        """Start again with an empty warehouse; what dbt has parsed stays."""
        for path in self.folder.glob("shop.duckdb*"):
            path.unlink()


def problems(outcome: dbtRunnerResult) -> str:
    """What a run says of itself when it fails: the exception and the messages of failed nodes."""
    said = [str(outcome.exception)] if outcome.exception else []
    for row in outcome.result or []:
        if str(row.status) in ("error", "fail"):
            said.append(f"{row.node.name}: {row.message}")
    return "\n".join(said)


@pytest.fixture(scope="session")
def storefront_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storefront")


@pytest.fixture(scope="session")
def custom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("custom")


@pytest.fixture
def small_shop(storefront_folder: Path) -> Iterator[Warehouse]:
    """A storefront of 200 customers, empty at the start of each test."""
    warehouse = Warehouse(storefront_folder, {"storefront_customers": 200, **SMALL_SCORER})
    warehouse.forget()
    yield warehouse
    warehouse.forget()


@pytest.fixture
def own_shop(custom_folder: Path) -> Iterator[Warehouse]:
    """A shop that is read from `events.csv` in the folder, which each test writes."""
    events = custom_folder / "events.csv"
    warehouse = Warehouse(
        custom_folder,
        {"footfall_source": "custom", "custom_events_path": str(events), **SMALL_SCORER},
    )
    warehouse.forget()
    events.unlink(missing_ok=True)
    yield warehouse
    warehouse.forget()
