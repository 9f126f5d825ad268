"""Rows of a file, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, BinaryIO, Self

from edgernn.errors import DataError, UsageError
from edgernn.rows.columns import TEXT_COLUMNS, column_of, others_like, value_at
from edgernn.rows.encodings import as_text
from edgernn.rows.files import name_of, open_stream, reading
from edgernn.rows.options import DEFAULTS, ReadOptions
from edgernn.rows.packing import ZIP_MAGIC, Content, unpacked
from edgernn.rows.parquet import check_text_column
from edgernn.rows.readers import Format, format_named, format_of, suffix_of
from edgernn.rows.row import Row, Table
from edgernn.rows.sniff import check_plain, sniffed
from edgernn.rows.workbook import with_numbers_as_text

_PARQUET_MAGIC = b"PAR1"


class RowSource:
    """An open file of rows; iterate over it once, and close it or use it in `with`.

    It closes itself when the iteration ends, fails or is left by `break`.
    """

    name: str
    """The file, as messages call it."""

    format: str
    """The name of the format it is read as."""

    columns: tuple[str, ...]
    """The columns, each once: the header of a CSV file, the keys of the first JSON objects. A name
    that the file repeats has a number added, as in `review_2`."""

    text_column: str
    """The column that holds the text, which may be inside of another one, as `review.text`."""

    schema: Any | None
    """The `pyarrow.Schema` of a Parquet file; None for other formats."""

    sample: Sequence[Mapping[str, object]]
    """Fields of some of the first rows; empty for formats whose columns tell all."""

    notes: tuple[str, ...]
    """What a person should know of how the file is read, a line each, such as a title above the
    names of the columns that is passed over."""

    if_empty: str
    """What to say if there is no row."""

    def __init__(
        self, name: str, format: str, table: Table, text_column: str, files: ExitStack
    ) -> None:
        self.name = name
        self.format = format
        self.columns = table.columns
        self.text_column = text_column
        self.schema = table.schema
        self.sample = table.sample
        self.notes = table.notes
        self.if_empty = table.if_empty or f"{name} has no rows"
        self._table = table
        self._rows: Iterator[Row] | None = table.rows
        self._files = files

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the order of the file; a bad one has its `error` set.

        Raises:
            DataError: the file turns out to be damaged or cut short, or a quote is left open so
                that rows would merge; the rows before were yielded.
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
        text = self.value(row, self.text_column)
        if row.error is not None or not isinstance(text, str):
            raise DataError(f"{self.where(row)}: {row.error or 'no text'}")
        return text

    def value(self, row: Row, column: str) -> object:
        """Return what `row` has in `column`, which may be inside of another; None without it."""
        try:
            return value_at(row.fields, column)
        except KeyError:
            return None

    def column(self, asked: str | None, usual: Sequence[str], *, option: str) -> str:
        """Return the column that is meant by `asked`, or else the one with the most usual name.

        Args:
            asked: a name, a number from 1 on, or a value inside of another, as `review.text`.
            usual: names to look for if none is asked for, such as LABEL_COLUMNS.
            option: the option that would name the column, for messages.

        Raises:
            DataError: there is no such column, or more than one.
        """
        return column_of(self._table, asked, usual, option=option, name=self.name)

    def others_like(self, chosen: str, usual: Sequence[str]) -> list[str]:
        """Return the columns beside the chosen one that have one of the usual names, too."""
        return others_like(self._table, chosen, usual)

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
    source: str | os.PathLike[str] | BinaryIO,
    options: ReadOptions = DEFAULTS,
    *,
    needs_text: bool = True,
) -> RowSource:
    """Open a file of rows and find its text column.

    Args:
        source: a file, `-` for standard input, or a binary stream; packed or not. The content of
            standard input, a pipe or a stream tells its format.
        options: what the file's name and content do not tell.
        needs_text: whether each row has to have a text; if not, a file without a text column is
            taken, too, and its `text_column` is empty.

    Returns:
        The rows, not read yet but for what is needed to know how the file is written.

    Raises:
        DataError: the file is missing, a directory, empty, or damaged; it has no text column; or
            its format, encoding or delimiter cannot be told, and the message names the option that
            says it.
        UsageError: an option names what there is not, or what the format does not have.
        MissingPackageError: the file needs a package that is not installed.
    """
    name = name_of(source)
    form = None if options.format is None else format_named(options.format)
    with ExitStack() as stack:
        stream = open_stream(source, name, stack)
        if form is None and isinstance(source, str | os.PathLike) and os.path.isfile(source):
            # A wrong name is told before anything is read.
            suffix_of(name) or format_of(name)
        with reading(name):
            content = unpacked(stream, name, stack)
            table, format = _table(content, name, form, options)
            try:
                column = column_of(
                    table,
                    options.text_column,
                    TEXT_COLUMNS,
                    option="--text-column",
                    name=name,
                    only=needs_text,
                )
            except DataError as exc:
                if needs_text or options.text_column is not None:
                    raise DataError(f"{exc}{table.elsewhere}") from exc
                column = ""
        if not needs_text:
            table = table._replace(rows=_guarded(name, table.rows))
            return RowSource(name, format, table, column, stack.pop_all())
        check_text_column(table, column, name)
        if format == "xlsx":
            table = with_numbers_as_text(table, column)
        table = table._replace(rows=_checked(name, table.rows, column))
        return RowSource(name, format, table, column, stack.pop_all())


def _table(
    content: Content, name: str, form: Format | None, options: ReadOptions
) -> tuple[Table, str]:
    """Return what is in a file, and the name of its format."""
    if not content.head:
        raise DataError(f"{name} is empty")
    is_named = form is not None
    if content.head.startswith(ZIP_MAGIC):
        # Other archives are unpacked by now.
        form = format_named("xlsx")
    elif form is None and content.head.startswith(_PARQUET_MAGIC):
        form = format_named("parquet")
    elif form is None and suffix_of(content.name) is not None:
        form = format_of(content.name)
    if form is not None and form.read_binary is not None:
        _check_options(form.name, options)
        return form.read_binary(content, name, options), form.name
    text = as_text(content, name, options.encoding)
    if form is None:
        form = format_named(sniffed(text, options))
    elif form.name == "txt" and not is_named:
        if options.delimiter or options.quoting or not options.header:
            form = format_named("csv")
        else:
            check_plain(text)
    _check_options(form.name, options)
    assert form.read is not None
    table = form.read(text, options)
    return table, table.format or form.name


_TABLES = ("csv", "tsv")
_GO_WITH = {
    "--delimiter": _TABLES,
    "--quoting": _TABLES,
    "--no-header": (*_TABLES, "xlsx"),
    "--sheet": ("xlsx",),
    "--encoding": ("txt", *_TABLES, "jsonl", "json"),
}
"""Which formats an option is for."""


def _check_options(form: str, options: ReadOptions) -> None:
    given = {
        "--delimiter": options.delimiter is not None,
        "--quoting": options.quoting is not None,
        "--no-header": not options.header,
        "--sheet": options.sheet is not None,
        "--encoding": options.encoding is not None,
    }
    for option, forms in _GO_WITH.items():
        if given[option] and form not in forms:
            raise UsageError(f"{option} does not go with {form} files, but with {', '.join(forms)}")


def _guarded(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield `rows`; what a broken file raises is a DataError."""
    with reading(name):
        yield from rows


def _checked(name: str, rows: Iterator[Row], column: str) -> Iterator[Row]:
    """Yield `rows`, with an error in those that have no text."""
    with reading(name):
        for row in rows:
            if row.error is None and not isinstance(row.fields.get(column), str):
                error = _text_error(row, column)
                yield row if error is None else row._replace(error=error)
            else:
                yield row


def _text_error(row: Row, column: str) -> str | None:
    try:
        text = value_at(row.fields, column)
    except KeyError:
        return f"no {column!r} in this row"
    if isinstance(text, str):
        return None
    if text is None:
        return f"{column!r} is null"
    return f"{column!r} holds {type(text).__name__}, not a string"
