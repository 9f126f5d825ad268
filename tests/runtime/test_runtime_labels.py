"""Scores of models of more than two labels, and of several labels a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from many_labels import VOCABULARY, contract_of, logits_of, write_file

import edgernn
from edgernn.bundle import Golden, GoldenVector, read_model_file, with_bundle
from edgernn.errors import ModelFileError
from edgernn.runtime import LoadedModel, backends, cuda
from edgernn.runtime.answers import Limits, judge
from edgernn.runtime.engines import Engine
from edgernn.runtime.replay import replay
from edgernn.runtime.scores import scores_of
from edgernn.text import EncodedTexts, TextContract, TextEncoder

THREE = contract_of(3)
EACH = contract_of(4, decision="each", thresholds=(0.5, 0.2, 0.9, 0.5))
TEXTS = ["good film", "bad", "a dull, dull film", "good bad good", "x"] * 60
Scores = npt.NDArray[np.float32]


def expected(contract: TextContract) -> npt.NDArray[np.float64]:
    """What the file of a contract gives for `TEXTS`, computed here."""
    ids = [TextEncoder(contract, VOCABULARY).encode(text) for text in TEXTS]
    logits = np.array([logits_of(contract, row) for row in ids], np.float64)
    if contract.decision == "each":
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("contract", [THREE, contract_of(150), EACH], ids=["3", "150", "each"])
def test_scoring(tmp_path: Path, contract: TextContract) -> None:
    """Many texts in threads, and one alone, have the probability of each label."""
    path = write_file(tmp_path / "many.onnx", contract)
    wanted = expected(contract)
    with edgernn.load(path, "cpu", threads=2) as classifier:
        scores = classifier.score(TEXTS)
        (alone,) = classifier.score(TEXTS[:1])
        assert classifier.score(["", TEXTS[0]])[0].reason is not None
    model = LoadedModel.open(path, "cpu")
    ids = model.encoder.encode_batch(TEXTS)
    np.testing.assert_allclose(model.probabilities(ids), wanted, atol=1e-5)
    found = np.array([score.probabilities for score in scores])
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert alone.probabilities == pytest.approx(scores[0].probabilities, abs=1e-6)
    names = contract.labels
    for score, row in zip(scores, found, strict=True):
        assert score.probability is None
        assert score.labels == names
        assert score.confidence == row.max()
        if contract.decision == "largest":
            assert score.given == (score.label,) == (names[row.argmax()],)
        else:
            given = [i for i, p in enumerate(row) if p >= contract.thresholds[i]]
            assert score.given == tuple(names[i] for i in given)
            likeliest = max(given, key=lambda i: row[i], default=None)
            assert score.label == (None if likeliest is None else names[likeliest])
        assert score.reason is None
    # Otherwise nothing would tell one label from another.
    assert len({score.given for score in scores}) > 2


def scored(contract: TextContract, rows: Any) -> list[edgernn.Score]:
    count = len(rows)
    ids = [np.ones(1, np.int32)] * count
    texts = EncodedTexts(ids, [1.0] * count, [False] * count).facts
    return scores_of(contract, texts, np.array(rows, np.float32))


def test_no_label() -> None:
    """An answer that is not sure enough is none: no error, and the probabilities stay."""
    sure, unsure, equal = scored(
        dataclasses.replace(THREE, none_below=0.5),
        [[0.2, 0.7, 0.1], [0.4, 0.35, 0.25], [0.5, 0.5, 0]],
    )
    assert (sure.label, sure.given, sure.reason) == ("label 1", ("label 1",), None)
    assert (unsure.label, unsure.given, unsure.reason) == (None, (), None)
    assert unsure.confidence == pytest.approx(0.4)
    assert equal.given == ("label 0",)
    nothing, several = scored(EACH, [[0.4, 0.1, 0.8, 0.4], [0.6, 0.3, 0.95, 0.1]])
    assert (nothing.label, nothing.given, nothing.reason) == (None, (), None)
    assert nothing.confidence == pytest.approx(0.8)
    assert several.given == ("label 0", "label 1", "label 2")
    assert several.label == "label 2"


def test_no_label_of_two() -> None:
    """Two labels may be left open, too; the confidence is of the side that the score is on."""
    contract = contract_of(2, decision="threshold", threshold=0.3, none_below=0.6)
    scores = scored(contract, [0.2, 0.25, 0.3, 0.5, 0.75])
    assert [score.label for score in scores] == ["label 0", "label 0", None, None, "label 1"]
    assert [score.given for score in scores][1:3] == [("label 0",), ()]
    assert [score.confidence for score in scores] == pytest.approx([0.8, 0.75, 0.3, 0.5, 0.75])
    assert [score.probability for score in scores] == pytest.approx([0.2, 0.25, 0.3, 0.5, 0.75])
    assert {score.reason for score in scores} == {None}


def test_score_or_none(tmp_path: Path) -> None:
    """None stands for a text that cannot be scored, not for one without a label."""
    contract = dataclasses.replace(EACH, thresholds=(0.9999,) * 4)
    with edgernn.load(write_file(tmp_path / "m.onnx", contract), "cpu") as classifier:
        none, found = classifier.score_or_none(["", "good film"])
    assert none is None
    assert found is not None
    assert found.label is None


@pytest.mark.parametrize("outputs", [2, 4, "labels"])
def test_another_number_of_labels(tmp_path: Path, outputs: int | str) -> None:
    """The graph must say that it gives as many as the contract has."""
    path = write_file(tmp_path / "m.onnx", THREE, outputs=outputs)
    said = f"{outputs} probabilities for a text, the contract has 3"
    with pytest.raises(ModelFileError, match=rf"m\.onnx: .*{said}"):
        read_model_file(path)


def test_another_decision(tmp_path: Path) -> None:
    """A contract of one probability is not met by a graph of several."""
    path = write_file(tmp_path / "m.onnx", THREE)
    bundle = read_model_file(path).bundle
    two = contract_of(2, decision="threshold", threshold=0.5)
    other = dataclasses.replace(bundle, encoder=TextEncoder(two, VOCABULARY))
    path.write_bytes(with_bundle(path.read_bytes(), "onnx", other))
    with pytest.raises(ModelFileError, match=r"gives probabilities FLOAT\[2\]; expected .*y FLOAT"):
        read_model_file(path)


@pytest.mark.parametrize(
    ("contract", "found", "problem"),
    [
        (THREE, np.float32([[0.5, 0.5]]), r".1, 2. for 1 texts, not 3 probabilities each"),
        (THREE, np.float32([0.2, 0.3, 0.5]), r".3. for 1 texts"),
        (THREE, np.float32([[0.2, 0.3, 0.4]]), "0.1 off a sum of 1"),
        (THREE, np.float32([[0.2, 0.3, np.nan]]), "nan for a text"),
        (THREE, np.float32([[1.2, -0.2, 0]]), "1.2"),
        (EACH, np.float32([[0.2, 0.3, 1.5, 0.1]]), "1.5"),
    ],
)
def test_what_an_engine_may_give(contract: TextContract, found: Scores, problem: str) -> None:
    """One probability a label; with one label for a text they add up to one."""
    with pytest.raises(ModelFileError, match=f"^m.onnx: the graph gave .*{problem}"):
        backends.checked(found, 1, Path("m.onnx"), contract)


def test_rounding_is_put_right() -> None:
    """What lies a rounding error outside [0, 1] is clipped, row by row."""
    sound = backends.checked(
        np.float32([[-1e-7, 1 + 1e-6, 0], [0.25, 0.25, 0.5]]), 2, Path("m.onnx"), THREE
    )
    assert sound.tolist() == [[0, 1, 0], [0.25, 0.25, 0.5]]
    each = np.float32([[1, 1, 0, 1]])
    assert backends.checked(each, 1, Path("m.onnx"), EACH).tolist() == each.tolist()


def test_logits_are_refused(tmp_path: Path) -> None:
    """A graph that forgot its softmax gives no probabilities."""
    path = write_file(tmp_path / "m.onnx", THREE, head="Tanh")
    with pytest.raises(ModelFileError, match=r"m\.onnx: the graph gave"):
        edgernn.load(path, "cpu").score(["good film"])


def test_golden_vectors(tmp_path: Path) -> None:
    """All probabilities are replayed: one that is off is found, with its row."""
    encoder = TextEncoder(THREE, VOCABULARY)
    vectors = [
        GoldenVector(text, tuple(encoder.encode(text)), probabilities=tuple(row.tolist()))
        for text, row in zip(TEXTS[:5], expected(THREE), strict=False)
    ]
    file = read_model_file(write_file(tmp_path / "m.onnx", THREE, Golden(1e-4, tuple(vectors))))
    golden = file.bundle.golden
    assert golden is not None
    assert golden.vectors == tuple(vectors)
    row = replay(file, golden).runtimes[0]
    assert (row.passed, row.texts, row.label_flips) == (True, 5, 0)
    first, second, third = vectors[2].probabilities or ()
    moved = (first, second + 2e-3, third)
    vectors[2] = dataclasses.replace(vectors[2], probabilities=moved)
    row = replay(file, Golden(1e-4, tuple(vectors))).runtimes[0]
    assert (row.passed, row.row, row.largest_difference) == (False, 3, pytest.approx(2e-3, rel=0.1))


def test_flips_are_the_decision_s() -> None:
    """A text of several labels flips where one of them does."""

    def judged(found: Any, wanted: Any, contract: TextContract) -> Any:
        engine = Engine("e", None, None, lambda: pytest.fail("it was opened"))
        texts = ["a"] * len(wanted)
        return judge(engine, "cpu", found, wanted, texts, contract.decides, Limits(1.0, 1.0))

    wanted = np.array([[0.2, 0.5, 0.3], [0.4, 0.35, 0.25]])
    found = np.array([wanted, wanted])
    found[1, 1] = [0.35, 0.4, 0.25]
    row = judged(found, wanted, THREE)
    assert (row.label_flips, row.row, row.largest_difference) == (1, 2, pytest.approx(0.05))
    wanted = np.array([[0.6, 0.1, 0.1, 0.1], [0.6, 0.3, 0.1, 0.1]])
    found = np.array([wanted, wanted])
    found[1, 1, 1] = 0.15
    assert judged(found, wanted, EACH).label_flips == 1


class FakeBinding:
    """Notes what is bound."""

    def __init__(self) -> None:
        self.outputs: list[tuple[str, tuple[int, ...]]] = []

    def bind_input(self, *where: Any) -> None:
        """Inputs are those of any graph."""

    def bind_output(self, name: str, device: str, number: int, dtype: Any, *where: Any) -> None:
        """Note name and shape."""
        self.outputs.append((name, where[0]))


class FakeSession:
    """Has one binding."""

    def __init__(self) -> None:
        self.binding = FakeBinding()

    def io_binding(self) -> FakeBinding:
        """The one."""
        return self.binding

    def run_with_iobinding(self, binding: FakeBinding) -> None:
        """Leave the output as it is."""


def test_cuda_binds_all_probabilities() -> None:
    """With a stand-in for the session: the output has its name and a row for each text."""
    session = FakeSession()
    call = cuda.BoundSession(
        session, "probabilities", 3, pin=lambda count: np.zeros(count, np.uint8)
    )
    ids: Sequence[Any] = np.ones((2, 4), np.int32)
    assert call(ids, np.int32([4, 2])).shape == (2, 3)
    assert session.binding.outputs == [("probabilities", (2, 3))]
