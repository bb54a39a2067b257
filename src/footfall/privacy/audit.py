"""An append-only record of what was done with a warehouse: built, published, drawn, exported.

Each line is a JSON object that holds the SHA-256 of the line before it (a hash chain; Schneier and
Kelsey, "Secure Audit Logs to Support Computer Forensics", 1999). A line that was changed, taken out
or put in shows, and so does the end cut off, as long as somebody has noted a later digest.
Entries hold counts, names of files and the account of the operating system, never data of
customers.
"""

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: The environment variable that names another file.
VARIABLE = "FOOTFALL_AUDIT"
_BEGINNING = "0" * 64
# What every entry has, in this order; `details` is the rest.
_FIELDS = ("at", "account", "action", "details", "previous")


class AuditError(Exception):
    """The record cannot be written, or is not what was written; the message says where."""


@dataclass(frozen=True)
class Entry:
    """One thing that was done.

    Attributes
    ----------
    at
        When, in UTC.
    account
        The account of the operating system that did it.
    action
        What was done: ``build``, ``publish``, ``draw`` or ``export``, for example.
    details
        What else is known of it: numbers and names, as values that JSON can hold.
    digest
        The SHA-256 of its line, which the next line holds.
    """

    at: datetime
    account: str
    action: str
    details: Mapping[str, Any]
    digest: str


def audit_file(warehouse: Path) -> Path:
    """Return where the record of a warehouse is: next to it, unless `FOOTFALL_AUDIT` names a file.

    Examples
    --------
    >>> audit_file(Path("warehouse/footfall.duckdb")).name
    'footfall.audit.jsonl'
    """
    named = os.environ.get(VARIABLE)
    return Path(named) if named else warehouse.with_name(f"{warehouse.stem}.audit.jsonl")


def record(file: Path, action: str, details: Mapping[str, Any]) -> None:
    """Append an entry and wait until it is on the disk.

    Processes that write at the same time wait for each other.

    Parameters
    ----------
    file
        The record; it is made if it is not there, for its user alone.
    action
        What was done.
    details
        Counts and names. No data of customers.

    Raises
    ------
    AuditError
        The file cannot be written, or its last line is not whole.
    """
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "account": _account(),
        "action": action,
        "details": dict(details),
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            line = json.dumps({**entry, "previous": _digest_of_last(opened.read(), file)})
            opened.write(line.encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise AuditError(
            f"{file} cannot be written, and what is done has to be recorded there ({error}): make "
            f"room or rights, or name another file in {VARIABLE}."
        ) from error


def entries(file: Path) -> Iterator[Entry]:
    """Yield the entries of a record from the first on, and check the chain on the way.

    Raises
    ------
    AuditError
        There is no record, or a line is not what was written.
    """
    try:
        text = file.read_bytes()
    except OSError as error:
        raise AuditError(
            f"There is no record in {file} ({error}): a build begins one. {VARIABLE} names "
            "another file."
        ) from error
    previous = _BEGINNING
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        found = _parsed(line)
        if found is None or found["previous"] != previous:
            raise AuditError(
                f"{file}, line {number}: this is not what was written after the line before. The "
                "record was changed; compare it with a backup."
            )
        previous = _digest(line)
        at = datetime.fromisoformat(found["at"])
        yield Entry(at, found["account"], found["action"], found["details"], previous)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    complete = isinstance(found, dict) and tuple(found) == _FIELDS and line.endswith(b"\n")
    return found if complete else None


def _digest_of_last(text: bytes, file: Path) -> str:
    if not text:
        return _BEGINNING
    last = text.splitlines(keepends=True)[-1]
    if _parsed(last) is None:
        raise AuditError(
            f"The last line of {file} is not whole: nothing is added to a record that was damaged. "
            f"Put it aside, or name another file in {VARIABLE}."
        )
    return _digest(last)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account has.
        return str(os.getuid())
