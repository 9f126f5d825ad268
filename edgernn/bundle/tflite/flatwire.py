"""The FlatBuffers binary format, for reading: tables, scalars, strings and vectors.

Source: https://flatbuffers.dev/internals/. A flatbuffer has no lengths of its own and its offsets
may point anywhere, also many times at the same place; so every access is checked against the end
of the file, and all accesses together are charged against an allowance: a small file cannot ask
for endless work.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["MAX_WORK", "FlatBuffer", "FlatError", "Scalar", "Table"]

Scalar = Literal["b", "B", "h", "H", "i", "I", "q", "Q"]
"""The `struct` letter of an integer type: int8, uint8, int16 and so on, up to uint64."""

_SIZES: Final = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8}
_READERS: Final = {kind: struct.Struct(f"<{kind}").unpack_from for kind in _SIZES}

MAX_WORK: Final = 2 << 20
"""Bytes of strings, vectors and tables that may be read from one file, repeats counted again.

A model's structure without its weights is a few hundred bytes for each operator.
"""

_TABLE_WORK: Final = 32

_KEPT: Final = 16
"""Fields of a table whose offsets are read at once; the schemas' tables have few more."""


class FlatError(ValueError):
    """Bytes that are not a flatbuffer of the expected kind."""


@dataclass(slots=True)
class FlatBuffer:
    """A flatbuffer in memory, and how much of it may still be read."""

    data: memoryview
    work: int = field(default=MAX_WORK)

    def root(self, identifier: bytes) -> Table:
        """Open the root table.

        Args:
            identifier: the four characters that name the kind of file.

        Returns:
            The table that the first four bytes point to.

        Raises:
            FlatError: the identifier is another one, or the root lies outside the file.
        """
        if bytes(self.data[4:8]) != identifier:
            raise FlatError(f"no {identifier.decode('ascii', 'replace')!r} at byte 4")
        return self.table_at(self.follow(0))

    def scalar(self, position: int, kind: Scalar) -> int:
        """Read one integer.

        Raises:
            FlatError: it lies outside the file.
        """
        if position < 0 or position + _SIZES[kind] > len(self.data):
            raise FlatError(f"byte {position} is outside the file")
        return int(_READERS[kind](self.data, position)[0])

    def follow(self, position: int) -> int:
        """Return where the forward offset at `position` points.

        Raises:
            FlatError: the offset, or the place it points to, lies outside the file.
        """
        target = position + self.scalar(position, "I")
        if target >= len(self.data):
            raise FlatError(f"the offset at byte {position} points outside the file")
        return target

    def table_at(self, position: int) -> Table:
        """Open the table at `position`.

        Raises:
            FlatError: the table or its list of fields lies outside the file, or the allowance is
                spent.
        """
        self.charge(_TABLE_WORK)
        vtable = position - self.scalar(position, "i")
        vtable_size = self.scalar(vtable, "H")
        table_size = self.scalar(vtable + 2, "H")
        if vtable_size < 4 or vtable_size % 2 or vtable + vtable_size > len(self.data):
            raise FlatError(f"the table at byte {position} has a broken list of fields")
        if table_size < 4 or position + table_size > len(self.data):
            raise FlatError(f"the table at byte {position} is cut off")
        count = min((vtable_size - 4) // 2, _KEPT)
        offsets = struct.unpack_from(f"<{count}H", self.data, vtable + 4)
        return Table(self, position, table_size, vtable, vtable_size, offsets)

    def vector_at(self, position: int, size: int) -> tuple[int, int]:
        """Return start and number of elements, of `size` bytes each, of the vector at `position`.

        Raises:
            FlatError: the vector reaches outside the file.
        """
        count = self.scalar(position, "I")
        if count * size > len(self.data) - position - 4:
            raise FlatError(f"the vector at byte {position} is cut off")
        return position + 4, count

    def charge(self, amount: int) -> None:
        """Take `amount` off the allowance.

        Raises:
            FlatError: that much is not left.
        """
        self.work -= amount
        if self.work < 0:
            raise FlatError("more structure than any model of this kind needs")


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its fields are named by their place in the schema, counted from 0."""

    buffer: FlatBuffer
    position: int
    size: int
    vtable: int
    vtable_size: int
    offsets: tuple[int, ...]
    """Those of the first fields; 0 for one that is absent."""

    def position_of(self, index: int, size: int = 4) -> int | None:
        """Return where the field's inline value stands, or None where the table has no such field.

        Args:
            index: the field's place in the schema.
            size: bytes of the inline value; an offset has 4.

        Raises:
            FlatError: the value reaches outside the table.
        """
        if index < len(self.offsets):
            offset = self.offsets[index]
        elif 4 + 2 * index + 2 > self.vtable_size:
            return None
        else:
            offset = self.buffer.scalar(self.vtable + 4 + 2 * index, "H")
        if offset == 0:
            return None
        if offset < 4 or offset + size > self.size:
            raise FlatError(f"field {index} of the table at byte {self.position} is outside it")
        return self.position + offset

    def has_more_than(self, count: int) -> bool:
        """Whether the table has a field besides the first `count` of its schema.

        Raises:
            FlatError: a field is outside the table, or the allowance is spent.
        """
        last = (self.vtable_size - 4) // 2
        # Many tables may share one long list of absent fields.
        self.buffer.charge(2 * max(0, last - count))
        return any(self.position_of(index, 1) is not None for index in range(count, last))

    def target(self, index: int) -> int | None:
        """Return where the offset in the field points, or None where the field is absent.

        Raises:
            FlatError: it points outside the file.
        """
        place = self.position_of(index)
        return None if place is None else self.buffer.follow(place)

    def integer(self, index: int, kind: Scalar, default: int = 0) -> int:
        """Read an integer field, or `default` where it is absent.

        Raises:
            FlatError: the field is broken.
        """
        place = self.position_of(index, _SIZES[kind])
        return default if place is None else self.buffer.scalar(place, kind)

    def span(self, index: int, size: int = 1) -> tuple[int, int]:
        """Return start and element count of a vector field; `(0, 0)` where it is absent.

        Args:
            index: the field's place in the schema.
            size: bytes of one element.

        Raises:
            FlatError: the field is broken or the vector reaches outside the file.
        """
        target = self.target(index)
        return (0, 0) if target is None else self.buffer.vector_at(target, size)

    def integers(self, index: int, kind: Scalar) -> tuple[int, ...] | None:
        """Read a vector of integers, or None where the field is absent.

        Raises:
            FlatError: the field is broken, or the allowance is spent.
        """
        if self.position_of(index) is None:
            return None
        start, count = self.span(index, _SIZES[kind])
        self.buffer.charge(count * _SIZES[kind])
        return struct.unpack_from(f"<{count}{kind}", self.buffer.data, start)

    def text(self, index: int) -> str | None:
        """Read a string, or None where the field is absent.

        Raises:
            FlatError: the field is broken or not UTF-8, or the allowance is spent.
        """
        if self.position_of(index) is None:
            return None
        start, count = self.span(index)
        self.buffer.charge(count)
        try:
            return str(self.buffer.data[start : start + count], "utf-8")
        except UnicodeDecodeError:
            raise FlatError(f"the string at byte {start} is not UTF-8 text") from None

    def tables(self, index: int) -> Iterator[Table]:
        """Go through a vector of tables; there are none where the field is absent.

        Raises:
            FlatError: the field or a table is broken, or the allowance is spent.
        """
        start, count = self.span(index, 4)
        for place in range(start, start + 4 * count, 4):
            yield self.buffer.table_at(self.buffer.follow(place))
