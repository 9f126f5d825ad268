"""Labelled files: CSV, TSV, JSON Lines and Parquet by columns, and text in fastText's form."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from edgernn.data.examples import Examples, Reading, checked
from edgernn.data.groups import group
from edgernn.data.label_values import PREFIX, decide, fold, is_missing, shown
from edgernn.data.left_out import LeftOut
from edgernn.data.options import DataOptions
from edgernn.errors import DataError, UsageError
from edgernn.rows import LABEL_COLUMNS, Row, RowSource, listed, open_rows

__all__ = ["SPLIT_COLUMN", "LabelledFile", "read_labelled_file"]

SPLIT_COLUMN = "split"

SPLIT_NAMES: dict[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""How the split of a row may be spelled; case and surrounding white space do not matter."""

_LOOKED_AT = 1000
"""Rows of a file in which a column of labels is looked for."""
_MOST_VALUES = 12
"""A column of more values is no likely column of labels."""

_FASTTEXT_LABEL = re.compile(rf"(?:^|(?<=\s)){re.escape(PREFIX)}(\S*)\s*")


@dataclass(frozen=True)
class LabelledFile:
    """The examples of a file, and which split each is of."""

    name: str
    examples: Examples
    splits: tuple[str, ...] | None
    """`train`, `validation` or `test` of each example; None where no column says so."""

    def part(self, split: str) -> Examples:
        """Return the examples of a split; all of them where the file has no splits of its own.

        Raises:
            DataError: the split has none, or one class only.
        """
        if self.splits is None:
            return self.examples
        rows = np.array([row for row, own in enumerate(self.splits) if own == split], np.int64)
        if not len(rows):
            counts = Counter(self.splits)
            there = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
            raise DataError(
                f"{self.name}: no row is of the split {split!r}; column {SPLIT_COLUMN!r} has "
                f"{there}"
            )
        some = self.examples.at(rows)
        checked(some.texts, some.labels.tolist(), name=f"{self.name}, split {split!r},")
        return some

    def has(self, split: str) -> bool:
        """Tell whether a column says that rows are of a split."""
        return self.splits is not None and split in self.splits


@dataclass
class _Rows:
    """The rows of a file that can be used, column by column."""

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    """Folded labels."""
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    total: int = 0


def read_labelled_file(path: str | os.PathLike[str], options: DataOptions) -> LabelledFile:
    """Read all examples of a file.

    A row without a text or a label is left out and counted, with `options.strict` it is an error.
    What the labels mean is decided by all rows together, whatever their split.

    Raises:
        DataError: a column is missing, a label or a split is not understood, more than half of the
            rows are bad, or there are no examples or one class only.
        UsageError: a label is named twice in the options.
    """
    name = os.fspath(path)
    rule = options.label_rule
    left_out = LeftOut(name, strict=options.strict)
    with open_rows(path, options.rows) as source:
        if source.format == "txt":
            column, has_splits = "label", False
            if options.label_column is not None or options.group_column is not None:
                raise UsageError(
                    f"{name} is plain text and has no columns; leave --label-column and "
                    "--group-column out"
                )
            rows = _read_fasttext(source, options, left_out)
        else:
            column = _label_column(source, path, options)
            if column == source.text_column:
                raise UsageError(
                    f"{name}: column {column!r} cannot be text and label; name the other one with "
                    "--text-column or --label-column"
                )
            by_name = {title.strip().casefold(): title for title in reversed(source.columns)}
            split_column = by_name.get(SPLIT_COLUMN)
            has_splits = split_column is not None
            rows = _read_columns(source, column, split_column, options, left_out)
    left_out.check(rows.total)
    if not rows.texts:
        raise DataError(f"{name} has no examples")
    meanings = decide(Counter(rows.values), rule, name=name, column=column)
    splits = _splits(rows.splits, name) if has_splits else None
    used = [row for row, value in enumerate(rows.values) if meanings.labels[value] is not None]
    texts = [rows.texts[row] for row in used]
    named = [rows.groups[row] for row in used] if options.group_column is not None else None
    groups = group(texts, named)
    lines = (*source.notes, left_out.line(rows.total), meanings.line())
    said = [line for line in lines if line is not None]
    labels = [meanings.labels[rows.values[row]] or 0 for row in used]
    found = checked(texts, labels, name=name)
    examples = Examples(
        found.texts,
        found.labels,
        groups,
        always_whole=groups is not None,
        rows=np.array([rows.numbers[row] for row in used], np.int64),
        reading=Reading(tuple(said), meanings.to_json(), left_out.to_json()),
    )
    return LabelledFile(
        name, examples, None if splits is None else tuple(splits[row] for row in used)
    )


