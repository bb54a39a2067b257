"""What a warehouse notes of the tombstones it was built with, so that lost ones are noticed."""

import hashlib
import json
from pathlib import Path

from footfall.privacy.tombstones import (
    PREFIX,
    TombstoneError,
    Tombstones,
    key_place,
    keyed,
    list_place,
)

_MARK_DIGITS = 16


def mark_of(standing: Tombstones, count: int | None = None) -> str:
    """Return what a warehouse notes of the tombstones that it was built with.

    Parameters
    ----------
    standing
        All tombstones.
    count
        How many of them, the oldest first; None for all.

    Returns
    -------
    str
        Number, digest and digest of the key. They lead to no hash of an id, so they stay the same
        where these are dropped.
    """
    entries = standing.entries[:count]
    written = json.dumps(
        [[one.source, one.kind, one.request, one.erased_at.isoformat()] for one in entries]
    )
    digest = hashlib.sha256(written.encode()).hexdigest()[:_MARK_DIGITS]
    return f"{len(entries)} {digest} {keyed(standing.key, f'{PREFIX}:mark')[:_MARK_DIGITS]}"


def check_mark(noted: str | None, standing: Tombstones | None, key_file: Path) -> str | None:
    """Say whether the tombstones are those that a warehouse was built with, or more.

    Parameters
    ----------
    noted
        The mark that the warehouse has; None where it was built with none.
    standing
        All tombstones; None where there are none.
    key_file
        Path of the main key file.

    Returns
    -------
    str or None
        The mark to note from now on; None where there is nothing to note.

    Raises
    ------
    TombstoneError
        Some are missing, or they are others: people who were erased would come in again.
    """
    if noted is None:
        return None if standing is None else mark_of(standing)
    count = int(noted.split()[0])
    lines, place = list_place(key_file).absolute(), key_place(key_file).absolute()
    found = 0 if standing is None else len(standing.entries)
    if standing is None or found < count:
        what = f"{lines} holds {found} of the {count} tombstones"
    elif mark_of(standing, count).split()[2] != noted.split()[2]:
        what = f"{place} is not the key of the {count} tombstones"
    elif mark_of(standing, count) != noted:
        what = f"{lines} does not begin with the {count} tombstones"
    else:
        return mark_of(standing)
    raise TombstoneError(
        f"{what} that this warehouse was built with, and people who were erased would come in again"
        f" with the source. Restore {lines.name} and {place.name} from your backup, into"
        f" {lines.parent}. If they are lost for good, build into a new warehouse (FOOTFALL_DB or"
        " without the old file), and erase these people there once more."
    )
