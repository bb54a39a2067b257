"""What is found in an input: its layout, and its rows as a build would read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from footfall.builds.problems import BuildProblem
from footfall.builds.rejections import proposed_event_type
from footfall.builds.sources import sources
from footfall.inspecting import queries
from footfall.inspecting.entities import Entity, contracts_of, entity_of
from footfall.inspecting.inputs import MOST_ROWS, Head, files_of
from footfall.inspecting.layouts import (
    FURTHER_COLUMNS,
    Layout,
    Proposal,
    files_by_type,
    proposed,
    recognised,
    typed_by_file,
)
from footfall.inspecting.rendering import RUN_ID, Project

_KINDS = ["parquet", "text", "json"]
_SHOWN_ROWS = 10
#: The source that reads any table.
OWN = "custom"
_NO_ROWS = "There are no rows, so nothing shows how they would be read. A build takes in no events."


@dataclass(frozen=True)
class Input:
    """What is looked at.

    Attributes
    ----------
    name
        As the user wrote it.
    head
        Its files; None for a relation.
    relation
        The relation as the connection finds it; empty for files.
    """

    name: str
    head: Head | None
    relation: str = ""


@dataclass(frozen=True)
class Column:
    """A column of an input: how many rows have a value, and one of them."""

    name: str
    kind: str
    filled_count: int
    example: str


@dataclass(frozen=True)
class EventName:
    """A name of events: what it leads to, and if nothing, what it may mean."""

    name: str
    row_count: int
    event_type: str | None
    is_known: bool
    proposal: tuple[str, str] | None


@dataclass
class Found:
    """What an inspection has found; what could not be looked at is empty.

    Attributes
    ----------
    source
        The source that reads the input.
    layout
        The shape that was recognised, if any.
    proposal
        How it could be read, where no mapping was given and the source is `custom`.
    entity
        The table that is read next to events, where it is none of events.
    paths
        Files by event type, where their names say it.
    variables
        The vars that it was read with.
    columns, row_count
        Of the input.
    read_columns, read_rows
        The first rows as they would be read.
    names
        Event names, most frequent first.
    formats
        How texts of times and numbers are written, by column, where their values have decided it.
    times, money, left_out, ids, notes, rejections
        Rows of the sections of the report. Money is that of rows that a build would take in, and
        `left_out` that of others.
    problem
        Why the input cannot be read, if it cannot.
    """

    source: str
    layout: Layout | None = None
    proposal: Proposal | None = None
    entity: Entity | None = None
    paths: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[Column] = ()
    row_count: int = 0
    read_columns: Sequence[str] = ()
    read_rows: Sequence[Sequence[str]] = ()
    names: Sequence[EventName] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    times: Sequence[Sequence[Any]] = ()
    money: Sequence[Sequence[Any]] = ()
    left_out: Sequence[Sequence[Any]] = ()
    currencies: Sequence[str] = ()
    ids: Sequence[Sequence[Any]] = ()
    notes: Sequence[Sequence[Any]] = ()
    rejections: Sequence[Sequence[Any]] = ()
    problem: str = ""


def inspect(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    questions: Mapping[str, Callable[..., Any]],
    given: Input,
    variables: Mapping[str, Any],
    source: str = "",
) -> Found:
    """Look at an input.

    Parameters
    ----------
    connection
        A connection to a database in memory, with the functions that SQL of the project calls.
    folder
        The folder of the project.
    questions
        What macros may ask, by name.
    given
        The input.
    variables
        Vars of a mapping, with `footfall_source`; empty where the input is to be recognised.
    source
        The source that is to read it, where there is no mapping and it is not to be recognised.
    """

    def project(more: Mapping[str, Any]) -> Project:
        made: list[Project] = []

        def limited(files: Sequence[str], with_file: str | None = None) -> str:
            listed = made[0].call("sql_files", files)
            also = f", filename = '{with_file}'" if with_file else ""
            rows = f"read_parquet({listed}, union_by_name = true{also})"
            return f"(select * from {rows} limit {MOST_ROWS})"

        replaced = {"duckdb__rows_of_parquet": limited}
        made.append(Project(folder, connection, more, questions, replaced))
        return made[0]

    own = {path_var(OWN): None, **_reading(OWN, given)}
    reader = project({**variables, "footfall_source": OWN, **own})
    found = Found(str(variables.get("footfall_source") or OWN), variables=variables)
    try:
        table = input_table(reader, given)
        found.columns, found.row_count = _columns(connection, reader, table)
    except (BuildProblem, duckdb.Error, ValueError) as problem:
        found.problem = first_lines(problem)
        return found
    names = [column.name for column in found.columns]
    found.layout = recognised(names)
    if not variables:
        found.source = source or (OWN if found.layout is None else found.layout.source)
        if found.source == OWN:
            files = [] if given.head is None else _files(given.name, given.head)
            found.paths = {} if found.layout else files_by_type(files)
            # Files of refunds next to those of orders do not make these refunds.
            name = "orders" if found.paths else Path(given.name).name
            found.proposal = proposed(names, contract_columns(folder), found.layout, name)
            if {"event_at", "event_type"} <= set(found.proposal.missing):
                found.entity = entity_of(folder, names)
            if found.entity is not None:
                return found
            if found.paths and found.proposal.event_type:
                found.proposal = typed_by_file(found.proposal, names)
            else:
                found.paths = {}
            found.variables = _variables_of(found.proposal)
    if not found.row_count:
        found.problem = _NO_ROWS
        return found
    with_path = {
        "footfall_source": found.source,
        **found.variables,
        **({path_var(OWN): found.paths} if found.paths else _reading(found.source, given)),
    }
    if found.proposal is not None and found.proposal.missing:
        found.problem = (
            f"No column was recognised as {', '.join(found.proposal.missing)}: name it in the "
            "mapping, under custom_columns."
        )
        if found.proposal.names_orders_alone:
            found.problem = (
                "Refunds that name an order and no customer are read next to the file of their"
                " orders, and are its buyers': custom_events_path: {purchase: orders.csv, refund:"
                f" {Path(given.name).name}}}. Where the two files call a column by different names,"
                " list both, such as event_at: [created_at, refunded_at]."
            )
        return found
    try:
        _read(connection, project(with_path), found)
        decided = questions["decided_formats"](run_id=RUN_ID)
        found.formats = decided.get(f"{found.source}.events", {})
    except (BuildProblem, duckdb.Error, ValueError) as problem:
        found.problem = first_lines(problem)
    return found


def first_lines(problem: Exception) -> str:
    """Return what a problem says, without the place in the SQL."""
    return str(problem).strip().split("\n\nLINE")[0]


def path_var(source: str) -> str:
    """Return the var that names the events of a source."""
    return sources()[source].inputs[0].var


def _files(name: str, head: Head) -> Sequence[str]:
    """Return the files that are looked at, of which there may be cut copies."""
    return files_of(name) if head.is_whole else head.paths


def _reading(source: str, given: Input) -> dict[str, Any]:
    if given.head is None:
        return {sources()[source].inputs[0].replaced_by or path_var(source): given.relation}
    paths = list(given.head.paths)
    return {path_var(source): paths[0] if len(paths) == 1 else paths}


def input_table(reader: Project, given: Input) -> str:
    """Return an input as a from clause, read as a table of the shop's own."""
    if given.head is None:
        table = str(reader.call("sql_relation", given.relation))
        return f"(select * from {table} limit {MOST_ROWS})"
    relation = SimpleNamespace(schema=OWN, identifier="events")
    layout = reader.call("custom_layout", "events")
    return str(reader.call("read_input", relation, path_var(OWN), _KINDS, layout))


