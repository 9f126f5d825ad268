"""What both file formats agree on about attachments: the named texts inside a model file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ATTACHMENT_NAME", "COMPRESS_ABOVE", "MAX_ATTACHMENT_BYTES", "StoredSizes"]

ATTACHMENT_NAME: Final = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")

MAX_ATTACHMENT_BYTES: Final = 16 << 20
"""Bound on all attachments of a file together, uncompressed."""

COMPRESS_ABOVE: Final = 4 << 10
"""Larger attachments, which means the vocabulary, are stored compressed in ONNX files."""


@dataclass(frozen=True, slots=True)
class StoredSizes:
    """How the bytes of a model file divide; the three together are its size."""

    graph: int
    """All that is no attachment."""
    attachments: Mapping[str, int]
    """Bytes that each attachment's content takes as it is stored, compressed or not."""
    overhead: int
    """Names, headers and tables of the attachments."""
