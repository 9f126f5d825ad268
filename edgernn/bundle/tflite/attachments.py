"""Attachments in a .tflite file, without any TFLite package.

A .tflite file is a flatbuffer, which `edgernn.bundle.tflite.model` parses. By the TFLite metadata
convention (https://ai.google.dev/edge/litert/models/metadata) its associated files are a ZIP
archive behind the flatbuffer, with offsets counted from the start of the file, so that
`unzip -l model.tflite` lists them. The archive ends without a comment and the files are stored, as
TFLite Support's and MediaPipe's readers in C++ want them; those of older exports may be deflated.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from edgernn.bundle.attachments import (
    ATTACHMENT_NAME,
    MAX_ATTACHMENT_BYTES,
    StoredSizes,
)
from edgernn.bundle.tflite.flatwire import FlatError
from edgernn.bundle.tflite.model import broken, open_root, parse_model
from edgernn.errors import ModelFileError

__all__ = [
    "TfliteAttachments",
    "append_attachments",
    "find_attachments",
    "not_behind_the_model",
    "without_attachments",
]

MAX_ATTACHMENTS: Final = 64
"""Bound on the number of attachments of a file."""

# APPNOTE.TXT 4.3.16, the end of central directory record:
# signature, two disk numbers, two entry counts, directory size and offset, length of the comment.
_END: Final = struct.Struct("<4s4H2IH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_ZIP64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE: Final = 20
_MAX_DIRECTORY_BYTES: Final = MAX_ATTACHMENTS * 1024
_ENCRYPTED: Final = 0x1 | 0x40
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = 0o100644

# What `zipfile` raises on bytes that are no archive, besides its own error.
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class TfliteAttachments:
    """The attachments of one .tflite file, where they are stored in it."""

    view: memoryview
    """The whole file."""
    name: str
    """What to call the file in an error."""
    end: int
    """Where the flatbuffer ends and the archive starts; the file's size where it has none."""
    archive: zipfile.ZipFile | None

    def read(self) -> dict[str, bytes]:
        """Take the attachments out of the file.

        Returns:
            Content by attachment name; empty where no archive stands at the end of the file.

        Raises:
            ModelFileError: the archive is broken, or its content is too large.
        """
        attachments: dict[str, bytes] = {}
        if self.archive is None:
            return attachments
        room = MAX_ATTACHMENT_BYTES
        with _broken_archive(self.name):
            for info in self.archive.infolist():
                with self.archive.open(info) as entry:
                    # One byte more than allowed tells "too much" from "just enough"; what the
                    # archive says about its sizes is not believed.
                    content = entry.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENT_BYTES} bytes")
                if len(content) != info.file_size:
                    raise zipfile.BadZipFile(
                        f"{info.filename!r} has a different size than it declares"
                    )
                attachments[info.filename] = content
        return attachments

    def graph_sha256(self) -> str:
        """Return the SHA-256 of the flatbuffer, in lower-case hexadecimal."""
        return hashlib.sha256(self.view[: self.end]).hexdigest()

    def sizes(self) -> StoredSizes:
        """Return how the file's bytes divide into flatbuffer and attachments.

        Raises:
            ModelFileError: the archive says sizes that do not fit.
        """
        entries = [] if self.archive is None else self.archive.infolist()
        attachments = {info.filename: info.compress_size for info in entries}
        overhead = len(self.view) - self.end - sum(attachments.values())
        with _broken_archive(self.name):
            if overhead < 0:
                raise zipfile.BadZipFile("files larger than the archive")
        return StoredSizes(self.end, attachments, overhead)


def find_attachments(data: bytes | memoryview, name: str) -> TfliteAttachments:
    """Find the attachments of a .tflite file, whose graph is not looked at.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is no model, or its archive is broken, has too many files, or
            files that are encrypted, named in a way that this library never writes, or there twice.
    """
    view = memoryview(data).cast("B")
    with broken(name):
        open_root(view)
    with _broken_archive(name):
        archive = _open_archive(data)
        if archive is None:
            return TfliteAttachments(view, name, len(view), None)
        entries = archive.infolist()
        _check_entries(entries)
        end = min((info.header_offset for info in entries), default=len(view) - _END.size)
        if end < 0:
            raise zipfile.BadZipFile("a file that starts before the archive")
    return TfliteAttachments(view, name, end, archive)


