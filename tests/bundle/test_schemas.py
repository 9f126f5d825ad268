"""The numbers of both formats are those of the packages that own them."""

from __future__ import annotations

from collections import deque

import onnx
import pytest
from ai_edge_litert import schema_py_generated as litert
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from onnx import TensorProto
from tflite_places import places_of

from edgernn.bundle.onnx import schema as onnx_schema
from edgernn.bundle.onnx.content import OnnxContent
from edgernn.bundle.tflite import schema as tflite_schema

NESTED = {
    "TensorType": onnx.TypeProto.Tensor,
    "Dimension": onnx.TensorShapeProto.Dimension,
}
ONNX_MESSAGES = [
    name for name in onnx_schema.__all__ if isinstance(getattr(onnx_schema, name), type)
]

TFLITE_ENUMS = {"ActivationFunctionType", "BuiltinOptions"}
TFLITE_TABLES = [
    name
    for name in tflite_schema.__all__
    if isinstance(getattr(tflite_schema, name), type) and name not in TFLITE_ENUMS
]
TFLITE_NAMES = {
    "Quantization": "QuantizationParameters",
    "Signature": "SignatureDef",
    "Subgraph": "SubGraph",
}


def numbers_of(owner: type) -> dict[str, int]:
    return {name: value for name, value in vars(owner).items() if name.isupper()}


def onnx_numbers(descriptor: Descriptor) -> dict[str, int]:
    return {field.name.upper(): field.number for field in descriptor.fields}


@pytest.mark.parametrize("name", ONNX_MESSAGES)
def test_onnx_fields(name: str) -> None:
    """Every field has the number that the onnx package gives it."""
    message = NESTED.get(name) or getattr(onnx, name)
    ours = numbers_of(getattr(onnx_schema, name))
    assert ours
    assert ours.items() <= onnx_numbers(message.DESCRIPTOR).items()


def test_a_sparse_tensor_s_type_has_the_fields_of_a_tensor_s() -> None:
    """One class stands for both."""
    tensor, sparse = onnx.TypeProto.Tensor.DESCRIPTOR, onnx.TypeProto.SparseTensor.DESCRIPTOR
    assert onnx_numbers(tensor) == onnx_numbers(sparse)


def test_onnx_element_types() -> None:
    """The table of element types is onnx's own, and so is the place of values in the file."""
    assert dict(enumerate(onnx_schema.ELEMENT_TYPES)) == {
        number: name for name, number in TensorProto.DataType.items()
    }
    assert onnx_schema.DEFAULT_LOCATION == TensorProto.DEFAULT


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            onnx_schema.ModelProto,
            "ir_version producer_name producer_version domain model_version doc_string graph "
            "opset_import metadata_props",
        ),
        (onnx_schema.GraphProto, "node name initializer doc_string input output value_info"),
        (onnx_schema.NodeProto, "input output name op_type attribute doc_string domain"),
        (onnx_schema.AttributeProto, "name f i s floats ints strings type"),
        (onnx_schema.TensorProto, "dims data_type int64_data name raw_data"),
    ],
)
def test_exported_fields(message: type, fields: str) -> None:
    """The fields that are let through, by onnx's own names."""
    known = onnx_numbers(getattr(onnx, message.__name__).DESCRIPTOR)
    assert onnx_schema.EXPORTED_FIELDS[message] == {known[name.upper()] for name in fields.split()}


def ways_to_tensors() -> list[tuple[str, ...]]:
    """The shortest way to each field through which onnx's schema reaches a TensorProto."""
    found = []
    ways: dict[str, tuple[str, ...]] = {"ModelProto": ()}
    pending = deque([onnx.ModelProto.DESCRIPTOR])
    while pending:
        message = pending.popleft()
        for field in message.fields:
            inner = field.message_type
            if inner is None or inner is onnx.TensorProto.DESCRIPTOR:
                if inner is not None:
                    found.append((*ways[message.name], field.name))
                continue
            if inner.name not in ways:
                ways[inner.name] = (*ways[message.name], field.name)
                pending.append(inner)
            elif inner.name in ("GraphProto", "AttributeProto", "NodeProto", "SparseTensorProto"):
                # What holds tensors, by another field than the shortest way's.
                rest = {
                    "GraphProto": ("initializer",),
                    "AttributeProto": ("t",),
                    "NodeProto": ("attribute", "t"),
                    "SparseTensorProto": ("values",),
                }[inner.name]
                found.append((*ways[message.name], field.name, *rest))
    return found


@pytest.mark.parametrize("way", ways_to_tensors(), ids="/".join)
def test_every_tensor_is_found(way: tuple[str, ...]) -> None:
    """Whatever field of onnx's own schema a tensor hangs from, its other file is noticed."""
    model = onnx.ModelProto()
    model.graph.name = "main"
    message: Message = model
    for name in way:
        value = getattr(message, name)
        message = value.add() if hasattr(value, "add") else value
    assert isinstance(message, TensorProto)
    message.name = "outside"
    message.data_location = TensorProto.EXTERNAL
    assert OnnxContent(model.SerializeToString(), "m.onnx").model.external == ["outside"]


def test_the_ways_are_many() -> None:
    """The walk above sees what a person would list."""
    ends = {way[-2:] for way in ways_to_tensors()}
    assert ends >= {
        ("graph", "initializer"),
        ("initialization", "initializer"),
        ("attribute_proto", "tensors"),
        ("sparse_tensors", "values"),
    }
    assert len(ends) >= 12


@pytest.mark.parametrize("name", TFLITE_TABLES)
def test_tflite_places(name: str) -> None:
    """Every field has the place that it has in LiteRT's own schema."""
    expected = {
        field.replace("_", ""): place
        for field, place in places_of(TFLITE_NAMES.get(name, name)).items()
    }
    ours = numbers_of(getattr(tflite_schema, name))
    assert ours
    assert {field.replace("_", ""): place for field, place in ours.items()}.items() <= (
        expected.items()
    )


@pytest.mark.parametrize(
    "options", ["UnidirectionalSequenceLSTMOptions", "BidirectionalSequenceLSTMOptions"]
)
def test_cell_clip(options: str) -> None:
    """It has the same place in the options of all three LSTM operators."""
    assert places_of(options)["CELL_CLIP"] == tflite_schema.LSTMOptions.CELL_CLIP


def enum_of(owner: type) -> dict[str, int]:
    return {name: value for name, value in vars(owner).items() if not name.startswith("_")}


def test_tflite_enums() -> None:
    """Operators, tensor types, activations and kinds of options are the schema's own."""
    operators = {name: i for i, name in enumerate(tflite_schema.BUILTIN_OPERATORS)}
    assert operators == enum_of(litert.BuiltinOperator)
    assert litert.BuiltinOperator.CUSTOM == tflite_schema.CUSTOM
    types = {name: i for i, name in enumerate(tflite_schema.TENSOR_TYPES)}
    assert types == enum_of(litert.TensorType)
    activations = numbers_of(tflite_schema.ActivationFunctionType)
    assert activations.items() <= enum_of(litert.ActivationFunctionType).items()
    theirs = {
        name.removesuffix("Options").upper(): value
        for name, value in enum_of(litert.BuiltinOptions).items()
    }
    ours = numbers_of(tflite_schema.BuiltinOptions)
    assert {name.replace("_", ""): value for name, value in ours.items()}.items() <= theirs.items()
