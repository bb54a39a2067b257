"""The look at vars and inputs before dbt parses the project, where dbt is started by itself.

It is the one of `make build`. It takes a second or two, so it is left out where neither vars nor
inputs have changed since it last found nothing: a digest of both lies next to the warehouse.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from footfall.adapter.inspection import check_build
from footfall.builds.configuration import project_variables
from footfall.builds.input_files import named_paths
from footfall.builds.sources import DEFAULT_SOURCE, picked_sources, sources, warehouse_file
from footfall.inspecting.inputs import files_of

#: Set by whoever has looked already, such as Make.
CHECKED = "FOOTFALL_INPUTS_ARE_CHECKED"


def early_problems(
    project: Path, given: Mapping[str, Any], profiles: Path | None = None
) -> list[str]:
    """Return what would stop a build, as far as vars and inputs show it.

    Parameters
    ----------
    project
        The folder of dbt_project.yml.
    given
        Vars of the command line.
    profiles
        The folder of profiles.yml; that of the project where none is given.
    """
    values = {**project_variables(project), **given}
    picked = [sources().get(name) for name in picked_sources(values.get("footfall_source"))]
    inputs = [one for source in picked if source is not None for one in source.inputs]
    if os.environ.get(CHECKED) or not inputs:
        return []
    database = Path(os.environ.get("FOOTFALL_DB") or project / warehouse_file(DEFAULT_SOURCE))
    note = database.with_name(f".{database.stem}.checked")
    digest = _digest(values, [values.get(one.var) for one in inputs], database.exists())
    if note.exists() and note.read_text(encoding="utf-8") == digest:
        return []
    chosen = {"footfall_source": values["footfall_source"]}
    is_own_profile = profiles is None or profiles.resolve() == project.resolve()
    problems = check_build(
        {**chosen, **given}, str(database), project, is_its_warehouse=is_own_profile
    )
    if not problems and database.parent.is_dir():
        note.write_text(digest, encoding="utf-8")
    return problems


def _digest(values: Mapping[str, Any], inputs: list[Any], is_built: bool) -> str:
    """Return what changes with a var, with a file of an input, and once there is a warehouse."""
    seen = []
    for value in inputs:
        for named in named_paths(value) if value else ():
            for file in files_of(str(named["path"])):
                found = os.stat(file)
                times = [found.st_mtime_ns, found.st_ctime_ns]
                seen.append([file, found.st_size, found.st_ino, *times])
    told = json.dumps([values, seen, is_built], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
