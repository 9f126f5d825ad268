"""How a CSV or TSV file is written: its delimiter and its quotes, told from the first rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edgernn.errors import DataError, UsageError
from edgernn.rows.fields import (
    QUOTINGS,
    Profile,
    csv_rules,
    doubled,
    is_number,
    profile_of,
    split_leniently,
    split_strict,
    without_end,
)
from edgernn.rows.title import LOOKED_AT, described, filled, names_follow, note_ignored_title

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""Those that are looked for, with names that are taken for `--delimiter` besides."""

_ROWS = 1000
_CONSISTENT = 0.9
_NAME = re.compile(r"[\w(#][\w .\-/()#:]*")
_EXCEL = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class Dialect(NamedTuple):
    """How a file is written."""

    delimiter: str
    quoting: str
    """One of QUOTINGS."""
    rows: Sequence[Sequence[str]]
    """The first rows, the header among them."""
    skipped: int = 0
    """Lines before the header."""
    is_asked: bool = False
    """Whether the quoting was asked for."""
    note: str = ""
    """On lines that are a title above the header, or seem to be."""

    @property
    def share(self) -> float:
        """Of the first rows those that have as many fields as the very first."""
        width = len(self.rows[0]) if self.rows else 0
        return sum(len(row) == width for row in self.rows) / max(1, len(self.rows))


def delimiter_named(name: str) -> str:
    r"""Return the delimiter that `--delimiter` names: a character, `tab` or `\t`, `comma`..."""
    if name in ("\\t", "TAB"):
        return "\t"
    for character, title in DELIMITERS.items():
        if name.lower() == title:
            return character
    if len(name) != 1 or name in '"\r\n\0':
        raise UsageError(
            f"--delimiter {name!r}: give one character, or one of {', '.join(DELIMITERS.values())}"
        )
    return name


def quoting_named(name: str) -> str:
    """Return `name` if there is such a quoting."""
    if name not in QUOTINGS:
        raise UsageError(f"--quoting {name}: choose one of {', '.join(QUOTINGS)}")
    return name


def dialect_of(
    lines: Sequence[str],
    name: str,
    *,
    cut: bool,
    usual: str,
    delimiter: str | None = None,
    quoting: str | None = None,
    headed: bool = True,
    text_column: str | None = None,
) -> Dialect:
    """Return how a file that begins with `lines` is written.

    Each delimiter is tried on the rows, properly parsed; that which splits them all into as many
    fields as the first wins, whatever characters stand in the texts.

    Args:
        lines: its first lines, line ends included, whole.
        name: the file, for messages.
        cut: whether there are more lines.
        usual: the delimiter of its format, for a file of one column.
        delimiter: that which was asked for.
        quoting: likewise.
        headed: whether a row names the columns.
        text_column: that which was asked for.

    Raises:
        DataError: two delimiters would do.
    """
    asked = None if delimiter is None else delimiter_named(delimiter)
    if quoting is not None:
        quoting_named(quoting)
    skipped = 0
    said = None
    if lines and (match := _EXCEL.fullmatch(without_end(lines[0]))):
        # Excel's own way to say it, and a line that is no row.
        said, skipped = match[1], 1
        lines = lines[1:]
    if title := _title_lines(lines, asked or said, text_column):
        names = skipped + title + 1
        if not headed:
            note = note_ignored_title("line", names)
        else:
            note = described("line", skipped + 1, skipped + title, names)
            lines = lines[title:]
            skipped += title
    else:
        note = ""
    read = _dialect(lines, name, cut, usual, asked or said, quoting)
    return read._replace(skipped=skipped, note=note)


def _title_lines(lines: Sequence[str], said: str | None, text_column: str | None) -> int:
    """Return how many of the first lines are certainly a title, with at most one cell each."""
    found = set()
    for delimiter in [said] if said else DELIMITERS:
        above: list[str] = []
        title = 0
        for line in lines[:LOOKED_AT]:
            cells = split_strict(without_end(line), delimiter)
            if cells is None or len(filled(cells)) > 1:
                break
            above += filled(cells)
            title += 1
        if not any(map(without_end, lines[:title])):
            continue
        rows, _ = _parsed(lines[title : title + 2 * LOOKED_AT], True, delimiter, "double")
        even = sum(len(row) == len(rows[0]) for row in rows) if rows else 0
        if even >= _CONSISTENT * len(rows) and names_follow(above, rows, text_column):
            found.add(title)
    if len(found) != 1:
        return 0
    # Unless the first line is one of several cells by another delimiter, as most below it are.
    few = lines[: 2 * LOOKED_AT]
    reads = [_read(few, True, delimiter, None) for delimiter in ([said] if said else DELIMITERS)]
    if any(read.rows and len(filled(read.rows[0])) > 1 and read.share > 0.5 for read in reads):
        return 0
    return found.pop()


