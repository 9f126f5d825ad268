"""The parts of a model file and how to put them together again, soundly or not."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from edgernn.bundle import CONTAINERS
from edgernn.bundle.attachments import COMPRESS_ABOVE
from edgernn.bundle.checksums import with_sums
from edgernn.bundle.onnx.attachments import find_attachments
from edgernn.bundle.onnx.protowire import bytes_field

__all__ = ["Entries", "Mutant", "Seed", "entry", "joined", "sealed"]

Entries = Sequence[tuple[bytes, bytes]]
"""Attachments under the names that stand in the file, in order; a name may occur twice."""

METADATA_PROPS = 14


@dataclass(frozen=True)
class Mutant:
    """A file that differs from a sound one."""

    name: str
    content: bytes | Callable[[], bytes]
    """Its bytes, or what makes them: not all that could be made are tried."""
    refusal: str | None = None
    """A pattern that the error must match; None where the file may also load."""
    damaged: bool = False
    """Whether the checksums were left as they were: then a file that loads must score as before."""

    @property
    def data(self) -> bytes:
        """The whole file."""
        return self.content if isinstance(self.content, bytes) else self.content()


@dataclass(frozen=True)
class Seed:
    """A sound file."""

    name: str
    format: str
    data: bytes

    @cached_property
    def attachments(self) -> dict[str, bytes]:
        """Content by name, checksums included."""
        return CONTAINERS[self.format].parse(self.data, self.name).attachments.read()

    @cached_property
    def graph(self) -> bytes:
        """The file without attachments."""
        return CONTAINERS[self.format].with_attachments(self.data, {})

    @property
    def vocabulary_file(self) -> str:
        """Name of the vocabulary among the attachments."""
        (name,) = (name for name in self.attachments if name.startswith("vocabulary."))
        return name


def sealed(
    seed: Seed, attachments: Mapping[str, bytes] | None = None, graph: bytes | None = None
) -> bytes:
    """A file with other attachments or another graph, and checksums that fit them.

    Who attacks on purpose would write them so.
    """
    graph = seed.graph if graph is None else graph
    attachments = seed.attachments if attachments is None else attachments
    # Attachments that a changed graph seems to have would not be taken for its bytes.
    found = find_attachments(graph, "the graph") if seed.format == "onnx" else None
    digest = hashlib.sha256(graph).hexdigest() if found is None else found.graph_sha256()
    sums = with_sums(attachments, digest)
    return joined(seed, [(name.encode(), content) for name, content in sorted(sums.items())], graph)


def joined(seed: Seed, entries: Entries, graph: bytes | None = None) -> bytes:
    """A file with any entries at all, as `with_bundle` would never write it."""
    graph = seed.graph if graph is None else graph
    if seed.format == "onnx":
        return graph + b"".join(_metadata(name, content) for name, content in entries)
    file = io.BytesIO()
    file.write(graph)
    names = {}
    with zipfile.ZipFile(file, "w") as archive:
        for number, (name, content) in enumerate(entries):
            # zipfile writes no name as it stands; a placeholder of the same length is replaced.
            placeholder = f"{number:0{len(name)}d}".replace("0", "\x7f").encode()
            names[placeholder] = name
            method = zipfile.ZIP_DEFLATED if len(content) > COMPRESS_ABOVE else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(placeholder.decode()), content, method)
    data = file.getvalue()
    for placeholder, name in names.items():
        for before in (b"PK\x03\x04", b"PK\x01\x02"):
            data = _renamed(data, before, placeholder, name)
    return data


def _renamed(data: bytes, signature: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the first name `old` of a header with the signature."""
    at = -1
    size = 30 if signature == b"PK\x03\x04" else 46
    while (at := data.find(signature, at + 1)) >= 0:
        if data[at + size : at + size + len(old)] == old:
            return data[: at + size] + new + data[at + size + len(old) :]
    raise ValueError(f"no entry {old!r}")


def _metadata(name: bytes, content: bytes) -> bytes:
    prefix = b"edgernn."
    if len(content) > COMPRESS_ABOVE:
        prefix, content = b"edgernn+deflate.", base64.b64encode(zlib.compress(content))
    return entry(prefix + name, content)


def entry(key: bytes, value: bytes) -> bytes:
    """A metadata entry of an .onnx file, any bytes as they stand."""
    return bytes_field(METADATA_PROPS, bytes_field(1, key) + bytes_field(2, value))
