"""The lineage of all columns, from marts to sources, through SQL and Python models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from footfall.lineage.origins import ROWS, Origin, Place, TableOrigin, declared_origin
from footfall.lineage.project import Project, Relation, SiteError
from footfall.lineage.sql_origins import SqlReader


@dataclass(frozen=True)
class Coverage:
    """How many columns of the marts are traced to their very beginning, and what stops the rest."""

    total: int
    resolved: int
    unresolved: Mapping[str, tuple[str, ...]]

    @property
    def share(self) -> float:
        """Share of the columns that are traced; 0 without any."""
        return self.resolved / self.total if self.total else 0.0


class Lineage:
    """What each column of a project is made from, and what is made from it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        reader = SqlReader(project)
        self.tables: dict[str, TableOrigin] = {}
        for relation in project.relations.values():
            if relation.language == "python":
                self.tables[relation.id] = declared_origin(relation, project)
            elif relation.language == "sql":
                self.tables[relation.id] = reader.read(relation)
        self._uses: dict[Place, list[Place]] = {}
        for relation_id, table in self.tables.items():
            for column, origin in table.columns.items():
                for place in origin.inputs:
                    self._uses.setdefault(place, []).append(Place(relation_id, column))
        self._ends: dict[Place, tuple[frozenset[Place], frozenset[str]]] = {}

    def origin(self, place: Place) -> Origin | None:
        """Return what a column, or a table's rows, are made from; None where the project begins."""
        table = self.tables.get(place.relation)
        if table is None:
            return None
        if place.column == ROWS:
            return Origin(table.rows, problems=table.problems)
        return table.columns.get(place.column, Origin(problems=(f"no column {place.column}",)))

    def uses(self, place: Place) -> tuple[Place, ...]:
        """Return the columns that are made directly from this one."""
        return tuple(self._uses.get(place, ()))

    def ends(self, place: Place) -> tuple[frozenset[Place], frozenset[str]]:
        """Return the source and seed columns that a column comes from, and all problems."""
        if place not in self._ends:
            self._ends[place] = (frozenset(), frozenset())  # tables do not read in circles
            origin = self.origin(place)
            if origin is None:
                self._ends[place] = (frozenset({place}), frozenset())
            else:
                below = [self.ends(one) for one in origin.inputs]
                self._ends[place] = (
                    frozenset().union(*(ends for ends, _ in below)),
                    frozenset(origin.problems).union(*(problems for _, problems in below)),
                )
        return self._ends[place]

    def coverage(self) -> Coverage:
        """Return how far the marts are traced: a column counts if nothing on its way is unknown."""
        places = [
            Place(mart.id, column) for mart in self.project.marts() for column in mart.columns
        ]
        unresolved = {
            self.words(place): tuple(sorted(self.ends(place)[1]))
            for place in places
            if self.ends(place)[1]
        }
        return Coverage(len(places), len(places) - len(unresolved), unresolved)

    def words(self, place: Place) -> str:
        """Return a column as people name it: `churn_risk.churn_probability`."""
        relation = self.project.relations[place.relation]
        name = relation.name
        return f"rows of {name}" if place.column == ROWS else f"{name}.{place.column}"

    def found(self, text: str) -> Place:
        """Return the place that `table.column` names.

        Raises
        ------
        SiteError
            There is no such table or column.
        """
        name, dot, column = text.rpartition(".")
        if not dot or not column:
            raise SiteError(
                f"'{text}' names no column. Write table.column, such as churn_risk.risk_band."
            )
        relation: Relation = self.project.named(name)
        if column.lower() not in relation.columns:
            raise SiteError(
                f"{name} has no column '{column}'. It has: {', '.join(relation.columns)}."
            )
        return Place(relation.id, column.lower())
