"""Runtimes side by side on labelled texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.bundle import ModelFile, read_model_file
from edgernn.cli.verify import _data_table
from edgernn.errors import ModelFileError
from edgernn.runtime import data_check
from edgernn.runtime.answers import Limits
from edgernn.runtime.data_check import MAX_FLIPS, check_on_data
from edgernn.runtime.engines import Engine
from edgernn.runtime.other_runtimes import ChildRuntime, Refused

Files = dict[tuple[str, str], Path]

TEXTS = [f"good film number {i}" for i in range(200)]
LABELS = np.array([0, 1] * 100, np.int8)
LIMITS = Limits(0.01, MAX_FLIPS)


class Answering:
    """A runtime that gives prepared probabilities; it is given one text at a time, shuffled."""

    name = "test"
    device = "cpu"
    batched = False
    batch_tokens = 1
    workers = 1

    def __init__(self, file: ModelFile, answers: npt.NDArray[np.float32]) -> None:
        ids = file.bundle.encoder.encode_batch(TEXTS)
        self._answers = {
            tuple(tokens.tolist()): answer for tokens, answer in zip(ids, answers, strict=True)
        }

    def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Answer by the ids."""
        return np.array([self._answers[tuple(text.tolist())] for text in batch], np.float32)


@pytest.fixture
def file(tiny_files: Files) -> ModelFile:
    return read_model_file(tiny_files["onnx", "int8"])


def engines(
    monkeypatch: pytest.MonkeyPatch,
    file: ModelFile,
    answers: dict[str, Any],
    others: tuple[Engine, ...] = (),
) -> None:
    """Put runtimes in place of this machine's; a string is why one is not here."""

    def engine(name: str, given: Any) -> Engine:
        def open() -> Any:
            if isinstance(given, Exception):
                raise given
            return Answering(file, given)

        return Engine(name, "1", given if isinstance(given, str) else None, open)

    found = tuple(engine(name, given) for name, given in answers.items())
    monkeypatch.setattr(data_check, "find_engines", lambda file: found)
    monkeypatch.setattr(data_check, "find_others", lambda file: others)


def right(off: float = 0.0) -> npt.NDArray[np.float32]:
    """Right for each text but the first two."""
    probabilities = np.where(LABELS == 1, 0.9, 0.1) + off
    probabilities[:2] = 0.9, 0.1
    return probabilities.astype(np.float32)


