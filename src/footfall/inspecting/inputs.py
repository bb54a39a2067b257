"""The head of an input that is too large to look at as a whole in seconds."""

import glob
import json
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from footfall.builds.input_files import files_in, kind_of, opened
from footfall.builds.sources import with_home

#: So much text is looked at, and so many rows of anything else.
MOST_BYTES = 16 * 2**20
MOST_ROWS = 500_000
#: Of more text files than this, those that are alike are looked at as one.
MANY_FILES = 50
_HEAD_BYTES = 65_536
_EXCEL_MARK = b"sep="


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


def fewer_files(files: Sequence[str], folder: Path, many: int = MANY_FILES) -> list[str]:
    """Return files with the rows of many, in which those that are alike are one.

    A file of its own costs more than its rows. Of text files with one header, or JSON lines whose
    first objects have the same fields, the first stays, so that messages name it; the rows of the
    others come after each other in a second one.

    Parameters
    ----------
    files
        Paths of files.
    folder
        Where files are written.
    many
        Up to so many files stay as they are.
    """
    if len(files) <= many:
        return list(files)
    alike: dict[Hashable, list[str]] = {}
    for file in files:
        alike.setdefault(_likeness(file), []).append(file)
    if len(alike) > many:
        return list(files)
    found = []
    for place, (first, *others) in enumerate(alike.values()):
        found.append(first)
        if others:
            name = Path(first).name.removesuffix(".gz").removesuffix(".zst")
            ending = "" if "." in name else ".jsonl"
            joined = folder / "joined" / str(place) / f"{name}{ending}"
            joined.parent.mkdir(parents=True)
            _join(others, joined)
            found.append(str(joined))
    return found


def _likeness(file: str) -> Hashable:
    """Return what files have in common that can be joined; the path of one that cannot."""
    kind = kind_of(file)
    if kind not in ("text", "json") or "://" in file:
        return file
    try:
        with opened(Path(file)) as stream:
            line = stream.readline(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").strip()
        fields = tuple(json.loads(line)) if kind == "json" else line
    except (EOFError, OSError, ValueError, TypeError, zlib.error):
        # Who reads it says what is wrong.
        return file
    # Behind Excel's mark, and where values are in place of names, the header says nothing.
    is_header = bool(line) and not line.startswith(_EXCEL_MARK)
    return (kind, fields) if is_header else file


def _join(files: Sequence[str], target: Path) -> None:
    with target.open("wb") as joined:
        for place, file in enumerate(files):
            with opened(Path(file)) as stream:
                if place and kind_of(file) == "text":
                    stream.readline()
                last = b""
                while block := stream.read(2**20):
                    joined.write(block)
                    last = block[-1:]
                if last not in (b"", b"\n"):
                    joined.write(b"\n")
