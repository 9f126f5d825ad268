"""What is found in .onnx files: tiny ones, and what tf2onnx and ONNX Runtime write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from handmade import body, node, onnx_model
from onnx import TensorProto, helper

from edgernn.audit import Audit, audit_file

Save = Callable[[str, bytes], Path]


@pytest.fixture
def audited(save: Save) -> Callable[[onnx.ModelProto], Audit]:
    """Audit a model."""
    return lambda model: audit_file(save("m.onnx", model.SerializeToString()))


def subjects(audit: Audit) -> list[tuple[str, str, int]]:
    return [(f.severity, f.subject, len(f.places)) for f in audit.findings]


def test_masked_keras_model(masked: Path) -> None:
    """A masked Keras model through tf2onnx: each Loop by name, what it is, what to do."""
    audit = audit_file(masked)
    assert subjects(audit) == [("problem", "Loop (LSTM, masked)", 2)]
    (finding,) = audit.findings
    assert all("lstm" in place and "while_loop" in place for place in finding.places)
    assert "mask_zero" in finding.why
    assert "sequence_lens" in finding.change
    assert audit.recurrent_operators == {"Loop (LSTM)": 2}
    assert audit.operators["Loop"] == 2
    assert (audit.carries_bundle, audit.layers, audit.source_recurrent) == (False, None, None)
    assert audit.oldest_runtime.text == "onnxruntime 1.16"
    roles = {(w.role, w.shape) for w in audit.weights if w.numbers > 100}
    assert roles == {
        ("embedding", (200, 16)),
        *(("recurrent kernel", shape) for shape in ((16, 48), (12, 48))),
    }


@pytest.mark.parametrize(
    ("cell", "masked", "found"),
    [
        ("GRU", False, "Loop (GRU)"),
        ("GRU", True, "Loop (GRU, masked)"),
        ("SimpleRNN", False, "Loop (SimpleRNN)"),
    ],
)
def test_loops_of_keras_3(conversions, cell: str, masked: bool, found: str) -> None:
    """The body tells which layer of Keras 3 a Loop was."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(30, 8, mask_zero=masked),
            getattr(keras.layers, cell)(6),
            keras.layers.Dense(1),
        ]
    )
    audit = audit_file(conversions.onnx(f"{cell}-{masked}", model))
    assert subjects(audit) == [("problem", found, 1)]


def test_fused_lstm_without_lengths(conversions) -> None:
    """An LSTM without sequence_lens is no problem, but padding would enter its state."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(30, 8), layers.LSTM(6)]
    )
    audit = audit_file(conversions.onnx("plain-lstm", model))
    assert subjects(audit) == [("note", "LSTM", 1)]
    assert "sequence_lens" in audit.findings[0].why
    assert not audit.problems


def test_dynamic_quantization(tiny_files, tmp_path: Path) -> None:
    """What onnxruntime's quantize_dynamic makes of an export: its own operator, CPU only."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = tmp_path / "dynamic.onnx"
    # From a copy without the bundle, whose checksums would not hold any more.
    model = onnx.load(tiny_files["onnx", "float32"])
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "plain.onnx")
    quantize_dynamic(tmp_path / "plain.onnx", path, weight_type=QuantType.QInt8)
    audit = audit_file(path)
    assert not audit.problems
    found = {f.subject: f for f in audit.findings}
    lstm = found["com.microsoft::DynamicQuantizeLSTM"]
    assert len(lstm.places) == 2
    assert "CPU execution provider" in lstm.why
    assert "DynamicQuantizeLinear" in found
    assert audit.recurrent_operators == {"com.microsoft::DynamicQuantizeLSTM": 2}
    assert {w.role for w in audit.weights if w.is_quantized} == {
        "embedding",
        "recurrent kernel",
        "dense kernel",
    }
    assert audit.quantized_share is not None
    assert audit.quantized_share > 0.9


CELLS = {
    "LSTM": ["MatMul", *["Sigmoid"] * 3, *["Tanh"] * 2],
    "GRU": ["MatMul", *["Sigmoid"] * 2, "Tanh"],
    "SimpleRNN": ["MatMul", "Tanh"],
}


@pytest.mark.parametrize("loop", ["Loop", "Scan"])
@pytest.mark.parametrize("mask", [None, "Where", "Not"])
@pytest.mark.parametrize("cell", [*CELLS, None])
def test_cells(audited, loop: str, mask: str | None, cell: str | None) -> None:
    """A loop is known by the activations in its body, a mask by a choice."""
    types = CELLS[cell] if cell else ["Add", "Sigmoid", "Tanh"]
    inside = body([*types, *([mask] if mask else [])])
    audit = audited(onnx_model([node(loop, body=inside, name="here")]))
    name = f"{loop} ({cell}{', masked' if mask else ''})" if cell else loop
    assert subjects(audit) == [("problem", name, 1)]
    assert audit.findings[0].places == ("here",)


