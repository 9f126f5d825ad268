"""A folder for each label, with a text a file, as scikit-learn and Keras read them.

`FOLDER/LABEL/*.txt`, or with `train` and `test` (also `validation`) above the labels.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edgernn.data.imdb import FOLDERS, MAX_REVIEW_BYTES, UNLABELLED
from edgernn.data.label_cells import LabelCells
from edgernn.data.labelled_files import SPLIT_NAMES, LabelledFile, labelled
from edgernn.data.left_out import LeftOut
from edgernn.data.options import DataOptions, option_of
from edgernn.data.rows_kept import Rows
from edgernn.errors import DataError, UsageError
from edgernn.text.contract import TextContract

__all__ = ["digest_of_folders", "is_of_labels", "read_folders"]

_SUFFIX = ".txt"
_TAKEN = frozenset(("positive", "negative", "drop", "labels", "encoding", "strict"))
"""Fields of `DataOptions` that such a folder knows."""


class _Text(NamedTuple):
    path: Path
    label: str
    split: str | None


def is_of_labels(folder: Path) -> bool:
    """Tell whether a folder has one for each label, and is not as the IMDB reviews are."""
    if any(path.is_dir() for path in folder.glob("*/train")):
        return False
    found = _labels(folder)
    names = {label.name for _, label in found}
    return len(names) > 1 and not (
        any(split is not None for split, _ in found) and names <= {*FOLDERS, UNLABELLED}
    )


def read_folders(
    folder: Path, options: DataOptions, contract: TextContract | None = None
) -> LabelledFile:
    """Read all examples of a folder, by the names of splits, labels and files.

    A file without a text is left out and counted, with `options.strict` it is an error.

    Args:
        folder: see `is_of_labels`.
        options: what the labels mean, and how the files are encoded; UTF-8 if nothing is said.
        contract: that of the model that the labels are for; None where one is to be trained.

    Raises:
        DataError: a file cannot be read, a label is not understood, more than half of the files are
            empty, or there are no examples or one class only.
        UsageError: an option is of rows and columns.
    """
    name = os.fspath(folder)
    for field in options.set_fields():
        if field not in _TAKEN:
            raise UsageError(
                f"{name} is a folder for each label and has no rows and columns; leave "
                f"{option_of(field)} out"
            )
    left_out = LeftOut(name, strict=options.strict, unit="file")
    rows = Rows(LabelCells(options.label_rule))
    for text in _texts(folder):
        rows.total += 1
        words = _decoded(text.path, options.encoding)
        labels = rows.cells.parse(text.label)
        if not words.strip():
            left_out.add(str(text.path.relative_to(folder)), "the text is empty")
        elif isinstance(labels, str):
            left_out.add(str(text.path.relative_to(folder)), "the folder's name is no label")
        else:
            rows.keep(None, words.strip(), labels)
            if text.split is not None:
                rows.splits.append(text.split)
    return labelled(
        rows,
        options,
        left_out,
        name=name,
        column="folders",
        splits=rows.splits or None,
        says_splits="the folder",
        notes=[],
        contract=contract,
    )


def digest_of_folders(folder: Path) -> tuple[str, int]:
    """Return a SHA-256 over the path, the length and the bytes of each text, and all bytes."""
    digest, size = hashlib.sha256(), 0
    for text in _texts(folder):
        data = _bytes(text.path)
        digest.update(f"{text.path.relative_to(folder).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


def _labels(folder: Path) -> list[tuple[str | None, Path]]:
    """Return the folders of labels, those that hold a text, with the split that each is of."""
    splits = [
        (SPLIT_NAMES[path.name.casefold()], path)
        for path in _folders(folder)
        if path.name.casefold() in SPLIT_NAMES
    ]
    if not any(split in ("train", "test") for split, _ in splits):
        return [(None, path) for path in _folders(folder) if any(_files(path))]
    return [(split, path) for split, inner in splits for path in _folders(inner)
            if any(_files(path))]  # fmt: skip


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error


def _files(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
            yield folder / entry.name


def _texts(folder: Path) -> Iterator[_Text]:
    for split, label in _labels(folder):
        for path in sorted(_files(label)):
            yield _Text(path, label.name, split)


def _bytes(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_REVIEW_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_REVIEW_BYTES:
        raise DataError(f"{path} is larger than {MAX_REVIEW_BYTES:,} bytes")
    return data


def _decoded(path: Path, encoding: str | None) -> str:
    try:
        name = codecs.lookup("utf-8-sig" if encoding is None else encoding).name
    except LookupError as error:
        raise UsageError(f"--encoding {encoding}: no such text encoding") from error
    try:
        return _bytes(path).decode(name)
    except UnicodeError as error:
        said = "" if encoding is not None else "; --encoding names another, such as cp1252"
        raise DataError(f"{path} is not {encoding or 'UTF-8'} text: {error}{said}") from error
