"""Files with a probability for each label: both heads, both formats, every precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from keras import layers
from parsed import check_onnx, check_tflite
from read_networks import Reader, check_read
from small_models import VOCABULARY, Ids, ragged, recurrent, sequential, tflite_scores

from edgernn.bundle.model_file import count_operators
from edgernn.bundle.onnx.content import OnnxContent
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.errors import ExportError, ModelFileError
from edgernn.text.padding import pad
from edgernn.training.models import logits
from exporters import onnx_graph, onnx_precisions, tflite_graph
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Network
from exporters.rules import FORMATS

LENGTHS = (7, 1, 60, 2, 33, 12, 3, 60, 59)
HEADS: tuple[Literal["softmax", "sigmoid"], ...] = ("softmax", "sigmoid")
Scores = npt.NDArray[np.float32]


class Trained(NamedTuple):
    """A network, its float32 ONNX model, rows of ids, and the Keras model's scores of them."""

    network: Network
    graph: onnx.ModelProto
    rows: list[Ids]
    expected: Scores


def trained(labels: int) -> dict[tuple[str, int], Trained]:
    """A bidirectional LSTM with a hidden layer, large enough to be quantized, with each head."""
    model = sequential(
        layers.Embedding(VOCABULARY, 12, mask_zero=True),
        recurrent("LSTM", 16, bidirectional=True),
        layers.Dense(16, activation="tanh"),
        layers.Dense(labels),
        scale=0.4,
    )
    rows = ragged(LENGTHS)
    powers = np.exp(logits(model, rows).astype(np.float64))
    found = {}
    for head in HEADS:
        expected = powers / (powers.sum(axis=1, keepdims=True) if head == "softmax" else 1 + powers)
        # Else one label would be as good as another.
        assert np.ptp(expected, axis=0).max() > 0.05
        network = read_network(model, labels, head)
        graph = onnx_graph.convert(network)
        found[head, labels] = Trained(network, graph, rows, expected.astype(np.float32))
    return found


@pytest.fixture(scope="module")
def networks() -> dict[tuple[str, int], Trained]:
    """Three labels and many, of either head."""
    return trained(3) | trained(77)


