"""Who sees what of a publication: classes of columns, and groups that are too small to show.

Groups of fewer than some number of people are left out (k-anonymity; Sweeney, 2002), and so is the
next smallest where a total would give a single one away (complementary suppression; Willenborg and
de Waal, "Elements of Statistical Disclosure Control", 2001). A group of nobody stays: it says
nothing of anyone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from footfall.core.quoting import quoted
from footfall.core.yaml_files import read_yaml
from footfall.publishing.coarsening import KEYS_OF_PEOPLE
from footfall.publishing.contents import PublishingError

DEFAULT_FILE = Path("roles.yml")
_CLASSES = ("direct", "quasi_identifier", "free_text", "score", "suspicion", "measure")


@dataclass(frozen=True)
class Role:
    """What a group of readers sees.

    Attributes
    ----------
    name
        What it is called in `roles.yml`.
    description
        Who they are, for people.
    sees
        The classes of columns that are shown of marts about people; none of these marts where it
        is empty.
    other_marts
        ``all``, ``counted`` or names: the marts without keys of people that are shown.
    smallest_cell
        How many people a row of a counted mart is about at least; 0 shows all rows.
    """

    name: str
    description: str
    sees: frozenset[str]
    other_marts: str | frozenset[str]
    smallest_cell: int


@dataclass(frozen=True)
class Count:
    """What of a mart counts people.

    Attributes
    ----------
    people
        Columns with numbers of people; a row of a small number other than 0 is left out.
    cell
        The column whose values share out the same people; None where no total gives one away.
    """

    people: Sequence[str]
    cell: str | None


@dataclass(frozen=True)
class View:
    """How a role sees a mart.

    Attributes
    ----------
    query
        A query of all columns of the mart, with null in those that are not shown.
    left_out
        A query for the number of rows that are left out for being about too few people.
    """

    query: str
    left_out: str


@dataclass(frozen=True)
class Roles:
    """`roles.yml` as read."""

    roles: Mapping[str, Role]
    classes: Mapping[str, str]
    counts: Mapping[str, Count]

    def chosen(self, names: Sequence[str]) -> list[Role]:
        """Return roles by their names.

        Raises
        ------
        PublishingError
            There is no such role.
        """
        for name in names:
            if name not in self.roles:
                raise _problem(f"there is no role {name}; use of {', '.join(self.roles)}")
        return [self.roles[name] for name in names]

    def view(
        self, role: Role, mart: str, relation: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> View | None:
        """Return how a role sees a mart; None where it sees none of it.

        Parameters
        ----------
        mart
            The name of the mart.
        relation
            What is selected from, as SQL.
        columns
            Its columns and their types, in order, in the dialect that reads the query.
        key
            The columns of its primary key.

        Raises
        ------
        PublishingError
            A column of a mart about people has no class, or `roles.yml` names a column that the
            mart does not have.
        """
        if not KEYS_OF_PEOPLE.isdisjoint(columns):
            return self._of_people(role, mart, relation, columns) if role.sees else None
        return self._of_groups(role, mart, relation, columns, key)

    def _of_people(self, role: Role, mart: str, relation: str, columns: Mapping[str, str]) -> View:
        for column in columns:
            if column not in self.classes:
                raise _problem(f"{mart}.{column} has no class: add it under classes")
        selected = ", ".join(
            quoted(column)
            if self.classes[column] in role.sees
            else f"cast(null as {kind}) as {quoted(column)}"
            for column, kind in columns.items()
        )
        return View(f"select {selected} from {relation}", "select 0")

    def _of_groups(
        self,
        role: Role,
        mart: str,
        relation: str,
        columns: Mapping[str, str],
        key: Sequence[str],
    ) -> View | None:
        if role.other_marts == "counted" and mart not in self.counts:
            return None
        if not isinstance(role.other_marts, str) and mart not in role.other_marts:
            return None
        count = self.counts.get(mart, Count((), None))
        for column in (*count.people, *([count.cell] if count.cell else [])):
            if column not in columns:
                raise _problem(f"counts.{mart} names {column}, which is no column of that mart")
        named = ", ".join(quoted(column) for column in columns)
        if not role.smallest_cell or not count.people:
            return View(f"select {named} from {relation}", "select 0")
        marked = _marked(relation, columns, key, count, role.smallest_cell)
        return View(
            f"select {named} from {marked} where not is_left_out",
            f"select count(*) from {marked} where is_left_out",
        )


@dataclass(frozen=True)
class Audience:
    """For which roles marts are published, and what is said of all of them."""

    roles: Roles
    chosen: Sequence[Role]


NOBODY = Audience(Roles({}, {}, {}), ())


def read_audience(names: Sequence[str], file: Path = DEFAULT_FILE) -> Audience:
    """Return the roles of these names; `roles.yml` is read only where there are any.

    Raises
    ------
    PublishingError
        There is no such role, or the file is wrong.
    """
    if not names:
        return NOBODY
    roles = read_roles(file)
    return Audience(roles, roles.chosen(names))


def read_roles(file: Path = DEFAULT_FILE) -> Roles:
    """Read `roles.yml`.

    Raises
    ------
    PublishingError
        It is missing, or something in it is wrong; the message names the key.
    """
    try:
        read = read_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishingError(f"{file} cannot be read: {error}") from error
    parts = _mapping(read, "the file", {"roles", "classes", "counts"})
    classes: dict[str, str] = {}
    for name, columns in _mapping(parts["classes"], "classes", set(_CLASSES)).items():
        for column in _names(columns, f"classes.{name}"):
            if column in classes:
                raise _problem(f"{column} is under classes.{classes[column]} and classes.{name}")
            classes[column] = name
    roles = {name: _role(str(name), given) for name, given in dict(parts["roles"]).items()}
    counts = {name: _count(str(name), given) for name, given in dict(parts["counts"]).items()}
    return Roles(roles, classes, counts)


def _role(name: str, given: Any) -> Role:
    where = f"roles.{name}"
    if not name.isidentifier():
        raise _problem(f"{where}: names of roles are letters, digits and underscores")
    needed = {"description", "sees", "other_marts"}
    found = _mapping(given, where, needed, {"smallest_cell"})
    sees = _names(found["sees"], f"{where}.sees")
    for one in sees:
        if one not in _CLASSES:
            raise _problem(f"{where}.sees names {one}; classes are {', '.join(_CLASSES)}")
    others = found["other_marts"]
    if isinstance(others, list):
        others = frozenset(_names(others, f"{where}.other_marts"))
    elif others not in ("all", "counted"):
        raise _problem(f"{where}.other_marts is '{others}': use all, counted or a list of marts")
    smallest = found.get("smallest_cell", 0)
    if isinstance(smallest, bool) or not isinstance(smallest, int) or smallest < 0:
        raise _problem(f"{where}.smallest_cell is '{smallest}': a whole number of people fits")
    return Role(name, str(found["description"]), frozenset(sees), others, smallest)


def _count(name: str, given: Any) -> Count:
    found = _mapping(given, f"counts.{name}", {"people"}, {"cell"})
    return Count(_names(found["people"], f"counts.{name}.people"), found.get("cell"))


def _mapping(
    given: Any, where: str, needed: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> Mapping[str, Any]:
    if not isinstance(given, dict) or not needed <= given.keys() <= needed | optional:
        keys = ", ".join(sorted(needed | optional))
        raise _problem(f"{where} has to hold the keys {keys} and no others")
    return given


def _names(given: Any, where: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _problem(f"{where} has to be a list of names")
    return given


def _marked(
    relation: str, columns: Mapping[str, str], key: Sequence[str], count: Count, smallest: int
) -> str:
    """Return a query in brackets that adds `is_left_out` to the rows of a mart."""
    least = f"least({', '.join(_or_many(column) for column in count.people)})"
    small = f"{least} < {smallest}"
    named = ", ".join(quoted(column) for column in columns)
    if count.cell is None:
        return f"(select {named}, {small} as is_left_out from {relation}) as marked"
    others = [quoted(column) for column in key if column != count.cell]
    together = f"partition by {', '.join(others)} " if others else ""
    # Of the rows that share out the same people, where one alone is small: the smallest other one.
    return (
        f"(select {named},"
        f" is_small or (small_count = 1 and place = 2 and least_people < {_MANY}) as is_left_out"
        f" from (select {named}, is_small, least_people,"
        f" count(case when is_small then 1 end) over ({together}) as small_count,"
        f" row_number() over ({together}order by case when is_small then 0 else 1 end,"
        f" least_people, {quoted(count.cell)}) as place"
        f" from (select {named}, {small} as is_small, {least} as least_people from {relation}"
        f") as counted) as placed) as marked"
    )


_MANY = 9_000_000_000


def _or_many(column: str) -> str:
    # Nobody, or no number, gives nobody away.
    return f"case when coalesce({quoted(column)}, 0) = 0 then {_MANY} else {quoted(column)} end"


def _problem(said: str) -> PublishingError:
    return PublishingError(f"roles.yml: {said}.")
