"""How the dates and numbers of a text column are written: decided by its values, never guessed.

`02/01/2010` is a day of January or of February, and `1.234` is little more than one or more than a
thousand. Within a column one reading holds for all values, so each value that allows only one of
them decides for the others. A column without such a value is refused, and so is one whose values
contradict each other, or contradict what the warehouse was built with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from footfall.builds.problems import BuildProblem

TIMES = "times"
NUMBERS = "numbers"
#: The readings of each kind of column. A value counts for reading number n if bit n of its mask is
#: set (macros/staging/formats.sql).
READINGS: Mapping[str, tuple[str, ...]] = {
    TIMES: ("day_first", "month_first", "year_first"),
    NUMBERS: ("decimal_point", "decimal_comma"),
}
_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(.*)", re.DOTALL)
# Two digits of a year from here on are of the 20th century, as POSIX has it.
_FIRST_OF_LAST_CENTURY = 69


@dataclass(frozen=True)
class TextColumn:
    """A text column that holds times or numbers.

    Attributes
    ----------
    name
        Name in the contract of the table, such as event_at.
    column
        Name in the input.
    kind
        `TIMES` or `NUMBERS`.
    counts
        Number of values by mask: the sum of the readings that fit them, of the first 1, of the
        second 2, of the third 4. Values that only one thing can mean, or that mean nothing, are not
        among them.
    """

    name: str
    column: str
    kind: str
    counts: Mapping[int, int]

    @property
    def fitting(self) -> list[str]:
        """Readings that fit every value, in the order of `READINGS`; all where there is none."""
        return [
            reading
            for place, reading in enumerate(READINGS[self.kind])
            if all(mask >> place & 1 for mask in self.counts)
        ]

    def count_only(self, reading: str) -> int:
        """Count the values that have this reading and no other."""
        return self.counts.get(1 << READINGS[self.kind].index(reading), 0)


# What a run has decided, by table; a process is at one run at a time.
_decided: dict[str, dict[str, dict[str, str]]] = {}


def decide_formats(
    *,
    run_id: str,
    table: str,
    known: Sequence[str],
    columns: Sequence[Mapping[str, str]],
    counts: Sequence[Sequence[str]],
    chosen: Mapping[str, str],
    noted: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """Decide how the text columns of a table are written.

    Parameters
    ----------
    run_id
        dbt's id of the run.
    table
        Source and table, such as custom.events.
    known
        Names of all columns of the table that may hold times or numbers.
    columns
        Those that are texts: `name`, `column` and `kind` of `TextColumn`.
    counts
        Name, mask and number of values, as texts.
    chosen
        Formats by name that var column_formats sets.
    noted
        Formats by name that the warehouse was built with.

    Returns
    -------
    dict
        `formats` by name, and `undecided`, the names of columns in the input by name, of those
        that no value decides.

    Raises
    ------
    BuildProblem
        A column contradicts itself, or what the warehouse was built with.

    Examples
    --------
    >>> decide_formats(
    ...     run_id="1", table="custom.events", known=["event_at", "amount"],
    ...     columns=[
    ...         {"name": "event_at", "column": "Datum", "kind": "times"},
    ...         {"name": "amount", "column": "Betrag", "kind": "numbers"},
    ...     ],
    ...     counts=[["event_at", "3", "9"], ["event_at", "1", "12"], ["amount", "3", "1"]],
    ...     chosen={}, noted={},
    ... )
    {'formats': {'event_at': 'day_first'}, 'undecided': {'amount': 'Betrag'}}
    """
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise BuildProblem(
            f"var 'column_formats' names '{unknown[0]}' of {table}, which is not one of its columns"
            f" of times and numbers: {', '.join(known)}."
        )
    formats: dict[str, str] = {}
    undecided: dict[str, str] = {}
    problems = []
    for one in columns:
        own = {int(mask): int(count) for name, mask, count in counts if name == one["name"]}
        column = TextColumn(one["name"], one["column"], one["kind"], own)
        held = noted.get(column.name)
        picked = chosen.get(column.name)
        problem = (
            _kind_problem(table, column, picked)
            or _changed_problem(table, column, picked, held)
            or (None if picked else _contradiction(table, column, held))
        )
        if problem:
            problems.append(problem)
        elif picked or held:
            formats[column.name] = str(picked or held)
        elif column.counts and len(column.fitting) == 1:
            formats[column.name] = column.fitting[0]
        elif column.counts:
            undecided[column.name] = column.column
    if problems:
        raise BuildProblem("\n".join(problems))
    if not undecided:
        # Of a run that is over nothing is needed.
        for other in [other for other in _decided if other != run_id]:
            del _decided[other]
        _decided.setdefault(run_id, {})[table] = formats
    return {"formats": formats, "undecided": undecided}


def decided_formats(run_id: str) -> Mapping[str, Mapping[str, str]]:
    """Return the formats that a run has decided, by table and column."""
    return _decided.get(run_id, {})


def refuse_undecided(
    *, table: str, columns: Sequence[Mapping[str, str]], examples: Mapping[str, Sequence[str]]
) -> None:
    """Stop at columns that no value decides.

    Parameters
    ----------
    table
        Source and table, such as custom.events.
    columns
        As `decide_formats` takes them.
    examples
        The first values that can be read in several ways, by the name of the column.

    Raises
    ------
    BuildProblem
        Always: names each column with its values, their readings and the var to set.
    """
    lines = []
    for one in columns:
        if one["name"] not in examples:
            continue
        values = list(examples[one["name"]])
        lines.append(
            f"Column '{one['column']}' of {table} can be read in several ways, and no value of it"
            f" says which is meant: {', '.join(values)}"
        )
        readings = {
            reading: [shown(value, reading) for value in values]
            for reading in READINGS[one["kind"]]
        }
        possible = {name: texts for name, texts in readings.items() if None not in texts}
        lines += [
            f"  {name}: {', '.join(text for text in texts if text)}"
            for name, texts in possible.items()
        ]
        first = next(iter(possible), READINGS[one["kind"]][0])
        lines.append(f"  Say which: {_advice(table, one['name'], first)}.")
    raise BuildProblem("\n".join(lines))


def shown(value: str, reading: str) -> str | None:
    """Return what a value means in one reading, for people; None where it means nothing.

    Examples
    --------
    >>> shown("02/01/2010 07:45", "day_first"), shown("02/01/2010", "month_first")
    ('2010-01-02 07:45', '2010-02-01')
    >>> shown("1.234", "decimal_comma"), shown("1.234", "decimal_point")
    ('1234', '1.234')
    """
    if reading == "decimal_point":
        return re.sub(r"[^\d.]", "", value)
    if reading == "decimal_comma":
        return re.sub(r"[^\d,]", "", value).replace(",", ".")
    found = _DATE.match(value)
    if found is None:
        return None
    first, second, third, rest = found.groups()
    day, month, year = {
        "day_first": (first, second, third),
        "month_first": (second, first, third),
        "year_first": (third, second, first),
    }[reading]
    if len(year) == 2:
        year = f"{19 if int(year) >= _FIRST_OF_LAST_CENTURY else 20}{year}"
    if len(year) != 4 or int(month) > 12 or int(day) > 31:
        return None
    return f"{year}-{int(month):02}-{int(day):02}{rest}"


def is_format(value: object) -> bool:
    """Say whether var column_formats may hold this value: a reading, or a pattern of strptime."""
    return isinstance(value, str) and (
        "%" in value or any(value in readings for readings in READINGS.values())
    )


def _advice(table: str, name: str, reading: str) -> str:
    return f"var column_formats, such as {{{table}: {{{name}: {reading}}}}}"


def _kind_problem(table: str, column: TextColumn, picked: str | None) -> str | None:
    allowed = READINGS[column.kind]
    is_pattern = picked is not None and "%" in picked and column.kind == TIMES
    if picked is None or picked in allowed or is_pattern:
        return None
    more = ", or a pattern such as '%d.%m.%Y %H:%M'" if column.kind == TIMES else ""
    return (
        f"var 'column_formats' has '{picked}' for {column.name} of {table}, a column of"
        f" {column.kind}: it takes {', '.join(allowed)}{more}."
    )


def _changed_problem(
    table: str, column: TextColumn, picked: str | None, held: str | None
) -> str | None:
    if picked is None or held is None or picked == held:
        return None
    return (
        f"var 'column_formats' has '{picked}' for {column.name} of {table}, and the warehouse was"
        f" built with '{held}': build everything once with --full-refresh, or set it to '{held}'."
    )


def _contradiction(table: str, column: TextColumn, held: str | None) -> str | None:
    fitting = column.fitting
    if held in fitting or (held is None and fitting):
        return None
    if held is not None and held not in READINGS[column.kind]:
        return None  # A pattern of the user's: values that it does not fit are rejected.
    seen = {name: column.count_only(name) for name in READINGS[column.kind]}
    numbers = ", ".join(
        f"{count:,} value{'s' if count > 1 else ''} can only be {name}"
        for name, count in seen.items()
        if count
    )
    if held is None:
        return (
            f"Column '{column.column}' of {table} is written in several ways: {numbers}. Correct"
            " the files, or say how it is to be read, and the other values are rejected:"
            f" {_advice(table, column.name, max(seen, key=lambda name: seen[name]))}."
        )
    return (
        f"Column '{column.column}' of {table} is read as {held} in this warehouse, and"
        f" {numbers or 'new values do not allow that'}. If the new files are right about all"
        " values, build once with --full-refresh. If not, correct them, or keep the reading, and"
        f" values that do not fit are rejected: {_advice(table, column.name, held)}."
    )
