"""The tutorial's commands run, one after the other, on a small file."""

import contextlib
import csv
import io
import random
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgernn.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
GOOD = ("good", "warm", "funny", "moving")
BAD = ("bad", "boring", "dull", "long")
OTHER = [f"{kind}{number}" for kind in ("actor", "scene", "story") for number in range(20)]


def blocks(kind: str) -> list[str]:
    """Return the contents of the page's fenced blocks of a language."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def write_reviews(path: Path, count: int) -> None:
    """Write reviews with the page's names of columns."""
    generator = random.Random(1)
    head = re.search(r'title="reviews.csv"\n(.*)\n', PAGE)
    assert head is not None
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head[1].split(","))
        for number in range(count):
            words = generator.choices(OTHER, k=8) + generator.choices((BAD, GOOD)[number % 2], k=3)
            writer.writerow([" ".join(words), ("negative", "positive")[number % 2]])


def calls() -> list[list[str]]:
    """Return the arguments of the page's calls of edgernn, in order."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("edgernn ")]


def run(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (arguments, done.output, done.exception)


def run_python() -> None:
    """Run the page's Python."""
    (python,) = blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(python, {})
    assert re.fullmatch(r"((positive|negative) [\d.e-]+\n){2}", printed.getvalue())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the page's reader works."""
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "reviews.csv", 150)
    (tmp_path / "android_demo" / "app" / "src" / "main" / "assets").mkdir(parents=True)
    return tmp_path


def test_the_steps_of_the_page() -> None:
    assert [arguments[0] for arguments in calls()] == [
        *("train", "evaluate", "export", "verify", "info", "score", "score", "bench", "android"),
    ]


def test_what_follows_the_export_runs(folder: Path) -> None:
    """Steps 5 and 6 on the shipped file, under the name of the page's; all but `bench`."""
    (folder / "out").mkdir()
    shutil.copy(ROOT / "edgernn/models/flagship/model.onnx", folder / "out" / "word-lstm-int8.onnx")
    followed = [arguments for arguments in calls() if arguments[0] in ("info", "score", "android")]
    for arguments in followed:
        run(arguments)
    assert len(followed) == 4
    assert len((folder / "scores.csv").read_text("utf-8").splitlines()) == 151
    run_python()


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.spawns
def test_the_tutorial_runs(folder: Path) -> None:
    """All of it, from the CSV file on."""
    pytest.importorskip(
        "tensorflow", reason="needs TensorFlow: pip install 'edgernn[train,export]'"
    )
    # With fewer, training leaves all scores so near to the threshold that rounding changes labels.
    write_reviews(folder / "reviews.csv", 3000)
    for arguments in calls():
        run(arguments)
    for name in ("runs/reviews/model.keras", "report/metrics.json", "out/word-lstm-int8.tflite"):
        assert (folder / name).exists(), name
    run_python()
