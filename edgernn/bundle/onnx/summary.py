"""What an .onnx file holds, without the onnx package.

The field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgernn.bundle.onnx.file import MAX_FIELDS, broken, view_of
from edgernn.bundle.onnx.protowire import Budget, ProtoError, iter_fields
from edgernn.bundle.onnx.tensors import element_type, read_tensor
from edgernn.errors import ModelFileError

__all__ = [
    "MAX_DEPTH",
    "OnnxHead",
    "OnnxSummary",
    "OnnxTensor",
    "check_safe",
    "plain_domain",
    "read_head",
    "summarize",
]

MAX_DEPTH: Final = 100
"""Messages inside messages; the limit that Protocol Buffers' own parsers have."""


class _Kind(Enum):
    """The messages that can hold a graph, an operator or a tensor."""

    MODEL = "ModelProto"
    GRAPH = "GraphProto"
    NODE = "NodeProto"
    ATTRIBUTE = "AttributeProto"
    TENSOR = "TensorProto"
    SPARSE_TENSOR = "SparseTensorProto"
    FUNCTION = "FunctionProto"
    TRAINING = "TrainingInfoProto"


# Field number -> what it holds, for every field through which a tensor can be reached.
_CHILDREN: Final[Mapping[_Kind, Mapping[int, _Kind]]] = {
    _Kind.MODEL: {7: _Kind.GRAPH, 20: _Kind.TRAINING, 25: _Kind.FUNCTION},
    _Kind.GRAPH: {1: _Kind.NODE, 5: _Kind.TENSOR, 15: _Kind.SPARSE_TENSOR},
    _Kind.NODE: {5: _Kind.ATTRIBUTE},
    _Kind.ATTRIBUTE: {
        5: _Kind.TENSOR,
        6: _Kind.GRAPH,
        10: _Kind.TENSOR,
        11: _Kind.GRAPH,
        22: _Kind.SPARSE_TENSOR,
        23: _Kind.SPARSE_TENSOR,
    },
    _Kind.TENSOR: {},
    _Kind.SPARSE_TENSOR: {1: _Kind.TENSOR, 2: _Kind.TENSOR},
    _Kind.FUNCTION: {7: _Kind.NODE, 11: _Kind.ATTRIBUTE},
    _Kind.TRAINING: {1: _Kind.GRAPH, 2: _Kind.GRAPH},
}

_MODEL_IR_VERSION, _MODEL_PRODUCER, _MODEL_GRAPH, _MODEL_OPSET = 1, 2, 7, 8
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_NODE_OP_TYPE, _NODE_DOMAIN = 4, 7
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_KINDS: Final = {
    1: "tensor",
    4: "sequence",
    5: "map",
    7: "opaque",
    8: "sparse_tensor",
    9: "optional",
}
_TENSOR_TYPE_ELEMENT, _TENSOR_TYPE_SHAPE = 1, 2
_SHAPE_DIMENSION = 1
_DIMENSION_VALUE, _DIMENSION_PARAMETER = 1, 2


@dataclass(frozen=True, slots=True)
class OnnxTensor:
    """An input or output of the graph."""

    name: str
    element_type: str
    """A name of `ELEMENT_TYPES`, or `sequence`, `map`, `optional` or `opaque`."""

    shape: tuple[int | str | None, ...] | None
    """For each dimension its size, its name, or None where it has neither; None without a rank."""


@dataclass(frozen=True, slots=True)
class OnnxSummary:
    """What an .onnx file holds."""

    ir_version: int
    producer: str
    opsets: Mapping[str, int]
    """Version by domain; the default domain is the empty string."""

    operators: Mapping[str, int]
    """How often each operator occurs, in the graph, in the bodies of Loop, If and Scan, and in
    functions; `Gemm` for the default domain, `com.microsoft::DynamicQuantizeLSTM` for others."""

    inputs: tuple[OnnxTensor, ...]
    """The graph's inputs without those that an initializer fills."""

    outputs: tuple[OnnxTensor, ...]
    initializer_bytes: int
    """Bytes of the initializers' values as stored in the file, subgraphs included."""

    initializer_types: Mapping[str, int]
    """How many initializers there are of each element type."""

    external_data: bool
    """Whether any tensor has its values in another file."""


def summarize(data: bytes | memoryview, name: str) -> OnnxSummary:
    """Describe an .onnx file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Returns:
        What the file holds.

    Raises:
        ModelFileError: the file is broken, or is not an ONNX model.
    """
    with broken(name):
        view, budget = view_of(data), Budget(MAX_FIELDS)
        head = read_head(view, budget)
        operators: Counter[str] = Counter()
        types: Counter[str] = Counter()
        stored = 0
        external = False
        for kind, message, is_initializer in _walk(view, _Kind.MODEL, budget):
            if kind is _Kind.NODE:
                operators[_operator(message, budget)] += 1
            elif kind is _Kind.TENSOR:
                tensor = read_tensor(message, budget)
                external = external or tensor.external
                if is_initializer:
                    types[tensor.element_type] += 1
                    stored += tensor.stored_bytes
    return OnnxSummary(
        ir_version=head.ir_version,
        producer=head.producer,
        opsets=head.opsets,
        operators=dict(operators),
        inputs=head.inputs,
        outputs=head.outputs,
        initializer_bytes=stored,
        initializer_types=dict(types),
        external_data=external,
    )


