"""Files that are their user's alone: all that the project writes, but what it publishes.

Warehouse, journals, copies of inputs, logs, compiled SQL and temporary files hold what readers of
the marts must not see, and who makes them is mostly DuckDB or dbt. So the process takes all rights
of others from whatever it makes, and remembers what its user gives to files that are published.
"""

import os
from collections.abc import Iterable
from pathlib import Path

#: Holds the umask of the user, in octal digits, for the programs that this one starts.
UMASK_VARIABLE = "FOOTFALL_UMASK"
_OTHERS = 0o077


def keep_private(existing: Iterable[Path] = ()) -> None:
    """Let this process and those it starts make files for their user alone.

    Parameters
    ----------
    existing
        Files and folders of earlier versions that are closed to others as well.
    """
    umask = os.umask(_OTHERS)
    os.environ.setdefault(UMASK_VARIABLE, f"{umask:o}")
    for path in existing:
        close_to_others(path)


def close_to_others(path: Path) -> None:
    """Take all rights of others from a file or folder, if it is there and the user's own."""
    if path.exists() and (found := path.stat()).st_uid == os.getuid() and found.st_mode & _OTHERS:
        path.chmod(found.st_mode & 0o7700)


def rights_of_new(*, folder: bool = False) -> int:
    """Return the rights that the user's umask leaves to a new file or folder."""
    given = os.environ.get(UMASK_VARIABLE)
    if given is None:
        # There is no other way to ask.
        umask = os.umask(_OTHERS)
        os.umask(umask)
    else:
        umask = int(given, 8)
    return (0o777 if folder else 0o666) & ~umask
