"""Mapping files: vars that say how a shop of one's own is read, so that no tracked file changes.

A mapping has a warehouse and a publication of its own, which are named after it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from footfall.builds.configuration import RESERVED_DATABASES, kind_problems, unknown_var_problems
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import DEFAULT_WAREHOUSE, absolute_path, sources, with_home
from footfall.builds.templates import template_problems
from footfall.builds.variables import path_variables
from footfall.core.yaml_files import read_yaml

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class ShopMapping:
    """A mapping file that was read.

    Attributes
    ----------
    path
        The file.
    variables
        Vars by name. Paths hold from any folder.
    """

    path: Path
    variables: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What warehouse and publication are called."""
        return self.path.stem

    @property
    def warehouse(self) -> str:
        """The warehouse file, relative to the project."""
        return f"warehouse/{self.name}.duckdb"


def read_mapping(path: str) -> ShopMapping:
    """Read a mapping file.

    Parameters
    ----------
    path
        The file. Paths in it are relative to its folder.

    Raises
    ------
    BuildProblem
        There is no such file, its name cannot name a warehouse, it is no YAML dictionary, or a var
        is unknown or of the wrong kind; all problems in one message.
    """
    file = with_home(path)
    if not file.is_file():
        raise BuildProblem(
            f"MAPPING is '{path}', and there is no such file: `make inspect FILE=… "
            "OUT=my_shop.yml` writes one."
        )
    _check_name(file)
    try:
        read = read_yaml(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BuildProblem(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(name, str) for name in read):
        raise BuildProblem(
            f"{path} is no dictionary of vars: write lines such as `custom_events_path: events.csv`"
            "."
        )
    problems = [
        *unknown_var_problems(list(read)),
        *kind_problems(read),
        *template_problems(read),
    ]
    if problems:
        raise BuildProblem("\n  - ".join([f"{path}: {len(problems)} problem(s)", *problems]))
    folder = file.absolute().parent
    paths = path_variables()
    return ShopMapping(
        file,
        {
            name: _from_anywhere(value, folder) if name in paths else value
            for name, value in read.items()
        },
    )


def _check_name(file: Path) -> None:
    name = file.stem
    taken = {DEFAULT_WAREHOUSE, *sources(), *RESERVED_DATABASES}
    if not _NAME.fullmatch(name) or name.lower() in taken:
        why = (
            "which is the name of another warehouse"
            if name.lower() in taken
            else "and takes letters, digits and underscores"
        )
        raise BuildProblem(
            f"MAPPING is '{file}': its name names the warehouse, {why}. Rename it, for instance to "
            "my_shop.yml."
        )


def _from_anywhere(paths: Any, folder: Path) -> Any:
    """Return paths, however they are nested, as they are found from any folder."""
    if isinstance(paths, dict):
        return {name: _from_anywhere(each, folder) for name, each in paths.items()}
    if isinstance(paths, list):
        return [_from_anywhere(each, folder) for each in paths]
    if not isinstance(paths, str) or not paths or "://" in paths:
        return paths
    return absolute_path(str(folder / with_home(paths)))
