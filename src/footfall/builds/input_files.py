"""Which files a path of the user means, and what is in each: Parquet, JSON or delimited text."""

import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from footfall.builds.problems import BuildProblem
from footfall.builds.sources import with_home

#: Kinds of files by the end of their names, without the end that a compression adds.
_KINDS = {
    **dict.fromkeys(("parquet", "pq"), "parquet"),
    **dict.fromkeys(("json", "jsonl", "ndjson"), "json"),
    **dict.fromkeys(("csv", "tsv", "txt"), "text"),
}
_COMPRESSED = (".gz", ".zst")
_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
#: So much of a file is looked at to see what it holds.
_HEAD_BYTES = 65_536


def opened(file: Path) -> IO[bytes]:
    """Open a file for reading, decompressed if it is compressed by gzip or Zstandard."""
    with file.open("rb") as stream:
        mark = stream.read(4)
    if mark.startswith(_GZIP):
        return cast(IO[bytes], gzip.open(file, "rb"))
    if mark == _ZSTANDARD:
        return io.BufferedReader(pa.input_stream(str(file), compression="zstd"))
    return file.open("rb")


def named_paths(value: Any) -> list[dict[str, str | None]]:
    """Return the paths of a var, each with the event type that all its rows have.

    Parameters
    ----------
    value
        A path, a list of paths, or paths by event type.

    Examples
    --------
    >>> named_paths({"purchase": ["orders.csv"]})
    [{'event_type': 'purchase', 'path': 'orders.csv'}]
    """
    if isinstance(value, Mapping):
        return [
            {**named, "event_type": str(event_type)}
            for event_type, paths in value.items()
            for named in named_paths(paths)
        ]
    paths = value if isinstance(value, list | tuple) else [value]
    return [{"event_type": None, "path": str(path)} for path in paths]


def files_in(path: str) -> list[str] | None:
    """Return all files of a folder, sorted; None where the path is no folder.

    What begins with a dot or an underscore is left out, in folders below as well: tools leave such
    files as marks (`_SUCCESS`, `.DS_Store`).
    """
    folder = with_home(path)
    if "://" in path or not folder.is_dir():
        return None
    return sorted(
        str(file)
        for file in folder.rglob("*")
        if file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )


def kind_of(file: str) -> str | None:
    """Return what a file holds: parquet, json, json list, text or None.

    The name says it; where it does not, as those of archives that end in .gz alone, the file
    itself does. Arrays and lines of JSON are distinguished in any case. Addresses are not looked
    into.
    """
    name = file.lower()
    for compression in _COMPRESSED:
        name = name.removesuffix(compression)
    kind = _KINDS.get(name.rpartition(".")[2])
    if "://" in file or kind not in (None, "json"):
        return kind
    with opened(Path(file)) as stream:
        head = stream.read(_HEAD_BYTES)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "json list"
    # An object over several lines cannot be read line by line.
    if start.startswith(b"{"):
        return "json list" if start.split(b"\n")[0].strip() == b"{" else "json"
    return "parquet" if kind is None and head.startswith(b"PAR1") else kind


def files_by_kind(
    *, name: str, value: str, files: Sequence[str], kinds: Sequence[str]
) -> list[dict[str, Any]]:
    """Sort files by what they hold.

    Parameters
    ----------
    name, value
        The var that names them and its value, for messages.
    files
        Paths of the files.
    kinds
        The kinds that the source can read.

    Returns
    -------
    list of dict
        A `kind` and its `files`, for each kind that there is.

    Raises
    ------
    BuildProblem
        A file is of another kind.
    """
    found: dict[str, list[str]] = {}
    for file in files:
        kind = kind_of(file)
        if kind is None or kind.split()[0] not in kinds:
            which = f"'{value}'" if value == file else f"'{value}', which names '{file}'"
            raise BuildProblem(
                f"var '{name}' is {which}: {_what_else(file)}the name must end in .parquet, .csv, "
                f".tsv or .txt{', or in .json, .jsonl or .ndjson' if 'json' in kinds else ''}; "
                "text may be compressed (.gz, .zst). Name other files by a pattern, such as "
                "folder/*.csv."
            )
        found.setdefault(kind, []).append(file)
    return [{"kind": kind, "files": of_kind} for kind, of_kind in found.items()]


def _what_else(file: str) -> str:
    if file.lower().endswith((".xlsx", ".xls", ".ods")):
        return "a spreadsheet cannot be read, save the sheet as CSV (UTF-8); "
    return ""
