"""Labelled files: CSV, TSV, JSON Lines and Parquet by columns, and text in fastText's form."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np

from edgernn.data.contradictions import contradictions
from edgernn.data.examples import Examples, Labels, Reading, Unlabelled, check_classes
from edgernn.data.groups import group
from edgernn.data.label_cells import LabelCells, flags_of
from edgernn.data.label_columns import label_column, label_columns
from edgernn.data.label_sets import decide_sets
from edgernn.data.label_spelling import PREFIX, fold, is_missing, shown, spelled
from edgernn.data.label_values import LabelsError, Meanings, decide
from edgernn.data.left_out import LeftOut
from edgernn.data.options import DataOptions
from edgernn.data.rows_kept import Rows
from edgernn.data.soft_labels import key_column
from edgernn.data.taught_rows import teach
from edgernn.errors import DataError, UsageError
from edgernn.rows import LABEL_COLUMNS, TEXT_COLUMNS, RowSource, listed, open_rows
from edgernn.text.contract import TextContract

__all__ = ["SPLIT_COLUMN", "SPLIT_NAMES", "LabelledFile", "labelled", "read_labelled_file"]

SPLIT_COLUMN = "split"

SPLIT_NAMES: dict[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""How the split of a row may be spelled; case and surrounding white space do not matter."""

_RARE = 0.01
"""Share of the lines below which several labels in a line are taken for slips."""

_FASTTEXT_LABEL = re.compile(rf"(?:^|(?<=\s)){re.escape(PREFIX)}(\S*)\s*")


@dataclass(frozen=True)
class LabelledFile:
    """The examples of a file, and which split each is of."""

    name: str
    examples: Examples
    splits: tuple[str, ...] | None
    """`train`, `validation` or `test` of each example; None where no column says so."""
    says_splits: str = f"column {SPLIT_COLUMN!r}"
    """What says which split an example is of, for messages."""
    unlabelled: Unlabelled | None = None
    """Texts without a label, where soft labels are read."""
    unlabelled_splits: tuple[str, ...] | None = None
    """Of each of them, as `splits`."""

    def part(self, split: str, *, of_model: bool = False) -> Examples:
        """Return the examples of a split; all of them where the file has no splits of its own.

        Args:
            split: its name.
            of_model: whether a model with all the labels is at hand, so that the split need not
                have each.

        Raises:
            DataError: the split has none; or lacks a label and is to be trained on, or the labels
                are two.
        """
        found = self.examples
        if self.splits is not None:
            rows = np.array([row for row, own in enumerate(self.splits) if own == split], np.int64)
            if not len(rows):
                counts = Counter(self.splits)
                there = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
                raise DataError(
                    f"{self.name}: no row is of the split {split!r}; {self.says_splits} has {there}"
                )
            found = found.at(rows)
        where = self.name if self.splits is None else f"{self.name}, split {split!r},"
        if found.decision == "threshold" or (split == "train" and not of_model):
            check_classes(found, where)
        return found

    def unlabelled_part(self, split: str) -> Unlabelled | None:
        """Return the texts without a label of a split; all of them in a file without splits."""
        if self.unlabelled is None or self.unlabelled_splits is None:
            return self.unlabelled
        rows = [row for row, own in enumerate(self.unlabelled_splits) if own == split]
        return self.unlabelled.at(np.array(rows, np.int64))

    def has(self, split: str) -> bool:
        """Tell whether examples are known to be of a split."""
        return self.splits is not None and split in self.splits


def read_labelled_file(
    path: str | os.PathLike[str], options: DataOptions, contract: TextContract | None = None
) -> LabelledFile:
    """Read all examples of a file.

    A row without a text or a label is left out and counted, with `options.strict` it is an error.
    What the labels mean is decided by all rows together, whatever their split.

    Args:
        path: the file.
        options: how it is read.
        contract: that of the model that the labels are for; None where one is to be trained.

    Raises:
        DataError: a column is missing, a label or a split is not understood, more than half of the
            rows are bad, or there are no examples or one class only.
        UsageError: a label is named twice in the options, or options do not go together.
    """
    name = os.fspath(path)
    left_out = LeftOut(name, strict=options.strict)
    rows = Rows(LabelCells(options.label_rule, options.label_separator))
    if options.takes_unlabelled:
        rows.unlabelled = Rows(LabelCells(options.label_rule))
    order: tuple[str, ...] = ()
    with open_rows(path, options.rows) as source:
        notes = list(source.notes)
        if source.format == "txt":
            column, has_splits = "label", False
            _refuse_columns(name, options)
            _read_fasttext(source, rows, left_out)
        else:
            if options.label_columns:
                columns = label_columns(source, options)
                column, order = "label columns", tuple(map(fold, columns))
                for title in columns:
                    rows.cells.spell(title)
            else:
                column = label_column(source, path, options)
                columns = [column]
            if source.text_column in columns:
                raise UsageError(
                    f"{name}: column {column!r} cannot be text and label; name the other one with "
                    "--text-column or --label-column"
                )
            by_name = {title.strip().casefold(): title for title in reversed(source.columns)}
            split_column = by_name.get(SPLIT_COLUMN)
            has_splits = split_column is not None
            _read_columns(source, columns, split_column, options, rows, left_out)
            notes += _others(source, columns[0], options)
    if has_splits:
        rows.splits = _splits(rows.splits, name)
        if rows.unlabelled is not None:
            rows.unlabelled.splits = _splits(rows.unlabelled.splits, name)
    return labelled(rows, options, left_out, name=name, column=column, order=order,
                    splits=rows.splits if has_splits else None, notes=notes,
                    contract=contract)  # fmt: skip


