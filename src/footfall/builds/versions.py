"""Whether a table would come out as it is, so that a build may leave it and its tests alone.

A table is current where what it was made from is what it would be made from now. That is a digest:
of its code and settings, of the code and vars that all tables share, and of the versions of what it
reads, through views and down to seeds. A table that is made again has a new version, whatever it
was made from, so that what reads it follows. Only a run that also brings the inputs of a table up
to date can know that nothing has changed; what reads a source has to look, and its version is told
by its rows. A test is current by the same rule: where its query, its settings and all that it reads
are what it last passed on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from footfall.builds.nodes import Node, described_node, digest

#: The table that names the days of arrival which a run has to read.
ARRIVAL_DAYS = "int_arrival_days"


@dataclass(frozen=True)
class Note:
    """What is noted of a table that an earlier run made, or this one.

    Attributes
    ----------
    made_from
        Digest of everything that decided what it holds; None where something could not be
        determined.
    version
        Changes as often as the table does, or may.
    row_count
        How many rows it was left with; None while that is not known.
    tests_passed
        How many tests have passed on this version; None where not all of its tests have run since
        it was made.
    """

    made_from: str | None
    version: str
    row_count: int | None = None
    tests_passed: int | None = None


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
    passed_on
        Digest of what each test passed on when it last ran, by its id.
    """

    run_id: str
    code: str
    nodes: Mapping[str, Node]
    selected: frozenset[str]
    notes: dict[tuple[str, str], Note]
    row_counts: Mapping[tuple[str, str], int]
    passed_on: Mapping[str, str] = field(default_factory=dict)
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

    def is_test_current(self, unique_id: str, text: str) -> bool:
        """Whether a test would pass as it did when it last ran.

        Parameters
        ----------
        unique_id
            The test; all that it reads is up to date by now.
        text
            Its query with everything filled in: arguments, vars, and the macros behind it.
        """
        test = self.nodes[unique_id]
        # The version of a table that watches over pending rows says nothing of its other rows.
        watches = self._reads_pending_rows(test)
        made_from = None if watches else self._made_from_now(test)
        if made_from is not None:
            made_from = digest(made_from, text)
        self._made_from[unique_id] = made_from
        return made_from is not None and self.passed_on.get(unique_id) == made_from

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
            version = digest(made_from, self.run_id)
        elif node.pending_column is not None:
            if is_pending is None:
                return {"look_for": "is_pending"}
            before = self.notes.get(node.table)
            version = digest("as of", self.run_id)
            if before is not None and not is_pending:
                version = before.version
        elif node.materialized == "table" and node.language == "sql":
            if contents is None:
                return {"look_for": "contents"}
            version = digest("rows", contents)
        if version is None:
            self.notes.pop(node.table, None)
        else:
            self.notes[node.table] = Note(made_from, version)
        return {"version": version, "made_from": made_from}

    def tests_noted(self, statuses: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """Which tests passed on the tables as they are now.

        Parameters
        ----------
        statuses
            How each test of the run ended, by its id.

        Returns
        -------
        dict
            `tables`: `schema_name`, `table_name` and `tests_passed` of each table of which another
            number was noted before; None where only some of its tests have run, as nobody knows
            which of the others would have passed. `tests`: `test` and `passed_on` of each that
            passed on what can be known, unless that is noted already.
        """
        tables = []
        ran = {test for test, status in statuses.items() if status != "skipped"}
        for table, tests in self._tests_of_tables.items():
            note = self.notes.get(table)
            if note is None or not any(test.unique_id in ran for test in tests):
                continue
            passed = None
            if all(test.unique_id in ran for test in tests):
                passed = sum(statuses[test.unique_id] == "pass" for test in tests)
            if passed != note.tests_passed:
                schema, name = table
                tables.append({"schema_name": schema, "table_name": name, "tests_passed": passed})
        now = {test: self._made_from.get(test) for test in ran if statuses[test] == "pass"}
        return {
            "tables": tables,
            "tests": [
                {"test": test, "passed_on": digest}
                for test, digest in sorted(now.items())
                if digest is not None and digest != self.passed_on.get(test)
            ],
        }

    def _made_from_now(self, node: Node) -> str | None:
        if node.pending_column is not None or node.is_read_from_files:
            # Only looking shows whether rows have become pending, or have come.
            return None
        parts = list(self._parts(node, self._reads_pending_days_only(node)))
        known = [part for part in parts if part is not None]
        return digest(self.code, *known) if len(known) == len(parts) else None

    def _parts(self, node: Node, reads_pending_days_only: bool) -> Iterable[str | None]:
        """Yield what decides about a table, None for what cannot be determined."""
        yield node.code
        yield node.shape
        for unique_id in node.inputs:
            if unique_id.startswith("source."):
                # It is unknown what came into a source, except for the days that are watched over.
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

    def _reads_pending_rows(self, node: Node) -> bool:
        """Whether a node reads a table that watches over pending rows, at once or through views."""
        given = [self.nodes[one] for one in node.inputs if one in self.nodes]
        return any(
            one.pending_column is not None
            or (one.kind == "model" and not one.is_stored and self._reads_pending_rows(one))
            for one in given
        )

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


def begin(
    run_id: str,
    code: str,
    settings: str,
    nodes: Iterable[Mapping[str, Any]],
    selected: Iterable[str],
    noted: Iterable[Sequence[str | None]],
    row_counts: Iterable[Sequence[str]],
    passed: Iterable[tuple[str, str]],
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
        What is noted of each table: schema, name, what it was made from, version, rows and number
        of the tests that have passed. All are texts.
    row_counts
        Schema, name and number of rows of these tables as they are.
    passed
        The id of each test that passed when it last ran, and a digest of what it passed on.

    Returns
    -------
    TableVersions
        To ask of each table while the run goes on.
    """
    described = (described_node(node) for node in nodes)
    return TableVersions(
        run_id=run_id,
        code=digest(code, settings),
        nodes={node.unique_id: node for node in described},
        selected=frozenset(selected),
        notes={
            (str(schema), str(name)): Note(
                made_from,
                str(version),
                None if row_count is None else int(row_count),
                None if tests_passed is None else int(tests_passed),
            )
            for schema, name, made_from, version, row_count, tests_passed in noted
        },
        row_counts={(schema, name): int(count) for schema, name, count in row_counts},
        passed_on=dict(passed),
    )
