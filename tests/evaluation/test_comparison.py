"""Runs side by side: what is read, what is refused, what is told to be missing, the picture."""

import json
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from edgernn.errors import ModelFileError, UsageError
from edgernn.evaluation import comparison_plot
from edgernn.evaluation.comparison import (
    PRECISIONS,
    ExportedFile,
    differences,
    missing,
    read_runs,
)
from edgernn.evaluation.comparison_plot import plot_comparison
from edgernn.text import SubwordEncoder, TextContract
from edgernn.training.history import Epoch, History, read_history
from exporters.rules import FORMATS

SUBWORDS = SubwordEncoder(["good_", "bad_", "film_"])
DATA = {
    "source": "my reviews.csv",
    "text_column": "review",
    "label_column": None,
    "description": {"kind": "file", "name": "my reviews.csv", "bytes": 10},
}
TEST = {"kind": "file", "name": "more.csv", "bytes": 4}
EPOCHS = (
    Epoch(1, 0.6, 0.7, 0.55, 0.72, 30.0),
    Epoch(2, 0.4, 0.8, 0.45, 0.82, 31.0),
    Epoch(3, 0.3, 0.9, 0.50, 0.80, 32.0),
)


def fabricate(folder: Path, epochs=EPOCHS, *, config=None, metrics=None, rules=None) -> Path:
    """Write a run folder; its model is never opened."""
    folder.mkdir(parents=True)
    vocabulary = SUBWORDS.to_bytes()
    contract = TextContract(
        vocabulary_sha256=sha256(vocabulary).hexdigest(),
        vocabulary_size=SUBWORDS.vocab_size,
        max_length=16,
        cut="end",
        **(rules or {}),
    )
    (folder / "model.keras").write_bytes(b"not a model")
    (folder / contract.vocabulary_file).write_bytes(vocabulary)
    (folder / "contract.json").write_text(contract.to_json())
    (folder / "history.csv").write_text(History(list(epochs)).to_csv())
    fit = {"validation": "held out", "validation_fraction": 0.1}
    written = {"recipe": "toy", "published": False, "seed": 1, "limit": None, "data": DATA}
    (folder / "config.json").write_text(json.dumps(written | {"fit": fit} | (config or {})))
    measured = {"parameters": 1234, "kept_epoch": 2, "best_epoch": 2, "interrupted": False}
    (folder / "metrics.json").write_text(json.dumps(measured | (metrics or {})))
    return folder


def evaluated(folder: Path, accuracy=0.75, **more) -> Path:
    found = {"accuracy": accuracy, "f1": 0.7, "examples": 40, "data": TEST, "split": "test"}
    (folder / "evaluation.json").write_text(json.dumps(found | more))
    return folder


def refusal(*folders: Path, error: type[Exception] = ModelFileError) -> str:
    with pytest.raises(error) as caught:
        read_runs(folders)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_row(tmp_path):
    """Every figure comes from the file that holds it."""
    folder = evaluated(fabricate(tmp_path / "gru"))
    for name, size in (("toy-float32.onnx", 50), ("toy-int8.onnx", 60), ("toy.tflite", 7)):
        (folder / name).write_bytes(bytes(size))
    (folder / ".toy-int8.123.partial.tflite").write_bytes(b"1")
    (folder / "folder.tflite").mkdir()
    (run,) = read_runs([folder])
    assert run.as_row() == {
        "run": "gru",
        "folder": str(folder),
        "recipe": "toy",
        "published": False,
        "parameters": 1234,
        "kept_epoch": 2,
        "epochs": 3,
        "interrupted": False,
        "validation_accuracy": 0.82,
        "validation_loss": 0.45,
        "test_accuracy": 0.75,
        "test_examples": 40,
        "measured_split": "test",
        "minutes": 1.55,
        "onnx": {"file": "toy-int8.onnx", "bytes": 60},
        "tflite": {"file": "toy.tflite", "bytes": 7},
    }
    assert (run.files["onnx"].precision, run.files["tflite"].precision) == ("int8", None)
    assert missing([run]) == differences([run]) == []


def test_the_last_epoch_can_be_the_kept_one(tmp_path):
    """The run says which epoch its weights are of; it need not be the best."""
    metrics = {"kept_epoch": 3, "interrupted": True}
    (run,) = read_runs([fabricate(tmp_path / "a", metrics=metrics)])
    assert (run.selected, run.history.interrupted) == (EPOCHS[2], True)


