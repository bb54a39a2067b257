"""Where the columns of one table come from: the parts that a lineage is put together from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from footfall.lineage.project import Project, Relation

# In place of a column: the rows of a table, which is what count(*) is made from.
ROWS = "*"


class Place(NamedTuple):
    """A column of a table, by the id of the table."""

    relation: str
    column: str


@dataclass(frozen=True)
class Step:
    """One expression on the way from inputs to output, and the CTE that it is in."""

    inside: str
    sql: str


@dataclass(frozen=True)
class Origin:
    """What one column is made from, directly.

    No inputs and no problems: the column is made on the spot, from literals, settings or the clock.
    """

    inputs: tuple[Place, ...] = ()
    steps: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableOrigin:
    """What a table is made from: its columns, its rows, and what rows are chosen and matched by."""

    columns: Mapping[str, Origin]
    rows: tuple[Place, ...] = ()
    conditions: tuple[Place, ...] = ()
    problems: tuple[str, ...] = field(default_factory=tuple)


def declared_origin(relation: Relation, project: Project) -> TableOrigin:
    """Return the origin of a Python model, as its YAML declares it.

    A column says `config: {meta: {lineage: {from: [table.column], how: words}}}`, the model
    `lineage: {rows_from: [table]}`. `*` in a name of a column fits anything.
    """
    parents = {
        project.relations[one].name: project.relations[one]
        for one in relation.parents
        if one in project.relations
    }
    columns = {}
    for column in relation.columns.values():
        steps = (Step("", column.how),) if column.how else ()
        if column.made_from is None:
            problem = f"{relation.name}.{column.name}: its YAML declares no lineage"
            columns[column.name] = Origin(problems=(problem,), steps=steps)
            continue
        inputs: list[Place] = []
        problems: list[str] = []
        for pattern in column.made_from:
            name, _, wanted = pattern.partition(".")
            parent = parents.get(name)
            found = (
                []
                if parent is None
                else [Place(parent.id, one) for one in parent.columns if fnmatchcase(one, wanted)]
            )
            inputs += found
            if not found:
                problems.append(
                    f"{relation.name}.{column.name}: '{pattern}' is no column of its inputs"
                )
        columns[column.name] = Origin(tuple(dict.fromkeys(inputs)), steps, tuple(problems))
    unknown = [name for name in relation.rows_from if name not in parents]
    return TableOrigin(
        columns,
        rows=tuple(Place(parents[name].id, ROWS) for name in relation.rows_from if name in parents),
        problems=tuple(f"{relation.name}: rows come from '{name}', no input" for name in unknown),
    )
