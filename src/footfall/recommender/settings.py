"""What a user may set about the scorer, checked when it is read."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from footfall.core.device import DEVICES

# Settings that leave the trained weights as they are.
NOT_TRAINED = (
    "top_k", "allow_repeats", "in_stock_only", "threads",
    "full_after_days", "full_after_share", "full_after_fall",
)  # fmt: skip


@dataclass(frozen=True)
class ScorerSettings:
    """Settings of the attention scorer.

    Attributes
    ----------
    seed
        Of every random draw.
    dim, blocks, max_length
        Width and depth of the encoder, and how many events of a customer it reads at once.
    epochs, warm_epochs
        Passes over the data in the first fit, and in each fit that starts from the one before.
    batch_tokens, learning_rate, weight_decay, dropout
        Of the optimiser; batches grow where an epoch would take more than 400 of them.
    horizon_days
        A session is asked for the purchases of the next session that has any, and of all others
        within so many days.
    sampled_above, negatives
        Above so many items the softmax is estimated from a batch's own targets and so many others.
    time_budget_seconds
        For all fits together; training that would take longer is cut short, gracefully.
    full_after_days, full_after_share, full_after_fall
        A stored model is carried on with what is new. It is trained from scratch when the last
        full training is so many days old (0: each time), when more than this share of the events
        is new since then, or when NDCG@10 on new events has fallen by more than this share.
    session_gap_minutes
        A longer pause between a customer's events starts a new session; below zero each event is
        one of its own.
    window_days
        How far recommendations look, and the length of the validation and test windows.
    as_of
        Events from this day (UTC midnight) on are not looked at; the day after the last event if
        not given.
    test_cutoff, validation_cutoff, head_cutoff
        Ends of the data of the fits; counted back from ``as_of`` where not given: one window, two
        windows, and half of what lies before.
    top_k, allow_repeats, in_stock_only
        What is recommended: how many items, whether items bought before are among them, and
        whether only items that are in stock.
    device, threads
        ``auto``, ``cpu`` or ``cuda``; CPU threads, 0 for all cores.
    """

    seed: int = 7
    dim: int = 64
    blocks: int = 1
    max_length: int = 100
    epochs: int = 4
    warm_epochs: int = 2
    batch_tokens: int = 2048
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.2
    horizon_days: float = 30.0
    sampled_above: int = 20_000
    negatives: int = 2048
    time_budget_seconds: float = 900.0
    full_after_days: int = 28
    full_after_share: float = 0.1
    full_after_fall: float = 0.25
    session_gap_minutes: float = 30.0
    window_days: int = 28
    as_of: datetime.date | None = None
    test_cutoff: datetime.date | None = None
    validation_cutoff: datetime.date | None = None
    head_cutoff: datetime.date | None = None
    top_k: int = 20
    allow_repeats: bool = True
    in_stock_only: bool = False
    device: str = "auto"
    threads: int = 0

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Any], *, var: str = "footfall_scorer"
    ) -> ScorerSettings:
        """Reads settings as they come from a project's vars.

        Parameters
        ----------
        values
            By name; dates may be text (``YYYY-MM-DD``); None means the default.
        var
            What error messages call the mapping.

        Raises
        ------
        ValueError
            It names the var, what was found and what would do.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        read: dict[str, Any] = {}
        for name, value in values.items():
            if name not in fields:
                known = ", ".join(sorted(fields))
                raise ValueError(f"var {var}.{name} is unknown; there are: {known}")
            if value is not None:
                read[name] = _converted(f"{var}.{name}", str(fields[name].type), value)
        settings = cls(**read)
        settings._check(var)
        return settings

    def _check(self, var: str) -> None:
        at_least = {
            "seed": 0, "dim": 8, "blocks": 1, "max_length": 2, "epochs": 1, "warm_epochs": 1,
            "batch_tokens": 16, "weight_decay": 0, "horizon_days": 0, "sampled_above": 0,
            "negatives": 1, "window_days": 1, "top_k": 1, "threads": 0, "full_after_days": 0,
            "full_after_share": 0, "full_after_fall": 0,
        }  # fmt: skip
        for name, low in at_least.items():
            if getattr(self, name) < low:
                raise ValueError(
                    f"var {var}.{name} is {getattr(self, name)}; it must be {low} or more"
                )
        for name in ("learning_rate", "time_budget_seconds"):
            if getattr(self, name) <= 0:
                raise ValueError(f"var {var}.{name} is {getattr(self, name)}; it must be above 0")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"var {var}.dropout is {self.dropout}; it must be in [0, 1)")
        if self.device not in DEVICES:
            raise ValueError(
                f"var {var}.device is {self.device!r}; it must be one of {', '.join(DEVICES)}"
            )
        dated = ["head_cutoff", "validation_cutoff", "test_cutoff", "as_of"]
        given = [(name, getattr(self, name)) for name in dated if getattr(self, name) is not None]
        for (early, first), (late, second) in itertools.pairwise(given):
            if first > second:
                raise ValueError(
                    f"var {var}.{early} ({first}) lies after {var}.{late} ({second}); "
                    f"the order must be {' <= '.join(dated)}"
                )

    def training_values(self) -> dict[str, Any]:
        """What the trained weights depend on, ready for JSON."""
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name not in NOT_TRAINED
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


def _converted(name: str, kind: str, value: Any) -> Any:
    wanted = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "text",
    }.get(kind, "a date such as 2024-01-31")
    message = f"var {name} is {value!r}; it must be {wanted}"
    try:
        if kind == "bool":
            if isinstance(value, bool):
                return value
            return {"true": True, "false": False}[str(value).strip().lower()]
        if kind == "int":
            if isinstance(value, bool) or float(value) != int(float(value)):
                raise ValueError(message)
            return int(float(value))
        if kind == "float":
            if isinstance(value, bool):
                raise ValueError(message)
            number = float(value)
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError(message)
            return number
        if kind == "str":
            return str(value)
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
        return datetime.date.fromisoformat(str(value))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(message) from error
