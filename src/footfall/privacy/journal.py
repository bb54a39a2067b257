"""The journal of erasures: when each was begun, what was looked at after it, and what was found.

It lies next to the key file, so that a full refresh or a warehouse that is restored from a backup
forgets no proof. A line holds counts and moments, and nothing of the person.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from footfall.publishing.files import sync


class JournalError(Exception):
    """The journal cannot be read or written; the message says where, and what to do."""


@dataclass(frozen=True)
class Erasure:
    """A line of the journal: an erasure that was begun, or what was found after it.

    Attributes
    ----------
    request
        The number of the request, which only the key of tombstones gives.
    erased_at
        When the tombstones were written, ISO 8601 in UTC.
    warehouse
        The name of the warehouse file.
    source
        The source that knew the person; None in lines of earlier versions.
    proven_at
        When all was read; None of an erasure that was begun, as is all that follows.
    code_version
        The version of the package that looked.
    table_count, column_count, value_count
        What was read of the warehouse and of what is published.
    file_count, byte_count
        Files that were read byte by byte.
    unread_file_count
        Files that could not be read.
    ordinary_id_count
        Ids that other things have as well: short ones, and numbers.
    unsearched_column_count
        Columns of text that were not searched for these.
    possible_mention_count
        Values that hold one of these as a word, without saying whose it is.
    hit_count
        Places where something of the person was found.
    """

    request: int
    erased_at: str
    warehouse: str
    source: str | None = None
    proven_at: str | None = None
    code_version: str | None = None
    table_count: int | None = None
    column_count: int | None = None
    value_count: int | None = None
    file_count: int | None = None
    byte_count: int | None = None
    unread_file_count: int | None = None
    ordinary_id_count: int | None = None
    unsearched_column_count: int | None = None
    possible_mention_count: int | None = None
    hit_count: int | None = None


def journal_place(key_file: Path) -> Path:
    """Return where proofs are kept, by the path of the main key file."""
    return key_file.with_name(f"{key_file.stem}.erasures.jsonl")


def note(key_file: Path, line: Erasure) -> None:
    """Add a line to the journal, and wait until it is on the disk.

    Raises
    ------
    JournalError
        It cannot be written.
    """
    place = journal_place(key_file)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{json.dumps(asdict(line))}\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync(place.parent)
    except OSError as error:
        raise JournalError(
            f"{place} cannot be written ({error}), and an erasure is noted there: make rights or"
            " room, and erase once more."
        ) from error


def read(key_file: Path) -> list[Erasure]:
    """Return all lines, the oldest first.

    Raises
    ------
    JournalError
        A line is none of an erasure.
    """
    place = journal_place(key_file)
    if not place.exists():
        return []
    known = {field.name for field in fields(Erasure)}
    found = []
    for number, line in enumerate(place.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            written = json.loads(line)
            found.append(Erasure(**{name: written[name] for name in written if name in known}))
        except (ValueError, TypeError) as error:
            raise JournalError(
                f"{place}, line {number}: this is no line about an erasure ({error}). Restore the "
                "file from your backup."
            ) from error
    return found


def erasures(key_file: Path, warehouse: str) -> list[dict[str, Any]]:
    """Return the erasures of a warehouse, the oldest first, each as the last attempt left it.

    Parameters
    ----------
    key_file
        Path of the main key file.
    warehouse
        The name of the warehouse file.

    Returns
    -------
    list of dict
        The attributes of `Erasure`, `erasure_id`, a digest, and `attempt_count`, how often it was
        begun.

    Raises
    ------
    JournalError
        The journal cannot be read.
    """
    lines = [line for line in read(key_file) if line.warehouse == warehouse]
    last = {line.request: line for line in lines}
    attempts: dict[int, set[str]] = {}
    for line in lines:
        attempts.setdefault(line.request, set()).add(line.erased_at)
    found = [
        {
            **asdict(line),
            "erasure_id": _digest(line),
            "attempt_count": len(attempts[line.request]),
        }
        for line in last.values()
    ]
    return sorted(found, key=lambda one: (one["erased_at"], one["request"]))


def _digest(line: Erasure) -> str:
    return hashlib.sha256(f"{line.warehouse} {line.request}".encode()).hexdigest()[:32]
