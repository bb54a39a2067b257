"""What the tests share: a shop to build in this process, without parsing the project each time."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import get_flags
from dbt_common.events.base_types import EventMsg

from footfall.privacy import warehouse
from shared_work import Manifests, done_once, folder_of_all, unpacked

PROJECT = Path(__file__).resolve().parents[2]
# No test may publish to the database of the user who runs the tests.
os.environ.pop("FOOTFALL_PUBLISH_POSTGRES", None)
os.environ.pop("FOOTFALL_PUBLISH_SCHEMA", None)
# Real data is built under a secret, and no test may leave a key file in the project.
KEY = "a key of the tests and of nothing else"
os.environ["DBT_ENV_SECRET_FOOTFALL_KEY"] = KEY
# The look at inputs before a build has tests of its own, and costs a second or two.
os.environ["FOOTFALL_INPUTS_ARE_CHECKED"] = "1"

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
    "+int_text_accounting",
)
# The events of dbt that carry what the project itself says.
SPOKEN = ("JinjaLogInfo", "AdapterEventInfo")
# A training that takes a second: what it learns does not matter, that it runs does.
SMALL_SCORER: Mapping[str, Any] = {
    "scorer_epochs": 1,
    "scorer_warm_epochs": 1,
    "cutoff_months": 6,
    "horizons_days": [30],
    "value_horizons_days": [30],
    "backtest_cutoffs": 1,
}


MANIFESTS = Manifests(PROJECT)
# Vars that dbt reads when it runs and not when it parses: shops that differ in these alone share
# what was parsed without them. Parsing takes longer than building a small shop.
RUN_TIME_VARS = frozenset(
    {
        "column_formats",
        "complete_journey_path",
        "custom_amounts_are",
        "custom_times_without_offset_are",
        "custom_columns",
        "custom_event_names",
        "custom_event_type",
        "custom_encoding",
        "custom_header",
        "custom_keep_identical_rows",
        "custom_campaigns_are_kept",
        "shop_hosts",
        "custom_rows_are",
        "custom_vocabulary",
        "custom_widths",
        "cutoff_months",
        "fairness_attributes",
        "max_devices_per_customer",
        "max_rejected_share",
        "keep_months",
        "more_cutoff_dates",
        "paths_kept",
        "reporting_currency",
        "segment_hysteresis",
        "segment_traits",
        "session_cut_at_campaign_change",
        "shop_time_zone",
        "session_max_minutes",
        "storefront_customers",
        "storefront_seed",
        "storefront_until",
    }
)
# Of a file dbt only sees that there is one; which it is, it sees when it runs.
SOME_FILE = "any file"
# Marks what a build is to select. Of each name that it is told, dbt goes through the whole graph
# several times; a tag it finds at once.
CHOSEN = "chosen_by_a_test"
# Artifacts and logs take a quarter of the time of a small build: they are left out where no test
# reads them.
NO_ARTIFACTS = ("--no-write-json",)
NO_LOGS = ("--log-level", "none", "--log-level-file", "none")
# Tests that look for secrets look into all that dbt can be made to write.
ALL_LOGS = ("--log-level-file", "debug")


def give_key(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection of a test read views that make keys, as dbt's own connections do."""
    warehouse.give_key(connection, KEY)


def key_sql(kind: str, raw_id: str, source: str = "source") -> str:
    """The key of a raw id as SQL, as macro `id_key` writes it, for a connection with a key."""
    text = f"{source} || ':{kind}:' || {raw_id}"
    inner = f"sha256(getvariable('footfall_hmac_inner') || encode({text}))"
    return f"left(sha256(getvariable('footfall_hmac_outer') || unhex({inner})), 32)"


class NotParsedError(Exception):
    """The project cannot be parsed with the vars of a shop; holds what dbt answered."""

    def __init__(self, outcome: dbtRunnerResult) -> None:
        super().__init__(str(outcome.exception))
        self.outcome = outcome


