"""The checks of a written file, on files that answer wrongly in one way each."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.audit import Finding, OldestRuntime
from edgernn.audit.oldest_runtime import Reason
from edgernn.text import EVEN, Decision
from exporters import gate
from exporters.min_runtime import find_min_runtime
from exporters.network import Dense, Direction, Embedding, Network, Recurrent
from exporters.rules import FORMATS

EXPECTED = np.linspace(0.05, 0.95, 1000, dtype=np.float32)
LABELS = EXPECTED >= 0.5


def changed(places: int | Sequence[int], value: float) -> npt.NDArray[np.float32]:
    """The right scores but for some."""
    found = EXPECTED.copy()
    found[places] = value
    return found


def test_parity() -> None:
    """The largest difference is said, with the limit."""
    check = gate.check_parity(EXPECTED + np.float32(5e-4), EXPECTED, 1e-3)
    assert check.passed
    assert check.line == ("1000 texts score as in Keras: largest difference 5.0e-04, allowed 0.001")


def test_beyond_the_tolerance() -> None:
    """The message has the text's number, both scores, the difference and the limit."""
    check = gate.check_parity(changed(3, 0.055), EXPECTED, 1e-3)
    assert check.passed is False
    assert check.line == (
        "text 4 of 1000 scores 0.055000, the Keras model 0.052703: 0.0023 off, allowed 0.001"
    )


def test_just_within_the_tolerance() -> None:
    """The limit itself is allowed; numbers that float32 holds exactly."""
    expected = np.full(10, 0.5, np.float32)
    assert gate.check_parity(expected + np.float32(2**-10), expected, 2**-10).passed
    beyond = expected + np.float32(2**-10 + 2**-20)
    assert gate.check_parity(beyond, expected, 2**-10).passed is False


def test_several_probabilities() -> None:
    """Each label's counts: the line names the text, the label and both scores."""
    largest = Decision(None, "largest")
    expected = np.tile(np.array([0.25, 0.5, 0.25], np.float32), (400, 1))
    found = expected.copy()
    found[6] = [0.25, 0.25, 0.5]
    check = gate.check_parity(found, expected, 0.1, ("sad", "glad", "mad"))
    assert (check.passed, check.value) == (False, 0.25)
    assert check.line == (
        "text 7 of 400 scores 0.250000 for glad, the Keras model 0.500000: 0.25 off, allowed 0.1"
    )
    assert gate.check_parity(found, expected, 0.25).passed
    found[7, 2] = np.nan
    assert "scores nan for mad" in gate.check_parity(found, expected, 1, ("a", "b", "mad")).line
    assert gate.check_same("order", found, expected).passed is False
    # What is no number is no label either.
    assert gate.check_labels(found, expected, largest).value == 2 / 400
    found[7] = expected[7]
    labels = np.ones(400, np.int16)
    check = gate.check_accuracy(found, expected, labels, largest, 0.2)
    assert (check.passed, check.value) == (False, pytest.approx(0.25))
    assert gate.check_accuracy(found, expected, labels, largest, 0.3).passed
    each = Decision(None, "each", (0.3, 0.3, 0.6))
    assert gate.check_labels(found, expected, each).value == 1 / 400
    right = np.tile(np.array([False, True, False]), (400, 1))
    check = gate.check_accuracy(found, expected, right, each, 0)
    assert (check.passed, check.value) == (False, pytest.approx(0.25))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_not_a_number(value: float) -> None:
    """A comparison with NaN is never true, so it must not be the one that fails."""
    check = gate.check_parity(changed(5, value), EXPECTED, 1e-3)
    assert check.passed is False
    assert f"text 6 of 1000 scores {value}" in check.line
    assert gate.check_same("order", changed(5, value), EXPECTED).passed is False
    accuracy = gate.check_accuracy(changed(5, value), EXPECTED, LABELS, EVEN, 100)
    assert accuracy.passed is False


def test_a_model_that_is_no_number() -> None:
    """A Keras model that gives NaN is not agreed with either."""
    nothing = np.full(10, np.nan, np.float32)
    assert gate.check_parity(nothing, nothing, 1e-3).passed is False


@pytest.mark.parametrize(("flips", "passed"), [(0, True), (5, True), (6, False)])
def test_label_flips(flips: int, passed: bool) -> None:
    """One label in two hundred may be another, however small the difference."""
    just_over, just_under = np.full(1000, 0.5, np.float32), np.full(1000, 0.5, np.float32)
    just_under[:flips] -= np.float32(1e-6)
    check = gate.check_labels(just_under, just_over, EVEN)
    assert check.passed is passed
    assert check.line == (
        f"{flips} of 1000 labels are not the Keras model's: {flips / 10:.2f} %, allowed 0.5 %"
    )


