"""A line of a CSV or TSV file, split into fields; and what tells a row from a piece of a text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from edgernn.rows import files

# The limit is one for the whole process; whoever gives the lines bounds them, so that it is only
# ever raised.
csv.field_size_limit(max(csv.field_size_limit(), files.MAX_LINE_BYTES))

QUOTINGS = ("double", "backslash", "none")

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?%?")
_WORD_LENGTH = 40
_FEW = 5
"""Of fewer texts, all may happen to be one word."""


def csv_rules(delimiter: str) -> Any:
    """Return the rules of CSV for the standard library's reader, which are strict about quotes.

    Not being strict it would glue text after a closing quote on, and close a quote that is open.
    """
    return csv.reader((), delimiter=delimiter, strict=True).dialect


def without_end(line: str) -> str:
    """Return `line` without its line end."""
    return line.removesuffix("\n").removesuffix("\r")


def doubled(line: str) -> str:
    r"""Return `line` with quotes that a backslash escapes, `\"`, written as `""`."""
    return re.sub(r'(?<!\\)((?:\\\\)*)\\"', r'\1""', line)


def split_strict(line: str, delimiter: str, *, spaced: bool = False) -> list[str] | None:
    """Split one line as CSV; None if it is not. `spaced` lets spaces stand before a field."""
    rules = csv_rules(delimiter)
    try:
        return list(next(csv.reader((line,), rules, skipinitialspace=spaced), []))
    except csv.Error:
        return None


def split_soundly(line: str, delimiter: str) -> list[str] | None:
    """Split one line as CSV; None of one that `csv.reader` has to look at.

    It gives the fields that `csv.reader` gives by `csv_rules`, and of a long text it takes less
    time, since it goes from quote to quote in place of from character to character.

    Args:
        line: with or without its line end.
        delimiter: a character.
    """
    parts = without_end(line).split('"')
    outside, inside = parts[::2], parts[1::2]
    if len(outside) == len(inside) or not inside or "\r" in "".join(outside):
        return None
    first, *between, last = outside
    fields: list[str] = []
    if first:
        if not first.endswith(delimiter):
            return None
        fields = first.split(delimiter)[:-1]
    start = 0
    # Nothing between two quotes is one quote of the text.
    if any(between):
        for end, part in enumerate(between, start=1):
            if part:
                if not (part.startswith(delimiter) and part.endswith(delimiter)):
                    return None
                fields.append('"'.join(inside[start:end]))
                fields += part.split(delimiter)[1:-1]
                start = end
    fields.append('"'.join(inside[start:]))
    if last:
        if not last.startswith(delimiter):
            return None
        fields += last.split(delimiter)[1:]
    return fields


def split_leniently(line: str, delimiter: str) -> list[str] | None:
    """Split one line as CSV in which quotes inside of quotes are not doubled.

    A quoted field ends where a quote stands before a delimiter or the end of the line.
    """
    fields: list[str] = []
    at = 0
    while at <= len(line):
        if line.startswith('"', at):
            end = at + 1
            while True:
                end = line.find('"', end)
                if end < 0:
                    return None
                if end + 1 == len(line) or line.startswith(delimiter, end + 1):
                    break
                end += 1
            fields.append(line[at + 1 : end].replace('""', '"'))
            at = end + 1 + len(delimiter)
        else:
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            fields.append(line[at:end])
            at = end + len(delimiter)
    return fields


class Profile(NamedTuple):
    """What the rows of a file have in common."""

    width: int
    numbers: frozenset[int]
    """Columns that hold numbers only, one in every row."""
    words: frozenset[int]
    """Columns that hold one word each, such as labels, ids and dates."""
    close: frozenset[int]
    """Columns whose values never begin with a space, as a text does after a comma."""
    delimiter: str

    @property
    def telling(self) -> bool:
        """Whether it tells a row from a line of a text that happens to have as many delimiters."""
        return self.width > 1 and (self.delimiter == "\t" or bool(self.numbers | self.words))

    def fits(self, fields: Sequence[str]) -> bool:
        """Tell whether `fields` look like a row of the file."""
        if len(fields) != self.width:
            return False
        if not all(is_number(fields[i]) for i in self.numbers):
            return False
        # No text happens to have as many tabs.
        return self.delimiter == "\t" or (
            all(is_word(fields[i]) for i in self.words)
            and not any(fields[i].startswith(" ") for i in self.close)
        )


def profile_of(rows: Iterable[Sequence[str]], width: int, delimiter: str) -> Profile:
    """Find what those of `rows` that have `width` fields in one line have in common."""
    whole = [row for row in rows if len(row) == width and not any("\n" in value for value in row)]
    everything = [[row[i] for row in whole] for i in range(width)]
    columns = [[value for value in values if value.strip()] for values in everything]
    return Profile(
        width,
        _those(everything, is_number),
        _those([values if len(values) >= _FEW else [] for values in columns], is_word),
        _those(columns, lambda value: not value.startswith(" ")),
        delimiter,
    )


def _those(columns: Sequence[Sequence[str]], test: Any) -> frozenset[int]:
    found = (i for i, values in enumerate(columns) if values and all(map(test, values)))
    return frozenset(found)


def is_number(value: str) -> bool:
    """Tell whether `value` is a number as people write it."""
    return _NUMBER.fullmatch(value.strip()) is not None


def is_word(value: str) -> bool:
    """Tell whether `value` is one word, number or date."""
    bare = value.strip()
    return len(bare) <= _WORD_LENGTH and " " not in bare
