"""Parse an .onnx file once, without the onnx package.

The file may be hostile: a budget bounds how many fields are read of it, and a depth how far its
messages nest.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from edgernn.bundle.onnx.model import Attribute, Function, Graph, Model, Node, Tensor, TensorInfo
from edgernn.bundle.onnx.protowire import (
    Budget,
    Field,
    ProtoError,
    WireType,
    iter_fields,
    packed_varints,
    signed,
)
from edgernn.bundle.onnx.schema import (
    DEFAULT_LOCATION,
    EXPORTED_FIELDS,
    TYPE_KINDS,
    AttributeProto,
    Dimension,
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    SparseTensorProto,
    TensorProto,
    TensorShapeProto,
    TensorType,
    TrainingInfoProto,
    TypeProto,
    ValueInfoProto,
    element_type,
)

__all__ = ["MAX_DEPTH", "parse_model"]

MAX_DEPTH: Final = 100
"""Messages inside messages; the limit that Protocol Buffers' own parsers have."""

_MESSAGES_A_BODY: Final = 3
"""Graph, operator, attribute: the messages that lie around a body inside a graph."""

_MOST_TEXT: Final = 256
"""Bytes of an attribute's text that are read."""

# Where a tensor's values may stand; other fields of it are metadata.
_VALUES: Final = frozenset(
    {TensorProto.FLOAT_DATA, TensorProto.INT32_DATA, TensorProto.STRING_DATA}
    | {TensorProto.INT64_DATA, TensorProto.RAW_DATA, TensorProto.DOUBLE_DATA}
    | {TensorProto.UINT64_DATA}
)
_MODEL_FIELDS: Final = EXPORTED_FIELDS[ModelProto]
_GRAPH_FIELDS: Final = EXPORTED_FIELDS[GraphProto]
_NODE_FIELDS: Final = EXPORTED_FIELDS[NodeProto]
_ATTRIBUTE_FIELDS: Final = EXPORTED_FIELDS[AttributeProto]
_TENSOR_FIELDS: Final = EXPORTED_FIELDS[TensorProto]


def parse_model(view: memoryview, budget: Budget) -> Model:
    """Parse a ModelProto.

    Args:
        view: the whole file.
        budget: how many fields may be read.

    Raises:
        ProtoError: the file is broken, holds no graph, is nested too deeply, or has more fields.
    """
    return _Parser(budget).parse(view)


