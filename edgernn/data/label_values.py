"""Which values of a label column mean positive, and which negative.

What a value means is decided by all values that a column holds: a 1 is positive beside a 0 and
negative beside a 2. What is not plain is asked for, never guessed.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgernn.data.examples import CLASSES
from edgernn.data.label_numbers import (
    count_in,
    divided,
    off_scale,
    plain_commas,
    plain_number,
)
from edgernn.data.label_options import as_option
from edgernn.errors import DataError, UsageError

__all__ = [
    "REST",
    "LabelRule",
    "LabelsError",
    "Meanings",
    "OneLabelError",
    "decide",
    "fold",
    "is_missing",
    "parse_values",
    "shown",
]

PREFIX = "__label__"
"""What fastText writes in front of a label."""

REST = "*"
"""In an option: every value that no option names."""

_NEGATIVE = (
    *("neg", "negative", "false", "no", "bad"),
    *("negativ", "négatif", "negatif", "negativo", "nein", "non", "não"),
)
_POSITIVE = (
    *("pos", "positive", "true", "yes", "good"),
    *("positiv", "positif", "positivo", "ja", "oui", "si", "sí", "sì", "sim"),
)
_PLAIN: Mapping[str, int] = {
    **dict.fromkeys((*_NEGATIVE, "0"), 0),
    **dict.fromkeys((*_POSITIVE, "1"), 1),
}
"""Values that mean the same in any company of each other."""

_PAIRS: tuple[tuple[str, str], ...] = (
    ("1", "2"),
    ("-1", "1"),
    ("0", "4"),
    ("n", "y"),
    ("f", "t"),
    ("n", "p"),
)
"""Values that mean negative and positive where a column holds these two and no other."""

_OWN_NAMES = frozenset((*CLASSES, "neg", "pos"))
"""Values of which nobody needs to be told what they mean."""

_MISSING = frozenset(("", "nan", "null", "none", "n/a", "na", "<na>"))
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,18})?", re.ASCII)
_RARE = 0.02
"""Share of the rows below which values beside a plain pair are taken for slips of the pen."""
_VALUES = "VALUES"
"""In a proposal: what a person has to fill in. Folded values are of small letters."""
_LISTED = 12
_SHOWN = 40


class LabelsError(DataError):
    """What the labels of a file mean is not known."""


class OneLabelError(DataError):
    """By what a person said, the rows of a file are all positive or all negative, or left out."""


@dataclass(frozen=True)
class LabelRule:
    """What a person says about the values of a label column; each is as `fold` gives it."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """Values whose rows are left out."""

    def __post_init__(self) -> None:
        named = [value for values in self.sides().values() for value in set(values)]
        for value in named:
            if named.count(value) > 1:
                sides = " and ".join(f"--{s}" for s, values in self.sides().items()
                                     if value in values)  # fmt: skip
                raise UsageError(f"the label {value!r} is named by {sides}; name it once")

    def __bool__(self) -> bool:
        return any(self.sides().values())

    def meaning(self, value: str) -> str | None:
        """Return the name of the option that names a folded value, or that takes the rest."""
        sides = self.sides().items()
        named = [side for side, values in sides if value in values]
        return next(iter(named or [side for side, values in sides if REST in values]), None)

    def names(self, value: str) -> bool:
        """Tell whether an option names this very value."""
        return any(value in values for values in self.sides().values())

    def renamed(self, names: Mapping[str, str]) -> LabelRule:
        """Return the same rule with other names of some values."""
        sides = self.sides().values()
        return LabelRule(*(tuple(names.get(v, v) for v in values) for values in sides))

    def options(self) -> str:
        """Return the options that say it, as they were given."""
        return _options(self.sides())

    def sides(self) -> dict[str, tuple[str, ...]]:
        """Return the values by the names of their options."""
        return {"positive": self.positive, "negative": self.negative, "drop": self.drop}


@dataclass(frozen=True)
class Meanings:
    """What the values of one column mean."""

    column: str
    labels: Mapping[str, int | None]
    """From folded values to 1, positive, 0, negative, or None where the rows are left out."""
    counts: Mapping[str, int]
    """Rows of each value."""

    def line(self) -> str | None:
        """Say in a line what was taken for what; None where the values are the labels' names."""
        if all(value in _OWN_NAMES for value in self.labels):
            return None
        parts = []
        for label in (1, 0, None):
            values = [value for value, meaning in self.labels.items() if meaning == label]
            if values:
                title = "left out" if label is None else CLASSES[label]
                parts.append(f"{_listed(values, self.counts)} = {title}")
        return f"{shown(self.column)}: {'; '.join(parts)}"

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return the rows of each value by what it means; of values left out their number alone."""
        found: dict[str, dict[str, int]] = {}
        for value, label in self.labels.items():
            if label is not None:
                found.setdefault(CLASSES[label], {})[value] = self.counts[value]
        dropped = [self.counts[value] for value, label in self.labels.items() if label is None]
        return {**found, "left out": {"rows": sum(dropped)}} if dropped else found


def fold(value: object) -> str:
    """Return a value in the form in which equal ones are equal.

    White space around it, case and fastText's prefix do not count, and a number is the same with
    a point and without one. What is absent is the empty string.
    """
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    text = str(value).strip().casefold().removeprefix(PREFIX).strip()
    number = text.replace("\u2212", "-")
    return plain_number(number) if _NUMBER.fullmatch(number) else text


def is_missing(value: str) -> bool:
    """Tell whether a folded value says that there is no label."""
    return value in _MISSING


def parse_values(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the folded values of an option, which are separated by commas or given one by one."""
    # A value that holds a comma itself stands in quotes, as in a CSV file.
    rows = csv.reader(texts, skipinitialspace=True)
    try:
        values = [fold(value) for row in rows for value in row]
    except csv.Error as error:
        raise UsageError(
            f"{', '.join(texts)}: are not values separated by commas: {error}"
        ) from error
    if texts and not any(values):
        raise UsageError(f"{', '.join(map(repr, texts))}: names no value of a label")
    return tuple(dict.fromkeys(value for value in values if value))


