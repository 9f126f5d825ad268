"""What onnx's own evaluator says of graphs, before a file gets its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from exporters.onnx_reference import check_reference

OLD = Path(__file__).parents[1] / "old_artifacts" / "flagship.onnx"
IDS = np.array([5, 9, 2, 11, 3, 3, 8], np.int32)


def scored(graph: bytes) -> Any:
    session = onnxruntime.InferenceSession(graph)
    given = {"ids": IDS[None], "lengths": np.array([len(IDS)], np.int32)}
    taken = {value.name for value in session.get_inputs()}
    return session.run(None, {name: given[name] for name in taken})[0]


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_graph_that_is_right(tiny_wide_files: Any, precision: str) -> None:
    """Pooling, n-grams and decoded weights: the score is the same."""
    graph = tiny_wide_files["onnx", precision].read_bytes()
    expected = scored(graph)
    check = check_reference(graph, IDS, expected)
    assert check is not None
    assert check.passed, check.line
    assert check.value is not None
    assert check.value < 1e-5
    other = check_reference(graph, IDS, expected + np.float32(0.01))
    assert other is not None
    assert other.passed is False
    assert other.line == "onnx's own evaluator scores a text 1.0e-02 off, allowed 0.0001"
    assert not check_reference(graph, IDS, expected * np.nan).passed  # type: ignore[union-attr]


def test_graphs_that_only_some_runtimes_take(tiny_wide_files: Any) -> None:
    """Earlier versions wrote an axis that is no scalar, and an operator before its opset."""
    model = onnx.load(tiny_wide_files["onnx", "float32"])
    (places,) = [node for node in model.graph.node if node.op_type == "CumSum"]
    (axis,) = [t for t in model.graph.initializer if t.name == places.input[1]]
    axis.CopyFrom(onnx.numpy_helper.from_array(np.array([1]), axis.name))
    onnx.checker.check_model(model, full_check=True)
    for graph, reason in (
        (model.SerializeToString(), "Axis must be a rank-0 tensor, got `1`."),
        (OLD.read_bytes(), "No implementation for operator 'DequantizeLinear'"),
    ):
        check = check_reference(graph, IDS, scored(graph))
        assert check is not None
        assert check.passed is False
        assert check.line.startswith(f"onnx's own evaluator refuses the graph: {reason}")


def test_graphs_that_it_does_not_know(tiny_wide_files: Any) -> None:
    """ONNX Runtime's own operators, and activations that it would not look at."""
    graph = tiny_wide_files["onnx", "int8-dynamic"].read_bytes()
    assert check_reference(graph, IDS, np.zeros(1, np.float32)) is None
    model = onnx.load_from_string(tiny_wide_files["onnx", "float32"].read_bytes())
    (lstm,) = [node for node in model.graph.node if node.op_type == "LSTM"]
    lstm.attribute.append(onnx.helper.make_attribute("activations", ["Sigmoid", "Tanh", "Tanh"]))
    assert check_reference(model.SerializeToString(), IDS, np.zeros(1, np.float32)) is None
