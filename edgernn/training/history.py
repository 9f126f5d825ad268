"""The history of a run: its epochs, written as CSV, and read back from a run folder."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from edgernn.errors import ModelFileError
from edgernn.recipes.recipe import Keep
from edgernn.training.run import HISTORY, read_file

__all__ = ["Epoch", "History", "read_history"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured; accuracies are shares in [0, 1]."""

    epoch: int
    """Counted from 1."""
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
    validation_recall: float | None = None
    """Share of the positive texts that were called so; None in runs of earlier versions."""
    validation_specificity: float | None = None
    """Share of the negative texts that were called so, likewise."""
    validation_macro_f1: float | None = None
    """Of more than two labels, or several a text: mean of their F1."""
    validation_macro_recall: float | None = None
    """Likewise, of the share of each label's texts that were given it."""

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean over the labels of the share of their validation texts that are right."""
        if self.validation_macro_recall is not None:
            return self.validation_macro_recall
        if self.validation_recall is None or self.validation_specificity is None:
            return None
        return (self.validation_recall + self.validation_specificity) / 2


@dataclass
class History:
    """The epochs so far."""

    epochs: list[Epoch] = field(default_factory=list)
    interrupted: bool = False
    keep: Keep = "best"
    balanced: bool = False
    """Whether the best epoch is that of the highest balanced accuracy."""

    @property
    def selected(self) -> Epoch:
        """The epoch whose weights are kept: the best, or the last, as `keep` says."""
        return self.best if self.keep == "best" else self.epochs[-1]

    @property
    def best(self) -> Epoch:
        """The epoch of the highest validation accuracy; of equal ones the lower loss.

        Of more than two labels, or several a text, that of the lowest loss: each has few texts, so
        that an accuracy changes by chance from one epoch to the next.
        """

        def rank(epoch: Epoch) -> tuple[float, float]:
            if epoch.validation_macro_recall is not None:
                return -epoch.validation_loss, 0.0
            balanced = epoch.balanced_accuracy if self.balanced else None
            accuracy = epoch.validation_accuracy if balanced is None else balanced
            return accuracy, -epoch.validation_loss

        return max(self.epochs, key=rank)

    def to_csv(self) -> str:
        """Return the history as CSV, one epoch a row."""
        out = io.StringIO()
        # Of an earlier version's epochs some were not measured.
        names = [
            f.name
            for f in fields(Epoch)
            if any(getattr(epoch, f.name) is not None for epoch in self.epochs)
        ]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(epoch, name) for name in names] for epoch in self.epochs)
        return out.getvalue()


_MAX_BYTES = 1 << 20
_COLUMNS = tuple(field.name for field in fields(Epoch) if field.default is MISSING)
_LATER_COLUMNS = tuple(field.name for field in fields(Epoch) if field.default is not MISSING)
"""Those that earlier versions did not write."""


def read_history(folder: Path) -> History:
    """Read and check the epochs of a run folder.

    Raises:
        ModelFileError: missing, too large, or not a history; the message names the row, counted
            from 1 after the header.
    """
    path = folder / HISTORY
    data = read_file(folder, HISTORY, _MAX_BYTES)
    try:
        header, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    except (ValueError, csv.Error) as error:
        # A ValueError is a file without a line, or bytes that are not UTF-8.
        raise ModelFileError(f"{path}: not CSV in UTF-8") from error
    missing = [name for name in _COLUMNS if header.count(name) != 1]
    if missing:
        raise ModelFileError(f"{path}: has no column {missing[0]!r}, or two")
    if not rows:
        raise ModelFileError(f"{path}: has no epoch")
    epochs = []
    for number, row in enumerate(rows, start=1):
        try:
            epochs.append(_epoch(header, row, number))
        except ValueError as error:
            raise ModelFileError(f"{path}, row {number}: {error}") from error
    return History(epochs)


def _epoch(header: list[str], row: list[str], number: int) -> Epoch:
    if len(row) != len(header):
        raise ValueError(f"has {len(row)} fields, not {len(header)}")
    values = dict(zip(header, row, strict=True))
    if values["epoch"] != str(number):
        raise ValueError(f"epoch is {values['epoch'][:20]!r}, not {number}")
    measured = {name: _number(name, values[name]) for name in _COLUMNS if name != "epoch"}
    later = {
        name: _number(name, values[name]) for name in _LATER_COLUMNS if values.get(name, "") != ""
    }
    return Epoch(epoch=number, **measured, **later)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    largest = 1.0 if name.endswith(("accuracy", "recall", "specificity", "f1")) else math.inf
    if not (math.isfinite(value) and 0.0 <= value <= largest):
        kind = "a share in [0, 1]" if largest == 1.0 else "a number of 0 or more"
        raise ValueError(f"{name} is {text[:20]!r}, not {kind}")
    return value
