"""Opening a file of rows, looking at how it begins, and what goes wrong in reading it."""

from __future__ import annotations

import io
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from edgernn.errors import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_LINE_BYTES = 64 * 2**20
"""The longest line, and the longest CSV row, that is read into memory."""

HEAD_BYTES = 2**17
"""How much of a file is looked at before it is read."""

STDIN = "-"

_BUFFER = 2**16


class BadRowError(Exception):
    """One row cannot be read; the rows after it can."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what a broken or unreadable file raises into a DataError of one line."""
    try:
        yield
    except EOFError as exc:
        raise DataError(f"{name} is cut short: its compressed data ends too early") from exc
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
    """Open `source` and return it as a stream of bytes that has `read1` and `readline`.

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
    if hasattr(stream, "read1"):
        return stream
    buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    # Without this the reader would close the caller's stream when it is collected.
    stack.callback(buffered.detach)
    return buffered


class Peeked(NamedTuple):
    """How a stream begins, and the stream, which still stands at its beginning."""

    head: bytes
    whole: bool
    """Whether `head` is all that there is."""
    stream: BinaryIO


def peeked(stream: BinaryIO, *, waits: bool, seeks: bool = False) -> Peeked:
    """Look at the first HEAD_BYTES of `stream`.

    Args:
        stream: to read.
        waits: whether more of it may come later, as of a pipe: then what is there will do once
            there is a line of it.
        seeks: whether to go back by seeking, which is the fastest to read on from.
    """
    if seeks:
        start = stream.tell()
        head, _ = _read(stream, waits=False)
        stream.seek(start)
        return Peeked(head, len(head) < HEAD_BYTES, stream)
    head, error = _read(stream, waits)
    # A pipe that has given less than was asked for may have ended or not.
    whole = not waits and error is None and len(head) < HEAD_BYTES
    return Peeked(head, whole, buffered(_Rejoined(head, stream, error)))


def _read(stream: BinaryIO, waits: bool) -> tuple[bytes, Exception | None]:
    """Read the head; return what could be read, and what went wrong then."""
    head = b""
    while len(head) < HEAD_BYTES:
        try:
            more = cast(io.BufferedReader, stream).read1(HEAD_BYTES - len(head))
        except (OSError, EOFError, zlib.error) as exc:
            if not head:
                raise
            return head, exc
        head += more
        if not more or (waits and b"\n" in head):
            break
    return head, None


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """Return `raw` as a stream that has `read1` and `readline`."""
    return io.BufferedReader(raw, _BUFFER)


class Stage(io.RawIOBase):
    """A stream that is made of another one piece by piece."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = cast(io.BufferedReader, stream)
        self._rest = b""

    def piece(self) -> bytes:
        """Return what comes next; empty at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Return True: it is there to be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` with what there is, and return how much that is; 0 at the end."""
        room = memoryview(buffer).cast("B")
        data = self._rest or self.piece()
        size = min(len(data), len(room))
        room[:size] = data[:size]
        self._rest = data[size:]
        return size


class _Rejoined(Stage):
    """A stream with what was read of it put back to its beginning."""

    def __init__(self, head: bytes, stream: BinaryIO, error: Exception | None) -> None:
        super().__init__(stream)
        self._rest = head
        self._error = error

    def piece(self) -> bytes:
        if self._error is not None:
            raise self._error
        return self._stream.read1(_BUFFER)
