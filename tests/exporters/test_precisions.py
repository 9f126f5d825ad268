"""Each format and precision on each kind of layer: as the Keras model, or refused with a reason."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from keras import layers
from parsed import check_onnx, check_tflite
from small_models import (
    Ids,
    classifier,
    ragged,
    recurrent,
    sequential,
    tflite_scores,
)

from edgernn import load
from edgernn.bundle.model_file import count_operators
from edgernn.cells import CELLS
from edgernn.errors import DeviceError, ExportError
from edgernn.runtime.loaded_model import LoadedModel, open_reference
from edgernn.training.models import logits, probabilities
from exporters import onnx_graph, onnx_precisions, tflite_graph
from exporters.export import TrainedModel, export
from exporters.gate import check_operators
from exporters.keras_model import read_network
from exporters.network import Dense, Embedding, Network, Pool
from exporters.rules import FORMATS, check_cells

VOCABULARY = 50
LENGTHS = (7, 1, 60, 2, 33, 12, 3, 60, 59)
Scores = npt.NDArray[np.float32]


class Trained(NamedTuple):
    """A network, its float32 ONNX model, rows of ids, and the Keras model's scores of them."""

    network: Network
    graph: onnx.ModelProto
    rows: list[Ids]
    expected: Scores


@pytest.fixture(scope="module")
def networks() -> dict[str, Trained]:
    """A bidirectional layer of each kind and a hidden one; scores vary."""
    found = {}
    for cell, scale in (("LSTM", 0.6), ("GRU", 0.4), ("SimpleRNN", 0.2)):
        model = classifier(
            recurrent(cell, 16, bidirectional=True),
            layers.Dense(16, activation="tanh"),
            scale=scale,
        )
        rows = ragged(LENGTHS)
        expected = probabilities(model, rows)
        assert np.ptp(expected) > 0.05
        network = read_network(model)
        found[cell] = Trained(network, onnx_graph.convert(network), rows, expected)
    return found


def convert(trained: Trained, format: str, precision: str) -> bytes:
    """Convert as the export job does."""
    rules = FORMATS[format]
    check_cells(rules, precision, [layer.cell for layer in trained.network.recurrent_layers])
    if format == "onnx":
        return bytes(onnx_precisions.store(trained.graph, precision).SerializeToString())
    return tflite_graph.convert(trained.network, precision, ragged(range(1, 61)))


def score(file: bytes, format: str, rows: Sequence[Ids]) -> Scores:
    """Score each row alone, in one session or interpreter that is used again."""
    if format == "onnx":
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        return np.concatenate(
            [
                session.run(None, {"ids": row[None], "lengths": np.array([len(row)], np.int32)})[0]
                for row in rows
            ]
        )
    return tflite_scores(file, rows)


# Other tests have the rest: `test_tflite_graph.py` each precision of LSTMs that are allowed, and
# `test_tflite_cells.py` the other cells in the precisions that every file of 2023 had.
# `test_the_whole_job` has what is slow here.
CELLS_OF = [
    pytest.param(
        *(format, precision, cell),
        marks=pytest.mark.slow if (precision, cell) == ("int8-full", "LSTM") else (),
    )
    for format, rules in FORMATS.items()
    for precision in rules.precisions
    for cell in CELLS
    if format == "onnx" or precision in ("int8-full", "int16x8")
]


@pytest.mark.parametrize(("format", "precision", "cell"), CELLS_OF)
def test_every_cell(
    networks: dict[str, Trained],
    format: str,
    precision: str,
    cell: str,
) -> None:
    """It scores as the Keras model within the tolerance, whatever was scored before, or says why.

    What comes out holds the operators that it should, and may be loaded.
    """
    rules, trained = FORMATS[format], networks[cell]
    reason = rules.precisions[precision].refused.get(cell)
    if reason is not None:
        with pytest.raises(ExportError) as refused:
            convert(trained, format, precision)
        assert str(refused.value).startswith(f"{format} {precision}: ")
        assert reason in str(refused.value)
        assert str(refused.value).isprintable()
        return
    file = convert(trained, format, precision)
    check = check_operators(count_operators(file, format), trained.network, rules.at(precision))
    assert check.passed, check.line
    (check_onnx if format == "onnx" else check_tflite)(file, "the model", VOCABULARY)
    found = score(file, format, trained.rows)
    difference = float(np.abs(found - trained.expected).max())
    assert difference <= rules.precisions[precision].tolerance
    assert (difference > 1e-6) == rules.precisions[precision].quantized
    np.testing.assert_array_equal(score(file, format, trained.rows[::-1])[::-1], found)


@pytest.mark.slow
def test_a_reason_still_holds(networks: dict[str, Trained]) -> None:
    """What is refused with the converter's words is still refused by it, in these words."""
    reason = FORMATS["tflite"].precisions["int16x8"].refused["LSTM"].partition(": ")[2]
    assert reason.startswith("Quantization to 16x8-bit not yet supported")
    with pytest.raises(ExportError) as refused:
        tflite_graph.convert(networks["LSTM"].network, "int16x8", ragged([5, 9]))
    assert str(refused.value).startswith("tflite int16x8: the converter refuses: ")
    assert reason in str(refused.value)


