"""Writing files so that a reader sees the old content or the new, never a half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["new_file", "write_bytes", "write_text"]


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success rename it to `path`, otherwise remove it.

    The temporary name keeps the suffix, since some writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` under a temporary name, then rename."""
    with new_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, line ends as they are, under a temporary name."""
    write_bytes(path, text.encode("utf-8"))
