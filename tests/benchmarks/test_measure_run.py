"""Measuring a run: both int8 files, on everything, with what the run says of itself."""

import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install 'edgernn[export]'")
pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install 'edgernn[export]'")
pytest.importorskip("ai_edge_litert", reason="needs LiteRT: pip install 'edgernn[tflite]'")

from benchmarks.accuracy import measure_run
from benchmarks.accuracy.collected import collect
from benchmarks.accuracy.data import MeasuredTexts
from edgernn.bundle.tflite.attachments import without_attachments
from edgernn.data import Examples
from edgernn.errors import UsageError
from exporters.export import CONVERTERS


def test_a_tiny_run(tiny_trained, tiny_files, tmp_path, monkeypatch):
    """Both files reach the Keras model's own labels, and the result gives a row of the table."""
    # The converter takes seconds, and has made the same graph for other tests.
    graph = without_attachments(tiny_files["tflite", "int8"].read_bytes())
    monkeypatch.setitem(CONVERTERS, "tflite", lambda *arguments: graph)
    texts = tuple(tiny_trained.texts)
    labels = (tiny_trained.expected >= 0.5).astype(np.int8)
    kept = np.arange(len(texts)) % 2 == 0
    short = Examples(texts[:10], labels[:10])
    on = MeasuredTexts(
        Examples(texts, labels), kept, {"amazon": short, "yelp": short, "imdb": short}, {}
    )
    with pytest.warns(RuntimeWarning, match="data is not at hand"):
        found = measure_run.measure_run(tiny_trained, on, len(texts) // 8, 3)
    assert (found["recipe"], found["seed"]) == ("tiny-bilstm", 7)
    assert found["metrics"]["validation_accuracy"] == 0.75
    assert found["config"]["data"]["description"]["name"] == "reviews.csv"
    assert "source" not in found["config"]["data"]
    assert found["keras_test_accuracy"] is None
    for file in found["files"].values():
        assert file["test"]["accuracy"] == 1.0
        assert file["test"]["examples_without_near_duplicates"] == kept.sum()
        assert file["short"]["yelp"]["accuracy"] == 1.0
        assert 0 < file["expected_calibration_error"] < 1
        assert any(line.startswith("parity: ") for line in file["checks"])
    result = {"name": "tiny-seed-7", "machine": {"versions": {}}, **found}
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "tiny-seed-7.json").write_text(json.dumps(result))
    (row,) = collect(tmp_path, tmp_path / "none", tmp_path / "none").rows
    assert (row.title, row.accuracy) == ("tiny", 1.0)
    assert row.bytes == found["files"]["onnx"]["bytes"]


def test_what_the_keras_model_reached(tiny_trained, tmp_path):
    """It is taken from the run's own evaluation, if that is of the whole split."""
    examples = Examples(("a", "b"), np.array([0, 1], np.int8))
    on = MeasuredTexts(examples, np.ones(2, np.bool_), {}, {})
    run = dataclasses.replace(tiny_trained.run, folder=tmp_path)
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps({"accuracy": 0.875, "examples": 2}))
    assert measure_run._keras_accuracy(run, on) == 0.875
    path.write_text(json.dumps({"accuracy": 0.875, "examples": 1}))
    assert measure_run._keras_accuracy(run, on) is None


def test_names(monkeypatch):
    """A name that would lead out of the folder of results is refused."""
    options = ["run", "--data", "x", "--short", "y", "--name", "../x"]
    monkeypatch.setattr("sys.argv", ["measure_run", *options])
    with pytest.raises(UsageError, match=r"--name \.\./x"):
        measure_run.main()
