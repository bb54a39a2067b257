"""Builds and publications that are killed at random moments."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from conftest import SMALL_SCORER, Warehouse, problems
from robustness.checks import Check, Options, Outcome, one_line
from robustness.processes import STARTED, building, finished, kill_after, spent, until
from robustness.publications import NOON, made_with, make_warehouse, publish
from robustness.publications import leftovers as half_published
from robustness.published import published_runs
from robustness.shops import Contents, bring, contents, different, leftovers

BENCHMARKS = Path(__file__).resolve().parents[1]
#: Of one data test less is built, and a publication needs no more.
GUARD = "raw_rows_are_all_accounted_for"
_BUILD = ("build", "--exclude-resource-type", "unit_test")
#: So many kills are of whole builds, the others of publications alone.
_OF_BUILDS = 0.4
#: Publishes what is there, and says when it begins.
_PUBLISH = """
import sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from robustness import publications
print("begun", flush=True)
publications.publish(Path(sys.argv[2]), publications.NOON + timedelta(minutes=int(sys.argv[3])))
"""


@dataclass
class _Built:
    """A shop that was built, the same with more events built undisturbed, and what that took."""

    shop: Warehouse
    before: Path
    undisturbed: Contents
    published: str
    cpu_s: float


def shop_with_more_events(home: Path) -> Warehouse:
    """Return a shop of 100 days that was built and published, with 20 days more in its file."""
    folder = home / "shop"
    folder.mkdir()
    events = str(folder / "events.csv")
    # A worse model is kept out in favour of the one before, and then the past shows in the scores.
    variables = {
        "footfall_source": "custom",
        "custom_events_path": events,
        "largest_skill_drop": 0.99,
        **SMALL_SCORER,
    }
    shop = Warehouse(folder, variables)
    shop.only_tests = frozenset({GUARD})
    bring(shop, 100)
    _succeed(shop)
    bring(shop, 120)
    return shop


def _succeed(shop: Warehouse) -> None:
    outcome = shop.dbt(*_BUILD)
    if not outcome.success:
        raise RuntimeError(problems(outcome))


def _prepared(home: Path) -> _Built:
    shop = shop_with_more_events(home)
    before = home / "before"
    shutil.copytree(shop.folder, before, symlinks=True)
    published, _ = published_runs(shop.published, shop.path.stem)
    with building(shop, select=()) as (process, output):
        said = until(output, STARTED)
        started = spent(process)
        done = finished(process, said + output.read())
    if done.code:
        raise RuntimeError(done.said[-2000:])
    undisturbed = contents(shop, marts_of(shop))
    return _Built(shop, before, undisturbed, published, done.cpu_s - started)


def marts_of(shop: Warehouse) -> list[str]:
    """Return the marts, but for those that say which runs there were: a killed one counts."""
    of_runs = ("model_runs", "score_drift")
    rows = shop.query(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    )
    return [name for (name,) in rows if name not in of_runs]


def killed_build(made: _Built, share: float) -> Outcome:
    """Kill a build at a share of what it takes, look at what stands, and build again."""
    shop = made.shop
    shutil.rmtree(shop.folder)
    shutil.copytree(made.before, shop.folder, symlinks=True)
    with building(shop, select=()) as (process, output):
        until(output, STARTED)
        is_killed = kill_after(process, share * made.cpu_s)
        at = _place(output.read())
    # Every mart can be read, and what is published is whole and of one run.
    marts = marts_of(shop)
    contents(shop, marts)
    standing = published_runs(shop.published, shop.path.stem)
    _succeed(shop)
    new = published_runs(shop.published, shop.path.stem)
    differing = different(made.undisturbed, contents(shop, list(made.undisturbed)))
    wrong = [
        *(["it was over before"] if not is_killed else []),
        *(["the file and Parquet are of two runs"] if len(set(standing)) > 1 else []),
        *([f"{name} differs: {pair}" for name, pair in differing.items()]),
        *(
            ["the next build published nothing new"]
            if set(new) & {made.published, *standing}
            else []
        ),
        *(["tables are left half-way"] if leftovers(shop) else []),
    ]
    whose = "of before" if standing[0] == made.published else "of the killed build"
    text = f"killed {at}; publication {whose}, whole; {len(differing)} of {len(marts)} marts differ"
    return Outcome(one_line("; ".join([text, *wrong])), not wrong)


def _place(said: str) -> str:
    started = [line.partition("START ")[2] for line in said.splitlines() if "START " in line]
    return f"at {started[-1].partition(' [')[0].rstrip(' .')}" if started else "early"


def killed_publication(home: Path, cpu_s: float, number: int) -> Outcome:
    """Kill a publication some CPU-seconds after it began, look at it, and publish again."""
    folder = home / f"publication_{number}"
    folder.mkdir()
    make_warehouse(folder / "warehouse.duckdb", 20_000)
    publish(folder)
    make_warehouse(folder / "warehouse.duckdb", 40_000)
    with _publishing(folder) as process:
        is_killed = kill_after(process, cpu_s)
    in_file, in_parquet = made_with(folder)
    publish(folder, NOON + timedelta(minutes=10))
    again = made_with(folder)
    standing = {(20_000,): "old", (40_000,): "new"}
    file, parquet = (standing.get(tuple(rows), f"{rows}") for rows in (in_file, in_parquet))
    whole = again == ({40_000}, {40_000}) and not half_published(folder)
    when = f"killed after {cpu_s:.2f} CPU-s" if is_killed else "it was over before"
    right = is_killed and whole and {file, parquet} <= {"old", "new"}
    then = "whole" if whole else f"{again}, with {half_published(folder)}"
    text = f"{when}; {file} rows in the file, {parquet} ones in Parquet; the next one is {then}"
    return Outcome(text, right)


@contextmanager
def _publishing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PUBLISH, str(BENCHMARKS), str(folder), "5"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _cpu_of_a_publication(home: Path) -> float:
    folder = home / "undisturbed"
    folder.mkdir()
    make_warehouse(folder / "warehouse.duckdb", 40_000)
    publish(folder)
    with _publishing(folder) as process:
        started = spent(process)
        return finished(process, "").cpu_s - started


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each kill."""
    dice = random.Random(options.seed)
    count = 3 if options.short else options.kills
    builds = round(count * _OF_BUILDS)
    made: list[_Built] = []

    def build(share: float) -> Outcome:
        if not made:
            made.append(_prepared(home))
        return killed_build(made[0], share)

    cpu_s = 0.0
    for number in range(1, count - builds + 1):
        cpu_s = cpu_s or _cpu_of_a_publication(home)
        moment = dice.uniform(0, 0.9) * cpu_s
        expected = "file and Parquet whole, each of one run; the next publication whole"
        yield Check(
            f"publication {number} killed",
            expected,
            lambda moment=moment, number=number: killed_publication(home, moment, number),
        )
    for number in range(1, builds + 1):
        share = dice.uniform(0.01, 0.93)
        expected = "marts readable, publication whole and of one run, the next build as undisturbed"
        name = f"build {number} killed at {share:.0%} of its CPU-seconds"
        yield Check(name, expected, lambda share=share: build(share))
