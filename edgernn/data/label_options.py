"""What a person says about the values of a label column, and how a command line says it."""

from __future__ import annotations

import csv
import functools
import io
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgernn.data.label_spelling import fold, spelled
from edgernn.errors import UsageError

__all__ = ["MOST_LABELS", "REST", "LabelRule", "as_option", "as_options", "parse_names",
           "parse_values"]  # fmt: skip

REST = "*"
"""In an option: every value that no option names."""

MOST_LABELS = 1024
"""As many as a text contract has at most."""


@dataclass(frozen=True)
class LabelRule:
    """What a person says about the values of a label column; each is as `fold` gives it."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    """Values whose rows are left out."""
    labels: tuple[str, ...] = ()
    """The labels' names as they are to be spelled, in their order; none: as the column has them."""

    def __post_init__(self) -> None:
        named = Counter(value for values in self._folded.values() for value in values)
        for value, count in named.items():
            if count > 1:
                sides = " and ".join(f"--{s}" for s, values in self._folded.items()
                                     if value in values)  # fmt: skip
                raise UsageError(f"the label {value!r} is named by {sides}; name it once")
        if self.labels:
            self._check_labels()

    def _check_labels(self) -> None:
        if self.positive or self.negative:
            raise UsageError(
                "--labels names labels that stay what they are; leave it out, or leave --positive "
                "and --negative out"
            )
        for value, count in Counter(map(fold, self.labels)).items():
            if count > 1:
                raise UsageError(f"--labels: {value!r} is named twice")
        if not 2 <= len(self.labels) <= MOST_LABELS:
            raise UsageError(
                f"--labels: names {len(self.labels):,} of them; a model tells 2 to {MOST_LABELS:,} "
                "labels apart"
            )

    def __bool__(self) -> bool:
        return any(self.sides().values())

    def meaning(self, value: str) -> str | None:
        """Return the name of the option that names a folded value, or that takes the rest."""
        sides = self._folded.items()
        named = [side for side, values in sides if value in values]
        return next(iter(named or [side for side, values in sides if REST in values]), None)

    def names(self, value: str) -> bool:
        """Tell whether an option names this very value."""
        return any(value in values for values in self._folded.values())

    def renamed(self, names: Mapping[str, str]) -> LabelRule:
        """Return the same rule with other names of some values."""
        sides = (self.positive, self.negative, self.drop)
        return LabelRule(*(tuple(names.get(v, v) for v in values) for values in sides))

    @functools.cached_property
    def _folded(self) -> dict[str, frozenset[str]]:
        return {side: frozenset(map(fold, values)) for side, values in self.sides().items()}

    def options(self) -> str:
        """Return the options that say it, as they were given."""
        return as_options(self.sides())

    def sides(self) -> dict[str, tuple[str, ...]]:
        """Return the values by the names of their options."""
        return {
            "positive": self.positive,
            "negative": self.negative,
            "drop": self.drop,
            "labels": self.labels,
        }


def parse_values(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the folded values of an option, which are separated by commas or given one by one."""
    values = [fold(value) for value in _parsed(texts)]
    if texts and not any(values):
        raise UsageError(f"{', '.join(map(repr, texts))}: names no value of a label")
    return tuple(dict.fromkeys(value for value in values if value))


def parse_names(texts: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the names that an option holds, as they are spelled; likewise separated.

    Raises:
        UsageError: there is none, or one cannot be a name.
    """
    names = [spelled(value) for value in _parsed(texts)]
    for name in names:
        if not name.isprintable():
            raise UsageError(f"{option}: {name!r} has characters that cannot be printed")
    found = tuple(name for name in names if name)
    if texts and not found:
        raise UsageError(f"{option}: {', '.join(map(repr, texts))} names nothing")
    return found


def _parsed(texts: Sequence[str]) -> list[str]:
    # A value that holds a comma itself stands in quotes, as in a CSV file.
    try:
        return [value for row in csv.reader(texts, skipinitialspace=True) for value in row]
    except csv.Error as error:
        raise UsageError(
            f"{', '.join(texts)}: are not values separated by commas: {error}"
        ) from error


def as_option(values: Sequence[str]) -> str:
    """Return values as an option takes them, quoted for a shell where that is needed."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return shlex.quote(line.getvalue())


def as_options(sides: Mapping[str, Sequence[str]]) -> str:
    """Return options with their values, those that have some."""
    return " ".join(f"--{side} {as_option(values)}" for side, values in sides.items() if values)
