"""What is known of people who were erased: enough to keep them out, too little to find them.

A tombstone is a keyed hash of an id (HMAC-SHA256; RFC 2104, 1997) under a key that serves nothing
else, with a prefix of its own, so it cannot be matched with the keys of the warehouse. Key and
tombstones lie next to the key file, outside the warehouse: a full refresh, a warehouse that is
restored from a backup or another main key brings nobody back.

A customer's tombstone covers all rows with that customer id. That of a device or of a session hint
covers rows without a customer id, up to the moment that it names: others may use the device later,
and what they do while logged in is theirs in any case. That of an order covers rows with no other
id: a refund or a line that an export knows by the number of the order alone, whenever it comes.
"""

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

PREFIX = "footfall tombstone"
_KEY_BYTES = 32
_KEY_DIGITS = 2 * _KEY_BYTES
_REQUEST_DIGITS = 15

Kind = Literal["customer", "device", "session", "order"]
#: They hold for ever; the others up to a moment.
_LASTING = ("customer", "order")


class TombstoneError(Exception):
    """The tombstones cannot be read or written; the message says where, and what to do."""


@dataclass(frozen=True)
class Erased:
    """An id that is to be erased.

    Attributes
    ----------
    source
        The source that it comes from.
    kind
        What it is an id of.
    raw_id
        The id as staging gives it; None where only its key is known.
    identity_key
        Its key in the warehouse; None where the warehouse has none of it.
    until
        Of devices and session hints, the moment up to which rows are the person's; None for
        customers and orders.
    """

    source: str
    kind: Kind
    raw_id: str | None
    identity_key: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Tombstone:
    """A line of the file.

    Attributes
    ----------
    source, kind, until
        As of the id.
    of_id
        Keyed hash of source, kind and raw id; None where that was not known.
    of_key
        Keyed hash of the key of the warehouse; None where there was none.
    request
        The number of the request that it was written for.
    erased_at
        When it was written.
    """

    source: str
    kind: Kind
    of_id: str | None
    of_key: str | None
    until: datetime | None
    request: int
    erased_at: datetime


@dataclass(frozen=True)
class Tombstones:
    """All tombstones, and the key that they are made with."""

    key: bytes
    entries: tuple[Tombstone, ...]

    def kinds(self, source: str) -> frozenset[str]:
        """Return the kinds of ids that tombstones of a source are of."""
        return frozenset(entry.kind for entry in self.entries if entry.source == source)


def key_place(key_file: Path) -> Path:
    """Return where the key of tombstones lies, by the path of the main key file.

    Examples
    --------
    >>> key_place(Path("secrets/footfall.key")).name
    'footfall.tombstones.key'
    """
    return key_file.with_name(f"{key_file.stem}.tombstones.key")


def list_place(key_file: Path) -> Path:
    """Return where the tombstones lie, by the path of the main key file."""
    return key_file.with_name(f"{key_file.stem}.tombstones.jsonl")


def of_id(key: bytes, source: str, kind: str, raw_id: str) -> str:
    """Return the keyed hash of a raw id, 64 hex digits."""
    return keyed(key, f"{id_prefix(source, kind)}{raw_id}")


def id_prefix(source: str, kind: str) -> str:
    """Return what stands before a raw id in the text that is hashed."""
    return f"{PREFIX}:{source}:{kind}:"


def of_key(key: bytes, identity_key: str) -> str:
    """Return the keyed hash of a key of the warehouse, 64 hex digits."""
    return keyed(key, f"{PREFIX}:key:{identity_key}")


def request_number(key: bytes, source: str, identity: str) -> int:
    """Return the number of the request to erase somebody, which only this key gives: 60 bits.

    Parameters
    ----------
    key
        The key of tombstones.
    source
        The source that the customer is of.
    identity
        The raw id, or the key of the warehouse where that is all that was known.
    """
    return int(keyed(key, f"{PREFIX}:request:{source}:{identity}")[:_REQUEST_DIGITS], 16)


