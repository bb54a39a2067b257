"""The marts in a schema of a PostgreSQL database, replaced in one transaction.

Rows are deleted and copied in again; tables are never dropped and made again. So a reader who began
before keeps seeing the old rows (multiversion concurrency control, PostgreSQL manual, chapter 13),
nobody waits for anybody, and grants and views of other people stay. Where a mart has got other
columns, its table gets them too, in the same transaction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from footfall.core.extras import needs
from footfall.core.quoting import sql_text
from footfall.publishing import checksums
from footfall.publishing.contents import (
    PUBLICATION,
    PUBLICATION_COLUMNS,
    PUBLICATION_DESCRIPTION,
    Mart,
    Publication,
    PublishingError,
)
from footfall.publishing.database import published_relation
from footfall.publishing.roles import NOBODY, Audience

with needs("postgres"):
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import conninfo_to_dict

    from footfall.publishing import postgres_roles

VARIABLE = "FOOTFALL_PUBLISH_POSTGRES"
SCHEMA_VARIABLE = "FOOTFALL_PUBLISH_SCHEMA"
_TYPES: Mapping[str, str] = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
_BLOCK_BYTES = 1 << 20
_CONNECT_SECONDS = 10
# How long a change of columns waits for those who read the table.
_LOCK_SECONDS = 60

_Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Target:
    """A schema of a database; the address may hold a password and is never shown."""

    address: str = field(repr=False)
    schema: str

    def __post_init__(self) -> None:
        self.parameters()

    def parameters(self) -> dict[str, Any]:
        """Return the parts of the address.

        Raises
        ------
        PublishingError
            It has none that libpq understands.
        """
        try:
            parts = dict(conninfo_to_dict(self.address))
        except psycopg.ProgrammingError:
            # What libpq says of it may hold parts of the password.
            parts = {"port": "none"}
        # So does what it takes for a host, port or database where the password has an @ or a slash.
        split_wrongly = "@" in f"{parts.get('host')}{parts.get('dbname')}"
        if split_wrongly or not re.fullmatch(r"[\d,]*", str(parts.get("port") or "")):
            raise PublishingError(
                f"{VARIABLE} is no address of a PostgreSQL database. It takes "
                "postgres://user:password@host:5432/database; special characters of the password "
                "are written as %XX there, or leave it to ~/.pgpass."
            )
        return parts

    def __str__(self) -> str:
        """Return where it is, for people: no user, no password."""
        parts = self.parameters()
        host = parts.get("host") or parts.get("hostaddr") or "this machine"
        port = f":{parts['port']}" if parts.get("port") else ""
        return f"{host}{port}, database {parts.get('dbname', 'of the user')}, schema {self.schema}"

    def without_password(self, message: str) -> str:
        """Return a message of the server or of libpq with any password blotted out."""
        password = self.parameters().get("password")
        for secret in (password, password and quote(password, safe="")):
            if secret:
                message = message.replace(secret, "***")
        return message


def replace(
    source: duckdb.DuckDBPyConnection,
    target: Target,
    marts: Sequence[Mart],
    publication: Publication,
    scratch: Path,
    audience: Audience = NOBODY,
) -> None:
    """Put the attached publication in the place of the one before, in one transaction.

    Parameters
    ----------
    source
        The connection that the publication is attached to.
    scratch
        A folder that holds one mart at a time as text.
    audience
        Roles that get views of their own, see `postgres_roles`.

    Raises
    ------
    PublishingError
        The server cannot be reached, refuses, or holds tables of somebody else. The
        publication that it has stays.
    """
    try:
        with psycopg.connect(
            target.address,
            connect_timeout=_CONNECT_SECONDS,
            fallback_application_name="footfall",
            client_encoding="utf8",
        ) as server:
            server.execute(f"set local lock_timeout = '{_LOCK_SECONDS}s'")
            server.execute("set local timezone = 'UTC'")
            _claim(server, target.schema, [mart.name for mart in marts])
            # A view would keep the columns that it reads from changing.
            postgres_roles.clear(server, target.schema)
            for mart in (*marts, _publication_table()):
                _fill(server, source, target.schema, mart, scratch)
                expected = [row.row_count for row in publication.marts if row.mart == mart.name]
                _check(server, target.schema, mart.name, expected or [len(publication.marts)])
            columns = {mart.name: _columns(server, target.schema, mart.name) for mart in marts}
            keys = {mart.name: mart.key for mart in marts}
            postgres_roles.show(server, target.schema, audience, columns, keys)
    except psycopg.Error as error:
        raise PublishingError(
            f"the PostgreSQL database that {VARIABLE} names ({target}) could not be published to, "
            f"and what it held stands.\n{target.without_password(str(error)).strip()}"
        ) from None


def _publication_table() -> Mart:
    described = {name: about for name, (_, about) in PUBLICATION_COLUMNS.items()}
    return Mart(PUBLICATION, "", PUBLICATION_DESCRIPTION, described, ["mart"])


def _claim(server: _Connection, schema: str, marts: Sequence[str]) -> None:
    """Make the schema, keep other builds out of it, and touch nothing but what is ours in it."""
    server.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"footfall {schema}"])
    if server.execute("select to_regnamespace(quote_ident(%s))", [schema]).fetchall() == [(None,)]:
        server.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    there = {
        name
        for (name,) in server.execute(
            "select relname from pg_class"
            " where relnamespace = to_regnamespace(quote_ident(%s)) and relkind <> 'i'",
            [schema],
        ).fetchall()
    }
    ours: set[str] = set()
    if PUBLICATION_COLUMNS.keys() <= _columns(server, schema, PUBLICATION).keys():
        listed = sql.SQL("select mart from {}").format(sql.Identifier(schema, PUBLICATION))
        ours = {PUBLICATION, *(name for (name,) in server.execute(listed).fetchall())}
    taken = sorted({*marts, PUBLICATION} & (there - ours))
    if taken:
        raise PublishingError(
            f"the schema {schema} of the PostgreSQL database that {VARIABLE} names holds "
            f"{', '.join(taken)} already, and not from a publication of Footfall. "
            f"{SCHEMA_VARIABLE} names another schema."
        )
    for name in sorted(ours & there - {*marts, PUBLICATION}):
        server.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, name)))


def _fill(
    server: _Connection,
    source: duckdb.DuckDBPyConnection,
    schema: str,
    mart: Mart,
    scratch: Path,
) -> None:
    table = sql.Identifier(schema, mart.name)
    relation = published_relation(mart.name)
    columns = {
        name: postgres_type(kind, f"{mart.name}.{name}")
        for name, kind in checksums.columns_of(source, relation).items()
    }
    _shape(server, schema, mart.name, columns)
    old_key = _key(server, schema, mart.name)
    if old_key is not None and old_key[1] != list(mart.key):
        _drop_key(server, table, *old_key)
        old_key = None
    _copy(server, source, relation, table, list(columns), scratch / f"{mart.name}.csv")
    if mart.key and old_key is None:
        server.execute(
            sql.SQL("alter table {} add primary key ({})").format(table, _names(mart.key))
        )
    _describe(server, table, mart, columns)


def _shape(server: _Connection, schema: str, name: str, columns: Mapping[str, str]) -> None:
    """Make an empty table with these columns, out of the existing one if there is one."""
    table = sql.Identifier(schema, name)
    there = _columns(server, schema, name)
    if not there:
        server.execute(
            sql.SQL("create table {} ({})").format(
                table, sql.SQL(", ").join(_defined(*column) for column in columns.items())
            )
        )
        return
    server.execute(sql.SQL("delete from {}").format(table))
    for column, kind in there.items():
        if columns.get(column) != kind:
            server.execute(
                sql.SQL("alter table {} drop column {}").format(table, sql.Identifier(column))
            )
    for column, kind in columns.items():
        if there.get(column) != kind:
            server.execute(
                sql.SQL("alter table {} add column {}").format(table, _defined(column, kind))
            )


def _columns(server: _Connection, schema: str, name: str) -> dict[str, str]:
    """Return the columns of a table and their types; none where there is no such table."""
    return dict(
        server.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            [sql.Identifier(schema, name).as_string(server)],
        ).fetchall()
    )


def _key(server: _Connection, schema: str, name: str) -> tuple[str, list[str]] | None:
    """Return the name of a table's primary key, and its columns in order."""
    found = server.execute(
        "select conname, array("
        "  select attname::text from unnest(conkey) with ordinality as part (attnum, place)"
        "  inner join pg_attribute as a on a.attrelid = conrelid and a.attnum = part.attnum"
        "  order by place"
        ") from pg_constraint where conrelid = to_regclass(%s) and contype = 'p'",
        [sql.Identifier(schema, name).as_string(server)],
    ).fetchall()
    return (found[0][0], found[0][1]) if found else None


