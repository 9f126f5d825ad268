"""What an evaluation leaves behind where there are not just two labels."""

import csv
import json
import struct

import numpy as np
import pytest

from edgernn.cli.evaluation_lines import evaluation_lines
from edgernn.data import Examples
from edgernn.evaluation.confusion_plot import _shortened, plot_confusions
from edgernn.evaluation.measured import measured, most_confident
from edgernn.evaluation.report import (
    Evaluation,
    check_report_folder,
    report_files,
    to_json_text,
    write_evaluation,
    write_report,
)
from edgernn.text import Decision

COUNT = 400
SEVERAL = {"metrics.json", "errors.csv", "lengths.csv", "labels.csv", "lengths.png"}
SEVERAL |= {"calibration.png"}
FILES = SEVERAL | {"confusion.csv", "confusion.png"}


def evaluated(number, decision=None, *, sets=False):
    """An evaluation of made scores, and its five most confident errors."""
    rng = np.random.default_rng(number)
    names = tuple(f"label ${n}, {n}" if n % 3 else f"l{n}" for n in range(number))
    true = rng.integers(0, number, COUNT).astype(np.int16)
    logits = rng.normal(size=(COUNT, number)) * 2 + 4 * np.eye(number)[true]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = true
    if sets:
        labels = (np.eye(number)[true] + (rng.random((COUNT, number)) < 0.1)) > 0
        scores = 1 / (1 + np.exp(2 - logits))
        decision = Decision(None, "each", (0.5,) * number)
    decision = decision or Decision(None, "largest")
    tokens = rng.integers(1, 500, COUNT)
    scores = scores.astype(np.float32)
    examples = Examples(tuple(f"text {n}" for n in range(COUNT)), labels, classes=names)
    figures = measured(scores, labels, tokens, decision)
    errors = most_confident(examples, scores, tokens, names, decision, 5)
    found = Evaluation(
        model="runs/many",
        labels=names,
        metrics=figures.metrics,
        lengths=figures.lengths,
        calibration=figures.calibration,
        split="test",
        seen=None,
        errors=errors,
    )
    return found, errors


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on eight labels of which none may be given, in a folder of its own."""
    found, errors = evaluated(8, Decision(None, "largest", none_below=0.6))
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, found, errors)
    return folder, found


def test_files(report):
    """Those of two labels, and tables of labels and of the confusion."""
    folder, found = report
    assert {path.name for path in folder.iterdir()} == set(report_files(found.metrics)) == FILES
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == json.loads(
        to_json_text(found.to_json())
    )


def test_tables(report):
    """A row a label; the matrix with its names, and a column of texts without a label."""
    folder, found = report
    header, *rows = rows_of(folder / "confusion.csv")
    assert header == ["true", *found.labels, "(no label)"]
    assert [row[0] for row in rows] == list(found.labels)
    assert [tuple(map(int, row[1:])) for row in rows] == list(found.metrics.confusion)
    assert sum(int(row[-1]) for row in rows) == COUNT - found.metrics.answered.texts > 0
    header, *rows = rows_of(folder / "labels.csv")
    assert header == ["label", "texts", "given", "right", "precision", "recall", "f1"]
    assert [int(row[1]) for row in rows] == list(found.metrics.counts.true)
    header, *_ = rows_of(folder / "lengths.csv")
    assert header[-2:] == ["answered", "mean_confidence"]
    header, *rows = rows_of(folder / "errors.csv")
    assert header[3:5] == ["confidence", "probability_of_true"]
    assert len(rows) == len(found.errors) > 0


def test_several_labels(tmp_path):
    """No matrix; labels of a text in one cell."""
    found, errors = evaluated(4, sets=True)
    write_report(tmp_path, found, errors)
    assert {path.name for path in tmp_path.iterdir()} == SEVERAL
    header, *rows = rows_of(tmp_path / "errors.csv")
    assert header == ["row", "true", "given", "label", "probability", "tokens", "text"]
    assert rows[0][1] == "; ".join(errors[0].true)
    assert rows_of(tmp_path / "labels.csv")[0][-2:] == ["average_precision", "threshold"]
    assert found.to_json()["errors"][0]["true"] == errors[0].true


@pytest.mark.parametrize(
    "number", [3, 20, 77, *(pytest.param(n, marks=pytest.mark.slow) for n in (150, 1024))]
)
def test_pictures_of_any_number(tmp_path, recwarn, number):
    """They grow with the labels up to a size that can still be looked at."""
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 2, (number, number)) + 9 * np.eye(number, dtype=int)
    labels = tuple(f"a rather long name of label ${n}" for n in range(number))
    plot_confusions(tuple(map(tuple, counts.tolist())), labels, tmp_path / "c.png", "a title")
    width, height = struct.unpack(">II", (tmp_path / "c.png").read_bytes()[16:24])
    assert 500 < min(width, height) <= max(width, height) < 3000
    # As matplotlib warns where the layout has no room left.
    assert [str(warning.message) for warning in recwarn] == []


def test_names_that_start_alike():
    """Long ones are cut in their middle, so that each is another one still."""
    names = [f"balance_not_updated_after_{by}" for by in ("bank_transfer", "cheque_or_cash", "it")]
    shown = list(map(_shortened, names))
    assert shown[-1] == names[-1]
    assert [len(name) for name in shown[:2]] == [28, 28]
    assert shown[0].startswith("balance_not_")
    assert shown[0].endswith("bank_transfer")
    assert len({*shown}) == 3


def test_the_file_in_a_run(tmp_path):
    """All that is measured but the matrix: of many labels the file can be read again."""
    pytest.importorskip("keras")
    from edgernn.training.run import EVALUATION, read_json

    found, _ = evaluated(200)
    write_evaluation(tmp_path, found, {"kind": "file"})
    values = read_json(tmp_path, EVALUATION)
    assert values["decision"] == "largest"
    assert len(values["by_label"]) == 200
    assert len(values["confused"]) == 50
    assert "confusion" not in values
    assert values["macro_f1"] == found.metrics.macro_f1


def test_lines_of_few_labels():
    """Every label is in the table, and the matrix where a terminal has room for it."""
    found, _ = evaluated(3, Decision(None, "largest", none_below=0.6))
    lines = evaluation_lines(found)
    text = "\n".join(lines)
    for name in ("macro F1", "weighted F1", "coverage", "accuracy of those", "log loss", "ECE"):
        assert sum(line.startswith(name) for line in lines) == 1, name
    assert "ROC AUC" not in text
    (head,) = (i for i, line in enumerate(lines) if line.endswith("recall      F1"))
    assert [line.split("  ")[0].strip() for line in lines[head + 1 : head + 4]] == list(
        found.labels
    )
    (head,) = (i for i, line in enumerate(lines) if line.startswith("true, given:"))
    counts = [line.split()[-4:] for line in lines[head + 1 : head + 4]]
    assert [[int(one) for one in row] for row in counts] == [*map(list, found.metrics.confusion)]
    assert "answered  mean confidence" in text
    assert max(map(len, lines)) < 130


def test_lines_of_many_labels():
    """The labels that are found worst, and the pairs that are confused most."""
    found, _ = evaluated(150)
    lines = evaluation_lines(found)
    (head,) = (i for i, line in enumerate(lines) if line.startswith("the 10 of 150 labels with"))
    f1 = [float(line.split()[-1]) for line in lines[head + 2 : head + 12]]
    assert f1 == sorted(f1)
    (head,) = (i for i, line in enumerate(lines) if line.startswith("most confused: true"))
    assert lines[head + 11] == ""
    first = found.metrics.confused(found.labels, 1)[0]
    assert lines[head + 1].split()[-2:] == [str(first.texts), f"{first.share:.1%}"]


def test_lines_of_several_labels():
    """What is said of each label, with its threshold; no matrix."""
    lines = evaluation_lines(evaluated(4, sets=True)[0])
    starts = ("exactly right", "micro F1", "Hamming loss", "mean average precision", "labels given")
    for name in starts:
        assert sum(line.startswith(name) for line in lines) == 1, name
    assert sum(line.endswith("average precision  threshold") for line in lines) == 1
    assert not any(line.startswith(("true, given:", "most confused")) for line in lines)
    assert any(line.startswith("most confidently wrong; + was given") for line in lines)


def test_no_place_for_a_table(tmp_path):
    """A folder by the name of any report's file is told before the model is known."""
    from edgernn.errors import UsageError

    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(UsageError, match=r"labels\.csv in it is a folder"):
        check_report_folder(tmp_path)
