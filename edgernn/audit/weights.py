"""What each stored constant of a graph is for, and whether it is quantized.

A weight is followed from where it stands, through operators that only decode or reshape it and
into the bodies of loops, to the operators that compute with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from edgernn.audit.graphs import ABSENT, Constant, Graph, Operator, Reader, Value
from edgernn.bundle.messages import one_line
from edgernn.cells import operators

__all__ = ["INPUTS", "ROLES", "Weight", "read_weights"]

EMBEDDING: Final = "embedding"
NGRAMS: Final = "n-gram table"
RECURRENT: Final = "recurrent kernel"
DENSE: Final = "dense kernel"
BIAS: Final = "bias"
SCALE: Final = "scale or zero point"
OTHER: Final = "other"

ROLES: Final = (EMBEDDING, NGRAMS, RECURRENT, DENSE, BIAS, SCALE, OTHER)
"""What a weight is for; where it is read in several ways the first of these counts."""

_KERNELS: Final = frozenset({EMBEDDING, NGRAMS, RECURRENT, DENSE})

MOST_STEPS: Final = 64
"""How many tensors on a weight's way are looked at, and how many readers of each."""

MOST_STEPS_IN_ALL: Final = 1_000_000
"""How many readers are looked at for all weights of a file; the role of others is not found."""

