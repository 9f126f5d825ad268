"""What benchmarks/results/runtimes.json must show: a form of each recipe is right elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.runtimes.__main__ import RESULT
from edgernn.recipes.catalogue import RECIPES

ONE_TEXT = ("onnx reference", "openvino, f32", "IREE", "rten")
REFUSED = {("bigru", "IREE"), ("simple-rnn", "IREE"), ("simple-rnn", "rten")}
"""rten has no RNN operator; IREE compiles neither GRU nor RNN of a length that is not fixed."""


@pytest.fixture(scope="module")
def files() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(RESULT.read_text("utf-8"))["files"]
    return found


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_form_is_right(files: list[dict[str, Any]], recipe: str) -> None:
    """A text a call in OpenVINO, IREE, rten and onnx's reference; loops in CompiledModel.

    What is not right is refused out loud.
    """
    own = [file for file in files if file["recipe"] == recipe]
    assert {file["hash"] for file in own} <= {None, "float32"}
    rows = {(file["form"], row["runtime"]): row for file in own for row in file["runtimes"]}
    for runtime in ONE_TEXT:
        row = rows["onnx, one text", runtime]
        assert row["refused"] is ((recipe, runtime) in REFUSED), runtime
        assert row["right"] is (None if row["refused"] else True), runtime
    assert rows["tflite, loop", "litert, CompiledModel"]["right"] is True
