"""A PostgreSQL server of the tests' own, in a temporary folder, on the loopback address."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "pass/word of@the-tests"


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs: the newest of Debian's, or the one on the PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class Server:
    """A server in a folder, which can be killed and started again."""

    password = PASSWORD

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._pg_ctl = [str(programs / "pg_ctl"), "--pgdata", str(self._data)]
        self._become = _user(folder)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if self._become:
            os.chown(secret, *self._become)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        # The address of its database, without the password.
        self.address = f"postgres://owner@127.0.0.1:{self._port}/postgres"
        initdb = [str(programs / "initdb"), "--pgdata", str(self._data), "--username", "owner"]
        more = ["--auth", "scram-sha-256", "--pwfile", str(secret), "--encoding", "UTF8"]
        _run(self._become, *initdb, *more, "--locale", "C.UTF-8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        log = str(self._folder / "log")
        _run(self._become, *self._pg_ctl, "--options", options, "--log", log, "--wait", "start")

    def kill(self) -> None:
        """End it at once, without a word to who is connected; it recovers when it starts."""
        _run(self._become, *self._pg_ctl, "--mode", "immediate", "--wait", "stop")


@contextmanager
def serving() -> Iterator[Server]:
    """A server that does not outlive the block."""
    programs = binaries()
    assert programs is not None
    # Not in pytest's folder: that is root's alone, and the server is run by somebody else.
    with tempfile.TemporaryDirectory(prefix="footfall-postgres-") as name:
        server = Server(Path(name), programs)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def running() -> Iterator[str]:
    """The address of the database of a server that does not outlive the block."""
    with serving() as server:
        yield server.address


def _user(folder: Path) -> tuple[int, int] | None:
    """Whom the server runs as: PostgreSQL refuses to be root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return entry.pw_uid, entry.pw_gid


def _run(become: tuple[int, int] | None, *command: str) -> None:
    user, group = become or (None, None)
    # The server inherits what it is given: with a pipe this would wait for its end.
    with tempfile.TemporaryFile() as output:
        outcome = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=group,
            extra_groups=None if become is None else [],
            check=False,
        )
        output.seek(0)
        assert outcome.returncode == 0, output.read().decode()
