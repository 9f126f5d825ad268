"""Attachments in and facts about .onnx files, against the onnx package and ONNX Runtime."""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from damaged import flipped
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from parsed import onnx_attachments, onnx_graph

from edgernn.bundle.onnx import attachments as onnx_attachments_module
from edgernn.bundle.onnx import content as onnx_content
from edgernn.bundle.onnx.attachments import write_attachments
from edgernn.bundle.onnx.content import OnnxContent
from edgernn.bundle.onnx.model import TensorInfo
from edgernn.bundle.onnx.protowire import bytes_field
from edgernn.errors import ModelFileError

NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", fullmatch=True)
ATTACHMENTS = st.dictionaries(NAMES, st.text().map(str.encode), max_size=4)


def float_tensor(name: str, *values: float) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.float32), name)


def branch(name: str) -> onnx.GraphProto:
    """The body of an If: one Mul with a weight of its own."""
    return helper.make_graph(
        [helper.make_node("Mul", ["x", f"w_{name}"], [name])],
        name,
        [],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
        [float_tensor(f"w_{name}", 2.0, 3.0)],
    )


def make_model() -> onnx.ModelProto:
    """A graph with an If, a function, a sparse weight and two operator domains."""
    twice = helper.make_function(
        "local",
        "Twice",
        ["a"],
        ["b"],
        [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    choice = helper.make_node(
        "If", ["yes"], ["y"], then_branch=branch("t"), else_branch=branch("e")
    )
    graph = helper.make_graph(
        [
            choice,
            helper.make_node("Twice", ["y"], ["z"], domain="local"),
            helper.make_node("Add", ["z", "bias"], ["out"], domain="ai.onnx"),
        ],
        "main",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", None, 2]),
            helper.make_tensor_value_info("yes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("bias", TensorProto.FLOAT, [2]),
        ],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [
            float_tensor("bias", 0.5, 0.25),
            numpy_helper.from_array(np.arange(3, dtype=np.int8), "unused"),
        ],
        sparse_initializer=[
            helper.make_sparse_tensor(
                float_tensor("sparse", 1.0), numpy_helper.from_array(np.array([1])), [4]
            )
        ],
    )
    return helper.make_model(
        graph,
        functions=[twice],
        producer_name="test",
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
    )


MODEL = make_model().SerializeToString()
FULL = write_attachments(MODEL, {"contract.json": b"{}", "labels.txt": b"no\nyes\n"})


def with_metadata(*pairs: tuple[str, str]) -> bytes:
    model = onnx.ModelProto(ir_version=8)
    for key, value in pairs:
        model.metadata_props.add(key=key, value=value)
    return model.SerializeToString()


def test_golden_bytes() -> None:
    """One attachment, byte for byte: field 14, key 1, value 2, behind what was there."""
    written = write_attachments(b"\x08\x08", {"b": "ü".encode(), "a": b""})
    assert written == (
        b"\x08\x08\x72\x0d\x0a\x09edgernn.a\x12\x00\x72\x0f\x0a\x09edgernn.b\x12\x02\xc3\xbc"
    )


@given(ATTACHMENTS)
def test_round_trip(attachments: dict[str, bytes]) -> None:
    """What is written is read, here and by the onnx package, and the model stays as it was."""
    written = write_attachments(MODEL, attachments)
    assert written.startswith(MODEL)
    assert onnx_attachments(memoryview(written), "m.onnx") == attachments
    props = {
        entry.key: entry.value.encode()
        for entry in onnx.ModelProto.FromString(written).metadata_props
    }
    assert props == {f"edgernn.{name}": content for name, content in attachments.items()}


@given(ATTACHMENTS, ATTACHMENTS)
def test_replaces(first: dict[str, bytes], second: dict[str, bytes]) -> None:
    """Writing again replaces all that was there, whatever it was."""
    assert write_attachments(write_attachments(MODEL, first), second) == write_attachments(
        MODEL, second
    )


def test_keeps_foreign_metadata() -> None:
    """Metadata of others stays, in the model and out of the attachments."""
    model = with_metadata(("author", "a"), ("edgernn.x", "old"), ("edgernnx", "b"))
    written = write_attachments(model, {"y": b"new"})
    props = onnx.ModelProto.FromString(written).metadata_props
    assert [(entry.key, entry.value) for entry in props] == [
        ("author", "a"),
        ("edgernnx", "b"),
        ("edgernn.y", "new"),
    ]
    assert onnx_attachments(written, "m.onnx") == {"y": b"new"}


def test_onnx_runtime_reads_them() -> None:
    """ONNX Runtime loads the file and shows the attachments as custom metadata."""
    session = onnxruntime.InferenceSession(FULL, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {
        "edgernn.contract.json": "{}",
        "edgernn.labels.txt": "no\nyes\n",
    }


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "..", "a b", "ä", "x" * 65, "a\n"])
def test_bad_name(name: str) -> None:
    """A name that could be a path, or hide, is neither written nor read."""
    with pytest.raises(ValueError, match="not allowed"):
        write_attachments(MODEL, {name: b""})
    with pytest.raises(ModelFileError, match=r"^m\.onnx: .*not allowed"):
        onnx_attachments(with_metadata((f"edgernn.{name}", "")), "m.onnx")


def test_bad_text() -> None:
    """An attachment that is no ONNX string is not written."""
    with pytest.raises(ValueError, match="not UTF-8"):
        write_attachments(MODEL, {"a": b"\xff"})


def test_large_attachment_is_compressed() -> None:
    """A vocabulary is stored as a zlib stream in base64, as the format says, and comes back."""
    vocabulary = b"'word_'\n" * 5000
    written = write_attachments(MODEL, {"vocabulary.subwords": vocabulary})
    assert len(written) < len(MODEL) + 1000
    assert onnx_attachments(written, "m.onnx") == {"vocabulary.subwords": vocabulary}
    entries = {entry.key: entry.value for entry in onnx.load_from_string(written).metadata_props}
    stream = base64.b64decode(entries["edgernn+deflate.vocabulary.subwords"])
    assert zlib.decompress(stream) == vocabulary
    assert onnx_attachments(write_attachments(written, {}), "m.onnx") == {}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "no base64",
        base64.b64encode(b"no zlib").decode(),
        base64.b64encode(zlib.compress(b"x" * 9)[:-2]).decode(),
        base64.b64encode(zlib.compress(b"x" * 9) + b"more").decode(),
    ],
)
def test_damaged_compressed_attachment(value: str) -> None:
    """A compressed attachment that is not one whole zlib stream is refused."""
    with pytest.raises(ModelFileError, match=r"^m\.onnx: .*compressed attachment"):
        onnx_attachments(with_metadata(("edgernn+deflate.a", value)), "m.onnx")