def decide(counts: Mapping[str, int], rule: LabelRule, *, name: str, column: str) -> Meanings:
    """Decide what the values of a column mean.

    Args:
        counts: rows of each folded value; none of them is missing.
        rule: what a person says about them.
        name: the file, for messages.
        column: likewise.

    Raises:
        LabelsError: a value is not understood; the message lists the values with their rows, and
            has options that settle them, or says which there are.
        OneLabelError: the rule leaves one label, or none.
    """
    numbers = plain_commas(counts)
    if numbers:
        # A 5,0 is a 5 where the column is all of such numbers, and may be named as either.
        plainly: Counter[str] = Counter()
        for value, rows in counts.items():
            plainly[numbers[value]] += rows
        found = decide(plainly, rule.renamed(numbers), name=name, column=column)
        same = {value: found.labels[numbers[value]] for value in sorted(counts)}
        return Meanings(column, same, dict(counts))
    labels: dict[str, int | None] = {}
    for value in counts:
        side = rule.meaning(value)
        if side is not None:
            labels[value] = {"positive": 1, "negative": 0, "drop": None}[side]
    rest = [value for value in counts if value not in labels]
    # Who says what is positive does not want the rest to be guessed.
    plain = None if rule.positive or rule.negative else _plain(rest)
    if rest and plain is None:
        raise LabelsError(_not_understood(counts, rule, rest, name, column))
    labels.update(plain or {})
    if rule and not {0, 1} <= {*labels.values()}:
        start = f"{name}: column {shown(column)!r} holds {_listed(_ordered(list(counts)), counts)}"
        if not any(map(rule.names, counts)):
            raise LabelsError(f"{start}: {rule.options()} names none of them")
        there = [CLASSES[label] for label in (0, 1) if label in labels.values()]
        left = f"all {there[0]}" if there else "none that is positive or negative"
        raise OneLabelError(f"{start}: with {rule.options()} {left}; both labels are needed")
    return Meanings(column, {value: labels[value] for value in sorted(counts)}, dict(counts))


def _plain(values: Collection[str]) -> dict[str, int] | None:
    """Return what values mean where that is plain, or else None."""
    if all(value in _PLAIN for value in values):
        return {value: _PLAIN[value] for value in values}
    for pair in _PAIRS:
        if set(values) == set(pair):
            return {pair[0]: 0, pair[1]: 1}
    return None


def _not_understood(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str], name: str, column: str
) -> str:
    """Say which values there are, and with which options their file is read."""
    beside = f" beside {rule.options()}" if rule else ""
    some = _ordered(rest)
    if len(some) > _LISTED:
        some.sort(key=lambda value: -counts[value])
    start = f"{name}: column {shown(column)!r} holds {_listed(some, counts)}{beside}"
    if len(counts) < len(CLASSES):
        return f"{start} alone; two labels are needed"
    proposed = _proposed(counts, rule, rest)
    if set(rest) == set(counts) and len(rest) == len(CLASSES):
        return f"{start}; say which is which: {_options(proposed)}, or the other way round"
    other = ", or name another column with --label-column" if len(counts) > _LISTED else ""
    ask = (
        f"{start}; a model tells two labels apart: say which are positive and negative and which "
        "rows are left out"
    )
    if any(_VALUES in values for values in proposed.values()):
        return (
            f"{ask}: {_options(proposed)}, where each {_VALUES} stands for some of these, "
            f"separated by commas{other}"
        )
    return f"{ask}, for example: {_options(proposed)}{other}"


def _ordered(values: Sequence[str]) -> list[str]:
    """Return values in the order in which people look for them."""
    numbers = {value: count for value in values if (count := count_in(value)) is not None}
    return sorted(numbers, key=lambda v: (numbers[v], v)) + sorted({*values} - {*numbers})


def _proposed(
    counts: Mapping[str, int], rule: LabelRule, rest: Sequence[str]
) -> dict[str, list[str]]:
    """Return options that settle every value; a person knows better which are right.

    What is not known to be either is `_VALUES`: a person has to fill it in.
    """
    # In the order in which they were given.
    sides = {side: [v for v in values if v in counts] for side, values in rule.sides().items()}
    total = sum(counts.values())
    frequent = [value for value in rest if counts[value] >= _RARE * total]
    if not (sides["positive"] or sides["negative"]) and len(frequent) < len(rest):
        plain = _plain(frequent)
        if plain is not None and len(set(plain.values())) == len(CLASSES):
            sides["drop"] += _few([value for value in rest if value not in plain])
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
            ordered, is_low = _ordered(rest), missing[0] == CLASSES[0]
            count = len(sides[CLASSES[is_low]])
            other = ordered[:count] if is_low else ordered[-count:]
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
        negative, positive, neither = divided(_ordered(numbers))
        return negative, positive, [*neither, *sorted({*values} - {*numbers})]
    words = {value: _PLAIN[value] for value in values if value in _PLAIN}
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


def _options(sides: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"--{side} {as_option(values)}" for side, values in sides.items() if values)


def _listed(values: Sequence[str], counts: Mapping[str, int]) -> str:
    parts = [f"{shown(value)} ({counts[value]:,})" for value in values[:_LISTED]]
    rest = values[_LISTED:]
    if rest:
        parts.append(f"and {len(rest):,} more ({sum(counts[value] for value in rest):,})")
    return ", ".join(parts)


def shown(value: str) -> str:
    """Return a value for a line of a message."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in value)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "\u2026"
