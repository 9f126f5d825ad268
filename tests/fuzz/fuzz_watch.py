"""Who opens a file, native code included; Linux's inotify (inotify(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

__all__ = ["Watch"]


class Watch:
    """Notes whoever opens or changes a file or what lies in a folder; Linux's inotify."""

    _EVENTS = 0x2 | 0x4 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200
    """Written, attributes changed, opened, moved from, moved to, created, deleted."""

    def __init__(self, *paths: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._file = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in paths:
            if libc.inotify_add_watch(self._file, os.fsencode(path), self._EVENTS) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", str(path))

    def seen(self) -> list[str]:
        """Return what happened since the last call."""
        try:
            data = os.read(self._file, 1 << 16)
        except BlockingIOError:
            return []
        found = []
        while data:
            _, mask, _, length = struct.unpack_from("iIII", data)
            found.append(f"{mask:#x} {data[16 : 16 + length]!r}")
            data = data[16 + length :]
        return found
