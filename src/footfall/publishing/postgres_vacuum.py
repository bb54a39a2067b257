"""The published tables of PostgreSQL without what was deleted from them.

A publication deletes rows and copies new ones in; the old ones stay in the files of the table until
it is vacuumed, and only ``vacuum full`` gives the table new files.
"""

from collections.abc import Sequence

from footfall.core.extras import needs
from footfall.publishing.contents import PUBLICATION, PublishingError
from footfall.publishing.postgres import VARIABLE, Target

with needs("postgres"):
    import psycopg
    from psycopg import sql

_CONNECT_SECONDS = 10


def vacuum(target: Target, texts: Sequence[str]) -> dict[str, int]:
    """Write each published table anew, and look for texts in all of its columns.

    It waits for those who read a table, and they for it.

    Parameters
    ----------
    target
        Where the publication is.
    texts
        What must not be there any more.

    Returns
    -------
    dict
        How many rows of each table hold one of them.

    Raises
    ------
    PublishingError
        The server cannot be reached, or refuses.
    """
    try:
        with psycopg.connect(
            target.address,
            connect_timeout=_CONNECT_SECONDS,
            fallback_application_name="footfall",
            client_encoding="utf8",
            autocommit=True,
        ) as server:
            listed = sql.SQL("select mart from {} order by mart").format(
                sql.Identifier(target.schema, PUBLICATION)
            )
            tables = [PUBLICATION, *(name for (name,) in server.execute(listed).fetchall())]
            found = {}
            for name in tables:
                table = sql.Identifier(target.schema, name)
                server.execute(sql.SQL("vacuum full {}").format(table))
                counted = sql.SQL(
                    "select count(*) from {} as one where exists (select 1 from"
                    " unnest(%s::text[]) as word where strpos(cast(one as text), word) > 0)"
                ).format(table)
                ((found[name],),) = server.execute(counted, [list(texts)]).fetchall()
            return found
    except psycopg.Error as error:
        raise PublishingError(
            f"the tables of the PostgreSQL database that {VARIABLE} names ({target}) could not be"
            " written anew, so rows of before can still be read in its files: run vacuum full on"
            f" each.\n{target.without_password(str(error)).strip()}"
        ) from None
