"""The Protocol Buffers wire format: read one message's fields, write a varint or a byte field.

Source: https://protobuf.dev/programming-guides/encoding/ (tags, varints, wire types).
Only the outermost layer of a message is parsed; what a field means is left to the caller, which
takes it apart in turn. The input may be hostile, so every length is checked against what is
there, groups are refused (proto3 has none), and a `Budget` bounds the work for a whole file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "Budget",
    "Field",
    "ProtoError",
    "WireType",
    "bytes_field",
    "iter_fields",
    "packed_varints",
    "read_varint",
    "signed",
    "varint",
]

MAX_FIELD_NUMBER = (1 << 29) - 1
MAX_VARINT_BYTES = 10


class ProtoError(ValueError):
    """Bytes that are not a Protocol Buffers message."""


class WireType(IntEnum):
    """How a field's value is stored; 3 and 4, the old groups, are refused."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


_WIRE_TYPES = {int(wire_type): wire_type for wire_type in WireType}
_FIXED_SIZES = {WireType.FIXED64: 8, WireType.FIXED32: 4}


@dataclass(slots=True)
class Budget:
    """How many more fields may be read; shared by all messages of one file."""

    fields: int

    def spend(self) -> None:
        """Take one field off.

        Raises:
            ProtoError: nothing is left.
        """
        self.fields -= 1
        if self.fields < 0:
            raise ProtoError("more fields than any model of this kind needs")


class Field(NamedTuple):
    """One field of a message: its number, its value, and which bytes of the message hold it."""

    number: int
    wire_type: WireType
    value: int | memoryview
    start: int
    end: int

    @property
    def integer(self) -> int:
        """The value of a varint field, unsigned.

        Raises:
            ProtoError: the field is stored in another way.
        """
        if self.wire_type is not WireType.VARINT or not isinstance(self.value, int):
            raise ProtoError(f"field {self.number} is not an integer")
        return self.value

    @property
    def signed(self) -> int:
        """The value of an int32 or int64 field: a varint in two's complement of 64 bits.

        Raises:
            ProtoError: the field is stored in another way.
        """
        return signed(self.integer)

    @property
    def view(self) -> memoryview:
        """The bytes of a length-delimited field: a message, a string or packed numbers.

        Raises:
            ProtoError: the field is stored in another way.
        """
        if not isinstance(self.value, memoryview):
            raise ProtoError(f"field {self.number} is not length-delimited")
        return self.value

    @property
    def text(self) -> str:
        """The value of a string field.

        Raises:
            ProtoError: the field is stored in another way, or is not UTF-8.
        """
        try:
            return str(self.view, "utf-8")
        except UnicodeDecodeError:
            raise ProtoError(f"field {self.number} is not UTF-8 text") from None


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read one varint.

    Args:
        data: the message.
        position: where the varint starts.

    Returns:
        Its value, 0 to 2**64 - 1, and the position behind it.

    Raises:
        ProtoError: it is cut off, does not fit 64 bits, or is written with more bytes than needed
            (no serializer does that; one spelling a value keeps two readers from disagreeing).
    """
    # Nearly all are one byte.
    if position < len(data) and data[position] < 0x80:
        return data[position], position + 1
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if position + index >= len(data):
            raise ProtoError(f"cut off inside a number at byte {position}")
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if byte == 0 and index > 0:
                raise ProtoError(f"overlong number at byte {position}")
            if value >> 64:
                break
            return value, position + index + 1
    raise ProtoError(f"number of more than 64 bits at byte {position}")


def iter_fields(data: memoryview, budget: Budget | None = None) -> Iterator[Field]:
    """Go through the fields of one message in the order of the bytes.

    Args:
        data: exactly one message, as unsigned bytes.
        budget: takes off one for each field, where given.

    Yields:
        Each field; a length-delimited value is a view into `data`, nothing is copied.

    Raises:
        ProtoError: the bytes are not a message, or the budget is spent.
    """
    position = 0
    while position < len(data):
        if budget is not None:
            budget.spend()
        start = position
        tag, position = read_varint(data, position)
        number = tag >> 3
        if not 1 <= number <= MAX_FIELD_NUMBER:
            raise ProtoError(f"field number {number} at byte {start}")
        wire_type = _WIRE_TYPES.get(tag & 7)
        if wire_type is None:
            raise ProtoError(f"wire type {tag & 7} at byte {start}")
        value: int | memoryview
        if wire_type is WireType.VARINT:
            value, position = read_varint(data, position)
        else:
            size = _FIXED_SIZES.get(wire_type)
            length, position = read_varint(data, position) if size is None else (size, position)
            if length > len(data) - position:
                raise ProtoError(f"field {number} at byte {start} is cut off")
            content = data[position : position + length]
            value = content if size is None else int.from_bytes(content, "little")
            position += length
        yield Field(number, wire_type, value, start, position)


def signed(number: int) -> int:
    """Return the int64 that an unsigned varint stands for."""
    return number - (1 << 64) if number >> 63 else number


def packed_varints(view: memoryview, budget: Budget) -> Iterator[int]:
    """Go through the numbers of a packed field; each takes one off the budget.

    Raises:
        ProtoError: a number is broken, or the budget is spent.
    """
    position = 0
    while position < len(view):
        budget.spend()
        number, position = read_varint(view, position)
        yield number


def varint(value: int) -> bytes:
    """Write an unsigned integer as a varint.

    Args:
        value: 0 to 2**64 - 1.

    Returns:
        One to ten bytes, as few as the value needs.

    Raises:
        ValueError: the value is negative or does not fit 64 bits.
    """
    if value < 0 or value >> 64:
        raise ValueError(f"{value} does not fit an unsigned 64-bit varint")
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def bytes_field(number: int, value: bytes) -> bytes:
    """Write a length-delimited field: a string, bytes or a message.

    Args:
        number: the field's number, 1 to 2**29 - 1.
        value: its content.

    Returns:
        Tag, length and content.

    Raises:
        ValueError: the number is not a field number.
    """
    if not 1 <= number <= MAX_FIELD_NUMBER:
        raise ValueError(f"{number} is not a field number")
    return varint(number << 3 | WireType.BYTES) + varint(len(value)) + value
