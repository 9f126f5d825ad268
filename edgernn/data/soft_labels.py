"""Soft labels: what a teacher says of each row, read from a file and checked, row by row.

A row has a probability or a logit of each label; of two labels one will do. Rows are matched to
those of the labelled file by their order, or by a column that both files have.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edgernn.data.label_spelling import fold, shown, spelled
from edgernn.data.options import DataOptions
from edgernn.errors import DataError
from edgernn.rows import ReadOptions, Row, RowSource, listed, open_rows
from edgernn.text.decision import DecisionRule

__all__ = ["SoftRows", "TaughtRows", "key_column", "read_soft_labels"]

_OBJECTS = {"probabilities": False, "logits": True}
"""Columns of an object with a value for each label, and whether these are logits."""
_PREFIXES = {"probability_": False, "logit_": True}
"""What stands before a label in the name of a column; likewise."""
_ALONE = {"probability": False, "logit": True}
"""Columns of the second of two labels; likewise."""

_SUM_TOLERANCE = 0.01
_TOLERANCE_OF_EACH = 1e-4
"""Of many labels each may be rounded to four digits."""
_SLIP = 1e-3
"""How far from 0 and 1 a probability may be by rounding."""
_NAMED = 12


@dataclass(frozen=True)
class TaughtRows:
    """The rows of a labelled file that soft labels are wanted of."""

    name: str
    """The file's."""
    texts: Sequence[str]
    numbers: Sequence[int]
    """Of each row in the file, for messages."""
    places: Sequence[int]
    """From 0 on, bad rows counted."""
    keys: Sequence[str] | None
    """What `soft_key` has in each; None where rows are matched by their order."""
    total: int
    """Rows of the file, bad ones included."""


@dataclass(frozen=True, eq=False)
class SoftRows:
    """What a teacher says of rows."""

    probabilities: npt.NDArray[np.float32]
    """float32 [rows, labels], NaN in all of a row of which it says nothing. Each row adds up to 1,
    but where a text may have several labels."""
    lines: tuple[str, ...]
    """What to say of it."""


class _Columns(NamedTuple):
    """Where the value of each label is."""

    names: tuple[str | None, ...]
    """Of each label's column; None: of two labels the one that has none."""
    are_logits: bool
    inside: str | None = None
    """The column of objects that the names are keys of."""

    def cells(self, source: RowSource, row: Row) -> list[object]:
        """Return the values of the labels that have a column."""
        names = [name for name in self.names if name is not None]
        if self.inside is None:
            return [row.fields.get(name) for name in names]
        found = row.fields.get(self.inside)
        if found is None:
            return [None] * len(names)
        if not isinstance(found, Mapping):
            raise DataError(f"{source.where(row)}: {self.inside!r} is no object with labels")
        unknown = [key for key in found if key not in names]
        if unknown:
            raise DataError(
                f"{source.where(row)}: {self.inside!r} has {shown(str(unknown[0]))!r}, which no "
                "label is called"
            )
        return [found.get(name) for name in names]


def read_soft_labels(
    options: DataOptions,
    rows: TaughtRows,
    classes: tuple[str, ...],
    values: Mapping[str, int | None],
    rule: DecisionRule,
) -> SoftRows:
    """Read a teacher's soft labels of rows, streaming.

    Args:
        options: of the labelled file; `soft_labels` is the file that is read.
        rows: those wanted.
        classes: the labels' names, by their numbers.
        values: numbers of the folded values that mean labels in the labelled file.
        rule: whether the probabilities of a row add up to 1.

    Raises:
        DataError: the file cannot be read; a label has no column, or a column no label; a value is
            missing, no number or no probability; a row does not add up to 1; or rows do not match.
    """
    assert options.soft_labels is not None
    name = options.soft_labels
    is_same = os.path.exists(name) and os.path.samefile(name, rows.name)
    with open_rows(name, options.rows if is_same else ReadOptions(), needs_text=False) as source:
        taken = _taken(source, options) if is_same else frozenset[str]()
        columns = _columns(source, classes, values, rule, taken)
        text_column = source.text_column if source.text_column not in columns.names else ""
        key_in = None if rows.keys is None else key_column(source, options)
        found = np.full((len(rows.texts), len(classes)), np.nan, np.float32)
        places: dict[object, list[int]] = {}
        for index, key in enumerate(rows.places if rows.keys is None else rows.keys):
            if key != "":
                places.setdefault(key, []).append(index)
        total = strangers = 0
        met = np.zeros(len(found), bool)
        for row in source:
            key = total if key_in is None else spelled(source.value(row, key_in))
            total += 1
            wanted = places.get(key)
            if wanted is None:
                strangers += 1
                continue
            met[wanted] = True
            if row.error is not None:
                raise DataError(f"{source.where(row)}: {row.error}")
            if key_in is None and text_column and not is_same:
                _check_text(source, row, text_column, rows, wanted[0])
            cells = columns.cells(source, row)
            numbers = _numbers(cells, columns, source, row)
            if numbers is None:
                continue
            told = _probabilities(numbers, columns, rule, len(classes), source, row)
            for index in wanted:
                if not (np.isnan(found[index, 0]) or np.allclose(found[index], told, atol=1e-4)):
                    raise DataError(
                        f"{source.where(row)}: an earlier row has the same {key_in!r} with "
                        "other numbers; leave one of them out"
                    )
                found[index] = told
    return SoftRows(found, _matched(name, rows, options, total, strangers, found, met))


