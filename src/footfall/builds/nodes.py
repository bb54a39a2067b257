"""Models, seeds and tests of the project, as far as the versions of tables depend on them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Settings of a node that change nothing in its table.
_WITHOUT_EFFECT = frozenset({"access", "docs", "group", "meta", "tags"})


@dataclass(frozen=True)
class Node:
    """A model, seed or test of the project, as far as versions depend on it.

    Attributes
    ----------
    unique_id
        What dbt calls it; begins with its kind.
    schema, name
        Where its table is.
    materialized
        How it is stored; `view` stores nothing.
    language
        `sql` or `python`.
    code
        Digest of its code, or of the rows of a seed; None where dbt has none.
    shape
        Digest of what YAML says of it that changes its table.
    inputs
        The nodes and sources that it reads.
    pending_column
        The column that shows which of its rows are pending; None for all but tables that watch
        over them.
    is_read_from_files
        Whether its rows come from files of the project: only reading shows whether they changed.
    """

    unique_id: str
    schema: str
    name: str
    materialized: str
    language: str
    code: str | None
    shape: str
    inputs: tuple[str, ...]
    pending_column: str | None
    is_read_from_files: bool = False

    @property
    def kind(self) -> str:
        """Model, seed or test."""
        return self.unique_id.split(".", 1)[0]

    @property
    def is_stored(self) -> bool:
        """Whether it is a model with a table of its own."""
        return self.kind == "model" and self.materialized not in ("view", "ephemeral")

    @property
    def table(self) -> tuple[str, str]:
        """Schema and name of its table."""
        return self.schema, self.name


def described_node(node: Mapping[str, Any]) -> Node:
    """Read a node as macros describe it.

    Parameters
    ----------
    node
        With `unique_id`, `schema`, `name`, `language`, `config`, `inputs`, `constraints`, `columns`
        (name, type and constraints of each) and `checksum`, as dbt has it.
    """
    config, checksum = node["config"], node["checksum"] or {}
    meta: Mapping[str, Any] = config.get("meta") or {}
    # How columns are described changes no table; their types, constraints and settings do.
    shape = _text(
        [
            node["constraints"],
            node["columns"],
            {name: value for name, value in config.items() if name not in _WITHOUT_EFFECT},
            {name: value for name, value in meta.items() if name != "lineage"},
        ]
    )
    return Node(
        unique_id=node["unique_id"],
        schema=node["schema"],
        name=node["name"],
        materialized=config.get("materialized") or "",
        language=node["language"] or "sql",
        # Of a large seed dbt knows the path only, which says nothing of its rows.
        code=checksum.get("checksum") if checksum.get("name") != "path" else None,
        shape=digest(shape),
        inputs=tuple(node["inputs"]),
        pending_column=meta.get("pending_column"),
        is_read_from_files=bool(meta.get("is_read_from_files")),
    )


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def digest(*parts: str) -> str:
    """SHA-256 (hex) of texts, wherever one ends and the next begins."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
