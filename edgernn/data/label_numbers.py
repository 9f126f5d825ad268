"""Numbers in the values of a label column: 5, 4,5 with a decimal comma, 5 stars, 5/5, five stars.

What a value counts is for proposals, which a person judges; values are equal by `label_values.fold`
and, in a column of decimal commas, by `plain_commas`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

__all__ = ["count_in", "divided", "off_scale", "plain_commas", "plain_number"]

# Behind the number: nothing, its scale, or words. A date or a range is no number.
_LEADING = re.compile(
    r"([+-]?[0-9]{1,18}(?:[.,][0-9]{1,18})?)(?:/[0-9]{1,3})?(?:[\s:)=-]*[^\W\d_].*|\s*[^\w\s,;/.-]+)?",
    re.DOTALL,
)
_FULL_STARS = "*\u2605\u2b50\U0001f31f"
_STARS = re.compile(rf"([{_FULL_STARS}]{{1,10}})(?:\ufe0f|\u2606)*")
_COMMA = re.compile(r"([+-]?[0-9]{1,3}),([0-9]{1,2})")


def count_in(value: str) -> Decimal | None:
    """Return the number that a folded value starts with or that its stars are, if any."""
    value = value.replace("\u2212", "-").replace("\ufe0f", "")
    stars = _STARS.fullmatch(value)
    if stars:
        return Decimal(len(stars[1]))
    leading = _LEADING.fullmatch(value)
    return None if leading is None else Decimal(leading[1].replace(",", "."))


def plain_commas(values: Collection[str]) -> Mapping[str, str]:
    """Return what stands for the values of a column in which each is a number with a comma.

    The column must say so for certain: all values have decimals of one length, and some of them
    are zeros. A list such as `1,2` is none.

    Returns:
        From folded values to folded numbers; empty where it is not certain.
    """
    found = {value: _COMMA.fullmatch(value.replace("\u2212", "-")) for value in values}
    decimals = {match[2] if match else "" for match in found.values()}
    if len({len(part) for part in decimals}) != 1 or decimals.isdisjoint(("0", "00")):
        return {}
    return {
        value: plain_number(f"{match[1]}.{match[2]}") for value, match in found.items() if match
    }


def plain_number(number: str) -> str:
    """Return a number in the form in which equal ones are equal."""
    bare = format(Decimal(number).normalize(), "f")
    return "0" if bare == "-0" else bare


def off_scale(values: Sequence[str], frequent: Sequence[str]) -> list[str]:
    """Return the rare numbers that are beyond the scale of the frequent ones."""
    numbers = [count for value in frequent if (count := count_in(value)) is not None]
    if not numbers:
        return []
    most = next((Decimal(end) for end in (5, 10) if end - 1 < max(numbers) <= end), None)
    found = []
    for value in values:
        count = count_in(value)
        is_above = count is not None and most is not None and count > most
        is_below = count is not None and count <= 0 < min(numbers)
        if value not in frequent and (is_above or is_below):
            found.append(value)
    return found


def divided(ordered: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Divide values by the scale that their numbers seem to be of, or else in the middle.

    Args:
        ordered: values with numbers, at least two of them, by their numbers.

    Returns:
        The negative ones, the positive ones, and those that are neither.
    """
    numbers = {value: count_in(value) or Decimal(0) for value in ordered}
    smallest, largest = numbers[ordered[0]], numbers[ordered[-1]]
    if smallest < 0:
        low, high = Decimal(0), Decimal(0)
    elif smallest > 0 and 4 < largest <= 5:
        # Up to five stars, perhaps with halves: three say neither.
        low, high = Decimal(3), Decimal(3)
    elif 5 < largest <= 10:
        low, high = Decimal(5), Decimal(6)
    else:
        low, high = smallest, largest
    negative = [value for value in ordered if numbers[value] < low]
    positive = [value for value in ordered if numbers[value] > high]
    if not negative or not positive:
        counts = sorted(set(numbers.values()))
        low, high = counts[len(counts) // 2 - 1], counts[len(counts) - len(counts) // 2]
        negative = [value for value in ordered if numbers[value] <= low]
        positive = [value for value in ordered if numbers[value] >= high]
    return negative, positive, [v for v in ordered if v not in {*negative, *positive}]
