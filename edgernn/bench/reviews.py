"""The texts that reviews/s are measured on: those of a file, with or without labels, or made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bench.texts import generated_reviews
from edgernn.data import DataOptions, Examples, load_split
from edgernn.data.examples import CLASSES
from edgernn.data.options import DEFAULTS
from edgernn.errors import DataError
from edgernn.rows import LABEL_COLUMNS, folded, open_rows, suffix_of

__all__ = ["Reviews", "read_reviews"]


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts, and their labels where they are known."""

    texts: Sequence[str]
    labels: npt.NDArray[Any] | None
    """bool [texts], true for the second of two classes; of more as `Examples.labels`."""
    name: str | None
    """Of the file; None for generated texts."""
    left_out: int = 0
    """Rows of a file without labels whose text is empty."""
    classes: tuple[str, ...] = CLASSES
    """The name of each class, by its number."""

    @property
    def examples(self) -> Examples | None:
        """The texts with their labels; None where these are not known."""
        if self.labels is None:
            return None
        labels = self.labels
        if labels.ndim == 1 and len(self.classes) == 2:
            labels = labels.astype(np.int8)
        return Examples(tuple(self.texts), labels, classes=self.classes)


def read_reviews(
    data: str | None,
    count: int,
    options: DataOptions = DEFAULTS,
    say: Callable[[str], None] = lambda line: None,
) -> Reviews:
    """Read `count` texts, or as many as there are.

    Args:
        data: a file of rows, with a column of labels or not; or a data set that has them: its test
            split is read. None generates texts.
        count: at least 2.
        options: how a file of rows is read.
        say: gets a line about its labels, and one about rows that are left out.

    Raises:
        DataError: the file cannot be read, or a row is bad.
    """
    if data is None:
        return Reviews(generated_reviews(count), None, None)
    name = Path(data).name
    if options.label_column is None and _is_unlabelled(data, options):
        return _unlabelled(data, count, options, name)
    examples = load_split(data, "test", options, limit=count, say=say)
    plain = examples.decision == "threshold"
    labels = np.asarray(examples.labels == 1) if plain else examples.labels
    return Reviews(examples.texts, labels, name, classes=examples.classes)


def _is_unlabelled(data: str, options: DataOptions) -> bool:
    """Tell whether it is a file of rows none of whose columns has a label's name."""
    if Path(data).is_dir() or suffix_of(data) is None:
        return False
    with open_rows(data, options.rows) as rows:
        return not {folded(column) for column in rows.columns} & set(map(folded, LABEL_COLUMNS))


def _unlabelled(data: str, count: int, options: DataOptions, name: str) -> Reviews:
    empty = 0
    texts: list[str] = []
    with open_rows(data, options.rows) as rows:
        for row in rows:
            text = rows.text(row)
            if text.strip():
                texts.append(text)
            else:
                empty += 1
            if len(texts) == count:
                break
    if not texts:
        raise DataError(f"{data}: has no text")
    return Reviews(texts, None, name, empty)