def labelled(
    rows: Rows,
    options: DataOptions,
    left_out: LeftOut,
    *,
    name: str,
    column: str,
    order: tuple[str, ...] = (),
    splits: list[str] | None = None,
    says_splits: str = LabelledFile.says_splits,
    notes: list[str],
    contract: TextContract | None,
) -> LabelledFile:
    """Decide what the labels of rows mean, and return the examples.

    Args:
        rows: of a file or a folder.
        options: how it was read.
        left_out: the rows that cannot be used.
        name: of the source, for messages.
        column: where its labels are, likewise.
        order: see `decide_sets`; given, a text may have several labels.
        splits: the split of each row, where the source says it.
        says_splits: what says it.
        notes: what is to be said first.
        contract: see `read_labelled_file`.

    Raises:
        DataError, UsageError: see `read_labelled_file`.
    """
    left_out.check(rows.total)
    if not rows.texts:
        raise DataError(f"{name} has no examples{_WITHOUT_LABELS if rows.unlabelled else ''}")
    found = _decided(rows, options, name, column, order, contract)
    used = found.used
    texts = [rows.texts[row] for row in used]
    named = [rows.groups[row] for row in used] if options.group_column is not None else None
    groups = group(texts, named)
    numbers = [rows.numbers[row] for row in used] if rows.numbers else None
    said = [line for line in (*notes, left_out.line(rows.total), found.line) if line is not None]
    if contract is None:
        contradicted = contradictions(texts, found.labels, groups, numbers)
        said += [] if contradicted is None else [f"warning: {name}: {contradicted}"]
    soft, ties, unlabelled, unlabelled_splits = None, None, None, None
    if options.soft_labels is not None and contract is None:
        taught = teach(rows, used, options, name, found.meanings, several=found.labels.ndim == 2)
        soft, ties, unlabelled = taught.soft, taught.ties, taught.unlabelled
        unlabelled_splits = taught.splits if splits is not None else None
        said += taught.lines
    examples = Examples(
        tuple(texts),
        found.labels,
        groups,
        always_whole=groups is not None,
        rows=None if numbers is None else np.array(numbers, np.int64),
        reading=Reading(tuple(said), found.meanings.to_json(), left_out.to_json()),
        classes=found.meanings.classes,
        soft=soft,
        ties=ties,
    )
    if examples.decision == "threshold":
        check_classes(examples, name)
    of_each = None if splits is None else tuple(splits[row] for row in used)
    return LabelledFile(name, examples, of_each, says_splits, unlabelled, unlabelled_splits)


_WITHOUT_LABELS = (
    ": no row with a text has a label; soft labels add to labels, of which some are needed to "
    "measure the model: the teacher's likeliest one will do"
)


@dataclass(frozen=True)
class _Decided:
    """What the labels of rows mean."""

    meanings: Meanings
    used: list[int]
    """The rows that are not left out."""
    labels: Labels
    """Of these."""
    line: str | None
    """What to say of it."""


def _decided(
    rows: Rows,
    options: DataOptions,
    name: str,
    column: str,
    order: tuple[str, ...],
    contract: TextContract | None,
) -> _Decided:
    cells, rule = rows.cells, options.label_rule
    is_asked = bool(order) or options.label_separator is not None
    if contract is not None:
        if contract.decision != "each" and cells.are_several:
            raise LabelsError(
                f"{name}, row {rows.numbers[cells.first_of_several()]}: has several labels or "
                "none, and the model gives each text one of its labels"
            )
        is_asked = contract.decision == "each"
    if is_asked or cells.are_several:
        sets = decide_sets(cells.sets, rule, name=name, column=column, names=cells.names,
                           contract=contract, order=order)  # fmt: skip
        used = np.flatnonzero(sets.kept)
        if not len(used):
            raise DataError(f"{name}: {rule.options()} leaves no row")
        return _Decided(sets.meanings, used.tolist(), sets.flags[used], sets.line())
    values = [labels[0] for labels in cells.sets]
    meanings = decide(Counter(values), rule, name=name, column=column, names=cells.names,
                      contract=contract)  # fmt: skip
    kept = [row for row, value in enumerate(values) if meanings.labels[value] is not None]
    numbers = [meanings.labels[values[row]] or 0 for row in kept]
    labels = np.array(numbers, np.int8 if len(meanings.classes) == 2 else np.int16)
    return _Decided(meanings, kept, labels, meanings.line())


