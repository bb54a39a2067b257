"""`python -m footfall.privacy.erase --warehouse=… [--confirm] -- BUILD COMMAND` erases a person.

Whom, the environment variable FOOTFALL_CUSTOMER says: an id or a key, or `-` for a line of standard
input, which stands in no shell history and in no list of processes.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from footfall.builds.keys import Key, resolve
from footfall.builds.problems import BuildProblem
from footfall.privacy import inventory
from footfall.privacy.audit import AuditError, audit_file, record
from footfall.privacy.compaction import CompactionError
from footfall.privacy.erasure import (
    Places,
    buried,
    clear_simulation,
    finish,
    newest_event,
    rows_without_ids,
    sole_orders,
    write_tombstones,
)
from footfall.privacy.inventory import Place
from footfall.privacy.journal import Erasure, JournalError, note
from footfall.privacy.person import Person, find_person
from footfall.privacy.proof import Findings, Needles
from footfall.privacy.subjects import Declarations, SubjectError, read_declarations
from footfall.privacy.tombstones import TombstoneError
from footfall.privacy.warehouse import Warehouse, give_key
from footfall.publishing.contents import SCHEMA, PublishingError
from footfall.publishing.publisher import standing

#: The environment variable that names the person.
CUSTOMER = "FOOTFALL_CUSTOMER"
_DEFAULT_KEY_FILE = "secrets/footfall.key"
_OUT_OF_REACH = (
    "Out of reach, and yours to see to: your own source files and tables, backups, and what others"
    " have copied; of PostgreSQL its write-ahead log as well."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Show where a person occurs, or erase them.

    Returns
    -------
    int
        0, or 1 where nobody was found, or something is left or could not be read.
    """
    parser = argparse.ArgumentParser(prog="python -m footfall.privacy.erase", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--source", help="the source that knows the person")
    parser.add_argument("--confirm", action="store_true", help="erase, and not only show")
    parser.add_argument("build", nargs="+", help="the command of a whole build, after --")
    given = parser.parse_args(arguments)
    customer = os.environ.pop(CUSTOMER, "")
    if customer == "-":
        customer = sys.stdin.readline().strip()
    if not customer:
        print(f"{CUSTOMER} names nobody: give an id, a key, or - and a line.", file=sys.stderr)
        return 1
    places = Places(
        warehouse=given.warehouse.absolute(),
        published=_published(given.published),
        key_file=Path(os.environ.get("FOOTFALL_KEY_FILE") or _DEFAULT_KEY_FILE).expanduser(),
        folders=(Path("target").absolute(), Path("logs").absolute()),
    )
    try:
        key = resolve(os.environ.get("DBT_ENV_SECRET_FOOTFALL_KEY", ""), places.key_file)
        return _erase(places, key, customer, given.source, given.build, confirm=given.confirm)
    except (
        SubjectError,
        BuildProblem,
        JournalError,
        TombstoneError,
        CompactionError,
        AuditError,
        PublishingError,
    ) as problem:
        print(problem, file=sys.stderr)
    except duckdb.IOException as error:
        print(
            f"{places.warehouse} cannot be opened, or is in use by another process: wait for it, "
            f"and erase again.\n{str(error).split(' See also')[0]}",
            file=sys.stderr,
        )
    return 1


def _published(given: Path) -> Path:
    # Of the publication, Make knows the file; what lies next to it belongs to it.
    return (given.parent if given.suffix == ".duckdb" else given).absolute()


def _erase(
    places: Places,
    key: Key,
    customer: str,
    source: str | None,
    build: Sequence[str],
    *,
    confirm: bool,
) -> int:
    if not places.warehouse.exists():
        raise SubjectError(f"There is no warehouse {places.warehouse}: build it first.")
    began = time.perf_counter()
    declared = read_declarations(Path.cwd())
    with duckdb.connect(str(places.warehouse), read_only=not confirm) as connection:
        connection.execute("set TimeZone = 'UTC'")
        give_key(connection, key.text)
        warehouse = Warehouse(connection, declared)
        person = _find(places, warehouse, key, customer, source)
        if not confirm:
            _show(_inventory(places, warehouse, declared, person), person)
            return 0
        until = newest_event(warehouse)
        started = datetime.now(UTC)
        orders = sole_orders(warehouse, person)
        request = write_tombstones(places.key_file, person, key.text, until, started, orders)
        unnamed = rows_without_ids(connection, person.source, orders)
        begun = Erasure(
            request=request,
            erased_at=started.isoformat(timespec="seconds"),
            warehouse=places.warehouse.name,
            source=person.source,
        )
        note(places.key_file, begun)
        simulated = clear_simulation(connection, person)
    if unnamed:
        print(f"  Rows of their orders that have no other id: {unnamed}, which go as well")
    if simulated:
        print(f"  Rows of the simulated shop: {simulated} deleted")
    print(f"Request {request}. The build that follows takes the person out of every table.")
    # Only a build removes them from tables, so a build that fails leaves the erasure unfinished.
    before_build = time.perf_counter()
    if subprocess.run(list(build), check=False).returncode:
        raise SubjectError(
            "The build did not succeed, so the erasure is not finished: tombstones keep the person"
            " out, and tables may still hold them. Put it right, and erase once more."
        )
    began += time.perf_counter() - before_build
    needles, findings = finish(places, declared, person, key.text, print)
    _check_orders(places, person.source, orders, findings)
    _check_publication(places, started, findings)
    _vacuum_server(needles, findings)
    made = _proof(begun, needles, findings)
    note(places.key_file, made)
    record(
        audit_file(places.warehouse),
        "erased",
        {
            "request": request,
            "hits": made.hit_count,
            "tables": made.table_count,
            "bytes": made.byte_count,
            "code": made.code_version,
        },
    )
    _report(made, findings, time.perf_counter() - began)
    return 1 if made.hit_count or made.unread_file_count else 0


def _find(
    places: Places, warehouse: Warehouse, key: Key, customer: str, source: str | None
) -> Person:
    try:
        return find_person(warehouse, key.text, customer, source)
    except SubjectError:
        known = buried(places.key_file, customer, key.text, source)
        if known is None:
            raise
    print("No table knows the person any more: they were erased before. This looks for the rest.")
    return known


def _inventory(
    places: Places, warehouse: Warehouse, declared: Declarations, person: Person
) -> tuple[list[Place], list[str]]:
    tables = inventory.in_tables(warehouse, person)
    sources, unread_sources = inventory.in_sources(warehouse, person)
    with duckdb.connect() as other:
        published, unread = inventory.in_publications(other, declared, person, places.published)
        inputs, unread_inputs = inventory.in_inputs(other, person, places.inputs)
    files = inventory.in_files(person, [folder for folder in places.folders if folder.is_dir()])
    found = [*tables, *sources, *published, *inputs, *files]
    return found, sorted({*person.unread, *unread_sources, *unread, *unread_inputs})


def _show(found: tuple[list[Place], list[str]], person: Person) -> None:
    places, unread = found
    print(f"Source {person.source}, {person.kind}, key {person.key}\n")
    rows = [(one.medium, one.name, one.column or "", f"{one.row_count:,}") for one in places]
    heads = ("where", "table or file", "column", "rows")
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(4)]
    for row in (heads, *rows):
        texts = [text.ljust(width) for text, width in zip(row[:3], widths, strict=False)]
        print(f"  {'  '.join(texts)}  {row[3].rjust(widths[3])}".rstrip())
    for one in unread:
        print(f"  could not be read: {one}")
    print(f"\nNothing was changed: CONFIRM=1 erases. {_OUT_OF_REACH}")


