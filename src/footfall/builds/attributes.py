"""The attributes of customers that groups are made of, as var `fairness_attributes` names them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

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

    Whether any customer has an attribute of a source is known only when customers are read.
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
