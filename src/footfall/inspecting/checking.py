"""Why a build would stop at its inputs, found before it starts."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from footfall.builds.attributes import EXTRA, extra_problems
from footfall.builds.input_files import named_paths
from footfall.builds.problems import BuildProblem
from footfall.builds.rejections import check_rejections
from footfall.builds.sources import sources
from footfall.inspecting.inputs import Head
from footfall.inspecting.inspection import OWN, Input, first_lines, input_table, path_var
from footfall.inspecting.layouts import has_any, recognised
from footfall.inspecting.rendering import Project

_GA4_USERS = frozenset(("occurrence_date", "last_updated_date"))
# What connectors make of the records of the export; with them, lists are tables of their own.
_FLAT_GA4 = frozenset(
    (
        "device_category",
        "geo_country",
        "traffic_source_medium",
        "collected_traffic_source_manual_medium",
        "ecommerce_transaction_id",
        "ecommerce_purchase_revenue",
    )
)


def check(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    questions: Mapping[str, Callable[..., Any]],
    variables: Mapping[str, Any],
    *,
    settled_names: Collection[str] | None = (),
) -> list[str]:
    """Return why a build with these vars would stop at its inputs; nothing where it would not.

    Parameters
    ----------
    connection, folder, questions
        As `inspect` takes them.
    variables
        Vars of the build, with `footfall_source` and the paths of what is looked at.
    settled_names
        Unknown names of events that an earlier build has left out, and that this one need not know.
        With None, names are not looked at.
    """
    source = str(variables["footfall_source"])
    shape = _shape_problem(connection, folder, questions, variables)
    project = Project(folder, connection, variables, questions, {})
    problems = []
    for entity in ("events", "items", "customers", "reviews"):
        try:
            project.relation(f"stg_{source}__{entity}")
        except (BuildProblem, duckdb.Error, ValueError) as problem:
            problems.append(first_lines(problem))
    if not problems:
        problems = _attribute_problems(connection, project, variables)
        if isinstance(variables.get(path_var(source)), Mapping):
            # Whoever says what the rows of each file are has mapped its columns as well.
            shape = []
    if shape or problems or settled_names is None:
        # Staging may have seen that it is of another shape, too.
        said = any(
            words in problem
            for problem in problems
            for words in ("looks like", "does not hold events of")
        )
        return [*dict.fromkeys(problems), *([] if said else shape)]
    read = project.relation("int_arrivals")
    types = project.relation("event_types")
    pending = connection.execute(
        "select source, '', min(reason), 'true', cast(count(*) as varchar), event_type"
        f" from {read} where event_type not in (select event_type from {types})"
        " and (reason like 'event_type %' or reason is null) group by source, event_type"
    ).fetchall()
    pending = [row for row in pending if row[-1] not in settled_names]
    named = connection.execute(project.call("event_names_of", source)).fetchall()
    known = [row for row in named if row[1] is not None]
    try:
        check_rejections(
            pending=pending, known_names=known, largest_share=1.0, arrivals="int_arrivals"
        )
    except BuildProblem as problem:
        return [str(problem)]
    return []


def _attribute_problems(
    connection: duckdb.DuckDBPyConnection, project: Project, variables: Mapping[str, Any]
) -> list[str]:
    """Name each attribute that groups are to be made of and no customer of a table has."""
    names = variables.get("fairness_attributes") or []
    tables = sources()[str(variables["footfall_source"])].attributes_are_in
    if not any(name.startswith(EXTRA) for name in names):
        return []
    if not any(variables.get(name) for name in tables):
        return []
    customers = project.relation(f"stg_{variables['footfall_source']}__customers")
    known = connection.execute(project.call("names_of_fields", "attributes", customers)).fetchall()
    return extra_problems(names, [name for (name,) in known])


def _shape_problem(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    questions: Mapping[str, Callable[..., Any]],
    variables: Mapping[str, Any],
) -> list[str]:
    """Say that the input has the shape of another source, or nothing of its own."""
    source = str(variables["footfall_source"])
    replaced_by = sources()[source].inputs[0].replaced_by
    relation = variables.get(replaced_by)
    if relation and replaced_by.endswith("_schema"):
        # Of many tables none has the shape of a source.
        return []
    paths = None if relation else variables[path_var(source)]
    shown = relation or named_paths(paths)[0]["path"]
    reader = Project(
        folder,
        connection,
        {**variables, "footfall_source": OWN, path_var(OWN): paths},
        questions,
        {},
    )
    head = None if relation else Head([], 0, 0, is_whole=True)
    given = Input(str(relation or paths), head, str(relation or ""))
    try:
        columns = reader.call("input_columns", input_table(reader, given))
        names = [str(column["name"]) for column in reader.call("own_columns", columns)]
    except (BuildProblem, duckdb.Error, ValueError):
        # What cannot be read at all, staging has said.
        return []
    layout = recognised(names)
    if layout is not None and layout.source != source and layout.source != OWN:
        return [
            f"'{shown}' looks like {layout.title}, and footfall_source is '{source}': build with"
            f" SOURCE={layout.source}, or see what it holds with `make inspect FILE=…`."
        ]
    clock = "custom_times_without_offset_are"
    of_layout = {} if layout is None or source != OWN else layout.variables
    if layout is not None and (of_layout.get(clock), variables.get(clock)) == ("utc", "shop"):
        return [
            f"var '{clock}' is 'shop', and '{shown}' looks like {layout.title}, whose times are in"
            " UTC: set the var to utc."
        ]
    flat = sorted(_FLAT_GA4 & {name.lower() for name in names}) if source == "ga4" else []
    if flat:
        return [
            f"'{shown}' looks like the export of Google Analytics 4 with its records taken apart"
            f" ({', '.join(flat)}), of which items, parameters and devices would be lost: export"
            " BigQuery's tables as they are, or map the columns as a source of your own with"
            " `make inspect FILE=…`."
        ]
    if source == "ga4" and {name.lower() for name in names} >= _GA4_USERS:
        return [
            f"'{shown}' holds tables of users of Google Analytics 4 (users_… or"
            " pseudonymous_users_…), which sum up what users did and have no events: give the"
            " tables of events (events_…) alone."
        ]
    if source != OWN and not has_any(source, names):
        like = "" if layout is None else f" It looks like {layout.title}."
        return [
            f"'{shown}' has none of the columns that source '{source}' reads.{like} It has:"
            f" {', '.join(names[:30])}{', …' if names[30:] else ''}. `make inspect FILE=…` shows"
            " how it can be read, and writes a mapping."
        ]
    return []
