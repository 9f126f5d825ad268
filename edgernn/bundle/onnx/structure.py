"""Whether an .onnx graph may be given to the engine: of known parts, soundly put together.

ONNX has loops that need not end, operators that make a gigabyte of one number, and functions and
graphs inside graphs. An export has none of these: one graph of few operators, each in few forms.
What is not in the table of `edgernn.bundle.onnx.forms` does not reach the engine.
"""

from __future__ import annotations

import dataclasses
import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edgernn.bundle.onnx.forms import (
    DATA,
    DECODERS,
    FORMS,
    IDS,
    LENGTHS,
    LETTERS,
    WEIGHT,
    recurrent_forms,
)
from edgernn.bundle.onnx.model import Model, Node, Tensor
from edgernn.bundle.onnx.protowire import ProtoError

__all__ = ["check_structure"]

MAX_ELEMENTS: Final = 1 << 25
"""Bound on the elements of all initializers together: 128 MiB once they are float32."""

MAX_WIDTH: Final = 1 << 16
"""Bound on each dimension of a weight, the rows of the embedding apart."""

MAX_VECTOR: Final = 256
"""Bound on the numbers of an n-gram's vector, of which there are several a token."""

_INTEGERS: Final = {"I": "i", "L": "q"}
"""How those of `LETTERS` that are sizes and places are packed."""

_FEW: Final = 16
"""Integers in a constant that are looked at; lengths of n-grams, twice, which are fewer."""


@dataclass(slots=True)
class _Constants:
    """What is known of initializers, and of what n-grams were hashed to, by name."""

    dims: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The dimensions, and those of weights that are decoded number by number."""
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The values of a few integers."""
    moduli: dict[str, int] = field(default_factory=dict)
    """Of each bucket the number that it is below."""


def check_structure(model: Model, vocabulary_size: int) -> None:
    """Check an .onnx file's graph before an engine runs it.

    Args:
        model: the file, parsed.
        vocabulary_size: number of ids that the graph will be given; every id is below it.

    Raises:
        ProtoError: the file holds operators or data that no export has, or looks ids up in a table
            with fewer rows.
    """
    if model.unusual_field:
        raise ProtoError(f"a model with field {model.unusual_field}")
    if model.graph.unusual_field:
        raise ProtoError(f"a graph with field {model.graph.unusual_field}")
    constants = _Constants()
    inputs = {value.name for value in model.graph.inputs}
    # A graph for one text a call has no lengths.
    kinds = {name: name for name in (IDS, LENGTHS) if name in inputs}
    elements = 0
    for tensor in model.graph.initializers:
        kind = _check_initializer(tensor, constants)
        if tensor.name in kinds:
            raise ProtoError(f"tensor {tensor.name!r} appears twice")
        kinds[tensor.name] = kind
        elements += math.prod(tensor.dims)
    if elements > MAX_ELEMENTS:
        raise ProtoError("more weights than are read")
    for node in model.graph.nodes:
        _check_node(node, kinds, constants, vocabulary_size)


def _check_initializer(tensor: Tensor, constants: _Constants) -> str:
    """Check a stored tensor, note its numbers in `constants`, and return its kind."""
    name, dims, stored = tensor.name, tensor.dims, tensor.raw_data
    if tensor.unusual_field:
        raise ProtoError(f"a tensor with field {tensor.unusual_field}")
    if tensor.element_type not in LETTERS:
        raise ProtoError(f"tensor {name!r} of type {tensor.element_type}")
    letter, size = LETTERS[tensor.element_type]
    if len(dims) > 3 or not all(0 < n <= MAX_ELEMENTS for n in dims):
        raise ProtoError(f"tensor {name!r} of shape {dims[:8]}")
    if len(stored) != math.prod(dims) * size:
        raise ProtoError(f"tensor {name!r} of shape {dims} with {len(stored)} bytes")
    if max(dims[1:], default=0) > MAX_WIDTH:
        raise ProtoError(f"tensor {name!r} of shape {dims}")
    constants.dims[name] = tuple(dims)
    count = math.prod(dims)
    if letter in _INTEGERS and len(dims) <= 1 and count <= _FEW:
        constants.numbers[name] = struct.unpack(f"<{count}{_INTEGERS[letter]}", stored)
    return f"{letter}{len(dims)}"


