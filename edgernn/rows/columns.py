"""Which column of a file is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from edgernn.errors import DataError
from edgernn.rows.fields import is_number
from edgernn.rows.row import Table

TEXT_COLUMNS: tuple[str, ...] = (
    "text",
    "review",
    "sentence",
    "content",
    "review text",
    "review body",
    "review content",
    "comment",
    "comment text",
    "body",
    "tweet",
    "full text",
    "message",
    "feedback",
    "post",
    "utterance",
    "phrase",
)
"""Names that a text column may have without being asked for, the most likely first.

Case, spaces, underscores, hyphens and dots do not matter: `review text` is `reviewText`, too.
"""

LABEL_COLUMNS: tuple[str, ...] = (
    "label",
    "labels",
    "sentiment",
    "class",
    "target",
    "category",
    "intent",
    "topic",
    "topics",
    "emotion",
    "emotions",
    "polarity",
    "stars",
    "star rating",
    "rating",
    "overall",
    "score",
)
"""Names that a label column may have without being asked for, likewise."""

_LISTED = 20
_NAMED = 4
_NESTED_DEPTH = 4


def listed(columns: Sequence[str]) -> str:
    """Name `columns` in one line of a message, the first 20 of them if there are more."""
    names = ", ".join(repr(column) for column in columns[:_LISTED])
    rest = len(columns) - _LISTED
    return f"{names} and {rest} more" if rest > 0 else names or "none"


def folded(name: str) -> str:
    """Return what two spellings of a column's name have in common."""
    return re.sub(r"[\s_.\-]+", "", name).casefold()


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return `names` with a number added to those that repeat, as in `review_2`."""
    taken = set(names)
    seen: set[str] = set()
    columns = []
    for number, name in enumerate(names, start=1):
        column = name
        count = number if not name.strip() else 1
        while column in seen or (column != name and column in taken):
            column = f"{name.strip() or 'column'}_{max(2, count)}"
            count += 1
        seen.add(column)
        columns.append(column)
    return tuple(columns)


def value_at(fields: Mapping[str, object], column: str) -> object:
    """Return the value of `column`, which may be one inside of another, as `review.text`.

    Raises:
        KeyError: there is none.
    """
    if column in fields:
        return fields[column]
    head, dot, rest = column.partition(".")
    while dot:
        inner = fields.get(head)
        if isinstance(inner, Mapping):
            try:
                return value_at(inner, rest)
            except KeyError:
                pass
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    raise KeyError(column)


def column_of(
    table: Table,
    asked: str | None,
    usual: Sequence[str],
    *,
    option: str,
    name: str,
    only: bool = False,
) -> str:
    """Return the column that was asked for, or else the one with the most usual name.

    Args:
        table: the file's columns, and its first rows.
        asked: a name, exactly as it is there; a column's number from 1 on, if none is called so;
            or a value inside of another, as `review.text`.
        usual: names to look for if none is asked for, the first found wins; neither case matters
            nor what is between the words.
        option: the option that would name the column, for the message.
        name: the file, for the message.
        only: whether the only column of a file is the one, whatever its name.

    Raises:
        DataError: there is no such column, or more than one; the message names what there is.
    """
    columns, names = table.columns, table.names
    if asked is not None:
        if names.count(asked) > 1:
            raise DataError(_repeated(names, asked, option, name))
        if asked in columns:
            return asked
        if asked.isascii() and asked.isdigit() and 1 <= int(asked) <= len(columns):
            return columns[int(asked) - 1]
        if any(_has(fields, asked) for fields in table.sample):
            return asked
        raise DataError(
            f"{name} has no column {asked!r}; {_there_are(table, option, usual, asked)}"
        )
    by_name: dict[str, list[int]] = {}
    for i, column in enumerate(names):
        if _holds_others(table, columns[i]):
            continue
        by_name.setdefault(folded(column), []).append(i)
    found = [by_name[key] for key in map(folded, usual) if key in by_name]
    for places in found:
        repeated = [names[i] for i in places if names.count(names[i]) > 1]
        if repeated:
            raise DataError(_repeated(names, repeated[0], option, name))
    if found:
        return columns[found[0][0]]
    if only and len(columns) == 1:
        return columns[0]
    called = " or ".join(usual[:_NAMED]) + (" or the like" if len(usual) > _NAMED else "")
    missing = f"{name} has no column called {called}"
    if table.headed is False:
        missing = f"without a header {name} has no names of columns"
    raise DataError(f"{missing}; {_there_are(table, option, usual, None)}")


def others_like(table: Table, chosen: str, usual: Sequence[str]) -> list[str]:
    """Return the columns beside the chosen one that have usual names, too, in the file's order."""
    wanted = set(map(folded, usual))
    return [
        column
        for column, name in zip(table.columns, table.names, strict=True)
        if column != chosen and folded(name) in wanted and not _holds_others(table, column)
    ]


def _holds_others(table: Table, column: str) -> bool:
    """Tell whether what the first rows have in `column` is objects, with values of their own."""
    values = [fields[column] for fields in table.sample if fields.get(column) is not None]
    return bool(values) and all(isinstance(value, Mapping) for value in values)


def _has(fields: Mapping[str, object], column: str) -> bool:
    try:
        value_at(fields, column)
    except KeyError:
        return False
    return True


def _repeated(names: Sequence[str], column: str, option: str, name: str) -> str:
    places = [str(i) for i, other in enumerate(names, start=1) if other == column]
    return (
        f"{name} has more than one column of the name {column!r}; "
        f"name one by its number: {option} {f' or {option} '.join(places)}"
    )


def _there_are(table: Table, option: str, usual: Sequence[str], asked: str | None) -> str:
    wanted = {folded(name) for name in usual}
    for fields in table.sample:
        for path in _nested(fields):
            if folded(path.rpartition(".")[2]) in wanted:
                return f"it may be inside of another one: try {option} {path}"
    if table.headed is False:
        count = len(table.columns)
        return f"name one of its {count} columns by number, such as {option} {text_like(table)}"
    what = "" if asked is not None else f"name one with {option}; "
    there = f"{what}its columns are: {listed(table.columns)}"
    if asked is None and option == "--text-column" and _may_be_data(table):
        first = dict(zip(table.columns, table.names, strict=True))
        number = text_like(table._replace(sample=[first, *table.sample]))
        there += f"; if that is data, give --no-header --text-column {number}"
    return there


def _may_be_data(table: Table) -> bool:
    """Tell whether the names may be a row like others: not where they stand over numbers."""
    if not table.headed:
        return False
    for column, name in zip(table.columns, table.names, strict=True):
        values = [str(fields[column]) for fields in table.sample if fields.get(column)]
        if values and all(map(is_number, values)) and not is_number(name):
            return False
    return True


def _nested(fields: Mapping[str, object], depth: int = _NESTED_DEPTH) -> Iterator[str]:
    for key, value in fields.items():
        if isinstance(value, Mapping) and depth:
            for inner in _nested(value, depth - 1):
                yield f"{key}.{inner}"
        elif isinstance(value, str) and depth < _NESTED_DEPTH:
            yield key


def text_like(table: Table) -> int:
    """Return the number of the column that has the most words, from 1 on."""
    words = [
        sum(len(str(fields.get(column, "")).split()) for fields in table.sample)
        for column in table.columns
    ]
    return words.index(max(words)) + 1 if words else 1
