"""Settings of the churn and value scores, checked once, with errors that name the var to mend."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

#: The project's var behind a setting, for messages.
_VARS = {
    "horizons": "horizons_days",
    "seed": "scorer_seed",
    "vip_share": "vip_share",
    "threads": "scorer_threads",
    "warning_probability": "high_risk_probability",
    "backtest_cutoffs": "backtest_cutoffs",
    "largest_skill_drop": "largest_skill_drop",
}


@dataclass(frozen=True)
class HeadSettings:
    """What a shop decides about its churn and value scores.

    Attributes
    ----------
    horizons
        Days ahead that are scored, each with labels in the cut-off table.
    seed
        Of fitting and of the bootstrap.
    vip_share
        Share of the training customers with the largest spend that count as VIP.
    interval_coverage
        Share of customers whose spend lies in the interval.
    max_training_rows
        Rows that one fit may use; the latest cut-offs come first.
    backtest_cutoffs
        How many of the last closed cut-offs are tested.
    bootstrap_replicates
        Resamples behind each interval of a metric, at most; fewer where many customers make each
        interval narrow anyway.
    warning_probability
        P(silence) from which a customer is warned of.
    largest_skill_drop
        How far below the model in force a new model's skill may lie; one that is worse is not
        served.
    threads
        Threads that fitting may use; 0 for one a core.
    """

    horizons: tuple[int, ...] = (30, 60, 90)
    seed: int = 1
    vip_share: float = 0.10
    interval_coverage: float = 0.80
    max_training_rows: int = 30_000
    backtest_cutoffs: int = 3
    bootstrap_replicates: int = 200
    warning_probability: float = 0.7
    largest_skill_drop: float = 0.1
    threads: int = 2

    def __post_init__(self) -> None:
        if not self.horizons or any(not 1 <= h <= 3650 for h in self.horizons):
            raise _bad("horizons", self.horizons, "a list of whole days between 1 and 3650")
        if len(set(self.horizons)) != len(self.horizons):
            raise _bad("horizons", self.horizons, "a list without repeated days")
        if not 0.0 < self.vip_share < 0.5:
            raise _bad("vip_share", self.vip_share, "a share above 0 and below 0.5")
        if not 0.5 <= self.interval_coverage < 1.0:
            raise _bad("interval_coverage", self.interval_coverage, "a share from 0.5 to below 1")
        if self.max_training_rows < 1000:
            raise _bad("max_training_rows", self.max_training_rows, "1000 rows or more")
        if not 0 <= self.backtest_cutoffs <= 24:
            raise _bad("backtest_cutoffs", self.backtest_cutoffs, "a count from 0 to 24")
        if not 0 <= self.bootstrap_replicates <= 10_000:
            raise _bad("bootstrap_replicates", self.bootstrap_replicates, "a count up to 10000")
        if not 0.0 < self.warning_probability < 1.0:
            raise _bad("warning_probability", self.warning_probability, "between 0 and 1")
        if not 0.0 < self.largest_skill_drop <= 1.0:
            raise _bad("largest_skill_drop", self.largest_skill_drop, "above 0 and at most 1")
        if self.threads < 0:
            raise _bad("threads", self.threads, "0 (one a core) or more")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> HeadSettings:
        """Build settings from a mapping such as a dbt config; missing or null keys keep defaults.

        Raises
        ------
        ValueError
            A key is unknown, or a value has the wrong type or range; the message names the key,
            what was found and what is wanted.
        """
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(
                f"unknown setting {', '.join(map(repr, unknown))} of the churn and value scores: "
                f"use {', '.join(known)}"
            )
        chosen: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                continue
            if name == "horizons":
                chosen[name] = _days(value)
            elif isinstance(known[name].default, float):
                chosen[name] = _number(name, value, float)
            else:
                chosen[name] = _number(name, value, int)
        return cls(**chosen)

    @property
    def workers(self) -> int:
        """Return the number of threads to use."""
        return self.threads or os.cpu_count() or 1

    def fingerprint_text(self) -> str:
        """Return the settings that decide the result as text; threads do not."""
        values = asdict(self)
        values.pop("threads")
        return json.dumps(values, sort_keys=True)


def _days(value: Any) -> tuple[int, ...]:
    if isinstance(value, int | str) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple):
        raise _bad("horizons", value, "a list of whole days, for example [30, 90]")
    return tuple(_number("horizons", item, int) for item in value)


def _number(name: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool):
        raise _bad(name, value, "a number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _bad(name, value, "a number") from None
    if kind is int:
        if number != int(number):
            raise _bad(name, value, "a whole number")
        return int(number)
    return number


def _bad(name: str, value: Any, wanted: str) -> ValueError:
    var = f" (var '{_VARS[name]}')" if name in _VARS else ""
    return ValueError(
        f"setting {name!r} of the churn and value scores{var} is {value!r}: it must be {wanted}"
    )