def keyed(key: bytes, text: str) -> str:
    """Return the HMAC-SHA256 of a text, in hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def read(key_file: Path) -> Tombstones | None:
    """Return all tombstones; None where nobody was ever erased.

    Raises
    ------
    TombstoneError
        One of the two files is missing or damaged, so that an erased person could come in again.
    """
    place, lines = key_place(key_file), list_place(key_file)
    if not lines.exists():
        return None
    key = _read_key(place)
    if key is None:
        raise TombstoneError(
            f"{place} is missing, and {lines} cannot be used without it: people who were erased"
            " would come in again. Restore it from your backup."
        )
    try:
        written = lines.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TombstoneError(f"{lines} cannot be read ({error}): restore it.") from error
    entries = tuple(
        _parsed(line, lines, number) for number, line in enumerate(written.splitlines(), start=1)
    )
    return Tombstones(key, entries) if entries else None


def begin(key_file: Path) -> bytes:
    """Return the key of tombstones; it is made where there is none yet, for its user alone.

    Raises
    ------
    TombstoneError
        There are tombstones already, so a new key would forget them; or it cannot be written.
    """
    place, lines = key_place(key_file), list_place(key_file)
    found = _read_key(place)
    if found is not None:
        return found
    if lines.exists() and lines.stat().st_size:
        raise TombstoneError(
            f"{place} is missing, and a new key would forget the people of {lines}: restore it from"
            " your backup."
        )
    try:
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True, mode=0o700)
            (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{secrets.token_hex(_KEY_BYTES)}\n")
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        # Another process was faster: its key is the key.
        pass
    except OSError as error:
        raise TombstoneError(f"{place} cannot be written ({error}): make room.") from error
    made = _read_key(place)
    if made is None:
        raise TombstoneError(f"{place} went away while it was made: try again.")
    return made


def bury(
    key_file: Path, request: int, erased: Sequence[Erased], erased_at: datetime
) -> Sequence[Tombstone]:
    """Add the tombstones of a person, and wait until they are on the disk.

    Those that are there already are not written again, unless they reach further now.

    Parameters
    ----------
    key_file
        Path of the main key file.
    request
        The number of the request.
    erased
        The ids of the person.
    erased_at
        The moment of the erasure, with a time zone.

    Returns
    -------
    sequence of Tombstone
        Those that were added.

    Raises
    ------
    TombstoneError
        They cannot be written, or what is there cannot be read.
    """
    key = begin(key_file)
    lines = list_place(key_file)
    wanted = [_tombstone(key, each, request, erased_at) for each in erased]
    try:
        descriptor = os.open(lines, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            standing = [
                _parsed(line, lines, number)
                for number, line in enumerate(stream.read().splitlines(), start=1)
            ]
            added = [each for each in wanted if not _is_covered(each, standing)]
            stream.writelines(_line(each) for each in added)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise TombstoneError(
            f"{lines} cannot be written ({error}), and nobody is erased without it: make rights or "
            "room."
        ) from error
    return added


def _tombstone(key: bytes, erased: Erased, request: int, erased_at: datetime) -> Tombstone:
    raw_id, identity_key = erased.raw_id, erased.identity_key
    return Tombstone(
        source=erased.source,
        kind=erased.kind,
        of_id=None if raw_id is None else of_id(key, erased.source, erased.kind, raw_id),
        of_key=None if identity_key is None else of_key(key, identity_key),
        until=erased.until,
        request=request,
        erased_at=erased_at,
    )


def _is_covered(wanted: Tombstone, standing: Iterable[Tombstone]) -> bool:
    return any(
        (one.source, one.kind) == (wanted.source, wanted.kind)
        and wanted.of_id in (None, one.of_id)
        and wanted.of_key in (None, one.of_key)
        and (wanted.until is None or (one.until is not None and one.until >= wanted.until))
        for one in standing
    )


def _line(entry: Tombstone) -> str:
    written = {
        "source": entry.source,
        "kind": entry.kind,
        "of_id": entry.of_id,
        "of_key": entry.of_key,
        "until": None if entry.until is None else entry.until.astimezone(UTC).isoformat(),
        "request": entry.request,
        "erased_at": entry.erased_at.astimezone(UTC).isoformat(),
    }
    return f"{json.dumps(written)}\n"


def _parsed(line: str, file: Path, number: int) -> Tombstone:
    try:
        read = json.loads(line)
        until = read["until"]
        entry = Tombstone(
            source=str(read["source"]),
            kind=read["kind"],
            of_id=read["of_id"],
            of_key=read["of_key"],
            until=None if until is None else datetime.fromisoformat(until),
            request=int(read["request"]),
            erased_at=datetime.fromisoformat(read["erased_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(file, number) from error
    if entry.kind not in get_args(Kind) or (entry.kind not in _LASTING and entry.until is None):
        raise _damaged(file, number)
    return entry


def _damaged(file: Path, number: int) -> TombstoneError:
    return TombstoneError(
        f"{file}, line {number}: this is no tombstone. Somebody who was erased could come in again:"
        " restore the file from your backup."
    )


def _read_key(place: Path) -> bytes | None:
    try:
        written = place.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TombstoneError(f"{place} cannot be read ({error}): restore it.") from error
    try:
        key = bytes.fromhex(written)
    except ValueError:
        key = b""
    if len(written) != _KEY_DIGITS or len(key) != _KEY_BYTES:
        raise TombstoneError(f"{place} holds no key of tombstones: restore it from your backup.")
    return key