def _columns(
    connection: duckdb.DuckDBPyConnection, reader: Project, table: str
) -> tuple[list[Column], int]:
    own = reader.call("own_columns", reader.call("input_columns", table))
    if not own:
        return [], 0
    names = [f'"{column["name"].replace(chr(34), chr(34) * 2)}"' for column in own]
    asked = ", ".join(f"count({name}), cast(any_value({name}) as varchar)" for name in names)
    (row,) = connection.execute(f"select count(*), {asked} from {table}").fetchall()
    found = [
        Column(
            str(column["name"]), str(column["type"]), row[1 + 2 * place], row[2 + 2 * place] or ""
        )
        for place, column in enumerate(own)
    ]
    return found, row[0]


def contract_columns(folder: Path) -> list[str]:
    """Return the columns of events that a shop's own input may have."""
    made = {"raw_row", "rejection", "properties"}
    of_contract = [name for name in contracts_of(folder)["events"] if name not in made]
    return [*of_contract, *FURTHER_COLUMNS]


def _variables_of(proposal: Proposal) -> dict[str, Any]:
    columns = {name: column for name, column in proposal.columns.items() if name != column}
    return {
        **({"custom_columns": {"events": columns}} if columns else {}),
        **({"custom_event_type": proposal.event_type} if proposal.event_type else {}),
        **proposal.variables,
    }


