"""Keeping the log lines of native libraries away from what a person reads.

TensorFlow's C++ part writes to file descriptor 2 before its own log level is set; nothing in
Python can filter that.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["held_back"]


_stream: TextIO | None = None


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back what native code writes to standard error; pass it on if the block raises an error.

    Python's own `sys.stderr` goes on to work. Not for use from several threads at once.
    """
    # First, since TensorFlow reads it when it is imported; 3 is fatal errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    python_stderr, real = sys.stderr, os.dup(2)
    with tempfile.TemporaryFile() as held:
        if _writes_to_descriptor_2(python_stderr):
            sys.stderr = _stream_to(real)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
            if sys.stderr is not python_stderr:
                sys.stderr.flush()
                sys.stderr = python_stderr


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
