"""`python -m footfall.dependencies lock` writes the locks, `… sbom FILE` a bill of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from footfall.core.extras import MissingExtraError
from footfall.dependencies.lock import LOCKS, LockError, write_locks


def main(arguments: Sequence[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m footfall.dependencies", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock")
    commands.add_parser("sbom").add_argument("file", type=Path)
    given = parser.parse_args(arguments)
    try:
        if given.command == "lock":
            write_locks(Path.cwd())
            print(f"Written: {', '.join(LOCKS)}")
        else:
            from footfall.dependencies.sbom import write_sbom

            print(f"{write_sbom(given.file)} packages: {given.file}")
    except (LockError, MissingExtraError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
