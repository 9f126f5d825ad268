"""What is found in .tflite files: tiny ones, and what TensorFlow's converter writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from ai_edge_litert import schema_py_generated as schema
from handmade import (
    OPERATORS,
    TYPES,
    code,
    one_operator,
    operator,
    subgraph,
    tensor,
    tflite_model,
)

from edgernn.audit import Audit, audit_file

Save = Callable[[str, bytes], Path]


@pytest.fixture
def audited(save: Save) -> Callable[[bytes], Audit]:
    """Audit a file."""
    return lambda data: audit_file(save("m.tflite", data))


def subjects(audit: Audit) -> list[tuple[str, str, int]]:
    return [(f.severity, f.subject, len(f.places)) for f in audit.findings]


def small(library, cell: str = "LSTM", masked: bool = False, units: int = 12):
    layers = library.layers
    return library.Sequential(
        [
            library.Input((None,), dtype="int32"),
            layers.Embedding(200, 16, mask_zero=masked),
            getattr(layers, cell)(units),
            layers.Dense(1),
        ]
    )


def test_converter_s_lstm(conversions) -> None:
    """A fused LSTM as the converter leaves it: its cell state is cut, and it keeps a state."""
    audit = audit_file(conversions.tflite("lstm", small(tf_keras)))
    name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    assert subjects(audit) == [("problem", name, 1), ("note", name, 1)]
    clip, state = audit.findings
    assert "cell_clip 10" in clip.why
    assert "reset_all_variables" in state.change
    assert audit.recurrent_operators == {name: 1}
    kernels = [w for w in audit.weights if w.role == "recurrent kernel"]
    assert sorted(w.shape for w in kernels) == [(12, 12)] * 4 + [(12, 16)] * 4
    assert audit.oldest_runtime.text == "tflite-runtime 2.14"


def test_converter_s_loops(conversions) -> None:
    """A GRU becomes a loop for want of an operator, a SimpleRNN although there is one.

    Both are worth knowing, and no problem.
    """
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(200, 16),
            layers.GRU(12, return_sequences=True),
            layers.SimpleRNN(10),
            layers.Dense(1),
        ]
    )
    audit = audit_file(conversions.tflite("loops", model))
    names = ("WHILE (GRU)", "WHILE (SimpleRNN)")
    assert sorted(subjects(audit)) == [("note", name, 1) for name in names]
    assert audit.recurrent_operators == dict.fromkeys(names, 1)
    kernels = {w.shape for w in audit.weights if w.role == "recurrent kernel"}
    assert kernels == {(36, 16), (36, 12), (10, 12), (10, 10)}


# With a mask the converter works on an LSTM for a quarter of a minute.
@pytest.mark.parametrize("cell", ["SimpleRNN", pytest.param("LSTM", marks=pytest.mark.slow)])
def test_a_masked_loop(conversions, cell: str) -> None:
    """There is a fused operator for these; a loop is right, so it is worth knowing alone."""
    model = small(tf_keras, cell, masked=True)
    audit = audit_file(conversions.tflite(f"masked-{cell}", model))
    assert subjects(audit) == [("note", f"WHILE ({cell}, masked)", 1)]


def test_keras_3(conversions) -> None:
    """From Keras 3 the weights do not come along: the file cannot run."""
    audit = audit_file(conversions.tflite("keras-3", small(keras)))
    assert subjects(audit) == [("problem", "READ_VARIABLE", 6), ("note", "WHILE (LSTM)", 1)]
    assert "for the LSTM of tf_keras alone" in audit.findings[1].why
    assert not any(w.role == "embedding" for w in audit.weights)


def test_flex(conversions) -> None:
    """What needs TensorFlow's own operators on the phone is named, one by one."""

    def setting(converter) -> None:
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS,
            tf.lite.OpsSet.SELECT_TF_OPS,
        ]
        converter._experimental_lower_tensor_list_ops = False

    audit = audit_file(conversions.tflite("flex", small(tf_keras, "GRU"), setting))
    found = subjects(audit)
    for name in ("Reserve", "SetItem", "Stack"):
        assert ("problem", f"custom::FlexTensorList{name}", 1) in found
    assert all("Flex delegate" in f.why for f in audit.problems)
    assert audit.oldest_runtime.version is None
    assert audit.oldest_runtime.text == "unknown"


