"""What is said of a label column that is not plain, and which options settle it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from edgernn.data.examples import CLASSES
from edgernn.data.label_numbers import count_in, divided, off_scale
from edgernn.data.label_options import MOST_LABELS, REST, LabelRule, as_option, as_options
from edgernn.data.label_spelling import ordered, shown
from edgernn.data.plain_labels import PLAIN, plain

__all__ = ["RARE", "as_two", "doubt", "listed", "not_understood"]

RARE = 0.02
"""Share of the rows below which values beside a plain pair are taken for slips of the pen."""
_VALUES = "VALUES"
"""In a proposal: what a person has to fill in. Folded values are of small letters."""
_LISTED = 12
_FEW = 12
"""As many values as a column of labels may have however few rows it has."""
_MOST_FRACTIONS = 20
"""Numbers with decimals: of more a column is a measurement."""
_ALIKE = 0.85
"""Ratio of `difflib` from which on a rare name may be a frequent one with a slip."""
_COMPARED = 50
"""Frequent names that rare ones are compared with."""


def listed(values: Sequence[str], counts: Mapping[str, int]) -> str:
    """Name values with their rows, as many as a line holds."""
    parts = [f"{shown(value)} ({counts[value]:,})" for value in values[:_LISTED]]
    rest = values[_LISTED:]
    if rest:
        parts.append(f"and {len(rest):,} more ({sum(counts[value] for value in rest):,})")
    return ", ".join(parts)


def not_understood(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str], name: str, column: str
) -> str:
    """Say which values there are that are neither positive nor negative, and how that is settled.

    Args:
        counts: rows of each folded value.
        rule: what a person said.
        rest: the values that are not settled.
        name: the file.
        column: the column.
    """
    start = _start(counts, rule, rest, name, column)
    if len(counts) < len(CLASSES):
        return f"{start} alone; two labels are needed"
    proposed = _proposed(counts, rule, rest)
    if set(rest) == set(counts) and len(rest) == len(CLASSES):
        return f"{start}; say which is which: {as_options(proposed)}, or the other way round"
    other = ", or name another column with --label-column" if len(counts) > _LISTED else ""
    ask = f"{start}; of two labels, say which are positive and negative and which rows are left out"
    if any(_VALUES in values for values in proposed.values()):
        return (
            f"{ask}: {as_options(proposed)}, where each {_VALUES} stands for some of these, "
            f"separated by commas{other}"
        )
    return f"{ask}, for example: {as_options(proposed)}{other}"


def doubt(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str], name: str, column: str
) -> str | None:
    """Say why values are not taken for labels of their own; None where they are.

    Args: see `not_understood`.
    """
    total = sum(counts[value] for value in rest)
    start = _start(counts, rule, rest, name, column)
    if len(rest) < len(CLASSES):
        return f"{start} alone; two labels are needed"
    if len(rest) > MOST_LABELS or (len(rest) > _FEW and 2 * len(rest) > total):
        return (
            f"{start}: {len(rest):,} values in {total:,} rows are no labels, of which there are at "
            f"most {MOST_LABELS:,}, each of several rows; name their column with --label-column"
        )
    numbers = {value: count for value in rest if (count := count_in(value)) is not None}
    if sum(count % 1 != 0 for count in numbers.values()) > _MOST_FRACTIONS:
        return (
            f"{start}: {len(rest):,} numbers are a measurement and no labels; name the column of "
            "labels with --label-column, or divide them yourself, such as into low and high"
        )
    keep = f"or take each for a label: --labels {as_option(ordered(rest))}"
    frequent = [value for value in rest if counts[value] >= RARE * total]
    slips = _slips(counts, rest, frequent)
    if slips:
        return (
            f"{start}: {'some look' if len(slips) > 1 else 'one looks'} like a slip: leave "
            f"{'their' if len(slips) > 1 else 'its'} rows out with --drop {as_option(slips)}, "
            f"{keep}"
        )
    same = [value for value in rest if value in PLAIN]
    if len(numbers) == len(rest):
        if len({*numbers.values()}) == len(numbers):
            return None
    elif len(same) - len({PLAIN[value] for value in same}) == 0:
        return None
    two = _proposed(counts, rule, rest)
    asked = f"for two labels, {as_options(two)}, " if _settles(two) else ""
    return f"{start}: some look like one label in two spellings: {asked}{keep}"


def as_two(counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str]) -> str | None:
    """Return options that make two labels of more, where numbers or plain words tell; else None."""
    proposed = _proposed(counts, rule, rest)
    return as_options(proposed) if len(rest) <= _LISTED and _settles(proposed) else None


def _settles(proposed: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether nothing has to be filled in."""
    return not any(_VALUES in values for values in proposed.values())


