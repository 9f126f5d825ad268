"""What reading a zip archive takes that may be hostile or broken."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

__all__ = ["MAX_JSON_BYTES", "OF_A_BROKEN_ZIP", "ZIP_HEAD"]

MAX_JSON_BYTES = 4 << 20
"""Largest config of a model."""

ZIP_HEAD = b"PK\x03\x04"

OF_A_BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError),  # an unknown compression, an encrypted member
    *(OverflowError, ValueError),  # places before the start or behind every end
)
"""What `zipfile` raises for broken archives."""
