"""The commands of Make that show what a build has made, as the end of the build names them."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from footfall.builds.mappings import read_mapping
from footfall.builds.sources import DEFAULT_SOURCE, sources, warehouse_file


def make_commands(
    picked: Sequence[str],
    variables: Mapping[str, Any],
    database: str,
    mapping: str = "",
    published: str = "",
) -> dict[str, str]:
    """Return the commands that show the boards of a build and write its docs.

    Parameters
    ----------
    picked
        Names of the sources that were built.
    variables
        The vars of the build, by name.
    database
        What FOOTFALL_DB names.
    mapping
        The mapping file that the build was given, if any.
    published
        The folder of the publication, where FOOTFALL_PUBLISHED names one.

    Returns
    -------
    dict
        `serve` and `docs`, ready for a shell. `docs` is missing where Make has no words for what
        the build read: several sources, several files by a list, or something else in place of a
        file.
    """
    mapped = read_mapping(mapping) if mapping else None
    source = sources().get(picked[0]) if len(picked) == 1 else None
    place = [f"FOOTFALL_PUBLISHED={shlex.quote(published)}"] if published else []
    by_name = [f"FOOTFALL_DB={shlex.quote(database)}"]
    if source is None:
        if mapped is not None and database == mapped.warehouse:
            named = [f"MAPPING={shlex.quote(mapping)}"]
            commands = {"serve": " ".join([*place, "make serve", *named])}
            others = [one.var for name in picked for one in sources()[name].inputs]
            is_mapped = all(variables.get(one) == mapped.variables.get(one) for one in others)
            return commands | ({"docs": _docs([], named, [])} if is_mapped else {})
        return {"serve": " ".join([*by_name, *place, "make serve"])}
    home = warehouse_file(source.name) if mapped is None else mapped.warehouse
    before = [] if database == home else by_name
    named = [] if source.name == DEFAULT_SOURCE else [f"SOURCE={source.name}"]
    if mapped is not None:
        named.append(f"MAPPING={shlex.quote(mapping)}")
    commands = {"serve": " ".join([*before, *place, "make serve", *([] if before else named)])}
    known = {} if mapped is None else mapped.variables
    names = [one.var for one in source.inputs]
    names += [one.replaced_by for one in source.inputs if one.replaced_by]
    given = {
        name: variables[name]
        for name in names
        if variables.get(name) and variables[name] != known.get(name)
    }
    replacing = {one.replaced_by for one in source.inputs}
    if any(name in replacing or not isinstance(value, str) for name, value in given.items()):
        return commands
    makes = {one.var: one.make for one in source.inputs if one.make}
    files = [
        f"{makes[name]}={shlex.quote(value)}" for name, value in given.items() if name in makes
    ]
    return commands | {"docs": _docs(before, named, files)}


def _docs(before: Sequence[str], named: Sequence[str], files: Sequence[str]) -> str:
    return " ".join([*before, "make docs", *named, *files])
