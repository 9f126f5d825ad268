"""Splitting examples in two, each class in the same proportion, whole groups together or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import CLASSES, Examples, Splits
from edgernn.data.label_options import as_option
from edgernn.errors import DataError, UsageError

_LISTED = 12
"""Labels that a message names."""

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

    Where a text may have several labels or none, texts of the same set of labels are divided like
    those of a class; see `strata_of`.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    labels, classes = examples.labels, examples.classes
    several = examples.decision == "each"
    if several:
        labels, classes = strata_of(labels, fraction), ()
    if (whole_groups or examples.always_whole) and examples.groups is not None:
        parts = grouped_split(labels, examples.groups, fraction, seed, purpose, classes)
    else:
        parts = stratified_split(labels, fraction, seed, purpose, classes)
    if several:
        _check_sides(examples, parts, fraction, purpose)
    return parts


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
        classes=train.classes,
        soft=None
        if train.soft is None or validation.soft is None
        else np.concatenate([train.soft, validation.soft]),
        ties=None
        if train.ties is None or validation.ties is None
        else np.concatenate([train.ties, validation.ties]),
    )
    return both, np.arange(len(train)), np.arange(len(train), len(both))


def grouped_split(
    labels: npt.NDArray[np.integer],
    groups: npt.NDArray[np.integer],
    fraction: float,
    seed: int,
    purpose: str = "validation",
    classes: Sequence[str] = CLASSES,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into training and validation; no group is on both sides.

    In random order, each group goes to validation that no class of its has no more room for. Of
    three classes or more, one whose groups are all too large gets its smallest one.

    Args:
        labels: the class of each example, any integers, shape [n].
        groups: the group of each example, likewise.
        fraction: how much of each class goes to validation at most; where groups are many and
            small, it is that much. Where all are too large, the one that comes nearest goes.
        seed: decides which groups; the same seed gives the same split.
        purpose: what the part is for, in messages.
        classes: see `stratified_split`.

    Returns:
        The indices for training and those for validation: int64, sorted, together all of 0..n-1.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    wanted = _numbers(labels, fraction, seed, purpose, classes)
    room = wanted
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
    if len(classes) == 2:
        if not np.all(counts[held_out].sum(axis=0)):
            held_out = _nearest(counts, wanted)
    else:
        _add_smallest(held_out, counts, wanted)
    validation = held_out[group]
    for number, name in enumerate(np.unique(labels)):
        if classes and not counts[held_out, number].sum():
            raise DataError(
                f"{_title(name, classes)} has no group of examples small enough to be held out "
                f"{_share(fraction, purpose)}{_drop(name, classes)}"
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


def _add_smallest(
    held_out: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.int64],
) -> None:
    """Hold out the smallest group of each class that has none held out, if a class allows it.

    Args:
        held_out: bool [groups]; it is changed.
        counts: examples of each group and class, int64 [groups, classes].
        wanted: examples of each class, int64 [classes]; a class of 0 needs none.
    """
    sizes = counts.sum(axis=0)
    for number in np.flatnonzero((counts[held_out].sum(axis=0) == 0) & (wanted > 0)):
        held = counts[held_out].sum(axis=0)
        # Not what would take the last example of any class from training.
        fits = (counts[:, number] > 0) & np.all((held + counts < sizes) | (counts == 0), axis=1)
        if held[number] == 0 and fits.any():
            held_out[np.argmin(np.where(fits, counts.sum(axis=1), np.iinfo(np.int64).max))] = True


def stratified_split(
    labels: npt.NDArray[np.integer],
    fraction: float,
    seed: int,
    purpose: str = "validation",
    classes: Sequence[str] = CLASSES,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split examples into training and validation, each class in the same proportion.

    Args:
        labels: the class of each example, any integers, shape [n].
        fraction: how much of each class goes to validation, more than 0 and less than 1; rounded
            to the nearest number of examples, a half upwards. Of three classes or more, each has
            at least one on both sides.
        seed: decides which examples; the same seed gives the same split.
        purpose: what the part is for, in messages.
        classes: the name of each label, by its number, for messages; none where labels are the
            numbers of strata, which may lack on a side where they are of one example.

    Returns:
        The indices for training and those for validation: int64, sorted, together all of 0..n-1.

    Raises:
        DataError: a class would have no example on one of the two sides.
        UsageError: the fraction or the seed is out of range.
    """
    counts = _numbers(labels, fraction, seed, purpose, classes)
    # Named, as default_rng may choose another generator in a later numpy.
    random = np.random.Generator(np.random.PCG64(seed))
    validation = np.zeros(labels.shape[0], dtype=bool)
    for label, count in zip(np.unique(labels), counts, strict=True):
        validation[random.permutation(np.flatnonzero(labels == label))[:count]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def strata_of(labels: npt.NDArray[np.bool_], fraction: float) -> npt.NDArray[np.int64]:
    """Number the strata of texts that may have several labels or none.

    Texts of the same set of labels are a stratum. Sets of too few texts to be divided go to that
    of their rarest label, and what is still too small goes together.

    Args:
        labels: bool [texts, labels].
        fraction: how much of each stratum is to be held out.

    Returns:
        int64 [texts], from 0 on.
    """
    sizes = labels.sum(axis=0)
    _, sets = np.unique(labels, axis=0, return_inverse=True)
    strata = sets.reshape(-1).astype(np.int64)
    count = int(strata.max(initial=-1)) + 1
    # A text without labels is of the label behind the last.
    rarest = np.where(labels, sizes, len(labels) + 1).argmin(axis=1)
    rarest[~labels.any(axis=1)] = labels.shape[1]
    small = _too_small(strata, fraction)
    strata[small] = count + rarest[small]
    strata[_too_small(strata, fraction)] = count + labels.shape[1] + 1
    return np.unique(strata, return_inverse=True)[1].astype(np.int64)


def _too_small(strata: npt.NDArray[np.int64], fraction: float) -> npt.NDArray[np.bool_]:
    """Tell which texts are of a stratum from which none would be taken, or all: bool [texts]."""
    sizes = np.bincount(strata)[strata]
    taken = np.floor(sizes * fraction + 0.5)
    return np.asarray((taken < 1) | (taken >= sizes))


def _check_sides(
    examples: Examples,
    parts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    fraction: float,
    purpose: str,
) -> None:
    """Make sure that each label of texts that may have several is on both sides.

    Raises:
        DataError: one is not.
    """
    assert examples.labels.ndim == 2
    for name, rows in zip(("training", purpose), parts, strict=True):
        found = examples.labels[rows].any(axis=0)
        lacking = np.flatnonzero(~found)
        if len(lacking):
            number = int(lacking[0])
            raise DataError(
                f"{_title(number, examples.classes)} has "
                f"{_examples(examples.counts[number])}, of which none is left for {_side(name)} "
                f"{_share(fraction, purpose)}"
                f"{_drop(number, examples.classes)}"
            )


def _numbers(
    labels: npt.NDArray[np.integer],
    fraction: float,
    seed: int,
    purpose: str,
    classes: Sequence[str],
) -> npt.NDArray[np.int64]:
    """Return how many examples of each class go to validation, int64 [classes]."""
    if not 0 < fraction < 1:
        raise UsageError(f"the {purpose} fraction must be between 0 and 1, and is {fraction}")
    if seed < 0:
        raise UsageError(f"the seed must not be negative, and is {seed}")
    if labels.size == 0:
        raise DataError("there are no examples to split")
    present, sizes = np.unique(labels, return_counts=True)
    counts: npt.NDArray[np.int64] = np.floor(sizes * fraction + 0.5).astype(np.int64)
    if len(classes) != 2:
        if classes:
            _check_sizes(present, sizes, purpose, classes)
    else:
        for label, size, count in zip(present, sizes, counts, strict=True):
            if size < _fewest(purpose) or count == size:
                side = _side(purpose) if not count else "training"
                raise DataError(
                    f"{_title(label, classes)} has {_examples(size)}, which leaves none for {side} "
                    f"{_share(fraction, purpose)}"
                )
    return np.clip(counts, np.minimum(1, sizes - 1), sizes - 1)


def _fewest(purpose: str) -> int:
    """Return how many examples a label has at least; what a test takes from is divided again."""
    return 3 if purpose == "test" else 2


def _check_sizes(
    present: npt.NDArray[np.integer],
    sizes: npt.NDArray[np.int64],
    purpose: str,
    classes: Sequence[str],
) -> None:
    """Make sure that each of many classes can be on all sides.

    Raises:
        DataError: some are too small; the message names them, with what to do.
    """
    least = _fewest(purpose)
    few = [(classes[label], size) for label, size in zip(present, sizes, strict=True)
           if size < least]  # fmt: skip
    if few:
        listed = ", ".join(f"{name} ({size:,})" for name, size in few[:_LISTED])
        more = f" and {len(few) - _LISTED:,} more" if len(few) > _LISTED else ""
        names = as_option([name for name, _ in few])
        raise DataError(
            f"{'label has' if len(few) == 1 else 'labels have'} fewer than {least} examples, the "
            f"least that a {purpose} split needs: {listed}{more}; more rows of them, or --drop "
            f"{names}, which leaves them out"
        )


def _title(label: object, classes: Sequence[str]) -> str:
    """Return the name of a label for a message."""
    number = int(str(label))
    return f"label {classes[number] if 0 <= number < len(classes) else number}"


def _drop(label: object, classes: Sequence[str]) -> str:
    """Say how one of many labels is left out; nothing where there are two."""
    if len(classes) == 2:
        return ""
    return f"; more rows of it, or --drop {as_option([classes[int(str(label))]])}"


def _examples(size: int) -> str:
    return f"{size:,} {'example' if size == 1 else 'examples'}"


def _side(purpose: str) -> str:
    return "a test" if purpose == "test" else purpose


def _share(fraction: float, purpose: str) -> str:
    """Return how much is held out, for a message."""
    if purpose == "test":
        return f"at --test-fraction {fraction:g}"
    return f"at a {purpose} fraction of {fraction:g}"
