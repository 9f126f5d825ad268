"""Keeping the log lines of native libraries away from what a person reads.

TensorFlow's C++ part writes to file descriptor 2 before its own log level is set; nothing in
Python can filter that.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["held_back"]


_stream: TextIO | None = None
_lock = threading.Lock()
_inside = threading.local()


class _Held:
    """What is held back now, for all threads, and what standard error was before."""

    def __init__(self) -> None:
        self.blocks = 0
        """Of all threads; blocks inside others of the same thread are not counted."""
        self.failed = False
        sys.stderr.flush()
        self._python_stderr, self._real = sys.stderr, os.dup(2)
        # Closed below, by the last block to end, in whichever thread.
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        if _writes_to_descriptor_2(self._python_stderr):
            sys.stderr = _stream_to(self._real)
        os.dup2(self._file.fileno(), 2)

    def end(self) -> None:
        """Put standard error back; say what was held back if a block failed."""
        if self.failed:
            self._file.seek(0)
            os.write(self._real, self._file.read())
        self._file.close()
        os.dup2(self._real, 2)
        os.close(self._real)
        if _stream is not None and sys.stderr is _stream:
            sys.stderr.flush()
            sys.stderr = self._python_stderr


_held: _Held | None = None


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back what native code writes to standard error; pass it on if the block raises an error.

    Python's own `sys.stderr` goes on to work. With blocks in several threads at once it is held
    back until the last ends, and passed on then if one of them raised an error.
    """
    global _held
    # First, since TensorFlow reads it when it is imported; 3 is fatal errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if getattr(_inside, "block", False):
        yield
        return
    with _lock:
        held = _held = _held or _Held()
        held.blocks += 1
    _inside.block = True
    try:
        yield
    except Exception:
        held.failed = True
        raise
    finally:
        _inside.block = False
        with _lock:
            held.blocks -= 1
            if not held.blocks:
                _held = None
                held.end()


def _stream_to(descriptor: int) -> TextIO:
    """Return a stream that leads to where a descriptor does.

    There is one, which stays open: TensorFlow's logger, where it is made meanwhile, keeps it.
    """
    global _stream
    if _stream is None:
        raw = io.FileIO(os.dup(descriptor), "w", closefd=False)
        _stream = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
    else:
        os.dup2(descriptor, _stream.fileno(), inheritable=False)
    return _stream


def _writes_to_descriptor_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, OSError, ValueError):
        # A stream in memory, as test runners and notebooks put in its place.
        return False
