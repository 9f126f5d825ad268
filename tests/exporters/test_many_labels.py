"""Runs of more than two labels, and of several labels a text, exported as their users do."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_runs import open_shared

from edgernn import load
from edgernn.bundle import read_model_file
from edgernn.runtime.loaded_model import open_reference
from edgernn.runtime.replay import replay
from exporters.export import TrainedModel, Validation, export
from exporters.network import Dense
from exporters.rules import FORMATS

RUNS = {"largest": "tiny_labels_run", "each": "tiny_each_run"}
on_cpu = open_reference


@pytest.fixture(scope="module")
def trained(request: pytest.FixtureRequest) -> dict[str, TrainedModel]:
    """Both runs, opened for export."""
    return {
        decision: calmer(open_shared(request.getfixturevalue(run)), 0.4)
        for decision, run in RUNS.items()
    }


def calmer(trained: TrainedModel, factor: float) -> TrainedModel:
    """The same with smaller logits, and thus with less that int8 does to the probabilities."""
    *others, last = trained.network.layers
    assert isinstance(last, Dense)
    single = np.float32(factor)
    dense = dataclasses.replace(last, kernel=last.kernel * single, bias=last.bias * single)
    decision = trained.run.contract.decides
    # Powers of a softmax's outputs are those of smaller logits, up to their sum; so are odds.
    powers = trained.expected.astype(np.float64) ** factor
    others_powers = (1 - trained.expected.astype(np.float64)) ** factor
    each = decision.rule == "each"
    sums = powers + others_powers if each else powers.sum(axis=1, keepdims=True)
    expected = (powers / sums).astype(np.float32)
    decided = decision.margin(expected) > 0.02
    return dataclasses.replace(
        trained,
        network=dataclasses.replace(trained.network, layers=(*others, dense)),
        texts=[text for text, kept in zip(trained.texts, decided, strict=True) if kept],
        expected=expected[decided],
    )


def with_validation(trained: TrainedModel, wrong: float) -> TrainedModel:
    """The same with its texts as validation texts, of which the model has such a share wrong."""
    answers = trained.run.contract.decides.answers(trained.expected)
    count = int(wrong * len(answers))
    if answers.ndim == 1:
        answers[:count] = (answers[:count] + 1) % len(trained.run.contract.labels)
    else:
        answers[:count] = ~answers[:count]
    return dataclasses.replace(
        trained, validation=Validation(trained.texts, answers, trained.expected)
    )


@pytest.mark.parametrize(
    ("format", "precision", "decision"),
    [
        ("onnx", "int8", "largest"),
        ("onnx", "int8-dynamic", "largest"),
        ("onnx", "float32", "each"),
        *(
            pytest.param("tflite", precision, decision, marks=pytest.mark.slow)
            for decision in RUNS
            for precision in FORMATS["tflite"].precisions
            # A model of random weights loses too many labels with full integers.
            if precision not in ("int16x8", "int8-full")
        ),
    ],
)
def test_a_file(
    trained: dict[str, TrainedModel], tmp_path: Path, format: str, precision: str, decision: str
) -> None:
    """It passes the gate, accuracy included, and proves itself on every runtime of its format."""
    run = with_validation(trained[decision], wrong=0.1)
    rules = FORMATS[format]
    path = tmp_path / f"model.{format}"
    lines: list[str] = []
    export(run, rules, precision, path, on_cpu, lines.append)
    contract, tolerance = run.run.contract, rules.precisions[precision].tolerance
    file = read_model_file(path)
    assert (contract.version, file.bundle.contract) == (2, contract)
    if rules.precisions[precision].quantized:
        said = f"{len(run.texts):,} validation texts right, the Keras model 9"
        assert any(said in line for line in lines), lines
    with load(path, "cpu") as classifier:
        scores = classifier.score(run.texts)
    found: Any = np.array([score.probabilities for score in scores])
    np.testing.assert_allclose(found, run.expected, rtol=0, atol=tolerance)
    wanted = contract.decides.answers(run.expected)
    names = np.array(contract.labels)
    given = [tuple(names[row if decision == "each" else [row]].tolist()) for row in wanted]
    differ = [a.given != b for a, b in zip(scores, given, strict=True)]
    assert np.mean(differ) <= 0.005
    golden = file.bundle.golden
    assert golden is not None
    assert len([vector for vector in golden.vectors if vector.probabilities]) >= 8
    result = replay(file, golden)
    assert result.passed, result.runtimes


def test_a_file_that_is_less_right(trained: dict[str, TrainedModel], tmp_path: Path) -> None:
    """Labels turned by a broken network are found, whichever they are."""
    run = trained["largest"]
    *others, last = run.network.layers
    turned: Any = dataclasses.replace(last, bias=last.bias[::-1] + np.float32([0.5, 0, -0.5]))
    broken = dataclasses.replace(
        run, network=dataclasses.replace(run.network, layers=(*others, turned))
    )
    path = tmp_path / "model.onnx"
    with pytest.raises(Exception, match="was not written") as error:
        export(broken, FORMATS["onnx"], "float32", path, on_cpu)
    assert any(f" for {label}, the Keras model " in str(error.value) for label in ("bad", "good"))
    assert "labels are not the Keras model's" in str(error.value)
    assert not path.exists()
