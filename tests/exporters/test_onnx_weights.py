"""Weights stored smaller: how small, how exact, and what stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from keras import layers
from onnx import TensorProto, helper, numpy_helper
from parsed import check_onnx
from small_models import VOCABULARY, classifier, lstm, ragged, sequential

from edgernn.bundle.onnx.content import OnnxContent
from exporters import onnx_graph
from exporters.keras_model import read_network
from exporters.onnx_weights import store_embedding, store_float16, store_int8

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def model(tiny_trained: Any) -> onnx.ModelProto:
    """The float32 graph of the tiny model."""
    return onnx_graph.convert(tiny_trained.network)


def tensors(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def stored_bytes(model: onnx.ModelProto) -> int:
    content = OnnxContent(model.SerializeToString(), "the model")
    return sum(tensor.stored_bytes for tensor in content.model.graph.initializers)


def weights(model: onnx.ModelProto) -> set[str]:
    """Names of the table, the kernels and the recurrent kernels of some size."""
    places = {"Gather": (0,), "LSTM": (1, 2), "MatMul": (1,)}
    named = tensors(model)
    return {
        name
        for node in model.graph.node
        for name in (node.input[place] for place in places.get(node.op_type, ()))
        if name in named and named[name].size >= 256
    }


def run(model: onnx.ModelProto, **inputs: npt.NDArray[Any]) -> Floats:
    """Run a graph with weights decoded as they are loaded, as the runtime does."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found: Floats
    (found,) = session.run(None, inputs)
    return found


def product(kernel: Floats) -> onnx.ModelProto:
    """A graph that multiplies by a kernel."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "kernel"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", kernel.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", kernel.shape[1]])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("store", "low", "high", "types"),
    [
        (store_float16, 0.49, 0.53, {"FLOAT16"}),
        (store_int8, 0.24, 0.30, {"INT8"}),
    ],
)
def test_sizes(
    model: onnx.ModelProto,
    store: Callable[[Any], Any],
    low: float,
    high: float,
    types: set[str],
) -> None:
    """Half and a quarter, but for biases and scales; the file as a whole is smaller too."""
    smaller = store(model)
    assert low < stored_bytes(smaller) / stored_bytes(model) < high
    assert len(smaller.SerializeToString()) < 0.7 * len(model.SerializeToString())
    found = {TensorProto.DataType.Name(tensor.data_type) for tensor in smaller.graph.initializer}
    assert found == {"FLOAT", "INT64"} | types


@pytest.mark.parametrize("store", [store_float16, store_int8])
def test_every_weight_and_no_bias(model: onnx.ModelProto, store: Callable[[Any], Any]) -> None:
    """All large weights are stored smaller, everything else is as it was."""
    before, after = tensors(model), tensors(store(model))
    large = weights(model)
    assert len(large) == 6  # The table, two kernels of each LSTM, one of the hidden layer.
    assert not large & set(after)
    assert {f"{name}_stored" for name in large} <= set(after)
    for name in set(before) - large:
        np.testing.assert_array_equal(after[name], before[name])
        assert after[name].dtype == before[name].dtype
    biases = {node.input[3] for node in model.graph.node if node.op_type == "LSTM"}
    assert len(biases) == 2
    assert all(after[name].dtype == np.float32 for name in biases)


@pytest.mark.parametrize("store", [store_float16, store_int8])
def test_a_sound_copy(model: onnx.ModelProto, store: Callable[[Any], Any]) -> None:
    """ONNX's own checker passes the result, and the model it came from is not touched."""
    before = model.SerializeToString(deterministic=True)
    stored = store(model)
    onnx.checker.check_model(stored, full_check=True)
    assert model.SerializeToString(deterministic=True) == before
    assert [n.op_type for n in stored.graph.node].count("LSTM") == 2
    assert {n.domain for n in stored.graph.node} <= {"", "ai.onnx"}
    assert list(stored.graph.input) == list(model.graph.input)
    assert list(stored.graph.output) == list(model.graph.output)


def test_the_error_of_int8(model: onnx.ModelProto) -> None:
    """No weight is further from its stored value than half a step of its channel."""
    before, after = tensors(model), tensors(store_int8(model))
    for name in weights(model):
        # A scale of a kernel has the kernel's axes, that of the embedding is one a unit.
        original, small, steps = before[name], after[f"{name}_stored"], after[f"{name}_scale"]
        assert small.dtype == np.int8
        assert small.shape == original.shape
        assert (np.abs(original - small * steps) <= steps * (0.5 + 1e-5)).all()
        # Each channel uses the whole range, or its steps would be needlessly large.
        largest = np.abs(small.astype(int)).max(axis=-1 if original.ndim == 3 else 0)
        assert (largest == 127).all()


def test_the_error_of_float16(model: onnx.ModelProto) -> None:
    """Weights are rounded to the nearest float16."""
    before, after = tensors(model), tensors(store_float16(model))
    for name in weights(model):
        original, small = before[name], after[f"{name}_stored"]
        small = small.reshape(original.shape)
        assert small.dtype == np.float16
        np.testing.assert_allclose(small, original, rtol=2**-11, atol=2**-25)


