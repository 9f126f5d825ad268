"""Which column of a file is meant."""

from __future__ import annotations

from collections.abc import Sequence

from edgernn.errors import DataError

TEXT_COLUMNS: tuple[str, ...] = ("text", "review", "sentence", "content")
"""Names that a text column may have without being asked for, the most likely first."""

LABEL_COLUMNS: tuple[str, ...] = (
    "label",
    "sentiment",
    "class",
    "target",
    "category",
    "intent",
    "polarity",
    "stars",
    "star_rating",
    "rating",
    "overall",
    "score",
)
"""Names that a label column may have without being asked for, the most likely first."""

_LISTED = 20


def listed(columns: Sequence[str]) -> str:
    """Name `columns` in one line of a message, the first 20 of them if there are more."""
    names = ", ".join(repr(column) for column in columns[:_LISTED])
    rest = len(columns) - _LISTED
    return f"{names} and {rest} more" if rest > 0 else names or "none"


def choose_column(
    columns: Sequence[str],
    asked: str | None,
    usual: Sequence[str],
    *,
    option: str,
    name: str,
    only: bool = False,
) -> str:
    """Return the column that was asked for, or else the one with the most usual name.

    Args:
        columns: the columns that the file has.
        asked: the name that the user gave; it has to match exactly.
        usual: names to look for when none was given, the first found wins; case does not matter.
        option: the option that would name the column, for the message.
        name: the file, for the message.
        only: whether the only column of a file is the one, whatever its name.

    Raises:
        DataError: there is no such column; the message lists those that there are.
    """
    if asked is not None:
        if asked in columns:
            return asked
        raise DataError(f"{name} has no column {asked!r}; its columns are: {listed(columns)}")
    by_name = {column.strip().casefold(): column for column in reversed(columns)}
    for candidate in usual:
        if candidate in by_name:
            return by_name[candidate]
    if only and len(columns) == 1:
        return columns[0]
    raise DataError(
        f"{name} has no column called {' or '.join(usual)}; "
        f"name one with {option}; its columns are: {listed(columns)}"
    )
