"""May a run add to the tables that are there? Only if they were built with the same settings.

Settings that shape incremental tables are noted, table by table, when one is built from the start.
A run with other settings would mix two shapes in one table, so it is stopped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from footfall.builds.configuration import stop_at
from footfall.builds.sources import absolute_path
from footfall.builds.variables import PROJECT_VARIABLES, path_variables, read_values

#: Noted in place of settings while a full refresh with other settings is under way.
UNFINISHED = "unfinished"


def shaping_settings(
    *,
    values: str,
    picked: Sequence[str],
    key: str,
    seeds: Mapping[str, str],
    storefront: str | None,
) -> dict[str, str]:
    """Return what shapes the incremental tables of a run, by name.

    Parameters
    ----------
    values
        Every var of the project with its value, as YAML.
    picked
        Names of the sources that are read.
    key
        Digest of the key that customer keys are made with.
    seeds
        Checksums of the seeds that events depend on, by the name of the seed.
    storefront
        Fingerprint of the simulated shop; None where it is not read.
    """
    read = read_values(values)
    found = {"footfall_source": ", ".join(sorted(picked)), "key": key}
    for name, variable in PROJECT_VARIABLES.items():
        if variable.shapes_tables:
            found[name] = str(read[name])
    for name, variable in path_variables().items():
        if variable.shapes_tables:
            found[name] = _file(read[name])
    found |= {f"seeds/{name}.csv": checksum[:12] for name, checksum in seeds.items()}
    if storefront is not None:
        found["storefront (the simulated shop)"] = storefront[:12]
    return found


def _file(path: Any) -> str:
    if isinstance(path, Mapping):
        return str({name: _file(each) for name, each in path.items()})
    if isinstance(path, list):
        return str([_file(each) for each in path])
    return absolute_path(path) if isinstance(path, str) else str(path)


def check_warehouse(
    *,
    shaping: Mapping[str, str],
    noted: Mapping[str, Mapping[str, str]],
    standing: Sequence[str],
    selected: Sequence[str],
    full_refresh: bool,
) -> dict[str, list[str]]:
    """Judge whether a run may go on, and say what is to be noted before it does.

    Parameters
    ----------
    shaping
        What this run builds with.
    noted
        What each table was built with, by the name of the table.
    standing
        Incremental models whose tables are there.
    selected
        Incremental models that this run is to build.
    full_refresh
        Whether it rebuilds the selected ones.

    Returns
    -------
    dict
        `fresh`, tables that are built with these settings from the start, and `unfinished`, those
        that a full refresh changes, so that the settings hold when it is over.

    Raises
    ------
    BuildProblem
        The run would add to a table of another shape; names what differs.
    """
    remade = set(selected) if full_refresh else set()
    problems = [
        problem
        for name in standing
        if name not in remade
        for problem in shape_problems(noted.get(name), shaping)
    ]
    stop_at(list(dict.fromkeys(problems)))
    there = set(standing)
    return {
        "fresh": [name for name in selected if name not in there],
        "unfinished": [
            name
            for name in selected
            if name in there and name in remade and shape_problems(noted.get(name), shaping)
        ],
    }


def shape_problems(noted: Mapping[str, str] | None, shaping: Mapping[str, str]) -> list[str]:
    """Say why a run may not add to a table; an empty list if it may.

    Parameters
    ----------
    noted
        What the table was built with; None where nobody noted it.
    shaping
        What this run builds with.
    """
    if noted is None:
        return [
            "It is not known what this warehouse was built with (an earlier version of the project "
            "did not note it): build everything once with --full-refresh."
        ]
    if UNFINISHED in noted:
        return [
            "A build with --full-refresh and other settings was broken off, and left some tables "
            "old and some new: build everything once more with --full-refresh."
        ]
    return [
        f"'{name}' was '{value}' when this warehouse was built and is '{shaping[name]}' now: build "
        "everything once with --full-refresh, or set FOOTFALL_DB to keep both."
        for name, value in noted.items()
        if name in shaping and shaping[name] != value
    ]
