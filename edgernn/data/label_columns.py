"""Which columns of a file hold labels."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping

from edgernn.data.label_spelling import fold, is_missing, shown
from edgernn.data.options import DataOptions
from edgernn.errors import DataError, UsageError
from edgernn.rows import LABEL_COLUMNS, RowSource, listed, open_rows

__all__ = ["label_column", "label_columns"]

_LOOKED_AT = 1000
"""Rows of a file in which a column of labels is looked for."""
_MOST_VALUES = 12
"""A column of more values is no likely column of labels."""
_SOFT = re.compile(r"(probability|logit)(_|$)|(probabilities|logits)\.")
"""What a teacher says of a label is none."""


def label_columns(source: RowSource, options: DataOptions) -> list[str]:
    """Return the columns that hold a label each, with 0 or 1.

    Raises:
        DataError: there is no such column.
        UsageError: they do not go with other options, or are not two different ones.
    """
    for name in ("label_column", "label_separator", "labels"):
        if getattr(options, name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"--label-columns: names the labels already; leave {option} out")
    found = [source.column(name, (), option="--label-columns") for name in options.label_columns]
    if source.text_column in found:
        raise UsageError(
            f"{source.name}: column {source.text_column!r} cannot be text and label; name the text "
            "with --text-column"
        )
    if len({fold(name) for name in found}) < max(len(found), 2):
        raise UsageError(
            "--label-columns: name two columns or more, each of them once; --label-column names "
            "one that holds the labels"
        )
    return found


def label_column(source: RowSource, path: str | os.PathLike[str], options: DataOptions) -> str:
    """Return the column of labels; where none has such a name, the error proposes one."""
    try:
        return source.column(options.label_column, LABEL_COLUMNS, option="--label-column")
    except DataError as error:
        likely = None if options.label_column is not None else _few_values(path, options)
        if likely is None:
            if options.label_column is None and options.soft_labels is not None:
                raise DataError(
                    f"{source.name}: no column has the name of labels; soft labels add to labels, "
                    "which some rows need in a column of their own, such as label: the teacher's "
                    f"likeliest one will do; its columns are: {listed(source.columns)}"
                ) from error
            raise
        column, values = likely
        raise DataError(
            f"{source.name}: no column has the name of labels; name it, such as --label-column "
            f"{shlex.quote(column)}, which holds {', '.join(map(shown, values))}; its columns are: "
            f"{listed(source.columns)}"
        ) from error


def _few_values(path: str | os.PathLike[str], options: DataOptions) -> tuple[str, list[str]] | None:
    """Look for the column with the fewest values, two or more, in the first rows of a file."""
    found: dict[str, set[str]] = {}
    with open_rows(path, options.rows) as source:
        for row in itertools.islice(source, _LOOKED_AT):
            for column, value in _leaves(row.fields):
                values = found.setdefault(column, set())
                # Of a column of texts it is enough to know that it has too many.
                if column == source.text_column or _SOFT.match(column):
                    continue
                if len(values) <= _MOST_VALUES:
                    values.update(map(fold, value if isinstance(value, list) else (value,)))
    likely = {
        column: sorted(named)
        for column, values in found.items()
        if 1 < len(named := {v for v in values if not is_missing(v)}) <= _MOST_VALUES
    }
    return min(likely.items(), key=lambda item: len(item[1]), default=None)


def _leaves(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the columns and values of a row, and of objects inside of it theirs."""
    for column, value in fields.items():
        if isinstance(value, dict):
            yield from ((f"{column}.{name}", inner) for name, inner in value.items())
        else:
            yield column, value
