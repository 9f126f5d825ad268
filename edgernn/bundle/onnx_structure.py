"""Whether an .onnx graph may be given to the engine: of known parts, soundly put together.

ONNX has loops that need not end, operators that make a gigabyte of one number, and functions and
graphs inside graphs. An export has none of these: one graph of few operators, each in few forms.
What is not in the table below does not reach the engine. A test compares its names with the
exporter's list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgernn.bundle.onnx_file import MAX_FIELDS, broken, view_of
from edgernn.bundle.protowire import Budget, ProtoError, WireType, iter_fields, packed_varints

__all__ = ["check_structure"]

MAX_ELEMENTS: Final = 1 << 25
"""Bound on the elements of all initializers together: 128 MiB once they are float32."""

MAX_WIDTH: Final = 1 << 16
"""Bound on each dimension of a weight, the rows of the embedding apart."""

# Fields of the messages that an export has; in others something unknown could hide.
_MODEL_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14})
_GRAPH_FIELDS: Final = frozenset({1, 2, 5, 10, 11, 12})
_NODE_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7})
_ATTRIBUTE_FIELDS: Final = frozenset({1, 3, 4, 8, 9, 20})
_TENSOR_FIELDS: Final = frozenset({1, 2, 8, 9})

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INTEGER = 1, 3
_TENSOR_DIMS, _TENSOR_DATA_TYPE, _TENSOR_NAME, _TENSOR_RAW_DATA = 1, 2, 8, 9

_IDS, _LENGTHS, _DATA, _WEIGHT = "ids", "lengths", "x", "w"

_ELEMENTS: Final[Mapping[int, tuple[str, int]]] = {
    1: ("F", 4),
    3: ("Q", 1),
    7: ("L", 8),
    10: ("H", 2),
}
"""Letter and bytes of FLOAT, INT8, INT64 and FLOAT16, by the number of TensorProto.DataType."""


@dataclass(frozen=True, slots=True)
class _Form:
    """In which form an operator is let through."""

    inputs: re.Pattern[str]
    """What its inputs must match: an initializer is its letter and number of dimensions, `w` a
    weight made of initializers alone, `x` what depends on the text."""
    attributes: Mapping[str, frozenset[int] | None]
    """The attributes it may have, and their values where not all are let through."""


def _form(inputs: str, **attributes: frozenset[int] | None) -> _Form:
    return _Form(re.compile(inputs), attributes)


_RECURRENT = r"x (F3|w) (F3|w) F2 lengths"

_FORMS: Final[Mapping[str, _Form]] = {
    "Add": _form(r"x F1"),
    "Cast": _form(r"x|H2", to=frozenset({1})),
    "DequantizeLinear": _form(r"Q2 F1 Q1", axis=None),
    "GRU": _form(_RECURRENT, direction=None, hidden_size=None, linear_before_reset=None),
    "Gather": _form(r"[FHQ]2 ids", axis=frozenset({0})),
    "LSTM": _form(_RECURRENT, direction=None, hidden_size=None),
    "MatMul": _form(r"x (F2|w)"),
    "Mul": _form(r"x (x|F1)"),
    "RNN": _form(_RECURRENT, direction=None, hidden_size=None, activations=None),
    "Relu": _form(r"x"),
    "Reshape": _form(r"[xw] L1"),
    "Sigmoid": _form(r"x"),
    "Tanh": _form(r"x"),
    "Transpose": _form(r"x", perm=None),
    # Weights with a scale for each direction; no first state, no peepholes.
    "com.microsoft::DynamicQuantizeLSTM": _form(
        r"x Q3 Q3 F2 lengths nothing nothing nothing F1 Q1 F1 Q1", direction=None, hidden_size=None
    ),
}
_DECODERS: Final = frozenset({"Cast", "DequantizeLinear", "Reshape"})
"""Operators that turn stored weights into weights."""


def check_structure(data: bytes | memoryview, name: str, vocabulary_size: int) -> None:
    """Check an .onnx file's graph before an engine runs it.

    Args:
        data: the whole file.
        name: what to call the file in an error.
        vocabulary_size: number of ids that the graph will be given; every id is below it.

    Raises:
        ModelFileError: the file is broken, holds operators or data that no export has, or looks ids
            up in a table with fewer rows.
    """
    with broken(name):
        budget = Budget(MAX_FIELDS)
        view = view_of(data)
        if bytes(view[4:8]) == b"ORTM":
            # ONNX Runtime would take the file for one of its own format, of other content.
            raise ProtoError("two formats in one file")
        parts = list(_parts(view, budget))
        tensors, rows = _initializers(parts, budget)
        kinds: dict[str, str] = {_IDS: _IDS, _LENGTHS: _LENGTHS}
        for tensor, kind in tensors.items():
            if tensor in kinds:
                raise ProtoError(f"tensor {tensor!r} is there twice")
            kinds[tensor] = kind
        for part in parts:
            for field in iter_fields(part, budget):
                if field.number == _GRAPH_NODE:
                    _check_node(field.view, kinds, rows, vocabulary_size, budget)


def _parts(model: memoryview, budget: Budget) -> Iterator[memoryview]:
    """Yield the graph; a message field that occurs twice is one message in two parts."""
    for field in iter_fields(model, budget):
        if field.number not in _MODEL_FIELDS:
            raise ProtoError(f"a model with field {field.number}")
        if field.number == _MODEL_GRAPH:
            yield field.view


def _initializers(parts: list[memoryview], budget: Budget) -> tuple[dict[str, str], dict[str, int]]:
    """Return kind and first dimension of each initializer, by name."""
    kinds: dict[str, str] = {}
    rows: dict[str, int] = {}
    elements = 0
    for part in parts:
        for field in iter_fields(part, budget):
            if field.number not in _GRAPH_FIELDS:
                raise ProtoError(f"a graph with field {field.number}")
            if field.number != _GRAPH_INITIALIZER:
                continue
            name, kind, dims = _initializer(field.view, budget)
            if name in kinds:
                raise ProtoError(f"tensor {name!r} is there twice")
            kinds[name] = kind
            rows[name] = dims[0] if dims else 0
            elements += math.prod(dims)
    if elements > MAX_ELEMENTS:
        raise ProtoError("more weights than are read")
    return kinds, rows


def _initializer(message: memoryview, budget: Budget) -> tuple[str, str, list[int]]:
    name, data_type, stored = "", 0, 0
    dims: list[int] = []
    for field in iter_fields(message, budget):
        if field.number not in _TENSOR_FIELDS:
            raise ProtoError(f"a tensor with field {field.number}")
        if field.number == _TENSOR_NAME:
            name = field.text
        elif field.number == _TENSOR_DATA_TYPE:
            data_type = field.signed
        elif field.number == _TENSOR_RAW_DATA:
            stored = len(field.view)
        elif field.wire_type is WireType.VARINT:
            dims.append(field.integer)
        else:
            dims += packed_varints(field.view, budget)
    if data_type not in _ELEMENTS:
        raise ProtoError(f"tensor {name!r} of type {data_type}")
    letter, size = _ELEMENTS[data_type]
    if not 1 <= len(dims) <= 3 or not all(0 < n <= MAX_ELEMENTS for n in dims):
        raise ProtoError(f"tensor {name!r} of shape {dims[:8]}")
    if stored != math.prod(dims) * size:
        raise ProtoError(f"tensor {name!r} of shape {dims} with {stored} bytes")
    if max(dims[1:], default=0) > MAX_WIDTH:
        raise ProtoError(f"tensor {name!r} of shape {dims}")
    return name, f"{letter}{len(dims)}", dims


def _check_node(
    message: memoryview,
    kinds: dict[str, str],
    rows: Mapping[str, int],
    vocabulary_size: int,
    budget: Budget,
) -> None:
    """Check one operator, and note what it gives in `kinds`."""
    op_type, domain = "", ""
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: list[tuple[str, int]] = []
    for field in iter_fields(message, budget):
        if field.number not in _NODE_FIELDS:
            raise ProtoError(f"an operator with field {field.number}")
        if field.number == _NODE_INPUT:
            inputs.append(field.text)
        elif field.number == _NODE_OUTPUT:
            outputs.append(field.text)
        elif field.number == _NODE_OP_TYPE:
            op_type = field.text
        elif field.number == _NODE_DOMAIN:
            domain = field.text
        elif field.number == _NODE_ATTRIBUTE:
            attributes.append(_attribute(field.view, budget))
    if domain not in ("", "ai.onnx"):
        op_type = f"{domain}::{op_type}"
    form = _FORMS.get(op_type)
    if form is None:
        raise ProtoError(f"operator {op_type} is not known here: update edgernn")
    given = [kinds.get(name, "nothing") for name in inputs]
    if not form.inputs.fullmatch(" ".join(given)) or not 1 <= len(outputs) <= 3:
        raise ProtoError(f"operator {op_type} with other inputs or outputs than an export has")
    for name, value in attributes:
        allowed = form.attributes.get(name, frozenset())
        if allowed is not None and value not in allowed:
            raise ProtoError(f"operator {op_type} with attribute {name!r} = {value}")
    if op_type == "Gather" and rows[inputs[0]] < vocabulary_size:
        raise ProtoError(
            f"the contract has {vocabulary_size} ids, the embedding {rows[inputs[0]]} rows"
        )
    if op_type != "Gather" and any(rows.get(name, 0) > MAX_WIDTH for name in inputs):
        raise ProtoError(f"operator {op_type} with a weight that is too wide")
    weight = op_type in _DECODERS and _DATA not in given
    for name in filter(None, outputs):
        if name in kinds:
            raise ProtoError(f"tensor {name!r} is there twice")
        kinds[name] = _WEIGHT if weight else _DATA


def _attribute(message: memoryview, budget: Budget) -> tuple[str, int]:
    """Name and integer value, 0 for one of another type."""
    name, value = "", 0
    for field in iter_fields(message, budget):
        if field.number not in _ATTRIBUTE_FIELDS:
            raise ProtoError(f"an attribute with field {field.number}")
        if field.number == _ATTRIBUTE_NAME:
            name = field.text
        elif field.number == _ATTRIBUTE_INTEGER:
            value = field.signed
    return name, value