def _check_node(
    node: Node, kinds: dict[str, str], constants: _Constants, vocabulary_size: int
) -> None:
    """Check one operator, and note what it gives in `kinds`."""
    op_type, inputs, outputs = node.full_type, node.inputs, node.outputs
    if node.unusual_field:
        raise ProtoError(f"an operator with field {node.unusual_field}")
    if op_type == "Constant":
        _check_constant(node, kinds, constants)
        return
    for attribute in node.attributes:
        if attribute.unusual_field:
            raise ProtoError(f"an attribute with field {attribute.unusual_field}")
    forms = FORMS.get(op_type) or recurrent_forms().get(op_type)
    if forms is None:
        raise ProtoError(f"operator {op_type} is not known here: update edgernn")
    given = " ".join(kinds.get(name, "nothing") for name in inputs)
    fitting = [form for form in forms if re.fullmatch(form.inputs, given)]
    if not fitting or not 1 <= len(outputs) <= 3:
        raise ProtoError(f"operator {op_type} with other inputs or outputs than an export has")
    attributes = [(a.name, tuple(a.integers) or (a.integer,)) for a in node.attributes]
    strange = [form.first_strange(attributes) for form in fitting]
    if None not in strange:
        name, value = next(filter(None, strange))
        raise ProtoError(f"operator {op_type} with attribute {name!r} = {value}")
    form = fitting[strange.index(None)]
    numbers = [number for name in inputs for number in constants.numbers.get(name, ())]
    if form.numbers and not re.fullmatch(form.numbers, " ".join(map(str, numbers))):
        raise ProtoError(f"operator {op_type} with numbers that no export has")
    if op_type == "Mod":
        constants.moduli[outputs[0]] = numbers[0]
    if op_type == "Gather":
        _check_lookup(inputs, constants, vocabulary_size)
    elif any(max(constants.dims.get(name, ())[:1], default=0) > MAX_WIDTH for name in inputs):
        raise ProtoError(f"operator {op_type} with a weight that is too wide")
    weight = op_type in DECODERS and DATA not in given.split() and form.gives == DATA
    if weight and op_type in ("Cast", "Mul"):
        constants.dims[outputs[0]] = _decoded(op_type, inputs, constants)
    for name in filter(None, outputs):
        if name in kinds:
            raise ProtoError(f"tensor {name!r} appears twice")
        kinds[name] = WEIGHT if weight else form.gives


def _check_constant(node: Node, kinds: dict[str, str], constants: _Constants) -> None:
    """Check the axes that a converter gives to operators which had them as an attribute."""
    tensors = [attribute.tensor for attribute in node.attributes]
    tensor = tensors[0] if len(tensors) == 1 else None
    name = node.outputs[0] if len(node.outputs) == 1 else ""
    if node.inputs or not name or tensor is None or tensor.element_type != "INT64":
        raise ProtoError("operator Constant with another constant than axes")
    if name in kinds:
        raise ProtoError(f"tensor {name!r} appears twice")
    kind = _check_initializer(dataclasses.replace(tensor, name=name), constants)
    if len(constants.numbers.get(name, ())) != 1:
        raise ProtoError("operator Constant with another constant than axes")
    kinds[name] = kind


def _decoded(op_type: str, inputs: Sequence[str], constants: _Constants) -> tuple[int, ...]:
    """Return the dimensions of a weight that is decoded; a scale does not make it larger."""
    dims = constants.dims.get(inputs[0], ())
    scales = constants.dims[inputs[1]] if len(inputs) > 1 else dims
    fits = len(scales) == len(dims) and all(s in (1, d) for s, d in zip(scales, dims, strict=True))
    if not dims or not fits:
        raise ProtoError(f"operator {op_type} with a scale of another shape than a weight's")
    return dims


def _check_lookup(inputs: Sequence[str], constants: _Constants, vocabulary_size: int) -> None:
    """Every id, and every bucket of an n-gram, has its row in the table."""
    table, place = inputs
    rows = (constants.dims[table] or (0,))[0]
    if place in constants.moduli:
        if constants.moduli[place] > rows:
            raise ProtoError(f"{constants.moduli[place]} buckets of n-grams, in a table of {rows}")
        if max(constants.dims[table][1:], default=0) > MAX_VECTOR:
            raise ProtoError("vectors of n-grams that are too long")
    elif rows < vocabulary_size:
        raise ProtoError(f"the contract has {vocabulary_size} ids, the embedding {rows} rows")
