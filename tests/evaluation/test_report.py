"""The files that an evaluation leaves behind."""

import csv
import json
import struct
import sys

import numpy as np
import pytest

from edgernn.data import Examples
from edgernn.errors import MissingPackageError, UsageError
from edgernn.evaluation.calibration import calibration_bins
from edgernn.evaluation.confident_errors import confident_errors
from edgernn.evaluation.lengths import length_buckets
from edgernn.evaluation.metrics import measure
from edgernn.evaluation.report import (
    EVALUATION,
    REPORT_FILES,
    Evaluation,
    check_report_folder,
    to_json_text,
    write_evaluation,
    write_report,
)
from edgernn.text import EVEN

TEXTS = (
    'He said "no", twice; and left',
    "two\nlines\r\nand a lone \r return, with a comma",
    " white space at the ends\t",
    "=1+1",
    "naïve ☕, 本当に 😀 and a lone surrogate \ud800",
    "",
)
PROBABILITIES = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.2], np.float32)
LABELS = np.array([0, 0, 0, 1, 1, 1], np.int8)  # All wrong.
TOKENS = np.array([5, 6, 30, 500, 20, 1], np.int64)


def evaluation(errors=None, model="runs/a $5 model.onnx", labels=("neg", "pos")):
    return Evaluation(
        model=model,
        labels=labels,
        metrics=measure(PROBABILITIES, LABELS, EVEN),
        lengths=length_buckets(TOKENS, PROBABILITIES, LABELS, EVEN),
        calibration=calibration_bins(PROBABILITIES, LABELS),
        split="test",
        seen={"learnt": 2, "watched": 0, "new": 4, "accuracy_of_new": 0.5},
        errors=errors,
    )


def all_errors(labels=("neg", "pos")):
    return confident_errors(Examples(TEXTS, LABELS), PROBABILITIES, TOKENS, labels, EVEN, 10)


def png_size(path):
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data[-8:-4] == b"IEND"
    return struct.unpack(">II", data[16:24])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report with every error, in a folder that was not there."""
    folder = tmp_path_factory.mktemp("reports") / "new" / "report"
    said = []
    write_report(folder, evaluation(), all_errors(), said.append)
    assert said == [f"wrote {folder / name}" for name in REPORT_FILES]
    return folder


def test_the_files(folder):
    """Those that are promised, and no temporary one."""
    assert {path.name for path in folder.iterdir()} == set(REPORT_FILES) == {
        *("metrics.json", "errors.csv", "lengths.csv"),
        *("lengths.png", "calibration.png", "confusion.png"),
    }  # fmt: skip


def test_metrics(folder):
    """What `--json` prints; errors are in it where they were asked for."""
    found = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert found == json.loads(to_json_text(evaluation().to_json()))
    assert "errors" not in found
    assert (found["accuracy"], found["examples"]) == (0.0, 6)
    assert [bucket["examples"] for bucket in found["lengths"]] == [2, 2, 1, 0, 0, 0, 1]
    assert found["lengths"][3]["accuracy"] is None
    assert sum(one["examples"] for one in found["calibration"]) == 6
    wrong = json.loads(to_json_text(evaluation(all_errors()).to_json()))["errors"]
    assert list(wrong[0]) == ["row", "true", "given", "probability", "tokens", "text"]
    assert [error["text"] for error in wrong] == [TEXTS[i] for i in (0, 1, 5, 2, 4, 3)]


def test_errors_read_back(folder):
    """Line breaks, quotes, commas and emoji survive; a lone surrogate becomes its escape."""
    with (folder / "errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "true", "given", "probability", "tokens", "text"]
    by_row = {int(row["row"]): row for row in rows}
    assert len(rows) == len(by_row) == len(TEXTS)
    for number, text in enumerate(TEXTS, start=1):
        row = by_row[number]
        assert row["text"] == text.replace("\ud800", r"\ud800")
        assert float(row["probability"]) == PROBABILITIES[number - 1]
        assert int(row["tokens"]) == TOKENS[number - 1]
    assert (by_row[1]["true"], by_row[1]["given"]) == ("neg", "pos")
    assert (by_row[4]["true"], by_row[4]["given"]) == ("pos", "neg")


def test_lengths_read_back(folder):
    """A row a bucket; what an empty one does not have is empty."""
    with (folder / "lengths.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["examples"] for row in rows] == ["2", "2", "1", "0", "0", "0", "1"]
    assert [row["shortest"] for row in rows] == ["1", "6", "21", "51", "101", "201", "401"]
    assert [row["longest"] for row in rows] == ["5", "20", "50", "100", "200", "400", ""]
    first, empty = rows[0], rows[3]
    assert float(first["accuracy"]) == float(first["accuracy_low"]) == 0.0
    assert float(first["accuracy_high"]) == pytest.approx(0.657620)  # z²/(2 + z²)
    assert float(first["called_positive"]) == 0.5
    assert float(first["mean_probability"]) == pytest.approx(0.55)
    assert list(empty.values())[3:] == [""] * 5


@pytest.mark.parametrize("name", [name for name in REPORT_FILES if name.endswith(".png")])
def test_pictures(folder, name):
    """Whole PNG files of a size to look at."""
    width, height = png_size(folder / name)
    assert 400 < width < 1400
    assert 400 < height < 1400


def test_odd_names_in_pictures(tmp_path, recwarn):
    """Dollar signs are no formulas, and long names leave the pictures their size."""
    labels = ("$a rather long name of a label$", r"$\frac{$")
    odd = evaluation(model="$x$" + "very-long-" * 20 + ".onnx", labels=labels)
    write_report(tmp_path, odd, all_errors(labels))
    for name in ("lengths.png", "calibration.png", "confusion.png"):
        assert max(png_size(tmp_path / name)) < 1400
    # As matplotlib warns where the layout has no room left.
    assert [str(warning.message) for warning in recwarn] == []


def test_a_second_report(tmp_path):
    """It replaces the files of the first and leaves what is not a report's."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "errors.csv").write_text("old")
    check_report_folder(tmp_path)
    for errors in (all_errors(), ()):
        write_report(tmp_path, evaluation(), errors)
    assert (tmp_path / "errors.csv").read_bytes() == b"row,true,given,probability,tokens,text\r\n"
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *REPORT_FILES}


