"""The checks of a written file, on files that answer wrongly in one way each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.errors import ExportError
from exporters.formats import FORMATS
from exporters.network import Cell, Dense, Direction, Embedding, Network, Recurrent
from exporters.verify import check_operators, check_scores

TEXTS = [f"text {number}" for number in range(10)]
EXPECTED = np.linspace(0.05, 0.95, 10, dtype=np.float32)
TOLERANCE = 1e-3

Answer = Callable[[str, int, Sequence[str]], float]


class Scorer:
    """Answers by a rule of text, place and batch; notes what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[SimpleNamespace]:
        """Answer for each text."""
        self.batches.append(list(texts))
        return [
            SimpleNamespace(probability=self.answer(text, place, texts))
            for place, text in enumerate(texts)
        ]


def right(text: str, place: int = 0, batch: Sequence[str] = ()) -> float:
    return float(EXPECTED[TEXTS.index(text)])


def check(answer: Answer, expected: npt.NDArray[np.float32] = EXPECTED) -> str:
    """The checks' lines, one under the other."""
    return "\n".join(c.line for c in check_scores(Scorer(answer), TEXTS, expected, TOLERANCE))


def test_a_right_file_passes() -> None:
    """Each check has its line, with what was found and what is allowed."""
    lines = check(lambda text, place, batch: right(text) + 5e-4 * (text == TEXTS[3]))
    assert lines == (
        "10 texts score as in Keras: largest difference 5.0e-04, allowed 0.001\n"
        "scores do not depend on order or batch"
    )


def test_every_text_is_scored_in_three_ways() -> None:
    """Together, in reverse and alone."""
    scorer = Scorer(right)
    check_scores(scorer, TEXTS, EXPECTED, TOLERANCE)
    assert scorer.batches == [TEXTS, TEXTS[::-1], *([text] for text in TEXTS)]


def test_beyond_the_tolerance() -> None:
    """The message has the text's number, both scores, the difference and the limit."""
    with pytest.raises(ExportError) as caught:
        check(lambda text, place, batch: right(text) + 0.002 * (text == TEXTS[3]))
    assert str(caught.value) == (
        "text 4 of 10 scores 0.352000, the Keras model 0.350000: 0.002 off, allowed 0.001"
    )


def test_just_within_the_tolerance() -> None:
    """The limit itself is allowed; numbers that float32 holds exactly."""
    expected = np.full(10, 0.5, np.float32)
    checks = check_scores(Scorer(lambda *_: 0.5 + 2**-10), TEXTS, expected, 2**-10)
    assert "largest difference 9.8e-04" in checks[0].line
    with pytest.raises(ExportError, match="text 1 of 10"):
        check_scores(Scorer(lambda *_: 0.5 + 2**-10 + 2**-20), TEXTS, expected, 2**-10)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_not_a_number(value: float) -> None:
    """A comparison with NaN is never true, so it must not be the one that fails."""
    with pytest.raises(ExportError, match=r"text 6 of 10 scores -?(nan|inf), .* allowed 0\.001"):
        check(lambda text, place, batch: value if text == TEXTS[5] else right(text))


def test_a_model_that_is_no_number() -> None:
    """A Keras model that gives NaN is not agreed with either."""
    with pytest.raises(ExportError, match="the Keras model nan"):
        check(lambda *_: float("nan"), np.full(10, np.nan, np.float32))


def test_a_score_that_depends_on_order() -> None:
    """State left over from the text before, within the tolerance: too much all the same."""

    def carried(text: str, place: int, batch: Sequence[str]) -> float:
        before = right(batch[place - 1]) if place else 0.0
        return right(text) + 1e-4 * before

    with pytest.raises(
        ExportError, match=r"depends on the order: it changes by 8\.5e-05, allowed 1e-05"
    ):
        check(carried)


def test_a_score_that_depends_on_the_batch() -> None:
    """Padding that enters the state: other texts' lengths matter, their order does not."""
    with pytest.raises(
        ExportError, match=r"depends on the batch: it changes by 9e-05, allowed 1e-05"
    ):
        check(lambda text, place, batch: right(text) + 1e-5 * (len(batch) - 1))


def test_a_score_that_is_no_number_when_alone() -> None:
    """NaN only in the second look is found too."""
    with pytest.raises(ExportError, match="depends on the batch: it changes by nan"):
        check(lambda text, place, batch: right(text) if len(batch) > 1 else float("nan"))


def test_noise_in_the_last_bits_is_allowed() -> None:
    """Engines add up in another order for another batch size."""
    assert "do not depend" in check(lambda text, _, batch: right(text) + 2e-7 * len(batch))


def direction() -> Direction:
    zeros = np.zeros((2, 8), np.float32)
    return Direction(zeros, zeros, zeros[0])


def network(*bidirectional: bool, cells: Sequence[Cell] = ()) -> Network:
    """An embedding, recurrent layers, LSTMs where no cells are given, a logit."""
    kinds: Sequence[Cell] = cells or ["LSTM" for _ in bidirectional]
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
    assert check_operators(operators, network(*layers), FORMATS[format]).line == line


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
    format: str, operators: dict[str, int], cells: list[Cell], line: str
) -> None:
    """Each kind is counted by itself; that there is no loop is said where there is none."""
    layers = network(True, False, cells=cells)
    assert check_operators(operators, layers, FORMATS[format]).line == line


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
    format: str, operators: dict[str, int], cells: list[Cell], said: str
) -> None:
    """One cell's operators are no other's, and a loop is allowed where a GRU needs it only."""
    with pytest.raises(ExportError, match=said):
        check_operators(operators, network(True, False, cells=cells), FORMATS[format])


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
    with pytest.raises(ExportError, match=f"the {format} graph holds operators .*{said}"):
        check_operators(operators, network(False), FORMATS[format])


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
    with pytest.raises(ExportError, match=f"the {format} graph {said}"):
        check_operators(operators, network(*layers), FORMATS[format])
