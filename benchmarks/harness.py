"""What a shop may meet, tried on purpose: does Footfall lose nothing, mix nothing and say why?

usage: make harness [ARGS='--only bad-rows bad-files --short --kills 50 --seed 1']

Prints a table (check, expected, actual, verdict, CPU-seconds, peak memory), and as its last line
one JSON object. Exits with 1 where a verdict is wrong. Checks that need what is not here (a
PostgreSQL server) say so and are not run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# The harness builds its shops and starts its servers as the tests do.
sys.path.append(str(PROJECT / "tests" / "python"))

from robustness import bad_files, bad_rows, disks, kills, servers, sizes  # noqa: E402
from robustness.checks import Options, Part, Row, measured, seconds_since, table  # noqa: E402

PARTS: Mapping[str, Part] = {
    "bad-rows": bad_rows.checks,
    "bad-files": bad_files.checks,
    "kills": kills.checks,
    "disks": disks.checks,
    "server": servers.checks,
    "sizes": sizes.checks,
}


def main() -> int:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="make harness", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--match", default="", help="only checks whose name holds this text")
    parser.add_argument("--short", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--kills", type=int, default=50, help="how often a process is killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills")
    asked = parser.parse_args()
    if asked.kills < 1:
        parser.error("--kills must be at least 1")
    options = Options(asked.short, asked.seed, asked.kills)
    rows: list[Row] = []
    began = time.monotonic()
    for name in asked.only:
        with tempfile.TemporaryDirectory(prefix=f"footfall-harness-{name}-") as folder:
            for check in PARTS[name](Path(folder), options):
                if asked.match not in check.name:
                    continue
                row = measured(name, check)
                rows.append(row)
                said = f"{row.verdict}, {row.cpu_s} CPU-s, {seconds_since(began)}"
                print(f"{len(rows):>4} {name}: {row.check}: {said}", file=sys.stderr, flush=True)
                if row.verdict == "WRONG":
                    print(f"     {row.actual}", file=sys.stderr, flush=True)
    if not rows:
        parser.error(f"no check of {', '.join(asked.only)} has '{asked.match}' in its name")
    print(table(rows))
    wrong = [f"{row.part}: {row.check}" for row in rows if row.verdict == "WRONG"]
    print(
        json.dumps(
            {
                "checks": len(rows),
                "right": sum(row.verdict == "right" for row in rows),
                "not_run": [f"{row.part}: {row.check}" for row in rows if row.verdict == "not run"],
                "wrong": wrong,
                "cpu_s": round(sum(row.cpu_s for row in rows), 1),
                "seconds": round(time.monotonic() - began),
                "rows": [row.as_dict() for row in rows],
            },
            ensure_ascii=False,
        )
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