def _read(connection: duckdb.DuckDBPyConnection, project: Project, found: Found) -> None:
    staged = project.relation(f"stg_{found.source}__events", is_stored=True)
    read = project.relation("int_arrivals", is_stored=True)

    def rows(query: str) -> list[tuple[Any, ...]]:
        result: list[tuple[Any, ...]] = connection.execute(
            query.format(read=read, staged=staged)
        ).fetchall()
        return result

    found.read_columns, found.read_rows = _first_rows(connection, read)
    found.names = _event_names(project, found, rows)
    found.times = rows(queries.TIMES)
    found.money = rows(queries.MONEY)
    found.left_out = [row for row in rows(queries.LEFT_OUT) if row[1]]
    found.currencies = [str(one) for (one,) in rows(queries.CURRENCIES)]
    found.ids = rows(queries.IDS)
    worthless = queries.WORTHLESS.replace("{reason}", project.call("unpriced_reason")).replace(
        "{types}", project.call("order_event_types")
    )
    found.notes = [*rows(queries.NOTES), *rows(worthless)]
    found.rejections = rows(queries.REJECTIONS)


def _first_rows(
    connection: duckdb.DuckDBPyConnection, read: str
) -> tuple[list[str], list[list[str]]]:
    """Return the first rows, without columns that are empty in all of them."""
    shown = (
        *("event_at", "event_type", "customer_id", "device_id", "item_id", "order_id", "quantity"),
        *("unit_price", "amount", "currency", "channel", "country", "reason"),
    )
    texts = ", ".join(f"cast({name} as varchar)" for name in shown)
    found = connection.execute(
        f"select {texts} from (select * from {read} limit {_SHOWN_ROWS})"
    ).fetchall()
    kept = [place for place in range(len(shown)) if any(row[place] is not None for row in found)]
    return (
        [shown[place] for place in kept],
        [["" if row[place] is None else row[place] for place in kept] for row in found],
    )


def _event_names(
    project: Project, found: Found, rows: Callable[[str], list[tuple[Any, ...]]]
) -> list[EventName]:
    known = dict(rows(project.call("event_names_of", found.source)))
    types = {
        event_type
        for (event_type,) in rows(f"select event_type from {project.relation('event_types')}")
    }
    alike = {name: event_type for name, event_type in known.items() if event_type}
    counted = rows(
        "select coalesce(json_extract_string(properties, '$.source_event_name'), event_type),"
        " event_type, count(*), count(case when reason like 'event_type %' then 1 end) from {read}"
        " where event_type is not null group by all"
        " order by 3 desc, 1"
    )
    return [
        EventName(
            name,
            count,
            None if name.lower() in known.keys() - alike.keys() and not open_count else event_type,
            event_type in types or name.lower() in (alike if open_count else known),
            None if event_type in types else proposed_event_type(name, alike),
        )
        for name, event_type, count, open_count in counted
    ]
