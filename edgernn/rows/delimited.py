"""CSV and TSV: a row for each record of the file, whatever its quotes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edgernn.errors import DataError
from edgernn.rows import files
from edgernn.rows.columns import unique
from edgernn.rows.dialect import Dialect, as_row, dialect_of
from edgernn.rows.encodings import Lines, Text, readable
from edgernn.rows.fields import Profile, csv_rules, doubled, profile_of, split_soundly
from edgernn.rows.files import BadRowError
from edgernn.rows.header import check_header
from edgernn.rows.options import ReadOptions
from edgernn.rows.row import Row, Table
from edgernn.rows.title import LOOKED_AT, check_first

_LONG_SPAN = 100


def read_csv(text: Text, options: ReadOptions) -> Table:
    """Read separated values; the first rows tell how they are separated and quoted."""
    return _read(text, options, ",")


def read_tsv(text: Text, options: ReadOptions) -> Table:
    """Read separated values, by tabs unless the first rows tell something else."""
    return _read(text, options, "\t")


def head_lines(text: Text) -> tuple[list[str], bool]:
    """Return the lines that `text` begins with, and whether there are more."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.head.decode(errors="replace"))
    cut = not text.whole
    if cut and len(lines) > 1 and not lines[-1].endswith("\n"):
        del lines[-1]
    return lines, cut


def _read(text: Text, options: ReadOptions, usual: str) -> Table:
    lines, cut = head_lines(text)
    dialect = dialect_of(
        lines,
        text.name,
        cut=cut,
        usual=usual,
        delimiter=options.delimiter,
        quoting=options.quoting,
        headed=options.header,
        text_column=options.text_column,
    )
    reader = _Reader(text, dialect)
    splits = reader.splits()
    first = next((split for split in splits if split.fields != [""]), None)
    if first is None:
        raise DataError(f"{text.name} is empty")
    if first.fields is None or first.problem is not None:
        raise DataError(f"the header of {text.name} cannot be read: {first.problem}")
    names = tuple(first.fields)
    if not options.header:
        names = tuple(str(number) for number in range(1, len(names) + 1))
    columns = unique(names)
    rows = dialect.rows[1:] if options.header else dialect.rows
    reader.profile = profile_of(rows, len(columns), dialect.delimiter)
    if options.quoting is None:
        _check_first_row(first.fields, lines[dialect.skipped :], reader.profile, text.name)
    sample = tuple(dict(zip(columns, row, strict=False)) for row in rows)
    if not options.header:
        splits = _chained(first, splits)
    table = Table(
        columns,
        _rows(columns, splits),
        names,
        sample,
        headed=options.header,
        notes=(f"{text.name}: {dialect.note}",) if dialect.note else (),
        if_empty=f"{text.name} has a header and no rows" if options.header else "",
    )
    if options.header:
        # The line of a header that blank lines stand above is not known here.
        check_first(names, rows[: 2 * LOOKED_AT], f"{text.name}: the first row")
        check_header(table, options.text_column, text.name)
    return table


def _check_first_row(
    fields: Sequence[str], lines: Sequence[str], profile: Profile, name: str
) -> None:
    """Raise a DataError if the first row seems to have other rows in it, by a quote left open."""
    breaks = sum(field.count("\n") for field in fields)
    if any(as_row(line, profile) is not None for line in lines[1 : breaks + 1]):
        raise DataError(
            f"{name}, line 1: a quote opens there, and the lines to {breaks + 1} are one row or "
            f"{breaks + 1}; read the file with --quoting double if one, --quoting none if several"
        )


class _Split(NamedTuple):
    """The fields of a row; or what is wrong with it, and what the file has."""

    fields: list[str] | None
    problem: str | None = None
    raw: str | None = None


def _chained(first: _Split, rest: Iterator[_Split]) -> Iterator[_Split]:
    yield first
    yield from rest


def _rows(columns: Sequence[str], splits: Iterator[_Split]) -> Iterator[Row]:
    number = 0
    width = len(columns)
    for fields, problem, raw in splits:
        if problem is None and fields is not None:
            if len(fields) == width:
                number += 1
                yield Row(number, dict(zip(columns, fields, strict=True)))
                continue
            if fields == [""]:
                continue
            problem = _wrong_width(len(fields), width)
        number += 1
        yield Row(number, {}, problem, raw)


