"""What a file is packed in: gzip, bzip2, xz, Zstandard, or a zip archive of one file."""

from __future__ import annotations

import importlib
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, cast

from edgernn.errors import DataError, MissingPackageError
from edgernn.rows.columns import listed
from edgernn.rows.files import Stage, buffered, peeked, reading

_DEPTH = 2


class Content(NamedTuple):
    """What is in a file once it is unpacked."""

    name: str
    """Tells the format: the file's name without the suffix of the packing, or a member's name."""
    head: bytes
    whole: bool
    stream: BinaryIO
    waits: bool
    """Whether it comes through a pipe."""
    packed: bool


@dataclass(frozen=True)
class _Packing:
    suffix: str
    magic: bytes
    title: str
    open: Callable[[BinaryIO], BinaryIO]


def _open_gzip(stream: BinaryIO) -> BinaryIO:
    import gzip

    return cast(BinaryIO, gzip.GzipFile(fileobj=stream))


def _open_bzip2(stream: BinaryIO) -> BinaryIO:
    import bz2

    return cast(BinaryIO, bz2.BZ2File(stream))


def _open_xz(stream: BinaryIO) -> BinaryIO:
    import lzma

    return buffered(_Checked(cast(BinaryIO, lzma.LZMAFile(stream)), lzma.LZMAError))


def _open_zstandard(stream: BinaryIO) -> BinaryIO:
    zstd = _zstd()
    return buffered(_Checked(cast(BinaryIO, zstd.ZstdFile(stream)), zstd.ZstdError))


def _zstd() -> Any:
    # Python's own, which it has from 3.14 on. The package zstandard takes a file that is cut short
    # for one that ends there.
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingPackageError("backports.zstd", "reading .zst files", "files")


class _Checked(Stage):
    """What is unpacked by a library, with its error as an OSError."""

    def __init__(self, stream: BinaryIO, error: type[Exception]) -> None:
        super().__init__(stream)
        self._error = error

    def piece(self) -> bytes:
        try:
            return self._stream.read(2**16)
        except self._error as exc:
            raise OSError(str(exc)) from exc


_PACKINGS = (
    _Packing(".gz", b"\x1f\x8b", "gzip data", _open_gzip),
    _Packing(".bz2", b"BZh", "bzip2 data", _open_bzip2),
    _Packing(".xz", b"\xfd7zXZ\0", "xz data", _open_xz),
    _Packing(".zst", b"\x28\xb5\x2f\xfd", "Zstandard data", _open_zstandard),
)
PACKED_SUFFIXES = (*(packing.suffix for packing in _PACKINGS), ".zip")
"""Suffixes that come after the suffix of a format."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK = "xl/workbook.xml"


def bare_name(name: str) -> str:
    """Return `name` in lower case without the suffixes of what it is packed in."""
    bare = name.lower()
    while bare.endswith(PACKED_SUFFIXES):
        bare = os.path.splitext(bare)[0]
    return bare


def unpacked(stream: BinaryIO, name: str, stack: ExitStack) -> Content:
    """Return what is in `stream`; the content decides how it is packed, not the name.

    Nothing is unpacked ahead of being read, so that an archive of any size takes no memory.

    Raises:
        DataError: the name says that it is packed and it is not; or an archive of several files.
        MissingPackageError: Zstandard data, and the package for it is not installed.
    """
    waits = not stream.seekable()
    inner = name
    packed = False
    for depth in range(_DEPTH + 1):
        head, whole, stream = peeked(stream, waits=waits, seeks=not waits and depth == 0)
        packing = _packing_of(head)
        if packing is not None:
            stream = stack.enter_context(packing.open(stream))
        elif head.startswith(ZIP_MAGIC):
            if packed:
                raise DataError(f"{name} has an archive or a workbook in it; unpack it first")
            found = _member(stream, name, stack)
            if found is None:
                return Content(inner, head, whole, stream, waits, packed)
            inner, stream = found
            packed = True
            continue
        else:
            _check(inner, head, name)
            return Content(inner, head, whole, stream, waits, packed)
        inner = inner[: -len(packing.suffix)] if _ends(inner, packing.suffix) else inner
        packed = True
    raise DataError(f"{name} is packed more than {_DEPTH} times; unpack it first")


def _ends(name: str, suffix: str) -> bool:
    return name.lower().endswith(suffix)


def _packing_of(head: bytes) -> _Packing | None:
    for packing in _PACKINGS:
        if head.startswith(packing.magic):
            # A text may begin with `BZh`, too.
            if packing.suffix == ".bz2" and head[4:10] not in _BZIP2_BLOCKS:
                continue
            return packing
    return None


def _check(inner: str, head: bytes, name: str) -> None:
    if head.startswith(_OLD_OFFICE):
        raise DataError(
            f"{name} is a file of Excel 2003 or older, or is encrypted; save it as .xlsx or CSV"
        )
    for packing in _PACKINGS:
        if head and _ends(inner, packing.suffix):
            raise DataError(
                f"{name} is not {packing.title}, though its name says so; rename or compress it"
            )
    for suffix, title in ((".zip", "a zip archive"), (".xlsx", "an Excel workbook")):
        if head and _ends(inner, suffix):
            raise DataError(f"{name} is not {title}, though its name says so; rename it")


@contextmanager
def _zip_errors(name: str) -> Iterator[None]:
    import zipfile

    try:
        yield
    except zipfile.BadZipFile as exc:
        raise DataError(f"{name} is a damaged zip archive: {exc}") from exc
    except (NotImplementedError, RuntimeError, ValueError, struct.error) as exc:
        # An encrypted member is a RuntimeError, offsets out of the file are the last two.
        raise DataError(f"{name} cannot be unpacked: {exc}; unpack it first") from exc


def _member(stream: BinaryIO, name: str, stack: ExitStack) -> tuple[str, BinaryIO] | None:
    """Open the one file in a zip archive; None if it is an Excel workbook."""
    import zipfile

    if not stream.seekable():
        raise DataError(
            f"{name} cannot seek, and zip archives and workbooks are read from their end; "
            "write it to a file first"
        )
    with reading(name), _zip_errors(name):
        archive = stack.enter_context(zipfile.ZipFile(stream))
        names = archive.namelist()
        if _WORKBOOK in names:
            return None
        # macOS adds folders of its own.
        files = [
            member
            for member in names
            if not member.endswith("/")
            and not member.startswith("__MACOSX/")
            and not os.path.basename(member).startswith(".")
        ]
        if not files:
            raise DataError(f"{name} has no file in it")
        if len(files) > 1:
            raise DataError(
                f"{name} has {len(files)} files in it; unpack it and name one: {listed(files)}"
            )
        member = stack.enter_context(archive.open(files[0]))
        return files[0], buffered(_Member(cast(BinaryIO, member), name))


class _Member(Stage):
    """A member of a zip archive, with its errors as those of other packings."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        super().__init__(stream)
        self._name = name

    def piece(self) -> bytes:
        with _zip_errors(self._name):
            return self._stream.read(2**16)