class Warehouse:
    """A warehouse file of its own and the vars it is built with."""

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, Any],
        *,
        artifacts: bool = False,
        logs: bool = False,
    ) -> None:
        """What dbt writes next to the warehouse, into `target` and `logs`, it writes if asked.

        `only_tests` can be set to the data tests that the project is to have, for a test to which
        all the others would say nothing.
        """
        self.folder = folder
        self.path = folder / "shop.duckdb"
        self.published = folder / "published"
        self.said: list[str] = []
        self.variables = dict(variables)
        self.artifacts = artifacts
        self.logs = logs
        self.only_tests: frozenset[str] | None = None

    def dbt(self, *arguments: str) -> dbtRunnerResult:
        """Run dbt in this process; connections are closed again, so that tests can look inside.

        What macros and the adapter had to say at the run's end and before is kept in `said`.
        """
        try:
            manifest = None if arguments[0] == "parse" else self.manifest()
        except NotParsedError as error:
            return error.outcome
        return self._run(arguments, manifest)

    def manifest(self) -> Manifest:
        """The project as parsed with the shop's vars."""
        manifest = unpacked(self.packed_manifest())
        if self.only_tests is not None:
            for id_, node in list(manifest.nodes.items()):
                if node.resource_type == "test" and node.name not in self.only_tests:
                    del manifest.nodes[id_]
            manifest.build_flat_graph()
        return manifest

    def told(self) -> dict[str, Any]:
        """The same as dbt writes it into manifest.json."""
        # dbt knows its flags from the first command on, and the manifest writes one of them down.
        if not hasattr(get_flags(), "SEND_ANONYMOUS_USAGE_STATS"):
            self._run(["ls", "--select", "int_items"], self.manifest())
        told = self.manifest().writable_manifest().to_dict(omit_none=False)
        loaded: dict[str, Any] = json.loads(json.dumps(told, default=str))
        return loaded

    def packed_manifest(self) -> bytes:
        """The same as bytes, for another process."""
        parsed_with = {
            name: SOME_FILE if name.endswith("_path") and value is not None else value
            for name, value in sorted(self.variables.items())
            if name not in RUN_TIME_VARS
        }
        shop = Warehouse(self.folder, parsed_with)
        return MANIFESTS.packed(parsed_with, self.folder, shop.parsed_anew)

    def parsed_anew(self) -> Manifest:
        """The project as dbt parses it now with all of the shop's vars."""
        outcome = self._run(["parse", "--no-partial-parse"], None)
        if not outcome.success:
            raise NotParsedError(outcome)
        assert isinstance(outcome.result, Manifest)
        return outcome.result

    def _run(self, arguments: Sequence[str], manifest: Manifest | None) -> dbtRunnerResult:
        self.said = []
        quietly = (*(() if self.artifacts else NO_ARTIFACTS), *(ALL_LOGS if self.logs else NO_LOGS))
        os.environ["FOOTFALL_DB"] = str(self.path)
        os.environ["FOOTFALL_PUBLISHED"] = str(self.published)
        try:
            return dbtRunner(manifest=manifest, callbacks=[self._listen]).invoke(
                [*arguments, *self.settings(), *quietly]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()

    def settings(self) -> list[str]:
        """The arguments that any command of dbt needs to work on this shop."""
        return [
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(self.folder / "target")),
            *("--log-path", str(self.folder / "logs")),
            *("--vars", json.dumps(self.variables, ensure_ascii=False)),
            "--quiet",
        ]

    def _listen(self, event: EventMsg) -> None:
        if event.info.level != "debug" and event.info.name in SPOKEN:
            self.said.append(event.info.msg)

    def build(
        self, select: Sequence[str] = SQL_PART, *options: str, test: bool = False
    ) -> dbtRunnerResult:
        """Build nodes by name, `+` for all above them; without their tests unless asked."""
        try:
            manifest = self.manifest()
        except NotParsedError as error:
            return error.outcome
        if select:
            mark(manifest, select)
        chosen = ("--select", f"tag:{CHOSEN}") if select else ()
        # Without tests there is no need to look which of them a selection would bring along.
        leave_out = (
            () if test else ("--exclude-resource-type", "test", "--indirect-selection", "empty")
        )
        # One thread: the cores have other tests to run. Whole builds, by `dbt`, have them all.
        return self._run(
            [
                *("build", *chosen, *leave_out, "--exclude-resource-type", "unit_test"),
                *("--threads", "1", *options),
            ],
            manifest,
        )

    def built(self, select: Sequence[str] = SQL_PART, *options: str, test: bool = False) -> None:
        """Build a selection and fail with what went wrong, if anything did."""
        outcome = self.build(select, *options, test=test)
        assert outcome.success, problems(outcome)

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the warehouse; for many queries, as opening takes longer than most."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            give_key(connection)
            yield connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with self.opened() as connection:
            return connection.sql(sql).fetchall()

    def value(self, sql: str) -> Any:
        """The only value of a query on the warehouse."""
        ((value,),) = self.query(sql)
        return value

    def execute(self, *statements: str) -> None:
        """Change the warehouse from outside, as a loader would."""
        with self.opened() as connection:
            for statement in statements:
                connection.execute(statement)

    def forget(self) -> None:
        """Start again with an empty warehouse; what dbt has parsed stays."""
        for path in self.folder.glob("shop.duckdb*"):
            path.unlink()