def _wrong_width(fields: int, width: int) -> str:
    return f"{fields} field{'s' * (fields != 1)} where the header has {width}"


def _raw(lines: Sequence[bytes]) -> str:
    return "\n".join(map(readable, lines))


class _Reader:
    """The rows of a file as lists of fields."""

    def __init__(self, text: Text, dialect: Dialect) -> None:
        self._name = text.name
        self._lines = Lines(text)
        self._dialect = dialect
        self.profile: Profile | None = None
        """Of the rows; None while the first row is read."""
        self._rules = csv_rules(dialect.delimiter)
        self._problem: str | None = None
        self._too_long: str | None = None

    def splits(self) -> Iterator[_Split]:
        """Yield the fields of each row; a blank line has one that is empty."""
        lines = self._lines
        delimiter = self._dialect.delimiter
        quotes = self._dialect.quoting != "none"
        backslash = self._dialect.quoting == "backslash"
        for _ in range(self._dialect.skipped):
            next(lines, None)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except BadRowError as exc:
                yield _Split(None, str(exc))
                continue
            if quotes and b'"' in line:
                whole = None if backslash or b"\0" in line else self._of_one_line(line)
                if whole is None:
                    yield from self._lines_of_row(line)
                    continue
                fields = whole
                if self.profile is not None and len(fields) != self.profile.width:
                    yield self._other_way(line, fields)
                else:
                    yield _Split(fields)
                continue
            try:
                text = line.decode()
            except UnicodeDecodeError as exc:
                yield _Split(None, lines.not_text(exc), readable(line))
                continue
            bare = text.removesuffix("\n").removesuffix("\r")
            if "\0" in bare or "\r" in bare:
                yield from self._odd(bare)
                continue
            fields = bare.split(delimiter)
            # Told apart here, as the line is at hand.
            if self.profile is not None and len(fields) != self.profile.width and bare:
                yield _Split(fields, None, bare)
            else:
                yield _Split(fields)

    def _odd(self, bare: str) -> Iterator[_Split]:
        line = self._lines.number
        parts = bare.split("\r")
        profile = self.profile
        if "\0" in bare:
            yield _Split(None, f"line {line} holds a NUL character", bare)
        elif profile and profile.width > 1 and all(as_row(part, profile) for part in parts):
            # Some of the file's lines end in a carriage return alone.
            for part in parts:
                yield _Split(part.split(self._dialect.delimiter))
        else:
            yield _Split(None, f"line {line} holds a carriage return", bare)

    # A row with quotes in it.

    def _of_one_line(self, line: bytes) -> list[str] | None:
        """Return the fields of a row that ends where its line does; most do."""
        try:
            text = line.decode()
            fields = split_soundly(text, self._dialect.delimiter)
            # Of an odd number of quotes one is open.
            if fields is None and text.count('"') % 2 == 0:
                fields = next(csv.reader((text,), self._rules))
        except (csv.Error, UnicodeDecodeError):
            return None
        return fields

    def _other_way(self, line: bytes, fields: list[str]) -> _Split:
        """Return the fields of a line of which quoting as in CSV makes too few or too many."""
        if self.profile is not None and not self._dialect.is_asked:
            again = as_row(line.decode(), self.profile)
            if again is not None:
                return _Split(again)
        return _Split(fields, None, readable(line))

    def _lines_of_row(self, line: bytes) -> Iterator[_Split]:
        span: list[bytes] = []
        self._problem = self._too_long = None
        first = self._lines.number
        fields: list[str] | None = None
        error = ""
        try:
            fields = next(csv.reader(self._feed(line, span), self._rules))
        except BadRowError as exc:
            error = str(exc)
        except csv.Error as exc:
            error = str(exc)
        profile = self.profile
        if self._problem is not None and (len(span) == 1 or fields is not None):
            yield _Split(None, self._problem, _raw(span))
        elif fields is not None and (profile is None or self._stands(fields, span, profile)):
            if profile is not None and len(fields) != profile.width:
                yield self._other_way(line, fields)
            else:
                yield _Split(fields)
        else:
            last = first + len(span) - 1
            where = f"lines {first} to {last}" if last > first else f"line {first}"
            if profile is None:
                yield _Split(None, f"{where}: {error}", _raw(span))
            else:
                yield from self._sorted_out(span, first, fields, f"{where}: {error}", profile)
        if self._too_long is not None:
            yield _Split(None, self._too_long)

    def _sorted_out(
        self,
        span: list[bytes],
        first: int,
        fields: list[str] | None,
        problem: str,
        profile: Profile,
    ) -> Iterator[_Split]:
        """Yield the rows of lines that are not quoted as CSV is, or seem to be joined by a quote.

        Raises:
            DataError: it is not certain where one row ends and the next begins.
        """
        is_row = fields is not None and len(fields) == profile.width
        is_open = self._too_long is not None or "unexpected end" in problem
        rows = None if is_row else self._rows_of(span, profile)
        if rows is not None:
            yield from rows
        elif len(span) == 1 or not (is_row or is_open or self._joins(span, profile)):
            if fields is not None:
                problem = _wrong_width(len(fields), profile.width)
            yield _Split(None, problem, _raw(span))
        else:
            where = f"{self._name}, line {first}: a quote opens there, and the lines to"
            last = first + len(span) - 1
            if is_row:
                raise DataError(
                    f"{where} {last} are one row or {len(span)}; read the file with "
                    "--quoting double if one, --quoting none if several"
                )
            raise DataError(
                f"{where} {last} would be one row; correct the quotes of that line, or read the "
                "file with --quoting none"
            )

    def _feed(self, line: bytes, span: list[bytes]) -> Iterator[str]:
        """Yield the lines of one row, as csv.reader asks for them, and keep them in `span`.

        Undecodable bytes must not end the file, so they are carried through the parser as
        surrogates, and the row that holds them is marked in `_problem`.
        """
        size = 0
        while True:
            span.append(line)
            if b"\0" in line:
                self._problem = f"line {self._lines.number} holds a NUL character"
            try:
                text = line.decode()
            except UnicodeDecodeError as exc:
                self._problem = self._lines.not_text(exc)
                text = line.decode(errors="surrogateescape")
            yield doubled(text) if self._dialect.quoting == "backslash" else text
            size += len(line)
            if size > files.MAX_LINE_BYTES:
                raise BadRowError(f"unexpected end after {files.MAX_LINE_BYTES:,} bytes")
            try:
                line = next(self._lines)
            except StopIteration:
                return
            except BadRowError as exc:
                self._too_long = str(exc)
                raise

    def _stands(self, fields: list[str], span: list[bytes], profile: Profile) -> bool:
        """Tell whether a row of several lines that was parsed is one row of the file."""
        if self._dialect.is_asked or len(span) == 1:
            return True
        return len(fields) == profile.width and not self._joins(span, profile)

    def _joins(self, span: list[bytes], profile: Profile) -> bool:
        """Tell whether the lines of one row seem to be rows that a stray quote has joined."""
        if self._dialect.is_asked:
            return False
        if profile.width == 1:
            return len(span) > _LONG_SPAN
        if not profile.telling:
            return False
        # Most lines of a text are told by their delimiters alone, and before the first of them.
        delimiter = profile.delimiter.encode()
        lines = [line for line in span if line.count(delimiter) >= profile.width - 1]
        room = len(lines) - len(span) // 2 - 1
        if room < 0:
            return False
        for row in self._alone(lines[::-1], profile):
            room -= row is None
            if room < 0:
                return False
        return True

    def _rows_of(self, span: list[bytes], profile: Profile) -> list[_Split] | None:
        """Return the rows of lines that are a row each by themselves; None if not all are."""
        if self._dialect.is_asked or (profile.width == 1 and len(span) > 1):
            return None
        rows: list[_Split] = []
        for row in self._alone(span, profile):
            if row is None:
                return None
            rows.append(_Split(row))
        return rows

    @staticmethod
    def _alone(span: list[bytes], profile: Profile) -> Iterator[list[str] | None]:
        for line in span:
            try:
                yield as_row(line.decode(), profile)
            except UnicodeDecodeError:
                yield None
