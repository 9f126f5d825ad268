"""Telling whether what a command is to write is a file that it reads."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable

from edgernn.errors import UsageError

__all__ = ["STDIN", "check_not_read", "is_same_file", "is_standard_output"]

STDIN = "-"
"""Stands for standard input in place of a name."""

Name = str | os.PathLike[str]


def is_same_file(one: Name, other: Name) -> bool:
    """Tell whether two names are one file or folder, by whatever links and ways they lead there.

    What does not exist is no other's file.
    """
    first, second = _status(one), _status(other)
    return first is not None and second is not None and os.path.samestat(first, second)


def is_standard_output(name: Name) -> bool:
    """Tell whether standard output goes into a file; a terminal is input and output at once."""
    first, second = _status(1), _status(name)
    if first is None or second is None or not stat.S_ISREG(first.st_mode):
        return False
    return os.path.samestat(first, second)


def check_not_read(option: str, written: Name | None, read: Iterable[Name | None]) -> None:
    """Check that an output is none of the inputs, before it replaces one.

    Args:
        option: as in `--output`, for the message.
        written: the file to write, if any.
        read: the files that are read; None stands for one that was not given.

    Raises:
        UsageError: it is one of them.
    """
    for name in read:
        if written is not None and name is not None and is_same_file(written, name):
            raise UsageError(
                f"{option} {written}: is {os.fspath(name)}, which is read; name another file"
            )


def _status(name: Name | int) -> os.stat_result | None:
    try:
        if name == STDIN:
            return os.fstat(sys.stdin.fileno())
        return os.fstat(name) if isinstance(name, int) else os.stat(name)
    except (OSError, ValueError, AttributeError):
        # No such file, a name that cannot be one, no standard input.
        return None
