"""Recurrent layers in a graph: as one operator each, or as a loop whose body is recognised.

A cell is known by the activations that its body computes: an LSTM has three sigmoids and two
tanhs, a GRU two and one, a SimpleRNN a tanh alone (Keras's defaults, the only ones that the fused
operators of both formats have). Converters may compute the gates' sigmoids in one and split it.
With other activations, such as hard sigmoids, an LSTM's product is still split into four and a
GRU's into three. How many there are of each, `edgernn.cells` says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edgernn.audit.graphs import Graph, Operator
from edgernn.cells import CELLS, Cell, operators

__all__ = ["LOOPS", "Loop", "Recurrent", "find_recurrent", "read_loop"]

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

    cell: Cell | None
    """None where it is none that is known."""
    is_masked: bool
    """Whether a cell's body chooses between old and new state, as a mask makes it."""
    has_other_activations: bool = False
    """Whether its activations are not Keras's defaults, which fused operators compute."""
    products: int = 0
    """How many it computes in a step: one where the inputs' are computed before it."""


@dataclass(frozen=True, slots=True)
class Recurrent:
    """One recurrent operator, or a loop that computes a recurrent layer."""

    operator: Operator
    cell: Cell
    loop: Loop | None
    """None for a fused operator."""


def find_recurrent(graph: Graph) -> tuple[Recurrent, ...]:
    """Return the recurrent operators and loops of a graph, in its order."""
    found = []
    fused = {operator.name: cell for operator, cell in operators(graph.format)}
    for operator in graph.operators:
        cell = fused.get(operator.full_type)
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
    parts = {
        len(cell.gates) for cell in CELLS.values() if _splits_into(len(cell.gates), graph, bodies)
    }
    products = count(_PRODUCTS)
    if not products:
        return Loop(None, is_masked=False)
    is_masked = count(_CHOICES) > 0
    # Where two would fit, that of more gates is meant.
    cells = sorted(CELLS.values(), key=lambda cell: -len(cell.gates))
    for cell in cells:
        if _is_usual(cell, sigmoids, tanhs, parts):
            return Loop(cell, is_masked, products=products)
    for cell in cells if count(_OTHERS) else ():
        if len(cell.gates) in parts if cell.sigmoid_gates else not sigmoids and not tanhs:
            return Loop(cell, is_masked, has_other_activations=True)
    return Loop(None, is_masked=False)


def _is_usual(cell: Cell, sigmoids: int, tanhs: int, parts: Collection[int]) -> bool:
    """Tell whether a body with so many sigmoids and tanhs may be a cell of Keras's defaults.

    Args:
        cell: of the table.
        sigmoids: operators in the body.
        tanhs: operators in the body.
        parts: into how many parts of cells the body splits something.
    """
    if tanhs != cell.activations.count("activation"):
        return False
    if cell.sigmoid_gates:
        split = len(cell.gates) in parts
        return sigmoids == len(cell.sigmoid_gates) or (sigmoids > 0 and split)
    # With other gates than sigmoids it would be one of these.
    gated = (other for other in CELLS.values() if other.sigmoid_gates)
    alike = (len(o.gates) for o in gated if o.activations.count("activation") == tanhs)
    return not sigmoids and not any(count in parts for count in alike)


def _splits_into(parts: int, graph: Graph, bodies: Iterable[int]) -> bool:
    return any(parts in graph.splits[body] for body in bodies)
