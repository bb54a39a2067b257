"""The warehouse as privacy sees it: its tables and views, and what is declared of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import duckdb

from footfall.builds.keys import padded_keys
from footfall.core.quoting import quoted
from footfall.privacy.subjects import Declarations, Table


def give_key(connection: duckdb.DuckDBPyConnection, secret: str) -> None:
    """Let a connection read views that make keys, as those of dbt do."""
    inner, outer = padded_keys(secret)
    connection.execute(f"set variable footfall_hmac_inner = unhex('{inner.hex()}')")
    connection.execute(f"set variable footfall_hmac_outer = unhex('{outer.hex()}')")


class Warehouse:
    """The tables and views of a warehouse, and what is declared of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, declared: Declarations) -> None:
        """Look which tables there are.

        Parameters
        ----------
        connection
            To the warehouse; it may be read-only.
        declared
            What the project declares of its tables.
        """
        self.connection = connection
        self.declared = declared
        #: Types of columns by schema and name of each table.
        self.tables: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        #: The same of each view.
        self.views: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        rows = connection.execute(
            "select table_schema, table_name, table_type, column_name, data_type"
            " from information_schema.columns"
            " inner join information_schema.tables using (table_catalog, table_schema, table_name)"
            " where table_catalog = current_database()"
            " order by table_schema, table_name, ordinal_position"
        ).fetchall()
        for schema, name, kind, column, data_type in rows:
            place = self.views if kind == "VIEW" else self.tables
            place[schema, name][column] = data_type

    def relation(self, name: str) -> str | None:
        """Return the quoted full name of a table of the project; None where it is not built."""
        for schema, table in (*self.tables, *self.views):
            if table == name:
                return relation(schema, table)
        return None

    def declared_tables(self) -> Iterable[tuple[str, Table, Mapping[str, str]]]:
        """Yield schema, declaration and types of each stored table that declares a subject."""
        for (schema, name), kinds in self.tables.items():
            table = self.declared.of(schema, name)
            if table is not None and table.subjects:
                yield schema, table, kinds


def relation(schema: str, name: str) -> str:
    """Return the quoted full name of a table."""
    return f"{quoted(schema)}.{quoted(name)}"
