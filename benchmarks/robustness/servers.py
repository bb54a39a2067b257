"""A PostgreSQL server that is killed while marts are published to it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from robustness.checks import Check, Options, Outcome, one_line
from robustness.publications import NOON, made_with, make_warehouse, publish

if TYPE_CHECKING:
    from postgres_server import Server

_OLD, _NEW = 20_000, 400_000


def killed_midway(home: Path, server: Server, share: float, number: int) -> Outcome:
    """Kill a server at a share of what a publication takes; publish again when it is back."""
    import psycopg

    from footfall.publishing import PublishingError
    from footfall.publishing.postgres import Target

    schema = f"marts_{number}"
    target = Target(server.address, schema)

    def rows() -> set[int]:
        with psycopg.connect(server.address, password=server.password) as connection:
            marts = (f"select made_with from {schema}.{mart}" for mart in ("sessions", "items"))
            found = connection.execute(" union ".join(marts))
            return {row[0] for row in found.fetchall()}

    folder = home / f"server_{number}"
    folder.mkdir()
    make_warehouse(folder / "warehouse.duckdb", _NEW)
    began = time.monotonic()
    publish(folder, server=target)
    seconds = time.monotonic() - began
    make_warehouse(folder / "warehouse.duckdb", _OLD)
    publish(folder, NOON + timedelta(minutes=1), server=target)
    make_warehouse(folder / "warehouse.duckdb", _NEW)
    killer = threading.Timer(share * seconds, server.kill)
    killer.start()
    said = ""
    try:
        publish(folder, NOON + timedelta(minutes=5), server=target)
    except PublishingError as error:
        said = str(error)
    killer.join()
    in_files = made_with(folder)
    server.start()
    after = rows()
    publish(folder, NOON + timedelta(minutes=10), server=target)
    again = rows()
    is_old = after == {_OLD} and in_files == ({_OLD}, {_OLD})
    is_new = after == {_NEW} and in_files == ({_NEW}, {_NEW})
    names = "FOOTFALL_PUBLISH_POSTGRES" in said and server.password not in said
    right = ((is_old and names) or (is_new and not said)) and again == {_NEW}
    standing = "old" if is_old else "new" if is_new else f"{after} and {in_files}"
    text = f"killed after {share * seconds:.1f} s; {standing} rows, on the server and in the files"
    return Outcome(one_line(f"{text}; {said or 'no error: it was over'}", 300), right)


def checks(home: Path, options: Options) -> Iterator[Check]:
    """Yield a check of each kill of a server."""
    import postgres_server

    expected = "an error that names FOOTFALL_PUBLISH_POSTGRES, old rows everywhere; then new ones"
    dice = random.Random(options.seed)
    shares = [dice.uniform(0.1, 0.7) for _ in range(1 if options.short else 4)]
    if postgres_server.binaries() is None:
        why = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        yield Check("a server killed midway", expected, lambda: Outcome(why, None))
        return
    os.environ["PGPASSWORD"] = postgres_server.PASSWORD
    with postgres_server.serving() as server:
        for number, share in enumerate(shares, start=1):
            yield Check(
                f"server killed at {share:.0%} of a publication",
                expected,
                lambda share=share, number=number: killed_midway(home, server, share, number),
            )
    del os.environ["PGPASSWORD"]
