"""The program behind `make inspect`, and what `make build` looks at before it starts dbt.

The inspection itself is `footfall.inspecting`. It is given the questions and the functions that
the plugin gives to dbt, so that both read an input alike.
"""

import argparse
import json
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from footfall.adapter import inputs
from footfall.adapter.questions import QUESTIONS
from footfall.builds.configuration import (
    is_there,
    kind_problems,
    project_variables,
    unknown_var_problems,
)
from footfall.builds.input_files import named_paths
from footfall.builds.mappings import read_mapping
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import absolute_path, picked_sources, sources, with_home
from footfall.inspecting.checking import check
from footfall.inspecting.inputs import files_of, head_of, heads_of
from footfall.inspecting.inspection import Input, inspect
from footfall.inspecting.kinds import files_by_layout, kinds_lines
from footfall.inspecting.relations import attach_warehouse, settled_names, show_first_rows
from footfall.inspecting.report import build_command, lines_of, mapping_text

#: What has to be looked at where a var names more than one relation.
_SHOWN_AS = {"snowplow_relation": "neighbours", "segment_schema": "schema"}
_RELATION = re.compile(r"[^./\\*?]+(\.[^./\\*?]+){0,2}|(\"[^\"]+\"\.?){1,3}")
DEFAULT_OUT = "my_shop.yml"


def connection() -> duckdb.DuckDBPyConnection:
    """Return a database in memory that reads inputs as a warehouse does, with a key of its own."""
    opened = duckdb.connect()
    opened.execute("set TimeZone = 'UTC'")
    for part in ("inner", "outer"):
        opened.execute(f"set variable footfall_hmac_{part} = unhex('{secrets.token_hex(64)}')")
    inputs.register(opened, ":memory:")
    return opened


def _questions(*, is_sample: bool) -> Mapping[str, Callable[..., Any]]:
    """Return what macros may ask. A part of an input decides less than the whole."""
    return {**QUESTIONS, **({"refuse_undecided": _pass} if is_sample else {})}


def _pass(**_: Any) -> None:
    """Leave a decision to the build, which sees all rows."""


def _input(
    opened: duckdb.DuckDBPyConnection, name: str, database: str, folder: Path
) -> tuple[Input, str]:
    """Return what a name means, and how a mapping names it from anywhere."""
    if is_there(name) or with_home(name).is_dir():
        if not files_of(name):
            raise BuildProblem(f"FILE is '{name}', and there is no file in that folder.")
        return Input(name, head_of(name, folder)), absolute_path(name)
    if _RELATION.fullmatch(name) and attach_warehouse(opened, database):
        try:
            shown = show_first_rows(opened, name, database, kind="neighbours")
        except duckdb.CatalogException:
            shown = None
        if shown is not None:
            return Input(name, None, name), name
    raise BuildProblem(
        f"FILE is '{name}', and there is no such file or folder. A relation is looked for in the "
        f"warehouse {database}, as schema.table."
    )


def check_build(
    variables: dict[str, Any],
    database: str,
    project: Path = Path(),
    *,
    is_its_warehouse: bool = True,
) -> list[str]:
    """Return what would stop a build, as far as vars and inputs show it without dbt.

    Parameters
    ----------
    variables
        Vars of the command line, with `footfall_source`.
    database
        The warehouse. Where it is there, an unknown name of events that it has left out before is
        left to the build, which knows which rows are new.
    project
        The folder of dbt_project.yml.
    is_its_warehouse
        Whether the build writes to that warehouse. If another profile may lead elsewhere, relations
        are left to the build.
    """
    values = {**project_variables(project), **variables}
    problems = [*unknown_var_problems(list(variables)), *kind_problems(values)]
    if problems:
        return problems
    for name in picked_sources(values.get("footfall_source")):
        of_source = {**values, "footfall_source": name}
        problems += _input_problems(of_source, database, project, is_its_warehouse)
    return problems


