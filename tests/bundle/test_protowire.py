"""The wire-format reader and writer, against the encoding's specification and against protobuf."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bundle.onnx.protowire import (
    Budget,
    ProtoError,
    WireType,
    bytes_field,
    iter_fields,
    read_varint,
    varint,
)

UINT64 = st.integers(0, 2**64 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


def fields_of(message: bytes) -> list[tuple[int, WireType, int | bytes]]:
    return [
        (
            field.number,
            field.wire_type,
            bytes(field.value) if isinstance(field.value, memoryview) else field.value,
        )
        for field in iter_fields(memoryview(message))
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (150, "9601"),
        (12345, "b960"),
        (2**64 - 1, "ffffffffffffffffff01"),
    ],
)
def test_varint_bytes(value: int, written: str) -> None:
    """The bytes that the specification shows, in both directions."""
    assert varint(value).hex() == written
    assert read_varint(memoryview(bytes.fromhex(written)), 0) == (value, len(written) // 2)


@given(UINT64, st.binary(max_size=3), st.binary(max_size=3))
def test_varint_round_trip(value: int, before: bytes, after: bytes) -> None:
    """Any 64-bit number is read back from anywhere in a message."""
    written = before + varint(value) + after
    end = len(written) - len(after)
    assert read_varint(memoryview(written), len(before)) == (value, end)


@pytest.mark.parametrize("value", [-1, 2**64])
def test_varint_out_of_range(value: int) -> None:
    """What 64 bits cannot hold is not written."""
    with pytest.raises(ValueError, match="does not fit"):
        varint(value)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"", "cut off"),
        (b"\x80", "cut off"),
        (b"\xff" * 9, "cut off"),
        (b"\x80\x00", "overlong"),
        (b"\xff\x80\x00", "overlong"),
        (b"\xff" * 9 + b"\x02", "64 bits"),
        (b"\x80" * 10 + b"\x01", "64 bits"),
    ],
)
def test_bad_varint(written: bytes, reason: str) -> None:
    """Cut off, padded and oversized numbers are refused."""
    with pytest.raises(ProtoError, match=reason):
        read_varint(memoryview(written), 0)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("089601", (1, WireType.VARINT, 150)),
        ("120774657374696e67", (2, WireType.BYTES, b"testing")),
        ("0d01020000", (1, WireType.FIXED32, 0x201)),
        ("090102000000000080", (1, WireType.FIXED64, 0x8000000000000201)),
        ("f8ffffff0f01", (2**29 - 1, WireType.VARINT, 1)),
    ],
)
def test_field_bytes(message: str, expected: tuple[int, WireType, int | bytes]) -> None:
    """One field of each wire type, as the specification writes it."""
    assert fields_of(bytes.fromhex(message)) == [expected]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("0b", "wire type 3"),
        ("0c", "wire type 4"),
        ("0e", "wire type 6"),
        ("0f", "wire type 7"),
        ("0001", "field number 0"),
        ("808080801001", "field number 536870912"),
        ("08", "cut off"),
        ("0d010203", "cut off"),
        ("0901020304050607", "cut off"),
        ("12", "cut off"),
        ("120361", "cut off"),
        ("12ffffffffffffffffff01", "cut off"),
    ],
)
def test_bad_field(message: str, reason: str) -> None:
    """Groups, unknown wire types, impossible numbers and cut-off fields are refused."""
    with pytest.raises(ProtoError, match=reason):
        fields_of(bytes.fromhex(message))


def test_bytes_field() -> None:
    """The specification's string example is written byte for byte."""
    assert bytes_field(2, b"testing").hex() == "120774657374696e67"


@pytest.mark.parametrize("number", [0, -1, 2**29])
def test_bytes_field_number(number: int) -> None:
    """Only a field number makes a field."""
    with pytest.raises(ValueError, match="not a field number"):
        bytes_field(number, b"")


@pytest.mark.parametrize(
    ("message", "attribute"),
    [("0d01020000", "integer"), ("120161", "integer"), ("0801", "view"), ("1201ff", "text")],
)
def test_wrong_kind(message: str, attribute: str) -> None:
    """A field of another type than asked for, or text that is not UTF-8, is an error."""
    (field,) = iter_fields(memoryview(bytes.fromhex(message)))
    with pytest.raises(ProtoError):
        getattr(field, attribute)


def test_budget() -> None:
    """Messages that share a budget may have that many fields together and no more."""
    budget = Budget(3)
    message = memoryview(b"\x08\x01\x08\x01")
    assert len(list(iter_fields(message, budget))) == 2
    with pytest.raises(ProtoError, match="more fields"):
        list(iter_fields(message, budget))


@given(INT64, st.binary(max_size=300), st.lists(st.binary(max_size=9), max_size=4), st.text())
def test_reads_protobuf(integer: int, data: bytes, strings: list[bytes], name: str) -> None:
    """What protobuf writes is read, the negative numbers and the text included."""
    message = onnx.AttributeProto(name=name, i=integer, s=data, strings=strings)
    fields = list(iter_fields(memoryview(message.SerializeToString())))
    assert [field.text for field in fields if field.number == 1] == [name]
    assert [field.signed for field in fields if field.number == 3] == [integer]
    assert [bytes(field.view) for field in fields if field.number == 4] == [data]
    assert [bytes(field.view) for field in fields if field.number == 9] == strings


@given(st.text(max_size=200), st.text(max_size=200))
def test_protobuf_reads(key: str, value: str) -> None:
    """What is written here, protobuf reads."""
    written = bytes_field(1, key.encode()) + bytes_field(2, value.encode())
    entry = onnx.StringStringEntryProto.FromString(written)
    assert (entry.key, entry.value) == (key, value)


@given(st.binary(max_size=60))
def test_any_bytes(message: bytes) -> None:
    """Arbitrary bytes are refused, or are fields that lie one after the other without a gap."""
    try:
        fields = list(iter_fields(memoryview(message)))
    except ProtoError:
        return
    borders = [0, *(field.end for field in fields)]
    assert [field.start for field in fields] == borders[:-1]
    assert borders[-1] == len(message)
