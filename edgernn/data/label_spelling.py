"""How the values of a label column are spelled: which are equal, their order, what a line shows."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal

from edgernn.data.label_numbers import count_in, plain_number

__all__ = ["PREFIX", "fold", "is_missing", "ordered", "shown", "spelled"]

PREFIX = "__label__"
"""What fastText writes in front of a label."""

_MISSING = frozenset(("", "nan", "null", "none", "n/a", "na", "<na>"))
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,18})?", re.ASCII)
_DIGITS = re.compile(r"([0-9]{1,18})")
_SHOWN = 40


def fold(value: object) -> str:
    """Return a value in the form in which equal ones are equal.

    White space, case and fastText's prefix do not count, and a number is the same with a point and
    without one. What is absent is the empty string.
    """
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(str(value).split()).casefold().removeprefix(PREFIX).strip()
    number = text.replace("\u2212", "-")
    return plain_number(number) if _NUMBER.fullmatch(number) else text


def spelled(value: object) -> str:
    """Return a value as a label's name: as it is written, in one line."""
    if isinstance(value, float) and value.is_integer():
        # Files that know numbers have stars as floats wherever one is absent.
        return str(int(value))
    text = " ".join(str(value).split())
    if text[: len(PREFIX)].casefold() == PREFIX:
        text = text[len(PREFIX) :].strip()
    return text


def is_missing(value: str) -> bool:
    """Tell whether a folded value says that there is no label."""
    return value in _MISSING


def ordered(values: Collection[str]) -> list[str]:
    """Return folded values in the order in which people look for them.

    Those with numbers first, by their numbers; then names, in which numbers count as numbers and
    accents only where all else is equal.
    """
    numbers = {value: count for value in values if (count := count_in(value)) is not None}
    names = {*values} - {*numbers}
    return sorted(numbers, key=lambda v: (numbers[v], v)) + sorted(names, key=_place)


def _place(name: str) -> tuple[list[tuple[int, Decimal, str]], str]:
    plain = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    parts = [part for part in _DIGITS.split(bare) if part]
    return [
        (0, Decimal(part), "") if _DIGITS.fullmatch(part) else (1, Decimal(0), part)
        for part in parts
    ], name


def shown(value: str) -> str:
    """Return a value for a line of a message."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in value)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "\u2026"
