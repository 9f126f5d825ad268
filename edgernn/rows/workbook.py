"""Excel workbooks, `.xlsx`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.rows.columns import listed, unique
from edgernn.rows.containers import Content
from edgernn.rows.header import check_header
from edgernn.rows.options import ReadOptions
from edgernn.rows.row import Row, Table

_SAMPLE = 20
_MAX_PART = 2**31
_MAX_STRINGS = 2**28
"""Bytes of the table of all texts, which is read into memory as a whole."""


def read_workbook(content: Content, name: str, options: ReadOptions) -> Table:
    """Read one sheet of a workbook, row by row; needs openpyxl.

    Formulas give the values that Excel last saw. Rows without any value are no rows.
    """
    try:
        import openpyxl
    except ImportError as exc:
        raise MissingPackageError("openpyxl", "reading .xlsx files", "files") from exc
    if content.waits:
        raise DataError(
            f"{name} cannot seek, and workbooks are read from their end; write it to a file first"
        )
    _check_size(content, name)
    content.stream.seek(0)
    try:
        book = openpyxl.load_workbook(content.stream, read_only=True, data_only=True)
    except Exception as exc:  # a damaged workbook makes the library raise all kinds of them
        raise DataError(f"{name} cannot be read as an Excel workbook: {_short(exc)}") from exc
    sheet = _sheet(book.worksheets, options.sheet, name)
    # What the file says about its size may be wrong, and every row would be as wide.
    sheet.reset_dimensions()
    cells = _cells(sheet, name)
    first = next(cells, None)
    if first is None:
        raise DataError(f"the sheet {sheet.title!r} of {name} is empty")
    if options.header:
        names = tuple("" if value is None else str(value) for value in first)
    else:
        names = tuple(str(number) for number in range(1, len(first) + 1))
        cells = chain([first], cells)
    columns = unique(names)
    rows = _rows(columns, cells)
    head = list(islice(rows, _SAMPLE))
    sample = [row.fields for row in head]
    table = Table(columns, chain(head, rows), names, sample, headed=options.header)
    if options.header:
        check_header(table, options.text_column, name)
    return table


def _check_size(content: Content, name: str) -> None:
    """Refuse what would take much more memory or time than the file leads one to think.

    `zipfile` unpacks no more of a member than the archive says that it has.
    """
    import zipfile

    try:
        with zipfile.ZipFile(content.stream) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
    except zipfile.BadZipFile as exc:
        raise DataError(f"{name} cannot be read as an Excel workbook: {_short(exc)}") from exc
    for part, size in sizes.items():
        if size > (_MAX_PART if part.startswith("xl/worksheets/") else _MAX_STRINGS):
            raise DataError(
                f"{name} is too large for a workbook: its part {part!r} has {size:,} bytes; "
                "save it as CSV"
            )


def _sheet(sheets: Sequence[Any], asked: str | None, name: str) -> Any:
    if not sheets:
        raise DataError(f"{name} has no sheet with cells")
    if asked is None:
        return sheets[0]
    for sheet in sheets:
        if sheet.title == asked:
            return sheet
    if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(sheets):
        return sheets[int(asked) - 1]
    titles = listed([sheet.title for sheet in sheets])
    raise UsageError(f"--sheet {asked}: {name} has no such sheet; its sheets are: {titles}")


def _cells(sheet: Any, name: str) -> Iterator[list[object]]:
    """Yield the values of each row that has any, without the empty ones at its end."""
    # Excel writes a carriage return as _x000D_, which the library leaves as it is.
    from openpyxl.utils.escape import unescape

    number = 0
    try:
        for values in sheet.iter_rows(values_only=True):
            number += 1
            row = [unescape(v) if isinstance(v, str) and "_x" in v else v for v in values]
            while row and row[-1] is None:
                row.pop()
            if row:
                yield row
    except Exception as exc:  # as above
        raise DataError(
            f"{name} is damaged after row {number} of its sheet: {_short(exc)}"
        ) from exc


def _rows(columns: tuple[str, ...], cells: Iterator[list[object]]) -> Iterator[Row]:
    width = len(columns)
    for number, values in enumerate(cells, start=1):
        if len(values) > width:
            raw = "\t".join("" if value is None else str(value) for value in values)
            problem = f"{len(values)} cells where the header has {width}"
            yield Row(number, {}, problem, raw)
        else:
            values += [None] * (width - len(values))
            yield Row(number, dict(zip(columns, values, strict=True)))


def _short(exc: BaseException) -> str:
    line = str(exc).strip().partition("\n")[0]
    return line if line else type(exc).__name__
