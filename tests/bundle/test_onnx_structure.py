"""Which ONNX graphs are let through: the tables are the schema's and the exporter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto

from edgernn.bundle import onnx_structure
from edgernn.bundle.onnx_structure import check_structure
from edgernn.bundle.protowire import bytes_field, varint
from edgernn.errors import ModelFileError
from exporters.formats import FORMATS

Files = dict[tuple[str, str], Path]


def test_operators_are_the_exporter_s() -> None:
    """What can be exported can be read, and nothing else."""
    rules = FORMATS["onnx"]
    exported = [rules.at(name).allowed(["LSTM", "GRU", "SimpleRNN"]) for name in rules.precisions]
    assert set(onnx_structure._FORMS) == frozenset().union(*exported)


@pytest.mark.parametrize(
    ("message", "known", "fields"),
    [
        (
            "ModelProto",
            onnx_structure._MODEL_FIELDS,
            "ir_version producer_name producer_version domain model_version doc_string graph "
            "opset_import metadata_props",
        ),
        (
            "GraphProto",
            onnx_structure._GRAPH_FIELDS,
            "node name initializer doc_string input output",
        ),
        (
            "NodeProto",
            onnx_structure._NODE_FIELDS,
            "input output name op_type attribute doc_string domain",
        ),
        ("AttributeProto", onnx_structure._ATTRIBUTE_FIELDS, "name i s ints strings type"),
        ("TensorProto", onnx_structure._TENSOR_FIELDS, "dims data_type name raw_data"),
    ],
)
def test_fields_are_the_schema_s(message: str, known: frozenset[int], fields: str) -> None:
    """The fields that are let through, by onnx's own names."""
    descriptor = getattr(onnx, message).DESCRIPTOR
    assert known == {descriptor.fields_by_name[name].number for name in fields.split()}


def test_elements_are_the_schema_s() -> None:
    """The types of weights, with onnx's own numbers and sizes."""
    for number, (_, size) in onnx_structure._ELEMENTS.items():
        assert onnx.helper.tensor_dtype_to_np_dtype(number).itemsize == size
    names = {TensorProto.DataType.Name(number) for number in onnx_structure._ELEMENTS}
    assert names == {"FLOAT", "FLOAT16", "INT8", "INT64"}


@pytest.mark.parametrize("precision", FORMATS["onnx"].precisions)
def test_exported_files(tiny_files: Files, tiny_word_files: Files, precision: str) -> None:
    """LSTM and GRU in each precision pass, as far as they have it."""
    refused = FORMATS["onnx"].precisions[precision].refused
    for cell, files, size in (("LSTM", tiny_files, 299), ("GRU", tiny_word_files, 200)):
        if cell in refused:
            continue
        data = files["onnx", precision].read_bytes()
        check_structure(data, "m.onnx", size)
        with pytest.raises(ModelFileError, match=rf"m.onnx: .*{size + 1} ids, .*{size} rows"):
            check_structure(data, "m.onnx", size + 1)


def test_packed_dimensions(tiny_files: Files) -> None:
    """Both ways of writing repeated numbers are read alike."""
    data = tiny_files["onnx", "float32"].read_bytes()
    table = next(
        t for t in onnx.ModelProto.FromString(data).graph.initializer if list(t.dims) == [299, 32]
    )
    unpacked = b"\x08" + varint(299) + b"\x08" + varint(32)
    packed = bytes_field(1, varint(299) + varint(32))
    assert len(unpacked) == len(packed) == 5
    message = table.SerializeToString()
    assert data.count(message) == message.count(unpacked) == 1
    changed = data.replace(message, message.replace(unpacked, packed))
    check_structure(changed, "m.onnx", 299)
    with pytest.raises(ModelFileError, match="300 ids"):
        check_structure(changed, "m.onnx", 300)


def _rank_of_bias(model: Any) -> None:
    bias = next(n for n in model.graph.node if n.op_type == "Add").input[1]
    tensor = next(t for t in model.graph.initializer if t.name == bias)
    tensor.dims[:] = [*tensor.dims, 1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: None, None),
        (_rank_of_bias, "operator Add with other inputs"),
        (lambda m: m.graph.node[0].output.extend(["a", "b", "c"]), "Gather with other inputs"),
        (lambda m: m.graph.node.add(op_type="Relu"), "Relu with other inputs"),
        (lambda m: setattr(m.graph.node[0].attribute[0], "i", 1), "attribute 'axis' = 1"),
        (lambda m: m.graph.node[0].attribute.add(name="batch"), "attribute 'batch' = 0"),
        (lambda m: m.graph.node[0].attribute.add(name="x").tensors.add(), "with field 10"),
        (lambda m: setattr(m.graph.node[0], "domain", "ai.onnx.ml"), "ai.onnx.ml::Gather is not"),
        (lambda m: setattr(m.graph.node[0], "domain", "ai.onnx"), None),
        (lambda m: setattr(m.graph.initializer[0], "name", "ids"), "'ids' is there twice"),
        (lambda m: m.graph.node[1].output.__setitem__(0, "lengths"), "there twice"),
    ],
)
def test_changes(tiny_files: Files, change: Callable[[Any], None], reason: str | None) -> None:
    """One thing at a time that an export does not have."""
    model = onnx.ModelProto.FromString(tiny_files["onnx", "int8"].read_bytes())
    change(model)
    data = model.SerializeToString()
    if reason is None:
        check_structure(data, "m.onnx", 299)
        return
    with pytest.raises(ModelFileError, match=f"^m.onnx: .*{reason}") as caught:
        check_structure(data, "m.onnx", 299)
    assert "\n" not in str(caught.value)


def test_bounds(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights have a bound on their elements, and all but the embedding on their width."""
    data = tiny_files["onnx", "int8"].read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(onnx_structure, "MAX_ELEMENTS", 9600)
        with pytest.raises(ModelFileError, match="more weights than are read"):
            check_structure(data, "m.onnx", 299)
    monkeypatch.setattr(onnx_structure, "MAX_WIDTH", 256)
    check_structure(data, "m.onnx", 299)
    monkeypatch.setattr(onnx_structure, "MAX_WIDTH", 200)
    with pytest.raises(ModelFileError, match=r"of shape|too wide"):
        check_structure(data, "m.onnx", 299)