def test_compressed_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that inflates beyond the bound is refused without inflating all of it."""
    monkeypatch.setattr(onnx_attachments_module, "MAX_ATTACHMENT_BYTES", 1 << 16)
    bomb = base64.b64encode(zlib.compress(bytes(64 << 20), 9)).decode()
    with pytest.raises(ModelFileError, match="more than 65536 bytes"):
        onnx_attachments(with_metadata(("edgernn+deflate.a", bomb)), "m.onnx")


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound holds for all attachments together, in both directions."""
    attachments = {"a": b"12345", "b": b"67890"}
    written = write_attachments(MODEL, attachments)
    monkeypatch.setattr(onnx_attachments_module, "MAX_ATTACHMENT_BYTES", 10)
    assert onnx_attachments(write_attachments(MODEL, attachments), "m.onnx") == attachments
    monkeypatch.setattr(onnx_attachments_module, "MAX_ATTACHMENT_BYTES", 9)
    with pytest.raises(ValueError, match="more than 9 bytes"):
        write_attachments(MODEL, attachments)
    with pytest.raises(ModelFileError, match="more than 9 bytes"):
        onnx_attachments(written, "m.onnx")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (with_metadata(("edgernn.a", "1"), ("edgernn.a", "2")), "appears twice"),
        (b"\x72\x16\x0a\x09edgernn.a\x0a\x09edgernn.b", "two keys"),
        (b"\x72\x11\x0a\x09edgernn.a\x12\x01x\x12\x01y", "two values"),
        (b"\x70\x01", "not length-delimited"),
        (b"PK\x03\x04", "not a usable ONNX file"),
        (b"\x0a", "cut off"),
    ],
)
def test_refuses_attachments(data: bytes, reason: str) -> None:
    """Ambiguous and foreign files are refused in one line that starts with the file's name."""
    with pytest.raises(ModelFileError, match=reason) as caught:
        onnx_attachments(data, "m.onnx")
    assert str(caught.value).startswith("m.onnx: ")
    assert "\n" not in str(caught.value)


