"""The way of one column, table by table, in a form that can be drawn or printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap

from footfall.lineage.lineage import Lineage
from footfall.lineage.origins import ROWS, Place, Step

WIDTH = 110
MOST_SQL_LINES = 8


@dataclass(frozen=True)
class Group:
    """Columns of one table that go into the columns above, and the groups that go into them."""

    relation: str
    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    below: tuple[Group, ...]
    # The same columns of the table are higher up already, with what is below them.
    is_told: bool = False


def upstream(lineage: Lineage, place: Place) -> Group:
    """Return what a column is made from, down to sources and seeds, grouped by table."""
    return _group(lineage, place.relation, (place.column,), {})


def _group(
    lineage: Lineage, relation: str, columns: tuple[str, ...], told: dict[str, set[str]]
) -> Group:
    seen = told.setdefault(relation, set())
    is_told = seen.issuperset(columns)
    seen.update(columns)
    origins = [lineage.origin(Place(relation, column)) for column in columns]
    inputs: dict[str, list[str]] = {}
    steps: dict[Step, None] = {}
    for origin in origins:
        if origin is None:
            continue
        steps.update(dict.fromkeys(origin.steps))
        for one in origin.inputs:
            if one.column not in inputs.setdefault(one.relation, []):
                inputs[one.relation].append(one.column)
    if is_told:
        return Group(relation, columns, (), (), is_told=bool(inputs))
    below = tuple(
        _group(lineage, name, tuple(sorted(wanted)), told) for name, wanted in inputs.items()
    )
    return Group(relation, columns, tuple(steps) if len(columns) == 1 else (), below)


def downstream(lineage: Lineage, place: Place) -> tuple[Place, ...]:
    """All columns that depend on a column, nearest first."""
    found: dict[Place, None] = {}
    waiting = list(lineage.uses(place))
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting += lineage.uses(one)
    return tuple(found)


def as_text(lineage: Lineage, place: Place) -> str:
    """Return the way of a column for a terminal: what it is, where it comes from, what uses it."""
    relations = lineage.project.relations
    relation = relations[place.relation]
    column = relation.columns[place.column]
    lines = [f"{relation.name}.{column.name}  {column.type.lower()}"]
    lines += wrap(" ".join(column.description.split()), WIDTH)
    lines += ["", "Comes from"]
    lines += _lines(lineage, upstream(lineage, place), "")
    table = lineage.tables.get(place.relation)
    if table is not None and table.conditions:
        lines += ["", f"Rows of {relation.name} are chosen and matched by"]
        lines += _listed(lineage, table.conditions)
    ends, problems = lineage.ends(place)
    lines += ["", "In the end from" if ends else "In the end from no column: it is made on the way"]
    lines += _listed(lineage, ends)
    used = downstream(lineage, place)
    if used:
        lines += ["", "Goes into"]
        names = ", ".join(sorted(lineage.words(one) for one in used))
        lines += wrap("  " + names, WIDTH, subsequent_indent="  ")
    readers = [one.name for one in lineage.project.exposures if relation.id in one.parents]
    if readers:
        lines += ["", "Read by", *wrap("  " + ", ".join(readers), WIDTH, subsequent_indent="  ")]
    if problems:
        lines += ["", "Not known", *(f"  {problem}" for problem in sorted(problems))]
    return "\n".join(lines)


def _listed(lineage: Lineage, places: Iterable[Place]) -> Iterator[str]:
    """One line a table with its columns, by name."""
    by_table: dict[str, list[str]] = {}
    for one in sorted(places):
        by_table.setdefault(one.relation, []).append(
            "its rows" if one.column == ROWS else one.column
        )
    for relation_id, columns in by_table.items():
        relation = lineage.project.relations[relation_id]
        title = f"  {relation.name} ({relation.kind}): "
        yield from wrap(title + ", ".join(columns), WIDTH, subsequent_indent="    ")


def _lines(lineage: Lineage, group: Group, indent: str) -> Iterator[str]:
    relation = lineage.project.relations[group.relation]
    names = ["its rows" if one == ROWS else one for one in group.columns]
    what = "Python" if relation.language == "python" else relation.layer
    text = f"{relation.name} [{what}]: {', '.join(names)}" + (
        " (see above)" if group.is_told else ""
    )
    yield from wrap(text, WIDTH, initial_indent=indent + "- ", subsequent_indent=indent + "    ")
    for step in group.steps:
        mark = f"{step.inside}: " if step.inside else ""
        sql = (mark + step.sql).splitlines()
        for line in sql[:MOST_SQL_LINES]:
            yield f"{indent}    | {line}"
        if len(sql) > MOST_SQL_LINES:
            yield f"{indent}    | …"
    for below in group.below:
        yield from _lines(lineage, below, indent + "  ")