def test_quantized_weights(conversions) -> None:
    """Dynamic range quantization: what is int8 is told, and what turns it back."""

    def setting(converter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]

    model = small(tf_keras, units=64)
    audit = audit_file(conversions.tflite("int8", model, setting))
    quantized = [w for w in audit.weights if w.is_quantized]
    assert {(w.role, w.type, w.decoded_by) for w in quantized} == {
        ("embedding", "INT8", "DEQUANTIZE"),
        ("recurrent kernel", "INT8", ""),
    }
    assert audit.quantized_share is not None
    assert audit.quantized_share == pytest.approx(
        sum(w.numbers for w in quantized) / (200 * 16 + 64 * 4 * 80 + 64 * 4 + 64), abs=0.02
    )


@pytest.mark.parametrize(
    ("builtin", "custom", "severity", "subject"),
    [
        ("CUSTOM", "FlexErf", "problem", "custom::FlexErf"),
        ("CUSTOM", "FlexCudnnRNNV3", "problem", "custom::FlexCudnnRNNV3"),
        ("CUSTOM", "FlexRandomUniform", "problem", "custom::FlexRandomUniform"),
        ("CUSTOM", "MyOwn", "problem", "custom::MyOwn"),
        ("WHILE", None, "problem", "WHILE"),
        ("RANDOM_UNIFORM", None, "problem", "RANDOM_UNIFORM"),
        ("READ_VARIABLE", None, "problem", "READ_VARIABLE"),
        ("IF", None, "note", "IF"),
        ("CALL_ONCE", None, "note", "CALL_ONCE"),
    ],
)
def test_operators(audited, builtin: str, custom: str | None, severity: str, subject: str) -> None:
    """Each operator that a runtime may lack, or that scores otherwise, is named."""
    audit = audited(one_operator(getattr(OPERATORS, builtin), custom=custom))
    assert {(f.severity, f.subject) for f in audit.findings} == {(severity, subject)}
    assert bool(audit.problems) == (severity == "problem")


def test_cudnn_is_told_apart(audited) -> None:
    """Of TensorFlow's operators those of cuDNN run on no phone even with the delegate."""
    (finding,) = audited(one_operator(OPERATORS.CUSTOM, custom="FlexCudnnRNNV3")).findings
    assert "cuDNN" in finding.why
    assert "Flex delegate" not in finding.why


def test_variables_that_are_written(audited) -> None:
    """A variable that the graph writes is a state, not a lost weight."""
    codes = [code(OPERATORS.READ_VARIABLE), code(OPERATORS.ASSIGN_VARIABLE)]
    graph = subgraph([tensor("x"), tensor("y")], [operator(0, [0], [1]), operator(1, [0, 1], [])])
    audit = audited(tflite_model(codes, [graph]))
    assert subjects(audit) == [("note", "READ_VARIABLE", 1)]
    assert "state" in audit.findings[0].why


def loop_model(
    types: list[str], condition: int = 1, inside: int = 2, *, batch: int = 1, parts: int = 1
) -> bytes:
    """A WHILE whose body has operators of these types; a SPLIT gives some parts."""
    codes = [code(OPERATORS.WHILE), code(OPERATORS.LESS)]
    codes += [code(getattr(OPERATORS, name)) for name in types]
    options = schema.WhileOptionsT(condSubgraphIndex=condition, bodySubgraphIndex=inside)
    pair = [tensor("a"), tensor("b")]
    main = [tensor("a", (1, 4), shapeSignature=[batch, 4]), tensor("b")]
    outputs = {"SPLIT": [1] * parts}
    return tflite_model(
        codes,
        [
            subgraph(main, [operator(0, [0], [1], options)]),
            subgraph(pair, [operator(1, [0, 0], [1])], name="cond"),
            subgraph(
                pair,
                [operator(2 + i, [0], outputs.get(n, [1])) for i, n in enumerate(types)],
                name="body",
            ),
        ],
    )


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["BATCH_MATMUL", *["LOGISTIC"] * 3, *["TANH"] * 2], ("note", "WHILE (LSTM)", 1)),
        (["FULLY_CONNECTED", *["LOGISTIC"] * 2, "TANH"], ("note", "WHILE (GRU)", 1)),
        (
            ["FULLY_CONNECTED", *["LOGISTIC"] * 2, "TANH", "SELECT_V2"],
            ("note", "WHILE (GRU, masked)", 1),
        ),
        (["FULLY_CONNECTED", "TANH", "SELECT"], ("note", "WHILE (SimpleRNN, masked)", 1)),
        (["FULLY_CONNECTED", "RELU"], ("note", "WHILE (SimpleRNN)", 1)),
        (["ADD", "RELU"], ("problem", "WHILE", 1)),
        (["ADD", "TANH"], ("problem", "WHILE", 1)),
    ],
)
def test_cells(audited, types: list[str], expected: tuple[str, str, int]) -> None:
    """A loop is known by the activations in its body, a mask by a choice."""
    assert subjects(audited(loop_model(types))) == [expected]


