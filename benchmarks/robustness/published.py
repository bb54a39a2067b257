"""What readers find in a publication, checked against what it says of itself."""

from __future__ import annotations

from pathlib import Path

import duckdb

from footfall.publishing import checksums


def published_runs(folder: Path, name: str) -> tuple[str, str]:
    """Return the run of the published file and that of the Parquet files, all digests checked.

    Raises
    ------
    ValueError
        A mart is not what its publication says, or is of another run.
    """
    with duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True) as published:
        in_file = _run_of(published, "marts.{}")
    with duckdb.connect() as memory:
        return in_file, _run_of(memory, f"read_parquet('{folder / name}/{{}}.parquet')")


def _run_of(connection: duckdb.DuckDBPyConnection, place: str) -> str:
    listed = connection.execute(
        f"select run_id, mart, row_count, checksum from {place.format('publication')}"
    ).fetchall()
    runs = {row[0] for row in listed}
    if len(runs) != 1:
        raise ValueError(f"a publication of {len(runs)} runs")
    for _, mart, row_count, checksum in listed:
        found = checksums.measured(connection, mart, place.format(mart))
        if (found.row_count, found.checksum) != (row_count, checksum):
            raise ValueError(f"{place.format(mart)} is not what its publication says")
    return str(runs.pop())
