"""Find a person in a warehouse: from one id to all the keys that rows of theirs carry.

A customer has devices, and both have sessions, orders, events and reviews. Tables show them under
keyed hashes and numbers made of these; sources under raw ids. All of them are found by what the
columns declare (`subjects`), starting from the customer.
"""

import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from footfall.core.quoting import quoted, sql_text
from footfall.privacy.rows import OWNED, is_theirs, note_ids
from footfall.privacy.subjects import EITHER, SubjectError
from footfall.privacy.warehouse import Warehouse, relation

Ids = Mapping[str, frozenset[str]]
_FULL_KEY = re.compile(r"[0-9a-f]{64}")
_NUMBER_WITH_ZEROS = re.compile(r"(-?[0-9]+)\.0+")
# As macro `hmac_sha256` writes it; the connection has the key in two variables.
_KEYED = (
    "sha256(getvariable('footfall_hmac_outer')"
    " || unhex(sha256(getvariable('footfall_hmac_inner') || encode({text}))))"
)
NORMALISED = (
    "Ids are compared as staging reads them: without spaces at the ends, a whole number without a "
    "fraction of zeros (17850.0 is 17850), upper and lower case as they are"
)


@dataclass(frozen=True)
class Person:
    """Somebody whom a warehouse knows, and what their rows are found by.

    Attributes
    ----------
    source
        The source that knows them.
    kind
        ``customer``, or ``device`` for a visitor who never named themselves.
    key
        The public key, 64 hex digits.
    raw_id
        The id in the source; None where only the key was given and no row of the source has it.
    ids
        By kind of subject: keys, and numbers as text, as tables of the warehouse hold them.
    raw
        By kind of subject: ids as the source writes them.
    unread
        Why views of the source could not be read, a text each; what only they show is missing then.
    """

    source: str
    kind: str
    key: str
    raw_id: str | None
    ids: Ids
    raw: Ids
    unread: Sequence[str] = ()

    @property
    def number(self) -> int:
        """The head of the key, which joins inside the warehouse go by."""
        return number_of(self.key)

    def values(self, kind: str) -> frozenset[str]:
        """Return all texts that a column of a kind may hold of them, raw or not."""
        kinds = EITHER.get(kind, (kind,))
        return frozenset().union(*(self.ids[one] | self.raw[one] for one in kinds))


def key_of(secret: str, source: str, kind: str, raw_id: str) -> str:
    """Return the key of a raw id as macros `hmac_sha256` and `id_key` make it.

    Parameters
    ----------
    secret
        The key of the shop.
    source
        The source that the id is from.
    kind
        ``customer`` or ``device``, whose keys have 64 digits, or ``session``, ``order``, ``event``
        or ``review``, whose keys are half as long.
    raw_id
        The id as staging gives it.
    """
    digest = hmac.digest(secret.encode(), f"{source}:{kind}:{raw_id}".encode(), "sha256").hex()
    return digest if kind in ("customer", "device") else digest[:32]


def number_of(key: str) -> int:
    """Return the number that macro `key_number` makes of a key: its first 60 bits."""
    return int(key[:15], 16)


def normalised(raw_id: str) -> str:
    """Return an id as staging reads it.

    Examples
    --------
    >>> normalised(" 17850.0 "), normalised("0042")
    ('17850', '0042')
    """
    stripped = raw_id.strip()
    whole = _NUMBER_WITH_ZEROS.fullmatch(stripped)
    return whole[1] if whole else stripped