def test_one_sigmoid_that_is_split(audited) -> None:
    """Gates computed in one and split into four are an LSTM's too."""
    inside = body(["MatMul", "Sigmoid", "Tanh", "Tanh"])
    inside.node.append(helper.make_node("Split", ["t1"], ["a", "b", "c", "d"]))
    audit = audited(onnx_model([node("Loop", body=inside)]))
    assert audit.recurrent_operators == {"Loop (LSTM)": 1}


def test_places_in_bodies(audited) -> None:
    """An operator without a name is named by its output, and one in a body by the loop."""
    inner = helper.make_graph([node("RandomNormalLike", outputs=["noise"])], "inner", [], [])
    audit = audited(onnx_model([node("Loop", body=inner, name="outer")]))
    found = {f.subject: f.places for f in audit.findings}
    assert found["RandomNormalLike"] == ("operator 0, which gives noise, in the body of outer",)


@pytest.mark.parametrize(
    ("made", "severity", "subject"),
    [
        (node("If", then_branch=body([]), else_branch=body([])), "note", "If"),
        (node("RandomUniform", [], shape=[2]), "problem", "RandomUniform"),
        (node("Dropout", ["x", "", "mode"]), "note", "Dropout"),
        (node("MatMulNBits", domain="com.microsoft"), "note", "com.microsoft::MatMulNBits"),
        (node("NoSuchThing", domain="com.microsoft"), "problem", "com.microsoft::NoSuchThing"),
        (node("Conv", domain="com.microsoft.nchwc"), "problem", "com.microsoft.nchwc::Conv"),
        (node("Tokenizer", domain="ai.onnx.contrib"), "problem", "ai.onnx.contrib::Tokenizer"),
        (node("MyOwn"), "problem", "MyOwn"),
        (node("CudnnRNNV3", domain="tf"), "problem", "tf::CudnnRNNV3"),
        (node("LSTM", ["x", "", "", "", "n"], clip=3.0), "problem", "LSTM"),
    ],
)
def test_operators(audited, made: onnx.NodeProto, severity: str, subject: str) -> None:
    """Each operator that a runtime may lack, or that scores otherwise, is named."""
    audit = audited(onnx_model([made]))
    assert (severity, subject) in {(f.severity, f.subject) for f in audit.findings}
    assert bool(audit.problems) == (severity == "problem")


@pytest.mark.parametrize(
    "made",
    [
        node("Dropout", ["x"]),
        node("Scaler", domain="ai.onnx.ml"),
        node("LSTM", ["x", "", "", "", "lengths"]),
        node("Gelu"),
    ],
)
def test_nothing_found(audited, made: onnx.NodeProto) -> None:
    """ONNX's own operators are as they should be."""
    assert audited(onnx_model([made])).findings == ()


@pytest.mark.parametrize("shape", [(1, "time", 4), ("time",)])
def test_single_rows_need_no_lengths(audited, shape) -> None:
    """Where the batch is 1 no padding is needed, so no lengths either."""
    assert audited(onnx_model([node("LSTM")], shape=shape)).findings == ()


def test_functions_of_the_file(audited) -> None:
    """An operator that the file defines by others needs no library; those others are looked at."""
    inside = [helper.make_node("RandomNormalLike", ["a"], ["b"], name="noise")]
    function = helper.make_function(
        "own", "Layer", ["a"], ["b"], inside, [helper.make_opsetid("", 17)]
    )
    model = onnx_model([node("Layer", domain="own")], opsets={"own": 1}, functions=[function])
    audit = audited(model)
    assert subjects(audit) == [("problem", "RandomNormalLike", 1)]
    assert audit.findings[0].places == ("noise, in function Layer",)


def test_text_input(audited) -> None:
    """A graph that takes text has rules of its own for it."""
    audit = audited(onnx_model([node("Identity")], input_type=TensorProto.STRING))
    assert subjects(audit) == [("note", "input of type STRING", 1)]


def test_weights_in_another_file(audited) -> None:
    """Such a file is named, and nothing beside it is read."""
    model = onnx_model([node("MatMul", ["x", "w"])], {"w": np.ones((4, 8), np.float32)})
    (weight,) = model.graph.initializer
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../etc/passwd")
    audit = audited(model)
    assert subjects(audit) == [("problem", "weights in another file", 1)]
    assert audit.findings[0].places == ("w",)
    assert [(w.bytes, w.numbers) for w in audit.weights] == [(0, 0)]


