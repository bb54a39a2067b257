"""What a run publishes at its end, and the words in which it says so."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from footfall import publishing
from footfall.adapter.progress import log
from footfall.builds.nodes import Node
from footfall.builds.publication import (
    marts_to_publish,
    reason_not_to_publish,
    reason_to_keep,
)
from footfall.privacy.audit import AuditError, audit_file, record
from footfall.publishing.encryption import encrypted_folder, is_encrypted
from footfall.publishing.revision import git_revision
from footfall.publishing.role_files import role_file
from footfall.publishing.roles import DEFAULT_FILE, read_audience

if TYPE_CHECKING:
    from footfall.publishing.postgres import Target

DEFAULT_FOLDER = "published"
# The mart with what every score has to pass.
GATES = "model_gates"


def publish(
    connection: duckdb.DuckDBPyConnection,
    warehouse: str,
    *,
    run_id: str,
    project: str,
    command: str,
    is_partial: bool,
    results: Sequence[Mapping[str, str]],
    nodes: Iterable[Node],
    described: Iterable[Mapping[str, Any]],
    keeps_standing: bool,
    zone: str,
    erased_at: datetime | None = None,
) -> dict[str, Any]:
    """Publish the marts of a run, or say why not.

    Parameters
    ----------
    connection
        Dbt's connection to the warehouse.
    warehouse
        The path of the warehouse file.
    run_id
        What dbt calls the run.
    project
        The folder of the dbt project.
    command, is_partial, results, nodes
        What decides whether to publish, see `reason_not_to_publish`.
    described
        What describes the marts, see `marts_to_publish`.
    keeps_standing
        Whether a publication stays that shows a score which is held back now.
    zone
        IANA name of the time zone that the shop's days are cut in.
    erased_at
        When somebody was last erased: what was published before that does not stay.

    Returns
    -------
    dict
        `lines` for the end of the build's summary, `is_published`, whether there is a publication
        when it is over, and `problem`, None if all went well.
    """
    folder, name = published_name(warehouse)
    why_not = reason_not_to_publish(command, is_partial, results, nodes)
    if warehouse.startswith((":memory:", "md:")):
        why_not = why_not or f"the warehouse {warehouse} is no file"
    problem = None
    # Without a file there is no place to keep a record, and nothing that stays.
    audit = None if warehouse.startswith((":memory:", "md:")) else audit_file(Path(warehouse))
    try:
        if audit is not None:
            record(audit, command, {"run_id": run_id, **_counted(results)})
    except AuditError as error:
        why_not, problem = "see the error at the end", str(error)
    marts = marts_to_publish(described)
    with connection.cursor() as cursor:
        if why_not is None:
            failed = _failed_gates(cursor, marts)
            run = publishing.Run(run_id, datetime.now(UTC), git_revision(Path(project)))
            try:
                before = _failed_before(cursor, folder, name)
                keeps = keeps_standing and not _is_older(cursor, folder, name, erased_at)
                why_not = reason_to_keep(failed, before, keeps=keeps)
                if why_not is None:
                    server = _server()
                    names = os.environ.get("FOOTFALL_PUBLISH_ROLES", "").split()
                    publication = publishing.publish(
                        cursor,
                        [publishing.Mart(**mart) for mart in marts],
                        run,
                        folder=folder,
                        name=name,
                        progress=log,
                        server=server,
                        audience=read_audience(names, Path(project) / DEFAULT_FILE),
                        zone=zone,
                    )
                    if audit is not None:
                        record(audit, "publish", _described(publication, folder, name, server))
                    lines = _told(publication, folder, name, server, failed.values())
                    return {"lines": lines, "is_published": True, "problem": None}
            except publishing.PublishingError as error:
                why_not = "see the error at the end"
                problem = f"The marts were not published: {error}"
            except AuditError as error:
                why_not, problem = "see the error at the end", str(error)
        lines = [f"Nothing published: {why_not}. {describe_standing(cursor, folder, name)}"]
        file = publishing.published_file(folder, name)
        is_published = file.exists() or encrypted_folder(file) is not None
    return {"lines": lines, "is_published": is_published, "problem": problem}


def published_name(warehouse: str) -> tuple[Path, str]:
    """Return the folder that a warehouse is published in, and the name of its publication."""
    return Path(os.environ.get("FOOTFALL_PUBLISHED") or DEFAULT_FOLDER), Path(warehouse).stem


def _failed_gates(
    cursor: duckdb.DuckDBPyConnection, marts: Iterable[Mapping[str, Any]]
) -> Mapping[str, str]:
    """Return what this run holds back, in words, by the subject of the gate that failed."""
    for mart in marts:
        if mart["name"] == GATES:
            rows = cursor.execute(
                f"select subject, min(held_back) from {mart['relation']} where not is_passed"
                " group by subject order by subject"
            ).fetchall()
            return dict(rows)
    return {}


def _failed_before(
    cursor: duckdb.DuckDBPyConnection, folder: Path, name: str
) -> Sequence[str] | None:
    """Return the subjects that what is published holds back; None where nothing is published."""
    query = "select distinct subject from {mart} where not is_passed"
    try:
        rows = publishing.standing_rows(cursor, folder, name, GATES, query)
    except duckdb.Error:
        # What is damaged is replaced: nobody reads it.
        return None
    return None if rows is None else [subject for (subject,) in rows]


def _is_older(
    cursor: duckdb.DuckDBPyConnection, folder: Path, name: str, erased_at: datetime | None
) -> bool:
    """Return whether what is published is from before somebody was erased."""
    at = None if erased_at is None else publishing.standing(cursor, folder, name)
    return at is not None and erased_at is not None and at < erased_at


def _counted(results: Sequence[Mapping[str, str]]) -> dict[str, int]:
    return dict(sorted(Counter(result["status"] for result in results).items()))


def _described(
    publication: publishing.Publication, folder: Path, name: str, server: "Target | None"
) -> dict[str, Any]:
    files = publishing.parquet_folder(folder, name)
    return {
        "run_id": publication.run.run_id,
        "git_revision": publication.run.git_revision,
        "marts": len(publication.marts),
        "rows": publication.row_count,
        "to": str(files if is_encrypted(files) else publishing.published_file(folder, name)),
        "is_encrypted": is_encrypted(files),
        "postgres": None if server is None else str(server),
        "roles": list(publication.left_out),
    }


def _server() -> "Target | None":
    """Return the PostgreSQL database that the environment asks to publish to as well."""
    address = os.environ.get("FOOTFALL_PUBLISH_POSTGRES")
    if not address:
        return None
    # Only who publishes to PostgreSQL loads its driver.
    from footfall.publishing.postgres import Target

    return Target(address, os.environ.get("FOOTFALL_PUBLISH_SCHEMA") or publishing.SCHEMA)


def _told(
    publication: publishing.Publication,
    folder: Path,
    name: str,
    server: "Target | None",
    held_back: Iterable[str],
) -> list[str]:
    lines = [
        f"Published {len(publication.marts)} marts with {publication.row_count:,} rows,"
        f" {_time(publication.run.published_at)}, run {publication.run.run_id}",
    ]
    files = publishing.parquet_folder(folder, name)
    if is_encrypted(files):
        lines.append(f"  Parquet:    {files}/<mart>.parquet, encrypted")
    else:
        file = publishing.published_file(folder, name)
        lines.append(f"  DuckDB:     {file}, schema {publishing.SCHEMA}")
        lines.append(f"  Parquet:    {files}/<mart>.parquet")
    for role, left_out in publication.left_out.items():
        file = role_file(publishing.published_file(folder, name), role)
        small = f", without {left_out:,} rows of small groups" if left_out else ""
        lines.append(f"  {role}: {file}{small}")
    if server is not None:
        lines.append(f"  PostgreSQL: {server}")
    lines.append("  How to read them: docs/reading_the_marts.md")
    return [*lines, *(f"Warning: {one}" for one in held_back)]


def describe_standing(cursor: duckdb.DuckDBPyConnection, folder: Path, name: str) -> str:
    """Say which publication stands, on any connection of DuckDB."""
    file = publishing.published_file(folder, name)
    try:
        at = publishing.standing(cursor, folder, name)
    except (duckdb.Error, publishing.PublishingError) as error:
        # The run did what it was asked for: this line is not a reason to fail it.
        return f"What is published beside {file} cannot be read: {error}"
    if at is None:
        return f"There is no publication in {file} yet."
    if encrypted_folder(file) is not None:
        return (
            f"The publication of {_time(at)} stands in {publishing.parquet_folder(folder, name)}."
        )
    return f"The publication of {_time(at)} stands in {file}."


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
