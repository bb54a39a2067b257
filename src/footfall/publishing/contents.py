"""What a publication is made of: marts, the run they come from, and what was counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

SCHEMA = "marts"
# The table that says of each mart which run it comes from.
PUBLICATION = "publication"
PUBLICATION_DESCRIPTION = (
    "Which run the marts of this publication come from: one row a mart. All rows name the same run."
)
PUBLICATION_COLUMNS: Mapping[str, tuple[str, str]] = {
    "run_id": ("varchar", "The run that the marts come from: dbt's invocation id."),
    "published_at": ("timestamptz", "When the marts were copied out of the warehouse."),
    "git_revision": (
        "varchar",
        "The git commit of the project, with -dirty where files had been changed since; null where "
        "the project lies in no git repository.",
    ),
    "mart": ("varchar", "The mart."),
    "row_count": ("bigint", "How many rows it has."),
    "checksum": (
        "varchar",
        "A digest of its rows, whatever their order: marts with equal rows have equal digests.",
    ),
}


class PublishingError(Exception):
    """The marts could not be published; the message says why, and what to do."""


@dataclass(frozen=True)
class Mart:
    """A public mart as it is in the warehouse.

    Attributes
    ----------
    name
        What it is called there and in the publication.
    relation
        Its quoted full name in the warehouse, or a query in brackets.
    description
        What it is, for people who read it.
    columns
        Descriptions of columns by name; columns without one may be missing.
    key
        The columns of its primary key; empty where it has none.
    published_as
        The form in which columns are shown, by name: one of `coarsening.FORMS`.
    """

    name: str
    relation: str
    description: str
    columns: Mapping[str, str]
    key: Sequence[str] = ()
    published_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """The run that a publication comes from; times have a zone."""

    run_id: str
    published_at: datetime
    git_revision: str | None


@dataclass(frozen=True)
class Published:
    """A mart that was copied: its rows, and their digest."""

    mart: str
    row_count: int
    checksum: str


@dataclass(frozen=True)
class Publication:
    """A whole publication.

    Attributes
    ----------
    run
        The run that it comes from.
    marts
        What was copied.
    left_out
        By role that it was published for: rows that are left out for being about too few people.
    """

    run: Run
    marts: Sequence[Published]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows of all marts."""
        return sum(mart.row_count for mart in self.marts)