def test_an_older_run(tmp_path):
    """Before `kept_epoch` there was `best_epoch`, and it was the one that is kept."""
    folder = fabricate(tmp_path / "a")
    (folder / "metrics.json").write_text('{"parameters": 1, "best_epoch": 1}')
    assert read_runs([folder])[0].selected == EPOCHS[0]


def test_the_precisions_are_those_of_the_exporters():
    """The two lists stand in rooms that do not import each other."""
    known = {name for rules in FORMATS.values() for name in rules.precisions}
    assert set(PRECISIONS) == known
    for name in known:
        assert ExportedFile(f"bigru-{name}.onnx", 1).precision == name
        assert ExportedFile(f"{name}.onnx", 1).precision == name
    assert ExportedFile("bigru-int4.onnx", 1).precision is None


def test_of_other_precisions_the_smallest(tmp_path):
    """Without an int8 file the smallest counts, and its name says what it is."""
    folder = fabricate(tmp_path / "a")
    (folder / "toy-float32.onnx").write_bytes(bytes(50))
    (folder / "toy-float16.onnx").write_bytes(bytes(30))
    (run,) = read_runs([folder])
    assert (run.files["onnx"].bytes, run.files["onnx"].precision) == (30, "float16")


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["gru", "lstm"], ["gru", "lstm"]),
        (["a/run", "b/run", "lstm"], ["a/run", "b/run", "lstm"]),
        (["a/x/run", "b/x/run", "a/run"], ["a/x/run", "b/x/run", "a/run"]),
        (["x/run", "run"], ["x/run", "{place}/run"]),
        (["line\nbreak"], ["line\ufffdbreak"]),
    ],
)
def test_names(tmp_path, folders, names):
    """A run is called by as much of its path as tells it from the others."""
    runs = read_runs([fabricate(tmp_path / folder) for folder in folders])
    assert [run.name for run in runs] == [name.format(place=tmp_path.name) for name in names]


def test_a_run_named_twice(tmp_path):
    """The same folder by another way is the same run."""
    folder = fabricate(tmp_path / "gru")
    (tmp_path / "link").symlink_to(folder)
    again = tmp_path / "link"
    assert refusal(folder, again, error=UsageError) == f"{again}: is named twice"


STARS = {"labels": ("1", "2", "3", "4", "5"), "decision": "largest", "threshold": None}
TAGS = {**STARS, "decision": "each", "thresholds": (0.5,) * 5}


def test_runs_of_many_labels(tmp_path):
    """Macro F1 stands beside the accuracy; the order of the labels does not matter."""
    turned = STARS | {"labels": STARS["labels"][::-1]}
    runs = read_runs(
        [
            evaluated(fabricate(tmp_path / "a", rules=STARS), macro_f1=0.625),
            fabricate(tmp_path / "b", rules=turned),
        ]
    )
    assert [run.as_row()["test_macro_f1"] for run in runs] == [0.625, None]
    evaluated(tmp_path / "b", macro_f1=7)
    assert refusal(tmp_path / "b").endswith("'macro_f1' is not a share in [0, 1]")


def test_other_labels(tmp_path):
    """Figures of different labels do not compare; which they are is told in one line."""
    two = fabricate(tmp_path / "two")
    stars = fabricate(tmp_path / "stars", rules=STARS)
    assert refusal(two, stars, error=UsageError) == (
        f"{stars}: has 5 labels that are not the 2 of {two} (only this one has 1, 2, 3; only that "
        "one has negative, positive): only runs of the same labels compare"
    )
    tags = fabricate(tmp_path / "tags", rules=TAGS)
    for runs in ((stars, tags), (tags, stars)):
        assert refusal(*runs, error=UsageError) == (
            f"{tags}: gives a text several labels, and {stars} one: their accuracies do not "
            "compare; compare each with runs of its kind"
        )
    assert len(read_runs([tags])) == 1


