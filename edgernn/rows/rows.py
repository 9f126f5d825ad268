"""Rows of a file, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, choose_column
from edgernn.rows.files import STDIN, name_of, open_stream, reading, unzipped
from edgernn.rows.formats import format_named, format_of
from edgernn.rows.options import DEFAULTS, ReadOptions
from edgernn.rows.readers import Table


class Row(NamedTuple):
    """One row of a file, good or bad."""

    number: int
    """Counts data rows from 1, as a person does: the row after a CSV header is row 1.

    In a text or JSON Lines file it is the number of the line.
    """

    fields: Mapping[str, object]
    """The columns by name, with the values that the file has: strings from text files, whatever
    JSON holds, lists and objects too, and the typed values of Parquet. Empty where the row could
    not be parsed."""

    error: str | None = None
    """What is wrong with the row, in one line without file and row; None if nothing is."""

    raw: str | None = None
    """What the file has in place of a row that could not be parsed, without its line end."""

    file: str | None = None
    """The file that it stands in, where several are read as one source."""


class RowSource:
    """An open file of rows; iterate over it once, and close it or use it in `with`.

    It closes itself when the iteration ends, fails or is left by `break`.
    """

    name: str
    """The file, as messages call it."""

    format: str
    """The name of the format it is read as."""

    columns: tuple[str, ...]
    """The columns: the header of a CSV file, the keys of the first JSON object."""

    text_column: str
    """The column that holds the text."""

    schema: Any | None
    """The `pyarrow.Schema` of a Parquet file; None for other formats."""

    def __init__(
        self,
        name: str,
        format: str,
        columns: tuple[str, ...],
        text_column: str,
        schema: Any | None,
        rows: Iterator[Row],
        files: ExitStack,
    ) -> None:
        self.name = name
        self.format = format
        self.columns = columns
        self.text_column = text_column
        self.schema = schema
        self._rows: Iterator[Row] | None = rows
        self._files = files

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the order of the file; a bad one has its `error` set.

        Raises:
            DataError: the file turns out to be damaged or cut short; the rows before were yielded.
            RuntimeError: the rows were read before, or the source is closed.
        """
        rows, self._rows = self._rows, None
        if rows is None:
            raise RuntimeError(f"the rows of {self.name} can be read once; open it again")
        return self._closing(rows)

    def _closing(self, rows: Iterator[Row]) -> Iterator[Row]:
        with self._files:
            yield from rows

    def text(self, row: Row) -> str:
        """Return the text of `row`; a DataError names file and row if the row is bad."""
        text = row.fields.get(self.text_column)
        if row.error is not None or not isinstance(text, str):
            raise DataError(f"{self.where(row)}: {row.error or 'no text'}")
        return text

    def where(self, row: Row) -> str:
        """Return where `row` stands, such as `reviews.csv, row 7`, for messages."""
        return f"{row.file or self.name}, row {row.number}"

    def close(self) -> None:
        """Close the file; a stream that was handed in, and standard input, stay open."""
        self._rows = None
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_rows(
    source: str | os.PathLike[str] | BinaryIO, options: ReadOptions = DEFAULTS
) -> RowSource:
    """Open a file of rows and find its text column.

    Args:
        source: a file, `-` for standard input, or a binary stream. Text formats may be gzipped.
        options: what the file's name and content do not tell.

    Returns:
        The rows, not read yet but for what is needed to know the columns.

    Raises:
        DataError: the file is missing, a directory, empty, UTF-16, or not of a known format; or it
            has no such column.
        UsageError: there is no such format.
        MissingPackageError: a Parquet file, and pyarrow is not installed.
    """
    name = name_of(source)
    if options.format is not None:
        form = format_named(options.format)
    elif source == STDIN or not isinstance(source, str | os.PathLike):
        form = format_named("txt")
    else:
        form = format_of(name)
    with ExitStack() as stack:
        stream = open_stream(source, name, stack)
        with reading(name):
            table = form.read(unzipped(stream, name, stack) if form.lines else stream, name)
        column = choose_column(
            table.columns,
            options.text_column,
            TEXT_COLUMNS,
            option="--text-column",
            name=name,
            only=True,
        )
        rows = _rows(name, table, column)
        return RowSource(
            name, form.name, table.columns, column, table.schema, rows, stack.pop_all()
        )


def _rows(name: str, table: Table, text_column: str) -> Iterator[Row]:
    with reading(name):
        for number, values, error in table.records:
            yield Row(number, values, error or _text_error(values, text_column))


def _text_error(values: Mapping[str, object], column: str) -> str | None:
    text = values.get(column)
    if isinstance(text, str):
        return None
    if column not in values:
        return f"no {column!r} in this row"
    if text is None:
        return f"{column!r} is null"
    return f"{column!r} holds {type(text).__name__}, not a string"
