"""Reading HDF5 files as Keras writes them: groups, texts as attributes, float arrays.

The HDF5 library itself reads broken files into endless loops and crashes, so hostile ones are not
given to it. Of the format this takes what h5py writes by default, and refuses the rest: superblock
0 or 1, symbol tables, object headers of version 1, contiguous arrays without filters. Links to
other places and arrays in other files are not among that.

Source: HDF5 File Format Specification 3.0 (The HDF Group); the section is named in each place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["HDF5_HEAD", "Hdf5Error", "Hdf5File", "Node"]

HDF5_HEAD = b"\x89HDF\r\n\x1a\n"

_MAX_STEPS = 1 << 20
_MAX_LEVELS = 16
_MAX_RANK = 8
_MAX_NAME = 1 << 12
_MAX_NAMES = 1 << 12

# Message types of object headers (IV.A.2).
_DATASPACE, _DATATYPE, _EXTERNAL, _LAYOUT, _FILTERS = 0x01, 0x03, 0x07, 0x08, 0x0B
_ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE = 0x0C, 0x10, 0x11
_SHARED = 0x02

# Datatype messages (IV.A.2.d) of little-endian IEEE numbers, from the class to the bias.
_FLOATS: dict[bytes, np.dtype[Any]] = {
    bytes.fromhex("11201f0004000000 0000 2000 17 08 00 17 7f000000"): np.dtype("<f4"),
    bytes.fromhex("11200f0002000000 0000 1000 0a 05 00 0a 0f000000"): np.dtype("<f2"),
}
_FIXED_STRING, _VARIABLE = 3, 9


class Hdf5Error(ValueError):
    """Bytes that are not HDF5, or not of the kind that is read here."""


class _Message(NamedTuple):
    kind: int
    flags: int
    body: bytes


class Hdf5File:
    """The bytes of a file, every read of which is checked and counted."""

    def __init__(self, data: bytes) -> None:
        """Read the superblock (II.A).

        Raises:
            Hdf5Error: not an HDF5 file of a known kind.
        """
        self._data = memoryview(data)
        self._steps = 0
        version = data[8] if len(data) > 8 else -1
        if not data.startswith(HDF5_HEAD) or version not in (0, 1):
            raise Hdf5Error("it does not start as an HDF5 file of Keras does")
        if data[13:15] != b"\x08\x08":
            raise Hdf5Error("its addresses do not have 8 bytes")
        start = 24 + 4 * version
        if self.number(start, 8) != 0:
            raise Hdf5Error("its addresses do not count from the start")
        self.root = Node(self, self.number(start + 40, 8))

    def read(self, address: int, count: int) -> bytes:
        """Return `count` bytes from an address.

        Raises:
            Hdf5Error: they lie outside the file, or far more was read than a model takes.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise Hdf5Error("it contains a cycle")
        if address < 0 or count < 0 or address + count > len(self._data):
            raise Hdf5Error(f"{count} bytes at address {address} lie outside the file")
        return bytes(self._data[address : address + count])

    def number(self, address: int, count: int) -> int:
        """Return the unsigned number of `count` bytes at an address."""
        return int.from_bytes(self.read(address, count), "little")

    def text(self, address: int) -> str:
        """Return the text up to the next zero byte."""
        count = min(_MAX_NAME, max(0, len(self._data) - address))
        text, zero, _ = self.read(address, count).partition(b"\0")
        if not zero:
            raise Hdf5Error(f"the name at address {address} has no end")
        return _text(text)

    def heap_object(self, collection: int, index: int) -> bytes:
        """Return an object of a global heap (III.E)."""
        if self.read(collection, 5) != b"GCOL\x01":
            raise Hdf5Error(f"no heap at address {collection}")
        place, end = collection + 16, collection + self.number(collection + 8, 8)
        while place + 16 <= end:
            found, size = self.number(place, 2), self.number(place + 8, 8)
            if found == 0:  # free space, up to the end
                break
            if found == index:
                return self.read(place + 16, size)
            place += 16 + size + -size % 8
        raise Hdf5Error(f"the heap at address {collection} has no object {index}")


