"""What a data set can be given as, and what each kind of source can do."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from edgernn.errors import DataError, UsageError
from edgernn.rows import FORMATS
from edgernn.training.data import imdb, tfds
from edgernn.training.data.examples import Examples, NoUnlabelledTextsError, first
from edgernn.training.data.labelled_files import load_labelled_file

Split = Literal["train", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

Description = dict[str, str | int]


def load_split(
    source: str | os.PathLike[str] | None,
    split: Split,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    limit: int | None = None,
) -> Examples:
    """Load one split of a labelled data set.

    A CSV, TSV, JSON Lines or Parquet file has no splits of its own: unless a column `split` says
    `train` or `test` in every row, the whole file is loaded for either. Training and evaluating
    on one such file measures what the model remembers; whether to do so is the user's choice.

    Args:
        source: None for the IMDB reviews of tensorflow_datasets; or a path: `aclImdb_v1.tar.gz`
            (read without unpacking it), the folder that comes out of it or the one that holds
            that folder, or a labelled file.
        split: `train` or `test`.
        text_column: the column of a labelled file that holds the text, if its name does not tell.
        label_column: the column of a labelled file that holds the label, likewise.
        limit: keep at most so many examples: the first half of that number of each class, in
            their order (of an odd number, one more negative). The same limit always gives the
            same examples; a class that has too few is not made up for by the other.

    Returns:
        The examples, in the order of the source. The IMDB archive and folder give the negative
        reviews and then the positive ones, each sorted by file name.

    Raises:
        DataError: the source is missing, damaged, not of a known format, has a bad row, or lacks
            one of the classes.
        UsageError: an unknown split, a limit below 2, or a column named for a source without any.
        MissingPackageError: a package that this source needs is not installed.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}")
    return first(_source(source).load(split, _Columns(text_column, label_column)), limit)


def unlabelled_texts(source: str | os.PathLike[str] | None) -> Iterator[str]:
    """Yield the 50,000 unlabelled IMDB reviews of `source`, one by one.

    They come in the order in which the archive stores them, and by name from a folder.

    Raises:
        DataError: the source is missing or damaged.
        NoUnlabelledTextsError: it has labelled texts only.
        MissingPackageError: a package that this source needs is not installed.
    """
    return _source(source).unlabelled()


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
    return _source(source).describe()


@dataclass(frozen=True)
class _Columns:
    text: str | None
    label: str | None


class _Source(Protocol):
    def load(self, split: str, columns: _Columns) -> Examples: ...

    def unlabelled(self) -> Iterator[str]: ...

    def describe(self) -> Description: ...


class _Tfds:
    def load(self, split: str, columns: _Columns) -> Examples:
        _refuse(columns, f"the data set {tfds.NAME}")
        return tfds.load_tfds(split)

    def unlabelled(self) -> Iterator[str]:
        return tfds.stream_unlabelled()

    def describe(self) -> Description:
        return {"kind": "tensorflow_datasets", "name": tfds.NAME, "version": tfds.version()}


@dataclass(frozen=True)
class _Imdb:
    path: Path

    def load(self, split: str, columns: _Columns) -> Examples:
        _refuse(columns, str(self.path))
        return imdb.load_imdb(self.path, split)

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
    path: Path

    def load(self, split: str, columns: _Columns) -> Examples:
        return load_labelled_file(
            self.path, split, text_column=columns.text, label_column=columns.label
        )

    def unlabelled(self) -> Iterator[str]:
        raise NoUnlabelledTextsError(
            f"{self.path} has no unlabelled texts; name aclImdb_v1.tar.gz or its folder"
        )

    def describe(self) -> Description:
        return _described("file", self.path)


def _source(source: str | os.PathLike[str] | None) -> _Source:
    """Tell what kind of source this is: by its name, or by being a folder."""
    if source is None:
        return _Tfds()
    path = Path(source)
    if not path.exists():
        raise DataError(f"{path} does not exist")
    name = path.name.lower()
    if path.is_dir() or name.endswith(imdb.ARCHIVE_SUFFIXES):
        return _Imdb(path)
    labelled = [suffix for form in FORMATS if form.name != "txt" for suffix in form.suffixes]
    if name.removesuffix(".gz").endswith(tuple(labelled)):
        return _File(path)
    raise DataError(
        f"{path} is no data set of a known format; its name should end in one of "
        f"{', '.join((*imdb.ARCHIVE_SUFFIXES, *labelled))}"
    )


def _described(kind: str, path: Path) -> Description:
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc
    return {"kind": kind, "name": path.name, "bytes": size, "sha256": digest}


def _refuse(columns: _Columns, name: str) -> None:
    if columns.text is not None or columns.label is not None:
        raise UsageError(
            f"{name} has no columns; leave --text-column and --label-column out, "
            "or name a CSV, TSV, JSON Lines or Parquet file"
        )
