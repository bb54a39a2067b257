"""Whether the definitions of experiments and of their metrics hold, judged before a build begins.

A definition is a row of `seeds/experiments.csv`, or of the relation that var `experiments_relation`
names. Lists are texts with semicolons between their entries.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

#: Metrics that every experiment has, each with the direction that is good.
METRICS: Mapping[str, str] = {
    "converted": "increase",
    "orders": "increase",
    "net_amount": "increase",
    "amount_per_order": "increase",
    "sessions": "increase",
    "refunds": "decrease",
    "days_to_order": "decrease",
}
#: Those that are quotients of two others.
_RATIOS = frozenset({"amount_per_order"})
_DIRECTIONS = ("increase", "decrease")
_UNITS = ("customer", "visitor")
_MEASURES = ("any", "count", "amount", "quantity")
_REQUIRED = ("experiment", "unit", "arms", "control", "starts_on", "ends_on")
_OPTIONAL = (
    "designed_shares",
    "looks",
    "outcome_days",
    "planned_units",
    "primary_metric",
    "direction",
    "guardrails",
)
_METRIC_COLUMNS = ("metric", "event_type", "measure", "per_metric", "direction")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SEEDS = "seeds/experiments.csv", "seeds/experiment_metrics.csv"

Row = Mapping[str, str | None]


def experiment_columns() -> dict[str, list[str]]:
    """Return the columns of a definition: those that must be there, and the others."""
    return {"required": list(_REQUIRED), "optional": list(_OPTIONAL)}


def experiment_problems(
    project: Path, relation: str | None = None, rows: Sequence[Row] = ()
) -> list[str]:
    """Say what is wrong with the experiments that a build is to read.

    Parameters
    ----------
    project
        The folder of dbt_project.yml, which holds the seeds.
    relation
        Name of the relation that holds the definitions in place of the seed.
    rows
        Its rows, as texts.

    Returns
    -------
    list
        A sentence for each fault, with file or relation, row, column and fix.
    """
    metrics_file, event_types = project / _SEEDS[1], project / "seeds/event_types.csv"
    problems: list[str] = []
    metric_rows: list[dict[str, str]] = []
    if metrics_file.is_file():
        names, metric_rows = _read(metrics_file)
        problems += _missing_columns(_SEEDS[1], names, _METRIC_COLUMNS)
        if not problems and event_types.is_file():
            types = {row["event_type"] for row in _read(event_types)[1]}
            problems += metric_problems(metric_rows, types)
    known = {**METRICS, **{row.get("metric", ""): "" for row in metric_rows}}
    if relation:
        problems += definition_problems(rows, relation, known)
    elif (project / _SEEDS[0]).is_file():
        names, given = _read(project / _SEEDS[0])
        missing = _missing_columns(_SEEDS[0], names, (*_REQUIRED, *_OPTIONAL))
        problems += missing or definition_problems(given, _SEEDS[0], known)
    return problems


def metric_problems(rows: Sequence[Row], event_types: Iterable[str]) -> list[str]:
    """Say what is wrong with metrics that a user declares; see `experiment_problems`."""
    problems: list[str] = []
    types = sorted(event_types)
    declared = [_text(row, "metric") for row in rows]
    totals = (set(METRICS) - _RATIOS - {"days_to_order"}) | {
        _text(row, "metric") for row in rows if not _text(row, "per_metric")
    }
    for number, row in enumerate(rows, start=2):
        say = _Speaker(_SEEDS[1], number, row, problems)
        name = _text(row, "metric")
        if not _NAME.fullmatch(name):
            say("metric", "takes a name of small letters, digits and underscores")
        elif name in METRICS or declared.index(name) < number - 2:
            say("metric", "is taken by another metric: choose another name")
        if _text(row, "event_type") not in types:
            say("event_type", f"is no event type of seeds/event_types.csv: {', '.join(types)}")
        say.unless_one_of("measure", _MEASURES)
        say.unless_one_of("direction", _DIRECTIONS)
        per = _text(row, "per_metric")
        if per and (per not in totals or per == name):
            say("per_metric", f"takes a metric that adds up: {', '.join(sorted(totals - {name}))}")
    return problems


def definition_problems(
    rows: Sequence[Row], where: str, metrics: Iterable[str] = tuple(METRICS)
) -> list[str]:
    """Say what is wrong with definitions; see `experiment_problems`.

    Parameters
    ----------
    rows
        Definitions, values as texts.
    where
        File or relation that they are from.
    metrics
        Names of all metrics.

    Examples
    --------
    >>> row = dict(experiment="a", unit="visitor", arms="off;on", designed_shares="0.5;0.4",
    ...            control="off", starts_on="2026-01-01", ends_on="2026-02-01")
    >>> definition_problems([row], "seeds/experiments.csv")[0][:74]
    "seeds/experiments.csv, row 2, column 'designed_shares': '0.5;0.4' sums to "
    """
    problems: list[str] = []
    names = [_text(row, "experiment") for row in rows]
    known = sorted(metrics)
    # A file begins with its header, a relation with a row.
    first = 2 if where in _SEEDS else 1
    for number, row in enumerate(rows, start=first):
        say = _Speaker(where, number, row, problems)
        name = names[number - first]
        if not name:
            say("experiment", "is needed: write the name that the exposures have")
        elif names.index(name) < number - first:
            say("experiment", f"is also in row {names.index(name) + first}: keep one row")
        say.unless_one_of("unit", _UNITS)
        _judge_arms(row, say)
        _judge_dates(row, say)
        if _text(row, "outcome_days") and not _is_whole(_text(row, "outcome_days")):
            say("outcome_days", "takes a number of days, 1 or more, or nothing")
        if _text(row, "planned_units") and not _is_whole(_text(row, "planned_units")):
            say(
                "planned_units",
                "takes how many units of all arms are planned, 1 or more, or nothing",
            )
        if _text(row, "primary_metric") and _text(row, "primary_metric") not in known:
            say("primary_metric", f"is no metric: there are {', '.join(known)}")
        if _text(row, "direction"):
            say.unless_one_of("direction", _DIRECTIONS)
        _judge_guardrails(row, say, known)
    return problems


def _judge_arms(row: Row, say: "_Speaker") -> None:
    arms = _list(row, "arms")
    if len(arms) < 2 or len(set(arms)) < len(arms) or "" in arms:
        say("arms", "takes two or more different names, such as control;treatment")
        return
    if _text(row, "control") not in arms:
        say("control", f"is none of the arms: {', '.join(arms)}")
    shares = _list(row, "designed_shares")
    if not shares:
        return
    numbers = [_number(share) for share in shares]
    if len(shares) != len(arms) or not all(number and number > 0 for number in numbers):
        say("designed_shares", f"takes a number above 0 for each of the {len(arms)} arms, or none")
    elif abs((total := sum(number or 0 for number in numbers)) - 1) > 1e-6:
        say("designed_shares", f"sums to {total:g}: shares of all arms sum to 1")


def _judge_dates(row: Row, say: "_Speaker") -> None:
    days = {name: _day(_text(row, name)) for name in ("starts_on", "ends_on")}
    for name, day in days.items():
        if day is None:
            say(name, "takes a day such as 2026-02-28")
    starts_on, ends_on = days["starts_on"], days["ends_on"]
    if starts_on and ends_on and ends_on <= starts_on:
        say("ends_on", f"is not after starts_on ({starts_on}): it is the last day of the test")
    looks = _list(row, "looks")
    if not looks or (len(looks) == 1 and _is_whole(looks[0])):
        return
    read = [_day(look) for look in looks]
    dated = [day for day in read if day is not None]
    if len(dated) < len(read) or sorted(set(dated)) != dated:
        say(
            "looks",
            "takes a number of looks, 1 or more, or days in their order, such as "
            "2026-03-01;2026-04-01",
        )
    elif starts_on and dated[0] <= starts_on:
        say("looks", f"begins before the test does ({starts_on})")


def _judge_guardrails(row: Row, say: "_Speaker", known: Sequence[str]) -> None:
    named = []
    for entry in _list(row, "guardrails"):
        metric, _, margin = entry.partition(":")
        named.append(metric.strip())
        number = _number(margin)
        if metric.strip() not in known:
            say(
                "guardrails",
                f"names '{metric.strip()}', which is no metric: there are {', '.join(known)}",
            )
        elif number is None or number < 0:
            say(
                "guardrails",
                f"takes a margin of 0 or more for '{metric.strip()}', a share of the "
                f"control's mean, such as {metric.strip()}:0.05",
            )
    if len(set(named)) < len(named):
        say("guardrails", "names a metric twice: keep one margin")
    if _text(row, "primary_metric") in named:
        say("guardrails", "holds the primary metric, which cannot guard itself")


class _Speaker:
    """Adds problems of one row to a list."""

    def __init__(self, where: str, number: int, row: Row, problems: list[str]) -> None:
        self._where, self._number, self._row, self._problems = where, number, row, problems

    def __call__(self, column: str, what: str) -> None:
        self._problems.append(
            f"{self._where}, row {self._number}, column '{column}': "
            f"'{_text(self._row, column)}' {what}."
        )

    def unless_one_of(self, column: str, words: Sequence[str]) -> None:
        """Say which words a column takes, where it holds another."""
        if _text(self._row, column) not in words:
            self(column, f"is none of {', '.join(words)}")


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
    return list(reader.fieldnames or ()), rows


def _missing_columns(where: str, names: Sequence[str], needed: Sequence[str]) -> list[str]:
    missing = [name for name in needed if name not in names]
    return [f"{where} lacks the column(s) {', '.join(missing)}: add them."] if missing else []


def _text(row: Row, column: str) -> str:
    return (row.get(column) or "").strip()


def _list(row: Row, column: str) -> list[str]:
    text = _text(row, column)
    return [part.strip() for part in text.split(";")] if text else []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-02-28") else None
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) > 0
