"""Vectors of n-grams in both formats: each file scores as the Keras model, padding or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from matching_checks import matching_checks
from parsed import check_onnx, check_tflite
from read_networks import Reader, check_read
from small_models import VOCABULARY, Ids, Scores, ragged, recurrent, tflite_scores

from edgernn.audit import audit_file
from edgernn.bundle.model_file import count_operators
from edgernn.errors import ExportError, ModelFileError
from edgernn.text import EVEN
from edgernn.text.decision import Decision
from edgernn.training.layers import custom_layers
from edgernn.training.models import probabilities
from exporters import onnx_graph, onnx_precisions, tflite_graph
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Network, NgramVectors
from exporters.rules import FORMATS, check_cells
from exporters.tflite_flatbuffer import pack, unpack

LENGTHS = (1, 2, 3, 4, 11, 60, 1, 33, 2, 3)
BUCKETS, UNITS, LABELS = 1009, 8, 5
PRECISIONS = FORMATS["onnx"].precisions


def built(outputs: int, longest: int) -> Any:
    """A pooled LSTM beside vectors, with random weights."""
    layers = keras.layers
    ids = keras.Input((None,), dtype="int32")
    state = layers.Embedding(VOCABULARY, 32, mask_zero=True)(ids)
    state = recurrent("LSTM", 32, bidirectional=True, return_sequences=True)(state)
    state = custom_layers().max_mean_pooling()(state)
    wide = custom_layers().hashed_ngram_vectors(BUCKETS, longest, UNITS, outputs)(ids)
    model = keras.Model(ids, layers.Add()([layers.Dense(outputs)(state), wide]))
    rng = np.random.default_rng(7)
    weights = [
        matching_checks(ragged(LENGTHS), BUCKETS, longest)
        if array.dtype == np.int32
        else rng.normal(0, 1 if len(array) in (BUCKETS, UNITS) else 0.3, array.shape)
        for array in model.get_weights()
    ]
    model.set_weights(weights)
    return model


class Trained(NamedTuple):
    """A network, its float32 ONNX model, rows of ids, and the Keras model's scores of them."""

    network: Network
    graph: onnx.ModelProto
    rows: list[Ids]
    expected: Scores


def trained(outputs: int, longest: int) -> Trained:
    model, rows = built(outputs, longest), ragged(LENGTHS)
    decision = Decision(None, "largest") if outputs > 1 else EVEN
    expected = probabilities(model, rows, decision)
    # Without the checks, and without the vectors, the scores are others.
    *others, checks = model.get_weights()
    for changed in ([*others, checks * 0], [*others[:-1], others[-1] * 0, checks]):
        model.set_weights(changed)
        assert np.abs(probabilities(model, rows, decision) - expected).max() > 0.2
    model.set_weights([*others, checks])
    network = read_network(model, outputs, "softmax" if outputs > 1 else "sigmoid")
    return Trained(network, onnx_graph.convert(network), rows, expected)


@pytest.fixture(scope="module")
def several() -> Trained:
    """Five labels, n-grams of up to three ids."""
    return trained(LABELS, 3)


@pytest.fixture(scope="module")
def one() -> Trained:
    """Two labels, which have one logit between them, and n-grams of one id."""
    return trained(1, 1)


