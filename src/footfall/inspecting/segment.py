"""What files of Segment hold: messages as they are sent, or the tables that it fills."""

import csv
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from footfall.builds.input_files import kind_of, opened
from footfall.builds.problems import BuildProblem
from footfall.inspecting.layouts import recognised

_HEAD_BYTES = 2**20
#: Of Segment's tables these hold no events: what they say of users is in `identifies`.
_NO_EVENTS = ("users", "accounts", "groups", "aliases")


def describe_columns(*, columns: Sequence[str]) -> str | None:
    """Say what columns look like and what to do, as a sentence; None where nothing is known."""
    found = recognised(columns)
    if found is None:
        return None
    advice = (
        "docs/formats.md has a mapping for it, and `make inspect FILE=…` writes one"
        if found.source == "custom"
        else f"build it with SOURCE={found.source}"
    )
    return f"It looks like {found.title}: {advice}."


def head_columns(file: str) -> list[str]:
    """Return the columns of a file: of its schema, its header, or its first readable record."""
    found = Path(file).stat()
    return list(_head_columns(file, found.st_ino, found.st_ctime_ns, found.st_size))


@lru_cache(maxsize=10_000)
def _head_columns(file: str, *_changed: int) -> list[str]:
    """Look into a file once, however many models of a run ask; a file that changed is another."""
    kind = kind_of(file)
    if kind == "parquet":
        return [str(name) for name in pq.read_schema(file).names]
    with opened(Path(file)) as stream:
        head = stream.read(_HEAD_BYTES).decode("utf-8-sig", "replace")
    if kind == "text":
        first = next((line for line in head.splitlines() if line.strip()), "")
        return next(csv.reader([first], delimiter=max(",;\t|", key=first.count)), [])
    records = map(_record, head.splitlines()) if kind == "json" else [_first_of_list(head)]
    return next((list(record) for record in records if record), [])


def _record(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _first_of_list(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, max(start, 0))
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def segment_kind(*, name: str, columns: Sequence[str], has_tracks: bool = False) -> str | None:
    """Return what the rows of a table of Segment's are.

    Parameters
    ----------
    name
        Name of the table, or of the file.
    columns
        Its columns.
    has_tracks
        Whether there is a table `tracks` beside it: then one with an id may hold nothing but what
        its event is about.

    Returns
    -------
    str or None
        messages (as they are sent), tracks, event (a table of one event), page, screen or identify;
        none for tables without events; None for what is no table of Segment's.
    """
    given = {column.lower() for column in columns}
    table = name.lower()
    if {"messageid", "type"} <= given:
        return "messages"
    if "id" not in given:
        return None
    if not has_tracks and not given & {"anonymous_id", "user_id", "received_at"}:
        return None
    if table.startswith(_NO_EVENTS):
        return "none"
    if table.startswith("tracks"):
        return "tracks"
    if "event" in given or "event_text" in given:
        return "event"
    for kind in ("page", "screen", "identif"):
        if table.startswith(kind):
            return "identify" if kind == "identif" else kind
    # A table of one event without the columns that name it: the table does.
    return "event"


def segment_tables(*, name: str, places: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Sort the files of Segment by what their rows are, from their heads alone.

    Parameters
    ----------
    name
        The var that names the files, for messages.
    places
        For each file its path, `file`, and `root`, the folder or pattern that it was found by: the
        first part of the path below it names the table.

    Returns
    -------
    list of dict
        The same with `shape` (as `segment_kind` says) and `table`.

    Raises
    ------
    BuildProblem
        A file is neither; the message says what it looks like, and what to do.
    """
    tables = [_table_name(place["file"], place["root"]) for place in places]
    has_tracks = any(table.lower().startswith("tracks") for table in tables)
    found = []
    for place, table in zip(places, tables, strict=True):
        columns = head_columns(place["file"])
        shape = (
            segment_kind(name=table, columns=columns, has_tracks=has_tracks)
            if columns
            else "messages"
        )
        if shape is None:
            raise BuildProblem(_no_table_of_segment(name, place["file"], columns))
        found.append({**place, "shape": shape, "table": table})
    return found


def _no_table_of_segment(name: str, file: str, columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    like = describe_columns(columns=columns) or (
        "For SOURCE=segment a file holds raw messages (messageId, type, anonymousId or userId, "
        "timestamp …) or a table that Segment fills in a warehouse (id, anonymous_id, user_id, "
        "received_at …)."
    )
    return f"var '{name}' names '{file}', which is not what Segment sends. It has: {shown}. {like}"


def _table_name(file: str, root: str) -> str:
    path, folder = Path(file), Path(root)
    inside = path.relative_to(folder) if folder in path.parents else Path(path.name)
    return inside.parts[0].split(".")[0]