def _start(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str], name: str, column: str
) -> str:
    beside = f" beside {rule.options()}" if rule else ""
    some = ordered(rest)
    if len(some) > _LISTED:
        some.sort(key=lambda value: -counts[value])
    return f"{name}: column {shown(column)!r} holds {listed(some, counts)}{beside}"


def _slips(counts: Mapping[str, int], rest: Sequence[str], frequent: Sequence[str]) -> list[str]:
    """Return rare values that look like slips: beside a plain pair, off a scale, or misspelled."""
    rare = [value for value in rest if value not in frequent]
    meanings = plain(frequent)
    if rare and meanings is not None and len(set(meanings.values())) == len(CLASSES):
        return ordered(rare)
    off = off_scale(rest, frequent)
    if off and all(count_in(value) is not None for value in rest):
        return ordered(off)
    names = [value for value in rest if count_in(value) is None]
    largest = sorted(names, key=lambda value: -counts[value])[:_COMPARED]
    found = []
    for value in names:
        others = [other for other in largest if counts[value] < RARE * counts[other]]
        if difflib.get_close_matches(value, others, n=1, cutoff=_ALIKE):
            found.append(value)
    return ordered(found)


def _proposed(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str]
) -> dict[str, list[str]]:
    """Return options that settle every value; a person knows better which are right.

    What is not known to be either is `_VALUES`: a person has to fill it in.
    """
    # In the order in which they were given.
    sides = {side: [v for v in values if v in counts] for side, values in rule.sides().items()}
    total = sum(counts.values())
    frequent = [value for value in rest if counts[value] >= RARE * total]
    if not (sides["positive"] or sides["negative"]) and len(frequent) < len(rest):
        meanings = plain(frequent)
        if meanings is not None and len(set(meanings.values())) == len(CLASSES):
            sides["drop"] += _few([value for value in rest if value not in meanings])
            return sides
    missing = [side for side in CLASSES if not sides[side]]
    if not missing:
        sides["drop"] += _few(rest)
    elif len(missing) == 1:
        # A side is named: a value that is left is the other, and the other end of a scale is.
        other = list(rest)
        if len(rest) > 1 and None in map(count_in, rest):
            other = [_VALUES]
            sides["drop"] += [REST] if len(rest) > _LISTED else [_VALUES]
        elif len(rest) > 1:
            in_order, is_low = ordered(rest), missing[0] == CLASSES[0]
            count = len(sides[CLASSES[is_low]])
            other = in_order[:count] if is_low else in_order[-count:]
            sides["drop"] += _few([value for value in rest if value not in other])
        sides[missing[0]] += other
    else:
        off = off_scale(rest, frequent)
        negative, positive, neither = _halves([value for value in rest if value not in off])
        neither = [*neither, *off]
        sides["negative"] += negative
        sides["positive"] += positive
        sides["drop"] += _few(neither)
    return sides


def _halves(values: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Divide values: numbers in the middle, words by what is plain, two as a person says."""
    numbers = [value for value in values if count_in(value) is not None]
    if len({count_in(value) for value in numbers}) > 1 and len(values) <= _LISTED:
        negative, positive, neither = divided(ordered(numbers))
        return negative, positive, [*neither, *sorted({*values} - {*numbers})]
    words = {value: PLAIN[value] for value in values if value in PLAIN}
    if len(set(words.values())) == len(CLASSES):
        negative = sorted(value for value, label in words.items() if label == 0)
        positive = sorted(value for value, label in words.items() if label == 1)
    elif len(values) == len(CLASSES):
        negative, positive = [min(values)], [max(values)]
    else:
        # Of the words of a scale, frequency does not tell which end they are at.
        return [_VALUES], [_VALUES], [REST] if len(values) > _LISTED else [_VALUES]
    return negative, positive, sorted({*values} - {*negative, *positive})


def _few(values: Sequence[str]) -> list[str]:
    return list(values) if len(values) <= _LISTED else [REST]
