"""Files that are broken, or made to do harm: an audit or one line, and always an end."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from damaged import flipped
from handmade import (
    OPERATORS,
    body,
    code,
    node,
    one_operator,
    onnx_model,
    operator,
    subgraph,
    tensor,
    tflite_model,
)
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from parsed import onnx_graph, tflite_graph

from edgernn.audit import audit_file
from edgernn.audit.onnx_findings import onnx_findings
from edgernn.audit.tflite_findings import tflite_findings
from edgernn.audit.weights import MOST_STEPS, read_weights
from edgernn.bundle.model_file import MAX_MODEL_BYTES
from edgernn.bundle.onnx import content as onnx_content
from edgernn.bundle.onnx.protowire import bytes_field
from edgernn.bundle.tflite import content as tflite_content
from edgernn.bundle.tflite import schema as places
from edgernn.bundle.tflite.attachments import append_attachments
from edgernn.bundle.tflite.model import open_root
from edgernn.errors import ModelFileError

Save = Callable[[str, bytes], Path]


def small_onnx() -> bytes:
    """A loop, weights inside and outside it, and a bundle's names."""
    inside = body(["MatMul", "Sigmoid", "Tanh"])
    nodes = [
        node("Loop", ["", "", "w"], ["h"], body=inside, name="loop"),
        node("DequantizeLinear", ["q", "s"], ["k"]),
        node("MatMul", ["h", "k"]),
        node("Own", domain="own"),
    ]
    weights = {
        "w": np.ones((2, 3), np.float32),
        "q": np.ones((4, 4), np.int8),
        "s": np.ones(4, np.float32),
    }
    model = onnx_model(nodes, weights)
    model.metadata_props.add(key="edgernn.contract.json", value="{}")
    return bytes(model.SerializeToString())


def small_tflite() -> bytes:
    """A loop, a fused LSTM, a custom operator and weights, with an archive behind."""
    loop = schema.WhileOptionsT(condSubgraphIndex=1, bodySubgraphIndex=2)
    lstm = schema.UnidirectionalSequenceLSTMOptionsT(cellClip=10.0)
    tensors = [tensor("x"), tensor("y"), tensor("w", buffer=1), tensor("v", buffer=2)]
    main = subgraph(
        tensors,
        [operator(0, [0, 2], [1], loop), operator(1, [0, 2, 3], [1], lstm), operator(2, [0], [1])],
    )
    codes = [
        code(OPERATORS.WHILE),
        code(OPERATORS.UNIDIRECTIONAL_SEQUENCE_LSTM),
        code(OPERATORS.CUSTOM, custom="FlexErf"),
        code(OPERATORS.TANH),
    ]
    inner = subgraph([tensor("a"), tensor("b")], [operator(3, [0], [1])])
    weights = [np.ones((1, 4), np.float32), np.ones((1, 8), np.float32)]
    data = tflite_model(codes, [main, inner, inner], weights)
    return append_attachments(data, {"contract.json": b"{}", "labels.txt": b"no\nyes\n"})


SMALL = {"onnx": small_onnx(), "tflite": small_tflite()}


def survives(path: Path, data: bytes) -> bool:
    """Audit a file: it is told what is in it, or refused; True if it was told."""
    path.write_bytes(data)
    try:
        audit = audit_file(path)
    except ModelFileError:
        return False
    assert sum(part.bytes for part in audit.parts) == len(data)
    assert all(part.bytes >= 0 for part in audit.parts)
    assert audit.to_json()
    return True


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "model"


@pytest.mark.parametrize("format", SMALL)
def test_truncated(place: Path, format: str) -> None:
    """A file cut off at any byte."""
    data = SMALL[format]
    assert survives(place, data)
    told = [survives(place, data[:length]) for length in range(len(data))]
    assert not all(told)


def test_truncated_conversion(place: Path, masked: Path) -> None:
    """A real foreign file cut off at many places is never taken for a whole one.

    Cut behind its graph, between two fields of the file, what is left is a whole file.
    """
    onnx = pytest.importorskip("onnx")
    data = masked.read_bytes()
    graph = onnx.ModelProto.FromString(data).graph.SerializeToString()
    end = data.index(graph) + len(graph)
    lengths = [*range(64), *range(64, len(data), len(data) // 97), end - 1]
    assert all(length >= end for length in lengths if survives(place, data[:length]))
    assert survives(place, data[:end])


@pytest.mark.parametrize("format", SMALL)
@given(st.data())
def test_flipped_bits(place: Path, format: str, data: st.DataObject) -> None:
    """A file with flipped bits; its parts still add up wherever it is read."""
    small = SMALL[format]
    bits = data.draw(st.lists(st.integers(0, 8 * len(small) - 1), min_size=1, max_size=6))
    survives(place, flipped(small, bits))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"text\n" * 9, b"\x00" * 64, b"....TFL3"])
