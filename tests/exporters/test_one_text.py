"""Graphs for one text a call: nothing in them that a runtime could ignore, and the same scores."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from edgernn import load
from edgernn.bundle import read_model_file
from edgernn.errors import UsageError
from edgernn.runtime.loaded_model import open_reference
from exporters import onnx_graph
from exporters.export import TrainedModel, export
from exporters.network import Conv, Dense, Direction, Embedding, MaxPool, Network, Pool, Recurrent
from exporters.rules import FORMATS, find_batch

Files = dict[tuple[str, str], Path]
MASKS = {"CumSum", "LessOrEqual", "Where", "Div"}
TEXTS = ["Great movie!", "Awful.", "I loved it. Then I saw it again, and I didn't.", "the"]


def test_an_export(tiny_wide_trained: TrainedModel, tiny_wide_files: Files, tmp_path: Path) -> None:
    """Pooling and n-grams: no lengths, no mask; scores are those of the graph for many texts."""
    path = tmp_path / "one.onnx"
    on_cpu = open_reference
    export(tiny_wide_trained, FORMATS["onnx"], "int8", path, on_cpu, batch="one")
    model = onnx.load(path)
    assert [value.name for value in model.graph.input] == ["ids"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    assert not MASKS & {node.op_type for node in model.graph.node}
    (lstm,) = [node for node in model.graph.node if node.op_type == "LSTM"]
    assert len(lstm.input) == 4
    bundle = read_model_file(path).bundle
    assert bundle.golden is not None
    assert bundle.golden.batch == ()
    assert bundle.card["batch"] == "one"
    assert "| texts a call | one |" in bundle.page
    many = tiny_wide_files["onnx", "int8"]
    assert read_model_file(many).bundle.card["batch"] == "many"
    assert "| texts a call | any number |" in read_model_file(many).bundle.page
    with load(path, "cpu") as one, load(many, "cpu") as other:
        found, expected = (
            [score.probability for score in classifier.score(TEXTS)] for classifier in (one, other)
        )
    np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-6)
    assert json.loads(json.dumps(bundle.card["layers"][-1]))["hash"] == "float32"


def weights(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(0, 0.4, shape).astype(np.float32)


def windows(padding: Any, stride: int, pool: Any) -> Network:
    """A convolution, a largest value in windows, a GRU of both directions, and pooling."""
    direction = Direction(weights(6, 15), weights(5, 15), weights(2, 15))
    return Network(
        (
            Embedding(weights(50, 7)),
            Conv(weights(3, 7, 6), weights(6), padding, stride),
            MaxPool(2, 2, pool),
            Recurrent("GRU", 5, True, direction, direction),
            Pool(padded_length=4),
            Dense(weights(20, 1), weights(1), "linear"),
        )
    )


@pytest.mark.parametrize(
    ("padding", "stride", "pool"), [("same", 1, "same"), ("valid", 2, "valid")]
)
def test_windows(padding: str, stride: int, pool: str) -> None:
    """Padding of windows is at the end of the text itself; short texts have their zero."""
    network = windows(padding, stride, pool)
    many, one = (
        onnxruntime.InferenceSession(
            onnx_graph.convert(dataclasses.replace(network, batch=batch)).SerializeToString()
        )
        for batch in ("many", "one")
    )
    for length in (9, 10, 11, 25):
        ids = np.random.default_rng(length).integers(0, 50, (1, length)).astype(np.int32)
        (expected,) = many.run(None, {"ids": ids, "lengths": np.array([length], np.int32)})
        (found,) = one.run(None, {"ids": ids})
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_which_formats_have_it() -> None:
    """TFLite's graphs are for one text, and have no other kind."""
    onnx_rules, tflite = FORMATS["onnx"], FORMATS["tflite"]
    assert find_batch([onnx_rules, tflite], None) == {"onnx": "many", "tflite": "one"}
    assert find_batch([onnx_rules, tflite], "one") == {"onnx": "one", "tflite": "one"}
    assert find_batch([onnx_rules, tflite], "many") == {"onnx": "many", "tflite": "one"}
    with pytest.raises(UsageError, match=r"^--batch many: tflite files take one text a call$"):
        find_batch([tflite], "many")
    with pytest.raises(UsageError, match=r"^--batch two: choose one of many, one$"):
        find_batch([onnx_rules], "two")
