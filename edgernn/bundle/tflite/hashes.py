"""Which way ids may go in a .tflite graph: to a row of a table that is there, and no other.

All integers that n-grams are hashed from go the way that they go in an export, from operator to
operator, each in one place. A table is looked up by ids, of which there are no more than it has
rows, or by what `FLOOR_MOD` leaves of a positive constant, which is never negative.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edgernn.bundle.tflite.flatwire import FlatError

__all__ = ["MAX_COMPUTED_ELEMENTS", "Graph", "Operator", "Tensor", "check_hashes"]

MAX_COMPUTED_ELEMENTS: Final = 1 << 20
"""Bound on the elements of a tensor that is computed, for a text of one token; and on the product
of a constant's numbers, which may be such a shape."""

MAX_VECTOR: Final = 256
"""Bound on the numbers of an n-gram's vector, of which there are several a token."""

_HASHES: Final[Mapping[tuple[str, ...], str]] = {
    # Ids that are turned into others before they are hashed.
    ("MUL", "ids", "constant"): "scaled",
    ("MUL", "spread", "constant"): "scaled",
    ("FLOOR_MOD", "scaled", "constant"): "spread",
    ("RESHAPE", "spread", "constant"): "tokens",
    ("RESHAPE", "ids", "constant"): "tokens",
    ("PAD", "tokens", "constant"): "padded",
    ("STRIDED_SLICE", "padded", "constant", "constant", "constant"): "shifted",
    ("MUL", "tokens", "constant"): "product",
    ("MUL", "shifted", "constant"): "product",
    ("ADD", "product", "constant"): "hashed",
    ("ADD", "hashed", "product"): "hashed",
    ("FLOOR_MOD", "hashed", "constant"): "bucket",
    # A number, or the check that the n-gram must have for it.
    ("GATHER", "constant", "bucket"): "found",
    ("CAST", "found"): "held",
    ("EQUAL", "held", "bucket"): "",
    ("GATHER", "constant", "ids"): "",
    # A table that `DEQUANTIZE` decodes.
    ("GATHER", "", "bucket"): "",
    ("GATHER", "", "ids"): "",
    ("SHAPE", "ids"): "",
}
"""What ids become: the operator, the kinds of its inputs, and the kind that it gives; one that is
empty is none of these."""
_ONLY_HASHES: Final = frozenset({"EQUAL", "FLOOR_MOD", "PAD"})
"""Operators that are of use for nothing else."""
_TO_INTEGERS: Final = frozenset({"CAST", "MUL"})
"""Operators that give integers for nothing else."""
_WHOLE: Final = frozenset({"i", "p"})
"""Letters of tensors of whole numbers; what is none any more is nothing to follow."""
_COUNTS: Final = frozenset({"ADD", "FLOOR_MOD", "MUL"})
"""Operators whose constant is a number to compute with, not a shape."""
_FEW: Final = 8
"""Bound on the ids of an n-gram, and on how many lengths of them there are."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor, as far as it is checked."""

    letter: str
    """See `edgernn.bundle.tflite.forms.LETTERS`."""
    shape: tuple[int, ...]
    numbers: tuple[int, ...] | None
    """The values of an INT32 constant without a scale."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator; tensors by their number in the graph."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A subgraph."""

    tensors: list[Tensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: list[Operator]

    def makers(self) -> dict[int, Operator]:
        """Return which operator writes each computed tensor."""
        return {number: operator for operator in self.operators for number in operator.outputs}


def check_hashes(graph: Graph, ids: Sequence[int], vocabulary_size: int) -> None:
    """Check where the ids of a graph go, and what else could be a place in a table.

    Args:
        graph: the main graph, or that of a loop.
        ids: the tensors that are ids; none in a loop.
        vocabulary_size: every id is below it.

    Raises:
        FlatError: they go elsewhere than in an export, or to a table with too few rows.
    """
    makers = graph.makers()
    kinds = dict.fromkeys(ids, "ids")
    for operator in graph.operators:
        given = [_kind(graph, kinds, number) for number in operator.inputs]
        if not _concerns_ids(graph, operator, given):
            if operator.name == "GATHER" and ids:
                raise FlatError("a lookup of something that is no id")
            _check_shapes(graph, operator)
            continue
        kind = _HASHES.get((operator.name, *given))
        if kind is None:
            raise FlatError(f"ids, or n-grams of them, go into {operator.name}")
        last = graph.tensors[operator.inputs[-1]].numbers
        if operator.name == "GATHER":
            _check_table(graph, operator, makers, vocabulary_size)
        elif last is not None and not _is_sound(operator.name, last):
            raise FlatError(f"ids go into {operator.name} with numbers that no export has")
        if operator.name not in _COUNTS:
            _check_shapes(graph, operator)
        if graph.tensors[operator.outputs[0]].letter in _WHOLE:
            kinds.update(dict.fromkeys(operator.outputs, kind))


def _concerns_ids(graph: Graph, operator: Operator, given: Sequence[str]) -> bool:
    """Tell whether an operator takes ids or what they became, or is of use for nothing else."""
    whole = graph.tensors[operator.outputs[0]].letter == "i"
    return (
        (whole and operator.name in _TO_INTEGERS)
        or operator.name in _ONLY_HASHES
        or not {"", "constant"}.issuperset(given)
    )


def _is_sound(name: str, numbers: tuple[int, ...]) -> bool:
    """Tell whether an operator's constant is one that an export may have."""
    if name == "PAD":
        return len(numbers) == 4 and 0 < numbers[0] < _FEW and not any(numbers[1:])
    if name == "FLOOR_MOD":
        return len(numbers) == 1 and numbers[0] > 0
    return len(numbers) <= _FEW


def _kind(graph: Graph, kinds: Mapping[int, str], number: int) -> str:
    if number == -1:
        return ""
    return "constant" if graph.tensors[number].letter.isupper() else kinds.get(number, "")


def _check_shapes(graph: Graph, operator: Operator) -> None:
    """No constant that may be a shape is one of more elements than an export computes."""
    for number in operator.inputs:
        numbers = None if number == -1 else graph.tensors[number].numbers
        if math.prod(abs(n) or 1 for n in numbers or ()) > MAX_COMPUTED_ELEMENTS:
            raise FlatError("a constant shape that is too large")


def _check_table(
    graph: Graph, lookup: Operator, makers: Mapping[int, Operator], vocabulary_size: int
) -> None:
    """A table has a row for each id or bucket that is looked up in it."""
    source, place = lookup.inputs
    maker = makers.get(source)
    if maker is not None and maker.name == "DEQUANTIZE":
        source = maker.inputs[0]
    hashed = makers.get(place)
    # Without an operator that makes it, it is an id.
    moduli = (vocabulary_size,) if hashed is None else graph.tensors[hashed.inputs[1]].numbers
    table = graph.tensors[source]
    # A bucket holds a number, or a vector.
    rows = table.shape[0] if len(table.shape) in ((2,) if hashed is None else (1, 2)) else 0
    (below,) = moduli or (vocabulary_size,)
    if hashed is not None and max(table.shape[1:], default=0) > MAX_VECTOR:
        raise FlatError("vectors of n-grams that are too long")
    if table.letter.islower() or rows < below:
        raise FlatError(
            f"the contract has {below} ids, the embedding {rows} rows"
            if hashed is None
            else f"{below} buckets of n-grams, in a table of {rows}"
        )