def not_behind_the_model(name: str) -> ModelFileError:
    """Return the error for a file whose archive is part of its flatbuffer."""
    return ModelFileError(
        f"{name}: the ZIP archive at its end is not behind the model but inside it; "
        "export the model again"
    )


def without_attachments(model: bytes, name: str = "the model") -> bytes:
    """Cut off the archive behind the flatbuffer.

    Args:
        model: the whole file.
        name: what to call the file in an error.

    Returns:
        The flatbuffer; `model` itself where it has no archive.

    Raises:
        ModelFileError: the file is no model, its archive is broken, or what looks like an archive
            is part of the flatbuffer.
    """
    found = find_attachments(model, name)
    if found.archive is None:
        return model
    try:
        parse_model(found.view[: found.end])
    except FlatError as error:
        raise not_behind_the_model(name) from error
    return model[: found.end]


def append_attachments(model: bytes, attachments: Mapping[str, bytes]) -> bytes:
    """Put attachments behind a .tflite file in place of those it has.

    The same input gives the same bytes: names are sorted, times and permissions fixed.

    Args:
        model: the whole file; its flatbuffer is kept as it is.
        attachments: content by name.

    Returns:
        The new file.

    Raises:
        ValueError: a name is not `[A-Za-z0-9._-]{1,64}` or starts with a dot, or there are over
            64 attachments or over 16 MiB of them.
        ModelFileError: `model` is not a .tflite file.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise ValueError(f"more than {MAX_ATTACHMENTS} attachments")
    if sum(map(len, attachments.values())) > MAX_ATTACHMENT_BYTES:
        raise ValueError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
    file = io.BytesIO()
    file.write(without_attachments(model))
    if not attachments:
        return file.getvalue()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for attachment, content in sorted(attachments.items()):
            if not ATTACHMENT_NAME.fullmatch(attachment):
                raise ValueError(f"attachment name {attachment!r} is not allowed")
            info = zipfile.ZipInfo(attachment, _TIMESTAMP)
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            archive.writestr(info, content, zipfile.ZIP_STORED)
    return file.getvalue()


@contextmanager
def _broken_archive(name: str) -> Iterator[None]:
    """Turn whatever `zipfile` raises into the one line that a person gets."""
    try:
        yield
    except _ZIP_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelFileError(
            f"{name}: cannot read the attachments at its end ({reason[:200]}); "
            "export it again or get a fresh copy"
        ) from error


def _open_archive(data: bytes | memoryview) -> zipfile.ZipFile | None:
    """Open the archive that ends where the file ends; None where there is none.

    An end record anywhere else, such as one that the weights spell by chance, is not looked for.
    """
    view = memoryview(data).cast("B")
    at = len(view) - _END.size
    if at < 0 or bytes(view[at : at + 4]) != _END_SIGNATURE:
        return None
    _, disk, start_disk, _, entries, directory_bytes, _, comment = _END.unpack(view[at:])
    if comment != 0:
        return None
    # zipfile believes a ZIP64 record, where there is one, more than the record checked here.
    locator = max(at - _ZIP64_LOCATOR_SIZE, 0)
    if bytes(view[locator : locator + 4]) == _ZIP64_LOCATOR_SIGNATURE:
        raise zipfile.BadZipFile("ZIP64 archives are not read")
    if disk or start_disk:
        raise zipfile.BadZipFile("archives in several parts are not read")
    if entries > MAX_ATTACHMENTS or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENTS} files")
    return zipfile.ZipFile(io.BytesIO(data))


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ATTACHMENTS:
        raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENTS} files")
    seen: set[str] = set()
    for info in entries:
        # The name as it stands there: zipfile cuts `filename` at a NUL byte.
        attachment = info.orig_filename
        if not ATTACHMENT_NAME.fullmatch(attachment):
            raise zipfile.BadZipFile(f"file name {attachment[:80]!r} is not allowed")
        if attachment in seen:
            raise zipfile.BadZipFile(f"{attachment!r} appears twice")
        seen.add(attachment)
        if info.flag_bits & _ENCRYPTED:
            raise zipfile.BadZipFile(f"{attachment!r} is encrypted")
        if info.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{attachment!r} is compressed in an unknown way")
