"""Erase a person: from tombstones over a build without them to a warehouse file without traces.

Nothing is removed from a table by hand. Tombstones are written first; the build that follows takes
the person's events out of every table, as it does with events that are withdrawn, and publishes
anew. What a build keeps of them is then cleared, and the file is written anew.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from footfall.core.quoting import quoted
from footfall.privacy import proof, tombstones
from footfall.privacy.compaction import compact
from footfall.privacy.person import Person, key_of, normalised, number_of
from footfall.privacy.proof import Findings, Needles
from footfall.privacy.subjects import KINDS, Declarations, SubjectError
from footfall.privacy.tombstones import Erased
from footfall.privacy.traces import clear_mentions, clear_traces
from footfall.privacy.warehouse import Warehouse
from footfall.publishing import parquet
from footfall.publishing.publisher import parquet_folder

_SIMULATED = "storefront"
_SIMULATED_SCHEMAS = ("raw_storefront", "truth_storefront")
_KEY_DIGITS = 64


@dataclass(frozen=True)
class Places:
    """Where the project keeps what it has made.

    Attributes
    ----------
    warehouse
        The warehouse file.
    published
        The folder of publications.
    key_file
        The main key file, next to which tombstones lie.
    folders
        Folders of what dbt and the pages write, such as target and logs: emptied.
    """

    warehouse: Path
    published: Path
    key_file: Path
    folders: Sequence[Path]

    @property
    def inputs(self) -> Path:
        """The folder of the copies that were made of text files."""
        return self.warehouse.parent / "inputs" / self.warehouse.stem

    @property
    def link(self) -> Path:
        """The link to the published Parquet files."""
        return parquet_folder(self.published, self.warehouse.stem)


def buried(key_file: Path, given: str, secret: str, source: str | None) -> Person | None:
    """Return somebody who was erased before, as far as tombstones know them; None for others.

    An erasure that broke off may have left no row that would lead to them.
    """
    standing = tombstones.read(key_file)
    if standing is None:
        return None
    raw_id = normalised(given)
    for entry in standing.entries:
        if entry.kind != "customer" or source not in (None, entry.source):
            continue
        key = key_of(secret, entry.source, "customer", raw_id)
        if entry.of_id == tombstones.of_id(standing.key, entry.source, "customer", raw_id):
            ids = {kind: frozenset[str]() for kind in KINDS}
            return Person(
                source=entry.source,
                kind="customer",
                key=key,
                raw_id=raw_id,
                ids={**ids, "customer": frozenset({key})},
                raw={**ids, "customer": frozenset({raw_id})},
            )
    return None


def with_buried(connection: duckdb.DuckDBPyConnection, person: Person, key_file: Path) -> Person:
    """Add the devices that an earlier attempt has written tombstones of: no row links them now."""
    standing = tombstones.read(key_file)
    if standing is None:
        return person
    request = tombstones.request_number(standing.key, person.source, person.raw_id or person.key)
    wanted = {entry.of_key for entry in standing.entries if entry.request == request}
    keys = connection.execute(
        "select identity_key from intermediate.int_identity_keys where kind = 'device'"
    ).fetchall()
    found = {key for (key,) in keys if tombstones.of_key(standing.key, key) in wanted}
    return replace(person, ids={**person.ids, "device": person.ids["device"] | found})


def sole_orders(warehouse: Warehouse, person: Person) -> frozenset[str]:
    """Return the keys of a person's orders that nobody else has events of.

    Shops use numbers of orders again, and rows without any other id may then be anybody's.
    """
    events = warehouse.relation("int_stitched_events")
    if events is None:
        raise SubjectError("The warehouse has no int_stitched_events: build it first.")
    numbers = sorted(map(number_of, _keys(person)))
    rows = warehouse.connection.execute(
        f"select order_id from {events} where source = $source"
        " and list_contains($orders, order_id) group by order_id"
        " having count(case when not list_contains($numbers, visitor_no) then 1 end) = 0",
        {"source": person.source, "orders": sorted(person.ids["order"]), "numbers": numbers},
    ).fetchall()
    return frozenset(key for (key,) in rows)


def rows_without_ids(
    connection: duckdb.DuckDBPyConnection, source: str, orders: frozenset[str]
) -> int:
    """Count the accepted events of some orders that have no other id."""
    ((count,),) = connection.execute(
        "select count(*) from intermediate.int_accepted_events where source = $source"
        " and customer_no is null and anonymous_no is null and session_hint is null"
        " and list_contains($orders, order_id)",
        {"source": source, "orders": sorted(orders)},
    ).fetchall()
    return int(count)


def ids_of(
    person: Person, secret: str, until: datetime, orders: frozenset[str] = frozenset()
) -> list[Erased]:
    """Return the ids of a person that tombstones are written of.

    Parameters
    ----------
    person
        The person.
    secret
        The main key.
    until
        The moment up to which what was done on their devices without a customer id is theirs.
    orders
        Keys of the orders that are theirs alone.
    """
    raw_orders = {
        key_of(secret, person.source, "order", raw_id): raw_id for raw_id in person.raw["order"]
    }
    found = [
        Erased(person.source, "session", raw_id, None, until)
        for raw_id in sorted(person.raw["session"])
    ]
    found += [
        Erased(person.source, "order", raw_orders.get(key), key, None) for key in sorted(orders)
    ]
    for kind in ("customer", "device"):
        raw = {key_of(secret, person.source, kind, raw_id): raw_id for raw_id in person.raw[kind]}
        # Of a customer whom the source no longer names only the key is known.
        keys = {value for value in person.ids[kind] if len(value) == _KEY_DIGITS}
        for key in sorted(keys | raw.keys()):
            found.append(
                Erased(
                    person.source,
                    "customer" if kind == "customer" else "device",
                    raw.get(key),
                    key,
                    None if kind == "customer" else until,
                )
            )
    return found


def newest_event(warehouse: Warehouse) -> datetime:
    """Return the later of now and the newest event: clocks of sources may be ahead."""
    accepted = warehouse.relation("int_accepted_events")
    if accepted is None:
        raise SubjectError("The warehouse has no table int_accepted_events: build it first.")
    ((newest,),) = warehouse.connection.execute(
        f"select max(epoch_us(event_at)) from {accepted}"
    ).fetchall()
    now = datetime.now(UTC)
    return now if newest is None else max(now, datetime.fromtimestamp(newest / 1e6, UTC))


def clear_simulation(connection: duckdb.DuckDBPyConnection, person: Person) -> int:
    """Delete a person of the simulated shop from what was simulated; return the number of rows.

    Sources of other people are files of theirs, which are never changed.
    """
    if person.source != _SIMULATED:
        return 0
    columns = connection.execute(
        "select schema_name, table_name, list(column_name) from duckdb_columns()"
        " inner join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = current_database() and list_contains($schemas, schema_name)"
        " group by all order by all",
        {"schemas": list(_SIMULATED_SCHEMAS)},
    ).fetchall()
    count = 0
    for schema, table, names in columns:
        conditions = []
        if "customer_id" in names:
            conditions.append("list_contains($customers, customer_id)")
        if "device_id" in names:
            nobody = " and customer_id is null" if "customer_id" in names else ""
            conditions.append(f"(list_contains($devices, device_id){nobody})")
        if conditions:
            given = {"customers": sorted(person.raw["customer"])}
            if "device_id" in names:
                given["devices"] = sorted(person.raw["device"])
            if "customer_id" not in names:
                del given["customers"]
            ((deleted,),) = connection.execute(
                f"delete from {quoted(schema)}.{quoted(table)} where {' or '.join(conditions)}",
                given,
            ).fetchall()
            count += int(deleted)
    return count


def finish(
    places: Places,
    declared: Declarations,
    person: Person,
    secret: str,
    say: Callable[[str], None],
) -> tuple[Needles, Findings]:
    """Clear what a build without a person has kept of them, and look whether anything is left.

    Parameters
    ----------
    places
        Where everything is.
    declared
        What the project declares of its tables.
    person
        The person as the warehouse knew them.
    secret
        The main key.
    say
        Takes a line for the user.

    Returns
    -------
    tuple
        What was looked for, and what was found.

    Raises
    ------
    CompactionError
        The warehouse could not be written anew.
    """
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        person = with_buried(connection, person, places.key_file)
        numbers = set(map(number_of, _keys(person)))
        clear_traces(connection, numbers)
        shared = {
            number
            for (number,) in connection.execute(
                "select distinct anonymous_no from intermediate.int_accepted_events"
                " where list_contains($numbers, anonymous_no)",
                {"numbers": sorted(numbers)},
            ).fetchall()
        }
        needles = proof.needles_of(person, secret, shared)
        connection.execute("use main")
        mentions = clear_mentions(Warehouse(connection, declared), needles.texts, needles.words)
    if mentions:
        say(f"  Texts of other rows that named the person: {mentions} cleared")
    counts = compact(places.warehouse)
    say(f"  {places.warehouse} written anew: {len(counts)} tables, {sum(counts.values()):,} rows")
    removed = clear_files(places)
    say(f"  Older publications, copies of inputs, target and logs: {removed} removed")
    return needles, search(places, needles, declared)


def _keys(person: Person) -> set[str]:
    return {
        value
        for kind in ("customer", "device")
        for value in person.ids[kind]
        if len(value) == _KEY_DIGITS
    }


def clear_files(places: Places) -> int:
    """Remove what earlier runs left in files; return how many files and folders went."""
    removed = parquet.clear_older(places.link) if places.link.is_symlink() else 0
    for copy in (*places.inputs.glob("*.parquet"), *places.inputs.glob("*.tmp")):
        copy.unlink()
        removed += 1
    for folder in places.folders:
        for child in folder.glob("*"):
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child)
            else:
                child.unlink()
            removed += 1
    return removed


def search(places: Places, needles: Needles, declared: Declarations) -> Findings:
    """Read all values of the warehouse and of what is published, and all bytes of all files."""
    findings = Findings()
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        name = places.warehouse.stem
        proof.search_database(connection, name, needles, "", findings, declared)
    runs = parquet.runs_folder(places.link)
    of_shop = [*places.published.glob(f"{places.warehouse.stem}*"), runs]
    published = [file for file in of_shop if not file.is_symlink()]
    with duckdb.connect() as connection:
        proof.search_publications(connection, published, needles, findings, declared)
    files = [
        *places.warehouse.parent.glob(f"{places.warehouse.name}*"),
        places.inputs,
        *published,
        *places.folders,
    ]
    proof.search_files(files, needles, findings)
    return findings


def write_tombstones(
    key_file: Path,
    person: Person,
    secret: str,
    until: datetime,
    erased_at: datetime,
    orders: frozenset[str],
) -> int:
    """Write the tombstones of a person; return the number of the request."""
    key = tombstones.begin(key_file)
    request = tombstones.request_number(key, person.source, person.raw_id or person.key)
    erased = ids_of(person, secret, until, orders)
    tombstones.bury(key_file, request, erased, erased_at)
    return request