_CARRIERS: Final[Mapping[str, int | None]] = {
    **dict.fromkeys(("DequantizeLinear", "Cast", "Reshape", "Transpose", "Identity"), 0),
    **dict.fromkeys(("Squeeze", "Unsqueeze", "Split", "Slice", "Flatten"), 0),
    **dict.fromkeys(("DEQUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "SQUEEZE"), 0),
    **dict.fromkeys(("EXPAND_DIMS", "SPLIT_V", "SLICE", "STRIDED_SLICE"), 0),
    "SPLIT": 1,
    "Concat": None,
    "CONCATENATION": None,
}
"""Operators that give on the numbers that they read, decoded or in another shape, and which input
that is; None for all of them."""

_BITCAST: Final = "BITCAST"
_DECODERS: Final = frozenset({"DequantizeLinear", "Cast", "DEQUANTIZE", "CAST", _BITCAST})
_SMALL_INTEGERS: Final = frozenset(
    {"INT2", "UINT2", "INT4", "UINT4", "INT8", "UINT8", "INT16", "UINT16"}
)
_WIDE: Final = frozenset({"FLOAT", "DOUBLE", "FLOAT32", "FLOAT64"})
_FLOATS: Final = _WIDE | {"FLOAT16", "BFLOAT16"}
_NUMBERS: Final = _FLOATS | _SMALL_INTEGERS
"""What a network is made of; INT32 and INT64 are sizes and places."""

Inputs = Mapping[str, Mapping[int, str]]

INPUTS: Final[Mapping[str, Inputs]] = {
    "onnx": {
        "MatMul": {0: DENSE, 1: DENSE},
        "FusedMatMul": {0: DENSE, 1: DENSE},
        "Gemm": {0: DENSE, 1: DENSE, 2: BIAS},
        "FusedGemm": {0: DENSE, 1: DENSE, 2: BIAS},
        "MatMulInteger": {0: DENSE, 1: DENSE, 2: SCALE, 3: SCALE},
        "DynamicQuantizeMatMul": {1: DENSE, 2: SCALE, 3: SCALE, 4: BIAS},
        "MatMulIntegerToFloat": {1: DENSE, **dict.fromkeys(range(2, 6), SCALE), 6: BIAS},
        "DequantizeLinear": {1: SCALE, 2: SCALE},
        "QuantizeLinear": {1: SCALE, 2: SCALE},
    },
    "tflite": {
        "EMBEDDING_LOOKUP": {1: EMBEDDING},
        "FULLY_CONNECTED": {1: DENSE, 2: BIAS},
        "BATCH_MATMUL": {0: DENSE, 1: DENSE},
    },
}
"""What the inputs of an operator are by their position, counted from 0, by format; `edgernn.cells`
says it of recurrent ones."""

_LOOKUPS: Final = frozenset({"Gather", "GATHER", "EMBEDDING_LOOKUP"})
_PRODUCT: Final = "Mul"
_SUMS: Final = frozenset({"Add", "ADD"})
_COMPARISONS: Final = frozenset({"Equal", "EQUAL"})


@dataclass(frozen=True, slots=True)
class Weight:
    """One stored constant."""

    name: str
    role: str
    """A name of `ROLES`."""
    type: str
    """How it is stored, in the format's words: `FLOAT`, `INT8`, `FLOAT16`."""
    shape: tuple[int, ...]
    numbers: int
    bytes: int
    """In this file; 0 for what stands in another one."""
    is_quantized: bool
    """Whether it is a kernel or embedding of small integers with a scale."""
    decoded_by: str
    """The operator that turns it back into floats before it is used; empty where none does."""
    used_by: tuple[str, ...]
    """The kinds of operators that compute with it, sorted."""
    is_compared: bool = False
    """Whether it is a table of checks, which n-grams are compared with."""

    @property
    def is_weight(self) -> bool:
        """Whether it was learnt: an embedding, a kernel or a bias."""
        return (self.role in _KERNELS and not self.is_compared) or self.role == BIAS

    def to_json(self) -> dict[str, Any]:
        """Return the weight as plain values."""
        return {
            "name": self.name,
            "role": self.role,
            "type": self.type,
            "shape": list(self.shape),
            "numbers": self.numbers,
            "bytes": self.bytes,
            "quantized": self.is_quantized,
            "decoded_by": self.decoded_by or None,
            "used_by": list(self.used_by),
        }


def read_weights(graph: Graph) -> tuple[Weight, ...]:
    """Return all stored constants of a graph, the largest first."""
    steps = count()
    inputs = {**INPUTS[graph.format], **_recurrent_inputs(graph.format)}
    weights = [_weight(graph, constant, inputs, steps) for constant in graph.constants]
    return tuple(sorted(weights, key=lambda weight: (-weight.bytes, weight.name)))


def _recurrent_inputs(format: str) -> Inputs:
    return {
        operator.type: {
            **dict.fromkeys(operator.kernels, RECURRENT),
            **dict.fromkeys(operator.biases, BIAS),
            **dict.fromkeys(operator.scales, SCALE),
        }
        for operator, _ in operators(format)
    }


@dataclass(slots=True)
class _Way:
    """What was met on a weight's way through the graph."""

    roles: set[str]
    users: set[str]
    decoders: set[str]
    is_compared: bool = False


def _weight(graph: Graph, constant: Constant, inputs: Inputs, steps: Iterator[int]) -> Weight:
    value = graph.values[constant.values[0]]
    way = _follow(graph, constant, value, inputs, steps)
    role = next((role for role in ROLES if role in way.roles), OTHER)
    is_compared = role == NGRAMS and way.is_compared
    return Weight(
        name=one_line(value.name),
        role=role,
        type=value.type,
        shape=_sizes(value),
        numbers=constant.elements,
        bytes=constant.bytes,
        # Integers that are read as the bits of floats are floats.
        is_quantized=role in _KERNELS
        and value.type in _SMALL_INTEGERS
        and _BITCAST not in way.decoders
        and not is_compared,
        decoded_by="" if is_compared else ", ".join(sorted(way.decoders)),
        used_by=tuple(map(one_line, sorted(way.users))),
        is_compared=is_compared,
    )


def _follow(
    graph: Graph, constant: Constant, value: Value, inputs: Inputs, steps: Iterator[int]
) -> _Way:
    """Go from a weight to the operators that compute with it."""
    way = _Way(set(), set(), set())
    # A number of a tensor, and whether a lookup in the weight gave it.
    pending = [(number, False) for number in constant.values]
    seen: set[int] = set()
    while pending and len(seen) < MOST_STEPS:
        number, is_row = pending.pop()
        if number in seen:
            continue
        seen.add(number)
        pending += [(inner, is_row) for inner in graph.inner.get(number, ())]
        for reader in graph.readers.get(number, ())[:MOST_STEPS]:
            if next(steps) >= MOST_STEPS_IN_ALL:
                return way
            operator = reader.operator
            gives = [(output, is_row) for output in operator.outputs if output != ABSENT]
            if operator.bodies:
                # What it passes to its body is followed above.
                continue
            role = _role(graph, reader, value, inputs)
            if operator.type in _DECODERS and reader.position == 0:
                if value.type not in _WIDE:
                    way.decoders.add(operator.full_type)
                pending += gives
            elif (role is None and _CARRIERS.get(operator.type, -1) in (None, reader.position)) or (
                not is_row and role is None and _is_scaled(graph, operator)
            ):
                pending += gives
            elif is_row and operator.type in _COMPARISONS:
                way.is_compared = True
                way.users.add(operator.full_type)
            elif not is_row:
                way.users.add(operator.full_type)
                if role is not None:
                    way.roles.add(role)
                    is_lookup = operator.type in _LOOKUPS
                    pending += [(output, True) for output, _ in gives if is_lookup]
    return way


def _role(graph: Graph, reader: Reader, value: Value, inputs: Inputs) -> str | None:
    """Return what a reader takes the weight for, None where that is nothing known."""
    operator, position = reader.operator, reader.position
    sizes = _sizes(value)
    if operator.type in ("Gather", "GATHER"):
        if position != 0 or not 1 <= len(sizes) <= 2 or value.type not in _NUMBERS:
            return None
        if _is_hashed(graph, operator):
            return NGRAMS
        # A number for each row of an embedding, looked up by the same ids, is its scale.
        return EMBEDDING if sizes[1:] not in ((), (1,)) else SCALE
    if operator.type == _PRODUCT and position == 1 and _is_scaled(graph, operator):
        return SCALE
    if operator.type in _SUMS:
        return BIAS if value.type in _FLOATS and max(sizes, default=0) > 1 else None
    role = inputs.get(operator.type, {}).get(position)
    if role in _KERNELS and value.type not in _NUMBERS:
        return None
    if position == 0 and sizes[:1] in ((), (1,)):
        # A state that a loop starts from.
        return None
    if role == DENSE and operator.subgraph in graph.looped:
        return RECURRENT
    return role


def _is_scaled(graph: Graph, product: Operator) -> bool:
    """Tell whether an operator multiplies stored integers, made floats, by their scales."""
    if product.type != _PRODUCT:
        return False
    cast = graph.makers.get(product.inputs[0])
    if cast is None or cast.type != "Cast" or cast.inputs[0] in graph.makers:
        return False
    return graph.values[cast.inputs[0]].type in _SMALL_INTEGERS


def _is_hashed(graph: Graph, lookup: Operator) -> bool:
    """Tell whether a lookup's places are remainders, as those of hashed n-grams are."""
    maker = graph.makers.get(lookup.inputs[1]) if len(lookup.inputs) > 1 else None
    return maker is not None and maker.type in ("Mod", "FLOOR_MOD")


def _sizes(value: Value) -> tuple[int, ...]:
    return tuple(size for size in value.shape or () if isinstance(size, int))
