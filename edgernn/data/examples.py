"""Texts and their labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError, UsageError

CLASSES: tuple[str, ...] = ("negative", "positive")
"""The name of each label, by its number."""


@dataclass(frozen=True)
class Reading:
    """How a file of rows was read, for people and for a run's config.json; it holds no text."""

    lines: tuple[str, ...]
    """What to say about it."""
    labels: Mapping[str, Mapping[str, int]]
    """Rows of each value, by what it means."""
    left_out: Mapping[str, int]
    """Rows that could not be used, by their fault."""

    def to_json(self) -> dict[str, Any]:
        """Return what is kept in config.json."""
        return {"labels": self.labels, "left_out": self.left_out}


class NoUnlabelledTextsError(DataError):
    """A data set that can be read and has labelled texts only."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts with their labels, in the order of their source."""

    texts: tuple[str, ...]

    labels: npt.NDArray[np.int8]
    """int8, shape [n]: 1 is positive, 0 is negative."""

    groups: npt.NDArray[np.int64] | None = None
    """int64, shape [n]: texts of one number are about one thing, such as a film, so that who has
    learned from one knows something about the others; None where the source does not say."""

    always_whole: bool = False
    """Whether groups are never divided, whatever a recipe says: they are equal texts, or what a
    person named."""

    rows: npt.NDArray[np.int64] | None = None
    """int64, shape [n]: the number of each text's row in its file; None where there are no rows."""

    reading: Reading | None = None
    """How the file was read; None for other sources."""

    is_published: bool = False
    """Whether the texts are those of the Large Movie Review Dataset, which anybody can read."""

    def __post_init__(self) -> None:
        if self.labels.shape != (len(self.texts),):
            raise ValueError(f"{len(self.texts)} texts with labels of shape {self.labels.shape}")
        if self.groups is not None and self.groups.shape != self.labels.shape:
            raise ValueError(f"{len(self.texts)} texts with groups of shape {self.groups.shape}")
        if self.rows is not None and self.rows.shape != self.labels.shape:
            raise ValueError(f"{len(self.texts)} texts with rows of shape {self.rows.shape}")

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, rows: npt.NDArray[np.integer]) -> Examples:
        """Return the examples of some rows, in that order."""
        return dataclasses.replace(
            self,
            texts=tuple(self.texts[i] for i in rows),
            labels=self.labels[rows],
            groups=None if self.groups is None else self.groups[rows],
            rows=None if self.rows is None else self.rows[rows],
        )

    def ungrouped(self) -> Examples:
        """Return the same examples, each for itself."""
        return dataclasses.replace(self, groups=None, always_whole=False)


@dataclass(frozen=True, eq=False)
class Splits:
    """What a run learns from, and what is kept out of it."""

    train: Examples
    validation: Examples | None = None
    """The validation split that a file has; None where a run holds a part of `train` out."""
    test: Examples | None = None
    """What was kept out for a test, or a file's test split; None where there is none, or where it
    is loaded when it is wanted."""
    has_own_test: bool = False
    """Whether the data itself says what the test split is."""


def checked(
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    name: str,
    groups: npt.NDArray[np.int64] | None = None,
) -> Examples:
    """Return the examples of the source called `name`.

    Raises:
        DataError: there are none, or all are of one class.
    """
    if not texts:
        raise DataError(f"{name} has no examples")
    present = set(labels)
    for label, title in enumerate(CLASSES):
        if label not in present:
            raise DataError(f"{name} has no {title} example; both classes are needed")
    return Examples(tuple(texts), np.array(labels, dtype=np.int8), groups)


def first(examples: Examples, limit: int | None) -> Examples:
    """Return the first `limit` examples, as many of one class as of the other.

    They stay in their order. Of an odd number, one more is negative. A class that has too few
    gives what it has and is not made up for by the other.

    Raises:
        UsageError: the limit is less than 2.
    """
    if limit is None:
        return examples
    if limit < len(CLASSES):
        raise UsageError(f"a limit of {limit} examples leaves a class out; it must be 2 or more")
    shares = ((limit + 1) // 2, limit // 2)
    kept = [np.flatnonzero(examples.labels == label)[:n] for label, n in enumerate(shares)]
    return examples.at(np.sort(np.concatenate(kept)))