def test_ties_of_more_labels_than_two() -> None:
    """A text does not count whose labels the Keras model has alike; where it has not, it does."""
    largest = Decision(None, "largest")
    for gap, value in ((1e-3, 0.0), (3e-3, 1.0)):
        expected = np.tile(np.array([0.2, 0.4, 0.4 - gap], np.float32), (100, 1))
        found = np.tile(np.array([0.2, 0.4 - gap, 0.4], np.float32), (100, 1))
        check = gate.check_labels(found, expected, largest)
        assert (check.passed, check.value) == (not value, value)
        assert check.line.endswith("; 100 more where the Keras model has two alike to 0.001") == (
            not value
        )


def test_the_threshold_is_the_contract_s() -> None:
    """Labels are told from the threshold given, which itself is the second label's."""
    found = changed(slice(0, 100), 0.3)  # type: ignore[arg-type]
    assert gate.check_labels(found, EXPECTED, EVEN).passed
    assert gate.check_labels(found, EXPECTED, Decision(0.3)).passed is False
    assert gate.check_labels(np.array([0.5], np.float32), np.array([0.5], np.float32), EVEN).passed


def test_labels_are_told_in_float64() -> None:
    """The float32 nearest to 0.7 lies below it: as the contract has it, none of these flips."""
    found = np.full(100, 0.7, np.float32)
    expected = np.nextafter(found, np.float32(0))
    check = gate.check_labels(found, expected, Decision(0.7))
    assert (check.passed, check.value) == (True, 0.0)
    negative = np.zeros(100, np.bool_)
    check = gate.check_accuracy(found, expected, negative, Decision(0.7), 0)
    assert (check.passed, check.value) == (True, 0.0)
    assert "100.00 % of 100 validation texts right" in check.line


@pytest.mark.parametrize(("wrong", "passed"), [(0, True), (5, True), (6, False)])
def test_accuracy(wrong: int, passed: bool) -> None:
    """What is lost is told in points, with the limit."""
    check = gate.check_accuracy(changed(slice(0, wrong), 0.9), EXPECTED, LABELS, EVEN, 0.5)  # type: ignore[arg-type]
    assert check.passed is passed
    assert check.line == (
        f"{100 - wrong / 10:.2f} % of 1,000 validation texts right, the Keras model 100.00 %: "
        f"{wrong / 10:.2f} points lost, allowed 0.5"
    )


def test_more_accuracy_is_no_loss() -> None:
    """A file that happens to be right more often passes, whatever the limit."""
    check = gate.check_accuracy(EXPECTED, changed(slice(0, 90), 0.9), LABELS, EVEN, 0)  # type: ignore[arg-type]
    assert check.passed
    assert "0.00 points lost, allowed 0" in check.line


@pytest.mark.parametrize(("change", "passed"), [(2e-7, True), (2e-5, False)])
def test_scores_in_other_company(change: float, passed: bool) -> None:
    """Engines add up in another order for another batch size; state left over is more."""
    check = gate.check_same("batch", changed(7, EXPECTED[7] + change), EXPECTED)
    assert check.passed is passed
    assert ("a score depends on the batch: it changes by 2" in check.line) is not passed
    assert "allowed 1e-05" in check.line


class Padded:
    """A file that reads so much of its padding."""

    def __init__(self, size: int, share: float) -> None:
        contract = SimpleNamespace(vocabulary_size=size)
        ids = [np.ones(3, np.int32)] * 1000
        self.encoder: Any = SimpleNamespace(contract=contract, encode_batch=lambda texts: ids)
        self.share = share
        self.behind: Sequence[int] = ()

    def score(self, texts: Sequence[str]) -> list[Any]:
        """Never asked."""
        raise AssertionError

    def probabilities(self, ids: Sequence[Any], behind: Sequence[int] = ()) -> Any:
        """The right scores and a share of the padding."""
        self.behind = behind
        return EXPECTED + np.float32(self.share * sum(behind))


@pytest.mark.parametrize("size", [1, 2, 8185])
def test_padding(size: int) -> None:
    """Ids of the vocabulary stand behind the texts, and must make no difference."""
    scorer = Padded(size, 0)
    assert gate.check_padding(scorer, ["a"] * 1000, EXPECTED).passed
    assert len(scorer.behind) == 16
    assert all(0 <= id < size for id in scorer.behind)
    if size > 1:
        assert 0 not in scorer.behind
        check = gate.check_padding(Padded(size, 1e-5), ["a"] * 1000, EXPECTED)
        assert check.passed is False
        assert "a score depends on the padding" in check.line