def test_what_is_missing(tmp_path):
    """Each thing once, with commands that can be pasted."""
    whole = evaluated(fabricate(tmp_path / "whole"))
    half = fabricate(tmp_path / "a b")
    for path in (whole / "x.onnx", whole / "x.tflite", half / "x.onnx"):
        path.touch()
    runs = read_runs([whole, half])
    head, evaluate, second, export = missing(runs)
    assert head == (
        "no test figure of a b: hold some out with edgernn train --test-fraction 0.2, or name a "
        "file of other texts:"
    )
    assert shlex.split(evaluate) == [
        *("edgernn", "evaluate", "--data", "test.csv", "--model", str(half))
    ]
    assert second == "model files are missing of a b; to write them:"
    assert shlex.split(export) == [
        *("edgernn", "export", "--format", "tflite", "--run", str(half), "--output", str(half))
    ]
    (half / "x.onnx").unlink()
    (whole / "x.onnx").unlink()
    lines = missing(read_runs([whole, half]))
    assert lines[2] == "model files are missing of 2 of the 2 runs; to write them:"
    assert ["--format onnx" in lines[3], "--format all" in lines[4]] == [True, True]


def test_data_that_is_downloaded(tmp_path):
    """A run on the default data is evaluated without --data."""
    described = {"kind": "tensorflow_datasets", "name": "imdb_reviews", "version": "1.0.0"}
    data = {"source": None, "text_column": None, "description": described}
    runs = read_runs([fabricate(tmp_path / "a", config={"data": data})])
    assert missing(runs)[1] == f"  edgernn evaluate --model {shlex.quote(str(runs[0].folder))}"


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        ({}, []),
        ({"recipe": "other"}, []),
        ({"data": DATA | {"description": DATA["description"] | {"name": "moved.csv"}}}, []),
        ({"data": DATA | {"description": {"bytes": 11}}}, ["not trained", "validated"]),
        ({"data": DATA | {"label_names": ["1", "2"]}}, ["not trained", "validated"]),
        ({"data": DATA | {"labels_from": "stars"}}, ["not trained", "validated"]),
        ({"limit": 100}, ["not trained", "validated"]),
        ({"seed": 2}, ["validated"]),
        ({"fit": {"validation": "test"}}, ["validated", "validation of b was on the test split"]),
        ({"fit": None, "validation_fraction": 0.1}, []),
    ],
)
def test_figures_that_do_not_compare(tmp_path, config, lines):
    """Other data or other validation texts are told."""
    runs = [fabricate(tmp_path / "a"), fabricate(tmp_path / "b", config=config)]
    found = differences(read_runs(runs))
    assert len(found) == len(lines)
    assert all(part in line for part, line in zip(lines, found, strict=True))


@pytest.mark.parametrize("change", [{"examples": 39}, {"data": {"bytes": 1}}])
def test_other_test_data(tmp_path, change):
    """Test accuracies on different data are told; one alone is compared with nothing."""
    runs = [evaluated(fabricate(tmp_path / "a")), evaluated(fabricate(tmp_path / "b"), **change)]
    assert differences(read_runs(runs)) == ["the test accuracies are of different test data"]
    assert differences(read_runs(runs[1:])) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not CSV in UTF-8"),
        (b"\xff\xfe", "not CSV in UTF-8"),
        ("epoch,loss\n1,2\n", "has no column 'accuracy', or two"),
        ("{head}", "has no epoch"),
        ("{head}1,0.6,0.7,0.5,0.7\n", "row 1: has 5 fields, not 6"),
        ("{head}1,0.6,0.7,0.5,0.7,30,1\n", "row 1: has 7 fields, not 6"),
        ("{head}1,0.6,0.7,0.5,0.7,30\n\n", "row 2: has 0 fields, not 6"),
        ("{head}2,0.6,0.7,0.5,0.7,30\n", "row 1: epoch is '2', not 1"),
        ("{head}1,0.6,0.7,0.5,0.7,30\n1,0.6,0.7,0.5,0.7,30\n", "row 2: epoch is '1', not 2"),
        ("{head}1,low,0.7,0.5,0.7,30\n", "row 1: loss is 'low', not a number of 0 or more"),
        ("{head}1,nan,0.7,0.5,0.7,30\n", "row 1: loss is 'nan', not a number of 0 or more"),
        ("{head}1,0.6,0.7,1e999,0.7,30\n", "row 1: validation_loss is '1e999', not a number"),
        ("{head}1,0.6,0.7,0.5,1.5,30\n", "row 1: validation_accuracy is '1.5', not a share"),
        ("{head}1,0.6,0.7,0.5,0.7,-1\n", "row 1: seconds is '-1', not a number of 0 or more"),
        ('{head}1,"0.6', "not CSV in UTF-8"),
        ("x" * (1 << 20) + "{head}", "larger than 1 MiB"),
    ],
)
def test_a_broken_history(tmp_path, content, message):
    """File and row are named."""
    folder = fabricate(tmp_path / "run")
    head = "epoch,loss,accuracy,validation_loss,validation_accuracy,seconds\n"
    if isinstance(content, str):
        content = content.replace("{head}", head).encode()
    (folder / "history.csv").write_bytes(content)
    assert refusal(folder).startswith(f"{folder / 'history.csv'}")
    assert message in refusal(folder)


