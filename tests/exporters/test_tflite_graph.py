"""The TFLite graph: fused operators, any length, and the Keras model's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import Model, ModelT, TensorType
from keras import layers
from parsed import operator_versions, tensor_types
from small_models import Ids, classifier, lstm, ragged

from edgernn.bundle.tflite.content import TfliteContent
from edgernn.training.models import probabilities
from exporters import tflite_graph
from exporters.export import TrainedModel
from exporters.keras_model import read_network
from exporters.rules import FORMATS

Files = dict[tuple[str, str], Path]
RECURRENT = "UNIDIRECTIONAL_SEQUENCE_LSTM"
TFLITE = FORMATS["tflite"]


@pytest.fixture(params=["float32", "float16", "int8", "int8-embedding"])
def precision(request: pytest.FixtureRequest) -> str:
    """Each precision; the files are converted once a session."""
    return str(request.param)


def operators_of(data: bytes) -> Mapping[str, int]:
    return TfliteContent(data, "the model").operators


def scores(model: bytes, rows: Sequence[Ids]) -> npt.NDArray[np.float32]:
    """Score rows one by one with LiteRT itself, each at its own length."""
    interpreter = Interpreter(model_content=model)
    place = interpreter.get_input_details()[0]["index"]
    found = []
    for ids in rows:
        interpreter.resize_tensor_input(place, (1, len(ids)))
        interpreter.allocate_tensors()
        interpreter.reset_all_variables()
        interpreter.set_tensor(place, ids[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    return np.concatenate(found)


def rows_of(trained: TrainedModel) -> list[Ids]:
    return trained.run.encoder.encode_batch(trained.texts)


def test_operators(tiny_files: Files, precision: str) -> None:
    """One fused operator a direction, allowed operators only, nothing custom and no Flex."""
    operators = operators_of(tiny_files["tflite", precision].read_bytes())
    assert operators[RECURRENT] == 4
    assert set(operators) <= TFLITE.at(precision).allowed(["LSTM"])


def test_operators_of_old_runtimes(tiny_files: Files) -> None:
    """In int8 the dense layer keeps to a version that the interpreters of 2023 have."""
    versions = operator_versions(tiny_files["tflite", "int8"].read_bytes())
    # Version 12 is per-channel; 1 would mean that the layer was not quantized.
    assert 1 < versions["FULLY_CONNECTED"] < 12
    assert versions[RECURRENT] > 1


def test_sizes(tiny_files: Files) -> None:
    """Weights are stored as int8; much of so small a file is structure."""
    whole = tiny_files["tflite", "float32"].stat().st_size
    assert tiny_files["tflite", "int8"].stat().st_size <= 0.6 * whole
    assert tensor_types(tiny_files["tflite", "int8"].read_bytes())["INT8"] > 10


@pytest.mark.parametrize(
    ("precision", "kind", "saved"), [("float16", "INT16", 2), ("int8-embedding", "INT8", 3)]
)
def test_the_embedding_alone(tiny_files: Files, precision: str, kind: str, saved: int) -> None:
    """It takes so many bytes a number less, and no other constant is of a smaller type."""
    table = 299 * 32
    whole = tiny_files["tflite", "float32"].stat().st_size
    assert whole - tiny_files["tflite", precision].stat().st_size == pytest.approx(
        saved * table, abs=1500
    )
    model = ModelT.InitFromObj(Model.GetRootAs(tiny_files["tflite", precision].read_bytes()))
    (graph,) = model.subgraphs
    small = [
        tensor
        for tensor in graph.tensors
        if tensor.type == getattr(TensorType, kind)
        and model.buffers[tensor.buffer].data is not None
    ]
    widths = {"float16": [32], "int8-embedding": [1, 32]}[precision]
    assert sorted(int(tensor.shape[1]) for tensor in small) == widths


def test_inputs_and_outputs(tiny_files: Files, precision: str) -> None:
    """Batch 1, any number of tokens; the signature names what goes in and comes out."""
    model = tiny_files["tflite", precision].read_bytes()
    main = TfliteContent(model, "the model").model.subgraphs[0]
    (ids,), (probability,) = (
        [main.tensors[number] for number in numbers] for numbers in (main.inputs, main.outputs)
    )
    assert (ids.type, ids.shape_signature) == ("INT32", (1, -1))
    assert (probability.type, probability.shape) == ("FLOAT32", (1,))
    interpreter = Interpreter(model_content=model)
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["ids"], "outputs": ["probability"]}
    }
    (row,) = ragged([5], 299)
    by_name = interpreter.get_signature_runner()(ids=row[None])
    np.testing.assert_array_equal(by_name["probability"], scores(model, [row]))


@pytest.mark.parametrize("length", [1, 2, 40, 41, 300])
def test_any_length(tiny_files: Files, length: int) -> None:
    """The time axis is resized to the text's own length, also beyond the longest input."""
    (found,) = scores(tiny_files["tflite", "float32"].read_bytes(), ragged([length], 299))
    assert 0.0 < found < 1.0


def test_equal_to_keras(tiny_files: Files, tiny_trained: TrainedModel, precision: str) -> None:
    """All checked texts: 1e-6 unquantized, the precision's tolerance otherwise."""
    model = tiny_files["tflite", precision].read_bytes()
    difference = np.abs(scores(model, rows_of(tiny_trained)) - tiny_trained.expected).max()
    assert difference <= {"float32": 1e-6}.get(precision, TFLITE.precisions[precision].tolerance)
    if precision != "float32":
        assert difference > 1e-6  # Its weights are really rounded.


@pytest.mark.slow
@pytest.mark.parametrize(
    "recurrent",
    [(False,), (True,), (False, True), (True, False, True)],
    ids=str,
)
def test_other_networks(recurrent: tuple[bool, ...]) -> None:
    """One to three layers, of one direction or both, a conversion each.

    `test_tflite_cell_clip.py` has the quick one, of a single direction.
    """
    last = len(recurrent) - 1
    model: Any = classifier(
        *(
            lstm(5 + place, bidirectional=both, return_sequences=place < last)
            for place, both in enumerate(recurrent)
        ),
        layers.Dense(4, activation="relu"),
        scale=1.0,
    )
    converted = tflite_graph.convert(read_network(model), "float32")
    assert operators_of(converted)[RECURRENT] == sum(recurrent) + len(recurrent)
    rows = ragged([7, 1, 33, 2, 33, 12, 3])
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(scores(converted, rows), expected, rtol=0, atol=1e-6)
