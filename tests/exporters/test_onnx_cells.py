"""GRU and SimpleRNN layers in ONNX: one operator a layer, and the Keras model's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from keras import layers
from onnx import numpy_helper
from read_networks import Reader, check_read
from small_models import Ids, classifier, ragged, recurrent

from edgernn.training.models import probabilities
from exporters import onnx_graph
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Network
from exporters.onnx_weights import store_float16, store_int8
from exporters.rules import FORMATS

LENGTHS = (7, 1, 60, 2, 33, 12, 3, 60, 59)


class Cell(NamedTuple):
    """A kind of recurrent layer."""

    layer: str
    settings: dict[str, Any]
    operator: str
    scale: float
    """Of weights that let scores vary; a SimpleRNN with larger ones is chaotic, and a rounding
    error grows along a text."""


CELLS = {
    "GRU": Cell("GRU", {}, "GRU", 0.7),
    "GRU, reset before": Cell("GRU", {"reset_after": False}, "GRU", 0.7),
    "SimpleRNN": Cell("SimpleRNN", {}, "RNN", 0.4),
}
# The layers of each network: True is a bidirectional one.
STACKS = ((False,), (True,), (True, False), (False, True), (True, True, True))
# What stands before and behind a layer is the same for every cell: one cell has all stacks, the
# others a layer of each kind in each place. The rest is slow.
QUICK = {
    "GRU": STACKS,
    "GRU, reset before": ((True, False),),
    "SimpleRNN": ((False,), (True, False), (False, True)),
}


def stack(cell: Cell, units: int, both_ways: tuple[bool, ...]) -> Any:
    """A classifier of recurrent layers, with a hidden layer behind them."""
    last = len(both_ways) - 1
    return classifier(
        *(
            recurrent(
                cell.layer,
                units + place,
                bidirectional=both,
                return_sequences=place < last,
                **cell.settings,
            )
            for place, both in enumerate(both_ways)
        ),
        layers.Dense(8, activation="tanh"),
        scale=cell.scale * (5 / units) ** 0.5,
    )


class Converted(NamedTuple):
    """A network and its graph, and rows with the Keras model's scores."""

    network: Network
    graph: onnx.ModelProto
    operator: str
    both_ways: tuple[bool, ...]
    rows: list[Ids]
    expected: npt.NDArray[np.float32]


def run(graph: onnx.ModelProto, rows: list[Ids], padding: int = 0, extra: int = 0) -> Any:
    """Score rows in one batch, padded with an id, to some steps more than needed."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    lengths = np.array([len(row) for row in rows], np.int32)
    ids = np.full((len(rows), lengths.max() + extra), padding, np.int32)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    found: npt.NDArray[np.float32]
    (found,) = session.run(None, {"ids": ids, "lengths": lengths})
    return found


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((cell, both), marks=() if both in QUICK[cell] else pytest.mark.slow)
        for cell in CELLS
        for both in STACKS
    ],
    ids=str,
)
def converted(request: pytest.FixtureRequest) -> Converted:
    """Each cell in each stack, once."""
    name, both_ways = request.param
    return _converted(name, 5, both_ways)


def _converted(name: str, units: int, both_ways: tuple[bool, ...]) -> Converted:
    model, rows = stack(CELLS[name], units, both_ways), ragged(LENGTHS)
    network, expected = read_network(model), probabilities(model, rows)
    assert np.ptp(expected) > 0.05
    graph = onnx_graph.convert(network)
    return Converted(network, graph, CELLS[name].operator, both_ways, rows, expected)


def test_one_operator_a_layer(converted: Converted) -> None:
    """No subgraph at all, and what the checks of an export allow; the direction is the layer's."""
    onnx.checker.check_model(converted.graph, full_check=True)
    nodes = converted.graph.graph.node
    count = Counter(node.op_type for node in nodes)
    line = check_operators(count, converted.network, FORMATS["onnx"]).line
    assert line.endswith(f", {len(converted.both_ways)} {converted.operator}, no loop")
    directions = [
        onnx.helper.get_node_attr_value(node, "direction").decode()
        for node in nodes
        if node.op_type == converted.operator
    ]
    assert directions == ["bidirectional" if both else "forward" for both in converted.both_ways]
    assert {opset.domain: opset.version for opset in converted.graph.opset_import}[""] == 17


