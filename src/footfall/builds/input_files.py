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
#: What files begin with that are no tables, whatever they are called: what each is, and what to do.
_FOREIGN: Mapping[bytes, str] = {
    b"PK\x03\x04": "a spreadsheet or another ZIP archive: save the sheet as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of Excel: save the sheet as CSV (UTF-8)",
    b"PAR1": "a Parquet file: give it a name that ends in .parquet",
    b"SQLite format 3": "a database of SQLite: export the table as CSV",
    b"BZh": "compressed by bzip2: unpack it, or compress it by gzip or Zstandard",
    b"\xfd7zXZ": "compressed by xz: unpack it, or compress it by gzip or Zstandard",
    b"7z\xbc\xaf": "an archive of 7-Zip: unpack it",
    b"%PDF-": "a PDF: export the table as CSV",
    b"\x89PNG": "an image: name the file of the table",
    b"\xff\xd8\xff": "an image: name the file of the table",
    b"GIF8": "an image: name the file of the table",
    b"<!doctype": "a web page, perhaps that of a login: download the file again",
    b"<html": "a web page, perhaps that of a login: download the file again",
    b"<?xml": "XML: export the table as CSV or JSON",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with git lfs pull",
}
#: Of text at most so many bytes in a hundred are control characters.
_MOST_CONTROLS = 5
_CONTROLS = [bytes([code]) for code in (*range(1, 9), *range(14, 27), *range(28, 32))]


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
        A file is of another kind, or holds something else than its name says.
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
        if kind != "parquet" and "://" not in file and (other := what_else_is_in(file, kind)):
            raise BuildProblem(f"var '{name}' names '{file}', and that is {other}.")
        found.setdefault(kind, []).append(file)
    return [{"kind": kind, "files": of_kind} for kind, of_kind in found.items()]


def what_else_is_in(file: str, kind: str) -> str | None:
    """Say what a file holds that is called text or JSON and is neither; None where it is.

    UTF-16 is text: who reads it says what to do.
    """
    try:
        with opened(Path(file)) as stream:
            head = stream.read(_HEAD_BYTES)
    except (EOFError, OSError):
        # Who reads it says that it is cut short.
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if (foreign := _foreign(start)) is not None:
        return foreign
    is_utf_16 = head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head[:2]
    controls = sum(head.count(byte) for byte in _CONTROLS)
    if not is_utf_16 and controls * 100 > len(head) * _MOST_CONTROLS:
        return "no text: export the table as CSV, JSON or Parquet"
    if kind == "text" and start.startswith((b'{"', b"[{", b"[\n")):
        return "JSON: give it a name that ends in .json or .jsonl"
    lines = [line.lstrip() for line in start.splitlines()]
    if kind == "json" and lines and not is_utf_16 and not any(one[:1] == b"{" for one in lines):
        return "no JSON: of text, the name must end in .csv, .tsv or .txt"
    return None


def _foreign(start: bytes) -> str | None:
    for mark, what in _FOREIGN.items():
        if start[: len(mark)].lower() == mark.lower():
            return what
    return None


def _what_else(file: str) -> str:
    if file.lower().endswith((".xlsx", ".xls", ".ods")):
        return "a spreadsheet cannot be read, save the sheet as CSV (UTF-8); "
    if "://" in file:
        return ""
    with Path(file).open("rb") as stream:
        foreign = _foreign(stream.read(_HEAD_BYTES))
    return f"that is {foreign}; " if foreign else ""
