"""Which layout of Snowplow's events a user has, by the names of files and columns.

The enriched archive keeps what is self-describing in two columns, `unstruct_event` and `contexts`.
Loaders of warehouses give each schema a column of its own (BigQuery, Databricks, Snowflake) or a
table of its own, joined by `root_id` (Redshift, PostgreSQL).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from footfall.builds.problems import BuildProblem

_ECOMMERCE = "com.snowplowanalytics.snowplow.ecommerce"
_CORE = "com.snowplowanalytics.snowplow"
#: The schemas that are read, by their names in columns and tables.
_SCHEMAS = {
    "com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action": (
        f"{_ECOMMERCE}/snowplow_ecommerce_action"
    ),
    **{
        f"com_snowplowanalytics_snowplow_ecommerce_{kind}": f"{_ECOMMERCE}/{kind}"
        for kind in ("product", "transaction", "refund", "user", "checkout_step", "cart")
    },
    **{
        f"com_snowplowanalytics_snowplow_{kind}": f"{_CORE}/{kind}"
        for kind in ("client_session", "web_page")
    },
    "com_optimizely_optimizelyx_summary": "com.optimizely.optimizelyx/summary",
    "com_optimizely_snowplow_optimizely_summary": "com.optimizely.snowplow/optimizely_summary",
    "com_optimizely_state": "com.optimizely/state",
    # Some exports of the tables leave out what the name says twice.
    "com_snowplowanalytics_snowplow_ecommerce_action": f"{_ECOMMERCE}/snowplow_ecommerce_action",
}
#: How the schema of an experiment ends, whoever has made it.
_EXPERIMENT = "_experiment"
#: contexts_com_vendor_name_1, with the whole version (_1_0_2) or without any.
_SPLIT = re.compile(r"(?:contexts_|unstruct_event_)?(?P<schema>[a-z][a-z0-9_]*?)(?:_\d+){0,3}")
_TABLE = re.compile(r"(?:com|org|net|io|nl|de|uk|us|eu)_[a-z0-9_]+?_\d+(?:_\d+){0,2}")
_NAMES = ("event_name", "event")
_TIMES = ("derived_tstamp", "collector_tstamp")
_WHO = ("domain_userid", "user_id", "network_userid")
#: What files of others look like, by columns that only they have.
_OTHERS = (
    (
        {"event_timestamp", "user_pseudo_id"},
        "the export of Google Analytics 4: build it with SOURCE=ga4",
    ),
    ({"messageid", "anonymousid"}, "Segment's messages: build them with SOURCE=segment"),
    ({"anonymous_id", "received_at"}, "a table of Segment's warehouse: try SOURCE=segment"),
    (
        {"start_tstamp", "end_tstamp"},
        "a table that Snowplow's dbt packages derive: give the events that it is made from "
        "(atomic.events)",
    ),
)


def snowplow_layout(*, value: str, columns: Sequence[str]) -> dict[str, Any]:
    """Find the columns that hold entities and self-describing events.

    Parameters
    ----------
    value
        What the user named, for the message.
    columns
        Names of the columns, or of the keys of JSON lines, of all files together.

    Returns
    -------
    dict
        `entities`: a list of `column` and `schema` (`vendor/name`), one for each column of one
        schema; `has_archive`: whether there is `unstruct_event` or `contexts`; `columns`: all
        names in lower case.

    Raises
    ------
    BuildProblem
        These are no events of Snowplow.

    Examples
    --------
    >>> found = snowplow_layout(
    ...     value="events.parquet",
    ...     columns=[
    ...         "EVENT_NAME",
    ...         "DERIVED_TSTAMP",
    ...         "CONTEXTS_COM_SNOWPLOWANALYTICS_SNOWPLOW_WEB_PAGE_1",
    ...     ],
    ... )
    >>> found["entities"][0]["schema"]
    'com.snowplowanalytics.snowplow/web_page'
    """
    names = {name.lower() for name in columns}
    problem = _no_snowplow(names, columns)
    if problem:
        raise BuildProblem(f"'{value}' does not hold events of Snowplow: {problem}")
    entities = []
    for name in sorted(names):
        schema = _schema_of(name)
        if schema is not None and name.startswith(("contexts_", "unstruct_event_")):
            entities.append({"column": name, "schema": schema})
    return {
        "entities": entities,
        "has_archive": bool(names & {"unstruct_event", "contexts"}),
        "columns": sorted(names),
    }


def snowplow_tables(*, parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sort files or tables into events and tables of one schema each.

    Parameters
    ----------
    parts
        Files of one `kind` each, or tables of the warehouse, under `files`. A file belongs to the
        table that it, or the folder that it is in, is called after.

    Returns
    -------
    list of dict
        `table` (None for events), `column` (what stands for the table in the events; None for
        events, and where the schema is not read), `folder` (what tables and their events share;
        None for events without tables), `kind` and `files`.

    Examples
    --------
    >>> files = ["in/events.csv", "in/com_snowplowanalytics_snowplow_web_page_1.csv"]
    >>> [
    ...     (one["column"], one["folder"])
    ...     for one in snowplow_tables(parts=[{"kind": "text", "files": files}])
    ... ]
    [(None, 'in'), ('contexts_com_snowplowanalytics_snowplow_web_page_1', 'in')]
    """
    placed = [
        (part["kind"], Path(file), *_table_of(Path(file)))
        for part in parts
        for file in part["files"]
    ]
    homes = {home for _, _, table, home in placed if table}
    found: dict[tuple[str | None, str | None, str], list[str]] = {}
    for kind, file, table, home in placed:
        folder = (
            home if table else next((str(one) for one in file.parents if str(one) in homes), None)
        )
        found.setdefault((table, folder, kind), []).append(str(file))
    return [
        {
            "table": table,
            "column": f"contexts_{table}" if table and _schema_of(table) else None,
            "folder": folder,
            "kind": kind,
            "files": files,
        }
        for (table, folder, kind), files in sorted(
            found.items(), key=lambda item: tuple(part or "" for part in item[0])
        )
    ]


