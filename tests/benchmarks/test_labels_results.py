"""What `benchmarks.labels` measured: complete, and as good as recipes of many labels must be."""

from __future__ import annotations

import json

import pytest

from benchmarks.labels.data import DATA_SETS
from benchmarks.labels.table import labels_table, small_file
from edgernn.measured import LABELS_FILE
from edgernn.recipes.catalogue import RECIPES

RESULT = json.loads(LABELS_FILE.read_text("utf-8"))
RECIPE = "ngram-bilstm"
FLOORS = {"banking77": 0.865, "clinc150": 0.890}
"""Test accuracy of the int8 files."""


MEASURED = [name for name, data_set in RESULT["sets"].items() if RECIPE in data_set["recipes"]]


@pytest.mark.parametrize("name", MEASURED)
def test_what_n_grams_reach(name: str) -> None:
    """In both formats: accuracy, size and time."""
    data_set = RESULT["sets"][name]
    assert data_set["labels"] == DATA_SETS[name].labels
    found = data_set["recipes"][RECIPE]
    least = FLOORS.get(name, data_set["svm"]["test_accuracy"] - 0.03)
    for format, files in found["files"].items():
        _, small = small_file(files)
        assert small["test_accuracy"] >= least, format
        assert small["bytes"] <= 1_500_000, format
        assert found["one_text"]["milliseconds"][format] <= 0.5, format
    whole = found["files"]["onnx"]["float32"]["test_accuracy"]
    assert whole - found["files"]["onnx"]["int8"]["test_accuracy"] <= 0.005


def test_the_table() -> None:
    """A row for each recipe and data set, with as many cells as the header has."""
    header, _, *rows = labels_table(RESULT).split("\n\n")[0].splitlines()
    assert {row.count("|") for row in rows} == {header.count("|")}
    named = [(name, recipe) for name, s in RESULT["sets"].items() for recipe in s["recipes"]]
    assert len(rows) == len(named)
    for row, (name, recipe) in zip(rows, named, strict=True):
        assert row.startswith(f"| {name}, ")
        assert f"| `{recipe}` |" in row
        assert recipe in RECIPES
    is_measured = bool(RESULT["sets"]["clinc150"]["recipes"])
    assert ("AUROC: 0." in labels_table(RESULT)) is is_measured
