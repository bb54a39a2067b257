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

from footfall.core.quoting import sql_text
from footfall.publishing.contents import PUBLICATION, Mart, Publication, Run
from footfall.publishing.database import published_relation
from footfall.publishing.encryption import is_encrypted
from footfall.publishing.files import make_folder, share, sync

# How long a reader may take from following the link to opening its last file. A file that is open
# can be read to its end anyway.
GRACE = timedelta(hours=1)
_WRITING = "writing-"
_SCRATCH = f"{_WRITING}scratch"
_NAMED = "%Y%m%dT%H%M%S.%fZ"


def runs_folder(link: Path) -> Path:
    """Return where the folders are that a link may lead to."""
    return link.with_name(f".{link.name}")


def write(
    cursor: duckdb.DuckDBPyConnection, link: Path, marts: Sequence[Mart], publication: Publication
) -> None:
    """Write a folder of Parquet files from the attached publication, and wait until it is on disk.

    It is called unfinished until `finish`.
    """
    about = {mart.name: mart.description for mart in marts}
    with writing(link, publication.run) as unfinished:
        for name in (*about, PUBLICATION):
            metadata = f"run_id: {sql_text(publication.run.run_id)}"
            if about.get(name):
                metadata += f", description: {sql_text(about[name])}"
            cursor.execute(
                f"copy (from {published_relation(name)})"
                f" to {sql_text(str(unfinished / f'{name}.parquet'))}"
                f" (format parquet, compression zstd, kv_metadata {{{metadata}}})"
            )


@contextmanager
def writing(link: Path, run: Run) -> Iterator[Path]:
    """Yield the folder for the files of a run, and wait at the end until they are on the disk."""
    unfinished = _unfinished(link, run)
    make_folder(runs_folder(link))
    unfinished.mkdir()
    yield unfinished
    for file in unfinished.iterdir():
        share(file)
        sync(file)
    sync(unfinished)


def finish(link: Path, run: Run) -> Path:
    """Give the folder that was written for a run its name; nothing leads to it yet."""
    folder = runs_folder(link) / _name(run)
    share(_unfinished(link, run))
    _unfinished(link, run).rename(folder)
    sync(runs_folder(link))
    return folder


@contextmanager
def scratch(link: Path) -> Iterator[Path]:
    """Yield a folder for a while, which is cleared like all else that was left unfinished."""
    folder = runs_folder(link) / _SCRATCH
    make_folder(runs_folder(link))
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def clear_unfinished(link: Path) -> None:
    """Remove what a publication left that was broken off: nobody has ever been led there.

    What this module has not named, a note or a folder that somebody keeps there, stays.
    """
    for folder in _folders(link):
        written = _published_at(folder.name.removeprefix(_WRITING)) is not None
        if folder.name == _SCRATCH or (folder.name.startswith(_WRITING) and written):
            shutil.rmtree(folder)
    if link.is_symlink():
        current = link.resolve().name
        for folder in _runs(link):
            if folder.name > current:
                shutil.rmtree(folder)


def clear_replaced(link: Path, run: Run) -> None:
    """Remove folders that were replaced longer ago than any reader needs.

    A folder was replaced when the next one was published; the one that the link leads to stays.
    """
    runs = _runs(link)
    for folder, following in pairwise(runs):
        if run.published_at - runs[following] >= GRACE:
            shutil.rmtree(folder)


def clear_older(link: Path) -> int:
    """Remove at once the folders of all runs but the one that readers find; return how many."""
    older = [folder for folder in _runs(link) if folder.resolve() != link.resolve()]
    for folder in older:
        shutil.rmtree(folder)
    return len(older)


def clear_plain(link: Path) -> None:
    """Remove at once the folders of runs that anybody can read."""
    for folder in _runs(link):
        if not is_encrypted(folder):
            shutil.rmtree(folder)


def _folders(link: Path) -> list[Path]:
    # Real ones: a link could lead to files that are not the publication's.
    return [each for each in runs_folder(link).glob("*") if each.is_dir() and not each.is_symlink()]


def _runs(link: Path) -> dict[Path, datetime]:
    """Return the folders named after a run, oldest first, and when it was published."""
    named = ((folder, _published_at(folder.name)) for folder in sorted(_folders(link)))
    return {folder: at for folder, at in named if at is not None}


def _published_at(name: str) -> datetime | None:
    """Return the time that a folder is named after; None for a name that no run gave."""
    try:
        at = datetime.strptime(name, _NAMED).replace(tzinfo=UTC)
    except ValueError:
        return None
    # strptime also takes names with fewer digits, which no run gives and which sort otherwise.
    return at if at.strftime(_NAMED) == name else None


def _name(run: Run) -> str:
    return run.published_at.astimezone(UTC).strftime(_NAMED)


def _unfinished(link: Path, run: Run) -> Path:
    return runs_folder(link) / f"{_WRITING}{_name(run)}"
