"""Excel workbooks, `.xlsx`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from typing import Any

from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.rows.columns import TEXT_COLUMNS, folded, listed, unique
from edgernn.rows.header import check_header
from edgernn.rows.options import ReadOptions
from edgernn.rows.packing import Content
from edgernn.rows.row import Row, Table
from edgernn.rows.title import check_first, described, filled, names_follow, note_ignored_title

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
    others = [other.title for other in book.worksheets if other is not sheet]
    elsewhere = f"; other sheets, for --sheet: {listed(others)}" if others else ""
    # What the file says about its size may be wrong, and every row would be as wide.
    sheet.reset_dimensions()
    cells = _cells(sheet, name)
    first_rows = list(islice(cells, _SAMPLE + 1))
    if not first_rows:
        raise DataError(f"the sheet {sheet.title!r} of {name} is empty{elsewhere}")
    note = _without_title(first_rows, options, name)
    values = [row for _, row in first_rows]
    widest = max(map(len, values))
    if options.header:
        first = values.pop(0)
        if 2 * sum(len(row) > len(first) for row in values) > len(values):
            # Columns without a name, as a CSV file of the sheet has them.
            first += [None] * (widest - len(first))
        names = tuple(map(_shown, first))
        if_empty = f"the sheet {sheet.title!r} of {name} has no rows below its first{elsewhere}"
        if not values and len(first) == 1:
            raise DataError(if_empty)
    else:
        names = tuple(str(number) for number in range(1, widest + 1))
        if_empty = ""
    if others and options.sheet is None and options.text_column is None:
        _check_cover(names, [sheet.title, *others], name)
    columns = unique(names)
    notes = [f"{name}: {note}"] if note else []
    if others and options.sheet is None:
        notes.append(f"{name}: its sheet {sheet.title!r} is read{elsewhere}")
    rows = _rows(columns, chain(values, (row for _, row in cells)))
    head = list(islice(rows, _SAMPLE))
    sample = [row.fields for row in head]
    table = Table(
        columns,
        chain(head, rows),
        names,
        sample,
        headed=options.header,
        notes=tuple(notes),
        elsewhere=elsewhere,
        if_empty=if_empty,
    )
    if options.header:
        try:
            check_header(table, options.text_column, name)
        except DataError as exc:
            raise DataError(f"{exc}{elsewhere}") from exc
    return table


def _without_title(rows: list[tuple[int, list[object]]], options: ReadOptions, name: str) -> str:
    """Remove a title from the first rows of a sheet; return what to say of it.

    Raises:
        DataError: there may be a title, but it is not certain which row has the names.
    """
    texts = [list(map(_shown, row)) for _, row in rows]
    above = list(takewhile(lambda cells: len(filled(cells)) < 2, texts))
    below = texts[len(above) :]
    if not above or not below:
        return ""
    names = rows[len(above)][0]
    if names_follow(
        [cell for cells in above for cell in filled(cells)], below, options.text_column
    ):
        if not options.header:
            return note_ignored_title("row", names)
        del rows[: len(above)]
        return described("row", 1, names - 1, names)
    if options.header:
        check_first(texts[0], texts[1:], f"{name}: row {rows[0][0]}")
    return ""


def _check_cover(names: Sequence[str], sheets: Sequence[str], name: str) -> None:
    """Raise a DataError if the first of several sheets may be a cover rather than a table."""
    if len(names) == 1 and folded(names[0]) not in map(folded, TEXT_COLUMNS):
        raise DataError(
            f"{name} has several sheets, and the first has one column, {names[0]!r}; name the one "
            f"to read with --sheet: {listed(sheets)}"
        )


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def with_numbers_as_text(table: Table, column: str) -> Table:
    """Return the rows of a workbook with the numbers of one column as the text that shows them."""

    def converted(fields: Mapping[str, object]) -> Mapping[str, object]:
        value = fields.get(column)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return fields
        whole = isinstance(value, float) and value.is_integer()
        return {**fields, column: str(int(value) if whole else value)}

    rows = (row._replace(fields=converted(row.fields)) for row in table.rows)
    return table._replace(rows=rows, sample=list(map(converted, table.sample)))


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


def _cells(sheet: Any, name: str) -> Iterator[tuple[int, list[object]]]:
    """Yield number and values of each row that has any, without the empty ones at its end."""
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
                yield number, row
    except Exception as exc:  # as above
        raise DataError(
            f"{name} is damaged after row {number} of its sheet: {_short(exc)}"
        ) from exc


def _rows(columns: tuple[str, ...], cells: Iterable[list[object]]) -> Iterator[Row]:
    width = len(columns)
    for number, values in enumerate(cells, start=1):
        if len(values) > width:
            raw = "\t".join(map(_shown, values))
            problem = f"{len(values)} cells where the header has {width}"
            yield Row(number, {}, problem, raw)
        else:
            values += [None] * (width - len(values))
            yield Row(number, dict(zip(columns, values, strict=True)))


def _short(exc: BaseException) -> str:
    line = str(exc).strip().partition("\n")[0]
    return line if line else type(exc).__name__
