"""Attachments in an .onnx file, and what such a file holds, without the onnx package.

An .onnx file is one ModelProto of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3, whose field numbers stand below.
An attachment `contract.json` is the entry `edgernn.contract.json` of ModelProto.metadata_props, so
every ONNX tool keeps it and ONNX Runtime shows it as custom metadata. Its value is an ONNX string,
therefore attachments are UTF-8 text. A large one, the vocabulary, is the entry
`edgernn+deflate.vocabulary.subwords`: a zlib stream (RFC 1950) in base64 (RFC 4648).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from edgernn.bundle.attachments import (
    ATTACHMENT_NAME,
    COMPRESS_ABOVE,
    MAX_ATTACHMENT_BYTES,
    StoredSizes,
)
from edgernn.bundle.onnx.protowire import Budget, Field, ProtoError, bytes_field, iter_fields
from edgernn.errors import ModelFileError

__all__ = [
    "broken",
    "graph_sha256",
    "read_attachments",
    "stored_sizes",
    "view_of",
    "write_attachments",
]

KEY_PREFIX: Final = "edgernn."
COMPRESSED_KEY_PREFIX: Final = "edgernn+deflate."

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""Protocol Buffers' own bound on a message."""

MAX_FIELDS: Final = 100_000
"""Fields read from one file at one go; a recurrent classifier has a few thousand."""

_MODEL_METADATA = 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


def read_attachments(data: bytes | memoryview, name: str) -> dict[str, bytes]:
    """Take the attachments out of an .onnx file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Returns:
        Content by attachment name; empty where the file has none.

    Raises:
        ModelFileError: the file is broken, or its attachments are too large, named in a way that
            this library never writes, or there twice.
    """
    attachments: dict[str, bytes] = {}
    room = MAX_ATTACHMENT_BYTES
    with broken(name):
        budget = Budget(MAX_FIELDS)
        for field in iter_fields(view_of(data), budget):
            if field.number != _MODEL_METADATA:
                continue
            key, value = _entry(field.view, budget)
            prefix = _prefix(key)
            if prefix is None:
                continue
            attachment = key.removeprefix(prefix)
            if not ATTACHMENT_NAME.fullmatch(attachment):
                raise ProtoError(f"attachment name {attachment[:80]!r} is not allowed")
            if attachment in attachments:
                raise ProtoError(f"attachment {attachment!r} is there twice")
            content = _inflate(value, room) if prefix == COMPRESSED_KEY_PREFIX else bytes(value)
            room -= len(content)
            if room < 0:
                raise ProtoError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
            attachments[attachment] = content
    return attachments


def graph_sha256(data: bytes | memoryview, name: str) -> str:
    """Return the SHA-256 of all bytes that are no attachments, in lower-case hexadecimal.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is not an ONNX file.
    """
    digest = hashlib.sha256()
    with broken(name):
        for part in _without_attachments(view_of(data)):
            digest.update(part)
    return digest.hexdigest()


def stored_sizes(data: bytes | memoryview, name: str) -> StoredSizes:
    """Return how the file's bytes divide into graph and attachments.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is not an ONNX file.
    """
    graph = overhead = 0
    attachments: dict[str, int] = {}
    with broken(name):
        budget = Budget(MAX_FIELDS)
        for field in iter_fields(view_of(data), budget):
            size = field.end - field.start
            if not _is_attachment(field, budget):
                graph += size
                continue
            key, value = _entry(field.view, budget)
            attachment = key.removeprefix(_prefix(key) or "")
            attachments[attachment] = attachments.get(attachment, 0) + len(value)
            overhead += size - len(value)
    return StoredSizes(graph, attachments, overhead)


def write_attachments(model: bytes, attachments: Mapping[str, bytes]) -> bytes:
    """Put attachments into an .onnx file in place of those it has.

    Every byte that is not an attachment stays as it is: Protocol Buffers allow a repeated field's
    entries to stand anywhere, so the new ones are appended, sorted by name.

    Args:
        model: the whole file.
        attachments: content by name; UTF-8 text.

    Returns:
        The new file.

    Raises:
        ValueError: a name is not `[A-Za-z0-9._-]{1,64}` or starts with a dot, a content is not
            UTF-8, or all together are over 16 MiB.
        ModelFileError: `model` is not an ONNX file.
    """
    added = []
    for attachment, content in sorted(attachments.items()):
        if not ATTACHMENT_NAME.fullmatch(attachment):
            raise ValueError(f"attachment name {attachment!r} is not allowed")
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"attachment {attachment!r} is not UTF-8 text") from None
        prefix, value = KEY_PREFIX, content
        if len(content) > COMPRESS_ABOVE:
            prefix, value = COMPRESSED_KEY_PREFIX, base64.b64encode(zlib.compress(content, 9))
        key = bytes_field(_ENTRY_KEY, f"{prefix}{attachment}".encode())
        added.append(bytes_field(_MODEL_METADATA, key + bytes_field(_ENTRY_VALUE, value)))
    if sum(map(len, attachments.values())) > MAX_ATTACHMENT_BYTES:
        raise ValueError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
    with broken("the model"):
        kept = list(_without_attachments(view_of(model)))
    return b"".join([*kept, *added])


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Turn a parse error into the one line that a person gets."""
    try:
        yield
    except ProtoError as error:
        raise ModelFileError(
            f"{name}: not a usable ONNX file ({error}); export it again or get a fresh copy"
        ) from error


def view_of(data: bytes | memoryview) -> memoryview:
    """Look at the file as unsigned bytes, without copying it."""
    view = memoryview(data).cast("B")
    if len(view) > MAX_FILE_BYTES:
        raise ProtoError("larger than 2 GiB")
    return view


def _without_attachments(view: memoryview) -> Iterator[memoryview]:
    """Go through the fields of a ModelProto that are no attachments."""
    budget = Budget(MAX_FIELDS)
    for field in iter_fields(view, budget):
        if not _is_attachment(field, budget):
            yield view[field.start : field.end]


def _entry(message: memoryview, budget: Budget) -> tuple[str, memoryview]:
    """Key and value of a StringStringEntryProto."""
    key: str | None = None
    value: memoryview | None = None
    for field in iter_fields(message, budget):
        if field.number == _ENTRY_KEY and key is None:
            key = field.text
        elif field.number == _ENTRY_VALUE and value is None:
            value = field.view
        elif field.number in (_ENTRY_KEY, _ENTRY_VALUE):
            raise ProtoError("a metadata entry with two keys or two values")
    return key or "", memoryview(b"") if value is None else value


def _is_attachment(field: Field, budget: Budget) -> bool:
    if field.number != _MODEL_METADATA:
        return False
    key, _ = _entry(field.view, budget)
    return _prefix(key) is not None


def _prefix(key: str) -> str | None:
    for prefix in (KEY_PREFIX, COMPRESSED_KEY_PREFIX):
        if key.startswith(prefix):
            return prefix
    return None


def _inflate(value: bytes | memoryview, room: int) -> bytes:
    """Decompress at most one byte more than there is room for."""
    try:
        stream = base64.b64decode(value, validate=True)
        inflater = zlib.decompressobj()
        content = inflater.decompress(stream, room + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ProtoError(f"a compressed attachment is damaged: {error}") from None
    if len(content) <= room and (not inflater.eof or inflater.unused_data):
        raise ProtoError("a compressed attachment is cut short or has bytes behind it")
    return content