def _drop_key(
    server: _Connection, table: sql.Identifier, name: str, columns: Sequence[str]
) -> None:
    server.execute(sql.SQL("alter table {} drop constraint {}").format(table, sql.Identifier(name)))
    for column in columns:
        server.execute(
            sql.SQL("alter table {} alter column {} drop not null").format(
                table, sql.Identifier(column)
            )
        )


def _copy(
    server: _Connection,
    source: duckdb.DuckDBPyConnection,
    relation: str,
    table: sql.Identifier,
    columns: Sequence[str],
    file: Path,
) -> None:
    # With quotes around all that is not null, nothing in a text can be taken for anything else.
    source.execute(
        f"copy (from {relation}) to {sql_text(str(file))}"
        " (format csv, header false, nullstr '', force_quote *)"
    )
    into = sql.SQL("copy {} ({}) from stdin (format csv)").format(table, _names(columns))
    with server.cursor().copy(into) as copy, file.open("rb") as rows:
        while block := rows.read(_BLOCK_BYTES):
            copy.write(block)
    file.unlink()


def _check(server: _Connection, schema: str, name: str, expected: Sequence[int]) -> None:
    counted = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    ((found,),) = server.execute(counted).fetchall()
    if [found] != list(expected):
        raise PublishingError(
            f"PostgreSQL holds {found} rows of {name} in place of {expected[0]}; nothing was "
            "committed. Does the table have rules or triggers?"
        )


def _describe(
    server: _Connection, table: sql.Identifier, mart: Mart, columns: Mapping[str, str]
) -> None:
    comments = [
        sql.SQL("comment on table {} is {}").format(table, sql.Literal(mart.description)),
        *(
            sql.SQL("comment on column {}.{} is {}").format(
                table, sql.Identifier(name), sql.Literal(mart.columns[name])
            )
            for name in columns
            if mart.columns.get(name)
        ),
    ]
    server.execute(sql.SQL("; ").join(comments))


def postgres_type(kind: str, column: str) -> str:
    """Return the type of PostgreSQL, as its catalogue spells it, for a type of DuckDB.

    Raises
    ------
    PublishingError
        There is none; the message names the column.
    """
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    if decimal:
        return f"numeric({decimal[1]},{decimal[2]})"
    if kind not in _TYPES:
        raise PublishingError(
            f"{column} has the type {kind}, which has no like in PostgreSQL here: cast it in the "
            "mart."
        )
    return _TYPES[kind]


def _defined(column: str, kind: str) -> sql.Composed:
    # The type comes from postgres_type: a name and numbers.
    return sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
