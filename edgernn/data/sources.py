"""Loads data sets, whatever kind of source they are given as."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np

from edgernn.data.examples import Examples, Splits, first
from edgernn.data.model_labels import as_labels_of
from edgernn.data.options import DEFAULTS, DataOptions
from edgernn.data.source_kinds import SPLITS, Description, Split, find_source
from edgernn.data.split import held_out_split
from edgernn.errors import UsageError
from edgernn.text.contract import TextContract

__all__ = ["check_source", "describe", "load_split", "load_splits", "unlabelled_texts"]


def load_split(
    source: str | os.PathLike[str] | None,
    split: Split,
    options: DataOptions = DEFAULTS,
    *,
    contract: TextContract | None = None,
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Examples:
    """Load one split of a labelled data set.

    A labelled file has splits where a column `split` says so: `train`, `validation` (also `val`,
    `valid` or `dev`) or `test` (also `eval`). Without one, the whole file is loaded for `train` and
    for `test`: training and evaluating on one such file measures what the model remembers.
    `load_splits` divides one.

    Args:
        source: None for the IMDB reviews of tensorflow_datasets; or a path: `aclImdb_v1.tar.gz`
            (read without unpacking it), the folder that comes out of it or the one that holds
            that folder; a folder with one for each label, of a text a file; or a labelled file.
        split: `train` or `test`.
        options: how a labelled file is read.
        contract: that of the model that the labels are for: they are numbers of its labels then,
            as `as_labels_of` gives them, and the split need not have each where they are more than
            two. None: as the data has them.
        limit: keep at most so many examples: the first of each class, of each the same number, in
            their order (of an odd number, one more negative). The same limit always gives the
            same examples; a class that has too few is not made up for by the other.
        say: gets a line about labels that are not called as ours are, and one about rows that are
            left out.

    Returns:
        The examples, in the order of the source. The IMDB archive and folder give the negative
        reviews and then the positive ones, each sorted by file name.

    Raises:
        DataError: the source is missing, damaged, not of a known format, has a label that is not
            understood, mostly bad rows, or lacks one of the classes.
        UsageError: an unknown split, a limit below 2, or an option of files for a source without
            rows.
        MissingPackageError: a package that this source needs is not installed.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}")
    found = find_source(source, is_named=options.format is not None)
    examples = found.load(split, options, contract)
    for line in () if examples.reading is None else examples.reading.lines:
        say(line)
    if contract is not None:
        examples = as_labels_of(contract, examples, found.name)
    return first(examples, limit)


def load_splits(
    source: str | os.PathLike[str] | None,
    options: DataOptions = DEFAULTS,
    *,
    test_fraction: float | None = None,
    seed: int = 1,
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Splits:
    """Load what a run learns from, with what is kept out of it.

    The same arguments on the same data give the same splits, so that a run's own can be loaded
    again from its config.json.

    Args:
        source: see `load_split`.
        options: likewise.
        test_fraction: how much of each class of the training split is kept out for a test, for data
            without a test split. Groups and texts that are alike stay on one side.
        seed: decides which.
        limit: keep at most so many of the training split; see `load_split`.
        say: see `load_split`.

    Raises:
        DataError, UsageError, MissingPackageError: see `load_split`; and a UsageError where data
            that has a test split is to be divided.
    """
    check_source(source, options, test_fraction)
    found = find_source(source, is_named=options.format is not None).splits(options)
    train, test, unlabelled = found.train, found.test, found.unlabelled
    for line in () if train.reading is None else train.reading.lines:
        say(line)
    if test_fraction is not None:
        if found.has_own_test:
            raise UsageError(_has_test(test_fraction))
        kept, held = held_out_split(train, test_fraction, seed, whole_groups=True, purpose="test")
        train, test = train.at(kept), train.at(held)
    if unlabelled is not None:
        for other in (test, found.validation):
            unlabelled = unlabelled if other is None else unlabelled.apart_from(other)
        if limit is not None:
            # In the proportion of the labelled ones.
            share = round(len(unlabelled) * min(1.0, limit / len(train)))
            unlabelled = unlabelled.at(np.arange(share))
    return Splits(
        first(train, limit),
        found.validation,
        test,
        has_own_test=found.has_own_test,
        unlabelled=unlabelled,
    )


def check_source(
    source: str | os.PathLike[str] | None,
    options: DataOptions = DEFAULTS,
    test_fraction: float | None = None,
) -> None:
    """Make sure that a source takes the options that are given, without reading it.

    Raises:
        DataError: there is no such file, or its format is not known.
        UsageError: an option of files for a source without rows, or a test of one that has its own.
    """
    found = find_source(source, is_named=options.format is not None)
    found.check(options)
    if found.has_test and test_fraction is not None:
        raise UsageError(_has_test(test_fraction))


def unlabelled_texts(source: str | os.PathLike[str] | None) -> Iterator[str]:
    """Yield the 50,000 unlabelled IMDB reviews of `source`, one by one.

    They come in the order in which the archive stores them, and by name from a folder.

    Raises:
        DataError: the source is missing or damaged.
        NoUnlabelledTextsError: it has labelled texts only.
        MissingPackageError: a package that this source needs is not installed.
    """
    return find_source(source, is_named=True).unlabelled()


def describe(source: str | os.PathLike[str] | None) -> Description:
    """Return what tells which data a model was trained on, for its config.json.

    Returns:
        `kind` and `name` (a file name without its folder); and for files `bytes` and `sha256`
        (of a folder: over the path, the length and the bytes of each labelled review and of the
        films' addresses, in order),
        for tensorflow_datasets `version`.

    Raises:
        DataError: the source is missing or cannot be read.
        MissingPackageError: a package that this source needs is not installed.
    """
    return find_source(source, is_named=True).describe()


def _has_test(fraction: float) -> str:
    return f"--test-fraction {fraction:g}: the data has its own test split; leave the option out"