FINITE = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.float32, (32, 8), elements=FINITE))
def test_any_kernel(kernel: Floats) -> None:
    """Whatever the weights, large, small or zero: half a step at most, and never past int8."""
    after = tensors(store_int8(product(kernel)))
    small, scale = after["kernel_stored"].astype(np.float64), after["kernel_scale"]
    assert (scale > 0).all()
    assert np.abs(small).max() <= 127
    assert (np.abs(kernel - small * scale) <= scale * (0.5 + 1e-4)).all()


def test_channels_of_zeros() -> None:
    """A channel without any weight keeps its zeros; its scale is not zero."""
    kernel = np.random.default_rng(0).normal(size=(32, 8)).astype(np.float32)
    kernel[:, [0, 5]] = 0
    stored = store_int8(product(kernel))
    scale = tensors(stored)["kernel_scale"]
    assert (scale[0, [0, 5]] == 1).all()
    found = run(stored, x=np.eye(32, dtype=np.float32))
    assert not found[:, [0, 5]].any()
    np.testing.assert_allclose(found, kernel, atol=scale.max() / 2)


def test_what_is_run_is_what_is_stored() -> None:
    """ONNX Runtime decodes to stored number times scale, along the right axis."""
    kernel = (np.arange(256, dtype=np.float32).reshape(32, 8) - 100) ** 3
    stored = store_int8(product(kernel))
    parts = tensors(stored)
    expected = parts["kernel_stored"].astype(np.float32) * parts["kernel_scale"]
    found = run(stored, x=np.eye(32, dtype=np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("store", [store_float16, store_int8])
def test_few_weights_stay(store: Callable[[Any], Any]) -> None:
    """Below 256 numbers a node would cost more than it saves."""
    small = product(np.ones((31, 8), np.float32))
    assert store(small) == small
    assert store(product(np.ones((32, 8), np.float32))) != small


@pytest.mark.parametrize("store", [store_float16, store_int8])
def test_layers_of_the_same_weights(store: Callable[[Any], Any]) -> None:
    """tf2onnx keeps equal weights once; both layers find them when they are stored smaller."""
    model = classifier(
        lstm(16, bidirectional=True, return_sequences=True),
        lstm(16, bidirectional=True),
        layers.Dense(32),
        layers.Dense(32),
    )
    values = model.get_weights()
    # The two hidden layers; and both directions' recurrent kernels of both LSTM layers.
    values[-4:-2] = values[-6:-4]
    values[8], values[11] = values[2], values[5]
    model.set_weights(values)
    graph = onnx_graph.convert(read_network(model))
    kernels = [node.input[1] for node in graph.graph.node if node.op_type == "MatMul"]
    recurrent = [node.input[2] for node in graph.graph.node if node.op_type == "LSTM"]
    assert kernels[0] == kernels[1]
    assert len(recurrent) == 2
    ids, lengths = np.arange(1, 13, dtype=np.int32).reshape(2, 6), np.array([6, 4], np.int32)
    np.testing.assert_allclose(
        run(store(graph), ids=ids, lengths=lengths),
        run(graph, ids=ids, lengths=lengths),
        atol=2e-2,
    )


@pytest.mark.parametrize(
    ("store", "least", "most"), [(store_float16, 1e-8, 2e-3), (store_int8, 1e-5, 2e-2)]
)
def test_scores(
    model: onnx.ModelProto, store: Callable[[Any], Any], least: float, most: float
) -> None:
    """Off a little, as the weights are, and by no more than the precision may be."""
    rng = np.random.default_rng(4)
    ids = rng.integers(1, 299, (20, 40), dtype=np.int32)
    lengths = rng.integers(1, 41, 20, dtype=np.int32)
    difference = run(store(model), ids=ids, lengths=lengths) - run(model, ids=ids, lengths=lengths)
    assert least < np.abs(difference).max() < most


@pytest.mark.parametrize(
    "windows",
    [
        lambda: layers.Conv1D(8, 3, padding="same"),
        lambda: layers.MaxPooling1D(2, padding="same"),
        lambda: layers.Conv1D(8, 3, padding="causal"),
    ],
    ids=["convolution", "largest", "causal"],
)
def test_windows_right_behind_the_embedding(windows: Callable[[], Any]) -> None:
    """What a text has none of stands between the two, where windows reach behind its end."""
    model = sequential(layers.Embedding(VOCABULARY, 12), windows(), lstm(4), layers.Dense(1))
    graph = onnx_graph.convert(read_network(model))
    stored = store_embedding(graph)
    check_onnx(stored.SerializeToString(), "the file", VOCABULARY)
    rows = ragged((9, 12, 5))
    ids = np.full((3, 12), 7, np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    lengths = np.array(list(map(len, rows)), np.int32)
    difference = np.abs(
        run(stored, ids=ids, lengths=lengths) - run(graph, ids=ids, lengths=lengths)
    )
    assert 1e-6 < difference.max() < 1e-2
