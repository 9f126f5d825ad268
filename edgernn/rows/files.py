"""Opening a file of rows, and reading lines out of it that cannot grow without bound."""

from __future__ import annotations

import codecs
import io
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from edgernn.errors import DataError

MAX_LINE_BYTES = 64 * 2**20
"""The longest line, and the longest CSV row, that is read into memory."""

STDIN = "-"

_GZIP_MAGIC = b"\x1f\x8b"
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


class BadRowError(Exception):
    """One row cannot be read; the rows after it can."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what a broken or unreadable file raises into a DataError of one line."""
    try:
        yield
    except EOFError as exc:
        raise DataError(f"{name} is cut short: its gzip data ends too early") from exc
    except FileNotFoundError as exc:
        raise DataError(f"{name} does not exist") from exc
    except (OSError, zlib.error) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise DataError(f"{name} cannot be read: {reason}") from exc


def name_of(source: str | os.PathLike[str] | BinaryIO) -> str:
    """Return the name of `source` for messages and for telling its format."""
    if source == STDIN:
        return "standard input"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "the stream"


def open_stream(source: str | os.PathLike[str] | BinaryIO, name: str, stack: ExitStack) -> BinaryIO:
    """Open `source` and return it as a stream of bytes that has `peek`.

    A file that is opened here is closed by `stack`; standard input and a stream that was handed in
    stay open, as they belong to the caller.

    Raises:
        DataError: there is no such file, it is a directory, or it may not be read.
    """
    if isinstance(source, os.PathLike) or (isinstance(source, str) and source != STDIN):
        if os.path.isdir(source):
            raise DataError(f"{name} is a directory; name a file")
        if "\0" in name:
            raise DataError(f"{name!r} is not a file name")
        with reading(name):
            return stack.enter_context(open(source, "rb"))
    if source == STDIN and sys.stdin is None:
        raise DataError("there is no standard input to read; name a file")
    stream = cast(BinaryIO, sys.stdin.buffer if source == STDIN else source)
    if hasattr(stream, "peek"):
        return stream
    buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    # Without this the reader would close the caller's stream when it is collected.
    stack.callback(buffered.detach)
    return buffered


def unzipped(stream: BinaryIO, name: str, stack: ExitStack) -> BinaryIO:
    """Return the text inside `stream` if it is gzip, and `stream` itself if it is not.

    No UTF-8 text begins with gzip's first two bytes, so the content decides, not the name.

    Raises:
        DataError: the name ends in `.gz` and the content is something else.
    """
    head = cast(io.BufferedReader, stream).peek(2)[:2]
    if head == _GZIP_MAGIC:
        import gzip

        return cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
    if head and name.lower().endswith(".gz"):
        raise DataError(f"{name} is not gzip data, though its name says so; rename or compress it")
    return stream


class Lines:
    """The lines of a stream as bytes, line ends included, each at most MAX_LINE_BYTES long.

    `next` raises BadRowError for a longer line, skips the rest of it, and goes on with the next.
    A UTF-8 byte order mark is dropped.
    """

    number: int = 0
    """How many lines were read so far."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Read the first line of `stream`; a DataError says that it is empty or not UTF-8."""
        head = stream.readline(MAX_LINE_BYTES + 1)
        for mark, encoding in _FOREIGN_MARKS:
            if head.startswith(mark):
                raise DataError(
                    f"{name} is {encoding} text; save it as UTF-8 "
                    f"(for example: iconv -f {encoding} -t UTF-8)"
                )
        self._head = head.removeprefix(codecs.BOM_UTF8)
        if not self._head:
            raise DataError(f"{name} is empty")
        self._stream = stream

    def __next__(self) -> bytes:
        line, self._head = self._head, b""
        if not line:
            line = self._stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = self._stream.readline(2**20)
            raise BadRowError(f"line {self.number} is longer than {MAX_LINE_BYTES:,} bytes")
        return line


def not_utf8(exc: UnicodeDecodeError, line: int) -> str:
    """Say where `line` stops being UTF-8."""
    return f"line {line} is not UTF-8 text: byte {exc.start + 1} is 0x{exc.object[exc.start]:02x}"
