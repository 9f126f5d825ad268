"""Networks that are mostly embedding: int8 rows with a scale each, the rest as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from exporters.network import Dense, Direction, Embedding, Network, Recurrent
from exporters.onnx_graph import convert
from exporters.onnx_weights import store_float16, store_int8
from exporters.row_scales import is_mostly_embedding, quantize_rows
from exporters.tflite_graph import convert as convert_tflite

tables = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(-100, 100, width=32),
)


@given(tables)
def test_rows_come_back(table: np.ndarray[Any, Any]) -> None:
    """Each value is off by half of its row's scale at most; a row of zeros stays one."""
    rows, sizes, step = quantize_rows(table)
    assert rows.dtype == sizes.dtype == np.int8
    assert sizes.shape == (len(table), 1)
    assert sizes.min() >= 1
    assert step > 0
    scale = sizes.astype(np.float64) * float(step)
    bound = scale / 2 * (1 + 1e-4) + 1e-30
    assert (np.abs(rows * scale - table) <= bound).all()
    assert not rows[~table.any(axis=1)].any()


@given(tables, st.integers(1, 12), st.integers(0, 3))
def test_rows_for_a_kernel(table: np.ndarray[Any, Any], outputs: int, seed: int) -> None:
    """Products with the kernel are no worse than with plain rounding; a row of zeros stays one."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(table.shape[1], outputs)).astype(np.float32)
    plain, *scales = quantize_rows(table)
    rows, *same_scales = quantize_rows(table, kernel)
    for one, other in zip(scales, same_scales, strict=True):
        np.testing.assert_array_equal(one, other)
    assert rows.dtype == np.int8
    assert rows.min() >= -127
    assert not rows[~table.any(axis=1)].any()
    scale = scales[0].astype(np.float64) * float(scales[1])
    # What is made small: the products' errors, and a little of each number's own.
    own = 0.1 * (kernel.astype(np.float64) ** 2).sum() / len(kernel)

    def cost(found: np.ndarray[Any, Any]) -> Any:
        error = found - table / scale
        return ((error @ kernel) ** 2).sum(axis=1) + own * (error**2).sum(axis=1)

    assert (cost(rows) <= cost(plain) * (1 + 1e-6) + 1e-9).all()


def test_a_kernel_is_worth_it() -> None:
    """The error of the products falls by a good part, where rows are of some width."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, 16)).astype(np.float32)
    kernel = (rng.normal(size=(16, 32)) * rng.uniform(0.1, 2, (16, 1))).astype(np.float32)

    def error(rows: Any, sizes: Any, step: Any) -> Any:
        return np.square((rows * (sizes * step) - table) @ kernel).mean()

    assert error(*quantize_rows(table, kernel)) < 0.9 * error(*quantize_rows(table))


def test_a_small_row_keeps_its_digits() -> None:
    """One scale in all would leave nothing of it."""
    table = np.array([[100.0, -50.0], [0.9, 0.3]], np.float32)
    rows, sizes, step = quantize_rows(table)
    assert rows[0].tolist() == [127, -64]
    assert np.abs(rows[1] * (sizes[1] * step) - table[1]).max() < 0.01


@pytest.mark.parametrize(
    ("table", "others", "expected"), [(1000, 100, True), (1000, 101, False), (10, 0, True)]
)
def test_what_is_mostly_embedding(table: int, others: int, expected: bool) -> None:
    """A tenth is the border."""
    assert is_mostly_embedding(table, others) is expected


def network_of(rows: int, units: int = 8) -> Network:
    """A SimpleRNN on vectors as wide as itself, behind a table of so many rows."""
    rng = np.random.default_rng(1)

    def weights(*shape: int) -> np.ndarray[Any, Any]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    direction = Direction(weights(units, units), weights(units, units), weights(units))
    return Network(
        (
            Embedding(weights(rows, units)),
            Recurrent("SimpleRNN", units, False, direction, None),
            Dense(weights(units, 1), weights(1), "linear"),
        )
    )


def onnx_scores(model: Any, ids: np.ndarray[Any, Any]) -> Any:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    lengths = np.array([ids.shape[1]] * len(ids), np.int32)
    return session.run(None, {"ids": ids, "lengths": lengths})[0]


def test_only_the_table_is_stored_small() -> None:
    """The table with a scale a row, everything else in float32, and nearly the same scores."""
    network = network_of(1000)
    exact = convert(network)
    small = store_int8(exact)
    kinds = {t.name: (t.data_type, tuple(t.dims)) for t in small.graph.initializer}
    int8 = onnx.TensorProto.INT8
    assert sorted(shape for kind, shape in kinds.values() if kind == int8) == [(1000, 1), (1000, 8)]
    assert "DequantizeLinear" not in {node.op_type for node in small.graph.node}
    ids = np.random.default_rng(0).integers(1, 1000, (20, 12), dtype=np.int32)
    difference = np.abs(onnx_scores(small, ids) - onnx_scores(exact, ids))
    assert 0 < difference.max() < 5e-3


@pytest.mark.parametrize(("rows", "others"), [(1000, []), (100, [(16, 16), (16, 16)])])
def test_float16(rows: int, others: list[tuple[int, int]]) -> None:
    """Of the table alone where it is most of the network, of all that is large elsewhere."""
    graph = store_float16(convert(network_of(rows, 16))).graph
    found = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT16]
    assert sorted(tuple(tensor.dims) for tensor in found) == [*others, (rows, 16)]


def test_other_networks_are_stored_small_throughout() -> None:
    """Where the table is not most of it; a column of the table has a scale then."""
    network = network_of(100)
    small = store_int8(convert(network))
    int8 = [t for t in small.graph.initializer if t.data_type == onnx.TensorProto.INT8]
    assert [tuple(tensor.dims) for tensor in int8] == [(100, 8)]
    (scale,) = (t for t in small.graph.initializer if t.name == f"{int8[0].name[:-7]}_scale")
    assert tuple(scale.dims) == (8,)
    ids = np.random.default_rng(0).integers(1, 100, (20, 12), dtype=np.int32)
    difference = np.abs(onnx_scores(small, ids) - onnx_scores(convert(network), ids))
    assert 0 < difference.max() < 1e-2


def test_tflite_does_the_same() -> None:
    """The same int8 numbers, hence the same scores as in ONNX."""
    network = network_of(1000)
    data = convert_tflite(network, "int8")
    interpreter = Interpreter(model_content=data)
    details = {tuple(t["shape"]): t["dtype"] for t in interpreter.get_tensor_details()}
    assert details[1000, 8] == details[1000, 1] == np.int8
    ids = np.random.default_rng(0).integers(1, 1000, (3, 12), dtype=np.int32)
    expected = onnx_scores(store_int8(convert(network)), ids)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, (1, 12))
    interpreter.allocate_tensors()
    for row, score in zip(ids, expected, strict=True):
        interpreter.reset_all_variables()
        interpreter.set_tensor(place, row[None])
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        assert found == pytest.approx(score, abs=1e-5)