def test_equal_to_keras(converted: Converted) -> None:
    """Each row alone, and beside rows of other lengths in whatever order."""
    graph, rows = converted.graph, converted.rows
    alone = np.concatenate([run(graph, [row]) for row in rows])
    for found in (alone, run(graph, rows), run(graph, rows[::-1])[::-1]):
        np.testing.assert_allclose(found, converted.expected, rtol=0, atol=1e-6)


def test_padding_is_never_seen(converted: Converted) -> None:
    """Whatever id stands behind a row, and however far."""
    whole = run(converted.graph, converted.rows)
    for padding, extra in ((0, 5), (49, 0), (49, 5)):
        found = run(converted.graph, converted.rows, padding, extra)
        np.testing.assert_allclose(found, whole, rtol=0, atol=1e-6)


def test_the_engine_reads_it(converted: Converted, engine_reader: Reader) -> None:
    """The network, with the same weights to the last bit."""
    file = converted.graph.SerializeToString()
    check_read(engine_reader, file, converted.network, "float32")


@pytest.mark.parametrize("reset_after", [False, True])
def test_the_reset_gate_of_a_gru(reset_after: bool) -> None:
    """The attribute is the layer's; with a reset gate behind the product there are two biases."""
    model = classifier(recurrent("GRU", 4, reset_after=reset_after))
    graph = onnx_graph.convert(read_network(model))
    (node,) = (node for node in graph.graph.node if node.op_type == "GRU")
    assert onnx.helper.get_node_attr_value(node, "linear_before_reset") == int(reset_after)
    (bias,) = (t for t in graph.graph.initializer if t.name == node.input[3])
    of_input, of_state = np.split(numpy_helper.to_array(bias)[0], 2)
    given = model.get_weights()[3].reshape(-1, 12)
    np.testing.assert_array_equal(of_input, given[0])
    np.testing.assert_array_equal(of_state, given[1] if reset_after else np.zeros(12))


def test_cells_of_all_kinds() -> None:
    """One stack may mix them."""
    model = classifier(
        recurrent("SimpleRNN", 5, bidirectional=True, return_sequences=True),
        recurrent("LSTM", 6, return_sequences=True),
        recurrent("GRU", 7, bidirectional=True),
        scale=0.5,
    )
    graph = onnx_graph.convert(read_network(model))
    count = Counter(node.op_type for node in graph.graph.node)
    assert (count["RNN"], count["LSTM"], count["GRU"]) == (1, 1, 1)
    rows = ragged(LENGTHS)
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(run(graph, rows), expected, rtol=0, atol=1e-6)


@pytest.fixture(scope="module", params=CELLS)
def large(request: pytest.FixtureRequest) -> Converted:
    """Two layers of each cell, large enough to be stored smaller."""
    return _converted(request.param, 32, (True, False))


@pytest.mark.parametrize(
    ("precision", "store"),
    [("float16", store_float16), ("int8", store_int8)],
    ids=["float16", "int8"],
)
def test_weights_stored_smaller(
    large: Converted, precision: str, store: Callable[[Any], Any]
) -> None:
    """Both kernels of each layer are, the biases are not; scores stay within the tolerance."""
    smaller, rows, expected = store(large.graph), large.rows, large.expected
    assert len(smaller.SerializeToString()) < (0.65 if precision == "float16" else 0.45) * len(
        large.graph.SerializeToString()
    )
    after = {tensor.name: tensor for tensor in smaller.graph.initializer}
    nodes = [node for node in smaller.graph.node if node.op_type == large.operator]
    assert len(nodes) == 2
    for node in nodes:
        for name in node.input[1:3]:
            kind = onnx.TensorProto.FLOAT16 if precision == "float16" else onnx.TensorProto.INT8
            assert after[f"{name}_stored"].data_type == kind
            assert name not in after
        assert after[node.input[3]].data_type == onnx.TensorProto.FLOAT
    difference = np.abs(run(smaller, rows) - expected).max()
    assert 1e-7 < difference <= FORMATS["onnx"].precisions[precision].tolerance
    alone = np.concatenate([run(smaller, [row]) for row in rows])
    np.testing.assert_allclose(run(smaller, rows), alone, rtol=0, atol=1e-6)
