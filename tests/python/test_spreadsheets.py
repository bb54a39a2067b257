"""CSV for people holds nothing that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from conftest import PROJECT
from footfall.core.spreadsheets import Writer

pytestmark = pytest.mark.library


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("\N{FULLWIDTH EQUALS SIGN}1", "'\N{FULLWIDTH EQUALS SIGN}1"),
        (-1.5, "-1.5"),
        (None, ""),
        ("a=b", "a=b"),
        ("a\r=1", "a\r=1"),
        ("'=1", "'=1"),
        ('a "b", c', 'a "b", c'),
    ],
)
def test_formulas_are_written_as_texts(value: Any, written: str) -> None:
    file = io.StringIO(newline="")
    writer = Writer(file)
    writer.writerow(["name", "value"])
    writer.writerows([["x", value]])
    assert list(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [
        ["name", "value"],
        ["x", written],
    ]


def test_nothing_else_writes_csv_for_people() -> None:
    writes = re.compile(r"csv\.(?:Dict)?[wW]riter\(|\.to_csv\(|format csv", re.IGNORECASE)
    files = (
        path
        for folder in ("src", "benchmarks", "dashboards")
        for path in (PROJECT / folder).rglob("*.py")
        # The harness, and the benchmark of one more day, write what a build is to read.
        if "robustness" not in path.parts and path.name != "bench_risk_day.py"
    )
    found = {str(path.relative_to(PROJECT)) for path in files if writes.search(path.read_text())}
    # PostgreSQL takes its rows as CSV, which nobody opens.
    assert found == {"src/footfall/core/spreadsheets.py", "src/footfall/publishing/postgres.py"}
