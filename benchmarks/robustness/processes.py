"""Builds in processes of their own, which can be killed, starved and measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
from dbt.parser.manifest import extended_mashumaro_encoder

from conftest import Warehouse
from robustness.shops import BUILT

TESTS = Path(__file__).resolve().parents[2] / "tests" / "python"
#: What dbt says when the first model starts.
STARTED = "START sql"
# The first argument is the greatest size of a file in bytes, 0 for none: Python ignores the signal,
# so writing more fails like a full disk. The second is a file with what dbt has parsed, and the
# third where shared_work lies, which reads it.
_DBT = """
import pathlib, resource, sys
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from dbt.cli.main import dbtRunner
sys.path.append(sys.argv[3])
from shared_work import unpacked
manifest = unpacked(pathlib.Path(sys.argv[2]).read_bytes())
sys.exit(not dbtRunner(manifest=manifest).invoke(sys.argv[4:]).success)
"""
# How often the CPU-seconds of a process are looked at.
_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Finished:
    """A process that is over.

    Attributes
    ----------
    code
        Its exit status, negative for a signal.
    said
        What it printed.
    cpu_s
        Its CPU-seconds.
    peak_mb
        The most memory that it held, in MB.
    """

    code: int
    said: str
    cpu_s: float
    peak_mb: float


@contextmanager
def building(
    shop: Warehouse,
    *options: str,
    limit: int = 0,
    select: Sequence[str] = BUILT,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run `dbt build` in a process of its own, which does not outlive the block.

    Parameters
    ----------
    options
        Further arguments of dbt.
    limit
        The greatest size of a file in bytes; 0 for none.
    select
        What is built, without its tests; nothing for a whole build, which is published.
    environment
        What is added to that of this process.
    before
        A program that starts Python.

    Yields
    ------
    tuple
        The process, and its output.
    """
    parsed = shop.folder / "parsed.msgpack"
    if shop.only_tests is None or not parsed.exists():
        parsed.write_bytes(_packed(shop))
    verbose = [argument for argument in shop.settings() if argument != "--quiet"]
    part = ("--select", *select, "--exclude-resource-type", "test") if select else ()
    process = subprocess.Popen(
        [
            *(*before, sys.executable, "-u", "-c", _DBT, str(limit), str(parsed), str(TESTS)),
            *("build", *part, *options, *verbose, "--no-write-json", "--no-use-colors"),
            *("--exclude-resource-type", "unit_test"),
        ],
        env={
            **os.environ,
            "FOOTFALL_DB": str(shop.path),
            "FOOTFALL_PUBLISHED": str(shop.published),
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _packed(shop: Warehouse) -> bytes:
    if shop.only_tests is None:
        return shop.packed_manifest()
    packed = shop.manifest().to_msgpack(extended_mashumaro_encoder)
    assert isinstance(packed, bytes)
    return packed


def built(shop: Warehouse, *options: str, **more: object) -> Finished:
    """Build to the end, whatever that is; takes what `building` takes."""
    with building(shop, *options, **more) as (process, output):  # type: ignore[arg-type]
        said = output.read()
        return finished(process, said)


def finished(process: subprocess.Popen[str], said: str) -> Finished:
    """Wait for the end of a process, and return what it took."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime
    return Finished(process.returncode, said, cpu, used.ru_maxrss * 1024 / 2**20)


def kill_at(shop: Warehouse, announcement: str, *options: str) -> None:
    """Start a build and `kill -9` it at the line of its output that has the announcement."""
    with building(shop, *options) as (process, said):
        lines = []
        for line in said:
            lines.append(line)
            if announcement in line:
                process.kill()
                break
        process.wait()
    assert process.returncode == -signal.SIGKILL, "".join(lines)
    assert not any("Completed" in line for line in lines)


def until(output: IO[str], announcement: str) -> str:
    """Read the output of a process as far as the line with an announcement."""
    lines = []
    for line in output:
        lines.append(line)
        if announcement in line:
            break
    return "".join(lines)


def kill_after(process: subprocess.Popen[str], cpu_s: float) -> bool:
    """`kill -9` a process when it has used so many CPU-seconds more; return whether it lived on.

    CPU-seconds, as the moment would otherwise depend on what else the machine does.
    """
    end = spent(process) + cpu_s
    while process.poll() is None:
        if spent(process) >= end:
            process.kill()
            process.wait()
            return process.returncode == -signal.SIGKILL
        time.sleep(_LOOK_SECONDS)
    return False


def spent(process: subprocess.Popen[str]) -> float:
    """Return the CPU-seconds of a process so far; infinite where it is over."""
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.NoSuchProcess:
        return float("inf")
    return float(times.user + times.system)