def test_against_the_first(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """The first that runs is the reference and is not judged; all have their accuracy."""
    flipped = right()
    flipped[5:8] = 1 - flipped[5:8]
    broken = ModelFileError(f"{file.path}: b cannot run it: no")
    answers = {
        "missing": "not installed",
        "broken": broken,
        "first": right(),
        "near": right(0.009),
        "far": right(0.011),
        "flipped": flipped,
    }
    engines(monkeypatch, file, answers)
    found = check_on_data(file, TEXTS, LABELS, LIMITS)
    assert (found.reference, found.reference_accuracy) == ("first", 0.99)
    rows = {row.runtime: row for row in found.runtimes}
    assert list(rows) == list(answers)
    assert {name: row.passed for name, row in rows.items()} == {
        "missing": None,
        "broken": False,
        "first": None,
        "near": True,
        "far": False,
        "flipped": False,
    }
    assert rows["missing"].reason == "not installed"
    assert rows["broken"].reason == "b cannot run it: no"
    first = rows["first"]
    assert (first.texts, first.device, first.reason) == (200, "cpu", "the reference")
    assert (first.largest_difference, first.label_flips, first.accuracy) == (None, None, 0.99)
    assert rows["near"].largest_difference == pytest.approx(0.009, abs=1e-6)
    assert rows["far"].reason == "0.011 off, allowed 0.01"
    assert rows["flipped"].label_flips == 3
    assert rows["flipped"].accuracy == pytest.approx(0.975)
    assert rows["flipped"].row in (6, 7, 8)
    assert rows["flipped"].text in TEXTS[5:8]
    assert not found.passed


def test_against_a_model(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """A reference that is given: the first runtime is judged like the others."""
    engines(monkeypatch, file, {"one": right(0.002), "two": right(0.02)})
    found = check_on_data(file, TEXTS, LABELS, LIMITS, ("Keras", right()))
    assert found.reference == "Keras"
    assert [row.passed for row in found.runtimes] == [True, False]
    assert found.runtimes[0].largest_difference == pytest.approx(0.002, abs=1e-6)


@pytest.mark.parametrize(("flips", "passed"), [(1, True), (2, False)])
def test_the_share_of_flips(
    monkeypatch: pytest.MonkeyPatch, file: ModelFile, flips: int, passed: bool
) -> None:
    """One text in two hundred may have another label."""
    other = right()
    other[10 : 10 + flips] = 1 - other[10 : 10 + flips]
    engines(monkeypatch, file, {"one": right(), "two": other})
    found = check_on_data(file, TEXTS, LABELS, Limits(0.9, MAX_FLIPS))
    assert found.runtimes[1].label_flips == flips
    assert found.runtimes[1].passed is passed


def test_one_runtime_alone(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """Its accuracy is measured; it is compared with nothing."""
    engines(monkeypatch, file, {"one": right(), "two": "not installed"})
    found = check_on_data(file, TEXTS, LABELS, LIMITS)
    assert found.passed
    assert [row.label_flips for row in found.runtimes] == [None, None]
    assert found.runtimes[0].accuracy == 0.99


def test_no_runtime(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """Nothing ran: that is no success."""
    engines(monkeypatch, file, {"one": "not installed"})
    found = check_on_data(file, TEXTS, LABELS, LIMITS)
    assert (found.reference, found.reference_accuracy, found.passed) == (None, None, False)


class Other(Answering, ChildRuntime):
    """One of other people's; it is no process."""

    def close(self) -> None:
        """There is nothing to end."""


def refusing(*_: Any) -> Any:
    raise Refused("no such operator")


def test_other_runtimes(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """They are judged by the texts that they score in time; a refusal is no failure."""
    wrong = right()
    wrong[3] = 1 - wrong[3]
    opens = {"good": lambda: Other(file, right()), "wrong": lambda: Other(file, wrong)}
    others = tuple(
        Engine(name, "2", None, open, is_other=True)
        for name, open in (opens | {"refuses": refusing}).items()
    )
    engines(monkeypatch, file, {"one": right()}, others)
    found = check_on_data(file, TEXTS, LABELS, LIMITS)
    rows = {row.runtime: row for row in found.runtimes}
    assert [(row.passed, row.refused, row.texts) for row in rows.values()] == [
        (None, False, 200),
        (True, False, 200),
        (False, False, 200),
        (None, True, 0),
    ]
    assert (rows["wrong"].label_flips, rows["refuses"].reason) == (1, "no such operator")
    monkeypatch.setattr(data_check, "OTHERS_SECONDS", 0.0)
    cut = check_on_data(file, TEXTS, LABELS, LIMITS)
    first = {row.runtime: row for row in cut.runtimes}
    assert (first["good"].texts, first["good"].passed, first["good"].accuracy) == (1, True, 0.0)
    assert _data_table(cut)[-1].endswith("take texts one by one, for 20 seconds each at most")
    assert not any("one by one" in line for line in _data_table(found))
    assert any("refuses the file: no such operator" in line for line in _data_table(found))
    engines(monkeypatch, file, {"one": "not installed"}, others[:1])
    alone = check_on_data(file, TEXTS, LABELS, LIMITS)
    assert alone.reference is None
    assert alone.runtimes[1].reason == "nothing to compare with"


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_the_runtimes_here(tiny_files: Files, tiny_trained: Any, format: str) -> None:
    """Against the Keras model itself, each is as close as float32 is."""
    file = read_model_file(tiny_files[format, "float32"])
    labels = (tiny_trained.expected >= 0.5).astype(np.int8)
    expected = ("Keras", tiny_trained.expected)
    found = check_on_data(file, tiny_trained.texts, labels, Limits(1e-4), expected)
    assert found.passed
    assert found.reference_accuracy == 1.0
    for row in found.runtimes:
        if row.passed is not None:
            assert (row.passed, row.texts, row.accuracy) == (True, len(labels), 1.0)