@pytest.mark.parametrize("kind", ["several", "one"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_onnx(
    kind: str, precision: str, engine_reader: Reader, request: pytest.FixtureRequest
) -> None:
    """As the Keras model, alone and in a batch, whatever ids stand behind a text's end."""
    network, graph, rows, expected = request.getfixturevalue(kind)
    file = onnx_precisions.store(graph, precision).SerializeToString()
    check_onnx(file, "m.onnx", VOCABULARY, network.outputs)
    check_read(engine_reader, file, network, precision)
    check = check_operators(count_operators(file, "onnx"), network, FORMATS["onnx"].at(precision))
    assert check.passed, check.line
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def scores(ids: Ids, lengths: list[int]) -> Scores:
        found: Scores = session.run(None, {"ids": ids, "lengths": np.array(lengths, np.int32)})[0]
        return found

    alone = np.concatenate([scores(row[None], [len(row)]) for row in rows])
    assert np.abs(alone - expected).max() <= PRECISIONS[precision].tolerance
    if precision == "int8-dynamic":
        return
    batch = np.random.default_rng(9).integers(0, VOCABULARY, (len(rows), 75)).astype(np.int32)
    for place, row in enumerate(rows):
        batch[place, : len(row)] = row
    together = scores(batch, [len(row) for row in rows])
    assert np.abs(together - alone).max() <= 1e-6


# A conversion takes seconds.
TFLITE = [
    ("several", "int8"),
    ("one", "float32"),
    *(pytest.param("several", name, marks=pytest.mark.slow) for name in ("float32", "float16")),
    pytest.param("several", "int8-embedding", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def tflite(request: pytest.FixtureRequest) -> Callable[[str, str], bytes]:
    """Makes the file of a network in a precision, once."""
    made: dict[tuple[str, str], bytes] = {}

    def make(kind: str, precision: str) -> bytes:
        if (kind, precision) not in made:
            network = request.getfixturevalue(kind).network
            made[kind, precision] = tflite_graph.convert(network, precision)
        return made[kind, precision]

    return make


@pytest.mark.parametrize(("kind", "precision"), TFLITE)
def test_tflite(
    tflite: Callable[[str, str], bytes],
    kind: str,
    precision: str,
    engine_reader: Reader,
    request: pytest.FixtureRequest,
) -> None:
    """As the Keras model at each length, with XNNPACK and without."""
    network, _, rows, expected = request.getfixturevalue(kind)
    rules = FORMATS["tflite"]
    file = tflite(kind, precision)
    check_tflite(file, "m.tflite", VOCABULARY, network.outputs)
    check_read(engine_reader, file, network, precision)
    check = check_operators(count_operators(file, "tflite"), network, rules.at(precision))
    assert check.passed, check.line
    for delegate in (True, False):
        found = tflite_scores(file, rows, delegate=delegate)
        assert np.abs(found - expected).max() <= rules.precisions[precision].tolerance


def test_ngrams_in_integers_are_refused(several: Trained) -> None:
    """With the reason, before a converter runs."""
    with pytest.raises(ExportError, match="tflite int8-full: no Ngrams: the converter leaves"):
        check_cells(FORMATS["tflite"], "int8-full", several.network.parts)


@pytest.mark.parametrize(
    ("precision", "bytes_a_number"),
    [("float32", 4), ("float16", 2), ("int8-embedding", 1), ("int8", 1), ("int8-dynamic", 1)],
)
def test_what_is_stored(several: Trained, precision: str, bytes_a_number: int) -> None:
    """The table in each precision, and the embedding beside it; the checks are int8 in all."""
    assert isinstance(several.network.ngrams, NgramVectors)
    model = onnx_precisions.store(several.graph, precision)
    (table,) = [t for t in model.graph.initializer if list(t.dims) == [BUCKETS, UNITS]]
    assert len(table.raw_data) == bytes_a_number * BUCKETS * UNITS
    (checks,) = [t for t in model.graph.initializer if list(t.dims) == [BUCKETS]]
    assert checks.raw_data == several.network.ngrams.checks.tobytes()
    (embedding,) = [t for t in model.graph.initializer if list(t.dims) == [VOCABULARY, 32]]
    assert len(embedding.raw_data) == bytes_a_number * VOCABULARY * 32


def test_what_an_audit_calls_it(several: Trained, tmp_path: Any) -> None:
    """A table of n-grams, and no second embedding."""
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_precisions.store(several.graph, "int8").SerializeToString())
    roles = {weight.shape: weight.role for weight in audit_file(path).weights}
    assert roles[BUCKETS, UNITS] == "n-gram table"
    assert roles[VOCABULARY, 32] == "embedding"


def test_a_model_of_other_labels_is_refused() -> None:
    """The n-grams of a layer are for as many logits as it was made with."""
    ids = keras.Input((None,), dtype="int32")
    state = keras.layers.Embedding(VOCABULARY, 4, mask_zero=True)(ids)
    state = keras.layers.Dense(LABELS)(recurrent("LSTM", 4)(state))
    wide = custom_layers().hashed_ngrams(101, 2)(ids)
    model = keras.Model(ids, keras.layers.Add()([state, wide]))
    with pytest.raises(ExportError, match="it gives something for 1 logits, not for 5"):
        read_network(model, LABELS, "softmax")


def test_hostile_onnx(several: Trained) -> None:
    """No vector but one below the table's rows, and none that takes much memory for each token."""
    stored = onnx_precisions.store(several.graph, "int8")

    def refused(shape: tuple[int, int]) -> str:
        model = onnx.ModelProto.FromString(stored.SerializeToString())
        (table,) = [t for t in model.graph.initializer if list(t.dims) == [BUCKETS, UNITS]]
        table.CopyFrom(onnx.numpy_helper.from_array(np.zeros(shape, np.int8), table.name))
        with pytest.raises(ModelFileError) as caught:
            check_onnx(model.SerializeToString(), "m.onnx", VOCABULARY, LABELS)
        return str(caught.value)

    assert "1009 buckets of n-grams, in a table of 1008" in refused((BUCKETS - 1, UNITS))
    assert "vectors of n-grams that are too long" in refused((BUCKETS, 257))


def test_hostile_tflite(tflite: Callable[[str, str], bytes]) -> None:
    """The same."""

    def refused(shape: tuple[int, int]) -> str:
        model = unpack(tflite("several", "int8"))
        graph = model.subgraphs[0]
        (tensor,) = [t for t in graph.tensors if list(t.shape) == [BUCKETS, UNITS]]
        assert tensor.type == schema.TensorType.INT8
        tensor.shape = list(shape)
        model.buffers[tensor.buffer].data = np.zeros(shape[0] * shape[1], np.uint8)
        with pytest.raises(ModelFileError) as caught:
            check_tflite(pack(model, 1 << 20), "m.tflite", VOCABULARY, LABELS)
        return str(caught.value)

    assert "1009 buckets of n-grams, in a table of 1008" in refused((BUCKETS - 1, UNITS))
    assert "vectors of n-grams that are too long" in refused((BUCKETS, 257))
