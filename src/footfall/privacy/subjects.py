"""Which columns of which tables can identify a person, as their YAML declares it.

A column whose values lead to a person says so: `config: {meta: {subject: customer}}`. What looks
for a person reads these declarations and no list of its own. They are read from the project's YAML,
which is there without dbt and as new as the code.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: What `meta: {subject: …}` may say, and what a column of the kind holds.
KINDS: Mapping[str, str] = {
    "customer": "a customer: the id of the source, the key or the number made of it",
    "device": "a device or cookie, in the same three forms",
    "visitor": "a customer where one is known, else a device",
    "session": "a session, or the source's own session id",
    "order": "an order, basket or invoice",
    "event": "an event, an order line or a message",
    "review": "a review",
    "writing": "a review, or the event that holds what somebody wrote",
    "payment": "a card, address, network or terminal of a payment, which people may share",
    "text": "text, JSON or a raw row: what somebody wrote, in which any of these may stand",
}
#: Kinds whose values are ids, as opposed to texts that may hold some.
ID_KINDS = frozenset(KINDS) - {"text"}
#: Kinds of which a value is one of several others.
EITHER: Mapping[str, tuple[str, ...]] = {
    "visitor": ("customer", "device"),
    "writing": ("event", "review"),
}
_FOLDERS = ("models", "python_models", "seeds")
# Where dbt looks for docs blocks (docs-paths in dbt_project.yml).
_DOCS = ("docs", "models")
_BLOCK = re.compile(r"\{% docs (\w+) %\}(.*?)\{% enddocs %\}", re.DOTALL)
_CALL = re.compile(r"\{\{ *doc\(['\"](\w+)['\"]\) *\}\}")


class SubjectError(Exception):
    """Something about a person cannot be answered; the message says why, and what to do."""


@dataclass(frozen=True)
class Table:
    """A table or view as the YAML of the project has it.

    Attributes
    ----------
    name
        Its name.
    schema
        The schema of a source's table; None for models and seeds, whose names occur once.
    description
        As it is written, with calls of docs blocks.
    columns
        Descriptions of all columns by name, as they are written.
    subjects
        Kinds of subjects by column: a key of `KINDS`.
    """

    name: str
    schema: str | None
    description: str
    columns: Mapping[str, str]
    subjects: Mapping[str, str]


@dataclass(frozen=True)
class Declarations:
    """All tables that the project describes, by name; those of sources by schema and name."""

    tables: Mapping[tuple[str | None, str], Table]

    def of(self, schema: str, name: str) -> Table | None:
        """Return what is declared of a table of the warehouse; None where nothing is."""
        return self.tables.get((schema, name)) or self.tables.get((None, name))


def read_declarations(project: Path) -> Declarations:
    """Read the YAML of models, seeds and sources.

    Parameters
    ----------
    project
        The folder of the project.

    Raises
    ------
    SubjectError
        A file cannot be read, or a column declares a kind that there is not.
    """
    found: dict[tuple[str | None, str], Table] = {}
    for folder in _FOLDERS:
        for file in sorted((project / folder).rglob("*.yml")):
            for table in _tables(file):
                found[table.schema, table.name] = table
    return Declarations(found)


def _tables(file: Path) -> Iterator[Table]:
    # The loader in C, where there is one: the project has 25,000 lines of YAML.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        read = yaml.load(file.read_text(encoding="utf-8"), Loader=loader) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SubjectError(f"{file} cannot be read: {error}") from error
    yield from tables_in(file, read)


def tables_in(file: Path, read: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the tables of a file of YAML that was read.

    Raises
    ------
    SubjectError
        A column declares a kind that there is not.
    """
    for one in (*read.get("models", ()), *read.get("seeds", ())):
        yield _table(file, None, one)
    for source in read.get("sources", ()):
        for one in source.get("tables", ()):
            yield _table(file, str(source.get("schema", source["name"])), one)


def _table(file: Path, schema: str | None, given: Mapping[str, Any]) -> Table:
    columns = {one["name"]: one for one in given.get("columns", ())}
    subjects = {name: kind for name, one in columns.items() if (kind := _subject(one)) is not None}
    for name, kind in subjects.items():
        if kind not in KINDS:
            raise SubjectError(
                f"{file}: {given['name']}.{name} declares the subject '{kind}', which there is "
                f"not; use one of {', '.join(KINDS)}."
            )
    described = {name: str(one.get("description", "")) for name, one in columns.items()}
    return Table(given["name"], schema, str(given.get("description", "")), described, subjects)


def _subject(column: Mapping[str, Any]) -> Any:
    return (column.get("config", {}).get("meta") or {}).get("subject")


def read_blocks(project: Path) -> dict[str, str]:
    """Return the docs blocks of the project by name."""
    return {
        name: " ".join(text.split())
        for folder in _DOCS
        for file in sorted((project / folder).rglob("*.md"))
        for name, text in _BLOCK.findall(file.read_text(encoding="utf-8"))
    }


def plain_text(description: str, blocks: Mapping[str, str]) -> str:
    """Return a description with what the docs blocks say that it calls, in one line."""
    written = _CALL.sub(lambda call: blocks.get(call[1], call[0]), description)
    return " ".join(written.split())
