"""Read the graph of any .tflite file, with the subgraphs of its loops.

The places of the options' fields are those of
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs; a test compares them
with the schema that ai-edge-litert ships.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from edgernn.audit.graphs import ABSENT, Constant, Graph, Operator, Subgraph, Value
from edgernn.bundle.messages import one_line
from edgernn.bundle.tflite import schema as places
from edgernn.bundle.tflite.flatwire import FlatError, Table
from edgernn.bundle.tflite.summary import broken_model, open_model, operator_code, tensor_type

__all__ = ["BODIES", "OPTIONS", "read_tflite"]

MAX_WORK: Final = 16 << 20
"""Bytes of structure read from one file; an unrolled recurrent network has many operators."""

BODIES: Final[Mapping[str, Mapping[str, int]]] = {
    "CALL": {"Subgraph": 0},
    "CALL_ONCE": {"InitSubgraphIndex": 0},
    "IF": {"ThenSubgraphIndex": 0, "ElseSubgraphIndex": 1},
    "WHILE": {"CondSubgraphIndex": 0, "BodySubgraphIndex": 1},
}
"""The subgraphs that an operator runs: places of the fields in its options."""

OPTIONS: Final[Mapping[str, Mapping[str, int]]] = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": {"CellClip": 1},
    "LSTM": {"CellClip": 1},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {"CellClip": 1},
}
"""Options, all floats, that matter to an audit."""

_CUSTOM: Final = "custom::"
# How many of an operator's inputs do not go into the subgraphs that it runs.
_OWN_INPUTS: Final = {"CALL": 0, "IF": 1, "WHILE": 0}
_MAX_RANK: Final = 8
_MOST_NUMBERS_A_BYTE: Final = 4

_T = TypeVar("_T")


def read_tflite(data: bytes, name: str) -> Graph:
    """Read the graph of a .tflite file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is broken, or is not a TFLite model.
    """
    with broken_model(name):
        model = open_model(data, MAX_WORK)
        reader = _Reader([operator_code(t) for t in model.tables(places.Model.OPERATOR_CODES)])
        buffers = [_span(table, len(data)) for table in model.tables(places.Model.BUFFERS)]
        tables = list(model.tables(places.Model.SUBGRAPHS))
        if not tables:
            raise FlatError("no subgraph inside")
        for table in tables:
            reader.subgraph(table, len(buffers))
        for number, table in enumerate(tables):
            reader.add_operators(table, number)
        groups = (places.Model.EXTERNAL_BUFFER_GROUPS, places.Model.EXTERNAL_BUFFERS)
        if any(model.span(place, 4)[1] for place in groups):
            reader.external.append("buffers of the model")
        return Graph(
            format="tflite",
            values=tuple(reader.values),
            operators=tuple(reader.operators),
            subgraphs=tuple(reader.subgraphs),
            constants=reader.constants(buffers),
            passed=tuple(reader.passed),
            external=tuple(reader.external),
        )


def _span(buffer: Table, size: int) -> tuple[int, int]:
    """Return start and size of a buffer's bytes; above 2 GiB they stand behind the flatbuffer."""
    offset = buffer.integer(places.Buffer.OFFSET, "Q")
    if offset <= 1:
        return buffer.span(places.Buffer.DATA)
    count = buffer.integer(places.Buffer.SIZE, "Q")
    if offset + count > size:
        raise FlatError("weights outside the file")
    return offset, count


