"""The graph of any .onnx file as an audit has it, with the bodies of its loops and its functions.

Names of tensors are looked up as ONNX has it: in the body, then in the graph around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from edgernn.audit.graphs import ABSENT, Constant, Graph, Operator, Subgraph, Value
from edgernn.bundle.messages import one_line
from edgernn.bundle.onnx import model as parsed
from edgernn.bundle.onnx.content import OnnxContent

__all__ = ["read_onnx"]

_MAX_RANK: Final = 8
_MOST_NUMBERS_A_BYTE: Final = 4
"""Numbers of 2 bits are the smallest that there are."""


def read_onnx(content: OnnxContent) -> Graph:
    """Return the graph of an .onnx file."""
    model = content.model
    reader = _Reader(dict(model.opsets))
    reader.graph(model.graph, "", _Scope())
    for function in model.functions:
        reader.function(function)
    return reader.finish(model)


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
class _Reader:
    """Collects the parts of the graph."""

    opsets: dict[str, int]
    values: list[Value] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    subgraphs: list[Subgraph | None] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external: list[str] = field(default_factory=list)

    def finish(self, model: parsed.Model) -> Graph:
        """Put the graph together."""
        shown = {tensor.name: tensor for tensor in model.inputs}
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
            producer=model.producer,
            ir_version=model.ir_version,
            opsets=self.opsets,
            functions=frozenset(self.functions),
            external=tuple(self.external),
        )

    def graph(self, graph: parsed.Graph, owner: str, scope: _Scope) -> tuple[int, tuple[int, ...]]:
        """Add a graph; return its number and its inputs'."""
        number = len(self.subgraphs)
        self.subgraphs.append(None)
        # Initializers may stand behind the operators that read them.
        for tensor in (*graph.initializers, *graph.sparse):
            self._constant(tensor, self._new(tensor.name, scope))
        # In the main graph an input may be an initializer too.
        names = [tensor.name for tensor in graph.inputs]
        own = tuple(self._new(n, scope) if owner else self._find(n, scope) for n in names)
        self._nodes(graph.nodes, number, scope)
        ends = tuple(self._find(tensor.name, scope) for tensor in graph.outputs)
        shown = f"the body of {one_line(owner)}" if owner else one_line(graph.name)
        self.subgraphs[number] = Subgraph(shown, own, ends)
        return number, own

    def function(self, function: parsed.Function) -> None:
        """Add an operator that the file defines by others."""
        for domain, version in function.opsets:
            self.opsets[domain] = max(version, self.opsets.get(domain, version))
        self.functions.add((function.domain, function.name))
        number = len(self.subgraphs)
        self.subgraphs.append(None)
        scope = _Scope()
        own = tuple(self._new(n, scope) for n in function.inputs)
        self._nodes(function.nodes, number, scope)
        ends = tuple(self._find(n, scope) for n in function.outputs)
        self.subgraphs[number] = Subgraph(f"function {one_line(function.name)}", own, ends)

    def _nodes(self, nodes: list[parsed.Node], subgraph: int, scope: _Scope) -> None:
        for position, node in enumerate(nodes):
            inputs = tuple(self._find(n, scope) if n else ABSENT for n in node.inputs)
            outputs = tuple(self._new(n, scope) if n else ABSENT for n in node.outputs)
            owner = node.name or f"{node.op_type} {position}"
            settings: dict[str, float | str] = {}
            bodies = []
            for attribute in node.attributes:
                if attribute.value is not None:
                    settings[attribute.name] = attribute.value
                tensor = attribute.tensor
                if tensor is not None:
                    given = node.op_type == "Constant" and outputs[:1] not in ((), (ABSENT,))
                    value = outputs[0] if given else self._new(tensor.name, scope)
                    self._constant(tensor, value)
                for body in attribute.graphs:
                    number, entries = self.graph(body, owner, _Scope(scope))
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
                    settings=settings,
                    bodies=tuple(bodies),
                )
            )

    def _constant(self, tensor: parsed.Tensor, target: int) -> None:
        """Note a tensor that holds the numbers of a value."""
        shape = tuple(tensor.dims)
        name = self.values[target].name
        self.values[target] = Value(name, tensor.element_type, shape)
        if tensor.external:
            self.external.append(name)
        # A hostile shape may stand for any number of numbers, or take long to multiply.
        elements = math.prod(shape) if len(shape) <= _MAX_RANK else 0
        if elements > _MOST_NUMBERS_A_BYTE * tensor.stored_bytes:
            elements = 0
        self.constants.append(Constant((target,), tensor.stored_bytes, elements, tensor.external))

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
