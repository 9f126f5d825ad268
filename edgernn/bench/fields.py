"""Reading an object of a JSON file that anybody may have written, a field at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from edgernn.bundle.messages import one_line
from edgernn.errors import DataError

__all__ = ["Fields"]

_LONGEST_TEXT = 400
_LARGEST = 1 << 53
"""What every reader of JSON can hold as a whole number."""

T = TypeVar("T")


class Fields:
    """A JSON object and where it stands; each method returns one checked field of it.

    All raise a DataError that names place and field where the field is missing or wrong.
    """

    def __init__(self, value: Any, where: str) -> None:
        """Take what should be an object; `where` is a file and a row, for messages."""
        if not isinstance(value, dict):
            raise DataError(f"{where}: is {_kind(value)}, not an object")
        self._values: dict[str, Any] = value
        self._where = where

    def has(self, name: str) -> bool:
        """Tell whether the field is there."""
        return name in self._values

    def error(self, name: str, problem: str) -> DataError:
        """Return the error that says what is wrong with a field."""
        return DataError(f"{self._where}: {name}: {problem}")

    def optional(self, read: Callable[[str], T], name: str) -> T | None:
        """Return a field that may be null, though not missing."""
        return None if self._get(name) is None else read(name)

    def text(self, name: str) -> str:
        """Return a string of at most 400 characters; what is not printable is escaped."""
        return self._text(name, self._get(name))

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """Return a list of strings."""
        return tuple(self._text(name, item) for item in self._list(name, most))

    def named_texts(self, name: str, most: int) -> dict[str, str]:
        """Return an object of strings."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise self.error(name, f"is {_kind(value)}, not an object")
        if len(value) > most:
            raise self.error(name, f"has more than {most} entries")
        return {self._text(name, key): self._text(name, item) for key, item in value.items()}

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return a string that is one of several."""
        value = self.text(name)
        if value not in choices:
            raise self.error(name, f"{value!r} is none of {', '.join(choices)}")
        return value

    def digest(self, name: str) -> str:
        """Return a SHA-256 in lower-case hexadecimal."""
        value = self.text(name)
        if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
            raise self.error(name, "is not a SHA-256 of 64 digits 0-9a-f")
        return value

    def count(self, name: str, least: int = 0) -> int:
        """Return a whole number."""
        return self._count(name, self._get(name), least)

    def counts(self, name: str, least: int, most: int) -> tuple[int, ...]:
        """Return a list of whole numbers, at most `most` of them."""
        return tuple(self._count(name, item, least) for item in self._list(name, most))

    def number(self, name: str, most: float = math.inf) -> float:
        """Return a number from 0 to `most`."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(name, f"is {_kind(value)}, not a number")
        # Whole numbers may have more digits than a float can hold.
        if not 0 <= value <= min(most, _LARGEST):
            raise self.error(name, f"{_shown(value)} is out of range")
        return float(value)

    def positive(self, name: str) -> float:
        """Return a number above 0."""
        value = self.number(name)
        if not value:
            raise self.error(name, "is 0")
        return value

    def object(self, name: str) -> Fields:
        """Return a field that is an object itself."""
        return Fields(self._get(name), f"{self._where}: {name}")

    def objects(self, name: str, title: str, most: int) -> list[Fields]:
        """Return a list of objects; `title` is what one is called in messages."""
        items = self._list(name, most)
        return [Fields(item, f"{self._where}: {title} {i}") for i, item in enumerate(items, 1)]

    def _get(self, name: str) -> Any:
        if name not in self._values:
            raise self.error(name, "is missing")
        return self._values[name]

    def _list(self, name: str, most: int) -> list[Any]:
        value = self._get(name)
        if not isinstance(value, list):
            raise self.error(name, f"is {_kind(value)}, not a list")
        if len(value) > most:
            raise self.error(name, f"has more than {most} items")
        return value

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self.error(name, f"is {_kind(value)}, not a string")
        if len(value) > _LONGEST_TEXT:
            raise self.error(name, f"is longer than {_LONGEST_TEXT} characters")
        return one_line(value)

    def _count(self, name: str, value: Any, least: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(name, f"is {_kind(value)}, not a whole number")
        if not least <= value <= _LARGEST:
            raise self.error(name, f"{_shown(value)} is out of range")
        return value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", str: "a string", list: "a list", dict: "an object"}
    return names[type(value)] if type(value) in names else f"the number {_shown(value)}"


def _shown(value: float) -> str:
    # A whole number of many digits would be a long line.
    return f"{value}" if isinstance(value, float) or abs(value) < 1e15 else "a huge number"