def test_weights(audited) -> None:
    """Weights are known by who reads them, through casts, shapes and into a loop's body."""
    inside = helper.make_graph(
        [helper.make_node("MatMul", ["h", "inner_w"], ["o"])],
        "body",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("i", "c", "inner_w")],
        [],
    )
    nodes = [
        node("Gather", ["table", "ids"], ["rows"]),
        node("Cast", ["rows"], ["vectors"], to=1),
        node("DequantizeLinear", ["kernel8", "scale", "zero"], ["kernel"]),
        node("Reshape", ["kernel", "shape"], ["kernel3"]),
        node("LSTM", ["vectors", "kernel3", "r", "b"], ["", "h"]),
        node("Loop", ["", "", "looped"], ["z"], body=inside),
        node("Constant", [], ["d"], value=helper.make_tensor("d", 1, [2, 4], range(8))),
        node("MatMul", ["h", "d"]),
    ]
    weights = {
        "table": np.zeros((9, 4), np.float16),
        "kernel8": np.zeros((8, 4), np.int8),
        "scale": np.zeros(8, np.float32),
        "zero": np.zeros(8, np.int8),
        "shape": np.array([1, 8, 4]),
        "r": np.zeros((1, 8, 2), np.float32),
        "b": np.zeros((1, 16), np.float32),
        "looped": np.zeros((4, 4), np.float32),
    }
    audit = audited(onnx_model(nodes, weights))
    found = {
        w.name: (w.role, w.type, w.bytes, w.is_quantized, w.decoded_by, w.used_by)
        for w in audit.weights
    }
    assert found == {
        "table": ("embedding", "FLOAT16", 72, False, "Cast", ("Gather",)),
        "kernel8": ("recurrent kernel", "INT8", 32, True, "DequantizeLinear", ("LSTM",)),
        "scale": ("scale or zero point", "FLOAT", 32, False, "", ("DequantizeLinear",)),
        "zero": ("scale or zero point", "INT8", 8, False, "", ("DequantizeLinear",)),
        "shape": ("other", "INT64", 24, False, "", ("Reshape",)),
        "r": ("recurrent kernel", "FLOAT", 64, False, "", ("LSTM",)),
        "b": ("bias", "FLOAT", 64, False, "", ("LSTM",)),
        "looped": ("recurrent kernel", "FLOAT", 64, False, "", ("MatMul",)),
        "d": ("dense kernel", "FLOAT", 32, False, "", ("MatMul",)),
    }
    assert audit.quantized_share == 32 / (36 + 32 + 16 + 16 + 16 + 8)


def states_model(op_type: str, batch: object, **settings: int) -> onnx.ModelProto:
    """A recurrent operator whose initial states are stored for one text."""
    size = {"LSTM": 4, "GRU": 3, "RNN": 1}[op_type] * 6
    weights = {
        "W": np.zeros((1, size, 4), np.float32),
        "R": np.zeros((1, size, 6), np.float32),
        "h": np.zeros((1, 1, 6), np.float32),
    }
    inputs = ["x", "W", "R", "", "", "h"] + (["h"] if op_type == "LSTM" else [])
    made = node(op_type, inputs, ["", "y"], name="cell", hidden_size=6, **settings)
    return onnx_model([made], weights, shape=(batch, "time", 4))


@pytest.mark.parametrize("op_type", ["LSTM", "GRU", "RNN"])
def test_stored_states_fix_the_batch(audited, op_type: str) -> None:
    """A graph that takes batches cannot start them from a state for one text."""
    (problem,) = audited(states_model(op_type, "batch")).problems
    assert (problem.subject, problem.places) == (op_type, ("cell",))
    assert "the initial state is stored for 1 text a call" in problem.why
    assert not audited(states_model(op_type, 1)).problems


@pytest.mark.parametrize(
    ("producer", "settings", "problems"),
    [
        ("pytorch", {}, 1),
        ("pytorch", {"linear_before_reset": 1}, 0),
        ("tf2onnx", {}, 0),
    ],
)
def test_a_gru_of_pytorch(audited, producer: str, settings: dict[str, int], problems: int) -> None:
    """PyTorch has no GRU without linear_before_reset; Keras has both kinds."""
    model = states_model("GRU", 1, **settings)
    model.producer_name = producer
    found = audited(model).problems
    assert len(found) == problems
    assert all("linear_before_reset is not set" in problem.why for problem in found)
