"""Whether an .onnx graph may be given to the engine: of known parts, soundly put together.

ONNX has loops that need not end, operators that make a gigabyte of one number, and functions and
graphs inside graphs. An export has none of these: one graph of few operators, each in few forms.
What is not in the table below does not reach the engine. A test compares its names with the
exporter's list.

What n-grams and pooling are computed from has kinds of its own, each of which one operator takes
and one gives: places, masks and hashes cannot be joined to anything else, or to themselves again.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgernn.bundle.onnx.file import MAX_FIELDS, broken, view_of
from edgernn.bundle.onnx.protowire import Budget, ProtoError, WireType, iter_fields, packed_varints

__all__ = ["check_structure"]

MAX_ELEMENTS: Final = 1 << 25
"""Bound on the elements of all initializers together: 128 MiB once they are float32."""

MAX_WIDTH: Final = 1 << 16
"""Bound on each dimension of a weight, the rows of the embedding apart."""

# Fields of the messages that an export has; in others something unknown could hide.
_MODEL_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14})
_GRAPH_FIELDS: Final = frozenset({1, 2, 5, 10, 11, 12})
_NODE_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7})
_ATTRIBUTE_FIELDS: Final = frozenset({1, 2, 3, 4, 7, 8, 9, 20})
_TENSOR_FIELDS: Final = frozenset({1, 2, 8, 9})

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INTEGER, _ATTRIBUTE_INTEGERS = 1, 3, 8
_TENSOR_DIMS, _TENSOR_DATA_TYPE, _TENSOR_NAME, _TENSOR_RAW_DATA = 1, 2, 8, 9

_IDS, _LENGTHS, _DATA, _WEIGHT = "ids", "lengths", "x", "w"

_ELEMENTS: Final[Mapping[int, tuple[str, int]]] = {
    1: ("F", 4),
    3: ("Q", 1),
    6: ("I", 4),
    7: ("L", 8),
    10: ("H", 2),
}
"""Letter and bytes of FLOAT, INT8, INT32, INT64 and FLOAT16, by their TensorProto.DataType."""


_INTEGERS: Final = {"I": "i", "L": "q"}
"""How those of `_ELEMENTS` that are sizes and places are packed."""

_FEW: Final = 8
"""Integers in a constant that are looked at; places of an n-gram, which are fewer."""


@dataclass(frozen=True, slots=True)
class _Form:
    """In which form an operator is let through."""

    inputs: str
    """A pattern, compiled when it is needed, for its inputs: an initializer is its letter and
    number of dimensions, `w` a weight made of initializers alone, `x` what depends on the text,
    other words what n-grams and pooling are made from."""
    gives: str
    """What kind its outputs are; those of a decoder that reads no text are `w`."""
    attributes: Mapping[str, Container[int] | None]
    """The attributes it may have, and their values where not all are let through; each of a list
    must be one of them."""
    numbers: str
    """What the numbers of its integer constants must match, a space between; empty: any."""

    def first_strange(
        self, attributes: Sequence[tuple[str, tuple[int, ...]]]
    ) -> tuple[str, int] | None:
        """Return the first attribute that it may not have, None where it may have all."""
        for name, values in attributes:
            allowed = self.attributes.get(name, frozenset())
            for value in values if allowed is not None else ():
                if allowed is not None and value not in allowed:
                    return name, value
        return None


def _form(
    inputs: str, gives: str = _DATA, numbers: str = "", **attributes: Container[int] | None
) -> _Form:
    return _Form(inputs, gives, attributes, numbers)


_RECURRENT = r"x (F3|w) (F3|w) F2 lengths"
_OTHER_ACTIVATIONS: Final[Mapping[str, Any]] = {
    "activations": None,
    "activation_alpha": None,
    "activation_beta": None,
}
_STEPS, _PADS = range(1, 4097), range(4097)
"""Sizes of windows along time, their strides and dilations, and what is padded for them."""
_TO_FLOAT, _TO_INT32 = frozenset({1}), frozenset({6})
_FIRST, _SECOND, _THIRD = frozenset({0}), frozenset({1}), frozenset({2})
_FIRST_TWO = frozenset({0, 1})

_FORMS: Final[Mapping[str, tuple[_Form, ...]]] = {
    "Abs": (_form(r"found", "sizes"), _form(r"x")),
    "Add": (
        _form(r"x (x|F1|wide)"),
        _form(r"hashed I1", "hashed", r"\d+( \d+)*"),
        _form(r"lengths I1", "lengths", r"\d{1,4}"),
    ),
    "Cast": (
        _form(r"x|H2", to=_TO_FLOAT),
        _form(r"found", "found", to=_TO_FLOAT),
        _form(r"found", "held", to=_TO_INT32),
        _form(r"alike", "counts", to=_TO_FLOAT),
        _form(r"same", "ones", to=_TO_INT32),
        _form(r"ends", "count", to=_TO_FLOAT),
        _form(r"mask", "real", to=_TO_FLOAT),
    ),
    "Concat": (
        _form(r"tokens( shifted){1,7}", "grams", axis=_THIRD),
        _form(r"largest mean", "pooled", axis=_THIRD),
    ),
    "Conv": (_form(r"x F3 F1", kernel_shape=_STEPS, strides=_STEPS, dilations=_STEPS, pads=_PADS),),
    "CumSum": (_form(r"ones L1", "places", r"1"),),
    "DequantizeLinear": (_form(r"Q2 F1 Q1", axis=None),),
    # By no zero: it would end the process.
    "Div": (
        _form(r"real count", "share"),
        _form(r"lengths I1", "lengths", r"[1-9]\d{0,3}"),
        _form(r"x x"),
    ),
    "Elu": (_form(r"x", alpha=None),),
    "Equal": (_form(r"ids ids", "same"), _form(r"held bucket", "alike")),
    "GRU": (
        _form(
            _RECURRENT,
            direction=None,
            hidden_size=None,
            linear_before_reset=None,
            **_OTHER_ACTIVATIONS,
        ),
    ),
    "Gather": (
        _form(r"[FHQ]2 ids", axis=_FIRST),
        _form(r"[FHQ]1 bucket", "found", axis=_FIRST),
    ),
    "LSTM": (_form(_RECURRENT, direction=None, hidden_size=None, **_OTHER_ACTIVATIONS),),
    "LeakyRelu": (_form(r"x", alpha=None),),
    "Less": (_form(r"ends I1", "brief"),),
    "LessOrEqual": (_form(r"places ends", "mask"),),
    "MatMul": (
        _form(r"(x|features) (F2|w)"),
        _form(r"(tokens|grams) I2", "hashed"),
        _form(r"shares states", "mean"),
        _form(r"shares counted", "means"),
    ),
    "Max": (_form(r"largest F1", "largest"),),
    "MaxPool": (_form(r"x", kernel_shape=_STEPS, strides=_STEPS, pads=_PADS),),
    "Min": (_form(r"x F1"),),
    "Mod": (_form(r"hashed I1", "bucket", r"[1-9]\d*", fmod=_FIRST),),
    "Mul": (
        _form(r"x (x|F1)"),
        _form(r"found sizes", "found"),
        _form(r"found F1", "found"),
        _form(r"found counts", "counted"),
        _form(r"sum F1", "sum"),
        _form(r"sum root", "wide"),
    ),
    "Pad": (_form(r"tokens L1", "padded", r"0 [1-7] 0 0 0 0", mode=None),),
    "RNN": (_form(_RECURRENT, direction=None, hidden_size=None, **_OTHER_ACTIVATIONS),),
    "ReduceMax": (_form(r"states", "largest", axes=None, keepdims=_SECOND),),
    "ReduceMean": (_form(r"x", axes=_FIRST_TWO, keepdims=_FIRST),),
    "ReduceProd": (_form(r"x", axes=_FIRST_TWO, keepdims=_FIRST),),
    "ReduceSum": (
        _form(r"means L1", "sum", r"2", keepdims=_FIRST),
        _form(r"x L1", _DATA, r"[01]", keepdims=_FIRST),
    ),
    "Relu": (_form(r"x"),),
    "Reshape": (_form(r"[xw] L1"),),
    "Sigmoid": (_form(r"x"),),
    "Slice": (
        _form(r"padded L1 L1 L1", "shifted", r"[0-7] -[1-7] 1"),
        _form(r"ids( [IL]1){3,4}", _IDS),
    ),
    "Sqrt": (_form(r"count", "root"),),
    "Squeeze": (_form(r"(pooled|largest|mean) L1", "features", r"1"),),
    "Sub": (_form(r"lengths I1", "lengths", r"\d{1,4}"),),
    "Tanh": (_form(r"x"),),
    "Transpose": (_form(r"x|states", perm=None),),
    "Unsqueeze": (
        _form(r"ids L1", "tokens", r"2"),
        _form(r"lengths L1", "ends", r"1"),
        _form(r"mask L1", "kept", r"2"),
        _form(r"brief L1", "briefly", r"2"),
        _form(r"share L1", "shares", r"1"),
    ),
    "Where": (
        _form(r"kept x F1", "states"),
        _form(r"briefly largest largest", "largest"),
    ),
    # Weights with a scale for each direction; no first state, no peepholes.
    "com.microsoft::DynamicQuantizeLSTM": (
        _form(
            r"x Q3 Q3 F2 lengths nothing nothing nothing F1 Q1 F1 Q1",
            direction=None,
            hidden_size=None,
        ),
    ),
}
_DECODERS: Final = frozenset({"Cast", "DequantizeLinear", "Reshape"})
"""Operators that turn stored weights into weights."""


@dataclass(frozen=True, slots=True)
class _Constants:
    """What is known of initializers, and of what n-grams were hashed to, by name."""

    rows: dict[str, int]
    """The first dimension."""
    numbers: dict[str, tuple[int, ...]]
    """The values of a few integers."""
    moduli: dict[str, int]
    """Of each bucket the number that it is below."""


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
        constants = _Constants({}, {}, {})
        tensors = _initializers(parts, constants, budget)
        kinds: dict[str, str] = {_IDS: _IDS, _LENGTHS: _LENGTHS}
        for tensor, kind in tensors.items():
            if tensor in kinds:
                raise ProtoError(f"tensor {tensor!r} is there twice")
            kinds[tensor] = kind
        for part in parts:
            for field in iter_fields(part, budget):
                if field.number == _GRAPH_NODE:
                    _check_node(field.view, kinds, constants, vocabulary_size, budget)


def _parts(model: memoryview, budget: Budget) -> Iterator[memoryview]:
    """Yield the graph; a message field that occurs twice is one message in two parts."""
    for field in iter_fields(model, budget):
        if field.number not in _MODEL_FIELDS:
            raise ProtoError(f"a model with field {field.number}")
        if field.number == _MODEL_GRAPH:
            yield field.view


def _initializers(parts: list[memoryview], constants: _Constants, budget: Budget) -> dict[str, str]:
    """Return the kind of each initializer, by name, and note the rest in `constants`."""
    kinds: dict[str, str] = {}
    elements = 0
    for part in parts:
        for field in iter_fields(part, budget):
            if field.number not in _GRAPH_FIELDS:
                raise ProtoError(f"a graph with field {field.number}")
            if field.number != _GRAPH_INITIALIZER:
                continue
            name, kind, dims, numbers = _initializer(field.view, budget)
            if name in kinds:
                raise ProtoError(f"tensor {name!r} is there twice")
            kinds[name] = kind
            constants.rows[name] = dims[0]
            constants.numbers[name] = numbers
            elements += math.prod(dims)
    if elements > MAX_ELEMENTS:
        raise ProtoError("more weights than are read")
    return kinds


def _initializer(
    message: memoryview, budget: Budget
) -> tuple[str, str, list[int], tuple[int, ...]]:
    name, data_type, stored = "", 0, memoryview(b"")
    dims: list[int] = []
    for field in iter_fields(message, budget):
        if field.number not in _TENSOR_FIELDS:
            raise ProtoError(f"a tensor with field {field.number}")
        if field.number == _TENSOR_NAME:
            name = field.text
        elif field.number == _TENSOR_DATA_TYPE:
            data_type = field.signed
        elif field.number == _TENSOR_RAW_DATA:
            stored = field.view
        elif field.wire_type is WireType.VARINT:
            dims.append(field.integer)
        else:
            dims += packed_varints(field.view, budget)
    if data_type not in _ELEMENTS:
        raise ProtoError(f"tensor {name!r} of type {data_type}")
    letter, size = _ELEMENTS[data_type]
    if not 1 <= len(dims) <= 3 or not all(0 < n <= MAX_ELEMENTS for n in dims):
        raise ProtoError(f"tensor {name!r} of shape {dims[:8]}")
    if len(stored) != math.prod(dims) * size:
        raise ProtoError(f"tensor {name!r} of shape {dims} with {len(stored)} bytes")
    if max(dims[1:], default=0) > MAX_WIDTH:
        raise ProtoError(f"tensor {name!r} of shape {dims}")
    numbers: tuple[int, ...] = ()
    if letter in _INTEGERS and len(dims) == 1 and dims[0] <= _FEW:
        numbers = struct.unpack(f"<{dims[0]}{_INTEGERS[letter]}", stored)
    return name, f"{letter}{len(dims)}", dims, numbers


def _check_node(
    message: memoryview,
    kinds: dict[str, str],
    constants: _Constants,
    vocabulary_size: int,
    budget: Budget,
) -> None:
    """Check one operator, and note what it gives in `kinds`."""
    op_type, domain = "", ""
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: list[tuple[str, tuple[int, ...]]] = []
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
    forms = _FORMS.get(op_type)
    if forms is None:
        raise ProtoError(f"operator {op_type} is not known here: update edgernn")
    given = " ".join(kinds.get(name, "nothing") for name in inputs)
    fitting = [form for form in forms if re.fullmatch(form.inputs, given)]
    if not fitting or not 1 <= len(outputs) <= 3:
        raise ProtoError(f"operator {op_type} with other inputs or outputs than an export has")
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
    elif any(constants.rows.get(name, 0) > MAX_WIDTH for name in inputs):
        raise ProtoError(f"operator {op_type} with a weight that is too wide")
    weight = op_type in _DECODERS and _DATA not in given.split() and form.gives == _DATA
    for name in filter(None, outputs):
        if name in kinds:
            raise ProtoError(f"tensor {name!r} is there twice")
        kinds[name] = _WEIGHT if weight else form.gives


def _check_lookup(inputs: list[str], constants: _Constants, vocabulary_size: int) -> None:
    """Every id, and every bucket of an n-gram, has its row in the table."""
    table, place = inputs
    rows = constants.rows[table]
    if place in constants.moduli:
        if constants.moduli[place] > rows:
            raise ProtoError(f"{constants.moduli[place]} buckets of n-grams, in a table of {rows}")
    elif rows < vocabulary_size:
        raise ProtoError(f"the contract has {vocabulary_size} ids, the embedding {rows} rows")


def _attribute(message: memoryview, budget: Budget) -> tuple[str, tuple[int, ...]]:
    """Name and integers, one or a list; 0 for a value of another type."""
    name, value = "", 0
    values: list[int] = []
    for field in iter_fields(message, budget):
        if field.number not in _ATTRIBUTE_FIELDS:
            raise ProtoError(f"an attribute with field {field.number}")
        if field.number == _ATTRIBUTE_NAME:
            name = field.text
        elif field.number == _ATTRIBUTE_INTEGER:
            value = field.signed
        elif field.number == _ATTRIBUTE_INTEGERS and field.wire_type is WireType.VARINT:
            values.append(field.signed)
        elif field.number == _ATTRIBUTE_INTEGERS:
            values += [_signed(number) for number in packed_varints(field.view, budget)]
    return name, tuple(values) or (value,)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