def _matched(
    name: str,
    rows: TaughtRows,
    options: DataOptions,
    total: int,
    strangers: int,
    found: npt.NDArray[np.float32],
    met: npt.NDArray[np.bool_],
) -> tuple[str, ...]:
    """Make sure that rows of both files belong together; return what to say of it."""
    if rows.keys is None:
        if total != rows.total:
            raise DataError(
                f"{name} has {total:,} rows, and {rows.name} {rows.total:,}: both must have the "
                f"same rows in the same order, {_BY_KEY}"
            )
    elif strangers == total:
        raise DataError(
            f"{name}: no row has a value in {options.soft_key!r} that {rows.name} has there"
        )
    if np.isnan(found[:, 0]).all():
        raise DataError(
            f"{name} has no soft label of any row that can be used: its cells are empty"
        )
    lines = []
    if rows.keys is not None and strangers:
        lines.append(
            f"{name}: {strangers:,} of {total:,} rows have a value in {options.soft_key!r} that no "
            f"usable row of {rows.name} has; they are left out"
        )
    if rows.keys is not None and not met.all():
        lines.append(
            f"warning: {name} has no row for {int((~met).sum()):,} of {len(met):,} usable rows of "
            f"{rows.name}, by {options.soft_key!r}: what label these have counts alone"
        )
    return tuple(lines)


_BY_KEY = "or a column that tells which belong together: name it with --soft-key"


def _taken(source: RowSource, options: DataOptions) -> frozenset[str]:
    """Return the columns of the labelled file itself that say something else."""
    asked = (options.label_column, options.group_column, options.soft_key, *options.label_columns)
    named = (source.column(name, (), option="") for name in asked if name is not None)
    return frozenset((source.text_column, *named))


def key_column(source: RowSource, options: DataOptions) -> str:
    """Return the column that matches rows; `text` is that of texts, whatever its name.

    Raises:
        DataError: there is no such column.
    """
    key = options.soft_key
    if key not in source.columns and source.text_column and key in ("text", options.text_column):
        return source.text_column
    return source.column(key, (), option="--soft-key")


def _check_text(source: RowSource, row: Row, column: str, rows: TaughtRows, index: int) -> None:
    text = source.value(row, column)
    if not isinstance(text, str) or text.split() != rows.texts[index].split():
        raise DataError(
            f"{source.where(row)}: the text is not that of row {rows.numbers[index]} of "
            f"{rows.name}: both files must have the same rows in the same order, {_BY_KEY}"
        )


def _columns(
    source: RowSource,
    classes: tuple[str, ...],
    values: Mapping[str, int | None],
    rule: DecisionRule,
    taken: frozenset[str],
) -> _Columns:
    """Find the column of each label.

    Raises:
        DataError: a label has none, or two; or a column is of no label.
    """
    by_fold = {fold(label): number for number, label in enumerate(classes)}

    def label(name: str) -> int | None:
        if name in classes:
            return classes.index(name)
        folded = fold(name)
        return by_fold.get(folded, values.get(folded))

    for column, are_logits in _OBJECTS.items():
        samples = [fields[column] for fields in source.sample if column in fields]
        keys = {str(key): None for one in samples if isinstance(one, Mapping) for key in one}
        if keys:
            return _Columns(
                _of_labels(source, {key: label(key) for key in keys}, classes, rule), are_logits,
                column,
            )  # fmt: skip
    for prefix, are_logits in _PREFIXES.items():
        named = {
            column: label(column[len(prefix) :])
            for column in source.columns
            if column.startswith(prefix) and column not in taken
        }
        if named:
            return _Columns(_of_labels(source, named, classes, rule), are_logits)
    if rule == "threshold":
        for column, are_logits in _ALONE.items():
            if column in source.columns and column not in taken:
                return _Columns((None, column), are_logits)
    bare = {
        column: number
        for column in source.columns
        if column not in taken and (number := label(column)) is not None
    }
    if bare:
        return _Columns(_of_labels(source, bare, classes, rule), False)
    raise DataError(
        f"{source.name} has no soft labels: name a column for each label probability_NAME, or "
        f"logit_NAME, the labels being {_few(classes)}; its columns are: {listed(source.columns)}"
    )