def find_person(warehouse: Warehouse, secret: str, given: str, source: str | None = None) -> Person:
    """Find a person by their id or key.

    Parameters
    ----------
    warehouse
        The warehouse; its connection has the key (`give_key`).
    secret
        The key of the shop.
    given
        The id of a customer as a source writes it, or a key of a customer or device, 64 hex digits.
        The key of a device that belongs to a customer stands for the customer.
    source
        The source that knows the customer; None looks in all of them.

    Raises
    ------
    SubjectError
        Nobody has that id, or customers of several sources have it.
    """
    found = _by_key(warehouse, given, source) or _by_id(warehouse, secret, given, source)
    kind, origin, key = found
    ids: dict[str, set[str]] = defaultdict(set)
    raw: dict[str, set[str]] = defaultdict(set)
    ids[kind] |= {key, str(number_of(key))}
    if key_of(secret, origin, kind, normalised(given)) == key:
        # The source may no longer name them: its files, or the copies of them, are gone.
        raw[kind].add(normalised(given))
    if kind == "customer":
        for device in _devices(warehouse, number_of(key)):
            ids["device"] |= {device, str(number_of(device))}
    for one, value in _from_tables(warehouse, ids):
        ids[one].add(value)
    unread = _from_sources(warehouse, secret, origin, ids, raw)
    for one in ("event", "order", "review", "session"):
        ids[one] |= {key_of(secret, origin, one, value) for value in raw[one]}
    (raw_id, *_) = [*sorted(raw[kind]), None]
    every = (*OWNED, "customer", "device", "payment")
    return Person(
        source=origin,
        kind=kind,
        key=key,
        raw_id=raw_id,
        ids={one: frozenset(ids[one]) for one in every},
        raw={one: frozenset(raw[one]) for one in every},
        unread=unread,
    )


def _by_key(warehouse: Warehouse, given: str, source: str | None) -> tuple[str, str, str] | None:
    """Return kind, source and key of the owner of a key; None where nobody has it."""
    key = given.strip().lower()
    if not _FULL_KEY.fullmatch(key):
        return None
    known = [one for one in _known(warehouse, [key]) if source in (None, one[1])]
    if not known:
        return None
    ((kind, origin, _),) = known
    links = warehouse.relation("int_identity_links")
    if kind == "device" and links:
        linked = warehouse.connection.execute(
            f"select customer_no from {links} where anonymous_no = ?", [number_of(key)]
        ).fetchall()
        if linked:
            ((customer,),) = warehouse.connection.execute(
                f"select identity_key from {_built(warehouse, 'int_identity_keys')}"
                " where identity_no = ? and kind = 'customer'",
                list(linked[0]),
            ).fetchall()
            return "customer", origin, customer
    return kind, origin, key


def _by_id(
    warehouse: Warehouse, secret: str, given: str, source: str | None
) -> tuple[str, str, str]:
    """Return kind, source and key of the customer with an id."""
    raw_id = normalised(given)
    sources = _sources(warehouse)
    if source is not None and source not in sources:
        raise SubjectError(
            f"The warehouse has nothing of source {source}; its sources are {', '.join(sources)}."
        )
    keys = {key_of(secret, one, "customer", raw_id): one for one in sources}
    known = [one for one in _known(warehouse, list(keys)) if source in (None, one[1])]
    if len(known) > 1:
        names = " and ".join(sorted(origin for _, origin, _ in known))
        raise SubjectError(
            f"Customers of several sources have that id: {names}. Name one as well, SOURCE=…, and "
            "the warehouse by FOOTFALL_DB where it is not the one of that source."
        )
    if not known:
        where = f"source {source}" if source else " or ".join(sources)
        raise SubjectError(
            f"The warehouse knows no customer of {where} with that id or key. {NORMALISED}. Was it "
            "built since they came, and is the key the one that it was built with?"
        )
    return known[0]


