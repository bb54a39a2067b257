"""What each role sees of the marts on a PostgreSQL server: a schema of views a role.

The views of role `marketing` are in `marts_marketing`. Who may read them is the server's own group
role of that name; where there is none, nobody is granted anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from footfall.core.extras import needs
from footfall.core.quoting import quoted
from footfall.publishing.contents import PublishingError
from footfall.publishing.roles import Audience

with needs("postgres"):
    import psycopg
    from psycopg import sql

# The comment of a schema of ours: only such a one is changed.
_OURS = "Views of Footfall's marts for a role of roles.yml"

_Connection = psycopg.Connection[tuple[Any, ...]]


def clear(server: _Connection, schema: str) -> None:
    """Drop the views of all roles of a schema; their schemas and grants on these stay."""
    views = server.execute(
        "select n.nspname, c.relname from pg_class as c"
        " inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'v' and starts_with(n.nspname, %s)"
        " and obj_description(n.oid, 'pg_namespace') = %s",
        [f"{schema}_", _OURS],
    ).fetchall()
    for namespace, view in views:
        server.execute(sql.SQL("drop view {}").format(sql.Identifier(namespace, view)))


def show(
    server: _Connection,
    schema: str,
    audience: Audience,
    columns: Mapping[str, Mapping[str, str]],
    keys: Mapping[str, Sequence[str]],
) -> None:
    """Make the views of the chosen roles, and let the server's groups of their names read them.

    Parameters
    ----------
    schema
        Where the marts are.
    columns, keys
        Columns with their types, and primary keys, by mart.

    Raises
    ------
    PublishingError
        `roles.yml` does not fit the marts, or a schema of somebody else has the name of a role's.
    """
    for role in audience.chosen:
        own = f"{schema}_{role.name}"
        _claim(server, own)
        for mart, kinds in columns.items():
            relation = f"{quoted(schema)}.{quoted(mart)}"
            view = audience.roles.view(role, mart, relation, kinds, keys[mart])
            if view is not None:
                server.execute(
                    sql.SQL("create view {} as {}").format(
                        sql.Identifier(own, mart),
                        # Names and types of the server itself, quoted.
                        sql.SQL(view.query),
                    )
                )
        if server.execute("select 1 from pg_roles where rolname = %s", [own]).fetchall():
            grants = (
                "grant usage on schema {0} to {0}; grant select on all tables in schema {0} to {0}"
            )
            server.execute(sql.SQL(grants).format(sql.Identifier(own)))


def _claim(server: _Connection, schema: str) -> None:
    found = server.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [schema]
    ).fetchall()
    if not found:
        server.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        about = sql.SQL("comment on schema {} is {}")
        server.execute(about.format(sql.Identifier(schema), sql.Literal(_OURS)))
    elif found[0][0] != _OURS:
        raise PublishingError(
            f"the PostgreSQL database has a schema {schema} that is not from a publication of "
            "Footfall: rename it, or the role in roles.yml."
        )
