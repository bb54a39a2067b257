"""A check, what became of it, and what it took."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_MB = 2**20
#: Resets the peak of a process' memory that Linux keeps.
_RESET_PEAK = "5"


@dataclass(frozen=True)
class Outcome:
    """What became of a check.

    Attributes
    ----------
    actual
        In words.
    is_right
        Whether it is what was expected; None where the check could not be made here.
    peak_mb
        Most memory of the process that did the work, in MB; None where it was this one.
    """

    actual: str
    is_right: bool | None
    peak_mb: float | None = None


@dataclass(frozen=True)
class Check:
    """What is tried, what must become of it, and the trial."""

    name: str
    expected: str
    run: Callable[[], Outcome]


@dataclass(frozen=True)
class Options:
    """How much is tried, and with which dice."""

    short: bool = False
    seed: int = 1
    kills: int = 50


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    part: str
    check: str
    expected: str
    actual: str
    verdict: str
    cpu_s: float
    peak_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Return the line by the names of its columns."""
        return asdict(self)


#: A part of the harness: a folder for its files, and the checks as they are come to.
Part = Callable[[Path, Options], Iterator[Check]]


def measured(part: str, check: Check) -> Row:
    """Run a check, and return what became of it with CPU-seconds and peak memory in MB.

    A check that raises is wrong, and what it raised is what became of it.
    """
    _forget_peak()
    before = _cpu_seconds()
    try:
        outcome = check.run()
    except Exception as error:
        outcome = Outcome(f"{type(error).__name__}: {one_line(str(error))}", False)
    spent = _cpu_seconds() - before
    verdict = {True: "right", False: "WRONG", None: "not run"}[outcome.is_right]
    peak = outcome.peak_mb if outcome.peak_mb is not None else peak_mb()
    return Row(
        *(part, check.name, check.expected, outcome.actual, verdict),
        *(round(spent, 1), round(peak)),
    )


def one_line(text: str, length: int = 400) -> str:
    """Return a text on one line, cut where it is longer than so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[:length]}…"


def peak_mb() -> float:
    """Return the most memory that this process has held since its peak was forgotten, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / _MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB


def _forget_peak() -> None:
    file = Path("/proc/self/clear_refs")
    # Elsewhere than on Linux the peak is that of all checks so far.
    if file.exists():
        file.write_text(_RESET_PEAK)


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def table(rows: list[Row]) -> str:
    """Return rows as a table in Markdown, which is read in a terminal as well."""
    lines = ["| part | check | expected | actual | verdict | CPU-s | peak MB |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        texts = (row.part, row.check, row.expected, row.actual, row.verdict)
        cells = [text.replace("|", "¦") for text in texts]
        lines.append(f"| {' | '.join(cells)} | {row.cpu_s:.1f} | {row.peak_mb:.0f} |")
    return "\n".join(lines)


def seconds_since(began: float) -> str:
    """Return the time since a moment of `time.monotonic`, for a line of progress."""
    return f"{time.monotonic() - began:.0f} s"
