"""The float32 ONNX graph: one fused operator a layer, and the Keras model's answers."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from keras import layers
from small_models import Ids, classifier, lstm, ragged

from edgernn.text.padding import pad
from edgernn.training.models import probabilities
from exporters import onnx_graph
from exporters.keras_model import read_network

LENGTHS = (7, 1, 33, 2, 33, 12, 3)

# The recurrent layers of each network: True is a bidirectional one.
NETWORKS = {
    "forward": (False,),
    "both ways": (True,),
    "both ways, forward": (True, False),
    "forward, both ways": (False, True),
    "three layers": (True, False, True),
}


class Converted(NamedTuple):
    """A Keras model with its graph."""

    keras: Any
    graph: onnx.ModelProto
    session: onnxruntime.InferenceSession
    recurrent: tuple[bool, ...]

    def run(self, rows: list[Ids], padding: int = 0, extra: int = 0) -> npt.NDArray[np.float32]:
        """Score rows in one batch, padded with an id, to some steps more than needed."""
        lengths = np.array([len(row) for row in rows], np.int32)
        ids = np.full((len(rows), lengths.max() + extra), padding, np.int32)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
        found: npt.NDArray[np.float32]
        (found,) = self.session.run(None, {"ids": ids, "lengths": lengths})
        return found


@pytest.fixture(scope="module", params=NETWORKS)
def converted(request: pytest.FixtureRequest) -> Converted:
    """Each network once, with a hidden layer behind it."""
    recurrent = NETWORKS[request.param]
    last = len(recurrent) - 1
    model = classifier(
        *(
            lstm(5 + place, bidirectional=both, return_sequences=place < last)
            for place, both in enumerate(recurrent)
        ),
        layers.Dense(8, activation="relu"),
        scale=1.0,
    )
    graph = onnx_graph.convert(read_network(model))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return Converted(model, graph, session, recurrent)


def test_one_operator_a_layer(converted: Converted) -> None:
    """No `Loop`, no `Scan`, no subgraph at all; the direction is the layer's."""
    onnx.checker.check_model(converted.graph, full_check=True)
    nodes = converted.graph.graph.node
    count = Counter(node.op_type for node in nodes)
    assert count["LSTM"] == len(converted.recurrent)
    assert not {"Loop", "Scan", "If", "PyFunc"} & set(count)
    assert {node.domain for node in nodes} <= {"", "ai.onnx"}
    directions = [
        onnx.helper.get_node_attr_value(node, "direction").decode()
        for node in nodes
        if node.op_type == "LSTM"
    ]
    assert directions == ["bidirectional" if both else "forward" for both in converted.recurrent]


def test_inputs_and_outputs(converted: Converted) -> None:
    """Names, element types and open dimensions; one opset, which ONNX Runtime of 2023 has."""
    graph = converted.graph.graph
    described = [
        (
            value.name,
            value.type.tensor_type.elem_type,
            [dimension.dim_param for dimension in value.type.tensor_type.shape.dim],
        )
        for value in (*graph.input, *graph.output)
    ]
    assert described == [
        ("ids", onnx.TensorProto.INT32, ["batch", "time"]),
        ("lengths", onnx.TensorProto.INT32, ["batch"]),
        ("probability", onnx.TensorProto.FLOAT, ["batch"]),
    ]
    opsets = {opset.domain: opset.version for opset in converted.graph.opset_import}
    assert opsets[""] == onnx_graph.OPSET == 17
    assert converted.graph.ir_version <= 9


def test_alone(converted: Converted) -> None:
    """Each row by itself, without padding, scores as in Keras."""
    rows = ragged(LENGTHS)
    expected = probabilities(converted.keras, rows)
    found = np.concatenate([converted.run([row]) for row in rows])
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_in_a_ragged_batch(converted: Converted) -> None:
    """Rows of other lengths beside it change nothing, in whatever order."""
    rows = ragged(LENGTHS)
    expected = probabilities(converted.keras, rows)
    np.testing.assert_allclose(converted.run(rows), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(converted.run(rows[::-1])[::-1], expected, rtol=0, atol=1e-6)
    # As the Keras model itself sees them, masked.
    masked = converted.keras.predict_on_batch(pad(rows)[0])[:, 0]
    np.testing.assert_allclose(1 / (1 + np.exp(-masked)), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("padding", "extra"), [(0, 5), (49, 0), (49, 5)])
def test_padding_is_never_seen(converted: Converted, padding: int, extra: int) -> None:
    """Whatever id stands behind a row, and however far."""
    rows = ragged(LENGTHS)
    np.testing.assert_allclose(
        converted.run(rows, padding, extra), converted.run(rows), rtol=0, atol=1e-7
    )


def test_the_order_of_tokens_counts(converted: Converted) -> None:
    """The comparisons above are of models that tell texts apart."""
    rows = ragged([20])
    assert abs(converted.run(rows)[0] - converted.run([rows[0][::-1]])[0]) > 1e-4


def test_units_of_one() -> None:
    """The smallest network there is, without a hidden layer."""
    model = classifier(lstm(1))
    graph = onnx_graph.convert(read_network(model))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rows = ragged(LENGTHS)
    found = Converted(model, graph, session, (False,)).run(rows)
    np.testing.assert_allclose(found, probabilities(model, rows), rtol=0, atol=1e-6)
