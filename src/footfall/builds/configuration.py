"""Is a build configured so that it can work? Vars, sources and files, judged before it begins."""

import difflib
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from footfall.builds.attributes import attribute_problems, extra_problems, known_extras
from footfall.builds.experiments import experiment_problems
from footfall.builds.input_files import files_in, named_paths
from footfall.builds.problems import BuildProblem
from footfall.builds.sources import Input, sources, with_home
from footfall.builds.templates import template_problems
from footfall.builds.variables import read_values, variables
from footfall.core.yaml_files import parsed_yaml

#: Names that DuckDB keeps for databases of its own; a warehouse file must have another.
RESERVED_DATABASES = ("main", "temp", "system")
#: Commands of dbt that have the hook that calls `check_configuration` (macros/core).
_CHECKED_BY_A_HOOK = ("build", "run", "test", "seed", "snapshot")


def check_before_parsing(values: Mapping[str, Any], command: str) -> None:
    """Judge vars before dbt reads the project with them.

    Parameters
    ----------
    values
        Vars as they were written, unrendered, by name.
    command
        The command of dbt, such as build.

    Raises
    ------
    BuildProblem
        A text, however deep, holds a mark of Jinja; or a var is not of its kind, and no hook of
        this command will judge it.
    """
    problems = template_problems(values)
    if not problems and command not in _CHECKED_BY_A_HOOK:
        problems = kind_problems(values)
    stop_at(problems)


def check_configuration(
    *,
    values: str,
    given: Sequence[str],
    project_folder: str,
    picked: Sequence[str],
    staged: Sequence[str],
    database: str,
    experiments: Sequence[Mapping[str, str | None]] = (),
) -> None:
    """Judge everything that a user can set.

    Parameters
    ----------
    values
        Every var of the project with its value, as YAML.
    given
        Names of the vars of the command line.
    project_folder
        The folder of dbt_project.yml.
    picked
        Names of the sources that are to be read.
    staged
        Those whose files this run reads.
    database
        Name of the database of the warehouse.
    experiments
        Rows of the relation that var `experiments_relation` names, as texts.

    Raises
    ------
    BuildProblem
        Something is wrong: all problems in one message, each with the var and the fix.
    """
    read = read_values(values)
    stop_at(
        [
            *unknown_var_problems([*declared_variables(Path(project_folder)), *given]),
            *source_problems(read, picked, database),
            *file_problems(read, [name for name in staged if name in picked and name in sources()]),
            *value_problems(read),
            *_extra_problems(read, picked),
            *template_problems(read),
            *experiment_problems(
                Path(project_folder), read.get("experiments_relation"), experiments
            ),
        ]
    )


def stop_at(problems: Sequence[str]) -> None:
    """End the build if there are problems, with all of them in one message.

    Raises
    ------
    BuildProblem
        There is one.
    """
    if problems:
        raise BuildProblem(
            "\n  - ".join([f"Configuration check: {len(problems)} problem(s)", *problems])
        )


