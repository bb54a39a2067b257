"""Disks that are full, and folders that may not be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

from conftest import SMALL_SCORER, Warehouse
from robustness.checks import Check, Options, Outcome, one_line
from robustness.processes import built
from robustness.publications import NOON, made_with, make_warehouse, publish
from robustness.publications import leftovers as half_published
from robustness.shops import BUILT, bring, contents, leftovers

BENCHMARKS = Path(__file__).resolve().parents[1]
#: Root without the right to write where its folders forbid it, nor to open them again.
_BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown")
_NOBODY = 65534
#: What a small build makes.
_PART = ("+int_sessions",)
_PUBLISH = """
import resource, sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from robustness import publications
if limit := int(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
publications.publish(Path(sys.argv[2]), publications.NOON + timedelta(minutes=5))
"""


def _shop(home: Path) -> Warehouse:
    folder = home / "shop"
    (folder / "warehouse").mkdir(parents=True)
    events = str(folder / "events.csv")
    variables = {"footfall_source": "custom", "custom_events_path": events, **SMALL_SCORER}
    shop = Warehouse(folder, variables)
    shop.path = folder / "warehouse" / "shop.duckdb"
    bring(shop, 100)
    return shop


def full_for_a_build(home: Path) -> Outcome:
    """Let a build run out of disk, and the next one have room."""
    shop = _shop(home)
    shop.built(BUILT)
    before = contents(shop)
    # Too many to find room in what the file has free.
    bring(shop, 100, crawled_pages=60_000)
    stopped = built(shop, limit=shop.path.stat().st_size + 1_000_000)
    stands = contents(shop) == before
    shop.built()
    ((sessions,),) = shop.query("select count(*) from marts.sessions where visitor_key is not null")
    lines = [line for line in stopped.said.splitlines() if "A disk is full: " in line]
    wrong = [
        *(["it did not stop"] if not stopped.code else []),
        *(["the warehouse is not named"] if f'file "{shop.path}' not in stopped.said else []),
        *(
            ["no line `Nothing published`"]
            if stopped.said.count("Nothing published: ") != 1
            else []
        ),
        *([f"{len(lines)} lines of advice"] if len(lines) != 1 else []),
        *(["a mart changed"] if not stands else []),
        *(["tables are left half-way"] if leftovers(shop) else []),
        *(["rows are missing"] if sessions != len(before["sessions"]) + 60_000 else []),
    ]
    said = f"stops; {' '.join(lines).strip()[:60]}…; all marts as before; the next build is whole"
    return Outcome(one_line("; ".join([said, *wrong])), not wrong, stopped.peak_mb)


def _published(folder: Path, *before: str, limit: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-c", _PUBLISH, str(BENCHMARKS), str(folder), str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )


def _twice(home: Path, name: str) -> Path:
    """Return a warehouse that was published with other rows than it has now."""
    folder = home / name
    folder.mkdir()
    make_warehouse(folder / "warehouse.duckdb", 1000)
    publish(folder)
    make_warehouse(folder / "warehouse.duckdb", 100_000)
    return folder


def _stands(folder: Path, said: str) -> Outcome:
    """Judge a publication that had to stop: the old one stands, and the folder is named."""
    _, _, error = said.partition("PublishingError: ")
    is_named = str(folder / "published") in error and "FOOTFALL_PUBLISHED" in error
    # What was half-way written would keep the disk full.
    stands = made_with(folder) == ({1000}, {1000}) and not half_published(folder)
    found = "the old one stands" if stands else "the old one is gone, or halves are left"
    publish(folder, NOON + timedelta(minutes=10))
    then = made_with(folder) == ({100_000}, {100_000})
    right = is_named and stands and then
    return Outcome(one_line(f"{found}: {error or said[-200:]}", 300), right)


def full_for_a_publication(home: Path, limit: int) -> Outcome:
    """Let a publication run out of disk."""
    folder = _twice(home, f"full_{limit}")
    return _stands(folder, _published(folder, limit=limit).stderr)


@contextmanager
def _closed(folder: Path) -> Iterator[None]:
    """Take a folder from us, as if it were on a disk that is read-only."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, _NOBODY, _NOBODY)
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)
        os.chown(folder, os.getuid(), os.getgid())


@cache
def why_not_closed() -> str:
    """Say why no folder can be closed here; nothing where one can."""
    if os.getuid() != 0:
        return "whoever owns a folder can open it again: only root can give it away"
    if shutil.which(_BOUND[0]) is None:
        return "setpriv (util-linux) is not installed"
    return ""


def closed_publication(home: Path) -> Outcome:
    """Publish to a folder that may not be written."""
    folder = _twice(home, "closed")
    with _closed(folder / "published"):
        said = _published(folder, *_BOUND).stderr
    return _stands(folder, said)


def closed_for_a_build(home: Path, name: str, *options: str) -> Outcome:
    """Build where the folder of the warehouse, or the one for what dbt writes, is closed."""
    shop = _shop(home / name)
    folder = shop.folder / name
    with _closed(folder):
        stopped = built(shop, *options, select=_PART, before=_BOUND)
    lines = [line for line in stopped.said.splitlines() if str(folder) in line]
    # What dbt itself cannot write, such as its graph, it says in its own words.
    is_ours = bool(lines) and (name == "target" or "Traceback" not in stopped.said)
    again = built(shop, select=_PART)
    found = f"stops with {stopped.code}: {(lines or stopped.said.splitlines() or [''])[-1].strip()}"
    then = "the next build is whole" if again.code == 0 else f"then {again.said[-200:]}"
    right = stopped.code != 0 and is_ours and again.code == 0
    return Outcome(one_line(f"{found}; {then}", 300), right, stopped.peak_mb)


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each disk and folder."""
    stops = "stops, names the folder and what to set; the old publication stands"
    for limit in (600_000, 4_000_000):
        name = f"a publication with {limit / 1e6:.1f} MB of room a file"
        yield Check(name, stops, lambda limit=limit: full_for_a_publication(home, limit))
    reason = why_not_closed()
    closed = {
        "published": lambda: closed_publication(home),
        "warehouse": lambda: closed_for_a_build(home, "warehouse"),
        "target": lambda: closed_for_a_build(home, "target"),
    }
    for name, run in closed.items():
        expected = stops if name == "published" else "stops and names the folder; then builds"
        not_here = Outcome(reason, None)
        is_here = not reason
        yield Check(
            f"folder {name} is read-only",
            expected,
            run if is_here else lambda not_here=not_here: not_here,
        )
    if not options.short:
        yield Check(
            "a build on a full disk",
            "stops: one line of advice, one `Nothing published`, marts as before; then builds",
            lambda: full_for_a_build(home / "full"),
        )
