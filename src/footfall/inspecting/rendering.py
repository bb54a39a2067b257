"""Models of the project as views of a database in memory: their Jinja is rendered without dbt.

Only what staging asks of dbt is there: vars, refs, sources, dispatch to DuckDB, queries while a
model is compiled, and three of dbt's own macros. A model that asks for more fails by name.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import duckdb
import jinja2

from footfall.builds.problems import BuildProblem
from footfall.core.yaml_files import parsed_yaml

#: The schema of the views and seeds.
SCHEMA = "inspected"
#: What macros take for the id of the run.
RUN_ID = "inspection"
_MACRO = re.compile(
    r"\{%-?\s*macro\s+(?P<name>\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL | re.ASCII
)


_EXTENSIONS = ("jinja2.ext.do", "jinja2.ext.loopcontrols")


@cache
def _compiled(text: str) -> CodeType:
    """Compile a template once in a process, whichever project renders it."""
    return jinja2.Environment(extensions=_EXTENSIONS).compile(text)


class _Return(Exception):
    """A macro gives back a value, as dbt's `return` does."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Row(tuple[Any, ...]):
    """A row, whose values macros take by place or all together."""

    __slots__ = ()

    def values(self) -> tuple[Any, ...]:
        """Return the values from left to right."""
        return tuple(self)


@dataclass(frozen=True)
class _Rows:
    """What a query gave, in the form in which macros read it."""

    rows: Sequence[Sequence[Any]]
    width: int

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return iter(self.rows)

    @property
    def columns(self) -> list[SimpleNamespace]:
        """The columns from left to right."""
        return [
            SimpleNamespace(values=lambda place=place: [row[place] for row in self.rows])
            for place in range(self.width)
        ]


