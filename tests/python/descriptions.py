"""What is wrong with the descriptions of a manifest: missing, lazy, or copied by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FEWEST_WORDS = 4
# Words that say nothing about the thing that is described.
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from has in is it its of on or that the their them this to"
        " was which with column field id key name number table thing value model macro test",
    )
)


@dataclass(frozen=True)
class Described:
    """A thing that needs a description, under the name that people know it by."""

    kind: str
    name: str
    own_name: str
    text: str
    # Whether dbt says that a docs block is part of it; it does not say so of macros.
    has_block: bool = False


def described(manifest: Mapping[str, Any], package: str = "footfall") -> Iterator[Described]:
    """Everything of a package that a reader of its docs meets."""
    for part in (
        *("nodes", "sources", "exposures", "macros", "unit_tests", "groups"),
        *("metrics", "semantic_models", "saved_queries"),
    ):
        for node in manifest.get(part, {}).values():
            if node["package_name"] != package or node["resource_type"] == "operation":
                continue
            kind, name = node["resource_type"], node["name"]
            has_block = bool(node.get("doc_blocks"))
            yield Described(kind, name, name, node.get("description") or "", has_block)
            if kind == "source":
                whole = node["source_name"]
                yield Described("source", whole, whole, node["source_description"])
            for column in node.get("columns", {}).values():
                text, has_block = column["description"], bool(column.get("doc_blocks"))
                own_name = column["name"]
                yield Described("column", f"{name}.{own_name}", own_name, text, has_block)
            for argument in node.get("arguments", ()):
                text = argument["description"]
                yield Described("argument", f"{name}({argument['name']})", argument["name"], text)


def problems_of(manifest: Mapping[str, Any]) -> list[str]:
    """One sentence for each description that helps nobody."""
    blocks = {_plain(block["block_contents"]) for block in manifest["docs"].values()}
    found: list[str] = []
    first: dict[str, Described] = {}
    for one in described(manifest):
        text = _plain(one.text)
        what = f"{one.kind} {one.name}"
        if not text:
            found.append(f"{what} has no description")
        elif len(_words(text)) < FEWEST_WORDS:
            found.append(f"{what} is described in too few words: {text}")
        elif not _new_words(one.own_name, text):
            found.append(f"{what} is described by its own name: {text}")
        elif not one.has_block and text not in blocks:
            other = first.setdefault(text, one)
            # A source is described once for each of its tables.
            if other is not one and (other.kind, other.name) != (one.kind, one.name):
                found.append(f"{what} copies {other.name}; make it a docs block: {text}")
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _new_words(name: str, text: str) -> set[str]:
    """Words that the name does not say already."""
    own = {_stem(word) for word in _words(name.replace("_", " "))}
    return {word for word in _words(text) if word not in _EMPTY_WORDS and _stem(word) not in own}


def _stem(word: str) -> str:
    return re.sub(r"(ies|y|es|e|s)$", "", word)
