"""Read the graph of any .onnx file, with the bodies of its loops and its functions.

The field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Names of
tensors are looked up as ONNX has it: in the body, then in the graph around it.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final

from edgernn.audit.graphs import ABSENT, Constant, Graph, Operator, Subgraph, Value
from edgernn.bundle.messages import one_line
from edgernn.bundle.onnx.file import broken, view_of
from edgernn.bundle.onnx.protowire import Budget, ProtoError, WireType, iter_fields
from edgernn.bundle.onnx.summary import MAX_DEPTH, OnnxHead, plain_domain, read_head
from edgernn.bundle.onnx.tensors import read_tensor

__all__ = ["read_onnx"]

MAX_FIELDS: Final = 1_000_000
"""Fields read from one file; a recurrent network that is unrolled step by step has many."""

_MESSAGES_A_BODY: Final = 3
"""Graph, operator, attribute: the messages that lie around a body inside a graph."""

_MODEL_GRAPH, _MODEL_FUNCTION = 7, 25
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 2, 5, 15
_GRAPH_INPUT, _GRAPH_OUTPUT = 11, 12
_FUNCTION_NAME, _FUNCTION_INPUT, _FUNCTION_OUTPUT = 1, 4, 5
_FUNCTION_NODE, _FUNCTION_OPSET, _FUNCTION_DOMAIN = 7, 9, 10
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP_TYPE = 1, 2, 3, 4
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_FLOAT, _ATTRIBUTE_INTEGER, _ATTRIBUTE_TEXT = 1, 2, 3, 4
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 5, 6, 11
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_VALUE_NAME = 1

_MAX_RANK: Final = 8
_MOST_NUMBERS_A_BYTE: Final = 4
"""Numbers of 2 bits are the smallest that there are."""


def read_onnx(data: bytes, name: str) -> Graph:
    """Read the graph of an .onnx file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the file is broken, or is not an ONNX model.
    """
    with broken(name):
        budget = Budget(MAX_FIELDS)
        view = view_of(data)
        head = read_head(view, budget)
        reader = _Reader(budget, dict(head.opsets))
        parts, functions = [], []
        for part in iter_fields(view, budget):
            if part.number == _MODEL_GRAPH:
                parts.append(part.view)
            elif part.number == _MODEL_FUNCTION:
                functions.append(part.view)
        reader.graph(parts, "", _Scope(), 0)
        for function in functions:
            reader.function(function)
        return reader.finish(head)


@dataclass(slots=True)
class _Scope:
    """The names of a graph, and those of the graph around it."""

    around: _Scope | None = None
    names: dict[str, int] = field(default_factory=dict)

    def find(self, name: str) -> int | None:
        """Return the value of a name, None where no graph has it."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return None


