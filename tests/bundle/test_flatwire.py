"""The FlatBuffers reader, against literal bytes and against the flatbuffers package."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import flatbuffers
import pytest
from damaged import flipped
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bundle.tflite.flatwire import FlatBuffer, FlatError, Table

# A root table with the fields: 0 an int32, 1 absent, 2 a string, 3 a vector of uint16.
GOLDEN = bytes.fromhex(
    "14000000 54455354"  # root table at 20, identifier TEST
    "0c00 1000 0400 0000 0800 0c00"  # list of fields at 8: its size, table's size, four offsets
    "0c000000"  # table at 20: its list of fields is 12 bytes before
    "f9ffffff 08000000 0c000000"  # -7, offsets to 36 and 44
    "02000000 c3bc0000"  # string at 36
    "03000000 0100 0200 ffff"  # vector at 44
)


def root(data: bytes) -> Table:
    return FlatBuffer(memoryview(data)).root(b"TEST")


def patched(position: int, replacement: str) -> bytes:
    """The golden bytes with those at `position` replaced."""
    new = bytes.fromhex(replacement)
    return GOLDEN[:position] + new + GOLDEN[position + len(new) :]


def read_golden(data: bytes) -> None:
    """Read the fields that the golden bytes have, each as what it is."""
    table = root(data)
    table.integer(0, "i")
    table.text(2)
    table.integers(3, "H")


def read_all(data: bytes) -> None:
    """Read every field in every way."""
    table = root(data)
    for index in range(6):
        for read in (table.text, lambda i: list(table.tables(i)), table.span, table.target):
            with contextlib.suppress(FlatError):
                read(index)
        table.integers(index, "H")
        table.integer(index, "q")


def build(number: int, texts: list[str], numbers: list[int]) -> bytes:
    """A table with an int64, a vector of tables with a string each, and a vector of int32."""
    builder = flatbuffers.Builder(0)
    tables = []
    for text in texts:
        offset = builder.CreateString(text)
        builder.StartObject(1)
        builder.PrependUOffsetTRelativeSlot(0, offset, 0)
        tables.append(builder.EndObject())
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    table_vector = builder.EndVector()
    builder.StartVector(4, len(numbers), 4)
    for item in reversed(numbers):
        builder.PrependInt32(item)
    number_vector = builder.EndVector()
    builder.StartObject(3)
    builder.PrependInt64Slot(0, number, 0)
    builder.PrependUOffsetTRelativeSlot(1, table_vector, 0)
    builder.PrependUOffsetTRelativeSlot(2, number_vector, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TEST")
    return bytes(builder.Output())


def test_golden() -> None:
    """Every kind of field is read from bytes laid out by hand."""
    table = root(GOLDEN)
    assert table.integer(0, "i") == -7
    assert table.integer(0, "I") == 2**32 - 7
    assert table.text(2) == "ü"
    assert table.integers(3, "H") == (1, 2, 0xFFFF)
    assert table.span(3, 2) == (48, 3)


@pytest.mark.parametrize("index", [1, 4, 99])
def test_absent(index: int) -> None:
    """A field that is not stored has its default, whether it is old or newer than the file."""
    table = root(GOLDEN)
    assert table.integer(index, "i", default=5) == 5
    assert table.text(index) is None
    assert table.integers(index, "i") is None
    assert table.target(index) is None
    assert table.span(index) == (0, 0)
    assert list(table.tables(index)) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no 'TEST'"),
        (GOLDEN[:7], "no 'TEST'"),
        (patched(4, "58"), "no 'TEST'"),
        (patched(0, "36000000"), "points outside"),
        (patched(0, "ffffffff"), "points outside"),
        (patched(0, "34000000"), "outside the file"),
        (patched(20, "40000000"), "outside the file"),
        (patched(20, "00000080"), "outside the file"),
        (patched(8, "0200"), "broken list of fields"),
        (patched(8, "0d00"), "broken list of fields"),
        (patched(8, "fe00"), "broken list of fields"),
        (patched(10, "0300"), "cut off"),
        (patched(10, "ff00"), "cut off"),
        (patched(12, "0200"), "field 0 .* outside it"),
        (patched(12, "0e00"), "field 0 .* outside it"),
        (patched(28, "ffffffff"), "points outside"),
        (patched(36, "ff000000"), "cut off"),
        (patched(40, "ff"), "not UTF-8"),
        (patched(44, "04000000"), "cut off"),
        (patched(44, "ffffffff"), "cut off"),
    ],
)
def test_broken(data: bytes, reason: str) -> None:
    """Each length and offset is checked before it is followed."""
    with pytest.raises(FlatError, match=reason):
        read_golden(data)


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.text(max_size=20), max_size=5),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5),
)
def test_reads_flatbuffers(number: int, texts: list[str], numbers: list[int]) -> None:
    """What the flatbuffers package writes is read."""
    table = root(build(number, texts, numbers))
    assert table.integer(0, "q") == number
    assert [inner.text(0) for inner in table.tables(1)] == texts
    assert table.integers(2, "i") == tuple(numbers)


def test_repeats_are_charged() -> None:
    """A table that is listed again and again uses the allowance up."""
    builder = flatbuffers.Builder(0)
    builder.StartObject(0)
    table = builder.EndObject()
    builder.StartVector(4, 1000, 4)
    for _ in range(1000):
        builder.PrependUOffsetTRelative(table)
    vector = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TEST")
    data = memoryview(bytes(builder.Output()))
    assert len(list(FlatBuffer(data).root(b"TEST").tables(0))) == 1000
    with pytest.raises(FlatError, match="more structure"):
        list(FlatBuffer(data, work=10_000).root(b"TEST").tables(0))


@pytest.mark.parametrize("read", [lambda t: t.text(1), lambda t: t.integers(2, "i")])
def test_contents_are_charged(read: Callable[[Table], object]) -> None:
    """Strings and vectors count with their length, each time that they are read."""
    builder = flatbuffers.Builder(0)
    text = builder.CreateString("x" * 400)
    builder.StartVector(4, 100, 4)
    for number in range(100):
        builder.PrependInt32(number)
    vector = builder.EndVector()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(1, text, 0)
    builder.PrependUOffsetTRelativeSlot(2, vector, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TEST")
    table = FlatBuffer(memoryview(bytes(builder.Output())), work=1000).root(b"TEST")
    read(table)
    read(table)
    with pytest.raises(FlatError, match="more structure"):
        read(table)


def test_truncated() -> None:
    """A file cut off at any byte is an error or reads what is there."""
    for length in range(len(GOLDEN)):
        with pytest.raises(FlatError):
            read_all(GOLDEN[:length])


@given(st.lists(st.integers(0, 8 * len(GOLDEN) - 1), min_size=1, max_size=6))
def test_flipped_bits(bits: list[int]) -> None:
    """Flipped bits give other values or `FlatError`, never anything else."""
    with contextlib.suppress(FlatError):
        read_all(flipped(GOLDEN, bits))
