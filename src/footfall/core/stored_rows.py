"""A trained model as rows of a table: one an array, without pickle.

A row holds the run, the fit it belongs to, the array's name, type and shape, and its bytes
(little endian). The row named ``__run__`` describes the run as JSON and holds a digest of all
the others, so that a damaged table is found out when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import Array

FORMAT = 1
RUN = "__run__"
SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("fit", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("dtype", pa.string(), nullable=False),
        pa.field("shape", pa.string(), nullable=False),
        pa.field("data", pa.binary(), nullable=False),
    ]
)
# Arrays are stored as they are; `json` is UTF-8 text, for names.
DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "int64": np.dtype("<i8"),
}
Values = dict[str, Array | list[str]]


class ArtifactError(ValueError):
    """The rows are not a model that this code can read."""


@dataclass(frozen=True)
class Artifacts:
    """A loaded model.

    Attributes
    ----------
    run_id
        Derived from code, data and settings.
    run
        What ``__run__`` says.
    fits
        Arrays and lists of names by fit and name.
    """

    run_id: str
    run: dict[str, Any]
    fits: dict[str, Values]

    def names(self, fit: str, name: str) -> list[str]:
        """Return a stored list of names.

        Raises
        ------
        ArtifactError
            When there is none.
        """
        value = self.fits.get(fit, {}).get(name)
        if not isinstance(value, list):
            raise ArtifactError(f"the model {self.run_id} has no names {fit}/{name}")
        return value


def part(values: Values, prefix: str) -> dict[str, Array]:
    """Return the arrays whose names start with ``prefix``, by the rest of their names."""
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix) and isinstance(value, np.ndarray)
    }


def to_table(run_id: str, run: Mapping[str, Any], fits: Mapping[str, Values]) -> pa.Table:
    """Turn a model into rows; the opposite of ``load``."""
    rows: list[dict[str, Any]] = []
    for fit, values in fits.items():
        for name, value in values.items():
            if isinstance(value, list):
                shape, dtype, data = [len(value)], "json", json.dumps(value).encode()
            else:
                dtype = value.dtype.name
                if dtype not in DTYPES:
                    raise ArtifactError(
                        f"{fit}/{name} is {dtype}; only {', '.join(DTYPES)} is kept"
                    )
                shape, data = list(value.shape), value.astype(DTYPES[dtype]).tobytes()
            rows.append(
                {
                    "run_id": run_id,
                    "fit": fit,
                    "name": name,
                    "dtype": dtype,
                    "shape": json.dumps(shape),
                    "data": data,
                }
            )
    described = {**run, "run_id": run_id, "format": FORMAT, "digest": _digest(rows)}
    rows.append(
        {
            "run_id": run_id,
            "fit": "shared",
            "name": RUN,
            "dtype": "json",
            "shape": "[1]",
            "data": json.dumps(described).encode(),
        }
    )
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def load(rows: pa.Table | pa.RecordBatchReader) -> Artifacts:
    """Read a model from its rows, in any order.

    Raises
    ------
    ArtifactError
        When columns, formats, shapes, types or the digest do not match; it says which.
    """
    table = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise ArtifactError(f"the model's table has no column {', '.join(missing)}")
    records = table.select(SCHEMA.names).to_pylist()
    run = _run_of(records)
    fits: dict[str, Values] = {}
    for record in records:
        if record["run_id"] != run["run_id"]:
            raise ArtifactError(
                f"the model's table mixes runs {run['run_id']} and {record['run_id']}; train anew"
            )
        if record["name"] != RUN:
            fits.setdefault(record["fit"], {})[record["name"]] = _value(record)
    found = _digest([record for record in records if record["name"] != RUN])
    if found != run["digest"]:
        raise ArtifactError(
            f"the rows of model {run['run_id']} have digest {found}, its {RUN} row says "
            f"{run['digest']}: rows are missing or damaged; train anew"
        )
    return Artifacts(str(run["run_id"]), run, fits)


def _run_of(records: list[dict[str, Any]]) -> dict[str, Any]:
    described = [record for record in records if record["name"] == RUN]
    if len(described) != 1:
        raise ArtifactError(f"the model's table has {len(described)} rows {RUN}; it must have one")
    try:
        run: dict[str, Any] = json.loads(described[0]["data"])
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ArtifactError(f"the model's {RUN} row is not JSON: {error}") from error
    if run.get("format") != FORMAT:
        raise ArtifactError(
            f"the model is of format {run.get('format')}, this code reads {FORMAT}; train anew"
        )
    return run


def _value(record: dict[str, Any]) -> Array | list[str]:
    where = f"{record['fit']}/{record['name']}"
    shape = json.loads(record["shape"])
    if record["dtype"] == "json":
        names: list[str] = json.loads(record["data"])
        if [len(names)] != shape:
            raise ArtifactError(f"{where} has {len(names)} names, its shape says {shape}")
        return names
    if record["dtype"] not in DTYPES:
        raise ArtifactError(f"{where} is of type {record['dtype']}; known: {', '.join(DTYPES)}")
    dtype = DTYPES[record["dtype"]]
    expected = math.prod(shape) * dtype.itemsize
    if len(record["data"]) != expected:
        raise ArtifactError(
            f"{where} has {len(record['data'])} bytes; shape {shape} of {record['dtype']} "
            f"needs {expected}"
        )
    array: Array = np.frombuffer(record["data"], dtype=dtype).reshape(shape).copy()
    return array


def _digest(rows: list[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: (row["fit"], row["name"])):
        for column in ("fit", "name", "dtype", "shape"):
            digest.update(str(row[column]).encode() + b"\0")
        digest.update(row["data"])
    return digest.hexdigest()
