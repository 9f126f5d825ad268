"""Layers that imported models have beside recurrent and dense ones: ONNX files against Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from parsed import check_onnx, check_tflite
from read_networks import Reader, check_read
from small_models import (
    VOCABULARY,
    lstm,
    ragged,
    recurrent,
    sequential,
    tflite_scores,
)

from edgernn.errors import ModelFileError
from edgernn.training.layers import custom_layers
from edgernn.training.models import probabilities
from exporters import onnx_graph, tflite_graph
from exporters.folding import fold
from exporters.keras_model import read_network
from exporters.network import Activation, Dense, Embedding, Network, Recurrent, Scale

layers = keras.layers
LENGTHS = (12, 9, 17, 30)


def classifier(*middle: Any, masked: bool = False) -> Any:
    """A model with weights that make scores vary; variances are positive."""
    embedding = layers.Embedding(VOCABULARY, 6, mask_zero=masked)
    model = sequential(embedding, *middle, layers.Dense(1), scale=0.9)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            *others, variance = layer.get_weights()
            layer.set_weights([*others, np.abs(variance) + 0.3])
    return model


def pool(*of: str, padded: int | None = None) -> Any:
    return custom_layers().max_mean_pooling(of, padded)


def onnx_scores(network: Network, rows: list[Any], reader: Reader) -> Any:
    """Score rows in one batch, with ids of the vocabulary behind each; the C engine reads it."""
    data = onnx_graph.convert(network).SerializeToString()
    check_onnx(data, "the file", VOCABULARY)
    check_read(reader, data, network, "float32")
    batch = np.full((len(rows), max(map(len, rows)) + 3), 7, np.int32)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = row
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    lengths = np.array([len(row) for row in rows], np.int32)
    return session.run(None, {"ids": batch, "lengths": lengths})[0]


def norm(**settings: Any) -> Any:
    return layers.BatchNormalization(**settings)


SEQUENCES = {"return_sequences": True}
CASES: dict[str, tuple[Callable[[], list[Any]], bool]] = {
    "activations": (
        lambda: [
            lstm(4),
            *(layers.Dense(4, activation=name) for name in ("tanh", "sigmoid", "elu", "selu")),
            *(layers.Dense(4, activation=name) for name in ("silu", "softsign", "relu6")),
            layers.Dense(4),
            layers.LeakyReLU(negative_slope=0.1),
        ],
        True,
    ),
    "pooling": (lambda: [lstm(4, **SEQUENCES), pool("max")], True),
    "pooling with padding": (lambda: [lstm(4, **SEQUENCES), pool("max", padded=15)], True),
    "mean": (lambda: [recurrent("GRU", 4, **SEQUENCES), pool("mean")], True),
    "normalizations": (
        lambda: [
            norm(),
            recurrent("GRU", 4, bidirectional=True, **SEQUENCES),
            norm(scale=False),
            lstm(3),
            norm(center=False),
            layers.Dense(4),
            norm(),
            layers.Activation("relu"),
            norm(),
        ],
        True,
    ),
    "a scale that cannot be folded": (
        lambda: [lstm(4, **SEQUENCES), norm(), pool("max", "mean")],
        True,
    ),
    **{
        f"merged by {merge}": (
            lambda merge=merge: [
                layers.Bidirectional(layers.LSTM(4, **SEQUENCES), merge_mode=merge),
                layers.Bidirectional(layers.GRU(3), merge_mode=merge),
            ],
            True,
        )
        for merge in ("sum", "ave", "mul")
    },
    "other activations": (
        lambda: [
            lstm(4, recurrent_activation="hard_sigmoid", **SEQUENCES),
            recurrent(
                "GRU", 4, bidirectional=True, recurrent_activation="hard_sigmoid", **SEQUENCES
            ),
            recurrent("SimpleRNN", 4, activation="relu", **SEQUENCES),
            lstm(3, activation="sigmoid"),
        ],
        True,
    ),
    "convolutions": (
        lambda: [
            layers.Conv1D(5, 3),
            norm(),
            layers.Activation("relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(4, 2, padding="same"),
            layers.MaxPooling1D(2, padding="same"),
            layers.Conv1D(4, 2, padding="causal", dilation_rate=2),
            lstm(4, bidirectional=True, **SEQUENCES),
            pool("max"),
        ],
        False,
    ),
    "a stride": (lambda: [layers.Conv1D(5, 3, strides=2), lstm(4)], False),
}


@pytest.mark.parametrize("name", CASES)
def test_onnx_is_the_model(name: str, engine_reader: Reader) -> None:
    """Alone and in one batch with longer texts, whatever stands behind a text."""
    build, masked = CASES[name]
    model = classifier(*build(), masked=masked)
    rows = ragged(LENGTHS)
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 1e-3
    found = onnx_scores(read_network(model), rows, engine_reader)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_tflite_is_the_model(name: str, engine_reader: Reader) -> None:
    """As above, one text a call, and the file is one that may be loaded."""
    build, masked = CASES[name]
    model = classifier(*build(), masked=masked)
    rows = ragged(LENGTHS)
    network = read_network(model)
    file = tflite_graph.convert(network, "float32")
    check_tflite(file, "the file", VOCABULARY)
    check_read(engine_reader, file, network, "float32")
    np.testing.assert_allclose(tflite_scores(file, rows), probabilities(model, rows), atol=1e-5)


def _attribute(op_type: str, name: str, values: list[int]) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        (node, *_) = [node for node in model.graph.node if node.op_type == op_type]
        (attribute,) = [a for a in node.attribute if a.name == name]
        attribute.ints[:] = values

    return change


def _divisor(model: onnx.ModelProto) -> None:
    (node, *_) = [node for node in model.graph.node if node.op_type == "Div"]
    (tensor,) = [t for t in model.graph.initializer if t.name == node.input[1]]
    tensor.raw_data = bytes(4)


@pytest.fixture(scope="module")
def windows() -> bytes:
    """A file with a convolution and pooling in windows."""
    model = classifier(layers.Conv1D(5, 3, padding="same"), layers.MaxPooling1D(2), lstm(4))
    return bytes(onnx_graph.convert(read_network(model)).SerializeToString())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_attribute("Conv", "pads", [1 << 40, 0]), "operator Conv with attribute 'pads'"),
        (_attribute("Conv", "pads", [-1, 0]), "operator Conv with attribute 'pads' = -1"),
        (_attribute("Conv", "strides", [0]), "operator Conv with attribute 'strides' = 0"),
        (_attribute("MaxPool", "kernel_shape", [0]), "operator MaxPool with attribute"),
        (_divisor, "operator Div with numbers that no export has"),
    ],
)
def test_windows_that_would_end_the_process(
    windows: bytes, change: Callable[[onnx.ModelProto], None], said: str
) -> None:
    """Memory for padding without a bound, and divisions by zero, never reach the engine."""
    graph = onnx.ModelProto.FromString(windows)
    change(graph)
    with pytest.raises(ModelFileError, match=said):
        check_onnx(graph.SerializeToString(), "the file", VOCABULARY)


def test_what_is_folded() -> None:
    """A normalization leaves no operator behind where a layer beside it can take it."""
    model = classifier(norm(), lstm(4), norm(), layers.Dense(3), norm(), masked=True)
    kinds = [type(layer) for layer in read_network(model).layers]
    assert kinds == [Embedding, Recurrent, Dense, Dense]


def test_what_is_not_folded() -> None:
    """An activation stands between a dense layer and what is behind it."""
    ones, twos = np.ones((1, 1), np.float32), np.full(1, 2, np.float32)
    dense, scale = Dense(ones, twos, "relu"), Scale(twos, twos)
    assert fold([dense, scale]) == (dense, scale)
    assert fold([Dense(ones, twos, "linear"), Activation("relu")])[0].activation == "relu"
    assert len(fold([Dense(ones, twos, "linear"), Activation("leaky_relu", 0.2)])) == 2
