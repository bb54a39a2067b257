"""A program that a target of Make starts."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from footfall.commands.given import Given


@dataclass(frozen=True)
class Step:
    """One program with its arguments, and what its environment has in addition to ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def python(*arguments: str) -> Step:
    """Return the step that starts the Python of this environment."""
    return Step((sys.executable, *arguments))


def options_of(given: Given, *names: str) -> list[str]:
    """Return `--name=value` for each variable that was given."""
    return [word for name in names for word in given.option(f"--{name.lower()}", name)]
