"""Answer who did what with a warehouse, and what it knows of a person.

`python -m footfall.privacy audit WAREHOUSE` shows what was done with it, when and by whom.
`python -m footfall.privacy subject WAREHOUSE` writes all that it knows of a person.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from footfall.builds import keys
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import build_command
from footfall.core.private_files import keep_private
from footfall.privacy.audit import AuditError, Entry, audit_file, entries, record
from footfall.privacy.export import as_json, rows_of
from footfall.privacy.page import page_of
from footfall.privacy.person import find_person
from footfall.privacy.subjects import SubjectError, read_blocks, read_declarations
from footfall.privacy.warehouse import Warehouse, give_key

#: Holds the id or key of the person: the list of processes shows no variables.
CUSTOMER = "FOOTFALL_CUSTOMER"
KEY_FILE = "FOOTFALL_KEY_FILE"
_DEFAULT_KEY_FILE = "secrets/footfall.key"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        0, or 1 where it could not be done, after a message that says why.
    """
    parser = argparse.ArgumentParser(prog="python -m footfall.privacy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    audit = commands.add_parser("audit", help="print the record and check it")
    audit.add_argument("warehouse", type=Path)
    subject = commands.add_parser("subject", help="write all that is known of a person")
    subject.add_argument("warehouse", type=Path)
    subject.add_argument("--source")
    subject.add_argument("--project", type=Path, default=Path())
    subject.add_argument("--out", type=Path, default=Path("target/subjects"))
    given = parser.parse_args(arguments)
    try:
        if given.command == "audit":
            _show_audit(audit_file(given.warehouse))
        else:
            _export(given)
    except (AuditError, BuildProblem, SubjectError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _show_audit(file: Path) -> None:
    last = None
    for number, last in enumerate(entries(file), start=1):
        print(f"{number:>5}  {_line(last)}")
    if last is not None:
        print(f"\n{file} is whole. Note its last digest elsewhere: {last.digest}")


def _export(given: argparse.Namespace) -> None:
    """Write JSON and a page of a person, and note that it was done."""
    keep_private()
    customer = _customer()
    secret = _secret()
    declared, blocks = read_declarations(given.project), read_blocks(given.project)
    made_at = datetime.now(UTC).replace(microsecond=0)
    with opened(given.warehouse) as connection:
        give_key(connection, secret)
        warehouse = Warehouse(connection, declared)
        person = find_person(warehouse, secret, customer, given.source)
        tables = rows_of(warehouse, person, blocks)
    row_count = sum(len(one.rows) for one in tables)
    folder = given.out / f"{person.key[:12]}-{made_at:%Y%m%dT%H%M%SZ}"
    counts = {"source": person.source, "tables": len(tables), "rows": row_count}
    record(audit_file(given.warehouse), "exported", counts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / "subject.json", as_json(person, tables, made_at))
    _write(folder / "subject.html", page_of(person, tables, made_at))
    for one in person.unread:
        print(f"Could not be read: {one}", file=sys.stderr)
    print(f"{row_count:,} rows of {len(tables)} tables, for you alone to read:")
    for name in ("subject.html", "subject.json"):
        print(f"  {folder / name}")


def _customer() -> str:
    """Return the id or key that was given, on standard input where it is a dash.

    Raises
    ------
    SubjectError
        There is none.
    """
    customer = os.environ.get(CUSTOMER, "")
    if customer == "-":
        customer = sys.stdin.readline()
    if not customer.strip():
        raise SubjectError(
            "Name the person by the id of the source or by their key: make subject CUSTOMER=… "
            "(CUSTOMER=- reads it from standard input, so that no history of a shell has it)."
        )
    return customer


def _secret() -> str:
    """Return the key that a build would find.

    Raises
    ------
    BuildProblem
        It is weak or cannot be read.
    """
    file = Path(os.environ.get(KEY_FILE) or _DEFAULT_KEY_FILE).expanduser()
    return keys.resolve(os.environ.get(keys.VARIABLE, ""), file).text


def opened(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """Open a warehouse for reading, with the time zone UTC.

    Raises
    ------
    SubjectError
        There is none, or somebody works on it.
    """
    if not warehouse.is_file():
        raise SubjectError(
            f"There is no warehouse {warehouse}: `{build_command()}` builds it. SOURCE=…, "
            "MAPPING=… or FOOTFALL_DB name another one."
        )
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error as error:
        raise SubjectError(
            f"The warehouse {warehouse} cannot be opened. If a build is at work on it, wait for "
            f"it. DuckDB says: {str(error).splitlines()[0]}"
        ) from error
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _line(entry: Entry) -> str:
    said = ", ".join(
        f"{name} {' '.join(str(value).split())}" for name, value in entry.details.items()
    )
    return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.account}  {entry.action}  {said}"


if __name__ == "__main__":
    sys.exit(main())