def test_a_loop_of_an_open_batch(audited) -> None:
    """The open batch is why an LSTM is not fused, whichever Keras it is of."""
    types = ["BATCH_MATMUL", *["LOGISTIC"] * 3, *["TANH"] * 2]
    (fixed,) = audited(loop_model(types)).findings
    assert "where the batch has a fixed size" not in fixed.why
    (found,) = audited(loop_model(types, batch=-1)).findings
    assert "where the batch has a fixed size, and here it is open" in found.why
    assert "fix the batch to 1" in found.change


@pytest.mark.parametrize(
    ("parts", "activations", "cell"),
    [
        (4, ["MAXIMUM", "TANH", "TANH"], "LSTM"),
        (3, ["RELU", "LOGISTIC"], "GRU"),
        (3, ["RELU", "MINIMUM", "TANH"], "GRU"),
    ],
)
def test_cells_of_other_activations(audited, parts: int, activations, cell: str) -> None:
    """They are told by how their product is split; TFLite has no other operator for them."""
    types = ["FULLY_CONNECTED", "SPLIT", *activations]
    (found,) = audited(loop_model(types, parts=parts)).findings
    assert (found.severity, found.subject) == ("note", f"WHILE ({cell})")
    assert "Keras's default activations alone" in found.why


@pytest.mark.parametrize("name", ["ONNX_LSTM", "ONNX_GRU"])
def test_what_onnx2tf_leaves(audited, name: str) -> None:
    """A custom operator that nothing has."""
    (found,) = audited(one_operator(OPERATORS.CUSTOM, custom=name)).findings
    assert (found.severity, found.subject) == ("problem", f"custom::{name}")
    assert "onnx2tf" in found.why


@pytest.mark.parametrize(("clip", "problems"), [(0.0, 0), (10.0, 1), (2.5, 1)])
def test_cell_clip(audited, clip: float, problems: int) -> None:
    """Any cut of the cell state but none is a problem; a state is a note."""
    options = schema.UnidirectionalSequenceLSTMOptionsT(cellClip=clip)
    tensors = [tensor("x"), tensor("y"), tensor("h", isVariable=True)]
    graph = subgraph(tensors, [operator(0, [0, -1, 2], [1], options)])
    audit = audited(tflite_model([code(OPERATORS.UNIDIRECTIONAL_SEQUENCE_LSTM)], [graph]))
    assert len(audit.problems) == problems
    assert len(audit.findings) == problems + 1


def test_text_input(audited) -> None:
    """A graph that takes text has rules of its own for it."""
    graph = subgraph([tensor("x", type=TYPES.STRING), tensor("y")], [operator(0, [0], [1])])
    audit = audited(tflite_model([code(OPERATORS.CAST)], [graph]))
    assert subjects(audit) == [("note", "input of type STRING", 1)]


def test_weights_passed_into_a_loop(audited) -> None:
    """A weight that a loop hands to its body is known by what the body does with it."""
    codes = [code(OPERATORS.WHILE), code(OPERATORS.LESS), code(OPERATORS.FULLY_CONNECTED)]
    options = schema.WhileOptionsT(condSubgraphIndex=1, bodySubgraphIndex=2)
    main = subgraph(
        [tensor("x"), tensor("y"), tensor("w", (8, 4), buffer=1)],
        [operator(0, [0, 2], [1], options)],
    )
    inner = [tensor("a"), tensor("b"), tensor("k", (8, 4)), tensor("o")]
    cond = subgraph(inner, [operator(1, [0, 0], [1])], inputs=(0, 2))
    inside = subgraph(inner, [operator(2, [0, 2, -1], [3])], inputs=(0, 2))
    data = tflite_model(codes, [main, cond, inside], [np.zeros((8, 4), np.float32)])
    (weight,) = audited(data).weights
    assert (weight.name, weight.role, weight.used_by) == (
        "w",
        "recurrent kernel",
        ("FULLY_CONNECTED",),
    )


def test_shared_weights_count_once(audited) -> None:
    """Two tensors may share their numbers; the file has them once."""
    tensors = [tensor("x"), tensor("y"), tensor("w", buffer=1), tensor("v", buffer=1)]
    graph = subgraph(tensors, [operator(0, [0, 2], [1]), operator(1, [0, 3], [1])])
    codes = [code(OPERATORS.FULLY_CONNECTED), code(OPERATORS.ADD)]
    (weight,) = audited(tflite_model(codes, [graph], [np.zeros((1, 4), np.float32)])).weights
    assert weight.bytes == 16
    assert weight.used_by == ("ADD", "FULLY_CONNECTED")
