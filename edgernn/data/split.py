"""Splitting examples in two, each class in the same proportion, whole groups together or not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import CLASSES, Examples, Splits
from edgernn.errors import DataError, UsageError

FEWEST_TO_HOLD_OUT = 30
"""Rows; of fewer a fifth is no test, and the rest may leave none of a label to choose by."""


def held_out_split(
    examples: Examples,
    fraction: float,
    seed: int,
    *,
    whole_groups: bool,
    purpose: str = "validation",
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split off what a run is measured on.

    Args:
        examples: the training split.
        fraction: how much of each class is held out, more than 0 and less than 1.
        seed: decides which examples.
        whole_groups: whether examples of one group stay on one side, where groups are known: what
            is measured then holds for things that are new to the model, as test splits are. Those
            of `always_whole` examples stay so in any case.
        purpose: what the part is for, in messages.

    Returns:
        The indices for training and those held out: int64, sorted.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    if (whole_groups or examples.always_whole) and examples.groups is not None:
        return grouped_split(examples.labels, examples.groups, fraction, seed, purpose)
    return stratified_split(examples.labels, fraction, seed, purpose)


def validation_split(
    splits: Splits, fraction: float, seed: int, *, whole_groups: bool
) -> tuple[Examples, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Tell what a run learns from, and what it is measured on while it does.

    Args:
        splits: the run's.
        fraction: see `held_out_split`; not used where the data has a validation split.
        seed: likewise.
        whole_groups: likewise.

    Returns:
        Examples, and the indices of both parts among them: int64.

    Raises:
        DataError, UsageError: see `held_out_split`.
    """
    train, validation = splits.train, splits.validation
    if validation is None:
        try:
            return train, *held_out_split(train, fraction, seed, whole_groups=whole_groups)
        except DataError as error:
            if splits.test is None or splits.has_own_test:
                raise
            raise DataError(
                f"{error}; {len(splits.test):,} of {len(splits.test) + len(train):,} rows are kept "
                "out for a test: a smaller --test-fraction, or more rows, leaves enough"
            ) from error
    both = Examples(
        (*train.texts, *validation.texts),
        np.concatenate([train.labels, validation.labels]),
        rows=None
        if train.rows is None or validation.rows is None
        else np.concatenate([train.rows, validation.rows]),
        reading=train.reading,
    )
    return both, np.arange(len(train)), np.arange(len(train), len(both))


def grouped_split(
    labels: npt.NDArray[np.integer],
    groups: npt.NDArray[np.integer],
    fraction: float,
    seed: int,
    purpose: str = "validation",
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into training and validation; no group is on both sides.

    In random order, each group goes to validation that no class of its has no more room for.

    Args:
        labels: the class of each example, any integers, shape [n].
        groups: the group of each example, likewise.
        fraction: how much of each class goes to validation at most; where groups are many and
            small, it is that much. Where all are too large, the one that comes nearest goes.
        seed: decides which groups; the same seed gives the same split.
        purpose: what the part is for, in messages.

    Returns:
        The indices for training and those for validation: int64, sorted, together all of 0..n-1.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    room = _numbers(labels, fraction, seed, purpose)
    random = np.random.Generator(np.random.PCG64(seed))
    names, group = np.unique(groups, return_inverse=True)
    _, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(names), len(room)), np.int64)
    np.add.at(counts, (group, label), 1)
    held_out = np.zeros(len(names), dtype=bool)
    for one in random.permutation(len(names)):
        if np.all(counts[one] <= room):
            held_out[one] = True
            room = room - counts[one]
    if not np.all(counts[held_out].sum(axis=0)):
        held_out = _nearest(counts, _numbers(labels, fraction, seed, purpose))
    validation = held_out[group]
    for number, name in enumerate(np.unique(labels)):
        if not counts[held_out, number].sum():
            raise DataError(
                f"{_title(name)} has no group of examples small enough to be held out "
                f"{_share(fraction, purpose)}"
            )
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def _nearest(counts: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Choose the group that comes nearest to what is wanted and leaves each class on both sides.

    Args:
        counts: examples of each group and class, int64 [groups, classes].
        wanted: examples of each class, int64 [classes].

    Returns:
        bool [groups], one of them true, or none where there is no such group.
    """
    divides = np.all((counts > 0) & (counts < counts.sum(axis=0)), axis=1)
    chosen = np.zeros(len(counts), bool)
    if divides.any():
        distance = np.where(divides, np.abs(counts - wanted).sum(axis=1), np.iinfo(np.int64).max)
        chosen[np.argmin(distance)] = True
    return chosen


def stratified_split(
    labels: npt.NDArray[np.integer], fraction: float, seed: int, purpose: str = "validation"
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into training and validation, each class in the same proportion.

    Args:
        labels: the class of each example, any integers, shape [n].
        fraction: how much of each class goes to validation, more than 0 and less than 1; rounded
            to the nearest number of examples, a half upwards.
        seed: decides which examples; the same seed gives the same split.
        purpose: what the part is for, in messages.

    Returns:
        The indices for training and those for validation: int64, sorted, together all of 0..n-1.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    counts = _numbers(labels, fraction, seed, purpose)
    # Named, as default_rng may choose another generator in a later numpy.
    random = np.random.Generator(np.random.PCG64(seed))
    validation = np.zeros(labels.shape[0], dtype=bool)
    for label, count in zip(np.unique(labels), counts, strict=True):
        validation[random.permutation(np.flatnonzero(labels == label))[:count]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def _numbers(
    labels: npt.NDArray[np.integer], fraction: float, seed: int, purpose: str
) -> npt.NDArray[np.int64]:
    """Return how many examples of each class go to validation, int64 [classes]."""
    if not 0 < fraction < 1:
        raise UsageError(f"the {purpose} fraction must be between 0 and 1, and is {fraction}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative, and is {seed}")
    if labels.size == 0:
        raise DataError("there are no examples to split")
    classes, sizes = np.unique(labels, return_counts=True)
    counts: npt.NDArray[np.int64] = np.floor(sizes * fraction + 0.5).astype(np.int64)
    for label, size, count in zip(classes, sizes, counts, strict=True):
        if not 0 < count < size:
            side = "training" if count else f"a {purpose}" if purpose == "test" else purpose
            raise DataError(
                f"{_title(label)} has {size:,} {'example' if size == 1 else 'examples'}, which "
                f"leaves none for {side} {_share(fraction, purpose)}"
            )
    return counts


def _title(label: object) -> str:
    """Return the name of a label for a message."""
    number = int(str(label))
    return f"label {CLASSES[number] if 0 <= number < len(CLASSES) else number}"


def _share(fraction: float, purpose: str) -> str:
    """Return how much is held out, for a message."""
    if purpose == "test":
        return f"at --test-fraction {fraction:g}"
    return f"at a {purpose} fraction of {fraction:g}"
