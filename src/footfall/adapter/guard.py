"""What is done before dbt reads the project: vars whose text would be run are refused.

Of a whole build, vars and inputs are looked at as well (see `early_check`).

dbt renders a text var each time that something asks for it, so what is between marks of Jinja
is run while models are parsed. The hooks of a run come too late, and most commands have none. dbt
makes its plugins once it knows the project and its vars, and before it parses anything.
"""

from pathlib import Path
from typing import Any

from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError

from footfall.builds.configuration import check_before_parsing, project_variables, stop_at
from footfall.builds.problems import BuildProblem
from footfall.core.private_files import keep_private

PROJECT_NAME = "footfall"


class Guard(dbtPlugin):
    """Stops every command of dbt whose vars could run something, and keeps its files private."""

    def initialize(self) -> None:
        """Judge the vars of the project file and of the command line.

        Raises
        ------
        DbtRuntimeError
            A var holds a mark of Jinja, or is not of its kind and no hook will see it.
        """
        # Other projects may be in the same environment.
        if self.project_name != PROJECT_NAME:
            return
        flags: Any = get_flags()
        project = Path(flags.PROJECT_DIR)
        keep_private(_written_before(project, Path(flags.LOG_PATH), flags.TARGET_PATH))
        given = flags.VARS or {}
        try:
            check_before_parsing({**project_variables(project), **given}, flags.WHICH)
            if flags.WHICH in ("build", "run") and not _selection(flags):
                # Other commands of dbt need nothing of what is imported here.
                from footfall.adapter.early_check import early_problems

                stop_at(early_problems(project, given, Path(flags.PROFILES_DIR)))
        except BuildProblem as problem:
            raise DbtRuntimeError(str(problem)) from problem


def _selection(flags: Any) -> list[Any]:
    """Return what a command of dbt selects or leaves out, if anything."""
    chosen = (getattr(flags, name, None) for name in ("SELECT", "EXCLUDE", "SELECTOR"))
    return [one for one in chosen if one]


def _written_before(project: Path, logs: Path, target: str | None) -> list[Path]:
    """Return what dbt has made by now: its log, and folders that nobody else keeps files in."""
    folder = project / (target or "target")
    found = [logs / "dbt.log"]
    if folder.resolve().is_relative_to(project.resolve()):
        found.append(folder)
    if logs.is_dir() and all(one.name.startswith("dbt.log") for one in logs.iterdir()):
        found.append(logs)
    return found
