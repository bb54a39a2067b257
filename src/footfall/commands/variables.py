"""The vars of dbt for what a user gave to Make, as JSON that no shell and no template reads."""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from footfall.builds.sources import picked_sources, sources
from footfall.builds.templates import template_problems
from footfall.commands.given import CommandError, Given

_ESCAPED = re.compile("[\x7f-\uffff]")


def source_variables(given: Given) -> dict[str, Any]:
    """Return the source and its paths as vars, for instance of SOURCE=ga4 FILE=events.parquet.

    A mapping adds its vars; a path that was given goes before the one of the mapping.

    Raises
    ------
    CommandError
        There is no such source, it does not read a file that was given, or the mapping is broken.
    """
    source = given.source
    readers = {one.make: one.var for one in source.inputs if one.make}
    makes = {one.make for each in sources().values() for one in each.inputs if one.make}
    if strays := sorted(name for name in makes - readers.keys() if given.text(name)):
        raise CommandError(f"{' '.join(strays)}: SOURCE={source.name} does not read that")
    paths = {var: given.path(make) for make, var in readers.items()}
    mapped = {} if given.mapping is None else given.mapping.variables
    of = picked_sources(mapped.get("footfall_source"))
    if len(of) > 1 and any(paths.values()):
        makes = {make for make, var in readers.items() if paths[var]}
        raise CommandError(
            f"{' '.join(sorted(makes))}: the mapping is of several sources ({', '.join(of)}), and"
            " names the path of each itself"
        )
    return {"footfall_source": source.name, **mapped} | {
        var: path for var, path in paths.items() if path
    }


def split_variables(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Take `--vars` out of the arguments of dbt, so that they add to our own.

    Returns
    -------
    tuple
        The vars by name, and the other arguments.

    Raises
    ------
    CommandError
        What follows `--vars` is no YAML dictionary.
    """
    variables: dict[str, Any] = {}
    others: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--vars" or argument.startswith("--vars="):
            written = argument[7:] if "=" in argument else next(waiting, "")
            try:
                read = yaml.safe_load(written)
            except yaml.YAMLError as error:
                raise CommandError(f"ARGS: --vars '{written}' is no YAML: {error}") from error
            if not isinstance(read, dict):
                raise CommandError(
                    f"ARGS: --vars '{written}' is no dictionary: write --vars '{{name: value}}'"
                )
            variables |= read
        else:
            others.append(argument)
    return variables, others


def as_json(variables: dict[str, Any]) -> str:
    """Return vars as `--vars` takes them: JSON that is YAML as well.

    Raises
    ------
    CommandError
        A text holds marks of Jinja, which dbt would run.
    """
    if problems := template_problems(variables):
        raise CommandError("\n".join(problems))
    # YAML reads a bare date as a date; in a var it is text.
    written = json.dumps(variables, default=str, ensure_ascii=False)
    # YAML breaks lines at some of these. It has no pairs of escapes for one character, so those
    # beyond U+FFFF stay as they are.
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