def test_no_model(save: Save, data: bytes) -> None:
    """Something else is refused in one line that names the file."""
    path = save("file", data)
    with pytest.raises(ModelFileError, match=f"^{path}: ") as caught:
        audit_file(path)
    assert "\n" not in str(caught.value)


def test_unreadable(tmp_path: Path) -> None:
    """A file that is missing, a folder, or too large."""
    with pytest.raises(ModelFileError, match="cannot be read"):
        audit_file(tmp_path / "missing.onnx")
    with pytest.raises(ModelFileError, match="is a folder; name a model file"):
        audit_file(tmp_path)
    large = tmp_path / "large.onnx"
    with large.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(ModelFileError, match="larger than 128 MiB"):
        audit_file(large)


def nested(levels: int) -> bytes:
    """An If in an If, deeper than the onnx package would write."""
    graph = b""
    for _ in range(levels):
        branch = bytes_field(1, b"then_branch") + bytes_field(6, graph)
        graph = bytes_field(1, bytes_field(4, b"If") + bytes_field(5, branch))
    return b"\x08\x08" + bytes_field(7, graph)


def test_depth(save: Save) -> None:
    """Bodies in bodies are followed as deep as Protocol Buffers' own parsers go, no deeper."""
    audit = audit_file(save("m.onnx", nested(30)))
    assert audit.operators == {"If": 30}
    with pytest.raises(ModelFileError, match="nested"):
        audit_file(save("n.onnx", nested(60)))


@pytest.mark.parametrize("indices", [(0, 0), (0, 1), (1, 1)])
def test_loops_in_a_circle(save: Save, indices: tuple[int, int]) -> None:
    """Subgraphs that run each other."""
    options = schema.WhileOptionsT(condSubgraphIndex=indices[0], bodySubgraphIndex=indices[1])
    pair = [tensor("a"), tensor("b")]
    graphs = [subgraph(pair, [operator(0, [0], [1], options)]) for _ in range(2)]
    audit = audit_file(save("m.tflite", tflite_model([code(OPERATORS.WHILE)], graphs)))
    assert audit.operators == {"WHILE": 2}


@pytest.mark.parametrize("index", [-1, 2, 1 << 30])
def test_bodies_that_are_not_there(save: Save, index: int) -> None:
    """A loop without a body is a broken file."""
    options = schema.WhileOptionsT(condSubgraphIndex=0, bodySubgraphIndex=index)
    graph = subgraph([tensor("a"), tensor("b")], [operator(0, [0], [1], options)])
    with pytest.raises(ModelFileError, match="subgraph"):
        audit_file(save("m.tflite", tflite_model([code(OPERATORS.WHILE)], [graph])))


@pytest.mark.parametrize("number", [-2, 2, 1 << 30])
def test_tensors_that_are_not_there(save: Save, number: int) -> None:
    """An operator that reads no tensor of its subgraph, though there are others."""
    pair = [tensor("a"), tensor("b")]
    graphs = [subgraph(pair, [operator(0, [number], [1])]), subgraph(pair, [])]
    with pytest.raises(ModelFileError, match="tensor"):
        audit_file(save("m.tflite", tflite_model([code(OPERATORS.TANH)], graphs)))


def test_overlapping_weights(save: Save) -> None:
    """Weights that share bytes count them once, so the parts still add up."""
    tensors = [tensor("x"), tensor("y"), tensor("w", buffer=1), tensor("v", buffer=2)]
    graph = subgraph(tensors, [operator(0, [0, 2, 3], [1])])
    arrays = [np.ones(100, np.float32), np.zeros(100, np.float32)]
    data = bytearray(tflite_model([code(OPERATORS.FULLY_CONNECTED)], [graph], arrays))
    _, first, second = open_root(data).tables(places.Model.BUFFERS)
    start, size = first.span(places.Buffer.DATA)
    field = second.position_of(places.Buffer.DATA)
    assert field is not None
    # A vector of 300 bytes that starts 100 bytes into the first, whose values hold its length.
    struct.pack_into("<I", data, start + 96, 300)
    struct.pack_into("<I", data, field, start + 96 - field)
    audit = audit_file(save("m.tflite", bytes(data)))
    assert sorted(weight.bytes for weight in audit.weights) == [0, size]
    assert sum(part.bytes for part in audit.parts) == len(data)


def test_shapes_that_are_too_large(save: Save) -> None:
    """A shape that its bytes cannot hold counts no numbers, and takes no time."""
    for dims in ([2**62] * 3, [3] * 20_000, [2**63 - 1]):
        weight = TensorProto(name="w", data_type=1, dims=dims, raw_data=b"1234")
        model = onnx_model([node("MatMul", ["x", "w"])])
        model.graph.initializer.append(weight)
        audit = audit_file(save("m.onnx", model.SerializeToString()))
        assert [w.numbers for w in audit.weights] == [0]
        assert audit.quantized_share is None