@dataclass(slots=True)
class _Parser:
    budget: Budget
    model: Model = field(default_factory=Model)

    def parse(self, view: memoryview) -> Model:
        model = self.model
        parts: list[memoryview] = []
        for item in iter_fields(view, self.budget):
            number = item.number
            if number not in _MODEL_FIELDS and not model.unusual_field:
                model.unusual_field = number
            if number == ModelProto.IR_VERSION:
                model.ir_version = item.signed
            elif number == ModelProto.PRODUCER_NAME:
                model.producer = item.text
            elif number == ModelProto.OPSET_IMPORT:
                domain, version = self.opset(item.view)
                model.opsets[domain] = version
            elif number == ModelProto.GRAPH:
                parts.append(item.view)
            elif number == ModelProto.METADATA_PROPS:
                model.metadata.append(item)
            elif number == ModelProto.FUNCTIONS:
                model.functions.append(self.function(item.view))
            elif number == ModelProto.TRAINING_INFO:
                for inner in iter_fields(item.view, self.budget):
                    if inner.number in (
                        TrainingInfoProto.INITIALIZATION,
                        TrainingInfoProto.ALGORITHM,
                    ):
                        self.graph([inner.view], 0)
        if not parts:
            raise ProtoError("no graph inside")
        # A message field that occurs twice is one message in two parts.
        model.graph = self.graph(parts, 0)
        return model

    def graph(self, parts: list[memoryview], depth: int) -> Graph:
        if depth * _MESSAGES_A_BODY > MAX_DEPTH:
            raise ProtoError(f"nested more than {MAX_DEPTH} deep")
        graph = Graph()
        for part in parts:
            for item in iter_fields(part, self.budget):
                number = item.number
                if number not in _GRAPH_FIELDS and not graph.unusual_field:
                    graph.unusual_field = number
                if number == GraphProto.NODE:
                    graph.nodes.append(self.node(item.view, depth))
                elif number == GraphProto.INITIALIZER:
                    graph.initializers.append(self.tensor(item.view))
                elif number == GraphProto.NAME:
                    graph.name = item.text
                elif number == GraphProto.INPUT:
                    graph.inputs.append(self.value(item.view))
                elif number == GraphProto.OUTPUT:
                    graph.outputs.append(self.value(item.view))
                elif number == GraphProto.SPARSE_INITIALIZER:
                    graph.sparse += self.sparse(item.view)
        return graph

    def function(self, message: memoryview) -> Function:
        function = Function()
        for item in iter_fields(message, self.budget):
            number = item.number
            if number == FunctionProto.NAME:
                function.name = item.text
            elif number == FunctionProto.DOMAIN:
                function.domain = _plain_domain(item.text)
            elif number == FunctionProto.INPUT:
                function.inputs.append(item.text)
            elif number == FunctionProto.OUTPUT:
                function.outputs.append(item.text)
            elif number == FunctionProto.NODE:
                function.nodes.append(self.node(item.view, 0))
            elif number == FunctionProto.OPSET_IMPORT:
                function.opsets.append(self.opset(item.view))
            elif number == FunctionProto.ATTRIBUTE_PROTO:
                self.attribute(item.view, 0)
        return function

    def node(self, message: memoryview, depth: int) -> Node:
        node = Node()
        for item in iter_fields(message, self.budget):
            number = item.number
            if number not in _NODE_FIELDS and not node.unusual_field:
                node.unusual_field = number
            if number == NodeProto.INPUT:
                node.inputs.append(item.text)
            elif number == NodeProto.OUTPUT:
                node.outputs.append(item.text)
            elif number == NodeProto.ATTRIBUTE:
                node.attributes.append(self.attribute(item.view, depth))
            elif number == NodeProto.OP_TYPE:
                node.op_type = item.text
            elif number == NodeProto.NAME:
                node.name = item.text
            elif number == NodeProto.DOMAIN:
                node.domain = _plain_domain(item.text)
        self.model.operators[node.full_type] += 1
        return node

    def attribute(self, message: memoryview, depth: int) -> Attribute:
        attribute = Attribute()
        for item in iter_fields(message, self.budget):
            number = item.number
            if number not in _ATTRIBUTE_FIELDS and not attribute.unusual_field:
                attribute.unusual_field = number
            if number == AttributeProto.NAME:
                attribute.name = item.text
            elif number == AttributeProto.I:
                attribute.value = attribute.integer = item.signed
            elif number == AttributeProto.INTS:
                attribute.integers += map(signed, self.integers(item))
            elif number == AttributeProto.F and item.wire_type is WireType.FIXED32:
                (attribute.value,) = struct.unpack("<f", struct.pack("<I", item.value))
            elif number == AttributeProto.S:
                attribute.value = bytes(item.view[:_MOST_TEXT]).decode("utf-8", "replace")
            elif number == AttributeProto.T:
                attribute.tensor = self.tensor(item.view)
            elif number in (AttributeProto.G, AttributeProto.GRAPHS):
                attribute.graphs.append(self.graph([item.view], depth + 1))
            elif number == AttributeProto.TENSORS:
                self.tensor(item.view)
            elif number in (AttributeProto.SPARSE_TENSOR, AttributeProto.SPARSE_TENSORS):
                self.sparse(item.view)
        return attribute

    def sparse(self, message: memoryview) -> list[Tensor]:
        return [
            self.tensor(item.view)
            for item in iter_fields(message, self.budget)
            if item.number in (SparseTensorProto.VALUES, SparseTensorProto.INDICES)
        ]

    def tensor(self, message: memoryview) -> Tensor:
        tensor = Tensor()
        for item in iter_fields(message, self.budget):
            number = item.number
            if number not in _TENSOR_FIELDS and not tensor.unusual_field:
                tensor.unusual_field = number
            if number == TensorProto.DIMS:
                tensor.dims += self.integers(item)
            elif number == TensorProto.DATA_TYPE:
                tensor.element_type = element_type(item.signed)
            elif number == TensorProto.NAME:
                tensor.name = item.text
            elif number in _VALUES:
                tensor.stored_bytes += len(item.value) if isinstance(item.value, memoryview) else 0
                if number == TensorProto.RAW_DATA:
                    tensor.raw_data = item.view
                elif number == TensorProto.INT64_DATA:
                    values = [signed(value) for value in self.integers(item)]
                    tensor.raw_data = bytes(tensor.raw_data) + struct.pack(
                        f"<{len(values)}q", *values
                    )
            elif number == TensorProto.EXTERNAL_DATA or (
                # Anything but the default: a location not known here is not one to trust.
                number == TensorProto.DATA_LOCATION and item.integer != DEFAULT_LOCATION
            ):
                tensor.external = True
        if tensor.external:
            self.model.external.append(tensor.name)
        return tensor

    def integers(self, item: Field) -> list[int]:
        """Read what stands of a repeated field's integers, packed or one by one; unsigned."""
        if item.wire_type is WireType.VARINT:
            return [item.integer]
        return list(packed_varints(item.view, self.budget))

    def opset(self, message: memoryview) -> tuple[str, int]:
        domain, version = "", 0
        for item in iter_fields(message, self.budget):
            if item.number == OperatorSetIdProto.DOMAIN:
                domain = item.text
            elif item.number == OperatorSetIdProto.VERSION:
                version = item.signed
        return _plain_domain(domain), version

    def value(self, message: memoryview) -> TensorInfo:
        tensor = TensorInfo()
        for item in iter_fields(message, self.budget):
            if item.number == ValueInfoProto.NAME:
                tensor.name = item.text
            elif item.number == ValueInfoProto.TYPE:
                for choice in iter_fields(item.view, self.budget):
                    if choice.number in (TypeProto.TENSOR_TYPE, TypeProto.SPARSE_TENSOR_TYPE):
                        self.tensor_type(choice.view, tensor)
                    elif choice.number in TYPE_KINDS:
                        tensor.element_type = TYPE_KINDS[choice.number]
                        tensor.shape = None
        return tensor

    def tensor_type(self, message: memoryview, tensor: TensorInfo) -> None:
        tensor.element_type, tensor.shape = "UNDEFINED", None
        for item in iter_fields(message, self.budget):
            if item.number == TensorType.ELEM_TYPE:
                tensor.element_type = element_type(item.signed)
            elif item.number == TensorType.SHAPE:
                tensor.shape = tuple(
                    self.dimension(dimension.view)
                    for dimension in iter_fields(item.view, self.budget)
                    if dimension.number == TensorShapeProto.DIM
                )

    def dimension(self, message: memoryview) -> int | str | None:
        size: int | str | None = None
        for item in iter_fields(message, self.budget):
            if item.number == Dimension.DIM_VALUE:
                size = item.signed
            elif item.number == Dimension.DIM_PARAM:
                size = item.text or None
        return size


def _plain_domain(domain: str) -> str:
    """Return a domain's one name: `ai.onnx` is the default one (onnx's docs/Versioning.md)."""
    return "" if domain == "ai.onnx" else domain
