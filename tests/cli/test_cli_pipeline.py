"""From a CSV to a score, by the console script: train, export, evaluate, info."""

import json

import pytest
from console_script import TRAIN, epochs_of

FILES = {
    "config.json",
    "contract.json",
    "history.csv",
    "history.png",
    "metrics.json",
    "model.keras",
    "seen_texts.bin",
    "summary.txt",
    "vocabulary.subwords",
}


def test_train(training, run):
    """A line an epoch and the next command on standard error, nothing on standard output."""
    assert training.stdout == ""
    lines = training.stderr.splitlines()
    assert lines[0].startswith("training on ")
    assert "36 training examples" in lines
    assert [line.split(":")[0] for line in lines if line.startswith("epoch")] == [
        "epoch 1/2",
        "epoch 2/2",
    ]
    assert lines[-1] == "next: edgernn export --format all --run run"
    assert {path.name for path in run.iterdir()} == FILES


def test_what_was_trained(run):
    """The options stand in config.json."""
    config = json.loads((run / "config.json").read_text())
    assert (config["recipe"], config["seed"], config["limit"]) == ("subword-bilstm", 5, 36)
    assert (config["fit"]["epochs"], config["fit"]["batch_size"]) == (2, 8)
    assert config["text"]["max_length"] == 12
    assert config["data"]["source"] == "reviews.csv"


def test_no_native_logs(training, exporting):
    """Of TensorFlow's own log lines none reaches the person."""
    for line in (training.stderr + exporting.stderr).splitlines():
        assert "cuda_" not in line
        assert "oneDNN" not in line
        assert "WARNING" not in line


def test_export(exporting, model):
    """Each check has a line; the file is whole and nothing else is left beside it."""
    assert exporting.returncode == 0
    assert exporting.stdout == ""
    checks = [line for line in exporting.stderr.splitlines() if line.startswith("\u2713 ")]
    names = [line.removeprefix("\u2713 ").partition(":")[0] for line in checks[:-2]]
    assert names == [
        *("operators", "audit", "oldest runtime", "parity", "label flips", "order", "batch"),
        *("padding", "reference", "C engine"),
    ]
    assert "golden vectors inside" in checks[-2]
    assert "warning: accuracy not measured" in exporting.stderr
    assert f"{model.stat().st_size:,} bytes" in checks[-1]
    assert "checking on the run's 4 validation texts" in exporting.stderr
    assert list(model.parent.glob(".*")) == []


def test_the_score_is_the_run_s(edgernn, run, model, place):
    """The exported file and the Keras model measure the same, within the tolerance."""
    measured = []
    for path in (run, model):
        done = edgernn("evaluate", "--data", "reviews.csv", "--model", path, "--json", cwd=place)
        assert done.returncode == 0, done.stderr
        measured.append(json.loads(done.stdout))
    of_run, of_file = measured
    assert of_run.pop("model") == str(run)
    assert of_file.pop("model") == str(model)
    assert of_run.keys() == of_file.keys()
    assert of_file["examples"] == 40
    assert sum(map(sum, of_file["confusion"])) == 40
    assert of_file["log_loss"] == pytest.approx(of_run["log_loss"], abs=0.01)


def test_evaluate_as_json(console, model, place):
    """One line on standard output; the device is said on standard error."""
    done = console("evaluate", "--data", place / "reviews.csv", "--model", model, "--json")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert list(found) == [
        *("model", "labels", "split", "seen", "without_tokens", "accuracy", "accuracy_interval"),
        *("balanced_accuracy", "larger_class", "f1_of_each", "confusion", "examples", "f1"),
        *("roc_auc", "log_loss", "expected_calibration_error", "lengths", "calibration"),
    ]
    said, warning, note = done.stderr.splitlines()
    assert said == f"{model} on cpu"
    assert warning.startswith("warning: 40 of 40 texts were trained on: these are figures of")
    assert note.startswith("the model was trained on this file; which of its rows were held out")


def test_evaluate_as_a_table(edgernn, model, place):
    """The same figures for people, with the labels of the contract; a limit is kept to."""
    arguments = ("--data", place / "reviews.csv", "--model", model, "--limit", 10)
    table = edgernn("evaluate", *arguments).stdout
    words = (
        "examples            10\n",
        "accuracy",
        "F1 of",
        "ROC AUC",
        "log loss",
        "ECE",
        "negative",
        "positive",
    )
    for word in (*words, "tokens", "over 400"):
        assert word in table


def test_the_data_from_the_environment(console, model, place, monkeypatch):
    """EDGERNN_DATA stands in for --data."""
    monkeypatch.setitem(console.environment, "EDGERNN_DATA", str(place / "reviews.csv"))
    done = console("evaluate", "--model", model, "--json")
    assert json.loads(done.stdout)["examples"] == 40


def test_info_as_json(console, model):
    """What is in the file, and what the machine has."""
    done = console("info", model, "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    found = json.loads(done.stdout)
    inside = found["model"]
    assert inside["file"] == str(model)
    assert inside["bytes"] == model.stat().st_size
    assert inside["format"] == "onnx"
    assert inside["contract"]["max_length"] == 12
    assert inside["operators"]["LSTM"] == 2
    assert inside["card"]["recipe"] == "subword-bilstm"
    assert inside["card"]["precision"] == "int8"
    assert inside["card"]["training"]["seed"] == 5
    assert found["machine"]["cpu"] == "yes"


def test_info_for_people(edgernn, model):
    """The same, a line each."""
    done = edgernn("info", model)
    assert done.returncode == 0
    assert done.stdout.startswith("model\n  file")
    assert "contract labels" in done.stdout
    assert "\nmachine\n  onnxruntime" in done.stdout


def test_a_refused_export_leaves_the_old_file(edgernn, run, tmp_path):
    """An output that cannot be is told before the work, and nothing is written."""
    file = tmp_path / "out"
    file.write_text("mine")
    done = edgernn("export", "--format", "all", "--run", run, "--output", file)
    assert done.returncode != 0
    assert file.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_every_format(edgernn, decided, place, tmp_path):
    """`--format all` writes a file a format into a new folder; they agree on every text."""
    done = edgernn("export", "--format", "all", "--run", decided, "--output", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"subword-bilstm-int8.onnx", "subword-bilstm-int8.tflite"}
    scored = []
    for name in sorted(names):
        file = tmp_path / "new" / name
        done = edgernn("score", "--model", file, "--input", place / "reviews.csv", "--json")
        assert done.returncode == 0, done.stderr
        scored.append([json.loads(line)["probability"] for line in done.stdout.splitlines()])
    assert scored[0] == pytest.approx(scored[1], abs=0.02)
    assert len(scored[0]) == 40


@pytest.mark.slow
def test_the_same_seed_in_another_process(console, run, place, tmp_path):
    """The same command gives the same history, and the same weights."""
    data = ("--data", "reviews.csv", "--vocab", "tiny.subwords", "--output", tmp_path / "again")
    assert console("train", *data, *TRAIN, cwd=place).returncode == 0
    assert epochs_of(run) == epochs_of(tmp_path / "again")


def test_help(console):
    """The script's help lists the commands, on standard output."""
    done = console("--help")
    assert done.returncode == 0
    for command in ("train", "export", "score", "evaluate", "info"):
        assert command in done.stdout