def _check_orders(places: Places, source: str, orders: frozenset[str], findings: Findings) -> None:
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        left = rows_without_ids(connection, source, orders)
    if left:
        findings.hits["intermediate.int_accepted_events: rows of their orders without an id"] = left


def _check_publication(places: Places, started: datetime, findings: Findings) -> None:
    """Count a publication of before as a hit: it shows the person, though under keys alone."""
    with duckdb.connect() as connection:
        at = standing(connection, places.published, places.warehouse.stem)
    if at is not None and at < started:
        findings.hits[f"{places.published}: the build published nothing, see what it says"] = 1


def _vacuum_server(needles: Needles, findings: Findings) -> None:
    """Write the tables of a server anew, where the build has published to one, and search them."""
    address = os.environ.get("FOOTFALL_PUBLISH_POSTGRES")
    if not address:
        return
    # Only who publishes to PostgreSQL loads its driver.
    from footfall.publishing import postgres, postgres_vacuum

    schema = os.environ.get(postgres.SCHEMA_VARIABLE) or SCHEMA
    found = postgres_vacuum.vacuum(postgres.Target(address, schema), needles.texts)
    print(f"  PostgreSQL: {len(found)} tables written anew (vacuum full)")
    findings.table_count += len(found)
    findings.hits |= {f"PostgreSQL {schema}.{name}": rows for name, rows in found.items() if rows}


def _proof(begun: Erasure, needles: Needles, findings: Findings) -> Erasure:
    return replace(
        begun,
        proven_at=datetime.now(UTC).isoformat(timespec="seconds"),
        code_version=version("footfall"),
        table_count=findings.table_count,
        column_count=findings.column_count,
        value_count=findings.value_count,
        file_count=findings.file_count,
        byte_count=findings.byte_count,
        unread_file_count=len(findings.unread),
        ordinary_id_count=len(needles.words),
        unsearched_column_count=findings.unsearched_column_count,
        possible_mention_count=sum(findings.possible.values()),
        hit_count=len(findings.hits),
    )


def _report(made: Erasure, findings: Findings, seconds: float) -> None:
    print(
        f"\nRequest {made.request}: read {made.value_count:,} values in {made.column_count:,}"
        f" columns of {made.table_count:,} tables and {made.byte_count:,} bytes of"
        f" {made.file_count:,} files; found in {made.hit_count} places."
        f" {seconds:.1f} s and {_seconds_used():.1f} CPU-s beyond the build."
    )
    for place, count in findings.hits.items():
        print(f"  still found: {place} ({count})")
    for one in findings.unread:
        print(f"  could not be read: {one}")
    if made.ordinary_id_count:
        print(
            f"  {made.ordinary_id_count} ids are short or numbers, which other things are as well."
            " They were looked for as whole words where columns declare people or texts, not in"
            f" {made.unsearched_column_count:,} other columns of text, nor in the bytes of files."
            f" {made.possible_mention_count:,} values have one without saying whose it is:"
        )
    for place, count in findings.possible.items():
        print(f"    perhaps: {place} ({count:,})")
    print(_OUT_OF_REACH)


def _seconds_used() -> float:
    # The build is a process of its own.
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