def _label_column(source: RowSource, path: str | os.PathLike[str], options: DataOptions) -> str:
    """Return the column of labels; where none has such a name, the error proposes one."""
    try:
        return source.column(options.label_column, LABEL_COLUMNS, option="--label-column")
    except DataError as error:
        likely = None if options.label_column is not None else _few_values(path, options)
        if likely is None:
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
                if column != source.text_column and len(values) <= _MOST_VALUES:
                    values.add(fold(value))
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


def _read_columns(
    source: RowSource,
    column: str,
    split_column: str | None,
    options: DataOptions,
    left_out: LeftOut,
) -> _Rows:
    """Read the rows of a file with columns."""
    rows = _Rows()
    group_column = options.group_column
    if group_column is not None:
        group_column = source.column(group_column, (), option="--group-column")
    for row in source:
        rows.total += 1
        value = fold(source.value(row, column))
        text = source.value(row, source.text_column)
        if row.error is not None or not isinstance(text, str):
            left_out.add(row.number, _fault(row))
        elif not text.strip():
            left_out.add(row.number, "the text is empty")
        elif is_missing(value) and not options.label_rule.names(value):
            left_out.add(row.number, "the label is empty")
        else:
            rows.numbers.append(row.number)
            rows.texts.append(text)
            rows.values.append(value)
            if split_column is not None:
                rows.splits.append(fold(row.fields.get(split_column)))
            if group_column is not None:
                given = source.value(row, group_column)
                rows.groups.append("" if given is None else str(given).strip())
    return rows


def _fault(row: Row) -> str:
    """Return what is wrong with a row that could not be read."""
    return row.error or "there is no text"


def _read_fasttext(source: RowSource, options: DataOptions, left_out: LeftOut) -> _Rows:
    """Read lines of `__label__NAME text`.

    Raises:
        DataError: a line has several labels, or no line has one.
    """
    rows = _Rows()
    several: list[int] = []
    labelled = 0
    for row in source:
        rows.total += 1
        line = row.fields.get(source.text_column)
        if row.error is not None or not isinstance(line, str):
            left_out.add(row.number, _fault(row))
            continue
        names = {fold(name) for name in _FASTTEXT_LABEL.findall(line)}
        text = _FASTTEXT_LABEL.sub("", line)
        labelled += bool(names)
        if len(names) > 1:
            several.append(row.number)
        elif not names or is_missing(min(names)):
            left_out.add(row.number, "there is no label")
        elif not text.strip():
            left_out.add(row.number, "the text is empty")
        else:
            rows.numbers.append(row.number)
            rows.texts.append(text)
            rows.values.append(min(names))
    if rows.total and not labelled:
        raise DataError(
            f"{source.name}: no line has a label; in a text file each line is fastText's, such as "
            f"'{PREFIX}positive Great film.'; a CSV, TSV, JSONL or Parquet file has columns"
        )
    if several:
        raise DataError(
            f"{source.name}, row {several[0]}: several labels in one line ({len(several):,} lines "
            "have them); leave one a line, since a text gets one label"
        )
    return rows


def _splits(values: list[str], name: str) -> list[str]:
    """Return the split of each row.

    Raises:
        DataError: a value is none; the message lists those that there are.
    """
    unknown = Counter(value for value in values if value not in SPLIT_NAMES)
    if unknown:
        listed = ", ".join(
            f"{shown(value) or 'nothing'} ({n:,})" for value, n in unknown.most_common(5)
        )
        raise DataError(
            f"{name}: column {SPLIT_COLUMN!r} holds {listed}; it may say train, validation (val, "
            "valid, dev) or test (eval); correct those rows or give the column another name"
        )
    return [SPLIT_NAMES[value] for value in values]