def check_one_file(data: bytes, name: str) -> None:
    OnnxContent(data, name).check_one_file()


def test_parsed() -> None:
    """What is parsed of a model whose parts are all known."""
    content = OnnxContent(FULL, "m.onnx")
    model = content.model
    assert (model.ir_version, model.producer) == (8, "test")
    assert model.opsets == {"": 17, "local": 1}
    assert content.operators == {"If": 1, "Mul": 2, "local::Twice": 1, "Add": 2}
    assert model.inputs == (
        TensorInfo("x", "FLOAT", ("batch", None, 2)),
        TensorInfo("yes", "BOOL", ()),
    )
    assert model.graph.outputs == [TensorInfo("out", "FLOAT", None)]
    assert content.inputs == {"x": ("FLOAT", 3), "yes": ("BOOL", 0)}
    assert model.external == []


def test_parsed_weights() -> None:
    """Stored tensors are those that the onnx package has, in subgraphs and sparse ones too."""
    model = make_model()
    theirs = [*model.graph.initializer]
    for sparse in model.graph.sparse_initializer:
        theirs += [sparse.values, sparse.indices]
    for attribute in model.graph.node[0].attribute:
        theirs += attribute.g.initializer
    graph = OnnxContent(MODEL, "m.onnx").model.graph
    ours = [*graph.initializers, *graph.sparse]
    for branch in (g for attribute in graph.nodes[0].attributes for g in attribute.graphs):
        ours += branch.initializers
    assert [(t.name, t.element_type, t.dims, t.stored_bytes) for t in ours] == [
        (
            t.name,
            TensorProto.DataType.Name(t.data_type),
            list(t.dims),
            numpy_helper.to_array(t).nbytes,
        )
        for t in theirs
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            helper.make_tensor_type_proto(TensorProto.INT64, [3, "n", None]),
            ("INT64", (3, "n", None)),
        ),
        (helper.make_tensor_type_proto(TensorProto.FLOAT16, None), ("FLOAT16", None)),
        (helper.make_sparse_tensor_type_proto(TensorProto.INT8, [-1]), ("INT8", (-1,))),
        (helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [])), ("sequence", None)),
        (helper.make_optional_type_proto(helper.make_tensor_type_proto(1, [])), ("optional", None)),
        (helper.make_tensor_type_proto(99, []), ("TYPE_99", ())),
        (onnx.TypeProto(), ("UNDEFINED", None)),
    ],
)
def test_value_types(value: onnx.TypeProto, expected: tuple[object, ...]) -> None:
    """Every kind of input type is described."""
    model = onnx.ModelProto()
    model.graph.input.append(helper.make_value_info("v", value))
    (tensor,) = OnnxContent(model.SerializeToString(), "m.onnx").model.inputs
    assert (tensor.element_type, tensor.shape) == expected


Place = Callable[[onnx.ModelProto], TensorProto]
PLACES: dict[str, Place] = {
    "initializer": lambda m: m.graph.initializer[0],
    "sparse values": lambda m: m.graph.sparse_initializer[0].values,
    "sparse indices": lambda m: m.graph.sparse_initializer[0].indices,
    "subgraph": lambda m: m.graph.node[0].attribute[0].g.initializer[0],
    "graphs": lambda m: m.graph.node[1].attribute.add().graphs.add().initializer.add(),
    "attribute": lambda m: m.graph.node[1].attribute.add().t,
    "attribute list": lambda m: m.graph.node[1].attribute.add().tensors.add(),
    "sparse attribute": lambda m: m.graph.node[1].attribute.add().sparse_tensor.values,
    "sparse attribute list": lambda m: m.graph.node[1].attribute.add().sparse_tensors.add().values,
    "function": lambda m: m.functions[0].node[0].attribute.add().t,
    "function default": lambda m: m.functions[0].attribute_proto.add().t,
    "training": lambda m: m.training_info.add().algorithm.initializer.add(),
}


