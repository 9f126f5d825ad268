"""GRU and SimpleRNN layers in TFLite: a loop or a fused operator, and the Keras model's answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import ModelT
from keras import layers
from parsed import check_tflite, operator_versions, tensor_types
from read_networks import Reader, check_read
from small_models import Ids, classifier, network, ragged, recurrent

from edgernn.bundle.tflite.content import TfliteContent
from edgernn.errors import ExportError
from edgernn.training.models import probabilities
from exporters import tflite_graph
from exporters.export import TrainedModel
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Network
from exporters.rules import FORMATS
from exporters.tflite_stand_ins import STAND_INS, fuse

Files = dict[tuple[str, str], Path]
TFLITE = FORMATS["tflite"]
LENGTHS = (7, 1, 60, 2, 33, 12, 3, 60, 59)

# Large enough for the converter to quantize them; weights of a scale that lets scores vary.
NETWORKS: dict[str, tuple[float, Callable[[], list[Any]]]] = {
    "GRU, reset before": (
        0.6,
        lambda: [
            recurrent("GRU", 7, return_sequences=True, reset_after=False),
            recurrent("GRU", 6, reset_after=False),
        ],
    ),
    "SimpleRNN": (
        0.15,
        lambda: [
            recurrent("SimpleRNN", 34, bidirectional=True, return_sequences=True),
            recurrent("SimpleRNN", 32),
            layers.Dense(32, activation="tanh"),
        ],
    ),
    "LSTM, SimpleRNN, LSTM": (
        0.6,
        lambda: [
            recurrent("LSTM", 5, return_sequences=True),
            recurrent("SimpleRNN", 6, return_sequences=True),
            recurrent("LSTM", 4),
        ],
    ),
}
LINES = {
    "GRU": "2 WHILE (GRU as a loop)",
    "GRU, reset before": "2 WHILE (GRU as a loop)",
    "SimpleRNN": "3 UNIDIRECTIONAL_SEQUENCE_RNN, no loop",
    "LSTM, SimpleRNN, LSTM": (
        "2 UNIDIRECTIONAL_SEQUENCE_LSTM, 1 UNIDIRECTIONAL_SEQUENCE_RNN, no loop"
    ),
}


class Converted(NamedTuple):
    """A network and its file, and rows with the Keras model's scores."""

    name: str
    precision: str
    network: Network
    file: bytes
    rows: list[Ids]
    expected: npt.NDArray[np.float32]


def _converted(name: str, precision: str) -> Converted:
    scale, middle = NETWORKS[name]
    model, rows = classifier(*middle(), scale=scale), ragged(LENGTHS)
    expected = probabilities(model, rows)
    assert np.ptp(expected) > 0.05
    given = read_network(model)
    return Converted(name, precision, given, tflite_graph.convert(given, precision), rows, expected)


def _gru(files: Files, trained: TrainedModel, precision: str) -> Converted:
    """The bidirectional GRU whose files other tests have, too."""
    file = files["tflite", precision].read_bytes()
    rows = trained.run.encoder.encode_batch(trained.texts)
    return Converted("GRU", precision, trained.network, file, rows, trained.expected)


@pytest.fixture(
    scope="module",
    params=[
        *(("GRU", precision) for precision in ("float32", "float16", "int8-embedding", "int8")),
        ("GRU, reset before", "float32"),
        ("LSTM, SimpleRNN, LSTM", "float32"),
        ("SimpleRNN", "int8-embedding"),
        ("SimpleRNN", "int8"),
        # The one above has float32 of it; of what float16 changes, it is as int8-embedding.
        pytest.param(("SimpleRNN", "float32"), marks=pytest.mark.slow),
        pytest.param(("SimpleRNN", "float16"), marks=pytest.mark.slow),
    ],
    ids=", ".join,
)
def converted(
    request: pytest.FixtureRequest, tiny_word_files: Files, tiny_word_trained: TrainedModel
) -> Converted:
    """Each network in float32, a loop and a fused operator in each precision."""
    name, precision = request.param
    if name == "GRU":
        return _gru(tiny_word_files, tiny_word_trained, precision)
    return _converted(name, precision)


def test_the_engine_reads_it(converted: Converted, engine_reader: Reader) -> None:
    """The network, with the weights that are stored."""
    check_read(engine_reader, converted.file, converted.network, converted.precision)


