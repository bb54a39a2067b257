"""The head of an input that is too large to look at as a whole in seconds."""

import glob
import json
import zlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from footfall.builds.input_files import files_in, kind_of, named_paths, opened
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
    originals
        The file that each cut copy is of, for messages.
    """

    paths: Sequence[str]
    file_count: int
    byte_count: int
    is_whole: bool
    originals: Mapping[str, str] = field(default_factory=dict)

    def with_originals(self, text: str) -> str:
        """Return a text in which cut copies have the names of their files."""
        for cut, original in self.originals.items():
            text = text.replace(cut, original)
        return text


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
    originals = {}
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
        originals[str(cut)] = file
        left -= len(text)
    return Head(kept, len(files), total, is_whole=False, originals=originals)


def heads_of(value: Any, folder: Path) -> tuple[Any, Head]:
    """Return what is looked at in place of the paths of a var, in the form of the var.

    Parameters
    ----------
    value
        A path, a list of paths, or paths by event type. What names no file stays: who reads it says
        so.
    folder
        Where cut files are written.

    Returns
    -------
    value
        Paths in place of those of the var.
    head
        What all of them name; `paths` are those of all event types.
    """
    named = named_paths(value)
    read: dict[str | None, list[tuple[str, Head]]] = {}
    left = MOST_BYTES
    for place, one in enumerate(named):
        path, share = str(one["path"]), left // (len(named) - place)
        head = head_of(path, folder / str(place), share)
        left -= min(share, head.byte_count)
        read.setdefault(one["event_type"], []).append((path, head))
    looked_at: dict[str | None, list[str]] = {}
    for place, (event_type, parts) in enumerate(read.items()):
        files = [
            file
            for path, head in parts
            for file in (files_of(path) if head.is_whole else head.paths)
        ]
        looked_at[event_type] = (
            fewer_files(files, folder / f"type_{place}")
            if len(files) > MANY_FILES
            else [path for _, head in parts for path in head.paths]
        )
    heads = [head for parts in read.values() for _, head in parts]
    paths = [path for some in looked_at.values() for path in some]
    whole = Head(
        paths,
        sum(head.file_count for head in heads),
        sum(head.byte_count for head in heads),
        is_whole=all(head.is_whole for head in heads),
        originals={cut: file for head in heads for cut, file in head.originals.items()},
    )
    if None not in looked_at:
        return looked_at, whole
    return paths[0] if len(paths) == 1 else paths, whole


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