def _of_labels(
    source: RowSource,
    named: Mapping[str, int | None],
    classes: tuple[str, ...],
    rule: DecisionRule,
) -> tuple[str | None, ...]:
    """Return the column of each label, in their order."""
    found: list[str | None] = [None] * len(classes)
    for column, number in named.items():
        if number is None:
            raise DataError(
                f"{source.name}: column {shown(column)!r} is of no label; the labels are "
                f"{_few(classes)}: rename or remove the column"
            )
        if (other := found[number]) is not None:
            raise DataError(
                f"{source.name}: columns {shown(other)!r} and {shown(column)!r} are both of label "
                f"{shown(classes[number])}; remove one"
            )
        found[number] = column
    missing = tuple(name for name, column in zip(classes, found, strict=True) if column is None)
    if missing and not (rule == "threshold" and len(missing) == 1):
        raise DataError(
            f"{source.name} has no column of soft labels for {_few(missing)}; each label of the "
            "data needs one, such as probability_" + shown(missing[0])
        )
    return tuple(found)


def _numbers(
    cells: list[object], columns: _Columns, source: RowSource, row: Row
) -> npt.NDArray[np.float64] | None:
    """Return the numbers of a row, float64 [columns]; None where all cells are empty.

    Raises:
        DataError: some are empty, or a cell holds no finite number.
    """
    absent = [cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells]
    if all(absent):
        return None
    found = np.zeros(len(cells))
    names = [name for name in columns.names if name is not None]
    for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
        where = f"{source.where(row)}: soft label {shown(name)!r}"
        if absent[place]:
            raise DataError(f"{where} is empty, and others of this row are not")
        found[place] = _number(cell, where)
    return found


def _number(cell: Any, where: str) -> float:
    try:
        if isinstance(cell, bool):
            raise ValueError
        number = float(cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} holds {shown(str(cell))}, which is no number") from error
    if not math.isfinite(number):
        raise DataError(f"{where} is {number}, and must be a finite number")
    return number


def _probabilities(
    numbers: npt.NDArray[np.float64],
    columns: _Columns,
    rule: DecisionRule,
    labels: int,
    source: RowSource,
    row: Row,
) -> npt.NDArray[np.float64]:
    """Return the probabilities of a row, float64 [labels].

    Raises:
        DataError: a number is no probability, or they do not add up to 1.
    """
    alone = len(numbers) < labels
    if columns.are_logits:
        if rule == "each" or alone:
            numbers = np.exp(-np.logaddexp(0.0, -numbers))
        else:
            numbers = np.exp(numbers - np.logaddexp.reduce(numbers))
    else:
        bad = np.flatnonzero((numbers < -_SLIP) | (numbers > 1 + _SLIP))
        if len(bad):
            names = [name for name in columns.names if name is not None]
            raise DataError(
                f"{source.where(row)}: soft label {shown(names[bad[0]])!r} is "
                f"{numbers[bad[0]]:g}, and a probability is from 0 to 1; columns of logits are "
                "named logit_NAME"
            )
        numbers = np.clip(numbers, 0.0, 1.0)
        if rule != "each" and not alone:
            total = float(numbers.sum())
            if abs(total - 1) > max(_SUM_TOLERANCE, labels * _TOLERANCE_OF_EACH):
                raise DataError(
                    f"{source.where(row)}: the soft labels add up to {total:.4g}; the "
                    "probabilities of a text's labels must add up to 1"
                )
            numbers = numbers / total
    if alone:
        rest = 1.0 - numbers[0]
        return np.array([numbers[0], rest] if columns.names[1] is None else [rest, numbers[0]])
    return numbers


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(map(shown, names[:_NAMED]))}{more}"
