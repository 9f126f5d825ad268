"""The Large Movie Review Dataset in its original layout, as the archive or as the folder.

Layout: `aclImdb/{train,test}/{pos,neg}/*.txt` and `aclImdb/train/unsup/*.txt`, one review a file;
`urls_{pos,neg}.txt` beside the folders has the address of a review's film in the line of the
review's number, which its file name starts with.
Source: Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011,
https://ai.stanford.edu/~amaas/data/sentiment/
"""

from __future__ import annotations

import gzip
import os
import re
import tarfile
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from edgernn.data.examples import (
    CLASSES,
    Examples,
    NoUnlabelledTextsError,
    check_classes,
)
from edgernn.errors import DataError

ARCHIVE_SUFFIXES: tuple[str, ...] = (".tar.gz", ".tgz", ".tar")

REVIEWS = 25_000
"""Labelled reviews of each split."""

FOLDERS: tuple[str, ...] = ("neg", "pos")
"""The folder of each label, by its number."""

STARS: tuple[str, ...] = ("1", "2", "3", "4", "7", "8", "9", "10")
"""Stars that a labelled review may have, which its file name ends in; none has five or six."""

UNLABELLED = "unsup"

ADDRESSES: tuple[str, ...] = ("urls_neg", "urls_pos")
"""The file of each label's addresses, by the label's number."""

MAX_REVIEW_BYTES = 10_000_000
MAX_MEMBERS = 1_000_000

_GZIP_MAGIC = b"\x1f\x8b"
# As a shell's `*` does, this leaves hidden files out, such as the `._1_7.txt` of a macOS archive.
_MEMBER = re.compile(
    r"(?:\./)?[^/]+/(train|test)/(?:(neg|pos|unsup)/[^/.][^/]*|(urls_neg|urls_pos))\.txt"
)
_NUMBER = re.compile(r"(?:.*/)?([0-9]{1,9})_[^/]*")
_RATED = re.compile(r".*_([0-9]{1,2})\.txt")


class Review(NamedTuple):
    """One file of the data set."""

    folder: str
    """The folder of a review, or the name of a file of addresses."""
    path: str
    data: bytes


def load_imdb(source: Path, split: str, *, stars: bool = False) -> Examples:
    """Read the labelled reviews of `split`: the negative ones, then the positive, each by name.

    Archive and folder give the same examples in the same order. Reviews of one film are of one
    group; without the files of addresses there are no groups.

    Args:
        source: the archive or the folder.
        split: `train` or `test`.
        stars: whether their stars are the labels, `STARS`, instead of negative and positive.

    Raises:
        DataError: the source is damaged, lacks the folders of the split, holds a file that is
            empty, too large or not UTF-8, addresses that lack a review's, or a name without stars.
    """
    where = f"{source} ({split}/neg and {split}/pos)"
    reviews, addresses = [], {}
    for review in read_reviews(source, split, (*FOLDERS, *ADDRESSES)):
        text = decoded(review, source)
        if review.folder in ADDRESSES:
            addresses[ADDRESSES.index(review.folder)] = text.splitlines()
        else:
            reviews.append((FOLDERS.index(review.folder), review.path, text))
    if not reviews:
        raise DataError(
            f"{source} holds no reviews at */{split}/neg/*.txt and */{split}/pos/*.txt, "
            "as aclImdb_v1.tar.gz does"
        )
    reviews.sort(key=lambda review: review[:2])
    labels, paths, texts = zip(*reviews, strict=True)
    groups = None
    if len(addresses) == len(ADDRESSES):
        groups = _films(labels, paths, addresses, source)
    numbers, classes = np.array(labels, np.int8), CLASSES
    if stars:
        numbers, classes = np.array([_stars(path, source) for path in paths], np.int16), STARS
    examples = Examples(texts, numbers, groups, classes=classes)
    check_classes(examples, where)
    return examples


def _stars(path: str, source: Path) -> int:
    """Return the number of a review's label among `STARS`."""
    rated = _RATED.fullmatch(path)
    if rated is None or rated[1] not in STARS:
        raise DataError(
            f"{source}, {path}: the name does not end in the review's stars, such as 0_9.txt; "
            "--labels-from sentiment reads the folders alone"
        )
    return STARS.index(rated[1])


def _films(
    labels: Sequence[int], paths: Sequence[str], addresses: Mapping[int, list[str]], source: Path
) -> npt.NDArray[np.int64]:
    """Return the number of each review's film, int64 [reviews]."""
    films: dict[str, int] = {}
    groups = np.zeros(len(paths), np.int64)
    for row, (label, path) in enumerate(zip(labels, paths, strict=True)):
        number = _NUMBER.fullmatch(path)
        if number is None or int(number[1]) >= len(addresses[label]):
            raise DataError(
                f"{source}: {ADDRESSES[label]}.txt has no line for {path}; fetch the data again, "
                f"or leave {ADDRESSES[label]}.txt out"
            )
        groups[row] = films.setdefault(addresses[label][int(number[1])], len(films))
    return groups


