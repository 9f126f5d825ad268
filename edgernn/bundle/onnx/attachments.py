"""Attachments in an .onnx file, without the onnx package.

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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from edgernn.bundle.attachments import (
    ATTACHMENT_NAME,
    COMPRESS_ABOVE,
    MAX_ATTACHMENT_BYTES,
    StoredSizes,
)
from edgernn.bundle.onnx.model import MAX_FIELDS, broken, view_of
from edgernn.bundle.onnx.protowire import Budget, Field, ProtoError, bytes_field, iter_fields
from edgernn.bundle.onnx.schema import ModelProto, StringStringEntryProto

__all__ = ["OnnxAttachments", "find_attachments", "write_attachments"]

KEY_PREFIX: Final = "edgernn."
COMPRESSED_KEY_PREFIX: Final = "edgernn+deflate."


class _Entry(NamedTuple):
    """An attachment as it is stored."""

    attachment: str
    prefix: str
    value: memoryview
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OnnxAttachments:
    """The attachments of one .onnx file, where they are stored in it."""

    view: memoryview
    """The whole file."""
    name: str
    """What to call the file in an error."""
    entries: tuple[_Entry, ...]

    @classmethod
    def of(
        cls, view: memoryview, metadata: Iterable[Field], budget: Budget, name: str
    ) -> OnnxAttachments:
        """Find the attachments among the entries of a model's metadata.

        Raises:
            ProtoError: an entry is broken.
        """
        entries = []
        for field in metadata:
            key, value = _entry(field.view, budget)
            prefix = _prefix(key)
            if prefix is not None:
                attachment = key.removeprefix(prefix)
                entries.append(_Entry(attachment, prefix, value, field.start, field.end))
        return cls(view, name, tuple(entries))

    def read(self) -> dict[str, bytes]:
        """Take the attachments out of the file.

        Returns:
            Content by attachment name; empty where the file has none.

        Raises:
            ModelFileError: the attachments are too large, broken, named in a way that this library
                never writes, or there twice.
        """
        attachments: dict[str, bytes] = {}
        room = MAX_ATTACHMENT_BYTES
        with broken(self.name):
            for entry in self.entries:
                attachment = entry.attachment
                if not ATTACHMENT_NAME.fullmatch(attachment):
                    raise ProtoError(f"attachment name {attachment[:80]!r} is not allowed")
                if attachment in attachments:
                    raise ProtoError(f"attachment {attachment!r} appears twice")
                compressed = entry.prefix == COMPRESSED_KEY_PREFIX
                content = _inflate(entry.value, room) if compressed else bytes(entry.value)
                room -= len(content)
                if room < 0:
                    raise ProtoError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
                attachments[attachment] = content
        return attachments

    def graph_sha256(self) -> str:
        """Return the SHA-256 of all bytes that are no attachments, in lower-case hexadecimal."""
        digest = hashlib.sha256()
        for part in self.other_bytes():
            digest.update(part)
        return digest.hexdigest()

    def sizes(self) -> StoredSizes:
        """Return how the file's bytes divide into graph and attachments."""
        attachments: dict[str, int] = {}
        overhead = 0
        for entry in self.entries:
            size = len(entry.value)
            attachments[entry.attachment] = attachments.get(entry.attachment, 0) + size
            overhead += entry.end - entry.start - size
        return StoredSizes(sum(map(len, self.other_bytes())), attachments, overhead)

    def other_bytes(self) -> Iterator[memoryview]:
        """Go through all bytes of the file that are no attachments."""
        end = 0
        for entry in self.entries:
            yield self.view[end : entry.start]
            end = entry.end
        yield self.view[end:]


def find_attachments(data: bytes | memoryview, name: str) -> OnnxAttachments:
    """Find the attachments of an .onnx file, whose graph is not looked at.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is not an ONNX file.
    """
    with broken(name):
        view, budget = view_of(data), Budget(MAX_FIELDS)
        fields = iter_fields(view, budget)
        metadata = [field for field in fields if field.number == ModelProto.METADATA_PROPS]
        return OnnxAttachments.of(view, metadata, budget, name)


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
        key = bytes_field(StringStringEntryProto.KEY, f"{prefix}{attachment}".encode())
        added.append(
            bytes_field(
                ModelProto.METADATA_PROPS, key + bytes_field(StringStringEntryProto.VALUE, value)
            )
        )
    if sum(map(len, attachments.values())) > MAX_ATTACHMENT_BYTES:
        raise ValueError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
    kept = find_attachments(model, "the model").other_bytes()
    return b"".join([*kept, *added])


def _entry(message: memoryview, budget: Budget) -> tuple[str, memoryview]:
    """Key and value of a StringStringEntryProto."""
    key: str | None = None
    value: memoryview | None = None
    for field in iter_fields(message, budget):
        if field.number == StringStringEntryProto.KEY and key is None:
            key = field.text
        elif field.number == StringStringEntryProto.VALUE and value is None:
            value = field.view
        elif field.number in (StringStringEntryProto.KEY, StringStringEntryProto.VALUE):
            raise ProtoError("a metadata entry with two keys or two values")
    return key or "", memoryview(b"") if value is None else value


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
        raise ProtoError("a compressed attachment is cut short or has bytes after it")
    return content
