"""Which ids of this run's rows have a tombstone: known to the process alone, stored nowhere.

Staging shows raw ids. Those of people who were erased are found by hashing each distinct id of an
entity once, and reach SQL as a connection variable: no statement, log or table holds them.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from footfall.adapter.delimited_inputs import LINE_TEXT
from footfall.builds import keys
from footfall.core.quoting import quoted, sql_text
from footfall.privacy.tombstones import Tombstones, id_prefix, of_key

# Of lines that could not be read, and of nested values.
_BETWEEN_WORDS = r"""[\s"',;|:{}\[\]]+"""

_ORDER_KEY_DIGITS = 32

#: The columns of an entity that hold ids of people, with the kind of each.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "events": {
        "customer": "customer_id",
        "device": "device_id",
        "session": "session_hint",
        "order": "order_id",
    },
    "customers": {"customer": "customer_id"},
    "reviews": {"customer": "customer_id"},
}


class ErasedIds:
    """The ids that were found to be erased, so far in this run.

    Parameters
    ----------
    tombstones
        All tombstones.
    key
        The main key, which the numbers of the warehouse are made with.
    """

    def __init__(self, tombstones: Tombstones, key: str) -> None:
        """Know nothing yet; see `look_at`."""
        self._tombstones = tombstones
        self._key = key
        self._looked_at: set[tuple[str, str, str]] = set()
        # Models of several threads ask at once: whoever comes second waits until all is found.
        self._looking = Lock()
        self._found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def is_of(self, tombstones: Tombstones, key: str) -> bool:
        """Say whether tombstones and main key are those that were looked with."""
        return (self._tombstones, self._key) == (tombstones, key)

    @property
    def newest(self) -> datetime:
        """When somebody was last erased."""
        return max(entry.erased_at for entry in self._tombstones.entries)

    def as_json(self) -> str:
        """Return what was found, as the macro `erased_ids` reads it."""
        return json.dumps(list(self._found.values()))

    def clear_copies(self, cursor: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
        """Remove the copies of text files that hold an erased id, which the next run makes again.

        Returns
        -------
        list of str
            Their names without the ending.
        """
        ids = sorted({found["raw_id"] for found in self._found.values() if found["raw_id"]})
        removed = []
        for file in sorted(folder.glob("*.parquet")) if ids else ():
            relation = f"read_parquet({sql_text(str(file))})"
            columns = cursor.execute(f"describe select * from {relation}").fetchall()
            between = sql_text(_BETWEEN_WORDS)
            words = ", ".join(
                f"regexp_split_to_array(cast({quoted(name)} as varchar), {between})"
                if name == LINE_TEXT or kind != "VARCHAR"
                else f"[{quoted(name)}]"
                for name, kind, *_ in columns
                if kind == "VARCHAR" or "JSON" in kind
            )
            held = cursor.execute(
                f"select 1 from {relation} where list_has_any(flatten([{words}]), ?) limit 1",
                [ids],
            ).fetchall()
            if held:
                file.unlink()
                removed.append(file.stem)
        return removed

    def look_at(
        self,
        cursor: duckdb.DuckDBPyConnection,
        run_id: str,
        entity: str,
        relations: Mapping[str, str],
    ) -> int:
        """Look for erased ids in an entity of each source, once a run.

        Parameters
        ----------
        cursor
            A connection to the warehouse.
        run_id
            The run that asks.
        entity
            `events`, `customers` or `reviews`.
        relations
            The staging view of each source, as SQL.

        Returns
        -------
        int
            How many ids are known now.
        """
        with self._looking:
            for source, relation in relations.items():
                if not self._is_new(run_id, entity, source):
                    continue
                for kind, column in COLUMNS[entity].items():
                    if kind in self._tombstones.kinds(source):
                        self._match(cursor, source, kind, relation, column)
            return len(self._found)

    def look_at_keys(
        self, cursor: duckdb.DuckDBPyConnection, run_id: str, relation: str, accepted: str | None
    ) -> None:
        """Look among the keys that the warehouse has: a source may no longer hold the id.

        Of orders those are looked at that events know which have no other id.
        """
        with self._looking:
            if not self._is_new(run_id, relation, ""):
                return
            until = _latest((entry.of_key, entry.until) for entry in self._tombstones.entries)
            query = f"select source, kind, identity_key from {relation}"
            if accepted is not None:
                query += (
                    f" union all select distinct source, 'order', order_id from {accepted}"
                    " where order_id is not null and customer_no is null and anonymous_no is null"
                    " and session_hint is null"
                )
            rows = cursor.execute(query).fetchall()
            for source, kind, identity_key in rows:
                hashed = of_key(self._tombstones.key, identity_key)
                if hashed in until:
                    self._add(source, kind, None, identity_key, until[hashed])

    def _is_new(self, run_id: str, entity: str, source: str) -> bool:
        place = (run_id, entity, source)
        if place in self._looked_at:
            return False
        self._looked_at.add(place)
        return True

    def _match(
        self, cursor: duckdb.DuckDBPyConnection, source: str, kind: str, relation: str, column: str
    ) -> None:
        until = _latest(
            (entry.of_id, entry.until)
            for entry in self._tombstones.entries
            if (entry.source, entry.kind) == (source, kind)
        )
        inner, outer = keys.padded_bytes(self._tombstones.key)
        rows = cursor.execute(
            "select raw_id, hashed from ("
            "select raw_id, sha256(? || unhex(sha256(? || encode(? || raw_id)))) as hashed"
            f" from (select distinct {column} as raw_id from {relation}"
            f" where {column} is not null)"
            ") where hashed in (select unnest(?))",
            [outer, inner, id_prefix(source, kind), list(until)],
        ).fetchall()
        for raw_id, hashed in rows:
            key = keys.keyed_hash(self._key, f"{source}:{kind}:{raw_id}")
            self._add(source, kind, raw_id, key, until[hashed])

    def _add(
        self, source: str, kind: str, raw_id: str | None, key: str, until: datetime | None
    ) -> None:
        # The keys of orders are half as long.
        key = key[:_ORDER_KEY_DIGITS] if kind == "order" else key
        place = (source, kind, key)
        before = self._found.get(place)
        if before is not None:
            raw_id = raw_id or before["raw_id"]
        self._found[place] = {
            "source": source,
            "kind": kind,
            "raw_id": raw_id,
            "identity_key": key,
            "identity_no": keys.key_number(key),
            "erased_until": None if until is None else until.isoformat(),
        }


def _latest(
    found: Iterable[tuple[str | None, datetime | None]],
) -> dict[str, datetime | None]:
    """Return of each hash the latest moment up to which it holds; None holds for ever."""
    latest: dict[str, datetime | None] = {}
    for hashed, until in found:
        if hashed is None:
            continue
        before = latest.get(hashed, until)
        latest[hashed] = None if until is None or before is None else max(until, before)
    return latest
