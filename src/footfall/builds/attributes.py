"""The attributes of customers that groups are made of, as var `fairness_attributes` names them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from footfall.builds.problems import BuildProblem
from footfall.builds.sources import sources

#: What every customer may have: columns of `int_customers`, and the band of the year of birth.
COLUMNS = (
    "country",
    "gender",
    "age_band",
    "birth_year",
    "acquisition_channel",
    "has_marketing_consent",
    "source",
)
#: What stands before the name of an attribute that only a source has.
EXTRA = "attributes."
_VAR = "fairness_attributes"


def attribute_problems(names: Sequence[str]) -> list[str]:
    """Name each attribute that customers cannot have, and each that is there twice.

    Which attributes a source gives is judged by :func:`extra_problems`.
    """
    problems = []
    for name in dict.fromkeys(names):
        if name.startswith(EXTRA):
            key = name.removeprefix(EXTRA)
            if not key or any(mark in key for mark in '"\\') or not key.isprintable():
                problems.append(
                    f"var '{_VAR}' names '{name}': after {EXTRA} comes the name of an attribute, "
                    "without quotes and backslashes."
                )
        elif name not in COLUMNS:
            near = next(iter(difflib.get_close_matches(name, COLUMNS, n=1)), None)
            meant = f" (is it '{near}'?)" if near else ""
            problems.append(
                f"var '{_VAR}' names '{name}', which is no column of customers{meant}: use one of "
                f"{', '.join(COLUMNS)}, or {EXTRA}{name} for an attribute of your source."
            )
        if list(names).count(name) > 1:
            problems.append(f"var '{_VAR}' names '{name}' twice: name it once.")
    return problems


def known_extras(picked: Sequence[str], values: Mapping[str, Any]) -> list[str] | None:
    """Return the attributes that the picked sources give to customers, without the prefix.

    Parameters
    ----------
    picked
        Names of sources.
    values
        Vars by name.

    Returns
    -------
    None where only the rows of customers say which there are.
    """
    found: set[str] = set()
    for source in (sources()[name] for name in picked if name in sources()):
        if any(values.get(name) for name in source.attributes_are_in):
            return None
        found |= {*source.attributes, *(values.get(source.attributes_var) or ())}
    return sorted(found)


def extra_problems(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """Name each attribute of a source that no customer has.

    Parameters
    ----------
    names
        Var `fairness_attributes`.
    known
        The attributes that there are, without the prefix.
    """
    there = [EXTRA + name for name in sorted(known)]
    lacking = [name for name in names if name.startswith(EXTRA) and name not in there]
    problems = []
    for name in dict.fromkeys(lacking):
        near = next(iter(difflib.get_close_matches(name, there, n=1, cutoff=0.8)), None)
        meant = f" (is it '{near}'?)" if near else ""
        listed = ", ".join(there) or "none"
        problems.append(
            f"var '{_VAR}' names '{name}', which no customer has{meant}: the attributes of this "
            f"source are {listed}, and the columns of every customer {', '.join(COLUMNS)}. "
            "Correct the name, or remove it."
        )
    return problems


def refuse_unknown_attributes(names: Sequence[str], known: Iterable[str]) -> None:
    """Stop where var `fairness_attributes` names what no customer has.

    Raises
    ------
    BuildProblem
        The message names each of them, and the attributes that there are.
    """
    problems = extra_problems(names, known)
    if problems:
        raise BuildProblem("\n".join(problems))
