"""Files that are there whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from footfall.core.private_files import rights_of_new
from footfall.publishing.contents import PublishingError


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold a lock file, which goes back by itself when the process dies.

    Raises
    ------
    PublishingError
        Another process holds it.
    """
    with lock.open("a") as held:
        share(lock)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PublishingError(
                f"another build publishes to {lock.parent} under the same name right now. Wait for "
                "it, or set FOOTFALL_PUBLISHED to a folder of its own."
            ) from error
        yield


def make_folder(folder: Path) -> None:
    """Make a folder that is published, and those above it, if they are not there."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        share(one)


def share(path: Path) -> None:
    """Give what is published the rights that its user's umask gives; the rest stays private."""
    if path.stat().st_uid == os.getuid():
        path.chmod(rights_of_new(folder=path.is_dir()))


def sync(path: Path) -> None:
    """Wait until a file, or the list of files of a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def point_to(link: Path, folder: Path) -> None:
    """Make a link lead to another folder in one step, so that it always leads to one.

    Raises
    ------
    PublishingError
        Something other than a link is in its place.
    """
    check_link(link)
    fresh = link.with_name(f".{link.name}.link.tmp")
    fresh.symlink_to(os.path.relpath(folder, link.parent))
    fresh.replace(link)


def check_link(link: Path) -> None:
    """Make sure that a link may be put where something may be.

    Raises
    ------
    PublishingError
        Something other than a link is there.
    """
    if link.exists() and not link.is_symlink():
        raise PublishingError(
            f"{link} is in the way: a publication puts a link to its Parquet files there. Move it, "
            "or set FOOTFALL_PUBLISHED to another folder."
        )
