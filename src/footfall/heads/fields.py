"""Fitted heads as named arrays and back: dataclasses field by field, trees as LightGBM's text."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar

import numpy as np

from footfall.core.stored_rows import ArtifactError, Values
from footfall.heads.learners.boosting import Boosted
from footfall.heads.learners.lightgbm_alone import lightgbm

Fitted = TypeVar("Fitted")


def to_values(fitted: Any, name: str) -> Values:
    """Return a fitted head as arrays and texts by name, ``name`` in front of each.

    A dataclass is stored field by field (``silence.scaling.slope``), a tuple place by place. What
    is None leaves no trace. Numbers keep every bit: floats are float64, counts and truths int64,
    and the text of LightGBM writes 17 digits.

    Parameters
    ----------
    fitted
        A dataclass whose fields are arrays, numbers, texts, trees, None, tuples of these, or
        dataclasses of the same kind.
    name
        What the head is called.

    Raises
    ------
    TypeError
        When a field is of another kind.
    """
    if fitted is None:
        return {}
    if isinstance(fitted, Boosted):
        return {name: [fitted.booster.model_to_string()]}
    if dataclasses.is_dataclass(fitted):
        values: Values = {}
        for field in dataclasses.fields(fitted):
            values |= to_values(getattr(fitted, field.name), f"{name}.{field.name}")
        return values
    if isinstance(fitted, str):
        return {name: [fitted]}
    if isinstance(fitted, tuple):
        if fitted and all(isinstance(one, str) for one in fitted):
            return {name: list(fitted)}
        values = {f"{name}.length": np.array(len(fitted), dtype=np.int64)}
        for place, one in enumerate(fitted):
            values |= to_values(one, f"{name}.{place}")
        return values
    array = np.asarray(fitted)
    if array.dtype.kind not in "bif":
        raise TypeError(f"{name} is a {type(fitted).__name__}, which is not stored")
    return {name: array.astype(np.float64 if array.dtype.kind == "f" else np.int64)}


def from_values(kind: type[Fitted], values: Values, name: str) -> Fitted:
    """Return a head of type ``kind`` from what :func:`to_values` made of it.

    Raises
    ------
    ArtifactError
        When an array is missing; it names it.
    """
    made: Fitted = _read(kind, values, name)
    return made


def _read(kind: Any, values: Values, name: str) -> Any:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        if not _is_stored(values, name):
            return None
        (kind,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
    if kind is Boosted:
        return Boosted(lightgbm.Booster(model_str=_texts(values, name)[0]))
    if dataclasses.is_dataclass(kind):
        hints = _field_types(kind)
        read = {field: _read(hint, values, f"{name}.{field}") for field, hint in hints.items()}
        return kind(**read)  # type: ignore[operator]  # It is the dataclass, not one of its kind.
    if kind is str:
        return _texts(values, name)[0]
    if typing.get_origin(kind) is tuple:
        return _read_tuple(kind, values, name)
    array = values.get(name)
    if not isinstance(array, np.ndarray):
        raise ArtifactError(f"the stored head has no numbers {name}; train it again")
    return kind(array) if kind in (bool, int, float) else array


def _read_tuple(kind: Any, values: Values, name: str) -> tuple[Any, ...]:
    inner = typing.get_args(kind)
    if inner[0] is str and isinstance(values.get(name), list):
        return tuple(_texts(values, name))
    length = int(_read(int, values, f"{name}.length"))
    kinds = [inner[0]] * length if inner[-1] is Ellipsis else list(inner)
    return tuple(_read(one, values, f"{name}.{place}") for place, one in enumerate(kinds))


def _field_types(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _is_stored(values: Values, name: str) -> bool:
    return name in values or any(key.startswith(f"{name}.") for key in values)


def _texts(values: Values, name: str) -> list[str]:
    found = values.get(name)
    if not isinstance(found, list):
        raise ArtifactError(f"the stored head has no text {name}; train it again")
    return found