def _others(source: RowSource, label: str, options: DataOptions) -> list[str]:
    """Say which column was taken where nobody named one and several have a name for it."""
    spoken_for = {source.text_column, label, options.group_column, options.soft_key}
    chosen = []
    if options.text_column is None:
        chosen.append((source.text_column, "text", TEXT_COLUMNS))
    if options.label_column is None and not options.label_columns:
        chosen.append((label, "label", LABEL_COLUMNS))
    said = []
    for column, what, usual in chosen:
        others = [other for other in source.others_like(column, usual) if other not in spoken_for]
        if others:
            said.append(
                f"{source.name}: column {column!r} is taken for the {what}; --{what}-column names "
                f"another, such as {listed(others)}"
            )
    return said


def _refuse_columns(name: str, options: DataOptions) -> None:
    """Refuse options of columns for a file that has none.

    Raises:
        UsageError: one is given.
    """
    if options.label_columns or options.label_separator is not None:
        raise UsageError(
            f"{name} is plain text, whose lines have any number of {PREFIX}NAME; leave "
            "--label-columns and --label-separator out"
        )
    if any((options.label_column, options.group_column, options.soft_key)):
        raise UsageError(
            f"{name} is plain text and has no columns; leave --label-column, --group-column and "
            "--soft-key out"
        )


def _read_columns(
    source: RowSource,
    columns: list[str],
    split_column: str | None,
    options: DataOptions,
    rows: Rows,
    left_out: LeftOut,
) -> None:
    """Read the rows of a file with columns."""
    group_column = options.group_column
    if group_column is not None:
        group_column = source.column(group_column, (), option="--group-column")
    key = None if options.soft_key is None else key_column(source, options)
    for row in source:
        rows.total += 1
        text = source.value(row, source.text_column)
        if row.error is not None or not isinstance(text, str):
            left_out.add(row.number, row.error or "there is no text")
            continue
        if not text.strip():
            left_out.add(row.number, "the text is empty")
            continue
        if options.label_columns:
            found = flags_of(columns, partial(source.value, row), source.where(row))
        else:
            found = rows.cells.parse(source.value(row, columns[0]))
        kept = rows
        cells = [source.value(row, column) for column in columns]
        if rows.unlabelled is not None and (
            all(is_missing(fold(cell)) for cell in cells)
            if isinstance(found, str)
            # An empty cell of several labels says that there is none.
            else options.label_separator is not None and cells == [None]
        ):
            kept, found = rows.unlabelled, ()
            kept.total = rows.total
        if isinstance(found, str):
            left_out.add(row.number, found)
            continue
        kept.keep(row.number, text, found)
        if split_column is not None:
            kept.splits.append(fold(row.fields.get(split_column)))
        if group_column is not None:
            given = source.value(row, group_column)
            kept.groups.append("" if given is None else str(given).strip())
        if key is not None:
            kept.keys.append(spelled(source.value(row, key)))


def _read_fasttext(source: RowSource, rows: Rows, left_out: LeftOut) -> None:
    """Read lines of `__label__NAME text`, of which each may have several labels.

    Raises:
        DataError: no line has a label, or here and there a line has several.
    """
    several: list[int] = []
    labelled = 0
    for row in source:
        rows.total += 1
        line = row.fields.get(source.text_column)
        if row.error is not None or not isinstance(line, str):
            left_out.add(row.number, row.error or "there is no text")
            continue
        names = _FASTTEXT_LABEL.findall(line)
        found = rows.cells.parse(names)
        text = _FASTTEXT_LABEL.sub("", line)
        labelled += bool(names)
        if not text.strip():
            left_out.add(row.number, "the text is empty" if found else "there is no label")
        elif not found or isinstance(found, str):
            if rows.unlabelled is None:
                left_out.add(row.number, "there is no label")
            else:
                rows.unlabelled.total = rows.total
                rows.unlabelled.keep(row.number, text, ())
        else:
            if len(found) > 1:
                several.append(row.number)
            rows.keep(row.number, text, found)
    if rows.total and not labelled:
        raise DataError(
            f"{source.name}: no line has a label; in a text file each line is fastText's, such as "
            f"'{PREFIX}positive Great film.'; a CSV, TSV, JSONL or Parquet file has columns"
        )
    if several and len(several) < _RARE * rows.total:
        raise DataError(
            f"{source.name}, row {several[0]}: several labels in one line, and only "
            f"{len(several):,} of {rows.total:,} lines have them; leave one a line, or put the "
            "file into JSON Lines, with a list of labels for each text"
        )


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
