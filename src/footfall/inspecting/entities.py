"""Tables that are read next to events: items, customers and reviews of a shop's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from footfall.core.yaml_files import parsed_yaml
from footfall.inspecting.layouts import plain

#: Columns that a table must have, and how many more of its own it takes to be recognised.
_NEEDS: Mapping[str, Sequence[str]] = {
    "reviews": ("customer_id", "item_id"),
    "customers": ("customer_id",),
    "items": ("item_id",),
}
#: What staging makes by itself.
_MADE = frozenset(("source", "value_notes"))


@dataclass(frozen=True)
class Entity:
    """What a table holds.

    Attributes
    ----------
    name
        Items, customers or reviews.
    columns
        Its columns by the names of the contract.
    """

    name: str
    columns: Mapping[str, str]


def entity_of(folder: Path, columns: Sequence[str]) -> Entity | None:
    """Return what a table without events holds, by its columns; None where they don't show it.

    Parameters
    ----------
    folder
        The folder of the project.
    columns
        Of the table.
    """
    by_plain = {plain(column): column for column in reversed(columns)}
    contracts = contracts_of(folder)
    for name, needed in _NEEDS.items():
        held = {
            column: by_plain[plain(column)]
            for column in contracts[name]
            if plain(column) in by_plain
        }
        if held.keys() >= set(needed) and len(held) > len(needed):
            return Entity(name, held)
    return None


def contracts_of(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the columns that tables of a shop's own may have, by what they hold."""
    file = folder / "models/staging/custom/_custom__models.yml"
    models = parsed_yaml(file.read_text(encoding="utf-8"))["models"]
    return {
        str(model["name"]).removeprefix("stg_custom__"): [
            column["name"] for column in model["columns"] if column["name"] not in _MADE
        ]
        for model in models
    }


def entity_lines(entity: Entity, path: str, others: Sequence[str]) -> list[str]:
    """Return what is said of such a table: how it is read, and next to what.

    Parameters
    ----------
    entity
        What it holds.
    path
        The file, as the user wrote it.
    others
        Its columns that the contract does not have.
    """
    variable = entity.name.upper()
    lines = [
        f"  It looks like a table of {entity.name}, which is read next to events:",
        f"    make build SOURCE=custom EVENTS=… {variable}={path}",
        "  With a mapping (make inspect FILE=… of the events writes one), add to it:",
        f"    custom_{entity.name}_path: {path}",
    ]
    renamed = {name: held for name, held in entity.columns.items() if name != held.lower()}
    if renamed:
        lines += ["    custom_columns:", f"      {entity.name}:"]
        lines += [f"        {name}: {held}" for name, held in renamed.items()]
    if others and entity.name == "customers":
        lines.append(f"  Kept as attributes of each customer: {', '.join(others)}")
    elif others:
        lines.append(f"  Not read: {', '.join(others)}")
    return [*lines, ""]
