"""`python -m footfall.commands build` runs a target of Make; it is what Make itself calls.

What Make calls FILE is the environment variable FOOTFALL_FILE here, and so for each variable.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from footfall.builds.sources import BUILD_COMMAND
from footfall.commands.given import CommandError, Given
from footfall.commands.programs import Step
from footfall.commands.steps import TARGETS
from footfall.core.private_files import keep_private
from footfall.privacy.audit import AuditError, audit_file, record

# Targets whose answers or pages hold what was published.
READS_MARTS = frozenset({"report", "dashboards", "serve", "metrics"})


def main(arguments: Sequence[str]) -> int:
    """Run one target.

    Returns
    -------
    int
        Exit status of the program that failed; 2 where nothing was run. The last program takes the
        place of this one.
    """
    if len(arguments) != 1 or arguments[0] not in TARGETS:
        print(f"Name one target of: {' '.join(TARGETS)}", file=sys.stderr)
        return 2
    keep_private([Path("target"), Path("logs")])
    given = Given(os.environ)
    try:
        *before, last = TARGETS[arguments[0]](given)
        environment = surroundings(given)
    except CommandError as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        _record(arguments[0], given)
    except AuditError as problem:
        print(problem, file=sys.stderr)
        return 2
    for step in before:
        surrounded = {**environment, **step.environment}
        try:
            done = subprocess.run(step.arguments, env=surrounded, check=False)
        except OSError as error:
            print(_why_not_started(step, error), file=sys.stderr)
            return 2
        if done.returncode:
            return done.returncode
    return _become(last, environment)


def _record(target: str, given: Given) -> None:
    """Note who looks at the marts; a build notes itself, and begins the record."""
    audit = audit_file(Path(given.warehouse))
    if target in READS_MARTS and audit.exists():
        record(audit, target, {"from": given.published})


def surroundings(given: Given) -> dict[str, str]:
    """Return the environment of the programs: where the project, warehouse and server are."""
    found = dict(given.environment)
    found.setdefault("DBT_PROFILES_DIR", os.getcwd())
    found["FOOTFALL_DB"] = given.warehouse
    found[BUILD_COMMAND] = given.build_command
    # Make exports every variable that it knows, and dbt takes an empty one for a value.
    if not given.text("PUBLISHED"):
        found.pop("FOOTFALL_PUBLISHED", None)
    if server := given.text("PUBLISH"):
        found["FOOTFALL_PUBLISH_POSTGRES"] = server
    if roles := given.text("ROLES"):
        found["FOOTFALL_PUBLISH_ROLES"] = roles
    return found


def _become(step: Step, environment: dict[str, str]) -> int:
    """Run the last program in place of this one, so that signals and its status are its own."""
    try:
        os.execve(step.arguments[0], list(step.arguments), {**environment, **step.environment})
    except OSError as error:
        print(_why_not_started(step, error), file=sys.stderr)
    return 2


def _why_not_started(step: Step, error: OSError) -> str:
    if error.errno != errno.E2BIG:
        return f"{step.arguments[0]} cannot be started: {error}"
    longest = max(len(argument.encode()) for argument in step.arguments)
    return (
        f"The vars take {longest / 1000:,.0f} kB, more than this system lets an argument of a"
        " program have. Keep long lists out of the mapping and of ARGS: names of events belong in"
        " seeds/event_name_map.csv."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
