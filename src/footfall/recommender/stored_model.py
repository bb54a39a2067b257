"""The recommender's model as rows of a table, and the code that decides what it learns."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
    """Digest of the scorer's own source files."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for room in CODE:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.relative_to(package).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