def test_no_place_for_a_report(tmp_path):
    """A file, or a folder by the name of a file, is told before anything is written."""
    file = tmp_path / "report"
    file.write_text("mine")
    with pytest.raises(UsageError, match=r"^--report .*report: is a file; name a folder$"):
        check_report_folder(file)
    (tmp_path / "errors.csv").mkdir()
    with pytest.raises(UsageError, match=r"errors\.csv in it is a folder"):
        check_report_folder(tmp_path)
    check_report_folder(tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"report", "errors.csv"}
    assert file.read_text() == "mine"


def test_without_matplotlib(tmp_path, monkeypatch):
    """The files that are no pictures are there, and the message says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = []
    with pytest.raises(MissingPackageError, match="matplotlib"):
        write_report(tmp_path, evaluation(), (), said.append)
    assert {path.name for path in tmp_path.iterdir()} == set(REPORT_FILES[:3])
    assert said == [f"wrote {tmp_path / name}" for name in REPORT_FILES[:3]]


def test_evaluation_of_a_run(tmp_path):
    """The metrics, the data, the split, how many, and what scored."""
    pytest.importorskip("keras")
    from importlib import metadata

    data = {"kind": "file", "name": "reviews.csv", "bytes": 7, "sha256": "00"}
    path = write_evaluation(tmp_path, evaluation(), data)
    assert path == tmp_path / EVALUATION == tmp_path / "evaluation.json"
    found = json.loads(path.read_text("utf-8"))
    assert list(found) == [
        *("accuracy", "accuracy_interval", "balanced_accuracy", "larger_class", "f1_of_each"),
        *("confusion", "examples", "f1", "roc_auc", "log_loss", "expected_calibration_error"),
        *("data", "split", "seen", "without_tokens", "runtime"),
    ]
    assert found["seen"] == {"learnt": 2, "watched": 0, "new": 4, "accuracy_of_new": 0.5}
    assert (found["data"], found["split"], found["examples"]) == (data, "test", 6)
    assert found["confusion"] == [[0, 3], [3, 0]]
    assert found["runtime"] == f"keras {metadata.version('keras')}"
