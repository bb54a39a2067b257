"""The marts as a folder of encrypted Parquet files, one a mart.

PyArrow encrypts. DuckDB can read only column chunks of one page each, all of it by a dictionary, so
that is how they are written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from footfall.publishing import checksums
from footfall.publishing.contents import (
    PUBLICATION,
    SCHEMA,
    Mart,
    Publication,
    PublishingError,
    Run,
)
from footfall.publishing.database import (
    ATTACHED,
    attached,
    published_relation,
    transaction,
    write_publication,
)
from footfall.publishing.encryption import VARIABLE, encrypted_relation, give_key
from footfall.publishing.parquet import writing

_ROW_GROUP = 122_880
# No page is ever this large: a column chunk is one page.
_ONE_PAGE = 1 << 30


@contextmanager
def written(
    cursor: duckdb.DuckDBPyConnection, link: Path, marts: Sequence[Mart], run: Run, key: bytes
) -> Iterator[Publication]:
    """Write a folder of encrypted Parquet files, and attach it as a publication for a while.

    All marts are read in one transaction, and no byte of them is written in the clear. The folder
    is called unfinished until `parquet.finish`.

    Raises
    ------
    PublishingError
        A mart has a column that DuckDB could not read again.
    """
    with attached(cursor, ":memory:"):
        give_key(cursor, key)
        with writing(link, run) as folder, transaction(cursor):
            cursor.execute(f"create schema {ATTACHED}.{SCHEMA}")
            copied = []
            for mart in marts:
                _refuse_nested(cursor, mart)
                _write_file(cursor, mart.relation, folder, mart.name, mart.description, run, key)
                copied.append(checksums.measured(cursor, mart.name, mart.relation))
            publication = Publication(run, copied)
            write_publication(cursor, publication)
            relation = published_relation(PUBLICATION)
            _write_file(cursor, relation, folder, PUBLICATION, "", run, key)
        for mart in marts:
            file = folder / f"{mart.name}.parquet"
            cursor.execute(
                f"create view {published_relation(mart.name)} as from {encrypted_relation(file)}"
            )
        yield publication


def _refuse_nested(cursor: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    for column, kind in checksums.columns_of(cursor, mart.relation).items():
        if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
            raise PublishingError(
                f"{mart.name}.{column} is {kind}, and DuckDB cannot read nested columns of "
                f"encrypted files. Make it a plain column, or unset {VARIABLE}."
            )


def _write_file(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    folder: Path,
    name: str,
    description: str,
    run: Run,
    key: bytes,
) -> None:
    batches = cursor.sql(f"from {relation}").to_arrow_reader(_ROW_GROUP)
    about = {"run_id": run.run_id, **({"description": description} if description else {})}
    with pq.ParquetWriter(
        folder / f"{name}.parquet",
        batches.schema.with_metadata(about),
        compression="zstd",
        encryption_properties=pe.create_encryption_properties(footer_key=key),
        # A second page of a chunk, and a page without a dictionary, DuckDB takes for tampered with.
        use_dictionary=True,
        data_page_version="1.0",
        data_page_size=_ONE_PAGE,
        dictionary_pagesize_limit=_ONE_PAGE,
        write_batch_size=_ROW_GROUP,
        max_rows_per_page=_ROW_GROUP,
    ) as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
