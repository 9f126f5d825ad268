"""One reader a format: from a stream to its columns and its records."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from edgernn.errors import DataError, MissingPackageError
from edgernn.rows import files
from edgernn.rows.columns import listed
from edgernn.rows.files import BadRowError, Lines, not_utf8

_JSON_HEAD = 1000
_PARQUET_BATCH = 1024
# Found in the only column of a header, these tell that the file is separated by something else.
_OTHER_SEPARATORS = {",": ";\t", "\t": ",;"}


class Record(NamedTuple):
    """A row as its format holds it; `values` may be of any type."""

    number: int
    values: Mapping[str, object]
    error: str | None = None


class Table(NamedTuple):
    """The columns of a file, and its rows, which can be read once."""

    columns: tuple[str, ...]
    records: Iterator[Record]
    schema: Any | None = None


def read_txt(stream: BinaryIO, name: str) -> Table:
    """Read one text a line; an empty line is an empty text."""
    return Table(("text",), _txt_records(Lines(stream, name)))


def _txt_records(lines: Lines) -> Iterator[Record]:
    for number, text, error in _decoded(lines):
        if error is None:
            yield Record(number, {"text": text.removesuffix("\n").removesuffix("\r")})
        else:
            yield Record(number, {}, error)


def _decoded(lines: Lines) -> Iterator[tuple[int, str, str | None]]:
    """Yield the number, the text and the error of each line."""
    while True:
        try:
            text = next(lines).decode()
        except StopIteration:
            return
        except BadRowError as exc:
            yield lines.number, "", str(exc)
        except UnicodeDecodeError as exc:
            yield lines.number, "", not_utf8(exc, lines.number)
        else:
            yield lines.number, text, None


def read_csv(stream: BinaryIO, name: str) -> Table:
    """Read comma-separated values with a header row."""
    return _read_separated(stream, name, ",")


def read_tsv(stream: BinaryIO, name: str) -> Table:
    """Read tab-separated values with a header row, quoted the way CSV is."""
    return _read_separated(stream, name, "\t")


class _CsvFeed:
    """The lines of one CSV row after another, as csv.reader wants them.

    Undecodable bytes must not end the file, so they are carried through the parser as surrogates
    and the row that holds them is marked in `problem`.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.start_row()

    def start_row(self) -> None:
        """Forget the last row."""
        self.first = self._lines.number + 1
        self.problem: str | None = None
        self._size = 0

    def where(self) -> str:
        """Return the lines that the current row spans."""
        last = self._lines.number
        return f"lines {self.first} to {last}" if last > self.first else f"line {last}"

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        # A quote that is left open would make one row of the rest of the file.
        self._size += len(line)
        if self._size > files.MAX_LINE_BYTES:
            raise BadRowError(
                f"{self.where()}: a row longer than {files.MAX_LINE_BYTES:,} bytes; "
                "is a quote left open?"
            )
        if b"\0" in line:
            self.problem = f"line {self._lines.number} holds a NUL character"
        try:
            return line.decode()
        except UnicodeDecodeError as exc:
            self.problem = not_utf8(exc, self._lines.number)
            return line.decode(errors="surrogateescape")


def _read_separated(stream: BinaryIO, name: str, separator: str) -> Table:
    rows = _separated_rows(Lines(stream, name), separator)
    header, problem = next(((row, problem) for row, problem in rows if row or problem), ([], None))
    if problem is not None:
        raise DataError(f"the header of {name} cannot be read: {problem}")
    if not header:
        raise DataError(f"{name} is empty")
    if len(header) == 1 and any(mark in header[0] for mark in _OTHER_SEPARATORS[separator]):
        raise DataError(
            f"the header of {name} is one column, {header[0]!r}; "
            "separate columns by commas in CSV and by tabs in TSV"
        )
    return Table(_unique(header, name), _separated_records(header, rows))


def _separated_rows(lines: Lines, separator: str) -> Iterator[tuple[list[str], str | None]]:
    """Yield the fields of each row, and what is wrong with it if anything is."""
    import csv

    # The limit is one for the whole process; _CsvFeed bounds a row, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), files.MAX_LINE_BYTES))
    feed = _CsvFeed(lines)
    # Strict, as otherwise text after a closing quote is glued on and an open quote is closed.
    rows = csv.reader(feed, delimiter=separator, strict=True)
    while True:
        feed.start_row()
        try:
            row = next(rows)
        except StopIteration:
            return
        except BadRowError as exc:
            yield [], str(exc)
        except csv.Error as exc:
            yield [], f"{feed.where()}: {exc}"
        else:
            yield row, feed.problem


