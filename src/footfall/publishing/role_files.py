"""The publication as each role sees it: a DuckDB file a role, of the same run."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from footfall.publishing import checksums
from footfall.publishing.contents import SCHEMA, Mart, Publication, Run
from footfall.publishing.database import (
    STORAGE_VERSION,
    attached,
    describe,
    finish,
    published_relation,
    transaction,
    write_publication,
)
from footfall.publishing.files import make_folder, sync
from footfall.publishing.roles import Audience, Role, Roles

# The name that the file goes by on the connection that writes it.
_ATTACHED = "footfall_role"


def role_file(file: Path, role: str) -> Path:
    """Return the file that a role reads, next to a published file: each role has a folder.

    So rights can be given by the folder.
    """
    return file.parent / "roles" / role / file.name


def write_all(
    cursor: duckdb.DuckDBPyConnection,
    file: Path,
    audience: Audience,
    marts: Sequence[Mart],
    run: Run,
) -> dict[str, int]:
    """Write a draft for each role; return how many rows of small groups each does not see."""
    left_out = {}
    for role in audience.chosen:
        draft = _draft(role_file(file, role.name))
        make_folder(draft.parent)
        left_out[role.name] = write(cursor, draft, audience.roles, role, marts, run)
    return left_out


def swap(file: Path, audience: Audience) -> None:
    """Put drafts in their places, and remove the files of roles that get none any more."""
    chosen = {role.name for role in audience.chosen}
    for other in (file.parent / "roles").glob(f"*/{file.name}"):
        if other.parent.name not in chosen:
            other.unlink()
    for name in sorted(chosen):
        place = role_file(file, name)
        _draft(place).replace(place)
        sync(place.parent)


def clear_drafts(file: Path) -> None:
    """Remove what a publication left that was broken off."""
    for draft in (file.parent / "roles").glob(f"*/{_draft(file).name}*"):
        draft.unlink()


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}.tmp")


def write(
    cursor: duckdb.DuckDBPyConnection,
    file: Path,
    roles: Roles,
    role: Role,
    marts: Sequence[Mart],
    run: Run,
) -> int:
    """Write what a role sees of the attached publication into a new file, and put it on the disk.

    Returns
    -------
    int
        How many rows are left out for being about too few people.

    Raises
    ------
    PublishingError
        `roles.yml` does not fit the marts.
    """
    left_out = 0
    shown = []
    options = f"storage_version '{STORAGE_VERSION}'"
    with attached(cursor, str(file), options, _ATTACHED):
        with transaction(cursor):
            cursor.execute(f"create schema {_ATTACHED}.{SCHEMA}")
            for mart in marts:
                relation = published_relation(mart.name)
                kinds = checksums.columns_of(cursor, relation)
                view = roles.view(role, mart.name, relation, kinds, mart.key)
                if view is None:
                    continue
                made = published_relation(mart.name, _ATTACHED)
                cursor.execute(f"create table {made} as {view.query}")
                describe(cursor, mart.name, mart.description, mart.columns, _ATTACHED)
                shown.append(checksums.measured(cursor, mart.name, made))
                ((count,),) = cursor.execute(view.left_out).fetchall()
                left_out += count
            write_publication(cursor, Publication(run, shown), _ATTACHED)
        cursor.execute(f"checkpoint {_ATTACHED}")
    finish(file)
    return left_out
