"""Rules that people write: a name, up to three conditions on features, and points."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from footfall.core.arrays import Array, FloatArray

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "<>": operator.ne,
}
_CONDITIONS = (1, 2, 3)
#: Points at which half of the score is reached.
_HALF = 50.0


@dataclass(frozen=True)
class Condition:
    """A feature compared with a value; what is unknown does not hold."""

    feature: str
    operator: str
    value: float


@dataclass(frozen=True)
class Rule:
    """Conditions that must all hold, and the points that they are worth."""

    name: str
    conditions: tuple[Condition, ...]
    points: float


@dataclass(frozen=True)
class RuleHits:
    """Which rules hold for which attempts.

    Attributes
    ----------
    rules
        In the order of the columns.
    hits
        bool [attempts, rules].
    """

    rules: tuple[Rule, ...]
    hits: Array

    @property
    def points(self) -> FloatArray:
        """Return the points of the rules that hold, [attempts]."""
        worth = np.array([rule.points for rule in self.rules], dtype=np.float64)
        total: FloatArray = self.hits.astype(np.float64) @ worth
        return total

    @property
    def score(self) -> FloatArray:
        """Return the points as a level from 0 to below 1, [attempts]."""
        points = self.points
        level: FloatArray = points / (points + _HALF)
        return level

    def names(self) -> list[str | None]:
        """Return the names of the rules that hold, those worth most first; None where none does."""
        order = sorted(
            range(len(self.rules)), key=lambda at: (-self.rules[at].points, self.rules[at].name)
        )
        named = np.array([self.rules[at].name for at in order], dtype=object)
        return [",".join(named[row]) or None for row in self.hits[:, order]]


def read_rules(table: pa.Table, features: list[str]) -> tuple[Rule, ...]:
    """Read `fraud_rules`, the active rows of it.

    Parameters
    ----------
    table
        Rows of the seed.
    features
        Names that conditions may use: the columns of `int_risk_features`.

    Raises
    ------
    ValueError
        When a row cannot be used; the message names the rule, the column and what is allowed.
    """
    rules: list[Rule] = []
    for place, row in enumerate(table.to_pylist(), start=1):
        name = row.get("rule")
        where = f"seeds/fraud_rules.csv, row {place} ({name or 'without a name'})"
        if not name or any(sign in name for sign in " ,"):
            raise ValueError(f"{where}: rule takes a name without blanks or commas")
        if any(rule.name == name for rule in rules):
            raise ValueError(f"{where}: rule is there twice: give each a name of its own")
        if row.get("is_active") is None:
            raise ValueError(f"{where}: is_active takes true or false")
        if not row["is_active"]:
            continue
        points = row.get("points")
        if points is None or not math.isfinite(points) or points <= 0:
            raise ValueError(f"{where}: points is {points}: it takes a number above 0")
        if row.get("feature_2") and not row.get("feature_1"):
            raise ValueError(f"{where}: feature_2 without feature_1: begin with the first")
        conditions = tuple(
            _condition(row, number, where, features)
            for number in _CONDITIONS
            if row.get(f"feature_{number}")
        )
        if not conditions:
            raise ValueError(f"{where}: feature_1 is empty: a rule needs a condition")
        rules.append(Rule(name, conditions, float(points)))
    return tuple(rules)


def hits_of(rules: tuple[Rule, ...], names: list[str], features: Array) -> RuleHits:
    """Return which rules hold for which attempts; a feature that nobody has never holds."""
    hits = np.ones((len(features), len(rules)), dtype=bool)
    for column, rule in enumerate(rules):
        for condition in rule.conditions:
            if condition.feature not in names:
                hits[:, column] = False
                continue
            values = features[:, names.index(condition.feature)].astype(np.float64)
            holds = OPERATORS[condition.operator](values, condition.value)
            hits[:, column] &= holds & np.isfinite(values)
    return RuleHits(rules, hits)


def _condition(row: Mapping[str, Any], number: int, where: str, features: list[str]) -> Condition:
    feature, sign = row[f"feature_{number}"], row.get(f"operator_{number}")
    value = row.get(f"value_{number}")
    if feature not in features:
        raise ValueError(
            f"{where}: feature_{number} is '{feature}', which int_risk_features does not have"
        )
    if sign not in OPERATORS:
        raise ValueError(f"{where}: operator_{number} is '{sign}': it takes {', '.join(OPERATORS)}")
    if value is None or not math.isfinite(value):
        raise ValueError(f"{where}: value_{number} is {value}: it takes a number")
    return Condition(feature, sign, float(value))
