"""The graph of any .tflite file as an audit has it, with the subgraphs of its loops."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgernn.audit.graphs import ABSENT, Constant, Graph, Operator, Subgraph, Value
from edgernn.bundle.messages import one_line
from edgernn.bundle.tflite import model as parsed
from edgernn.bundle.tflite import schema
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.bundle.tflite.flatwire import FlatError
from edgernn.bundle.tflite.model import CUSTOM_PREFIX
from edgernn.cells import operators

__all__ = ["read_tflite"]

_BODIES: Final[Mapping[str, tuple[int, ...]]] = {
    "CALL": (schema.CallOptions.SUBGRAPH,),
    "CALL_ONCE": (schema.CallOnceOptions.INIT_SUBGRAPH_INDEX,),
    "IF": (schema.IfOptions.THEN_SUBGRAPH_INDEX, schema.IfOptions.ELSE_SUBGRAPH_INDEX),
    "WHILE": (schema.WhileOptions.COND_SUBGRAPH_INDEX, schema.WhileOptions.BODY_SUBGRAPH_INDEX),
}
"""The subgraphs that an operator runs: places of the fields in its options."""

_OPTIONS: Final[Mapping[str, Mapping[str, int]]] = {
    operator.name: {"CellClip": schema.LSTMOptions.CELL_CLIP}
    for operator, _ in operators("tflite")
    if operator.has_cell_clip
}
"""Options, all floats, that matter to an audit."""

# How many of an operator's inputs do not go into the subgraphs that it runs.
_OWN_INPUTS: Final = {"CALL": 0, "IF": 1, "WHILE": 0}
_MAX_RANK: Final = 8
_MOST_NUMBERS_A_BYTE: Final = 4


def read_tflite(content: TfliteContent) -> Graph:
    """Return the graph of a .tflite file.

    Raises:
        ModelFileError: an operator's options or a tensor's scales are broken.
    """
    model = content.model
    with content.broken():
        reader = _Reader()
        for subgraph in model.subgraphs:
            reader.subgraph(subgraph)
        for number, subgraph in enumerate(model.subgraphs):
            reader.add_operators(subgraph, number)
        if model.external:
            reader.external.append("buffers of the model")
        return Graph(
            format="tflite",
            values=tuple(reader.values),
            operators=tuple(reader.operators),
            subgraphs=tuple(reader.subgraphs),
            constants=reader.constants(model.buffers),
            passed=tuple(reader.passed),
            external=tuple(reader.external),
        )


@dataclass(slots=True)
class _Reader:
    """Collects the parts of the graph."""

    values: list[Value] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    subgraphs: list[Subgraph] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    """The number of each subgraph's first value; behind it stand its others."""
    users: dict[int, list[int]] = field(default_factory=dict)
    """The values that have each buffer."""

    def subgraph(self, subgraph: parsed.Subgraph) -> None:
        """Add a subgraph's tensors, inputs and outputs."""
        number = len(self.first)
        self.first.append(len(self.values))
        for tensor in subgraph.tensors:
            # The first buffer is the empty one, by the schema's convention.
            if tensor.buffer:
                self.users.setdefault(tensor.buffer, []).append(len(self.values))
            if tensor.table.integer(schema.Tensor.EXTERNAL_BUFFER, "I"):
                self.external.append(tensor.name)
            self.values.append(_value(tensor))
        self.subgraphs.append(
            Subgraph(
                one_line(subgraph.name),
                self._numbers(subgraph.inputs, number),
                self._numbers(subgraph.outputs, number),
            )
        )

    def add_operators(self, subgraph: parsed.Subgraph, number: int) -> None:
        """Add a subgraph's operators; all subgraphs' tensors are known by then."""
        for position, operator in enumerate(subgraph.operators):
            name = operator.name
            inputs = self._numbers(operator.inputs, number)
            bodies = self._bodies(operator)
            own = _OWN_INPUTS.get(name)
            for body in bodies if own is not None else ():
                entries = self.subgraphs[body].inputs
                pairs = zip(inputs[own:], entries, strict=False)
                self.passed += [(outer, inner) for outer, inner in pairs if outer != ABSENT]
            self.operators.append(
                Operator(
                    subgraph=number,
                    position=position,
                    name="",
                    type=name.removeprefix(CUSTOM_PREFIX),
                    domain="custom" if name.startswith(CUSTOM_PREFIX) else "",
                    version=operator.version,
                    inputs=inputs,
                    outputs=self._numbers(operator.outputs, number),
                    settings=_settings(operator),
                    bodies=bodies,
                )
            )

    def constants(self, buffers: list[parsed.Buffer]) -> tuple[Constant, ...]:
        """Return what is stored, each byte of the file counted once."""
        found = []
        end = 0
        for start, size, number in sorted(
            (buffers[n].start, buffers[n].size, n) for n in self.users
        ):
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

    def _bodies(self, operator: parsed.Operator) -> tuple[int, ...]:
        fields = _BODIES.get(operator.name)
        options = operator.options() if fields else None
        if not fields or options is None:
            return ()
        bodies = tuple(options.integer(place, "i") for place in fields)
        for body in bodies:
            if not 0 <= body < len(self.subgraphs):
                raise FlatError(f"subgraph {body} is not there")
        return bodies

    def _numbers(self, indices: tuple[int, ...], subgraph: int) -> tuple[int, ...]:
        """Return the numbers of a subgraph's tensors, which count from 0 in the file."""
        first = self.first[subgraph]
        return tuple(ABSENT if index == parsed.ABSENT else first + index for index in indices)


def _value(tensor: parsed.Tensor) -> Value:
    place = tensor.table.target(schema.Tensor.QUANTIZATION)
    scales = 0
    if place is not None:
        _, scales = tensor.table.buffer.table_at(place).span(schema.Quantization.SCALE, 4)
    return Value(
        name=tensor.name,
        type=tensor.type,
        shape=tensor.shape_signature or tensor.shape,
        has_scale=scales > 0,
        is_variable=tensor.is_variable,
    )


def _settings(operator: parsed.Operator) -> dict[str, float | str]:
    fields = _OPTIONS.get(operator.name)
    options = operator.options() if fields else None
    if not fields or options is None:
        return {}
    return {label: _float(options.integer(place, "I")) for label, place in fields.items()}


def _float(bits: int) -> float:
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return float(value)
