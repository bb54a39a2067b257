"""The code that all tables of the warehouse share, as one digest."""

import hashlib
import importlib.metadata
from pathlib import Path

import duckdb

from footfall.core.fingerprints import PACKAGE, code_fingerprint, sources_fingerprint

# Packages whose versions have a say in what tables hold.
_LIBRARIES = ("duckdb", "dbt-duckdb", "torch", "numpy", "scipy", "pandas", "pyarrow", "lightgbm")
# Rooms that decide about tables or show finished ones, and fill none. A new room is none of them
# until somebody says so.
_FILL_NO_TABLE = frozenset({"boards", "builds", "commands", "lineage", "pages", "publishing"})


def tables_fingerprint(project: Path) -> str:
    """Digest the macros of a project, what fills tables in this package, and library versions.

    Parameters
    ----------
    project
        The folder of the dbt project.

    Returns
    -------
    str
        SHA-256 in hex.
    """
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - _FILL_NO_TABLE
    parts = [
        f"duckdb {duckdb.__version__}",
        *versions,
        sources_fingerprint(project, "macros/**/*.sql"),
        code_fingerprint(*rooms),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
