"""`import edgernn`: what it offers, when that is loaded, and the jobs as functions."""

from __future__ import annotations

import csv
import dataclasses
import doctest
import logging
import re
import warnings
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import edgernn
from edgernn.bundle import read_model_file, with_bundle
from edgernn.data.arguments import reading_values
from edgernn.errors import __all__ as errors
from edgernn.runtime import SHIPPED_MODEL

FUNCTIONS = ("audit_model", "evaluate_model", "export_model", "train_model", "verify_model")
TEXTS = [("A great film", "5"), ("Boring and far too long", "1"), ("I loved it", "4"), ("?", "3")]


def test_what_it_offers() -> None:
    """The names of `__all__`, in order; each is there, and `dir` shows it."""
    offered = edgernn.__all__
    assert sorted(offered) == offered
    assert {*errors, *FUNCTIONS} < set(offered)
    for name in offered:
        assert getattr(edgernn, name) is not None
    assert set(offered) <= set(dir(edgernn))
    public = {name for name in dir(edgernn) if not name.startswith("_")} - {"TYPE_CHECKING"}
    others = {name for name in public - set(offered)}
    assert all(isinstance(getattr(edgernn, name), ModuleType) for name in others), others


def test_no_function_has_the_name_of_a_module() -> None:
    """An import of the module would put itself in the function's place."""
    folder = Path(edgernn.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
    assert modules.isdisjoint(edgernn.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module .edgernn. has no attribute .nothing.$"):
        _ = edgernn.nothing  # type: ignore[attr-defined]


def test_the_tree_of_errors() -> None:
    """The docstring draws it whole: each error is a child of EdgernnError."""
    assert edgernn.__doc__ is not None
    drawn = [
        line.strip("* -")
        for line in edgernn.__doc__.splitlines()
        if "Error" in line[:6] or line.lstrip().startswith(("* ", "- "))
    ]
    assert sorted(drawn) == sorted(errors)
    assert all(issubclass(getattr(edgernn, name), edgernn.EdgernnError) for name in errors)


def run_examples(of: object, name: str) -> None:
    """Run the examples of a docstring; there must be some."""
    (found,) = doctest.DocTestFinder(recurse=False).find(of, name, globs={})
    assert found.examples, f"{name} has no example"
    told: list[str] = []
    doctest.DocTestRunner().run(found, out=told.append)
    assert not told, "".join(told)


@pytest.mark.parametrize(
    "name", ["Classifier", "load", "audit_model", "evaluate_model", "verify_model", "__doc__"]
)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each runs as it stands, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    run_examples(edgernn if name == "__doc__" else getattr(edgernn, name), name)


@pytest.mark.keras
@pytest.mark.spawns  # Keras asks `uname` what machine this is.
@pytest.mark.parametrize("name", ["export_model", "train_model"])
@pytest.mark.filterwarnings("ignore:.*too few to tell", "ignore:the model is not .*better than")
def test_examples_with_keras(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise."""
    monkeypatch.chdir(tmp_path)
    run_examples(getattr(edgernn, name), name)


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    """Texts with labels that say nothing by themselves."""
    path = tmp_path / "stars.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "stars"), *TEXTS])
    return path


@pytest.mark.filterwarnings("ignore:the model is not clearly better")
def test_evaluating_with_words_for_labels(stars: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Values are taken one by one or several; steps are logged, and nothing is printed."""
    caplog.set_level(logging.INFO, "edgernn")
    found = edgernn.evaluate_model(
        data=stars, text_column="review", positive=(4, "5.0"), negative=1, drop="3", errors=1
    )
    assert (found.metrics.examples, found.metrics.accuracy) == (3, 1.0)
    assert found.errors == ()
    lines = [record.message for record in caplog.records]
    assert lines[0] == "stars: 4 (1), 5 (1) = positive; 1 (1) = negative; 3 (1) = left out"
    with pytest.raises(edgernn.DataError, match="column 'stars' holds"):
        edgernn.evaluate_model(data=stars)


def test_it_is_as_the_command_says(stars: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A doubt of the command line is a Python warning here; nothing is printed."""
    with pytest.warns(RuntimeWarning, match="^the model is not better than always saying"):
        found = edgernn.evaluate_model(data=stars, positive="1", negative=(3, 4, 5))
    assert found.metrics.accuracy < 0.5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("epochs", (0, 1.0, True, "1"), "a whole number of at least 1"),
        ("batch_size", (0, 2.5), "a whole number of at least 1"),
        ("learning_rate", (0, -1, nan, inf, "1"), "a number of at least 1e-09"),
        ("max_length", (0, 65537), "a whole number from 1 to 65536"),
        ("min_df", (0,), "a whole number of at least 1"),
        ("test_fraction", ("0.2", nan, 2), "a number from 0 to 1"),
        ("seed", (-1, 2**32), "a whole number from 0 to 4294967295"),
        ("limit", (1, "5"), "a whole number of at least 2"),
        ("text_column", (1,), "a string"),
        ("header", ("no",), "True or False"),
    ],
)
def test_arguments_of_training(
    stars: Path, name: str, values: tuple[object, ...], said: str
) -> None:
    """What the command line would not take, told before anything is begun."""
    for value in values:
        message = f"^{re.escape(f'{name} {value!r}: give {said}')}$"
        with pytest.raises(edgernn.UsageError, match=message):
            edgernn.train_model(stars, stars.parent / "run", **{name: value})  # type: ignore[arg-type]
        assert not (stars.parent / "run").exists()


@pytest.mark.parametrize("tolerance", [-0.1, 1.1, nan, "x", True])
def test_a_tolerance_that_holds_nothing(stars: Path, tolerance: Any) -> None:
    with pytest.raises(edgernn.UsageError, match=r"^tolerance .*: give a number from 0 to 1$"):
        edgernn.verify_model(data=stars, tolerance=tolerance)


def test_other_arguments(stars: Path) -> None:
    """None says nothing; the rest is as in training."""
    with pytest.raises(edgernn.UsageError, match=r"^errors 0: give a whole number of at least 1$"):
        edgernn.evaluate_model(data=stars, errors=0)
    with pytest.raises(edgernn.UsageError, match=r"^limit 1: give a whole number of at least 2$"):
        edgernn.evaluate_model(data=stars, limit=1)
    with pytest.raises(
        edgernn.UsageError, match=r"^max_accuracy_drop nan: give a number from 0 to"
    ):
        edgernn.export_model(None, "x.onnx", max_accuracy_drop=nan)
    assert reading_values({"sheet": None, "header": False}, ("sheet", "header")) == {
        "header": False
    }


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda path: edgernn.evaluate_model(data=path, label_colum="x"), "^label_colum: no such"),
        (lambda path: edgernn.verify_model(limit=3), "^--limit is about real texts: name them"),
        (lambda path: edgernn.verify_model(strict=True), "^--strict is about real texts"),
        (lambda path: edgernn.export_model(None, "x.bin"), r"ends in none of \.onnx, \.tflite"),
        (lambda path: edgernn.export_model(None, path.parent), "is a folder; name the file"),
        (lambda path: edgernn.export_model(None, "o/", format="onnx"), "o/: is a folder; name the"),
        (
            lambda path: edgernn.export_model(None, "x.onnx", card=path.parent),
            "^--card .*: is a folder; name a file$",
        ),
        (
            lambda path: edgernn.export_model(None, "x.onnx", card="./x.onnx"),
            "^--card x.onnx: is the model file; name another file$",
        ),
        (lambda path: edgernn.export_model(None, "x", format="all"), "a call exports one format"),
        (lambda path: edgernn.train_model(path, "x", recipe="none"), "none"),
        (
            lambda path: edgernn.train_model(path, "x", vocabulary="v.txt", min_df=2),
            "^--min-df 2: the vocabulary of --vocab is taken as it is",
        ),
    ],
)
def test_what_cannot_be(stars: Path, call: Callable[[Path], object], said: str) -> None:
    """Told before anything long is begun, in one line."""
    with pytest.raises(edgernn.UsageError, match=said) as caught:
        call(stars)
    assert "\n" not in str(caught.value)


def test_a_file_that_fails(tmp_path: Path) -> None:
    """Verifying raises nothing by itself: the result tells, and `require` raises."""
    file = read_model_file(SHIPPED_MODEL)
    golden = file.bundle.golden
    assert golden is not None
    vectors = tuple(dataclasses.replace(one, text=f"x {one.text}") for one in golden.vectors)
    bundle = dataclasses.replace(file.bundle, golden=dataclasses.replace(golden, vectors=vectors))
    path = tmp_path / "altered.onnx"
    path.write_bytes(with_bundle(file.data, file.format, bundle))
    found = edgernn.verify_model(path)
    assert not found.passed
    assert found.golden.ids.mismatches > len(vectors) / 2
    with pytest.raises(edgernn.EdgernnError, match="texts get other ids"):
        found.require()


@pytest.mark.keras
@pytest.mark.spawns  # Keras asks `uname` what machine this is.
def test_from_training_to_the_edge(stars: Path, tmp_path: Path) -> None:
    """What one function leaves behind, the next one takes."""
    with stars.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            (f"{'great' if n % 2 else 'boring'} no. {n}", 4 * (n % 2) + 1) for n in range(80)
        )
    with pytest.warns(RuntimeWarning):
        run = edgernn.train_model(
            stars,
            tmp_path / "run",
            recipe="simple-rnn",
            epochs=1,
            max_length=8,
            test_fraction=0.2,
            positive=(4, 5),
            negative=1,
            drop=3,
        )
    assert run.folder == tmp_path / "run"
    assert run.epochs == 1
    assert run.held_out is not None
    assert run.held_out.accuracy == pytest.approx(run.validation_accuracy)
    with pytest.raises(edgernn.UsageError, match="already exists"):
        edgernn.train_model(stars, run.folder, positive=(4, 5), negative=1, drop=3)
    with pytest.raises(edgernn.TrainingError, match="nothing to resume: the run is complete"):
        edgernn.train_model(None, run.folder, resume=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        file = edgernn.export_model(run.folder, tmp_path / "model.tflite", precision="float32")
        found = edgernn.evaluate_model(file.path, run=run.folder)
    assert (file.format, file.precision, file.bytes) == (
        "tflite",
        "float32",
        file.path.stat().st_size,
    )
    assert found.split == "test"
    assert found.metrics.examples > 10
    assert edgernn.verify_model(file.path).passed
    assert not edgernn.audit_model(file.path).problems