def audit(problems: Sequence[Finding] = (), **values: Any) -> Any:
    """What an audit found."""
    found = {
        "quantized_share": 0.5,
        "counted_layers": "2 recurrent layers",
        "recurrent_operators": {"LSTM": 2},
    }
    return SimpleNamespace(problems=tuple(problems), **found, **values)


def test_an_audit_without_problems() -> None:
    """Recurrent layers and operators are counted."""
    check = gate.check_problems(audit())
    assert check.passed
    assert check.line == (
        "2 recurrent layers in the source, 2 LSTM in the graph; 50.0 % of the weights are "
        "quantized; no problem"
    )


def test_an_audit_with_problems() -> None:
    """Each is named with its reason."""
    problems = [Finding("problem", name, (), f"{name} is slow", "") for name in ("Loop", "If")]
    check = gate.check_problems(audit(problems))
    assert check.passed is False
    assert check.line == "Loop: Loop is slow; If: If is slow"


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [("tflite-runtime==2.14", False), ("ai-edge-litert==1.0", False), ("ai-edge-litert==1.0.1", 1)],
)
def test_the_oldest_runtime(wanted: str, passed: bool) -> None:
    """What needs the newer one is named, with the option that allows it."""
    reason = Reason("FULLY_CONNECTED", 12, "ai-edge-litert 1.0.1", "2.14 refuses the file")
    oldest = OldestRuntime("ai-edge-litert", "1.0.1", (reason,))
    check = gate.check_oldest_runtime(oldest, find_min_runtime("tflite", wanted))
    assert check.passed is bool(passed)
    assert f"ai-edge-litert 1.0.1, allowed {wanted}" in check.line
    said = "(--min-runtime): FULLY_CONNECTED version 12: needs ai-edge-litert 1.0.1; 2.14 refuses"
    assert (said in check.line) is not bool(passed)


def test_an_unknown_oldest_runtime() -> None:
    """What is in no table is never good enough."""
    oldest = OldestRuntime("ai-edge-litert", None, ())
    wanted = find_min_runtime("tflite", "ai-edge-litert==9999")
    assert gate.check_oldest_runtime(oldest, wanted).passed is False


def direction() -> Direction:
    zeros = np.zeros((2, 8), np.float32)
    return Direction(zeros, zeros, zeros[0])


def network(*bidirectional: bool, cells: Sequence[str] = ()) -> Network:
    """An embedding, recurrent layers, LSTMs where no cells are given, a logit."""
    kinds: Sequence[str] = cells or ["LSTM" for _ in bidirectional]
    layers = [
        Recurrent(cell, 2, True, direction(), direction() if both else None)
        for both, cell in zip(bidirectional, kinds, strict=True)
    ]
    zeros = np.zeros((2, 1), np.float32)
    return Network((Embedding(zeros), *layers, Dense(zeros, zeros[0], "linear")))


@pytest.mark.parametrize(
    ("format", "operators", "layers", "line"),
    [
        ("onnx", {"LSTM": 2, "MatMul": 1}, (True, False), "3 builtin operators, 2 LSTM, no loop"),
        (
            "tflite",
            {"UNIDIRECTIONAL_SEQUENCE_LSTM": 3, "GATHER": 1},
            (True, False),
            "4 builtin operators, 3 UNIDIRECTIONAL_SEQUENCE_LSTM, no loop",
        ),
    ],
)
def test_the_right_operators(
    format: str, operators: dict[str, int], layers: tuple[bool, ...], line: str
) -> None:
    """ONNX has one operator a layer, TFLite one a direction."""
    assert gate.check_operators(operators, network(*layers), FORMATS[format]).line == line


@pytest.mark.parametrize(
    ("format", "operators", "cells", "line"),
    [
        ("onnx", {"GRU": 2, "Add": 1}, ["GRU", "GRU"], "3 builtin operators, 2 GRU, no loop"),
        (
            "onnx",
            {"RNN": 1, "GRU": 1},
            ["SimpleRNN", "GRU"],
            "2 builtin operators, 1 RNN, 1 GRU, no loop",
        ),
        (
            "tflite",
            {"WHILE": 3, "SUB": 3},
            ["GRU", "GRU"],
            "6 builtin operators, 3 WHILE (GRU as a loop)",
        ),
        (
            "tflite",
            {"UNIDIRECTIONAL_SEQUENCE_RNN": 2, "WHILE": 1},
            ["SimpleRNN", "GRU"],
            "3 builtin operators, 2 UNIDIRECTIONAL_SEQUENCE_RNN, 1 WHILE (GRU as a loop)",
        ),
        (
            "tflite",
            {"WHILE": 2, "UNIDIRECTIONAL_SEQUENCE_LSTM": 1},
            ["GRU", "LSTM"],
            "3 builtin operators, 2 WHILE (GRU as a loop), 1 UNIDIRECTIONAL_SEQUENCE_LSTM",
        ),
    ],
)
def test_the_operators_of_other_cells(
    format: str, operators: dict[str, int], cells: list[str], line: str
) -> None:
    """Each kind is counted by itself; that there is no loop is said where there is none."""
    layers = network(True, False, cells=cells)
    assert gate.check_operators(operators, layers, FORMATS[format]).line == line


