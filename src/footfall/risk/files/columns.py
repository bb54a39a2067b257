"""Which column of a file of payments is which of ours."""

from __future__ import annotations

from pathlib import Path

from footfall.risk.problems import RiskProblem

REQUIRED = ("occurred_at", "customer_id", "amount", "is_fraud")
#: What a file may call a column, by the name that it has here.
RECOGNISED: dict[str, tuple[str, ...]] = {
    "occurred_at": ("occurred_at",),
    "customer_id": ("customer_id", "customer"),
    "amount": ("amount",),
    "is_fraud": ("is_fraud",),
    "device": ("device", "device_id"),
    "card": ("card", "card_id", "card_token"),
    "terminal": ("terminal", "terminal_id", "terminal_token"),
    "address": ("address", "address_id", "address_key", "address_token"),
    "ip": ("ip", "ip_id", "ip_prefix", "ip_token"),
    "country": ("country", "country_id"),
    "card_country": ("card_country", "card_country_id"),
    "registered_at": ("registered_at",),
    "labelled_at": ("labelled_at",),
    "outcome": ("outcome",),
    "channel": ("channel", "channel_id"),
}


def parse_map(text: str) -> dict[str, str]:
    """Read MAP=theirs:ours,… as a mapping from our names to theirs.

    Raises
    ------
    RiskProblem
        When a pair has no colon, or ends in a name that is not known, or is there twice.
    """
    mapping: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        theirs, colon, ours = pair.rpartition(":")
        name = next((name for name, forms in RECOGNISED.items() if ours in forms), None)
        if not colon or not theirs:
            raise RiskProblem(f"MAP has '{pair}': write theirs:ours, such as buyer:customer_id")
        if name is None:
            raise RiskProblem(
                f"MAP has '{pair}': {ours} is no column here; use one of {', '.join(RECOGNISED)}"
            )
        if name in mapping:
            raise RiskProblem(f"MAP names {name} twice: {mapping[name]} and {theirs}")
        mapping[name] = theirs
    return mapping


def columns_used(path: Path, columns: list[str], mapping: dict[str, str]) -> dict[str, str]:
    """Return the columns of a file by our names.

    Parameters
    ----------
    path
        Of the file, for errors.
    columns
        That it has.
    mapping
        What :func:`parse_map` read.

    Raises
    ------
    RiskProblem
        When a needed column is missing, two mean the same, or MAP names one that is not there.
    """
    by_lower = {name.lower(): name for name in columns}
    used: dict[str, str] = {}
    for name, forms in RECOGNISED.items():
        if name in mapping:
            if mapping[name] not in columns:
                raise RiskProblem(
                    f"MAP names the column {mapping[name]}, which {path} does not have; it has "
                    f"{', '.join(columns)}"
                )
            used[name] = mapping[name]
            continue
        found = [by_lower[form] for form in forms if form in by_lower]
        found = [one for one in found if one not in mapping.values()]
        if len(found) > 1:
            raise RiskProblem(
                f"{path} has {' and '.join(found)}, which both mean {name}: choose one with "
                f"MAP={found[0]}:{name}"
            )
        if found:
            used[name] = found[0]
    missing = [name for name in REQUIRED if name not in used]
    if missing:
        raise RiskProblem(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(columns)}. Name what "
            f"stands for it: MAP=theirs:{missing[0]}"
        )
    return used
