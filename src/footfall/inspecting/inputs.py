"""The head of an input that is too large to look at as a whole in seconds."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from footfall.builds.input_files import files_in, kind_of, opened
from footfall.builds.sources import with_home

#: So much text is looked at, and so many rows of anything else.
MOST_BYTES = 16 * 2**20
MOST_ROWS = 500_000


@dataclass(frozen=True)
class Head:
    """What is looked at.

    Attributes
    ----------
    paths
        What to read in place of the input: the input itself where it is small.
    file_count
        How many files it names.
    byte_count
        Bytes of all of them.
    is_whole
        Whether nothing was left out for its size.
    """

    paths: Sequence[str]
    file_count: int
    byte_count: int
    is_whole: bool


def files_of(path: str) -> list[str]:
    """Return the files that a path, a pattern or a folder names, sorted."""
    inside = files_in(path)
    if inside is not None:
        return inside
    if with_home(path).is_file():
        return [str(with_home(path))]
    return sorted(
        file for file in glob.glob(str(with_home(path)), recursive=True) if Path(file).is_file()
    )


def head_of(path: str, folder: Path, most_bytes: int = MOST_BYTES) -> Head:
    """Return the head of an input, cut at the end of a line where it is large.

    Parameters
    ----------
    path
        A file, a pattern or a folder.
    folder
        Where cut files are written.
    most_bytes
        So much text is kept at most. Parquet is not cut: it is read row by row. Neither is a JSON
        array, which is whole or nothing.
    """
    files = files_of(path)
    sizes = {file: Path(file).stat().st_size for file in files}
    kinds = {file: kind_of(file) for file in files}
    texts = [file for file in files if kinds[file] in ("text", "json")]
    total = sum(sizes.values())
    if sum(sizes[file] for file in texts) <= most_bytes:
        return Head([path], len(files), total, is_whole=True)
    kept = [file for file in files if file not in texts]
    left = most_bytes
    for place, file in enumerate(texts):
        if left <= 0:
            break
        with opened(Path(file)) as stream:
            text = stream.read(left)
            if stream.read(1):
                text = text[: text.rfind(b"\n") + 1]
        # The name says what it holds, and how it is compressed no longer.
        name = Path(file).name.removesuffix(".gz").removesuffix(".zst")
        ending = "" if "." in name else ".jsonl"
        cut = folder / str(place) / f"{name}{ending}"
        cut.parent.mkdir(parents=True)
        cut.write_bytes(text)
        kept.append(str(cut))
        left -= len(text)
    return Head(kept, len(files), total, is_whole=False)
