"""What the tests share: a shop to build in this process, without parsing the project each time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from shared_work import Manifests, done_once, folder_of_all

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


MANIFESTS = Manifests()


class NotParsedError(Exception):
    """The project cannot be parsed with the vars of a shop; holds what dbt answered."""

    def __init__(self, outcome: dbtRunnerResult) -> None:
        super().__init__(str(outcome.exception))
        self.outcome = outcome


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
            if arguments[0] == "parse":
                return self._invoke(arguments)
            return self._invoke(arguments, self.manifest())
        except NotParsedError as error:
            return error.outcome
        finally:
            DuckDBConnectionManager.close_all_connections()

    def manifest(self) -> Manifest:
        """The project as parsed with the shop's vars."""
        return MANIFESTS.get(repr(self.variables), self._parsed)

    def _parsed(self) -> Manifest:
        outcome = self._invoke(["parse"])
        if not outcome.success:
            raise NotParsedError(outcome)
        assert isinstance(outcome.result, Manifest)
        return outcome.result

    def _invoke(
        self, arguments: Sequence[str], manifest: Manifest | None = None
    ) -> dbtRunnerResult:
        return dbtRunner(manifest=manifest, callbacks=[self._listen]).invoke(
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


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the test processes of one run keep what they share."""
    MANIFESTS.shared = folder_of_all(tmp_path_factory.getbasetemp())
    return MANIFESTS.shared


WHOLE_STOREFRONT: Mapping[str, Any] = {"storefront_customers": 400, **SMALL_SCORER}


@pytest.fixture(scope="module")
def whole_storefront(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A storefront of 400 customers, built with all its data tests, and published.

    It is built once for all; each file of tests has a copy of its own.
    """

    def build(folder: Path) -> None:
        shop = Warehouse(folder, WHOLE_STOREFRONT)
        outcome = shop.dbt("build", "--exclude-resource-type", "unit_test")
        assert outcome.success, problems(outcome)

    once = done_once(shared_folder, "whole_storefront", build)
    folder = tmp_path_factory.mktemp("whole_storefront")
    shutil.copytree(once, folder, symlinks=True, dirs_exist_ok=True)
    return Warehouse(folder, WHOLE_STOREFRONT)


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
def small_shop_with_sql(small_shop: Warehouse, shared_folder: Path) -> Warehouse:
    """The same with all that SQL alone makes, as one build left it."""

    def build(folder: Path) -> None:
        shop = Warehouse(folder, small_shop.variables)
        shop.built()

    once = done_once(shared_folder, "small_shop_with_sql", build)
    shutil.copyfile(once / small_shop.path.name, small_shop.path)
    return small_shop


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
