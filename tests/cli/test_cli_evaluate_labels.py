"""`edgernn evaluate` where there are not just two labels: a run, its report, what compare reads."""

import csv
import json
import shutil

import numpy as np
import pytest

from edgernn.cli.evaluate import run_evaluation
from edgernn.errors import DataError
from edgernn.evaluation.comparison import read_runs
from edgernn.evaluation.job import EvaluationOptions
from edgernn.training.history import Epoch, History

WORDS = ("the worst movie", "not very funny", "a great film", "it was the best", "boring", "loved")
TEXTS = [f"{first} and {second}" for first in WORDS for second in WORDS]


@pytest.fixture
def evaluated(capfd):
    """A function that measures a model on a file, and returns what is printed."""

    def evaluate(model, data, **options):
        chosen = EvaluationOptions(data=str(data), model=model, device="cpu", **options)
        run_evaluation(chosen, as_json=True)
        return json.loads(capfd.readouterr().out)

    return evaluate


@pytest.fixture
def stars(tmp_path):
    """A file whose labels first come in another order than the model has them."""
    path = tmp_path / "stars.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [(text, ("mixed", "good", "bad")[i % 3]) for i, text in enumerate(TEXTS)]
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def test_a_run_of_three_labels(evaluated, tiny_labels_run, stars, tmp_path):
    """Its figures are those of its own scores, in its folder too; compare shows them."""
    from edgernn.training.models import probabilities
    from edgernn.training.run import Run

    folder = shutil.copytree(tiny_labels_run, tmp_path / "run")
    found = evaluated(folder, stars, report=tmp_path / "report", errors=3)
    assert found["labels"] == ["bad", "mixed", "good"]
    run = Run.open(folder)
    ids = run.encoder.encode_batch(TEXTS)
    given = probabilities(run.load_model(), ids, run.contract.decides).argmax(axis=1)
    true = np.array([(1, 2, 0)[i % 3] for i in range(len(TEXTS))])
    assert found["accuracy"] == pytest.approx((given == true).mean())
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (true, given), 1)
    assert found["confusion"] == expected.tolist()
    assert (tmp_path / "report" / "confusion.png").read_bytes().startswith(b"\x89PNG")
    note = json.loads((folder / "evaluation.json").read_text("utf-8"))
    assert note["macro_f1"] == found["macro_f1"]

    (folder / "history.csv").write_text(History([Epoch(1, 1.1, 0.3, 1.0, 0.4, 1.0)]).to_csv())
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    (folder / "metrics.json").write_text(json.dumps(metrics | {"kept_epoch": 1}), "utf-8")
    (folder / "evaluation.json").write_text(json.dumps(note | {"split": "test", "seen": {}}))
    (row,) = read_runs([folder])
    assert row.as_row()["test_macro_f1"] == found["macro_f1"]


def test_its_file(evaluated, tiny_labels_run, tiny_labels_files, stars, tmp_path):
    """The exported file has the figures of the run."""
    found = evaluated(tiny_labels_files["onnx", "float32"], stars)
    expected = evaluated(shutil.copytree(tiny_labels_run, tmp_path / "run"), stars)
    assert (found["split"], found["confusion"]) == (expected["split"], expected["confusion"])
    assert found["log_loss"] == pytest.approx(expected["log_loss"], rel=1e-4)


def test_a_run_of_several_labels(evaluated, tiny_each_run, tmp_path):
    """Each label by its own threshold; a text may have none."""
    folder = shutil.copytree(tiny_each_run, tmp_path / "run")
    data = tmp_path / "tags.jsonl"
    sets = (["music", "plot"], ["cast"], [], ["plot", "cast", "music"])
    rows = [{"text": text, "labels": sets[i % 4]} for i, text in enumerate(TEXTS)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = evaluated(folder, data, report=tmp_path / "report")
    assert (found["decision"], found["examples"]) == ("each", len(TEXTS))
    rows = {row["label"]: row for row in found["by_label"]}
    assert (rows["plot"]["texts"], rows["cast"]["texts"], rows["music"]["texts"]) == (18, 18, 18)
    assert [row["threshold"] for row in rows.values()] == [0.4, 0.5, 0.7]
    assert not (tmp_path / "report" / "confusion.png").exists()
    assert json.loads((folder / "evaluation.json").read_text("utf-8"))["decision"] == "each"


def test_labels_that_the_model_lacks(evaluated, tiny_labels_run, tmp_path):
    """They are named, and nothing is measured."""
    data = tmp_path / "other.csv"
    lines = [f"{text},{('bad', 'mixed', 'splendid')[i % 3]}" for i, text in enumerate(TEXTS)]
    data.write_text("\n".join(["text,label", *lines]), "utf-8")
    with pytest.raises(DataError, match="splendid"):
        evaluated(tiny_labels_run, data)
    assert not (tiny_labels_run / "evaluation.json").exists()
