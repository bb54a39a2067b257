"""The questions that macros ask: each by its name, and the function of `footfall.builds` behind it.

`ask_program(question, details)` in Jinja is a call of the function with `details` as its keyword
arguments. Question, details and answer travel as JSON.
"""

import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from footfall.adapter.code import tables_fingerprint
from footfall.builds import versions
from footfall.builds.attributes import refuse_unknown_attributes
from footfall.builds.configuration import check_configuration, is_file, no_file_problem
from footfall.builds.experiments import experiment_columns
from footfall.builds.failures import describe_failure
from footfall.builds.formats import decide_formats, decided_formats, refuse_undecided
from footfall.builds.input_files import files_by_kind, files_in, named_paths
from footfall.builds.lacking import lacking_files
from footfall.builds.make_commands import make_commands
from footfall.builds.nodes import Node
from footfall.builds.problems import BuildProblem
from footfall.builds.records import refuse_changed_records
from footfall.builds.rejections import broken_sources, check_rejections
from footfall.builds.snowplow import snowplow_layout, snowplow_tables
from footfall.builds.sources import (
    event_sources,
    event_vars,
    restated_sources,
    source_names,
    source_vars,
)
from footfall.builds.summary import describe_build
from footfall.builds.variables import var_names
from footfall.builds.warehouse import check_warehouse, shaping_settings
from footfall.builds.zones import letters_of_zone
from footfall.inspecting.segment import describe_columns, segment_kind, segment_tables

# The run that this process is at, by dbt's name for it: dbt runs one at a time.
_runs: dict[str, versions.TableVersions] = {}
# Its nodes as macros described them when it began.
_described: dict[str, list[dict[str, Any]]] = {}


def _begin_run(run_id: str, project: str, nodes: list[dict[str, Any]], **details: Any) -> None:
    _runs.clear()
    _described.clear()
    code = tables_fingerprint(Path(project))
    _runs[run_id] = versions.begin(run_id=run_id, code=code, nodes=nodes, **details)
    _described[run_id] = nodes


def _is_current(run_id: str, unique_id: str) -> bool:
    return _runs[run_id].is_current(unique_id)


def _is_test_current(run_id: str, unique_id: str, text: str) -> bool:
    return _runs[run_id].is_test_current(unique_id, text)


def _note_made(run_id: str, unique_id: str, **seen: Any) -> dict[str, str | None]:
    return _runs[run_id].note_made(unique_id, **seen)


def _tests_noted(run_id: str, statuses: Mapping[str, str]) -> Mapping[str, Any]:
    return _runs[run_id].tests_noted(statuses)


def _has_tombstones() -> bool:
    # The plugin answers for a build; an inspection, which takes nothing in, looks at all rows.
    return False


def _erasures() -> list[dict[str, Any]]:
    # As above: the plugin reads the journal.
    return []


QUESTIONS: Mapping[str, Callable[..., Any]] = {
    "begin_run": _begin_run,
    "broken_sources": broken_sources,
    "check_configuration": check_configuration,
    "check_rejections": check_rejections,
    "check_warehouse": check_warehouse,
    "decide_formats": decide_formats,
    "decided_formats": decided_formats,
    "describe_build": describe_build,
    "describe_columns": describe_columns,
    "describe_failure": describe_failure,
    "erasures": _erasures,
    "event_sources": event_sources,
    "event_vars": event_vars,
    "experiment_columns": experiment_columns,
    "files_by_kind": files_by_kind,
    "files_in": files_in,
    "has_tombstones": _has_tombstones,
    "is_current": _is_current,
    "is_file": is_file,
    "is_test_current": _is_test_current,
    "lacking_files": lacking_files,
    "letters_of_zone": letters_of_zone,
    "make_commands": make_commands,
    "no_file_problem": no_file_problem,
    "named_paths": named_paths,
    "note_made": _note_made,
    "refuse_changed_records": refuse_changed_records,
    "refuse_undecided": refuse_undecided,
    "refuse_unknown_attributes": refuse_unknown_attributes,
    "restated_sources": restated_sources,
    "segment_kind": segment_kind,
    "segment_tables": segment_tables,
    "shaping_settings": shaping_settings,
    "snowplow_layout": snowplow_layout,
    "snowplow_tables": snowplow_tables,
    "source_names": source_names,
    "source_vars": source_vars,
    "tests_noted": _tests_noted,
    "var_names": var_names,
}


def nodes_of_run(run_id: str) -> Iterable[Node]:
    """Return the nodes of the project; none where the run did not begin with a build in mind."""
    return _runs[run_id].nodes.values() if run_id in _runs else ()


def described_in_run(run_id: str) -> Iterable[Mapping[str, Any]]:
    """Return the same nodes as macros described them, with what a publication says of marts."""
    return _described.get(run_id, ())


def ask(question: str, details: str, **more: Callable[..., Any]) -> str:
    """Answer a question.

    It never raises: DuckDB, which stands between the macro and this function, would show its user
    the stack of calls. The macro raises in its place.

    Parameters
    ----------
    question
        One of `QUESTIONS`.
    details
        JSON object with the arguments of the function by name.
    more
        Functions by the names of questions that only an open connection can answer.

    Returns
    -------
    str
        JSON object with `answer`, what the function returned, or else with `problem`, a message.
    """
    try:
        answer = {**QUESTIONS, **more}[question](**json.loads(details))
        return json.dumps({"answer": answer})
    except BuildProblem as problem:
        return json.dumps({"problem": str(problem)})
    except Exception as error:
        # A mistake of the project's own: the message says where it is.
        place = traceback.extract_tb(error.__traceback__)[-1]
        return json.dumps(
            {
                "problem": f"The project could not answer '{question}':"
                f" {type(error).__name__}: {error} ({place.filename}:{place.lineno})"
            }
        )


def is_answered(answer: str) -> bool:
    """Return whether `ask` has found an answer, and no problem."""
    return "problem" not in json.loads(answer)