def _dialect(
    lines: Sequence[str],
    name: str,
    cut: bool,
    usual: str,
    said: str | None,
    quoting: str | None,
) -> Dialect:
    if said:
        return _read(lines, cut, said, quoting)
    found = [
        read
        for read in (_read(lines, cut, character, quoting) for character in DELIMITERS)
        if read.rows and len(read.rows[0]) > 1
    ]
    if not found:
        _check_one_column(lines, cut, usual, name)
        return _read(lines, cut, usual, quoting)
    ranked = sorted(found, key=_rank, reverse=True)
    best = ranked[0]
    if len(ranked) > 1 and _rank(ranked[1]) == _rank(best):
        first, second = (DELIMITERS[read.delimiter] for read in ranked[:2])
        raise DataError(
            f"{name} may be separated by {first}s or by {second}s; say which: "
            f"--delimiter {first} or --delimiter {second}"
        )
    return best


def _rank(read: Dialect) -> tuple[bool, int, int, float]:
    header, *rows = read.rows
    typed = 0
    for i in range(len(header)):
        values = [row[i] for row in rows if len(row) == len(header) and row[i].strip()]
        typed += bool(values) and all(map(is_number, values))
    named = sum(_NAME.fullmatch(cell) is not None for cell in header)
    return read.share >= _CONSISTENT, typed, named, read.share


def _check_one_column(lines: Sequence[str], cut: bool, usual: str, name: str) -> None:
    for character, title in DELIMITERS.items():
        rows = _read(lines, cut, character, None).rows[1:]
        widths = {len(row) for row in rows}
        if character == usual or len(rows) < 2 or len(widths) > 1 or max(widths) < 2:
            continue
        if profile_of(rows, widths.pop(), character).numbers:
            raise DataError(
                f"{name} has one name in its first line, and rows separated by {title}s; "
                "name all columns there, and remove what is above the names"
            )


def _read(lines: Sequence[str], cut: bool, delimiter: str, quoting: str | None) -> Dialect:
    """Read `lines` with one delimiter, quoted as asked, or as makes the best rows of them."""
    if quoting is not None:
        rows, _ = _parsed(lines, cut, delimiter, quoting)
        return Dialect(delimiter, quoting, rows, is_asked=True)
    rows, broken = _parsed(lines, cut, delimiter, "double")
    double = Dialect(delimiter, "double", rows)
    if not broken and double.share == 1:
        return double
    if any('\\"' in line for line in lines):
        escaped, wrong = _parsed(lines, cut, delimiter, "backslash")
        backslash = Dialect(delimiter, "backslash", escaped)
        if not wrong and backslash.share == 1:
            return backslash
    if broken:
        plain = Dialect(delimiter, "none", _parsed(lines, cut, delimiter, "none")[0])
        # Few texts have commas that are not quoted, and hardly one has tabs.
        enough = _CONSISTENT if delimiter == "\t" else 1
        if plain.share >= enough and plain.rows and len(plain.rows[0]) > 1:
            return plain
    return double


def _parsed(
    lines: Sequence[str], cut: bool, delimiter: str, quoting: str
) -> tuple[list[list[str]], int]:
    """Return the rows of `lines`, and how many are not quoted as CSV is."""
    if quoting == "none":
        bare = [without_end(line) for line in lines[:_ROWS]]
        return [line.split(delimiter) for line in bare if line], 0
    if quoting == "backslash":
        lines = [doubled(line) for line in lines]
    feed = iter(lines)
    rules = csv_rules(delimiter)
    reader = csv.reader(feed, rules)
    rows: list[list[str]] = []
    broken = 0
    while len(rows) < _ROWS:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as exc:
            reader = csv.reader(feed, rules)
            # The last row may be cut off where the look at the file ends.
            broken += not (cut and "unexpected end" in str(exc))
            continue
        if row:
            rows.append(row)
    return rows, broken


def as_row(line: str, profile: Profile) -> list[str] | None:
    """Return the fields of a line that is a row by itself, whatever its quotes; else None."""
    # Too few delimiters are too few however they are quoted.
    if line.count(profile.delimiter) < profile.width - 1:
        return None
    for fields in _splits(without_end(line), profile.delimiter):
        if fields is not None and profile.fits(fields):
            return fields
    return None


def _splits(line: str, delimiter: str) -> Iterator[list[str] | None]:
    if '"' in line:
        yield split_strict(line, delimiter)
        if '\\"' in line:
            yield split_strict(doubled(line), delimiter)
        yield split_leniently(line, delimiter)
        if f'{delimiter} "' in line:
            yield split_strict(line, delimiter, spaced=True)
    yield line.split(delimiter)
