"""Texts and their labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgernn.errors import DataError, UsageError
from edgernn.text.decision import DecisionRule

CLASSES: tuple[str, ...] = ("negative", "positive")
"""The name of each label, by its number, where a source has none of its own."""

Labels: TypeAlias = npt.NDArray[Any]
"""Integers [texts], the number of each text's label; or, where a text may have several or none,
bool [texts, labels]."""

_LISTED = 12
"""Classes that a message names."""


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

    labels: Labels
    """int8 [n] of two classes and int16 [n] of more, the number of each text's class; bool
    [n, classes] where a text may have several or none."""

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

    classes: tuple[str, ...] = CLASSES
    """The name of each label, by its number; two or more, all of them different."""

    soft: npt.NDArray[np.float32] | None = None
    """float32 [n, classes], how likely a teacher finds each label of each text, NaN where it says
    nothing; None without one."""

    ties: npt.NDArray[np.int64] | None = None
    """int64 [n], groups of these texts and unlabelled ones together, see `Unlabelled`; None
    without these."""

    def __post_init__(self) -> None:
        texts = (len(self.texts),)
        each = self.labels.dtype == np.bool_ and self.labels.ndim == 2
        if self.labels.shape != ((*texts, len(self.classes)) if each else texts):
            raise ValueError(
                f"{len(self.texts)} texts of {len(self.classes)} classes with labels of shape "
                f"{self.labels.shape}"
            )
        if self.groups is not None and self.groups.shape != texts:
            raise ValueError(f"{len(self.texts)} texts with groups of shape {self.groups.shape}")
        if self.rows is not None and self.rows.shape != texts:
            raise ValueError(f"{len(self.texts)} texts with rows of shape {self.rows.shape}")

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def decision(self) -> DecisionRule:
        """How a model's scores for such texts become labels."""
        if self.labels.ndim == 2:
            return "each"
        return "threshold" if len(self.classes) == 2 else "largest"

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many texts have each class: int64 [classes]."""
        if self.labels.ndim == 2:
            return np.asarray(self.labels.sum(axis=0, dtype=np.int64))
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def at(self, rows: npt.NDArray[np.integer]) -> Examples:
        """Return the examples of some rows, in that order."""
        return dataclasses.replace(
            self,
            texts=tuple(self.texts[i] for i in rows),
            labels=self.labels[rows],
            groups=None if self.groups is None else self.groups[rows],
            rows=None if self.rows is None else self.rows[rows],
            soft=None if self.soft is None else self.soft[rows],
            ties=None if self.ties is None else self.ties[rows],
        )

    def ungrouped(self) -> Examples:
        """Return the same examples, each for itself."""
        return dataclasses.replace(self, groups=None, always_whole=False)


@dataclass(frozen=True, eq=False)
class Unlabelled:
    """Texts without a label, of which a teacher says how likely each label is."""

    texts: tuple[str, ...]
    soft: npt.NDArray[np.float32]
    """float32 [texts, classes], as of `Examples`, none of them NaN."""
    rows: npt.NDArray[np.int64]
    """int64 [texts], the number of each text's row in its file."""
    ties: npt.NDArray[np.int64]
    """int64 [texts]: a text of the same number as a labelled one is like it, or of its group."""

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, rows: npt.NDArray[np.integer]) -> Unlabelled:
        """Return the texts of some rows, in that order."""
        return Unlabelled(
            tuple(self.texts[i] for i in rows), self.soft[rows], self.rows[rows], self.ties[rows]
        )

    def apart_from(self, held_out: Examples) -> Unlabelled:
        """Return the texts that are neither like one that is held out nor of its group."""
        if held_out.ties is None:
            return self
        return self.at(np.flatnonzero(~np.isin(self.ties, held_out.ties)))


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
    unlabelled: Unlabelled | None = None
    """What else may be learned from, by a teacher's soft labels; None without these."""


def checked(
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    name: str,
    groups: npt.NDArray[np.int64] | None = None,
) -> Examples:
    """Return the examples, negative and positive ones, of the source called `name`.

    Raises:
        DataError: there are none, or all are of one class.
    """
    if not texts:
        raise DataError(f"{name} has no examples")
    examples = Examples(tuple(texts), np.array(labels, dtype=np.int8), groups)
    check_classes(examples, name)
    return examples


def check_classes(examples: Examples, name: str, more: str = "") -> None:
    """Make sure that every class has an example.

    Args:
        examples: those of a source.
        name: the source.
        more: what an example must be, such as ` has a token`.

    Raises:
        DataError: a class has none; the message names it.
    """
    missing = [examples.classes[number] for number in np.flatnonzero(examples.counts == 0)]
    if not missing:
        return
    start = f"{name}: no" if more else f"{name} has no"
    if len(examples.classes) == 2:
        raise DataError(f"{start} {missing[0]} example{more}; both classes are needed")
    listed = ", ".join(missing[:_LISTED])
    rest = f" and {len(missing) - _LISTED:,} more" if len(missing) > _LISTED else ""
    labels = "labels" if len(missing) > 1 else "label"
    raise DataError(f"{start} example of {labels} {listed}{rest}{more}; each label needs some")


def first(examples: Examples, limit: int | None) -> Examples:
    """Return the first `limit` examples, as many of one class as of any other.

    They stay in their order. Where the limit is no multiple of the classes, the first ones get one
    more. A class that has too few gives what it has and is not made up for by the others. Where a
    text may have several labels or none, it is that many of each set of labels in proportion.

    Raises:
        UsageError: the limit is less than the number of classes.
    """
    if limit is None:
        return examples
    classes = len(examples.classes)
    if limit < classes:
        raise UsageError(
            f"a limit of {limit} examples leaves a class out; it must be {classes:,} or more"
        )
    if examples.labels.ndim == 2:
        _, sets, sizes = np.unique(examples.labels, axis=0, return_inverse=True, return_counts=True)
        numbers, shares = sets.reshape(-1), _shares(sizes, limit)
    else:
        numbers = examples.labels
        shares = (limit + np.arange(classes)[::-1]) // classes
    kept = [np.flatnonzero(numbers == number)[:n] for number, n in enumerate(shares)]
    return examples.at(np.sort(np.concatenate(kept)))


def _shares(sizes: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Divide a total in the proportion of sizes: int64, by largest remainder."""
    total = min(total, int(sizes.sum()))
    exact = sizes * total / sizes.sum()
    shares: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    most = np.argsort(shares - exact, kind="stable")[: total - int(shares.sum())]
    shares[most] += 1
    return shares
