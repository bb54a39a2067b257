"""Packs the bundle for Superset: what is in `bundle/`, and the columns of the marts.

The folder holds what people write: charts, the dashboard, metrics, names for people. Names, types
and descriptions of the columns are taken from the published file, where they are already written
down; a dataset says only which of them it names differently.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

FOLDER = Path(__file__).resolve().parent / "bundle"
SCHEMA = "marts"
# Whatever the clock says: the same content gives the same bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

Document = dict[str, Any]


class BundleError(Exception):
    """The bundle cannot be packed; the message says why, and what to do."""


@dataclass(frozen=True)
class Column:
    """A column of a mart, as its contract has it."""

    name: str
    type: str
    description: str

    @property
    def is_time(self) -> bool:
        """Whether Superset may use it as a time axis."""
        return self.type.upper().startswith(("DATE", "TIMESTAMP"))


@dataclass(frozen=True)
class Mart:
    """A table of the publication."""

    description: str
    columns: Sequence[Column] = field(default_factory=tuple)


def documents(folder: Path = FOLDER) -> dict[str, Document]:
    """The files of the bundle, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.yaml"))
    }


def published_marts(database: Path) -> dict[str, Mart]:
    """The tables of a published file, with what is said of them there.

    Raises:
        BundleError: there is no such file.
    """
    files = database.with_suffix("")
    if not database.is_file() and (files / "publication.parquet").is_file():
        raise BundleError(
            f"Superset cannot read the publication in {files}: it is encrypted. Publish without "
            "DBT_ENV_SECRET_FOOTFALL_PUBLISH_KEY, or to PostgreSQL, and name that with URI=…."
        )
    if not database.is_file():
        raise BundleError(
            f"There is no published file {database}. `make build` publishes the marts; "
            "FOOTFALL_PUBLISHED names another folder."
        )
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name, coalesce(comment, '') from duckdb_tables() "
            "where schema_name = ? order by table_name",
            [SCHEMA],
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, data_type, coalesce(comment, '') "
            "from duckdb_columns() where schema_name = ? order by table_name, column_index",
            [SCHEMA],
        ).fetchall()
    return {
        name: Mart(said, [Column(*rest) for table, *rest in columns if table == name])
        for name, said in tables
    }


def pack(database_uri: str, marts: Mapping[str, Mart], folder: Path = FOLDER) -> bytes:
    """The bundle as Superset imports it.

    Parameters
    ----------
    database_uri
        The SQLAlchemy address of the database that holds the marts.
    marts
        The tables there.
    folder
        Where the bundle lies.

    Returns
    -------
    A zip file; equal input gives equal bytes.

    Raises
    ------
    BundleError
        When a dataset names a table or a column that is not there.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, document in documents(folder).items():
            if path.startswith("databases/"):
                document = {**document, "sqlalchemy_uri": database_uri}
            elif path.startswith("datasets/"):
                document = whole_dataset(path, document, marts)
            # Superset drops the first folder of each path.
            entry = zipfile.ZipInfo(f"footfall/{path}", ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
            archive.writestr(entry, text.encode())
    return packed.getvalue()


def whole_dataset(path: str, dataset: Document, marts: Mapping[str, Mart]) -> Document:
    """A dataset with its description and all columns of its table."""
    table = dataset["table_name"]
    if table not in marts:
        raise BundleError(f"{path}: there is no mart {table}")
    named = {column["column_name"]: column for column in dataset["columns"]}
    unknown = sorted(named.keys() - {column.name for column in marts[table].columns})
    if unknown:
        raise BundleError(f"{path}: {table} has no column {', '.join(unknown)}")
    columns = [_whole_column(column, named.get(column.name, {})) for column in marts[table].columns]
    return {**dataset, "description": marts[table].description.strip(), "columns": columns}


def _whole_column(column: Column, own: Mapping[str, Any]) -> Document:
    return {
        "column_name": column.name,
        "verbose_name": column.name.replace("_", " ").capitalize(),
        "description": " ".join(column.description.split()),
        "type": column.type.upper(),
        "is_dttm": column.is_time,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        **own,
    }


def duckdb_uri(database: Path) -> str:
    """The address under which Superset reads a file and never writes it."""
    return f"duckdb:///{database.resolve()}?access_mode=read_only"


def main() -> int:
    """Write the bundle over a published file."""
    parser = argparse.ArgumentParser(description="Packs the Superset bundle as one zip file.")
    parser.add_argument("--published", type=Path, required=True, help="the published DuckDB file")
    parser.add_argument("--uri", help="address of the marts, if it is not that file")
    parser.add_argument("--out", type=Path, required=True, help="the zip file to write")
    options = parser.parse_args()
    try:
        marts = published_marts(options.published)
        packed = pack(options.uri or duckdb_uri(options.published), marts)
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(packed)
    print(f"The bundle: {options.out}, {len(documents())} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