@pytest.mark.parametrize(
    ("format", "operators", "cells", "said"),
    [
        ("onnx", {"GRU": 1, "LSTM": 1}, ["GRU", "GRU"], "outside the allowed list: LSTM"),
        ("onnx", {"GRU": 2, "Loop": 1}, ["GRU", "GRU"], "outside the allowed list: Loop"),
        ("onnx", {"GRU": 2}, ["GRU", "SimpleRNN"], "holds 2 GRU, expected 1"),
        ("onnx", {"GRU": 1}, ["GRU", "SimpleRNN"], "holds 0 RNN, expected 1"),
        ("tflite", {"WHILE": 2}, ["GRU", "GRU"], "holds 2 WHILE, expected 3"),
        ("tflite", {"WHILE": 4}, ["GRU", "GRU"], "holds 4 WHILE, expected 3"),
        ("tflite", {"WHILE": 3, "CALL": 1}, ["GRU", "GRU"], "outside the allowed list: CALL"),
        ("tflite", {"WHILE": 3}, ["SimpleRNN", "SimpleRNN"], "outside the allowed list: WHILE"),
        (
            "tflite",
            {"UNIDIRECTIONAL_SEQUENCE_LSTM": 3, "SUB": 1},
            ["LSTM", "LSTM"],
            "outside the allowed list: SUB",
        ),
    ],
)
def test_wrong_operators_of_other_cells(
    format: str, operators: dict[str, int], cells: list[str], said: str
) -> None:
    """One cell's operators are no other's, and a loop is allowed where a GRU needs it only."""
    check = gate.check_operators(operators, network(True, False, cells=cells), FORMATS[format])
    assert check.passed is False
    assert said in check.line


@pytest.mark.parametrize(
    ("format", "operators", "said"),
    [
        ("onnx", {"LSTM": 1, "Loop": 1}, "outside the allowed list: Loop"),
        ("onnx", {"LSTM": 1, "com.microsoft::DynamicQuantizeLSTM": 1}, "DynamicQuantizeLSTM"),
        ("onnx", {"LSTM": 1, "Scan": 2, "If": 1}, "outside the allowed list: If, Scan"),
        ("tflite", {"UNIDIRECTIONAL_SEQUENCE_LSTM": 1, "WHILE": 1}, "allowed list: WHILE"),
        ("tflite", {"UNIDIRECTIONAL_SEQUENCE_LSTM": 1, "custom::FlexErf": 1}, "custom::FlexErf"),
        ("tflite", {"LSTM": 1}, "outside the allowed list: LSTM"),
    ],
)
def test_a_foreign_operator(format: str, operators: dict[str, int], said: str) -> None:
    """Named with the format, all of them in order."""
    check = gate.check_operators(operators, network(False), FORMATS[format])
    assert check.passed is False
    assert f"the {format} graph holds some outside the allowed list" in check.line
    assert said in check.line


@pytest.mark.parametrize(
    ("format", "operators", "layers", "said"),
    [
        ("onnx", {"MatMul": 3}, (True,), "holds 0 LSTM, expected 1"),
        ("onnx", {"LSTM": 1}, (True, True), "holds 1 LSTM, expected 2"),
        ("onnx", {"LSTM": 4}, (True, True), "holds 4 LSTM, expected 2"),
        (
            "tflite",
            {"UNIDIRECTIONAL_SEQUENCE_LSTM": 2},
            (True, True),
            "holds 2 UNIDIRECTIONAL_SEQUENCE_LSTM, expected 4",
        ),
    ],
)
def test_another_number_of_recurrent_operators(
    format: str, operators: dict[str, int], layers: tuple[bool, ...], said: str
) -> None:
    """A layer that became something else is found by its absence."""
    check = gate.check_operators(operators, network(*layers), FORMATS[format])
    assert check.passed is False
    assert f"the {format} graph {said}" in check.line
