"""Files: read up to a limit, and written so that a reader never sees a half."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["finish_file", "leftover_of", "new_file", "read_bounded", "write_bytes", "write_text"]

_TEMPORARY = re.compile(r"\.(?P<stem>.+)\.(?P<process>\d{1,9})\.partial(?P<suffix>\.[^.]+)?", re.S)

_PART = 1 << 20
"""Bytes asked for at a time where a file does not say how many it has."""


def read_bounded(path: str | Path, limit: int, error: type[Exception], hint: str = "") -> bytes:
    """Return the content of a file, or of a pipe, of at most `limit` bytes; no more is read.

    Args:
        path: what to read.
        limit: in bytes, whole MiB.
        error: the class of the error raised, whose message is one line and names the file.
        hint: ends the message of a file that is too large.

    Raises:
        error: the file cannot be read, such as a folder, or is larger.
    """
    path = Path(path)
    parts: list[bytes] = []
    left = limit + 1
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            # Reading takes memory for as much as is asked for. A pipe has no size.
            size = about.st_size if stat.S_ISREG(about.st_mode) else 0
            wanted = size + 1 if size else _PART
            while size <= limit and left:
                wanted = min(wanted, left)
                part = file.read(wanted)
                parts.append(part)
                left -= len(part)
                # What is buffered is less than asked for at the end alone.
                if len(part) < wanted:
                    break
                wanted = _PART
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror}") from problem
    if size > limit or not left:
        raise error(f"{path}: larger than {limit >> 20} MiB{hint}")
    return b"".join(parts)


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success rename it to `path`, otherwise remove it.

    The temporary name keeps the suffix, since some writers choose the format by it. A process that
    is killed leaves its temporary file behind; who writes `path` next removes it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        finish_file(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _remove_leftovers(path)


def finish_file(partial: str | Path, path: str | Path) -> None:
    """Give a file that is whole its name, in place of an older one."""
    _store(Path(partial))
    os.replace(partial, path)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` under a temporary name, then rename."""
    with new_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, line ends as they are, under a temporary name."""
    write_bytes(path, text.encode("utf-8"))


def leftover_of(name: str) -> str | None:
    """Return the name of the file that `name` is a temporary name of, or None."""
    found = _TEMPORARY.fullmatch(name)
    return None if found is None else found["stem"] + (found["suffix"] or "")


def _store(path: Path) -> None:
    """Put the content of a file on the disk.

    A file system may store the new name before the content, so that after a power cut an empty file
    stands under it; and some notice only now that the disk is full.
    """
    # Windows stores only what was opened for writing.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files of `path` whose processes are gone."""
    if os.name != "posix":
        # `os.kill` would end the process that it is asked about.
        return
    # `path` is written: what cannot be tidied up beside it is no reason to fail.
    with suppress(OSError):
        for name in os.listdir(path.parent):
            found = _TEMPORARY.fullmatch(name)
            if found and leftover_of(name) == path.name and _is_gone(int(found["process"])):
                path.with_name(name).unlink(missing_ok=True)


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        # It is there, and another user's.
        return False
    return False
