"""Whether a table would come out as it is, so that a build may leave it alone.

A table is current where what it was made from is what it would be made from now. That is a digest:
of its code and settings, of the code and vars that all tables share, and of the versions of what it
reads, through views and down to seeds. A table that is made again has a new version, whatever it
was made from, so that what reads it follows. Only a run that also brings the inputs of a table up
to date can know that nothing has changed; what reads a source has to look, and its version is told
by its rows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

#: Settings of a node that change nothing in its table.
_WITHOUT_EFFECT = frozenset({"access", "docs", "group", "meta", "tags"})
#: The table that names the days of arrival which a run has to read.
ARRIVAL_DAYS = "int_arrival_days"


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
        The column that tells which of its rows are pending; None for all but tables that watch
        over them.
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


@dataclass(frozen=True)
class Note:
    """What is noted of a table that an earlier run made, or this one.

    Attributes
    ----------
    made_from
        Digest of everything that decided what it holds; None where something could not be told.
    version
        Changes as often as the table does, or may.
    row_count
        How many rows it was left with; None while that is not known.
    tests_passed, tests_digest
        How many tests have passed on this version, and which with which versions of what else they
        read; None where not all of its tests have run since it was made.
    """

    made_from: str | None
    version: str
    row_count: int | None = None
    tests_passed: int | None = None
    tests_digest: str | None = None


@dataclass
class TableVersions:
    """The versions of a run: those that it found, and those of the tables that it has made.

    Threads may ask at the same time: each writes the note of its own table only.

    Attributes
    ----------
    run_id
        What dbt calls the run.
    code
        Digest of the code and the vars that all tables share.
    nodes
        Models, seeds and tests by their ids.
    selected
        The ids of what the run builds.
    notes
        By schema and name of the table.
    row_counts
        The rows of tables when the run began, by schema and name.
    """

    run_id: str
    code: str
    nodes: Mapping[str, Node]
    selected: frozenset[str]
    notes: dict[tuple[str, str], Note]
    row_counts: Mapping[tuple[str, str], int]
    _made_from: dict[str, str | None] = field(default_factory=dict)

    def is_current(self, unique_id: str) -> bool:
        """Whether the table of a model would come out as it is."""
        node = self.nodes[unique_id]
        made_from = self._made_from[unique_id] = self._made_from_now(node)
        note = self.notes.get(node.table)
        return (
            note is not None
            and made_from is not None
            and note.made_from == made_from
            and note.row_count is not None
            and note.row_count == self.row_counts.get(node.table)
        )

    def note_made(
        self, unique_id: str, contents: str | None = None, is_pending: bool | None = None
    ) -> dict[str, str | None]:
        """Take down that the table of a model was made.

        Parameters
        ----------
        unique_id
            The model; `is_current` has been asked of it before.
        contents
            Digest of its rows, where that was called for.
        is_pending
            Whether it has pending rows, where that was called for.

        Returns
        -------
        dict
            Either `look_for`, with what has to be passed in a second call (`contents` or
            `is_pending`), or the `version` of the table and what it was `made_from`. Without a
            version nothing may be noted of it.
        """
        node = self.nodes[unique_id]
        made_from = self._made_from.get(unique_id)
        version: str | None = None
        if made_from is not None:
            version = _digest(made_from, self.run_id)
        elif node.pending_column is not None:
            if is_pending is None:
                return {"look_for": "is_pending"}
            before = self.notes.get(node.table)
            version = _digest("as of", self.run_id)
            if before is not None and not is_pending:
                version = before.version
        elif node.materialized == "table" and node.language == "sql":
            if contents is None:
                return {"look_for": "contents"}
            version = _digest("rows", contents)
        if version is None:
            self.notes.pop(node.table, None)
        else:
            self.notes[node.table] = Note(made_from, version)
        return {"version": version, "made_from": made_from}

    def tests_noted(self, statuses: Mapping[str, str]) -> list[dict[str, Any]]:
        """Which tests passed on the tables as they are now.

        Parameters
        ----------
        statuses
            How each test of the run ended, by its id.

        Returns
        -------
        list of dict
            `schema_name`, `table_name`, `tests_passed` and `tests_digest` of each table of which
            another thing was noted before. The last two are None where only some of its tests have
            run: which of the others would have passed is not known.
        """
        found = []
        ran = {test for test, status in statuses.items() if status != "skipped"}
        for table, tests in self._tests_of_tables.items():
            note = self.notes.get(table)
            if note is None or not any(test.unique_id in ran for test in tests):
                continue
            noted = replace(note, tests_passed=None, tests_digest=None)
            if all(test.unique_id in ran for test in tests):
                passed = [test for test in tests if statuses[test.unique_id] == "pass"]
                digest = _digest(self.code, *(self._version_of_test(test) for test in passed))
                noted = replace(note, tests_passed=len(passed), tests_digest=digest)
            if noted != note:
                found.append(
                    {
                        "schema_name": table[0],
                        "table_name": table[1],
                        "tests_passed": noted.tests_passed,
                        "tests_digest": noted.tests_digest,
                    }
                )
        return found

    def _made_from_now(self, node: Node) -> str | None:
        if node.pending_column is not None:
            # Only looking tells whether rows have become pending.
            return None
        parts = list(self._parts(node, self._reads_pending_days_only(node)))
        known = [part for part in parts if part is not None]
        return _digest(self.code, *known) if len(known) == len(parts) else None

    def _parts(self, node: Node, reads_pending_days_only: bool) -> Iterable[str | None]:
        """Yield what decides about a table, None for what nobody can tell."""
        yield node.code
        yield node.shape
        for unique_id in node.inputs:
            if unique_id.startswith("source."):
                # Nobody knows what came into a source, except for the days that are watched over.
                yield "pending days" if reads_pending_days_only else None
                continue
            # What this run does not bring up to date may have changed, or be about to.
            if unique_id not in self.selected or unique_id not in self.nodes:
                yield None
                continue
            given = self.nodes[unique_id]
            if given.kind == "seed":
                yield given.code
                yield given.shape
            elif not given.is_stored:
                yield from self._parts(given, reads_pending_days_only)
            else:
                note = self.notes.get(given.table)
                yield None if note is None else note.version

    def _reads_pending_days_only(self, node: Node) -> bool:
        """Whether a model takes no more from sources than the days that are called pending."""
        return node.materialized == "incremental" and any(
            self.nodes[each].name == ARRIVAL_DAYS for each in node.inputs if each in self.nodes
        )

    @cached_property
    def _tests_of_tables(self) -> dict[tuple[str, str], list[Node]]:
        found: dict[tuple[str, str], list[Node]] = {}
        for test in sorted(self.nodes.values(), key=lambda node: node.unique_id):
            if test.kind == "test":
                for table in self._tables_read(test):
                    found.setdefault(table, []).append(test)
        return found

    def _tables_read(self, node: Node) -> set[tuple[str, str]]:
        """Find the tables that a node reads, at once or through views."""
        found: set[tuple[str, str]] = set()
        for unique_id in node.inputs:
            given = self.nodes.get(unique_id)
            if given is None:
                continue
            if given.is_stored:
                found.add(given.table)
            elif given.kind == "model":
                found |= self._tables_read(given)
        return found

    def _version_of_test(self, test: Node) -> str:
        notes = (self.notes.get(table) for table in sorted(self._tables_read(test)))
        versions = [note.version if note is not None else self.run_id for note in notes]
        return _digest(test.unique_id, test.code or "", *versions)


def begin(
    run_id: str,
    code: str,
    settings: str,
    nodes: Iterable[Mapping[str, Any]],
    selected: Iterable[str],
    noted: Iterable[Sequence[str | None]],
    row_counts: Iterable[Sequence[str]],
) -> TableVersions:
    """Begin a run with the graph of the project and what earlier runs have noted.

    Parameters
    ----------
    run_id
        What dbt calls the run.
    code
        Fingerprint of the code that all tables share.
    settings
        Vars and all else that every table depends on, as a text.
    nodes
        Models, seeds and tests as `described_node` takes them.
    selected
        The ids of what the run builds.
    noted
        What is noted of each table: schema, name, what it was made from, version, rows, number and
        digest of the tests that have passed. All are texts.
    row_counts
        Schema, name and number of rows of these tables as they are.

    Returns
    -------
    TableVersions
        To ask of each table while the run goes on.
    """
    described = (described_node(node) for node in nodes)
    return TableVersions(
        run_id=run_id,
        code=_digest(code, settings),
        nodes={node.unique_id: node for node in described},
        selected=frozenset(selected),
        notes={
            (str(schema), str(name)): Note(
                made_from,
                str(version),
                None if row_count is None else int(row_count),
                None if tests_passed is None else int(tests_passed),
                tests_digest,
            )
            for schema, name, made_from, version, row_count, tests_passed, tests_digest in noted
        },
        row_counts={(schema, name): int(count) for schema, name, count in row_counts},
    )


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
        shape=_digest(shape),
        inputs=tuple(node["inputs"]),
        pending_column=meta.get("pending_column"),
    )


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _digest(*parts: str) -> str:
    """SHA-256 (hex) of texts, wherever one ends and the next begins."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
