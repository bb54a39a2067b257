"""`python -m footfall.privacy audit WAREHOUSE` shows what was done with it, when and by whom."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from footfall.privacy.audit import AuditError, Entry, audit_file, entries


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the record, and check that it is whole.

    Returns
    -------
    int
        0, or 1 where it is missing or was changed.
    """
    parser = argparse.ArgumentParser(prog="python -m footfall.privacy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    audit = commands.add_parser("audit", help="print the record and check it")
    audit.add_argument("warehouse", type=Path)
    file = audit_file(parser.parse_args(arguments).warehouse)
    last = None
    try:
        for number, last in enumerate(entries(file), start=1):
            print(f"{number:>5}  {_line(last)}")
    except AuditError as problem:
        print(problem, file=sys.stderr)
        return 1
    if last is not None:
        print(f"\n{file} is whole. Note its last digest elsewhere: {last.digest}")
    return 0


def _line(entry: Entry) -> str:
    said = ", ".join(
        f"{name} {' '.join(str(value).split())}" for name, value in entry.details.items()
    )
    return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.account}  {entry.action}  {said}"


if __name__ == "__main__":
    sys.exit(main())
