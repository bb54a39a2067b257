"""Marks of Jinja in vars: dbt would run what a file name holds between them.

They are looked for in vars as they were written: of what dbt hands on, it has run them already.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_MARKS = ("{{", "{%", "{#")


def template_problems(variables: Mapping[str, Any]) -> list[str]:
    """Name every var that holds a mark of Jinja, however deep.

    dbt renders a text var each time that it is asked for, so what is between the marks would
    be run.

    Parameters
    ----------
    variables
        Vars by name, as YAML or JSON gives them.

    Returns
    -------
    list of str
        A message for each text with a mark; empty when there is none.
    """
    return [
        f"var '{name}' is '{text}': {mark} begins a template of dbt, and no value may hold it. "
        "Rename the file, or write the value in another way."
        for name, value in variables.items()
        for text in _texts(value)
        for mark in _MARKS
        if mark in text
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