@pytest.mark.slow
def test_the_converter_still_crashes(tmp_path: Path) -> None:
    """Ranges of a loop's tensors end its process, so nothing of the kind is tried."""
    script = (
        "from small_models import network, ragged, recurrent\n"
        "from exporters import tflite_graph\n"
        "tflite_graph.convert(network(recurrent('GRU', 16)), 'int8-full', ragged([5, 9]))\n"
    )
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == -signal.SIGSEGV, done.stderr


def test_one_text_a_call(networks: dict[str, Trained]) -> None:
    """Activations that share a scale would let texts change each other: there is no batch."""
    trained = networks["LSTM"]
    file = convert(trained, "onnx", "int8-dynamic")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    shapes = [value.shape for value in (*session.get_inputs(), *session.get_outputs())]
    assert shapes == [[1, "time"], [1], [1]]
    ids, lengths = np.ones((2, 3), np.int32), np.array([3, 3], np.int32)
    with pytest.raises(Exception, match="Got: 2 Expected: 1"):
        session.run(None, {"ids": ids, "lengths": lengths})
    # Nor does padding behind a text change anything.
    for row in trained.rows:
        lengths = np.array([len(row)], np.int32)
        padded = np.concatenate([row, np.arange(1, 40, dtype=np.int32)])
        (found,) = session.run(None, {"ids": padded[None], "lengths": lengths})
        assert found == score(file, "onnx", [row])


@pytest.mark.parametrize(
    ("format", "precision", "reason"),
    [
        ("onnx", "float16", "every layer is too small to be stored smaller"),
        ("onnx", "int8", "every layer is too small to be stored smaller"),
        ("tflite", "int8", "fewer than 1,024 numbers float32, which all layers but the embedding"),
    ],
)
def test_nothing_to_store_smaller(format: str, precision: str, reason: str) -> None:
    """A file of float32 weights is not called by another name."""
    nothing = np.zeros(0, np.float32)
    table, kernel, bias = (np.ones(shape, np.float32) for shape in ((10, 3), (6, 1), 1))
    # Without a recurrent layer, which takes the converter seconds.
    network = Network((Embedding(table), Pool(), Dense(kernel, bias, "linear")))
    tiny = Trained(network, onnx_graph.convert(network), [], nothing)
    with pytest.raises(ExportError, match=f"^{format} {precision}: .*{reason}"):
        convert(tiny, format, precision)


@pytest.fixture(scope="module")
def sure(tiny_trained: TrainedModel) -> TrainedModel:
    """A bidirectional LSTM and a hidden layer, and the texts of which they are sure."""
    model = sequential(
        layers.Embedding(tiny_trained.run.contract.vocabulary_size, 16, mask_zero=True),
        recurrent("LSTM", 16, bidirectional=True),
        layers.Dense(16, activation="tanh"),
        layers.Dense(1),
        scale=0.4,
    )
    ids = tiny_trained.run.encoder.encode_batch(tiny_trained.texts)
    *others, bias = model.get_weights()
    model.set_weights([*others, bias - np.median(logits(model, ids))])
    expected = probabilities(model, ids)
    sure = np.abs(expected - 0.5) > 0.1
    texts = [text for text, kept in zip(tiny_trained.texts, sure, strict=True) if kept]
    assert len(texts) > 50
    assert len(set(expected[sure] > 0.5)) == 2
    return dataclasses.replace(
        tiny_trained, network=read_network(model), texts=texts, expected=expected[sure]
    )


@pytest.mark.parametrize(
    ("format", "precision"), [("onnx", "int8-dynamic"), ("tflite", "int8-full")]
)
def test_the_whole_job(sure: TrainedModel, tmp_path: Path, format: str, precision: str) -> None:
    """All checks pass on texts of which the model is sure, in the runtime as it is."""
    path = tmp_path / f"model.{format}"

    def on_cpu(file: Path) -> LoadedModel:
        return open_reference(file)

    with pytest.warns(RuntimeWarning, match="accuracy not measured"):
        checks = export(sure, FORMATS[format], precision, path, on_cpu)
    assert {check.name for check in checks if check.passed} >= {"parity", "order", "batch"}
    found = np.array([score.probability for score in load(path, "cpu").score(sure.texts)])
    assert np.abs(found - sure.expected).max() > 1e-6
    if format == "onnx":
        with pytest.raises(DeviceError, match="int8 LSTMs run on the CPU only"):
            load(path, "cuda")
        assert load(path, "auto").device == "cpu"


def test_layers_that_are_refused(tiny_word_trained: TrainedModel, tmp_path: Path) -> None:
    """Before anything is converted or written."""
    path = tmp_path / "model.tflite"
    with pytest.raises(ExportError, match=r"^tflite int8-full: no GRU: the converter crashes"):
        export(
            tiny_word_trained,
            FORMATS["tflite"],
            "int8-full",
            path,
            lambda file: pytest.fail("it was opened"),
        )
    assert not path.exists()
