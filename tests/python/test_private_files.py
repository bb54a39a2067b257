"""What is not published is its user's alone; what is published has the rights the user gives."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footfall.core.private_files import UMASK_VARIABLE, close_to_others, keep_private, rights_of_new
from footfall.publishing.files import make_folder, share

pytestmark = pytest.mark.library


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user who lets the group read what is new, and nobody else."""
    monkeypatch.delenv(UMASK_VARIABLE, raising=False)
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_new_files_are_private_and_published_ones_have_the_rights_of_the_user(
    tmp_path: Path,
) -> None:
    old = tmp_path / "old"
    old.mkdir(0o755)
    assert rights_of_new() == 0o640
    for _ in range(2):
        keep_private([old, tmp_path / "nothing"])
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert [mode(tmp_path / name) for name in ("old", "file", "folder")] == [0o700, 0o600, 0o700]
    make_folder(tmp_path / "published/more")
    share(tmp_path / "file")
    made = ("published", "published/more", "file")
    assert [mode(tmp_path / name) for name in made] == [0o750, 0o750, 0o640]
    program = (
        "from footfall.core.private_files import *; keep_private(); print(oct(rights_of_new()))"
    )
    asked = [sys.executable, "-c", program]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout == "0o640\n"


def test_files_of_somebody_else_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o644)
    monkeypatch.setattr(os, "getuid", lambda: -1)
    close_to_others(tmp_path / "file")
    share(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o644