class Project:
    """The project as far as it reads inputs.

    Parameters
    ----------
    folder
        The folder of dbt_project.yml.
    connection
        A connection with the function that reads text files (`footfall_text_file`).
    variables
        Vars by name; others are as dbt_project.yml has them.
    questions
        What `ask_program` calls, by the name of the question.
    replaced
        Functions in place of macros, by name.
    """

    def __init__(
        self,
        folder: Path,
        connection: duckdb.DuckDBPyConnection,
        variables: Mapping[str, Any],
        questions: Mapping[str, Callable[..., Any]],
        replaced: Mapping[str, Callable[..., Any]],
    ) -> None:
        self._folder = folder
        self._connection = connection
        self._questions = questions
        settings = parsed_yaml((folder / "dbt_project.yml").read_text(encoding="utf-8"))
        self._variables = {**settings["vars"], **variables}
        self._made: set[str] = set()
        self._environment = jinja2.Environment(extensions=_EXTENSIONS)
        texts = [path.read_text(encoding="utf-8") for path in folder.glob("macros/**/*.sql")]
        macros = {
            found["name"]: self._macro(found["name"], found[0])
            for text in texts
            for found in _MACRO.finditer(text)
        }
        # A database in memory stands on no earlier run.
        replaced = {"noted_settings": lambda *_: {}, **replaced}
        self._environment.globals.update({**macros, **self._context(macros, replaced), **replaced})
        connection.execute(f"drop schema if exists {SCHEMA} cascade")
        connection.execute(f"create schema {SCHEMA}")

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        found = [*self._folder.glob("models/**/*.sql"), *self._folder.glob("seeds/**/*.csv")]
        return {path.stem: path for path in found}

    @cached_property
    def _types_of_seeds(self) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        for name in ("_seeds.yml", "_event_name_map.yml"):
            read = parsed_yaml((self._folder / "seeds" / name).read_text(encoding="utf-8"))
            for seed in read["seeds"]:
                found[seed["name"]] = seed.get("config", {}).get("column_types", {})
        return found

    def relation(self, name: str, *, is_stored: bool = False) -> str:
        """Return a model or seed as a relation; it is made where it is not there yet.

        Parameters
        ----------
        name
            Its name.
        is_stored
            Whether a model becomes a table, for many queries, and no view.

        Raises
        ------
        BuildProblem
            The model cannot be compiled with the inputs as they are.
        """
        if name not in self._made:
            file = self._files[name]
            self._seed(file) if file.suffix == ".csv" else self._model(file, is_stored)
            self._made.add(name)
        return f"{SCHEMA}.{name}"

    def call(self, macro: str, *arguments: Any, **named: Any) -> Any:
        """Return what a macro gives."""
        return self._environment.globals[macro](*arguments, **named)  # type: ignore[operator]

    def _model(self, file: Path, is_stored: bool) -> None:
        text = self._template(file.read_text(encoding="utf-8")).render()
        kind = "table" if is_stored else "view"
        self._connection.execute(f"create {kind} {SCHEMA}.{file.stem} as {text}")

    def _seed(self, file: Path) -> None:
        kinds = self._types_of_seeds.get(file.stem, {})
        casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in kinds.items())
        self._connection.execute(
            f"create table {SCHEMA}.{file.stem} as select *"
            + (f" replace ({casts})" if casts else "")
            + " from read_csv(?, header = true, all_varchar = true, delim = ',')",
            [str(file)],
        )

    def _template(self, text: str) -> jinja2.Template:
        environment = self._environment
        return environment.template_class.from_code(
            environment, _compiled(text), environment.make_globals(None)
        )

    def _macro(self, name: str, text: str) -> Callable[..., Any]:
        # Most are never called: they are compiled when they are.
        compiled: list[Any] = []

        def call(*arguments: Any, **named: Any) -> Any:
            if not compiled:
                # Under another name: a macro that calls itself calls what catches its `return`.
                own = re.sub(rf"macro\s+{name}\(", "macro rendered(", text, count=1)
                module: Any = self._template(own).make_module()
                compiled.append(module.rendered)
            try:
                return compiled[0](*arguments, **named)
            except _Return as returned:
                return returned.value

        return call

    def _context(
        self, macros: Mapping[str, Callable[..., Any]], replaced: Mapping[str, Callable[..., Any]]
    ) -> dict[str, Any]:
        def dispatch(name: str, package: str | None = None) -> Callable[..., Any]:
            there = {**macros, **replaced}
            return there.get(f"duckdb__{name}") or there[f"default__{name}"]

        def give(value: Any = None) -> None:
            raise _Return(value)

        def var(name: str, default: Any = None) -> Any:
            return self._variables.get(name, default)

        def refuse(message: str) -> None:
            raise BuildProblem(message)

        def run_query(query: str) -> _Rows:
            result = self._connection.execute(query)
            return _Rows([_Row(row) for row in result.fetchall()], len(result.description or ()))

        def columns_of(relation: str) -> list[SimpleNamespace]:
            described = self._connection.execute(f"describe {relation}").fetchall()
            return [SimpleNamespace(name=name) for name, *_ in described]

        def ask_program(question: str, details: Mapping[str, Any]) -> Any:
            return self._questions[question](**details)

        return {
            "adapter": SimpleNamespace(dispatch=dispatch, get_columns_in_relation=columns_of),
            "return": give,
            "var": var,
            "ref": self.relation,
            "source": lambda schema, name: SimpleNamespace(schema=schema, identifier=name),
            "config": lambda **_: "",
            "execute": True,
            "exceptions": SimpleNamespace(raise_compiler_error=refuse),
            "run_query": run_query,
            "ask_program": ask_program,
            "modules": SimpleNamespace(re=re),
            "tojson": json.dumps,
            "fromjson": json.loads,
            "run_started_at": datetime.now(UTC),
            "invocation_id": RUN_ID,
            "flags": SimpleNamespace(WHICH="run", FULL_REFRESH=False),
            "selected_resources": [],
            "target": SimpleNamespace(type="duckdb", name="inspect", database="memory"),
            "dbt": SimpleNamespace(
                dateadd=lambda part, count, at: f"({at} + to_{part}s({count}))",
                datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})",
                date_trunc=lambda part, at: f"date_trunc('{part}', {at})",
            ),
        }
