"""Settings as a user gives them: converted, checked once, with errors that name the var to fix."""

from __future__ import annotations

import dataclasses
import datetime
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Settings:
    """Base of the settings of a score: a frozen dataclass whose fields all have defaults.

    A field is an ``int``, ``float``, ``bool``, ``str``, ``datetime.date | None`` or
    ``tuple[int, ...]``. A subclass says in ``check`` what values will do.

    Attributes
    ----------
    OF
        What the settings belong to, for messages: ``the churn and value scores``.
    VARS
        The project's var behind a setting, for messages; a setting without one is not a var.
    WITHOUT_EFFECT
        Settings that change no result, such as the number of threads.
    """

    OF: ClassVar[str]
    VARS: ClassVar[Mapping[str, str]] = {}
    WITHOUT_EFFECT: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise the error of ``bad`` where a value will not do."""

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read settings from a mapping such as a dbt config.

        Parameters
        ----------
        values
            By name. Numbers and dates (``YYYY-MM-DD``) may be text; None means the default.

        Raises
        ------
        ValueError
            When a name is unknown, or a value has the wrong type or range. It names the setting
            and its var, what was found and what is wanted.
        """
        kinds = typing.get_type_hints(cls)
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(
                f"unknown setting {', '.join(map(repr, unknown))} of {cls.OF}: "
                f"use {', '.join(known)}"
            )
        return cls(
            **{
                name: cls._converted(name, kinds[name], value)
                for name, value in values.items()
                if value is not None
            }
        )

    @classmethod
    def bad(cls, name: str, value: Any, wanted: str) -> ValueError:
        """Return the error of a value that will not do."""
        return ValueError(f"{cls.called(name)} is {value!r}: it must be {wanted}")

    @classmethod
    def called(cls, name: str) -> str:
        """Return what messages call a setting."""
        var = f" (var '{cls.VARS[name]}')" if name in cls.VARS else ""
        return f"setting {name!r} of {cls.OF}{var}"

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide the result, as values that JSON can hold."""
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name not in self.WITHOUT_EFFECT
        }

    @classmethod
    def _converted(cls, name: str, kind: Any, value: Any) -> Any:
        if kind == tuple[int, ...]:
            found = [value] if isinstance(value, int | str) else value
            if isinstance(value, bool) or not isinstance(found, list | tuple):
                raise cls.bad(name, value, "a list of whole numbers, for example [30, 90]")
            return tuple(cls._converted(name, int, item) for item in found)
        if isinstance(kind, types.UnionType):
            kind = next(one for one in typing.get_args(kind) if one is not types.NoneType)
        convert, wanted = _CONVERSIONS[kind]
        try:
            return convert(value)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise cls.bad(name, value, wanted) from None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS[str(value).strip().lower()]


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError
    return number


def _whole_number(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _date(value: Any) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    return datetime.date.fromisoformat(str(value))


_CONVERSIONS: dict[type, tuple[Any, str]] = {
    bool: (_truth, "true or false"),
    int: (_whole_number, "a whole number"),
    float: (_number, "a number"),
    str: (str, "text"),
    datetime.date: (_date, "a date such as 2024-01-31"),
}
