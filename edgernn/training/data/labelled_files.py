"""Labelled CSV, TSV, JSON Lines and Parquet files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from edgernn.errors import DataError
from edgernn.rows import ReadOptions, Row, RowSource, choose_column, open_rows
from edgernn.training.data.examples import Examples, checked

LABEL_COLUMNS: tuple[str, ...] = ("label", "sentiment", "class", "target")
"""Names that a label column may have without being asked for, the most likely first."""

LABELS: Mapping[str, int] = MappingProxyType(
    {
        "0": 0,
        "0.0": 0,
        "neg": 0,
        "negative": 0,
        "false": 0,
        "1": 1,
        "1.0": 1,
        "pos": 1,
        "positive": 1,
        "true": 1,
    }
)
"""How a label may be spelled; case and surrounding white space do not matter."""

SPLIT_COLUMN = "split"

_SPLIT_VALUES = ("train", "test")


def load_labelled_file(
    path: str | os.PathLike[str],
    split: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
) -> Examples:
    """Read the examples of a file that belong to `split`.

    A file without a column `split` has no splits of its own, and all of it is read for either.

    Raises:
        DataError: the first row that is bad, by file and row; or a missing column, no examples, or
            one class only.
    """
    name = os.fspath(path)
    texts: list[str] = []
    labels: list[int] = []
    with open_rows(path, ReadOptions(text_column=text_column)) as rows:
        label_column = choose_column(
            rows.columns, label_column, LABEL_COLUMNS, option="--label-column", name=name
        )
        has_splits = SPLIT_COLUMN in rows.columns
        for row in rows:
            # The whole row is checked even if another split wants it: a bad file should fail the
            # first time it is read, not after the training.
            text, label = _text(rows, row), _label(rows, row, label_column)
            if not has_splits or _split(rows, row) == split:
                texts.append(text)
                labels.append(label)
    return checked(texts, labels, name=f"{name}, split {split!r}," if has_splits else name)


def _text(rows: RowSource, row: Row) -> str:
    text = rows.text(row)
    if not text.strip():
        raise DataError(f"{rows.where(row)}: the text is empty")
    return text


def _label(rows: RowSource, row: Row, column: str) -> int:
    value = row.fields.get(column)
    label = LABELS.get(str(value).strip().casefold())
    if label is None:
        raise DataError(
            f"{rows.where(row)}: {_shown(value)} in column {column!r} is not a label; "
            f"accepted are {', '.join(LABELS)}"
        )
    return label


def _split(rows: RowSource, row: Row) -> str:
    value = row.fields.get(SPLIT_COLUMN)
    split = str(value).strip().casefold()
    if split not in _SPLIT_VALUES:
        raise DataError(
            f"{rows.where(row)}: {_shown(value)} in column {SPLIT_COLUMN!r} is not a split; "
            f"accepted are {', '.join(_SPLIT_VALUES)}"
        )
    return split


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