def mark(manifest: Manifest, select: Sequence[str]) -> None:
    """Tag what a selection means in a manifest: nodes, and with a `+` what they depend on."""
    ids = {node.name: id_ for id_, node in manifest.nodes.items()}
    chosen = {ids[name.removeprefix("+")] for name in select}
    above = {ids[name.removeprefix("+")] for name in select if name.startswith("+")}
    seen: set[str] = set()
    # Sources are no nodes.
    while above := (above - seen) & manifest.nodes.keys():
        seen |= above
        above = {parent for id_ in above for parent in manifest.nodes[id_].depends_on_nodes}
    for id_ in chosen | seen:
        manifest.nodes[id_].tags.append(CHOSEN)


def problems(outcome: dbtRunnerResult) -> str:
    """What a run says of itself when it fails: the exception and the messages of failed nodes."""
    said = [str(outcome.exception)] if outcome.exception else []
    for row in outcome.result or []:
        if str(row.status) in ("error", "fail"):
            said.append(f"{row.node.name}: {row.message}")
    return "\n".join(said)


# The files that take longest, the longest first: one that comes last keeps a single process busy.
LONGEST = (
    "test_crashes",
    "test_incremental",
    "test_builds",
    "test_bad_days",
    "test_published_builds",
    "test_customers",
    "test_project",
    "test_kept_tables",
    "test_journey",
    "test_staging_sources",
    "test_heads",
    "test_restated",
    "test_site",
    "test_intent",
    "test_ties",
    "test_publishing",
    "test_bench_value",
    "test_values",
    "test_boards",
    "test_commands",
    "test_metrics",
    "test_withdrawals",
    "test_pain_points",
    "test_report",
    "test_export_mappings",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files are given to the test processes in this order."""
    items.sort(key=lambda item: LONGEST.index(of) if (of := item.path.stem) in LONGEST else 99)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the test processes of one run keep what they share."""
    return folder_of_all(tmp_path_factory.getbasetemp())


WHOLE_STOREFRONT: Mapping[str, Any] = {"storefront_customers": 400, **SMALL_SCORER}


@pytest.fixture(scope="module")
def whole_storefront(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A storefront of 400 customers, built with all its data tests, and published.

    It is built once for all; each file of tests has a copy of its own.
    """

    def build(folder: Path) -> None:
        shop = Warehouse(folder, WHOLE_STOREFRONT, artifacts=True)
        outcome = shop.dbt("build", "--exclude-resource-type", "unit_test")
        assert outcome.success, problems(outcome)

    once = done_once(shared_folder, "whole_storefront", build)
    folder = tmp_path_factory.mktemp("whole_storefront")
    shutil.copytree(once, folder, symlinks=True, dirs_exist_ok=True)
    return Warehouse(folder, WHOLE_STOREFRONT, artifacts=True)


# The public click stream of the package retentioneering, and what is built of it.
CLICKS = PROJECT / "tests" / "data" / "retentioneering" / "ecom.csv.gz"
JOURNEY = (
    "+sessions",
    "+journey_funnel",
    "+journey_transitions",
    "+journey_paths",
    "+journey_dropoffs",
    "+journey_attribution",
    "+journey_pain_points",
    "+journey_suggestions",
    "+event_name_map",
)


@pytest.fixture(scope="module")
def clicks(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The whole click stream with its journey marts and all their data tests, built once for all.

    Acts of one second follow each other as in the file, so the number of the row settles it.
    """
    variables = {
        "footfall_source": "custom",
        "custom_events_path": str(shared_folder / "clicks" / "events.parquet"),
        "custom_columns": {
            "events": {
                "customer_id": "user_id",
                "event_at": "timestamp",
                "event_type": "event",
                "session_hint": "session_id",
                "device": "platform",
                "channel": "acquisition_channel",
            }
        },
        "custom_vocabulary": "retentioneering",
        **SMALL_SCORER,
    }

    def build(folder: Path) -> None:
        events = folder / "events.parquet"
        duckdb.execute(
            "copy (select row_number() over () as event_id, row_number() over () as sequence_no, *"
            f" from read_csv('{CLICKS}', parallel = false)) to '{events}'"
        )
        shop = Warehouse(folder, {**variables, "custom_events_path": str(events)})
        shop.built(JOURNEY, test=True)

    once = done_once(shared_folder, "clicks", build)
    shop = Warehouse(tmp_path_factory.mktemp("clicks"), variables)
    shutil.copyfile(once / shop.path.name, shop.path)
    return shop


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