def _separated_records(
    header: Sequence[str], rows: Iterator[tuple[list[str], str | None]]
) -> Iterator[Record]:
    number = 0
    width = len(header)
    for row, problem in rows:
        if not row and problem is None:
            if width > 1:
                continue
            row = [""]
        number += 1
        if problem is None and len(row) != width:
            problem = f"{len(row)} fields where the header has {width}"
        if problem is None:
            yield Record(number, dict(zip(header, row, strict=True)))
        else:
            yield Record(number, {}, problem)


def _unique(columns: Sequence[str], name: str) -> tuple[str, ...]:
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{name} has more than one column of the name {listed(twice)}; rename it")
    return tuple(columns)


def read_jsonl(stream: BinaryIO, name: str) -> Table:
    """Read one JSON object a line; the keys of the first object are the columns.

    A row's number is the number of its line; blank lines are no rows.
    """
    records = _json_records(Lines(stream, name))
    head: list[Record] = []
    for record in records:
        head.append(record)
        if record.error is None:
            return Table(tuple(record.values), _chained(head, records))
        if len(head) == _JSON_HEAD:
            break
    problem = f"row {head[0].number}: {head[0].error}" if head else "only blank lines"
    raise DataError(f"{name} does not look like JSON Lines ({problem})")


def _json_records(lines: Lines) -> Iterator[Record]:
    import json

    for number, text, error in _decoded(lines):
        if error is not None:
            yield Record(number, {}, error)
            continue
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except json.JSONDecodeError as exc:
            yield Record(number, {}, f"not valid JSON: {exc.msg} at character {exc.colno}")
        except (ValueError, RecursionError) as exc:
            yield Record(number, {}, f"JSON that cannot be read: {exc}")
        else:
            if isinstance(values, dict):
                yield Record(number, values)
            else:
                yield Record(number, {}, f"not a JSON object but {type(values).__name__}")


def _chained(head: list[Record], rest: Iterator[Record]) -> Iterator[Record]:
    yield from head
    head.clear()
    yield from rest


def read_parquet(stream: BinaryIO, name: str) -> Table:
    """Read Parquet by batches of rows; needs pyarrow and a file that can seek."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as exc:
        raise MissingPackageError("pyarrow", "reading Parquet files", "data") from exc
    if not stream.seekable():
        raise DataError(
            f"{name} cannot seek, and Parquet is read from its end; write it to a file first"
        )
    if stream.seek(0, os.SEEK_END) == 0:
        raise DataError(f"{name} is empty")
    try:
        table = parquet.ParquetFile(stream)
    except (pyarrow.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{name} cannot be read as Parquet: {_first_line(exc)}") from exc
    columns = _unique(table.schema_arrow.names, name)
    if not columns:
        raise DataError(f"{name} has no columns")
    return Table(columns, _parquet_records(table, columns, name), table.schema_arrow)


def _parquet_records(table: Any, columns: tuple[str, ...], name: str) -> Iterator[Record]:
    import pyarrow

    number = 0
    try:
        for batch in table.iter_batches(batch_size=_PARQUET_BATCH):
            for values in zip(*(_parquet_values(column) for column in batch.columns), strict=True):
                number += 1
                bad = [c for c, v in zip(columns, values, strict=True) if isinstance(v, _NotUtf8)]
                if bad:
                    yield Record(number, {}, f"column {bad[0]!r} is not UTF-8 text")
                else:
                    yield Record(number, dict(zip(columns, values, strict=True)))
    except (pyarrow.ArrowException, OSError) as exc:
        raise DataError(f"{name} is damaged after row {number}: {_first_line(exc)}") from exc


class _NotUtf8:
    """Stands for a Parquet string that cannot be decoded."""


def _parquet_values(column: Any) -> list[object]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [_parquet_value(value) for value in column]


def _parquet_value(value: Any) -> object:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return _NotUtf8()


def _first_line(exc: BaseException) -> str:
    return str(exc).strip().partition("\n")[0]
