"""Recurrent layers in a graph: as one operator each, or as a loop whose body is recognised.

A cell is known by the activations that its body computes: an LSTM has three sigmoids and two
tanhs, a GRU two and one, a SimpleRNN a tanh alone (Keras's defaults, the only ones that the fused
operators of both formats have). Converters may compute the gates' sigmoids in one and split it.
With other activations, such as hard sigmoids, an LSTM's product is still split into four and a
GRU's into three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edgernn.audit.graphs import Graph, Operator

__all__ = ["FUSED", "LOOPS", "Loop", "Recurrent", "find_recurrent", "read_loop"]

FUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "onnx": {
        "LSTM": "LSTM",
        "GRU": "GRU",
        "RNN": "SimpleRNN",
        "com.microsoft::AttnLSTM": "LSTM",
        "com.microsoft::DynamicQuantizeLSTM": "LSTM",
    },
    "tflite": {
        "BIDIRECTIONAL_SEQUENCE_LSTM": "LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN": "SimpleRNN",
        "LSTM": "LSTM",
        "RNN": "SimpleRNN",
        "UNIDIRECTIONAL_SEQUENCE_LSTM": "LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN": "SimpleRNN",
    },
}
"""The layer that each recurrent operator computes, under Keras's name, by format."""

LOOPS: Final[Mapping[str, frozenset[str]]] = {
    "onnx": frozenset({"Loop", "Scan"}),
    "tflite": frozenset({"WHILE"}),
}
"""The operators that run a body again and again."""

_SIGMOIDS: Final = frozenset({"Sigmoid", "LOGISTIC"})
_TANHS: Final = frozenset({"Tanh", "TANH"})
_PRODUCTS: Final = frozenset(
    {"MatMul", "Gemm", "MatMulInteger", "FULLY_CONNECTED", "BATCH_MATMUL", "FusedMatMul"}
)
# tf2onnx spells a choice by the mask as (not mask) * old + mask * new.
_OTHERS: Final = frozenset({"Relu", "HardSigmoid", "Clip", "RELU", "RELU6", "MINIMUM", "MAXIMUM"})
"""What activations other than Keras's defaults are made of."""
_CHOICES: Final = frozenset({"Where", "Not", "SELECT", "SELECT_V2"})


@dataclass(frozen=True, slots=True)
class Loop:
    """What the body of a loop computes."""

    cell: str | None
    """`LSTM`, `GRU` or `SimpleRNN`; None where it is none of them."""
    is_masked: bool
    """Whether a cell's body chooses between old and new state, as a mask makes it."""
    has_other_activations: bool = False
    """Whether its activations are not Keras's defaults, which fused operators compute."""

    @property
    def cell_text(self) -> str:
        """The cell with its article."""
        return f"{'an' if self.cell == 'LSTM' else 'a'} {self.cell} cell"


@dataclass(frozen=True, slots=True)
class Recurrent:
    """One recurrent operator, or a loop that computes a recurrent layer."""

    operator: Operator
    cell: str
    loop: Loop | None
    """None for a fused operator."""


def find_recurrent(graph: Graph) -> tuple[Recurrent, ...]:
    """Return the recurrent operators and loops of a graph, in its order."""
    found = []
    for operator in graph.operators:
        cell = FUSED[graph.format].get(operator.full_type)
        if cell is not None:
            found.append(Recurrent(operator, cell, None))
        elif operator.full_type in LOOPS[graph.format]:
            loop = read_loop(graph, operator)
            if loop.cell is not None:
                found.append(Recurrent(operator, loop.cell, loop))
    return tuple(found)


def read_loop(graph: Graph, operator: Operator) -> Loop:
    """Say what the body of a loop computes."""
    bodies = set(operator.bodies)

    def count(names: Iterable[str]) -> int:
        return sum(graph.types[body].get(name, 0) for body in bodies for name in names)

    sigmoids, tanhs = count(_SIGMOIDS), count(_TANHS)
    cell = None
    if count(_PRODUCTS):
        if tanhs == 2 and (sigmoids == 3 or (sigmoids and _splits_into(4, graph, bodies))):
            cell = "LSTM"
        elif tanhs == 1 and (sigmoids == 2 or (sigmoids and _splits_into(3, graph, bodies))):
            cell = "GRU"
        elif tanhs == 1 and not sigmoids and not _splits_into(3, graph, bodies):
            cell = "SimpleRNN"
    others = cell is None and count(_PRODUCTS) > 0 and count(_OTHERS) > 0
    if others:
        if _splits_into(4, graph, bodies):
            cell = "LSTM"
        elif _splits_into(3, graph, bodies):
            cell = "GRU"
        elif not sigmoids and not tanhs:
            cell = "SimpleRNN"
    return Loop(cell, cell is not None and count(_CHOICES) > 0, others and cell is not None)


def _splits_into(parts: int, graph: Graph, bodies: Iterable[int]) -> bool:
    return any(parts in graph.splits[body] for body in bodies)
