"""What make refuses before it does anything, and the message that says what goes with what."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from conftest import PROJECT

pytestmark = [
    pytest.mark.library,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
SOURCES = (
    "storefront",
    "complete_journey",
    "online_retail",
    "ga4",
    "snowplow",
    "segment",
    "custom",
)


def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What make would do, without a word of the make that runs this test."""
    ours = {"SOURCE", "FILE", "EVENTS", "ITEMS", "CUSTOMERS", "REVIEWS"}
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=PROJECT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["build", "docs", "report", "dashboards", "bench-warm"])
@pytest.mark.parametrize("source", ["storfront", "ga4,custom", "ga4 custom", ""])
def test_a_source_that_is_none_is_named_with_those_that_are(target: str, source: str) -> None:
    done = asked(target, f"SOURCE={source}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"SOURCE is '{source}', which is no source" in done.stderr
    assert " ".join(SOURCES) in done.stderr


def test_make_knows_the_sources_that_dbt_knows() -> None:
    macro = (PROJECT / "macros" / "core" / "check_configuration.sql").read_text()
    (known,) = re.findall(r"macro known_sources\(\) %}\s*{% do return\((\[.*?\])\)", macro)
    assert tuple(re.findall(r"\w+", known)) == SOURCES


@pytest.mark.parametrize("target", ["build", "docs", "lineage"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["EVENTS=a.csv"], "EVENTS: only SOURCE=custom reads that, and SOURCE is storefront"),
        (
            ["SOURCE=ga4", "ITEMS=a.csv", "REVIEWS=b.csv"],
            "ITEMS REVIEWS: only SOURCE=custom reads that, and SOURCE is ga4",
        ),
        (["CUSTOMERS=a.csv"], "CUSTOMERS: only SOURCE=custom"),
        (["FILE=a.csv"], "FILE goes with SOURCE=online_retail, ga4, snowplow or segment"),
        (["SOURCE=complete_journey", "FILE=a.csv"], "and SOURCE is complete_journey"),
        (["SOURCE=custom", "FILE=a.csv"], "name its events with EVENTS=…"),
    ],
)
def test_files_that_the_source_does_not_read_are_refused(
    target: str, given: list[str], said: str
) -> None:
    done = asked(target, *given)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build"], "footfall_source: storefront}"),
        (["build", "SOURCE=ga4", "FILE=/a/b.json"], 'ga4_path: "/a/b.json"'),
        (["build", "SOURCE=custom", "EVENTS=/a/b.csv"], 'custom_events_path: "/a/b.csv"'),
        (["bench-segments", "FILE=/a/b.csv"], "bench_segments.py /a/b.csv"),
        (["bench-sql", "EVENTS=1000"], "--events 1000"),
        (["help", "SOURCE=storfront"], "Footfall"),
    ],
)
def test_what_goes_together_is_done(arguments: list[str], said: str) -> None:
    done = asked(*arguments)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
