"""Why figures are missing or an arm does not win, as messages of seeds/words that SQL says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Reason(NamedTuple):
    """A message.

    Attributes
    ----------
    key
        Of seeds/words.
    values
        Of its slots, as people read them.
    """

    key: str
    values: Mapping[str, str]


def because(key: str, **values: str | int) -> Reason:
    """Return a reason; slots that are numbers are written without a decimal point."""
    return Reason(key, {name: str(value) for name, value in values.items()})


def so_far(reason: Reason) -> Reason:
    """Return the same reason of an experiment that is not over, which is a message of its own."""
    return Reason(f"{reason.key}_so_far", reason.values)


def p_text(p: float) -> str:
    """Return p as reasons show it, with two digits that count."""
    return f"{p:.2g}"


def stored(reason: Reason | None) -> dict[str, Any]:
    """Return the columns of a reason: its key, and its values as the text of a JSON object."""
    if reason is None:
        return {"reason_key": None, "reason_values": None}
    values = json.dumps(reason.values, ensure_ascii=False, sort_keys=True)
    return {"reason_key": reason.key, "reason_values": values}
