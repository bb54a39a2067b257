"""Opens a page in a headless Chromium and reports the outcome: content, errors, requests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: install the package chromium"
)


@dataclass(frozen=True)
class Visit:
    """The page after its scripts ran, what the console and the net log report."""

    page: str
    console: list[str]
    requests: list[str]


def visit(page: Path, folder: Path, *options: str, place: str = "") -> Visit:
    """Open a file, at a place after `#`.

    No name resolves, and what is asked for all the same is in the net log.
    """
    log = folder / "net.json"
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={profile}",
            f"--log-net-log={log}",
            "--enable-logging=stderr",
            "--window-size=1150,900",
            # Timers run at once, and the page is dumped when they are through.
            "--virtual-time-budget=20000",
            *options,
            "--dump-dom",
            page.resolve().as_uri() + (f"#{place}" if place else ""),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
        env={**os.environ, "HOME": str(folder)},
    )
    return Visit(
        page=done.stdout,
        console=[line for line in done.stderr.splitlines() if ":CONSOLE:" in line],
        requests=_requests(log),
    )


def _requests(log: Path) -> list[str]:
    """Addresses that the page asked for. What the browser asks for itself has no origin."""
    events: list[dict[str, Any]] = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return [params["url"] for params in asked if params["initiator"] != "not an origin"]
