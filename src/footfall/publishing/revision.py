"""Which commit of the project a run was made with."""

import shutil
import subprocess
from pathlib import Path


def git_revision(project: Path) -> str | None:
    """Return the commit of a folder, with `-dirty` where tracked files differ from it.

    None where there is no git, no repository or no commit.
    """
    git = shutil.which("git")
    if git is None:
        return None
    described = subprocess.run(
        [git, "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or None if described.returncode == 0 else None
