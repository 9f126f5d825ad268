"""The kinds of sources that a data set can be given as, and what each can do."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from edgernn.data import imdb, tfds
from edgernn.data.examples import Examples, NoUnlabelledTextsError, Splits
from edgernn.data.folders import digest_of_folders, is_of_labels, read_folders
from edgernn.data.labelled_files import LabelledFile, read_labelled_file
from edgernn.data.options import DataOptions, option_of
from edgernn.errors import DataError, UsageError
from edgernn.rows import FORMATS, suffix_of
from edgernn.text.contract import TextContract

__all__ = ["SPLITS", "Description", "Source", "Split", "described", "find_source"]

Split = Literal["train", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

Description = dict[str, str | int]

_LABELS_FROM = ("sentiment", "stars")

_NO_PIPE = (
    "--data {}: labelled data must be a file, which can be read again; write what comes "
    "through the pipe into one and name that"
)


class Source(Protocol):
    """A data set of some kind."""

    has_test: bool
    """Whether it always has a test split of its own."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def check(self, options: DataOptions) -> None:
        """Refuse options that it cannot be read with."""

    def load(
        self, split: Split, options: DataOptions, contract: TextContract | None = None
    ) -> Examples:
        """Read a split; `contract` says what labels mean that the data leaves open."""

    def splits(self, options: DataOptions) -> Splits:
        """Read what there is to train on, and what the data keeps out of it."""

    def unlabelled(self) -> Iterator[str]:
        """Yield texts without a label."""

    def describe(self) -> Description:
        """Return what tells it from other data."""


class _Tfds:
    has_test = True
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
        return dataclasses.replace(tfds.load_tfds(split), is_published=True)

    def splits(self, options: DataOptions) -> Splits:
        return Splits(self.load("train", options), has_own_test=True)

    def unlabelled(self) -> Iterator[str]:
        return tfds.stream_unlabelled()

    def describe(self) -> Description:
        return {"kind": "tensorflow_datasets", "name": tfds.NAME, "version": tfds.version()}


@dataclass(frozen=True)
class _Imdb:
    path: Path
    has_test = True

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
        return dataclasses.replace(examples, is_published=len(examples) == imdb.REVIEWS)

    def splits(self, options: DataOptions) -> Splits:
        return Splits(self.load("train", options), has_own_test=True)

    def unlabelled(self) -> Iterator[str]:
        return imdb.stream_unlabelled(self.path)

    def describe(self) -> Description:
        if not self.path.is_dir():
            return described("archive", self.path)
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
    has_test = False

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
            unlabelled=file.unlabelled_part("train"),
        )

    def unlabelled(self) -> Iterator[str]:
        raise NoUnlabelledTextsError(f"{self.path} has no unlabelled texts")

    def describe(self) -> Description:
        return described("file", self.path)

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


def find_source(source: str | os.PathLike[str] | None, *, is_named: bool = False) -> Source:
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


def described(kind: str, path: Path) -> Description:
    """Return what tells a file from another one: its kind, name, bytes and SHA-256.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    return {"kind": kind, "name": path.name, "bytes": size, "sha256": digest}


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
