"""What dbt says of the project in `manifest.json` and `catalog.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class SiteError(Exception):
    """What keeps the site from being written, and what to do about it."""


@dataclass(frozen=True)
class Column:
    """A column as it is in the warehouse, or as it is declared where the warehouse has no table."""

    name: str
    type: str
    description: str
    # Of a Python model: the columns that it is made from, as `relation.column`, where `*` fits
    # anything; none where YAML says nothing, empty where it says that no column goes in.
    made_from: tuple[str, ...] | None = None
    how: str = ""


@dataclass(frozen=True)
class Relation:
    """A model, seed or source."""

    id: str
    name: str
    kind: str
    layer: str
    language: str
    description: str
    # Database, schema and identifier in lower case: what SQL calls it.
    address: tuple[str, str, str]
    columns: Mapping[str, Column]
    parents: tuple[str, ...]
    sql: str = ""
    path: str = ""
    is_built: bool = True
    # Of a Python model: the inputs whose rows become its rows.
    rows_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exposure:
    """Who reads a table outside the project."""

    id: str
    name: str
    label: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """Everything, by the unique id that dbt gives it."""

    relations: Mapping[str, Relation]
    exposures: tuple[Exposure, ...]
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def named(self, name: str) -> Relation:
        """Return the relation of a name.

        Raises
        ------
        SiteError
            There is none, or there are several.
        """
        found = [one for one in self.relations.values() if one.name == name]
        if len(found) != 1:
            known = ", ".join(sorted(one.name for one in self.marts()))
            what = "no table" if not found else "more than one table"
            raise SiteError(f"There is {what} called '{name}'. The marts are: {known}.")
        return found[0]

    def marts(self) -> tuple[Relation, ...]:
        """Return the relations of the marts."""
        return tuple(one for one in self.relations.values() if one.layer == "marts")


def read_project(target: Path) -> Project:
    """Return the project as the last `dbt docs generate` left it in a target folder.

    Raises
    ------
    SiteError
        The folder lacks a file, or holds a manifest without compiled SQL.
    """
    manifest, catalog = _loaded(target / "manifest.json"), _loaded(target / "catalog.json")
    built = {**catalog["nodes"], **catalog["sources"]}
    relations = {}
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        if node["resource_type"] in ("model", "seed", "source", "snapshot"):
            relations[node["unique_id"]] = _relation(node, built.get(node["unique_id"]))
    bare = [one.name for one in relations.values() if one.language == "sql" and not one.sql]
    if bare:
        raise SiteError(
            f"{target}/manifest.json has no compiled SQL for {', '.join(sorted(bare)[:5])}. "
            "Write it anew: make docs."
        )
    children: dict[str, list[str]] = {}
    for relation in relations.values():
        for parent in relation.parents:
            children.setdefault(parent, []).append(relation.id)
    exposures = tuple(
        Exposure(
            node["unique_id"],
            node["name"],
            node.get("label") or node["name"],
            tuple(node["depends_on"]["nodes"]),
        )
        for node in manifest["exposures"].values()
    )
    return Project(relations, exposures, {key: tuple(ids) for key, ids in children.items()})


def _loaded(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise SiteError(f"There is no {path}. Build the warehouse and write the docs: make docs.")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _relation(node: Mapping[str, Any], built: Mapping[str, Any] | None) -> Relation:
    kind = node["resource_type"]
    told = {name.lower(): column for name, column in node["columns"].items()}
    if built is None:
        types = {name: str(column.get("data_type") or "") for name, column in told.items()}
    else:
        types = {name.lower(): str(column["type"]) for name, column in built["columns"].items()}
    columns = {name: _column(name, kind, told.get(name, {})) for name, kind in types.items()}
    lineage = node["config"].get("meta", {}).get("lineage", {}) if kind == "model" else {}
    return Relation(
        id=node["unique_id"],
        # Two sources may both have a table of events.
        name=f"{node['source_name']}.{node['name']}" if kind == "source" else node["name"],
        kind=kind,
        layer=_layer(node),
        language=node.get("language", "") if kind == "model" else "",
        description=node["description"].strip(),
        address=(
            node["database"].lower(),
            node["schema"].lower(),
            (node.get("identifier") or node.get("alias") or node["name"]).lower(),
        ),
        columns=columns,
        parents=tuple(node["depends_on"]["nodes"]) if kind == "model" else (),
        sql=node.get("compiled_code") or "" if kind == "model" else "",
        path=node["original_file_path"],
        is_built=built is not None,
        rows_from=tuple(lineage.get("rows_from", ())),
    )


def _column(name: str, type_name: str, told: Mapping[str, Any]) -> Column:
    lineage = (told.get("config") or {}).get("meta", {}).get("lineage", {})
    return Column(
        name,
        type_name,
        str(told.get("description", "")).strip(),
        tuple(lineage["from"]) if "from" in lineage else None,
        str(lineage.get("how", "")),
    )


def _layer(node: Mapping[str, Any]) -> str:
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    top, below, *_ = Path(node["original_file_path"]).parts
    return below if top == "models" else top


def counts_of(target: Path) -> dict[str, int]:
    """Return how many data tests and unit tests the project has."""
    manifest = _loaded(target / "manifest.json")
    tests = [one for one in manifest["nodes"].values() if one["resource_type"] == "test"]
    return {"test": len(tests), "unit_test": len(manifest["unit_tests"])}
