"""Which values of a label column mean positive, and which negative.

What a value means is decided by all values that a column holds: a 1 is positive beside a 0 and
negative beside a 2. What is not plain is asked for, never guessed.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from edgernn.errors import DataError, UsageError
from edgernn.training.data.examples import CLASSES

__all__ = ["REST", "LabelRule", "Meanings", "decide", "fold", "is_missing", "parse_values", "shown"]

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
_LISTED = 12
_SHOWN = 40


@dataclass(frozen=True)
class LabelRule:
    """What a person says about the values of a label column; each is as `fold` gives it."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """Values whose rows are left out."""

    def __post_init__(self) -> None:
        named = [value for values in self._sides().values() for value in set(values)]
        for value in named:
            if named.count(value) > 1:
                sides = " and ".join(f"--{s}" for s, values in self._sides().items()
                                     if value in values)  # fmt: skip
                raise UsageError(f"the label {value!r} is named by {sides}; name it once")

    def __bool__(self) -> bool:
        return any(self._sides().values())

    def meaning(self, value: str) -> str | None:
        """Return the name of the option that names a folded value, or that takes the rest."""
        sides = self._sides().items()
        named = [side for side, values in sides if value in values]
        return next(iter(named or [side for side, values in sides if REST in values]), None)

    def names(self, value: str) -> bool:
        """Tell whether an option names this very value."""
        return any(value in values for values in self._sides().values())

    def _sides(self) -> dict[str, tuple[str, ...]]:
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
    if _NUMBER.fullmatch(number):
        bare = format(Decimal(number).normalize(), "f")
        return "0" if bare == "-0" else bare
    return text


def is_missing(value: str) -> bool:
    """Tell whether a folded value says that there is no label."""
    return value in _MISSING


def parse_values(given: Sequence[str]) -> tuple[str, ...]:
    """Return the folded values of an option, which are separated by commas or given one by one."""
    # A value that holds a comma itself stands in quotes, as in a CSV file.
    rows = csv.reader(given, skipinitialspace=True)
    try:
        values = [fold(value) for row in rows for value in row]
    except csv.Error as error:
        raise UsageError(
            f"{', '.join(given)}: are no values separated by commas: {error}"
        ) from error
    if given and not any(values):
        raise UsageError(f"{', '.join(map(repr, given))}: names no value of a label")
    return tuple(dict.fromkeys(value for value in values if value))


def decide(counts: Mapping[str, int], rule: LabelRule, *, name: str, column: str) -> Meanings:
    """Decide what the values of a column mean.

    Args:
        counts: rows of each folded value; none of them is missing.
        rule: what a person says about them.
        name: the file, for messages.
        column: likewise.

    Raises:
        DataError: a value is not understood; the message lists the values with their rows, and has
            options that settle them.
    """
    labels: dict[str, int | None] = {}
    for value in counts:
        side = rule.meaning(value)
        if side is not None:
            labels[value] = {"positive": 1, "negative": 0, "drop": None}[side]
    rest = [value for value in counts if value not in labels]
    # Who says what is positive does not want the rest to be guessed.
    plain = None if rule.positive or rule.negative else _plain(rest)
    if rest and plain is None:
        raise DataError(_not_understood(counts, labels, rest, name, column))
    labels.update(plain or {})
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
    counts: Mapping[str, int],
    labels: Mapping[str, int | None],
    rest: Sequence[str],
    name: str,
    column: str,
) -> str:
    """Say which values there are, and with which options their file is read."""
    said = [f"--{side} {_joined(v)}" for side, v in _sides(labels).items() if v]
    beside = f" beside {' '.join(said)}" if said else ""
    some = _ordered(rest)
    if len(some) > _LISTED:
        some.sort(key=lambda value: -counts[value])
    start = f"{name}: column {shown(column)!r} holds {_listed(some, counts)}{beside}"
    if len(counts) < len(CLASSES):
        return f"{start} alone; two labels are needed"
    proposed = _proposed(counts, labels, rest)
    options = " ".join(f"--{side} {_joined(v)}" for side, v in proposed.items() if v)
    if set(rest) == set(counts) and len(rest) == len(CLASSES):
        return f"{start}; say which is which: {options}, or the other way round"
    other = ", or name another column with --label-column" if len(counts) > _LISTED else ""
    return (
        f"{start}; a model tells two labels apart: say which are positive and negative and which "
        f"rows are left out, for example: {options}{other}"
    )


def _ordered(values: Sequence[str]) -> list[str]:
    """Return values in the order in which people look for them."""
    numbers = [value for value in values if _NUMBER.fullmatch(value)]
    return sorted(numbers, key=Decimal) + sorted(set(values).difference(numbers))


def _sides(labels: Mapping[str, int | None]) -> dict[str, list[str]]:
    sides: dict[str, list[str]] = {"positive": [], "negative": [], "drop": []}
    for value, label in labels.items():
        sides["drop" if label is None else CLASSES[label]].append(value)
    return sides


def _proposed(
    counts: Mapping[str, int], labels: Mapping[str, int | None], rest: Sequence[str]
) -> dict[str, list[str]]:
    """Return options that settle every value; a person knows better which are right."""
    sides = _sides(labels)
    total = sum(counts.values())
    frequent = [value for value in rest if counts[value] >= _RARE * total]
    if not (sides["positive"] or sides["negative"]) and len(frequent) < len(rest):
        plain = _plain(frequent)
        if plain is not None and len(set(plain.values())) == len(CLASSES):
            sides["drop"] += _few([value for value in rest if value not in plain])
            return sides
    missing = [side for side in CLASSES if not sides[side]]
    if len(missing) < len(CLASSES):
        # A side is named: what is left is the other, or of no use.
        other = list(rest)
        if missing and all(map(_NUMBER.fullmatch, rest)):
            count = len(sides[CLASSES[missing[0] == CLASSES[0]]])
            ordered = _ordered(rest)
            other = ordered[:count] if missing[0] == CLASSES[0] else ordered[-count:]
            sides["drop"] += _few([value for value in rest if value not in other])
        sides[missing[0] if missing else "drop"] += _few(other)
        return sides
    negative, positive, neither = _halves(rest, counts)
    sides["negative"] += negative
    sides["positive"] += positive
    sides["drop"] += _few(neither)
    return sides


def _halves(
    values: Sequence[str], counts: Mapping[str, int]
) -> tuple[list[str], list[str], list[str]]:
    """Divide values: numbers in the middle, words by what is plain, others by their frequency."""
    if all(_NUMBER.fullmatch(value) for value in values) and len(values) <= _LISTED:
        return _numbers_divided(_ordered(values))
    words = {value: _PLAIN[value] for value in values if value in _PLAIN}
    if len(set(words.values())) == len(CLASSES):
        negative = sorted(value for value, label in words.items() if label == 0)
        positive = sorted(value for value, label in words.items() if label == 1)
    else:
        common = sorted(sorted(values), key=lambda value: -counts[value])[: len(CLASSES)]
        negative, positive = [min(common)], [max(common)]
    return negative, positive, sorted({*values} - {*negative, *positive})


def _numbers_divided(ordered: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Divide numbers by the scale that they seem to be of, or else in the middle."""
    smallest, largest = Decimal(ordered[0]), Decimal(ordered[-1])
    if smallest < 0:
        low, high = Decimal(0), Decimal(0)
    elif smallest >= 1 and largest == 5:
        # One to five stars: three say neither.
        low, high = Decimal(3), Decimal(3)
    elif 5 < largest <= 10:
        low, high = Decimal(5), Decimal(6)
    else:
        low, high = smallest, largest
    negative = [value for value in ordered if Decimal(value) < low]
    positive = [value for value in ordered if Decimal(value) > high]
    if not negative or not positive:
        half = len(ordered) // 2
        negative, positive = ordered[:half], ordered[len(ordered) - half :]
    return negative, positive, [v for v in ordered if v not in {*negative, *positive}]


def _few(values: Sequence[str]) -> list[str]:
    return list(values) if len(values) <= _LISTED else [REST]


def _joined(values: Sequence[str]) -> str:
    """Return values as an option takes them, quoted for a shell where that is needed."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return shlex.quote(line.getvalue())


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
