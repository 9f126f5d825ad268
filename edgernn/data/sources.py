"""What a data set can be given as, and what each kind of source can do."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from edgernn.data import imdb, tfds
from edgernn.data.examples import Examples, NoUnlabelledTextsError, Splits, first
from edgernn.data.folders import digest_of_folders, is_of_labels, read_folders
from edgernn.data.labelled_files import LabelledFile, read_labelled_file
from edgernn.data.model_labels import as_labels_of
from edgernn.data.options import DEFAULTS, DataOptions, option_of
from edgernn.data.split import held_out_split
from edgernn.errors import DataError, UsageError
from edgernn.rows import FORMATS, suffix_of
from edgernn.text.contract import TextContract

Split = Literal["train", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

Description = dict[str, str | int]

_LABELS_FROM = ("sentiment", "stars")

_NO_PIPE = (
    "--data {}: labelled data must be a file, which can be read again; write what comes "
    "through the pipe into one and name that"
)


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
        contract: that of the model that the labels are for: they are its labels then, and the split
            need not have each where they are more than two. None: as the data has them.
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
    found = _source(source, is_named=options.format is not None)
    examples = found.load(split, options, contract)
    for line in () if examples.reading is None else examples.reading.lines:
        say(line)
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
    found = _source(source, is_named=options.format is not None).splits(options)
    train, test = found.train, found.test
    for line in () if train.reading is None else train.reading.lines:
        say(line)
    if test_fraction is not None:
        if found.has_own_test:
            raise UsageError(_has_test(test_fraction))
        kept, held = held_out_split(train, test_fraction, seed, whole_groups=True, purpose="test")
        train, test = train.at(kept), train.at(held)
    return Splits(first(train, limit), found.validation, test, has_own_test=found.has_own_test)


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
    found = _source(source, is_named=options.format is not None)
    found.check(options)
    if isinstance(found, _File):
        return
    if test_fraction is not None:
        raise UsageError(_has_test(test_fraction))


def unlabelled_texts(source: str | os.PathLike[str] | None) -> Iterator[str]:
    """Yield the 50,000 unlabelled IMDB reviews of `source`, one by one.

    They come in the order in which the archive stores them, and by name from a folder.

    Raises:
        DataError: the source is missing or damaged.
        NoUnlabelledTextsError: it has labelled texts only.
        MissingPackageError: a package that this source needs is not installed.
    """
    return _source(source, is_named=True).unlabelled()


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
    return _source(source, is_named=True).describe()


class _Source(Protocol):
    @property
    def name(self) -> str: ...

    def check(self, options: DataOptions) -> None: ...

    def load(
        self, split: Split, options: DataOptions, contract: TextContract | None = None
    ) -> Examples: ...

    def splits(self, options: DataOptions) -> Splits: ...

    def unlabelled(self) -> Iterator[str]: ...

    def describe(self) -> Description: ...


class _Tfds:
    name = f"the data set {tfds.NAME}"

    def check(self, options: DataOptions) -> None:
        if options.labels_from == "stars":
            raise UsageError(
                f"--labels-from stars: {self.name} has none; name aclImdb_v1.tar.gz with --data"
            )
        _refuse(options, self.name)

    def load(
        self, split: Split, options: DataOptions, contract: TextContract | None = None
    ) -> Examples:
        self.check(options)
        examples = dataclasses.replace(tfds.load_tfds(split), is_published=True)
        return examples if contract is None else as_labels_of(contract, examples, self.name)

    def splits(self, options: DataOptions) -> Splits:
        return Splits(self.load("train", options), has_own_test=True)

    def unlabelled(self) -> Iterator[str]:
        return tfds.stream_unlabelled()

    def describe(self) -> Description:
        return {"kind": "tensorflow_datasets", "name": tfds.NAME, "version": tfds.version()}


@dataclass(frozen=True)
class _Imdb:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def check(self, options: DataOptions) -> None:
        _refuse(options, self.name)

    def load(
        self, split: Split, options: DataOptions, contract: TextContract | None = None
    ) -> Examples:
        self.check(options)
        stars = options.labels_from == "stars"
        if contract is not None and options.labels_from is None:
            # What a model of stars is measured on.
            stars = len(contract.labels) > 2 and set(contract.labels) <= set(imdb.STARS)
        examples = imdb.load_imdb(self.path, split, stars=stars)
        # Of another number they are somebody's own, in the same folders.
        examples = dataclasses.replace(examples, is_published=len(examples) == imdb.REVIEWS)
        return examples if contract is None else as_labels_of(contract, examples, self.name)

    def splits(self, options: DataOptions) -> Splits:
        return Splits(self.load("train", options), has_own_test=True)

    def unlabelled(self) -> Iterator[str]:
        return imdb.stream_unlabelled(self.path)

    def describe(self) -> Description:
        if not self.path.is_dir():
            return _described("archive", self.path)
        digest = hashlib.sha256()
        size = 0
        for split in SPLITS:
            # The addresses decide what is held out together.
            for review in imdb.read_reviews(self.path, split, (*imdb.FOLDERS, *imdb.ADDRESSES)):
                digest.update(f"{review.path}\0{len(review.data)}\0".encode())
                digest.update(review.data)
                size += len(review.data)
        name = self.path.resolve().name
        return {"kind": "folder", "name": name, "bytes": size, "sha256": digest.hexdigest()}


@dataclass(frozen=True)
class _File:
    """Rows, or files, of which each has a label, divided by people or not at all."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def check(self, options: DataOptions) -> None:
        if options.labels_from is not None:
            raise UsageError(
                f"--labels-from {options.labels_from}: {self.path} is none of the IMDB archive, "
                "whose labels it is about; leave it out"
            )

    def load(
        self, split: Split, options: DataOptions, contract: TextContract | None = None
    ) -> Examples:
        return self._read(options, contract).part(split, of_model=contract is not None)

    def splits(self, options: DataOptions) -> Splits:
        file = self._read(options)
        return Splits(
            file.part("train"),
            file.part("validation") if file.has("validation") else None,
            file.part("test") if file.has("test") else None,
            has_own_test=file.has("test"),
        )

    def unlabelled(self) -> Iterator[str]:
        raise NoUnlabelledTextsError(f"{self.path} has no unlabelled texts")

    def describe(self) -> Description:
        return _described("file", self.path)

    def _read(self, options: DataOptions, contract: TextContract | None = None) -> LabelledFile:
        self.check(options)
        return read_labelled_file(self.path, options, contract)


