"""A model's graph in one form for both formats, as far as an audit needs it.

Every tensor of every subgraph has one number, its place in `Graph.values`, so that a weight can be
followed from the main graph into the body of a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from edgernn.bundle.messages import one_line

__all__ = ["ABSENT", "Constant", "Graph", "Operator", "Reader", "Subgraph", "Value"]

ABSENT: Final = -1
"""The number of an optional input that is left out."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of a graph."""

    name: str
    type: str
    """As the format names it: `FLOAT`, `FLOAT32`, `INT8`; empty where the file does not say."""
    shape: tuple[int | str | None, ...] | None = None
    """-1, a name or None for a size that is not fixed; None without a rank."""
    has_scale: bool = False
    """Whether the file gives the tensor a scale of its own, as TFLite does."""
    is_variable: bool = False
    """Whether it keeps a state from one call to the next, as TFLite's variables do."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Numbers that are stored in the file."""

    values: tuple[int, ...]
    """The tensors that have them; several may share one place in the file."""
    bytes: int
    """What they take in the file; bytes that another constant has claimed already do not count."""
    elements: int
    external: bool = False
    """Whether they stand in another file, which is not read."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a graph or of the body of a loop."""

    subgraph: int
    position: int
    """Its place in the subgraph."""
    name: str
    """Its own name; empty in TFLite, which gives none."""
    type: str
    """`LSTM`, `WHILE`; without the domain."""
    domain: str
    """Empty for the format's own operators; `custom` for TFLite's custom ones."""
    version: int
    """TFLite's version of the operator, ONNX's opset of its domain; 0 where the file has none."""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    settings: Mapping[str, float | str] = field(default_factory=dict)
    """Those of its attributes or options that are numbers or texts and matter here."""
    bodies: tuple[int, ...] = ()
    """The subgraphs that it runs."""

    @property
    def full_type(self) -> str:
        """Type with domain: `LSTM`, `com.microsoft::DynamicQuantizeLSTM`, `custom::FlexErf`."""
        return f"{self.domain}::{self.type}" if self.domain else self.type


@dataclass(frozen=True, slots=True)
class Subgraph:
    """The main graph, which is the first, or one that an operator runs."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """An operator that reads a value, and as which of its inputs."""

    operator: Operator
    position: int


@dataclass(frozen=True)
class Graph:
    """All of a file that is neither weights nor attachments."""

    format: str
    values: tuple[Value, ...]
    operators: tuple[Operator, ...]
    subgraphs: tuple[Subgraph, ...]
    constants: tuple[Constant, ...]
    passed: tuple[tuple[int, int], ...] = ()
    """Pairs of a value and the input of a body that it becomes."""
    producer: str = ""
    ir_version: int = 0
    """Of ONNX's file format; 0 for TFLite."""
    opsets: Mapping[str, int] = field(default_factory=dict)
    """Version by domain, for ONNX; the default domain is the empty string."""
    functions: frozenset[tuple[str, str]] = frozenset()
    """Domain and name of operators that the file itself defines by others."""
    external: tuple[str, ...] = ()
    """What has its numbers in another file."""

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The main graph's inputs."""
        return tuple(self.values[number] for number in self.subgraphs[0].inputs)

    @cached_property
    def readers(self) -> Mapping[int, tuple[Reader, ...]]:
        """Who reads each value, those inside a body that it is passed to not counted."""
        found: dict[int, list[Reader]] = {}
        for operator in self.operators:
            for position, number in enumerate(operator.inputs):
                if number != ABSENT:
                    found.setdefault(number, []).append(Reader(operator, position))
        return {number: tuple(readers) for number, readers in found.items()}

    @cached_property
    def makers(self) -> Mapping[int, Operator]:
        """Which operator gives each value that is computed."""
        return {number: operator for operator in self.operators for number in operator.outputs}

    @cached_property
    def inner(self) -> Mapping[int, tuple[int, ...]]:
        """The inputs of bodies that each value is passed to."""
        found: dict[int, list[int]] = {}
        for outer, inner in self.passed:
            found.setdefault(outer, []).append(inner)
        return {number: tuple(inner) for number, inner in found.items()}

    @cached_property
    def by_subgraph(self) -> tuple[tuple[Operator, ...], ...]:
        """The operators of each subgraph."""
        found: list[list[Operator]] = [[] for _ in self.subgraphs]
        for operator in self.operators:
            found[operator.subgraph].append(operator)
        return tuple(map(tuple, found))

    @cached_property
    def types(self) -> tuple[Mapping[str, int], ...]:
        """How often each type occurs in each subgraph, whatever its domain."""
        return tuple(Counter(op.type for op in operators) for operators in self.by_subgraph)

    @cached_property
    def splits(self) -> tuple[frozenset[int], ...]:
        """Into how many parts tensors are split in each subgraph."""
        return tuple(
            frozenset(len(op.outputs) for op in operators if op.type in _SPLITS)
            for operators in self.by_subgraph
        )

    @cached_property
    def looped(self) -> frozenset[int]:
        """The subgraphs that a loop runs again and again, those inside them included."""
        pending = [b for op in self.operators if op.type in _LOOPS for b in op.bodies]
        found: set[int] = set()
        while pending:
            subgraph = pending.pop()
            if subgraph not in found:
                found.add(subgraph)
                pending += [b for op in self.by_subgraph[subgraph] for b in op.bodies]
        return frozenset(found)

    def of_type(self, *types: str) -> Iterator[Operator]:
        """Go through the operators of these types of the format's own domain."""
        return (op for op in self.operators if not op.domain and op.type in types)

    def location(self, operator: Operator) -> str:
        """Say where an operator stands, in words fit for a terminal."""
        inside = self.subgraphs[operator.subgraph].name or f"subgraph {operator.subgraph}"
        within = f", in {one_line(inside)}" if operator.subgraph else ""
        if operator.name:
            return f"{one_line(operator.name)}{within}"
        outputs = [self.values[number].name for number in operator.outputs if number != ABSENT]
        named = f", which gives {one_line(outputs[0])}" if outputs and outputs[0] else ""
        return f"operator {operator.position}{named}{within}"


_LOOPS: Final = frozenset({"Loop", "Scan", "WHILE"})
_SPLITS: Final = frozenset({"Split", "SPLIT", "SPLIT_V"})