def _table_of(file: Path) -> tuple[str | None, str]:
    """Return the table that a file belongs to, if any, and the folder of all tables."""
    for part, home in (
        (file.name.split(".")[0], file.parent),
        (file.parent.name, file.parent.parent),
    ):
        if _TABLE.fullmatch(part.lower()):
            return part.lower(), str(home)
    return None, str(file.parent)


def _schema_of(name: str) -> str | None:
    match = _SPLIT.fullmatch(name)
    if match is None:
        return None
    name = match["schema"]
    if name.endswith(_EXPERIMENT):
        return f"{name.removesuffix(_EXPERIMENT).replace('_', '.')}/experiment"
    return _SCHEMAS.get(name)


def _no_snowplow(names: Collection[str], columns: Sequence[str]) -> str | None:
    """Say what the columns look like, if they are not Snowplow's."""
    missing = [
        " or ".join(wanted)
        for wanted in (_NAMES, _TIMES)
        if not any(one in names for one in wanted)
    ]
    if not missing:
        return None
    for signs, what in _OTHERS:
        if signs <= set(names):
            return f"it looks like {what}."
    if {"root_id", "root_tstamp"} <= set(names):
        return (
            "it looks like the table of one entity: name the folder, or the schema (var "
            "snowplow_relation), that holds it and the events."
        )
    if len(columns) >= 100 and not set(names) & {"event_id", "collector_tstamp", *_WHO}:
        return (
            "it looks like enriched events without a header: put the names of the columns of "
            "atomic.events into its first line."
        )
    shown = ", ".join(columns[:20]) + (", …" if len(columns) > 20 else "")
    return (
        f"it has no column {', and none called '.join(missing)}. It has: {shown or 'none'}. Give "
        "Snowplow's events under the names of atomic.events, or build with SOURCE=custom and name "
        "the columns."
    )