class Scorer:
    """LiteRT itself, set up anew where the length changes, as the runtime does."""

    def __init__(self, file: bytes) -> None:
        self.interpreter = Interpreter(model_content=file)
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]
        self.length = 0

    def score(self, rows: list[Ids]) -> npt.NDArray[np.float32]:
        """Score rows one by one, each at its own length."""
        found = []
        for ids in rows:
            if len(ids) != self.length:
                self.interpreter.resize_tensor_input(self.input, (1, len(ids)))
                self.interpreter.allocate_tensors()
                self.length = len(ids)
            self.interpreter.reset_all_variables()
            self.interpreter.set_tensor(self.input, ids[None])
            self.interpreter.invoke()
            found.append(self.interpreter.get_tensor(self.output))
        return np.concatenate(found)


def test_operators(converted: Converted) -> None:
    """One operator a direction, those that are allowed beside them, nothing custom, no Flex.

    The file may be loaded.
    """
    check_tflite(converted.file, "the model", len(converted.network.layers[0].table))
    operators = TfliteContent(converted.file, "the model").operators
    line = check_operators(operators, converted.network, TFLITE.at(converted.precision)).line
    assert line == f"{sum(operators.values())} builtin operators, {LINES[converted.name]}"
    assert not any(name.startswith("custom::") for name in operators)
    # What the file asks a runtime for is what it uses.
    codes = ModelT.InitFromPackedBuf(converted.file).operatorCodes
    assert len(codes) == len(operators)


def test_equal_to_keras(converted: Converted) -> None:
    """1e-6 unquantized, the precision's tolerance otherwise, with weights that are rounded."""
    difference = np.abs(Scorer(converted.file).score(converted.rows) - converted.expected).max()
    if converted.precision == "float32":
        assert difference <= 1e-6
    else:
        assert 1e-6 < difference <= TFLITE.precisions[converted.precision].tolerance


def test_the_order_of_calls(converted: Converted) -> None:
    """No score depends on those before it: in reverse, twice in a row, in a fresh interpreter."""
    rows = converted.rows
    scorer = Scorer(converted.file)
    first = scorer.score(rows)
    np.testing.assert_array_equal(scorer.score(rows[::-1])[::-1], first)
    np.testing.assert_array_equal(scorer.score([rows[2]] * 3), [first[2]] * 3)
    np.testing.assert_array_equal(Scorer(converted.file).score([rows[5]]), [first[5]])


def test_stored_weights(converted: Converted) -> None:
    """In the precision's own type, those of the recurrent operators too."""
    types = tensor_types(converted.file)
    smaller = {"float16": "FLOAT16", "int8-embedding": "INT8", "int8": "INT8"}
    expected = {smaller[converted.precision]} if converted.precision in smaller else set()
    assert set(types) & {"FLOAT16", "INT8"} == expected
    versions = operator_versions(converted.file)
    if converted.precision == "int8":
        # Version 12 is per-channel, which the interpreters of 2023 refuse.
        assert 1 < versions["FULLY_CONNECTED"] < 12
        assert versions.get("UNIDIRECTIONAL_SEQUENCE_RNN", 3) == 3


def test_one_gate_of_the_lstm_is_left() -> None:
    """Of the LSTM that a SimpleRNN is converted as; its weights are aligned as the schema asks."""
    units = 64
    model = classifier(recurrent("SimpleRNN", units))
    file = tflite_graph.convert(read_network(model), "float32")
    assert 4 * model.count_params() < len(file) < 4 * (model.count_params() + units * units)
    model = schema.Model.GetRootAs(file)
    weights = [model.Buffers(place) for place in range(model.BuffersLength())]
    vectors = [b._tab.Vector(b._tab.Offset(4)) for b in weights if b.DataLength()]
    assert len(vectors) > 3
    assert {start % 16 for start in vectors} == {0}


def test_four_gates() -> None:
    """Each of an LSTM's gates gets the weights."""
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    four_gates = STAND_INS["SimpleRNN"].weights
    for gate in np.split(four_gates(kernel), 4, axis=1):
        np.testing.assert_array_equal(gate, kernel)
    np.testing.assert_array_equal(four_gates(kernel[0]), np.tile(kernel[0], 4))


def test_a_file_without_simple_rnns() -> None:
    """It is left as it is, byte for byte."""
    middle = recurrent("LSTM", 3, bidirectional=True)
    assert fuse(b"not looked at", network(middle)) == b"not looked at"


def test_another_number_of_fused_layers(tiny_files: Files) -> None:
    """A converter that fuses fewer layers, or splits one, is found out."""
    four = tiny_files["tflite", "float32"].read_bytes()
    two = network(recurrent("SimpleRNN", 3, bidirectional=True))
    with pytest.raises(ExportError, match="fused 4 recurrent layers, expected 2"):
        fuse(four, two)
