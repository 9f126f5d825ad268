"""Whether the first row of a table names its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgernn.errors import DataError
from edgernn.rows.columns import TEXT_COLUMNS, folded, text_like
from edgernn.rows.fields import is_number
from edgernn.rows.row import Table

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|.*\b\d{1,2}:\d{2}\b.*")
_ADDRESS = re.compile(r"\w+://.*|www\..*|\S+@\S+\.\S+")
_NAME_WORDS = 6


def check_header(table: Table, asked: str | None, name: str) -> None:
    """Raise a DataError if the first row seems to be data rather than names.

    A usual name in it, or the name that was asked for, tells that it is a header.
    """
    usual = {folded(column) for column in TEXT_COLUMNS}
    if any(folded(column) in usual for column in table.names):
        return
    is_number = asked is not None and asked.isdigit()
    if asked in table.names and not is_number:
        return
    if seems_data(table.names):
        first = dict(zip(table.columns, table.names, strict=True))
        rows = table._replace(sample=[first, *table.sample])
        column = asked if is_number else text_like(rows)
        raise DataError(
            f"the first row of {name} does not look like the names of columns; if it is data, "
            f"give --no-header --text-column {column}"
        )
    (only, *others) = table.names
    if asked is None and not others and len(only.split()) > 1:
        # A file of one column needs no name that is known, but one that is a name.
        raise DataError(
            f"{name} has one column, and its first row is {only!r}; if it is data, give "
            "--no-header; if it is the name, --text-column 1"
        )


def seems_data(cells: Sequence[str]) -> bool:
    """Tell whether no less than half of the cells of a first row are no names."""
    data = sum(is_data(cell) for cell in cells)
    return data > 0 and 2 * data >= len(cells)


def is_measure(cell: str) -> bool:
    """Tell whether a cell is a number, a date or a time."""
    bare = cell.strip()
    return is_number(bare) or _DATE.fullmatch(bare) is not None


def is_data(cell: str) -> bool:
    """Tell whether a cell is certainly no name of a column."""
    bare = cell.strip()
    return bool(bare) and (
        is_measure(bare)
        or len(bare.split()) > _NAME_WORDS
        or _ADDRESS.fullmatch(bare) is not None
        or (len(bare.split()) > 2 and bare.endswith((".", "!", "?")))
    )