def test_a_history_that_is_not_there(tmp_path):
    """Nor one that lies elsewhere, nor a link to itself, nor a folder."""
    folder = fabricate(tmp_path / "run")
    file = folder / "history.csv"
    file.rename(tmp_path / "history.csv")
    assert refusal(folder) == f"{file}: cannot be read: No such file or directory"
    file.symlink_to(tmp_path / "history.csv")
    assert refusal(folder) == f"{file}: is outside the run folder"
    file.unlink()
    file.symlink_to("history.csv")
    assert refusal(folder) == f"{folder}: 'history.csv' is not a file"
    file.unlink()
    file.mkdir()
    assert refusal(folder) == f"{file}: cannot be read: Is a directory"


def test_a_history_is_read_back(tmp_path):
    """Columns may stand in another order, with others between."""
    folder = fabricate(tmp_path / "run")
    assert read_history(folder).epochs == list(EPOCHS)
    (folder / "history.csv").write_bytes(
        b"seconds,more,epoch,loss,accuracy,validation_loss,validation_accuracy\r\n"
        b"30,?,1,0.6,0.7,0.55,0.72\r\n"
    )
    assert read_history(folder).epochs == [EPOCHS[0]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", {"kept_epoch": 2}, "'parameters' is not a whole number from 1 to"),
        ("metrics.json", {"parameters": True, "kept_epoch": 2}, "'parameters' is not"),
        ("metrics.json", {"parameters": 5}, "'best_epoch' is not a whole number from 1 to 3"),
        ("metrics.json", {"parameters": 5, "kept_epoch": 4}, "'kept_epoch' is not"),
        ("metrics.json", {"parameters": 5, "kept_epoch": 0}, "'kept_epoch' is not"),
        ("config.json", {}, "'recipe' is not a name"),
        ("config.json", {"recipe": "a\nb"}, "'recipe' is not a name"),
        ("config.json", {"recipe": "a" * 999}, "'recipe' is not a name"),
        ("evaluation.json", {}, "'accuracy' is not a share in [0, 1]"),
        ("evaluation.json", {"accuracy": True, "examples": 5}, "'accuracy' is not a share"),
        ("evaluation.json", {"accuracy": float("nan"), "examples": 5}, "'accuracy' is not a share"),
        ("evaluation.json", {"accuracy": 0.5}, "'examples' is not a whole number above 0"),
        ("evaluation.json", [], "not a JSON object"),
    ],
)
def test_broken_records(tmp_path, name, content, message):
    """What the table shows is checked, and the file is named."""
    folder = fabricate(tmp_path / "run")
    (folder / name).write_text(json.dumps(content))
    assert refusal(folder).startswith(f"{folder / name}: {message}")


