"""Which files of several lack a column that others of their kind have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The column without which no row is an event.
_TIME = "event_at"


def lacking_files(
    *,
    files: Sequence[Mapping[str, Any]],
    elements: Iterable[Sequence[Any]],
    names: Sequence[str],
    spellings: Mapping[str, str | Sequence[str]],
    are_records: bool,
    ignored: Sequence[str],
) -> dict[str, list[Mapping[str, Any]]]:
    """Return, by column of the contract, the files that have none of its spellings.

    Files of records may complete each other: of them one counts only if another has all of its
    columns. A file in which nothing can be read, such as that of a day without events, lacks
    nothing. Rows of other event types lend no time: where no file of a type has one, all of them
    lack it (`of_whole_type`), and come first.

    Parameters
    ----------
    files
        `file`, the `stand_in` that is read for it, and its `event_type`, which may be None.
    elements
        Name of a stand-in, name of an element of its schema and number of its children (None for
        a leaf), in the order of the schemas, which begin with their root.
    names
        Columns of the contract.
    spellings
        What they are called where that is not their name; of a path its beginning is enough.
    are_records
        Whether rows are records of a ledger.
    ignored
        Beginnings of names of columns that are none of the user's.

    Examples
    --------
    >>> files = [{"file": name, "stand_in": name, "event_type": None} for name in "ab"]
    >>> schemas = [("a", "", 2), ("a", "x", None), ("a", "y", None), ("b", "", 1), ("b", "x", None)]
    >>> found = lacking_files(
    ...     files=files, elements=schemas, names=["x", "y", "z"], spellings={}, are_records=False,
    ...     ignored=[],
    ... )
    >>> {name: [one["file"] for one in lacking] for name, lacking in found.items()}
    {'y': ['b']}
    """
    columns = _top_columns(elements, tuple(ignored))
    held = {
        stand_in: frozenset(
            name for name in names if _is_there(_spelled(spellings.get(name, name)), own)
        )
        for stand_in, own in columns.items()
        if own
    }
    judged = [one for one in files if one["stand_in"] in held]
    kinds = {(one["event_type"], held[one["stand_in"]]) for one in judged}
    timeless = {one["event_type"] for one in judged} - {
        event_type for event_type, own in kinds if _TIME in own
    }
    lacking: dict[str, list[Mapping[str, Any]]] = {}
    if any(_TIME in own for _, own in kinds):
        without = [one for one in judged if one["event_type"] in timeless]
        lacking |= {_TIME: [{**one, "of_whole_type": True} for one in without]} if without else {}
    wanted = {
        (event_type, own): frozenset(
            name
            for other_type, others in kinds
            if other_type == event_type and (not are_records or own <= others)
            for name in others
        )
        for event_type, own in kinds
    }
    for one in judged:
        own = held[one["stand_in"]]
        for name in names:
            has_type = name == "event_type" and one["event_type"]
            if name in wanted[one["event_type"], own] - own and not has_type:
                lacking.setdefault(name, []).append(one)
    return lacking


def _top_columns(
    elements: Iterable[Sequence[Any]], ignored: tuple[str, ...]
) -> dict[str, frozenset[str]]:
    """Return the columns of each file in lower case, without what is nested in them."""
    found: dict[str, set[str]] = {}
    # Of each element that is open, how many of its children are still to come.
    waiting: dict[str, list[int]] = {}
    for file, name, child_count in elements:
        children = int(child_count or 0)
        if not waiting.get(file):
            found.setdefault(file, set())
            waiting[file] = [children]
            continue
        levels = waiting[file]
        if len(levels) == 1 and not name.lower().startswith(ignored):
            found[file].add(name.lower())
        levels[-1] -= 1
        if children:
            levels.append(children)
        while levels and not levels[-1]:
            levels.pop()
    return {file: frozenset(names) for file, names in found.items()}


def _spelled(spellings: str | Sequence[str]) -> Sequence[str]:
    return [spellings] if isinstance(spellings, str) else spellings


def _is_there(spellings: Sequence[str], columns: frozenset[str]) -> bool:
    steps = [spelling.lower().split(".") for spelling in spellings]
    return any(
        ".".join(path[:count]) in columns for path in steps for count in range(1, len(path) + 1)
    )
