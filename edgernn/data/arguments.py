"""Checks of what the functions of `import edgernn` are given, as the command line makes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from edgernn.data.label_spelling import fold, spelled
from edgernn.errors import UsageError

__all__ = ["check_number", "check_whole", "names_folder", "reading_values"]

_LABELS = ("positive", "negative", "drop")
_NAMES = ("labels", "label_columns")
_FLAGS = ("strict", "header")


def check_whole(name: str, value: object, low: int, high: float = inf) -> None:
    """Refuse what is neither None nor a whole number in [`low`, `high`].

    Raises:
        UsageError: it is something else; the message names the argument.
    """
    # `type`, since True is an int.
    _check(name, value, type(value) is int, "a whole number", low, high)


def check_number(name: str, value: object, low: float, high: float = inf) -> None:
    """Refuse what is neither None nor a finite number in [`low`, `high`].

    Raises:
        UsageError: it is something else; the message names the argument.
    """
    is_number = isinstance(value, int | float) and type(value) is not bool and value != inf
    _check(name, value, is_number, "a number", low, high)


def names_folder(name: str | os.PathLike[str]) -> bool:
    """Tell whether a name that a person wrote ends as that of a folder."""
    return os.fspath(name).endswith(("/", os.sep))


def reading_values(reading: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return the fields of `DataOptions` that are given; None is as if it were not.

    Args:
        reading: what the caller gave.
        known: the names that there are.

    Raises:
        UsageError: there is no such way of reading, or it is told otherwise.
    """
    unknown = sorted(reading.keys() - set(known))
    if unknown:
        raise UsageError(f"{unknown[0]}: no such option; `edgernn.api.Reading` has them all")
    values = {name: value for name, value in reading.items() if value is not None}
    for name, value in values.items():
        if name in (*_LABELS, *_NAMES):
            is_one = isinstance(value, str | bytes) or not isinstance(value, Iterable)
            as_given = [value] if is_one else value
            if name in _LABELS:
                values[name] = tuple(dict.fromkeys(map(fold, as_given)))
            else:
                values[name] = tuple(map(spelled, as_given))
        elif not isinstance(value, bool if name in _FLAGS else str):
            kind = "True or False" if name in _FLAGS else "a string"
            raise UsageError(f"{name} {value!r}: give {kind}")
    return values


def _check(name: str, value: Any, fits: bool, kind: str, low: float, high: float) -> None:
    # NaN is in no range.
    if value is not None and not (fits and low <= value <= high):
        limits = f"of at least {low}" if high == inf else f"from {low} to {high}"
        raise UsageError(f"{name} {value!r}: give {kind} {limits}")
