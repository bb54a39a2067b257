"""A Superset of its own: files in a temporary folder, on the loopback address, gone at the end."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

HERE = Path(__file__).resolve().parent
START_SECONDS = 300
PAUSE_SECONDS = 0.5
USER = "footfall"


class ServerError(Exception):
    """Superset could not be set up or started; the message holds what it said."""


@dataclass(frozen=True)
class Server:
    """A running Superset and who may enter."""

    address: str
    user: str
    password: str


class _Until(Retry):
    """Asks again until a moment of the monotonic clock, while the process of the server lives."""

    def __init__(self, process: subprocess.Popen[bytes], until: float, **options: Any) -> None:
        pauses = {"backoff_factor": PAUSE_SECONDS, "backoff_max": PAUSE_SECONDS}
        # The moment bounds how often, not a count.
        answers = {"total": sys.maxsize, "status_forcelist": range(400, 600)}
        super().__init__(**{**pauses, **answers, **options})
        self.process = process
        self.until = until

    def new(self, **options: Any) -> _Until:
        """The state after one more attempt, as the base class asks for it."""
        made: _Until = super().new(process=self.process, until=self.until, **options)
        return made

    def is_exhausted(self) -> bool:
        """Whether there is no sense in asking again."""
        return time.monotonic() > self.until or self.process.poll() is not None


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Set up a Superset with its files in an empty folder, and stop it at the end."""
    password = secrets.token_urlsafe(24)
    surroundings = {
        **os.environ,
        "FLASK_APP": "superset.app",
        "FOOTFALL_SUPERSET_SECRET": secrets.token_urlsafe(48),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SUPERSET_HOME": str(folder),
        # DuckDB cuts days and months by the time zone of the process.
        "TZ": "UTC",
    }
    _set_up(folder, surroundings, password)
    port = _free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _beside_python(
                "gunicorn",
                *("--bind", f"127.0.0.1:{port}"),
                *("--workers", "1", "--threads", "8", "--timeout", "300"),
                "superset.app:create_app()",
            ),
            env=surroundings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(process, address, log)
            yield Server(address, USER, password)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _set_up(folder: Path, surroundings: dict[str, str], password: str) -> None:
    # The password is in the command line of a process of the same user, for a minute.
    admin = ["--username", USER, "--firstname", "Foot", "--lastname", "Fall"]
    admin += ["--email", "footfall@localhost", "--password", password]
    for saying, command in {
        "making the metadata database": ["db", "upgrade"],
        "making an administrator": ["fab", "create-admin", *admin],
        "making roles": ["init"],
    }.items():
        print(f"  {saying} ...", flush=True)
        done = subprocess.run(
            _beside_python("superset", *command),
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerError(f"superset {command[0]} failed:\n{done.stdout}{done.stderr}")


def _beside_python(name: str, *arguments: str) -> list[str]:
    """The command of a package in the environment that this runs in."""
    return [str(Path(sys.executable).parent / name), *arguments]


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    print("  starting the server ...", flush=True)
    until = time.monotonic() + START_SECONDS
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=_Until(process, until)))
        try:
            session.get(f"{address}/health", timeout=10).raise_for_status()
        except requests.RequestException as error:
            said = log.read_text(errors="replace")
            raise ServerError(f"Superset did not start: {error}\n{said}") from error
