"""Rows of a file, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, choose_column
from edgernn.rows.files import STDIN, name_of, open_stream, reading, unzipped
from edgernn.rows.formats import format_named, format_of
from edgernn.rows.readers import Record, Table

Scalar = str | int | float | bool | None
"""What a field holds. JSON lists and objects, dates and the like are kept as their text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, good or bad."""

    number: int
    """Counts data rows from 1, as a person does: the row after a CSV header is row 1.

    In a text or JSON Lines file it is the number of the line.
    """

    fields: Mapping[str, Scalar]
    """The columns by name; empty where the row could not be parsed."""

    error: str | None = None
    """What is wrong with the row, in one line without file and row; None if nothing is."""


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

    def __init__(
        self, name: str, format: str, table: Table, text_column: str, files: ExitStack
    ) -> None:
        self.name = name
        self.format = format
        self.columns = table.columns
        self.text_column = text_column
        self._records: Iterator[Record] | None = table.records
        self._files = files

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the order of the file; a bad one has its `error` set.

        Raises:
            DataError: the file turns out to be damaged or cut short; the rows before were yielded.
            RuntimeError: the rows were read before, or the source is closed.
        """
        records, self._records = self._records, None
        if records is None:
            raise RuntimeError(f"the rows of {self.name} can be read once; open it again")
        return self._rows(records)

    def _rows(self, records: Iterator[Record]) -> Iterator[Row]:
        with self._files, reading(self.name):
            for number, values, error in records:
                yield Row(
                    number,
                    {key: _plain(value) for key, value in values.items()},
                    error or _text_error(values, self.text_column),
                )

    def text(self, row: Row) -> str:
        """Return the text of `row`; a DataError names file and row if the row is bad."""
        text = row.fields.get(self.text_column)
        if row.error is not None or not isinstance(text, str):
            raise DataError(f"{self.where(row)}: {row.error or 'no text'}")
        return text

    def where(self, row: Row) -> str:
        """Return where `row` stands, such as `reviews.csv, row 7`, for messages."""
        return f"{self.name}, row {row.number}"

    def close(self) -> None:
        """Close the file; a stream that was handed in, and standard input, stay open."""
        self._records = None
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
    source: str | os.PathLike[str] | BinaryIO,
    *,
    text_column: str | None = None,
    format: str | None = None,
) -> RowSource:
    """Open a file of rows and find its text column.

    Args:
        source: a file, `-` for standard input, or a binary stream. Text formats may be gzipped.
        text_column: the column that holds the text. If not given, the first of TEXT_COLUMNS that
            the file has, else its only column.
        format: one of the names in FORMATS. If not given, the name of the file tells; standard
            input and streams are read as `txt`.

    Returns:
        The rows, not read yet but for what is needed to know the columns.

    Raises:
        DataError: the file is missing, a directory, empty, UTF-16, or not of a known format; or it
            has no such column.
        UsageError: there is no such format.
        MissingPackageError: a Parquet file, and pyarrow is not installed.
    """
    name = name_of(source)
    if format is not None:
        form = format_named(format)
    elif source == STDIN or not isinstance(source, str | os.PathLike):
        form = format_named("txt")
    else:
        form = format_of(name)
    with ExitStack() as stack:
        stream = open_stream(source, name, stack)
        with reading(name):
            table = form.read(unzipped(stream, name, stack) if form.lines else stream, name)
        column = choose_column(
            table.columns, text_column, TEXT_COLUMNS, option="--text-column", name=name, only=True
        )
        rows = RowSource(name, form.name, table, column, stack.pop_all())
    return rows


def _text_error(values: Mapping[str, object], column: str) -> str | None:
    text = values.get(column)
    if isinstance(text, str):
        return None
    if column not in values:
        return f"no {column!r} in this row"
    if text is None:
        return f"{column!r} is null"
    return f"{column!r} holds {type(text).__name__}, not a string"


def _plain(value: object) -> Scalar:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | dict):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
