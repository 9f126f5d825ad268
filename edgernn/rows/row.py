"""One row, and a file's columns with its rows, as every reader gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One row of a file, good or bad."""

    number: int
    """Counts data rows from 1, as a person does: the row after a CSV header is row 1.

    In a text or JSON Lines file it is the number of the line.
    """

    fields: Mapping[str, object]
    """The columns by name, with the values that the file has: strings from text files, whatever
    JSON holds, lists and objects too, and the typed values of Parquet and Excel. Empty where the
    row could not be parsed."""

    error: str | None = None
    """What is wrong with the row, in one line without file and row; None if nothing is."""

    raw: str | None = None
    """What the file has in place of a row that could not be parsed, without its line end; bytes
    that are no text are in hex."""

    file: str | None = None
    """The file that it stands in, where several are read as one source."""


class Table(NamedTuple):
    """The columns of a file, and its rows, which can be read once."""

    columns: tuple[str, ...]
    """Each once."""
    rows: Iterator[Row]
    names: tuple[str, ...]
    """The columns as the file names them; a name may repeat."""
    sample: Sequence[Mapping[str, object]] = ()
    """Fields of the first rows, to choose columns by."""
    schema: Any | None = None
    """The `pyarrow.Schema` of a Parquet file."""
    format: str | None = None
    """The name of its format, where the content decides between two."""
    notes: tuple[str, ...] = ()
    """What a person should know of how the file is read, a line each."""
    elsewhere: str = ""
    """Where else the text may be, to add to the message that it is not here."""
    if_empty: str = ""
    """What to say of a file without rows."""
    headed: bool | None = None
    """Whether the names come from a first row; if it is false, they are numbers. None for formats
    whose names are certain."""