@dataclass(slots=True)
class _Reader:
    """Collects the parts of the graph."""

    codes: list[tuple[str, int]]
    values: list[Value] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    subgraphs: list[Subgraph] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    """The number of each subgraph's first value; behind it stand its others."""
    users: dict[int, list[int]] = field(default_factory=dict)
    """The values that have each buffer."""

    def subgraph(self, table: Table, buffers: int) -> None:
        """Read a subgraph's tensors, inputs and outputs."""
        self.first.append(len(self.values))
        for tensor in table.tables(places.Subgraph.TENSORS):
            buffer = tensor.integer(places.Tensor.BUFFER, "I")
            if buffer >= buffers:
                raise FlatError(f"buffer {buffer} is not there")
            # The first buffer is the empty one, by the schema's convention.
            if buffer:
                self.users.setdefault(buffer, []).append(len(self.values))
            value = _value(tensor)
            if tensor.integer(places.Tensor.EXTERNAL_BUFFER, "I"):
                self.external.append(value.name)
            self.values.append(value)
        number = len(self.subgraphs)
        self.subgraphs.append(
            Subgraph(
                one_line(table.text(places.Subgraph.NAME) or ""),
                self._numbers(table.integers(places.Subgraph.INPUTS, "i"), number),
                self._numbers(table.integers(places.Subgraph.OUTPUTS, "i"), number),
            )
        )

    def add_operators(self, table: Table, subgraph: int) -> None:
        """Read a subgraph's operators; all subgraphs' tensors are known by then."""
        for position, operator in enumerate(table.tables(places.Subgraph.OPERATORS)):
            index = operator.integer(places.Operator.OPCODE_INDEX, "I")
            name, version = _pick(self.codes, index, "operator code")
            inputs = self._numbers(operator.integers(places.Operator.INPUTS, "i"), subgraph)
            outputs = self._numbers(operator.integers(places.Operator.OUTPUTS, "i"), subgraph)
            bodies = self._bodies(operator, name)
            own = _OWN_INPUTS.get(name)
            for body in bodies if own is not None else ():
                entries = self.subgraphs[body].inputs
                pairs = zip(inputs[own:], entries, strict=False)
                self.passed += [(outer, inner) for outer, inner in pairs if outer != ABSENT]
            custom = name.startswith(_CUSTOM)
            self.operators.append(
                Operator(
                    subgraph=subgraph,
                    position=position,
                    name="",
                    type=name.removeprefix(_CUSTOM),
                    domain="custom" if custom else "",
                    version=version,
                    inputs=inputs,
                    outputs=outputs,
                    settings=_settings(operator, name),
                    bodies=bodies,
                )
            )

    def constants(self, buffers: Sequence[tuple[int, int]]) -> tuple[Constant, ...]:
        """Return what is stored, each byte of the file counted once."""
        found = []
        end = 0
        for start, size, number in sorted((*buffers[n], n) for n in self.users):
            if size == 0:
                continue
            # Hostile vectors may overlap.
            counted = max(0, start + size - max(start, end))
            end = max(end, start + size)
            users = tuple(self.users[number])
            shape = self.values[users[0]].shape or ()
            sizes = [n for n in shape if isinstance(n, int)]
            elements = math.prod(sizes) if len(sizes) <= _MAX_RANK else 0
            fits = 0 <= elements <= _MOST_NUMBERS_A_BYTE * size
            found.append(Constant(users, counted, elements if fits else 0))
        return tuple(found)

    def _bodies(self, operator: Table, name: str) -> tuple[int, ...]:
        fields = BODIES.get(name)
        options = _options(operator) if fields else None
        if not fields or options is None:
            return ()
        bodies = tuple(options.integer(place, "i") for place in fields.values())
        for body in bodies:
            _pick(self.subgraphs, body, "subgraph")
        return bodies

    def _numbers(self, indices: Sequence[int] | None, subgraph: int) -> tuple[int, ...]:
        """Return the numbers of a subgraph's tensors, which count from 0 in the file."""
        first = self.first[subgraph]
        last = self.first[subgraph + 1] if subgraph + 1 < len(self.first) else len(self.values)
        numbers = []
        for index in indices or ():
            if index != ABSENT and not 0 <= index < last - first:
                raise FlatError(f"tensor {index} is not there")
            numbers.append(ABSENT if index == ABSENT else first + index)
        return tuple(numbers)


def _value(tensor: Table) -> Value:
    place = tensor.target(places.Tensor.QUANTIZATION)
    scales = 0
    if place is not None:
        _, scales = tensor.buffer.table_at(place).span(places.Quantization.SCALE, 4)
    shape = tensor.integers(places.Tensor.SHAPE, "i") or ()
    return Value(
        name=tensor.text(places.Tensor.NAME) or "",
        type=tensor_type(tensor),
        shape=tensor.integers(places.Tensor.SHAPE_SIGNATURE, "i") or shape,
        has_scale=scales > 0,
        is_variable=bool(tensor.integer(places.Tensor.IS_VARIABLE, "B")),
    )


def _settings(operator: Table, name: str) -> dict[str, float | str]:
    fields = OPTIONS.get(name)
    options = _options(operator) if fields else None
    if not fields or options is None:
        return {}
    return {label: _float(options.integer(place, "I")) for label, place in fields.items()}


def _options(operator: Table) -> Table | None:
    place = operator.target(places.Operator.BUILTIN_OPTIONS)
    return None if place is None else operator.buffer.table_at(place)


def _float(bits: int) -> float:
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return float(value)


def _pick(items: Sequence[_T], index: int, what: str) -> _T:
    if not 0 <= index < len(items):
        raise FlatError(f"{what} {index} is not there")
    return items[index]