def _known(warehouse: Warehouse, keys: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return kind, source and key of those of some keys that the warehouse knows."""
    known: list[tuple[str, str, str]] = warehouse.connection.execute(
        f"select kind, source, identity_key from {_built(warehouse, 'int_identity_keys')}"
        " where list_contains($keys, identity_key)"
        # Who is only on a list of customers has done nothing that a number is needed for.
        f" union select 'customer', source, customer_key from {_built(warehouse, 'int_customers')}"
        " where list_contains($keys, customer_key) order by all",
        {"keys": list(keys)},
    ).fetchall()
    return known


def _sources(warehouse: Warehouse) -> list[str]:
    rows = warehouse.connection.execute(
        f"select distinct source from {_built(warehouse, 'int_identity_keys')} union"
        f" select distinct source from {_built(warehouse, 'int_customers')} order by all"
    )
    return [source for (source,) in rows.fetchall()]


def _devices(warehouse: Warehouse, customer_no: int) -> list[str]:
    """Return the keys of the devices that belong to a customer."""
    rows = warehouse.connection.execute(
        f"select identity_key from {_built(warehouse, 'int_identity_keys')} as keys"
        f" inner join {_built(warehouse, 'int_identity_links')} as links"
        " on keys.identity_no = links.anonymous_no where keys.kind = 'device'"
        " and links.customer_no = ? order by all",
        [customer_no],
    )
    return [key for (key,) in rows.fetchall()]


def _built(warehouse: Warehouse, name: str) -> str:
    found = warehouse.relation(name)
    if found is None:
        raise SubjectError(f"The warehouse has no table {name}: build it first.")
    return found


def _from_tables(warehouse: Warehouse, ids: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return kind and value of what stands next to a person in the tables of the warehouse."""
    note_ids(warehouse.connection, ids)
    queries = []
    for schema, table, types in warehouse.declared_tables():
        theirs = is_theirs(table.subjects, types)
        if theirs and (beside := _beside(table.subjects, types)):
            place = relation(schema, table.name)
            queries.append(f"select {beside} as one from {place} where {theirs}")
    return _distinct(warehouse.connection, queries)


def _beside(subjects: Mapping[str, str], types: Mapping[str, str]) -> str | None:
    """Return SQL of kinds and values of what a row says besides its owner, a row each."""
    pairs = [
        f"{{'kind': '{kind}', 'value': cast({quoted(column)} as varchar)}}"
        for column, kind in subjects.items()
        if column in types and kind in (*OWNED, "payment")
    ]
    return f"unnest([{', '.join(pairs)}])" if pairs else None


def _distinct(
    connection: duckdb.DuckDBPyConnection, queries: Sequence[str]
) -> list[tuple[str, str]]:
    if not queries:
        return []
    found: list[tuple[str, str]] = connection.execute(
        f"select distinct one.kind, one.value from ({' union all '.join(queries)}) as found"
        " where one.value is not null"
    ).fetchall()
    return found


def _from_sources(
    warehouse: Warehouse,
    secret: str,
    source: str,
    ids: Mapping[str, set[str]],
    raw: Mapping[str, set[str]],
) -> list[str]:
    """Add raw ids of a person to `raw`; return what could not be read, and why."""
    views = [
        (relation(schema, name), table.subjects, types)
        for (schema, name), types in warehouse.views.items()
        if name.startswith(f"stg_{source}__") and (table := warehouse.declared.of(schema, name))
    ]
    unread: list[str] = []

    def each(read: Callable[[str, Mapping[str, str], Mapping[str, str]], None]) -> None:
        for view, subjects, types in views:
            try:
                read(view, subjects, types)
            except duckdb.Error as error:
                unread.append(f"{view}: {str(error).splitlines()[0]}")

    def add_owners(view: str, subjects: Mapping[str, str], types: Mapping[str, str]) -> None:
        # What a key was made of only shows by making it again.
        for column, kind in subjects.items():
            if kind in ("customer", "device") and column in types and ids[kind]:
                text = f"{sql_text(f'{source}:{kind}:')} || value"
                values = warehouse.connection.execute(
                    f"select value from (select distinct cast({quoted(column)} as varchar) as value"
                    f" from {view}) as found where {_KEYED.format(text=text)} in"
                    f" (select value from person_texts where kind = '{kind}')"
                ).fetchall()
                raw[kind].update(value for (value,) in values)

    def add_beside(view: str, subjects: Mapping[str, str], types: Mapping[str, str]) -> None:
        theirs = is_theirs(subjects, types)
        if theirs and (beside := _beside(subjects, types)):
            query = f"select {beside} as one from {view} where {theirs}"
            for kind, value in _distinct(warehouse.connection, [query]):
                raw[kind].add(value)

    note_ids(warehouse.connection, ids)
    each(add_owners)
    note_ids(warehouse.connection, {kind: raw[kind] for kind in ("customer", "device")})
    each(add_beside)
    return sorted(set(unread))