def _input_problems(
    values: dict[str, Any], database: str, project: Path, is_its_warehouse: bool
) -> list[str]:
    source = sources().get(str(values.get("footfall_source")))
    if source is None or not source.inputs or source.inputs[0].contains:
        return []
    first = source.inputs[0]
    relations = {
        one.replaced_by: str(values[one.replaced_by])
        for one in source.inputs
        if one.replaced_by and values.get(one.replaced_by)
    }
    paths = None if first.replaced_by in relations else values.get(first.var)
    if not paths and first.replaced_by not in relations:
        return []
    if paths and any("://" in str(one["path"]) for one in named_paths(paths)):
        return []
    with tempfile.TemporaryDirectory(prefix="footfall-check-") as folder, connection() as opened:
        is_built = Path(database).exists()
        is_attached = is_its_warehouse and attach_warehouse(opened, database)
        if relations and not is_attached:
            return []
        are_whole: list[bool | None] = []
        for var, name in relations.items():
            try:
                kind = _SHOWN_AS.get(var, "table")
                are_whole.append(show_first_rows(opened, name, database, kind))
            except duckdb.CatalogException:
                return [
                    f"var '{var}' is '{name}', and the warehouse {database} has no such relation:"
                    " load it, or name another as schema.table."
                ]
        if None in are_whole:
            return []
        head = None
        if paths:
            values[first.var], head = heads_of(paths, Path(folder))
            are_whole.append(head.is_whole)
        questions = _questions(is_sample=is_built or not all(are_whole))
        settled = settled_names(opened, source.name) if is_attached else None
        if not is_built:
            settled = []
        problems = check(opened, project, questions, values, settled_names=settled)
        return [problem if head is None else head.with_originals(problem) for problem in problems]


def main(arguments: Sequence[str]) -> int:
    """Inspect an input; print what was found, and write a mapping where none was given.

    A table that is read next to events, such as one of customers, needs no mapping of its own: what
    is printed says how it is read. With `--check` only what would stop a build is printed, and
    nothing is written.

    Returns
    -------
    int
        0, or 1 where it cannot be read, or no mapping could be written.
    """
    parser = argparse.ArgumentParser(prog="make inspect", allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", default="")
    what.add_argument("--check", action="store_true")
    parser.add_argument("--out", default="")
    parser.add_argument("--database", default="")
    parser.add_argument("--variables", default="{}")
    parser.add_argument("--source", default="")
    asked = parser.parse_args(arguments)
    variables = json.loads(asked.variables)
    if asked.check:
        problems = check_build(variables, asked.database)
        if problems:
            print("\n".join(problems), file=sys.stderr)
        return int(bool(problems))
    out = Path(asked.out or DEFAULT_OUT)
    if asked.out and out.exists():
        print(f"OUT is '{out}', which is there already, and stays: name another file.")
        return 1
    with tempfile.TemporaryDirectory(prefix="footfall-inspect-") as folder, connection() as opened:
        try:
            given, place = _input(opened, asked.file, asked.database, Path(folder))
        except BuildProblem as problem:
            print(problem)
            return 1
        if not variables and not asked.source and given.head and given.head.file_count > 1:
            kinds = files_by_layout(files_of(given.name))
            if kinds:
                print("\n".join(kinds_lines(given.name, kinds)))
                return 1
        is_sample = given.head is None or not given.head.is_whole
        questions = _questions(is_sample=is_sample)
        found = inspect(opened, Path.cwd(), questions, given, variables, asked.source)
    report = "\n".join(lines_of(found, given))
    print(report if given.head is None else given.head.with_originals(report))
    if variables or not found.columns or found.entity is not None:
        return int(bool(found.problem))
    if out.exists():
        print(f"\n  {out} is there already, and stays: OUT=… names another file for the mapping.\n")
        return 1
    command = build_command(found, given, out, asked.database)
    out.write_text(mapping_text(found, given, place, command), encoding="utf-8")
    try:
        read_mapping(str(out))
    except BuildProblem as problem:
        print(f"\n  {out} was written; before it can be used:\n{problem}\n")
        return 1
    print(f"\n  Wrote {out}. Look through it, then: {command}\n")
    return int(bool(found.problem))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
