"""The marts as a folder of Parquet files, one a mart, and how long folders that were replaced stay.

`published/shop` is a link that leads to the newest of the folders in `published/.shop/`. A reader
that follows the link once and stays in that folder reads one run, even while the next is published.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from footfall.publishing.contents import PUBLICATION, Mart, Publication, Run, text
from footfall.publishing.database import published_relation
from footfall.publishing.files import sync

# How long a reader may take from following the link to opening its last file. A file that is open
# can be read to its end anyway.
GRACE = timedelta(hours=1)
_WRITING = "writing-"
_NAMED = "%Y%m%dT%H%M%S.%fZ"


def runs_folder(link: Path) -> Path:
    """Where the folders lie that a link may lead to."""
    return link.with_name(f".{link.name}")


def write(
    cursor: duckdb.DuckDBPyConnection, link: Path, marts: Sequence[Mart], publication: Publication
) -> None:
    """Write a folder of Parquet files from the attached publication, and wait until it is on disk.

    It is called unfinished until `finish`.
    """
    unfinished = _unfinished(link, publication.run)
    unfinished.mkdir(parents=True)
    about = {mart.name: mart.description for mart in marts}
    for name in (*about, PUBLICATION):
        file = unfinished / f"{name}.parquet"
        metadata = f"run_id: {text(publication.run.run_id)}"
        if about.get(name):
            metadata += f", description: {text(about[name])}"
        cursor.execute(
            f"copy (from {published_relation(name)}) to {text(str(file))}"
            f" (format parquet, compression zstd, kv_metadata {{{metadata}}})"
        )
        sync(file)
    sync(unfinished)


def finish(link: Path, run: Run) -> Path:
    """Give the folder that was written for a run its name; nothing leads to it yet."""
    folder = runs_folder(link) / _name(run)
    _unfinished(link, run).rename(folder)
    sync(runs_folder(link))
    return folder


@contextmanager
def scratch(link: Path) -> Iterator[Path]:
    """A folder for a while, which is cleared like all else that was left unfinished."""
    folder = runs_folder(link) / f"{_WRITING}scratch"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def clear_unfinished(link: Path) -> None:
    """Remove what a publication left that was broken off: nobody has ever been led there."""
    current = link.resolve().name
    for folder in runs_folder(link).glob("*"):
        if folder.name.startswith(_WRITING) or (link.is_symlink() and folder.name > current):
            shutil.rmtree(folder)


def clear_replaced(link: Path, run: Run) -> None:
    """Remove folders that were replaced longer ago than any reader needs.

    A folder was replaced when the next one was published; the one that the link leads to stays.
    """
    for folder, following in pairwise(sorted(runs_folder(link).glob("*"))):
        replaced_at = datetime.strptime(following.name, _NAMED).replace(tzinfo=UTC)
        if run.published_at - replaced_at >= GRACE:
            shutil.rmtree(folder)


def _name(run: Run) -> str:
    return run.published_at.astimezone(UTC).strftime(_NAMED)


def _unfinished(link: Path, run: Run) -> Path:
    return runs_folder(link) / f"{_WRITING}{_name(run)}"