@dataclass(slots=True)
class _Node:
    """A NodeProto as it stands there."""

    name: str = ""
    op_type: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    settings: dict[str, float | str] = field(default_factory=dict)
    bodies: list[memoryview] = field(default_factory=list)
    tensors: list[memoryview] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    """Collects the parts of the graph."""

    budget: Budget
    opsets: dict[str, int]
    values: list[Value] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    subgraphs: list[Subgraph | None] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external: list[str] = field(default_factory=list)

    def finish(self, head: OnnxHead) -> Graph:
        """Put the graph together."""
        shown = {tensor.name: tensor for tensor in head.inputs}
        subgraphs = [subgraph for subgraph in self.subgraphs if subgraph is not None]
        main = subgraphs[0]
        for number in main.inputs:
            tensor = shown.get(self.values[number].name)
            if tensor is not None:
                self.values[number] = Value(tensor.name, tensor.element_type, tensor.shape)
        # An initializer that is listed as an input too is a weight that may be replaced.
        inputs = tuple(n for n in main.inputs if self.values[n].name in shown)
        return Graph(
            format="onnx",
            values=tuple(self.values),
            operators=tuple(self.operators),
            subgraphs=(Subgraph(main.name, inputs, main.outputs), *subgraphs[1:]),
            constants=tuple(self.constants),
            passed=tuple(self.passed),
            producer=head.producer,
            ir_version=head.ir_version,
            opsets=self.opsets,
            functions=frozenset(self.functions),
            external=tuple(self.external),
        )

    def graph(
        self, parts: list[memoryview], owner: str, scope: _Scope, depth: int
    ) -> tuple[int, tuple[int, ...]]:
        """Read a GraphProto, in one part or several; return its number and its inputs'."""
        if depth * _MESSAGES_A_BODY > MAX_DEPTH:
            raise ProtoError(f"nested more than {MAX_DEPTH} deep")
        number = len(self.subgraphs)
        self.subgraphs.append(None)
        name = ""
        nodes: list[memoryview] = []
        inputs: list[str] = []
        outputs: list[str] = []
        # Initializers may stand behind the operators that read them.
        for part in parts:
            for item in iter_fields(part, self.budget):
                if item.number == _GRAPH_NODE:
                    nodes.append(item.view)
                elif item.number == _GRAPH_NAME:
                    name = item.text
                elif item.number == _GRAPH_INITIALIZER:
                    self._constant(item.view, self._new_of(item.view, scope))
                elif item.number == _GRAPH_SPARSE:
                    self._sparse(item.view, scope)
                elif item.number == _GRAPH_INPUT:
                    inputs.append(self._name(item.view))
                elif item.number == _GRAPH_OUTPUT:
                    outputs.append(self._name(item.view))
        # In the main graph an input may be an initializer too.
        own = tuple(self._new(n, scope) if owner else self._find(n, scope) for n in inputs)
        self._nodes(nodes, number, scope, depth)
        ends = tuple(self._find(n, scope) for n in outputs)
        shown = f"the body of {one_line(owner)}" if owner else one_line(name)
        self.subgraphs[number] = Subgraph(shown, own, ends)
        return number, own

    def function(self, message: memoryview) -> None:
        """Read a FunctionProto: an operator that the file defines by others."""
        name, domain = "", ""
        nodes: list[memoryview] = []
        inputs: list[str] = []
        outputs: list[str] = []
        for item in iter_fields(message, self.budget):
            if item.number == _FUNCTION_NAME:
                name = item.text
            elif item.number == _FUNCTION_DOMAIN:
                domain = plain_domain(item.text)
            elif item.number == _FUNCTION_INPUT:
                inputs.append(item.text)
            elif item.number == _FUNCTION_OUTPUT:
                outputs.append(item.text)
            elif item.number == _FUNCTION_NODE:
                nodes.append(item.view)
            elif item.number == _FUNCTION_OPSET:
                for other, version in self._opset(item.view):
                    self.opsets[other] = max(version, self.opsets.get(other, version))
        self.functions.add((domain, name))
        number = len(self.subgraphs)
        self.subgraphs.append(None)
        scope = _Scope()
        own = tuple(self._new(n, scope) for n in inputs)
        self._nodes(nodes, number, scope, 0)
        ends = tuple(self._find(n, scope) for n in outputs)
        self.subgraphs[number] = Subgraph(f"function {one_line(name)}", own, ends)

    def _opset(self, message: memoryview) -> list[tuple[str, int]]:
        # An OperatorSetIdProto: domain 1, version 2.
        domain, version = "", 0
        for item in iter_fields(message, self.budget):
            if item.number == 1:
                domain = plain_domain(item.text)
            elif item.number == 2:
                version = item.signed
        return [(domain, version)]

    def _nodes(self, messages: list[memoryview], subgraph: int, scope: _Scope, depth: int) -> None:
        for position, message in enumerate(messages):
            node = self._node(message)
            inputs = tuple(self._find(n, scope) if n else ABSENT for n in node.inputs)
            outputs = tuple(self._new(n, scope) if n else ABSENT for n in node.outputs)
            for tensor in node.tensors:
                given = node.op_type == "Constant" and outputs[:1] not in ((), (ABSENT,))
                self._constant(tensor, outputs[0] if given else self._new_of(tensor, scope))
            owner = node.name or f"{node.op_type} {position}"
            bodies = []
            for body in node.bodies:
                number, entries = self.graph([body], owner, _Scope(scope), depth + 1)
                bodies.append(number)
                self.passed += _passed(node.op_type, inputs, entries)
            self.operators.append(
                Operator(
                    subgraph=subgraph,
                    position=position,
                    name=node.name,
                    type=node.op_type,
                    domain=node.domain,
                    version=self.opsets.get(node.domain, 0),
                    inputs=inputs,
                    outputs=outputs,
                    settings=node.settings,
                    bodies=tuple(bodies),
                )
            )

    def _node(self, message: memoryview) -> _Node:
        node = _Node()
        for item in iter_fields(message, self.budget):
            if item.number == _NODE_INPUT:
                node.inputs.append(item.text)
            elif item.number == _NODE_OUTPUT:
                node.outputs.append(item.text)
            elif item.number == _NODE_NAME:
                node.name = item.text
            elif item.number == _NODE_OP_TYPE:
                node.op_type = item.text
            elif item.number == _NODE_DOMAIN:
                node.domain = plain_domain(item.text)
            elif item.number == _NODE_ATTRIBUTE:
                self._attribute(item.view, node)
        return node

    def _attribute(self, message: memoryview, node: _Node) -> None:
        name = ""
        value: float | str | None = None
        for item in iter_fields(message, self.budget):
            if item.number == _ATTRIBUTE_NAME:
                name = item.text
            elif item.number == _ATTRIBUTE_INTEGER:
                value = item.signed
            elif item.number == _ATTRIBUTE_FLOAT and item.wire_type is WireType.FIXED32:
                (value,) = struct.unpack("<f", struct.pack("<I", item.value))
            elif item.number == _ATTRIBUTE_TEXT:
                value = bytes(item.view[:256]).decode("utf-8", "replace")
            elif item.number == _ATTRIBUTE_TENSOR:
                node.tensors.append(item.view)
            elif item.number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
                node.bodies.append(item.view)
        if value is not None:
            node.settings[name] = value

    def _constant(self, message: memoryview, target: int) -> None:
        """Note a TensorProto, which holds the numbers of a value."""
        tensor = read_tensor(message, self.budget)
        shape = tensor.shape
        name = self.values[target].name
        self.values[target] = Value(name, tensor.element_type, shape)
        if tensor.external:
            self.external.append(name)
        # A hostile shape may stand for any number of numbers, or take long to multiply.
        elements = math.prod(shape) if len(shape) <= _MAX_RANK else 0
        if elements > _MOST_NUMBERS_A_BYTE * tensor.stored_bytes:
            elements = 0
        self.constants.append(Constant((target,), tensor.stored_bytes, elements, tensor.external))

    def _sparse(self, message: memoryview, scope: _Scope) -> None:
        for item in iter_fields(message, self.budget):
            if item.number in (_SPARSE_VALUES, _SPARSE_INDICES):
                self._constant(item.view, self._new_of(item.view, scope))

    def _new_of(self, message: memoryview, scope: _Scope) -> int:
        """Return a new value for a TensorProto, under its name."""
        return self._new(read_tensor(message, self.budget).name, scope)

    def _name(self, message: memoryview) -> str:
        """Return the name of a ValueInfoProto."""
        name = ""
        for item in iter_fields(message, self.budget):
            if item.number == _VALUE_NAME:
                name = item.text
        return name

    def _new(self, name: str, scope: _Scope) -> int:
        self.values.append(Value(name, ""))
        scope.names[name] = len(self.values) - 1
        return scope.names[name]

    def _find(self, name: str, scope: _Scope) -> int:
        """Return the value of a name; one that nothing gives is new."""
        found = scope.find(name)
        return self._new(name, scope) if found is None else found


def _passed(
    op_type: str, inputs: tuple[int, ...], entries: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Which inputs of a loop become which inputs of its body.

    A Loop has trip count and condition in front of its states, its body an iteration number and
    the condition; a Scan passes all on (ONNX operators `Loop` and `Scan`).
    """
    skipped = {"Loop": 2, "Scan": 0}.get(op_type)
    if skipped is None:
        return []
    pairs = zip(inputs[skipped:], entries[skipped:], strict=False)
    return [(outer, inner) for outer, inner in pairs if outer != ABSENT]
