"""JSON: an object a line, or an array of objects."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from edgernn.errors import DataError
from edgernn.rows import files
from edgernn.rows.columns import TEXT_COLUMNS, column_of
from edgernn.rows.encodings import Lines, Text
from edgernn.rows.json_objects import Form, form_of
from edgernn.rows.options import ReadOptions
from edgernn.rows.plain import decoded
from edgernn.rows.row import Row, Table

_LOOKED_AT = 100
"""Rows whose keys become columns."""
_SEARCHED = 1000
"""Rows that are looked at until one has the text column."""
_SEARCHED_CHARACTERS = 2**22

_SPACE = " \t\r\n"


def read_json(text: Text, options: ReadOptions) -> Table:
    """Read one JSON object a line, or the objects of one array, whichever the file begins with.

    The columns are the keys of the first rows, in the order in which they are seen, of as many as
    it takes to see one with the text column. A row's number is the number of its line, blank lines
    being no rows; or its place in the array, from 1 on.
    """
    is_array = text.head.lstrip()[:1] == b"["
    if is_array:
        rows = _array(text)
    else:
        rows = _object(text) if _is_one_object(text.head) else _lines(text)
    looked = _Looked(text.name, options.text_column, text.waits)
    for row in rows:
        if looked.is_enough(row):
            break
    if len(looked.rows) == 1 and (form := form_of(looked.rows[0].fields, looked.has_text)):
        # A record may look as if it were a whole table; then others follow it.
        second = next(rows, None)
        if second is None:
            return _unwrapped(text.name, looked.rows[0].fields, form)
        rows = chain([second], rows)
    if not looked.columns:
        raise DataError(_no_objects(text.name, looked.rows, is_array))
    columns = tuple(looked.columns)
    return Table(
        columns,
        _chained(looked.rows, rows),
        columns,
        [row.fields for row in looked.rows if row.error is None],
        format="json" if is_array else "jsonl",
    )


def _unwrapped(name: str, fields: Mapping[str, object], form: Form) -> Table:
    """Return the records of the one object of a file."""
    records = None if form.records is None else fields[form.records]
    if not isinstance(records, list):
        raise DataError(
            f"{name} is one object, {form.title}, and not a list of records; with pandas write it "
            "by to_json(..., orient='records', lines=True)"
        )
    columns = tuple(dict.fromkeys(key for record in records for key in record))
    return Table(
        columns,
        (Row(number, record) for number, record in enumerate(records, start=1)),
        columns,
        records[:_LOOKED_AT],
        format="json",
        notes=(f"{name}: the records are those of {form.records!r}",),
    )


class _Looked:
    """The first rows of a file, looked at for its columns."""

    def __init__(self, name: str, asked: str | None, waits: bool) -> None:
        self.rows: list[Row] = []
        self.columns: dict[str, None] = {}
        self._name = name
        self._asked = asked
        # The next row of a pipe may be long in coming.
        self._least = 1 if waits else _LOOKED_AT
        self._characters = 0
        self.has_text = False

    def is_enough(self, row: Row) -> bool:
        """Look at `row`, and tell whether it was the last that needs to be looked at."""
        self.rows.append(row)
        self._characters += len(row.raw or "")
        if row.error is None:
            self.columns.update(dict.fromkeys(row.fields))
            self._characters += sum(len(v) for v in row.fields.values() if isinstance(v, str))
            self.has_text = self.has_text or self._finds(row)
        if self._characters > _SEARCHED_CHARACTERS or len(self.rows) >= _SEARCHED:
            return True
        return self.has_text and len(self.rows) >= self._least

    def _finds(self, row: Row) -> bool:
        columns = tuple(self.columns)
        table = Table(columns, iter(()), columns, [row.fields])
        try:
            column_of(table, self._asked, TEXT_COLUMNS, option="--text-column", name=self._name)
        except DataError:
            return False
        return True


def _no_objects(name: str, rows: list[Row], is_array: bool) -> str:
    problem = f"row {rows[0].number}: {rows[0].error or 'an empty object'}" if rows else "no rows"
    if is_array:
        return f"{name} is not a JSON array of objects ({problem})"
    return f"{name} does not look like JSON Lines or an array of objects ({problem})"


def _chained(head: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from head
    head.clear()
    yield from rest


def _lines(text: Text) -> Iterator[Row]:
    lines = Lines(text)
    for string, bad in decoded(lines):
        if bad is not None:
            yield bad
            continue
        if not string.strip():
            continue
        values, error = _value(string)
        if error is None:
            yield Row(lines.number, values)
        else:
            yield Row(lines.number, {}, error, string.removesuffix("\n").removesuffix("\r"))


def _value(string: str) -> tuple[Any, str | None]:
    try:
        values = json.loads(string)
    except json.JSONDecodeError as exc:
        return None, f"not valid JSON: {exc.msg} at character {exc.colno}"
    except (ValueError, RecursionError) as exc:
        return None, f"JSON that cannot be read: {exc}"
    return values, _not_object(values)


def _not_object(values: object) -> str | None:
    return None if isinstance(values, dict) else f"not a JSON object but {type(values).__name__}"


def _is_one_object(head: bytes) -> bool:
    """Tell whether a file begins with an object of several lines."""
    lines = [line.strip() for line in head.split(b"\n")[:_SEARCHED] if line.strip()]
    if len(lines) < 2 or not lines[0].startswith(b"{"):
        return False
    return lines[0].endswith((b"{", b"[")) or (
        lines[0].endswith(b",") and not lines[1].startswith(b"{")
    )


def _object(text: Text) -> Iterator[Row]:
    """Yield the one object of a file, which may stand in several lines."""
    source = _Characters(text)
    source.skip_space()
    string, value, _ = source.element(1)
    if rest := source.skip_space():
        raise DataError(
            f"{text.name} goes on with {rest!r} after its first object, which has several lines; "
            "write each object in one line"
        )
    if "\udcff" in string:
        raise DataError(f"{text.name} is not {text.encoding.upper()} text{text.hint}")
    yield Row(1, value)


def _array(text: Text) -> Iterator[Row]:
    """Yield the elements of an array one by one, reading no further than each.

    Raises:
        DataError: the array is damaged or cut short, or an element is longer than MAX_LINE_BYTES.
    """
    source = _Characters(text)
    source.skip_space()
    source.take()
    number = 0
    while True:
        number += 1
        mark = source.skip_space()
        if mark == "]" and number == 1:
            source.take()
            break
        start, value, error = source.element(number)
        if "\udcff" in start:
            yield Row(
                number,
                {},
                f"not {text.encoding.upper()} text{text.hint}",
                start.replace("\udcff", ""),
            )
        elif error is not None:
            yield Row(number, {}, error, start)
        else:
            problem = _not_object(value)
            yield Row(number, {} if problem else value, problem, start if problem else None)
        mark = source.skip_space()
        if mark not in (",", "]"):
            found = f"{mark!r}" if mark else "the end"
            raise DataError(f"{text.name} is damaged after row {number}: {found} where , should be")
        source.take()
        if mark == "]":
            break
    if rest := source.skip_space():
        raise DataError(f"{text.name} goes on with {rest!r} after the end of its array")


class _Characters:
    """What is to come of a text."""

    def __init__(self, text: Text) -> None:
        self._name = text.name
        self._stream = text.stream
        # As for text of other encodings, 0xff marks what cannot be decoded.
        self._decoder = codecs.getincrementaldecoder("utf-8")("edgernn.bad-to-mark")
        self._decode = json.JSONDecoder().raw_decode
        self._buffer = ""
        self._at = 0
        self._ended = False

    def _more(self) -> bool:
        if self._ended:
            return False
        data = self._stream.read1(max(2**16, len(self._buffer) - self._at))  # type: ignore[attr-defined]
        self._ended = not data
        self._buffer = self._buffer[self._at :] + self._decoder.decode(data, self._ended)
        self._at = 0
        return True

    def skip_space(self) -> str:
        """Return the next character that is no space, without taking it; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _SPACE:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self) -> None:
        """Take one character."""
        self._at += 1

    def element(self, number: int) -> tuple[str, Any, str | None]:
        """Take one element; return its text, its value, and what is wrong with it."""
        while True:
            error = "it ends too early"
            try:
                value, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError as exc:
                error = f"{exc.msg} at its character {exc.pos - self._at + 1}"
            except (ValueError, RecursionError) as exc:
                raise DataError(f"{self._name}, row {number}: JSON that cannot be read") from exc
            else:
                # A number may go on in what is to come.
                if end < len(self._buffer) or self._ended:
                    start, self._at = self._buffer[self._at : end], end
                    return start, value, None
            size = len(self._buffer) - self._at
            if size > files.MAX_LINE_BYTES:
                raise DataError(
                    f"{self._name}, row {number}: longer than {files.MAX_LINE_BYTES:,} characters, "
                    "or not valid JSON"
                )
            if not self._more():
                raise DataError(f"{self._name}, row {number}: not valid JSON: {error}")