def project_variables(folder: Path) -> dict[str, Any]:
    """Return the vars that the dbt_project.yml of a folder sets, as they are written there."""
    project = parsed_yaml((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    declared: dict[str, Any] = dict(project.get("vars") or {})
    declared.update(declared.pop(project["name"], None) or {})
    return declared


def declared_variables(folder: Path) -> list[str]:
    """Return the names of the vars that the dbt_project.yml of a folder sets, sorted."""
    return sorted(project_variables(folder))


def unknown_var_problems(names: Sequence[str]) -> list[str]:
    """Name each var that the project does not know."""
    known = variables()
    return [
        f"var '{name}' is unknown{_like(name, known)}. The vars of the project are listed in "
        "dbt_project.yml, and paths of sources in src/footfall/builds/sources.yml: correct the "
        "name, or remove it."
        for name in dict.fromkeys(names)
        if name not in known
    ]


def _like(name: str, known: Mapping[str, Any]) -> str:
    return _meant(next(iter(difflib.get_close_matches(name, known, n=1)), None))


def source_problems(values: Mapping[str, Any], picked: Sequence[str], database: str) -> list[str]:
    """Say what is wrong with the picked sources, and with the name of the warehouse."""
    known = ", ".join(sources())
    problems = []
    if database in RESERVED_DATABASES:
        problems.append(
            f"the warehouse file is called '{database}', a name that DuckDB keeps for itself: "
            "set FOOTFALL_DB to a file of another name."
        )
    if not picked:
        problems.append(f"var 'footfall_source' is empty: name at least one of {known}.")
    for name in picked:
        if name in sources():
            problems += [
                _not_set(one, name)
                for one in sources()[name].inputs
                if one.forms and not values[one.var] and not values.get(one.replaced_by)
            ]
        else:
            problems.append(
                f"var 'footfall_source' names '{name}', which is no source. Use one or a list of: "
                f"{known}."
            )
    return problems


def _not_set(one: Input, source: str) -> str:
    replaced = f", or {one.replaced_by} to a relation of the warehouse" if one.replaced_by else ""
    what = "events" if one.replaced_by else "file"
    return (
        f"var '{one.var}' is not set, but footfall_source is '{source}': set it to the path of the "
        f"{what} ({one.forms}; with make: {one.make}=…){replaced}."
    )


def file_problems(values: Mapping[str, Any], staged: Sequence[str]) -> list[str]:
    """Name each file of a source that is to be read and is not there; addresses are not looked at.

    Parameters
    ----------
    values
        Values of the vars by name.
    staged
        Names of the sources that are to be read.
    """
    problems = []
    for source in staged:
        for one in sources()[source].inputs:
            if not values[one.var] or values.get(one.replaced_by):
                continue
            for named in named_paths(values[one.var]):
                path = str(named["path"])
                files = f"{path}/{one.contains}" if one.contains else path
                if "://" not in path and not is_there(files):
                    problems.append(no_file_problem(one.var, path, files))
    return problems


def is_file(path: str) -> bool:
    """Say whether a file has exactly this name, which may look like a pattern."""
    return with_home(path).is_file()


def is_there(pattern: str) -> bool:
    """Say whether a path, a pattern (`*`, `?`, `[…]`, `**`) or a folder names a file."""
    files = glob.iglob(str(with_home(pattern)), recursive=True)
    return is_file(pattern) or bool(files_in(pattern)) or any(map(is_file, files))


def no_file_problem(name: str, value: str, path: str) -> str:
    """Say that a var names a file which is not there: its value, and the path looked for."""
    if with_home(path).is_dir():
        return (
            f"var '{name}' names the folder '{value}', and there is no file to read in it: files "
            "and folders whose names begin with a dot or an underscore do not count."
        )
    return (
        f"var '{name}' names '{value}', and there is no file {path}. Paths are relative to the "
        "folder that dbt was started in."
    )


def value_problems(values: Mapping[str, Any]) -> list[str]:
    """Name each var of the wrong kind; where there is none, those that fit nothing else."""
    return kind_problems(values) or [
        *_contradictions(values),
        *attribute_problems(values["fairness_attributes"]),
    ]


def _extra_problems(values: Mapping[str, Any], picked: Sequence[str]) -> list[str]:
    """Name each attribute that the picked sources do not give, of vars of the right kind."""
    if kind_problems(values) or (known := known_extras(picked, values)) is None:
        return []
    return extra_problems(values["fairness_attributes"], known)


def kind_problems(values: Mapping[str, Any]) -> list[str]:
    """Name each var of the wrong kind, of those that are given."""
    return [
        f"var '{name}' is '{values[name]}': it takes {variable.kind.takes}"
        f"{_meant(variable.kind.like(values[name]))}."
        for name, variable in variables().items()
        if name in values and not variable.kind.accepts(values[name])
    ]


def _meant(name: str | None) -> str:
    return f" (is it '{name}'?)" if name else ""


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    def both(first: str, second: str) -> str:
        return (
            f"vars '{first}' ({values[first]}) and '{second}' ({values[second]}) contradict each "
            "other"
        )

    problems = []
    if values["session_max_minutes"] <= values["session_gap_minutes"]:
        problems.append(
            f"{both('session_max_minutes', 'session_gap_minutes')}: the longest session must be "
            "longer than the gap."
        )
    if values["lifecycle_lapsed_days"] <= values["lifecycle_at_risk_days"]:
        problems.append(
            f"{both('lifecycle_at_risk_days', 'lifecycle_lapsed_days')}: customers are at risk "
            "before they have lapsed."
        )
    if values["lifecycle_retained_order_days"] < 2:
        problems.append(
            "var 'lifecycle_retained_order_days' is "
            f"{values['lifecycle_retained_order_days']}: it takes 2 or more, because the first "
            "order day is conversion."
        )
    if values["lifecycle_loyal_orders"] <= values["lifecycle_retained_order_days"]:
        problems.append(
            f"{both('lifecycle_retained_order_days', 'lifecycle_loyal_orders')}: customers are "
            "retained before they are loyal, so set the first below the second."
        )
    if values["medium_risk_probability"] >= values["high_risk_probability"]:
        problems.append(
            f"{both('medium_risk_probability', 'high_risk_probability')}: medium must be below "
            "high."
        )
    return [
        *problems,
        *_clock_problems(values),
        *_event_name_problems(values["custom_event_names"] or {}),
    ]


def _clock_problems(values: Mapping[str, Any]) -> list[str]:
    if values["custom_times_without_offset_are"] != "shop":
        return []
    picked = values["footfall_source"]
    if "custom" not in ([picked] if isinstance(picked, str) else picked):
        return [
            "var 'custom_times_without_offset_are' is 'shop', and footfall_source is "
            f"'{picked}', whose layout says itself what its times mean: leave the var at null."
        ]
    if values["shop_time_zone"] == "UTC":
        return [
            "var 'custom_times_without_offset_are' is 'shop', and 'shop_time_zone' is 'UTC': name "
            "the zone of the shop's clocks there, such as Europe/Berlin."
        ]
    return []


def _event_name_problems(names: Mapping[str, str | None]) -> list[str]:
    # Names are compared trimmed and in lower case, so two spellings are one name.
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(name.strip().lower(), []).append(name)
    return [
        f"var 'custom_event_names' gives '{same[0]}' ({names[same[0]]}) and '{other}' "
        f"({names[other]}) different event types, and they are one name: case and blanks at the "
        "ends do not count. Keep one of them."
        for same in spellings.values()
        for other in same[1:]
        if names[other] != names[same[0]]
    ]
