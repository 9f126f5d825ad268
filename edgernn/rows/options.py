"""How a file is read, where its name and its content do not tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a person says about a file; what is None is found out."""

    text_column: str | None = None
    """The column that holds the text. If not given, the first of TEXT_COLUMNS that the file has,
    else its only column. `review.text` is a value inside of another one; a number counts columns
    from 1, if no column has it for its name."""

    format: str | None = None
    """One of the names in FORMATS. If not given, the name of the file tells, or of standard input
    and streams the content."""

    encoding: str | None = None
    """A text encoding of Python, such as `cp1252`. If not given, the byte order mark tells, else
    it is UTF-8."""

    delimiter: str | None = None
    """What is between the fields of a CSV or TSV file: one character, or `tab`."""

    header: bool = True
    """Whether the first row names the columns. If not, their names are the numbers from 1 on."""

    sheet: str | None = None
    """The sheet of an Excel workbook, by its name or its number from 1 on; else the first."""

    quoting: str | None = None
    """How a CSV or TSV file has quotes inside of quotes: `double` (`""`), `backslash` (`\\"`), or
    `none`, where quotes are characters as others are. If not given, the first rows tell."""


DEFAULTS = ReadOptions()
"""Nothing said."""
