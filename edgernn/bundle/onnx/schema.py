"""The numbers of ONNX: fields of its messages, element types, what may be in an export.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. A class is a message, an attribute
a field and its number; a test compares all of them with the onnx package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "DEFAULT_LOCATION",
    "ELEMENT_TYPES",
    "EXPORTED_FIELDS",
    "TYPE_KINDS",
    "AttributeProto",
    "Dimension",
    "FunctionProto",
    "GraphProto",
    "ModelProto",
    "NodeProto",
    "OperatorSetIdProto",
    "SparseTensorProto",
    "StringStringEntryProto",
    "TensorProto",
    "TensorShapeProto",
    "TensorType",
    "TrainingInfoProto",
    "TypeProto",
    "ValueInfoProto",
    "element_type",
]


class ModelProto:
    """The whole file."""

    IR_VERSION = 1
    PRODUCER_NAME = 2
    PRODUCER_VERSION = 3
    DOMAIN = 4
    MODEL_VERSION = 5
    DOC_STRING = 6
    GRAPH = 7
    OPSET_IMPORT = 8
    METADATA_PROPS = 14
    TRAINING_INFO = 20
    FUNCTIONS = 25


class OperatorSetIdProto:
    """A domain of operators, and which version of it."""

    DOMAIN = 1
    VERSION = 2


class StringStringEntryProto:
    """An entry of the metadata."""

    KEY = 1
    VALUE = 2


class TrainingInfoProto:
    """Graphs that a trainer runs."""

    INITIALIZATION = 1
    ALGORITHM = 2


class FunctionProto:
    """An operator that the file defines by others."""

    NAME = 1
    INPUT = 4
    OUTPUT = 5
    NODE = 7
    OPSET_IMPORT = 9
    DOMAIN = 10
    ATTRIBUTE_PROTO = 11


class GraphProto:
    """A graph: operators, stored tensors, what goes in and out."""

    NODE = 1
    NAME = 2
    INITIALIZER = 5
    DOC_STRING = 10
    INPUT = 11
    OUTPUT = 12
    VALUE_INFO = 13
    SPARSE_INITIALIZER = 15


class NodeProto:
    """One operator of a graph."""

    INPUT = 1
    OUTPUT = 2
    NAME = 3
    OP_TYPE = 4
    ATTRIBUTE = 5
    DOC_STRING = 6
    DOMAIN = 7


class AttributeProto:
    """A setting of an operator, or a graph or tensor of its own."""

    NAME = 1
    F = 2
    I = 3  # noqa: E741 (the schema's name)
    S = 4
    T = 5
    G = 6
    FLOATS = 7
    INTS = 8
    STRINGS = 9
    TENSORS = 10
    GRAPHS = 11
    TYPE = 20
    SPARSE_TENSOR = 22
    SPARSE_TENSORS = 23


class TensorProto:
    """A stored tensor."""

    DIMS = 1
    DATA_TYPE = 2
    FLOAT_DATA = 4
    INT32_DATA = 5
    STRING_DATA = 6
    INT64_DATA = 7
    NAME = 8
    RAW_DATA = 9
    DOUBLE_DATA = 10
    UINT64_DATA = 11
    EXTERNAL_DATA = 13
    DATA_LOCATION = 14


DEFAULT_LOCATION: Final = 0
"""The value of TensorProto.DataLocation that stands for this file."""


class SparseTensorProto:
    """A stored tensor that is mostly zeros."""

    VALUES = 1
    INDICES = 2


class ValueInfoProto:
    """An input or output."""

    NAME = 1
    TYPE = 2


class TypeProto:
    """What kind of value an input or output is."""

    TENSOR_TYPE = 1
    SEQUENCE_TYPE = 4
    MAP_TYPE = 5
    OPAQUE_TYPE = 7
    SPARSE_TENSOR_TYPE = 8
    OPTIONAL_TYPE = 9


TYPE_KINDS: Final[Mapping[int, str]] = {
    TypeProto.SEQUENCE_TYPE: "sequence",
    TypeProto.MAP_TYPE: "map",
    TypeProto.OPAQUE_TYPE: "opaque",
    TypeProto.OPTIONAL_TYPE: "optional",
}
"""Words for what is no tensor."""


class TensorType:
    """TypeProto.Tensor, and TypeProto.SparseTensor, which has the same fields."""

    ELEM_TYPE = 1
    SHAPE = 2


class TensorShapeProto:
    """A list of dimensions."""

    DIM = 1


class Dimension:
    """TensorShapeProto.Dimension: a size, or the name of one."""

    DIM_VALUE = 1
    DIM_PARAM = 2


ELEMENT_TYPES: Final = (
    "UNDEFINED",
    "FLOAT",
    "UINT8",
    "INT8",
    "UINT16",
    "INT16",
    "INT32",
    "INT64",
    "STRING",
    "BOOL",
    "FLOAT16",
    "DOUBLE",
    "UINT32",
    "UINT64",
    "COMPLEX64",
    "COMPLEX128",
    "BFLOAT16",
    "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ",
    "FLOAT8E5M2",
    "FLOAT8E5M2FNUZ",
    "UINT4",
    "INT4",
    "FLOAT4E2M1",
    "FLOAT8E8M0",
    "UINT2",
    "INT2",
    "FLOAT6E2M3",
    "FLOAT6E3M2",
)
"""Names of TensorProto.DataType, at the place of their number."""


def element_type(number: int) -> str:
    """Return the name of a TensorProto.DataType; `TYPE_<number>` for one not known here."""
    return ELEMENT_TYPES[number] if 0 <= number < len(ELEMENT_TYPES) else f"TYPE_{number}"


EXPORTED_FIELDS: Final[Mapping[type, frozenset[int]]] = {
    ModelProto: frozenset(range(ModelProto.IR_VERSION, ModelProto.OPSET_IMPORT + 1))
    | {ModelProto.METADATA_PROPS},
    GraphProto: frozenset(
        {GraphProto.NODE, GraphProto.NAME, GraphProto.INITIALIZER, GraphProto.DOC_STRING}
        | {GraphProto.INPUT, GraphProto.OUTPUT, GraphProto.VALUE_INFO}
    ),
    NodeProto: frozenset(range(NodeProto.INPUT, NodeProto.DOMAIN + 1)),
    AttributeProto: frozenset(
        {AttributeProto.NAME, AttributeProto.F, AttributeProto.I, AttributeProto.S}
        | {AttributeProto.FLOATS, AttributeProto.INTS, AttributeProto.STRINGS, AttributeProto.TYPE}
    ),
    TensorProto: frozenset(
        {TensorProto.DIMS, TensorProto.DATA_TYPE, TensorProto.INT64_DATA, TensorProto.NAME}
        | {TensorProto.RAW_DATA}
    ),
}
"""Fields of the messages that an export has, or what common tools make of one; in others something
unknown could hide."""