def check_safe(data: bytes | memoryview, name: str) -> None:
    """Make sure that loading an .onnx file reads no other file.

    ONNX lets a tensor name a file to take its values from (TensorProto.data_location and
    external_data); a runtime given such a model opens whatever path stands there.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: a tensor anywhere in the file refers to another file, or the file is broken
            or nested too deeply to tell.
    """
    external: str | None = None
    with broken(name):
        view, budget = view_of(data), Budget(MAX_FIELDS)
        read_head(view, budget)
        for kind, message, _ in _walk(view, _Kind.MODEL, budget):
            if kind is _Kind.TENSOR:
                tensor = read_tensor(message, budget)
                if tensor.external:
                    external = tensor.name
                    break
    if external is not None:
        raise ModelFileError(
            f"{name}: tensor {external[:80]!r} has its values in another file, which is not read; "
            "save the model as one file"
        )


def _walk(
    message: memoryview,
    kind: _Kind,
    budget: Budget,
    *,
    is_initializer: bool = False,
    depth: int = 0,
) -> Iterator[tuple[_Kind, memoryview, bool]]:
    """Yield this message and those inside it; the flag says whether it is an initializer."""
    if depth > MAX_DEPTH:
        raise ProtoError(f"nested more than {MAX_DEPTH} deep")
    yield kind, message, is_initializer
    children = _CHILDREN[kind]
    if not children:
        return
    for field in iter_fields(message, budget):
        child = children.get(field.number)
        if child is None:
            continue
        inside = (
            is_initializer
            if kind is _Kind.SPARSE_TENSOR
            else kind is _Kind.GRAPH and child is not _Kind.NODE
        )
        yield from _walk(field.view, child, budget, is_initializer=inside, depth=depth + 1)


@dataclass(frozen=True, slots=True)
class OnnxHead:
    """What stands in the model and its main graph directly; as in `OnnxSummary`."""

    ir_version: int
    producer: str
    opsets: dict[str, int]
    inputs: tuple[OnnxTensor, ...]
    outputs: tuple[OnnxTensor, ...]


def read_head(model: memoryview, budget: Budget) -> OnnxHead:
    """Read what stands in a ModelProto and its main graph directly.

    Raises:
        ProtoError: the message is broken or holds no graph.
    """
    ir_version, producer = 0, ""
    opsets: dict[str, int] = {}
    inputs: list[OnnxTensor] = []
    outputs: list[OnnxTensor] = []
    filled: set[str] = set()
    has_graph = False
    for field in iter_fields(model, budget):
        if field.number == _MODEL_IR_VERSION:
            ir_version = field.signed
        elif field.number == _MODEL_PRODUCER:
            producer = field.text
        elif field.number == _MODEL_OPSET:
            domain, version = _opset(field.view, budget)
            opsets[domain] = version
        elif field.number == _MODEL_GRAPH:
            # A message field that occurs twice is one message in two parts.
            has_graph = True
            for part in iter_fields(field.view, budget):
                if part.number == _GRAPH_INPUT:
                    inputs.append(_value(part.view, budget))
                elif part.number == _GRAPH_OUTPUT:
                    outputs.append(_value(part.view, budget))
                elif part.number == _GRAPH_INITIALIZER:
                    filled.add(read_tensor(part.view, budget).name)
    if not has_graph:
        raise ProtoError("no graph inside")
    return OnnxHead(
        ir_version,
        producer,
        opsets,
        tuple(tensor for tensor in inputs if tensor.name not in filled),
        tuple(outputs),
    )


def _operator(message: memoryview, budget: Budget) -> str:
    op_type, domain = "", ""
    for field in iter_fields(message, budget):
        if field.number == _NODE_OP_TYPE:
            op_type = field.text
        elif field.number == _NODE_DOMAIN:
            domain = field.text
    domain = plain_domain(domain)
    return f"{domain}::{op_type}" if domain else op_type


def _opset(message: memoryview, budget: Budget) -> tuple[str, int]:
    domain, version = "", 0
    for field in iter_fields(message, budget):
        if field.number == _OPSET_DOMAIN:
            domain = field.text
        elif field.number == _OPSET_VERSION:
            version = field.signed
    return plain_domain(domain), version


def plain_domain(domain: str) -> str:
    """Return a domain's one name: `ai.onnx` is the default one (onnx's docs/Versioning.md)."""
    return "" if domain == "ai.onnx" else domain


def _value(message: memoryview, budget: Budget) -> OnnxTensor:
    """Read a ValueInfoProto."""
    name, element_type = "", "UNDEFINED"
    shape: tuple[int | str | None, ...] | None = None
    for field in iter_fields(message, budget):
        if field.number == _VALUE_NAME:
            name = field.text
        elif field.number == _VALUE_TYPE:
            for choice in iter_fields(field.view, budget):
                kind = _TYPE_KINDS.get(choice.number)
                if kind in ("tensor", "sparse_tensor"):
                    element_type, shape = _tensor_type(choice.view, budget)
                elif kind is not None:
                    element_type, shape = kind, None
    return OnnxTensor(name, element_type, shape)


def _tensor_type(
    message: memoryview, budget: Budget
) -> tuple[str, tuple[int | str | None, ...] | None]:
    element, shape = 0, None
    for field in iter_fields(message, budget):
        if field.number == _TENSOR_TYPE_ELEMENT:
            element = field.signed
        elif field.number == _TENSOR_TYPE_SHAPE:
            shape = tuple(
                _dimension(dimension.view, budget)
                for dimension in iter_fields(field.view, budget)
                if dimension.number == _SHAPE_DIMENSION
            )
    return element_type(element), shape


def _dimension(message: memoryview, budget: Budget) -> int | str | None:
    size: int | str | None = None
    for field in iter_fields(message, budget):
        if field.number == _DIMENSION_VALUE:
            size = field.signed
        elif field.number == _DIMENSION_PARAMETER:
            size = field.text or None
    return size
