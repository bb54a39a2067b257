"""Files of several kinds in one folder, each of which is read by a build of its own."""

import csv
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from footfall.builds.input_files import kind_of, opened
from footfall.inspecting.layouts import recognised

_OWN = "custom"
_MOST_BYTES = 2**16
_SHOWN_FILES = 3


def columns_of(file: str) -> list[str]:
    """Return the columns that the head of a file shows; nothing where it shows none."""
    kind = kind_of(file)
    try:
        if kind == "parquet":
            return list(parquet.read_schema(file).names)
        with opened(Path(file)) as stream:
            head = stream.read(_MOST_BYTES).decode("utf-8-sig", errors="replace")
    except (OSError, EOFError, pa.ArrowException):
        # Reading it as a whole says what is wrong with it.
        return []
    if kind in ("json", "json list"):
        return _fields(head)
    line = head.partition("\n")[0].strip()
    mark = max(",;\t|", key=line.count)
    return next(csv.reader([line], delimiter=mark), [])


def _fields(head: str) -> list[str]:
    try:
        first, _ = json.JSONDecoder().raw_decode(head.lstrip("[ \t\r\n"))
    except ValueError:
        return []
    return list(first) if isinstance(first, dict) else []


def files_by_layout(files: Sequence[str]) -> Mapping[tuple[str, str], list[str]]:
    """Return files by the source that reads them and what they look like, where these are several.

    Files without a layout that is known belong to the others where these are all of one kind: a
    table of its own, such as the items of orders. Else they are a kind of their own.

    Returns
    -------
    mapping
        Files by name of the source and title of the layout; nothing where all are of one kind.
    """
    found: dict[tuple[str, str], list[str]] = {}
    others = []
    for file in files:
        layout = recognised(columns_of(file))
        if layout is None:
            others.append(file)
            continue
        # Layouts of one source, such as the tables of Segment, are read together.
        same = [key for key in found if key[0] == layout.source and layout.source != _OWN]
        key = same[0] if same else (layout.source, layout.title)
        found.setdefault(key, []).append(file)
    if len(found) < 2:
        return {}
    return {**found, (_OWN, "no layout that is known by name"): others} if others else found


def kinds_lines(name: str, found: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """Return what is said of a folder of several kinds, with the commands that build each.

    Parameters
    ----------
    name
        The folder or pattern, as the user wrote it.
    found
        Files by source and layout.
    """
    everything = [file for files in found.values() for file in files]
    lines = [
        "",
        f"  {name}",
        f"    {len(everything):,} files of {len(found)} kinds: each kind is read by itself.",
    ]
    own_count = 0
    for (source, title), files in found.items():
        shown = ", ".join(Path(file).name for file in files[:_SHOWN_FILES])
        more = f" and {len(files) - _SHOWN_FILES:,} more" if files[_SHOWN_FILES:] else ""
        lines += ["", f"  {len(files):,} x {title} (source {source}): {shown}{more}"]
        pattern = _pattern(files, everything)
        if source != _OWN and pattern:
            lines.append(f"    make build SOURCE={source} FILE={shlex.quote(pattern)}")
            continue
        own_count += 1
        out = f"my_shop_{own_count}.yml"
        file = shlex.quote(pattern or files[0])
        lines.append(f"    make inspect SOURCE={source} FILE={file} OUT={out}")
        if not pattern:
            lines.append(f"    # then list the other {len(files) - 1:,} files in it as well")
        lines.append(f"    make build MAPPING={out}")
    names = ", ".join(dict.fromkeys(source for source, _ in found))
    return [
        *lines,
        "",
        f"  A mapping with `footfall_source: [{names}]` and the paths of each builds them into one"
        " warehouse.",
        "  They stay shops of their own there: customers are not joined, and an order that two of"
        " them",
        "  have counts twice.",
        "",
    ]


def _pattern(files: Sequence[str], everything: Sequence[str]) -> str:
    """Return what names these files and no others: a file, or a pattern; nothing if none does."""
    if len(files) == 1:
        return files[0]
    folder = os.path.commonpath([str(Path(file).parent) for file in files])
    own = set(files)
    inside = {file for file in everything if Path(file).is_relative_to(folder)}
    if inside == own:
        return folder
    ending = "".join(Path(files[0]).suffixes)
    alike = {
        file for file in everything if file.endswith(ending) and Path(file).parent == Path(folder)
    }
    return f"{folder}/*{ending}" if ending and alike == own else ""
