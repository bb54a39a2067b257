"""Imports the bundle into a real Superset and checks what it shows against the published file.

`make check-superset` makes the environment and runs this. Everything is in a temporary folder;
what stays are pictures of the tabs, in `target/superset`.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome

import board
import bundle
from client import ApiError, Client
from server import Server, ServerError, running

PROJECT = Path(__file__).resolve().parents[2]
PICTURES = PROJECT / "target" / "superset"
DASHBOARD = "dashboards/footfall.yaml"
Documents = Mapping[str, bundle.Document]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    subject: str
    figure: str
    problem: str = ""


def tabs_of(documents: Documents) -> dict[str, int]:
    """How many charts each tab of the dashboard holds, by its name, in order."""
    position = documents[DASHBOARD]["position"]
    parts = [part for part in position.values() if isinstance(part, dict)]
    return {
        position[tab]["meta"]["text"]: sum(
            part["type"] == "CHART" and tab in part["parents"] for part in parts
        )
        for root in position["ROOT_ID"]["children"]
        for tab in position[root]["children"]
    }


def by_uuid(documents: Documents, folder: str) -> dict[str, bundle.Document]:
    """The charts or datasets of the bundle by their UUIDs."""
    return {
        document["uuid"]: document
        for path, document in documents.items()
        if path.startswith(f"{folder}/")
    }


def check_metrics(client: Client, documents: Documents, database: Path) -> Iterator[Finding]:
    """Each metric of each dataset, as Superset answers it and as SQL on the file does."""
    ids = client.ids("dataset")
    with duckdb.connect(str(database), read_only=True) as connection:
        for uuid, dataset in by_uuid(documents, "datasets").items():
            table = f"{dataset['schema']}.{dataset['table_name']}"
            names = [metric["metric_name"] for metric in dataset["metrics"]]
            answer = client.metrics(ids[uuid], names)
            sums = ", ".join(metric["expression"] for metric in dataset["metrics"])
            (expected,) = connection.execute(f"select {sums} from {table}").fetchall()
            for name, value in zip(names, expected, strict=True):
                yield compare(f"{dataset['table_name']}.{name}", answer[name], value)


def compare(subject: str, found: Any, expected: Any) -> Finding:
    """Whether two numbers are the same but for the last digits of a floating point number."""
    figure = f"{found:,.6g}" if isinstance(found, int | float) else str(found)
    same = isinstance(found, int | float) and math.isclose(found, float(expected), rel_tol=1e-9)
    return Finding(subject, figure, "" if same else f"SQL says {expected}")


def check_charts(client: Client, documents: Documents, seen: board.Seen) -> Iterator[Finding]:
    """Each chart was asked for by the page and answered with rows."""
    ids = client.ids("chart")
    for uuid, chart in by_uuid(documents, "charts").items():
        results = [
            result
            for answer in seen.answers.get(ids[uuid], [])
            for result in answer.get("result", [{"error": str(answer)}])
        ]
        errors = [str(result["error"]) for result in results if result.get("error")]
        counts = [int(result.get("rowcount") or 0) for result in results]
        fewest = min(counts, default=0)
        problem = "; ".join(errors)
        if not problem and fewest == 0:
            problem = "no rows" if counts else "never asked for"
        yield Finding(chart["slice_name"], f"{fewest:,} rows", problem)


def check_page(seen: board.Seen) -> Iterator[Finding]:
    """Nothing went wrong in the browser, and nobody else was asked."""
    said = {
        "errors on the page": [text for texts in seen.alerts.values() for text in texts],
        "errors in the console": seen.console,
        "requests past the loopback address": sorted(seen.outside),
    }
    for subject, found in said.items():
        yield Finding(subject, str(len(found)), "; ".join(found)[:1000])
    for host in sorted({str(urllib.parse.urlsplit(each).hostname) for each in seen.held_back}):
        yield Finding(f"request to {host}", "held back")


def check_numbers_on_screen(
    chrome: Chrome, client: Client, documents: Documents, database: Path
) -> Iterator[Finding]:
    """What the page shows as a big number is what SQL says."""
    charts = client.ids("chart")
    with duckdb.connect(str(database), read_only=True) as connection:
        ((sessions, conversion),) = connection.execute(
            "select count(*), avg(is_converted::int) from marts.sessions where not is_bot"
        ).fetchall()
    for name, expected in {
        "kpi_sessions": f"{sessions:,}",
        "kpi_conversion": f"{conversion:.2%}",
    }.items():
        chart = documents[f"charts/{name}.yaml"]
        shown = board.text_of(chrome, charts[chart["uuid"]]).splitlines()
        problem = "" if expected in shown else f"SQL says {expected}, the page {shown}"
        yield Finding(f"{chart['slice_name']} on the screen", expected, problem)


def publish_less(database: Path) -> None:
    """Swap in another publication, as a build does: a new file under the old name."""
    fresh = database.with_suffix(".fresh")
    shutil.copyfile(database, fresh)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("delete from marts.sessions where started_at::date >= '2026-06-01'")
        connection.execute("delete from marts.sessions where hash(session_id) % 7 = 0")
    fresh.replace(database)


def check_refusals(client: Client, documents: Documents) -> Iterator[Finding]:
    """Nobody can write to the published file."""
    uuid = documents["databases/footfall.yaml"]["uuid"]
    try:
        client.post(
            "sqllab/execute/",
            json={
                "database_id": client.ids("database")[uuid],
                "sql": "delete from marts.sessions",
                "schema": "marts",
                "runAsync": False,
            },
        )
    except ApiError as error:
        yield Finding("a delete in SQL Lab", "refused", "" if "DML" in str(error) else str(error))
    else:
        yield Finding("a delete in SQL Lab", "accepted", "it should have been refused")


def check_all(server: Server, database: Path, folder: Path) -> Iterator[Finding]:
    """All checks, in the order in which a person would meet them."""
    documents = bundle.documents()
    client = Client(server)
    packed = bundle.pack(bundle.duckdb_uri(database), bundle.published_marts(database))
    print("Importing the bundle, and once more over itself ...", flush=True)
    client.take_in(packed)
    client.take_over(packed)
    for kind in ("chart", "dataset"):
        found, wanted = len(client.ids(kind)), len(by_uuid(documents, f"{kind}s"))
        yield Finding(f"{kind}s imported", str(found), "" if found == wanted else f"not {wanted}")
    print("Comparing metrics with SQL ...", flush=True)
    yield from check_metrics(client, documents, database)
    yield from check_refusals(client, documents)
    print("Looking at the dashboard ...", flush=True)
    tabs = tabs_of(documents)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with board.browser(folder) as chrome:
        board.enter(chrome, server)
        seen = board.look(chrome, server, tabs, PICTURES)
        yield from check_charts(client, documents, seen)
        yield from check_page(seen)
        first = next(iter(tabs))
        board.open_tab(chrome, first, tabs[first])
        yield from check_numbers_on_screen(chrome, client, documents, database)
        print("Publishing anew while Superset runs ...", flush=True)
        publish_less(database)
        yield from check_metrics(client, documents, database)
        board.open_dashboard(chrome, server)
        board.open_tab(chrome, first, tabs[first])
        yield from check_numbers_on_screen(chrome, client, documents, database)


def print_table(findings: list[Finding]) -> None:
    """One line a finding."""
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        verdict = f"FAILED: {finding.problem}" if finding.problem else "ok"
        print(f"  {finding.subject:{width}}  {finding.figure:>14}  {verdict}")


def main() -> int:
    """Run the check; 0 when everything held."""
    parser = argparse.ArgumentParser(description="Checks the bundle in a real Superset.")
    parser.add_argument("--published", type=Path, required=True, help="the published DuckDB file")
    original: Path = parser.parse_args().published
    findings: list[Finding] = []
    try:
        bundle.published_marts(original)
        with tempfile.TemporaryDirectory(prefix="footfall-superset-") as name:
            folder = Path(name)
            # The check publishes again; it does so to a copy.
            database = folder / original.name
            shutil.copyfile(original, database)
            print(f"Setting up Superset over {original} ...", flush=True)
            with running(folder) as server:
                for finding in check_all(server, database, folder):
                    findings.append(finding)
    except (ApiError, ServerError, board.BoardError, bundle.BundleError) as error:
        print(f"The check broke off: {error}", file=sys.stderr)
        return 1
    except WebDriverException as error:
        print(f"The check broke off in the browser: {error.msg}", file=sys.stderr)
        return 1
    print_table(findings)
    failed = sum(bool(finding.problem) for finding in findings)
    print(f"{len(findings) - failed} of {len(findings)} checks held. Pictures: {PICTURES}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
