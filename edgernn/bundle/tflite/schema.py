"""Places of the fields in the tables of the TFLite schema, counted from 0.

Source: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs; a test
compares them with the schema that ai-edge-litert ships.
"""

from __future__ import annotations

__all__ = [
    "Buffer",
    "Metadata",
    "Model",
    "Operator",
    "OperatorCode",
    "Quantization",
    "Signature",
    "Subgraph",
    "Tensor",
    "TensorMap",
]


class Model:
    """The root table."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    BUFFERS = 4
    METADATA = 6
    SIGNATURE_DEFS = 7
    EXTERNAL_BUFFER_GROUPS = 8
    EXTERNAL_BUFFERS = 9


class OperatorCode:
    """Which operator; a custom one has a name."""

    DEPRECATED_BUILTIN_CODE = 0
    CUSTOM_CODE = 1
    VERSION = 2
    BUILTIN_CODE = 3


class Subgraph:
    """A graph of operators; the first is the main one, the others are called by it."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class Tensor:
    """A tensor and where its values stand, if it is a constant."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    IS_VARIABLE = 5
    SPARSITY = 6
    SHAPE_SIGNATURE = 7
    VARIANT_TENSORS = 9
    EXTERNAL_BUFFER = 10


class Quantization:
    """Scales of an integer tensor."""

    SCALE = 2
    ZERO_POINT = 3
    DETAILS = 5


class Operator:
    """One operator of a graph."""

    OPCODE_INDEX = 0
    INPUTS = 1
    OUTPUTS = 2
    BUILTIN_OPTIONS_TYPE = 3
    BUILTIN_OPTIONS = 4
    CUSTOM_OPTIONS = 5
    MUTATING_VARIABLE_INPUTS = 7
    INTERMEDIATES = 8
    LARGE_CUSTOM_OPTIONS_OFFSET = 9
    BUILTIN_OPTIONS_2_TYPE = 11


class Buffer:
    """The values of a constant."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class Metadata:
    """A named buffer for tools."""

    NAME = 0
    BUFFER = 1


class Signature:
    """Names for the inputs and outputs of a subgraph."""

    INPUTS = 0
    OUTPUTS = 1
    SIGNATURE_KEY = 2
    SUBGRAPH_INDEX = 4


class TensorMap:
    """One name of a signature."""

    NAME = 0
    TENSOR_INDEX = 1
