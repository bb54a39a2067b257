"""The recommender's model as rows of a table, and the code that decides what it learns."""

from __future__ import annotations

from footfall.core import fingerprints
from footfall.core.arrays import Array
from footfall.core.stored_rows import (
    RUN,
    SCHEMA,
    ArtifactError,
    Artifacts,
    Values,
    load,
    part,
    to_table,
)

__all__ = [
    "CODE",
    "RUN",
    "SCHEMA",
    "Array",
    "ArtifactError",
    "Artifacts",
    "Values",
    "code_fingerprint",
    "load",
    "part",
    "to_table",
]

#: The rooms that decide what a model learns.
CODE = ("core", "counts", "encoder", "evaluation", "ranking", "recommender", "sequences")


def code_fingerprint() -> str:
    """Return the digest of the source that decides what a model learns, and what it answers."""
    return fingerprints.code_fingerprint(*CODE)
