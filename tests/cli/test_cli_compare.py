"""`edgernn compare`: the table, the picture, what it tells and what it refuses."""

import dataclasses
import json
import shlex
import shutil
from pathlib import Path

import pytest
from console_script import write_reviews

from edgernn.text import TextContract
from edgernn.training.history import Epoch, History

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")

HISTORY = History(
    [
        Epoch(1, 0.69, 0.55, 0.68, 0.60, 61.0),
        Epoch(2, 0.50, 0.76, 0.52, 0.75, 59.0),
        Epoch(3, 0.41, 0.83, 0.53, 0.74, 60.0),
    ]
)


@pytest.fixture
def runs(tiny_run: Path, tmp_path: Path) -> Path:
    """A folder with two runs, `lstm` and `gru`; one is measured and has its model files."""
    for name in ("lstm", "gru"):
        folder = tmp_path / name
        shutil.copytree(tiny_run, folder)
        (folder / "history.csv").write_text(HISTORY.to_csv())
        metrics = json.loads((folder / "metrics.json").read_text())
        metrics |= {"parameters": 12345, "kept_epoch": 2, "interrupted": name == "gru"}
        (folder / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "lstm" / "evaluation.json").write_text('{"accuracy": 0.8125, "examples": 40}')
    (tmp_path / "lstm" / "tiny-bilstm-int8.onnx").write_bytes(bytes(2345))
    (tmp_path / "lstm" / "tiny-bilstm-int8.tflite").write_bytes(bytes(1234))
    return tmp_path


def test_the_table(edgernn, runs):
    """A row a run on standard output, everything else on standard error, and a picture."""
    done = edgernn("compare", "lstm", "gru", cwd=runs)
    assert done.returncode == 0
    header, lstm, gru = done.stdout.splitlines()
    assert header.split("  ")[0] == "run"
    assert lstm.split() == [
        *("lstm", "tiny-bilstm", "12,345", "2/3", "0.7500", "0.8125", "3.0"),
        *("2,345", "int8", "1,234", "int8"),
    ]
    assert gru.split() == ["gru", "tiny-bilstm", "12,345", "2/3", "0.7500", "-", "3.0", "-", "-"]
    assert done.stderr.splitlines() == [
        "warning: gru was interrupted after 3 epochs",
        "no test figure of gru: hold some out with edgernn train --test-fraction 0.2, or name a "
        "file of other texts:",
        "  edgernn evaluate --data test.csv --model gru",
        "model files are missing of gru; to write them:",
        "  edgernn export --format all --run gru --output gru",
        "wrote compare.png",
    ]
    assert (runs / "compare.png").read_bytes().startswith(b"\x89PNG")


def test_json(console, runs):
    """A JSON object a run, in the order given, with the names of the model files."""
    done = console("compare", "gru", "lstm", "--json", "--plot", "new/picture.svg", cwd=runs)
    assert done.returncode == 0
    gru, lstm = map(json.loads, done.stdout.splitlines())
    assert (gru["run"], gru["test_accuracy"], gru["tflite"]) == ("gru", None, None)
    assert (lstm["run"], lstm["test_accuracy"], lstm["test_examples"]) == ("lstm", 0.8125, 40)
    assert lstm["onnx"] == {"file": "tiny-bilstm-int8.onnx", "bytes": 2345}
    assert (runs / "new" / "picture.svg").read_bytes().startswith(b"<?xml")
    assert not (runs / "compare.png").exists()


def test_many_labels(console, runs):
    """A column more than two labels have; other labels are refused, and nothing is drawn."""
    path = runs / "lstm" / "contract.json"
    contract = dataclasses.replace(
        TextContract.from_json(path.read_bytes()),
        version=None,
        labels=("a", "b", "c"),
        decision="largest",
        threshold=None,
    )
    path.write_text(contract.to_json(), "utf-8")
    found = {"accuracy": 0.8125, "macro_f1": 0.75, "examples": 40}
    (runs / "lstm" / "evaluation.json").write_text(json.dumps(found))
    header, row = console("compare", "lstm", cwd=runs).stdout.splitlines()
    assert header.split()[5:8] == ["test", "macro", "F1"]
    assert row.split()[5:7] == ["0.8125", "0.7500"]
    (runs / "compare.png").unlink()
    done = console("compare", "lstm", "gru", cwd=runs)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: gru: has 2 labels that are not the 3 of lstm (only this")
    assert not (runs / "compare.png").exists()


def test_a_trained_run(edgernn, run, tmp_path):
    """What `edgernn train` leaves can be compared, alone too."""
    done = edgernn("compare", run, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    metrics = json.loads((run / "metrics.json").read_text())
    assert row["recipe"] == "subword-bilstm"
    assert row["epochs"] == metrics["epochs"] == 2
    for name in ("parameters", "kept_epoch", "validation_accuracy", "validation_loss"):
        assert row[name] == metrics[name]


@pytest.mark.slow
def test_what_is_missing_can_be_supplied(edgernn, decided, place, tmp_path):
    """The commands that are printed fill the table."""
    shutil.copytree(decided, tmp_path / "run")
    shutil.copy(place / "reviews.csv", tmp_path)
    write_reviews(tmp_path / "test.csv", 100)
    told = edgernn("compare", "run", cwd=tmp_path).stderr.splitlines()
    commands = [shlex.split(line)[1:] for line in told if line.startswith("  edgernn ")]
    assert [command[0] for command in commands] == ["evaluate", "export"]
    for command in commands:
        done = edgernn(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = edgernn("compare", "run", "--json", cwd=tmp_path)
    assert done.stderr == "wrote compare.png\n"
    row = json.loads(done.stdout)
    # The other 36 were trained on.
    assert row["test_examples"] == 64
    for format in ("onnx", "tflite"):
        file = tmp_path / "run" / row[format]["file"]
        assert row[format]["bytes"] == file.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("lstm missing", 1, "missing: no such run folder"),
        ("lstm unfinished", 1, "unfinished: has no model.keras: training did not finish: edgernn"),
        ("lstm broken", 1, "broken/history.csv, row 2: accuracy is 'high', not a share in [0, 1]"),
        ("lstm foreign", 1, "foreign/metrics.json: 'parameters' is not a whole number from 1"),
        ("lstm ./lstm", 2, "lstm: is named twice"),
        ("lstm --plot a.jpg", 2, "--plot a.jpg: the name must end in .png, .svg or .pdf"),
        ("lstm --plot folder.png", 2, "--plot folder.png: is a folder; name a file"),
        ("lstm --plot file/a.png", 1, "file: File exists"),
    ],
)
def test_refusals(edgernn, runs, arguments, code, message):
    """One line that names the file or the option, no table and no picture."""
    (runs / "folder.png").mkdir()
    (runs / "file").touch()
    (runs / "unfinished" / "checkpoint").mkdir(parents=True)
    for name in ("broken", "foreign"):
        shutil.copytree(runs / "lstm", runs / name)
    rows = HISTORY.to_csv().replace("0.76", "high")
    (runs / "broken" / "history.csv").write_text(rows)
    (runs / "foreign" / "metrics.json").write_text("{}")
    done = edgernn("compare", *arguments.split(), cwd=runs)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
    assert list(runs.rglob("*compare*")) == list(runs.rglob("a.png")) == []


def test_no_run(edgernn, tmp_path):
    """At least one run is needed."""
    done = edgernn("compare", cwd=tmp_path)
    assert done.returncode == 2
    assert "missing argument 'runs'" in done.stderr
