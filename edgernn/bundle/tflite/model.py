"""A .tflite file's graphs, parsed once, without any TFLite package.

The structure check, the audit and what scoring asks of a file all read this one tree. What only
one of them looks at, such as an operator's options, is read from the tables that it keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from edgernn.bundle.tflite import schema
from edgernn.bundle.tflite.flatwire import MAX_WORK, FlatBuffer, FlatError, Table
from edgernn.errors import ModelFileError

__all__ = [
    "ABSENT",
    "CUSTOM_PREFIX",
    "Buffer",
    "Model",
    "Operator",
    "Subgraph",
    "Tensor",
    "broken",
    "open_root",
    "parse_model",
]

ABSENT: Final = -1
"""The number of an optional input that is left out."""

CUSTOM_PREFIX: Final = "custom::"

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""FlatBuffers' own bound on a file."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Buffer:
    """Where the values of constants stand."""

    start: int
    size: int
    """0 where it has none."""
    is_outside: bool
    """Whether it says that they stand behind the flatbuffer, as in files over 2 GiB."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a subgraph."""

    name: str
    type: str
    """A name of `TENSOR_TYPES`."""
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    """Like `shape`, with -1 for a dimension that may be resized; empty where the file has none."""
    buffer: int
    is_variable: bool
    table: Table


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator; tensors by their number in the subgraph, which is checked."""

    name: str
    """`custom::NAME` for a custom one."""
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Table

    def options(self) -> Table | None:
        """Return its options, None where it has none.

        Raises:
            FlatError: they are broken.
        """
        place = self.table.target(schema.Operator.BUILTIN_OPTIONS)
        return None if place is None else self.table.buffer.table_at(place)


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A graph of operators; the first is the main one."""

    name: str
    tensors: list[Tensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: list[Operator]


@dataclass(frozen=True, slots=True)
class Model:
    """The root table."""

    buffers: list[Buffer]
    subgraphs: list[Subgraph]
    external: bool
    """Whether it keeps weights in other files (Model.external_buffer_groups)."""
    table: Table

    @property
    def operators(self) -> Counter[str]:
        """How often each operator occurs in all subgraphs."""
        return Counter(op.name for subgraph in self.subgraphs for op in subgraph.operators)


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Turn a parse error into the one line that a person gets."""
    try:
        yield
    except FlatError as error:
        raise ModelFileError(
            f"{name}: not a usable TFLite file ({error}); export it again or get a fresh copy"
        ) from error


def open_root(data: bytes | memoryview, work: int = MAX_WORK) -> Table:
    """Open the root table, `Model`.

    Args:
        data: the whole file, or the flatbuffer that it starts with.
        work: how much of its structure may be read, in bytes; repeats count again.

    Raises:
        FlatError: `data` is no .tflite file.
    """
    view = memoryview(data).cast("B")
    if len(view) > MAX_FILE_BYTES:
        raise FlatError("larger than 2 GiB")
    return FlatBuffer(view, work).root(schema.IDENTIFIER)


def parse_model(data: bytes | memoryview, work: int = MAX_WORK) -> Model:
    """Parse a .tflite file.

    Args:
        data: as in `open_root`; all that the model refers to must lie within.
        work: as in `open_root`.

    Raises:
        FlatError: the file is broken, holds no subgraph, or is no TFLite model.
    """
    root = open_root(data, work)
    buffers = [_buffer(table) for table in root.tables(schema.Model.BUFFERS)]
    codes = [_operator_code(code) for code in root.tables(schema.Model.OPERATOR_CODES)]
    subgraphs = [
        _subgraph(table, codes, len(buffers)) for table in root.tables(schema.Model.SUBGRAPHS)
    ]
    if not subgraphs:
        raise FlatError("no subgraph inside")
    external = any(
        root.span(index, 4)[1]
        for index in (schema.Model.EXTERNAL_BUFFER_GROUPS, schema.Model.EXTERNAL_BUFFERS)
    )
    return Model(buffers, subgraphs, external, root)


def _buffer(table: Table) -> Buffer:
    offset = table.integer(schema.Buffer.OFFSET, "Q")
    size = table.integer(schema.Buffer.SIZE, "Q")
    start, count = table.span(schema.Buffer.DATA)
    # Above 2 GiB weights stand behind the flatbuffer; 0 and 1 mean that they do not.
    if offset > 1:
        if offset + size > len(table.buffer.data):
            raise FlatError("weights outside the file")
        start, count = offset, size
    return Buffer(start, count, bool(offset or size))


def _operator_code(code: Table) -> tuple[str, int]:
    """Name and version. Codes above 127 did not fit the first field, hence the second."""
    number = max(
        code.integer(schema.OperatorCode.DEPRECATED_BUILTIN_CODE, "b"),
        code.integer(schema.OperatorCode.BUILTIN_CODE, "i"),
    )
    version = code.integer(schema.OperatorCode.VERSION, "i", default=1)
    if number < 0:
        raise FlatError(f"operator number {number}")
    if number == schema.CUSTOM:
        return f"{CUSTOM_PREFIX}{code.text(schema.OperatorCode.CUSTOM_CODE) or ''}", version
    if number < len(schema.BUILTIN_OPERATORS):
        return schema.BUILTIN_OPERATORS[number], version
    return f"BUILTIN_{number}", version


def _subgraph(table: Table, codes: Sequence[tuple[str, int]], buffers: int) -> Subgraph:
    tensors = [_tensor(tensor, buffers) for tensor in table.tables(schema.Subgraph.TENSORS)]

    def numbers(source: Table, field: int) -> tuple[int, ...]:
        found = source.integers(field, "i") or ()
        for number in found:
            if number != ABSENT:
                _pick(tensors, number, "tensor")
        return found

    operators = []
    for operator in table.tables(schema.Subgraph.OPERATORS):
        index = operator.integer(schema.Operator.OPCODE_INDEX, "I")
        name, version = _pick(codes, index, "operator code")
        operators.append(
            Operator(
                name,
                version,
                numbers(operator, schema.Operator.INPUTS),
                numbers(operator, schema.Operator.OUTPUTS),
                operator,
            )
        )
    return Subgraph(
        table.text(schema.Subgraph.NAME) or "",
        tensors,
        numbers(table, schema.Subgraph.INPUTS),
        numbers(table, schema.Subgraph.OUTPUTS),
        operators,
    )


def _tensor(table: Table, buffers: int) -> Tensor:
    number = table.integer(schema.Tensor.TYPE, "b")
    known = 0 <= number < len(schema.TENSOR_TYPES)
    buffer = table.integer(schema.Tensor.BUFFER, "I")
    if buffer >= buffers:
        raise FlatError(f"buffer {buffer} is not there")
    return Tensor(
        name=table.text(schema.Tensor.NAME) or "",
        type=schema.TENSOR_TYPES[number] if known else f"TYPE_{number}",
        shape=table.integers(schema.Tensor.SHAPE, "i") or (),
        shape_signature=table.integers(schema.Tensor.SHAPE_SIGNATURE, "i") or (),
        buffer=buffer,
        is_variable=bool(table.integer(schema.Tensor.IS_VARIABLE, "B")),
        table=table,
    )


def _pick(items: Sequence[_T], index: int, what: str) -> _T:
    if not 0 <= index < len(items):
        raise FlatError(f"{what} {index} is not there")
    return items[index]
