"""`edgernn score` with a model of three labels, and with one that may give a text several."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from in_process import Command
from tiny_runs import TinyFiles, open_shared

from edgernn.cli import score_file
from edgernn.runtime import LoadedModel

TEXTS = ["a very good film", "bad", "", "the film is not so good, and the cast is bad"]


@pytest.fixture(scope="module")
def of_three(tiny_labels_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that gives each text one of three labels."""
    trained = open_shared(tiny_labels_run)
    return TinyFiles(trained, tmp_path_factory, "tiny-labels-files")["onnx", "float32"]


@pytest.fixture(scope="module")
def of_several(tiny_each_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that gives a text several of three labels, or none."""
    trained = open_shared(tiny_each_run)
    return TinyFiles(trained, tmp_path_factory, "tiny-each-files")["onnx", "float32"]


@pytest.fixture
def score(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """The command, in a folder with a file of texts."""
    monkeypatch.chdir(tmp_path)
    with open("texts.csv", "w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in TEXTS)])
    return Command(capfd)


def run(score: Command, *arguments: object) -> str:
    """Return what is written of the texts to standard output, or to the output."""
    done = score("score", "--input", "texts.csv", *arguments)
    assert done.code == 0, done.err
    return done.out


def table() -> list[dict[str, str]]:
    """Return the rows of scores.csv."""
    return list(csv.DictReader(io.StringIO(Path("scores.csv").read_text(), newline="")))


def test_three_labels(score: Command, of_three: Path) -> None:
    """The likeliest of them as Python gives it, in JSON, CSV, Parquet and for people."""
    good = [text for text in TEXTS if text]
    expected = LoadedModel.open(of_three, "cpu").score(good)
    lines = run(score, "--model", of_three, "--json", "--top", 2, "--all").splitlines()
    rows = [row for row in map(json.loads, lines) if row["error"] is None]
    assert [row["label"] for row in rows] == [one.label for one in expected]
    for row, one in zip(rows, expected, strict=True):
        assert row["confidence"] == pytest.approx(max(one.probabilities), abs=1e-6)
        assert list(row["probabilities"]) == ["bad", "mixed", "good"]
        assert list(row["probabilities"].values()) == pytest.approx(one.probabilities, abs=1e-6)
        assert row["top"][0] == {"label": row["label"], "probability": row["confidence"]}
        assert row["top"][1]["probability"] <= row["top"][0]["probability"]
        assert "probability" not in row
    run(score, "--model", of_three, "--output", "scores.csv", "--top", 1)
    (failed,) = [row for row in table() if row["error"]]
    assert list(failed) == [
        *("text", "label", "confidence", "top_1", "top_1_probability", "error"),
    ]
    assert failed["label"] == failed["top_1"] == ""
    shown = run(score, "--model", of_three).splitlines()
    assert len(shown) == len(TEXTS)
    assert shown[0].split()[:2] == [expected[0].label, f"{expected[0].confidence:.4f}"]


def test_a_parquet_file(score: Command, of_three: Path, of_several: Path) -> None:
    """Columns of strings and numbers, the same that a CSV file has."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install '.[data]'")
    for model in (of_three, of_several):
        asked = ("--model", model, "--top", 3, "--all", "--overwrite")
        run(score, *asked, "--output", "scores.csv")
        run(score, *asked, "--output", "scores.parquet")
        rows = parquet.read_table("scores.parquet").to_pylist()
        found = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
        assert found == table()


def test_several_labels_a_text(score: Command, of_several: Path) -> None:
    """Each that reaches its threshold; a text without any is counted, and no error."""
    model = LoadedModel.open(of_several, "cpu")
    expected = model.score([text for text in TEXTS if text])
    done = score("score", "--input", "texts.csv", "--model", of_several, "--json")
    rows = [row for row in map(json.loads, done.out.splitlines()) if row["error"] is None]
    assert [row["labels"] for row in rows] == [list(one.given) for one in expected]
    none = sum(not one.given for one in expected)
    said = f"{none} of {len(expected)} texts have no label: no label reaches its threshold"
    assert (said in done.err.splitlines()) == (none > 0)
    output = run(score, "--model", of_several, "--output", "scores.csv")
    cells = [row["labels"] for row in table()]
    assert [cell for cell, text in zip(cells, TEXTS, strict=True) if text] == [
        ";".join(one.given) for one in expected
    ], output


def test_going_on_with_other_columns(
    score: Command, of_three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken up has to be of the same columns, also where they are one in name."""

    def full(self: object) -> None:
        raise OSError(28, "No space left on device")

    job = ("score", "--input", "texts.csv", "--model", of_three, "--output", "scores.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(score_file.RowFile, "finish", full)
        assert score(*job, "--top", 1).code == 1
    for other in ((), ("--all",), ("--top", 2)):
        done = score(*job, *other, "--resume")
        assert done.code == 2
        assert "list of columns" in done.err
    assert score(*job, "--top", 1, "--resume").code == 0


def test_more_than_there_are(score: Command, of_three: Path) -> None:
    """Bad usage, in a line; nothing is written."""
    done = score("score", "a film", "--model", of_three, "--top", 4)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --top 4: the model has 3 labels\n"