@pytest.fixture
def figure(monkeypatch):
    """A function that draws runs and gives the figure instead of writing it."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    drawn = []
    monkeypatch.setattr(comparison_plot, "save_picture", lambda figure, path: drawn.append(figure))

    def draw(runs):
        plot_comparison(runs, Path("compare.png"))
        drawn[-1].draw_without_rendering()
        return drawn[-1]

    return draw


def of_epochs(count: int) -> list[Epoch]:
    return [Epoch(n, 0.5, 0.6, 0.55, 0.5 + n / 100, 30.0) for n in range(1, count + 1)]


def test_what_is_drawn(tmp_path, figure):
    """Each run has training, validation and the kept epoch in both panels, in one colour."""
    runs = read_runs([fabricate(tmp_path / "a"), fabricate(tmp_path / "b", of_epochs(5))])
    panels = figure(runs).axes
    assert [axes.get_ylabel() for axes in panels] == ["accuracy", "loss (binary cross-entropy)"]
    for axes, names in zip(
        panels, (("accuracy", "validation_accuracy"), ("loss", "validation_loss")), strict=True
    ):
        for i, run in enumerate(runs):
            train, validation, kept = axes.get_lines()[3 * i : 3 * i + 3]
            assert len({line.get_color() for line in (train, validation, kept)}) == 1
            assert (train.get_linestyle(), validation.get_linestyle()) == ("--", "-")
            for line, name in zip((train, validation), names, strict=True):
                assert list(line.get_ydata()) == [getattr(e, name) for e in run.history.epochs]
            assert list(kept.get_xdata()) == [2]
            assert list(kept.get_ydata()) == [getattr(run.history.epochs[1], names[1])]
    first, _, _, second, *_ = panels[0].get_lines()
    assert first.get_color() != second.get_color()
    stars = read_runs([fabricate(tmp_path / "stars", rules=STARS)])
    assert figure(stars).axes[1].get_ylabel() == "loss (cross-entropy)"


@pytest.mark.parametrize(
    "names",
    [
        ["_$x^$", "b$"],
        [f"run-{i}" for i in range(8)],
        [f"{i}-{'wide' * 30}" for i in range(8)],
        [f"{i}-{'W' * 14}" for i in range(20)],
    ],
)
def test_the_legend_covers_nothing(tmp_path, figure, names):
    """Both legends stand inside the figure and outside the panels, with every name as it is."""
    folders = [fabricate(tmp_path / name, of_epochs(3 + i)) for i, name in enumerate(names)]
    drawn = figure(read_runs(folders))
    boxes = [legend.get_window_extent() for legend in drawn.legends]
    panels = [axes.get_tightbbox() for axes in drawn.axes]
    for box in boxes:
        assert (box.x0 >= 0, box.y0 >= 0) == (True, True)
        assert (box.x1 <= drawn.bbox.x1, box.y1 <= drawn.bbox.y1) == (True, True)
        assert not any(box.overlaps(panel) for panel in panels)
    assert min(panel.height for panel in panels) > 0.5 * drawn.bbox.height
    shown = [text.get_text() for text in drawn.legends[1].get_texts()]
    assert len(shown) == len(names)
    assert all(
        name.endswith(text.lstrip("\u2026")) for name, text in zip(names, shown, strict=True)
    )


@pytest.mark.parametrize(
    ("epochs", "scale"),
    [((3, 30), "log"), ((3, 8), "linear"), ((1, 5), "linear"), ((30,), "linear")],
)
def test_short_runs_beside_long_ones(tmp_path, figure, epochs, scale):
    """Where the numbers of epochs differ much, the axis leaves room for the short ones."""
    folders = [
        fabricate(tmp_path / f"{n}", of_epochs(n), metrics={"kept_epoch": 1}) for n in epochs
    ]
    drawn = figure(read_runs(folders))
    for axes in drawn.axes:
        assert axes.get_xscale() == scale
        left, right = axes.get_xlim()
        assert left < 1 < max(epochs) < right
        ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
        assert ticks == [round(tick) for tick in ticks] != []


@pytest.mark.parametrize("format", ["png", "svg", "pdf", "PNG"])
def test_the_file(tmp_path, format):
    """The suffix chooses the format, and the same runs give the same bytes."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    runs = read_runs([fabricate(tmp_path / "a")])
    first, second = (tmp_path / "new" / f"{name}.{format}" for name in "12")
    for path in (first, second):
        plot_comparison(runs, path)
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[format.lower()]
    assert first.read_bytes().startswith(begins)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in first.parent.iterdir()) == [first.name, second.name]


def test_tensorflow_is_not_needed(tmp_path):
    """Reading and drawing load neither TensorFlow nor Keras."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    folder = fabricate(tmp_path / "a")
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from edgernn.evaluation.comparison import read_runs\n"
        "from edgernn.evaluation.comparison_plot import plot_comparison\n"
        "plot_comparison(read_runs([Path(sys.argv[1])]), Path(sys.argv[2]))\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, folder, tmp_path / "a.png"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