@pytest.mark.parametrize("entries", [True, False], ids=["external_data", "data_location"])
@pytest.mark.parametrize("place", PLACES)
def test_external_data(place: str, entries: bool) -> None:
    """A tensor in another file is found wherever it is, by either of its two marks."""
    model = make_model()
    tensor = PLACES[place](model)
    tensor.name = "outside"
    if entries:
        tensor.external_data.add(key="location", value="/etc/passwd")
    else:
        tensor.data_location = TensorProto.EXTERNAL
    data = model.SerializeToString()
    with pytest.raises(ModelFileError, match=r"^m\.onnx: tensor 'outside' .* another file"):
        check_one_file(data, "m.onnx")


def test_external_data_in_second_part() -> None:
    """A graph given in two parts, which protobuf merges, is looked at in both."""
    second = onnx.ModelProto()
    second.graph.initializer.add(name="outside").data_location = TensorProto.EXTERNAL
    with pytest.raises(ModelFileError, match="outside"):
        check_one_file(MODEL + second.SerializeToString(), "m.onnx")


def test_safe() -> None:
    """A model in one file passes."""
    check_one_file(FULL, "m.onnx")


@pytest.mark.parametrize(("levels", "deep"), [(30, False), (40, True)])
def test_depth(levels: int, deep: bool) -> None:
    """Three messages a level: subgraphs in subgraphs are followed to a depth, then refused."""
    graph = b""
    for _ in range(levels):
        attribute = bytes_field(6, graph)
        graph = bytes_field(1, bytes_field(4, b"If") + bytes_field(5, attribute))
    data = bytes_field(7, graph)
    if deep:
        with pytest.raises(ModelFileError, match="nested"):
            check_one_file(data, "m.onnx")
    else:
        check_one_file(data, "m.onnx")
        assert OnnxContent(data, "m.onnx").operators == {"If": levels}


@pytest.mark.parametrize("function", [onnx_attachments, OnnxContent])
def test_field_budget(
    function: Callable[[bytes, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of endless tiny fields is given up."""
    for module in (onnx_attachments_module, onnx_content):
        monkeypatch.setattr(module, "MAX_FIELDS", 20)
    with pytest.raises(ModelFileError, match="more fields"):
        function(MODEL + b"\x08\x08" * 30, "m.onnx")


@pytest.mark.parametrize("data", [b"", b"\x08\x08"])
def test_no_graph(data: bytes) -> None:
    """A message without a graph is no model."""
    with pytest.raises(ModelFileError, match="no graph"):
        OnnxContent(data, "m.onnx")


def everything(data: bytes, name: str) -> None:
    """All that is asked of a file."""
    content = OnnxContent(data, name)
    assert content.inputs is not None
    assert content.outputs is not None
    onnx_graph(data)
    sizes = content.attachments.sizes()
    assert sizes.graph + sizes.overhead + sum(sizes.attachments.values()) == len(data)
    content.check_structure(10)


def survives(data: bytes) -> None:
    """Every function either works or raises `ModelFileError`."""
    for function in (onnx_attachments, check_one_file, everything):
        with contextlib.suppress(ModelFileError):
            function(data, "m.onnx")
    with contextlib.suppress(ModelFileError):
        write_attachments(data, {"a": b"b"})


def test_truncated() -> None:
    """A file cut off at any byte is read or refused, never anything else."""
    for length in range(len(FULL)):
        survives(FULL[:length])


@given(st.lists(st.integers(0, 8 * len(FULL) - 1), min_size=1, max_size=6))
def test_flipped_bits(bits: list[int]) -> None:
    """A file with flipped bits is read or refused, never anything else."""
    survives(flipped(FULL, bits))
