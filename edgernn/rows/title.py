"""Rows that stand above the names of the columns, such as the title of a report."""

from __future__ import annotations

from collections.abc import Sequence

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, folded
from edgernn.rows.header import is_data, is_measure

LOOKED_AT = 20
"""So many rows tell whether there is a title."""


def filled(cells: Sequence[str]) -> list[str]:
    """Return the cells that hold something."""
    return [cell for cell in cells if cell.strip()]


def names_follow(above: Sequence[str], rows: Sequence[Sequence[str]], asked: str | None) -> bool:
    """Tell whether rows of one cell are certainly a title, and the row after them names columns.

    Names are told by one that is usual for a text or was asked for, or by standing over a column of
    numbers or dates.

    Args:
        above: the cells of the rows of at most one cell that the table begins with.
        rows: the rows after them, the first of which may have the names.
        asked: the name of the text column, or its number, if it was given.
    """
    if not rows:
        return False
    names, below = filled(rows[0]), rows[1:]
    if len(names) < 2 or len({folded(name) for name in names}) < len(names):
        return False
    if any(map(is_data, names)) or 2 * sum(len(filled(row)) > 1 for row in below) < len(below):
        return False
    wanted = {folded(name) for name in TEXT_COLUMNS}
    is_named = asked in names or any(folded(name) in wanted for name in names)
    # Then it may be a column with a name beside some that have none.
    may_be_name = any(cell == asked or folded(cell) in wanted for cell in above)
    if is_named and below:
        return True
    if is_named or may_be_name:
        return not may_be_name
    return any(_is_measured(i, rows[0], below) for i in range(len(rows[0])))


def _is_measured(column: int, names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    values = [row[column] for row in below if column < len(row) and row[column].strip()]
    return bool(names[column].strip()) and len(values) > 1 and all(map(is_measure, values))


def check_first(first: Sequence[str], below: Sequence[Sequence[str]], where: str) -> None:
    """Raise a DataError if the first row has its first cell alone, and most rows below have more.

    It may be a title, or a header that names one column of several. `where` is file and row.
    """
    if len(filled(first)) != 1 or not first[0].strip():
        return
    wide = [row for row in below if len(filled(row)) > 1]
    if 2 * len(wide) <= len(below):
        return
    width = max(map(len, wide))
    words = [sum(len(row[i].split()) for row in wide if i < len(row)) for i in range(width)]
    raise DataError(
        f"{where} has one cell, and most rows below it have more; name all columns there, or "
        "remove what is above their names; if all rows are data, give --no-header "
        f"--text-column {words.index(max(words)) + 1}"
    )


def described(what: str, first: int, last: int, names: int) -> str:
    """Say which rows, or lines, were passed over."""
    rows = f"{what} {first} is" if first == last else f"{what}s {first} to {last} are"
    return f"{rows} taken for a title: the names of the columns are in {what} {names}"


def note_ignored_title(what: str, names: int) -> str:
    """Say that rows which seem to be a title are read as others, since --no-header says so."""
    return (
        f"{what} {names} seems to have the names of the columns, below a title; with --no-header "
        "all that is read as data"
    )