def onnx_scores(file: bytes, rows: Sequence[Ids]) -> Scores:
    """Score rows together, or one by one where the graph takes one."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    is_one = session.get_inputs()[0].shape[0] == 1
    found = []
    for batch in [[row] for row in rows] if is_one else [rows]:
        ids, lengths = pad(batch)
        found.append(session.run(["probabilities"], {"ids": ids, "lengths": lengths})[0])
    return np.concatenate(found)


@pytest.mark.parametrize("precision", FORMATS["onnx"].precisions)
def test_onnx(
    networks: dict[tuple[str, int], Trained], engine_reader: Reader, precision: str
) -> None:
    """All probabilities are the Keras model's, in each precision; a softmax's add up to one."""
    rules = FORMATS["onnx"]
    tolerance = rules.precisions[precision].tolerance
    for (head, labels), known in networks.items():
        graph = onnx_precisions.store(known.graph, precision)
        file = graph.SerializeToString()
        check = check_operators(count_operators(file, "onnx"), known.network, rules.at(precision))
        assert check.passed, check.line
        check_onnx(file, "the model", VOCABULARY, labels)
        check_read(engine_reader, file, known.network, precision)
        for other in (1, labels + 1):
            with pytest.raises(ModelFileError, match=f"{labels} probabilities for a text, the con"):
                check_onnx(file, "the model", VOCABULARY, other)
        assert OnnxContent(file, "m").outputs == {"probabilities": ("FLOAT", 2)}
        found = onnx_scores(file, known.rows)
        assert (found.shape, found.dtype) == ((len(LENGTHS), labels), np.float32)
        np.testing.assert_allclose(found, known.expected, rtol=0, atol=tolerance)
        if head == "softmax":
            np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_an_onnx_softmax(networks: dict[tuple[str, int], Trained]) -> None:
    """One, over the labels: not over the texts, and where there is none it is not let through."""
    graph = onnx.ModelProto()
    # It is changed below.
    graph.CopyFrom(networks["softmax", 3].graph)
    onnx.checker.check_model(graph, full_check=True)
    (softmax,) = [node for node in graph.graph.node if node.op_type == "Softmax"]
    assert list(softmax.output) == ["probabilities"]
    shape = graph.graph.output[0].type.tensor_type.shape
    assert [d.dim_param or d.dim_value for d in shape.dim] == ["batch", 3]
    sigmoid = networks["sigmoid", 3].network
    operators = count_operators(graph.SerializeToString(), "onnx")
    check = check_operators(operators, sigmoid, FORMATS["onnx"])
    assert check.passed is False
    assert check.line.endswith("outside the allowed list: Softmax")
    softmax.attribute.append(onnx.helper.make_attribute("axis", 0))
    with pytest.raises(ModelFileError, match="operator Softmax with attribute 'axis' = 0"):
        check_onnx(graph.SerializeToString(), "m", VOCABULARY, 3)


CONVERTED = [
    ("int8", "softmax", 77),
    ("int8-full", "softmax", 77),
    pytest.param("float32", "softmax", 3, marks=pytest.mark.slow),
    pytest.param("int8-full", "sigmoid", 3, marks=pytest.mark.slow),
    pytest.param("float32", "sigmoid", 77, marks=pytest.mark.slow),
    pytest.param("float16", "softmax", 77, marks=pytest.mark.slow),
    pytest.param("int8-embedding", "softmax", 77, marks=pytest.mark.slow),
    pytest.param("int8", "sigmoid", 77, marks=pytest.mark.slow),
    pytest.param("int8-full", "softmax", 3, marks=pytest.mark.slow),
    pytest.param("int8-full", "sigmoid", 77, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("precision", "head", "labels"), CONVERTED)
def test_tflite(
    networks: dict[tuple[str, int], Trained],
    engine_reader: Reader,
    precision: str,
    head: str,
    labels: int,
) -> None:
    """All probabilities are the Keras model's; a softmax's add up to one, in integers too."""
    known, rules = networks[head, labels], FORMATS["tflite"]
    file = tflite_graph.convert(known.network, precision, ragged(range(1, 61)))
    operators = count_operators(file, "tflite")
    check = check_operators(operators, known.network, rules.at(precision))
    assert check.passed, check.line
    assert operators.get("SOFTMAX", 0) == (head == "softmax")
    check_tflite(file, "the model", VOCABULARY, labels)
    check_read(engine_reader, file, known.network, precision)
    with pytest.raises(ModelFileError, match=f"{labels} probabilities for a text, the contract"):
        check_tflite(file, "the model", VOCABULARY, labels - 1)
    assert TfliteContent(file, "m").outputs == {"probabilities": ("FLOAT32", 2)}
    found = tflite_scores(file, known.rows)
    assert (found.shape, found.dtype) == ((len(LENGTHS), labels), np.float32)
    tolerance = rules.precisions[precision].tolerance
    np.testing.assert_allclose(found, known.expected, rtol=0, atol=tolerance)
    if head == "softmax":
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(tflite_scores(file, known.rows[::-1])[::-1], found)


def test_another_number_of_logits() -> None:
    """The line says what the last layer must be."""
    model = sequential(
        layers.Embedding(VOCABULARY, 3), recurrent("LSTM", 2), layers.Dense(4), scale=1.0
    )
    for outputs, units in ((1, "one linear unit, the logit"), (5, "5 linear units, the logits")):
        with pytest.raises(ExportError, match=f"^the last layer must be {units}$"):
            read_network(model, outputs)
    assert read_network(model, 4, "softmax").parts == ("LSTM", "Softmax")
