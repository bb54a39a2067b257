"""The questions that macros ask: each by its name, and the function of `footfall.builds` behind it.

`ask_program(question, details)` in Jinja is a call of the function with `details` as its keyword
arguments. Question, details and answer travel as JSON.
"""

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from footfall.builds.configuration import check_configuration, is_file, no_file_problem
from footfall.builds.problems import BuildProblem
from footfall.builds.shortfall import describe_shortfall
from footfall.builds.sources import docs_command, source_names, source_vars
from footfall.builds.variables import var_names
from footfall.builds.warehouse import check_warehouse, shaping_settings

QUESTIONS: Mapping[str, Callable[..., Any]] = {
    "check_configuration": check_configuration,
    "check_warehouse": check_warehouse,
    "describe_shortfall": describe_shortfall,
    "docs_command": docs_command,
    "is_file": is_file,
    "no_file_problem": no_file_problem,
    "shaping_settings": shaping_settings,
    "source_names": source_names,
    "source_vars": source_vars,
    "var_names": var_names,
}


def ask(question: str, details: str) -> str:
    """Answer a question.

    It never raises: DuckDB, which stands between the macro and this function, would show its user
    the stack of calls. The macro raises in its place.

    Parameters
    ----------
    question
        One of `QUESTIONS`.
    details
        JSON object with the arguments of the function by name.

    Returns
    -------
    str
        JSON object with `answer`, what the function returned, or else with `problem`, a message.
    """
    try:
        return json.dumps({"answer": QUESTIONS[question](**json.loads(details))})
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