def test_names_are_fit_for_a_terminal(save: Save) -> None:
    """Nothing of a file's names reaches a terminal as it is, nor at any length."""
    evil = "\x1b[31mred\r\n" + "x" * 5000
    inner = helper.make_graph([node(f"Own{evil}", name=f"n{evil}")], evil, [], [])
    nodes = [
        node("Loop", body=inner, name=f"loop{evil}"),
        node(f"A{evil}", domain=f"d{evil}"),
        node("MatMul", ["x", f"w{evil}"]),
    ]
    model = onnx_model(nodes, {f"w{evil}": np.ones((9, 9), np.float32)})
    audit = audit_file(save("m.onnx", model.SerializeToString()))
    shown = [
        *audit.operators,
        *(text for f in audit.findings for text in (f.subject, f.why, f.change, *f.places)),
        *(text for w in audit.weights for text in (w.name, w.decoded_by, *w.used_by)),
        *(reason.text for reason in audit.oldest_runtime.reasons),
        *(part.name for part in audit.parts),
    ]
    assert [text for text in shown if not text.isprintable()] == []
    assert max(map(len, shown)) < 3000
    assert any("\\x1b" in text for text in shown)


def test_names_of_tflite_files(save: Save) -> None:
    """The same for tensors, subgraphs and custom operators."""
    evil = "\x1b[31mred\n" + "x" * 5000
    data = one_operator(OPERATORS.CUSTOM, custom=evil)
    (finding,) = audit_file(save("m.tflite", data)).findings
    assert finding.subject.isprintable()
    pair = [tensor(evil), tensor(evil)]
    options = schema.WhileOptionsT(condSubgraphIndex=0, bodySubgraphIndex=1)
    graphs = [
        subgraph(pair, [operator(0, [0], [1], options)]),
        subgraph(pair, [operator(1, [0], [1])], name=evil),
    ]
    codes = [code(OPERATORS.WHILE), code(OPERATORS.RANDOM_UNIFORM)]
    audit = audit_file(save("n.tflite", tflite_model(codes, graphs)))
    places = [place for finding in audit.findings for place in finding.places]
    assert len(places) == 2
    assert all(place.isprintable() and len(place) < 1500 for place in places)


def test_nothing_is_read_twice_for_each_other_thing() -> None:
    """Many weights behind one operator, and many loops of one body, are looked at once each."""
    width = 3000
    names = [f"w{i}" for i in range(width)]
    hub = [node("Concat", names, ["hub"])]
    readers = [node("MatMul", ["x", "hub"], [f"y{i}"]) for i in range(width)]
    weights = {name: np.ones(2, np.float32) for name in names}
    graph = onnx_graph(onnx_model([*hub, *readers], weights).SerializeToString())
    assert {w.role for w in read_weights(graph)} == {"dense kernel"}
    assert all(len(w.used_by) <= MOST_STEPS for w in read_weights(graph))

    options = schema.WhileOptionsT(condSubgraphIndex=1, bodySubgraphIndex=1)
    pair = [tensor("a"), tensor("b")]
    loops = subgraph(pair, [operator(0, [0], [1], options) for _ in range(width)])
    inside = subgraph(pair, [operator(1, [0], [1]) for _ in range(width)])
    codes = [code(OPERATORS.WHILE), code(OPERATORS.TANH)]
    tflite = tflite_graph(tflite_model(codes, [loops, inside]))
    assert len(list(tflite_findings(tflite))) == width
    assert not list(onnx_findings(graph))


def test_no_work_without_end(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """More fields, or more structure, than any model has are given up."""
    monkeypatch.setattr(onnx_content, "MAX_FIELDS_UNROLLED", 200)
    monkeypatch.setattr(tflite_content, "MAX_WORK_UNROLLED", 500)
    with pytest.raises(ModelFileError, match="more fields"):
        audit_file(save("m.onnx", small_onnx() + b"\x08\x08" * 200))
    with pytest.raises(ModelFileError, match="more structure"):
        audit_file(save("m.tflite", small_tflite()))


def test_a_loop_s_body_may_use_names_of_the_graph_around_it() -> None:
    """Names are looked up in the body first, then around it."""
    inside = helper.make_graph(
        [helper.make_node("MatMul", ["outer", "w"], ["o"])],
        "b",
        [helper.make_tensor_value_info("w", TensorProto.FLOAT, None)],
        [],
    )
    weights = {"outer": np.ones((2, 2), np.float32), "w": np.ones((3, 3), np.float32)}
    model = onnx_model([node("If", then_branch=inside)], weights)
    found = {w.name: w.role for w in read_weights(onnx_graph(model.SerializeToString()))}
    assert found == {"outer": "dense kernel", "w": "other"}
    assert isinstance(model, onnx.ModelProto)
