"""The file that holds the key of ids, for its owner alone and for no repository."""

import os
from pathlib import Path


def create(path: Path, key: str) -> None:
    """Write a new key file, readable by its owner alone; one that is there already stays.

    A folder that is made for it is ignored by git, whatever the project's own `.gitignore` says.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, mode=0o700)
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(f"{key}\n")
        stream.flush()
        os.fsync(stream.fileno())