def stream_unlabelled(source: Path) -> Iterator[str]:
    """Yield the unlabelled reviews of the training split, in the order in which they are stored."""
    review = None
    for review in read_reviews(source, "train", (UNLABELLED,)):
        yield decoded(review, source)
    if review is None:
        raise NoUnlabelledTextsError(
            f"{source} holds no unlabelled reviews at */train/{UNLABELLED}/*.txt"
        )


def decoded(review: Review, source: Path) -> str:
    """Return the text of a review, without the white space around it.

    tensorflow_datasets strips it as well, so both ways to the data give the same texts.
    """
    data = review.data.strip()
    if not data:
        raise DataError(f"{source}, {review.path}: the text is empty")
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise DataError(f"{source}, {review.path} is not UTF-8 text: {exc.reason}") from exc


def read_reviews(source: Path, split: str, folders: Container[str]) -> Iterator[Review]:
    """Yield the files in `folders` of `split`: an archive's as they come, a folder's by name."""
    return (_from_folder if source.is_dir() else _from_archive)(source, split, folders)


def _from_folder(source: Path, split: str, folders: Container[str]) -> Iterator[Review]:
    root = _root(source)
    for folder in (*FOLDERS, UNLABELLED):
        place = root / split / folder
        if folder not in folders or not place.is_dir():
            continue
        names = (entry.name for entry in os.scandir(place))
        for name in sorted(n for n in names if n.endswith(".txt") and not n.startswith(".")):
            data = _bytes_of(place / name)
            yield _checked_size(Review(folder, f"{split}/{folder}/{name}", data), source)
    for name in ADDRESSES:
        path = root / split / f"{name}.txt"
        if name in folders and path.is_file():
            data = _bytes_of(path)
            yield _checked_size(Review(name, f"{split}/{path.name}", data), source)


def _bytes_of(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_REVIEW_BYTES + 1)
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror}") from exc


def _root(source: Path) -> Path:
    """Return the folder that has `train` and `test`: `source`, or the one folder in it that has."""
    if any((source / split).is_dir() for split in ("train", "test")):
        return source
    inside = [path.parent for path in sorted(source.glob("*/train")) if path.is_dir()]
    if len(inside) != 1:
        raise DataError(
            f"{source} has no folder train/ and {len(inside)} folders that have; name the folder "
            "that is unpacked from aclImdb_v1.tar.gz"
        )
    return inside[0]


def _from_archive(source: Path, split: str, folders: Container[str]) -> Iterator[Review]:
    try:
        with open(source, "rb") as file:
            if file.peek(2)[:2] == _GZIP_MAGIC:
                with gzip.GzipFile(fileobj=file) as plain:
                    yield from _from_tar(plain, source, split, folders)
            else:
                yield from _from_tar(file, source, split, folders)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise DataError(
            f"{source} is damaged, cut short or not a tar archive ({reason}); fetch it again"
        ) from exc


class _Watched:
    """A stream for tarfile that refuses huge reads and remembers the last one.

    tarfile takes a header that is cut off or damaged for the end of the archive. The true end is a
    block of zeros, so whoever knows the last block can tell them apart.
    """

    last: bytes = b""

    def __init__(self, stream: gzip.GzipFile | BinaryIO) -> None:
        self._stream = stream
        self.tell = stream.tell
        self.seek = stream.seek

    def read(self, size: int) -> bytes:
        if size > MAX_REVIEW_BYTES + tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        self.last = self._stream.read(size)
        return self.last


def _from_tar(
    stream: gzip.GzipFile | BinaryIO, source: Path, split: str, folders: Container[str]
) -> Iterator[Review]:
    watched = _Watched(stream)
    seen: set[str] = set()
    with tarfile.TarFile(fileobj=watched) as archive:  # type: ignore[arg-type]
        for _ in range(MAX_MEMBERS):
            member = archive.next()
            # tarfile keeps all members, which would be most of the memory that this takes.
            archive.members.clear()  # type: ignore[attr-defined]
            if member is None:
                break
            match = _MEMBER.fullmatch(member.name)
            if match is None or match[1] != split or (match[2] or match[3]) not in folders:
                continue
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
                raise DataError(f"{source}, {member.name} is not a plain file")
            if member.name in seen:
                raise DataError(f"{source} holds {member.name} more than once")
            seen.add(member.name)
            _check_size(member.size, member.name, source)
            watched.seek(member.offset_data)
            data = watched.read(member.size)
            if len(data) < member.size:
                raise tarfile.ReadError("unexpected end of data")
            yield Review(match[2] or match[3], member.name, data)
        else:
            raise DataError(f"{source} holds more than {MAX_MEMBERS:,} files")
    if watched.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no end of archive")
    # gzip checks its sum at the end of the data, which lies behind the end of the archive.
    while stream.read(2**20):
        pass


def _checked_size(review: Review, source: Path) -> Review:
    _check_size(len(review.data), review.path, source)
    return review


def _check_size(size: int, path: str, source: Path) -> None:
    if size > MAX_REVIEW_BYTES:
        raise DataError(f"{source}, {path} is larger than {MAX_REVIEW_BYTES:,} bytes")