@dataclass(frozen=True)
class Node:
    """A group or an array: what has an object header."""

    file: Hdf5File
    address: int

    def children(self) -> dict[str, Node]:
        """Return what a group holds by name; links to other places are left out.

        Raises:
            Hdf5Error: not a group, or a broken one.
        """
        tables = [message.body for message in self._messages() if message.kind == _SYMBOL_TABLE]
        if len(tables) != 1:
            raise Hdf5Error(f"the object at address {self.address} is not a group as Keras has")
        tree, heap = (int.from_bytes(tables[0][i : i + 8], "little") for i in (0, 8))
        if self.file.read(heap, 5) != b"HEAP\0":  # III.D
            raise Hdf5Error(f"no heap at address {heap}")
        names = self.file.number(heap + 24, 8)
        return {
            self.file.text(names + offset): Node(self.file, address)
            for offset, address in self._symbols(tree, _MAX_LEVELS)
        }

    def child(self, path: str) -> Node | None:
        """Return what stands at a path of names, None where there is nothing.

        Raises:
            Hdf5Error: as `children` does.
        """
        node = self
        for name in path.split("/"):
            if not node.is_group():
                return None
            found = node.children().get(name)
            if found is None:
                return None
            node = found
        return node

    def is_group(self) -> bool:
        """Tell whether it can hold others."""
        return any(message.kind == _SYMBOL_TABLE for message in self._messages())

    def texts(self, name: str) -> list[str] | None:
        """Return the texts of an attribute, one or a list; None if there is no such attribute.

        Raises:
            Hdf5Error: it holds something else.
        """
        for message in self._messages():
            if message.kind != _ATTRIBUTE:
                continue
            found, datatype, dataspace, data = _attribute(message)
            if found == name:
                shape = _shape(dataspace)
                count = int(np.prod(shape, dtype=object))
                if len(shape) > 1 or count > _MAX_NAMES:
                    raise Hdf5Error(f"attribute {name} is not a list of names")
                return [self._element(name, datatype, data, i) for i in range(count)]
        return None

    def array(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Return an array, float32.

        Raises:
            Hdf5Error: not an array of floats of that shape, or stored in an unknown way.
        """
        found = {message.kind: message for message in self._messages()}
        if _FILTERS in found or _EXTERNAL in found:
            raise Hdf5Error("is compressed, or stored in another file")
        for kind in (_DATASPACE, _DATATYPE, _LAYOUT):
            if kind not in found or found[kind].flags & _SHARED:
                raise Hdf5Error("is not an array as Keras stores it")
        stored = _shape(found[_DATASPACE].body)
        if stored != shape:
            raise Hdf5Error(f"has shape {stored}, the model's layers say {shape}")
        datatype = _FLOATS.get(found[_DATATYPE].body[:20])
        if datatype is None:
            raise Hdf5Error("is not an array of float32")
        layout = found[_LAYOUT].body
        size = int(np.prod(shape, dtype=object)) * datatype.itemsize
        # IV.A.2.i: version 3, contiguous, address, size.
        if layout[:2] != b"\x03\x01" or int.from_bytes(layout[10:18], "little") != size:
            raise Hdf5Error("is not stored in one piece")
        data = self.file.read(int.from_bytes(layout[2:10], "little"), size)
        return np.asarray(np.frombuffer(data, datatype).reshape(shape), np.float32)

    def _messages(self) -> list[_Message]:
        """Read the object header, version 1 (IV.A.1.a)."""
        if self.file.number(self.address, 1) != 1:
            raise Hdf5Error(f"no object header of version 1 at address {self.address}")
        count = self.file.number(self.address + 2, 2)
        blocks = [(self.address + 16, self.file.number(self.address + 8, 4))]
        messages: list[_Message] = []
        while blocks:
            place, size = blocks.pop(0)
            end = place + size
            while place + 8 <= end and len(messages) < count:
                kind, length = self.file.number(place, 2), self.file.number(place + 2, 2)
                body = self.file.read(place + 8, length)
                messages.append(_Message(kind, self.file.number(place + 4, 1), body))
                if kind == _CONTINUATION:
                    there, more = (int.from_bytes(body[i : i + 8], "little") for i in (0, 8))
                    blocks.append((there, more))
                place += 8 + length
        return messages

    def _symbols(self, tree: int, levels: int) -> Iterator[tuple[int, int]]:
        """Go through a group's B-tree (III.A.1) to the entries of its symbol tables (III.B, C)."""
        if levels == 0 or self.file.read(tree, 5) != b"TREE\0":
            raise Hdf5Error(f"no tree of a group at address {tree}")
        level, used = self.file.number(tree + 5, 1), self.file.number(tree + 6, 2)
        for i in range(used):
            child = self.file.number(tree + 32 + 16 * i, 8)
            if level:
                yield from self._symbols(child, levels - 1)
                continue
            if self.file.read(child, 5) != b"SNOD\x01":
                raise Hdf5Error(f"no symbols at address {child}")
            for j in range(self.file.number(child + 6, 2)):
                entry = child + 8 + 40 * j
                if self.file.number(entry + 16, 4) != 2:  # a symbolic link
                    yield self.file.number(entry, 8), self.file.number(entry + 8, 8)

    def _element(self, name: str, datatype: bytes, data: bytes, i: int) -> str:
        """Return one text of an attribute."""
        kind, size = datatype[0] & 15, int.from_bytes(datatype[4:8], "little")
        item = data[i * size : (i + 1) * size]
        if len(datatype) < 8 or len(item) < size:
            raise Hdf5Error(f"attribute {name} is cut short")
        if kind == _FIXED_STRING:
            return _text(item.rstrip(b"\0 "))
        if kind != _VARIABLE or datatype[1] & 15 != 1 or size != 16:
            raise Hdf5Error(f"attribute {name} is not text")
        length, collection, index = (int.from_bytes(item[a:b], "little") for a, b in _REFERENCE)
        return _text(self.file.heap_object(collection, index)[:length])


# Of a text in a heap (IV.A.2.d, class 9): its length, and where it is.
_REFERENCE = ((0, 4), (4, 12), (12, 16))


def _attribute(message: _Message) -> tuple[str, bytes, bytes, bytes]:
    """Return an attribute's name, datatype, dataspace and data (IV.A.2.m)."""
    body = message.body
    version = body[0] if body else 0
    if version not in (1, 2, 3) or message.flags & _SHARED or (version > 1 and body[1]):
        raise Hdf5Error("an attribute is stored in an unknown way")
    sizes = [int.from_bytes(body[i : i + 2], "little") for i in (2, 4, 6)]
    place = 9 if version == 3 else 8
    parts = []
    for size in sizes:
        parts.append(body[place : place + size])
        place += size + (-size % 8 if version == 1 else 0)
    return _text(parts[0].rstrip(b"\0")), parts[1], parts[2], body[place:]


def _shape(body: bytes) -> tuple[int, ...]:
    """Return the dimensions of a dataspace (IV.A.2.b)."""
    version, rank = (body[0], body[1]) if len(body) >= 4 else (0, 0)
    start = {1: 8, 2: 4}.get(version)
    if start is None or rank > _MAX_RANK or len(body) < start + 8 * rank:
        raise Hdf5Error("a shape is stored in an unknown way")
    if version == 2 and body[3] == 2:  # no elements at all
        return (0,)
    return tuple(
        int.from_bytes(body[start + 8 * i : start + 8 * i + 8], "little") for i in range(rank)
    )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Hdf5Error("a text is not UTF-8") from None
