"""Reads from compiled SQL where each column of a model comes from.

sqlglot parses the statement, expands its stars with the columns of the catalog and says which
table each name belongs to; what is done here is to follow the names through CTEs, unions and
subqueries down to the tables that the model reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from footfall.lineage.origins import ROWS, Origin, Place, Step, TableOrigin
from footfall.lineage.project import Project, Relation

DIALECT = "duckdb"
MOST_STEPS = 12
LONGEST_SQL = 1200


class SqlReader:
    """Reads the models of one project; holds the columns of all its tables."""

    def __init__(self, project: Project) -> None:
        self._project = project
        # A table that an earlier run left is a source as well as a model: the model says more.
        sources_first = sorted(project.relations.values(), key=lambda one: one.kind != "source")
        self._by_address = {one.address: one for one in sources_first}
        self._columns: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
        for one in sources_first:
            database, schema, name = one.address
            self._schema_of(database, schema)[name] = {
                column.name: column.type or "varchar" for column in one.columns.values()
            }

    def _schema_of(self, database: str, schema: str) -> dict[str, dict[str, str]]:
        return self._columns.setdefault(database, {}).setdefault(schema, {})

    def read(self, relation: Relation) -> TableOrigin:
        """Return the origin of a SQL model; what cannot be read is reported, never left out."""
        try:
            query = self._qualified(self._parsed(relation))
            root = build_scope(query)
        except SqlglotError as error:
            return self._unread(relation, str(error).splitlines()[0])
        if root is None:
            return self._unread(relation, "the statement is no query")
        walk = _Walk(relation, self._by_address, root)
        return TableOrigin(
            columns={name: walk.origin_of(name) for name in relation.columns},
            rows=walk.rows(),
            conditions=walk.conditions(),
        )

    def _unread(self, relation: Relation, why: str) -> TableOrigin:
        problem = f"{relation.name}: its SQL cannot be read ({why})"
        return TableOrigin(
            {name: Origin(problems=(problem,)) for name in relation.columns}, problems=(problem,)
        )

    def _parsed(self, relation: Relation) -> exp.Query:
        query = parse_one(relation.sql, dialect=DIALECT)
        if not isinstance(query, exp.Query):
            raise SqlglotError(f"it is a {type(query).__name__.lower()}")
        self._name_files(query, relation)
        self._write_out_unpivots(query)
        return query

    def _qualified(self, query: exp.Query) -> exp.Query:
        # Names that mean whole rows fit no column: they are dealt with where they are met.
        qualified = qualify(
            query,
            schema={**self._columns},
            dialect=DIALECT,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        assert isinstance(qualified, exp.Query)
        return qualified

    def _name_files(self, query: exp.Query, relation: Relation) -> None:
        """Put the source in place of the function that reads its file."""
        sources = [
            one
            for parent in relation.parents
            if (one := self._project.relations.get(parent)) is not None and one.kind == "source"
        ]
        for table in list(query.find_all(exp.Table)):
            text = table.this.sql(DIALECT).lower()
            if not isinstance(table.this, exp.Func) or "read_" not in text:
                continue
            # A model that reads several files names them as the sources are named.
            fitting = [one for one in sources if len(sources) == 1 or f"/{one.address[2]}." in text]
            if len(fitting) == 1:
                database, schema, name = fitting[0].address
                table.replace(
                    exp.table_(name, db=schema, catalog=database, alias=table.alias or None)
                )
                self._widen(fitting[0], query)

    def _widen(self, source: Relation, query: exp.Query) -> None:
        """Add the columns asked of a file: it may hold more than is declared."""
        database, schema, name = source.address
        asked = {one.name.lower() for one in query.find_all(exp.Identifier)}
        columns = self._schema_of(database, schema).setdefault(name, {})
        columns.update(dict.fromkeys(asked - columns.keys(), "varchar"))

    def _write_out_unpivots(self, query: exp.Query) -> None:
        """`unpivot (…) on columns('…') into name n value v` as the equivalent select."""
        for pivot in list(query.find_all(exp.Pivot)):
            into = pivot.args.get("into")
            if not isinstance(pivot.parent, exp.CTE) or into is None:
                continue
            inner = pivot.this
            # The CTEs above name the tables that the inner query reads.
            before = []
            for cte in query.ctes:
                if cte is pivot.parent:
                    break
                before.append(cte)
            alone = (inner.unnest() if isinstance(inner, exp.Subquery) else inner).copy()
            if not isinstance(alone, exp.Query):
                raise SqlglotError("it turns columns into rows of something that is no query")
            for cte in before:
                alone = alone.with_(cte.alias, as_=cte.this.copy(), copy=False)
            names = [one.alias_or_name for one in self._qualified(alone).selects]
            turned = [name for name in names if _is_named_by(name, pivot.expressions)]
            values = exp.func("coalesce", *(exp.column(name) for name in turned))
            label = exp.Literal.string(turned[0])
            pivot.replace(
                exp.select(
                    *(exp.column(name) for name in names if name not in turned),
                    exp.alias_(label, into.this.name),
                    exp.alias_(values, into.expressions[0].name),
                ).from_(
                    inner.copy() if isinstance(inner, exp.Subquery) else inner.subquery("turned")
                )
            )


def _is_named_by(name: str, patterns: Iterable[exp.Expr]) -> bool:
    for pattern in patterns:
        if isinstance(pattern, exp.Columns):
            if re.search(pattern.this.name, name):
                return True
        elif pattern.name.lower() == name:
            return True
    return False


@dataclass(frozen=True)
class _Found:
    inputs: tuple[Place, ...] = ()
    steps: tuple[Step, ...] = ()
    # Expressions without a name in them, such as a number: shown only where there is nothing else.
    fixed: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()


def _joined(parts: Iterable[_Found], *first: Step) -> _Found:
    found = list(parts)
    return _Found(
        tuple(dict.fromkeys(one for part in found for one in part.inputs)),
        tuple(dict.fromkeys((*first, *(one for part in found for one in part.steps))))[:MOST_STEPS],
        tuple(dict.fromkeys(one for part in found for one in part.fixed))[:MOST_STEPS],
        tuple(dict.fromkeys(one for part in found for one in part.problems)),
    )


class _Walk:
    """Follows names from the end of one statement to the tables that it reads."""

    def __init__(
        self, relation: Relation, tables: Mapping[tuple[str, str, str], Relation], root: Scope
    ) -> None:
        self._relation = relation
        self._tables = tables
        self._root = root
        self._known: dict[tuple[int, str], _Found] = {}
        self._names: dict[int, str] = {}
        self._scopes = list(root.traverse())
        for scope in self._scopes:
            for name, inner in scope.cte_sources.items():
                if isinstance(inner, Scope):
                    self._name(inner, name)

    def origin_of(self, column: str) -> Origin:
        found = self._column(self._root, column)
        return Origin(found.inputs, found.steps or found.fixed, found.problems)

    def rows(self) -> tuple[Place, ...]:
        return self._rows(self._root).inputs

    def conditions(self) -> tuple[Place, ...]:
        """Return the columns read that decide which rows there are: where, join and the like."""
        found = []
        for scope in self._scopes:
            if not isinstance(scope.expression, exp.Select):
                continue
            parts = [scope.expression.args.get(name) for name in ("where", "having", "qualify")]
            parts += [join.args.get("on") for join in scope.expression.args.get("joins") or ()]
            found += [self._inputs(scope, part) for part in parts if part is not None]
        return _joined(found).inputs

    def _name(self, scope: Scope, name: str) -> None:
        if id(scope) not in self._names:
            self._names[id(scope)] = name
            for branch in scope.set_operation_scopes:
                self._name(branch, name)

    def _column(self, scope: Scope, name: str) -> _Found:
        key = (id(scope), name)
        if key not in self._known:
            self._known[key] = _Found()  # a recursive CTE meets itself
            self._known[key] = self._column_anew(scope, name)
        return self._known[key]

    def _column_anew(self, scope: Scope, name: str) -> _Found:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            names = [one.alias_or_name for one in query.selects]
            if name not in names:
                return self._lost(name)
            place = names.index(name)
            return _joined(
                self._column(branch, _outputs(branch)[place])
                for branch in scope.set_operation_scopes
            )
        if not isinstance(query, exp.Query):
            # unnest, values, generate_series: what goes in comes out.
            return self._inputs(scope, query)
        chosen = [one for one in query.selects if one.alias_or_name.lower() == name.lower()]
        if not chosen:
            return self._lost(name)
        value = chosen[0].unalias()
        inputs = self._inputs(scope, value)
        if isinstance(value, exp.Column):
            return inputs
        step = Step(self._names.get(id(scope), ""), _sql_of(value))
        if value.find(exp.Column, exp.Star) is None:
            return _Found(inputs.inputs, inputs.steps, (step, *inputs.fixed), inputs.problems)
        return _joined([inputs], step)

    def _lost(self, name: str) -> _Found:
        return _Found(problems=(f"{self._relation.name}: no expression gives '{name}'",))

    def _inputs(self, scope: Scope, expression: exp.Expr) -> _Found:
        """Return what an expression is made from, in the tables that the statement reads."""
        inner = {id(one.expression): one for one in scope.subquery_scopes}
        parts: list[_Found] = []
        waiting: list[exp.Expr] = [expression]
        while waiting:
            node = waiting.pop()
            if id(node) in inner:
                nested = inner[id(node)]
                parts += [self._column(nested, name) for name in _outputs(nested)]
                where = nested.expression.args.get("where")
                if where is not None:
                    parts.append(self._inputs(nested, where))
                continue
            if isinstance(node, exp.Column):
                parts.append(self._met(scope, node))
                continue
            if isinstance(node, exp.Star):
                parts.append(self._rows(scope))
                continue
            waiting += list(node.iter_expressions(reverse=True))
        return _joined(parts)

    def _met(self, scope: Scope, column: exp.Column) -> _Found:
        """Return a name in an expression: a column, a whole row, or the parameter of a lambda."""
        name, table = column.name.lower(), column.table.lower()
        if not table:
            if _is_parameter(column):
                return _Found()
            if name in scope.sources:
                return self._whole(scope, name)
            return _Found(problems=(f"{self._relation.name}: '{name}' belongs to no table",))
        source = self._source(scope, table)
        if source is None:
            # A column that is a struct, and a field of it.
            for other in scope.sources:
                if self._has(scope.sources[other], table):
                    return self._of_source(scope, scope.sources[other], table)
            return _Found(problems=(f"{self._relation.name}: '{table}' is no table here",))
        return self._of_source(scope, source, name)

    def _source(self, scope: Scope, table: str) -> exp.Table | Scope | None:
        here: Scope | None = scope
        while here is not None:
            if table in here.sources:
                found: exp.Table | Scope = here.sources[table]
                return found
            here = here.parent
        return None

    def _has(self, source: exp.Table | Scope, name: str) -> bool:
        if isinstance(source, Scope):
            return name in _outputs(source)
        relation = self._table(source)
        return relation is not None and name in relation.columns

    def _of_source(self, scope: Scope, source: exp.Table | Scope, name: str) -> _Found:
        if isinstance(source, Scope):
            if not isinstance(source.expression, exp.Query):
                return self._inputs(scope, source.expression)
            return self._column(source, name)
        relation = self._table(source)
        if relation is None:
            return self._strange(source)
        if relation.id == self._relation.id:
            return _Found()  # an incremental model that reads its own last state
        if name not in relation.columns and relation.kind == "source":
            # A column of a file that is not declared, or the whole row of a nested one.
            return _Found((Place(relation.id, ROWS),))
        if name not in relation.columns:
            problem = f"{self._relation.name}: {relation.name} has no column '{name}'"
            return _Found(problems=(problem,))
        return _Found((Place(relation.id, name),))

    def _whole(self, scope: Scope, table: str) -> _Found:
        source = scope.sources[table]
        if isinstance(source, Scope):
            return _joined(self._column(source, name) for name in _outputs(source))
        relation = self._table(source)
        if relation is None:
            return self._strange(source)
        return _Found(tuple(Place(relation.id, name) for name in relation.columns))

    def _rows(self, scope: Scope) -> _Found:
        """Return the rows that a query goes through: those of its from clause."""
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            return _joined(self._rows(branch) for branch in scope.set_operation_scopes)
        clause = query.args.get("from_") or query.args.get("from")
        if clause is None:
            return _Found()
        source = scope.sources.get(clause.this.alias_or_name)
        if isinstance(source, Scope):
            if not isinstance(source.expression, exp.Query):
                return self._inputs(scope, source.expression)
            return self._rows(source)
        if source is None:
            return _Found(problems=(f"{self._relation.name}: a from clause cannot be followed",))
        relation = self._table(source)
        if relation is None:
            return self._strange(source)
        return _Found(() if relation.id == self._relation.id else (Place(relation.id, ROWS),))

    def _table(self, table: exp.Table) -> Relation | None:
        return self._tables.get((table.catalog.lower(), table.db.lower(), table.name.lower()))

    def _strange(self, table: exp.Table) -> _Found:
        text = table.sql(DIALECT)
        if isinstance(table.this, exp.Func) and "read_" not in text.lower():
            return _Found()  # generate_series and its like make rows out of nothing
        return _Found(problems=(f"{self._relation.name}: reads {text}, which dbt does not know",))


def _outputs(scope: Scope) -> list[str]:
    query = scope.expression
    return [one.alias_or_name for one in query.selects] if isinstance(query, exp.Query) else []


def _is_parameter(column: exp.Column) -> bool:
    above = column.parent
    while above is not None:
        if isinstance(above, exp.Lambda) and column.name in {one.name for one in above.expressions}:
            return True
        above = above.parent
    return False


def _sql_of(expression: exp.Expr) -> str:
    text = expression.sql(DIALECT, pretty=True)
    return text if len(text) <= LONGEST_SQL else text[:LONGEST_SQL] + " …"