class _Folders(_File):
    def describe(self) -> Description:
        digest, size = digest_of_folders(self.path)
        name = self.path.resolve().name
        return {"kind": "label folders", "name": name, "bytes": size, "sha256": digest}

    def _read(self, options: DataOptions, contract: TextContract | None = None) -> LabelledFile:
        return read_folders(self.path, options, contract)


def _source(source: str | os.PathLike[str] | None, *, is_named: bool = False) -> _Source:
    """Tell what kind of source this is: by its name, or by being a folder.

    Args:
        source: the data set.
        is_named: whether an option says what a file's name does not.
    """
    if source is None:
        return _Tfds()
    path = Path(source)
    if not path.exists():
        if os.fspath(source) == "-":
            raise UsageError(_NO_PIPE.format("-"))
        raise DataError(f"{path} does not exist")
    if not path.is_dir() and not path.is_file():
        raise UsageError(_NO_PIPE.format(path))
    name = path.name.lower()
    if path.is_dir() and is_of_labels(path):
        return _Folders(path)
    if path.is_dir():
        _refuse_files(path)
    if path.is_dir() or name.endswith(imdb.ARCHIVE_SUFFIXES):
        return _Imdb(path)
    labelled = [suffix for form in FORMATS for suffix in form.suffixes]
    if suffix_of(name) is not None or is_named:
        return _File(path)
    raise DataError(
        f"{path} is not a data set of a known format; its name should end in one of "
        f"{', '.join((*imdb.ARCHIVE_SUFFIXES, *labelled))}"
    )


def _refuse_files(folder: Path) -> None:
    """Say what to do with a folder that holds labelled files instead of reviews.

    Raises:
        DataError: it is such a folder.
    """
    if any(
        path.is_dir() for split in SPLITS for path in (folder / split, *folder.glob(f"*/{split}"))
    ):
        return
    found = sorted(
        path.name for path in folder.iterdir()
        if not path.name.startswith(".") and path.is_file() and suffix_of(path.name.lower())
    )  # fmt: skip
    if found:
        files = f"{len(found):,} files" if len(found) > 1 else "a file"
        join = ", or a file into which you joined them" if len(found) > 1 else ""
        raise DataError(
            f"{folder}: is a folder without train/ and test/ and without one for each label, and "
            f"holds {files} of rows; labelled data is one file: name it, such as "
            f"{folder / found[0]}{join}"
        )


def _described(kind: str, path: Path) -> Description:
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    return {"kind": kind, "name": path.name, "bytes": size, "sha256": digest}


def _has_test(fraction: float) -> str:
    return f"--test-fraction {fraction:g}: the data has its own test split; leave the option out"


def _refuse(options: DataOptions, name: str) -> None:
    if options.labels_from not in (None, *_LABELS_FROM):
        raise UsageError(
            f"--labels-from {options.labels_from}: choose one of {', '.join(_LABELS_FROM)}"
        )
    given = [field for field in options.set_fields() if field not in ("strict", "labels_from")]
    if given:
        raise UsageError(
            f"{name} has no rows and columns; leave {option_of(given[0])} out, or name "
            "a CSV, TSV, JSON Lines or Parquet file"
        )
