"""YAML that people write: two equal keys are a mistake and not a choice."""

from typing import Any

import yaml

# Written in C, where there is one: many times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed_yaml(text: str) -> Any:
    """Return what a text of YAML holds that a program or a test keeps in order.

    Raises
    ------
    yaml.YAMLError
        It is no YAML; names the line.

    Examples
    --------
    >>> parsed_yaml("a: [1, two]")
    {'a': [1, 'two']}
    """
    return yaml.load(text, Loader=_LOADER)  # A safe one, in C or not.


def read_yaml(text: str) -> Any:
    """Return what a text of YAML holds.

    YAML itself would drop the first of two equal keys without a word.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, or a key occurs twice; names the line.

    Examples
    --------
    >>> read_yaml("a: 1")
    {'a': 1}
    """
    _refuse_repeated_keys(yaml.compose(text, yaml.SafeLoader))
    return yaml.safe_load(text)


def _refuse_repeated_keys(node: Any) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' occurs twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
            _refuse_repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value)
